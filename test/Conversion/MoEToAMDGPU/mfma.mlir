// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A fragments from LDS with the swizzle undone, and the chip's MFMA.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse))' | FileCheck %s --check-prefixes=CHECK,GFX950
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx942},canonicalize,cse))' | FileCheck %s --check-prefixes=CHECK,GFX942

#lds = #gpu.address_space<workgroup>

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @mfma
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[C4:.*]] = arith.constant 4 : index
  // CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
  // CHECK-DAG: %[[C9:.*]] = arith.constant 9 : index
  // CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[C64:.*]] = arith.constant 64 : index
  // CHECK: %[[LANE:.*]] = arith.remui %{{.*}}, %[[C64]] : index
  // CHECK: %[[Q:.*]] = arith.remui %[[LANE]], %[[C16]] : index
  // CHECK: %[[GROUP:.*]] = arith.divui %[[LANE]], %[[C16]] : index
  // The key of row q: bits 1 and 2 change places.
  // CHECK: %[[BIT2:.*]] = arith.andi %[[Q]], %[[C4]] : index
  // CHECK: %[[TO1:.*]] = arith.shrui %[[BIT2]], %[[C1]] : index
  // CHECK: %[[STAY:.*]] = arith.andi %[[Q]], %[[C9]] : index
  // CHECK: %[[PART:.*]] = arith.xori %[[TO1]], %[[STAY]] : index
  // CHECK: %[[BIT1:.*]] = arith.andi %[[Q]], %[[C2]] : index
  // CHECK: %[[TO2:.*]] = arith.shli %[[BIT1]], %[[C1]] : index
  // CHECK: %[[KEY:.*]] = arith.xori %[[PART]], %[[TO2]] : index
  // CHECK: %[[FIRST:.*]] = arith.muli %[[GROUP]], %[[C4]] : index
  // CHECK: %[[PLACE:.*]] = arith.xori %[[FIRST]], %[[KEY]] : index
  // Two steps are read together; the one that was read last is multiplied first.
  // CHECK: %[[A0:.*]] = vector.load
  // CHECK: %[[A:.*]] = vector.load %{{.*}}[%[[Q]], %{{.*}}] {alignment = 16 : i64} : memref<16x128xbf16, #gpu.address_space<workgroup>>, vector<8xbf16>
  // GFX950: %[[D0:.*]] = amdgpu.mfma 16x16x32 %[[A]] * %{{.*}} + %{{.*}} : vector<8xbf16>, vector<8xbf16>, vector<4xf32>
  // GFX950: amdgpu.mfma 16x16x32 %[[A]] * %{{.*}} + %{{.*}}
  // GFX950: amdgpu.mfma 16x16x32 %[[A0]] * %{{.*}} + %[[D0]]
  // GFX950-COUNT-5: amdgpu.mfma 16x16x32
  // GFX950-NOT: amdgpu.mfma
  // GFX942: %[[LOW:.*]] = vector.shuffle %[[A]], %[[A]] [0, 1, 2, 3]
  // GFX942: %[[D0:.*]] = amdgpu.mfma 16x16x16 %[[LOW]] * %{{.*}} + %{{.*}} : vector<4xbf16>, vector<4xbf16>, vector<4xf32>
  // GFX942: %[[HIGH:.*]] = vector.shuffle %[[A]], %[[A]] [4, 5, 6, 7]
  // GFX942: amdgpu.mfma 16x16x16 %[[HIGH]] * %{{.*}} + %[[D0]]
  // GFX942-COUNT-14: amdgpu.mfma 16x16x16
  // GFX942-NOT: amdgpu.mfma
  // CHECK: gpu.return
  gpu.func @mfma(%w: memref<vector<2x1x32xbf16>>, %acc: memref<vector<1x2x4xf32>>)
      workgroup(%a: memref<16x128xbf16, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %b = memref.load %w[] : memref<vector<2x1x32xbf16>>
    %c = memref.load %acc[] : memref<vector<1x2x4xf32>>
    %d = moe.mfma %a, %b, %c : memref<16x128xbf16, #lds>, vector<2x1x32xbf16>, vector<1x2x4xf32>
    memref.store %d, %acc[] : memref<vector<1x2x4xf32>>
    gpu.return
  }

  // Blocks of 32 x 32: a block of 128 K is two runs of 32 K a lane, so eight
  // steps, each one MFMA of 16 K on gfx950, two of 8 K on gfx942.
  // CHECK-LABEL: gpu.func @large
  // CHECK: vector.load %{{.*}} : memref<32x128xbf16, #gpu.address_space<workgroup>>, vector<8xbf16>
  // GFX950-COUNT-8: amdgpu.mfma 32x32x16 %{{.*}} : vector<8xbf16>, vector<8xbf16>, vector<16xf32>
  // GFX950-NOT: amdgpu.mfma
  // GFX942-COUNT-16: amdgpu.mfma 32x32x8 %{{.*}} : vector<4xbf16>, vector<4xbf16>, vector<16xf32>
  // GFX942-NOT: amdgpu.mfma
  // CHECK: gpu.return
  gpu.func @large(%w: memref<vector<1x1x2x32xbf16>>, %acc: memref<vector<1x1x4x4xf32>>)
      workgroup(%a: memref<32x128xbf16, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %b = memref.load %w[] : memref<vector<1x1x2x32xbf16>>
    %c = memref.load %acc[] : memref<vector<1x1x4x4xf32>>
    %d = moe.mfma %a, %b, %c : memref<32x128xbf16, #lds>, vector<1x1x2x32xbf16>, vector<1x1x4x4xf32>
    memref.store %d, %acc[] : memref<vector<1x1x4x4xf32>>
    gpu.return
  }
}
