// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes parse, print and elide their default values.
// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-DAG: #weight = #moe.preshuffle<weight>
// CHECK-DAG: #scale = #moe.preshuffle<scale>
// CHECK-DAG: #weight_interleaved = #moe.preshuffle<weight, gate = interleaved>
// CHECK-DAG: #scale_separated = #moe.preshuffle<scale, gate = separated>

// CHECK-LABEL: func.func private @layouts
// CHECK-SAME: memref<8x64x96xf4E2M1FN, #weight>
// CHECK-SAME: memref<8x64x3xf8E8M0FNU, #scale>
// CHECK-SAME: memref<8x64x96xf4E2M1FN, #weight_interleaved>
// CHECK-SAME: memref<8x64x3xf8E8M0FNU, #scale_separated>
func.func private @layouts(memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = none>>,
    memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = separated>>)

// CHECK-LABEL: func.func private @encodings
// CHECK-SAME: tensor<8x64x96xf4E2M1FN, #weight>
func.func private @encodings(tensor<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>)

// CHECK-LABEL: func.func private @schedule_defaults
// CHECK-SAME: #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 256>
func.func private @schedule_defaults() attributes {test.schedule =
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 256, waves = 4, k_batch = 1,
                  k_wave = 1, cache = default, xcd = 1, group_m = 1,
                  waves_per_eu = 0>}

// CHECK-LABEL: func.func private @schedule_every_axis
// CHECK-SAME: #moe.schedule<tile_m = 128, tile_n = 256, tile_k = 512, waves = 8, k_batch = 3, k_wave = 2, cache = nt, xcd = 8, group_m = 4, waves_per_eu = 2>
func.func private @schedule_every_axis() attributes {test.schedule =
    #moe.schedule<tile_m = 128, tile_n = 256, tile_k = 512, waves = 8, k_batch = 3,
                  k_wave = 2, cache = nt, xcd = 8, group_m = 4, waves_per_eu = 2>}
