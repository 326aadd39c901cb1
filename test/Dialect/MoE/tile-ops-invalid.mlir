// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each constraint of the tile-level ops, broken once. The labels are those of the
// verifiers.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

// route_rows_c1
func.func @route_rows_threads(%ids: memref<?xi32>, %t: i32, %i: index) {
  // expected-error @+1 {{expected the 512 chunks of a 16 x 256 tile to be a multiple of 384 threads}}
  %r = moe.route_rows %ids[%i] tokens(%t) topk 4 tile 16 x 256 threads 384 : memref<?xi32> -> vector<2xi32>
  return
}

// -----

// route_rows_c1
func.func @route_rows_count(%ids: memref<?xi32>, %t: i32, %i: index) {
  // expected-error @+1 {{expected 2 rows, one a chunk of this lane, got 3}}
  %r = moe.route_rows %ids[%i] tokens(%t) topk 4 tile 16 x 256 threads 256 : memref<?xi32> -> vector<3xi32>
  return
}

// -----

// gather_c1
func.func @gather_space(%x: memref<?x96xbf16>, %r: vector<2xi32>, %k: index, %l: memref<16x256xbf16>) {
  // expected-error @+1 {{expected 'to' in #gpu.address_space<workgroup>, got 'memref<16x256xbf16>'}}
  moe.gather %x[%r, %k] columns 64 to %l : memref<?x96xbf16>, vector<2xi32>, memref<16x256xbf16>
  return
}

// -----

// gather_c1
func.func @gather_rows(%x: memref<?x96xbf16>, %r: vector<3xi32>, %k: index, %l: memref<24x256xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected rows of 'to' to be a multiple of 16, got 24}}
  moe.gather %x[%r, %k] columns 64 to %l : memref<?x96xbf16>, vector<3xi32>, memref<24x256xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

// gather_c1
func.func @gather_columns_of_tile(%x: memref<?x96xbf16>, %r: vector<3xi32>, %k: index, %l: memref<16x96xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected columns of 'to' to be a multiple of 128, got 96}}
  moe.gather %x[%r, %k] columns 64 to %l : memref<?x96xbf16>, vector<3xi32>, memref<16x96xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

// gather_c2
func.func @gather_chunks(%x: memref<?x96xbf16>, %r: vector<3xi32>, %k: index, %l: memref<16x256xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected the 512 chunks of the tile to be a multiple of 64 lanes x 3 rows}}
  moe.gather %x[%r, %k] columns 64 to %l : memref<?x96xbf16>, vector<3xi32>, memref<16x256xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

// gather_c3
func.func @gather_columns(%x: memref<?x96xbf16>, %r: vector<2xi32>, %k: index, %l: memref<16x256xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected columns to be a multiple of 32 and at most 256, got 288}}
  moe.gather %x[%r, %k] columns 288 to %l : memref<?x96xbf16>, vector<2xi32>, memref<16x256xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

// gather_c3
func.func @gather_columns_multiple(%x: memref<?x96xbf16>, %r: vector<2xi32>, %k: index, %l: memref<16x256xbf16, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected columns to be a multiple of 32 and at most 256, got 48}}
  moe.gather %x[%r, %k] columns 48 to %l : memref<?x96xbf16>, vector<2xi32>, memref<16x256xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

// load_weight_c1
func.func @load_weight_layout(%w: memref<8x64x96xf4E2M1FN>, %e: index, %n: index, %k: index) {
  // expected-note @below {{bytes get a layout by moe.preshuffled}}
  // expected-error @+1 {{expected 'w' in the layout #moe.preshuffle<weight>, got a row-major memref}}
  %r = moe.load_weight %w[%e, %n, %k] : memref<8x64x96xf4E2M1FN> -> vector<1x1x32xf4E2M1FN>
  return
}

// -----

// load_weight_c2
func.func @load_weight_last(%w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, %e: index, %n: index, %k: index) {
  // expected-error @+1 {{expected the last dimension of the result to be 32, got 16}}
  %r = moe.load_weight %w[%e, %n, %k] : memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>> -> vector<1x1x16xf4E2M1FN>
  return
}

// -----

// load_scale_c1
func.func @load_scale_layout(%w: memref<8x64x96xf8E8M0FNU, #moe.preshuffle<weight>>, %e: index, %n: index, %k: index) {
  // expected-error @+1 {{expected 'scale' in the layout #moe.preshuffle<scale>, got #moe.preshuffle<weight>}}
  %r = moe.load_scale %w[%e, %n, %k] : memref<8x64x96xf8E8M0FNU, #moe.preshuffle<weight>> -> vector<1x1xf8E8M0FNU>
  return
}

