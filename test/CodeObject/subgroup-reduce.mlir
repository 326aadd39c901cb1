// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gpu.subgroup_reduce is over the lanes of the wave that are there and active:
// in waves that a workgroup does not fill, of a thread alone, in a branch that
// some lanes take, in functions, in clusters, of vectors and of narrow integers.
// DEFINE: %{kernel} =
// DEFINE: %{run} = moe-compile %{kernel}.mlir --chip gfx950 -o k.hsaco && moe-run launch %{kernel}.json --sanitize all && moe-compile %{kernel}.mlir --chip gfx942 -o k.hsaco && moe-run launch %{kernel}.json --sanitize all
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: %python %S/Inputs/subgroup_reduce.py
// REDEFINE: %{kernel} = fill
// RUN: %{run}
// REDEFINE: %{kernel} = alone
// RUN: %{run}
// REDEFINE: %{kernel} = branch
// RUN: %{run}
// REDEFINE: %{kernel} = narrow
// RUN: %{run}

//--- fill.mlir
gpu.module @kernels {
  // All kinds, in waves of 64 and of 36 lanes.
  gpu.func @fill(%x: memref<100xi32>, %out: memref<16x100xi32>) kernel
      attributes {known_block_size = array<i32: 100, 1, 1>} {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c6 = arith.constant 6 : index
    %c7 = arith.constant 7 : index
    %c8 = arith.constant 8 : index
    %c9 = arith.constant 9 : index
    %c10 = arith.constant 10 : index
    %c11 = arith.constant 11 : index
    %c12 = arith.constant 12 : index
    %c13 = arith.constant 13 : index
    %c14 = arith.constant 14 : index
    %c15 = arith.constant 15 : index
    %v = memref.load %x[%t] : memref<100xi32>
    %add = gpu.subgroup_reduce add %v : (i32) -> i32
    memref.store %add, %out[%c0, %t] : memref<16x100xi32>
    %mul = gpu.subgroup_reduce mul %v : (i32) -> i32
    memref.store %mul, %out[%c1, %t] : memref<16x100xi32>
    %minsi = gpu.subgroup_reduce minsi %v : (i32) -> i32
    memref.store %minsi, %out[%c2, %t] : memref<16x100xi32>
    %maxsi = gpu.subgroup_reduce maxsi %v : (i32) -> i32
    memref.store %maxsi, %out[%c3, %t] : memref<16x100xi32>
    %minui = gpu.subgroup_reduce minui %v : (i32) -> i32
    memref.store %minui, %out[%c4, %t] : memref<16x100xi32>
    %maxui = gpu.subgroup_reduce maxui %v : (i32) -> i32
    memref.store %maxui, %out[%c5, %t] : memref<16x100xi32>
    %and = gpu.subgroup_reduce and %v : (i32) -> i32
    memref.store %and, %out[%c6, %t] : memref<16x100xi32>
    %or = gpu.subgroup_reduce or %v : (i32) -> i32
    memref.store %or, %out[%c7, %t] : memref<16x100xi32>
    %xor = gpu.subgroup_reduce xor %v : (i32) -> i32
    memref.store %xor, %out[%c8, %t] : memref<16x100xi32>
    // Of floats, with NaN in lane 70.
    %few = arith.constant 255 : i32
    %byte = arith.andi %v, %few : i32
    %number = arith.uitofp %byte : i32 to f32
    %c70 = arith.constant 70 : index
    %at70 = arith.cmpi eq, %t, %c70 : index
    %nan = arith.constant 0x7fc00000 : f32
    %f = arith.select %at70, %nan, %number : f32
    %fadd = gpu.subgroup_reduce add %number : (f32) -> f32
    %fadd_bits = arith.fptosi %fadd : f32 to i32
    memref.store %fadd_bits, %out[%c9, %t] : memref<16x100xi32>
    %least = gpu.subgroup_reduce minnumf %f : (f32) -> f32
    %least_bits = arith.fptosi %least : f32 to i32
    memref.store %least_bits, %out[%c10, %t] : memref<16x100xi32>
    %most = gpu.subgroup_reduce maxnumf %f : (f32) -> f32
    %most_bits = arith.fptosi %most : f32 to i32
    memref.store %most_bits, %out[%c11, %t] : memref<16x100xi32>
    %minimum = gpu.subgroup_reduce minimumf %f : (f32) -> f32
    %is_nan = arith.cmpf uno, %minimum, %minimum : f32
    %is_nan_bits = arith.extui %is_nan : i1 to i32
    memref.store %is_nan_bits, %out[%c12, %t] : memref<16x100xi32>
    // In clusters of eight lanes, and of four that are 16 apart.
    %cluster = gpu.subgroup_reduce add %v cluster(size = 8) : (i32) -> i32
    memref.store %cluster, %out[%c13, %t] : memref<16x100xi32>
    %apart = gpu.subgroup_reduce add %v cluster(size = 4, stride = 16) : (i32) -> i32
    memref.store %apart, %out[%c14, %t] : memref<16x100xi32>
    // Of a vector: the active lanes counted, and a sum of 64 bits.
    %one = arith.constant 1 : i64
    %wide = arith.extsi %v : i32 to i64
    %pair = vector.from_elements %one, %wide : vector<2xi64>
    %sums = gpu.subgroup_reduce add %pair : (vector<2xi64>) -> vector<2xi64>
    %count = vector.extract %sums[0] : i64 from vector<2xi64>
    %sum = vector.extract %sums[1] : i64 from vector<2xi64>
    %mean = arith.divsi %sum, %count : i64
    %mean_bits = arith.trunci %mean : i64 to i32
    memref.store %mean_bits, %out[%c15, %t] : memref<16x100xi32>
    gpu.return
  }
}

