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
  // CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
  // CHECK-DAG: %[[C11:.*]] = arith.constant 11 : index
  // CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[C64:.*]] = arith.constant 64 : index
  // CHECK: %[[LANE:.*]] = arith.remui %{{.*}}, %[[C64]] : index
  // CHECK: %[[Q:.*]] = arith.remui %[[LANE]], %[[C16]] : index
  // CHECK: %[[GROUP:.*]] = arith.divui %[[LANE]], %[[C16]] : index
  // The key of row q: bits 0, 1 and 3 of q stay, 3 also goes to 2, and 2 to 3.
  // CHECK: %[[BIT3:.*]] = arith.andi %[[Q]], %[[C8]] : index
  // CHECK: %[[TO2:.*]] = arith.shrui %[[BIT3]], %[[C1]] : index
  // CHECK: %[[STAY:.*]] = arith.andi %[[Q]], %[[C11]] : index
  // CHECK: %[[PART:.*]] = arith.xori %[[TO2]], %[[STAY]] : index
  // CHECK: %[[BIT2:.*]] = arith.andi %[[Q]], %[[C4]] : index
  // CHECK: %[[TO3:.*]] = arith.shli %[[BIT2]], %[[C1]] : index
  // CHECK: %[[KEY:.*]] = arith.xori %[[PART]], %[[TO3]] : index
  // CHECK: %[[FIRST:.*]] = arith.muli %[[GROUP]], %[[C4]] : index
  // CHECK: %[[PLACE:.*]] = arith.xori %[[FIRST]], %[[KEY]] : index
  // CHECK: %[[A:.*]] = vector.load %{{.*}}[%[[Q]], %{{.*}}] {alignment = 16 : i64} : memref<16x128xbf16, #gpu.address_space<workgroup>>, vector<8xbf16>
  // GFX950: %[[D0:.*]] = amdgpu.mfma 16x16x32 %[[A]] * %{{.*}} + %{{.*}} : vector<8xbf16>, vector<8xbf16>, vector<4xf32>
  // GFX950: amdgpu.mfma 16x16x32 %[[A]] * %{{.*}} + %{{.*}}
  // GFX950-COUNT-6: amdgpu.mfma 16x16x32
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
}
