// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What -moe-outline-kernels and -moe-expand-kernel refuse, with the next step.
// RUN: moe-opt %s --moe-outline-kernels="chip=gfx950" -split-input-file -verify-diagnostics
// RUN: %exit 1 moe-opt %s --moe-outline-kernels="chip=gfx900" -split-input-file 2>&1 | FileCheck %s
// CHECK: gfx900

#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
func.func @no_schedule(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %wb: memref<?xi8>, %sb: memref<?xi8>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>, %tokens: i32) {
  %w = moe.preshuffled %wb : memref<?xi8> to memref<8x64x256xf4E2M1FN, #w>
  %s = moe.preshuffled %sb : memref<?xi8> to memref<8x64x8xf8E8M0FNU, #s>
  // expected-error @+1 {{expected a schedule, which -moe-choose-schedule, also part of --moe-to-launches, makes, got none}}
  moe.grouped_gemm down accumulate outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #w>, memref<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}

// -----

#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
func.func @split(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %wb: memref<?xi8>, %sb: memref<?xi8>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>, %tokens: i32) {
  %w = moe.preshuffled %wb : memref<?xi8> to memref<8x64x256xf4E2M1FN, #w>
  %s = moe.preshuffled %sb : memref<?xi8> to memref<8x64x8xf8E8M0FNU, #s>
  // expected-error @+1 {{expected k_batch = 1 where the output is stored, got 2: -moe-decompose makes two ops of it}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #w>, memref<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_batch = 2>
  return
}

// -----

#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
func.func @weights(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %w: memref<8x64x256xf4E2M1FN, #w>,
    %s: memref<8x64x8xf8E8M0FNU, #s>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) {
  // expected-error @+1 {{expected 'w' of host code to be the result of moe.preshuffled, which -moe-preshuffled-to-bytes makes, got}}
  moe.grouped_gemm down accumulate outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #w>, memref<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

func.func @tensors(%parts: tensor<?x64xbf16>, %out: tensor<?x64xbf16>, %tokens: i32) -> tensor<?x64xbf16> {
  // expected-error @+1 {{expected memrefs, which -one-shot-bufferize makes of tensors, got tensors}}
  %r = moe.reduce_slots %parts to %out tokens(%tokens) topk 4 : tensor<?x64xbf16>, tensor<?x64xbf16> -> tensor<?x64xbf16>
  return %r : tensor<?x64xbf16>
}
