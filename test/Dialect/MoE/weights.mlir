// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.quantize and moe.shuffle in host code and in kernels, printed and parsed
// again; as kernels and launches; on tensors.
// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s
// RUN: moe-opt %s --one-shot-bufferize="bufferize-function-boundaries" --moe-outline-kernels=chip=gfx942 --cse | FileCheck %s --check-prefix=LAUNCH
// RUN: moe-opt %s --one-shot-bufferize="bufferize-function-boundaries" | FileCheck %s --check-prefix=BUFFER

// CHECK-LABEL: func.func @quantize
// CHECK: moe.quantize outs(%{{.*}}, %{{.*}} : memref<49152xi8>, memref<3072xi8>) ins(%{{.*}} : memref<?x160xbf16>) rows(%{{.*}}) expert_rows 96 gate interleaved{{$}}
// CHECK: moe.quantize outs({{.*}}) ins({{.*}}) rows(%{{.*}}) expert_rows 96 logical{{$}}
// LAUNCH-LABEL: func.func @quantize
// LAUNCH: %[[ROWS:.*]] = arith.index_castui %{{.*}} : i32 to index
// LAUNCH: %[[LOTS:.*]] = arith.ceildivui %[[ROWS]], %c256
// LAUNCH: %[[GROUPS:.*]] = arith.muli %[[LOTS]], %c8
// LAUNCH: cf.assert %{{.*}}, "moe.quantize: expected all operands to start at multiples of 16 bytes"
// LAUNCH: cf.assert %{{.*}}, "moe.quantize: expected the rows of 'x' to be at least rows"
// LAUNCH: gpu.launch_func @moe_quantize_module::@moe_quantize blocks in (%[[GROUPS]], %{{.*}}, %{{.*}}) threads in (%c256, %{{.*}}, %{{.*}})
func.func @quantize(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %logical: memref<23040xi8>,
    %ls: memref<1440xi8>, %x: memref<?x160xbf16>, %rows: i32) {
  moe.quantize outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>)
      ins(%x : memref<?x160xbf16>) rows(%rows) expert_rows 96 gate interleaved
  moe.quantize outs(%logical, %ls : memref<23040xi8>, memref<1440xi8>)
      ins(%x : memref<?x160xbf16>) rows(%rows) expert_rows 96 logical
  return
}

// CHECK-LABEL: func.func @shuffle
// CHECK: moe.shuffle outs({{.*}}) ins(%{{.*}}, %{{.*}} : memref<?x80xi8>, memref<?x5xi8>) rows(%{{.*}}) expert_rows 96{{$}}
// LAUNCH-LABEL: func.func @shuffle
// LAUNCH: gpu.launch_func @moe_shuffle_module::@moe_shuffle
func.func @shuffle(%codes: memref<49152xi8>, %scales: memref<3072xi8>, %lc: memref<?x80xi8>,
    %ls: memref<?x5xi8>, %rows: i32) {
  moe.shuffle outs(%codes, %scales : memref<49152xi8>, memref<3072xi8>)
      ins(%lc, %ls : memref<?x80xi8>, memref<?x5xi8>) rows(%rows) expert_rows 96
  return
}

// CHECK-LABEL: func.func @tensors
// CHECK: %{{.*}}:2 = moe.quantize outs({{.*}}) ins({{.*}}) rows(%{{.*}}) expert_rows 96 -> tensor<49152xi8>, tensor<3072xi8>
// BUFFER-LABEL: func.func @tensors
// BUFFER: moe.quantize outs(%{{.*}}, %{{.*}} : memref<49152xi8, {{.*}}>, memref<3072xi8, {{.*}}>)
func.func @tensors(%codes: tensor<49152xi8>, %scales: tensor<3072xi8>, %x: tensor<?x160xbf16>, %rows: i32)
    -> (tensor<49152xi8>, tensor<3072xi8>) {
  %r:2 = moe.quantize outs(%codes, %scales : tensor<49152xi8>, tensor<3072xi8>)
      ins(%x : tensor<?x160xbf16>) rows(%rows) expert_rows 96 -> tensor<49152xi8>, tensor<3072xi8>
  return %r#0, %r#1 : tensor<49152xi8>, tensor<3072xi8>
}
