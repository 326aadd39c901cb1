// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of one kernel are launched on one grid.
// RUN: moe-opt %s -split-input-file -verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(gpu.module(moe-expand-kernel))'

gpu.module @tiles {
  gpu.func @tiles(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32) kernel {
    // expected-note @+1 {{the first op is here}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
    // expected-error @+1 {{expected the grid of the first op of the kernel, ceildiv(n,64)*num_blocks with n = 256, got ceildiv(n,128)*num_blocks with n = 256; give them kernels of their own}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128>
    gpu.return
  }
}

// -----

// Lists of other lengths are other grids too.
gpu.module @blocks {
  gpu.func @blocks(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32, %more: memref<?xi32>) kernel {
    // expected-note @+1 {{the first op is here}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
    // expected-error @+1 {{expected the grid of the first op of the kernel, ceildiv(n,64)*num_blocks with n = 256, got the same of another number of blocks; give them kernels of their own}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %more, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
    gpu.return
  }
}

// -----

// A grid that the function brings along: no other than the op needs.
gpu.module @given {
  gpu.func @given(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32) kernel attributes {moe.grid = "ceildiv(n,64)*num_blocks;1;1"} {
    // expected-note @below {{the first op is here}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
    // expected-error @+1 {{expected the grid of the first op of the kernel, ceildiv(n,64)*num_blocks with n = 256, got ceildiv(n,128)*num_blocks with n = 256; give them kernels of their own}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128>
    gpu.return
  }
}

// -----

gpu.module @other {
  gpu.func @other(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32) kernel attributes {moe.grid = "1;1;1"} {
    // expected-error @+1 {{expected 'moe.grid' = "ceildiv(n,64)*num_blocks;1;1" or none, got "1;1;1"}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
    gpu.return
  }
}
