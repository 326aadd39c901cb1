// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of pairs whose second half was never written; nobody wants that half,
// with WANTED somebody does.
.include "kernel_start.inc"
  v_lshlrev_b32 v1, 2, v0
  v_mov_b32 v2, 1.0
  s_mov_b32 s8, 2.0
.ifdef SCALAR
  v_pk_add_f32 v[6:7], s[8:9], s[8:9]
.else
  v_pk_add_f32 v[6:7], v[2:3], v[2:3]
.endif
.ifdef CROSSED
  // The upper half of the result takes the lower ones, the lower the upper ones.
  v_pk_mul_f32 v[6:7], v[2:3], v[2:3] op_sel:[1,1] op_sel_hi:[0,0]
  v_mov_b32 v6, v7
.endif
.ifdef MOVED
  v_pk_mov_b32 v[6:7], v[2:3], v[2:3] op_sel:[0,1]
.endif
.ifdef WANTED
  global_store_dword v1, v7, s[4:5]
.else
  global_store_dword v1, v6, s[4:5]
.endif
  s_endpgm
.Lend:
.size k,.Lend-k
.include "two_buffers.inc"
