# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Sums of absolute differences of four bytes at once, cube maps, the pieces of
2/pi, stochastic rounding to f16 and bf16, and packed bytes."""
F16, BF16, F32 = num.F16, num.BF16, num.F32
M = 0xFFFFFFFF


def sad(a, b, masked):
    """The manual's v_sad_u8 and v_msad_u8 without the addend."""
    pairs = [(a >> 8 * n & 255, b >> 8 * n & 255) for n in range(4)]
    return sum(abs(x - y) for x, y in pairs if y or not masked)


few = lambda lane, r: sum((r.next() % 3 and r.next() & 255) << 8 * n for n in range(4))  # some bytes are zero
for name, masked in (("qsad", 0), ("mqsad", 1)):
    sums = lambda x, m=masked: [sad(x.a >> 8 * k & M, x.b, m) + (x.c >> 16 * k & 0xFFFF) for k in range(4)]
    case(f"v_{name}_pk_u16_u8 {{d}}, {{a}}, {{b}}, {{c}}", "u64 u32 u64 -> u64",
         lambda x, f=sums: sum((v & 0xFFFF) << 16 * k for k, v in enumerate(f(x))), values={"b": few})
    case(f"v_{name}_pk_u16_u8 {{d}}, {{a}}, {{b}}, {{c}} clamp", "u64 u32 u64 -> u64",
         lambda x, f=sums: sum(min(v, 0xFFFF) << 16 * k for k, v in enumerate(f(x))),
         values={"b": few, "c": lambda lane, r: r.next() | (0xFFC0FFC0 << 32 if lane % 2 else 0xFFF0)})
# 128 bits: the addend is c, a, d, c in four registers; results 0 and 3, then 1 and 2.
wide = "v_mov_b32 v20, v6\nv_mov_b32 v21, v2\nv_mov_b32 v22, v4\nv_mov_b32 v23, v7\n"
for clamp in ("", " clamp"):
    def sums(x, clamp=clamp):
        addends = [x.c & M, x.a & M, x.b, x.c >> 32]
        v = [sad(x.a >> 8 * k & M, x.b, 1) + addends[k] for k in range(4)]
        return [min(s, M) if clamp else s & M for s in v]
    text = wide + "v_mqsad_u32_u8 v[28:31], {a}, {b}, v[20:23]" + clamp
    near = {"b": few, "c": lambda lane, r: r.next() | (M if lane % 2 else 0) | (0xFFFFFF00 << 32 if lane % 4 == 0 else 0)}
    case(text + "\nv_mov_b32 v8, v28\nv_mov_b32 v9, v31", "u64 u32 u64 -> u64", lambda x, f=sums: f(x)[0] | f(x)[3] << 32, values=near)
    case(text + "\nv_mov_b32 v8, v29\nv_mov_b32 v9, v30", "u64 u32 u64 -> u64", lambda x, f=sums: f(x)[1] | f(x)[2] << 32, values=near)
u32 = "u32 u32 u32 -> u32"
case("v_msad_u8 {d}, {a}, {b}, {c} clamp", u32, lambda x: min(sad(x.a, x.b, 1) + x.c, M), values={"c": lambda lane, r: M - r.next() % 512})
case("v_sad_hi_u8 {d}, {a}, {b}, {c} clamp", u32, lambda x: min((sad(x.a, x.b, 0) << 16) + x.c, M))
case("v_sad_u16 {d}, {a}, {b}, {c} clamp", u32,
     lambda x: min(sum(abs((x.a >> n & 0xFFFF) - (x.b >> n & 0xFFFF)) for n in (0, 16)) + x.c, M), values={"c": lambda lane, r: M - r.next() % 65536})

# Cube maps. Equal lengths are among the values: z wins, then y.
sizes = [0x3F800000, 0xBF800000, 0x40000000, 0xC0000000, 0x3F000000, 0xBF000000, 0, 0x80000000]
axis = {k: lambda lane, r: sizes[r.next() % 8] if r.next() % 2 else (r.next() & 0x80FFFFFF) | (120 + r.next() % 10) << 23 for k in "abc"}


