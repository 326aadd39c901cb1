// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights that swap places in a loop of the host, as docs/Embedding.md says:
// bytes and memrefs may, tensors in a preshuffled layout may not.
// RUN: moe-opt %s --split-input-file --verify-diagnostics -o %t \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries=1 allow-return-allocs-from-loops=1" --moe-to-launches="chip=gfx950 tokens=3"
// RUN: FileCheck %s --input-file=%t

!w = tensor<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>
!s = tensor<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>
// CHECK-LABEL: func.func @bytes
// CHECK: scf.for {{.*}} -> (memref<?x64xbf16, {{.*}}>, memref<65536xi8, {{.*}}>, memref<65536xi8, {{.*}}>)
// CHECK: gpu.launch_func
func.func @bytes(%a: tensor<65536xi8>, %b: tensor<65536xi8>, %s: tensor<4096xi8>, %n: index, %out: tensor<?x64xbf16>, %x: tensor<?x256xbf16>, %ids: tensor<?xi32>,
    %experts: tensor<?xi32>, %weights: tensor<?xf32>, %num_valid: tensor<2xi32>, %tokens: i32) -> tensor<?x64xbf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %ps = moe.preshuffled %s : tensor<4096xi8> to !s
  %o, %y, %z = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %out, %ub = %a, %vb = %b) -> (tensor<?x64xbf16>, tensor<65536xi8>, tensor<65536xi8>) {
    %u = moe.preshuffled %ub : tensor<65536xi8> to !w
    %r = moe.grouped_gemm down accumulate outs(%acc : tensor<?x64xbf16>) ins(%x, %u, %ps : tensor<?x256xbf16>, !w, !s)
      routing(%ids, %experts, %weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128> -> tensor<?x64xbf16>
    scf.yield %r, %vb, %ub : tensor<?x64xbf16>, tensor<65536xi8>, tensor<65536xi8>
  }
  return %o : tensor<?x64xbf16>
}

// -----

!w = memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>
!s = memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>
// CHECK-LABEL: func.func @memrefs
// CHECK: scf.for {{.*}} iter_args(%[[U:.*]] = %{{.*}}, %[[V:.*]] = %{{.*}}) -> (memref<65536xi8>, memref<65536xi8>)
// CHECK: gpu.launch_func
// CHECK: scf.yield %[[V]], %[[U]] : memref<65536xi8>, memref<65536xi8>
func.func @memrefs(%a: memref<65536xi8>, %b: memref<65536xi8>, %s: memref<4096xi8>, %n: index, %out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>, %tokens: i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %pa = moe.preshuffled %a : memref<65536xi8> to !w
  %pb = moe.preshuffled %b : memref<65536xi8> to !w
  %ps = moe.preshuffled %s : memref<4096xi8> to !s
  %y, %z = scf.for %i = %c0 to %n step %c1 iter_args(%u = %pa, %v = %pb) -> (!w, !w) {
    moe.grouped_gemm down accumulate outs(%out : memref<?x64xbf16>) ins(%x, %u, %ps : memref<?x256xbf16>, !w, !s)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
    scf.yield %v, %u : !w, !w
  }
  return
}

// -----

!w = tensor<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>
!s = tensor<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>>
func.func @tensors(%a: tensor<65536xi8>, %b: tensor<65536xi8>, %s: tensor<4096xi8>, %n: index, %out: tensor<?x64xbf16>, %x: tensor<?x256xbf16>, %ids: tensor<?xi32>,
    %experts: tensor<?xi32>, %weights: tensor<?xf32>, %num_valid: tensor<2xi32>, %tokens: i32) -> tensor<?x64xbf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{'memref.cast' op operand type 'memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>>' and result type}}
  %pa = moe.preshuffled %a : tensor<65536xi8> to !w
  %pb = moe.preshuffled %b : tensor<65536xi8> to !w
  %ps = moe.preshuffled %s : tensor<4096xi8> to !s
  %o, %y, %z = scf.for %i = %c0 to %n step %c1 iter_args(%acc = %out, %u = %pa, %v = %pb) -> (tensor<?x64xbf16>, !w, !w) {
    %r = moe.grouped_gemm down accumulate outs(%acc : tensor<?x64xbf16>) ins(%x, %u, %ps : tensor<?x256xbf16>, !w, !s)
      routing(%ids, %experts, %weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128> -> tensor<?x64xbf16>
    scf.yield %r, %v, %u : tensor<?x64xbf16>, !w, !w
  }
  return %o : tensor<?x64xbf16>
}
