// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tile ops at places that no kernel of ours has them: scales of separated gate
// and up rows from an odd pair of row blocks on, an output tile that reaches
// past the last column, and scales that are not of moe.load_scale.
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: %python %S/Inputs/tile_places.py
// RUN: moe-compile scales.mlir --chip gfx950 -o scales.hsaco && moe-run launch scales.json --sanitize all
// RUN: moe-compile scales.mlir --chip gfx942 -o scales.hsaco && moe-run launch scales.json --sanitize all
// RUN: moe-compile scatter.mlir --chip gfx950 -o scatter.hsaco && moe-run launch scatter.json --sanitize all
// RUN: moe-compile scatter.mlir --chip gfx942 -o scatter.hsaco && moe-run launch scatter.json --sanitize all
// RUN: moe-compile own.mlir --chip gfx950 -o own.hsaco && moe-run launch own.json --sanitize all
// RUN: moe-compile own.mlir --chip gfx942 -o own.hsaco && moe-run launch own.json --sanitize all

//--- scales.mlir
#weights = #moe.preshuffle<weight, gate = separated>
#scales = #moe.preshuffle<scale, gate = separated>
gpu.module @kernels {
  gpu.func @kernel(%w: memref<1x192x128xf4E2M1FN, #weights>, %s: memref<1x192x4xf8E8M0FNU, #scales>,
                   %out: memref<64xi32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %lane = gpu.thread_id x
    %f = moe.load_weight %w[%c0, %c32, %c0] : memref<1x192x128xf4E2M1FN, #weights> -> vector<4x1x32xf4E2M1FN>
    %a = moe.load_scale %s[%c0, %c32, %c0] : memref<1x192x4xf8E8M0FNU, #scales> -> vector<4x1xf8E8M0FNU>
    %fa = moe.load_weight %w[%c0, %c64, %c0] : memref<1x192x128xf4E2M1FN, #weights> -> vector<2x1x32xf4E2M1FN>
    %b = moe.load_scale %s[%c0, %c64, %c0] : memref<1x192x4xf8E8M0FNU, #scales> -> vector<2x1xf8E8M0FNU>
    %four = moe.unpack %f, %a : vector<4x1x32xf4E2M1FN>, vector<4x1xf8E8M0FNU> -> vector<4x1x32xbf16>
    %two = moe.unpack %fa, %b : vector<2x1x32xf4E2M1FN>, vector<2x1xf8E8M0FNU> -> vector<2x1x32xbf16>
    // Row blocks 2 and 3 from row 32 on are row blocks 0 and 1 from row 64 on.
    %x0 = vector.extract %four[2, 0] : vector<32xbf16> from vector<4x1x32xbf16>
    %x1 = vector.extract %four[3, 0] : vector<32xbf16> from vector<4x1x32xbf16>
    %y0 = vector.extract %two[0, 0] : vector<32xbf16> from vector<2x1x32xbf16>
    %y1 = vector.extract %two[1, 0] : vector<32xbf16> from vector<2x1x32xbf16>
    %p0 = vector.bitcast %x0 : vector<32xbf16> to vector<16xi32>
    %p1 = vector.bitcast %x1 : vector<32xbf16> to vector<16xi32>
    %q0 = vector.bitcast %y0 : vector<32xbf16> to vector<16xi32>
    %q1 = vector.bitcast %y1 : vector<32xbf16> to vector<16xi32>
    %d0 = arith.xori %p0, %q0 : vector<16xi32>
    %d1 = arith.xori %p1, %q1 : vector<16xi32>
    %d = arith.ori %d0, %d1 : vector<16xi32>
    %difference = vector.reduction <or>, %d : vector<16xi32> into i32
    %some = vector.reduction <or>, %p1 : vector<16xi32> into i32
    %same = arith.cmpi eq, %difference, %zero : i32
    %any = arith.cmpi ne, %some, %zero : i32
    %right = arith.andi %same, %any : i1
    %value = arith.select %right, %one, %zero : i32
    memref.store %value, %out[%lane] : memref<64xi32>
    gpu.return
  }
}

//--- scatter.mlir
gpu.module @kernels {
  gpu.func @kernel(%out: memref<20x64xf32>, %ids: memref<16xi32>, %weights: memref<16xf32>)
      workgroup(%first: memref<2048xi8, #gpu.address_space<workgroup>>,
                %second: memref<2048xi8, #gpu.address_space<workgroup>>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c32 = arith.constant 32 : index
    %tokens = arith.constant 20 : i32
    %ones = arith.constant dense<1.0> : vector<1x2x4xf32>
    moe.scatter %ones to %out[%c32] routing(%ids, %weights)[%c0] tokens(%tokens) topk 1 buffers(%first, %second)
        tile_n 64 threads 128 : vector<1x2x4xf32>, memref<20x64xf32>, memref<16xi32>, memref<16xf32>,
        memref<2048xi8, #gpu.address_space<workgroup>>
    gpu.return
  }
}

//--- own.mlir
gpu.module @kernels {
  gpu.func @kernel(%w: memref<1x64x256xf4E2M1FN, #moe.preshuffle<weight>>, %out: memref<64xi32>) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0 : i32
    %one = arith.constant 1 : i32
    %none = arith.constant 0.0 : f32
    %lane = gpu.thread_id x
    %bytes = arith.constant dense<[[127, 128], [129, 130]]> : vector<2x2xi8>
    %scales = vector.bitcast %bytes : vector<2x2xi8> to vector<2x2xf8E8M0FNU>
    %evens = arith.constant dense<127> : vector<2x2xi8>
    %ones = vector.bitcast %evens : vector<2x2xi8> to vector<2x2xf8E8M0FNU>
    %f = moe.load_weight %w[%c0, %c0, %c0] : memref<1x64x256xf4E2M1FN, #moe.preshuffle<weight>> -> vector<2x2x32xf4E2M1FN>
    %u = moe.unpack %f, %scales : vector<2x2x32xf4E2M1FN>, vector<2x2xf8E8M0FNU> -> vector<2x2x32xbf16>
    %v = moe.unpack %f, %ones : vector<2x2x32xf4E2M1FN>, vector<2x2xf8E8M0FNU> -> vector<2x2x32xbf16>
    %factors = arith.constant dense<[[1.0, 2.0], [4.0, 8.0]]> : vector<2x2xf32>
    %wide = vector.broadcast %factors : vector<2x2xf32> to vector<32x2x2xf32>
    %each = vector.transpose %wide, [1, 2, 0] : vector<32x2x2xf32> to vector<2x2x32xf32>
    %uf = arith.extf %u : vector<2x2x32xbf16> to vector<2x2x32xf32>
    %vf = arith.extf %v : vector<2x2x32xbf16> to vector<2x2x32xf32>
    %wanted = arith.mulf %vf, %each : vector<2x2x32xf32>
    %difference = arith.subf %uf, %wanted : vector<2x2x32xf32>
    %size = math.absf %difference : vector<2x2x32xf32>
    %total = vector.multi_reduction <add>, %size, %none [0, 1, 2] : vector<2x2x32xf32> to f32
    %values = math.absf %uf : vector<2x2x32xf32>
    %sum = vector.multi_reduction <add>, %values, %none [0, 1, 2] : vector<2x2x32xf32> to f32
    %same = arith.cmpf oeq, %total, %none : f32
    %any = arith.cmpf ogt, %sum, %none : f32
    %right = arith.andi %same, %any : i1
    %value = arith.select %right, %one, %zero : i32
    memref.store %value, %out[%lane] : memref<64xi32>
    gpu.return
  }
}
