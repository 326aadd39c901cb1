// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The way of A into LDS: by 16-byte LDS DMA, or staged through registers.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse))' | FileCheck %s --check-prefixes=CHECK,DMA
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx942},canonicalize,cse))' | FileCheck %s --check-prefixes=CHECK,STAGED

#g = #gpu.address_space<global>
#lds = #gpu.address_space<workgroup>

gpu.module @kernels {
  // A row that is not valid gets the offset 0xFFF00000, which no descriptor
  // covers; so does a chunk past the columns. With DMA the second of a wave's two
  // runs has an immediate offset of 1024, and all begins 1024 bytes early.
  // CHECK-LABEL: gpu.func @tail
  // DMA-DAG: %[[OUT:.*]] = arith.constant -1047552 : i32
  // DMA-DAG: %[[LEAD:.*]] = arith.constant 1024 : i64
  // DMA-DAG: %[[SHIFT:.*]] = arith.constant 1024 : i32
  // DMA-DAG: %[[NONE:.*]] = arith.constant 0 : i32
  // STAGED-DAG: %[[OUT:.*]] = arith.constant -1048576 : i32
  // CHECK-DAG: %[[LIMIT:.*]] = arith.constant 4293918720 : i64
  // CHECK-DAG: %[[C64:.*]] = arith.constant 64 : i32
  // DMA: %[[ALL:.*]] = arith.minui %{{.*}}, %[[LIMIT]] : i64
  // DMA: %[[BYTES:.*]] = arith.addi %[[ALL]], %[[LEAD]] : i64
  // DMA: llvm.getelementptr %{{.*}}[-1024]
  // STAGED: %[[BYTES:.*]] = arith.minui %{{.*}}, %[[LIMIT]] : i64
  // CHECK: %[[RSRC:.*]] = rocdl.make.buffer.rsrc %{{.*}}, %{{.*}}, %[[BYTES]], %{{.*}} : <1> to <8>
  // CHECK: %[[VALID:.*]] = arith.cmpi sge, %{{.*}}, %{{.*}} : i32
  // CHECK: %[[ROW:.*]] = arith.select %[[VALID]], %{{.*}}, %[[OUT]] : i32
  // CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %{{.*}}, %[[C64]] : i32
  // CHECK: %[[OFFSET:.*]] = arith.select %[[INSIDE]], %[[ROW]], %[[OUT]] : i32
  // DMA: rocdl.raw.ptr.buffer.load.lds %[[RSRC]], %[[TO:.*]], %{{.*}}, %[[OFFSET]], %{{.*}}, %[[NONE]], %[[NONE]]
  // DMA: rocdl.raw.ptr.buffer.load.lds %[[RSRC]], %[[TO]], %{{.*}}, %{{.*}}, %{{.*}}, %[[SHIFT]], %[[NONE]]
  // DMA: amdgpu.sched_barrier allow = <none>
  // DMA-NOT: vector.store
  // STAGED-NOT: load.lds
  // STAGED: %[[CHUNK:.*]] = rocdl.raw.ptr.buffer.load %[[RSRC]], %[[OFFSET]], %{{.*}} : vector<8xbf16>
  // STAGED: rocdl.raw.ptr.buffer.load
  // Even columns first, as the software decode gives the weights.
  // STAGED: %[[ORDERED:.*]] = vector.shuffle %[[CHUNK]], %[[CHUNK]] [0, 2, 4, 6, 1, 3, 5, 7]
  // STAGED: vector.store %[[ORDERED]], %{{.*}} {alignment = 16 : i64} : memref<16x256xbf16, #gpu.address_space<workgroup>>, vector<8xbf16>
  // STAGED: vector.store
  // CHECK: gpu.return
  gpu.func @tail(%x: memref<?x96xbf16, #g>, %ids: memref<?xi32, #g>, %tokens: i32, %m: index)
      workgroup(%a: memref<16x256xbf16, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c64 = arith.constant 64 : index
    %rows = moe.route_rows %ids[%m] tokens(%tokens) topk 4 per_slot tile 16 x 256 threads 256 : memref<?xi32, #g> -> vector<2xi32>
    moe.gather %x[%rows, %c64] columns 32 to %a : memref<?x96xbf16, #g>, vector<2xi32>, memref<16x256xbf16, #lds>
    gpu.return
  }

  // token * topk + slot in stage 2, the token itself in stage 1.
  // CHECK-LABEL: gpu.func @rows_per_slot
  // CHECK-DAG: %[[MASK:.*]] = arith.constant 16777215 : i32
  // CHECK-DAG: %[[C24:.*]] = arith.constant 24 : i32
  // CHECK-DAG: %[[TOPK:.*]] = arith.constant 5 : i32
  // CHECK-DAG: %[[NONE:.*]] = arith.constant -1 : i32
  // CHECK: %[[ID:.*]] = memref.load
  // CHECK: %[[TOKEN:.*]] = arith.andi %[[ID]], %[[MASK]]
  // CHECK: %[[SLOT:.*]] = arith.shrui %[[ID]], %[[C24]]
  // CHECK: arith.cmpi ult, %[[TOKEN]], %{{.*}} : i32
  // CHECK: arith.cmpi ult, %[[SLOT]], %[[TOPK]] : i32
  // CHECK: %[[FIRST:.*]] = arith.muli %[[TOKEN]], %[[TOPK]]
  // CHECK: %[[ROW:.*]] = arith.addi %[[FIRST]], %[[SLOT]]
  // CHECK: arith.select %{{.*}}, %[[ROW]], %[[NONE]]
  gpu.func @rows_per_slot(%ids: memref<?xi32, #g>, %tokens: i32, %m: index, %out: memref<vector<1xi32>, #g>) {
    %rows = moe.route_rows %ids[%m] tokens(%tokens) topk 5 per_slot tile 16 x 128 threads 256 : memref<?xi32, #g> -> vector<1xi32>
    memref.store %rows, %out[] : memref<vector<1xi32>, #g>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @rows_per_token
  // CHECK: %[[TOKEN:.*]] = arith.andi
  // CHECK-NOT: arith.muli
  // CHECK: arith.select %{{.*}}, %[[TOKEN]], %{{.*}}
  gpu.func @rows_per_token(%ids: memref<?xi32, #g>, %tokens: i32, %m: index, %out: memref<vector<1xi32>, #g>) {
    %rows = moe.route_rows %ids[%m] tokens(%tokens) topk 5 tile 16 x 128 threads 256 : memref<?xi32, #g> -> vector<1xi32>
    memref.store %rows, %out[] : memref<vector<1xi32>, #g>
    gpu.return
  }
}
