// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a moe.grouped_gemm without sorted lists cannot have, broken once each.
// The labels are those of the verifier.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

// gemm_c15
func.func @block_rows(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected no block_rows with unsorted, which has no blocks, got 16}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}

// -----

// gemm_c15
func.func @no_block_rows(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>, %tokens: i32) {
  // expected-error @+1 {{expected block_rows of the sorted lists, got none}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4
  return
}

// -----

// gemm_c19
func.func @no_lists(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %tokens: i32) {
  // expected-error @+1 {{expected all sorted lists in place of topk_ids and topk_weights, unsorted, got no 'sorted_ids' besides}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      
      tokens(%tokens) topk 4 block_rows 16
  return
}

// -----

// gemm_c19
func.func @both(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %topk_ids: memref<?x4xi32>, %topk_weights: memref<?x4xf32>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>, %tokens: i32) {
  // expected-error @+1 {{expected topk_ids and topk_weights, unsorted, in place of all sorted lists, got a 'sorted_ids' besides}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      unsorted(%topk_ids, %topk_weights : memref<?x4xi32>, memref<?x4xf32>)
      tokens(%tokens) topk 4
  return
}

// -----

// gemm_c19
func.func @topk_of_ids(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x5xi32>, %weights: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'topk_ids' to be topk = 4, got 5}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x5xi32>, memref<?x4xf32>)
      tokens(%tokens) topk 4
  return
}

// -----

// gemm_c19
func.func @topk_of_weights(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x4xi32>, %weights: memref<?x?xf32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'topk_weights' to be topk = 4, got '?'}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x?xf32>)
      tokens(%tokens) topk 4
  return
}

// -----

// gemm_c19
func.func @map_size(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %map: memref<?xi32>, %tokens: i32) {
  // expected-error @+1 {{expected the elements of 'expert_map' to be from 1 to 65536, got '?'}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) expert_map(%map : memref<?xi32>)
      tokens(%tokens) topk 4
  return
}

// -----

// gemm_c19
func.func @local_size(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %local: memref<2xi32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 0 of 'local_tokens' to be its size = 1, got 2}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) local_tokens(%local : memref<2xi32>)
      tokens(%tokens) topk 4
  return
}

// -----

// gemm_c19
func.func @map_of_sorted(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>, %map: memref<16xi32>, %tokens: i32) {
  // expected-error @+1 {{expected 'expert_map' with unsorted only, since moe.sort has it for sorted lists, got it with those}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      expert_map(%map : memref<16xi32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}

// -----

// gemm_c19
func.func @local_of_sorted(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>, %local: memref<1xi32>, %tokens: i32) {
  // expected-error @+1 {{expected 'local_tokens' with unsorted only, since moe.sort has it for sorted lists, got it with those}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      local_tokens(%local : memref<1xi32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}

// -----

// gemm_c19
func.func @clear_of_sorted(%out: memref<?x32xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight, gate = rows>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>>,
    %limit: f32, %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>, %y: memref<?x64xbf16>, %tokens: i32) {
  // expected-error @+1 {{expected 'clear' with unsorted only, since moe.sort has it for sorted lists, got it with those}}
  moe.grouped_gemm gate_up outs(%out : memref<?x32xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight, gate = rows>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      clear(%y : memref<?x64xbf16>)
      activation silu(%limit) tokens(%tokens) topk 4 block_rows 16
  return
}

// -----

// gemm_c20
func.func @split_store(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected k_batch = 1 of an unsorted product whose output is stored, since the kernel that finishes it reads sorted lists, got 2}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>)
      tokens(%tokens) topk 4 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_batch = 2>
  return
}

// -----

// gemm_c21
func.func @clear_stage(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %y: memref<?x64xbf16>, %tokens: i32) {
  // expected-error @+1 {{expected 'clear' in stage gate_up, ahead of the stage that adds to it, got it in stage down}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) clear(%y : memref<?x64xbf16>)
      tokens(%tokens) topk 4
  return
}

// -----

// gemm_c21
func.func @clear_out(%out: memref<?x32xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight, gate = rows>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>>,
    %limit: f32, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected another 'out' than 'clear', got the same}}
  moe.grouped_gemm gate_up outs(%out : memref<?x32xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight, gate = rows>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) clear(%out : memref<?x32xbf16>)
      activation silu(%limit) tokens(%tokens) topk 4
  return
}

// -----

// gemm_c21
func.func @clear_columns(%out: memref<?x32xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight, gate = rows>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>>,
    %limit: f32, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %y: memref<?x48xbf16>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'clear' to be a static multiple of 32, got 48}}
  moe.grouped_gemm gate_up outs(%out : memref<?x32xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight, gate = rows>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) clear(%y : memref<?x48xbf16>)
      activation silu(%limit) tokens(%tokens) topk 4
  return
}

// -----

// gemm_c21
func.func @clear_stride(%out: memref<?x32xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight, gate = rows>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>>,
    %limit: f32, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %y: memref<?x64xbf16, strided<[68, 1]>>, %tokens: i32) {
  // expected-error @+1 {{expected the row stride of 'clear' to be a multiple of 8 elements (16 bytes), got 68}}
  moe.grouped_gemm gate_up outs(%out : memref<?x32xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight, gate = rows>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) clear(%y : memref<?x64xbf16, strided<[68, 1]>>)
      activation silu(%limit) tokens(%tokens) topk 4
  return
}

// -----

// gemm_c18
func.func @deterministic(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected k_batch = 1 and k_wave = 1 for a deterministic product, whose K is not cut, got 1 and 2}}
  moe.grouped_gemm down deterministic outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>)
      tokens(%tokens) topk 4 schedule <tile_m = 16, tile_n = 64, tile_k = 128, waves = 4, k_wave = 2>
  return
}

// -----

// gemm_c11
func.func @space(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?x4xi32, #gpu.address_space<workgroup>>, %weights: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected 'topk_ids' in the default or the global memory space, got #gpu.address_space<workgroup>}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : memref<?x4xi32, #gpu.address_space<workgroup>>, memref<?x4xf32>)
      tokens(%tokens) topk 4
  return
}

// -----

// gemm_c17
func.func @form(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>,
    %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: tensor<?x4xi32>, %weights: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected all memory operands to be memrefs like the first, got 'tensor<?x4xi32>'}}
  moe.grouped_gemm down outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      unsorted(%ids, %weights : tensor<?x4xi32>, memref<?x4xf32>)
      tokens(%tokens) topk 4
  return
}
