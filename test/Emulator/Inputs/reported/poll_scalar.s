// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Waits for a word that nobody writes, by scalar loads.
.amdgcn_target "amdgcn-amd-amdhsa--gfx950"
.text
.globl k
.p2align 8
.type k,@function
k:
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  s_waitcnt lgkmcnt(0)
.Lagain:
.ifdef SLEEPS
  s_sleep 1
.endif
  s_load_dword s8, s[6:7], 0x0 glc
  s_waitcnt lgkmcnt(0)
  s_cmp_eq_u32 s8, 7
  s_cbranch_scc0 .Lagain
  s_endpgm
.Lend:
.size k,.Lend-k
.include "two_buffers.inc"
