// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scaled convert on the chip that has it, exact arithmetic on the other.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse))' | FileCheck %s --check-prefix=GFX950
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx942},canonicalize,cse))' | FileCheck %s --check-prefix=GFX942

gpu.module @kernels {
  // The exponent field of the scale is byte 0 of the dword for row block 0 and
  // byte 1 for row block 1. 16 converts each.
  // GFX950-LABEL: gpu.func @unpack
  // GFX950-DAG: %[[LEFT23:.*]] = arith.constant 9 : i32
  // GFX950-DAG: %[[LEFT15:.*]] = arith.constant 17 : i32
  // GFX950: %[[BITS0:.*]] = llvm.intr.fshr(%[[DWORD:.*]], %[[DWORD]], %[[LEFT23]])
  // GFX950: %[[SCALE0:.*]] = arith.bitcast %[[BITS0]] : i32 to f32
  // GFX950: %[[CODES:.*]] = vector.bitcast %{{.*}} : vector<1xi32> to vector<8xf4E2M1FN>
  // GFX950: amdgpu.scaled_ext_packed %[[CODES]][0], %[[SCALE0]] : vector<8xf4E2M1FN> to vector<2xbf16>
  // GFX950: amdgpu.scaled_ext_packed %[[CODES]][1], %[[SCALE0]]
  // GFX950: amdgpu.scaled_ext_packed %[[CODES]][2], %[[SCALE0]]
  // GFX950: amdgpu.scaled_ext_packed %[[CODES]][3], %[[SCALE0]]
  // GFX950-COUNT-12: amdgpu.scaled_ext_packed %{{.*}}, %[[SCALE0]]
  // GFX950: %[[BITS1:.*]] = llvm.intr.fshr(%[[DWORD]], %[[DWORD]], %[[LEFT15]])
  // GFX950: %[[SCALE1:.*]] = arith.bitcast %[[BITS1]] : i32 to f32
  // GFX950-COUNT-16: amdgpu.scaled_ext_packed %{{.*}}, %[[SCALE1]]
  // GFX950-NOT: amdgpu.scaled_ext_packed
  // GFX950: gpu.return

  // The tables of a scale are four pairs of products, sorted into bytes by eight
  // permutations; eight codes are two look-ups for the even ones, two for the
  // odd ones, and four permutations that put the bytes of a bf16 together.
  // GFX942-LABEL: gpu.func @unpack
  // GFX942-NOT: amdgpu.scaled_ext_packed
  // GFX942-DAG: %[[DENORMAL:.*]] = arith.constant 4194304 : i32
  // GFX942-DAG: %[[FIELD:.*]] = arith.constant 2139095040 : i32
  // GFX942-DAG: %[[M0:.*]] = arith.constant dense<[0.000000e+00, 5.000000e-01]> : vector<2xf32>
  // GFX942-DAG: %[[M3:.*]] = arith.constant dense<[4.000000e+00, 6.000000e+00]> : vector<2xf32>
  // GFX942-DAG: %[[MAGNITUDE:.*]] = arith.constant 117901063 : i32
  // GFX942-DAG: %[[SIGN:.*]] = arith.constant -2139062144 : i32
  // GFX942: %[[EXPONENT:.*]] = arith.andi %{{.*}}, %[[FIELD]] : i32
  // GFX942: %[[BITS:.*]] = arith.maxui %[[EXPONENT]], %[[DENORMAL]] : i32
  // GFX942: %[[SCALE:.*]] = arith.bitcast %[[BITS]] : i32 to f32
  // GFX942: %[[ZERO:.*]] = arith.mulf %[[SCALE]], %{{.*}} : f32
  // GFX942: math.fma %[[M0]], %{{.*}}, %{{.*}} : vector<2xf32>
  // GFX942: math.fma %[[M3]], %{{.*}}, %{{.*}} : vector<2xf32>
  // GFX942: llvm.call_intrinsic "llvm.amdgcn.perm"
  // GFX942: %[[LOWER0:.*]] = llvm.call_intrinsic "llvm.amdgcn.perm"
  // GFX942: %[[UPPER0:.*]] = llvm.call_intrinsic "llvm.amdgcn.perm"
  // GFX942: %[[LOWER1:.*]] = llvm.call_intrinsic "llvm.amdgcn.perm"
  // GFX942: %[[UPPER1:.*]] = llvm.call_intrinsic "llvm.amdgcn.perm"
  // GFX942: %[[CODES:.*]] = arith.andi %[[SOURCE:.*]], %[[MAGNITUDE]] : i32
  // GFX942: %[[SHIFTED:.*]] = arith.shli %[[SOURCE]], %{{.*}} : i32
  // GFX942: %[[SIGNS:.*]] = arith.andi %[[SHIFTED]], %[[SIGN]] : i32
  // GFX942: %[[LOWER:.*]] = llvm.call_intrinsic "llvm.amdgcn.perm"(%[[LOWER1]], %[[LOWER0]], %[[CODES]])
  // GFX942: %[[LOOKED:.*]] = llvm.call_intrinsic "llvm.amdgcn.perm"(%[[UPPER1]], %[[UPPER0]], %[[CODES]])
  // GFX942: %[[UPPER:.*]] = arith.ori %[[SIGNS]], %[[LOOKED]] : i32
  // GFX942-COUNT-2: llvm.call_intrinsic "llvm.amdgcn.perm"(%[[UPPER]], %[[LOWER]],
  // GFX942-COUNT-4: llvm.call_intrinsic "llvm.amdgcn.perm"
  // GFX942: vector.shuffle %{{.*}} [0, 4, 1, 5, 2, 6, 3, 7]
  // GFX942-NOT: amdgpu.scaled_ext_packed
  // GFX942: gpu.return
  gpu.func @unpack(%f: memref<vector<2x1x32xf4E2M1FN>>,
      %w: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>,
      %out: memref<vector<2x1x32xbf16>>) {
    %source = memref.load %f[] : memref<vector<2x1x32xf4E2M1FN>>
    %c0 = arith.constant 0 : index
    %scale = moe.load_scale %w[%c0, %c0, %c0]
        : memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<2x1xf8E8M0FNU>
    %r = moe.unpack %source, %scale : vector<2x1x32xf4E2M1FN>, vector<2x1xf8E8M0FNU> -> vector<2x1x32xbf16>
    memref.store %r, %out[] : memref<vector<2x1x32xbf16>>
    gpu.return
  }

  // MFMA with 32 rows: which byte of its dword is a lane's depends on the lane.
  // One rotation brings it to the exponent.
  // GFX950-LABEL: gpu.func @large
  // GFX950: %[[DWORD:.*]] = rocdl.raw.ptr.buffer.load %{{.*}} : i32
  // GFX950: %[[BITS:.*]] = llvm.intr.fshr(%[[DWORD]], %[[DWORD]], %{{.*}}) : (i32, i32, i32) -> i32
  // GFX950: %[[SCALE:.*]] = arith.bitcast %[[BITS]] : i32 to f32
  // GFX950-COUNT-16: amdgpu.scaled_ext_packed %{{.*}}, %[[SCALE]]
  // GFX950-COUNT-16: amdgpu.scaled_ext_packed
  // GFX950-NOT: amdgpu.scaled_ext_packed
  // GFX942-LABEL: gpu.func @large
  // GFX942: %[[BITS:.*]] = llvm.intr.fshr
  // GFX942: arith.andi %[[BITS]], %{{.*}} : i32
  gpu.func @large(%f: memref<vector<1x1x2x32xf4E2M1FN>>,
      %w: memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale>>, %n: index,
      %out: memref<vector<1x1x2x32xbf16>>) {
    %source = memref.load %f[] : memref<vector<1x1x2x32xf4E2M1FN>>
    %c0 = arith.constant 0 : index
    %scale = moe.load_scale %w[%c0, %n, %c0]
        : memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<1x1x2xf8E8M0FNU>
    %r = moe.unpack %source, %scale : vector<1x1x2x32xf4E2M1FN>, vector<1x1x2xf8E8M0FNU> -> vector<1x1x2x32xbf16>
    memref.store %r, %out[] : memref<vector<1x1x2x32xbf16>>
    gpu.return
  }
}
