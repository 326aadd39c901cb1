// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Two waves, one barrier: wave 0 goes round a loop first and arrives last, with
// 17 instructions up to and with the barrier where wave 1 has 8.
  .amdhsa_code_object_version 5
  .text
  .globl exchange
  .p2align 8
  .type exchange,@function
exchange:
  s_load_dwordx2 s[4:5], s[0:1], 0x0
  v_readfirstlane_b32 s2, v0
  s_mov_b32 s3, 3
  s_cmp_lg_u32 s2, 0
  s_cbranch_scc1 .Lmeet
.Lloop:
  s_sub_u32 s3, s3, 1
  s_cmp_lg_u32 s3, 0
  s_cbranch_scc1 .Lloop
.Lmeet:
  v_lshlrev_b32_e32 v1, 2, v0
  s_waitcnt lgkmcnt(0)
  s_barrier
  global_store_dword v1, v0, s[4:5]
  s_endpgm
.Lend:
  .size exchange, .Lend-exchange

  .rodata
  .p2align 6
  .amdhsa_kernel exchange
    .amdhsa_user_sgpr_kernarg_segment_ptr 1
    .amdhsa_system_sgpr_workgroup_id_x 1
    .amdhsa_system_vgpr_workitem_id 0
    .amdhsa_kernarg_size 8
    .amdhsa_next_free_vgpr 2
    .amdhsa_next_free_sgpr 8
    .amdhsa_accum_offset 4
  .end_amdhsa_kernel

  .amdgpu_metadata
amdhsa.version: [1, 2]
amdhsa.kernels:
  - .name: exchange
    .symbol: exchange.kd
    .args:
      - {.name: y, .offset: 0, .size: 8, .value_kind: global_buffer, .address_space: global}
    .group_segment_fixed_size: 0
    .kernarg_segment_align: 8
    .kernarg_segment_size: 8
    .max_flat_workgroup_size: 128
    .private_segment_fixed_size: 0
    .sgpr_count: 8
    .vgpr_count: 2
    .wavefront_size: 64
  .end_amdgpu_metadata
