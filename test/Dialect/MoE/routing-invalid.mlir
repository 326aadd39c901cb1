// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each constraint of moe.route and moe.sort, broken.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

// route_c1
func.func @too_many_experts(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x1056xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected experts, dimension 1 of 'logits', to be from 1 to 1024, got 1056}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x1056xf32>) tokens(%tokens)
  return
}

// -----

// route_c1
func.func @experts_not_static(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x?xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected experts, dimension 1 of 'logits', to be from 1 to 1024, got '?'}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x?xf32>) tokens(%tokens)
  return
}

// -----

// route_c2
func.func @topk_above_32(%ids: memref<?x33xi32>, %weights: memref<?x33xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected topk, dimension 1 of 'ids', to be from 1 to 32, got 33}}
  moe.route softmax outs(%ids, %weights : memref<?x33xi32>, memref<?x33xf32>) ins(%logits : memref<?x128xf32>) tokens(%tokens)
  return
}

// -----

// route_c2
func.func @other_weights(%ids: memref<?x4xi32>, %weights: memref<?x5xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'weights' to be topk of 'ids' = 4, got 5}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x5xf32>) ins(%logits : memref<?x128xf32>) tokens(%tokens)
  return
}

// -----

// route_c2
func.func @topk_above_experts(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x3xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected topk to be at most the 3 experts of the best 1 of 1 groups, got 4}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x3xf32>) tokens(%tokens)
  return
}

// -----

// route_c2
func.func @topk_above_groups(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected topk to be at most the 2 experts of the best 1 of 64 groups, got 4}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) groups 64 best 1 tokens(%tokens)
  return
}

// -----

// route_c2
func.func @only_shared(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected more columns of 'ids' than the 4 shared experts take, got 4}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) shared 4 weight 1.0 tokens(%tokens)
  return
}

// -----

// route_c8
func.func @too_many_shared(%ids: memref<?x16xi32>, %weights: memref<?x16xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected shared to be from 0 to 8, got 9}}
  moe.route softmax outs(%ids, %weights : memref<?x16xi32>, memref<?x16xf32>) ins(%logits : memref<?x128xf32>) shared 9 weight 1.0 tokens(%tokens)
  return
}

// -----

// route_c8
func.func @infinite_shared_weight(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected a finite shared_weight, got 0x7F800000 : f32}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) shared 1 weight 0x7F800000 tokens(%tokens)
  return
}

// -----

// route_c3
func.func @correction_length(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<64xf32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 0 of 'correction' to be the experts of 'logits' = 128, got 64}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) correction(%c : memref<64xf32>) tokens(%tokens)
  return
}

// -----

// route_c4
func.func @groups_do_not_divide(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected groups to divide the 128 experts, got 3}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) groups 3 best 1 tokens(%tokens)
  return
}

// -----

// route_c4
func.func @no_groups(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected groups to be from 1 to 64, got 0}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) groups 0 best 1 tokens(%tokens)
  return
}

// -----

// route_c4
func.func @too_many_best(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected the number of best groups to be from 1 to 4, got 5}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) groups 4 best 5 tokens(%tokens)
  return
}

// -----

// route_c4
func.func @groups_of_one(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x32xf32>, %c: memref<32xf32>, %tokens: i32) {
  // expected-error @+1 {{expected at least 2 experts in a group, whose score is the sum of its best two with a correction, got 1}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x32xf32>) correction(%c : memref<32xf32>) groups 32 best 8 tokens(%tokens)
  return
}

// -----

// route_c5
func.func @infinite_scale(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected a finite scale, got 0x7F800000 : f32}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) scale 0x7F800000 tokens(%tokens)
  return
}

// -----

// route_c5
func.func @too_many_tokens(%ids: memref<?x4xi32>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  %many = arith.constant 16777216 : i32
  // expected-error @+1 {{expected tokens to be below 16777216 (24 bits of a sorted id), got 16777216}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) tokens(%many)
  return
}

// -----

// route_c6
func.func @workgroup_memory(%ids: memref<?x4xi32, #gpu.address_space<workgroup>>, %weights: memref<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected 'ids' in the default or the global memory space, got #gpu.address_space<workgroup>}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32, #gpu.address_space<workgroup>>, memref<?x4xf32>) ins(%logits : memref<?x128xf32>) tokens(%tokens)
  return
}

// -----

// route_c7
func.func @mixed_forms(%ids: memref<?x4xi32>, %weights: tensor<?x4xf32>, %logits: memref<?x128xf32>, %c: memref<128xf32>, %tokens: i32) {
  // expected-error @+1 {{expected all memory operands to be memrefs like the first, got 'tensor<?x4xf32>'}}
  moe.route softmax outs(%ids, %weights : memref<?x4xi32>, tensor<?x4xf32>) ins(%logits : memref<?x128xf32>) tokens(%tokens)
  return
}

// -----

// sort_c1
func.func @slots_above_255(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x256xi32>, %w: memref<?x256xf32>, %tokens: i32) {
  // expected-error @+1 {{expected topk, dimension 1 of 'topk_ids', to be from 1 to 255, got 256}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x256xi32>, memref<?x256xf32>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c1
func.func @weights_of_others(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x3xf32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'topk_weights' to be topk of 'topk_ids' = 4, got 3}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x3xf32>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c2
func.func @no_experts(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected experts to be from 1 to 2048, got 0}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) tokens(%tokens) experts 0 block_rows 16
  return
}

// -----

