// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
.amdgcn_target "amdgcn-amd-amdhsa--gfx950"
.text
.globl k
.p2align 8
.type k,@function
k:
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  s_waitcnt lgkmcnt(0)
  v_readfirstlane_b32 s8, v0
  v_and_b32 v2, 63, v0
  v_lshlrev_b32 v2, 2, v2
  s_cmp_ge_u32 s8, 64
  s_cbranch_scc1 .Lr
  ds_write_b32 v2, v2
  s_waitcnt lgkmcnt(0)
  s_branch .Le
.Lr:
  ds_read_b32 v3, v2
  s_waitcnt lgkmcnt(0)
.Le:
  s_barrier

  s_endpgm
.Lend:
.size k,.Lend-k
.include "two_buffers.inc"
