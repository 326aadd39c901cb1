// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Refusals that no other test quotes: scripts/check_refusals.py demands each.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

func.func @gemm_experts(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>, %w: memref<2147483648x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<2147483648x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>, %experts: memref<?xi32>,
    %weights: memref<?xf32>, %num_valid: memref<2xi32>, %tokens: i32) {
  // expected-error @+1 {{expected at most 2147483647 experts (32 bits of an expert id), got 2147483648}}
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<2147483648x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<2147483648x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16
  return
}

// -----

func.func @sums_experts(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32) {
  // expected-error @+1 {{expected at most 2147483647 experts (32 bits of an expert id), got 2147483648}}
  moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v)
      tokens(%t) topk 4 experts 2147483648 block_rows 16
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>
  return
}

// -----

// expected-error @+1 {{expected 'moe.expected_tokens' to be an integer, got "8"}}
func.func private @tokens_text() attributes {moe.expected_tokens = "8"}

// -----

// expected-error @+1 {{expected 'moe.expected_tokens' to be from 0 to 16777215 (24 bits of a sorted id), got 16777216}}
func.func private @tokens_many() attributes {moe.expected_tokens = 16777216}

// -----

// expected-error @+1 {{expected 'moe.expected_tokens' to be from 0 to 16777215 (24 bits of a sorted id), got -1}}
func.func private @tokens_negative() attributes {moe.expected_tokens = -1}

// -----

// expected-error @+1 {{expected 'moe.grid' to be a string}}
func.func private @grid_number() attributes {moe.grid = 3}

// -----

// gather_c1
func.func @gather_strides(%x: memref<?x96xbf16>, %r: vector<2xi32>, %k: index, %l: memref<16x256xbf16, strided<[512, 1]>, #gpu.address_space<workgroup>>) {
  // expected-error @+1 {{expected 'to' to be static and row-major, got 'memref<16x256xbf16, strided<[512, 1]>, #gpu.address_space<workgroup>>'}}
  moe.gather %x[%r, %k] columns 64 to %l : memref<?x96xbf16>, vector<2xi32>, memref<16x256xbf16, strided<[512, 1]>, #gpu.address_space<workgroup>>
  return
}

// -----

// activate_c3
func.func @activate_bias_alone(%a: vector<1x4x4xf32>, %p: f32, %b: memref<8x64xf32>, %e: index) {
  // expected-error @+1 {{expected 'bias' together with an expert and a column}}
  %r = "moe.activate"(%p, %a, %b, %e) <{activation = #moe<activation silu>, gate = #moe<gate_layout interleaved>,
      operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}> : (f32, vector<1x4x4xf32>, memref<8x64xf32>, index) -> vector<1x2x4xf32>
  return
}

// -----

func.func @scatter_expert_alone(%acc: vector<1x2x4xf32>, %out: memref<?x128xbf16>, %ids: memref<?xi32>, %wt: memref<?xf32>, %t: i32,
    %l: memref<8192xi8, #gpu.address_space<workgroup>>, %n: index, %m: index) {
  // expected-error @+1 {{expected 'bias' together with an expert}}
  "moe.scatter"(%acc, %out, %n, %ids, %wt, %m, %t, %m, %l, %l) <{accumulate, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1>,
      threads = 256 : i64, tile_n = 128 : i64, topk = 4 : i64}> : (vector<1x2x4xf32>, memref<?x128xbf16>, index, memref<?xi32>, memref<?xf32>, index, i32,
      index, memref<8192xi8, #gpu.address_space<workgroup>>, memref<8192xi8, #gpu.address_space<workgroup>>) -> ()
  return
}

// -----

// sort_c5
func.func @phase_of_tensors(%sorted: tensor<?xi32>, %experts: tensor<?xi32>, %weights: tensor<?xf32>, %num_valid: tensor<2xi32>,
    %i: tensor<?x4xi32>, %w: tensor<?x4xf32>, %workspace: tensor<64x128xi32>, %tokens: i32) {
  // expected-error @+1 {{expected phase all of a sort on tensors, got scan}}
  %s:5 = moe.sort outs(%sorted, %experts, %weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      ins(%i, %w : tensor<?x4xi32>, tensor<?x4xf32>) workspace(%workspace : tensor<64x128xi32>)
      tokens(%tokens) experts 128 block_rows 16 phase scan
      -> tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>, tensor<64x128xi32>
  return
}
