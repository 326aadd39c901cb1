// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two waves that do one thing wrong, by the symbol that is defined.
.amdgcn_target "amdgcn-amd-amdhsa--gfx950"
.text
.globl k
.p2align 8
.type k,@function
k:
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  v_and_b32 v0, 0x3ff, v0
  v_lshrrev_b32 v1, 6, v0
  s_nop 1
  v_readfirstlane_b32 s3, v1
  s_waitcnt lgkmcnt(0)
  v_mov_b32 v1, 0
  v_lshlrev_b32 v2, 2, v0
.ifdef TWO_READERS
  v_mov_b32 v3, 5
  ds_write_b32 v2, v3
  s_waitcnt lgkmcnt(0)
  s_barrier
  ds_read_b32 v3, v1
  s_cmp_eq_u32 s3, 0
  s_cbranch_scc1 .Lend
  s_waitcnt lgkmcnt(0)
  ds_write_b32 v1, v3
.endif
.ifdef SAME_TARGET
  s_mov_b32 m0, 0
  s_cmp_eq_u32 s3, 0
  s_cbranch_scc1 .Lfirst
  global_load_lds_dword v1, s[4:5]
.Lfirst:
  s_barrier
  s_cmp_eq_u32 s3, 0
  s_cbranch_scc0 .Lend
  global_load_lds_dword v1, s[4:5]
.endif
.ifdef OVER_READ
  s_mov_b32 m0, 0
  s_cmp_eq_u32 s3, 0
  s_cbranch_scc0 .Lend
  v_mov_b32 v3, 5
  ds_write_b32 v2, v3
  s_waitcnt lgkmcnt(0)
  ds_read_u8 v3, v1 offset:1
  global_load_lds_dword v1, s[4:5]
.endif
.ifdef ACROSS_QUADS
  v_mov_b32 v4, 5
  v_mov_b32 v5, 5
  v_mov_b32 v6, 5
  v_mov_b32 v7, 5
  s_cmp_eq_u32 s3, 0
  s_cbranch_scc0 .Lread
  ds_write_b128 v1, v[4:7] offset:8
  s_branch .Lend
.Lread:
  ds_read_b32 v3, v1 offset:20
  s_waitcnt lgkmcnt(0)
  global_store_dword v2, v3, s[6:7]
.endif
.ifdef DEAD_READ
  s_cmp_eq_u32 s3, 0
  s_cbranch_scc0 .Lwrite
  ds_write_b32 v1, v2
  s_waitcnt lgkmcnt(0)
  s_barrier
  ds_read_b32 v31, v1
  s_branch .Lend
.Lwrite:
  s_barrier
  ds_write_b32 v1, v2
.endif
.ifdef OWN_ADDRESS
  global_load_dword v2, v1, s[4:5]
  global_load_dword v2, v2, s[4:5]
.endif
.ifdef LANES_OFF
  s_mov_b64 exec, 0
  s_load_dword s8, s[4:5], 0x0
  s_add_u32 s9, s8, 1
.endif
.ifdef FLAT
  v_mov_b32 v4, s4
  v_mov_b32 v5, s5
  flat_load_dword v6, v[4:5]
  global_load_dword v7, v1, s[4:5]
  s_waitcnt vmcnt(1) lgkmcnt(0)
  v_add_u32 v8, 1, v6
.endif
.ifdef SHIFT
  s_and_b32 s10, s20, 7
  s_lshl_b32 s9, 1, s10
.endif
.ifdef WIDE_SHIFT
  v_mov_b32 v8, v1
  v_lshlrev_b64 v[10:11], 2, v[8:9]
  v_add_u32 v12, v1, v[10 + WIDE_SHIFT]
.endif
.ifdef SELECT
  s_mov_b32 s10, 0x55555555
  s_mov_b32 s11, s10
  s_mov_b32 s12, SELECT
  s_mov_b32 s13, s12
  s_mov_b64 exec, s[10:11]
  v_mov_b32 v8, v1
  s_mov_b64 exec, -1
  v_cndmask_b32 v9, v1, v8, s[12:13]
  v_cndmask_b32 v10, v9, v1, s[10:11]
  v_add_u32 v11, 1, v9
.endif
.ifdef SELECT_DPP
  s_mov_b32 s10, 0xfffffff7
  s_mov_b32 s11, -1
  s_mov_b64 exec, s[10:11]
  v_mov_b32 v8, v1
  s_mov_b64 exec, -1
  s_mov_b64 vcc, 0
  s_nop 4
  v_cndmask_b32_dpp v9, v8, v1, vcc row_shr:1 row_mask:0xf bank_mask:0xf bound_ctrl:0
  s_lshl_b32 s12, 1, SELECT_DPP
  s_mov_b32 s13, 0
  s_mov_b64 exec, s[12:13]
  v_add_u32 v11, 1, v9
  s_mov_b64 exec, -1
.endif
.ifdef LANE_TO_EXEC
  v_readlane_b32 exec_lo, v8, 3
.endif
.ifdef LANE
  s_mov_b32 s10, 7
  v_writelane_b32 v8, s10, 3
  s_nop 1
  v_readlane_b32 s11, v8, LANE
  s_nop 4
  s_add_u32 s12, s11, 1
.endif
.ifdef MASK
  s_mov_b32 s10, 0x55555555
  s_mov_b32 s11, s10
  s_mov_b64 exec, s[10:11]
  s_nop 4
  v_mov_b32_dpp v3, v2 quad_perm:[1,0,3,2] row_mask:0xf bank_mask:0xf bound_ctrl:0
  v_cmp_eq_u32 vcc, v3, v1
  s_and_saveexec_b64 s[12:13], vcc
.endif
.ifdef NEVER_STARTED
  v_xor_b32 v3, 0x80, v2
  ds_bpermute_b32 v3, v3, v2
  s_waitcnt lgkmcnt(0)
  global_store_dword v2, v3, s[6:7]
.endif
.Lend:
  s_waitcnt vmcnt(0) lgkmcnt(0)
  s_endpgm
.Lsize:
.size k,.Lsize-k
.include "two_buffers.inc"
