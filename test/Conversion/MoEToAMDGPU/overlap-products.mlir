// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The last products of a step go behind the sync of the next, in a loop that
// gathers by DMA. A second run changes nothing. What a move would break, or what
// it would not make faster, stays. The kernels of test/Integration check values.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-overlap-products))' | FileCheck %s
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-overlap-products,moe-overlap-products))' | FileCheck %s

!rsrc = !llvm.ptr<8>
!lds = !llvm.ptr<3>
!a = vector<8xbf16>
!acc = vector<16xf32>
#g = #gpu.address_space<global>
!tile = memref<2x!a, #gpu.address_space<workgroup>>

gpu.module @kernels {
  // Fragments, codes and scales are carried over the sync at the head; the first
  // trip has zeros in their place. Behind the loop are the last products.
  // CHECK-LABEL: gpu.func @steps
  // CHECK-DAG: %[[CODES0:.*]] = arith.constant 0 : i32
  // CHECK-DAG: %[[SCALE0:.*]] = arith.constant 0.000000e+00 : f32
  // CHECK: %[[A0:.*]] = arith.constant dense<0.000000e+00> : vector<8xbf16>
  // CHECK: %[[A1:.*]] = arith.constant dense<0.000000e+00> : vector<8xbf16>
  // CHECK: %[[LOOP:.*]]:10 = scf.for
  // CHECK-SAME: %[[CODES:[^ ]*]] = %[[CODES0]], %[[SCALE:[^ ]*]] = %[[SCALE0]], %[[X:[^ ]*]] = %[[A0]], %[[P0:[^ ]*]] = %[[FIRST:[^ ]*]], %[[Y:[^ ]*]] = %[[A1]], %[[P1:[^ ]*]] = %[[FIRST]], %[[P2:[^ ]*]] = %[[FIRST]], %[[P3:[^ ]*]] = %[[FIRST]])
  // CHECK-NEXT: moe.sync
  // CHECK-NEXT: rocdl.raw.ptr.buffer.load.lds
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  // CHECK-NEXT: %[[BITS:.*]] = vector.broadcast %[[CODES]]
  // CHECK-NEXT: %[[FP4:.*]] = vector.bitcast %[[BITS]]
  // CHECK-NEXT: %[[PAIR:.*]] = amdgpu.scaled_ext_packed %[[FP4]][0], %[[SCALE]]
  // CHECK-NEXT: %[[ONE:.*]] = vector.extract %[[PAIR]][0]
  // CHECK-NEXT: %[[B:.*]] = vector.broadcast %[[ONE]]
  // CHECK-NEXT: %[[S0:.*]] = amdgpu.mfma {{.*}} %[[X]] * %[[B]] + %[[P0]]
  // CHECK-NEXT: amdgpu.mfma {{.*}} %[[Y]] * %[[B]] + %[[P1]]
  // CHECK-NEXT: amdgpu.mfma {{.*}} %[[X]] * %[[B]] + %[[P2]]
  // CHECK-NEXT: amdgpu.mfma {{.*}} %[[Y]] * %[[B]] + %[[P3]]
  // CHECK-NEXT: rocdl.raw.ptr.buffer.load %
  // CHECK: vector.load
  // CHECK: amdgpu.sched_barrier allow = <valu|salu>
  // CHECK-NEXT: moe.sync
  // CHECK-NEXT: rocdl.raw.ptr.buffer.load.lds
  // CHECK-NEXT: amdgpu.sched_barrier allow = <none>
  // CHECK: amdgpu.mfma {{.*}} + %[[S0]]
  // CHECK-COUNT-3: amdgpu.mfma
  // CHECK-NEXT: rocdl.raw.ptr.buffer.load %
  // CHECK: amdgpu.sched_barrier allow = <valu|salu>
  // CHECK-NEXT: scf.yield
  // CHECK: amdgpu.scaled_ext_packed %{{.*}}[0], %[[LOOP]]#3
  // CHECK: amdgpu.mfma {{.*}} %[[LOOP]]#4 * %{{.*}} + %[[LOOP]]#5
  // CHECK-COUNT-3: amdgpu.mfma
  // CHECK-NEXT: memref.store
  gpu.func @steps(%r: !rsrc, %l: !lds, %i: i32, %n: i32, %f: f32, %first: !acc, %out: memref<4x!acc, #g>)
      workgroup(%t: !tile) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %size = arith.constant 16 : i32
    %start = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %z:6 = scf.for %k = %i to %n step %size iter_args(%code = %start, %scale = %f, %p0 = %first, %p1 = %first, %p2 = %first, %p3 = %first)
        -> (i32, f32, !acc, !acc, !acc, !acc) : i32 {
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %l, %size, %i, %i, %i, %i
      amdgpu.sched_barrier allow = <none>
      %code1 = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      %scale1 = arith.bitcast %code1 : i32 to f32
      %x1 = vector.load %t[%c0] : !tile, !a
      %y1 = vector.load %t[%c1] : !tile, !a
      %bits1 = vector.broadcast %code : i32 to vector<1xi32>
      %fp41 = vector.bitcast %bits1 : vector<1xi32> to vector<8xf4E2M1FN>
      %pair1 = amdgpu.scaled_ext_packed %fp41[0], %scale : vector<8xf4E2M1FN> to vector<2xbf16>
      %one1 = vector.extract %pair1[0] : bf16 from vector<2xbf16>
      %b1 = vector.broadcast %one1 : bf16 to !a
      amdgpu.sched_barrier allow = <valu|salu>
      %s10 = amdgpu.mfma 32x32x16 %x1 * %b1 + %p0 blgp = none : !a, !a, !acc
      %s11 = amdgpu.mfma 32x32x16 %y1 * %b1 + %p1 blgp = none : !a, !a, !acc
      %s12 = amdgpu.mfma 32x32x16 %x1 * %b1 + %p2 blgp = none : !a, !a, !acc
      %s13 = amdgpu.mfma 32x32x16 %y1 * %b1 + %p3 blgp = none : !a, !a, !acc
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %l, %size, %i, %i, %i, %i
      amdgpu.sched_barrier allow = <none>
      %code2 = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      %scale2 = arith.bitcast %code2 : i32 to f32
      %x2 = vector.load %t[%c0] : !tile, !a
      %y2 = vector.load %t[%c1] : !tile, !a
      %bits2 = vector.broadcast %code1 : i32 to vector<1xi32>
      %fp42 = vector.bitcast %bits2 : vector<1xi32> to vector<8xf4E2M1FN>
      %pair2 = amdgpu.scaled_ext_packed %fp42[0], %scale1 : vector<8xf4E2M1FN> to vector<2xbf16>
      %one2 = vector.extract %pair2[0] : bf16 from vector<2xbf16>
      %b2 = vector.broadcast %one2 : bf16 to !a
      amdgpu.sched_barrier allow = <valu|salu>
      %s20 = amdgpu.mfma 32x32x16 %x2 * %b2 + %s10 blgp = none : !a, !a, !acc
      %s21 = amdgpu.mfma 32x32x16 %y2 * %b2 + %s11 blgp = none : !a, !a, !acc
      %s22 = amdgpu.mfma 32x32x16 %x2 * %b2 + %s12 blgp = none : !a, !a, !acc
      %s23 = amdgpu.mfma 32x32x16 %y2 * %b2 + %s13 blgp = none : !a, !a, !acc
      scf.yield %code2, %scale2, %s20, %s21, %s22, %s23 : i32, f32, !acc, !acc, !acc, !acc
    }
    memref.store %z#2, %out[%c0] : memref<4x!acc, #g>
    memref.store %z#3, %out[%c1] : memref<4x!acc, #g>
    memref.store %z#4, %out[%c0] : memref<4x!acc, #g>
    memref.store %z#5, %out[%c1] : memref<4x!acc, #g>
    gpu.return
  }

  // 32 registers of sums: many waves, which more registers could cost one.
  // CHECK-LABEL: gpu.func @few_sums
  // CHECK: scf.for
  // CHECK: amdgpu.sched_barrier allow = <valu|salu>
  // CHECK-NEXT: amdgpu.mfma
  // CHECK: scf.yield
  gpu.func @few_sums(%r: !rsrc, %l: !lds, %i: i32, %n: i32, %f: f32, %first: !acc, %out: memref<4x!acc, #g>)
      workgroup(%t: !tile) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %size = arith.constant 16 : i32
    %start = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %z:4 = scf.for %k = %i to %n step %size iter_args(%code = %start, %scale = %f, %p0 = %first, %p1 = %first)
        -> (i32, f32, !acc, !acc) : i32 {
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %l, %size, %i, %i, %i, %i
      amdgpu.sched_barrier allow = <none>
      %code1 = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      %scale1 = arith.bitcast %code1 : i32 to f32
      %x1 = vector.load %t[%c0] : !tile, !a
      %y1 = vector.load %t[%c1] : !tile, !a
      %bits1 = vector.broadcast %code : i32 to vector<1xi32>
      %fp41 = vector.bitcast %bits1 : vector<1xi32> to vector<8xf4E2M1FN>
      %pair1 = amdgpu.scaled_ext_packed %fp41[0], %scale : vector<8xf4E2M1FN> to vector<2xbf16>
      %one1 = vector.extract %pair1[0] : bf16 from vector<2xbf16>
      %b1 = vector.broadcast %one1 : bf16 to !a
      amdgpu.sched_barrier allow = <valu|salu>
      %s10 = amdgpu.mfma 32x32x16 %x1 * %b1 + %p0 blgp = none : !a, !a, !acc
      %s11 = amdgpu.mfma 32x32x16 %y1 * %b1 + %p1 blgp = none : !a, !a, !acc
      scf.yield %code1, %scale1, %s10, %s11 : i32, f32, !acc, !acc
    }
    memref.store %z#2, %out[%c0] : memref<4x!acc, #g>
    memref.store %z#3, %out[%c1] : memref<4x!acc, #g>
    gpu.return
  }

  // The gather goes through registers.
  // CHECK-LABEL: gpu.func @no_dma
  // CHECK: scf.for
  // CHECK: amdgpu.sched_barrier allow = <valu|salu>
  // CHECK-NEXT: amdgpu.mfma
  // CHECK: scf.yield
  gpu.func @no_dma(%r: !rsrc, %l: !lds, %i: i32, %n: i32, %f: f32, %first: !acc, %out: memref<4x!acc, #g>)
      workgroup(%t: !tile) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %size = arith.constant 16 : i32
    %start = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %z:6 = scf.for %k = %i to %n step %size iter_args(%code = %start, %scale = %f, %p0 = %first, %p1 = %first, %p2 = %first, %p3 = %first)
        -> (i32, f32, !acc, !acc, !acc, !acc) : i32 {
      moe.sync
      amdgpu.sched_barrier allow = <none>
      %code1 = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      %scale1 = arith.bitcast %code1 : i32 to f32
      %x1 = vector.load %t[%c0] : !tile, !a
      %y1 = vector.load %t[%c1] : !tile, !a
      %bits1 = vector.broadcast %code : i32 to vector<1xi32>
      %fp41 = vector.bitcast %bits1 : vector<1xi32> to vector<8xf4E2M1FN>
      %pair1 = amdgpu.scaled_ext_packed %fp41[0], %scale : vector<8xf4E2M1FN> to vector<2xbf16>
      %one1 = vector.extract %pair1[0] : bf16 from vector<2xbf16>
      %b1 = vector.broadcast %one1 : bf16 to !a
      amdgpu.sched_barrier allow = <valu|salu>
      %s10 = amdgpu.mfma 32x32x16 %x1 * %b1 + %p0 blgp = none : !a, !a, !acc
      %s11 = amdgpu.mfma 32x32x16 %y1 * %b1 + %p1 blgp = none : !a, !a, !acc
      %s12 = amdgpu.mfma 32x32x16 %x1 * %b1 + %p2 blgp = none : !a, !a, !acc
      %s13 = amdgpu.mfma 32x32x16 %y1 * %b1 + %p3 blgp = none : !a, !a, !acc
      scf.yield %code1, %scale1, %s10, %s11, %s12, %s13 : i32, f32, !acc, !acc, !acc, !acc
    }
    memref.store %z#2, %out[%c0] : memref<4x!acc, #g>
    memref.store %z#3, %out[%c1] : memref<4x!acc, #g>
    memref.store %z#4, %out[%c0] : memref<4x!acc, #g>
    memref.store %z#5, %out[%c1] : memref<4x!acc, #g>
    gpu.return
  }

  // A sum is used ahead of the new place.
  // CHECK-LABEL: gpu.func @used_ahead
  // CHECK: scf.for
  // CHECK: amdgpu.sched_barrier allow = <valu|salu>
  // CHECK-NEXT: amdgpu.mfma
  // CHECK: scf.yield
  gpu.func @used_ahead(%r: !rsrc, %l: !lds, %i: i32, %n: i32, %f: f32, %first: !acc, %out: memref<4x!acc, #g>)
      workgroup(%t: !tile) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %size = arith.constant 16 : i32
    %start = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %z:6 = scf.for %k = %i to %n step %size iter_args(%code = %start, %scale = %f, %p0 = %first, %p1 = %first, %p2 = %first, %p3 = %first)
        -> (i32, f32, !acc, !acc, !acc, !acc) : i32 {
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %l, %size, %i, %i, %i, %i
      memref.store %p0, %out[%c1] : memref<4x!acc, #g>
      amdgpu.sched_barrier allow = <none>
      %code1 = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      %scale1 = arith.bitcast %code1 : i32 to f32
      %x1 = vector.load %t[%c0] : !tile, !a
      %y1 = vector.load %t[%c1] : !tile, !a
      %bits1 = vector.broadcast %code : i32 to vector<1xi32>
      %fp41 = vector.bitcast %bits1 : vector<1xi32> to vector<8xf4E2M1FN>
      %pair1 = amdgpu.scaled_ext_packed %fp41[0], %scale : vector<8xf4E2M1FN> to vector<2xbf16>
      %one1 = vector.extract %pair1[0] : bf16 from vector<2xbf16>
      %b1 = vector.broadcast %one1 : bf16 to !a
      amdgpu.sched_barrier allow = <valu|salu>
      %s10 = amdgpu.mfma 32x32x16 %x1 * %b1 + %p0 blgp = none : !a, !a, !acc
      %s11 = amdgpu.mfma 32x32x16 %y1 * %b1 + %p1 blgp = none : !a, !a, !acc
      %s12 = amdgpu.mfma 32x32x16 %x1 * %b1 + %p2 blgp = none : !a, !a, !acc
      %s13 = amdgpu.mfma 32x32x16 %y1 * %b1 + %p3 blgp = none : !a, !a, !acc
      scf.yield %code1, %scale1, %s10, %s11, %s12, %s13 : i32, f32, !acc, !acc, !acc, !acc
    }
    memref.store %z#2, %out[%c0] : memref<4x!acc, #g>
    memref.store %z#3, %out[%c1] : memref<4x!acc, #g>
    memref.store %z#4, %out[%c0] : memref<4x!acc, #g>
    memref.store %z#5, %out[%c1] : memref<4x!acc, #g>
    gpu.return
  }

  // A scale from outside of the loop may be NaN, which no zero makes a zero of: the
  // products of the first trip would not be zero.
  // CHECK-LABEL: gpu.func @never_zero
  // CHECK: scf.for
  // CHECK: amdgpu.sched_barrier allow = <valu|salu>
  // CHECK-NEXT: amdgpu.mfma
  // CHECK: scf.yield
  gpu.func @never_zero(%r: !rsrc, %l: !lds, %i: i32, %n: i32, %f: f32, %first: !acc, %out: memref<4x!acc, #g>)
      workgroup(%t: !tile) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %size = arith.constant 16 : i32
    %start = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
    %z:6 = scf.for %k = %i to %n step %size iter_args(%code = %start, %scale = %f, %p0 = %first, %p1 = %first, %p2 = %first, %p3 = %first)
        -> (i32, f32, !acc, !acc, !acc, !acc) : i32 {
      moe.sync
      rocdl.raw.ptr.buffer.load.lds %r, %l, %size, %i, %i, %i, %i
      amdgpu.sched_barrier allow = <none>
      %code1 = rocdl.raw.ptr.buffer.load %r, %i, %i, %i : i32
      %scale1 = arith.bitcast %code1 : i32 to f32
      %x1 = vector.load %t[%c0] : !tile, !a
      %y1 = vector.load %t[%c1] : !tile, !a
      %bits1 = vector.broadcast %code : i32 to vector<1xi32>
      %fp41 = vector.bitcast %bits1 : vector<1xi32> to vector<8xf4E2M1FN>
      %pair1 = amdgpu.scaled_ext_packed %fp41[0], %f : vector<8xf4E2M1FN> to vector<2xbf16>
      %one1 = vector.extract %pair1[0] : bf16 from vector<2xbf16>
      %b1 = vector.broadcast %one1 : bf16 to !a
      amdgpu.sched_barrier allow = <valu|salu>
      %s10 = amdgpu.mfma 32x32x16 %x1 * %b1 + %p0 blgp = none : !a, !a, !acc
      %s11 = amdgpu.mfma 32x32x16 %y1 * %b1 + %p1 blgp = none : !a, !a, !acc
      %s12 = amdgpu.mfma 32x32x16 %x1 * %b1 + %p2 blgp = none : !a, !a, !acc
      %s13 = amdgpu.mfma 32x32x16 %y1 * %b1 + %p3 blgp = none : !a, !a, !acc
      scf.yield %code1, %scale1, %s10, %s11, %s12, %s13 : i32, f32, !acc, !acc, !acc, !acc
    }
    memref.store %z#2, %out[%c0] : memref<4x!acc, #g>
    memref.store %z#3, %out[%c1] : memref<4x!acc, #g>
    memref.store %z#4, %out[%c0] : memref<4x!acc, #g>
    memref.store %z#5, %out[%c1] : memref<4x!acc, #g>
    gpu.return
  }
}
