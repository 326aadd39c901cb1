// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An atomic that the hardware lacks is a loop around a compare-and-swap whose
// first read is a plain one; an atomic on a generic pointer is a flat one. Four
// waves do both and have no race. A plain read beside the atomics of others is
// one.
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: moe-compile ordered.mlir --chip gfx942 -o ordered.hsaco
// RUN: moe-compile unordered.mlir --chip gfx942 -o unordered.hsaco
// RUN: moe-compile ordered.mlir --chip gfx942 --emit asm -o - | FileCheck %s --check-prefix=ASM
// ASM: ds_cmpst_rtn_b32
// ASM: flat_atomic_add
// RUN: %python -c "import array; array.array('f', [255.0, 256.0]).tofile(open('right.bin', 'wb'))"
// RUN: echo '{"code_object": "ordered.hsaco", "kernel": "ordered", "grid": [2, 1, 1], "block": [256, 1, 1], "args": [{"name": "out", "kind": "buffer", "size": 8, "out": "out.bin"}, {"name": "limit", "kind": "i32", "value": 0}], "expect": {"arg": "out", "dtype": "f32", "file": "right.bin", "file_dtype": "f32", "rtol": 0, "atol": 0}}' > ordered.json
// RUN: moe-run launch ordered.json --sanitize all 2>&1 | FileCheck %s --check-prefix=ORDERED --allow-empty
// RUN: moe-run launch ordered.json --sanitize all --interleave lockstep 2>&1 | FileCheck %s --check-prefix=ORDERED --allow-empty
// RUN: moe-run launch ordered.json --sanitize all --interleave random 2>&1 | FileCheck %s --check-prefix=ORDERED --allow-empty
// ORDERED-NOT: sanitizer
// RUN: echo '{"code_object": "unordered.hsaco", "kernel": "unordered", "grid": [1, 1, 1], "block": [256, 1, 1], "args": [{"name": "out", "kind": "buffer", "size": 1024, "out": "out.bin"}]}' > unordered.json
// RUN: not moe-run launch unordered.json --sanitize all 2>&1 | FileCheck %s --check-prefix=UNORDERED
// UNORDERED: race: wave 1 writes LDS byte 0
// UNORDERED-SAME: ds_add_u32
// UNORDERED-SAME: wave 0 reads it at
// UNORDERED-SAME: ds_read_b32

//--- ordered.mlir
gpu.module @kernels {
  gpu.func @ordered(%out: memref<2xf32, #gpu.address_space<global>>, %limit: i32)
      workgroup(%most: memref<1xf32, #gpu.address_space<workgroup>>,
                %count: memref<2xi32, #gpu.address_space<workgroup>>) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %low = arith.constant -1.0 : f32
    %thread = gpu.thread_id x
    %block = gpu.block_id x
    %first = arith.cmpi eq, %thread, %c0 : index
    scf.if %first {
      memref.store %low, %most[%c0] : memref<1xf32, #gpu.address_space<workgroup>>
      memref.store %zero, %count[%c0] : memref<2xi32, #gpu.address_space<workgroup>>
      memref.store %zero, %count[%c1] : memref<2xi32, #gpu.address_space<workgroup>>
    }
    gpu.barrier
    %i = arith.index_cast %thread : index to i32
    %x = arith.sitofp %i : i32 to f32
    %old = memref.atomic_rmw maximumf %x, %most[%c0]
        : (f32, memref<1xf32, #gpu.address_space<workgroup>>) -> f32
    // In LDS or not: only the pointer knows.
    %inner = memref.memory_space_cast %count
        : memref<2xi32, #gpu.address_space<workgroup>> to memref<2xi32>
    %bits = memref.alloca() : memref<2xi32, #gpu.address_space<private>>
    %own = memref.memory_space_cast %bits
        : memref<2xi32, #gpu.address_space<private>> to memref<2xi32>
    %less = arith.cmpi slt, %i, %limit : i32
    %target = arith.select %less, %own, %inner : memref<2xi32>
    %n = memref.atomic_rmw addi %one, %target[%block]
        : (i32, memref<2xi32>) -> i32
    gpu.barrier
    scf.if %first {
      %isFirst = arith.cmpi eq, %block, %c0 : index
      %m = memref.load %most[%c0] : memref<1xf32, #gpu.address_space<workgroup>>
      %c = memref.load %count[%block] : memref<2xi32, #gpu.address_space<workgroup>>
      %cf = arith.sitofp %c : i32 to f32
      %result = arith.select %isFirst, %m, %cf : f32
      memref.store %result, %out[%block] : memref<2xf32, #gpu.address_space<global>>
    }
    gpu.return
  }
}
//--- unordered.mlir
gpu.module @kernels {
  gpu.func @unordered(%out: memref<256xi32, #gpu.address_space<global>>)
      workgroup(%count: memref<1xi32, #gpu.address_space<workgroup>>) kernel
      attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %thread = gpu.thread_id x
    %first = arith.cmpi eq, %thread, %c0 : index
    scf.if %first {
      memref.store %zero, %count[%c0] : memref<1xi32, #gpu.address_space<workgroup>>
    }
    gpu.barrier
    %old = memref.atomic_rmw addi %one, %count[%c0]
        : (i32, memref<1xi32, #gpu.address_space<workgroup>>) -> i32
    %now = memref.load %count[%c0] : memref<1xi32, #gpu.address_space<workgroup>>
    memref.store %now, %out[%thread] : memref<256xi32, #gpu.address_space<global>>
    gpu.return
  }
}