// -----

// load_scale_c2
func.func @load_scale_rows(%w: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index, %k: index) {
  // expected-error @+1 {{expected dimension 0 of the result to be 1 or even (a dword serves 2 row blocks), got 3}}
  %r = moe.load_scale %w[%e, %n, %k] : memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<3x2xf8E8M0FNU>
  return
}

// -----

// unpack_c1
func.func @unpack_last(%a: vector<1x1x16xf4E2M1FN>, %b: vector<1x1xf8E8M0FNU>) {
  // expected-error @+1 {{expected the last dimension of 'source' to be 32, got 16}}
  %r = moe.unpack %a, %b : vector<1x1x16xf4E2M1FN>, vector<1x1xf8E8M0FNU> -> vector<1x1x16xbf16>
  return
}

// -----

// unpack_c1
func.func @unpack_result(%a: vector<2x1x32xf4E2M1FN>, %b: vector<2x1xf8E8M0FNU>) {
  // expected-error @+1 {{expected the result in the shape of 'source'}}
  %r = moe.unpack %a, %b : vector<2x1x32xf4E2M1FN>, vector<2x1xf8E8M0FNU> -> vector<1x2x32xbf16>
  return
}

// -----

// unpack_c1
func.func @unpack_scale(%a: vector<2x1x32xf4E2M1FN>, %b: vector<1x2xf8E8M0FNU>) {
  // expected-error @+1 {{expected one scale for each 32 elements of 'source'}}
  %r = moe.unpack %a, %b : vector<2x1x32xf4E2M1FN>, vector<1x2xf8E8M0FNU> -> vector<2x1x32xbf16>
  return
}

// -----

// mfma_c1
func.func @mfma_space(%a: memref<16x256xbf16>, %b: vector<2x2x32xbf16>, %c: vector<1x2x4xf32>) {
  // expected-error @+1 {{expected 'a' in #gpu.address_space<workgroup>, got 'memref<16x256xbf16>'}}
  %r = moe.mfma %a, %b, %c : memref<16x256xbf16>, vector<2x2x32xbf16>, vector<1x2x4xf32>
  return
}

// -----

// mfma_c1
func.func @mfma_rows(%a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %b: vector<2x2x32xbf16>, %c: vector<2x2x4xf32>) {
  // expected-error @+1 {{expected rows of 'a' to be 16 x 2 = 32, got 16}}
  %r = moe.mfma %a, %b, %c : memref<16x256xbf16, #gpu.address_space<workgroup>>, vector<2x2x32xbf16>, vector<2x2x4xf32>
  return
}

// -----

// mfma_c1
func.func @mfma_columns(%a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %b: vector<2x3x32xbf16>, %c: vector<1x2x4xf32>) {
  // expected-error @+1 {{expected at least 128 x 3 = 384 columns in 'a', got 256}}
  %r = moe.mfma %a, %b, %c : memref<16x256xbf16, #gpu.address_space<workgroup>>, vector<2x3x32xbf16>, vector<1x2x4xf32>
  return
}

// -----

// mfma_c1
func.func @mfma_large_rows(%a: memref<32x256xbf16, #gpu.address_space<workgroup>>, %b: vector<1x2x2x32xbf16>, %c: vector<2x1x4x4xf32>) {
  // expected-error @+1 {{expected rows of 'a' to be 32 x 2 = 64, got 32}}
  %r = moe.mfma %a, %b, %c : memref<32x256xbf16, #gpu.address_space<workgroup>>, vector<1x2x2x32xbf16>, vector<2x1x4x4xf32>
  return
}

// -----

// mfma_c2
func.func @mfma_quads(%a: memref<32x256xbf16, #gpu.address_space<workgroup>>, %b: vector<1x2x2x32xbf16>, %c: vector<1x1x2x4xf32>) {
  // expected-error @+1 {{expected dimension 2 of 'acc' to be 4 in blocks of 32 x 32, got 2}}
  %r = moe.mfma %a, %b, %c : memref<32x256xbf16, #gpu.address_space<workgroup>>, vector<1x2x2x32xbf16>, vector<1x1x2x4xf32>
  return
}

// -----

