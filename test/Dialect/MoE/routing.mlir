// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.route and moe.sort in host code and in kernels, printed and parsed again.
// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

// CHECK-LABEL: func.func @softmax
// CHECK: moe.route softmax outs(%{{.*}}, %{{.*}} : memref<?x4xi32>, memref<?x4xf32>) ins(%{{.*}} : memref<?x128xf32>) tokens(%{{.*}}){{$}}
func.func @softmax(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %tokens: i32) {
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>)
      ins(%logits : memref<?x128xf32>) tokens(%tokens)
  return
}

// CHECK-LABEL: func.func @groups
// CHECK: moe.route sigmoid renormalize outs({{.*}}) ins(%{{.*}} : memref<?x256xbf16>) correction(%{{.*}} : memref<256xf32>) groups 8 best 4 scale 2.500000e+00 tokens(%{{.*}})
func.func @groups(%ids: memref<?x8xi32>, %weights: memref<?x8xf32>, %logits: memref<?x256xbf16>,
    %bias: memref<256xf32>, %tokens: i32) {
  moe.route sigmoid renormalize outs(%ids, %weights : memref<?x8xi32>, memref<?x8xf32>)
      ins(%logits : memref<?x256xbf16>) correction(%bias : memref<256xf32>)
      groups 8 best 4 scale 2.5 tokens(%tokens)
  return
}

// CHECK-LABEL: func.func @shared
// CHECK: moe.route softmax outs({{.*}}) ins({{.*}}) shared 1 weight 4.000000e-01 tokens(%{{.*}})
func.func @shared(%ids: memref<?x9xi32>, %weights: memref<?x9xf32>, %logits: memref<?x256xf32>, %tokens: i32) {
  moe.route softmax outs(%ids, %weights : memref<?x9xi32>, memref<?x9xf32>)
      ins(%logits : memref<?x256xf32>) shared 1 weight 0.4 tokens(%tokens)
  return
}

// CHECK-LABEL: func.func @sort
// CHECK: moe.sort outs({{.*}}) ins({{.*}}) tokens(%{{.*}}) experts 128 block_rows 24{{$}}
// CHECK: moe.sort outs({{.*}}) ins({{.*}}) expert_map(%{{.*}} : memref<256xi32>) local_tokens(%{{.*}} : memref<1xi32>) workspace(%{{.*}} : memref<64x128xi32>) clear(%{{.*}} : memref<?x2880xbf16>) tokens(%{{.*}}) experts 128 block_rows 16 phase scan
func.func @sort(%sorted: memref<?xi32>, %experts: memref<?xi32>, %sorted_weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %map: memref<256xi32>,
    %local: memref<1xi32>, %workspace: memref<64x128xi32>, %out: memref<?x2880xbf16>, %tokens: i32) {
  moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      ins(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) tokens(%tokens) experts 128 block_rows 24
  moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      ins(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) expert_map(%map : memref<256xi32>)
      local_tokens(%local : memref<1xi32>) workspace(%workspace : memref<64x128xi32>)
      clear(%out : memref<?x2880xbf16>) tokens(%tokens) experts 128 block_rows 16 phase scan
  return
}

// CHECK-LABEL: func.func @tensors
// CHECK: %[[ROUTED:.*]]:2 = moe.route softmax renormalize outs({{.*}}) ins({{.*}}) tokens(%{{.*}}) -> tensor<?x4xi32>, tensor<?x4xf32>
// CHECK: %{{.*}}:5 = moe.sort outs({{.*}}) ins(%[[ROUTED]]#0, %[[ROUTED]]#1 : {{.*}}) clear(%{{.*}} : tensor<?x2880xbf16>) tokens(%{{.*}}) experts 128 block_rows 16 -> tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>, tensor<?x2880xbf16>
func.func @tensors(%ids: tensor<?x4xi32>, %weights: tensor<?x4xf32>, %logits: tensor<?x128xf32>,
    %sorted: tensor<?xi32>, %experts: tensor<?xi32>, %sorted_weights: tensor<?xf32>, %num_valid: tensor<2xi32>,
    %out: tensor<?x2880xbf16>, %tokens: i32) -> tensor<?x2880xbf16> {
  %i, %w = moe.route softmax renormalize outs(%ids, %weights : tensor<?x4xi32>, tensor<?x4xf32>)
      ins(%logits : tensor<?x128xf32>) tokens(%tokens) -> tensor<?x4xi32>, tensor<?x4xf32>
  %s:5 = moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      ins(%i, %w : tensor<?x4xi32>, tensor<?x4xf32>) clear(%out : tensor<?x2880xbf16>)
      tokens(%tokens) experts 128 block_rows 16
      -> tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>, tensor<?x2880xbf16>
  return %s#4 : tensor<?x2880xbf16>
}
