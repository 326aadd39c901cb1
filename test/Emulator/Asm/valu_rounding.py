# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""MODE's rounding directions and FP16_OVFL, in every operation that rounds."""
F16, F32, F64 = num.F16, num.F32, num.F64
enter = lambda at, width, value: f"s_setreg_imm32_b32 hwreg(HW_REG_MODE, {at}, {width}), {value}\n"
tame = {"f32": lambda lane, r: (r.next() & 0x80FFFFFF) | (115 + r.next() % 24) << 23,
        "f16": lambda lane, r: (r.next() & 0x83FF) | (r.next() % 20) << 10,
        "f64": lambda lane, r: (r.next() & 0x800FFFFFFFFFFFFF) | (1010 + r.next() % 24) << 52}
three = lambda s: {k: tame[s] for k in "abc"}
add, mul, fma = num.add, num.mul, num.fma
mad = lambda f, a, b, c, m: NAN if NAN in (mul(f, a, b, m),) else add(f, mul(f, a, b, m), c, m)


def rounded(setting, text, types, formula, values, copies=1, low16=False, chips=None):
    """Under each direction; the result is put back to nearest even."""
    at, mode = setting
    keep = (lambda r, x: r if r == NAN else r & 0xFFFF) if low16 else (lambda r, x: r)
    case(enter(at, 2, mode) + text + "\n" + enter(at, 2, 0) + ("v_and_b32 {d}, 0xffff, {d}" if low16 else "s_nop 0"),
         types, lambda x: keep(formula(x, mode), x), values=values, copies=copies, chips=chips)


