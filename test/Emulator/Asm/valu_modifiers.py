# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Operand kinds and modifiers: neg, abs, clamp, omod, constants, SDWA, DPP, EXEC."""
F16, F32, F64 = num.F16, num.F32, num.F64
tame32 = lambda lane, r: (r.next() & 0x80FFFFFF) | (115 + r.next() % 24) << 23
tame16 = lambda lane, r: (r.next() & 0x83FF) | (10 + r.next() % 10) << 10
tame64 = lambda lane, r: (r.next() & 0x800FFFFFFFFFFFFF) | (1010 + r.next() % 24) << 52
TAME = {"f32": tame32, "f16": tame16, "f64": tame64}


def clamp01(fmt, v):
    """The clamp bit; NaN becomes 0 since DX10_CLAMP is set."""
    if v == NAN or num.sign_of(fmt, v):
        return 0
    return v if num.less(fmt, v, num.from_int(fmt, 1)) else num.from_int(fmt, 1)


for s, fmt in (("f32", F32), ("f64", F64), ("f16", F16)):
    two = f"{s} {s} -> {s}"
    values = {"a": TAME[s], "b": TAME[s]}
    one = num.from_int(fmt, 1)
    n, ab = (lambda v, f=fmt: num.neg(f, v)), (lambda v, f=fmt: num.absolute(f, v))
    case(f"v_add_{s} {{d}}, -{{a}}, {{b}}", two, lambda x, f=fmt, n=n: num.add(f, n(x.a), x.b), values=values)
    case(f"v_add_{s} {{d}}, {{a}}, -|{{b}}|", two, lambda x, f=fmt, n=n, ab=ab: num.add(f, x.a, n(ab(x.b))), values=values)
    case(f"v_mul_{s} {{d}}, |{{a}}|, -{{b}}", two, lambda x, f=fmt, n=n, ab=ab: num.mul(f, ab(x.a), n(x.b)), values=values)
    case(f"v_add_{s} {{d}}, {{a}}, {{b}} clamp", two, lambda x, f=fmt: clamp01(f, num.add(f, x.a, x.b)), copies=3)
    case(f"v_mul_{s} {{d}}, {{a}}, {{b}} clamp", two, lambda x, f=fmt: clamp01(f, num.mul(f, x.a, x.b)), values=values)
    case(f"v_max_{s} {{d}}, {{a}}, {{a}} clamp", f"{s} -> {s}",
         lambda x, f=fmt: 0 if num.is_nan(f, x.a) else clamp01(f, x.a), values={"a": lambda lane, r, f=fmt: r.next() | 1})
    for const, v in (("0.5", (1, 2)), ("-0.5", (-1, 2)), ("1.0", (1, 1)), ("-2.0", (-2, 1)), ("4.0", (4, 1)), ("-4.0", (-4, 1))):
        c = num.make(fmt, num.Fraction(*v))
        case(f"v_mul_{s} {{d}}, {const}, {{a}}", f"{s} -> {s}", lambda x, f=fmt, c=c: num.mul(f, c, x.a), copies=1)
    # 1/(2*pi), to the nearest value of the type
    c = {"f32": 0x3E22F983, "f16": 0x3118, "f64": 0x3FC45F306DC9C882}[s]
    case(f"v_mul_{s} {{d}}, 0.15915494, {{a}}" if s != "f64" else f"v_mul_{s} {{d}}, 0.15915494309189532, {{a}}",
         f"{s} -> {s}", lambda x, f=fmt, c=c: num.mul(f, c, x.a), copies=1)
# An integer constant in a float operand is its bit pattern: 7 is a denormal.
case("v_add_f32 {d}, 7, {a}", "f32 -> f32", lambda x: num.add(F32, 7, x.a))
case("v_add_f32 {d}, -5, {a}", "u32 -> f32", lambda x: NAN)
case("v_add_f32 {d}, 0x40490fdb, {a}", "f32 -> f32", lambda x: num.add(F32, 0x40490FDB, x.a))
case("v_add_u32 {d}, 0x12345678, {a}", "u32 -> u32", lambda x: x.a + 0x12345678)
case("v_add_u32 {d}, -16, {a}", "u32 -> u32", lambda x: x.a - 16)
case("v_add_u32 {d}, 64, {a}", "u32 -> u32", lambda x: x.a + 64)
case("v_and_b32 {d}, 0.5, {a}", "u32 -> u32", lambda x: x.a & 0x3F000000)
case("v_add_u16 {d}, -3, {a}", "u16 -> u32", lambda x: x.a - 3 & 0xFFFF)
case("v_lshlrev_b64 {d}, 5, {a}", "u64 -> u64", lambda x: x.a << 5)
case("v_add_f64 {d}, {a}, 1.0", "f64 -> f64", lambda x: num.add(F64, x.a, 0x3FF << 52))
case("v_add_u32 {d}, {sa}, {b}", "u32 u32 -> u32", lambda x: x.A[0] + x.b)
case("v_fma_f64 {d}, {sa}, {b}, {b}", "f64 f64 -> f64", lambda x: num.fma(F64, x.A[0], x.b, x.b))
case("v_add_u32 {d}, vcc_lo, {a}", "u32 -> u32", lambda x: x.a + 0xABCD, setup="s_mov_b32 vcc_lo, 0xabcd")
case("v_xor_b32 {d}, m0, {a}", "u32 -> u32", lambda x: x.a ^ 0x1234, setup="s_mov_b32 m0, 0x1234")
case("v_add_u32 {d}, exec_hi, {a}", "u32 -> u32", lambda x: x.a + 0xFFFFFFFF)

