// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
.amdgcn_target "amdgcn-amd-amdhsa--gfx950"
.text
.globl k
.p2align 8
.type k,@function
k:
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  s_waitcnt lgkmcnt(0)
  ; k = 0: 1 * 1; k = 1 to 7: 1.5 * 2^-12 * 2^-12; k = 8 to 15: 0
  v_cmp_gt_u32 s[10:11], 16, v0
  v_cmp_gt_u32 s[12:13], 32, v0
  v_mov_b32 v3, 0x0e000e00
  v_mov_b32 v2, 0x0e003c00
  v_mov_b32 v16, 0
  s_nop 1
  v_cndmask_b32 v4, v16, v3, s[12:13]
  v_mov_b32 v5, v4
  v_cndmask_b32 v4, v4, v2, s[10:11]
  v_mov_b32 v3, 0x0c000c00
  v_mov_b32 v2, 0x0c003c00
  v_cndmask_b32 v6, v16, v3, s[12:13]
  v_mov_b32 v7, v6
  v_cndmask_b32 v6, v6, v2, s[10:11]
  s_nop 4
  v_mfma_f32_16x16x16_f16 v[8:11], v[4:5], v[6:7], 0
  s_nop 15
  s_nop 7
  v_mov_b32 v2, v8
  v_lshlrev_b32 v1, 2, v0
  global_store_dword v1, v2, s[4:5]
  s_waitcnt vmcnt(0)

  s_endpgm
.Lend:
.size k,.Lend-k
.rodata
.p2align 6
.amdhsa_kernel k
  .amdhsa_next_free_vgpr 32
  .amdhsa_next_free_sgpr 32
  .amdhsa_accum_offset 32
  .amdhsa_user_sgpr_kernarg_segment_ptr 1
  .amdhsa_system_sgpr_workgroup_id_x 1
  .amdhsa_kernarg_size 16
  .amdhsa_group_segment_fixed_size 0
.end_amdhsa_kernel
.amdgpu_metadata
---
amdhsa.version: [1, 2]
amdhsa.target: amdgcn-amd-amdhsa--gfx950
amdhsa.kernels:
  - .name: k
    .symbol: k.kd
    .kernarg_segment_size: 16
    .kernarg_segment_align: 8
    .group_segment_fixed_size: 0
    .private_segment_fixed_size: 0
    .wavefront_size: 64
    .sgpr_count: 32
    .vgpr_count: 32
    .max_flat_workgroup_size: 256
    .args:
      - { .name: out, .offset: 0, .size: 8, .value_kind: global_buffer, .address_space: global }
      - { .name: flag, .offset: 8, .size: 8, .value_kind: global_buffer, .address_space: global }
...
.end_amdgpu_metadata
