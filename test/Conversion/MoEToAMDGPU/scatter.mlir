// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The epilogue: bias before weight, one rounding, and the three ways out.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse))' | FileCheck %s

#g = #gpu.address_space<global>
#lds = #gpu.address_space<workgroup>

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @packed_atomics
  // CHECK: amdgpu.lds_barrier
  // CHECK: %[[BIASED:.*]] = arith.addf
  // CHECK: arith.mulf
  // Four lane groups write rows that are four apart: the exclusive or with 16
  // times the group keeps them out of each other's banks.
  // CHECK: %[[KEY:.*]] = arith.muli %{{.*}}, %c16 : index
  // CHECK: arith.xori %{{.*}}, %[[KEY]] : index
  // CHECK: arith.truncf %{{.*}} : vector<4xf32> to vector<4xbf16>
  // CHECK: memref.store %{{.*}} : memref<2048xbf16, #gpu.address_space<workgroup>>
  // CHECK: amdgpu.lds_barrier
  // CHECK-COUNT-4: memref.load %{{.*}} : memref<?xi32, #gpu.address_space<global>>
  // CHECK: scf.if
  // CHECK: %[[PLACE:.*]] = arith.xori
  // CHECK: %[[PAIR:.*]] = vector.load %{{.*}}[%[[PLACE]]] {alignment = 4 : i64} : memref<2048xbf16, #gpu.address_space<workgroup>>, vector<2xbf16>
  // CHECK: llvm.atomicrmw fadd %{{.*}}, %[[PAIR]] syncscope("agent") monotonic {alignment = 4 : i64, {{.*}}} : !llvm.ptr<1>, vector<2xbf16>
  gpu.func @packed_atomics(%accs: memref<vector<1x2x4xf32>, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %bias: memref<8x256xf32, #g>,
      %tokens: i32, %m: index, %n: index, %e: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x2x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 bias(%bias[%e]) buffers(%l0, %l1) accumulate routing_weight tile_n 128 threads 256
        : vector<1x2x4xf32>, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>, memref<8x256xf32, #g>
    gpu.return
  }

  // Columns past N = 96 of a tile of 128 are guarded; no weight, no bias.
  // CHECK-LABEL: gpu.func @wide_stores
  // CHECK-NOT: arith.mulf
  // CHECK-NOT: arith.addf
  // CHECK: %[[N:.*]] = arith.constant 96 : index
  // CHECK: arith.cmpi ult, %{{.*}}, %[[N]] : index
  // CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<2048xf16, #gpu.address_space<workgroup>>, vector<8xf16>
  // CHECK: vector.store {{.*}} {alignment = 16 : i64} : memref<?x96xf16, #gpu.address_space<global>>, vector<8xf16>
  // CHECK-NOT: llvm.atomicrmw
  // CHECK: gpu.return
  gpu.func @wide_stores(%accs: memref<vector<1x2x4xf32>, #g>, %out: memref<?x96xf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x2x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) tile_n 128 threads 256
        : vector<1x2x4xf32>, memref<?x96xf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>
    gpu.return
  }

  // The waves of K group 0 hold the result; the others store nothing.
  // CHECK-LABEL: gpu.func @fewer_waves
  // CHECK: amdgpu.lds_barrier
  // CHECK: scf.if
  // CHECK: memref.store %{{.*}} : memref<1024xbf16
  // CHECK: }
  // CHECK: amdgpu.lds_barrier
  gpu.func @fewer_waves(%accs: memref<vector<1x2x4xf32>, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x2x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) accumulate routing_weight tile_n 64 threads 256
        : vector<1x2x4xf32>, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @f32_from_accumulators
  // CHECK-NOT: amdgpu.lds_barrier
  // CHECK-COUNT-8: llvm.atomicrmw fadd %{{.*}}, %{{.*}} syncscope("agent") monotonic {{.*}} : !llvm.ptr<1>, f32
  // CHECK-NOT: llvm.atomicrmw
  // CHECK: gpu.return
  gpu.func @f32_from_accumulators(%accs: memref<vector<1x2x4xf32>, #g>, %out: memref<?x256xf32, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x2x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) accumulate routing_weight tile_n 128 threads 256
        : vector<1x2x4xf32>, memref<?x256xf32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>
    gpu.return
  }

  // 16 x 256 bf16 are more than a buffer: half of the columns in each.
  // CHECK-LABEL: gpu.func @two_buffers
  // CHECK-SAME: workgroup(%[[L0:.*]] : memref<4096xi8, {{.*}}>, %[[L1:.*]] : memref<4096xi8,
  // CHECK: %[[V0:.*]] = memref.view %[[L0]]{{.*}} to memref<2048xbf16
  // CHECK: %[[V1:.*]] = memref.view %[[L1]]{{.*}} to memref<2048xbf16
  // CHECK: %[[V:.*]] = arith.select %{{.*}}, %[[V1]], %[[V0]] : memref<2048xbf16
  // CHECK: memref.store %{{.*}}, %[[V]]
  // The ids of the rows of a lane's four units are requested together.
  // CHECK-COUNT-4: memref.load %{{.*}} : memref<?xi32, #gpu.address_space<global>>
  // CHECK-COUNT-4: vector.load %[[V0]]
  // CHECK-COUNT-4: memref.load %{{.*}} : memref<?xi32, #gpu.address_space<global>>
  // CHECK-COUNT-4: vector.load %[[V1]]
  gpu.func @two_buffers(%accs: memref<vector<1x4x4xf32>, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<4096xi8, #lds>, %l1: memref<4096xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x4x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) accumulate routing_weight tile_n 256 threads 256
        : vector<1x4x4xf32>, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<4096xi8, #lds>
    gpu.return
  }
}