// mfma_c2
func.func @mfma_mixed(%a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %b: vector<1x2x2x32xbf16>, %c: vector<1x1x4xf32>) {
  // expected-error @+1 {{expected 'b' and 'acc' of one rank (blocks of 16 x 16 or of 32 x 32), got 'vector<1x2x2x32xbf16>' and 'vector<1x1x4xf32>'}}
  %r = moe.mfma %a, %b, %c : memref<16x256xbf16, #gpu.address_space<workgroup>>, vector<1x2x2x32xbf16>, vector<1x1x4xf32>
  return
}

// -----

// load_weight_c2
func.func @large_weight(%w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, %n: index) {
  // expected-error @+1 {{expected dimension 2 of the result to be 2 in blocks of 32 x 32, got 3}}
  %r = moe.load_weight %w[%n, %n, %n] : memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>> -> vector<1x1x3x32xf4E2M1FN>
  return
}

// -----

// load_scale_c2
func.func @large_scale(%s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %n: index) {
  // expected-error @+1 {{expected the last dimension of the result to be 2, got 3}}
  %r = moe.load_scale %s[%n, %n, %n] : memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<1x1x3xf8E8M0FNU>
  return
}

// -----

// mfma_c2
func.func @mfma_blocks(%a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %b: vector<4x2x32xbf16>, %c: vector<1x2x4xf32>) {
  // expected-error @+1 {{expected as many column blocks in 'b' as in 'acc', got 4 and 2}}
  %r = moe.mfma %a, %b, %c : memref<16x256xbf16, #gpu.address_space<workgroup>>, vector<4x2x32xbf16>, vector<1x2x4xf32>
  return
}

// -----

// mfma_c2
func.func @mfma_acc(%a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %b: vector<2x2x32xbf16>, %c: vector<1x2x8xf32>) {
  // expected-error @+1 {{expected the last dimension of 'acc' to be 4, got 8}}
  %r = moe.mfma %a, %b, %c : memref<16x256xbf16, #gpu.address_space<workgroup>>, vector<2x2x32xbf16>, vector<1x2x8xf32>
  return
}

// -----

// mfma_c2
func.func @mfma_b(%a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %b: vector<2x2x16xbf16>, %c: vector<1x2x4xf32>) {
  // expected-error @+1 {{expected the last dimension of 'b' to be 32, got 16}}
  %r = moe.mfma %a, %b, %c : memref<16x256xbf16, #gpu.address_space<workgroup>>, vector<2x2x16xbf16>, vector<1x2x4xf32>
  return
}

// -----

// pingpong_c1
func.func @pingpong_space(%x: memref<?x96xbf16>, %r: vector<2xi32>, %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16>, %e: index, %n: index) {
  // expected-error @+1 {{expected 'ping' in #gpu.address_space<workgroup>, got 'memref<16x256xbf16>'}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%n) columns 96 buffers(%a, %a) : memref<?x96xbf16>, vector<2xi32>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16> -> vector<1x2x4xf32>
  return
}

// -----

// pingpong_c2
func.func @pingpong_rows(%x: memref<?x96xbf16>, %r: vector<2xi32>, %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  // expected-error @+1 {{expected dimension 0 of the accumulators to be the 16 rows of 'ping' / 16 = 1, got 2}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%n) columns 96 buffers(%a, %a) : memref<?x96xbf16>, vector<2xi32>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<2x2x4xf32>
  return
}

// -----

// pingpong_c2
func.func @pingpong_last(%x: memref<?x96xbf16>, %r: vector<2xi32>, %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  // expected-error @+1 {{expected the last dimension of the accumulators to be 4, got 2}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%n) columns 96 buffers(%a, %a) : memref<?x96xbf16>, vector<2xi32>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<1x2x2xf32>
  return
}

// -----

// pingpong_c3
func.func @pingpong_k(%x: memref<?x64xbf16>, %r: vector<2xi32>, %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  // expected-error @+1 {{expected dimension 2 of 'w' to be K of 'x' = 64, got 96}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%n) columns 64 buffers(%a, %a) : memref<?x64xbf16>, vector<2xi32>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<1x2x4xf32>
  return
}

// -----

// pingpong_c3
func.func @pingpong_experts(%x: memref<?x96xbf16>, %r: vector<2xi32>, %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<4x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  // expected-error @+1 {{expected dimension 0 of 'scale' to be the experts of 'w' = 8, got 4}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%n) columns 96 buffers(%a, %a) : memref<?x96xbf16>, vector<2xi32>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<4x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<1x2x4xf32>
  return
}

// -----

