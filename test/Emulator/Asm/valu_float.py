# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""f32, f64 and f16 vector arithmetic: exactly rounded operations."""
F16, F32, F64 = num.F16, num.F32, num.F64
keep = lambda x, r: r if r == NAN else x.d & 0xFFFF0000 | r
quiet_min = lambda fmt, a, b: NAN if a == NAN or b == NAN else num.minimum_of(fmt, a, b)


def three_way(fmt, pick, x):
    """min3/max3 as two steps; NAN from a signalling NaN is quiet and then loses."""
    first = pick(fmt, x.a, x.b)
    if first == NAN:
        return pick(fmt, num.inf(fmt) | 1 << (fmt[1] - 1), x.c)
    return pick(fmt, first, x.c)


def median(fmt, x):
    if any(num.is_nan(fmt, v) for v in (x.a, x.b, x.c)):
        return three_way(fmt, num.minimum_of, x)
    key = lambda v: -num.absolute(fmt, v) if num.sign_of(fmt, v) else num.absolute(fmt, v)
    r = sorted((x.a, x.b, x.c), key=key)[1]
    return r


def family(s, fmt, t):
    two, three, one = f"{t} {t} -> {t}", f"{t} {t} {t} -> {t}", f"{t} -> {t}"
    case(f"v_add_{s} {{d}}, {{a}}, {{b}}", two, lambda x: num.add(fmt, x.a, x.b))
    case(f"v_mul_{s} {{d}}, {{a}}, {{b}}", two, lambda x: num.mul(fmt, x.a, x.b))
    case(f"v_min_{s} {{d}}, {{a}}, {{b}}", two, lambda x: num.minimum_of(fmt, x.a, x.b), copies=4)
    case(f"v_max_{s} {{d}}, {{a}}, {{b}}", two, lambda x: num.maximum_of(fmt, x.a, x.b), copies=4)
    wrap = keep if s == "f16" else lambda x, r: r
    case(f"v_fma_{s} {{d}}, {{a}}, {{b}}, {{c}}", three, lambda x: wrap(x, num.fma(fmt, x.a, x.b, x.c)), copies=4)
    for how in ("trunc", "floor", "ceil", "rndne"):
        case(f"v_{how}_{s} {{d}}, {{a}}", one, lambda x, how=how: num.whole(fmt, x.a, how), copies=3)
    below_one = num.from_int(fmt, 1) - 1

    def fract(x):
        if num.is_nan(fmt, x.a) or num.is_inf(fmt, x.a):
            return NAN
        v = num.value(fmt, x.a)
        r = num.make(fmt, v - v.numerator // v.denominator, 0)
        return min(r, below_one)
    case(f"v_fract_{s} {{d}}, {{a}}", one, fract, copies=3)

    def frexp_mant(x):
        if num.is_nan(fmt, x.a):
            return NAN
        if num.is_inf(fmt, x.a) or num.is_zero(fmt, x.a):
            return x.a
        v = num.value(fmt, x.a)
        return num.make(fmt, v / num.Fraction(2) ** (num.floor_log2(abs(v)) + 1))

    def frexp_exp(x):
        if num.is_nan(fmt, x.a) or num.is_inf(fmt, x.a) or num.is_zero(fmt, x.a):
            return 0
        return num.floor_log2(abs(num.value(fmt, x.a))) + 1 & (0xFFFF if s == "f16" else 0xFFFFFFFF)
    case(f"v_frexp_mant_{s} {{d}}, {{a}}", one, frexp_mant)
    case(f"v_frexp_exp_{'i16' if s == 'f16' else 'i32'}_{s} {{d}}, {{a}}", f"{t} -> u32", frexp_exp)
    n = (lambda x: num.signed(x.b, 16)) if s == "f16" else (lambda x: num.signed(x.b, 32))
    case(f"v_ldexp_{s} {{d}}, {{a}}, {{b}}", f"{t} {'u16' if s == 'f16' else 'u32'} -> {t}",
         lambda x: num.ldexp(fmt, x.a, n(x)))
    case(f"v_ldexp_{s} {{d}}, {{a}}, {{b}}", f"{t} {'u16' if s == 'f16' else 'u32'} -> {t}",
         lambda x: num.ldexp(fmt, x.a, n(x)), values={"b": lambda lane, r: (r.next() % 80) - 40 & 0xFFFFFFFF}, copies=4)


family("f32", F32, "f32")
family("f64", F64, "f64")
family("f16", F16, "f16")
for s, fmt in (("f32", F32), ("f16", F16)):
    two, three = f"{s} {s} -> {s}", f"{s} {s} {s} -> {s}"
    wrap = keep if s == "f16" else lambda x, r: r
    case(f"v_sub_{s} {{d}}, {{a}}, {{b}}", two, lambda x, fmt=fmt: num.sub(fmt, x.a, x.b))
    case(f"v_subrev_{s} {{d}}, {{a}}, {{b}}", two, lambda x, fmt=fmt: num.sub(fmt, x.b, x.a))
    case(f"v_min3_{s} {{d}}, {{a}}, {{b}}, {{c}}", three, lambda x, fmt=fmt, wrap=wrap: wrap(x, three_way(fmt, num.minimum_of, x)), copies=4)
    case(f"v_max3_{s} {{d}}, {{a}}, {{b}}, {{c}}", three, lambda x, fmt=fmt, wrap=wrap: wrap(x, three_way(fmt, num.maximum_of, x)), copies=4)
finite3 = {n: (lambda lane, r: 0x3F800000 + (r.next() % 0x2000000) ^ (r.next() & 1) << 31) for n in "abc"}
case("v_med3_f32 {d}, {a}, {b}, {c}", "f32 f32 f32 -> f32", lambda x: median(F32, x), values=finite3)
finite16 = {n: (lambda lane, r: 0x3C00 + (r.next() % 0x1000) ^ (r.next() & 1) << 15) for n in "abc"}
case("v_med3_f16 {d}, {a}, {b}, {c}", "f16 f16 f16 -> f16", lambda x: x.d & 0xFFFF0000 | median(F16, x), values=finite16, copies=3)
# With a NaN it is the least of the three.
some_nan = dict(finite16, b=lambda lane, r: 0x7E00 + r.next() % 8)
case("v_med3_f16 {d}, {a}, {b}, {c}", "f16 f16 f16 -> f16", lambda x: x.d & 0xFFFF0000 | num.minimum_of(F16, x.a, x.c), values=some_nan, copies=2)
case("v_pack_b32_f16 {d}, {a}, {b}", "f16 f16 -> u32", lambda x: x.a | x.b << 16)
case("v_pack_b32_f16 {d}, -{a}, |{b}| op_sel:[1,0,0]", "u32 f16 -> u32", lambda x: (x.a >> 16 ^ 0x8000) | (x.b & 0x7FFF) << 16)
case("v_fmac_f32 {d}, {a}, {b}", "f32 f32 -> f32", lambda x: num.fma(F32, x.a, x.b, x.d),
     values={"d": lambda lane, r: 0x3F000000 + r.next() % 0x2000000})
case("v_fmac_f64 {d}, {a}, {b}", "f64 f64 -> f64", lambda x: num.fma(F64, x.a, x.b, x.d),
     values={"d": lambda lane, r: 0x3FE0000000000000 + r.next() % (1 << 54)})
case("v_fmaak_f32 {d}, {a}, {b}, 0x40490fdb", "f32 f32 -> f32", lambda x: num.fma(F32, x.a, x.b, 0x40490FDB))
case("v_fmamk_f32 {d}, {a}, 0x40490fdb, {b}", "f32 f32 -> f32", lambda x: num.fma(F32, x.a, 0x40490FDB, x.b))
case("v_mul_legacy_f32 {d}, {a}, {b}", "f32 f32 -> f32",
     lambda x: 0 if num.is_zero(F32, x.a) or num.is_zero(F32, x.b) else num.mul(F32, x.a, x.b), copies=4)


# minimum3/maximum3 of gfx950: any NaN gives NaN, -0 < +0.


def ieee2019(pick):
    def formula(x):
        if any(num.is_nan(F32, v) for v in (x.a, x.b, x.c)):
            return NAN
        return pick(F32, pick(F32, x.a, x.b), x.c)
    return formula


case("v_minimum3_f32 {d}, {a}, {b}, {c}", "f32 f32 f32 -> f32", ieee2019(num.minimum_of), chips=["gfx950"], copies=4)
case("v_maximum3_f32 {d}, {a}, {b}, {c}", "f32 f32 f32 -> f32", ieee2019(num.maximum_of), chips=["gfx950"], copies=4)

# Directed rounding by MODE (round f32 in bits 1:0, f64 and f16 in 3:2).
for mode, name in ((num.UP, "up"), (num.DOWN, "down"), (num.ZERO, "zero")):
    enter = f"s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), {mode | mode << 2}\n"
    leave = "\ns_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 0"
    for s, fmt in (("f32", F32), ("f64", F64), ("f16", F16)):
        two = f"{s} {s} -> {s}"
        case(enter + f"v_add_{s} {{d}}, {{a}}, {{b}}" + leave, two, lambda x, m=mode, f=fmt: num.add(f, x.a, x.b, m))
        case(enter + f"v_mul_{s} {{d}}, {{a}}, {{b}}" + leave, two, lambda x, m=mode, f=fmt: num.mul(f, x.a, x.b, m))
        wrap = keep if s == "f16" else lambda x, r: r
        case(enter + f"v_fma_{s} {{d}}, {{a}}, {{b}}, {{c}}" + leave, f"{s} {s} {s} -> {s}",
             lambda x, m=mode, f=fmt, w=wrap: w(x, num.fma(f, x.a, x.b, x.c, m)))

# Denormals flushed by MODE (f32 in bits 5:4, f64 and f16 in 7:6; 0 = both ways).


def flush(fmt, v):
    return v if v == NAN or not num.is_denormal(fmt, v) else num.zero(fmt, num.sign_of(fmt, v))


enter = "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 4, 4), 0\n"
leave = "\ns_setreg_imm32_b32 hwreg(HW_REG_MODE, 4, 4), 15"
tiny = {"f32": lambda lane, r: (r.next() & 0x80FFFFFF) | 0, "f16": lambda lane, r: r.next() & 0x87FF,
        "f64": lambda lane, r: r.next() & 0x801FFFFFFFFFFFFF}
for s, fmt in (("f32", F32), ("f64", F64), ("f16", F16)):
    two = f"{s} {s} -> {s}"
    values = {"a": tiny[s], "b": tiny[s]}
    case(enter + f"v_add_{s} {{d}}, {{a}}, {{b}}" + leave, two,
         lambda x, f=fmt: flush(f, num.add(f, flush(f, x.a), flush(f, x.b))), values=values)
    case(enter + f"v_mul_{s} {{d}}, {{a}}, {{b}}" + leave, two,
         lambda x, f=fmt: flush(f, num.mul(f, flush(f, x.a), flush(f, x.b))))
