// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-decompose: split-K of outputs that are activated or stored gets an f32
// workspace; everything else stays.
// RUN: moe-opt %s --moe-decompose | FileCheck %s

#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
#w1 = #moe.preshuffle<weight, gate = interleaved>
#s1 = #moe.preshuffle<scale, gate = interleaved>

// CHECK-LABEL: func.func @activated
// CHECK: %[[ROWS:.*]] = arith.muli
// CHECK: %[[SUMS:.*]], %[[T:.*]] = gpu.alloc async [%{{.*}}] (%[[ROWS]]) : memref<?x128xf32>
// CHECK: %[[FILLED:.*]] = gpu.memset async [%[[T]]] %[[SUMS]], %{{.*}} : memref<?x128xf32>, f32
// CHECK: gpu.wait [%[[FILLED]]]
// CHECK: moe.grouped_gemm gate_up accumulate outs(%[[SUMS]] : memref<?x128xf32>) ins({{.*}}) routing({{.*}}) tokens(%{{.*}}) topk 4 block_rows 16 schedule <{{.*}}k_batch = 2>
// CHECK: moe.activate_sums swiglu(%{{.*}}, %{{.*}}) %[[SUMS]] to %{{.*}} routing({{.*}}) bias(%{{.*}}) gate interleaved tokens(%{{.*}}) topk 4 experts 8 block_rows 16 routing_weight
// CHECK: gpu.dealloc async [%{{.*}}] %[[SUMS]]
func.func @activated(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %w: memref<8x128x256xf4E2M1FN, #w1>,
    %s: memref<8x128x8xf8E8M0FNU, #s1>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %bias: memref<8x128xf32>, %tokens: i32, %p: f32) {
  moe.grouped_gemm gate_up routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x128x256xf4E2M1FN, #w1>, memref<8x128x8xf8E8M0FNU, #s1>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      bias(%bias : memref<8x128xf32>) activation swiglu(%p, %p)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128, k_batch = 2>
  return
}

// Bias and routing weight are linear, so each slice may apply its share.
// CHECK-LABEL: func.func @stored
// CHECK: moe.grouped_gemm down accumulate per_slot routing_weight outs(%[[SUMS:.*]] : memref<?x64xf32>) {{.*}} bias(
// CHECK: moe.activate_sums none %[[SUMS]] to %{{.*}} routing({{.*}}) tokens(%{{.*}}) topk 4 experts 8 block_rows 16 :
func.func @stored(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %w: memref<8x64x256xf4E2M1FN, #w>,
    %s: memref<8x64x8xf8E8M0FNU, #s>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %bias: memref<8x64xf32>, %tokens: i32) {
  moe.grouped_gemm down routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #w>, memref<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      bias(%bias : memref<8x64xf32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_batch = 2>
  return
}

// CHECK-LABEL: func.func @accumulated
// CHECK-NOT: gpu.alloc
// CHECK: moe.grouped_gemm down accumulate outs
func.func @accumulated(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %w: memref<8x64x256xf4E2M1FN, #w>,
    %s: memref<8x64x8xf8E8M0FNU, #s>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) {
  moe.grouped_gemm down accumulate outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #w>, memref<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_batch = 2>
  return
}
