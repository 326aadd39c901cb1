// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forms of ops that stand in no kernel, and uses of weights that no pass knows.
// RUN: moe-opt %s -split-input-file -verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(moe-check-kernels,gpu.module(moe-expand-kernel),moe-preshuffled-to-bytes)'

gpu.module @split {
  gpu.func @split(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32) kernel {
    // expected-error @+1 {{expected k_batch = 1 in a kernel whose output is stored, got 2, which needs a workspace: -moe-decompose makes two kernels of the op in host code}}
    moe.grouped_gemm down outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128, k_batch = 2>
    gpu.return
  }
}

// -----

gpu.module @tensors {
  gpu.func @tensors(%out: tensor<?x64xbf16>, %parts: tensor<?x64xbf16>, %tokens: i32) kernel {
    // expected-error @+1 {{expected memrefs in a kernel, got tensors; run -one-shot-bufferize first}}
    %r = moe.reduce_slots %parts to %out tokens(%tokens) topk 4 : tensor<?x64xbf16>, tensor<?x64xbf16> -> tensor<?x64xbf16>
    gpu.return
  }
}

// -----

func.func @copied(%w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, %to: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>) {
  // expected-error @+1 {{expected no memref in a preshuffled layout, which only moe ops, arith.select, memref.dim, branches, loops, calls and launches can use, got 'memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>'}}
  memref.copy %w, %to : memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>> to memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>
  return
}

// -----

gpu.module @bytes {
  gpu.func @bytes(%bytes: tensor<65536xi8>) kernel {
    // expected-error @+1 {{expected memrefs in a kernel, got 'tensor<65536xi8>'}}
    %w = moe.preshuffled %bytes : tensor<65536xi8> to tensor<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>
    gpu.return
  }
}
