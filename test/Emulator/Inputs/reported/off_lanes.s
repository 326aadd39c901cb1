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
  v_mov_b32 v2, 7
  v_add_u32 v3, 0x80, v1
  s_mov_b64 vcc, 0
  s_mov_b32 exec_hi, 0
  ; not used: a select takes the other value
  ds_bpermute_b32 v4, v3, v2
  s_waitcnt lgkmcnt(0)
  v_max_u32 v4, v4, v2
  v_cndmask_b32 v5, v2, v4, vcc
  global_store_dword v1, v5, s[4:5]
  ; overwritten before anyone looks
  ds_bpermute_b32 v4, v3, v2
  s_waitcnt lgkmcnt(0)
  v_mov_b32 v4, 1
  global_store_dword v1, v4, s[4:5]
  ; used, after arithmetic
  ds_bpermute_b32 v4, v3, v2
  s_waitcnt lgkmcnt(0)
  v_max_u32 v6, v4, v2
  s_nop 0
  global_store_dword v1, v6, s[4:5]
  s_waitcnt vmcnt(0)

  s_endpgm
.Lend:
.size k,.Lend-k
.include "two_buffers.inc"
