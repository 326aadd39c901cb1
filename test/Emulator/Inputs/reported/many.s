// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
.amdgcn_target "amdgcn-amd-amdhsa--gfx950"
.text
.globl k
.p2align 8
.type k,@function
k:
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  s_waitcnt lgkmcnt(0)
  v_lshlrev_b32 v1, 2, v0
  v_add_u32 v2, v8, v9
  v_add_u32 v2, v10, v11
  s_mov_b32 m0, 0
  global_load_lds_dword v1, s[4:5]
  s_mov_b32 m0, 256
  global_load_lds_dword v1, s[4:5]
  s_waitcnt vmcnt(0)

  s_endpgm
.Lend:
.size k,.Lend-k
.include "two_buffers.inc"
