// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The elementwise kernel ops become the loads, arithmetic and stores of a row.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-expand-kernel,canonicalize))' -split-input-file -verify-diagnostics | FileCheck %s

#g = #gpu.address_space<global>

gpu.module @kernels {
  // Nothing is read of a row past num_valid but num_valid; nothing of a row that
  // is not valid but its id.
  // CHECK-LABEL: gpu.func @activate
  // CHECK-SAME: %[[SUMS:.*]]: memref<?x5760xf32, {{.*}}, %[[OUT:.*]]: memref<?x2880xbf16, {{.*}}, %[[IDS:.*]]: memref<?xi32{{.*}}, %[[EXPERTS:.*]]: memref<?xi32{{.*}}, %[[WEIGHTS:.*]]: memref<?xf32{{.*}}, %[[VALID:.*]]: memref<2xi32{{.*}}, %[[BIAS:.*]]: memref<8x5760xf32{{.*}}, %[[TOKENS:.*]]: i32
  // CHECK-SAME: known_block_size = array<i32: 256, 1, 1>, moe.grid = "ceildiv(n,2048)*num_blocks*32;1;1"
  // CHECK: %[[USED:.*]] = memref.load %[[VALID]]
  // CHECK: scf.if
  // CHECK-DAG: memref.load %[[EXPERTS]]
  // CHECK-DAG: memref.load %[[IDS]][%[[ROW:.*]]]
  // CHECK: scf.if
  // CHECK: vector.load %[[SUMS]]{{.*}} {alignment = 16 : i64} : {{.*}} vector<4xf32>
  // CHECK: vector.load %[[SUMS]]
  // CHECK: %[[GATE:.*]] = vector.load %[[BIAS]]
  // CHECK: %[[UP:.*]] = vector.load %[[BIAS]]
  // CHECK: arith.addf %{{.*}}, %[[GATE]]
  // CHECK: arith.addf %{{.*}}, %[[UP]]
  // CHECK: moe.activate situv2(%{{.*}}, %{{.*}}, %{{.*}}) %{{.*}} : vector<1x2x4xf32> -> vector<1x1x4xf32>
  // CHECK: memref.load %[[WEIGHTS]][%[[ROW]]]
  // CHECK: arith.mulf
  // CHECK: arith.truncf %{{.*}} : vector<4xf32> to vector<4xbf16>
  // CHECK: vector.store %{{.*}}, %[[OUT]]{{.*}} {alignment = 8 : i64}
  gpu.func @activate(%sums: memref<?x5760xf32, #g>, %out: memref<?x2880xbf16, #g>, %ids: memref<?xi32, #g>,
      %experts: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %num_valid: memref<2xi32, #g>,
      %bias: memref<8x5760xf32, #g>, %tokens: i32, %p: f32) kernel {
    moe.activate_sums situv2(%p, %p, %p) %sums to %out
        routing(%ids, %experts, %weights, %num_valid) bias(%bias) gate interleaved
        tokens(%tokens) topk 4 experts 8 block_rows 32 routing_weight
        : memref<?x5760xf32, #g>, memref<?x2880xbf16, #g>, memref<?xi32, #g>, memref<?xi32, #g>,
          memref<?xf32, #g>, memref<2xi32, #g>, memref<8x5760xf32, #g>
    gpu.return
  }

  // All loads come before the first sum; a slot that does not count adds zeros.
  // CHECK-LABEL: gpu.func @reduce
  // CHECK-SAME: moe.grid = "ceildiv(n,2048)*tokens;1;1"
  // CHECK-COUNT-3: memref.load %{{.*}} : memref<?xi8
  // CHECK-NOT: memref.load
  // CHECK-COUNT-3: vector.load %{{.*}} {alignment = 16 : i64} : {{.*}} vector<8xbf16>
  // CHECK-NOT: vector.load
  // CHECK-COUNT-3: arith.select %{{.*}}, %{{.*}}, %{{.*}} : vector<8xf32>
  // CHECK: arith.truncf %{{.*}} : vector<8xf32> to vector<8xbf16>
  // CHECK: vector.store
  gpu.func @reduce(%parts: memref<?x2880xbf16, #g>, %out: memref<?x2880xbf16, #g>, %valid: memref<?xi8, #g>,
      %tokens: i32) kernel {
    moe.reduce_slots %parts to %out valid(%valid) tokens(%tokens) topk 3
        : memref<?x2880xbf16, #g>, memref<?x2880xbf16, #g>, memref<?xi8, #g>
    gpu.return
  }

  // Where gate and up rows alternate, so do their biases.
  // CHECK-LABEL: gpu.func @activate_rows
  // CHECK-SAME: %[[BIAS:[^ ]*]]: memref<8x5760xf32
  // CHECK: %[[TWICE:.*]] = arith.muli %{{.*}}, %c2{{.*}} : index
  // CHECK: %[[BOTH:.*]] = vector.load %[[BIAS]][%{{.*}}, %[[TWICE]]] {{.*}}, vector<8xf32>
  // CHECK: vector.shuffle %[[BOTH]], %[[BOTH]] [0, 2, 4, 6]
  // CHECK: vector.shuffle %[[BOTH]], %[[BOTH]] [1, 3, 5, 7]
  gpu.func @activate_rows(%sums: memref<?x5760xf32, #g>, %out: memref<?x2880xbf16, #g>, %ids: memref<?xi32, #g>,
      %experts: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %num_valid: memref<2xi32, #g>,
      %bias: memref<8x5760xf32, #g>, %tokens: i32, %p: f32) kernel {
    moe.activate_sums silu(%p) %sums to %out
        routing(%ids, %experts, %weights, %num_valid) bias(%bias) gate rows
        tokens(%tokens) topk 4 experts 8 block_rows 32
        : memref<?x5760xf32, #g>, memref<?x2880xbf16, #g>, memref<?xi32, #g>, memref<?xi32, #g>,
          memref<?xf32, #g>, memref<2xi32, #g>, memref<8x5760xf32, #g>
    gpu.return
  }

  // Many slots are a loop over eight, and what remains.
  // CHECK-LABEL: gpu.func @reduce_many
  // CHECK-SAME: moe.grid = "ceildiv(n,1024)*tokens;1;1"
  // CHECK: scf.for %{{.*}} = %c0{{.*}} to %c40{{.*}} step %c8
  // CHECK-COUNT-8: vector.load
  // CHECK: scf.yield
  // CHECK-COUNT-1: vector.load
  // CHECK-NOT: vector.load
  gpu.func @reduce_many(%parts: memref<?x64xf32, #g>, %out: memref<?x64xf32, #g>, %tokens: i32) kernel {
    moe.reduce_slots %parts to %out tokens(%tokens) topk 41 : memref<?x64xf32, #g>, memref<?x64xf32, #g>
    gpu.return
  }
}

