// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// User code whose lowering by upstream alone does not compile, run: constant
// masks and steps, copies of rows that are not contiguous, with sizes and strides
// known at run time too, arrays on the stack, as -convert-vector-to-scf makes, and
// math ops that upstream makes calls of AMD's device libraries of.
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: %python %S/Inputs/user-memory.py gfx950
// RUN: %python %S/Inputs/user-memory.py gfx942

//--- masks.mlir
gpu.module @kernels {
  gpu.func @masks(%x: memref<48xf32>, %y: memref<48xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c8 = arith.constant 8 : index
    %c16 = arith.constant 16 : index
    %c24 = arith.constant 24 : index
    %c32 = arith.constant 32 : index
    %c5 = arith.constant 5 : index
    %c2 = arith.constant 2 : index
    %f = arith.constant dense<-1.0> : vector<8xf32>
    %m = vector.constant_mask [5] : vector<8xi1>
    %a = vector.maskedload %x[%c0], %m, %f : memref<48xf32>, vector<8xi1>, vector<8xf32> into vector<8xf32>
    vector.store %a, %y[%c0] : memref<48xf32>, vector<8xf32>
    %n = vector.create_mask %c5 : vector<8xi1>
    %b = vector.maskedload %x[%c8], %n, %f : memref<48xf32>, vector<8xi1>, vector<8xf32> into vector<8xf32>
    vector.store %b, %y[%c8] : memref<48xf32>, vector<8xf32>
    %s = vector.step : vector<8xindex>
    %s32 = arith.index_cast %s : vector<8xindex> to vector<8xi32>
    %c = arith.sitofp %s32 : vector<8xi32> to vector<8xf32>
    vector.store %c, %y[%c16] : memref<48xf32>, vector<8xf32>
    %two = vector.create_mask %c2, %c5 : vector<3x8xi1>
    %one = vector.extract %two[1] : vector<8xi1> from vector<3x8xi1>
    %none = vector.extract %two[2] : vector<8xi1> from vector<3x8xi1>
    %d = arith.select %one, %c, %f : vector<8xi1>, vector<8xf32>
    vector.store %d, %y[%c24] : memref<48xf32>, vector<8xf32>
    %e = arith.select %none, %c, %f : vector<8xi1>, vector<8xf32>
    vector.store %e, %y[%c32] : memref<48xf32>, vector<8xf32>
    gpu.return
  }
}
//--- copies.mlir
gpu.module @kernels {
  gpu.func @copies(%x: memref<6x8xf32>, %y: memref<6x8xf32>, %z: memref<2x4xf32>, %sizes: memref<3xindex>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %n = memref.load %sizes[%c0] : memref<3xindex>
    %m = memref.load %sizes[%c1] : memref<3xindex>
    %s = memref.load %sizes[%c2] : memref<3xindex>
    %a = memref.subview %x[%n, %m] [%n, %m] [1, %s] : memref<6x8xf32> to memref<?x?xf32, strided<[8, ?], offset: ?>>
    %b = memref.subview %y[%c1, %c2] [%n, %m] [2, 1] : memref<6x8xf32> to memref<?x?xf32, strided<[16, 1], offset: ?>>
    memref.copy %a, %b : memref<?x?xf32, strided<[8, ?], offset: ?>> to memref<?x?xf32, strided<[16, 1], offset: ?>>
    %c = memref.subview %x[3, 4] [2, 4] [1, 1] : memref<6x8xf32> to memref<2x4xf32, strided<[8, 1], offset: 28>>
    memref.copy %c, %z : memref<2x4xf32, strided<[8, 1], offset: 28>> to memref<2x4xf32>
    %d = memref.subview %x[%n, %m] [1, 1] [1, 1] : memref<6x8xf32> to memref<f32, strided<[], offset: ?>>
    %e = memref.subview %y[%c0, %c0] [1, 1] [1, 1] : memref<6x8xf32> to memref<f32, strided<[], offset: ?>>
    memref.copy %d, %e : memref<f32, strided<[], offset: ?>> to memref<f32, strided<[], offset: ?>>
    gpu.return
  }
}
//--- stack.mlir
gpu.module @kernels {
  func.func private @stacks(%v: f32) -> f32 {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c8 = arith.constant 8 : index
    %a = memref.alloca() : memref<8xf32>
    %b = memref.alloca() : memref<8xf32, 0>
    scf.for %i = %c0 to %c8 step %c1 {
      %x = arith.index_cast %i : index to i32
      %y = arith.sitofp %x : i32 to f32
      %z = arith.addf %y, %v : f32
      memref.store %z, %a[%i] : memref<8xf32>
      %c = arith.mulf %z, %z : f32
      memref.store %c, %b[%i] : memref<8xf32, 0>
    }
    %i = gpu.thread_id x
    %k = arith.remui %i, %c8 : index
    %p = memref.load %a[%k] : memref<8xf32>
    %q = memref.load %b[%k] : memref<8xf32, 0>
    %r = arith.addf %p, %q : f32
    return %r : f32
  }
  gpu.func @stack(%x: memref<64xf32>, %y: memref<64xf32>) kernel {
    %i = gpu.thread_id x
    %v = memref.load %x[%i] : memref<64xf32>
    %r = func.call @stacks(%v) : (f32) -> f32
    memref.store %r, %y[%i] : memref<64xf32>
    gpu.return
  }
}
//--- transfers.mlir
gpu.module @kernels {
  // Out of the bounds in both dimensions.
  gpu.func @transfers(%x: memref<6x8xf32>, %y: memref<3x5xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %f = arith.constant -1.0 : f32
    %v = vector.transfer_read %x[%c4, %c5], %f : memref<6x8xf32>, vector<3x5xf32>
    vector.transfer_write %v, %y[%c0, %c0] {in_bounds = [true, true]} : vector<3x5xf32>, memref<3x5xf32>
    gpu.return
  }
}
//--- maths.mlir
gpu.module @kernels {
  gpu.func @maths(%x: memref<8xf32>, %y: memref<6x8xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %v = vector.load %x[%c0] : memref<8xf32>, vector<8xf32>
    %floor = math.floor %v : vector<8xf32>
    vector.store %floor, %y[%c0, %c0] : memref<6x8xf32>, vector<8xf32>
    %ceil = math.ceil %v : vector<8xf32>
    vector.store %ceil, %y[%c1, %c0] : memref<6x8xf32>, vector<8xf32>
    %rows = vector.broadcast %floor : vector<8xf32> to vector<2x8xf32>
    %powers = math.exp2 %rows : vector<2x8xf32>
    %power = vector.extract %powers[1] : vector<8xf32> from vector<2x8xf32>
    vector.store %power, %y[%c2, %c0] : memref<6x8xf32>, vector<8xf32>
    %log = math.log2 %power : vector<8xf32>
    vector.store %log, %y[%c3, %c0] : memref<6x8xf32>, vector<8xf32>
    %squares = arith.mulf %power, %power : vector<8xf32>
    %rsqrt = math.rsqrt %squares : vector<8xf32>
    vector.store %rsqrt, %y[%c4, %c0] : memref<6x8xf32>, vector<8xf32>
    %short = arith.truncf %floor : vector<8xf32> to vector<8xbf16>
    %shortPower = math.exp2 %short : vector<8xbf16>
    %wide = arith.extf %shortPower : vector<8xbf16> to vector<8xf32>
    vector.store %wide, %y[%c5, %c0] : memref<6x8xf32>, vector<8xf32>
    gpu.return
  }
}