// scatter_c1
func.func @scatter_last(%acc: vector<1x2x2xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<8192xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected the last dimension of 'acc' to be 4, got 2}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) accumulate tile_n 128 threads 256 : vector<1x2x2xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<8192xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c1
func.func @scatter_tile_n(%acc: vector<1x2x4xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<8192xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected tile_n to be 32 columns x a divisor of 4 waves, got 256}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) accumulate tile_n 256 threads 256 : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<8192xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c2
func.func @scatter_space(%acc: vector<1x2x4xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<8192xi8>, %n: index, %m: index) {
  // expected-error @+1 {{expected static buffers in #gpu.address_space<workgroup>, got 'memref<8192xi8>'}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) accumulate tile_n 128 threads 256 : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<8192xi8>
  return
}

// -----

// scatter_c2
func.func @scatter_bytes(%acc: vector<1x2x4xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<1024xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected buffers of at least 2048 bytes, half of the 16 x 128 output tile, got 1024}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) accumulate tile_n 128 threads 256 : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<1024xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c2
func.func @scatter_n(%acc: vector<1x2x4xf32>, %out: memref<?x?xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<8192xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected a static N in dimension 1 of 'out', got '?'}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) accumulate tile_n 128 threads 256 : vector<1x2x4xf32>, memref<?x?xbf16>, memref<?xi32>, memref<?xf32>, memref<8192xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// pingpong_c4
func.func @pingpong_columns(%x: memref<?x96xbf16>, %r: vector<2xi32>, %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  // expected-error @+1 {{expected columns to be a multiple of 32, got 48}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%n) columns 48 buffers(%a, %a) : memref<?x96xbf16>, vector<2xi32>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<1x2x4xf32>
  return
}

// -----

// pingpong_c4
func.func @pingpong_past_k(%x: memref<?x640xbf16>, %r: vector<2xi32>, %w: memref<8x128x640xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x20xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  // expected-error @+1 {{expected at most 640 columns from k = 0 on, of K = 640, got 768}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%n) columns 768 buffers(%a, %a) : memref<?x640xbf16>, vector<2xi32>, memref<8x128x640xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x20xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<1x2x4xf32>
  return
}

// -----

// pingpong_c4
func.func @pingpong_from_k(%x: memref<?x640xbf16>, %r: vector<2xi32>, %w: memref<8x128x640xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x20xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  %k = arith.constant 512 : index
  // expected-error @+1 {{expected at most 128 columns from k = 512 on, of K = 640, got 256}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%k) columns 256 buffers(%a, %a) : memref<?x640xbf16>, vector<2xi32>, memref<8x128x640xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x20xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<1x2x4xf32>
  return
}

// -----

// pingpong_c4
func.func @pingpong_end(%x: memref<?x640xbf16>, %r: vector<2xi32>, %w: memref<8x128x640xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x20xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  %k = arith.constant 512 : index
  // expected-error @+1 {{expected at most 256 columns from k = 512 on, of K = 640, got 512}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%k to %n) columns 512 buffers(%a, %a) : memref<?x640xbf16>, vector<2xi32>, memref<8x128x640xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x20xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<1x2x4xf32>
  return
}

// -----

// pingpong_c4
func.func @pingpong_k(%x: memref<?x640xbf16>, %r: vector<2xi32>, %w: memref<8x128x640xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x20xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x256xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  %k = arith.constant 128 : index
  // expected-error @+1 {{expected k to be a multiple of tile_k = 256, got 128}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%k) columns 256 buffers(%a, %a) : memref<?x640xbf16>, vector<2xi32>, memref<8x128x640xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x20xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<1x2x4xf32>
  return
}

// -----

// load_scale_c2
func.func @load_scale_pairs(%w: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>, %e: index, %n: index, %k: index) {
  // expected-error @+1 {{expected dimension 0 of the result to be even in a stage 1 layout (pairs of gate and up), got 1}}
  %r = moe.load_scale %w[%e, %n, %k] : memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>> -> vector<1x2xf8E8M0FNU>
  return
}

// -----

// activate_c1
func.func @activate_blocks(%a: vector<1x4x4xf32>, %p: f32) {
  // expected-error @+1 {{expected half of the column blocks of 'acc' in the result}}
  %r = moe.activate silu(%p) %a : vector<1x4x4xf32> -> vector<1x4x4xf32>
  return
}

// -----

// activate_c2
func.func @activate_none(%a: vector<1x4x4xf32>, %p: f32) {
  // expected-error @+1 {{expected silu, swiglu or situv2, got none}}
  %r = moe.activate none(%p, %p, %p, %p) %a : vector<1x4x4xf32> -> vector<1x2x4xf32>
  return
}

