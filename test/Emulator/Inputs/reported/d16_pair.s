// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
	.amdgcn_target "amdgcn-amd-amdhsa--gfx950"
	.text
	.globl k
	.p2align 8
	.type k,@function
k:
	s_load_dwordx4 s[4:7], s[0:1], 0x0
	v_lshlrev_b32 v1, 2, v0
	v_lshlrev_b32 v3, 4, v0
	s_waitcnt lgkmcnt(0)
	global_load_short_d16 v8, v1, s[4:5]
	global_load_short_d16_hi v8, v1, s[4:5] offset:4
	s_waitcnt vmcnt(0)
	global_store_dword v1, v8, s[6:7] offset:0

	s_endpgm
.Lk_end:
	.size k, .Lk_end-k
	.rodata
	.p2align 6
	.amdhsa_kernel k
	.amdhsa_group_segment_fixed_size 0
	.amdhsa_user_sgpr_kernarg_segment_ptr 1
	.amdhsa_user_sgpr_count 2
	.amdhsa_system_sgpr_workgroup_id_x 1
	.amdhsa_system_vgpr_workitem_id 0
	.amdhsa_next_free_vgpr 192
	.amdhsa_next_free_sgpr 64
	.amdhsa_accum_offset 128
	
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
    .sgpr_count: 64
    .vgpr_count: 128
    .agpr_count: 0
    .max_flat_workgroup_size: 1024
    .args:
      - .address_space: global
        .name: a0
        .offset: 0
        .size: 8
        .value_kind: global_buffer
      - .address_space: global
        .name: a1
        .offset: 8
        .size: 8
        .value_kind: global_buffer
...
	.end_amdgpu_metadata
