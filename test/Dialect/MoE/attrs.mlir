// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes parse, print and elide their default values.
// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-LABEL: func.func private @layouts
// CHECK-SAME: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>
// CHECK-SAME: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>
// CHECK-SAME: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>
// CHECK-SAME: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = separated>>
func.func private @layouts(memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = none>>,
    memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = separated>>)

// CHECK-LABEL: func.func private @config_defaults
// CHECK-SAME: #moe.config<tile_m = 16, tile_n = 128, tile_k = 256>
func.func private @config_defaults() attributes {test.config =
    #moe.config<tile_m = 16, tile_n = 128, tile_k = 256, waves = 4, k_batch = 1,
                k_wave = 1, accumulate = true, routing_weight = true,
                cache = default, xcd = 1, group_m = 1, waves_per_eu = 0,
                stage = down, activation = none>}

// CHECK-LABEL: func.func private @config_every_axis
// CHECK-SAME: #moe.config<tile_m = 128, tile_n = 256, tile_k = 512, waves = 8, k_batch = 3, k_wave = 2, routing_weight = false, cache = nt, xcd = 8, group_m = 4, waves_per_eu = 2, stage = gate_up, activation = swiglu>
func.func private @config_every_axis() attributes {test.config =
    #moe.config<tile_m = 128, tile_n = 256, tile_k = 512, waves = 8, k_batch = 3,
                k_wave = 2, routing_weight = false, cache = nt, xcd = 8,
                group_m = 4, waves_per_eu = 2, stage = gate_up,
                activation = swiglu>}

// CHECK-LABEL: func.func private @config_store
// CHECK-SAME: #moe.config<tile_m = 16, tile_n = 64, tile_k = 128, accumulate = false>
func.func private @config_store() attributes {test.config =
    #moe.config<tile_m = 16, tile_n = 64, tile_k = 128, accumulate = false>}
