# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Scalar arithmetic, bit operations, comparisons and branches. Sources are lane
0's values; the upper word of 32-bit results shows SCC."""
M, M64 = (1 << 32) - 1, (1 << 64) - 1
s32 = lambda v: num.signed(v, 32)
s64 = lambda v: num.signed(v, 64)
ones = lambda v: bin(v & M64).count("1")
COPIES = 24


def first(formula):
    def all_of(lanes):
        return [formula(lanes[0])] * 64
    return all_of


def two32(name, formula, types="u32 u32", scc=None):
    """32-bit result in the low word, SCC above it; without `scc`: result != 0."""
    def f(x):
        r = formula(x) & M
        c = int(r != 0) if scc is None else int(scc(x)) if scc != "keep" else 1
        return r | c << 32
    before = "s_cmp_eq_u32 s0, s0\n" if scc == "keep" else ""
    case(before + f"{name} s24, {{sa}}, {{sb}}\ns_cselect_b32 s25, 1, 0\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25",
         types + " -> u64", first(f), copies=COPIES, all_lanes=True)


def two64(name, formula, types="u64 u64"):
    case(f"{name} {{sd}}, {{sa}}, {{sb}}", types + " -> u64", first(formula), copies=COPIES, all_lanes=True)
    case(f"{name} s[28:29], {{sa}}, {{sb}}\ns_cselect_b32 s24, 1, 0\nv_mov_b32 {{d}}, s24", types + " -> u32",
         first(lambda x: int(formula(x) & M64 != 0)), copies=COPIES, all_lanes=True)


def one32(name, formula, scc=None, types="u32"):
    if scc:
        case(f"{name} s24, {{sa}}\ns_cselect_b32 s25, 1, 0\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25", types + " -> u64",
             first(lambda x: formula(x) & M | int(scc(x)) << 32), copies=COPIES, all_lanes=True)
    else:
        case(f"{name} s24, {{sa}}\nv_mov_b32 {{d}}, s24", types + " -> u32", first(formula), copies=COPIES, all_lanes=True)


def one64(name, formula):
    case(f"{name} {{sd}}, {{sa}}", "u64 -> u64", first(formula), copies=COPIES, all_lanes=True)


in_range = lambda v: -(1 << 31) <= v < 1 << 31
two32("s_add_u32", lambda x: x.a + x.b, scc=lambda x: x.a + x.b > M)
two32("s_sub_u32", lambda x: x.a - x.b, scc=lambda x: x.a < x.b)
two32("s_add_i32", lambda x: x.a + x.b, scc=lambda x: not in_range(s32(x.a) + s32(x.b)))
two32("s_sub_i32", lambda x: x.a - x.b, scc=lambda x: not in_range(s32(x.a) - s32(x.b)))
for carry in (0, 1):
    set_scc = f"s_cmp_eq_u32 s0, s{0 if carry else 26}\n"
    tail = "\ns_cselect_b32 s25, 1, 0\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25"
    setup = "s_not_b32 s26, s0\n"
    case(setup + set_scc + "s_addc_u32 s24, {sa}, {sb}" + tail, "u32 u32 -> u64",
         first(lambda x, c=carry: x.a + x.b + c & M | int(x.a + x.b + c > M) << 32), copies=COPIES, all_lanes=True)
    case(setup + set_scc + "s_subb_u32 s24, {sa}, {sb}" + tail, "u32 u32 -> u64",
         first(lambda x, c=carry: x.a - x.b - c & M | int(x.b + c > x.a) << 32), copies=COPIES, all_lanes=True)
    case(setup + set_scc + "s_cselect_b32 s24, {sa}, {sb}\nv_mov_b32 {d}, s24", "u32 u32 -> u32",
         first(lambda x, c=carry: x.a if c else x.b), copies=4, all_lanes=True)
    case(setup + set_scc + "s_cselect_b64 {sd}, {sa}, {sb}", "u64 u64 -> u64",
         first(lambda x, c=carry: x.a if c else x.b), copies=4, all_lanes=True)
    case(setup + set_scc + "s_cmov_b32 s24, {sa}\nv_mov_b32 {d}, s24", "u32 -> u32",
         first(lambda x, c=carry: x.a if c else x.D[0] & M), copies=4, all_lanes=True)
    case(setup + "s_mov_b32 s24, 9\n" + set_scc + "s_cmovk_i32 s24, -77\nv_mov_b32 {d}, s24", "u32 -> u32",
         first(lambda x, c=carry: -77 if c else 9), copies=2, all_lanes=True)
