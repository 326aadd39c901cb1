// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sync leaves the loads behind the last gather in flight. The back end makes one
// of the two loads of each step, and the sync at the head of the loop would wait
// for one load less than the gather (docs/Rationale.md, "Waits").
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-insert-waits))' | FileCheck %s --check-prefix=IR
// RUN: moe-compile %s --chip gfx950 --emit asm | FileCheck %s
// RUN: moe-compile %s --chip gfx942 --emit asm | FileCheck %s

// A gather in inline assembly counts as one.
// RUN: sed 's/rocdl.raw.ptr.buffer.load.lds .*/llvm.inline_asm has_side_effects "buffer_load_dword $0, $1, 0 offen lds", "v,s,~{memory}" %own, %r : (i32, !rsrc) -> ()/' %s > %t.asm.mlir
// RUN: moe-compile %t.asm.mlir --chip gfx950 --emit asm | FileCheck %s

// The wait and the fence may have moved ahead of a branch that the barrier is
// behind.
// RUN: sed '0,/^      moe.sync$/s//      %%late = arith.cmpi ugt, %%k, %%c128 : index\n      scf.if %%late {\n        amdgpu.memory_counter_wait load(2) ds(0)\n        amdgpu.lds_barrier\n        memref.store %%c, %%out[%%thread] : memref<2048xi32, #gpu.address_space<global>>\n      } else {\n        amdgpu.memory_counter_wait load(2) ds(0)\n        amdgpu.lds_barrier\n      }/' %s > %t.arms.mlir
// RUN: moe-compile %t.arms.mlir --chip gfx950 --emit asm | FileCheck %s --check-prefix=ARMS
// ARMS-LABEL: merged:
// ARMS: s_waitcnt vmcnt({{[01]}}) lgkmcnt(0)
// ARMS-NOT: vmcnt
// ARMS: s_cbranch
// ARMS-NOT: vmcnt
// ARMS: s_barrier

// IR: scf.for
// IR: amdgpu.memory_counter_wait load(2) ds(0)
// IR-NEXT: amdgpu.lds_barrier

// CHECK-LABEL: merged:
// CHECK: .LBB0_2:
// CHECK-NEXT: s_waitcnt vmcnt(1) lgkmcnt(0)
// CHECK-NEXT: s_barrier
// CHECK: ds_read_b32
// CHECK: buffer_load_dword {{.*}} lds
// CHECK: buffer_load_dwordx2
// CHECK: s_cbranch_scc1 .LBB0_2

!rsrc = !llvm.ptr<8>
#lds = #gpu.address_space<workgroup>
gpu.module @kernels {
  gpu.func @merged(%in: memref<256xi32, #gpu.address_space<global>>,
                   %out: memref<2048xi32, #gpu.address_space<global>>, %n: index)
      workgroup(%buffer: memref<128xi32, #lds>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c128 = arith.constant 128 : index
    %zero = arith.constant 0 : i32
    %four = arith.constant 4 : i32
    %offset = arith.constant 512 : i32
    %stride = arith.constant 0 : i16
    %records = arith.constant 1024 : i64
    %flags = arith.constant 159744 : i32
    %thread = gpu.thread_id x
    %lane = arith.index_cast %thread : index to i32
    %own = arith.muli %lane, %four : i32
    %next = arith.addi %own, %four : i32
    %base = memref.extract_aligned_pointer_as_index %in : memref<256xi32, #gpu.address_space<global>> -> index
    %address = arith.index_cast %base : index to i64
    %pointer = llvm.inttoptr %address : i64 to !llvm.ptr
    %r = rocdl.make.buffer.rsrc %pointer, %stride, %records, %flags : !llvm.ptr to !rsrc
    %place = memref.extract_aligned_pointer_as_index %buffer : memref<128xi32, #lds> -> index
    %place32 = arith.index_cast %place : index to i32
    %lds = llvm.inttoptr %place32 : i32 to !llvm.ptr<3>
    memref.store %zero, %buffer[%thread] : memref<128xi32, #lds>
    %a = rocdl.raw.ptr.buffer.load %r, %own, %offset, %zero : i32
    %b = rocdl.raw.ptr.buffer.load %r, %next, %offset, %zero : i32
    scf.for %k = %c0 to %n step %c1 iter_args(%c = %a, %d = %b) -> (i32, i32) {
      moe.sync
      %read = memref.load %buffer[%thread] : memref<128xi32, #lds>
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %lds, %four, %own, %zero, %zero, %zero
      %e = rocdl.raw.ptr.buffer.load %r, %own, %offset, %zero : i32
      %f = rocdl.raw.ptr.buffer.load %r, %next, %offset, %zero : i32
      %sum = arith.addi %c, %d : i32
      %all = arith.addi %sum, %read : i32
      %row = arith.muli %k, %c128 : index
      %column = arith.addi %row, %thread : index
      memref.store %all, %out[%column] : memref<2048xi32, #gpu.address_space<global>>
      scf.yield %e, %f : i32, i32
    }
    gpu.return
  }
}
