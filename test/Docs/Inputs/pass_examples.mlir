// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An input for each pass whose description shows an example: `// PASS FLAGS`, then
// IR. What moe-opt prints with the flags is what the description abridges.
// -----
// moe-check-kernels -moe-check-kernels
#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
func.func @host(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>,
    %w: memref<128x2880x2880xf4E2M1FN, #w>, %s: memref<128x2880x90xf8E8M0FNU, #s>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) {
  %c1 = arith.constant 1 : index
  %c256 = arith.constant 256 : index
  gpu.launch blocks(%a, %b, %c) in (%g = %c1, %h = %c1, %i = %c1)
      threads(%d, %e, %f) in (%j = %c256, %k = %c1, %l = %c1) {
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x2880xbf16>)
          ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>,
              memref<128x2880x90xf8E8M0FNU, #s>)
          routing(%ids, %experts, %weights, %num_valid :
              memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
          tokens(%tokens) topk 4 block_rows 16
      schedule <tile_m = 16, tile_n = 128, tile_k = 256>
    gpu.terminator
  }
  return
}
// -----
// moe-check-target -pass-pipeline=builtin.module(gpu.module(moe-check-target{chip=gfx942}))
#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
gpu.module @m {
gpu.func @k(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>,
    %w: memref<128x2880x2880xf4E2M1FN, #w>, %s: memref<128x2880x90xf8E8M0FNU, #s>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) kernel {
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>,
          memref<128x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid :
          memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 128
      schedule <tile_m = 128, tile_n = 128, tile_k = 256>
  gpu.return
}
}
// -----
// moe-choose-schedule -moe-choose-schedule=chip=gfx950 tokens=1
#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
func.func @host(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>,
    %w: memref<128x2880x2880xf4E2M1FN, #w>, %s: memref<128x2880x90xf8E8M0FNU, #s>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) {
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>,
          memref<128x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid :
          memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}
// -----
// moe-decompose -moe-decompose
#w = #moe.preshuffle<weight, gate = interleaved>
#s = #moe.preshuffle<scale, gate = interleaved>
func.func @host(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>,
    %w: memref<128x5760x2880xf4E2M1FN, #w>, %s: memref<128x5760x90xf8E8M0FNU, #s>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32, %alpha: f32, %limit: f32) {
  moe.grouped_gemm gate_up outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x5760x2880xf4E2M1FN, #w>,
          memref<128x5760x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid :
          memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      activation swiglu(%alpha, %limit) tokens(%tokens) topk 4 block_rows 16
      schedule <tile_m = 16, tile_n = 128, tile_k = 256, k_batch = 2>
  return
}
// -----
// moe-preshuffled-to-bytes -moe-preshuffled-to-bytes
#w = #moe.preshuffle<weight>
func.func @host(%c: i1, %w: memref<8x64x256xf4E2M1FN, #w>,
    %v: memref<8x64x256xf4E2M1FN, #w>) -> memref<8x64x256xf4E2M1FN, #w> {
  %p = arith.select %c, %w, %v : memref<8x64x256xf4E2M1FN, #w>
  return %p : memref<8x64x256xf4E2M1FN, #w>
}
// -----
// moe-share-buffers -moe-share-buffers
func.func @host(%rows: index) {
  %h = memref.alloc(%rows) : memref<?x2880xbf16>
  memref.dealloc %h : memref<?x2880xbf16>
  return
}
// -----
// moe-outline-kernels -moe-outline-kernels=chip=gfx950 -cse
#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
func.func @host(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>, %wb: memref<542638080xi8>,
    %sb: memref<?xi8>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) {
  %w = moe.preshuffled %wb : memref<542638080xi8> to memref<128x2880x2880xf4E2M1FN, #w>
  %s = moe.preshuffled %sb : memref<?xi8> to memref<128x2880x90xf8E8M0FNU, #s>
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>,
          memref<128x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid :
          memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16
      schedule <tile_m = 16, tile_n = 128, tile_k = 256>
  return
}
// -----
// moe-expand-kernel -pass-pipeline=builtin.module(gpu.module(moe-expand-kernel,canonicalize))
#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
gpu.module @m {
gpu.func @k(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>,
    %w: memref<128x2880x2880xf4E2M1FN, #w>, %s: memref<128x2880x90xf8E8M0FNU, #s>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) kernel {
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>,
          memref<128x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid :
          memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16
      schedule <tile_m = 16, tile_n = 128, tile_k = 256>
  gpu.return
}
}
// -----
// moe-pipeline -pass-pipeline=builtin.module(gpu.module(moe-expand-kernel,moe-pipeline,canonicalize,cse))
#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
gpu.module @m {
gpu.func @k(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>,
    %w: memref<128x2880x2880xf4E2M1FN, #w>, %s: memref<128x2880x90xf8E8M0FNU, #s>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) kernel {
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>,
          memref<128x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid :
          memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 32
      schedule <tile_m = 32, tile_n = 128, tile_k = 256>
  gpu.return
}
}
// -----
// moe-check-lowered -moe-check-lowered=translatable=true
gpu.module @m {
llvm.func @f() {
  %t = tensor.empty() : tensor<4xf32>
  llvm.return
}
}
// -----
// convert-moe-to-amdgpu -pass-pipeline=builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950}))
gpu.module @m {
gpu.func @k(%w: memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>>, %e: index,
    %n: index, %k: index) kernel {
  %f = moe.load_weight %w[%e, %n, %k] cache nt
      : memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>> -> vector<1x1x32xf4E2M1FN>
  gpu.return
}
}
// -----
// moe-overlap-products -pass-pipeline=builtin.module(gpu.module(moe-expand-kernel,moe-pipeline,convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse,moe-overlap-products))
#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>
gpu.module @m {
gpu.func @k(%out: memref<?x2880xbf16>, %x: memref<?x2880xbf16>,
    %w: memref<128x2880x2880xf4E2M1FN, #w>, %s: memref<128x2880x90xf8E8M0FNU, #s>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %tokens: i32) kernel {
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x2880xbf16>)
      ins(%x, %w, %s : memref<?x2880xbf16>, memref<128x2880x2880xf4E2M1FN, #w>,
          memref<128x2880x90xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid :
          memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 64
      schedule <tile_m = 64, tile_n = 256, tile_k = 128>
  gpu.return
}
}
// -----
// moe-insert-waits -pass-pipeline=builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950},moe-insert-waits))
gpu.module @m {
gpu.func @k(%x: memref<?x2880xbf16>, %rows: vector<2xi32>, %k: index,
    %w: memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>>,
    %scale: memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index)
    workgroup(%ping: memref<16x256xbf16, #gpu.address_space<workgroup>>) kernel {
  moe.gather %x[%rows, %k] columns 256 to %ping
      : memref<?x2880xbf16>, vector<2xi32>, memref<16x256xbf16, #gpu.address_space<workgroup>>
  %f = moe.load_weight %w[%e, %n, %k]
      : memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>> -> vector<2x1x32xf4E2M1FN>
  %c = moe.load_scale %scale[%e, %n, %k]
      : memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<2x1xf8E8M0FNU>
  moe.sync
  %b = moe.unpack %f, %c
      : vector<2x1x32xf4E2M1FN>, vector<2x1xf8E8M0FNU> -> vector<2x1x32xbf16>
  gpu.return
}
}
// -----
// moe-gpu-module-to-binary -moe-gpu-module-to-binary=chip=gfx950
gpu.module @kernels {
  llvm.func @empty() attributes {gpu.kernel, rocdl.kernel} {
    llvm.return
  }
}
