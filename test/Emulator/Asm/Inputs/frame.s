// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One wave that runs the cases of a family one after the other; asmtest.py puts
// their instructions in. s[4:5] walks over the inputs, s[6:7] over the results.
.amdgcn_target "amdgcn-amd-amdhsa--@CHIP@"
.text
.globl family
.p2align 8
.type family,@function
family:
  @BODY@
  s_endpgm
.Lend:
.size family, .Lend-family

.rodata
.p2align 6
.amdhsa_kernel family
  .amdhsa_group_segment_fixed_size 32768
  .amdhsa_private_segment_fixed_size 512
  .amdhsa_enable_private_segment 1
  .amdhsa_user_sgpr_kernarg_segment_ptr 1
  .amdhsa_next_free_vgpr 256
  .amdhsa_next_free_sgpr 96
  .amdhsa_accum_offset 128
  .amdhsa_float_denorm_mode_32 3
  .amdhsa_float_denorm_mode_16_64 3
  .amdhsa_system_vgpr_workitem_id 0
.end_amdhsa_kernel

.amdgpu_metadata
---
amdhsa.version: [1, 2]
amdhsa.kernels:
  - .name: family
    .symbol: family.kd
    .kernarg_segment_size: 16
    .kernarg_segment_align: 8
    .group_segment_fixed_size: 32768
    .private_segment_fixed_size: 512
    .wavefront_size: 64
    .max_flat_workgroup_size: 64
    .sgpr_count: 96
    .vgpr_count: 256
    .agpr_count: 128
    .args:
      - {.name: x, .offset: 0, .size: 8, .value_kind: global_buffer, .address_space: global}
      - {.name: y, .offset: 8, .size: 8, .value_kind: global_buffer, .address_space: global}
...
.end_amdgpu_metadata
