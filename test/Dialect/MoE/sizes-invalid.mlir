// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes that are zero or do not fit 64 bits, and memory where a tile op cannot
// use it: an error at the op, never an overflow, a division by zero or a crash
// further down.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected fewer than 2^63 bytes of preshuffled weights, got 9223372036854775800 x 32 x 256 elements}}
func.func private @bytes(memref<9223372036854775800x32x256xf4E2M1FN, #moe.preshuffle<weight>>)

// -----

// expected-error @+1 {{expected fewer than 2^63 bytes of preshuffled scales, got 1 x 32 x 9223372036854775807 elements}}
func.func private @padding(memref<1x32x9223372036854775807xf8E8M0FNU, #moe.preshuffle<scale>>)

// -----

func.func @no_experts(%w: memref<0x64x96xf4E2M1FN, #moe.preshuffle<weight>>, %i: index) {
  // expected-error @+1 {{expected at least one expert, row and column in 'w', got 'memref<0x64x96xf4E2M1FN, #moe.preshuffle<weight>>'}}
  %r = moe.load_weight %w[%i, %i, %i] : memref<0x64x96xf4E2M1FN, #moe.preshuffle<weight>> -> vector<2x1x32xf4E2M1FN>
  return
}

// -----

func.func @no_scales(%s: memref<4x64x0xf8E8M0FNU, #moe.preshuffle<scale>>, %i: index) {
  // expected-error @+1 {{expected at least one expert, row and column in 'scale'}}
  %r = moe.load_scale %s[%i, %i, %i] : memref<4x64x0xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<2x1xf8E8M0FNU>
  return
}

// -----

func.func @large_fragment(%w: memref<1x64x96xf4E2M1FN, #moe.preshuffle<weight>>, %i: index) {
  // expected-error @+1 {{expected at most 1024 blocks in the result, got 1099511627776 x 4}}
  %r = moe.load_weight %w[%i, %i, %i] : memref<1x64x96xf4E2M1FN, #moe.preshuffle<weight>> -> vector<1099511627776x4x32xf4E2M1FN>
  return
}

// -----

func.func @large_unpack(%f: vector<2x4611686018427387904x32xf4E2M1FN>, %s: vector<2x4611686018427387904xf8E8M0FNU>) {
  // expected-error @+1 {{expected at most 1024 blocks in 'source', got 2 x 4611686018427387904}}
  %r = moe.unpack %f, %s : vector<2x4611686018427387904x32xf4E2M1FN>, vector<2x4611686018427387904xf8E8M0FNU> -> vector<2x4611686018427387904x32xbf16>
  return
}

// -----

func.func @large_tile(%ids: memref<?xi32>, %t: i32, %i: index) {
  // expected-error @+1 {{expected a tile of at most 65536 x 65536, got 16 x 288230376151711744}}
  %r = moe.route_rows %ids[%i] tokens(%t) topk 4 tile 16 x 288230376151711744 threads 256 : memref<?xi32> -> vector<2xi32>
  return
}

// -----

func.func @empty_lds(%x: memref<?x96xbf16>, %r: vector<1xi32>, %k: index, %l: memref<0x128xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected rows of 'to' to be a positive multiple of 16, got 0}}
  moe.gather %x[%r, %k] columns 32 to %l : memref<?x96xbf16>, vector<1xi32>, memref<0x128xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @gather_rows_wrap(%x: memref<?x96xbf16>, %r: vector<1152921504606846976xi32>, %k: index, %l: memref<16x128xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected the 256 chunks of the tile to be a multiple of 64 lanes x 1152921504606846976 rows}}
  moe.gather %x[%r, %k] columns 32 to %l : memref<?x96xbf16>, vector<1152921504606846976xi32>, memref<16x128xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @gather_bytes(%x: memref<72057594037927936x96xbf16>, %r: vector<1xi32>, %k: index, %l: memref<16x128xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected 'x' to be smaller than 4293918720 bytes (one buffer descriptor), got 72057594037927936 rows x 96 elements of a row stride}}
  moe.gather %x[%r, %k] columns 32 to %l : memref<72057594037927936x96xbf16>, vector<1xi32>, memref<16x128xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @gather_stride_counts(%x: memref<131072x96xbf16, strided<[65536, 1]>>, %r: vector<1xi32>, %k: index, %l: memref<16x128xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected 'x' to be smaller than 4293918720 bytes (one buffer descriptor), got 131072 rows x 65536 elements of a row stride}}
  moe.gather %x[%r, %k] columns 32 to %l : memref<131072x96xbf16, strided<[65536, 1]>>, vector<1xi32>, memref<16x128xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @gather_offset(%x: memref<?x96xbf16, strided<[96, 1], offset: 4>>, %r: vector<1xi32>, %k: index, %l: memref<16x128xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected the offset of 'x' to be a multiple of 8 elements (16 bytes), got 4}}
  moe.gather %x[%r, %k] columns 32 to %l : memref<?x96xbf16, strided<[96, 1], offset: 4>>, vector<1xi32>, memref<16x128xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @gather_space(%x: memref<?x96xbf16, 5>, %r: vector<1xi32>, %k: index, %l: memref<16x128xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected 'x' in the default or the global memory space, got 5 : i64}}
  moe.gather %x[%r, %k] columns 32 to %l : memref<?x96xbf16, 5>, vector<1xi32>, memref<16x128xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @weight_space(%w: memref<4x64x96xf4E2M1FN, #moe.preshuffle<weight>, #gpu.address_space<private>>, %i: index) {
  // expected-error @+1 {{expected 'w' in the default or the global memory space, got #gpu.address_space<private>}}
  %r = moe.load_weight %w[%i, %i, %i] : memref<4x64x96xf4E2M1FN, #moe.preshuffle<weight>, #gpu.address_space<private>> -> vector<2x1x32xf4E2M1FN>
  return
}

