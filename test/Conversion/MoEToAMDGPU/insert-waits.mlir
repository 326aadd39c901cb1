// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many loads a sync leaves in flight: those surely behind the last gather.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-insert-waits))' | FileCheck %s

!rsrc = !llvm.ptr<8>
!lds = !llvm.ptr<3>

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @straight
  // CHECK: amdgpu.sched_barrier allow = <none>
  // CHECK-NEXT: amdgpu.memory_counter_wait load(2)
  // CHECK-NEXT: amdgpu.lds_barrier
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  gpu.func @straight(%r: !rsrc, %l: !lds, %i: i32) {
    %before = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %b = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : vector<4xi32>
    moe.sync
    gpu.return
  }

  // Nothing was gathered by DMA: no wait, still a barrier.
  // CHECK-LABEL: gpu.func @no_gather
  // CHECK: amdgpu.sched_barrier
  // CHECK-NEXT: amdgpu.lds_barrier
  gpu.func @no_gather(%r: !rsrc, %i: i32) {
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    moe.sync
    gpu.return
  }

  // The first sync of a trip is reached from before the loop (3 loads) and from
  // its end (1): the smaller counts. The second has 2. Behind the loop, which may
  // not run at all, it is the smaller again.
  // CHECK-LABEL: gpu.func @loop
  // CHECK: scf.for
  // CHECK: amdgpu.memory_counter_wait load(1)
  // CHECK: amdgpu.memory_counter_wait load(2)
  // CHECK: }
  // CHECK: amdgpu.memory_counter_wait load(1)
  gpu.func @loop(%r: !rsrc, %l: !lds, %i: i32, %c0: index, %c1: index, %n: index) {
    rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %b = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %c = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    scf.for %k = %c0 to %n step %c1 {
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
      %d = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      %e = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
      %f = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    }
    moe.sync
    gpu.return
  }

  // A gather under a condition may be the last one or not: the smaller counts.
  // CHECK-LABEL: gpu.func @condition
  // CHECK: amdgpu.memory_counter_wait load(1)
  gpu.func @condition(%r: !rsrc, %l: !lds, %i: i32, %c: i1) {
    rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    scf.if %c {
      rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    }
    %b = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    moe.sync
    gpu.return
  }
}
