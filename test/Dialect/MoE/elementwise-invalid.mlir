// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each constraint of moe.activate_sums and moe.reduce_slots, broken once. The
// labels are those of the verifier.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

// activate_sums_c1
func.func @width(%s: memref<?x128xf32>, %o: memref<?x72xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected I, dimension 1 of 'out', to be a static multiple of 16, got 72}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x72xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// activate_sums_c1
func.func @dynamic(%s: memref<?x128xf32>, %o: memref<?x?xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected I, dimension 1 of 'out', to be a static multiple of 16, got '?'}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x?xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// activate_sums_c1
func.func @sums(%s: memref<?x64xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected dimension 1 of 'sums' to be 2 x I of 'out' = 128, got 64}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x64xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// activate_sums_c1
func.func @sums_of_none(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %t: i32) {
  // expected-error @+1 {{expected dimension 1 of 'sums' to be I of 'out' = 64, got 128}}
  moe.activate_sums none %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// activate_sums_c2
func.func @params(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected 3 parameters of activation situv2 (limit, beta, linear_beta), got 1}}
  moe.activate_sums situv2(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// activate_sums_c3
func.func @bias_of_none(%s: memref<?x64xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %t: i32, %b: memref<8x64xf32>) {
  // expected-error @+1 {{expected no bias with activation none, got one}}
  moe.activate_sums none %s to %o routing(%i, %e, %w, %v) bias(%b) gate separated
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x64xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>, memref<8x64xf32>
  return
}

// -----

// activate_sums_c3
func.func @bias_without_gate(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32, %b: memref<8x128xf32>) {
  // expected-error @+1 {{expected gate = separated, interleaved or rows with a bias, got gate = none}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v) bias(%b)
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>, memref<8x128xf32>
  return
}

// -----

// activate_sums_c3
func.func @gate_without_bias(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected gate = none without a bias, got gate = separated}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v) gate separated
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// activate_sums_c3
func.func @bias_experts(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32, %b: memref<4x128xf32>) {
  // expected-error @+1 {{expected dimension 0 of 'bias' to be experts = 8, got 4}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v) bias(%b) gate interleaved
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>, memref<4x128xf32>
  return
}

// -----

// activate_sums_c3
func.func @bias_columns(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32, %b: memref<8x64xf32>) {
  // expected-error @+1 {{expected dimension 1 of 'bias' to be 2 x I of 'out' = 128, got 64}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v) bias(%b) gate interleaved
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>, memref<8x64xf32>
  return
}

// -----

// activate_sums_c4
func.func @rows(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected block_rows to be 16, 32, 64 or 128, got 96}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 96
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// activate_sums_c5
func.func @valid_size(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<3xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected dimension 0 of 'num_valid' to be its size = 2, got 3}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<3xi32>
  return
}

// -----

