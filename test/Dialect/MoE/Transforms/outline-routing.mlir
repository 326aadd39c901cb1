// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Routing and sorting on tensors to launches: bufferization, the phases of a
// sort with a workspace, kernels and grids.
// RUN: moe-opt %s --one-shot-bufferize="bufferize-function-boundaries=1 function-boundary-type-conversion=identity-layout-map" \
// RUN:   --moe-decompose --moe-outline-kernels="chip=gfx950" --cse --canonicalize | FileCheck %s

// A wave has a token, a workgroup four.
// CHECK-LABEL: func.func @one
// CHECK: %[[TOKENS:.*]] = arith.index_castui %{{.*}} : i32 to index
// CHECK: %[[GROUPS:.*]] = arith.ceildivui %[[TOKENS]], %c4
// CHECK: gpu.launch_func @moe_route_module::@moe_route blocks in (%[[GROUPS]], %c1, %c1) threads in (%c256, %c1, %c1)
// CHECK: %[[ALL:.*]] = arith.addi %{{.*}}, %c1
// CHECK: gpu.launch_func @moe_sort_all_module::@moe_sort_all blocks in (%[[ALL]], %c1, %c1) threads in (%c256, %c1, %c1)
func.func @one(%ids: tensor<?x4xi32>, %weights: tensor<?x4xf32>, %logits: tensor<?x128xf32>,
    %sorted: tensor<?xi32>, %experts: tensor<?xi32>, %sorted_weights: tensor<?xf32>, %num_valid: tensor<2xi32>,
    %out: tensor<?x64xbf16>, %tokens: i32) -> tensor<?x64xbf16> {
  %i, %w = moe.route softmax renormalize outs(%ids, %weights : tensor<?x4xi32>, tensor<?x4xf32>)
      ins(%logits : tensor<?x128xf32>) tokens(%tokens) -> tensor<?x4xi32>, tensor<?x4xf32>
  %s:5 = moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      ins(%i, %w : tensor<?x4xi32>, tensor<?x4xf32>) clear(%out : tensor<?x64xbf16>)
      tokens(%tokens) experts 128 block_rows 16
      -> tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>, tensor<?x64xbf16>
  return %s#4 : tensor<?x64xbf16>
}

// CHECK-LABEL: func.func @several
// CHECK: gpu.launch_func @moe_sort_count_module::@moe_sort_count blocks in (%c16, %c1, %c1)
// CHECK: gpu.launch_func @moe_sort_scan_module::@moe_sort_scan blocks in (%c1, %c1, %c1)
// CHECK: gpu.launch_func @moe_sort_place_module::@moe_sort_place blocks in (%c16, %c1, %c1)
func.func @several(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %workspace: memref<64x128xi32>,
    %sorted: memref<?xi32>, %experts: memref<?xi32>, %sorted_weights: memref<?xf32>, %num_valid: memref<2xi32>, %tokens: i32) {
  moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      ins(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) workspace(%workspace : memref<64x128xi32>)
      tokens(%tokens) experts 128 block_rows 16
  return
}

// CHECK: gpu.module @moe_route_module [#rocdl.target<chip = "gfx950">]
// CHECK: gpu.func @moe_route(%{{.*}}: memref<i32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: i32, %{{.*}}: i32) kernel
// CHECK: moe.route softmax renormalize
// CHECK: gpu.func @moe_sort_all(%{{.*}}: memref<i32, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<bf16, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: i32) kernel
// CHECK: moe.sort {{.*}} clear(
