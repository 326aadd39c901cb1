// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both ways of a condition in a loop begin with a barrier. LLVM moves its fence
// ahead of the branch and drops the wait of it; each barrier needs a wait for
// what was read in the trip before.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: moe-compile %s --chip gfx950 --emit asm | FileCheck %s
// RUN: moe-compile %s --chip gfx942 --emit asm | FileCheck %s
// RUN: moe-compile %s --chip gfx950 -o k.hsaco
// RUN: echo '{"code_object": "k.hsaco", "kernel": "arms", "grid": [1, 1, 1], "block": [128, 1, 1], "args": [{"name": "out", "kind": "buffer", "size": 512}, {"name": "n", "kind": "i64", "value": 9}]}' > k.json
// RUN: moe-run launch k.json --sanitize wait,race

// CHECK-LABEL: arms:
// CHECK-COUNT-2: s_waitcnt lgkmcnt(0){{[[:space:]]+}}s_barrier
// CHECK: s_endpgm

#lds = #gpu.address_space<workgroup>
gpu.module @kernels {
  gpu.func @arms(%out: memref<128xi32, #gpu.address_space<global>>, %n: index)
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
    memref.store %zero, %buffer[%thread] : memref<128xi32, #lds>
    %last = scf.for %k = %c0 to %n step %c1 iter_args(%sum = %zero) -> (i32) {
      %late = arith.cmpi ugt, %k, %c128 : index
      scf.if %late {
        gpu.barrier
        memref.store %sum, %out[%thread] : memref<128xi32, #gpu.address_space<global>>
      } else {
        gpu.barrier
      }
      memref.store %sum, %buffer[%thread] : memref<128xi32, #lds>
      gpu.barrier
      %read = memref.load %buffer[%other] : memref<128xi32, #lds>
      scf.yield %read : i32
    }
    memref.store %last, %out[%thread] : memref<128xi32, #gpu.address_space<global>>
    gpu.return
  }
}
