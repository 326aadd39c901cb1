// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
.amdgcn_target "amdgcn-amd-amdhsa--gfx950"
.text
.globl k
.p2align 8
.type k,@function
k:
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  s_waitcnt lgkmcnt(0)
  v_mov_b32 v10, 1
  v_mov_b32 v11, 2
  v_mov_b32 v12, 20
  v_accvgpr_write_b32 a0, v10
  v_accvgpr_write_b32 a2, v12
  s_mov_b32 s8, 2
  s_set_gpr_idx_on s8, gpr_idx(SRC1)
  v_sub_u32 v16, v12, v10
  s_set_gpr_idx_mode gpr_idx(SRC0)
  v_accvgpr_read_b32 v17, a0
  s_nop 4
  v_readlane_b32 s9, v10, 5
  v_readfirstlane_b32 s10, v10
  s_set_gpr_idx_mode gpr_idx(DST)
  v_accvgpr_write_b32 a1, 2
  s_set_gpr_idx_off
  s_nop 1
  v_accvgpr_read_b32 v18, a3
  v_add3_u32 v16, v16, v17, v18
  v_add_u32 v16, s9, v16
  s_sub_i32 s10, s10, s9
  v_add_u32 v16, s10, v16
  s_mov_b32 s8, 1
  v_lshlrev_b32 v1, 2, v0
  global_store_dword v1, v16, s[4:5]
  s_waitcnt vmcnt(0)

  s_endpgm
.Lend:
.size k,.Lend-k
.rodata
.p2align 6
.amdhsa_kernel k
  .amdhsa_next_free_vgpr 32
  .amdhsa_next_free_sgpr 32
  .amdhsa_accum_offset 24
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