// -----

// activate_c3
func.func @activate_gate(%a: vector<1x4x4xf32>, %p: f32, %b: memref<8x64xf32>, %e: index) {
  // expected-error @+1 {{expected gate separated, interleaved or rows with a bias, got none}}
  %r = moe.activate silu(%p) %a bias(%b[%e, %e]) gate none : vector<1x4x4xf32>, memref<8x64xf32> -> vector<1x2x4xf32>
  return
}

// -----

// activate_c3
func.func @activate_bias(%a: vector<1x4x4xf32>, %p: f32, %b: memref<8x48xf32>, %e: index) {
  // expected-error @+1 {{expected the columns of 'bias' to be a static multiple of 32, got 'memref<8x48xf32>'}}
  %r = moe.activate silu(%p) %a bias(%b[%e, %e]) gate interleaved : vector<1x4x4xf32>, memref<8x48xf32> -> vector<1x2x4xf32>
  return
}

// -----

// reduce_groups_c1
func.func @reduce_groups_number(%a: vector<1x4x4xf32>, %l: memref<16384xi8, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected groups to be 2 or 4, got 3}}
  %r = moe.reduce_groups %a buffers(%l, %l) groups 3 threads 192 : vector<1x4x4xf32>, memref<16384xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// reduce_groups_c1
func.func @reduce_groups_threads(%a: vector<1x4x4xf32>, %l: memref<16384xi8, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected threads to be a multiple of 64 x 4 groups, got 128}}
  %r = moe.reduce_groups %a buffers(%l, %l) groups 4 threads 128 : vector<1x4x4xf32>, memref<16384xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// reduce_groups_c2
func.func @reduce_groups_bytes(%a: vector<1x4x4xf32>, %l: memref<2048xi8, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected buffers of at least 4096 bytes for the sums of 2 groups, got 2048}}
  %r = moe.reduce_groups %a buffers(%l, %l) groups 2 threads 256 : vector<1x4x4xf32>, memref<2048xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// reduce_groups_c2
func.func @reduce_groups_space(%a: vector<1x4x4xf32>, %l: memref<16384xi8>) {
  // expected-error @+1 {{expected static buffers in #gpu.address_space<workgroup>, got 'memref<16384xi8>'}}
  %r = moe.reduce_groups %a buffers(%l, %l) groups 2 threads 256 : vector<1x4x4xf32>, memref<16384xi8>
  return
}

// -----

// scatter_c3
func.func @scatter_paired(%acc: vector<1x2x4xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<8192xi8, #gpu.address_space<workgroup>>, %n: index) {
  // expected-error @+1 {{expected 'out' of f32 with paired columns, got 'bf16'}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%n] tokens(%t) topk 4 buffers(%l, %l) paired accumulate tile_n 128 threads 256 : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<8192xi8, #gpu.address_space<workgroup>>
  return
}

// -----

func.func @route_rows_part_of_a_wave(%ids: memref<?xi32>, %t: i32, %i: index) {
  // expected-error @+1 {{expected threads to be a multiple of 64 and at most 1024, got 1}}
  %r = moe.route_rows %ids[%i] tokens(%t) topk 4 tile 16 x 256 threads 1 : memref<?xi32> -> vector<512xi32>
  return
}

// -----

func.func @route_rows_too_many(%ids: memref<?xi32>, %t: i32, %i: index) {
  // expected-error @+1 {{expected at most 1024 rows, which are registers of this lane, got 2048}}
  %r = moe.route_rows %ids[%i] tokens(%t) topk 4 tile 1024 x 1024 threads 64 : memref<?xi32> -> vector<2048xi32>
  return
}

// -----

func.func @scalable(%w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>, %i: index) {
  // expected-error @+1 {{must be fixed-length vector}}
  %f = moe.load_weight %w[%i, %i, %i] : memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>> -> vector<2x[1]x32xf4E2M1FN>
  return
}

// -----

