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
	global_load_dword v8, v1, s[4:5]
	global_load_dword v20, v1, s[4:5]
	global_load_dword v21, v1, s[4:5]
	global_load_dword v22, v1, s[4:5]
	global_load_dword v23, v1, s[4:5]
	global_load_dword v24, v1, s[4:5]
	global_load_dword v25, v1, s[4:5]
	global_load_dword v26, v1, s[4:5]
	global_load_dword v27, v1, s[4:5]
	global_load_dword v28, v1, s[4:5]
	global_load_dword v29, v1, s[4:5]
	global_load_dword v30, v1, s[4:5]
	global_load_dword v31, v1, s[4:5]
	global_load_dword v32, v1, s[4:5]
	global_load_dword v33, v1, s[4:5]
	global_load_dword v34, v1, s[4:5]
	global_load_dword v35, v1, s[4:5]
	global_load_dword v36, v1, s[4:5]
	global_load_dword v37, v1, s[4:5]
	global_load_dword v38, v1, s[4:5]
	global_load_dword v39, v1, s[4:5]
	global_load_dword v40, v1, s[4:5]
	global_load_dword v41, v1, s[4:5]
	global_load_dword v42, v1, s[4:5]
	global_load_dword v43, v1, s[4:5]
	global_load_dword v44, v1, s[4:5]
	global_load_dword v45, v1, s[4:5]
	global_load_dword v46, v1, s[4:5]
	global_load_dword v47, v1, s[4:5]
	global_load_dword v48, v1, s[4:5]
	global_load_dword v49, v1, s[4:5]
	global_load_dword v50, v1, s[4:5]
	global_load_dword v51, v1, s[4:5]
	global_load_dword v52, v1, s[4:5]
	global_load_dword v53, v1, s[4:5]
	global_load_dword v54, v1, s[4:5]
	global_load_dword v55, v1, s[4:5]
	global_load_dword v56, v1, s[4:5]
	global_load_dword v57, v1, s[4:5]
	global_load_dword v58, v1, s[4:5]
	global_load_dword v59, v1, s[4:5]
	global_load_dword v60, v1, s[4:5]
	global_load_dword v61, v1, s[4:5]
	global_load_dword v62, v1, s[4:5]
	global_load_dword v63, v1, s[4:5]
	global_load_dword v64, v1, s[4:5]
	global_load_dword v65, v1, s[4:5]
	global_load_dword v66, v1, s[4:5]
	global_load_dword v67, v1, s[4:5]
	global_load_dword v68, v1, s[4:5]
	global_load_dword v69, v1, s[4:5]
	global_load_dword v70, v1, s[4:5]
	global_load_dword v71, v1, s[4:5]
	global_load_dword v72, v1, s[4:5]
	global_load_dword v73, v1, s[4:5]
	global_load_dword v74, v1, s[4:5]
	global_load_dword v75, v1, s[4:5]
	global_load_dword v76, v1, s[4:5]
	global_load_dword v77, v1, s[4:5]
	global_load_dword v78, v1, s[4:5]
	global_load_dword v79, v1, s[4:5]
	global_load_dword v80, v1, s[4:5]
	global_load_dword v81, v1, s[4:5]
	global_load_dword v82, v1, s[4:5]
	global_load_dword v83, v1, s[4:5]
	v_add_u32 v9, 1, v8
	s_waitcnt vmcnt(0)
	global_store_dword v1, v9, s[6:7] offset:0

	s_endpgm
.Lk_end:
	.size k, .Lk_end-k
	.rodata
	.p2align 6
	.amdhsa_kernel k
	.amdhsa_group_segment_fixed_size 1024
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
    .group_segment_fixed_size: 1024
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
