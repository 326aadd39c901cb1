# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# d16_pair.s with 1024 bytes of LDS: lanes 32 and up write and read at the
# address given.
import sys

USES = """
v_mov_b32 v5, 5
v_mov_b32 v6, ADDRESS
v_cmp_gt_u32 vcc, 32, v0
v_cndmask_b32 v6, v6, v1, vcc
ds_write_b32 v6, v5
s_waitcnt lgkmcnt(0)
ds_read_b32 v8, v6
s_waitcnt lgkmcnt(0)
"""
text = open("d16_pair.s").read().replace("fixed_size 0", "fixed_size 1024").replace("fixed_size: 0", "fixed_size: 1024", 1)
begin = text.index("\tglobal_load_short_d16 v8")
end = text.index("\tglobal_store_dword")
print(text[:begin] + USES.replace("ADDRESS", sys.argv[1]) + text[end:])
