// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a wave is known to be whole and together, a reduction is DPP moves
// alone; elsewhere lanes that may be missing are set to the neutral element.
// RUN: moe-opt %s --pass-pipeline="builtin.module(gpu.module(moe-lower-reductions{chip=gfx950}))" | FileCheck %s

// The branches are the same for the wave: on arguments, blocks, memory at the
// same address, and bounds of loops.
// CHECK-LABEL: gpu.func @together
// CHECK-NOT: set.inactive
// CHECK-COUNT-4: rocdl.readlane
gpu.module @kernels {
  gpu.func @together(%p: memref<64xi32>, %q: memref<64xi32>, %n: index) kernel
      attributes {known_block_size = array<i32: 32, 4, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0 : i32
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %v = memref.load %p[%t] : memref<64xi32>
    %0 = gpu.subgroup_reduce add %v : (i32) -> i32
    memref.store %0, %q[%c0] : memref<64xi32>
    %bound = memref.load %q[%b] : memref<64xi32>
    %end = arith.index_cast %bound : i32 to index
    %sum = scf.for %i = %c0 to %end step %c1 iter_args(%own = %v) -> (i32) {
      %odd = arith.remui %i, %n : index
      %is = arith.cmpi eq, %odd, %c1 : index
      %next = scf.if %is -> (i32) {
        %r = gpu.subgroup_reduce add %own : (i32) -> i32
        scf.yield %r : i32
      } else {
        scf.yield %own : i32
      }
      scf.yield %next : i32
    }
    %goes = arith.cmpi sgt, %bound, %zero : i32
    cf.cond_br %goes, ^body, ^end
  ^body:
    %r = gpu.subgroup_reduce add %sum : (i32) -> i32
    memref.store %r, %q[%c1] : memref<64xi32>
    cf.br ^end
  ^end:
    // The op says that all lanes are together.
    %low = arith.cmpi ult, %t, %c1 : index
    scf.if %low {
      %u = gpu.subgroup_reduce add %v uniform : (i32) -> i32
      memref.store %u, %q[%c1] : memref<64xi32>
    }
    gpu.return
  }

  // A branch on a lane, on what a lane gets of an atomic, on memory of the lane,
  // on what a function returns; loops that lanes leave at different times.
  // CHECK-LABEL: gpu.func @apart
  // CHECK-COUNT-7: llvm.call_intrinsic "llvm.amdgcn.set.inactive"
  // CHECK-NOT: set.inactive
  func.func private @count(%x: memref<64xi32>) -> i1
  gpu.func @apart(%p: memref<64xi32>, %n: index) private(%own: memref<1xi32, 5>) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %t = gpu.lane_id
    %v = memref.load %p[%t] : memref<64xi32>
    %low = arith.cmpi ult, %t, %c1 : index
    scf.if %low {
      %r = gpu.subgroup_reduce add %v : (i32) -> i32
      memref.store %r, %p[%t] : memref<64xi32>
    }
    %old = memref.atomic_rmw addi %one, %p[%c0] : (i32, memref<64xi32>) -> i32
    %first = arith.cmpi eq, %old, %one : i32
    scf.if %first {
      %r = gpu.subgroup_reduce add %v : (i32) -> i32
      memref.store %r, %p[%t] : memref<64xi32>
    }
    memref.store %v, %own[%c0] : memref<1xi32, 5>
    %mine = memref.load %own[%c0] : memref<1xi32, 5>
    %is = arith.cmpi eq, %mine, %one : i32
    scf.if %is {
      %r = gpu.subgroup_reduce add %v : (i32) -> i32
      memref.store %r, %p[%t] : memref<64xi32>
    }
    %said = func.call @count(%p) : (memref<64xi32>) -> i1
    scf.if %said {
      %r = gpu.subgroup_reduce add %v : (i32) -> i32
      memref.store %r, %p[%t] : memref<64xi32>
    }
    // The count of a loop that depends on the lane, and a reduction in it.
    %last = scf.for %i = %c0 to %t step %c1 iter_args(%k = %c0) -> (index) {
      %r = gpu.subgroup_reduce add %v : (i32) -> i32
      memref.store %r, %p[%t] : memref<64xi32>
      scf.yield %i : index
    }
    %small = arith.cmpi ult, %last, %n : index
    scf.if %small {
      %r = gpu.subgroup_reduce add %v : (i32) -> i32
      memref.store %r, %p[%t] : memref<64xi32>
    }
    %times = scf.while (%k = %c0) : (index) -> index {
      %more = arith.cmpi ult, %k, %t : index
      scf.condition(%more) %k : index
    } do {
    ^bb0(%k: index):
      %next = arith.addi %k, %c1 : index
      scf.yield %next : index
    }
    %few = arith.cmpi ult, %times, %n : index
    scf.if %few {
      %r = gpu.subgroup_reduce add %v : (i32) -> i32
      memref.store %r, %p[%t] : memref<64xi32>
    }
    gpu.return
  }

  // A loop of blocks that lanes leave at different times: what is counted in it
  // is not the same behind it.
  // CHECK-LABEL: gpu.func @blocks
  // CHECK-COUNT-1: llvm.call_intrinsic "llvm.amdgcn.set.inactive"
  gpu.func @blocks(%p: memref<64xi32>, %n: index) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %t = gpu.thread_id x
    %v = memref.load %p[%t] : memref<64xi32>
    cf.br ^head(%c0 : index)
  ^head(%k: index):
    %next = arith.addi %k, %c1 : index
    %more = arith.cmpi ult, %k, %t : index
    cf.cond_br %more, ^head(%next : index), ^behind
  ^behind:
    %few = arith.cmpi ult, %next, %n : index
    scf.if %few {
      %r = gpu.subgroup_reduce add %v : (i32) -> i32
      memref.store %r, %p[%t] : memref<64xi32>
    }
    gpu.return
  }

  // Waves that may not be whole: 96 threads, an unknown number, a function. Of one
  // thread the value is the result.
  // CHECK-LABEL: gpu.func @part
  // CHECK: set.inactive
  gpu.func @part(%p: memref<64xi32>) kernel attributes {known_block_size = array<i32: 32, 3, 1>} {
    %t = gpu.thread_id x
    %v = memref.load %p[%t] : memref<64xi32>
    %r = gpu.subgroup_reduce add %v : (i32) -> i32
    memref.store %r, %p[%t] : memref<64xi32>
    gpu.return
  }
  // CHECK-LABEL: gpu.func @unknown
  // CHECK: set.inactive
  // CHECK: llvm.amdgcn.ballot
  gpu.func @unknown(%p: memref<64xi32>) kernel {
    %t = gpu.thread_id x
    %v = memref.load %p[%t] : memref<64xi32>
    %r = gpu.subgroup_reduce add %v uniform : (i32) -> i32
    memref.store %r, %p[%t] : memref<64xi32>
    gpu.return
  }
  // CHECK-LABEL: func.func private @function
  // CHECK: set.inactive
  func.func private @function(%v: i32) -> i32 {
    %r = gpu.subgroup_reduce add %v : (i32) -> i32
    return %r : i32
  }
  // CHECK-LABEL: gpu.func @one
  // CHECK-NEXT: gpu.return
  gpu.func @one(%v: i32) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
    %r = gpu.subgroup_reduce add %v : (i32) -> i32
    gpu.return
  }
}
