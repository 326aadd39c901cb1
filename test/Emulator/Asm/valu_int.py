# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""32-, 16- and 64-bit integer and bitwise vector instructions."""
M = 0xFFFFFFFF
s32 = lambda v: num.signed(v, 32)
s24 = lambda v: num.signed(v, 24)
s16 = lambda v: num.signed(v, 16)
u24 = lambda v: v & 0xFFFFFF
clamp = lambda v, lo, hi: max(lo, min(hi, v))
bytes4 = lambda v: [v >> 8 * n & 255 for n in range(4)]
join4 = lambda b: sum((v & 255) << 8 * n for n, v in enumerate(b))
sat32 = lambda v: clamp(v, -(1 << 31), (1 << 31) - 1)


def two(name, formula, types="u32 u32 -> u32"):
    case(f"{name} {{d}}, {{a}}, {{b}}", types, formula)


def three(name, formula, types="u32 u32 u32 -> u32", chips=None):
    case(f"{name} {{d}}, {{a}}, {{b}}, {{c}}", types, formula, chips=chips)


def one(name, formula, types="u32 -> u32", chips=None):
    case(f"{name} {{d}}, {{a}}", types, formula, chips=chips)


one("v_mov_b32", lambda x: x.a)
one("v_not_b32", lambda x: ~x.a)
one("v_bfrev_b32", lambda x: int(f"{x.a:032b}"[::-1], 2))
one("v_ffbh_u32", lambda x: 32 - x.a.bit_length() if x.a else M)
one("v_ffbl_b32", lambda x: (x.a & -x.a).bit_length() - 1 if x.a else M)
one("v_ffbh_i32", lambda x: M if x.a in (0, M) else 32 - (x.a if s32(x.a) >= 0 else ~x.a & M).bit_length())
one("v_mov_b64", lambda x: x.a, "u64 -> u64")
one("v_sat_pk_u8_i16", lambda x: clamp(s16(x.a), 0, 255) | clamp(s16(x.a >> 16), 0, 255) << 8)
one("v_prng_b32", lambda x: x.a << 1 & M ^ (197 if x.a >> 31 else 0), chips=["gfx950"])

two("v_and_b32", lambda x: x.a & x.b)
two("v_or_b32", lambda x: x.a | x.b)
two("v_xor_b32", lambda x: x.a ^ x.b)
two("v_xnor_b32", lambda x: ~(x.a ^ x.b))
two("v_lshlrev_b32", lambda x: x.b << (x.a & 31))
two("v_lshrrev_b32", lambda x: x.b >> (x.a & 31))
two("v_ashrrev_i32", lambda x: s32(x.b) >> (x.a & 31))
two("v_add_u32", lambda x: x.a + x.b)
two("v_sub_u32", lambda x: x.a - x.b)
two("v_subrev_u32", lambda x: x.b - x.a)
two("v_add_i32", lambda x: x.a + x.b)
two("v_sub_i32", lambda x: x.a - x.b)
two("v_min_i32", lambda x: min(s32(x.a), s32(x.b)))
two("v_max_i32", lambda x: max(s32(x.a), s32(x.b)))
two("v_min_u32", lambda x: min(x.a, x.b))
two("v_max_u32", lambda x: max(x.a, x.b))
two("v_mul_i32_i24", lambda x: s24(x.a) * s24(x.b))
two("v_mul_u32_u24", lambda x: u24(x.a) * u24(x.b))
two("v_mul_hi_i32_i24", lambda x: s24(x.a) * s24(x.b) >> 32)
two("v_mul_hi_u32_u24", lambda x: u24(x.a) * u24(x.b) >> 32)
two("v_mul_lo_u32", lambda x: x.a * x.b)
two("v_mul_hi_u32", lambda x: x.a * x.b >> 32)
two("v_mul_hi_i32", lambda x: s32(x.a) * s32(x.b) >> 32)
two("v_bcnt_u32_b32", lambda x: bin(x.a).count("1") + x.b)
two("v_bfm_b32", lambda x: ((1 << (x.a & 31)) - 1) << (x.b & 31))
two("v_mbcnt_lo_u32_b32", lambda x: bin(x.a & ((1 << x.lane) - 1)).count("1") + x.b)
two("v_mbcnt_hi_u32_b32", lambda x: bin(x.a & (((1 << x.lane) - 1) >> 32)).count("1") + x.b)
two("v_cvt_pk_u16_u32", lambda x: min(x.a, 0xFFFF) | min(x.b, 0xFFFF) << 16)
two("v_cvt_pk_i16_i32", lambda x: (clamp(s32(x.a), -32768, 32767) & 0xFFFF) | (clamp(s32(x.b), -32768, 32767) & 0xFFFF) << 16)
two("v_lshlrev_b64", lambda x: x.b << (x.a & 63), "u32 u64 -> u64")
two("v_lshrrev_b64", lambda x: x.b >> (x.a & 63), "u32 u64 -> u64")
two("v_ashrrev_i64", lambda x: num.signed(x.b, 64) >> (x.a & 63), "u32 u64 -> u64")