for mode in range(4):
    for s, fmt, at in (("f32", F32, 0), ("f64", F64, 2), ("f16", F16, 2)):
        two, triple = f"{s} {s} -> {s}", f"{s} {s} {s} -> {s}"
        low = s == "f16"
        for name, f in (("add", lambda x, m, f=fmt: add(f, x.a, x.b, m)), ("mul", lambda x, m, f=fmt: mul(f, x.a, x.b, m))):
            rounded((at, mode), f"v_{name}_{s} {{d}}, {{a}}, {{b}}", two, f, three(s), 2, low)
        rounded((at, mode), f"v_fma_{s} {{d}}, {{a}}, {{b}}, {{c}}", triple, lambda x, m, f=fmt: fma(f, x.a, x.b, x.c, m), three(s), 2, low)
    for name, f in (("sub", lambda x, m: num.sub(F16, x.a, x.b, m)), ("subrev", lambda x, m: num.sub(F16, x.b, x.a, m))):
        rounded((2, mode), f"v_{name}_f16 {{d}}, {{a}}, {{b}}", "f16 f16 -> f16", f, three("f16"), 2, True)
    for name in ("v_mad_f16", "v_mad_legacy_f16"):
        rounded((2, mode), name + " {d}, {a}, {b}, {c}", "f16 f16 f16 -> f16", lambda x, m: mad(F16, x.a, x.b, x.c, m), three("f16"), 4, True)
    rounded((2, mode), "v_fma_legacy_f16 {d}, {a}, {b}, {c}", "f16 f16 f16 -> f16", lambda x, m: fma(F16, x.a, x.b, x.c, m), three("f16"), 2, True)
    rounded((2, mode), "v_mov_b32 {d}, {c}\nv_mac_f16 {d}, {a}, {b}", "f16 f16 f16 -> f16", lambda x, m: mad(F16, x.a, x.b, x.c, m), three("f16"), 2, True)
    rounded((2, mode), "v_madak_f16 {d}, {a}, {b}, 0x3c01", "f16 f16 -> f16", lambda x, m: mad(F16, x.a, x.b, 0x3C01, m), three("f16"), 2, True)
    rounded((2, mode), "v_madmk_f16 {d}, {a}, 0x3c01, {b}", "f16 f16 -> f16", lambda x, m: mad(F16, x.a, 0x3C01, x.b, m), three("f16"), 2, True)
    # results in the denormal range are cut off there
    rounded((2, mode), "v_ldexp_f16 {d}, {a}, {b}", "f16 u16 -> f16", lambda x, m: num.ldexp(F16, x.a, num.signed(x.b, 16), m),
            {"a": tame["f16"], "b": lambda lane, r: r.next() % 30 - 20}, 4, True)
    rounded((0, mode), "v_ldexp_f32 {d}, {a}, {b}", "f32 i32 -> f32", lambda x, m: num.ldexp(F32, x.a, num.signed(x.b, 32), m),
            {"a": tame["f32"], "b": lambda lane, r: (r.next() % 60 - 155) & 0xFFFFFFFF}, 2)
    for kind, signed in (("u16", 0), ("i16", 1)):
        rounded((2, mode), f"v_cvt_f16_{kind} {{d}}, {{a}}", f"{kind} -> f16",
                lambda x, m, s=signed: num.from_int(F16, num.signed(x.a, 16) if s else x.a, m), {}, 2, True)
    rounded((2, mode), "v_cvt_f16_f32 {d}, {a}", "f32 -> f16", lambda x, m: num.convert(F32, F16, x.a, m), three("f32"), 2, True)
    for at in (0, 2):
        rounded((at, mode), "v_cvt_pk_f16_f32 {d}, {a}, {b}", "f32 f32 -> u32", lambda x, m, at=at:
                num.convert(F32, F16, x.a, m if at else 0) | num.convert(F32, F16, x.b, m if at else 0) << 16, three("f32"), 2, chips=["gfx950"])
        rounded((at, mode), "v_cvt_pkrtz_f16_f32 {d}, {a}, {b}", "f32 f32 -> u32", lambda x, m:
                num.convert(F32, F16, x.a, num.ZERO) | num.convert(F32, F16, x.b, num.ZERO) << 16, three("f32"), 2)
    # a narrowing conversion has the direction of its wider type
    rounded((2, mode), "v_cvt_f32_f64 {d}, {a}", "f64 -> f32", lambda x, m: num.convert(F64, F32, x.a, m), three("f64"), 2)
    rounded((0, mode), "v_cvt_f32_f64 {d}, {a}", "f64 -> f32", lambda x, m: num.convert(F64, F32, x.a), three("f64"), 2)
    for kind in ("i32", "u32"):
        for at in (0, 2):
            rounded((at, mode), f"v_cvt_f32_{kind} {{d}}, {{a}}", f"{kind} -> f32",
                    lambda x, m, k=kind, at=at: num.from_int(F32, num.signed(x.a, 32) if k == "i32" else x.a, m if at == 0 else 0), {}, 2)
    # integers are cut off or named by the instruction, wider floats are exact
    for at in (0, 2):
        rounded((at, mode), "v_cvt_i32_f64 {d}, {a}", "f64 -> u32", lambda x, m: num.to_int(F64, x.a, -2**31, 2**31 - 1), three("f64"))
        rounded((at, mode), "v_rndne_f32 {d}, {a}", "f32 -> f32", lambda x, m: num.whole(F32, x.a, "rndne"), three("f32"))
        rounded((at, mode), "v_rndne_f64 {d}, {a}", "f64 -> f64", lambda x, m: num.whole(F64, x.a, "rndne"), three("f64"))
        rounded((at, mode), "v_cvt_f64_f32 {d}, {a}", "f32 -> f64", lambda x, m: num.convert(F32, F64, x.a), three("f32"))
    # f16 arithmetic does not heed f32's direction
    rounded((0, mode), "v_add_f16 {d}, {a}, {b}", "f16 f16 -> f16", lambda x, m: add(F16, x.a, x.b), three("f16"), 2, True)
    rounded((0, mode), "v_cvt_f16_f32 {d}, {a}", "f32 -> f16", lambda x, m: num.convert(F32, F16, x.a), three("f32"), 2, True)
    halves = lambda f: lambda x, m: f(x.a & 0xFFFF, x.b & 0xFFFF, x.c & 0xFFFF, m) | f(x.a >> 16, x.b >> 16, x.c >> 16, m) << 16
    both = {k: lambda lane, r: tame["f16"](0, r) | tame["f16"](0, r) << 16 for k in "abc"}
    for text, f in (("v_pk_add_f16 {d}, {a}, {b}", lambda a, b, c, m: add(F16, a, b, m)), ("v_pk_mul_f16 {d}, {a}, {b}", lambda a, b, c, m: mul(F16, a, b, m)),
                    ("v_pk_fma_f16 {d}, {a}, {b}, {c}", lambda a, b, c, m: fma(F16, a, b, c, m)),
                    ("v_mov_b32 {d}, {c}\nv_pk_fmac_f16 {d}, {a}, {b}", lambda a, b, c, m: fma(F16, a, b, c, m))):
        rounded((2, mode), text, "u32 u32 u32 -> u32", halves(f), both, 2)
    # pairs of f32 have f32's direction, not that of f64
    twice = lambda f: lambda x, m: f(x.a & 0xFFFFFFFF, x.b & 0xFFFFFFFF, x.c & 0xFFFFFFFF, m) | f(x.a >> 32, x.b >> 32, x.c >> 32, m) << 32
    pairs = {k: lambda lane, r: tame["f32"](0, r) | tame["f32"](0, r) << 32 for k in "abc"}
    for text, f in (("v_pk_add_f32 {d}, {a}, {b}", lambda a, b, c, m: add(F32, a, b, m)), ("v_pk_mul_f32 {d}, {a}, {b}", lambda a, b, c, m: mul(F32, a, b, m)),
                    ("v_pk_fma_f32 {d}, {a}, {b}, {c}", lambda a, b, c, m: fma(F32, a, b, c, m))):
        for at in (0, 2):
            rounded((at, mode), text, "pkf32 pkf32 pkf32 -> pkf32", lambda x, m, f=f, at=at: twice(f)(x, m if at == 0 else 0), pairs, 2)
    # Mixed: fused in f32, then rounded to f16, each with its own direction.
    for name, high in (("lo", 0), ("hi", 1)):
        for at in (0, 2):
            def mixed(x, m, h=high, at=at):
                v = num.convert(F32, F16, fma(F32, x.a, x.b, x.c, m if at == 0 else 0), m if at == 2 else 0)
                return x.d & (0xFFFF if h else 0xFFFF0000) | v << 16 * h
            rounded((at, mode), f"v_fma_mix{name}_f16 {{d}}, {{a}}, {{b}}, {{c}}", "f32 f32 f32 -> u32", mixed,
                    {k: lambda lane, r: (r.next() & 0x80FFFFFF) | (118 + r.next() % 14) << 23 for k in "abc"}, 2)

