// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-choose-schedule: what an op knows of its workload, and its chip; the rules,
// and a table where it has the shape and its schedule is possible.
// RUN: moe-opt %s --moe-choose-schedule="chip=gfx950 tokens=4096 table=none" -split-input-file | FileCheck %s
// RUN: %exit 1 moe-opt %s --moe-choose-schedule="chip=gfx900" -split-input-file 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: %exit 1 moe-opt %s --moe-choose-schedule -split-input-file 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: %exit 1 moe-opt %s --moe-choose-schedule="chip=gfx950 tokens=-1" -split-input-file 2>&1 | FileCheck %s --check-prefix=TOKENS
// RUN: %exit 1 moe-opt %s --moe-choose-schedule="chip=gfx950 global-experts=16777216" -split-input-file 2>&1 | FileCheck %s --check-prefix=MANY
// RUN: %exit 1 moe-opt %s --moe-choose-schedule="chip=gfx950 global-experts=7" -split-input-file 2>&1 | FileCheck %s --check-prefix=FEW
// RUN: moe-opt %s --moe-choose-schedule="chip=gfx950 tokens=4096 table=%S/Inputs/schedules.json" -split-input-file | FileCheck %s --check-prefix=TABLE
// RUN: %exit 1 moe-opt %s --moe-choose-schedule="chip=gfx942 table=%S/Inputs/schedules.json" -split-input-file 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: 'moe.grouped_gemm' op schedule table '{{.*}}schedules.json': expected that of gfx942, got that of gfx950
// TABLE-LABEL: func.func @by_option
// TABLE: moe.grouped_gemm {{.*}} block_rows 128 schedule <tile_m = 64, tile_n = 128, tile_k = 128, xcd = 8, group_m = 2>
// The entry's 64 rows are no divisor of 16.
// TABLE: moe.grouped_gemm {{.*}} block_rows 16 schedule <tile_m = 16
// TABLE-LABEL: func.func @by_op
// TABLE: moe.grouped_gemm {{.*}} schedule <tile_m = 16, tile_n = 128, tile_k = 256, waves = 8, k_wave = 4> {moe.expected_tokens = 1 : i64}
// TABLE: moe.grouped_gemm {{.*}} schedule <tile_m = 16, tile_n = 128, tile_k = 256, waves = 8, k_wave = 4>
// UNKNOWN: 'moe.grouped_gemm' op {{.*}}gfx900
// NONE: 'moe.grouped_gemm' op expected a chip to choose a schedule for, from the option chip or the #rocdl.target of a gpu.module, got none
// MANY: error: expected global-experts to be from 0 to 16777215, got 16777216
// FEW: 'moe.grouped_gemm' op expected global-experts to be at least the 8 experts of 'w', got 7
// TOKENS: error: expected tokens to be from 0 to 16777215 (24 bits of a sorted id), got -1

#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>

// The option; the routing's blocks of 16 rows limit tile_m.
// CHECK-LABEL: func.func @by_option
// CHECK: moe.grouped_gemm {{.*}} block_rows 128 schedule <tile_m = 128
// CHECK: moe.grouped_gemm {{.*}} block_rows 16 schedule <tile_m = 16
func.func @by_option(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>, %w: memref<8x2880x2880xf4E2M1FN, #w>,
    %s: memref<8x2880x90xf8E8M0FNU, #s>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) {
  moe.grouped_gemm down accumulate outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<8x2880x2880xf4E2M1FN, #w>, memref<8x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 128
  moe.grouped_gemm down accumulate outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<8x2880x2880xf4E2M1FN, #w>, memref<8x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}

// The attribute and the constant come before the option; a schedule stays.
// CHECK-LABEL: func.func @by_op
// CHECK: moe.grouped_gemm {{.*}} schedule <tile_m = 16, tile_n = 64, tile_k = 256, waves = 8, k_wave = 4> {moe.expected_tokens = 1 : i64}
// CHECK: moe.grouped_gemm {{.*}} schedule <tile_m = 16, tile_n = 64, tile_k = 256, waves = 8, k_wave = 4>
// CHECK: moe.grouped_gemm {{.*}} schedule <tile_m = 32, tile_n = 128, tile_k = 256, xcd = 8>
func.func @by_op(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>, %w: memref<128x2880x2880xf4E2M1FN, #w>,
    %s: memref<128x2880x90xf8E8M0FNU, #s>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) {
  moe.grouped_gemm down accumulate outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>, memref<128x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 128 {moe.expected_tokens = 1}
  %one = arith.constant 1 : i32
  moe.grouped_gemm down accumulate outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>, memref<128x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%one) topk 4 block_rows 128
  moe.grouped_gemm down accumulate outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>, memref<128x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 64 schedule <tile_m = 32, tile_n = 128, tile_k = 256, xcd = 8>
  return
}