three("v_mad_i32_i24", lambda x: s24(x.a) * s24(x.b) + x.c)
three("v_mad_u32_u24", lambda x: u24(x.a) * u24(x.b) + x.c)
three("v_mad_u32_u16", lambda x: x.a * x.b + x.c, "u16 u16 u32 -> u32")
three("v_mad_i32_i16", lambda x: s16(x.a) * s16(x.b) + x.c, "u16 u16 u32 -> u32")
three("v_bfe_u32", lambda x: x.a >> (x.b & 31) & ((1 << (x.c & 31)) - 1))
three("v_bfe_i32", lambda x: num.signed(s32(x.a) >> (x.b & 31), x.c & 31) if x.c & 31 else 0)
three("v_bfi_b32", lambda x: x.a & x.b | ~x.a & x.c)
three("v_alignbit_b32", lambda x: (x.a << 32 | x.b) >> (x.c & 31))
three("v_alignbyte_b32", lambda x: (x.a << 32 | x.b) >> 8 * (x.c & 3))
three("v_lerp_u8", lambda x: join4([(p + q + (r & 1)) >> 1 for p, q, r in zip(bytes4(x.a), bytes4(x.b), bytes4(x.c))]))
three("v_sad_u8", lambda x: sum(abs(p - q) for p, q in zip(bytes4(x.a), bytes4(x.b))) + x.c)
three("v_sad_hi_u8", lambda x: (sum(abs(p - q) for p, q in zip(bytes4(x.a), bytes4(x.b))) << 16) + x.c)
three("v_msad_u8", lambda x: sum(abs(p - q) for p, q in zip(bytes4(x.a), bytes4(x.b)) if q) + x.c)
three("v_sad_u16", lambda x: abs((x.a & 0xFFFF) - (x.b & 0xFFFF)) + abs((x.a >> 16) - (x.b >> 16)) + x.c)
three("v_sad_u32", lambda x: abs(x.a - x.b) + x.c)
three("v_xad_u32", lambda x: (x.a ^ x.b) + x.c)
three("v_lshl_add_u32", lambda x: (x.a << (x.b & 31)) + x.c)
three("v_add_lshl_u32", lambda x: (x.a + x.b) << (x.c & 31))
three("v_add3_u32", lambda x: x.a + x.b + x.c)
three("v_lshl_or_b32", lambda x: x.a << (x.b & 31) | x.c)
three("v_and_or_b32", lambda x: x.a & x.b | x.c)
three("v_or3_b32", lambda x: x.a | x.b | x.c)
three("v_min3_i32", lambda x: min(s32(x.a), s32(x.b), s32(x.c)))
three("v_max3_i32", lambda x: max(s32(x.a), s32(x.b), s32(x.c)))
three("v_med3_i32", lambda x: sorted([s32(x.a), s32(x.b), s32(x.c)])[1])
three("v_min3_u32", lambda x: min(x.a, x.b, x.c))
three("v_max3_u32", lambda x: max(x.a, x.b, x.c))
three("v_med3_u32", lambda x: sorted([x.a, x.b, x.c])[1])


def perm(x):
    data = bytes4(x.b) + bytes4(x.a)
    sign = lambda n: 255 if data[n] >> 7 else 0
    pick = lambda s: 255 if s >= 13 else 0 if s == 12 else sign(2 * (s - 8) + 1) if s >= 8 else data[s]
    return join4([pick(s) for s in bytes4(x.c)])


three("v_perm_b32", perm)
case("v_perm_b32 {d}, {a}, {b}, {c}", "u32 u32 u32 -> u32", perm, copies=4,
     values={"c": lambda lane, r: sum((r.next() % 14) << 8 * n for n in range(4))})
