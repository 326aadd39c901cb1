// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What stands around the example of each op's description: the line `// moe.NAME`
// names the op, EXAMPLE is where its example goes. examples.py runs them.
// -----
// moe.grouped_gemm
gpu.module @m { gpu.func @k(
    %out: memref<?x2880xbf16, strided<[2880, 1]>, #gpu.address_space<global>>,
    %x: memref<?x2880xbf16, strided<[2880, 1]>, #gpu.address_space<global>>,
    %w: memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>, #gpu.address_space<global>>,
    %scale: memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>, #gpu.address_space<global>>,
    %ids: memref<?xi32, strided<[1]>, #gpu.address_space<global>>,
    %experts: memref<?xi32, strided<[1]>, #gpu.address_space<global>>,
    %weights: memref<?xf32, strided<[1]>, #gpu.address_space<global>>,
    %num_valid: memref<2xi32, #gpu.address_space<global>>,
    %topk_ids: memref<?x4xi32, strided<[4, 1]>, #gpu.address_space<global>>,
    %topk_weights: memref<?x4xf32, strided<[4, 1]>, #gpu.address_space<global>>,
    %tokens: i32) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.activate_sums
gpu.module @m { gpu.func @k(%sums: memref<?x5760xf32>, %out: memref<?x2880xbf16>,
    %ids: memref<?xi32>, %experts: memref<?xi32>, %weights: memref<?xf32>,
    %num_valid: memref<2xi32>, %bias: memref<128x5760xf32>, %alpha: f32, %limit: f32,
    %tokens: i32) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.reduce_slots
gpu.module @m { gpu.func @k(%parts: memref<?x2880xbf16>, %out: memref<?x2880xbf16>,
    %valid: memref<?xi8>, %tokens: i32) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.preshuffled
gpu.module @m { gpu.func @k(%bytes: memref<542638080xi8>, %e: index, %n: index,
    %k: index, %to: memref<vector<16xi8>>) kernel {
  EXAMPLE
  %f = moe.load_weight %w[%e, %n, %k]
      : memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>> -> vector<1x1x32xf4E2M1FN>
  gpu.return
} }
// -----
// moe.route_rows
gpu.module @m { gpu.func @k(%ids: memref<?xi32, #gpu.address_space<global>>, %m0: index,
    %tokens: i32) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.pingpong
gpu.module @m { gpu.func @k(%x: memref<?x2880xbf16>, %rows: vector<2xi32>,
    %w: memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>>,
    %e: index, %n: index, %c0: index)
    workgroup(%ping: memref<16x256xbf16, #gpu.address_space<workgroup>>,
              %pong: memref<16x256xbf16, #gpu.address_space<workgroup>>) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.gather
gpu.module @m { gpu.func @k(%x: memref<?x2880xbf16>, %rows: vector<2xi32>, %k: index)
    workgroup(%ping: memref<16x256xbf16, #gpu.address_space<workgroup>>) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.load_weight
gpu.module @m { gpu.func @k(
    %w: memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>>,
    %e: index, %n: index, %k: index) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.load_scale
gpu.module @m { gpu.func @k(
    %scale: memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>>,
    %e: index, %n: index, %k: index) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.unpack
gpu.module @m { gpu.func @k(
    %w: memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>>,
    %scale: memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>>,
    %e: index, %n: index, %k: index) kernel {
  %f = moe.load_weight %w[%e, %n, %k]
      : memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>> -> vector<2x2x32xf4E2M1FN>
  %s = moe.load_scale %scale[%e, %n, %k]
      : memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<2x2xf8E8M0FNU>
  EXAMPLE
  gpu.return
} }
// -----
// moe.mfma
gpu.module @m { gpu.func @k(
    %w: memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>>,
    %scale: memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>>,
    %e: index, %n: index, %k: index)
    workgroup(%ping: memref<16x256xbf16, #gpu.address_space<workgroup>>) kernel {
  %f = moe.load_weight %w[%e, %n, %k]
      : memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>> -> vector<2x2x32xf4E2M1FN>
  %s = moe.load_scale %scale[%e, %n, %k]
      : memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<2x2xf8E8M0FNU>
  %b = moe.unpack %f, %s
      : vector<2x2x32xf4E2M1FN>, vector<2x2xf8E8M0FNU> -> vector<2x2x32xbf16>
  %0 = arith.constant dense<0.0> : vector<1x2x4xf32>
  EXAMPLE
  gpu.return
} }
// -----
// moe.sync
gpu.module @m { gpu.func @k(%x: memref<?x2880xbf16>, %rows: vector<2xi32>, %k: index)
    workgroup(%ping: memref<16x256xbf16, #gpu.address_space<workgroup>>) kernel {
  moe.gather %x[%rows, %k] columns 256 to %ping
      : memref<?x2880xbf16>, vector<2xi32>, memref<16x256xbf16, #gpu.address_space<workgroup>>
  EXAMPLE
  gpu.return
} }
// -----
// moe.activate
gpu.module @m { gpu.func @k(%bias: memref<8x256xf32>, %alpha: f32, %limit: f32,
    %e: index, %n: index) kernel {
  %acc = arith.constant dense<1.0> : vector<1x4x4xf32>
  EXAMPLE
  gpu.return
} }
// -----
// moe.reduce_groups
gpu.module @m { gpu.func @k()
    workgroup(%l0: memref<16384xi8, #gpu.address_space<workgroup>>,
              %l1: memref<16384xi8, #gpu.address_space<workgroup>>) kernel
    attributes {known_block_size = array<i32: 256, 1, 1>} {
  %acc = arith.constant dense<1.0> : vector<1x4x4xf32>
  EXAMPLE
  gpu.return
} }
// -----
// moe.scatter
gpu.module @m { gpu.func @k(%out: memref<?x2880xbf16>, %ids: memref<?xi32>,
    %weights: memref<?xf32>, %bias: memref<128x2880xf32>, %tokens: i32,
    %e: index, %n: index, %m: index)
    workgroup(%l0: memref<8192xi8, #gpu.address_space<workgroup>>,
              %l1: memref<8192xi8, #gpu.address_space<workgroup>>) kernel
    attributes {known_block_size = array<i32: 256, 1, 1>} {
  %acc = arith.constant dense<1.0> : vector<1x2x4xf32>
  EXAMPLE
  gpu.return
} }
// -----
// moe.route
gpu.module @m { gpu.func @k(%ids: memref<?x9xi32>, %weights: memref<?x9xf32>,
    %logits: memref<?x256xf32>, %bias: memref<256xf32>, %tokens: i32) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.sort
gpu.module @m { gpu.func @k(%sorted: memref<?xi32>, %experts: memref<?xi32>,
    %sorted_weights: memref<?xf32>, %num_valid: memref<2xi32>, %ids: memref<?x8xi32>,
    %weights: memref<?x8xf32>, %map: memref<256xi32>, %out: memref<?x7168xbf16>,
    %tokens: i32) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.quantize
gpu.module @m { gpu.func @k(%codes: memref<8478720xi8>, %scales: memref<552960xi8>,
    %x: memref<?x2880xbf16>, %rows: i32) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// moe.shuffle
gpu.module @m { gpu.func @k(%codes: memref<4239360xi8>, %scales: memref<276480xi8>,
    %logical_codes: memref<?x1440xi8>, %logical_scales: memref<?x90xi8>, %rows: i32) kernel {
  EXAMPLE
  gpu.return
} }
// -----
// #moe.preshuffle
module attributes {test.types = [EXAMPLE]} {}
// -----
// #moe.schedule
module attributes {test.values = [EXAMPLE]} {}
