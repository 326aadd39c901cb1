# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Division by v_div_scale, v_div_fmas and v_div_fixup: the sequence of the manual
gives the correctly rounded quotient, overflow and denormals included. And the
approximations: within one unit in the last place of the true value."""
import math

F16, F32, F64 = num.F16, num.F32, num.F64
# a: numerator, b: denominator
DIVIDE32 = """v_div_scale_f32 v20, s[30:31], {b}, {b}, {a}
v_div_scale_f32 v21, vcc, {a}, {b}, {a}
v_rcp_f32 v22, v20
v_fma_f32 v23, -v20, v22, 1.0
v_fmac_f32 v22, v23, v22
v_mul_f32 v23, v21, v22
v_fma_f32 v24, -v20, v23, v21
v_fmac_f32 v23, v24, v22
v_fma_f32 v20, -v20, v23, v21
v_div_fmas_f32 v20, v20, v22, v23
v_div_fixup_f32 {d}, v20, {b}, {a}"""
DIVIDE64 = """v_div_scale_f64 v[20:21], s[30:31], {b}, {b}, {a}
v_rcp_f64 v[22:23], v[20:21]
v_fma_f64 v[24:25], -v[20:21], v[22:23], 1.0
v_fmac_f64 v[22:23], v[22:23], v[24:25]
v_fma_f64 v[24:25], -v[20:21], v[22:23], 1.0
v_fmac_f64 v[22:23], v[22:23], v[24:25]
v_div_scale_f64 v[24:25], vcc, {a}, {b}, {a}
v_mul_f64 v[26:27], v[24:25], v[22:23]
v_fma_f64 v[20:21], -v[20:21], v[26:27], v[24:25]
v_div_fmas_f64 v[20:21], v[20:21], v[22:23], v[26:27]
v_div_fixup_f64 {d}, v[20:21], {b}, {a}"""
extremes32 = [lambda lane, r, e=e: (r.next() & 0x807FFFFF) | (e[0] + r.next() % e[1]) << 23 for e in ((0, 30), (225, 30), (100, 60))]
extremes64 = [lambda lane, r, e=e: (r.next() & 0x800FFFFFFFFFFFFF) | (e[0] + r.next() % e[1]) << 52 for e in ((0, 60), (1985, 62), (900, 250))]
case(DIVIDE32, "f32 f32 -> f32", lambda x: num.div(F32, x.a, x.b), copies=12)
case(DIVIDE64, "f64 f64 -> f64", lambda x: num.div(F64, x.a, x.b), copies=8)
for a in range(3):
    for b in range(3):
        case(DIVIDE32, "f32 f32 -> f32", lambda x: num.div(F32, x.a, x.b), values={"a": extremes32[a], "b": extremes32[b]}, copies=3)
        case(DIVIDE64, "f64 f64 -> f64", lambda x: num.div(F64, x.a, x.b), values={"a": extremes64[a], "b": extremes64[b]}, copies=2)
# Quotients that are denormal by construction.
small = lambda lane, r: (r.next() & 0x807FFFFF) | (20 + r.next() % 20) << 23
large = lambda lane, r: (r.next() & 0x807FFFFF) | (150 + r.next() % 20) << 23
case(DIVIDE32, "f32 f32 -> f32", lambda x: num.div(F32, x.a, x.b), values={"a": small, "b": large}, copies=6)
small = lambda lane, r: (r.next() & 0x800FFFFFFFFFFFFF) | (100 + r.next() % 40) << 52
large = lambda lane, r: (r.next() & 0x800FFFFFFFFFFFFF) | (1110 + r.next() % 60) << 52
case(DIVIDE64, "f64 f64 -> f64", lambda x: num.div(F64, x.a, x.b), values={"a": small, "b": large}, copies=6)

# v_div_fixup alone: the special quotients.
for s, fmt, ones in (("f32", F32, 0x3F800000), ("f64", F64, 0x3FF << 52), ("f16", F16, 0x3C00)):
    special = [num.zero(fmt), num.zero(fmt, 1), num.inf(fmt), num.inf(fmt, 1), num.inf(fmt) + 1 + (1 << fmt[1] - 1), ones, num.neg(fmt, ones)]
    pick = lambda lane, r, v=special: v[r.next() % len(v)]

    def fixup(x, f=fmt, ones=ones):
        q = num.div(f, x.c, x.b)
        usual = not any(g(f, v) for g in (num.is_nan, num.is_inf, num.is_zero) for v in (x.b, x.c))
        if usual:
            q = num.absolute(f, x.a) | (num.sign_of(f, x.b) ^ num.sign_of(f, x.c)) << num.width(f) - 1
        return q
    if s == "f16":
        case("v_div_fixup_f16 {d}, {a}, {b}, {c}", "f16 f16 f16 -> f16", lambda x, f=fixup: f(x) if f(x) == NAN else x.d & 0xFFFF0000 | f(x),
             values={"b": pick, "c": pick, "a": lambda lane, r: 0x4200}, copies=3)
    else:
        case(f"v_div_fixup_{s} {{d}}, {{a}}, {{b}}, {{c}}", f"{s} {s} {s} -> {s}", fixup,
             values={"b": pick, "c": pick, "a": lambda lane, r, o=ones: o + 12345}, copies=3)


def about(fmt, v, ulps=1):
    """One unit to either side of a double, as patterns of the format."""
    if v != v:
        return NAN
    if v in (math.inf, -math.inf):
        return num.inf(fmt, v < 0)
    code = num.make(fmt, num.Fraction(v), 1 if math.copysign(1, v) < 0 else 0)
    low = max(code - ulps, num.zero(fmt, num.sign_of(fmt, code)))
    return (low, min(code + ulps, num.inf(fmt, num.sign_of(fmt, code))))


def as_double(fmt, x):
    if num.is_nan(fmt, x):
        return math.nan
    if num.is_inf(fmt, x):
        return -math.inf if num.sign_of(fmt, x) else math.inf
    return math.copysign(float(num.value(fmt, x)), -1 if num.sign_of(fmt, x) else 1)


def inverse(v):
    return math.copysign(math.inf, v) if v == 0 else 1 / v


def root(v):
    return math.nan if v < 0 else math.sqrt(v) if v != 0 else v


def inverse_root(v):
    return math.nan if v < 0 else inverse(math.sqrt(v)) if v != 0 else math.copysign(math.inf, v)


def exp2(v):
    return math.inf if v > 2000 else 0.0 if v < -2000 else 2.0 ** v


def log2(v):
    return math.nan if v < 0 or v != v else -math.inf if v == 0 else v if v == math.inf else math.log2(v)


normal32 = lambda lane, r: (r.next() & 0x80FFFFFF) | (40 + r.next() % 170) << 23
unit32 = lambda lane, r: (r.next() & 0x80FFFFFF) | (110 + r.next() % 22) << 23
normal16 = lambda lane, r: (r.next() & 0x83FF) | (6 + r.next() % 18) << 10
special32 = lambda lane, r: [0, 1 << 31, 0x7F800000, 0xFF800000, 0x7FC00000, 0x3F800000, 0x40000000, 0xBF800000][r.next() % 8]
for name, f, values in (("rcp", inverse, normal32), ("rsq", inverse_root, normal32), ("sqrt", root, normal32),
                        ("exp", exp2, unit32), ("log", log2, normal32)):
    for v in (values, special32):
        case(f"v_{name}_f32 {{d}}, {{a}}", "f32 -> f32", lambda x, f=f: about(F32, f(as_double(F32, x.a))), values={"a": v})
    special16 = lambda lane, r: [0, 0x8000, 0x7C00, 0xFC00, 0x7E00, 0x3C00, 0x4000, 0xBC00][r.next() % 8]
    for v in (normal16 if name != "exp" else lambda lane, r: (r.next() & 0x83FF) | (8 + r.next() % 10) << 10, special16):
        case(f"v_{name}_f16 {{d}}, {{a}}", "f16 -> f16", lambda x, f=f: about(F16, f(as_double(F16, x.a))), values={"a": v})
for name, f in (("rcp", inverse), ("rsq", inverse_root), ("sqrt", root)):
    case(f"v_{name}_f64 {{d}}, {{a}}", "f64 -> f64", lambda x, f=f: about(F64, f(as_double(F64, x.a)), 1 << 26),
         values={"a": lambda lane, r: (r.next() & 0x800FFFFFFFFFFFFF) | (900 + r.next() % 240) << 52})
# v_sin and v_cos take turns.
for name, f in (("sin", math.sin), ("cos", math.cos)):
    eighth = lambda lane, r: num.make(F32, num.Fraction(r.next() % 4096 + 37, 32768))  # first eighth of a turn
    case(f"v_{name}_f32 {{d}}, {{a}}", "f32 -> f32", lambda x, f=f: about(F32, f(2 * math.pi * as_double(F32, x.a)), 40), values={"a": eighth}, copies=3)
    quarter = lambda lane, r: num.make(F32, num.Fraction(r.next() % 4))
    case(f"v_{name}_f32 {{d}}, {{a}}", "f32 -> f32", lambda x, n=name: num.from_int(F32, 1) if n == "cos" else x.a & 0x80000000, values={"a": quarter})
    case(f"v_{name}_f16 {{d}}, {{a}}", "f16 -> f16", lambda x, f=f: about(F16, f(2 * math.pi * as_double(F16, x.a)), 2),
         values={"a": lambda lane, r: num.make(F16, num.Fraction(r.next() % 120 + 2, 1024))}, copies=2)
    case(f"v_{name}_f16 {{d}}, {{a}}", "f16 -> f16", lambda x, n=name: num.from_int(F16, 1) if n == "cos" else x.a & 0x8000,
         values={"a": lambda lane, r: num.make(F16, num.Fraction(r.next() % 4))})
# The forms of older chips, where nothing is special.
case("v_exp_legacy_f32 {d}, {a}", "f32 -> f32", lambda x: about(F32, exp2(as_double(F32, x.a))), values={"a": unit32})
case("v_log_legacy_f32 {d}, {a}", "f32 -> f32", lambda x: about(F32, log2(as_double(F32, x.a))), values={"a": lambda lane, r: normal32(lane, r) & 0x7FFFFFFF})
case("v_rcp_iflag_f32 {d}, {a}", "f32 -> f32", lambda x: about(F32, inverse(as_double(F32, x.a))), values={"a": normal32})
# Legacy: the upper half of the destination becomes zero.
pair16 = {"a": lambda lane, r: 0x4200, "b": normal16, "c": normal16}
case("v_div_fixup_legacy_f16 {d}, {a}, {b}, {c}", "f16 f16 f16 -> u32", lambda x: num.sign_of(F16, x.b ^ x.c) << 15 | 0x4200, values=pair16)