// activate_sums_c5
func.func @tokens(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  %many = arith.constant 16777216 : i32
  // expected-error @+1 {{expected tokens to be below 16777216 (24 bits of a sorted id), got 16777216}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%many) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// activate_sums_c6
func.func @space(%s: memref<?x128xf32, #gpu.address_space<workgroup>>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected 'sums' in the default or the global memory space, got #gpu.address_space<workgroup>}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32, #gpu.address_space<workgroup>>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// activate_sums_c6
func.func @strides(%s: memref<?x128xf32>, %o: memref<?x64xbf16, strided<[56, 1]>>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected the row stride of 'out' to be at least its 64 columns, got 56}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16, strided<[56, 1]>>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// reduce_slots_c3
func.func @reduce_in_place(%p: memref<?x64xbf16>, %t: i32) {
  // expected-error @+1 {{expected another 'out' than 'parts', got the same}}
  moe.reduce_slots %p to %p tokens(%t) topk 1 : memref<?x64xbf16>, memref<?x64xbf16>
  return
}

// -----

// reduce_slots_c1
func.func @width(%p: memref<?x48xbf16>, %o: memref<?x48xbf16>, %t: i32) {
  // expected-error @+1 {{expected N, dimension 1 of 'out', to be a static multiple of 32, got 48}}
  moe.reduce_slots %p to %o tokens(%t) topk 4 : memref<?x48xbf16>, memref<?x48xbf16>
  return
}

// -----

// reduce_slots_c1
func.func @parts(%p: memref<?x96xbf16>, %o: memref<?x64xbf16>, %t: i32) {
  // expected-error @+1 {{expected dimension 1 of 'parts' to be N of 'out' = 64, got 96}}
  moe.reduce_slots %p to %o tokens(%t) topk 4 : memref<?x96xbf16>, memref<?x64xbf16>
  return
}

// -----

// reduce_slots_c2
func.func @tokens(%p: memref<?x64xbf16>, %o: memref<?x64xbf16>, %t: i32) {
  %many = arith.constant 16777216 : i32
  // expected-error @+1 {{expected tokens to be below 16777216 (24 bits of a sorted id), got 16777216}}
  moe.reduce_slots %p to %o tokens(%many) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>
  return
}

// -----

// reduce_slots_c3
func.func @space(%p: memref<?x64xbf16>, %o: memref<?x64xbf16>, %t: i32, %v: memref<?xi8, #gpu.address_space<private>>) {
  // expected-error @+1 {{expected 'valid' in the default or the global memory space, got #gpu.address_space<private>}}
  moe.reduce_slots %p to %o valid(%v) tokens(%t) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>, memref<?xi8, #gpu.address_space<private>>
  return
}

// -----

// reduce_slots_c3
func.func @strides(%p: memref<?x64xbf16, strided<[84, 1]>>, %o: memref<?x64xbf16>, %t: i32) {
  // expected-error @+1 {{expected the row stride of 'parts' to be a multiple of 8 elements (16 bytes), got 84}}
  moe.reduce_slots %p to %o tokens(%t) topk 4 : memref<?x64xbf16, strided<[84, 1]>>, memref<?x64xbf16>
  return
}

// -----

// activate_sums_c7
func.func @forms(%s: tensor<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected all memory operands to be tensors like the first, got 'memref<?x64xbf16>'}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 8 block_rows 16
      : tensor<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// reduce_slots_c4
func.func @forms(%p: tensor<?x64xbf16>, %o: tensor<?x64xbf16>, %v: memref<?xi8>, %t: i32) {
  // expected-error @+1 {{expected all memory operands to be tensors like the first, got 'memref<?xi8>'}}
  %r = moe.reduce_slots %p to %o valid(%v) tokens(%t) topk 4
      : tensor<?x64xbf16>, tensor<?x64xbf16>, memref<?xi8> -> tensor<?x64xbf16>
  return
}

// -----

// reduce_slots_c2
func.func @reduce_few_rows(%p: memref<8x64xbf16>, %o: memref<2x64xbf16>) {
  %t = arith.constant 4 : i32
  // expected-error @+1 {{expected at least 4 rows in 'out' for 4 tokens, got 2}}
  moe.reduce_slots %p to %o tokens(%t) topk 2 : memref<8x64xbf16>, memref<2x64xbf16>
  return
}

// -----

// reduce_slots_c2
func.func @reduce_few_slots(%p: memref<6x64xbf16>, %o: memref<4x64xbf16>) {
  %t = arith.constant 4 : i32
  // expected-error @+1 {{expected at least 8 rows in 'parts' for 4 tokens, got 6}}
  moe.reduce_slots %p to %o tokens(%t) topk 2 : memref<6x64xbf16>, memref<4x64xbf16>
  return
}

// -----

// reduce_slots_c4
func.func @reduce_encoded(%p: tensor<?x64xbf16, "sparse">, %o: tensor<?x64xbf16>, %t: i32) -> tensor<?x64xbf16> {
  // expected-error @+1 {{expected a tensor of dense rows, or of #moe.preshuffle, got 'tensor<?x64xbf16, "sparse">'}}
  %r = moe.reduce_slots %p to %o tokens(%t) topk 2 : tensor<?x64xbf16, "sparse">, tensor<?x64xbf16> -> tensor<?x64xbf16>
  return %r : tensor<?x64xbf16>
}
