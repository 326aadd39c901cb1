// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One workgroup counts by an atomic, the other sets the counter.
.amdgcn_target "amdgcn-amd-amdhsa--gfx950"
.text
.globl k
.p2align 8
.type k,@function
k:
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  s_waitcnt lgkmcnt(0)
  v_mov_b32 v1, 0
  v_mov_b32 v2, 7
  v_mov_b32 v4, 1
  s_cmp_eq_u32 s2, 0
  s_cbranch_scc0 .Lsecond
  global_atomic_add v1, v2, s[6:7]
  s_waitcnt vmcnt(0)
  s_endpgm
.Lsecond:
.ifdef TAKES_PART
  global_atomic_add v3, v1, v2, s[4:5] sc0
  s_waitcnt vmcnt(0)
.endif
.ifdef LOOKS
  global_load_dword v3, v1, s[6:7] sc1
  s_waitcnt vmcnt(0)
.endif
  global_store_dword v1, v4, s[6:7]
  s_endpgm
.Lend:
.size k,.Lend-k
.include "two_buffers.inc"
