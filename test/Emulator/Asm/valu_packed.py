# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""VOP3P: packed 16-bit and f32 pairs with their selects, mixed fma, dot products."""
F16, F32 = num.F16, num.F32
s16 = lambda v: num.signed(v, 16)
half = lambda v, h: v >> 16 * h & 0xFFFF
clamp = lambda v, lo, hi: max(lo, min(hi, v))


def packed(name, formula, count, types="pk16 pk16 pk16", extra=""):
    """`formula` takes the halves; op_sel and op_sel_hi in three patterns."""
    ops = ", ".join("{" + n + "}" for n in "abc"[:count])
    ins = " ".join(types.split()[:count])
    for lo, hi in (((0, 0, 0), (1, 1, 1)), ((1, 0, 1), (0, 1, 0)), ((1, 1, 1), (1, 1, 1))):
        def f(x, lo=lo, hi=hi):
            v = (x.a, x.b, x.c)
            r = [formula(*[half(v[n], sel[n]) for n in range(count)]) for sel in (lo, hi)]
            return r[0] & 0xFFFF | (r[1] & 0xFFFF) << 16
        sel = "" if lo == (0, 0, 0) else f" op_sel:[{','.join(map(str, lo[:count]))}] op_sel_hi:[{','.join(map(str, hi[:count]))}]"
        case(f"{name} {{d}}, {ops}{sel}{extra}", f"{ins} -> u32", f)


packed("v_pk_add_u16", lambda a, b: a + b, 2)
packed("v_pk_add_i16", lambda a, b: a + b, 2)
packed("v_pk_sub_u16", lambda a, b: a - b, 2)
packed("v_pk_sub_i16", lambda a, b: a - b, 2)
packed("v_pk_mul_lo_u16", lambda a, b: a * b, 2)
packed("v_pk_mad_u16", lambda a, b, c: a * b + c, 3)
packed("v_pk_mad_i16", lambda a, b, c: a * b + c, 3)
packed("v_pk_max_u16", max, 2)
packed("v_pk_min_u16", min, 2)
packed("v_pk_max_i16", lambda a, b: max(s16(a), s16(b)), 2)
packed("v_pk_min_i16", lambda a, b: min(s16(a), s16(b)), 2)
packed("v_pk_lshlrev_b16", lambda a, b: b << (a & 15), 2)
packed("v_pk_lshrrev_b16", lambda a, b: b >> (a & 15), 2)
packed("v_pk_ashrrev_i16", lambda a, b: s16(b) >> (a & 15), 2)
packed("v_pk_add_u16", lambda a, b: min(a + b, 0xFFFF), 2, extra=" clamp")
packed("v_pk_sub_u16", lambda a, b: max(a - b, 0), 2, extra=" clamp")
packed("v_pk_add_i16", lambda a, b: clamp(s16(a) + s16(b), -32768, 32767), 2, extra=" clamp")
packed("v_pk_mad_u16", lambda a, b, c: min(a * b + c, 0xFFFF), 3, extra=" clamp")

# f16: two halves at a time, values without NaN so that the halves can be joined.
tame = lambda lane, r: sum(((r.next() & 0x83FF) | (1 + r.next() % 20) << 10 if r.next() % 5 else r.next() & 0x83FF) << 16 * n for n in range(2))
values = {"a": tame, "b": tame, "c": tame}


def packed_float(name, formula, count, extra="", change=lambda v: v):
    ops = ", ".join("{" + n + "}" for n in "abc"[:count])

    def f(x):
        v = (x.a, x.b, x.c)
        r = [formula(*change([half(v[n], h) for n in range(count)])) for h in range(2)]
        return r[0] | r[1] << 16
    case(f"{name} {{d}}, {ops}{extra}", " ".join(["pkf16"] * count) + " -> u32", f, values=values, copies=4)


packed_float("v_pk_add_f16", lambda a, b: num.add(F16, a, b), 2)
packed_float("v_pk_mul_f16", lambda a, b: num.mul(F16, a, b), 2)
packed_float("v_pk_fma_f16", lambda a, b, c: num.fma(F16, a, b, c), 3)
packed_float("v_pk_min_f16", lambda a, b: num.minimum_of(F16, a, b), 2)
packed_float("v_pk_max_f16", lambda a, b: num.maximum_of(F16, a, b), 2)
case("v_pk_fma_f16 {d}, {a}, {b}, {c} neg_lo:[1,0,0] neg_hi:[0,1,1]", "pkf16 pkf16 pkf16 -> u32",
     lambda x: num.fma(F16, half(x.a, 0) ^ 0x8000, half(x.b, 0), half(x.c, 0))
     | num.fma(F16, half(x.a, 1), half(x.b, 1) ^ 0x8000, half(x.c, 1) ^ 0x8000) << 16, values=values)