// -----

func.func @threads(%acc: vector<1x2x4xf32>, %l: memref<65536xi8, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected threads to be a multiple of 64 and at most 1024, got 4611686018427387904}}
  %r = moe.reduce_groups %acc buffers(%l, %l) groups 2 threads 4611686018427387904 : vector<1x2x4xf32>, memref<65536xi8, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @buffer_layout(%acc: vector<1x2x4xf32>, %l: memref<65536xi8, strided<[2]>, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected static buffers in #gpu.address_space<workgroup>}}
  %r = moe.reduce_groups %acc buffers(%l, %l) groups 2 threads 256 : vector<1x2x4xf32>, memref<65536xi8, strided<[2]>, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @columns(%p: memref<?x4611686018427387904xbf16>, %q: memref<?x4611686018427387904xbf16>, %t: i32) {
  // expected-error @+1 {{expected N, dimension 1 of 'out', to be at most 1073741824, got 4611686018427387904}}
  moe.reduce_slots %p to %q tokens(%t) topk 4 : memref<?x4611686018427387904xbf16>, memref<?x4611686018427387904xbf16>
  return
}

// -----

// In bytes the stride is 2^64 + 256: rows would lie over each other.
func.func @stride_wraps(%p: memref<?x64xf32>, %o: memref<?x64xf32, strided<[4611686018427387968, 1]>>, %t: i32) {
  // expected-error @+1 {{expected the row stride of 'out' to be at most 35184372088832 elements (2^47 bytes), got 4611686018427387968}}
  moe.reduce_slots %p to %o tokens(%t) topk 4 : memref<?x64xf32>, memref<?x64xf32, strided<[4611686018427387968, 1]>>
  return
}

// -----

func.func @offset_wraps(%p: memref<?x64xf32>, %o: memref<?x64xf32, strided<[64, 1], offset: 4611686018427387968>>, %t: i32) {
  // expected-error @+1 {{expected the offset of 'out' to be at most 35184372088832 elements (2^47 bytes), got 4611686018427387968}}
  moe.reduce_slots %p to %o tokens(%t) topk 4 : memref<?x64xf32>, memref<?x64xf32, strided<[64, 1], offset: 4611686018427387968>>
  return
}

// -----

func.func @clear_wraps(%s: tensor<?xi32>, %e: tensor<?xi32>, %w: tensor<?xf32>, %n: tensor<2xi32>, %i: tensor<?x4xi32>, %tw: tensor<?x4xf32>, %c: tensor<?x9223372036854775776xbf16>, %t: i32) {
  // expected-error @+1 {{expected the row of 'clear' to be at most 70368744177664 elements (2^47 bytes), got 9223372036854775776}}
  %r:5 = moe.sort outs(%s, %e, %w, %n : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>) ins(%i, %tw : tensor<?x4xi32>, tensor<?x4xf32>) clear(%c : tensor<?x9223372036854775776xbf16>) tokens(%t) experts 8 block_rows 16 -> tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>, tensor<?x9223372036854775776xbf16>
  return
}

// -----

func.func @gather_one_row(%x: memref<?x96xbf16, strided<[2147483648, 1]>>, %r: vector<1xi32>, %k: index, %l: memref<16x128xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected 'x' to be smaller than 4293918720 bytes (one buffer descriptor), got '?' rows x 2147483648 elements of a row stride}}
  moe.gather %x[%r, %k] columns 32 to %l : memref<?x96xbf16, strided<[2147483648, 1]>>, vector<1xi32>, memref<16x128xbf16, #gpu.address_space<workgroup>>
  return
}