def cube(x):
    """(face, s, t, twice the major axis) of (x, y, z) = (a, b, c)."""
    X, Y, Z = x.a, x.b, x.c
    size = lambda v: num.value(F32, num.absolute(F32, v))
    below = lambda v: num.value(F32, v) < 0
    twice = lambda v: num.make(F32, 2 * num.value(F32, v), num.sign_of(F32, v))
    n = lambda v: num.neg(F32, v)
    if size(Z) >= size(X) and size(Z) >= size(Y):
        return 5 if below(Z) else 4, n(X) if below(Z) else X, n(Y), twice(Z)
    if size(Y) >= size(X):
        return 3 if below(Y) else 2, X, n(Z) if below(Y) else Z, twice(Y)
    return 1 if below(X) else 0, Z if below(X) else n(Z), n(Y), twice(X)


for k, name in enumerate(("id", "sc", "tc", "ma")):
    pick = lambda x, k=k: num.from_int(F32, cube(x)[0]) if k == 0 else cube(x)[k]
    case(f"v_cube{name}_f32 {{d}}, {{a}}, {{b}}, {{c}}", "f32 f32 f32 -> f32", pick, values=axis, copies=4)


# 1201 bits of 2/pi, by Machin's formula in whole numbers.
def arctan_inverse(n, one):
    term, total, k = one // n, one // n, 1
    while term:
        term //= n * n
        total += (-1) ** k * (term // (2 * k + 1))
        k += 1
    return total


one = 1 << 1400
TWO_OVER_PI = (2 << 1201) * one // (4 * (4 * arctan_inverse(5, one) - arctan_inverse(239, one)))


def segment(x):
    e = x.a >> 52 & 2047
    shift = (x.b & 31) * 53 + max(e - 1077, 0)
    bits = (TWO_OVER_PI << shift >> 1201 - 53) & ((1 << 53) - 1)
    return num.make(num.F64, bits * num.Fraction(2) ** (-53 - shift + (128 if e >= 1968 else 0)))


for copies, values in ((4, {"b": lambda lane, r: r.next() % 4}), (4, {"b": lambda lane, r: r.next()}),
                       (4, {"a": lambda lane, r: (1060 + r.next() % 960) << 52 | r.next() >> 12, "b": lambda lane, r: r.next() % 6})):
    case("v_trig_preop_f64 {d}, {a}, {b}", "f64 u32 -> f64", segment, values=values, copies=copies)

# Stochastic rounding: the top bits of b below the last kept bit, then cut off.
tame = lambda lane, r: (r.next() & 0x80FFFFFF) | (127 - 17 + r.next() % 32) << 23


def stochastic(fmt, a, b):
    if num.is_nan(F32, a):
        return None
    if num.is_inf(F32, a):
        return num.inf(fmt, num.sign_of(F32, a))
    v = abs(num.value(F32, a))
    dropped = F32[1] - fmt[1]
    e = max(num.floor_log2(v) if v else 0, 1 - num.bias(fmt))
    units = v / num.Fraction(2) ** (e - fmt[1])
    total = int(units * 2 ** dropped) + (b >> 32 - dropped)
    code = ((e + num.bias(fmt) - 1) << fmt[1]) + (total >> dropped) if v else 0
    return num.sign_of(F32, a) << 15 | min(code, num.inf(fmt))


for name, fmt in (("f16", F16), ("bf16", BF16)):
    for high in (0, 1):
        place = lambda x, f=fmt, h=high: x.d & (0xFFFF if h else 0xFFFF0000) | stochastic(f, x.a, x.b) << 16 * h
        case(f"v_cvt_sr_{name}_f32 {{d}}, {{a}}, {{b}} op_sel:[0,0,{high}]", "f32 u32 -> u32", place, values={"a": tame, "b": lambda lane, r: r.next()},
             chips=["gfx950"], copies=4)

# Bytes: nearest even, clamped to 0..255; the others are kept.
small = lambda lane, r: num.make(F32, num.Fraction(int(r.next() % 4096) - 1024, 8 if lane % 2 else 7))
byte = lambda x: max(0, min(255, round(num.value(F32, x.a)))) << 8 * (x.b & 3)
rest = lambda x: ~(255 << 8 * (x.b & 3))
case("v_cvt_pk_u8_f32 {d}, {a}, {b}, {c}", "f32 u32 u32 -> u32", lambda x: x.c & rest(x) | byte(x), values={"a": small}, copies=4)
case("v_cvt_pkaccum_u8_f32 {d}, {a}, {b}", "f32 u32 -> u32", lambda x: x.d & rest(x) | byte(x), values={"a": small}, copies=4)
