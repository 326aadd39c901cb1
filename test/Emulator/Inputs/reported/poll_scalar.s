// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Waits for a word that nobody writes, by scalar loads.
.include "kernel_start.inc"
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