// sort_c2
func.func @no_rows(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected block_rows to be from 1 to 65536, got 0}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) tokens(%tokens) experts 128 block_rows 0
  return
}

// -----

// sort_c3
func.func @num_valid(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<1xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 0 of 'num_valid' to be its size = 2, got 1}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<1xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c3
func.func @local_tokens(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %l: memref<2xi32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 0 of 'local_tokens' to be its size = 1, got 2}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) local_tokens(%l : memref<2xi32>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c3
func.func @map_not_static(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %m: memref<?xi32>, %tokens: i32) {
  // expected-error @+1 {{expected the elements of 'expert_map' to be from 1 to 65536, got '?'}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) expert_map(%m : memref<?xi32>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c3
func.func @workspace_rows(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %m: memref<32x128xi32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 0 of 'workspace' to be the waves of a sort = 64, got 32}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) workspace(%m : memref<32x128xi32>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c3
func.func @workspace_columns(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %m: memref<64x64xi32>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'workspace' to be experts = 128, got 64}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) workspace(%m : memref<64x64xi32>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c4
func.func @clear_columns(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %m: memref<?x40xbf16>, %tokens: i32) {
  // expected-error @+1 {{expected dimension 1 of 'clear' to be a static multiple of 32, got 40}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) clear(%m : memref<?x40xbf16>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c4
func.func @clear_stride(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %m: memref<?x32xbf16, strided<[36, 1]>>, %tokens: i32) {
  // expected-error @+1 {{expected the row stride of 'clear' to be a multiple of 8 elements (16 bytes), got 36}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) clear(%m : memref<?x32xbf16, strided<[36, 1]>>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c5
func.func @phase_alone(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected a workspace for phase count, got none}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) tokens(%tokens) experts 128 block_rows 16 phase count
  return
}

// -----

// sort_c6
func.func @constant_tokens(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %tokens: i32) {
  %many = arith.constant -1 : i32
  // expected-error @+1 {{expected tokens to be below 16777216 (24 bits of a sorted id), got -1}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) tokens(%many) experts 128 block_rows 16
  return
}

// -----

// sort_c7
func.func @lists_in_lds(%s: memref<?xi32, #gpu.address_space<workgroup>>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: memref<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected 'sorted_ids' in the default or the global memory space, got #gpu.address_space<workgroup>}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32, #gpu.address_space<workgroup>>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, memref<?x4xf32>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c8
func.func @mixed_sort(%s: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>, %nv: memref<2xi32>, %ids: memref<?x4xi32>, %w: tensor<?x4xf32>, %tokens: i32) {
  // expected-error @+1 {{expected all memory operands to be memrefs like the first, got 'tensor<?x4xf32>'}}
  moe.sort outs(%s, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %w : memref<?x4xi32>, tensor<?x4xf32>) tokens(%tokens) experts 128 block_rows 16
  return
}

// -----

// sort_c5
gpu.module @kernels {
  gpu.func @whole(%s: memref<64xi32>, %e: memref<4xi32>, %sw: memref<64xf32>, %nv: memref<2xi32>,
      %ids: memref<8x4xi32>, %w: memref<8x4xf32>, %space: memref<64x8xi32>, %tokens: i32) kernel {
    // expected-error @+1 {{expected a phase of a sort with a workspace in a kernel, got all: -moe-decompose makes three ops of it in host code}}
    moe.sort outs(%s, %e, %sw, %nv : memref<64xi32>, memref<4xi32>, memref<64xf32>, memref<2xi32>) ins(%ids, %w : memref<8x4xi32>, memref<8x4xf32>) workspace(%space : memref<64x8xi32>) tokens(%tokens) experts 8 block_rows 16
    gpu.return
  }
}

// -----

// gemm_c18
func.func @deterministic_adds(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>,
    %nv: memref<2xi32>, %tokens: i32) {
  // expected-error @+1 {{expected plain stores of a deterministic product, got accumulate; moe.reduce_slots adds up the slots in order}}
  moe.grouped_gemm down accumulate deterministic outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}

// -----

// gemm_c18
func.func @deterministic_cut(%out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>, %e: memref<?xi32>, %sw: memref<?xf32>,
    %nv: memref<2xi32>, %tokens: i32) {
  // expected-error @+1 {{expected k_batch = 1 and k_wave = 1 for a deterministic product, whose K is not cut, got 1 and 2}}
  moe.grouped_gemm down deterministic outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %e, %sw, %nv : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_wave = 2>
  return
}

// -----

// sort_c7
func.func @sort_one_list(%a: memref<?xi32>, %w: memref<?xf32>, %n: memref<2xi32>, %ids: memref<?x2xi32>, %tw: memref<?x2xf32>, %t: i32) {
  // expected-error @+1 {{expected another 'sorted_ids' than 'expert_ids', got the same}}
  moe.sort outs(%a, %a, %w, %n : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %tw : memref<?x2xi32>, memref<?x2xf32>) tokens(%t) experts 4 block_rows 16
  return
}

// -----

// sort_c6
func.func @sort_few_rows(%a: memref<?xi32>, %e: memref<?xi32>, %w: memref<?xf32>, %n: memref<2xi32>, %ids: memref<4x2xi32>, %tw: memref<4x2xf32>) {
  %t = arith.constant 5 : i32
  // expected-error @+1 {{expected at least 5 rows in 'topk_ids' for 5 tokens, got 4}}
  moe.sort outs(%a, %e, %w, %n : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>) ins(%ids, %tw : memref<4x2xi32>, memref<4x2xf32>) tokens(%t) experts 4 block_rows 16
  return
}
