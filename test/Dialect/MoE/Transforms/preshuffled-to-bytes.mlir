// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-preshuffled-to-bytes: what passes weights and scales on in host code.
// RUN: moe-opt %s --moe-preshuffled-to-bytes --split-input-file | FileCheck %s

#w = #moe.preshuffle<weight>
#s = #moe.preshuffle<scale>

// Arguments, calls, results, a branch, arith.select and scf.if; the layout
// stands where the op needs it.
// CHECK-LABEL: func.func private @from_outside() -> memref<65536xi8>
func.func private @from_outside() -> memref<8x64x256xf4E2M1FN, #w>

// CHECK-LABEL: func.func @layer
// CHECK-SAME: memref<65536xi8>, %[[OTHER:.*]]: memref<65536xi8>, %[[SCALE:.*]]: memref<4096xi8>
// CHECK: %[[S:.*]] = moe.preshuffled %[[SCALE]] : memref<4096xi8> to memref<8x64x8xf8E8M0FNU, #scale>
// CHECK: %[[THIRD:.*]] = call @from_outside() : () -> memref<65536xi8>
// CHECK: %[[PICKED:.*]] = arith.select %{{.*}}, %{{.*}}, %[[OTHER]] : memref<65536xi8>
// CHECK: %[[IF:.*]] = scf.if %{{.*}} -> (memref<65536xi8>)
// CHECK: scf.yield %[[PICKED]] : memref<65536xi8>
// CHECK: scf.yield %[[THIRD]] : memref<65536xi8>
// CHECK: cf.br ^bb1(%[[IF]] : memref<65536xi8>)
// CHECK: ^bb1(%[[ARG:.*]]: memref<65536xi8>)
// CHECK: %[[W:.*]] = moe.preshuffled %[[ARG]] : memref<65536xi8> to memref<8x64x256xf4E2M1FN, #weight>
// CHECK: moe.grouped_gemm down accumulate
// CHECK: ins(%{{.*}}, %[[W]], %[[S]] :
// CHECK: return %[[ARG]] : memref<65536xi8>
func.func @layer(%w: memref<8x64x256xf4E2M1FN, #w>, %other: memref<8x64x256xf4E2M1FN, #w>,
    %s: memref<8x64x8xf8E8M0FNU, #s>, %out: memref<?x64xbf16>, %x: memref<?x256xbf16>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>, %tokens: i32, %first: i1)
    -> memref<8x64x256xf4E2M1FN, #w> {
  %third = func.call @from_outside() : () -> memref<8x64x256xf4E2M1FN, #w>
  %picked = arith.select %first, %w, %other : memref<8x64x256xf4E2M1FN, #w>
  %if = scf.if %first -> memref<8x64x256xf4E2M1FN, #w> {
    scf.yield %picked : memref<8x64x256xf4E2M1FN, #w>
  } else {
    scf.yield %third : memref<8x64x256xf4E2M1FN, #w>
  }
  cf.br ^next(%if : memref<8x64x256xf4E2M1FN, #w>)
^next(%used: memref<8x64x256xf4E2M1FN, #w>):
  moe.grouped_gemm down accumulate outs(%out : memref<?x64xbf16>)
      ins(%x, %used, %s : memref<?x256xbf16>, memref<8x64x256xf4E2M1FN, #w>, memref<8x64x8xf8E8M0FNU, #s>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return %used : memref<8x64x256xf4E2M1FN, #w>
}

// -----

#s = #moe.preshuffle<scale>

// Sizes stay logical; bytes behind an offset are given their start.
// CHECK-LABEL: func.func @sizes
// CHECK-SAME: (%[[SCALE:.*]]: memref<4096xi8>, %[[BYTES:.*]]: memref<4096xi8, strided<[1], offset: ?>>
// CHECK: %[[DIM:.*]] = arith.constant 64 : index
// CHECK: %[[BASE:.*]], %[[OFFSET:.*]], %{{.*}}, %{{.*}} = memref.extract_strided_metadata %[[BYTES]]
// CHECK: %[[END:.*]] = arith.addi %[[OFFSET]]
// CHECK: %[[WHOLE:.*]] = memref.reinterpret_cast %[[BASE]] to offset: [0], sizes: [%[[END]]], strides: [1] : memref<i8> to memref<?xi8>
// CHECK: %[[VIEW:.*]] = memref.view %[[WHOLE]][%[[OFFSET]]][] : memref<?xi8> to memref<4096xi8>
// CHECK: arith.select %{{.*}}, %[[SCALE]], %[[VIEW]] : memref<4096xi8>
// CHECK: return %{{.*}}, %[[DIM]]
func.func @sizes(%s: memref<8x64x8xf8E8M0FNU, #s>, %bytes: memref<4096xi8, strided<[1], offset: ?>>, %first: i1)
    -> (memref<8x64x8xf8E8M0FNU, #s>, index) {
  %one = arith.constant 1 : index
  %rows = memref.dim %s, %one : memref<8x64x8xf8E8M0FNU, #s>
  %other = moe.preshuffled %bytes : memref<4096xi8, strided<[1], offset: ?>> to memref<8x64x8xf8E8M0FNU, #s>
  %picked = arith.select %first, %s, %other : memref<8x64x8xf8E8M0FNU, #s>
  return %picked, %rows : memref<8x64x8xf8E8M0FNU, #s>, index
}

// -----

#w = #moe.preshuffle<weight>

// A launch of a gpu.func keeps its types, one of a gpu.binary passes bytes.
module attributes {gpu.container_module} {
  // CHECK: gpu.func @kernel(%{{.*}}: memref<8x64x256xf4E2M1FN, #weight>)
  gpu.module @source {
    gpu.func @kernel(%w: memref<8x64x256xf4E2M1FN, #w>) kernel {
      gpu.return
    }
  }
  gpu.binary @compiled [#gpu.object<#rocdl.target<chip = "gfx950">, "">]
  // CHECK-LABEL: func.func @launches
  // CHECK: gpu.launch_func @compiled::@kernel {{.*}} args(%{{.*}} : memref<65536xi8>)
  // CHECK: gpu.launch_func @source::@kernel {{.*}} args(%{{.*}} : memref<8x64x256xf4E2M1FN, #weight>)
  func.func @launches(%w: memref<8x64x256xf4E2M1FN, #w>) {
    %one = arith.constant 1 : index
    gpu.launch_func @compiled::@kernel blocks in (%one, %one, %one) threads in (%one, %one, %one)
        args(%w : memref<8x64x256xf4E2M1FN, #w>)
    gpu.launch_func @source::@kernel blocks in (%one, %one, %one) threads in (%one, %one, %one)
        args(%w : memref<8x64x256xf4E2M1FN, #w>)
    return
  }
}
