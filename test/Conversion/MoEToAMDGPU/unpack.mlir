// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scaled convert on the chip that has it, exact arithmetic on the other.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse))' | FileCheck %s --check-prefix=GFX950
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx942},canonicalize,cse))' | FileCheck %s --check-prefix=GFX942

gpu.module @kernels {
  // The exponent field of the scale is byte 0 of the dword for row block 0 and
  // byte 1 for row block 1. 16 converts each.
  // GFX950-LABEL: gpu.func @unpack
  // GFX950-DAG: %[[C23:.*]] = arith.constant 23 : i32
  // GFX950-DAG: %[[C15:.*]] = arith.constant 15 : i32
  // GFX950: %[[BITS0:.*]] = arith.shli %{{.*}}, %[[C23]] : i32
  // GFX950: %[[SCALE0:.*]] = arith.bitcast %[[BITS0]] : i32 to f32
  // GFX950: %[[CODES:.*]] = vector.bitcast %{{.*}} : vector<1xi32> to vector<8xf4E2M1FN>
  // GFX950: amdgpu.scaled_ext_packed %[[CODES]][0], %[[SCALE0]] : vector<8xf4E2M1FN> to vector<2xbf16>
  // GFX950: amdgpu.scaled_ext_packed %[[CODES]][1], %[[SCALE0]]
  // GFX950: amdgpu.scaled_ext_packed %[[CODES]][2], %[[SCALE0]]
  // GFX950: amdgpu.scaled_ext_packed %[[CODES]][3], %[[SCALE0]]
  // GFX950-COUNT-12: amdgpu.scaled_ext_packed %{{.*}}, %[[SCALE0]]
  // GFX950: %[[BITS1:.*]] = arith.shli %{{.*}}, %[[C15]] : i32
  // GFX950: %[[SCALE1:.*]] = arith.bitcast %[[BITS1]] : i32 to f32
  // GFX950-COUNT-16: amdgpu.scaled_ext_packed %{{.*}}, %[[SCALE1]]
  // GFX950-NOT: amdgpu.scaled_ext_packed
  // GFX950: gpu.return

  // GFX942-LABEL: gpu.func @unpack
  // GFX942-NOT: amdgpu.scaled_ext_packed
  // GFX942-DAG: %[[UPPER_HIGH:.*]] = arith.constant 1077952576 : i32
  // GFX942-DAG: %[[UPPER_LOW:.*]] = arith.constant 1061109504 : i32
  // GFX942-DAG: %[[LOWER_HIGH:.*]] = arith.constant -1065336832 : i32
  // GFX942-DAG: %[[LOWER_LOW:.*]] = arith.constant -1065353216 : i32
  // GFX942-DAG: %[[NAN:.*]] = arith.constant 2143289344 : i32
  // GFX942-DAG: %[[DENORMAL:.*]] = arith.constant 4194304 : i32
  // GFX942: arith.maxui %{{.*}}, %[[DENORMAL]] : i32
  // GFX942: arith.select %{{.*}}, %[[NAN]], %{{.*}} : i32
  // GFX942: %[[CODES:.*]] = arith.andi %{{.*}}, %{{.*}} : i32
  // GFX942: llvm.call_intrinsic "llvm.amdgcn.perm"(%[[UPPER_HIGH]], %[[UPPER_LOW]], %[[CODES]])
  // GFX942: llvm.call_intrinsic "llvm.amdgcn.perm"(%[[LOWER_HIGH]], %[[LOWER_LOW]], %[[CODES]])
  // GFX942-COUNT-4: llvm.call_intrinsic "llvm.amdgcn.perm"
  // GFX942: arith.mulf %{{.*}}, %{{.*}} : vector<8xf32>
  // GFX942: arith.bitcast %{{.*}} : vector<8xi16> to vector<8xbf16>
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
}
