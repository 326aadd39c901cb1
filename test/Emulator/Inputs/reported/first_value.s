// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One thread sets a counter, in LDS or in memory, that both waves then add to:
// with BARRIER behind a barrier. With APART the first wave does not add; with READS
// each reads the sum, with LATER too only the second.
.include "kernel_start.inc"
  v_mov_b32 v1, 0
  v_mov_b32 v2, 7
  v_mov_b32 v4, 1
  v_readfirstlane_b32 s8, v0
  v_cmp_eq_u32 vcc, 0, v0
  s_and_saveexec_b64 s[10:11], vcc
.ifdef LDS
  ds_write_b32 v1, v2
.else
  global_store_dword v1, v2, s[6:7]
.endif
  s_mov_b64 exec, s[10:11]
  s_waitcnt vmcnt(0) lgkmcnt(0)
.ifdef BARRIER
  s_barrier
.endif
.ifdef APART
  s_cmp_eq_u32 s8, 0
  s_cbranch_scc1 .Ldone
.endif
.ifdef LDS
  ds_add_u32 v1, v4
.else
  global_atomic_add v1, v4, s[6:7]
.endif
.ifdef LATER
  s_cmp_eq_u32 s8, 0
  s_cbranch_scc1 .Ldone
.endif
.ifdef READS
  s_waitcnt vmcnt(0) lgkmcnt(0)
  ds_read_b32 v3, v1
  v_lshlrev_b32 v0, 2, v0
  s_waitcnt lgkmcnt(0)
  global_store_dword v0, v3, s[4:5]
.endif
  s_waitcnt vmcnt(0) lgkmcnt(0)
.Ldone:
  s_endpgm
.Lend:
.size k,.Lend-k
.include "two_buffers.inc"