//--- alone.mlir
gpu.module @kernels {
  // A function does not know who calls it.
  func.func private @max(%v: i32) -> i32 {
    %r = gpu.subgroup_reduce maxsi %v : (i32) -> i32
    return %r : i32
  }
  gpu.func @alone(%x: memref<100xi32>, %out: memref<2xi32>) kernel
      attributes {known_block_size = array<i32: 1, 1, 1>} {
    %t = gpu.thread_id x
    %c1 = arith.constant 1 : index
    %v = memref.load %x[%t] : memref<100xi32>
    %a = gpu.subgroup_reduce maxsi %v : (i32) -> i32
    memref.store %a, %out[%t] : memref<2xi32>
    %b = func.call @max(%v) : (i32) -> i32
    memref.store %b, %out[%c1] : memref<2xi32>
    gpu.return
  }
}

//--- branch.mlir
gpu.module @kernels {
  // Lanes of which the value is above 0 add up theirs: a branch of scf, then one
  // of blocks.
  gpu.func @branch(%x: memref<100xi32>, %out: memref<2x64xi32>) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0 : i32
    %v = memref.load %x[%t] : memref<100xi32>
    %above = arith.cmpi sgt, %v, %zero : i32
    %r = scf.if %above -> (i32) {
      %sum = gpu.subgroup_reduce add %v : (i32) -> i32
      scf.yield %sum : i32
    } else {
      scf.yield %zero : i32
    }
    memref.store %r, %out[%c0, %t] : memref<2x64xi32>
    cf.cond_br %above, ^add, ^join(%zero : i32)
  ^add:
    %sum = gpu.subgroup_reduce add %v : (i32) -> i32
    cf.br ^join(%sum : i32)
  ^join(%again: i32):
    memref.store %again, %out[%c1, %t] : memref<2x64xi32>
    gpu.return
  }
}

//--- narrow.mlir
gpu.module @kernels {
  // Integers of 4, 8, 24 and 40 bits, in a wave of 64 lanes of which the block
  // size is not known.
  gpu.func @narrow(%x: memref<100xi32>, %out: memref<8x64xi32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c6 = arith.constant 6 : index
    %c7 = arith.constant 7 : index
    %v = memref.load %x[%t] : memref<100xi32>
    %i4 = arith.trunci %v : i32 to i4
    %max4 = gpu.subgroup_reduce maxsi %i4 : (i4) -> i4
    %max4_bits = arith.extsi %max4 : i4 to i32
    memref.store %max4_bits, %out[%c0, %t] : memref<8x64xi32>
    %add4 = gpu.subgroup_reduce add %i4 : (i4) -> i4
    %add4_bits = arith.extsi %add4 : i4 to i32
    memref.store %add4_bits, %out[%c1, %t] : memref<8x64xi32>
    %i8 = arith.trunci %v : i32 to i8
    %add8 = gpu.subgroup_reduce add %i8 : (i8) -> i8
    %add8_bits = arith.extsi %add8 : i8 to i32
    memref.store %add8_bits, %out[%c2, %t] : memref<8x64xi32>
    %mul8 = gpu.subgroup_reduce mul %i8 : (i8) -> i8
    %mul8_bits = arith.extsi %mul8 : i8 to i32
    memref.store %mul8_bits, %out[%c3, %t] : memref<8x64xi32>
    %min8 = gpu.subgroup_reduce minsi %i8 : (i8) -> i8
    %min8_bits = arith.extsi %min8 : i8 to i32
    memref.store %min8_bits, %out[%c4, %t] : memref<8x64xi32>
    %minu8 = gpu.subgroup_reduce minui %i8 : (i8) -> i8
    %minu8_bits = arith.extui %minu8 : i8 to i32
    memref.store %minu8_bits, %out[%c5, %t] : memref<8x64xi32>
    %i24 = arith.trunci %v : i32 to i24
    %max24 = gpu.subgroup_reduce maxsi %i24 : (i24) -> i24
    %max24_bits = arith.extsi %max24 : i24 to i32
    memref.store %max24_bits, %out[%c6, %t] : memref<8x64xi32>
    %i40 = arith.extsi %v : i32 to i40
    %min40 = gpu.subgroup_reduce minsi %i40 : (i40) -> i40
    %min40_bits = arith.trunci %min40 : i40 to i32
    memref.store %min40_bits, %out[%c7, %t] : memref<8x64xi32>
    gpu.return
  }
}