# omod acts where output denormals are flushed and IEEE mode is off, and is
# ignored elsewhere.
enter = "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 4, 2), 0\ns_setreg_imm32_b32 hwreg(HW_REG_MODE, 9, 1), 0\n"
leave = "\ns_setreg_imm32_b32 hwreg(HW_REG_MODE, 4, 2), 3\ns_setreg_imm32_b32 hwreg(HW_REG_MODE, 9, 1), 1"
case("v_add_f32 {d}, {a}, {b} mul:2", "f32 f32 -> f32", lambda x: num.add(F32, x.a, x.b), values={"a": tame32, "b": tame32})
for text, k in (("mul:2", 2), ("mul:4", 4), ("div:2", num.Fraction(1, 2))):
    case(enter + f"v_add_f32 {{d}}, {{a}}, {{b}} {text}" + leave, "f32 f32 -> f32",
         lambda x, k=k: num.make(F32, num.value(F32, num.add(F32, x.a, x.b)) * k), values={"a": tame32, "b": tame32})
    case(enter + f"v_mul_f32 {{d}}, {{a}}, {{b}} clamp {text}" + leave, "f32 f32 -> f32",
         lambda x, k=k: clamp01(F32, num.make(F32, num.value(F32, num.mul(F32, x.a, x.b)) * k)), values={"a": tame32, "b": tame32})

# SDWA: selects and sign extension of sources, placing in the destination.
SELECT = {"BYTE_0": (0, 8), "BYTE_1": (8, 8), "BYTE_2": (16, 8), "BYTE_3": (24, 8), "WORD_0": (0, 16), "WORD_1": (16, 16), "DWORD": (0, 32)}


def pick(v, sel, sext=False):
    at, bits = SELECT[sel]
    v = v >> at & ((1 << bits) - 1)
    return num.signed(v, bits) if sext else v


for n, sel in enumerate(SELECT):
    other = list(SELECT)[(n + 3) % 7]
    case(f"v_add_u32_sdwa {{d}}, {{a}}, {{b}} dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:{sel} src1_sel:{other}", "u32 u32 -> u32",
         lambda x, s=sel, o=other: pick(x.a, s) + pick(x.b, o))
    case(f"v_add_u32_sdwa {{d}}, sext({{a}}), {{b}} dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:{sel} src1_sel:DWORD", "u32 u32 -> u32",
         lambda x, s=sel: pick(x.a, s, True) + x.b)
    for unused in ("UNUSED_PAD", "UNUSED_SEXT", "UNUSED_PRESERVE"):
        def place(x, s=sel, u=unused):
            at, bits = SELECT[s]
            mask = (1 << bits) - 1
            r = x.a + x.b & mask
            if u == "UNUSED_PRESERVE":
                return x.d & ~(mask << at) | r << at
            if u == "UNUSED_SEXT":
                return num.signed(r, bits) << at
            return r << at
        case(f"v_add_u32_sdwa {{d}}, {{a}}, {{b}} dst_sel:{sel} dst_unused:{unused} src0_sel:DWORD src1_sel:DWORD", "u32 u32 -> u32", place)
word = {"a": lambda lane, r: tame16(0, r) | tame16(0, r) << 16, "b": lambda lane, r: tame16(0, r) | tame16(0, r) << 16}
case("v_add_f16_sdwa {d}, -{a}, |{b}| dst_sel:WORD_1 dst_unused:UNUSED_PRESERVE src0_sel:WORD_1 src1_sel:WORD_0", "u32 u32 -> u32",
     lambda x: x.d & 0xFFFF | num.add(F16, num.neg(F16, x.a >> 16), num.absolute(F16, x.b & 0xFFFF)) << 16, values=word)