// scatter_c2
func.func @scatter_odd_waves(%acc: vector<1x2x4xf32>, %out: memref<?x96xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<1536xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected buffers of at least 3072 bytes, all of the 16 x 96 output tile since an odd number of waves holds it, got 1536}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) tile_n 96 threads 192 : vector<1x2x4xf32>, memref<?x96xbf16>, memref<?xi32>, memref<?xf32>, memref<1536xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c4
func.func @scatter_column(%acc: vector<1x2x4xf32>, %out: memref<?x128xf32>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<4096xi8, #gpu.address_space<workgroup>>, %m: index) {
  %n = arith.constant 8 : index
  // expected-error @+1 {{expected n to be a multiple of 16, got 8}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) tile_n 128 threads 256 : vector<1x2x4xf32>, memref<?x128xf32>, memref<?xi32>, memref<?xf32>, memref<4096xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c4
func.func @scatter_in_bounds(%acc: vector<1x2x4xf32>, %out: memref<?x192xf32>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<4096xi8, #gpu.address_space<workgroup>>, %m: index) {
  %n = arith.constant 128 : index
  // expected-error @+1 {{expected n + tile_n to be at most N = 192 with in_bounds, got 256}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) in_bounds tile_n 128 threads 256 : vector<1x2x4xf32>, memref<?x192xf32>, memref<?xi32>, memref<?xf32>, memref<4096xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c5
func.func @scatter_groups_number(%acc: vector<1x2x4xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<16384xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected groups to be 1, 2 or 4, got 3}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) tile_n 64 groups 3 threads 384 : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<16384xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c5
func.func @scatter_groups_f32(%acc: vector<1x2x4xf32>, %out: memref<?x128xf32>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<16384xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected 'out' of 2 bytes with groups, got 'f32'}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) tile_n 64 groups 2 threads 256 : vector<1x2x4xf32>, memref<?x128xf32>, memref<?xi32>, memref<?xf32>, memref<16384xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c5
func.func @scatter_groups_rows(%acc: vector<1x1x4x4xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<16384xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected blocks of 16 rows with groups, got 32}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) tile_n 64 groups 2 threads 256 : vector<1x1x4x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<16384xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c5
func.func @scatter_groups_waves(%acc: vector<1x2x4xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<16384xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected 2 groups of the 1 waves that hold tile_n columns, got 4 waves}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) tile_n 32 groups 2 threads 256 : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<16384xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// scatter_c5
func.func @scatter_groups_bytes(%acc: vector<1x2x4xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32, %l: memref<8191xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected buffers of at least 8192 bytes for 2 tiles of 16 x 64 f32, got 8191}}
  moe.scatter %acc to %out[%n] routing(%ids, %wt)[%m] tokens(%t) topk 4 buffers(%l, %l) tile_n 64 groups 2 threads 256 : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<8191xi8, #gpu.address_space<workgroup>>
  return
}

// -----

// gather_c4
func.func @gather_far(%x: memref<?x96xbf16>, %r: vector<2xi32>, %l: memref<16x256xbf16, #gpu.address_space<workgroup>>) {
  %k = arith.constant 2147483648 : index
  // expected-error @+1 {{expected k to be below 1073741824, got 2147483648}}
  moe.gather %x[%r, %k] columns 64 bounded to %l : memref<?x96xbf16>, vector<2xi32>, memref<16x256xbf16, #gpu.address_space<workgroup>>
  return
}

// -----

// load_weight_c3
func.func @load_weight_row(%w: memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight>>, %e: index, %k: index) {
  %n = arith.constant 8 : index
  // expected-error @+1 {{expected n to be a multiple of 16, got 8}}
  %r = moe.load_weight %w[%e, %n, %k] : memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight>> -> vector<1x1x32xf4E2M1FN>
  return
}

// -----

// load_scale_c3
func.func @load_scale_k(%s: memref<8x64x16xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index) {
  %k = arith.constant 128 : index
  // expected-error @+1 {{expected k to be a multiple of 256, got 128}}
  %r = moe.load_scale %s[%e, %n, %k] : memref<8x64x16xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<2x2xf8E8M0FNU>
  return
}

// -----

// pingpong_c1
func.func @pingpong_tile_k(%x: memref<?x768xbf16>, %r: vector<3xi32>, %w: memref<8x128x768xf4E2M1FN, #moe.preshuffle<weight>>, %s: memref<8x128x24xf8E8M0FNU, #moe.preshuffle<scale>>, %a: memref<16x384xbf16, #gpu.address_space<workgroup>>, %e: index, %n: index) {
  // expected-error @+1 {{expected columns of 'ping' (tile_k) to be 128 or a multiple of 256, got 384}}
  %acc = moe.pingpong x(%x[%r]) weights(%w[%e, %n]) scales(%s) k(%n) columns 768 buffers(%a, %a) : memref<?x768xbf16>, vector<3xi32>, memref<8x128x768xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x24xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x384xbf16, #gpu.address_space<workgroup>> -> vector<1x2x4xf32>
  return
}