# FP16_OVFL: a finite overflow stops at the largest value, infinities stay.
big = {k: lambda lane, r: (r.next() & 0x83FF) | (27 + r.next() % 5) << 10 for k in "abc"}


def capped(f, *sources):
    def g(x):
        r = f(x)
        finite = all(num.field(F16, getattr(x, s)) < 31 for s in sources)
        return num.largest(F16, num.sign_of(F16, r)) if r != NAN and num.is_inf(F16, r) and finite else r
    return g


for text, f, names in (("v_add_f16 {d}, {a}, {b}", lambda x: add(F16, x.a, x.b), "ab"), ("v_mul_f16 {d}, {a}, {b}", lambda x: mul(F16, x.a, x.b), "ab"),
                       ("v_fma_f16 {d}, {a}, {b}, {c}", lambda x: fma(F16, x.a, x.b, x.c), "abc"),
                       ("v_ldexp_f16 {d}, {a}, 3", lambda x: num.ldexp(F16, x.a, 3), "a")):
    case(enter(23, 1, 1) + text + "\n" + enter(23, 1, 0) + "v_and_b32 {d}, 0xffff, {d}", "f16 f16 f16 -> f16", capped(f, *names), values=big, copies=4)
case(enter(23, 1, 1) + "v_fma_mixlo_f16 {d}, {a}, 1.0, 0\n" + enter(23, 1, 0) + "v_and_b32 {d}, 0xffff, {d}", "f32 -> f16",
     lambda x: num.largest(F16, num.sign_of(F32, x.a)) if num.is_inf(F16, num.convert(F32, F16, x.a)) else num.convert(F32, F16, x.a),
     values={"a": lambda lane, r: (r.next() & 0x80FFFFFF) | (138 + r.next() % 8) << 23}, copies=2)

# Conversions of two values, of which either may overflow
large = lambda lane, r: (r.next() & 0x80FFFFFF) | (138 + r.next() % 8) << 23
stopped = lambda v: num.largest(F16, num.sign_of(F32, v)) if num.is_inf(F16, num.convert(F32, F16, v)) else num.convert(F32, F16, v)
case(enter(23, 1, 1) + "v_cvt_pk_f16_f32 {d}, {a}, {b}\n" + enter(23, 1, 0) + "s_nop 0", "f32 f32 -> u32",
     lambda x: stopped(x.a) | stopped(x.b) << 16, values={"a": large, "b": large}, copies=2, chips=["gfx950"])

# and of which MODE flushes denormal results
small = lambda lane, r: (r.next() & 0x80FFFFFF) | (100 + r.next() % 16) << 23
kept = lambda v, mode: (lambda h: h & 0x8000 if num.is_denormal(F16, h) else h)(num.convert(F32, F16, v, mode))
for name, mode, chips in (("pk", num.RNE, ["gfx950"]), ("pkrtz", num.ZERO, None)):
    case(enter(7, 1, 0) + f"v_cvt_{name}_f16_f32 {{d}}, {{a}}, {{b}}\n" + enter(7, 1, 1) + "s_nop 0", "f32 f32 -> u32",
         lambda x, m=mode: kept(x.a, m) | kept(x.b, m) << 16, values={"a": small, "b": small}, copies=2, chips=chips)