case("v_cvt_f32_f16_sdwa {d}, {a} dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:WORD_1", "u32 -> f32", lambda x: num.convert(F16, F32, x.a >> 16), values=word)
case("v_cmp_lt_u32_sdwa vcc, {a}, {b} src0_sel:BYTE_1 src1_sel:BYTE_3\nv_cndmask_b32 {d}, 0, 1, vcc", "u32 u32 -> u32", lambda x: int((x.a >> 8 & 255) < x.b >> 24))
case("v_or_b32_sdwa {d}, {a}, {b} dst_sel:BYTE_2 dst_unused:UNUSED_PRESERVE src0_sel:BYTE_0 src1_sel:BYTE_3", "u32 u32 -> u32",
     lambda x: x.d & ~0xFF0000 | ((x.a | x.b >> 24) & 255) << 16)

# DPP: where the value comes from; `None` where there is no source lane.


def quad(perm):
    return lambda l: l & ~3 | perm[l & 3]


def row(f):
    return lambda l: None if f(l & 15) is None else l & ~15 | f(l & 15)


PATTERNS = {"quad_perm:[3,1,0,2]": quad([3, 1, 0, 2]), "quad_perm:[1,1,1,1]": quad([1, 1, 1, 1])}
for n in (1, 4, 15):
    PATTERNS[f"row_shl:{n}"] = row(lambda l, n=n: l + n if l + n < 16 else None)
    PATTERNS[f"row_shr:{n}"] = row(lambda l, n=n: l - n if l >= n else None)
    PATTERNS[f"row_ror:{n}"] = row(lambda l, n=n: (l - n) % 16)
PATTERNS["row_mirror"] = row(lambda l: 15 - l)
PATTERNS["row_half_mirror"] = row(lambda l: l ^ 7)
PATTERNS["wave_shl:1"] = lambda l: l + 1 if l < 63 else None
PATTERNS["wave_shr:1"] = lambda l: l - 1 if l else None
PATTERNS["wave_rol:1"] = lambda l: (l + 1) % 64
PATTERNS["wave_ror:1"] = lambda l: (l - 1) % 64
PATTERNS["row_bcast:15"] = lambda l: (l & ~15) - 1 if l >= 16 else None
PATTERNS["row_bcast:31"] = lambda l: 31 if l >= 32 else None
PATTERNS["row_newbcast:5"] = lambda l: l & ~15 | 5
half = "s_mov_b32 exec_lo, 0xf0f0ff0f\ns_mov_b32 exec_hi, 0x00ffff5a\n"
EXEC = 0x00FFFF5AF0F0FF0F
for text, f in PATTERNS.items():
    for bound in (0, 1):
        def move(x, f=f, bound=bound, rows=15, banks=15, active=(1 << 64) - 1):
            if not active >> x.lane & 1 or not rows >> x.lane // 16 & 1 or not banks >> x.lane // 4 % 4 & 1:
                return x.d
            source = f(x.lane)
            if source is None or not active >> source & 1:
                return 0 if bound else x.d
            return x.A[source]
        case(f"v_mov_b32_dpp {{d}}, {{a}} {text} row_mask:0xf bank_mask:0xf" + (" bound_ctrl:0" if bound else ""), "u32 -> u32", move, copies=1)
        case(half + f"v_mov_b32_dpp {{d}}, {{a}} {text} row_mask:0xf bank_mask:0xf" + (" bound_ctrl:0" if bound else ""), "u32 -> u32",
             lambda x, m=move: m(x, active=EXEC), copies=1)
        case(f"v_mov_b32_dpp {{d}}, {{a}} {text} row_mask:0xa bank_mask:0x6" + (" bound_ctrl:0" if bound else ""), "u32 -> u32",
             lambda x, m=move: m(x, rows=10, banks=6), copies=1)
case("v_add_u32_dpp {d}, {a}, {b} row_ror:4 row_mask:0xf bank_mask:0xf", "u32 u32 -> u32", lambda x: x.A[x.lane & ~15 | (x.lane - 4) % 16] + x.b)
case("v_add_f32_dpp {d}, -{a}, |{b}| quad_perm:[2,3,0,1] row_mask:0xf bank_mask:0xf", "f32 f32 -> f32",
     lambda x: num.add(F32, num.neg(F32, x.A[x.lane ^ 2]), num.absolute(F32, x.b)), values={"a": tame32, "b": tame32})

# EXEC: lanes that are off keep the destination.
case("s_mov_b32 exec_lo, 0x0f0f1234\ns_mov_b32 exec_hi, 0x80000001\nv_add_u32 {d}, {a}, {b}", "u32 u32 -> u32",
     lambda x: x.a + x.b & 0xFFFFFFFF if 0x800000010F0F1234 >> x.lane & 1 else x.d)
case("s_mov_b64 exec, 0\nv_add_u32 {d}, {a}, {b}", "u32 u32 -> u32", lambda x: x.d)
case("s_mov_b32 exec_lo, 0x0f0f1234\ns_mov_b32 exec_hi, 0x80000001\nv_lshlrev_b64 {d}, {b}, {a}", "u64 u32 -> u64",
     lambda x: x.a << (x.b & 63) if 0x800000010F0F1234 >> x.lane & 1 else x.d)
