// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.grouped_gemm without sorted lists: a tile for each pair, the lists of the
// tile's rows in LDS, rows to clear, and no cut K. The tile level is accepted
// again by the whole pipeline: a ballot of lanes is uniform.
// RUN: moe-opt %s --pass-pipeline="builtin.module(gpu.module(moe-expand-kernel,canonicalize,cse))" | FileCheck %s
// RUN: moe-opt %s --moe-to-tile=chip=gfx942 | moe-opt --moe-to-binary=chip=gfx942 | FileCheck %s --check-prefix=OBJECT
// RUN: moe-opt %s --moe-to-tile=chip=gfx950 | moe-opt --moe-to-binary=chip=gfx950 | FileCheck %s --check-prefix=OBJECT
// OBJECT: gpu.binary @kernels [#gpu.object

#global = #gpu.address_space<global>
#w = #moe.preshuffle<weight, gate = interleaved>
#s = #moe.preshuffle<scale, gate = interleaved>

gpu.module @kernels {
  // A list for each of 2 waves, 16 rows.
  // CHECK-LABEL: gpu.func @gate_up
  // CHECK-SAME: workgroup({{.*}}, %[[IDS:[a-z0-9]+]] : memref<32xi32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}, %[[WEIGHTS:[a-z0-9]+]] : memref<32xf32, #gpu.address_space<workgroup>> {llvm.align = 16 : i64})
  // CHECK-SAME: moe.grid = "ceildiv(n,64)*tokens*4+tokens;1;1"
  gpu.func @gate_up(%out: memref<32x32xbf16, #global>, %x: memref<8x288xbf16, #global>,
      %weights: memref<8x64x288xf4E2M1FN, #w, #global>, %scale: memref<8x64x9xf8E8M0FNU, #s, #global>,
      %ids: memref<8x4xi32, #global>, %map: memref<32xi32, #global>, %topk_weights: memref<8x4xf32, #global>,
      %local: memref<1xi32, #global>, %clear: memref<8x64xbf16, #global>, %tokens: i32, %limit: f32) kernel {
    // The workgroups behind those of tiles clear.
    // CHECK: %[[PAIRS:.*]] = arith.muli %{{.*}}, %c4_i32 : i32
    // CHECK: scf.if
    // CHECK: vector.store %{{.*}}, %{{.*}} : memref<8x64xbf16, #gpu.address_space<global>>, vector<8xbf16>
    // CHECK: scf.if
    // The wave's part of the lists, the workgroup's own pair, the tokens that
    // count, the map.
    // CHECK: %[[FIRST:.*]] = arith.muli %{{.*}}, %c16 : index
    // CHECK: %[[LANE:.*]] = gpu.lane_id
    // CHECK: %[[OWN:.*]] = memref.load %{{.*}} : memref<8x4xi32, #gpu.address_space<global>>
    // CHECK: memref.load %{{.*}}[%c0] : memref<1xi32, #gpu.address_space<global>>
    // CHECK: %[[COUNT:.*]] = arith.muli
    // CHECK: memref.load %{{.*}} : memref<32xi32, #gpu.address_space<global>>
    // No loop begins past its end: -scf-for-loop-peeling would run it once.
    // CHECK: %[[BEGIN:.*]] = arith.minui %{{.*}}, %c16
    // CHECK: scf.for %{{.*}} = %[[BEGIN]] to %c16
    // CHECK: memref.store %{{.*}}, %[[IDS]]
    // CHECK: scf.for
    // CHECK-SAME: iter_args
    // CHECK: %[[ID:.*]] = memref.load %{{.*}} : memref<8x4xi32, #gpu.address_space<global>>
    // CHECK: arith.cmpi eq, %[[ID]], %[[OWN]] : i32
    // CHECK-COUNT-2: rocdl.ballot
    // CHECK: scf.if
    // CHECK: memref.store %{{.*}}, %[[IDS]]
    // No routing weight is applied, so none is read.
    // CHECK-NOT: memref.load %{{.*}} : memref<8x4xf32
    // CHECK: llvm.fence syncscope("wavefront") acq_rel
    // CHECK: scf.if
    // CHECK: moe.route_rows %[[IDS]][%[[FIRST]]] tokens(%{{.*}}) topk 4 tile 16 x 256 threads 128
    // CHECK: moe.scatter %{{.*}} routing(%[[IDS]], %[[WEIGHTS]]) [%[[FIRST]]]
    moe.grouped_gemm gate_up outs(%out : memref<32x32xbf16, #global>)
        ins(%x, %weights, %scale : memref<8x288xbf16, #global>, memref<8x64x288xf4E2M1FN, #w, #global>, memref<8x64x9xf8E8M0FNU, #s, #global>)
        unsorted(%ids, %topk_weights : memref<8x4xi32, #global>, memref<8x4xf32, #global>)
        expert_map(%map : memref<32xi32, #global>) local_tokens(%local : memref<1xi32, #global>)
        clear(%clear : memref<8x64xbf16, #global>) activation silu(%limit)
        tokens(%tokens) topk 4 schedule <tile_m = 16, tile_n = 64, tile_k = 256, waves = 2>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @down
  // CHECK-SAME: moe.grid = "ceildiv(n,64)*tokens*4*2;1;1"
  gpu.func @down(%out: memref<8x64xf32, #global>, %x: memref<32x512xbf16, #global>,
      %w: memref<8x64x512xf4E2M1FN, #moe.preshuffle<weight>, #global>,
      %s: memref<8x64x16xf8E8M0FNU, #moe.preshuffle<scale>, #global>,
      %ids: memref<8x4xi32, #global>, %topk_weights: memref<8x4xf32, #global>, %tokens: i32) kernel {
    // CHECK-COUNT-2: rocdl.ballot
    // CHECK: memref.load %{{.*}} : memref<8x4xf32, #gpu.address_space<global>>
    // CHECK: moe.scatter
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<8x64xf32, #global>)
        ins(%x, %w, %s : memref<32x512xbf16, #global>, memref<8x64x512xf4E2M1FN, #moe.preshuffle<weight>, #global>, memref<8x64x16xf8E8M0FNU, #moe.preshuffle<scale>, #global>)
        unsorted(%ids, %topk_weights : memref<8x4xi32, #global>, memref<8x4xf32, #global>)
        tokens(%tokens) topk 4 schedule <tile_m = 16, tile_n = 64, tile_k = 128, waves = 4, k_wave = 2, k_batch = 2, xcd = 8, group_m = 2>
    gpu.return
  }

  // Two ops share the lists. A wave's part is that of the larger tile in both, so
  // that no wave writes what another one still reads.
  // CHECK-LABEL: gpu.func @two
  // CHECK-SAME: %[[SHARED:[a-z0-9]+]] : memref<64xi32, #gpu.address_space<workgroup>>
  // CHECK: %[[PART:.*]] = arith.muli %{{.*}}, %c32 : index
  // CHECK: moe.route_rows %[[SHARED]][%[[PART]]] {{.*}} tile 16 x 128
  // CHECK: moe.route_rows %[[SHARED]][%{{.*}}] {{.*}} tile 32 x 128
  // CHECK-NOT: %c16 : index
  gpu.func @two(%out: memref<8x64xf32, #global>, %x: memref<32x512xbf16, #global>,
      %w: memref<8x64x512xf4E2M1FN, #moe.preshuffle<weight>, #global>,
      %s: memref<8x64x16xf8E8M0FNU, #moe.preshuffle<scale>, #global>,
      %ids: memref<8x4xi32, #global>, %topk_weights: memref<8x4xf32, #global>, %tokens: i32) kernel {
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<8x64xf32, #global>)
        ins(%x, %w, %s : memref<32x512xbf16, #global>, memref<8x64x512xf4E2M1FN, #moe.preshuffle<weight>, #global>, memref<8x64x16xf8E8M0FNU, #moe.preshuffle<scale>, #global>)
        unsorted(%ids, %topk_weights : memref<8x4xi32, #global>, memref<8x4xf32, #global>)
        tokens(%tokens) topk 4 schedule <tile_m = 16, tile_n = 64, tile_k = 128, waves = 2>
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<8x64xf32, #global>)
        ins(%x, %w, %s : memref<32x512xbf16, #global>, memref<8x64x512xf4E2M1FN, #moe.preshuffle<weight>, #global>, memref<8x64x16xf8E8M0FNU, #moe.preshuffle<scale>, #global>)
        unsorted(%ids, %topk_weights : memref<8x4xi32, #global>, memref<8x4xf32, #global>)
        tokens(%tokens) topk 4 schedule <tile_m = 32, tile_n = 64, tile_k = 128, waves = 2>
    gpu.return
  }
}
