// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.route and moe.sort in kernels: what a wave and a workgroup do.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-expand-kernel),canonicalize,cse)' | FileCheck %s

// Two experts a lane. Without a correction logits are compared, so the softmax
// of all experts is not computed where weights are renormalised.
// CHECK-LABEL: gpu.func @route
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>, moe.grid = "ceildiv(tokens,4);1;1"
// CHECK: scf.if
// CHECK-COUNT-2: memref.load %{{.*}} : memref<?x128xf32>
// CHECK-NOT: math.exp
// CHECK: scf.for %{{.*}} = %{{.*}} to %c4 step %{{.*}} iter_args
// CHECK: gpu.subgroup_reduce maxnumf %{{.*}} uniform : (f32) -> f32
// CHECK: gpu.subgroup_reduce minui %{{.*}} uniform : (i32) -> i32
// CHECK: scf.yield
// CHECK: math.exp
// CHECK: gpu.subgroup_reduce add
// CHECK: arith.divf
// CHECK: memref.store %{{.*}} : memref<?x4xi32>
// CHECK: memref.store %{{.*}} : memref<?x4xf32>
// CHECK-NOT: moe.route
gpu.module @kernels {
  gpu.func @route(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %tokens: i32) kernel {
    moe.route softmax renormalize outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>)
        ins(%logits : memref<?x128xf32>) tokens(%tokens)
    gpu.return
  }

  // A loop over groups, which with a correction have the sum of their best two,
  // a loop over the best groups, a loop over slots.
  // CHECK-LABEL: gpu.func @groups
  // CHECK: arith.extf %{{.*}} : bf16 to f32
  // CHECK: scf.for %{{.*}} = %{{.*}} to %c8 step
  // CHECK-COUNT-2: gpu.subgroup_reduce maxnumf
  // CHECK: scf.for %{{.*}} = %{{.*}} to %c4 step
  // CHECK: gpu.subgroup_reduce minui
  // CHECK: scf.for %{{.*}} = %{{.*}} to %c6 step
  // CHECK: memref.store
  gpu.func @groups(%ids: memref<?x6xi32>, %weights: memref<?x6xf32>, %logits: memref<?x64xbf16>, %bias: memref<64xf32>,
      %tokens: i32) kernel {
    moe.route sigmoid renormalize outs(%ids, %weights : memref<?x6xi32>, memref<?x6xf32>)
        ins(%logits : memref<?x64xbf16>) correction(%bias : memref<64xf32>) groups 8 best 4 scale 2.5 tokens(%tokens)
    gpu.return
  }

  // One workgroup sorts, the others clear a row each. Nothing is atomic.
  // CHECK-LABEL: gpu.func @sort
  // CHECK-SAME: workgroup(%[[COUNTERS:.*]] : memref<4x8xi32, #gpu.address_space<workgroup>>, %{{.*}} : memref<4xi32, #gpu.address_space<workgroup>>)
  // CHECK-SAME: moe.grid = "1+tokens;1;1"
  // CHECK-NOT: atomic
  // CHECK: vector.store %{{.*}}, %{{.*}} : memref<?x64xbf16>, vector<8xbf16>
  // CHECK: rocdl.ballot
  // CHECK: math.ctpop
  // CHECK: memref.store %{{.*}}, %[[COUNTERS]]
  // CHECK: gpu.barrier
  // CHECK: gpu.shuffle up
  // CHECK: memref.store %{{.*}} : memref<2xi32>
  // CHECK: rocdl.ballot
  // CHECK-NOT: moe.sort
  gpu.func @sort(%sorted: memref<?xi32>, %experts: memref<?xi32>, %sorted_weights: memref<?xf32>, %num_valid: memref<2xi32>,
      %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %out: memref<?x64xbf16>, %tokens: i32) kernel {
    moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        ins(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) clear(%out : memref<?x64xbf16>)
        tokens(%tokens) experts 8 block_rows 16
    gpu.return
  }

  // CHECK-LABEL: gpu.func @count
  // CHECK-SAME: moe.grid = "16;1;1"
  // CHECK: rocdl.ballot
  // CHECK: memref.store %{{.*}} : memref<64x8xi32>
  // CHECK-NOT: memref.store %{{.*}} : memref<2xi32>
  gpu.func @count(%sorted: memref<?xi32>, %experts: memref<?xi32>, %sorted_weights: memref<?xf32>, %num_valid: memref<2xi32>,
      %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %workspace: memref<64x8xi32>, %tokens: i32) kernel {
    moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        ins(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) workspace(%workspace : memref<64x8xi32>)
        tokens(%tokens) experts 8 block_rows 16 phase count
    gpu.return
  }
}