case("v_lshl_add_u64 {d}, {a}, {b}, {c}", "u64 u32 u64 -> u64", lambda x: (x.a << x.b) + x.c,
     values={"b": lambda lane, r: r.next() % 5})

# Carries: the mask goes through vcc and through a pair of scalar registers.
carry_in = "v_cmp_gt_i32 vcc, 0, {c}\n"
show = "\nv_cndmask_b32 v9, 0, 1, {m}"
low = lambda v, c: v & M | c << 32
case("v_mov_b32 v9, 0\nv_add_co_u32 v8, vcc, {a}, {b}" + show.format(m="vcc"), "u32 u32 -> u64",
     lambda x: low(x.a + x.b, x.a + x.b > M))
case("v_sub_co_u32 v8, s[30:31], {a}, {b}" + show.format(m="s[30:31]"), "u32 u32 -> u64", lambda x: low(x.a - x.b, x.a < x.b))
case("v_subrev_co_u32 v8, vcc, {a}, {b}" + show.format(m="vcc"), "u32 u32 -> u64", lambda x: low(x.b - x.a, x.b < x.a))
ci = lambda x: x.c >> 31
case(carry_in + "v_addc_co_u32 v8, vcc, {a}, {b}, vcc" + show.format(m="vcc"), "u32 u32 u32 -> u64",
     lambda x: low(x.a + x.b + ci(x), x.a + x.b + ci(x) > M))
case(carry_in + "v_subb_co_u32 v8, vcc, {a}, {b}, vcc" + show.format(m="vcc"), "u32 u32 u32 -> u64",
     lambda x: low(x.a - x.b - ci(x), x.a < x.b + ci(x)))
case(carry_in + "v_subbrev_co_u32 v8, s[30:31], {a}, {b}, vcc" + show.format(m="s[30:31]"), "u32 u32 u32 -> u64",
     lambda x: low(x.b - x.a - ci(x), x.b < x.a + ci(x)))
case(carry_in + "v_cndmask_b32 {d}, {a}, {b}, vcc", "u32 u32 u32 -> u32", lambda x: x.b if ci(x) else x.a)
case("v_cmp_gt_i32 s[30:31], 0, {c}\nv_cndmask_b32 {d}, {a}, {b}, s[30:31]", "u32 u32 u32 -> u32", lambda x: x.b if ci(x) else x.a)
case("v_mad_u64_u32 {d}, vcc, {a}, {b}, {c}", "u32 u32 u64 -> u64", lambda x: x.a * x.b + x.c)
case("v_mad_i64_i32 {d}, vcc, {a}, {b}, {c}", "u32 u32 u64 -> u64", lambda x: s32(x.a) * s32(x.b) + x.c)
case("v_mad_u64_u32 v[12:13], vcc, {a}, {b}, {c}\nv_cndmask_b32 {d}, 0, 1, vcc", "u32 u32 u64 -> u32", lambda x: x.a * x.b + x.c >> 64)

