// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each constraint of moe.grouped_gemm, broken once. The labels are those of the
// verifier.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

// gemm_c1
func.func @dynamic_k(%out: memref<?x64xbf16>, %x: memref<?x?xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected a static K in dimension 1 of 'x', got '?'}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x?xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c1
func.func @k_multiple(%out: memref<?x64xbf16>, %x: memref<?x80xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected K to be a positive multiple of 32 (one scale block), got 80}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x80xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c1
func.func @k_large(%out: memref<?x64xbf16>, %x: memref<?x65568xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected K to be at most 65536, got 65568}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x65568xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c2
func.func @weight_k(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected dimension 2 of 'w' to be K of 'x' = 96, got 128}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c2
func.func @weight_n(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x96x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x96x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'w' to be N of 'out' = 64, got 96}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x96x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x96x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c2
func.func @weight_row_major(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-note @below {{bytes get a layout by moe.preshuffled}}
  // expected-error @+1 {{expected 'w' in the layout #moe.preshuffle<weight>, got a row-major memref}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c2
func.func @weight_layout_of_scales(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<scale>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected 'w' in the layout #moe.preshuffle<weight>, got #moe.preshuffle<scale>}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<scale>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c2
func.func @weight_bytes(%out: memref<?x131072xbf16>, %x: memref<?x65536xbf16>,
    %w: memref<1x131072x65536xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<1x131072x2048xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected the weights of one expert to be smaller than 4293918720 bytes (one buffer descriptor), got 4294967296}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x131072xbf16>)
      ins(%x, %w, %s : memref<?x65536xbf16>, memref<1x131072x65536xf4E2M1FN, #moe.preshuffle<weight>>, memref<1x131072x2048xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c3
func.func @scale_experts(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<7x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected dimension 0 of 'scale' to be the experts of 'w' = 8, got 7}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<7x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c3
func.func @scale_rows(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x32x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'scale' to be the rows of 'w' = 64, got 32}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x32x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c3
func.func @scale_k(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected dimension 2 of 'scale' to be K/32 = 3, got 4}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c3
func.func @scale_row_major(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-note @below {{bytes get a layout by moe.preshuffled}}
  // expected-error @+1 {{expected 'scale' in the layout #moe.preshuffle<scale>, got a row-major memref}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c11
func.func @in_place(%x: memref<?x64xbf16>,
    %w: memref<8x64x64xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x2xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected another 'out' than 'x', got the same}}
  moe.grouped_gemm down accumulate routing_weight outs(%x : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x64xbf16>, memref<8x64x64xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x2xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c4
func.func @n_multiple(%out: memref<?x48xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected N, dimension 1 of 'out', to be a static multiple of 32, got 48}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x48xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c4
func.func @n_dynamic(%out: memref<?x?xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected N, dimension 1 of 'out', to be a static multiple of 32, got '?'}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x?xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c5
func.func @num_valid(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<1xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected dimension 0 of 'num_valid' to be its size = 2, got 1}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<1xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c6
func.func @bias_n(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %bias: memref<8x32xf32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'bias' to be the rows of 'w' = 64, got 32}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      bias(%bias : memref<8x32xf32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c6
func.func @bias_experts(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %bias: memref<1x64xf32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 0 of 'bias' to be the experts of 'w' = 8, got 1}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      bias(%bias : memref<1x64xf32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c7
func.func @gate_of_stage_2(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = separated>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = separated>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected 'w' with gate = none in stage down, got gate = separated}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = separated>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = separated>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c7
func.func @gate_of_stage_1(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %p: f32, %tokens: i32) {
  // expected-error @+1 {{expected 'w' with gate = separated, interleaved or rows in stage gate_up, got gate = none}}
  moe.grouped_gemm gate_up routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      activation silu(%p)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128>
  return
}

// -----

// gemm_c7
func.func @gates_differ(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = separated>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected 'w' and 'scale' to order gate and up rows alike, got gate = interleaved and gate = separated}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = separated>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c7
func.func @rows_of_stage_1(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %p: f32, %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'w' to be gate and up rows, 2 x I of 'out' = 128, got 64}}
  moe.grouped_gemm gate_up routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      activation silu(%p)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c8
func.func @k_batch(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected k_batch to be at most the 1 K tiles of K = 96 and tile_k = 128, got 2}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_batch = 2>
  return
}

// -----

// gemm_c9
func.func @k_wave(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected k_wave to be at most the 1 K tiles of a slice, got 2}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_wave = 2>
  return
}

// -----

// gemm_c10
func.func @topk(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected topk to be from 1 to 255 (8 bits of a sorted id), got 256}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 256 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c10
func.func @topk_zero(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected topk to be from 1 to 255 (8 bits of a sorted id), got 0}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 0 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c10
func.func @tokens(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  %t = arith.constant 16777216 : i32
  // expected-error @+1 {{expected tokens to be below 16777216 (24 bits of a sorted id), got 16777216}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%t) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c13
func.func @params_of_stage_2(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %p: f32, %tokens: i32) {
  // expected-error @+1 {{expected 0 parameters of activation none (none), got 4}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      activation none(%p, %p, %p, %p)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c13
func.func @params_of_stage_1(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %p: f32, %tokens: i32) {
  // expected-error @+1 {{expected 2 parameters of activation swiglu (alpha, limit), got 1}}
  moe.grouped_gemm gate_up routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      activation swiglu(%p)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128>
  return
}

// -----

// gemm_c13
func.func @no_activation(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %p: f32, %tokens: i32) {
  // expected-error @+1 {{expected 'out' of f32 for the raw sums of a stage gate_up without an activation, got 'bf16'}}
  moe.grouped_gemm gate_up routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128>
  return
}

// -----

// gemm_c13
func.func @atomics_of_stage_1(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %p: f32, %tokens: i32) {
  // expected-error @+1 {{expected plain stores of an activation, got accumulate}}
  moe.grouped_gemm gate_up accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      activation silu(%p)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128>
  return
}

// -----

// gemm_c4
func.func @raw_columns(%out: memref<?x64xf32>, %x: memref<?x256xbf16>,
    %w: memref<8x128x256xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: memref<8x128x8xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'w' to be the raw sums in the columns of 'out' = 64, got 128}}
  moe.grouped_gemm gate_up accumulate outs(%out : memref<?x64xf32>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x128x256xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, memref<8x128x8xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128, k_batch = 2>
  return
}

// -----

// gemm_c13
func.func @raw_type(%out: memref<?x128xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x128x256xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: memref<8x128x8xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected 'out' of f32 for the raw sums of a stage gate_up without an activation, got 'bf16'}}
  moe.grouped_gemm gate_up accumulate outs(%out : memref<?x128xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x128x256xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, memref<8x128x8xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128, k_batch = 2>
  return
}

// -----

// gemm_c13
func.func @raw_weight(%out: memref<?x128xf32>, %x: memref<?x256xbf16>,
    %w: memref<8x128x256xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: memref<8x128x8xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected neither bias nor routing weight on raw sums, which moe.activate_sums adds, got a routing weight}}
  moe.grouped_gemm gate_up accumulate routing_weight outs(%out : memref<?x128xf32>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x128x256xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, memref<8x128x8xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128, k_batch = 2>
  return
}

// -----

// gemm_c14
func.func @pairs_of_columns(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>,
    %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %p: f32, %tokens: i32) {
  // expected-error @+1 {{expected tile_n to be a multiple of 128 in stage gate_up (16 gate and 16 up columns x 4 waves in N), got 64}}
  moe.grouped_gemm gate_up routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      activation silu(%p)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c11
func.func @memory_space(%out: memref<?x64xbf16>, %x: memref<?x96xbf16, #gpu.address_space<workgroup>>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected 'x' in the default or the global memory space, got #gpu.address_space<workgroup>}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16, #gpu.address_space<workgroup>>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c11
func.func @memory_space_number(%out: memref<?x64xbf16, 3>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected 'out' in the default or the global memory space, got 3 : i64}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16, 3>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c12
func.func @strides(%out: memref<?x64xbf16>, %x: memref<?x96xbf16, strided<[100, 1]>>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected the row stride of 'x' to be a multiple of 8 elements (16 bytes), got 100}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16, strided<[100, 1]>>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c12
func.func @stride_of_list(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32, strided<[2]>>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected the elements of a row of 'sorted_ids' to follow each other, got 'memref<?xi32, strided<[2]>>'}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32, strided<[2]>>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c13
func.func @stage_of_activation(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %p: f32, %tokens: i32) {
  // expected-error @+1 {{expected no activation in stage down, got silu}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      activation silu(%p)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c15
func.func @block_rows(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected block_rows to be 16, 32, 64 or 128, got 48}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 48 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c15
func.func @tile_of_block(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected tile_m to be a divisor of block_rows = 16, got 32}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 32, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c16
func.func @per_slot(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected per_slot only in stage down with accumulate, got it in stage down without accumulate}}
  moe.grouped_gemm down per_slot routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c17
func.func @mixed_forms(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: tensor<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected all memory operands to be memrefs like the first, got 'tensor<?xi32>'}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : tensor<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// -----

// gemm_c10
func.func @few_slots(%out: memref<?x64xbf16>, %x: memref<11x64xbf16>,
    %w: memref<8x64x64xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x2xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>) {
  %tokens = arith.constant 3 : i32
  // expected-error @+1 {{expected at least 12 rows in 'x' for 3 tokens, got 11}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<11x64xbf16>, memref<8x64x64xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x2xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}

// -----

// gemm_c11
func.func @bias_is_out(%out: memref<8x64xf32>, %x: memref<?x64xbf16>,
    %w: memref<8x64x64xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x2xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  // expected-error @+1 {{expected another 'out' than 'bias', got the same}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<8x64xf32>)
      ins(%x, %w, %s : memref<?x64xbf16>, memref<8x64x64xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x2xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      bias(%out : memref<8x64xf32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}
