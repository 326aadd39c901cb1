// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// User code that MLIR or LLVM 22 turn into other numbers, run: reductions under
// a mask beside the same without one, their neutral elements, unsigned divisions
// of 24 bits, floats to one bit, quotients of more than 64 bits rounded down, the
// rounding mode that is the default, and integers and f64 to bf16.
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: %python %S/Inputs/exact-user-code.py gfx950
// RUN: %python %S/Inputs/exact-user-code.py gfx942

//--- twins.mlir
gpu.module @kernels {
  gpu.func @twins(%x: memref<64x16xi32>, %y: memref<64x6xi32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %t = gpu.thread_id x
    %v = vector.load %x[%t, %c0] : memref<64x16xi32>, vector<16xi32>
    %m = vector.create_mask %c5 : vector<16xi1>
    %a = vector.reduction <add>, %v : vector<16xi32> into i32
    %b = vector.mask %m { vector.reduction <add>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %a, %y[%t, %c0] : memref<64x6xi32>
    memref.store %b, %y[%t, %c1] : memref<64x6xi32>
    %rows = vector.shape_cast %v : vector<16xi32> to vector<4x4xi32>
    %zero = arith.constant dense<0> : vector<4xi32>
    %two = vector.create_mask %c4, %c2 : vector<4x4xi1>
    %c = vector.multi_reduction <add>, %rows, %zero [1] : vector<4x4xi32> to vector<4xi32>
    %d = vector.mask %two { vector.multi_reduction <add>, %rows, %zero [1] : vector<4x4xi32> to vector<4xi32> } : vector<4x4xi1> -> vector<4xi32>
    %e = arith.subi %c, %d : vector<4xi32>
    vector.store %e, %y[%t, %c2] : memref<64x6xi32>, vector<4xi32>
    gpu.return
  }
}
//--- products.mlir
#row = affine_map<(i, k) -> (i, k)>
#k = affine_map<(i, k) -> (k)>
#i = affine_map<(i, k) -> (i)>
gpu.module @kernels {
  gpu.func @products(%x: memref<4x4xf32>, %w: memref<4xf32>, %y: memref<2x4xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c4 = arith.constant 4 : index
    %r0 = vector.load %x[%c0, %c0] : memref<4x4xf32>, vector<4xf32>
    %r1 = vector.load %x[%c1, %c0] : memref<4x4xf32>, vector<4xf32>
    %v = vector.load %w[%c0] : memref<4xf32>, vector<4xf32>
    %none = arith.constant dense<0.0> : vector<4x4xf32>
    %n0 = vector.insert %r0, %none[0] : vector<4xf32> into vector<4x4xf32>
    %n1 = vector.insert %r1, %n0[1] : vector<4xf32> into vector<4x4xf32>
    %zero = arith.constant dense<0.0> : vector<4xf32>
    %m = vector.create_mask %c4, %c2 : vector<4x4xi1>
    %a = vector.contract {indexing_maps = [#row, #k, #i], iterator_types = ["parallel", "reduction"], kind = #vector.kind<add>} %n1, %v, %zero : vector<4x4xf32>, vector<4xf32> into vector<4xf32>
    %b = vector.mask %m { vector.contract {indexing_maps = [#row, #k, #i], iterator_types = ["parallel", "reduction"], kind = #vector.kind<add>} %n1, %v, %zero : vector<4x4xf32>, vector<4xf32> into vector<4xf32> } : vector<4x4xi1> -> vector<4xf32>
    vector.store %a, %y[%c0, %c0] : memref<2x4xf32>, vector<4xf32>
    vector.store %b, %y[%c1, %c0] : memref<2x4xf32>, vector<4xf32>
    gpu.return
  }
}
//--- neutral.mlir
gpu.module @kernels {
  gpu.func @neutral(%x: memref<64x16xf32>, %y: memref<64x8xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c6 = arith.constant 6 : index
    %c7 = arith.constant 7 : index
    %minus = arith.constant -100.0 : f32
    %t = gpu.thread_id x
    %v = vector.load %x[%t, %c0] : memref<64x16xf32>, vector<16xf32>
    %m = vector.create_mask %c5 : vector<16xi1>
    %a = vector.mask %m { vector.reduction <maximumf>, %v : vector<16xf32> into f32 } : vector<16xi1> -> f32
    memref.store %a, %y[%t, %c0] : memref<64x8xf32>
    %b = vector.mask %m { vector.reduction <minimumf>, %v : vector<16xf32> into f32 } : vector<16xi1> -> f32
    memref.store %b, %y[%t, %c1] : memref<64x8xf32>
    %c = vector.mask %m { vector.reduction <maxnumf>, %v : vector<16xf32> into f32 } : vector<16xi1> -> f32
    memref.store %c, %y[%t, %c2] : memref<64x8xf32>
    %d = vector.mask %m { vector.reduction <minnumf>, %v : vector<16xf32> into f32 } : vector<16xi1> -> f32
    memref.store %d, %y[%t, %c3] : memref<64x8xf32>
    %e = vector.mask %m { vector.reduction <add>, %v : vector<16xf32> into f32 } : vector<16xi1> -> f32
    memref.store %e, %y[%t, %c4] : memref<64x8xf32>
    %f = vector.mask %m { vector.reduction <mul>, %v : vector<16xf32> into f32 } : vector<16xi1> -> f32
    memref.store %f, %y[%t, %c5] : memref<64x8xf32>
    %g = vector.mask %m { vector.reduction <maximumf>, %v, %minus : vector<16xf32> into f32 } : vector<16xi1> -> f32
    memref.store %g, %y[%t, %c6] : memref<64x8xf32>
    %h = vector.mask %m { vector.reduction <maxnumf>, %v fastmath<nnan,ninf> : vector<16xf32> into f32 } : vector<16xi1> -> f32
    memref.store %h, %y[%t, %c7] : memref<64x8xf32>
    gpu.return
  }
}
//--- whole.mlir
gpu.module @kernels {
  gpu.func @whole(%x: memref<64x16xi32>, %y: memref<64x9xi32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %c6 = arith.constant 6 : index
    %c7 = arith.constant 7 : index
    %c8 = arith.constant 8 : index
    %t = gpu.thread_id x
    %v = vector.load %x[%t, %c0] : memref<64x16xi32>, vector<16xi32>
    %m = vector.create_mask %c5 : vector<16xi1>
    %a = vector.mask %m { vector.reduction <add>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %a, %y[%t, %c0] : memref<64x9xi32>
    %b = vector.mask %m { vector.reduction <mul>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %b, %y[%t, %c1] : memref<64x9xi32>
    %c = vector.mask %m { vector.reduction <minsi>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %c, %y[%t, %c2] : memref<64x9xi32>
    %d = vector.mask %m { vector.reduction <maxsi>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %d, %y[%t, %c3] : memref<64x9xi32>
    %e = vector.mask %m { vector.reduction <minui>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %e, %y[%t, %c4] : memref<64x9xi32>
    %f = vector.mask %m { vector.reduction <maxui>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %f, %y[%t, %c5] : memref<64x9xi32>
    %g = vector.mask %m { vector.reduction <and>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %g, %y[%t, %c6] : memref<64x9xi32>
    %h = vector.mask %m { vector.reduction <or>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %h, %y[%t, %c7] : memref<64x9xi32>
    %i = vector.mask %m { vector.reduction <xor>, %v : vector<16xi32> into i32 } : vector<16xi1> -> i32
    memref.store %i, %y[%t, %c8] : memref<64x9xi32>
    gpu.return
  }
}
//--- divisions.mlir
gpu.module @kernels {
  gpu.func @divisions(%x: memref<64xi32>, %d: memref<64xi32>, %y: memref<64x6xi32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %mask = arith.constant 0xffffff : i32
    %t = gpu.thread_id x
    %a = memref.load %x[%t] : memref<64xi32>
    %b = memref.load %d[%t] : memref<64xi32>
    // The type.
    %an = arith.trunci %a : i32 to i24
    %bn = arith.trunci %b : i32 to i24
    %qn = arith.divui %an, %bn : i24
    %rn = arith.remui %an, %bn : i24
    %cn = arith.ceildivui %an, %bn : i24
    %q = arith.extui %qn : i24 to i32
    %r = arith.extui %rn : i24 to i32
    %c = arith.extui %cn : i24 to i32
    memref.store %q, %y[%t, %c0] : memref<64x6xi32>
    memref.store %r, %y[%t, %c1] : memref<64x6xi32>
    memref.store %c, %y[%t, %c2] : memref<64x6xi32>
    // What is known of the operands, in 32 bits and in 64.
    %am = arith.andi %a, %mask : i32
    %bm = arith.andi %b, %mask : i32
    %qm = arith.divui %am, %bm : i32
    memref.store %qm, %y[%t, %c3] : memref<64x6xi32>
    %al = arith.extui %am : i32 to i64
    %bl = arith.extui %bm : i32 to i64
    %ql = arith.remui %al, %bl : i64
    %rl = arith.trunci %ql : i64 to i32
    memref.store %rl, %y[%t, %c4] : memref<64x6xi32>
    // One lane of a vector.
    %wide = vector.from_elements %a, %am : vector<2xi32>
    %by = vector.from_elements %b, %bm : vector<2xi32>
    %qv = arith.divui %wide, %by : vector<2xi32>
    %last = vector.extract %qv[1] : i32 from vector<2xi32>
    memref.store %last, %y[%t, %c5] : memref<64x6xi32>
    gpu.return
  }
}
//--- bits.mlir
gpu.module @kernels {
  gpu.func @bits(%x: memref<64xf32>, %y: memref<64x6xi32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c5 = arith.constant 5 : index
    %t = gpu.thread_id x
    %a = memref.load %x[%t] : memref<64xf32>
    %n = arith.negf %a : f32
    %h = arith.truncf %a : f32 to f16
    %b = arith.truncf %a : f32 to bf16
    %d = arith.extf %a : f32 to f64
    %ua = arith.fptoui %a : f32 to i1
    %sn = arith.fptosi %n : f32 to i1
    %uh = arith.fptoui %h : f16 to i1
    %ub = arith.fptoui %b : bf16 to i1
    %ud = arith.fptoui %d : f64 to i1
    %pair = vector.from_elements %a, %a : vector<2xf32>
    %uv = arith.fptoui %pair : vector<2xf32> to vector<2xi1>
    %ue = vector.extract %uv[1] : i1 from vector<2xi1>
    %0 = arith.extui %ua : i1 to i32
    memref.store %0, %y[%t, %c0] : memref<64x6xi32>
    %1 = arith.extsi %sn : i1 to i32
    memref.store %1, %y[%t, %c1] : memref<64x6xi32>
    %2 = arith.extui %uh : i1 to i32
    memref.store %2, %y[%t, %c2] : memref<64x6xi32>
    %3 = arith.extui %ub : i1 to i32
    memref.store %3, %y[%t, %c3] : memref<64x6xi32>
    %4 = arith.extui %ud : i1 to i32
    memref.store %4, %y[%t, %c4] : memref<64x6xi32>
    %5 = arith.extui %ue : i1 to i32
    memref.store %5, %y[%t, %c5] : memref<64x6xi32>
    gpu.return
  }
}
//--- floors.mlir
gpu.module @kernels {
  gpu.func @floors(%x: memref<64xi32>, %d: memref<64xi32>, %y: memref<64x4xi32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %shift = arith.constant 64 : i128
    %t = gpu.thread_id x
    %x32 = memref.load %x[%t] : memref<64xi32>
    %d32 = memref.load %d[%t] : memref<64xi32>
    %xw = arith.extsi %x32 : i32 to i128
    %dw = arith.extsi %d32 : i32 to i128
    %q = arith.floordivsi %xw, %dw : i128
    %low = arith.trunci %q : i128 to i32
    %above = arith.shrsi %q, %shift : i128
    %high = arith.trunci %above : i128 to i32
    memref.store %low, %y[%t, %c0] : memref<64x4xi32>
    memref.store %high, %y[%t, %c1] : memref<64x4xi32>
    %xs = vector.broadcast %xw : i128 to vector<2xi128>
    %ds = vector.broadcast %dw : i128 to vector<2xi128>
    %qs = arith.floordivsi %xs, %ds : vector<2xi128>
    %second = vector.extract %qs[1] : i128 from vector<2xi128>
    %aboveSecond = arith.shrsi %second, %shift : i128
    %highSecond = arith.trunci %aboveSecond : i128 to i32
    memref.store %highSecond, %y[%t, %c2] : memref<64x4xi32>
    %q32 = arith.floordivsi %x32, %d32 : i32
    memref.store %q32, %y[%t, %c3] : memref<64x4xi32>
    gpu.return
  }
}
//--- nearest.mlir
gpu.module @kernels {
  gpu.func @nearest(%x: memref<64xf32>, %y: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %x[%t] : memref<64xf32>
    %b = arith.truncf %a to_nearest_even : f32 to bf16
    %c = arith.extf %b : bf16 to f32
    memref.store %c, %y[%t] : memref<64xf32>
    gpu.return
  }
}
//--- doubles.mlir
gpu.module @kernels {
  gpu.func @doubles(%x: memref<64xf64>, %y: memref<64x2xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %t = gpu.thread_id x
    %a = memref.load %x[%t] : memref<64xf64>
    %b = arith.truncf %a to_nearest_even : f64 to bf16
    %pair = vector.broadcast %a : f64 to vector<2xf64>
    %v = arith.truncf %pair : vector<2xf64> to vector<2xbf16>
    %second = vector.extract %v[1] : bf16 from vector<2xbf16>
    %0 = arith.extf %b : bf16 to f32
    memref.store %0, %y[%t, %c0] : memref<64x2xf32>
    %1 = arith.extf %second : bf16 to f32
    memref.store %1, %y[%t, %c1] : memref<64x2xf32>
    gpu.return
  }
}
//--- integers.mlir
gpu.module @kernels {
  gpu.func @integers(%x: memref<64xi32>, %wide: memref<64xi64>, %y: memref<64x4xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %t = gpu.thread_id x
    %i = memref.load %x[%t] : memref<64xi32>
    %u = arith.uitofp %i : i32 to bf16
    %s = arith.sitofp %i : i32 to bf16
    %i64 = memref.load %wide[%t] : memref<64xi64>
    %i48 = arith.trunci %i64 : i64 to i48
    %w = arith.uitofp %i48 : i48 to bf16
    %pair = vector.broadcast %i : i32 to vector<2xi32>
    %v = arith.uitofp %pair : vector<2xi32> to vector<2xbf16>
    %second = vector.extract %v[1] : bf16 from vector<2xbf16>
    %0 = arith.extf %u : bf16 to f32
    memref.store %0, %y[%t, %c0] : memref<64x4xf32>
    %1 = arith.extf %s : bf16 to f32
    memref.store %1, %y[%t, %c1] : memref<64x4xf32>
    %2 = arith.extf %w : bf16 to f32
    memref.store %2, %y[%t, %c2] : memref<64x4xf32>
    %3 = arith.extf %second : bf16 to f32
    memref.store %3, %y[%t, %c3] : memref<64x4xf32>
    gpu.return
  }
}
