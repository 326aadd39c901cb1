// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An op where no pass of a pipeline would lower it, or that not all threads
// reach, is an error at the op.
// RUN: moe-opt %s -split-input-file -verify-diagnostics --moe-to-tile=chip=gfx950

func.func @host(%p: memref<?x64xbf16>, %q: memref<?x64xbf16>, %t: i32) {
  // expected-error @+1 {{expected to stand in a gpu.func of a gpu.module, got host code; run --moe-to-launches on the module that it stands in first}}
  moe.reduce_slots %p to %q tokens(%t) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>
  return
}

// -----

func.func @launch(%p: memref<?x64xbf16>, %q: memref<?x64xbf16>, %t: i32, %n: index) {
  gpu.launch blocks(%bx, %by, %bz) in (%gx = %n, %gy = %n, %gz = %n)
             threads(%tx, %ty, %tz) in (%sx = %n, %sy = %n, %sz = %n) {
    // expected-error @+1 {{expected to stand in a gpu.func, got a gpu.launch; run -gpu-kernel-outlining first}}
    moe.reduce_slots %p to %q tokens(%t) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>
    gpu.terminator
  }
  return
}

// -----

gpu.module @kernels {
  gpu.func @helper(%p: memref<?x64xbf16>, %q: memref<?x64xbf16>, %t: i32) {
    // expected-error @+1 {{expected to stand in a kernel, got the gpu.func 'helper' without 'kernel', which nothing launches}}
    moe.reduce_slots %p to %q tokens(%t) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  func.func @function(%p: memref<?x64xbf16>, %q: memref<?x64xbf16>, %t: i32) {
    // expected-error @+1 {{expected to stand in a gpu.func, got another function of the gpu.module}}
    moe.reduce_slots %p to %q tokens(%t) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>
    return
  }
}

// -----

module {
  module @inner {
    gpu.module @kernels {
      gpu.func @kernel(%p: memref<?x64xbf16>, %q: memref<?x64xbf16>, %t: i32) kernel {
        // expected-error @+1 {{expected its gpu.module directly in the module that the pipeline runs on, got one that is nested deeper}}
        moe.reduce_slots %p to %q tokens(%t) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>
        gpu.return
      }
    }
  }
}

// -----

gpu.module @kernels [#nvvm.target] {
  gpu.func @kernel(%p: memref<?x64xbf16>, %q: memref<?x64xbf16>, %t: i32) kernel {
    // expected-error @+1 {{expected a gpu.module with a #rocdl.target, got [#nvvm.target]}}
    moe.reduce_slots %p to %q tokens(%t) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>
    gpu.return
  }
}

// -----

// The condition is computed from the thread through arithmetic and memory.
gpu.module @kernels {
  gpu.func @thread(%flags: memref<64xi32>, %other: i32) kernel {
    %thread = gpu.thread_id x
    %c32 = arith.constant 32 : index
    %half = arith.remui %thread, %c32 : index
    %flag = memref.load %flags[%half] : memref<64xi32>
    %set = arith.cmpi eq, %flag, %other : i32
    // expected-note @+1 {{the branch is here}}
    scf.if %set {
      // expected-error @+1 {{expected all threads of a workgroup to take the same way to it (they compute it together), got a branch that depends on gpu.thread_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

// Of the affine dialect.
gpu.module @kernels {
  gpu.func @thread(%other: i32, %p: i1) kernel {
    %thread = gpu.thread_id x
    // expected-note @+1 {{the branch is here}}
    affine.if affine_set<(d0) : (d0 - 64 >= 0)>(%thread) {
      // expected-error @+1 {{expected all threads of a workgroup to take the same way to it (they compute it together), got a branch that depends on gpu.thread_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @thread(%other: i32, %p: i1) kernel {
    %thread = gpu.thread_id x
    // expected-note @+1 {{the branch is here}}
    affine.for %k = 0 to affine_map<(d0) -> (d0)>(%thread) {
      // expected-error @+1 {{expected all threads of a workgroup to take the same way to it (they compute it together), got a branch that depends on gpu.thread_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

// A loop that each thread enters at a number of its own.
gpu.module @kernels {
  gpu.func @thread(%other: i32, %p: i1) kernel {
    %thread = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    // expected-note @+1 {{the branch is here}}
    scf.parallel (%k) = (%c0) to (%thread) step (%c1) {
      // expected-error @+1 {{expected all threads of a workgroup to take the same way to it (they compute it together), got a branch that depends on gpu.thread_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @thread(%other: i32, %p: i1) kernel {
    %thread = gpu.thread_id x
    // expected-note @+1 {{the branch is here}}
    scf.forall (%k) in (%thread) {
      // expected-error @+1 {{expected all threads of a workgroup to take the same way to it (they compute it together), got a branch that depends on gpu.thread_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

// A branch of several ways.
gpu.module @kernels {
  gpu.func @thread(%other: i32, %p: i1) kernel {
    %thread = gpu.thread_id x
    %flag = arith.index_cast %thread : index to i32
    // expected-note @+1 {{the branch is here}}
    cf.switch %flag : i32, [
      default: ^end,
      3: ^way
    ]
  ^way:
      // expected-error @+1 {{expected all threads of a workgroup to take the same way to it (they compute it together), got a branch that depends on gpu.thread_id}}
      moe.sync
    cf.br ^end
  ^end:
    gpu.return
  }
}

// -----

// A value that says which way was taken.
gpu.module @kernels {
  gpu.func @thread(%other: i32, %p: i1) kernel {
    %thread = gpu.thread_id x
    %c32 = arith.constant 32 : index
    %true = arith.constant true
    %false = arith.constant false
    %low = arith.cmpi ult, %thread, %c32 : index
    cf.cond_br %low, ^first, ^second
  ^first:
    cf.br ^join(%true : i1)
  ^second:
    cf.br ^join(%false : i1)
  ^join(%set: i1):
    // expected-note @+1 {{the branch is here}}
    scf.if %set {
      // expected-error @+1 {{expected all threads of a workgroup to take the same way to it (they compute it together), got a branch that depends on gpu.thread_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

// What a function returns.
gpu.module @kernels {
  func.func private @id() -> index {
    %thread = gpu.thread_id y
    return %thread : index
  }
  gpu.func @thread(%other: i32, %p: i1) kernel {
    %thread = gpu.thread_id x
    %id = func.call @id() : () -> index
    %c32 = arith.constant 32 : index
    %low = arith.cmpi ult, %id, %c32 : index
    // expected-note @+1 {{the branch is here}}
    scf.if %low {
      // expected-error @+1 {{expected all threads of a workgroup to take the same way to it (they compute it together), got a branch that depends on gpu.thread_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

// The same in all threads.
gpu.module @kernels {
  func.func private @next(%n: index) -> index {
    %c1 = arith.constant 1 : index
    %next = arith.addi %n, %c1 : index
    return %next : index
  }
  gpu.func @uniform(%other: i32, %p: i1, %n: index) kernel {
    %thread = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %more = func.call @next(%n) : (index) -> index
    affine.if affine_set<(d0) : (d0 - 64 >= 0)>(%n) {
      moe.sync
    }
    %sum = affine.for %k = 0 to 8 iter_args(%a = %thread) -> index {
      moe.sync
      %b = arith.addi %a, %k : index
      affine.yield %b : index
    }
    scf.parallel (%k) = (%c0) to (%more) step (%c1) {
      moe.sync
    }
    cf.switch %other : i32, [
      default: ^end(%c0 : index),
      3: ^way
    ]
  ^way:
    cf.br ^end(%c1 : index)
  ^end(%m: index):
    %set = arith.cmpi eq, %m, %c0 : index
    scf.if %set {
      moe.sync
    }
    gpu.return
  }
}

// -----

// A ballot is the same in all waves only of what depends on the lane alone.
gpu.module @kernels {
  gpu.func @ballots(%n: index) kernel {
    %c0 = arith.constant 0 : i64
    %lane = gpu.lane_id
    %inLanes = arith.cmpi ult, %lane, %n : index
    %lanes = rocdl.ballot %inLanes : i64
    %some = arith.cmpi ne, %lanes, %c0 : i64
    scf.if %some {
      moe.sync
    }
    %thread = gpu.thread_id x
    %inThreads = arith.cmpi ult, %thread, %n : index
    %threads = rocdl.ballot %inThreads : i64
    %any = arith.cmpi ne, %threads, %c0 : i64
    // expected-note @+1 {{the branch is here}}
    scf.if %any {
      // expected-error @+1 {{got a branch that depends on gpu.thread_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

// So many trips as the lane says.
gpu.module @kernels {
  gpu.func @loop(%n: index) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %lane = gpu.lane_id
    %end = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %c0) -> index {
      %next = arith.addi %sum, %lane : index
      scf.yield %next : index
    }
    // expected-note @+1 {{the branch is here}}
    scf.for %i = %c0 to %end step %c1 {
      // expected-error @+1 {{got a branch that depends on gpu.lane_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @blocks(%n: index) kernel {
    %wave = gpu.subgroup_id : index
    %first = arith.cmpi eq, %wave, %n : index
    // expected-note @+1 {{the branch is here}}
    cf.cond_br %first, ^sync, ^end
  ^sync:
    // expected-error @+1 {{got a branch that depends on gpu.subgroup_id}}
    moe.sync
    cf.br ^end
  ^end:
    gpu.return
  }
}

// -----

// These are uniform: what all threads take, where both ways meet again, and
// what a reduction made of the threads' values.
gpu.module @kernels {
  gpu.func @uniform(%n: index, %flag: i1) kernel {
    %thread = gpu.thread_id x
    %number = arith.index_cast %thread : index to i32
    %limit = arith.index_cast %n : index to i32
    %sum = gpu.all_reduce add %number uniform {} : (i32) -> (i32)
    %same = arith.cmpi ult, %sum, %limit : i32
    scf.if %same {
      moe.sync
    }
    %first = arith.cmpi eq, %thread, %n : index
    cf.cond_br %first, ^one, ^meet
  ^one:
    cf.br ^meet
  ^meet:
    moe.sync
    gpu.return
  }
}

// -----

// Ops without barriers too: each is computed by all threads together.
gpu.module @kernels {
  gpu.func @reduce(%p: memref<8x64xbf16>, %q: memref<2x64xbf16>, %t: i32) kernel {
    %thread = gpu.thread_id x
    %c3 = arith.constant 3 : index
    %few = arith.cmpi ult, %thread, %c3 : index
    // expected-note @+1 {{the branch is here}}
    scf.if %few {
      // expected-error @+1 {{got a branch that depends on gpu.thread_id}}
      moe.reduce_slots %p to %q tokens(%t) topk 4 : memref<8x64xbf16>, memref<2x64xbf16>
    }
    gpu.return
  }
}

// -----

// Two ways from one branch to one block: the condition picks the value.
gpu.module @kernels {
  gpu.func @phi(%n: index) kernel {
    %thread = gpu.global_id x
    %true = arith.constant true
    %false = arith.constant false
    %first = arith.cmpi ult, %thread, %n : index
    cf.cond_br %first, ^next(%true : i1), ^next(%false : i1)
  ^next(%flag: i1):
    // expected-note @+1 {{the branch is here}}
    scf.if %flag {
      // expected-error @+1 {{got a branch that depends on gpu.global_id}}
      moe.sync
    }
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @rocdl(%n: i32) kernel {
    %thread = rocdl.workitem.id.x : i32
    %first = arith.cmpi ult, %thread, %n : i32
    // expected-note @+1 {{the branch is here}}
    scf.if %first {
      // expected-error @+1 {{got a branch that depends on rocdl.workitem.id.x}}
      moe.sync
    }
    gpu.return
  }
}

// -----

// moe.preshuffled moves no start in a kernel.
gpu.module @kernels {
  gpu.func @bytes(%b: memref<8208xi8>) kernel {
    %part = memref.subview %b[16] [8192] [1] : memref<8208xi8> to memref<8192xi8, strided<[1], offset: 16>>
    // expected-error @+1 {{expected contiguous bytes without an offset in a kernel (memref.view moves the start), got 'memref<8192xi8, strided<[1], offset: 16>>'}}
    %w = moe.preshuffled %part : memref<8192xi8, strided<[1], offset: 16>> to memref<1x128x128xf4E2M1FN, #moe.preshuffle<weight>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @assert(%flag: i1) kernel {
    // expected-error @+1 {{expected not to stand in a kernel, which has nobody to tell}}
    cf.assert %flag, "no"
    gpu.return
  }
}