two32("s_min_i32", lambda x: min(s32(x.a), s32(x.b)), scc=lambda x: s32(x.a) < s32(x.b))
two32("s_max_i32", lambda x: max(s32(x.a), s32(x.b)), scc=lambda x: s32(x.a) > s32(x.b) or x.a == x.b)
two32("s_max_u32", lambda x: max(x.a, x.b), scc=lambda x: x.a >= x.b)
two32("s_min_u32", lambda x: min(x.a, x.b), scc=lambda x: x.a < x.b)
for name, f in (("and", lambda a, b: a & b), ("or", lambda a, b: a | b), ("xor", lambda a, b: a ^ b), ("andn2", lambda a, b: a & ~b),
                ("orn2", lambda a, b: a | ~b), ("nand", lambda a, b: ~(a & b)), ("nor", lambda a, b: ~(a | b)), ("xnor", lambda a, b: ~(a ^ b))):
    two32(f"s_{name}_b32", lambda x, f=f: f(x.a, x.b))
    two64(f"s_{name}_b64", lambda x, f=f: f(x.a, x.b))
two32("s_lshl_b32", lambda x: x.a << (x.b & 31))
two32("s_lshr_b32", lambda x: x.a >> (x.b & 31))
two32("s_ashr_i32", lambda x: s32(x.a) >> (x.b & 31))
two64("s_lshl_b64", lambda x: x.a << (x.b & 63), "u64 u32")
two64("s_lshr_b64", lambda x: x.a >> (x.b & 63), "u64 u32")
two64("s_ashr_i64", lambda x: s64(x.a) >> (x.b & 63), "u64 u32")
two32("s_bfm_b32", lambda x: ((1 << (x.a & 31)) - 1) << (x.b & 31), scc="keep")
case("s_bfm_b64 {sd}, {sa}, {sb}", "u32 u32 -> u64", first(lambda x: ((1 << (x.a & 63)) - 1) << (x.b & 63)), copies=COPIES, all_lanes=True)
two32("s_mul_i32", lambda x: x.a * x.b, scc="keep")
two32("s_mul_hi_u32", lambda x: x.a * x.b >> 32, scc="keep")
two32("s_mul_hi_i32", lambda x: s32(x.a) * s32(x.b) >> 32, scc="keep")
field = lambda v, s: v >> (s & 31) & ((1 << (s >> 16 & 0x7F)) - 1)
bfe = {"b": lambda lane, r: r.next() % 64 | (r.next() % 36) << 16}


def bfe_signed(v, s, bits, mask):
    width = s >> 16 & 0x7F
    if width == 0:
        return 0
    at = s & mask
    return num.signed(num.signed(v, bits) >> at, min(width, bits))


for name, types, f in (("s_bfe_u32", "u32 u32 -> u32", lambda x: x.a >> (x.b & 31) & ((1 << (x.b >> 16 & 0x7F)) - 1)),
                       ("s_bfe_i32", "u32 u32 -> u32", lambda x: bfe_signed(x.a, x.b, 32, 31)),
                       ("s_bfe_u64", "u64 u32 -> u64", lambda x: x.a >> (x.b & 63) & ((1 << (x.b >> 16 & 0x7F)) - 1)),
                       ("s_bfe_i64", "u64 u32 -> u64", lambda x: bfe_signed(x.a, x.b, 64, 63))):
    out = "s24" if types.endswith("32") else "{sd}"
    case(f"{name} {out}, {{sa}}, {{sb}}" + ("\nv_mov_b32 {d}, s24" if out == "s24" else ""), types, first(f), copies=COPIES, all_lanes=True, values=bfe)
two32("s_absdiff_i32", lambda x: abs(s32(x.a - x.b)))
for n in range(1, 5):
    two32(f"s_lshl{n}_add_u32", lambda x, n=n: (x.a << n) + x.b, scc=lambda x, n=n: (x.a << n) + x.b > M)
for name, f in (("ll", lambda a, b: a & 0xFFFF | b << 16), ("lh", lambda a, b: a & 0xFFFF | b >> 16 << 16), ("hh", lambda a, b: a >> 16 | b >> 16 << 16)):
    two32(f"s_pack_{name}_b32_b16", lambda x, f=f: f(x.a, x.b), scc="keep")

