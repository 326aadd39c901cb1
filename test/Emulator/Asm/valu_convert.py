# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Conversions between floats and integers, and to and from fp8 and bf8."""
F16, BF16, F32, F64 = num.F16, num.BF16, num.F32, num.F64
I32, U32 = (-(1 << 31), (1 << 31) - 1), (0, (1 << 32) - 1)
s32 = lambda v: num.signed(v, 32)
s16 = lambda v: num.signed(v, 16)


def one(name, formula, types, chips=None, copies=3):
    case(f"{name} {{d}}, {{a}}", types, formula, chips=chips, copies=copies)


def two(name, formula, types, chips=None, copies=3):
    case(f"{name} {{d}}, {{a}}, {{b}}", types, formula, chips=chips, copies=copies)


one("v_cvt_f32_i32", lambda x: num.from_int(F32, s32(x.a)), "u32 -> f32")
one("v_cvt_f32_u32", lambda x: num.from_int(F32, x.a), "u32 -> f32")
one("v_cvt_u32_f32", lambda x: num.to_int(F32, x.a, *U32), "f32 -> u32")
one("v_cvt_i32_f32", lambda x: num.to_int(F32, x.a, *I32), "f32 -> u32")


def floor_int(fmt, v, half=0):
    if num.is_nan(fmt, v):
        return 0
    if num.is_inf(fmt, v):
        return I32[0] if num.sign_of(fmt, v) else I32[1]
    q = num.value(fmt, v) + num.Fraction(half, 2)
    return max(I32[0], min(I32[1], q.numerator // q.denominator))


one("v_cvt_flr_i32_f32", lambda x: floor_int(F32, x.a), "f32 -> u32")
one("v_cvt_rpi_i32_f32", lambda x: floor_int(F32, x.a, 1), "f32 -> u32")
one("v_cvt_f32_f16", lambda x: num.convert(F16, F32, x.a), "f16 -> f32")
one("v_cvt_f16_f32", lambda x: num.convert(F32, F16, x.a), "f32 -> f16")
one("v_cvt_f64_f32", lambda x: num.convert(F32, F64, x.a), "f32 -> f64")
one("v_cvt_f32_f64", lambda x: num.convert(F64, F32, x.a), "f64 -> f32")
one("v_cvt_f64_i32", lambda x: num.from_int(F64, s32(x.a)), "u32 -> f64")
one("v_cvt_f64_u32", lambda x: num.from_int(F64, x.a), "u32 -> f64")
one("v_cvt_i32_f64", lambda x: num.to_int(F64, x.a, *I32), "f64 -> u32")
one("v_cvt_u32_f64", lambda x: num.to_int(F64, x.a, *U32), "f64 -> u32")
one("v_cvt_f16_u16", lambda x: num.from_int(F16, x.a), "u16 -> f16")
one("v_cvt_f16_i16", lambda x: num.from_int(F16, s16(x.a)), "u16 -> f16")
one("v_cvt_u16_f16", lambda x: num.to_int(F16, x.a, 0, 0xFFFF), "f16 -> u32")
one("v_cvt_i16_f16", lambda x: num.to_int(F16, x.a, -32768, 32767) & 0xFFFF, "f16 -> u32")
for n in range(4):
    one(f"v_cvt_f32_ubyte{n}", lambda x, n=n: num.from_int(F32, x.a >> 8 * n & 255), "u32 -> f32", copies=1)
one("v_cvt_off_f32_i4", lambda x: num.make(F32, num.Fraction(num.signed(x.a, 4), 16)), "u32 -> f32")

# The rounding of v_cvt_f16_f32 and v_cvt_f32_i32 follows MODE, pkrtz does not.
for mode in (num.UP, num.DOWN, num.ZERO):
    enter = f"s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), {mode | mode << 2}\n"
    leave = "\ns_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 0"
    case(enter + "v_cvt_f16_f32 {d}, {a}" + leave, "f32 -> f16", lambda x, m=mode: num.convert(F32, F16, x.a, m))
    case(enter + "v_cvt_f32_u32 {d}, {a}" + leave, "u32 -> f32", lambda x, m=mode: num.from_int(F32, x.a, m))
    case(enter + "v_cvt_f32_f64 {d}, {a}" + leave, "f64 -> f32", lambda x, m=mode: num.convert(F64, F32, x.a, m))

number = lambda lane, r: (r.next() & 0x80FFFFFF) | (100 + r.next() % 50) << 23
pair = lambda lo, hi: lo | hi << 16
case("v_cvt_pkrtz_f16_f32 {d}, {a}, {b}", "f32 f32 -> u32",
     lambda x: pair(num.convert(F32, F16, x.a, num.ZERO), num.convert(F32, F16, x.b, num.ZERO)),
     values={"a": number, "b": number}, copies=4)
case("v_cvt_pk_bf16_f32 {d}, {a}, {b}", "f32 f32 -> u32",
     lambda x: pair(num.convert(F32, BF16, x.a), num.convert(F32, BF16, x.b)), chips=["gfx950"],
     values={"a": number, "b": lambda lane, r: r.next() & 0x80FFFFFF}, copies=4)
case("v_cvt_pk_f16_f32 {d}, {a}, {b}", "f32 f32 -> u32",
     lambda x: pair(num.convert(F32, F16, x.a), num.convert(F32, F16, x.b)), chips=["gfx950"],
     values={"a": number, "b": number}, copies=4)


def norm(fmt, v, top, low):
    if num.is_nan(fmt, v):
        return 0
    q = -2 if num.is_inf(fmt, v) and num.sign_of(fmt, v) else 2 if num.is_inf(fmt, v) else num.value(fmt, v)
    q = max(num.Fraction(low), min(num.Fraction(1), num.Fraction(q)))
    return round(q * top) & 0xFFFF


two("v_cvt_pknorm_i16_f32", lambda x: pair(norm(F32, x.a, 32767, -1), norm(F32, x.b, 32767, -1)), "f32 f32 -> u32")
two("v_cvt_pknorm_u16_f32", lambda x: pair(norm(F32, x.a, 65535, 0), norm(F32, x.b, 65535, 0)), "f32 f32 -> u32")
two("v_cvt_pknorm_i16_f16", lambda x: pair(norm(F16, x.a, 32767, -1), norm(F16, x.b, 32767, -1)), "f16 f16 -> u32")
two("v_cvt_pknorm_u16_f16", lambda x: pair(norm(F16, x.a, 65535, 0), norm(F16, x.b, 65535, 0)), "f16 f16 -> u32")
one("v_cvt_norm_i16_f16", lambda x: norm(F16, x.a, 32767, -1), "f16 -> u32")
one("v_cvt_norm_u16_f16", lambda x: norm(F16, x.a, 65535, 0), "f16 -> u32")

# fp8 and bf8: OCP on gfx950, FNUZ on gfx942.
kind = lambda x, k: k if x.chip == "gfx950" else k + "fnuz"
for k in ("fp8", "bf8"):
    for sel in range(4):
        case(f"v_cvt_f32_{k}_sdwa {{d}}, {{a}} src0_sel:BYTE_{sel}", "u32 -> f32",
             lambda x, k=k, n=sel: num.narrow_to(F32, kind(x, k), x.a >> 8 * n & 255))
    case(f"v_cvt_f32_{k} {{d}}, {{a}}", "u32 -> f32", lambda x, k=k: num.narrow_to(F32, kind(x, k), x.a & 255), copies=4)
    for half in range(2):
        sdwa = f"v_cvt_pk_f32_{k}_sdwa {{d}}, {{a}} src0_sel:WORD_{half}" if half else f"v_cvt_pk_f32_{k} {{d}}, {{a}}"
        finite = lambda lane, r: sum((r.next() % 0x78 | (r.next() & 1) << 7 or 1) << 8 * n for n in range(4)) & 0x7B7B7B7B
        case(sdwa, "u32 -> u64", lambda x, k=k, h=half: num.narrow_to(F32, kind(x, k), x.a >> 16 * h & 255)
             | num.narrow_to(F32, kind(x, k), x.a >> 16 * h + 8 & 255) << 32, values={"a": finite})

    def encode(x, v, k=k):
        if num.is_nan(F32, v):
            s = num.sign_of(F32, v) << 7
            return 0x80 if x.chip == "gfx942" else s | (0x7F if k == "fp8" else 0x7E)
        if num.is_inf(F32, v):
            s = num.sign_of(F32, v) << 7
            return 0x80 if x.chip == "gfx942" else s | (0x7F if k == "fp8" else 0x7C)
        return num.to_narrow(kind(x, k), num.value(F32, v), num.sign_of(F32, v))
    near = lambda lane, r: (r.next() & 0x80FFFFFF) | (127 - 18 + r.next() % 36) << 23
    for values in (None, {"a": near, "b": near}):
        case(f"v_cvt_pk_{k}_f32 {{d}}, {{a}}, {{b}}", "f32 f32 -> u32",
             lambda x, e=encode: x.d & 0xFFFF0000 | e(x, x.a) | e(x, x.b) << 8, values=values, copies=4)
        case(f"v_cvt_pk_{k}_f32 {{d}}, {{a}}, {{b}} op_sel:[0,0,1]", "f32 f32 -> u32",
             lambda x, e=encode: x.d & 0xFFFF | (e(x, x.a) | e(x, x.b) << 8) << 16, values=values)
    # Stochastic rounding with no random bits cuts off; with all of them it goes
    # to the next magnitude unless the value is exact.
    for byte in range(4):
        text = f"v_cvt_sr_{k}_f32 {{d}}, {{a}}, {{b}} op_sel:[0,0,{byte & 1},{byte >> 1}]"

        def cut(x, k=k, byte=byte):
            v = num.value(F32, x.a)
            ebits, mbits, bias, _ = num.NARROW[kind(x, k)]
            step = num.Fraction(2) ** (max(num.floor_log2(abs(v)), 1 - bias) - mbits)
            down = abs(v) // step * step
            code = num.to_narrow(kind(x, k), -down if v < 0 else down, v < 0)
            return x.d & ~(255 << 8 * byte) | code << 8 * byte
        tame = lambda lane, r: (r.next() & 0x80FFFFFF) | (127 - 8 + r.next() % 14) << 23
        case(text, "f32 u32 -> u32", cut, values={"a": tame, "b": lambda lane, r: r.next() & 0x7FF})
case("v_cvt_f32_bf16 {d}, {a}", "bf16 -> f32", lambda x: x.a << 16, chips=["gfx950"],
     values={"a": lambda lane, r: (r.next() & 0x80FF) | (r.next() % 255) << 7})
case("v_cvt_f32_bf16_sdwa {d}, {a} dst_sel:DWORD src0_sel:WORD_1", "u32 -> f32", lambda x: x.a & 0xFFFF0000, chips=["gfx950"],
     values={"a": lambda lane, r: (r.next() & 0x80FFFFFF) | (r.next() % 255) << 23})
