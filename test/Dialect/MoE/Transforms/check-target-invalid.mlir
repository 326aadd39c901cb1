// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a chip, or this compiler, cannot do is refused at the op.
// RUN: moe-opt %s -split-input-file -verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(gpu.module(moe-check-target{chip=gfx942}))'
// RUN: not moe-opt %s --moe-to-rocdl=chip=gfx1100 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not moe-opt %s --moe-to-binary=chip=gfx90a 2>&1 | FileCheck %s --check-prefix=GFX90A
// RUN: not moe-opt %s --moe-to-rocdl 2>&1 | FileCheck %s --check-prefix=NONE

// CHIP: error: gpu.module 'lds': unknown chip 'gfx1100', expected one of gfx942, gfx950
// GFX90A: error: gpu.module 'lds': unknown chip 'gfx90a', expected one of gfx942, gfx950 (gfx90a flushes bf16 denormals
// NONE: error: gpu.module 'lds': expected a chip, as the option 'chip' or as a #rocdl.target of the module, got neither

gpu.module @lds {
  gpu.func @lds(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32) kernel {
    // expected-error @+1 {{expected at most 65536 bytes of LDS on gfx942, got 131072 (the largest of 2 A tiles of 128 x 256 x 2 bytes, the output tile and the sums of 1 K groups)}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 128 schedule <tile_m = 128, tile_n = 128, tile_k = 256>
    gpu.return
  }
}

// -----

gpu.module @tile_k {
  gpu.func @tile_k(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32) kernel {
    // expected-error @+1 {{expected tile_k = 128 or a multiple of 256, got 384, which is not lowered yet}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 384>
    gpu.return
  }
}

// -----

gpu.module @tile_n {
  gpu.func @tile_n(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32) kernel {
    // expected-error @+1 {{expected tile_n to be at most 256 (64 x 4 waves), got 512, which is not lowered yet}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 512, tile_k = 256>
    gpu.return
  }
}

// -----

// The LDS of the function's own counts.
gpu.module @own_lds {
  gpu.func @own_lds(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32)
      workgroup(%own: memref<9000xf32, #gpu.address_space<workgroup>>) kernel {
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 32 schedule <tile_m = 32, tile_n = 64, tile_k = 128>
    // expected-error @+1 {{expected at most 65536 bytes of LDS on gfx942, got 68768 (the largest of 2 A tiles of 32 x 256 x 2 bytes, the output tile and the sums of 1 K groups, and 36000 bytes of the function itself)}}
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 32 schedule <tile_m = 32, tile_n = 64, tile_k = 256>
    gpu.return
  }
}

// -----

// Ops one behind the other share their LDS: no error.
gpu.module @shared_lds {
  gpu.func @shared_lds(%out: memref<?x256xbf16>, %x: memref<?x512xbf16>,
      %w: memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>,
      %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
      %num_valid: memref<2xi32>, %tokens: i32) kernel {
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 64 schedule <tile_m = 64, tile_n = 128, tile_k = 256>
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16>)
        ins(%x, %w, %s : memref<?x512xbf16>, memref<8x256x512xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x256x16xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        tokens(%tokens) topk 4 block_rows 64 schedule <tile_m = 64, tile_n = 128, tile_k = 256>
    gpu.return
  }
}
