// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-outline-kernels: kernels, their arguments, and the grid in IR.
// RUN: moe-opt %s --moe-outline-kernels="chip=gfx950" --cse --canonicalize | FileCheck %s

#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>

// Offsets are added on the host; a row stride known at run time is an argument
// behind those of the stage. Equal ops share a kernel.
// CHECK-LABEL: func.func @strided
// CHECK-SAME: %[[OUT:[^:]*]]: memref<?x64xbf16, strided<[?, 1], offset: ?>>
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[BLOCKS:.*]] = memref.dim %{{.*}}, %{{.*}} : memref<?xi32>
// CHECK: %[[GROUPS:.*]] = arith.muli %[[BLOCKS]], %[[C8]]
// CHECK: scf.if
// CHECK: %{{.*}}, %[[OFFSET:.*]], %{{.*}}:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %[[OUT]]
// CHECK: %[[BYTES:.*]] = arith.muli %[[OFFSET]], %{{.*}} : index
// CHECK: %[[SUM:.*]] = arith.addi %{{.*}}, %[[BYTES]]
// CHECK: %[[ADDRESS:.*]] = arith.index_cast %[[SUM]] : index to i64
// CHECK: cf.assert %{{.*}}, "moe.grouped_gemm: expected the rows of 'out' to be at least tokens"
// CHECK: llvm.inttoptr %[[ADDRESS]] : i64 to !llvm.ptr<1>
// CHECK: cf.assert %{{.*}}, "moe.grouped_gemm: expected the rows of 'x' to be at least tokens x 4"
// CHECK: %[[STRIDE:.*]] = arith.index_cast %[[STRIDES]]#0 : index to i64
// CHECK: gpu.launch_func @moe_down_module::@moe_down blocks in (%[[GROUPS]], %{{.*}}, %{{.*}}) threads in (%{{.*}}, %{{.*}}, %{{.*}}) args({{.*}}, %[[STRIDE]] : i64)
// CHECK: gpu.launch_func @moe_down_module::@moe_down
// CHECK-NOT: moe.grouped_gemm
func.func @strided(%out: memref<?x64xbf16, strided<[?, 1], offset: ?>>, %x: memref<?x256xbf16>, %wb: memref<?xi8>,
    %sb: memref<?xi8>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) {
  %w = moe.preshuffled %wb : memref<?xi8> to memref<8x64x256xf4E2M1FN, #w>
  %s = moe.preshuffled %sb : memref<?xi8> to memref<8x64x8xf8E8M0FNU, #s>
  moe.grouped_gemm down accumulate outs(%out : memref<?x64xbf16, strided<[?, 1], offset: ?>>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #w>, memref<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 64 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_batch = 2>
  moe.grouped_gemm down accumulate outs(%out : memref<?x64xbf16, strided<[?, 1], offset: ?>>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #w>, memref<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 64 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_batch = 2>
  return
}

// CHECK-LABEL: func.func @reduced
// CHECK: gpu.launch_func @moe_reduce_slots_module::@moe_reduce_slots
func.func @reduced(%parts: memref<?x64xbf16>, %out: memref<?x64xbf16>, %tokens: i32) {
  moe.reduce_slots %parts to %out tokens(%tokens) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>
  return
}

// CHECK: gpu.module @moe_down_module [#rocdl.target<chip = "gfx950">]
// CHECK: gpu.func @moe_down(%[[OUT:.*]]: memref<bf16, 1>, %{{.*}}: memref<bf16, 1>, %{{.*}}: memref<i8, 1>, %{{.*}}: memref<i8, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: memref<i32, 1>, %{{.*}}: memref<f32, 1>, %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: i32, %[[STRIDE:.*]]: i64) kernel
// CHECK: %[[ELEMENTS:.*]] = arith.index_cast %[[STRIDE]] : i64 to index
// CHECK: memref.reinterpret_cast %[[OUT]] to offset: [0], sizes: [%{{.*}}, 64], strides: [%[[ELEMENTS]], 1]
// CHECK: moe.grouped_gemm down accumulate
