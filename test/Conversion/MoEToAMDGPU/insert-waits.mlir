// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How many loads a sync leaves in flight: those surely behind the last gather.
// No access to LDS is: LLVM drops the wait of the barrier's fence at the head of
// a loop, and a wave would then read what others overwrite.
// The counts are those of the control flow, however it is written, and a second
// run changes nothing.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-insert-waits))' | FileCheck %s
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-insert-waits,moe-insert-waits))' | FileCheck %s
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-scf-to-cf,moe-insert-waits))' | FileCheck %s --check-prefix=CF

!rsrc = !llvm.ptr<8>
!lds = !llvm.ptr<3>

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @straight
  // CHECK: amdgpu.sched_barrier allow = <none>
  // CHECK-NEXT: amdgpu.memory_counter_wait load(2) ds(0)
  // CHECK-NEXT: amdgpu.lds_barrier
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  gpu.func @straight(%r: !rsrc, %l: !lds, %i: i32) kernel {
    %before = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %b = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : vector<4xi32>
    moe.sync
    %x = vector.extract %b[0] : i32 from vector<4xi32>
    %y = arith.addi %a, %x : i32
    gpu.return
  }

  // Nothing was gathered by DMA: no wait for loads, still a barrier.
  // CHECK-LABEL: gpu.func @no_gather
  // CHECK: amdgpu.sched_barrier
  // CHECK-NEXT: amdgpu.memory_counter_wait ds(0)
  // CHECK-NEXT: amdgpu.lds_barrier
  gpu.func @no_gather(%r: !rsrc, %i: i32) kernel {
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    moe.sync
    gpu.return
  }

  // The first sync of a trip is reached from before the loop (3 loads) and from
  // its end (1): the smaller counts. The second has 2. Behind the loop, which may
  // not run at all, it is the smaller again.
  // CHECK-LABEL: gpu.func @loop
  // Behind the loads of each step stands a wait for those of the step before: its
  // own three, or two, may be in flight.
  // CHECK: scf.for
  // CHECK: amdgpu.memory_counter_wait load(1) ds(0)
  // CHECK-NEXT: amdgpu.lds_barrier
  // CHECK: amdgpu.memory_counter_wait load(3){{$}}
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  // CHECK: amdgpu.memory_counter_wait load(2)
  // CHECK-NEXT: amdgpu.lds_barrier
  // CHECK: amdgpu.memory_counter_wait load(2)
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  // CHECK: }
  // CHECK: amdgpu.memory_counter_wait load(1)
  // CF-LABEL: gpu.func @loop
  // CF: amdgpu.memory_counter_wait load(1)
  // CF: amdgpu.memory_counter_wait load(2)
  // CF: amdgpu.memory_counter_wait load(1)
  gpu.func @loop(%r: !rsrc, %l: !lds, %i: i32, %c0: index, %c1: index, %n: index) kernel {
    rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %b = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %c = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %x = arith.addi %a, %b : i32
    %y = arith.addi %x, %c : i32
    scf.for %k = %c0 to %n step %c1 {
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
      %d = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      %e = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
      %f = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      %u = arith.addi %d, %e : i32
      %v = arith.addi %u, %f : i32
    }
    moe.sync
    gpu.return
  }

  // A gather under a condition may be the last one or not: the smaller counts.
  // CHECK-LABEL: gpu.func @condition
  // CHECK: amdgpu.memory_counter_wait load(1)
  // CF-LABEL: gpu.func @condition
  // CF: amdgpu.memory_counter_wait load(1)
  gpu.func @condition(%r: !rsrc, %l: !lds, %i: i32, %c: i1) kernel {
    rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    scf.if %c {
      rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    }
    %b = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %x = arith.addi %a, %b : i32
    moe.sync
    gpu.return
  }

  // The gather is in one block, the sync in another, and two ways lead there.
  // CHECK-LABEL: gpu.func @blocks
  // CHECK: amdgpu.memory_counter_wait load(2)
  // CF-LABEL: gpu.func @blocks
  // CF: amdgpu.memory_counter_wait load(2)
  gpu.func @blocks(%r: !rsrc, %l: !lds, %i: i32, %c: i1) kernel {
    rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    cf.cond_br %c, ^more, ^end
  ^more:
    %b = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %x = arith.addi %a, %b : i32
    cf.br ^end
  ^end:
    %d = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %y = arith.addi %a, %d : i32
    moe.sync
    gpu.return
  }

  // What landed at one sync need not be waited for at the next.
  // CHECK-LABEL: gpu.func @landed
  // CHECK: amdgpu.memory_counter_wait load(0)
  // CHECK-NOT: amdgpu.memory_counter_wait load
  // CHECK: gpu.return
  gpu.func @landed(%r: !rsrc, %l: !lds, %i: i32) kernel {
    rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    moe.sync
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    moe.sync
    %x = arith.addi %a, %a : i32
    gpu.return
  }

  // A load that nobody uses may not be there in the end; stores and atomics are
  // not counted, which only makes the wait stricter.
  // CHECK-LABEL: gpu.func @not_counted
  // CHECK: amdgpu.memory_counter_wait load(1)
  gpu.func @not_counted(%r: !rsrc, %l: !lds, %i: i32, %m: memref<4xi32>, %n: index) kernel {
    rocdl.raw.ptr.buffer.load.lds %r, %l, %i, %i, %i, %i, %i
    %dead = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %b = memref.load %m[%n] : memref<4xi32>
    memref.store %a, %m[%n] : memref<4xi32>
    %old = memref.atomic_rmw addi %b, %m[%n] : (i32, memref<4xi32>) -> i32
    moe.sync
    gpu.return
  }

  // A gather of user code counts as one, and one may hide in code that is not
  // here: then all loads are waited for.
  // CHECK-LABEL: gpu.func @other_gathers
  // CHECK: amdgpu.memory_counter_wait load(1)
  // CHECK: amdgpu.memory_counter_wait load(0)
  gpu.func @other_gathers(%r: !rsrc, %g: !llvm.ptr<1>, %l: !lds, %i: i32) kernel {
    rocdl.load.to.lds %g, %l, 4, 0, 0 : !llvm.ptr<1>
    %a = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    moe.sync
    func.call @elsewhere() : () -> ()
    moe.sync
    %x = arith.addi %a, %a : i32
    gpu.return
  }
  func.func private @elsewhere()

  // A function that is called may begin with a gather in flight.
  // CHECK-LABEL: gpu.func @called
  // CHECK: amdgpu.memory_counter_wait load(0)
  gpu.func @called() {
    moe.sync
    gpu.return
  }
}
