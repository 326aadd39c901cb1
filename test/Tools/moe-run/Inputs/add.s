// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// y[i] = x[i] + n on i32, 64 work items a workgroup: a kernel small enough that
// its expected output is written by hand.
  .amdhsa_code_object_version 5
  .text
  .globl add
  .p2align 8
  .type add,@function
add:
  s_load_dwordx4 s[4:7], s[0:1], 0x0
  s_load_dword s3, s[0:1], 0x10
  s_lshl_b32 s2, s2, 8
  v_lshlrev_b32_e32 v1, 2, v0
  s_waitcnt lgkmcnt(0)
  v_add_u32_e32 v1, s2, v1
  global_load_dword v2, v1, s[4:5]
  s_waitcnt vmcnt(0)
  v_add_u32_e32 v2, s3, v2
  global_store_dword v1, v2, s[6:7]
  s_endpgm
.Lend:
  .size add, .Lend-add

  .rodata
  .p2align 6
  .amdhsa_kernel add
    .amdhsa_user_sgpr_kernarg_segment_ptr 1
    .amdhsa_system_sgpr_workgroup_id_x 1
    .amdhsa_system_vgpr_workitem_id 0
    .amdhsa_kernarg_size 20
    .amdhsa_next_free_vgpr 3
    .amdhsa_next_free_sgpr 8
    .amdhsa_accum_offset 4
  .end_amdhsa_kernel

  .amdgpu_metadata
amdhsa.version: [1, 2]
amdhsa.kernels:
  - .name: add
    .symbol: add.kd
    .args:
      - {.name: x, .offset: 0, .size: 8, .value_kind: global_buffer, .address_space: global}
      - {.name: y, .offset: 8, .size: 8, .value_kind: global_buffer, .address_space: global}
      - {.name: n, .offset: 16, .size: 4, .value_kind: by_value}
    .group_segment_fixed_size: 0
    .kernarg_segment_align: 8
    .kernarg_segment_size: 20
    .max_flat_workgroup_size: 64
    .private_segment_fixed_size: 0
    .sgpr_count: 8
    .vgpr_count: 3
    .wavefront_size: 64
  .end_amdgpu_metadata