# f32 pairs
number = lambda lane, r: sum(((r.next() & 0x80FFFFFF) | (110 + r.next() % 30) << 23) << 32 * n for n in range(2))
pairs = {"a": number, "b": number, "c": number}
part = lambda v, h: v >> 32 * h & 0xFFFFFFFF


def pair_op(name, formula, count):
    ops = ", ".join("{" + n + "}" for n in "abc"[:count])
    for lo, hi in (((0, 0, 0), (1, 1, 1)), ((1, 0, 1), (0, 1, 0)), ((0, 1, 0), (0, 0, 1))):
        sel = "" if lo == (0, 0, 0) else f" op_sel:[{','.join(map(str, lo[:count]))}] op_sel_hi:[{','.join(map(str, hi[:count]))}]"

        def f(x, lo=lo, hi=hi):
            v = (x.a, x.b, x.c)
            return formula(*[part(v[n], lo[n]) for n in range(count)]) | formula(*[part(v[n], hi[n]) for n in range(count)]) << 32
        case(f"{name} {{d}}, {ops}{sel}", " ".join(["pkf32"] * count) + " -> pkf32", f, values=pairs)


pair_op("v_pk_add_f32", lambda a, b: num.add(F32, a, b), 2)
pair_op("v_pk_mul_f32", lambda a, b: num.mul(F32, a, b), 2)
pair_op("v_pk_fma_f32", lambda a, b, c: num.fma(F32, a, b, c), 3)
case("v_pk_mul_f32 {d}, {a}, {b} neg_lo:[1,0] neg_hi:[0,1]", "pkf32 pkf32 -> pkf32",
     lambda x: num.mul(F32, part(x.a, 0) ^ 1 << 31, part(x.b, 0)) | num.mul(F32, part(x.a, 1), part(x.b, 1) ^ 1 << 31) << 32, values=pairs)
# Both halves of the constant 0 are 0, so it needs no op_sel_hi.
for text, f in (("v_pk_add_f32 {d}, {a}, 0", lambda a, b: num.add(F32, a, 0)), ("v_pk_mul_f32 {d}, 0, {b}", lambda a, b: num.mul(F32, 0, b)),
                ("v_pk_add_f32 {d}, {a}, 0 neg_lo:[0,1] neg_hi:[0,1]", lambda a, b: num.sub(F32, a, 0)),
                ("v_pk_add_f32 {d}, 0, {b} op_sel:[1,0]", lambda a, b: num.add(F32, 0, b)),
                ("v_pk_fma_f32 {d}, {a}, {b}, 0", lambda a, b: num.fma(F32, a, b, 0)), ("v_pk_fma_f32 {d}, {a}, 0, {b}", lambda a, b: num.fma(F32, a, 0, b))):
    case(text, "pkf32 pkf32 -> pkf32", lambda x, f=f: f(part(x.a, 0), part(x.b, 0)) | f(part(x.a, 1), part(x.b, 1)) << 32, values=pairs)
for op in ("op_sel:[0,0]", "op_sel:[1,1]"):
    case(f"v_pk_mov_b32 {{d}}, {{a}}, 0 {op}", "u64 -> u64", lambda x, op=op: part(x.a, int("1" in op)))
for lo in (0, 1):
    for hi in (0, 1):
        case(f"v_pk_mov_b32 {{d}}, {{a}}, {{b}} op_sel:[{lo},{hi}]", "u64 u64 -> u64",
             lambda x, lo=lo, hi=hi: part(x.a, lo) | part(x.b, hi) << 32)

# Mixed fma: op_sel_hi says f16, op_sel which half; one rounding.
for hi in ((0, 0, 0), (1, 1, 1), (1, 0, 1), (0, 1, 0)):
    for lo in ((0, 0, 0), (1, 1, 1)):
        if any(l and not h for l, h in zip(lo, hi)):
            lo = hi

        def ins(x, lo=lo, hi=hi):
            return [num.convert(F16, F32, half(v, l)) if h else v for v, l, h in zip((x.a, x.b, x.c), lo, hi)]
        text = f" {{d}}, {{a}}, {{b}}, {{c}} op_sel:[{','.join(map(str, lo))}] op_sel_hi:[{','.join(map(str, hi))}]"
        give = {}
        for n, name in enumerate("abc"):
            give[name] = tame if hi[n] else (lambda lane, r: (r.next() & 0x80FFFFFF) | (115 + r.next() % 20) << 23)
        case("v_fma_mix_f32" + text, "u32 u32 u32 -> f32", lambda x, i=ins: num.fma(F32, *i(x)), values=give)
        case("v_fma_mixlo_f16" + text, "u32 u32 u32 -> u32",
             lambda x, i=ins: x.d & 0xFFFF0000 | num.fma(F32, *i(x), out=F16), values=give)
        case("v_fma_mixhi_f16" + text, "u32 u32 u32 -> u32",
             lambda x, i=ins: x.d & 0xFFFF | num.fma(F32, *i(x), out=F16) << 16, values=give)

