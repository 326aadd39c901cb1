// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A barrier at the head of a loop waits for what this wave read from LDS in the
// trip before. LLVM drops the wait of the barrier's fence there, and what another
// wave stores next would be read in its place (docs/Rationale.md, "Waits").
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: moe-compile %s --chip gfx950 --emit asm | FileCheck %s
// RUN: moe-compile %s --chip gfx942 --emit asm | FileCheck %s
// RUN: moe-compile %s --chip gfx950 -o k.hsaco
// RUN: echo '{"code_object": "k.hsaco", "kernel": "neighbors", "grid": [1, 1, 1], "block": [128, 1, 1], "args": [{"name": "out", "kind": "buffer", "size": 5120}, {"name": "n", "kind": "i64", "value": 9}]}' > k.json
// RUN: moe-run launch k.json --sanitize wait,race

// CHECK-LABEL: neighbors:
// CHECK: .LBB0_2:
// CHECK-NEXT: s_waitcnt lgkmcnt(0)
// CHECK-NEXT: s_barrier
// CHECK-NEXT: ds_write_b32
// CHECK: s_barrier
// CHECK-NEXT: ds_read_b32
// CHECK: s_cbranch_scc1 .LBB0_2

#lds = #gpu.address_space<workgroup>
gpu.module @kernels {
  gpu.func @neighbors(%out: memref<1280xi32, #gpu.address_space<global>>, %n: index)
      workgroup(%buffer: memref<128xi32, #lds>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %c128 = arith.constant 128 : index
    %zero = arith.constant 0 : i32
    %thread = gpu.thread_id x
    %moved = arith.addi %thread, %c64 : index
    %other = arith.remui %moved, %c128 : index
    %own = arith.index_cast %thread : index to i32
    %last = scf.for %k = %c0 to %n step %c1 iter_args(%before = %zero) -> (i32) {
      gpu.barrier
      %row = arith.muli %k, %c128 : index
      %place = arith.addi %row, %thread : index
      %step = arith.index_cast %k : index to i32
      %value = arith.muli %step, %own : i32
      memref.store %value, %buffer[%thread] : memref<128xi32, #lds>
      memref.store %before, %out[%place] : memref<1280xi32, #gpu.address_space<global>>
      gpu.barrier
      %read = memref.load %buffer[%other] : memref<128xi32, #lds>
      scf.yield %read : i32
    }
    %end = arith.muli %n, %c128 : index
    %place = arith.addi %end, %thread : index
    memref.store %last, %out[%place] : memref<1280xi32, #gpu.address_space<global>>
    gpu.return
  }
}
