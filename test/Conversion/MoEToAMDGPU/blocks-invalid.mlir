// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lanes and waves are numbered along the block's x. Where the block is known,
// other forms are refused.
// RUN: moe-opt %s -split-input-file -verify-diagnostics --convert-moe-to-amdgpu=chip=gfx950

gpu.module @plane {
  gpu.func @kernel(%w: memref<2x64x256xf4E2M1FN, #moe.preshuffle<weight>>, %n: index) kernel
      attributes {known_block_size = array<i32: 32, 2, 1>} {
    // expected-error @+1 {{expected a workgroup of N x 1 x 1 threads, N a multiple of 64, got 32 x 2 x 1}}
    %f = moe.load_weight %w[%n, %n, %n] : memref<2x64x256xf4E2M1FN, #moe.preshuffle<weight>> -> vector<1x1x32xf4E2M1FN>
    gpu.return
  }
}

// -----

gpu.module @part {
  gpu.func @kernel(%w: memref<2x64x256xf4E2M1FN, #moe.preshuffle<weight>>, %n: index) kernel
      attributes {known_block_size = array<i32: 96, 1, 1>} {
    // expected-error @+1 {{expected a workgroup of N x 1 x 1 threads, N a multiple of 64, got 96 x 1 x 1}}
    %f = moe.load_weight %w[%n, %n, %n] : memref<2x64x256xf4E2M1FN, #moe.preshuffle<weight>> -> vector<1x1x32xf4E2M1FN>
    gpu.return
  }
}

// -----

gpu.module @rows {
  gpu.func @kernel(%ids: memref<?xi32>, %m: index, %tokens: i32) kernel
      attributes {known_block_size = array<i32: 192, 1, 1>} {
    // expected-error @+1 {{expected threads to be a divisor of the 192 of the workgroup, got 128}}
    %rows = moe.route_rows %ids[%m] tokens(%tokens) topk 4 tile 16 x 256 threads 128 : memref<?xi32> -> vector<4xi32>
    gpu.return
  }
}

// -----

gpu.module @scatter {
  gpu.func @kernel(%acc: memref<1xf32>, %out: memref<?x128xf32>, %ids: memref<?xi32>, %weights: memref<?xf32>, %t: i32, %n: index)
      workgroup(%l: memref<4096xi8, #gpu.address_space<workgroup>>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>} {
    %sums = arith.constant dense<1.0> : vector<1x2x4xf32>
    // expected-error @+1 {{expected threads to be the 128 of the workgroup, got 256}}
    moe.scatter %sums to %out[%n] routing(%ids, %weights)[%n] tokens(%t) topk 4 buffers(%l, %l) tile_n 128 threads 256 : vector<1x2x4xf32>, memref<?x128xf32>, memref<?xi32>, memref<?xf32>, memref<4096xi8, #gpu.address_space<workgroup>>
    gpu.return
  }
}