one32("s_mov_b32", lambda x: x.a)
one64("s_mov_b64", lambda x: x.a)
one32("s_not_b32", lambda x: ~x.a, lambda x: x.a != M)
one64("s_not_b64", lambda x: ~x.a)
one32("s_brev_b32", lambda x: int(f"{x.a:032b}"[::-1], 2))
one64("s_brev_b64", lambda x: int(f"{x.a:064b}"[::-1], 2))
one32("s_bcnt0_i32_b32", lambda x: 32 - ones(x.a), lambda x: x.a != M)
one32("s_bcnt1_i32_b32", lambda x: ones(x.a), lambda x: x.a != 0)
one32("s_bcnt1_i32_b64", lambda x: ones(x.a), lambda x: x.a != 0, "u64")
one32("s_bcnt0_i32_b64", lambda x: 64 - ones(x.a), lambda x: x.a != M64, "u64")
low_bit = lambda v: (v & -v).bit_length() - 1 if v else M
one32("s_ff1_i32_b32", lambda x: low_bit(x.a))
one32("s_ff1_i32_b64", lambda x: low_bit(x.a), types="u64")
one32("s_ff0_i32_b32", lambda x: low_bit(~x.a & M))
one32("s_ff0_i32_b64", lambda x: low_bit(~x.a & M64), types="u64")
one32("s_flbit_i32_b32", lambda x: 32 - x.a.bit_length() if x.a else M)
one32("s_flbit_i32_b64", lambda x: 64 - x.a.bit_length() if x.a else M, types="u64")
one32("s_flbit_i32", lambda x: M if x.a in (0, M) else 32 - (x.a if s32(x.a) >= 0 else ~x.a & M).bit_length())
one32("s_flbit_i32_i64", lambda x: M if x.a in (0, M64) else 64 - (x.a if s64(x.a) >= 0 else ~x.a & M64).bit_length(), types="u64")
one32("s_sext_i32_i8", lambda x: num.signed(x.a, 8))
one32("s_sext_i32_i16", lambda x: num.signed(x.a, 16))
one32("s_abs_i32", lambda x: abs(s32(x.a)), lambda x: x.a != 0)
one64("s_wqm_b64", lambda x: sum((15 << 4 * q) for q in range(16) if x.a >> 4 * q & 15))
one32("s_wqm_b32", lambda x: sum((15 << 4 * q) for q in range(8) if x.a >> 4 * q & 15))
one64("s_quadmask_b64", lambda x: sum((1 << q) for q in range(16) if x.a >> 4 * q & 15))
one32("s_quadmask_b32", lambda x: sum((1 << q) for q in range(8) if x.a >> 4 * q & 15))
case("s_bitreplicate_b64_b32 {sd}, {sa}", "u32 -> u64", first(lambda x: sum(3 << 2 * n for n in range(32) if x.a >> n & 1)), copies=8, all_lanes=True)
for v in (0, 1):
    change = lambda d, at, v: d | 1 << at if v else d & ~(1 << at)
    case(f"s_bitset{v}_b32 s24, {{sa}}\nv_mov_b32 {{d}}, s24", "u32 -> u32", first(lambda x, v=v: change(x.D[0], x.a & 31, v)), copies=8, all_lanes=True)
    case(f"s_bitset{v}_b64 {{sd}}, {{sa}}", "u32 -> u64", first(lambda x, v=v: change(x.D[0], x.a & 63, v)), copies=8, all_lanes=True)

flag = "\ns_cselect_b32 s24, 1, 0\nv_mov_b32 {d}, s24"
CONDITIONS = {"eq": lambda a, b: a == b, "lg": lambda a, b: a != b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
              "lt": lambda a, b: a < b, "le": lambda a, b: a <= b}
for name, f in CONDITIONS.items():
    case(f"s_cmp_{name}_i32 {{sa}}, {{sb}}" + flag, "u32 u32 -> u32", first(lambda x, f=f: int(f(s32(x.a), s32(x.b)))), copies=COPIES, all_lanes=True)
    case(f"s_cmp_{name}_u32 {{sa}}, {{sb}}" + flag, "u32 u32 -> u32", first(lambda x, f=f: int(f(x.a, x.b))), copies=COPIES, all_lanes=True)
    case(f"s_cmpk_{name}_i32 {{sa}}, -300" + flag, "u32 -> u32", first(lambda x, f=f: int(f(s32(x.a), -300))), copies=COPIES, all_lanes=True)
    case(f"s_cmpk_{name}_u32 {{sa}}, 0xff00" + flag, "u32 -> u32", first(lambda x, f=f: int(f(x.a, 0xFF00))), copies=COPIES, all_lanes=True)
for name in ("eq", "lg"):
    case(f"s_cmp_{name}_u64 {{sa}}, {{sb}}" + flag, "u64 u64 -> u32", first(lambda x, f=CONDITIONS[name]: int(f(x.a, x.b))), copies=COPIES, all_lanes=True)
    case(f"s_cmp_{name}_u64 {{sa}}, {{sa}}" + flag, "u64 -> u32", first(lambda x, n=name: int(n == "eq")), copies=2, all_lanes=True)
