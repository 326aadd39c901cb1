// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both stages without sorted lists to launches: a workgroup for each tile of each
// pair, one more for each token where stage 1 clears, null pointers for what an
// op does not have.
// RUN: moe-opt %s --moe-outline-kernels="chip=gfx950" --cse --canonicalize | FileCheck %s

#w1 = #moe.preshuffle<weight, gate = interleaved>
#s1 = #moe.preshuffle<scale, gate = interleaved>
#w2 = #moe.preshuffle<weight>
#s2 = #moe.preshuffle<scale>

// 1 tile x 2 slots and a row to clear, then 3 tiles x 2 slots.
// CHECK-LABEL: func.func @layer
// CHECK: %[[T:.*]] = arith.index_castui %{{.*}} : i32 to index
// CHECK: %[[PAIRS:.*]] = arith.muli %[[T]], %c2 : index
// CHECK: %[[UP:.*]] = arith.muli %[[T]], %c3 : index
// CHECK: %[[BLOCKS:.*]] = arith.index_cast %[[PAIRS]] : index to i32
// CHECK: gpu.launch_func @moe_gate_up_module::@moe_gate_up blocks in (%[[UP]], %c1, %c1) threads in (%c256, %c1, %c1) args({{.*}}, %{{.*}} : i32, %c128_i32 : i32, %c160_i32 : i32, %[[BLOCKS]] : i32, {{.*}})
// CHECK: %[[DOWN:.*]] = arith.muli %[[T]], %c6 : index
// CHECK: gpu.launch_func @moe_down_module::@moe_down blocks in (%[[DOWN]], %c1, %c1) threads in (%c256, %c1, %c1) args({{.*}}, %[[NONE:[0-9]+]] : memref<i32, 1>, %{{[0-9]+}} : memref<f32, 1>, %[[NONE]] : memref<i32, 1>, %[[NULL:[0-9]+]] : memref<f32, 1>, %[[NULL]] : memref<f32, 1>, %{{.*}} : i32
func.func @layer(%ids: memref<?x2xi32>, %weights: memref<?x2xf32>, %map: memref<16xi32>, %local: memref<1xi32>,
    %x: memref<?x160xbf16>, %h: memref<?x64xbf16>, %y: memref<?x160xf32>, %w13_bytes: memref<131072xi8>,
    %s13_bytes: memref<8192xi8>, %w2_bytes: memref<81920xi8>, %s2_bytes: memref<10240xi8>, %limit: f32, %tokens: i32) {
  %w13 = moe.preshuffled %w13_bytes : memref<131072xi8> to memref<8x128x160xf4E2M1FN, #w1>
  %s13 = moe.preshuffled %s13_bytes : memref<8192xi8> to memref<8x128x5xf8E8M0FNU, #s1>
  %w2 = moe.preshuffled %w2_bytes : memref<81920xi8> to memref<8x160x64xf4E2M1FN, #w2>
  %s2 = moe.preshuffled %s2_bytes : memref<10240xi8> to memref<8x160x2xf8E8M0FNU, #s2>
  moe.grouped_gemm gate_up outs(%h : memref<?x64xbf16>)
      ins(%x, %w13, %s13 : memref<?x160xbf16>, memref<8x128x160xf4E2M1FN, #w1>, memref<8x128x5xf8E8M0FNU, #s1>)
      unsorted(%ids, %weights : memref<?x2xi32>, memref<?x2xf32>) expert_map(%map : memref<16xi32>)
      local_tokens(%local : memref<1xi32>) clear(%y : memref<?x160xf32>) activation silu(%limit)
      tokens(%tokens) topk 2 schedule <tile_m = 16, tile_n = 128, tile_k = 128>
  moe.grouped_gemm down accumulate routing_weight outs(%y : memref<?x160xf32>)
      ins(%h, %w2, %s2 : memref<?x64xbf16>, memref<8x160x64xf4E2M1FN, #w2>, memref<8x160x2xf8E8M0FNU, #s2>)
      unsorted(%ids, %weights : memref<?x2xi32>, memref<?x2xf32>)
      tokens(%tokens) topk 2 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// The kernel makes the lists of its pointers and numbers.
// CHECK: gpu.func @moe_gate_up(%{{.*}}: memref<bf16, 1>, %{{.*}}: memref<bf16, 1>, %{{.*}}: memref<i8, 1>, %{{.*}}: memref<i8, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32) kernel
// CHECK: moe.grouped_gemm gate_up {{.*}} unsorted(%{{.*}}, %{{.*}} : memref<?x2xi32, strided<[2, 1]>, 1>, memref<?x2xf32, strided<[2, 1]>, 1>) expert_map(%{{.*}} : memref<16xi32, 1>) local_tokens(%{{.*}} : memref<1xi32, 1>) clear(%{{.*}} : memref<?x160xf32, strided<[160, 1]>, 1>)
// CHECK: moe.grouped_gemm down {{.*}} unsorted({{.*}}) tokens(
