// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weight and scale loads: 64-bit rebase to the expert, 32-bit offsets within,
// one instruction a fragment, and the cache policy in the aux operand.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse))' | FileCheck %s
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx942},canonicalize,cse))' | FileCheck %s

#g = #gpu.address_space<global>

gpu.module @kernels {
  // The layout becomes the bytes it takes: K is padded to 128, 8 x 64 x 128/2.
  // One expert is 4096 bytes, a block of 16 rows 1024.
  // CHECK-LABEL: gpu.func @weights
  // CHECK-SAME: (%[[W:.*]]: memref<32768xi8, #gpu.address_space<global>>
  // CHECK-DAG: %[[NT:.*]] = arith.constant 2 : i32
  // CHECK-DAG: %[[EXPERT:.*]] = arith.constant 4096 : i64
  // CHECK: %[[BASE:.*]] = llvm.inttoptr %{{.*}} : i64 to !llvm.ptr<1>
  // CHECK: %[[OFFSET:.*]] = arith.muli %{{.*}}, %[[EXPERT]] : i64
  // CHECK: %[[FIRST:.*]] = llvm.getelementptr %[[BASE]][%[[OFFSET]]] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, i8
  // CHECK: %[[RSRC:.*]] = rocdl.make.buffer.rsrc %[[FIRST]], %{{.*}}, %[[EXPERT]], %{{.*}} : <1> to <8>
  // CHECK-COUNT-2: rocdl.raw.ptr.buffer.load %[[RSRC]], %{{.*}}, %{{.*}}, %[[NT]] : vector<4xi32>
  // CHECK-NOT: rocdl.raw.ptr.buffer.load
  gpu.func @weights(%w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>, #g>,
      %e: index, %n: index, %k: index, %out: memref<vector<2x1x32xf4E2M1FN>, #g>) {
    %f = moe.load_weight %w[%e, %n, %k] cache nt
        : memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>, #g> -> vector<2x1x32xf4E2M1FN>
    memref.store %f, %out[] : memref<vector<2x1x32xf4E2M1FN>, #g>
    gpu.return
  }

  // Two row blocks and two K blocks share a dword.
  // CHECK-LABEL: gpu.func @whole_dwords
  // CHECK-SAME: (%{{.*}}: memref<4096xi8, #gpu.address_space<global>>
  // CHECK: %[[DWORD:.*]] = rocdl.raw.ptr.buffer.load %{{.*}} : i32
  // CHECK-NOT: rocdl.raw.ptr.buffer.load
  // CHECK: arith.shrui %[[DWORD]], %c8_i32
  // CHECK: gpu.return
  gpu.func @whole_dwords(%s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %e: index, %n: index, %k: index, %out: memref<vector<2x2xf8E8M0FNU>, #g>) {
    %f = moe.load_scale %s[%e, %n, %k]
        : memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>, #g> -> vector<2x2xf8E8M0FNU>
    memref.store %f, %out[] : memref<vector<2x2xf8E8M0FNU>, #g>
    gpu.return
  }

  // A block on its own may be the upper half of its dword, in K and in rows. The
  // dword stays as it stands in memory: who uses it moves the byte down.
  // CHECK-LABEL: gpu.func @odd_blocks
  // CHECK-DAG: %[[C3:.*]] = arith.constant 3 : i32
  // CHECK-DAG: %[[C4:.*]] = arith.constant 4 : i32
  // CHECK: %[[DWORD:.*]] = rocdl.raw.ptr.buffer.load %{{.*}} : i32
  // CHECK: %[[N:.*]] = arith.shli %{{.*}}, %[[C3]] : i32
  // CHECK: %[[K:.*]] = arith.shli %{{.*}}, %[[C4]] : i32
  // CHECK: %[[ROTATION:.*]] = arith.addi %[[N]], %[[K]] : i32
  // CHECK: arith.shrui %[[DWORD]], %[[ROTATION]] : i32
  gpu.func @odd_blocks(%s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %e: index, %n: index, %k: index, %out: memref<vector<1x1xf8E8M0FNU>, #g>) {
    %f = moe.load_scale %s[%e, %n, %k]
        : memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>, #g> -> vector<1x1xf8E8M0FNU>
    memref.store %f, %out[] : memref<vector<1x1xf8E8M0FNU>, #g>
    gpu.return
  }

  // Gate and up rows in turn: lane 16*L + q of block 0 reads row 2*q, which is
  // 256*L + 32*(q % 8) bytes into the block of 16 rows number q/8; block 1 the
  // row behind it, 16 bytes further.
  // CHECK-LABEL: gpu.func @alternating
  // CHECK: arith.divui %{{.*}}, %c16_i32{{.*}} : i32
  // CHECK: %[[L:.*]] = arith.divui %{{.*}}, %c16_i32{{.*}} : i32
  // CHECK: %[[Q:.*]] = arith.remui %{{.*}}, %c16_i32{{.*}} : i32
  // CHECK: %[[TWICE:.*]] = arith.muli %[[Q]], %c2_i32{{.*}} : i32
  // CHECK: %[[ROW:.*]] = arith.remui %[[TWICE]], %c16_i32{{.*}} : i32
  // CHECK: %[[BLOCK:.*]] = arith.divui %[[TWICE]], %c16_i32{{.*}} : i32
  // CHECK: %[[K:.*]] = arith.muli %[[L]], %c256_i32{{.*}} : i32
  // CHECK: arith.muli %[[ROW]], %c16_i32{{.*}} : i32
  // CHECK: arith.muli %[[BLOCK]], %c1024_i32{{.*}} : i32
  // CHECK-COUNT-2: rocdl.raw.ptr.buffer.load %{{.*}} : vector<4xi32>
  // The scales of both rows are two dwords that follow each other, and in both
  // it depends on the lane which of two row blocks is its.
  // CHECK: %[[BOTH:.*]] = rocdl.raw.ptr.buffer.load %{{.*}} : vector<2xi32>
  // CHECK: %[[GATE:.*]] = vector.extract %[[BOTH]][0]
  // CHECK: %[[ROW_BITS:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : i32
  // CHECK: %[[ROTATION:.*]] = arith.addi %[[ROW_BITS]], %{{.*}} : i32
  // CHECK: %[[UP:.*]] = vector.extract %[[BOTH]][1]
  // CHECK: arith.shrui %[[GATE]], %[[ROTATION]] : i32
  // CHECK: arith.shrui %[[UP]], %[[ROTATION]] : i32
  // CHECK-NOT: rocdl.raw.ptr.buffer.load
  gpu.func @alternating(%w: memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight, gate = rows>, #g>,
      %s: memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>, #g>, %e: index, %n: index, %k: index,
      %out: memref<vector<2x1x32xf4E2M1FN>, #g>, %scales: memref<vector<2x1xf8E8M0FNU>, #g>) {
    %f = moe.load_weight %w[%e, %n, %k]
        : memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight, gate = rows>, #g> -> vector<2x1x32xf4E2M1FN>
    memref.store %f, %out[] : memref<vector<2x1x32xf4E2M1FN>, #g>
    %g = moe.load_scale %s[%e, %n, %k]
        : memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale, gate = rows>, #g> -> vector<2x1xf8E8M0FNU>
    memref.store %g, %scales[] : memref<vector<2x1xf8E8M0FNU>, #g>
    gpu.return
  }

  // MFMA with 32 rows: lane 32*H + m holds row m % 16 of row block m / 16 and
  // two runs of 32 K, 512 bytes apart; a dword of scales for each run, as it
  // stands in memory, and how far the lane's bytes are up in it, by which a user
  // outside the dialect moves them down.
  // CHECK-LABEL: gpu.func @large
  // CHECK: rocdl.raw.ptr.buffer.load %{{.*}} : vector<4xi32>
  // CHECK: arith.addi %{{.*}}, %c512_i32{{.*}} : i32
  // CHECK: rocdl.raw.ptr.buffer.load %{{.*}} : vector<4xi32>
  // CHECK: %[[DWORD:.*]] = rocdl.raw.ptr.buffer.load %{{.*}} : i32
  // CHECK: %[[SECOND:.*]] = rocdl.raw.ptr.buffer.load %{{.*}} : i32
  // CHECK: arith.shrui %[[DWORD]], %[[UP:.*]] : i32
  // CHECK: arith.shrui %[[SECOND]], %[[UP]] : i32
  // CHECK-NOT: rocdl.raw.ptr.buffer.load
  gpu.func @large(%w: memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight>, #g>,
      %s: memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale>, #g>, %e: index, %n: index, %k: index,
      %out: memref<vector<1x1x2x32xf4E2M1FN>, #g>, %scales: memref<vector<1x1x2xf8E8M0FNU>, #g>) {
    %f = moe.load_weight %w[%e, %n, %k]
        : memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight>, #g> -> vector<1x1x2x32xf4E2M1FN>
    memref.store %f, %out[] : memref<vector<1x1x2x32xf4E2M1FN>, #g>
    %g = moe.load_scale %s[%e, %n, %k]
        : memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale>, #g> -> vector<1x1x2xf8E8M0FNU>
    memref.store %g, %scales[] : memref<vector<1x1x2xf8E8M0FNU>, #g>
    gpu.return
  }

  // Interleaved, a gate and an up row block share the dwords of both runs: two
  // loads, and not four of which the back end would merge two behind the back of
  // who counts them.
  // CHECK-LABEL: gpu.func @large_interleaved
  // CHECK-COUNT-2: rocdl.raw.ptr.buffer.load %{{.*}} : i32
  // CHECK-NOT: rocdl.raw.ptr.buffer.load
  gpu.func @large_interleaved(%s: memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>, #g>,
      %e: index, %n: index, %k: index, %scales: memref<vector<2x1x2xf8E8M0FNU>, #g>) {
    %g = moe.load_scale %s[%e, %n, %k]
        : memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>, #g> -> vector<2x1x2xf8E8M0FNU>
    memref.store %g, %scales[] : memref<vector<2x1x2xf8E8M0FNU>, #g>
    gpu.return
  }
}