for n in (0, 1):
    case(f"s_bitcmp{n}_b32 {{sa}}, {{sb}}" + flag, "u32 u32 -> u32", first(lambda x, n=n: int((x.a >> (x.b & 31) & 1) == n)), copies=8, all_lanes=True)
    case(f"s_bitcmp{n}_b64 {{sa}}, {{sb}}" + flag, "u64 u32 -> u32", first(lambda x, n=n: int((x.a >> (x.b & 63) & 1) == n)), copies=8, all_lanes=True)
case("s_movk_i32 s24, -1234\nv_mov_b32 {d}, s24", "u32 -> u32", lambda x: -1234, copies=1)
case("s_mov_b32 s24, {sa}\ns_addk_i32 s24, -5\ns_cselect_b32 s25, 1, 0\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25", "u32 -> u64",
     first(lambda x: x.a - 5 & M | int(not in_range(s32(x.a) - 5)) << 32), copies=COPIES, all_lanes=True)
case("s_mov_b32 s24, {sa}\ns_mulk_i32 s24, -300\nv_mov_b32 {d}, s24", "u32 -> u32", first(lambda x: x.a * -300), copies=8, all_lanes=True)

# EXEC masks saved and combined.
for name, f in (("and", lambda s, e: s & e), ("or", lambda s, e: s | e), ("xor", lambda s, e: s ^ e), ("andn2", lambda s, e: s & ~e),
                ("orn2", lambda s, e: s | ~e), ("andn1", lambda s, e: ~s & e), ("orn1", lambda s, e: ~s | e), ("nand", lambda s, e: ~(s & e)),
                ("nor", lambda s, e: ~(s | e)), ("xnor", lambda s, e: ~(s ^ e))):
    case(f"s_mov_b64 exec, {{sb}}\ns_{name}_saveexec_b64 s[28:29], {{sa}}\ns_mov_b64 s[24:25], exec\ns_mov_b64 exec, -1\n"
         "v_mov_b32 v8, s24\nv_mov_b32 v9, s25", "u64 u64 -> u64", first(lambda x, f=f: f(x.a, x.b)), copies=4, all_lanes=True)
    case(f"s_mov_b64 exec, {{sb}}\ns_{name}_saveexec_b64 s[28:29], {{sa}}\ns_mov_b64 exec, -1\nv_mov_b32 v8, s28\nv_mov_b32 v9, s29",
         "u64 u64 -> u64", first(lambda x: x.b), copies=2, all_lanes=True)

# Branches, taken and not taken: the result says which way it went.
for branch, test, taken in (
        ("scc1", "s_cmp_gt_u32 {sa}, {sb}", lambda x: x.a > x.b), ("scc0", "s_cmp_gt_u32 {sa}, {sb}", lambda x: x.a <= x.b),
        ("vccz", "s_and_b32 vcc_lo, {sa}, 1\ns_mov_b32 vcc_hi, 0", lambda x: not x.a & 1),
        ("vccnz", "s_and_b32 vcc_lo, {sa}, 1\ns_mov_b32 vcc_hi, 0", lambda x: x.a & 1),
        ("execz", "s_and_b32 exec_lo, {sa}, 1\ns_mov_b32 exec_hi, 0", lambda x: not x.a & 1),
        ("execnz", "s_and_b32 exec_lo, {sa}, 1\ns_mov_b32 exec_hi, 0", lambda x: x.a & 1)):
    # A branch skips the wait before the move, and the move: two words.
    case(f"{test}\ns_movk_i32 s24, 1\ns_cbranch_{branch} 2\ns_movk_i32 s24, 2\ns_mov_b64 exec, -1\nv_mov_b32 {{d}}, s24",
         "u32 u32 -> u32", first(lambda x, t=taken: 1 if t(x) else 2), copies=8, all_lanes=True)
# A loop that counts down, by a backward branch over its three words.
case("s_movk_i32 s24, 0\ns_and_b32 s28, {sa}, 15\ns_add_i32 s28, s28, 1\ns_add_u32 s24, s24, s28\ns_sub_u32 s28, s28, 1\n"
     "s_cmp_lg_u32 s28, 0\ns_cbranch_scc1 65529\nv_mov_b32 {d}, s24", "u32 -> u32",
     first(lambda x: sum(range((x.a & 15) + 2))), copies=8, all_lanes=True)
# Call and return: the subroutine adds one.
case("s_mov_b32 s24, {sa}\ns_getpc_b64 s[28:29]\ns_add_u32 s28, s28, 36\ns_addc_u32 s29, s29, 0\ns_swappc_b64 s[30:31], s[28:29]\n"
     "s_branch 4\ns_add_u32 s24, s24, 1\ns_setpc_b64 s[30:31]\nv_mov_b32 {d}, s24", "u32 -> u32", first(lambda x: x.a + 1), copies=4, all_lanes=True)
