// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What moe.quantize and moe.shuffle refuse, by the labels of WeightOps.td.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

// quantize_c1
func.func @k_33(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %x: memref<?x33xbf16>, %rows: i32) {
  // expected-error @+1 {{33}}
  moe.quantize outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%x : memref<?x33xbf16>) rows(%rows) expert_rows 96
  return
}

// -----

// quantize_c1
func.func @k_dynamic(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %x: memref<?x?xbf16>, %rows: i32) {
  // expected-error @+1 {{'?'}}
  moe.quantize outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%x : memref<?x?xbf16>) rows(%rows) expert_rows 96
  return
}

// -----

// quantize_c2
func.func @expert_rows_48(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %x: memref<?x160xbf16>, %rows: i32) {
  // expected-error @+1 {{expected expert_rows to be a multiple of 32 from 32 to 16777216, got 48}}
  moe.quantize outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%x : memref<?x160xbf16>) rows(%rows) expert_rows 48
  return
}

// -----

// quantize_c2
func.func @part_of_an_expert(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %x: memref<?x160xbf16>) {
  %rows = arith.constant 100 : i32
  // expected-error @+1 {{expected rows to be a multiple of the 96 rows of an expert, got 100}}
  moe.quantize outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%x : memref<?x160xbf16>) rows(%rows) expert_rows 96
  return
}

// -----

// quantize_c2
func.func @more_experts(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %x: memref<?x160xbf16>) {
  %rows = arith.constant 480 : i32
  // expected-error @+1 {{expected rows to be at most the 384 of the experts of 'codes', got 480}}
  moe.quantize outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%x : memref<?x160xbf16>) rows(%rows) expert_rows 96
  return
}

// -----

// quantize_c3
func.func @odd_bytes(%codes: memref<49151xi8>, %scales: memref<3072xi8>, %x: memref<?x160xbf16>, %rows: i32) {
  // expected-error @+1 {{expected 'codes' to have a multiple of the 12288 bytes of an expert, got 49151}}
  moe.quantize outs(%codes, %scales : memref<49151xi8>, memref<3072xi8>) ins(%x : memref<?x160xbf16>) rows(%rows) expert_rows 96
  return
}

// -----

// quantize_c3
func.func @dynamic_scales(%codes: memref<49152xi8>, %scales: memref<?xi8>, %x: memref<?x160xbf16>, %rows: i32) {
  // expected-error @+1 {{expected 'scales' to have a multiple of the 768 bytes of an expert, got '?'}}
  moe.quantize outs(%codes, %scales : memref<49152xi8>, memref<?xi8>) ins(%x : memref<?x160xbf16>) rows(%rows) expert_rows 96
  return
}

// -----

// quantize_c3
func.func @other_experts(%codes: memref<24576xi8>, %scales: memref<3072xi8>, %x: memref<?x160xbf16>, %rows: i32) {
  // expected-error @+1 {{expected 'scales' to have the bytes of the 2 experts of 'codes', got those of 4}}
  moe.quantize outs(%codes, %scales : memref<24576xi8>, memref<3072xi8>) ins(%x : memref<?x160xbf16>) rows(%rows) expert_rows 96
  return
}

// -----

// quantize_c4
func.func @workgroup_memory(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %x: memref<?x160xbf16, #gpu.address_space<workgroup>>, %rows: i32) {
  // expected-error @+1 {{memory space}}
  moe.quantize outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%x : memref<?x160xbf16, #gpu.address_space<workgroup>>) rows(%rows) expert_rows 96
  return
}

// -----

// quantize_c6
func.func @gate_of_logical_rows(%codes: memref<30720xi8>, %scales: memref<1920xi8>, %x: memref<?x160xbf16>, %rows: i32) {
  // expected-error @+1 {{expected gate none with logical, which leaves rows as they are, got gate = interleaved}}
  moe.quantize outs(%codes, %scales : memref<30720xi8>, memref<1920xi8>) ins(%x : memref<?x160xbf16>) rows(%rows) expert_rows 96 gate interleaved logical
  return
}

// -----

// quantize_c5
func.func @tensor_and_memref(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %x: tensor<?x160xbf16>, %rows: i32) {
  // expected-error @+1 {{expected}}
  moe.quantize outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%x : tensor<?x160xbf16>) rows(%rows) expert_rows 96
  return
}

// -----

// shuffle_c1
func.func @rows_of_81(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %lc: memref<?x81xi8>, %ls: memref<?x5xi8>, %rows: i32) {
  // expected-error @+1 {{expected rows of 'logical_codes' of a multiple of 16 bytes from 16 to 32768}}
  moe.shuffle outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%lc, %ls : memref<?x81xi8>, memref<?x5xi8>) rows(%rows) expert_rows 96
  return
}

// -----

// shuffle_c1
func.func @other_scales(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %lc: memref<?x80xi8>, %ls: memref<?x6xi8>, %rows: i32) {
  // expected-error @+1 {{expected dimension 1 of 'logical_scales' to be K/32 = 5, got 6}}
  moe.shuffle outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%lc, %ls : memref<?x80xi8>, memref<?x6xi8>) rows(%rows) expert_rows 96
  return
}

// -----

// shuffle_c2
func.func @no_rows(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %lc: memref<?x80xi8>, %ls: memref<?x5xi8>, %rows: i32) {
  // expected-error @+1 {{expected expert_rows to be a multiple of 32 from 32 to 16777216, got 0}}
  moe.shuffle outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%lc, %ls : memref<?x80xi8>, memref<?x5xi8>) rows(%rows) expert_rows 0
  return
}

// -----

// shuffle_c3
func.func @no_expert(%codes: memref<0xi8>, %scales: memref<3072xi8>, %lc: memref<?x80xi8>, %ls: memref<?x5xi8>, %rows: i32) {
  // expected-error @+1 {{expected 'codes' to have a multiple of the 12288 bytes of an expert, got 0}}
  moe.shuffle outs(%codes, %scales : memref<0xi8>, memref<3072xi8>) ins(%lc, %ls : memref<?x80xi8>, memref<?x5xi8>) rows(%rows) expert_rows 96
  return
}

// -----

// shuffle_c4
func.func @in_lds(%codes: memref<49152xi8, #gpu.address_space<workgroup>>, %scales: memref<3072xi8>, %lc: memref<?x80xi8>, %ls: memref<?x5xi8>, %rows: i32) {
  // expected-error @+1 {{memory space}}
  moe.shuffle outs(%codes, %scales : memref<49152xi8, #gpu.address_space<workgroup>>, memref<3072xi8>) ins(%lc, %ls : memref<?x80xi8>, memref<?x5xi8>) rows(%rows) expert_rows 96
  return
}

// -----

// shuffle_c5
func.func @mixed(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %lc: memref<?x80xi8>, %ls: tensor<?x5xi8>, %rows: i32) {
  // expected-error @+1 {{expected}}
  moe.shuffle outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>) ins(%lc, %ls : memref<?x80xi8>, tensor<?x5xi8>) rows(%rows) expert_rows 96
  return
}
