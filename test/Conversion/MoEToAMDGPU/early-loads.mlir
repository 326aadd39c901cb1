// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the epilogue reads of global memory is requested in the steps of the pipeline
// behind its loop, where nothing between may write to such memory and the tile is
// small: routing weights and bias in the first step, ids and the bias of stage 1 in
// the last.
// -moe-insert-waits counts these loads: the sync behind them waits for the gather
// ahead of them, and for none of them.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-pipeline,convert-moe-to-amdgpu{chip=gfx950},canonicalize,cse,moe-insert-waits))' | FileCheck %s

#g = #gpu.address_space<global>
#lds = #gpu.address_space<workgroup>

gpu.module @kernels {
  // Tiles 5 and 6 follow the loop. Behind the loads of tile 6 come
  // the weight of a row and the bias of the lane's column, ahead of the last sync
  // the id of a row.
  // CHECK-LABEL: gpu.func @behind_the_loop
  // CHECK: scf.for
  // CHECK-NOT: {{rocdl.raw.ptr.buffer.load .* : f32}}
  // CHECK: scf.yield
  // CHECK: amdgpu.lds_barrier
  // CHECK: rocdl.raw.ptr.buffer.load.lds
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : i32
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : vector<4xi32>
  // CHECK: %[[WEIGHT:.*]] = rocdl.raw.ptr.buffer.load {{.*}} : i32
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : f32
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  // CHECK-NOT: rocdl.raw.ptr.buffer.load
  // CHECK-COUNT-4: amdgpu.mfma
  // CHECK: %[[ID:.*]] = rocdl.raw.ptr.buffer.load {{.*}} : i32
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  // CHECK: amdgpu.memory_counter_wait load(5)
  // CHECK-COUNT-4: amdgpu.mfma
  // CHECK-NOT: rocdl.raw.ptr.buffer.load
  // CHECK: rocdl.ds_bpermute %{{.*}}, %[[WEIGHT]]
  // CHECK: rocdl.ds_bpermute %{{.*}}, %[[ID]]
  gpu.func @behind_the_loop(%out: memref<?x64xbf16, #g>, %x: memref<?x896xbf16, #g>, %rows: vector<1xi32>,
      %w: memref<8x64x896xf4E2M1FN, #moe.preshuffle<weight>, #g>, %s: memref<8x64x28xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %bias: memref<8x64xf32, #g>,
      %tokens: i32, %m: index, %n: index, %e: index)
      workgroup(%l0: memref<4096xi8, #lds>, %l1: memref<4096xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %ping = memref.view %l0[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %pong = memref.view %l1[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 896 buffers(%ping, %pong)
        : memref<?x896xbf16, #g>, vector<1xi32>, memref<8x64x896xf4E2M1FN, #moe.preshuffle<weight>, #g>,
          memref<8x64x28xf8E8M0FNU, #moe.preshuffle<scale>, #g>, memref<16x128xbf16, #lds> -> vector<1x1x4xf32>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 bias(%bias[%e]) buffers(%l0, %l1) accumulate routing_weight tile_n 64 threads 256
        : vector<1x1x4xf32>, memref<?x64xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<4096xi8, #lds>, memref<8x64xf32, #g>
    gpu.return
  }

  // One tile: with it, ahead of its gather, which waits for ids.
  // CHECK-LABEL: gpu.func @one_tile
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : vector<4xi32>
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : f32
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  // CHECK: rocdl.raw.ptr.buffer.load.lds
  gpu.func @one_tile(%out: memref<?x64xbf16, #g>, %x: memref<?x128xbf16, #g>, %rows: vector<1xi32>,
      %w: memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight>, #g>, %s: memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %bias: memref<8x64xf32, #g>,
      %tokens: i32, %m: index, %n: index, %e: index)
      workgroup(%l0: memref<4096xi8, #lds>, %l1: memref<4096xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %ping = memref.view %l0[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %pong = memref.view %l1[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 128 buffers(%ping, %pong)
        : memref<?x128xbf16, #g>, vector<1xi32>, memref<8x64x128xf4E2M1FN, #moe.preshuffle<weight>, #g>,
          memref<8x64x4xf8E8M0FNU, #moe.preshuffle<scale>, #g>, memref<16x128xbf16, #lds> -> vector<1x1x4xf32>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 bias(%bias[%e]) buffers(%l0, %l1) accumulate routing_weight tile_n 64 threads 256
        : vector<1x1x4xf32>, memref<?x64xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<4096xi8, #lds>, memref<8x64xf32, #g>
    gpu.return
  }

  // No loop: with the first two tiles, behind the weights of the second.
  // CHECK-LABEL: gpu.func @without_a_loop
  // CHECK-COUNT-2: rocdl.raw.ptr.buffer.load.lds
  // CHECK-NOT: rocdl.raw.ptr.buffer.load
  // CHECK: rocdl.s.barrier
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : vector<4xi32>
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : f32
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  // CHECK: amdgpu.memory_counter_wait load(5)
  // CHECK-COUNT-8: amdgpu.mfma
  gpu.func @without_a_loop(%out: memref<?x64xbf16, #g>, %x: memref<?x256xbf16, #g>, %rows: vector<1xi32>,
      %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>, #g>, %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %bias: memref<8x64xf32, #g>,
      %tokens: i32, %m: index, %n: index, %e: index)
      workgroup(%l0: memref<4096xi8, #lds>, %l1: memref<4096xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %ping = memref.view %l0[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %pong = memref.view %l1[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 256 buffers(%ping, %pong)
        : memref<?x256xbf16, #g>, vector<1xi32>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>, #g>,
          memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>, #g>, memref<16x128xbf16, #lds> -> vector<1x1x4xf32>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 bias(%bias[%e]) buffers(%l0, %l1) accumulate routing_weight tile_n 64 threads 256
        : vector<1x1x4xf32>, memref<?x64xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<4096xi8, #lds>, memref<8x64xf32, #g>
    gpu.return
  }

  // Tiles of more than 16 rows have no register left for it.
  // CHECK-LABEL: gpu.func @large_tile
  // CHECK-NOT: {{rocdl.raw.ptr.buffer.load .* : f32}}
  // CHECK-COUNT-16: amdgpu.mfma
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : f32
  gpu.func @large_tile(%out: memref<?x64xbf16, #g>, %x: memref<?x256xbf16, #g>, %rows: vector<2xi32>,
      %w: memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>, #g>, %s: memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %bias: memref<8x64xf32, #g>,
      %tokens: i32, %m: index, %n: index, %e: index)
      workgroup(%l0: memref<8192xi8, #lds>, %l1: memref<8192xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %ping = memref.view %l0[%c0][] : memref<8192xi8, #lds> to memref<32x128xbf16, #lds>
    %pong = memref.view %l1[%c0][] : memref<8192xi8, #lds> to memref<32x128xbf16, #lds>
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 256 buffers(%ping, %pong)
        : memref<?x256xbf16, #g>, vector<2xi32>, memref<8x64x256xf4E2M1FN, #moe.preshuffle<weight>, #g>,
          memref<8x64x8xf8E8M0FNU, #moe.preshuffle<scale>, #g>, memref<32x128xbf16, #lds> -> vector<2x1x4xf32>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 bias(%bias[%e]) buffers(%l0, %l1) accumulate routing_weight tile_n 64 threads 256
        : vector<2x1x4xf32>, memref<?x64xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<8192xi8, #lds>, memref<8x64xf32, #g>
    gpu.return
  }

  // The store may change what is read.
  // CHECK-LABEL: gpu.func @store_between
  // CHECK: scf.for
  // CHECK-COUNT-4: amdgpu.mfma
  // CHECK: scf.yield
  // CHECK-COUNT-4: amdgpu.mfma
  // CHECK-COUNT-4: amdgpu.mfma
  // CHECK-NOT: amdgpu.mfma
  // CHECK: memref.store
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : i32
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : f32
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : i32
  // CHECK: rocdl.ds_bpermute
  gpu.func @store_between(%out: memref<?x64xbf16, #g>, %x: memref<?x896xbf16, #g>, %rows: vector<1xi32>,
      %w: memref<8x64x896xf4E2M1FN, #moe.preshuffle<weight>, #g>, %s: memref<8x64x28xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %bias: memref<8x64xf32, #g>,
      %tokens: i32, %m: index, %n: index, %e: index)
      workgroup(%l0: memref<4096xi8, #lds>, %l1: memref<4096xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %ping = memref.view %l0[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %pong = memref.view %l1[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 896 buffers(%ping, %pong)
        : memref<?x896xbf16, #g>, vector<1xi32>, memref<8x64x896xf4E2M1FN, #moe.preshuffle<weight>, #g>,
          memref<8x64x28xf8E8M0FNU, #moe.preshuffle<scale>, #g>, memref<16x128xbf16, #lds> -> vector<1x1x4xf32>
    memref.store %tokens, %ids[%c0] : memref<?xi32, #g>
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 bias(%bias[%e]) buffers(%l0, %l1) accumulate routing_weight tile_n 64 threads 256
        : vector<1x1x4xf32>, memref<?x64xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<4096xi8, #lds>, memref<8x64xf32, #g>
    gpu.return
  }

  // The first row is not known earlier.
  // CHECK-LABEL: gpu.func @row_known_late
  // CHECK: scf.for
  // CHECK-COUNT-4: amdgpu.mfma
  // CHECK: scf.yield
  // CHECK-COUNT-4: amdgpu.mfma
  // CHECK-COUNT-4: amdgpu.mfma
  // CHECK-NOT: amdgpu.mfma
  // CHECK: %[[ROW:.*]] = arith.index_cast %{{.*}} : i32 to index
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : i32
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : f32
  // CHECK: rocdl.raw.ptr.buffer.load {{.*}} : i32
  // CHECK: rocdl.ds_bpermute
  gpu.func @row_known_late(%out: memref<?x64xbf16, #g>, %x: memref<?x896xbf16, #g>, %rows: vector<1xi32>,
      %w: memref<8x64x896xf4E2M1FN, #moe.preshuffle<weight>, #g>, %s: memref<8x64x28xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %weights: memref<?xf32, #g>, %bias: memref<8x64xf32, #g>,
      %tokens: i32, %m: index, %n: index, %e: index)
      workgroup(%l0: memref<4096xi8, #lds>, %l1: memref<4096xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %ping = memref.view %l0[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %pong = memref.view %l1[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 896 buffers(%ping, %pong)
        : memref<?x896xbf16, #g>, vector<1xi32>, memref<8x64x896xf4E2M1FN, #moe.preshuffle<weight>, #g>,
          memref<8x64x28xf8E8M0FNU, #moe.preshuffle<scale>, #g>, memref<16x128xbf16, #lds> -> vector<1x1x4xf32>
    %late = arith.index_cast %tokens : i32 to index
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%late] tokens(%tokens) topk 4 bias(%bias[%e]) buffers(%l0, %l1) accumulate routing_weight tile_n 64 threads 256
        : vector<1x1x4xf32>, memref<?x64xbf16, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<4096xi8, #lds>, memref<8x64xf32, #g>
    gpu.return
  }

  // The bias of stage 1: ahead of the last sync, which waits for the gather only.
  // CHECK-LABEL: gpu.func @bias_of_stage_one
  // CHECK: rocdl.raw.ptr.buffer.load.lds
  // CHECK-COUNT-2: rocdl.raw.ptr.buffer.load {{.*}} : f32
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  // CHECK: amdgpu.memory_counter_wait load(2)
  // CHECK: amdgpu.mfma
  gpu.func @bias_of_stage_one(%kept: memref<vector<1x1x4xf32>, #g>, %x: memref<?x128xbf16, #g>, %rows: vector<1xi32>,
      %w: memref<8x128x128xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>, #g>, %s: memref<8x128x4xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>, #g>,
      %bias: memref<8x128xf32, #g>, %limit: f32, %n: index, %e: index)
      workgroup(%l0: memref<4096xi8, #lds>, %l1: memref<4096xi8, #lds>) attributes {known_block_size = array<i32: 256, 1, 1>} {
    %c0 = arith.constant 0 : index
    %ping = memref.view %l0[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %pong = memref.view %l1[%c0][] : memref<4096xi8, #lds> to memref<16x128xbf16, #lds>
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 128 buffers(%ping, %pong)
        : memref<?x128xbf16, #g>, vector<1xi32>, memref<8x128x128xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>, #g>,
          memref<8x128x4xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>, #g>, memref<16x128xbf16, #lds> -> vector<1x2x4xf32>
    %h = moe.activate silu(%limit) %acc bias(%bias[%e, %n]) gate interleaved : vector<1x2x4xf32>, memref<8x128xf32, #g> -> vector<1x1x4xf32>
    memref.store %h, %kept[] : memref<vector<1x1x4xf32>, #g>
    gpu.return
  }
}
