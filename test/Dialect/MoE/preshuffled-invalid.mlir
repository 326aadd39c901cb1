// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each constraint of moe.preshuffled, broken once. The labels are those of the
// verifier.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

// preshuffled_c1
func.func @row_major(%bytes: memref<?xi8>) {
  // expected-note @below {{bytes get a layout by moe.preshuffled}}
  // expected-error @+1 {{expected 'result' in the layout #moe.preshuffle<weight>, got a row-major memref}}
  %w = moe.preshuffled %bytes : memref<?xi8> to memref<8x64x96xf4E2M1FN>
  return
}

// -----

// preshuffled_c1
func.func @scales_as_weights(%bytes: memref<?xi8>) {
  // expected-error @+1 {{expected 'result' in the layout #moe.preshuffle<scale>, got #moe.preshuffle<weight>}}
  %w = moe.preshuffled %bytes : memref<?xi8> to memref<8x64x96xf8E8M0FNU, #moe.preshuffle<weight>>
  return
}

// -----

// preshuffled_c2
func.func @forms(%bytes: tensor<?xi8>) {
  // expected-error @+1 {{expected two memrefs or two tensors, got 'tensor<?xi8>' and 'memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>'}}
  %w = moe.preshuffled %bytes : tensor<?xi8> to memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>
  return
}

// -----

// preshuffled_c2
func.func @spaces(%bytes: memref<?xi8, 1>) {
  // expected-error @+1 {{expected one memory space, got 'memref<?xi8, 1>' and 'memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>'}}
  %w = moe.preshuffled %bytes : memref<?xi8, 1> to memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>
  return
}

// -----

// preshuffled_c3
func.func @size(%bytes: memref<24576xi8>) {
  // K of 96 is padded to 128: 8 x 64 x 128 / 2.
  // expected-error @+1 {{expected the 32768 bytes of 'memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>', got 24576}}
  %w = moe.preshuffled %bytes : memref<24576xi8> to memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>
  return
}

// -----

// preshuffled_c4
func.func @stride(%bytes: memref<?xi8, strided<[2]>>) {
  // expected-error @+1 {{expected contiguous bytes, got 'memref<?xi8, strided<[2]>>'}}
  %w = moe.preshuffled %bytes : memref<?xi8, strided<[2]>> to memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>
  return
}

// -----

// preshuffled_c4
func.func @offset(%bytes: memref<?xi8, strided<[1], offset: 24>>) {
  // expected-error @+1 {{expected an offset that is a multiple of 16 bytes, got 24}}
  %w = moe.preshuffled %bytes : memref<?xi8, strided<[1], offset: 24>> to memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>
  return
}
