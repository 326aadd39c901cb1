// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.grouped_gemm without sorted lists, in host code and in kernels, printed
// and parsed again.
// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @down
// CHECK: moe.grouped_gemm down accumulate routing_weight outs({{.*}}) ins({{.*}}) unsorted(%{{.*}}, %{{.*}} : memref<?x4xi32>, memref<?x4xf32>) tokens(%{{.*}}) topk 4{{$}}
// CHECK: moe.grouped_gemm down outs({{.*}}) ins({{.*}}) unsorted({{.*}}) expert_map(%{{.*}} : memref<32xi32>) local_tokens(%{{.*}} : memref<1xi32>) bias(%{{.*}} : memref<8x64xf32>) tokens(%{{.*}}) topk 4 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
func.func @down(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x4xi32>,
    %weights: memref<?x4xf32>, %map: memref<32xi32>, %local: memref<1xi32>,
    %bias: memref<8x64xf32>, %tokens: i32) {
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) tokens(%tokens) topk 4
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>)
      expert_map(%map : memref<32xi32>) local_tokens(%local : memref<1xi32>)
      bias(%bias : memref<8x64xf32>)
      tokens(%tokens) topk 4 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// CHECK-LABEL: func.func @tensors
// CHECK: %[[UP:.*]]:2 = moe.grouped_gemm gate_up outs({{.*}}) ins({{.*}}) unsorted({{.*}} : tensor<?x4xi32>, tensor<?x4xf32>) clear(%{{.*}} : tensor<?x64xbf16>) activation silu(%{{.*}}) tokens(%{{.*}}) topk 4 -> tensor<?x32xbf16>, tensor<?x64xbf16>
// CHECK: return %[[UP]]#0, %[[UP]]#1
func.func @tensors(%out: tensor<?x32xbf16>, %y: tensor<?x64xbf16>, %x: tensor<?x96xbf16>,
    %w: tensor<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: tensor<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>,
    %ids: tensor<?x4xi32>, %weights: tensor<?x4xf32>, %limit: f32, %tokens: i32)
    -> (tensor<?x32xbf16>, tensor<?x64xbf16>) {
  %r:2 = moe.grouped_gemm gate_up outs(%out : tensor<?x32xbf16>)
      ins(%x, %w, %s : tensor<?x96xbf16>, tensor<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, tensor<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
      unsorted(%ids, %weights : tensor<?x4xi32>, tensor<?x4xf32>) clear(%y : tensor<?x64xbf16>)
      activation silu(%limit) tokens(%tokens) topk 4 -> tensor<?x32xbf16>, tensor<?x64xbf16>
  return %r#0, %r#1 : tensor<?x32xbf16>, tensor<?x64xbf16>
}
