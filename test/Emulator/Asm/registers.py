# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Relative registers (M0), vector register indexing, hardware registers, forks of
control flow, calls."""
M = (1 << 32) - 1


def first(formula):
    return lambda lanes: [formula(lanes[0])] * 64


# Relative scalar moves: M0 is added to the register number.
fill = "".join(f"s_mov_b32 s{40 + n}, {1000 + n}\n" for n in range(8))
show = "\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25"
index = "s_and_b32 s30, {sa}, 6\ns_mov_b32 m0, s30\ns_nop 0\n"
case(fill + index + "s_movrels_b32 s24, s40\nv_mov_b32 {d}, s24", "u32 -> u32", first(lambda x: 1000 + (x.a & 6)), copies=4, all_lanes=True)
case(fill + index + "s_movrels_b64 s[24:25], s[40:41]" + show, "u32 -> u64", first(lambda x: 1000 + (x.a & 6) | 1001 + (x.a & 6) << 32), copies=4, all_lanes=True)
case(fill + index + "s_movreld_b32 s40, 7\ns_add_u32 s24, s40, s42\ns_add_u32 s25, s44, s46" + show, "u32 -> u64",
     first(lambda x: (lambda r: r[0] + r[2] | r[4] + r[6] << 32)([7 if n == x.a & 6 else 1000 + n for n in range(8)])), copies=4, all_lanes=True)
case(fill + index + "s_movreld_b64 s[40:41], 7\ns_add_u32 s24, s40, s42\ns_add_u32 s25, s41, s47" + show, "u32 -> u64",
     first(lambda x: (lambda r: r[0] + r[2] | r[1] + r[7] << 32)(
         [7 if n == x.a & 6 else 0 if n == (x.a & 6) + 1 else 1000 + n for n in range(8)])), copies=4, all_lanes=True)

# Vector instructions between the two do not happen where the bit was set.
case("v_mov_b32 {d}, 1\ns_and_b32 s30, {sa}, 1\ns_setvskip s30, 0\nv_mov_b32 {d}, 2\ns_setvskip s30, 1", "u32 -> u32",
     lambda x: 1 if x.A[0] & 1 else 2, copies=4)

# Vector register indexing. v40..v47 hold lane + 100 * n.
rows = "".join(f"v_add_u32 v{40 + n}, {100 * n}, v0\n" for n in range(8))
pick = "s_and_b32 s30, {sa}, 7\n"
case(rows + pick + "s_set_gpr_idx_on s30, gpr_idx(SRC0)\nv_mov_b32 {d}, v40\ns_set_gpr_idx_off", "u32 -> u32",
     lambda x: x.lane + 100 * (x.A[0] & 7), copies=4)
case(rows + pick + "s_set_gpr_idx_on s30, gpr_idx(SRC1)\nv_sub_u32 {d}, v40, v40\ns_set_gpr_idx_off", "u32 -> u32",
     lambda x: -100 * (x.A[0] & 7), copies=2)
case(rows + pick + "s_set_gpr_idx_on s30, gpr_idx(SRC2)\nv_add3_u32 {d}, v41, v42, v40\ns_set_gpr_idx_off", "u32 -> u32",
     lambda x: 3 * x.lane + 300 + 100 * (x.A[0] & 7), copies=2)
case(rows + pick + "s_set_gpr_idx_on s30, gpr_idx(DST)\nv_mov_b32 v40, 5\ns_set_gpr_idx_off\nv_add_u32 v8, v40, v43\nv_add_u32 v9, v45, v47", "u32 -> u64",
     lambda x: (lambda r: r[0] + r[3] | r[5] + r[7] << 32)([5 if n == x.A[0] & 7 else x.lane + 100 * n for n in range(8)]), copies=4)
# Scalar instructions and a new index in between; only active lanes are written.
case(rows + pick + "s_set_gpr_idx_on s30, gpr_idx(SRC0,DST)\nv_mov_b32 v48, v40\ns_add_u32 s31, s30, 1\ns_and_b32 s31, s31, 7\ns_set_gpr_idx_idx s31\n"
     "v_mov_b32 v48, v40\ns_set_gpr_idx_off\nv_mov_b32 v56, v48\n" + pick + "s_set_gpr_idx_on s30, gpr_idx(SRC0)\nv_mov_b32 v8, v48\ns_set_gpr_idx_off\n"
     "s_set_gpr_idx_on s31, gpr_idx(SRC0)\nv_mov_b32 v9, v48\ns_set_gpr_idx_off", "u32 -> u64",
     lambda x: (lambda n, m: x.lane + 100 * n | x.lane + 100 * m << 32)(x.A[0] & 7, (x.A[0] & 7) + 1 & 7), copies=4)
case(rows + pick + "s_set_gpr_idx_on s30, gpr_idx(DST)\ns_set_gpr_idx_mode gpr_idx(SRC0)\nv_mov_b32 {d}, v40\ns_set_gpr_idx_off", "u32 -> u32",
     lambda x: x.lane + 100 * (x.A[0] & 7), copies=2)
case(rows + "s_and_b32 s30, {sa}, 6\ns_set_gpr_idx_on s30, gpr_idx(SRC0)\nv_mov_b64 {d}, v[40:41]\ns_set_gpr_idx_off", "u32 -> u64",
     lambda x: x.lane + 100 * (x.A[0] & 6) | x.lane + 100 * (x.A[0] & 6) + 100 << 32, copies=2)
case(rows + pick + "s_mov_b64 exec, 0xff00\ns_set_gpr_idx_on s30, gpr_idx(SRC0)\nv_mov_b32 {d}, v40\ns_set_gpr_idx_off\ns_mov_b64 exec, -1", "u32 -> u32",
     lambda x: x.lane + 100 * (x.A[0] & 7) if 8 <= x.lane < 16 else x.d)
# M0 keeps its other bits.
case("s_mov_b32 m0, 0x00120f00\ns_set_gpr_idx_on 3, gpr_idx(SRC0,DST)\ns_set_gpr_idx_off\nv_mov_b32 {d}, m0", "u32 -> u32", lambda x: 0x00129F03)
case("s_mov_b32 m0, 0x00120f00\ns_set_gpr_idx_idx 9\nv_mov_b32 {d}, m0", "u32 -> u32", lambda x: 0x00120F09)
case("s_mov_b32 m0, 0x00120f00\ns_set_gpr_idx_mode gpr_idx(SRC1,SRC2)\nv_mov_b32 {d}, m0", "u32 -> u32", lambda x: 0x00126F00)

# Hardware registers: fields of MODE and STATUS.
MODE = 0x3F0  # the frame's: denormals kept, DX10_CLAMP and IEEE on
case("s_getreg_b32 s24, hwreg(HW_REG_MODE)\nv_mov_b32 {d}, s24", "u32 -> u32", lambda x: MODE)
case("s_getreg_b32 s24, hwreg(HW_REG_MODE, 4, 5)\nv_mov_b32 {d}, s24", "u32 -> u32", lambda x: MODE >> 4 & 31)
case("s_mov_b32 s30, {sa}\ns_setreg_b32 hwreg(HW_REG_MODE, 0, 4), s30\ns_getreg_b32 s24, hwreg(HW_REG_MODE)\ns_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 0\n"
     "v_mov_b32 {d}, s24", "u32 -> u32", first(lambda x: MODE | x.a & 15), copies=4, all_lanes=True)
case("s_cmp_gt_u32 {sa}, {sb}\ns_getreg_b32 s24, hwreg(HW_REG_STATUS, 0, 1)\nv_mov_b32 {d}, s24", "u32 u32 -> u32", first(lambda x: int(x.a > x.b)), copies=4, all_lanes=True)
case("s_mov_b64 vcc, 0\ns_getreg_b32 s24, hwreg(HW_REG_STATUS, 9, 2)\nv_mov_b32 {d}, s24", "u32 -> u32", lambda x: 2)
case("s_getreg_b32 s24, hwreg(HW_REG_XCC_ID)\ns_getreg_b32 s25, hwreg(HW_REG_HW_ID)" + show, "u32 -> u64", lambda x: 0)

# Masks written back and into EXEC.
case("s_mov_b64 exec, {sb}\ns_andn1_wrexec_b64 s[24:25], {sa}\ns_mov_b64 s[26:27], exec\ns_mov_b64 exec, -1\nv_mov_b32 v8, s24\nv_mov_b32 v9, s27", "u64 u64 -> u64",
     first(lambda x: (lambda v: v & M | v >> 32 << 32)(~x.a & x.b & (1 << 64) - 1)), copies=4, all_lanes=True)
case("s_mov_b64 exec, {sb}\ns_andn2_wrexec_b64 s[24:25], {sa}\ns_mov_b64 s[26:27], exec\ns_mov_b64 exec, -1\nv_mov_b32 v8, s26\nv_mov_b32 v9, s25", "u64 u64 -> u64",
     first(lambda x: x.a & ~x.b & (1 << 64) - 1), copies=4, all_lanes=True)
for taken in (0, 1):
    case(f"s_cmp_{'eq' if taken else 'lg'}_u32 s0, s0\ns_cmov_b64 {{sd}}, {{sa}}", "u64 -> u64",
         first(lambda x, t=taken: x.a if t else x.d), copies=2, all_lanes=True)
# A call to the instruction after the next branch, and back.
case("s_mov_b32 s24, {sa}\ns_call_b64 s[30:31], 2\ns_branch 4\ns_add_u32 s24, s24, 1\ns_setpc_b64 s[30:31]\nv_mov_b32 {d}, s24", "u32 -> u32",
     first(lambda x: x.a + 1), copies=4, all_lanes=True)
# A fork: lanes of the mask go to the label and add 16 first or last, the others
# add 1; both meet at the join. Each line is preceded by an s_nop word.
fork = ("s_mov_b32 s50, 0\ns_mov_b64 s[52:53], {sa}\nv_mov_b32 v8, 3\n{head}\nv_add_u32 v8, 1, v8\ns_branch 2\nv_add_u32 v8, 16, v8\ns_cbranch_join s50\ns_mov_b64 exec, -1\nv_add_u32 v8, 32, v8")
case(fork.replace("{head}", "s_cbranch_i_fork s[52:53], 4"), "u64 -> u32", lambda x: 35 + (16 if x.A[0] >> x.lane & 1 else 1), copies=6)
target = "s_getpc_b64 s[54:55]\ns_add_u32 s54, s54, 44\ns_addc_u32 s55, s55, 0\ns_cbranch_g_fork s[52:53], s[54:55]"
case(fork.replace("{head}", target), "u64 -> u32", lambda x: 35 + (16 if x.A[0] >> x.lane & 1 else 1), copies=6)
for mask, add in ((0, 1), (-1, 16)):
    case(fork.replace("{head}", "s_cbranch_i_fork s[52:53], 4").replace("{sa}", str(mask)), "u64 -> u32", lambda x, a=add: 35 + a, copies=1)
case("v_mov_b32 {d}, 1\ns_cbranch_cdbgsys 2\nv_mov_b32 {d}, 2", "u32 -> u32", lambda x: 2)
