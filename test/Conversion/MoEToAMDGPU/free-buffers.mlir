// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parts of K groups go into the buffer that no wave has accessed since the
// last sync, without a barrier ahead; where none is known to be free, into the
// first one behind a barrier.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse))' | FileCheck %s

#g = #gpu.address_space<global>
#lds = #gpu.address_space<workgroup>

!acc = vector<1x2x4xf32>
!buffer = memref<8192xi8, #lds>

gpu.module @kernels {
  func.func private @other()

  // CHECK-LABEL: gpu.func @second_is_free
  // CHECK-SAME: workgroup(%{{.*}} : memref<8192xi8, {{.*}}>, %[[L1:.*]] : memref<8192xi8,
  // CHECK: moe.sync
  // CHECK-NOT: amdgpu.lds_barrier
  // CHECK: %[[PARTS:.*]] = memref.view %[[L1]]{{.*}} to memref<2048xf32
  // CHECK-NOT: amdgpu.lds_barrier
  // CHECK: memref.store %{{.*}}, %[[PARTS]]
  // CHECK: amdgpu.lds_barrier
  // CHECK: vector.load %[[PARTS]]
  // CHECK-NOT: amdgpu.lds_barrier
  // CHECK: gpu.return
  gpu.func @second_is_free(%acc: memref<!acc, #g>, %byte: memref<i8, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: !buffer, %l1: !buffer) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %a = memref.load %acc[] : memref<!acc, #g>
    %before = memref.load %l1[%n] : !buffer
    moe.sync
    %x = memref.load %l0[%n] : !buffer
    %sum = arith.addi %before, %x : i8
    memref.store %sum, %byte[] : memref<i8, #g>
    moe.scatter %a to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) tile_n 64 groups 2 threads 256
        : !acc, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, !buffer
    gpu.return
  }

  // CHECK-LABEL: gpu.func @first_is_free
  // CHECK-SAME: workgroup(%[[L0:.*]] : memref<8192xi8, {{.*}}>, %{{.*}} : memref<8192xi8,
  // CHECK: moe.sync
  // CHECK-NOT: amdgpu.lds_barrier
  // CHECK: memref.view %[[L0]]{{.*}} to memref<2048xf32
  // CHECK-COUNT-1: amdgpu.lds_barrier
  // CHECK-NOT: amdgpu.lds_barrier
  // CHECK: gpu.return
  gpu.func @first_is_free(%acc: memref<!acc, #g>, %byte: memref<i8, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: !buffer, %l1: !buffer) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %a = memref.load %acc[] : memref<!acc, #g>
    moe.sync
    %x = memref.load %l1[%n] : !buffer
    memref.store %x, %byte[] : memref<i8, #g>
    moe.scatter %a to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) tile_n 64 groups 2 threads 256
        : !acc, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, !buffer
    gpu.return
  }

  // Both are accessed; a view is its memory.
  // CHECK-LABEL: gpu.func @none_is_free
  // CHECK-SAME: workgroup(%[[L0:.*]] : memref<8192xi8, {{.*}}>, %{{.*}} : memref<8192xi8,
  // CHECK: moe.sync
  // CHECK: amdgpu.lds_barrier
  // CHECK: memref.view %[[L0]]{{.*}} to memref<2048xf32
  // CHECK: amdgpu.lds_barrier
  // CHECK: gpu.return
  gpu.func @none_is_free(%acc: memref<!acc, #g>, %byte: memref<i8, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: !buffer, %l1: !buffer) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %a = memref.load %acc[] : memref<!acc, #g>
    moe.sync
    %x = memref.load %l0[%n] : !buffer
    memref.store %x, %byte[] : memref<i8, #g>
    %view = memref.view %l1[%c0][] : !buffer to memref<4096xi8, #lds>
    memref.store %x, %view[%n] : memref<4096xi8, #lds>
    moe.scatter %a to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) tile_n 64 groups 2 threads 256
        : !acc, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, !buffer
    gpu.return
  }

  // A function or an op with regions may access any.
  // CHECK-LABEL: gpu.func @unknown_accesses
  // CHECK: moe.sync
  // CHECK: call @other
  // CHECK: amdgpu.lds_barrier
  // CHECK: memref.view
  // CHECK: gpu.return
  gpu.func @unknown_accesses(%acc: memref<!acc, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: !buffer, %l1: !buffer) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %a = memref.load %acc[] : memref<!acc, #g>
    moe.sync
    func.call @other() : () -> ()
    moe.scatter %a to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) tile_n 64 groups 2 threads 256
        : !acc, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, !buffer
    gpu.return
  }

  // No sync is known to be ahead; a sync in another block is not looked for.
  // CHECK-LABEL: gpu.func @sync_elsewhere
  // CHECK: moe.sync
  // CHECK: scf.if
  // CHECK: amdgpu.lds_barrier
  // CHECK: memref.view
  // CHECK: gpu.return
  gpu.func @sync_elsewhere(%acc: memref<!acc, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index, %some: i1)
      workgroup(%l0: !buffer, %l1: !buffer) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %a = memref.load %acc[] : memref<!acc, #g>
    moe.sync
    scf.if %some {
      moe.scatter %a to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) tile_n 64 groups 2 threads 256
          : !acc, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, !buffer
    }
    gpu.return
  }

  // One memory in both places: what was read of it was read of both.
  // CHECK-LABEL: gpu.func @same_buffer
  // CHECK: moe.sync
  // CHECK: amdgpu.lds_barrier
  // CHECK: memref.view
  // CHECK: gpu.return
  gpu.func @same_buffer(%acc: memref<!acc, #g>, %byte: memref<i8, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: !buffer) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %a = memref.load %acc[] : memref<!acc, #g>
    moe.sync
    %x = memref.load %l0[%n] : !buffer
    memref.store %x, %byte[] : memref<i8, #g>
    moe.scatter %a to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l0) tile_n 64 groups 2 threads 256
        : !acc, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, !buffer
    gpu.return
  }
}
