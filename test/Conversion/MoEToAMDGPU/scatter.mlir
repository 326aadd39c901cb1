// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The epilogue: bias before weight, one rounding, and the three ways out.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse))' | FileCheck %s

#g = #gpu.address_space<global>
#lds = #gpu.address_space<workgroup>

gpu.module @kernels {
  // A lane of each wave loads the id and the weight of a row of the tile; the
  // descriptors end with it.
  // CHECK-LABEL: gpu.func @packed_atomics
  // CHECK: %[[WEIGHTS:.*]] = rocdl.raw.ptr.buffer.load {{.*}} : i32
  // CHECK-COUNT-2: rocdl.raw.ptr.buffer.load {{.*}} : f32
  // CHECK: %[[IDS:.*]] = rocdl.raw.ptr.buffer.load {{.*}} : i32
  // CHECK-NOT: memref.load
  // CHECK: amdgpu.lds_barrier
  // CHECK: %[[BIASED:.*]] = arith.addf
  // CHECK-COUNT-4: rocdl.ds_bpermute %{{.*}}, %[[WEIGHTS]]
  // CHECK: arith.mulf
  // Four lane groups write rows that are four apart: the exclusive or with 16
  // times the group keeps them out of each other's banks.
  // CHECK: %[[KEY:.*]] = arith.muli %{{.*}}, %c16 : index
  // CHECK: arith.xori %{{.*}}, %[[KEY]] : index
  // CHECK: arith.truncf %{{.*}} : vector<4xf32> to vector<4xbf16>
  // CHECK: memref.store %{{.*}} : memref<2048xbf16, #gpu.address_space<workgroup>>
  // CHECK: amdgpu.lds_barrier
  // The ids of the rows of a lane's four units are taken together.
  // CHECK-COUNT-4: rocdl.ds_bpermute %{{.*}}, %[[IDS]]
  // CHECK: scf.if
  // CHECK: %[[PLACE:.*]] = arith.xori
  // CHECK: %[[PAIR:.*]] = vector.load %{{.*}}[%[[PLACE]]] {alignment = 4 : i64} : memref<2048xbf16, #gpu.address_space<workgroup>>, vector<2xbf16>
  // CHECK: llvm.atomicrmw fadd %{{.*}}, %[[PAIR]] syncscope("agent") monotonic {alignment = 4 : i64, {{.*}}} : !llvm.ptr<1>, vector<2xbf16>
  gpu.func @packed_atomics(%accs: memref<vector<1x2x4xf32>, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %bias: memref<8x256xf32, #g>,
      %tokens: i32, %m: index, %n: index, %e: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x2x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 bias(%bias[%e]) buffers(%l0, %l1) accumulate routing_weight tile_n 128 threads 256
        : vector<1x2x4xf32>, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>, memref<8x256xf32, #g>
    gpu.return
  }

  // Columns past N = 96 of a tile of 128 are guarded; no weight, no bias.
  // CHECK-LABEL: gpu.func @wide_stores
  // CHECK-NOT: arith.mulf
  // CHECK-NOT: arith.addf
  // CHECK: %[[N:.*]] = arith.constant 96 : index
  // CHECK: arith.cmpi ult, %{{.*}}, %[[N]] : index
  // CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<2048xf16, #gpu.address_space<workgroup>>, vector<8xf16>
  // CHECK: vector.store {{.*}} {alignment = 16 : i64} : memref<?x96xf16, #gpu.address_space<global>>, vector<8xf16>
  // CHECK-NOT: llvm.atomicrmw
  // CHECK: gpu.return
  gpu.func @wide_stores(%accs: memref<vector<1x2x4xf32>, #g>, %out: memref<?x96xf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x2x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) tile_n 128 threads 256
        : vector<1x2x4xf32>, memref<?x96xf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>
    gpu.return
  }

  // The waves of K group 0 hold the result; the others store nothing.
  // CHECK-LABEL: gpu.func @fewer_waves
  // CHECK: amdgpu.lds_barrier
  // CHECK: scf.if
  // CHECK: memref.store %{{.*}} : memref<1024xbf16
  // CHECK: }
  // CHECK: amdgpu.lds_barrier
  gpu.func @fewer_waves(%accs: memref<vector<1x2x4xf32>, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x2x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) accumulate routing_weight tile_n 64 threads 256
        : vector<1x2x4xf32>, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @f32_from_accumulators
  // CHECK-NOT: amdgpu.lds_barrier
  // CHECK-COUNT-8: llvm.atomicrmw fadd %{{.*}}, %{{.*}} syncscope("agent") monotonic {{.*}} : !llvm.ptr<1>, f32
  // CHECK-NOT: llvm.atomicrmw
  // CHECK: gpu.return
  gpu.func @f32_from_accumulators(%accs: memref<vector<1x2x4xf32>, #g>, %out: memref<?x256xf32, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x2x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) accumulate routing_weight tile_n 128 threads 256
        : vector<1x2x4xf32>, memref<?x256xf32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>
    gpu.return
  }

  // 16 x 256 bf16 are more than a buffer: half of the columns in each.
  // CHECK-LABEL: gpu.func @two_buffers
  // CHECK-SAME: workgroup(%[[L0:.*]] : memref<4096xi8, {{.*}}>, %[[L1:.*]] : memref<4096xi8,
  // CHECK: %[[V0:.*]] = memref.view %[[L0]]{{.*}} to memref<2048xbf16
  // CHECK: %[[V1:.*]] = memref.view %[[L1]]{{.*}} to memref<2048xbf16
  // CHECK: %[[V:.*]] = arith.select %{{.*}}, %[[V1]], %[[V0]] : memref<2048xbf16
  // CHECK: memref.store %{{.*}}, %[[V]]
  // CHECK-COUNT-4: rocdl.ds_bpermute
  // CHECK-COUNT-4: vector.load %[[V0]]
  // CHECK-COUNT-4: rocdl.ds_bpermute
  // CHECK-COUNT-4: vector.load %[[V1]]
  gpu.func @two_buffers(%accs: memref<vector<1x4x4xf32>, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<4096xi8, #lds>, %l1: memref<4096xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x4x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) accumulate routing_weight tile_n 256 threads 256
        : vector<1x4x4xf32>, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<4096xi8, #lds>
    gpu.return
  }

  // Tiles of more than 16 rows load each id and weight where it is needed.
  // CHECK-LABEL: gpu.func @large_tile
  // CHECK-NOT: rocdl.ds_bpermute
  // CHECK-COUNT-32: memref.load %{{.*}} : memref<?xi32, #gpu.address_space<global>>
  // CHECK: gpu.return
  gpu.func @large_tile(%accs: memref<vector<8x1x4xf32>, #g>, %out: memref<?x256xf32, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<8x1x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) accumulate tile_n 64 threads 256
        : vector<8x1x4xf32>, memref<?x256xf32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>
    gpu.return
  }

  // Lists in LDS have no rows but the tile's: a narrow tile reads them behind
  // the question whether a thread has a unit.
  // CHECK-LABEL: gpu.func @lists_in_lds
  // CHECK-NOT: rocdl.raw.ptr.buffer.load
  // CHECK-NOT: rocdl.ds_bpermute
  // CHECK-COUNT-2: amdgpu.lds_barrier
  // CHECK-NOT: memref.load
  // CHECK: %[[HAS_UNIT:.*]] = arith.cmpi ult
  // CHECK: scf.if %[[HAS_UNIT]]
  // CHECK: memref.load %{{.*}} : memref<16xi32, #gpu.address_space<workgroup>>
  gpu.func @lists_in_lds(%accs: memref<vector<1x1x4xf32>, #g>, %out: memref<?x256xbf16, #g>,
      %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>, %ids: memref<16xi32, #lds>, %weights: memref<16xf32, #lds>)
      attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x1x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) routing_weight tile_n 16 threads 256
        : vector<1x1x4xf32>, memref<?x256xbf16, #g>, memref<16xi32, #lds>, memref<16xf32, #lds>, memref<8192xi8, #lds>
    gpu.return
  }

  // Of lists in registers the lanes take from one another, so all are there.
  // CHECK-LABEL: gpu.func @narrow_tile
  // CHECK-COUNT-2: amdgpu.lds_barrier
  // CHECK: rocdl.ds_bpermute
  // CHECK: %[[HAS_UNIT:.*]] = arith.cmpi ult
  // CHECK: scf.if %[[HAS_UNIT]]
  // CHECK-NOT: rocdl.ds_bpermute
  // CHECK: gpu.return
  gpu.func @narrow_tile(%accs: memref<vector<1x1x4xf32>, #g>, %out: memref<?x256xbf16, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %tokens: i32, %m: index, %n: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %acc = memref.load %accs[] : memref<vector<1x1x4xf32>, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%l0, %l1) tile_n 16 threads 256
        : vector<1x1x4xf32>, memref<?x256xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>
    gpu.return
  }
}
