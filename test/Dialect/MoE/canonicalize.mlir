// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Canonicalizations of moe.grouped_gemm, and what must stay.
// RUN: moe-opt %s --canonicalize | FileCheck %s

#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>

// CHECK-LABEL: func.func @zero_bias
// CHECK-NOT: bias(
// CHECK: moe.grouped_gemm down accumulate outs
func.func @zero_bias(%out: tensor<?x64xf32>, %x: tensor<?x256xbf16>, %w: tensor<8x64x256xf4E2M1FN, #w>,
    %s: tensor<8x64x8xf8E8M0FNU, #s>, %ids: tensor<?xi32>, %experts: tensor<?xi32>, %weights: tensor<?xf32>,
    %num_valid: tensor<2xi32>, %tokens: i32) -> tensor<?x64xf32> {
  %bias = arith.constant dense<0.0> : tensor<8x64xf32>
  %r = moe.grouped_gemm down accumulate outs(%out : tensor<?x64xf32>)
      ins(%x, %w, %s : tensor<?x256xbf16>, tensor<8x64x256xf4E2M1FN, #w>, tensor<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      bias(%bias : tensor<8x64xf32>) tokens(%tokens) topk 4 block_rows 16 -> tensor<?x64xf32>
  return %r : tensor<?x64xf32>
}

// One addition into zeros is a store; four are not.
// CHECK-LABEL: func.func @into_zeros
// CHECK: moe.grouped_gemm down outs({{.*}} topk 1
// CHECK: moe.grouped_gemm down accumulate outs({{.*}} topk 4
func.func @into_zeros(%out: tensor<8x64xf32>, %x: tensor<?x256xbf16>, %w: tensor<8x64x256xf4E2M1FN, #w>,
    %s: tensor<8x64x8xf8E8M0FNU, #s>, %ids: tensor<?xi32>, %experts: tensor<?xi32>, %weights: tensor<?xf32>,
    %num_valid: tensor<2xi32>, %tokens: i32) -> (tensor<8x64xf32>, tensor<8x64xf32>) {
  %zero = arith.constant 0.0 : f32
  %zeros = linalg.fill ins(%zero : f32) outs(%out : tensor<8x64xf32>) -> tensor<8x64xf32>
  %one = moe.grouped_gemm down accumulate outs(%zeros : tensor<8x64xf32>)
      ins(%x, %w, %s : tensor<?x256xbf16>, tensor<8x64x256xf4E2M1FN, #w>, tensor<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      tokens(%tokens) topk 1 block_rows 16 -> tensor<8x64xf32>
  %four = moe.grouped_gemm down accumulate outs(%zeros : tensor<8x64xf32>)
      ins(%x, %w, %s : tensor<?x256xbf16>, tensor<8x64x256xf4E2M1FN, #w>, tensor<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 -> tensor<8x64xf32>
  return %one, %four : tensor<8x64xf32>, tensor<8x64xf32>
}

// On tensors an unused result is dead; on memrefs the write is an effect.
// CHECK-LABEL: func.func @unused
// CHECK-NEXT: moe.reduce_slots %{{.*}} to %{{.*}} tokens(%{{.*}}) topk 2 : memref
// CHECK-NEXT: return
func.func @unused(%p: tensor<?x64xbf16>, %o: tensor<?x64xbf16>, %pm: memref<?x64xbf16>, %om: memref<?x64xbf16>, %t: i32) {
  %r = moe.reduce_slots %p to %o tokens(%t) topk 2 : tensor<?x64xbf16>, tensor<?x64xbf16> -> tensor<?x64xbf16>
  moe.reduce_slots %pm to %om tokens(%t) topk 2 : memref<?x64xbf16>, memref<?x64xbf16>
  return
}

// A cast that hides a length goes, one that says it stays: without it the op would
// not be valid.
// CHECK-LABEL: func.func @casts
// CHECK: %[[VALID:.*]] = memref.cast %{{.*}} : memref<?xi32> to memref<2xi32>
// CHECK-NEXT: moe.grouped_gemm down accumulate outs(%{{.*}} : memref<8x64xf32>)
// CHECK-SAME: %[[VALID]] : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
func.func @casts(%out: memref<8x64xf32>, %x: memref<?x256xbf16>, %w: memref<8x64x256xf4E2M1FN, #w>,
    %s: memref<8x64x8xf8E8M0FNU, #s>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %list: memref<?xi32>, %tokens: i32) {
  %rows = memref.cast %out : memref<8x64xf32> to memref<?x64xf32>
  %valid = memref.cast %list : memref<?xi32> to memref<2xi32>
  moe.grouped_gemm down accumulate outs(%rows : memref<?x64xf32>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #w>, memref<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}