// -----

gpu.module @refused {
  gpu.func @block(%parts: memref<?x64xf32>, %out: memref<?x64xf32>, %tokens: i32) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    // expected-error @+1 {{expected known_block_size = 256, 1, 1 (64 x 4 waves), got 64, 1, 1}}
    moe.reduce_slots %parts to %out tokens(%tokens) topk 4 : memref<?x64xf32>, memref<?x64xf32>
    gpu.return
  }
}

// -----

// A block or a grid that is said in the gpu dialect's attribute.

gpu.module @refused {
  gpu.func @discardable(%parts: memref<?x64xf32>, %out: memref<?x64xf32>, %tokens: i32) kernel
      attributes {gpu.known_block_size = array<i32: 64, 1, 1>} {
    // expected-error @+1 {{expected known_block_size = 256, 1, 1 (64 x 4 waves), got 64, 1, 1}}
    moe.reduce_slots %parts to %out tokens(%tokens) topk 4 : memref<?x64xf32>, memref<?x64xf32>
    gpu.return
  }
}

// -----

gpu.module @refused {
  gpu.func @y(%parts: memref<?x64xf32>, %out: memref<?x64xf32>, %tokens: i32) kernel
      attributes {known_grid_size = array<i32: 12, 2, 1>} {
    // expected-error @+1 {{expected known_grid_size = x, 1, 1, got 12, 2, 1}}
    moe.reduce_slots %parts to %out tokens(%tokens) topk 4 : memref<?x64xf32>, memref<?x64xf32>
    gpu.return
  }
}

// -----

gpu.module @refused {
  gpu.func @tokens(%parts: memref<?x2880xf32>, %out: memref<?x2880xf32>) kernel
      attributes {known_grid_size = array<i32: 2, 1, 1>} {
    %c2 = arith.constant 2 : i32
    // expected-error @+1 {{expected known_grid_size = 6, 1, 1, got 2, 1, 1}}
    moe.reduce_slots %parts to %out tokens(%c2) topk 4 : memref<?x2880xf32>, memref<?x2880xf32>
    gpu.return
  }
}

// -----

gpu.module @refused {
  gpu.func @blocks(%sums: memref<?x5760xf32>, %out: memref<?x2880xbf16>, %ids: memref<96xi32>, %experts: memref<3xi32>,
      %weights: memref<96xf32>, %num_valid: memref<2xi32>, %bias: memref<8x5760xf32>, %tokens: i32, %p: f32) kernel
      attributes {gpu.known_grid_size = array<i32: 287, 1, 1>} {
    // expected-error @+1 {{expected known_grid_size = 288, 1, 1, got 287, 1, 1}}
    moe.activate_sums silu(%p) %sums to %out
        routing(%ids, %experts, %weights, %num_valid) bias(%bias) gate rows
        tokens(%tokens) topk 4 experts 8 block_rows 32
        : memref<?x5760xf32>, memref<?x2880xbf16>, memref<96xi32>, memref<3xi32>,
          memref<96xf32>, memref<2xi32>, memref<8x5760xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @right
  // CHECK-SAME: known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 6, 1, 1>
  gpu.func @right(%parts: memref<?x2880xf32>, %out: memref<?x2880xf32>) kernel
      attributes {gpu.known_block_size = array<i32: 256, 1, 1>, known_grid_size = array<i32: 6, 1, 1>} {
    %c2 = arith.constant 2 : i32
    moe.reduce_slots %parts to %out tokens(%c2) topk 4 : memref<?x2880xf32>, memref<?x2880xf32>
    gpu.return
  }
}