case("v_fma_mix_f32 {d}, {a}, {b}, 0 op_sel:[0,0,1] op_sel_hi:[0,0,1]", "f32 f32 -> f32", lambda x: num.fma(F32, x.a, x.b, 0), values={k: lambda lane, r: (r.next() & 0x80FFFFFF) | (115 + r.next() % 20) << 23 for k in "ab"})

# Dot products: integers exactly; floats with values for which every order is exact.
byte = lambda v, n: v >> 8 * n & 255
nibble = lambda v, n: v >> 4 * n & 15
t3 = "u32 u32 u32 -> u32"
case("v_dot2_i32_i16 {d}, {a}, {b}, {c}", t3, lambda x: sum(s16(half(x.a, n)) * s16(half(x.b, n)) for n in range(2)) + x.c)
case("v_dot2_u32_u16 {d}, {a}, {b}, {c}", t3, lambda x: sum(half(x.a, n) * half(x.b, n) for n in range(2)) + x.c)
case("v_dot4_i32_i8 {d}, {a}, {b}, {c}", t3, lambda x: sum(num.signed(byte(x.a, n), 8) * num.signed(byte(x.b, n), 8) for n in range(4)) + x.c)
case("v_dot4_u32_u8 {d}, {a}, {b}, {c}", t3, lambda x: sum(byte(x.a, n) * byte(x.b, n) for n in range(4)) + x.c)
case("v_dot8_i32_i4 {d}, {a}, {b}, {c}", t3, lambda x: sum(num.signed(nibble(x.a, n), 4) * num.signed(nibble(x.b, n), 4) for n in range(8)) + x.c)
case("v_dot8_u32_u4 {d}, {a}, {b}, {c}", t3, lambda x: sum(nibble(x.a, n) * nibble(x.b, n) for n in range(8)) + x.c)
case("v_dot4c_i32_i8 {d}, {a}, {b}", "u32 u32 -> u32", lambda x: sum(num.signed(byte(x.a, n), 8) * num.signed(byte(x.b, n), 8) for n in range(4)) + x.d)
case("v_dot2c_i32_i16 {d}, {a}, {b}", "u32 u32 -> u32", lambda x: sum(s16(half(x.a, n)) * s16(half(x.b, n)) for n in range(2)) + x.d)
case("v_dot8c_i32_i4 {d}, {a}, {b}", "u32 u32 -> u32", lambda x: sum(num.signed(nibble(x.a, n), 4) * num.signed(nibble(x.b, n), 4) for n in range(8)) + x.d)
small16 = lambda fmt: lambda lane, r: sum(num.from_int(fmt, r.next() % 31 - 15) << 16 * n for n in range(2))
small32 = lambda lane, r: num.from_int(F32, r.next() % 2001 - 1000)


def dot(fmt):
    def f(x):
        total = sum(num.value(fmt, half(x.a, n)) * num.value(fmt, half(x.b, n)) for n in range(2)) + num.value(F32, x.c)
        return num.make(F32, total)
    return f


case("v_dot2_f32_f16 {d}, {a}, {b}, {c}", t3, dot(F16), values={"a": small16(F16), "b": small16(F16), "c": small32})
case("v_dot2c_f32_f16 {d}, {a}, {b}", "u32 u32 -> u32", lambda x, f=dot(F16): (setattr(x, "c", x.d), f(x))[1],
     values={"a": small16(F16), "b": small16(F16), "d": small32})
case("v_dot2_f32_bf16 {d}, {a}, {b}, {c}", t3, dot(num.BF16), chips=["gfx950"],
     values={"a": small16(num.BF16), "b": small16(num.BF16), "c": small32})
case("v_dot2c_f32_bf16 {d}, {a}, {b}", "u32 u32 -> u32", lambda x, f=dot(num.BF16): (setattr(x, "c", x.d), f(x))[1],
     chips=["gfx950"], values={"a": small16(num.BF16), "b": small16(num.BF16), "d": small32})
for name, pick in (("minimum", num.minimum_of), ("maximum", num.maximum_of)):
    case(f"v_pk_{name}3_f16 {{d}}, {{a}}, {{b}}, {{c}}", "pkf16 pkf16 pkf16 -> u32",
         lambda x, p=pick: sum(p(F16, p(F16, half(x.a, n), half(x.b, n)), half(x.c, n)) << 16 * n for n in range(2)),
         chips=["gfx950"], values=values)
