// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What tuned kernels are made of, by hand: preloaded arguments, LDS-DMA into a
// ring of three buffers of dynamic LDS with counted waits and one barrier a
// stage, a matrix instruction, DPP, and a store under a mask.
//
// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/Inputs/asm.py %s gfx942 %t/pipeline.gfx942.launch.json --moe-run moe-run
// RUN: %python %S/Inputs/asm.py %s gfx950 %t/pipeline.gfx950.launch.json --moe-run moe-run
// RUN: %mutate --work %t/work --table %S/asm.table %t/pipeline.gfx942.launch.json %t/pipeline.gfx950.launch.json
//
// LAUNCH: kernel=pipeline grid=3 block=128 dynamic_lds=1536
// ARG: x u32[2304] random
// ARG: out u32[300] zero
// ARG: n i32 300
// Lane l of a workgroup folds what its neighbour in the other wave loaded, adds the
// fold of lane l ^ 1, and 6 or 22 from the matrix instruction.
// EXPECT: sum(fold(x[(i // 128 * 6 + t) * 128 + ((i % 128) ^ 64 ^ o)] for t in range(6)) for o in (0, 1)) + (22 if i & 4 else 6) & M

.text
.globl pipeline
.p2align 8
.type pipeline,@function
pipeline:
  s_load_dwordx2 s[2:3], s[0:1], 0x0    // for firmware that does not preload
  s_load_dwordx2 s[4:5], s[0:1], 0x8
  s_load_dword s6, s[0:1], 0x10
  s_waitcnt lgkmcnt(0)
  s_branch .Lstart
  .p2align 8
.Lstart:
  s_mov_b32 s8, s2                      // descriptor of x
  s_and_b32 s9, s3, 0xffff
  s_mov_b32 s10, 9216
  s_mov_b32 s11, 0x27000
  v_lshrrev_b32 v2, 6, v0
  s_mul_i32 s13, s7, 3072               // 6 stages of 512 bytes a workgroup
  v_readfirstlane_b32 s12, v2
  v_and_b32 v1, 63, v0
  v_lshlrev_b32 v1, 2, v1
  s_lshl_b32 s12, s12, 8                // this wave's half of a stage
  s_add_u32 s13, s13, s12
  v_xor_b32 v3, 64, v0
  v_lshlrev_b32 v3, 2, v3               // the neighbour's dword
  v_mov_b32 v4, 0
.macro issue stage
  s_add_u32 m0, s12, (\stage % 3) * 512
  s_nop 0
  buffer_load_dword v1, s[8:11], s13 offen lds
  s_add_u32 s13, s13, 512
.endm
.macro consume stage
  ds_read_b32 v5, v3 offset:(\stage % 3) * 512
  v_mul_lo_u32 v4, v4, 33
  s_waitcnt lgkmcnt(0)
  v_add_u32 v4, v4, v5
.endm
  issue 0
  issue 1
.set stage, 0
.rept 4
  s_waitcnt vmcnt(1)
  s_barrier
  issue (stage + 2)
  consume stage
  .set stage, stage + 1
.endr
  s_waitcnt vmcnt(1)
  s_barrier
  consume 4
  s_waitcnt vmcnt(0)
  s_barrier
  consume 5
  // The neighbour lane's.
  s_nop 1
  v_mov_b32_dpp v5, v4 quad_perm:[1,0,3,2] row_mask:0xf bank_mask:0xf
  v_add_u32 v4, v4, v5
  // Rows of 4 x 4 blocks: the sum of A over a block.
  v_and_b32 v6, 7, v0
  v_mov_b32 v7, 1.0
  v_cvt_f32_u32 v6, v6
  s_nop 1
  v_mfma_f32_4x4x1_16b_f32 v[8:11], v6, v7, 0
  s_nop 3
  v_pk_add_f32 v[8:9], v[8:9], v[10:11]
  v_add_f32 v8, v8, v9
  v_cvt_u32_f32 v8, v8
  v_add_u32 v4, v4, v8
  s_lshl_b32 s7, s7, 7
  v_add_u32 v1, s7, v0
  v_cmp_gt_u32 vcc, s6, v1
  v_lshlrev_b32 v1, 2, v1
  s_and_saveexec_b64 s[14:15], vcc
  global_store_dword v1, v4, s[4:5]
  s_endpgm
.Lend:
.size pipeline, .Lend-pipeline

.rodata
.p2align 6
.amdhsa_kernel pipeline
  .amdhsa_group_segment_fixed_size 0
  .amdhsa_user_sgpr_kernarg_segment_ptr 1
  .amdhsa_user_sgpr_kernarg_preload_length 5
  .amdhsa_user_sgpr_kernarg_preload_offset 0
  .amdhsa_next_free_vgpr 12
  .amdhsa_next_free_sgpr 16
  .amdhsa_accum_offset 12
  .amdhsa_system_vgpr_workitem_id 0
.end_amdhsa_kernel

.amdgpu_metadata
---
amdhsa.version: [1, 2]
amdhsa.kernels:
  - .name: pipeline
    .symbol: pipeline.kd
    .kernarg_segment_size: 24
    .kernarg_segment_align: 8
    .group_segment_fixed_size: 0
    .private_segment_fixed_size: 0
    .wavefront_size: 64
    .max_flat_workgroup_size: 128
    .sgpr_count: 16
    .vgpr_count: 12
    .args:
      - {.name: x, .offset: 0, .size: 8, .value_kind: global_buffer, .address_space: global}
      - {.name: out, .offset: 8, .size: 8, .value_kind: global_buffer, .address_space: global}
      - {.name: n, .offset: 16, .size: 4, .value_kind: by_value}
...
.end_amdgpu_metadata