# 16 bits: VOP2 forms clear the upper half, the VOP3 ones of gfx9 keep it.
h = "u16 u16 -> u32"
two("v_add_u16", lambda x: x.a + x.b & 0xFFFF, h)
two("v_sub_u16", lambda x: x.a - x.b & 0xFFFF, h)
two("v_sub_i16", lambda x: x.a - x.b & 0xFFFF, h)
two("v_subrev_u16", lambda x: x.b - x.a & 0xFFFF, h)
two("v_mul_lo_u16", lambda x: x.a * x.b & 0xFFFF, h)
two("v_lshlrev_b16", lambda x: x.b << (x.a & 15) & 0xFFFF, h)
two("v_lshrrev_b16", lambda x: x.b >> (x.a & 15), h)
two("v_ashrrev_i16", lambda x: s16(x.b) >> (x.a & 15) & 0xFFFF, h)
two("v_max_u16", lambda x: max(x.a, x.b), h)
two("v_min_u16", lambda x: min(x.a, x.b), h)
two("v_max_i16", lambda x: max(s16(x.a), s16(x.b)) & 0xFFFF, h)
two("v_min_i16", lambda x: min(s16(x.a), s16(x.b)) & 0xFFFF, h)
keep = lambda x, r: x.d & 0xFFFF0000 | r & 0xFFFF
h3 = "u16 u16 u16 -> u32"
three("v_mad_u16", lambda x: keep(x, x.a * x.b + x.c), h3)
three("v_mad_i16", lambda x: keep(x, x.a * x.b + x.c), h3)
three("v_mad_legacy_u16", lambda x: x.a * x.b + x.c & 0xFFFF, h3)
three("v_mad_legacy_i16", lambda x: x.a * x.b + x.c & 0xFFFF, h3)
three("v_min3_u16", lambda x: keep(x, min(x.a, x.b, x.c)), h3)
three("v_max3_u16", lambda x: keep(x, max(x.a, x.b, x.c)), h3)
three("v_med3_u16", lambda x: keep(x, sorted([x.a, x.b, x.c])[1]), h3)
three("v_min3_i16", lambda x: keep(x, min(s16(x.a), s16(x.b), s16(x.c))), h3)
three("v_max3_i16", lambda x: keep(x, max(s16(x.a), s16(x.b), s16(x.c))), h3)
three("v_med3_i16", lambda x: keep(x, sorted([s16(x.a), s16(x.b), s16(x.c)])[1]), h3)
case("v_mad_u16 {d}, {a}, {b}, {c} op_sel:[1,0,1,1]", "u32 u32 u32 -> u32",
     lambda x: x.d & 0xFFFF | ((x.a >> 16) * (x.b & 0xFFFF) + (x.c >> 16) & 0xFFFF) << 16)

# gfx950
only = ["gfx950"]
for table in (0x00, 0x96, 0xE8, 0xCA, 0x35, 0xFF):
    def bitop(x, table=table):
        r = 0
        for bit in range(32):
            index = (x.a >> bit & 1) << 2 | (x.b >> bit & 1) << 1 | x.c >> bit & 1
            r |= (table >> index & 1) << bit
        return r
    case(f"v_bitop3_b32 {{d}}, {{a}}, {{b}}, {{c}} bitop3:{table:#x}", "u32 u32 u32 -> u32", bitop, chips=only)
    case(f"v_bitop3_b16 {{d}}, {{a}}, {{b}}, {{c}} bitop3:{table:#x}", "u32 u32 u32 -> u32",
         lambda x, bitop=bitop: keep(x, bitop(x)), chips=only)
sat8 = lambda v, lo, hi: clamp(v, lo, hi) & 255
three("v_ashr_pk_i8_i32", lambda x: keep(x, sat8(s32(x.a) >> (x.c & 31), -128, 127) | sat8(s32(x.b) >> (x.c & 31), -128, 127) << 8), chips=only)
three("v_ashr_pk_u8_i32", lambda x: keep(x, sat8(s32(x.a) >> (x.c & 31), 0, 255) | sat8(s32(x.b) >> (x.c & 31), 0, 255) << 8), chips=only)

# The clamp bit saturates.


def clamped(name, formula, types="u32 u32 -> u32", operands="{a}, {b}"):
    case(f"{name} {{d}}, {operands} clamp", types, formula)


clamped("v_add_u32", lambda x: min(x.a + x.b, M))
clamped("v_sub_u32", lambda x: max(x.a - x.b, 0))
clamped("v_subrev_u32", lambda x: max(x.b - x.a, 0))
clamped("v_add_i32", lambda x: sat32(s32(x.a) + s32(x.b)))
clamped("v_sub_i32", lambda x: sat32(s32(x.a) - s32(x.b)))
clamped("v_add_u16", lambda x: min(x.a + x.b, 0xFFFF), h)
clamped("v_sub_u16", lambda x: max(x.a - x.b, 0), h)
clamped("v_add_i16", lambda x: clamp(s16(x.a) + s16(x.b), -32768, 32767) & 0xFFFF, h)
clamped("v_mad_u32_u24", lambda x: min(u24(x.a) * u24(x.b) + x.c, M), "u32 u32 u32 -> u32", "{a}, {b}, {c}")
clamped("v_mad_i32_i24", lambda x: sat32(s24(x.a) * s24(x.b) + s32(x.c)), "u32 u32 u32 -> u32", "{a}, {b}, {c}")
clamped("v_sad_u32", lambda x: min(abs(x.a - x.b) + x.c, M), "u32 u32 u32 -> u32", "{a}, {b}, {c}")
