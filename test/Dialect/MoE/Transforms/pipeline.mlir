// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ping-pong loop as explicit steps, for the numbers of K tiles at which the
// shape of the pipeline changes.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-pipeline,canonicalize,cse))' | FileCheck %s

#lds = #gpu.address_space<workgroup>

gpu.module @kernels {
  // One partial tile: nothing is prefetched, one sync.
  // CHECK-LABEL: gpu.func @one_partial_tile
  // CHECK: moe.load_weight {{.*}} -> vector<2x1x32xf4E2M1FN>
  // CHECK: moe.load_scale {{.*}} -> vector<2x1xf8E8M0FNU>
  // CHECK: moe.gather %{{.*}} columns 96 to %[[PING:.*]] :
  // CHECK: moe.sync
  // CHECK-NOT: moe.gather
  // CHECK: moe.unpack
  // CHECK: moe.mfma %[[PING]]
  // CHECK-NOT: moe.sync
  // CHECK: return
  gpu.func @one_partial_tile(%x: memref<?x96xbf16>, %rows: vector<2xi32>,
      %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index,
      %out: memref<vector<1x2x4xf32>>)
      workgroup(%ping: memref<16x256xbf16, #lds>, %pong: memref<16x256xbf16, #lds>) {
    %c0 = arith.constant 0 : index
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 96 buffers(%ping, %pong)
        : memref<?x96xbf16>, vector<2xi32>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>,
          memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #lds> -> vector<1x2x4xf32>
    memref.store %acc, %out[] : memref<vector<1x2x4xf32>>
    gpu.return
  }

  // Two whole tiles of 16 rows are fetched at once, and one sync is for both.
  // The second weights come behind the rows of all waves.
  // CHECK-LABEL: gpu.func @two_tiles
  // CHECK-SAME: workgroup(%[[PING:.*]] : memref<16x256xbf16, {{.*}}, %[[PONG:.*]] : memref<16x256xbf16,
  // CHECK-NOT: scf.for
  // CHECK: moe.load_weight {{.*}} cache nt
  // CHECK: moe.gather %{{.*}} columns 256 to %[[PING]] :
  // CHECK-NOT: moe.sync
  // CHECK: moe.gather %{{.*}} columns 256 to %[[PONG]] :
  // CHECK-NEXT: rocdl.s.barrier
  // CHECK-NEXT: moe.load_weight {{.*}} cache nt
  // CHECK-NEXT: moe.load_scale
  // CHECK-NEXT: moe.sync
  // CHECK: moe.mfma %[[PING]]
  // CHECK-NOT: moe.sync
  // CHECK-NOT: moe.gather
  // CHECK: moe.mfma %[[PONG]]
  // CHECK-NOT: moe.sync
  gpu.func @two_tiles(%x: memref<?x512xbf16>, %rows: vector<2xi32>,
      %w: memref<8x128x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x128x16xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index,
      %out: memref<vector<1x2x4xf32>>)
      workgroup(%ping: memref<16x256xbf16, #lds>, %pong: memref<16x256xbf16, #lds>) {
    %c0 = arith.constant 0 : index
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 512 buffers(%ping, %pong) cache nt
        : memref<?x512xbf16>, vector<2xi32>, memref<8x128x512xf4E2M1FN, #moe.preshuffle<weight>>,
          memref<8x128x16xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #lds> -> vector<1x2x4xf32>
    memref.store %acc, %out[] : memref<vector<1x2x4xf32>>
    gpu.return
  }

  // Of three tiles and more, the scales of all but the first come ahead of the
  // weights.
  // CHECK-LABEL: gpu.func @three_tiles
  // CHECK-SAME: workgroup(%[[PING:.*]] : memref<16x256xbf16, {{.*}}, %[[PONG:.*]] : memref<16x256xbf16,
  // CHECK: moe.load_weight
  // CHECK-NEXT: moe.load_scale
  // CHECK-NEXT: moe.gather %{{.*}} columns 256 to %[[PING]] :
  // CHECK: rocdl.s.barrier
  // CHECK-NEXT: moe.load_scale
  // CHECK-NEXT: moe.load_weight
  // CHECK: moe.mfma %[[PING]]
  // CHECK: moe.gather %{{.*}} columns 256 to %[[PING]] :
  // CHECK-NEXT: moe.load_scale
  // CHECK-NEXT: moe.load_weight
  gpu.func @three_tiles(%x: memref<?x768xbf16>, %rows: vector<2xi32>,
      %w: memref<8x128x768xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x128x24xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index,
      %out: memref<vector<1x2x4xf32>>)
      workgroup(%ping: memref<16x256xbf16, #lds>, %pong: memref<16x256xbf16, #lds>) {
    %c0 = arith.constant 0 : index
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 768 buffers(%ping, %pong) cache nt
        : memref<?x768xbf16>, vector<2xi32>, memref<8x128x768xf4E2M1FN, #moe.preshuffle<weight>>,
          memref<8x128x24xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #lds> -> vector<1x2x4xf32>
    memref.store %acc, %out[] : memref<vector<1x2x4xf32>>
    gpu.return
  }

  // The same with 32 rows: the second tile is fetched in the first step, the last
  // step prefetches nothing.
  // CHECK-LABEL: gpu.func @two_tiles_of_32_rows
  // CHECK-SAME: workgroup(%[[PING:.*]] : memref<32x256xbf16, {{.*}}, %[[PONG:.*]] : memref<32x256xbf16,
  // CHECK-NOT: scf.for
  // CHECK: moe.gather %{{.*}} columns 256 to %[[PING]] :
  // CHECK: moe.sync
  // CHECK: moe.gather %{{.*}} columns 256 to %[[PONG]] :
  // CHECK-NOT: rocdl.s.barrier
  // CHECK: moe.mfma %[[PING]]
  // CHECK: moe.sync
  // CHECK-NOT: moe.gather
  // CHECK: moe.mfma %[[PONG]]
  // CHECK-NOT: moe.sync
  gpu.func @two_tiles_of_32_rows(%x: memref<?x512xbf16>, %rows: vector<4xi32>,
      %w: memref<8x128x512xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x128x16xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index,
      %out: memref<vector<2x2x4xf32>>)
      workgroup(%ping: memref<32x256xbf16, #lds>, %pong: memref<32x256xbf16, #lds>) {
    %c0 = arith.constant 0 : index
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 512 buffers(%ping, %pong)
        : memref<?x512xbf16>, vector<4xi32>, memref<8x128x512xf4E2M1FN, #moe.preshuffle<weight>>,
          memref<8x128x16xf8E8M0FNU, #moe.preshuffle<scale>>, memref<32x256xbf16, #lds> -> vector<2x2x4xf32>
    memref.store %acc, %out[] : memref<vector<2x2x4xf32>>
    gpu.return
  }

  // 1120 = 8 x 128 + 96: the first tile, three trips of two, then a whole tile
  // and a partial one, whose buffers go on alternating.
  // CHECK-LABEL: gpu.func @early_loop_and_tail
  // CHECK-SAME: workgroup(%[[PING:.*]] : memref<16x128xbf16, {{.*}}, %[[PONG:.*]] : memref<16x128xbf16,
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C128:.*]] = arith.constant 128 : index
  // CHECK-DAG: %[[C1024:.*]] = arith.constant 1024 : index
  // CHECK: moe.gather %{{.*}}, %[[C0]]] columns 128 to %[[PING]] :
  // CHECK: moe.gather %{{.*}}, %[[C128]]] columns 128 to %[[PONG]] :
  // CHECK: rocdl.s.barrier
  // CHECK: moe.sync
  // CHECK: moe.mfma %[[PING]]
  // CHECK-NOT: moe.sync
  // CHECK: scf.for %[[I:.*]] = %c256_i32 to %c1024_i32 step %c256_i32 iter_args
  // CHECK: %[[K:.*]] = arith.index_castui %[[I]] : i32 to index
  // CHECK: moe.sync
  // CHECK: moe.gather %{{.*}}, %[[K]]] columns 128 to %[[PING]] :
  // CHECK: moe.mfma %[[PONG]]
  // CHECK: moe.sync
  // CHECK: %[[K2:.*]] = arith.addi %[[K]], %[[C128]]
  // CHECK: moe.gather %{{.*}}, %[[K2]]] columns 128 to %[[PONG]] :
  // CHECK: moe.mfma %[[PING]]
  // CHECK: scf.yield
  // CHECK: moe.sync
  // CHECK: moe.gather %{{.*}}, %[[C1024]]] columns 96 to %[[PING]] :
  // CHECK: moe.mfma %[[PONG]]
  // CHECK: moe.sync
  // CHECK-NOT: moe.gather
  // CHECK: moe.mfma %[[PING]]
  // CHECK-NOT: moe.sync
  gpu.func @early_loop_and_tail(%x: memref<?x1120xbf16>, %rows: vector<1xi32>,
      %w: memref<8x128x1120xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x128x35xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index,
      %out: memref<vector<1x2x4xf32>>)
      workgroup(%ping: memref<16x128xbf16, #lds>, %pong: memref<16x128xbf16, #lds>) {
    %c0 = arith.constant 0 : index
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 1120 buffers(%ping, %pong)
        : memref<?x1120xbf16>, vector<1xi32>, memref<8x128x1120xf4E2M1FN, #moe.preshuffle<weight>>,
          memref<8x128x35xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x128xbf16, #lds> -> vector<1x2x4xf32>
    memref.store %acc, %out[] : memref<vector<1x2x4xf32>>
    gpu.return
  }

  // The same with 32 rows: three trips of two tiles, then a whole tile, another
  // and a partial one. The first tile's gather, the last of its loads, is waited
  // for ahead of the loop, so that the loop's first sync does not wait for all
  // loads each time.
  // CHECK-LABEL: gpu.func @loop_and_tail
  // CHECK-SAME: workgroup(%[[PING:.*]] : memref<32x128xbf16, {{.*}}, %[[PONG:.*]] : memref<32x128xbf16,
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C128:.*]] = arith.constant 128 : index
  // CHECK-DAG: %[[C896:.*]] = arith.constant 896 : index
  // CHECK-DAG: %[[C1024:.*]] = arith.constant 1024 : index
  // CHECK: moe.gather %{{.*}}, %[[C0]]] columns 128 to %[[PING]] :
  // CHECK: moe.sync
  // CHECK: scf.for %[[I:.*]] = %c128_i32 to %c896_i32 step %c256_i32 iter_args
  // CHECK-SAME: (vector<2x2x4xf32>, vector<2x1x32xf4E2M1FN>, vector<2x1xf8E8M0FNU>)
  // CHECK: %[[K:.*]] = arith.index_castui %[[I]] : i32 to index
  // CHECK: moe.sync
  // CHECK: moe.gather %{{.*}}, %[[K]]] columns 128 to %[[PONG]] :
  // CHECK: moe.load_weight %{{.*}}, %[[K]]]
  // CHECK: moe.load_scale %{{.*}}, %[[K]]]
  // CHECK: moe.mfma %[[PING]]
  // CHECK: moe.sync
  // CHECK: %[[K2:.*]] = arith.addi %[[K]], %[[C128]]
  // CHECK: moe.gather %{{.*}}, %[[K2]]] columns 128 to %[[PING]] :
  // CHECK: moe.mfma %[[PONG]]
  // CHECK: scf.yield
  // CHECK: moe.sync
  // CHECK: moe.gather %{{.*}}, %[[C896]]] columns 128 to %[[PONG]] :
  // CHECK: moe.mfma %[[PING]]
  // CHECK: moe.sync
  // CHECK: moe.gather %{{.*}}, %[[C1024]]] columns 96 to %[[PING]] :
  // CHECK: moe.mfma %[[PONG]]
  // CHECK: moe.sync
  // CHECK-NOT: moe.gather
  // CHECK: moe.mfma %[[PING]]
  // CHECK-NOT: moe.sync
  gpu.func @loop_and_tail(%x: memref<?x1120xbf16>, %rows: vector<2xi32>,
      %w: memref<8x128x1120xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x128x35xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index,
      %out: memref<vector<2x2x4xf32>>)
      workgroup(%ping: memref<32x128xbf16, #lds>, %pong: memref<32x128xbf16, #lds>) {
    %c0 = arith.constant 0 : index
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%c0) columns 1120 buffers(%ping, %pong)
        : memref<?x1120xbf16>, vector<2xi32>, memref<8x128x1120xf4E2M1FN, #moe.preshuffle<weight>>,
          memref<8x128x35xf8E8M0FNU, #moe.preshuffle<scale>>, memref<32x128xbf16, #lds> -> vector<2x2x4xf32>
    memref.store %acc, %out[] : memref<vector<2x2x4xf32>>
    gpu.return
  }

  // With an end the last tile is fetched from past K unless it begins before the
  // end, and all that touches memory is bounded; the steps stay the same.
  // CHECK-LABEL: gpu.func @with_end
  // CHECK-SAME: %[[K:[a-z0-9]*]]: index, %[[END:[a-z0-9]*]]: index) workgroup
  // CHECK-DAG: %[[C288:.*]] = arith.constant 288 : index
  // CHECK: moe.gather %{{.*}}, %[[K]]] columns 128 to
  // CHECK: %[[LAST:.*]] = arith.addi %[[K]], %{{.*}} : index
  // CHECK: %[[IN:.*]] = arith.cmpi ult, %[[LAST]], %[[END]] : index
  // CHECK: %[[FROM:.*]] = arith.select %[[IN]], %[[LAST]], %[[C288]] : index
  // CHECK: moe.gather %{{.*}}, %[[FROM]]] columns 128 bounded to
  // CHECK: moe.load_weight %{{.*}}, %[[FROM]]] bounded
  // CHECK: moe.load_scale %{{.*}}, %[[FROM]]] bounded
  gpu.func @with_end(%x: memref<?x288xbf16>, %rows: vector<1xi32>,
      %w: memref<8x128x288xf4E2M1FN, #moe.preshuffle<weight>>,
      %s: memref<8x128x9xf8E8M0FNU, #moe.preshuffle<scale>>, %e: index, %n: index,
      %out: memref<vector<1x2x4xf32>>, %k: index, %end: index)
      workgroup(%ping: memref<16x128xbf16, #lds>, %pong: memref<16x128xbf16, #lds>) {
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%k to %end) columns 256 buffers(%ping, %pong)
        : memref<?x288xbf16>, vector<1xi32>, memref<8x128x288xf4E2M1FN, #moe.preshuffle<weight>>,
          memref<8x128x9xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x128xbf16, #lds> -> vector<1x2x4xf32>
    memref.store %acc, %out[] : memref<vector<1x2x4xf32>>
    gpu.return
  }
}
