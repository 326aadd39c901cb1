# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# d16_pair.s with other uses of D16 loads: `good` ones read the half that was
# loaded, `bad` ones the other.
import sys

GOOD = """
v_lshlrev_b32 v12, 16, v8
v_add_f16 v12, v8, v8
v_lshrrev_b32 v12, 16, v9
v_and_b32 v12, 0xff00, v10
v_mov_b32 v13, v11
v_add_f16 v12, v13, v13
v_add_f16_sdwa v12, v9, v9 dst_sel:DWORD src0_sel:WORD_1 src1_sel:WORD_1
s_mov_b32 s8, 0x05040100
v_perm_b32 v12, v8, v10, s8
ds_write_b16 v1, v8
ds_write_b16_d16_hi v1, v9
v_mov_b32 v14, 0
"""
BAD = """
v_lshrrev_b32 v12, 16, v8
v_add_f16 v12, v9, v9
v_and_b32 v12, 0xff0000, v10
v_mov_b32 v13, v11
v_add_u32 v12, v13, v13
v_mov_b32 v14, 0
"""
LOADS = """
global_load_short_d16 v8, v1, s[4:5]
global_load_short_d16_hi v9, v1, s[4:5]
global_load_short_d16 v10, v1, s[4:5]
global_load_short_d16 v11, v1, s[4:5]
s_waitcnt vmcnt(0)
"""
text = open("d16_pair.s").read().replace("fixed_size 0", "fixed_size 1024")
begin = text.index("\tglobal_load_short_d16 v8")
end = text.index("\tglobal_store_dword")
uses = {"good": GOOD, "bad": BAD}[sys.argv[1]]
print(text[:begin] + LOADS + uses + text[end:].replace("v1, v8", "v1, v14", 1))
