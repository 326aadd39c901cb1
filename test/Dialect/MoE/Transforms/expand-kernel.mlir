// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel op becomes one workgroup's tile ops.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-expand-kernel))' | FileCheck %s

#g = #gpu.address_space<global>

gpu.module @kernels {
  // CHECK-LABEL: gpu.func @stores_with_bias
  // CHECK-SAME: workgroup(%[[L0:.*]] : memref<8192xi8, #gpu.address_space<workgroup>> {llvm.align = 16 : i64}, %[[L1:.*]] : memref<8192xi8, #gpu.address_space<workgroup>> {llvm.align = 16 : i64})
  // CHECK-SAME: known_block_size = array<i32: 256, 1, 1>, moe.grid = "ceildiv(n,128)*num_blocks;1;1"
  // CHECK: %[[GROUP:.*]] = gpu.block_id x
  // CHECK: arith.divui
  // CHECK: arith.remui
  // CHECK: %[[EXPERT:.*]] = memref.load %{{.*}}[%{{.*}}] : memref<?xi32, #gpu.address_space<global>>
  // CHECK: %[[USED:.*]] = memref.load %{{.*}} : memref<2xi32, #gpu.address_space<global>>
  // CHECK: arith.maxsi
  // CHECK: arith.cmpi ult, %[[EXPERT]], %{{.*}} : i32
  // CHECK: %[[WORK:.*]] = arith.andi
  // CHECK: scf.if %[[WORK]] {
  // CHECK: %[[PING:.*]] = memref.view %[[L0]]
  // CHECK: %[[PONG:.*]] = memref.view %[[L1]]
  // CHECK: %[[ROWS:.*]] = moe.route_rows %{{.*}} topk 4 per_slot tile 16 x 256 threads 256
  // CHECK: %[[ACC:.*]] = moe.pingpong x(%{{.*}}[%[[ROWS]]]) {{.*}} buffers(%[[PING]], %[[PONG]]) cache nt
  // CHECK-SAME: -> vector<1x2x4xf32>
  // CHECK: moe.scatter %[[ACC]] {{.*}} bias({{.*}}) buffers(%[[L0]], %[[L1]]) per_slot tile_n 128 threads 256
  // CHECK-NOT: accumulate
  // CHECK-NOT: moe.grouped_gemm
  gpu.func @stores_with_bias(%out: memref<?x160xbf16, #g>, %x: memref<?x288xbf16, #g>,
      %w: memref<8x160x288xf4E2M1FN, #moe.preshuffle<weight>, #g>,
      %s: memref<8x160x9xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %experts: memref<?xi32, #g>, %weights: memref<?xf32, #g>,
      %num_valid: memref<2xi32, #g>, %bias: memref<8x160xf32, #g>, %tokens: i32) kernel {
    moe.grouped_gemm down outs(%out : memref<?x160xbf16, #g>)
        ins(%x, %w, %s : memref<?x288xbf16, #g>, memref<8x160x288xf4E2M1FN, #moe.preshuffle<weight>, #g>, memref<8x160x9xf8E8M0FNU, #moe.preshuffle<scale>, #g>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<2xi32, #g>)
        bias(%bias : memref<8x160xf32, #g>)
        tokens(%tokens) topk 4
        block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 256, cache = nt>
    gpu.return
  }

  // The output tile, 64 x 256 x 2 bytes, is more than one A tile of 64 x 128:
  // each buffer holds half of it.
  // CHECK-LABEL: gpu.func @wide_output
  // CHECK-SAME: workgroup(%{{.*}} : memref<16384xi8, {{.*}}, %{{.*}} : memref<16384xi8,
  // CHECK-SAME: moe.grid = "ceildiv(n,256)*num_blocks;1;1", rocdl.waves_per_eu = 2 : i32
  // CHECK: moe.scatter {{.*}} accumulate routing_weight tile_n 256
  gpu.func @wide_output(%out: memref<?x160xbf16, #g>, %x: memref<?x288xbf16, #g>,
      %w: memref<8x160x288xf4E2M1FN, #moe.preshuffle<weight>, #g>,
      %s: memref<8x160x9xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %experts: memref<?xi32, #g>, %weights: memref<?xf32, #g>,
      %num_valid: memref<2xi32, #g>, %tokens: i32) kernel {
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x160xbf16, #g>)
        ins(%x, %w, %s : memref<?x288xbf16, #g>, memref<8x160x288xf4E2M1FN, #moe.preshuffle<weight>, #g>, memref<8x160x9xf8E8M0FNU, #moe.preshuffle<scale>, #g>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<2xi32, #g>)
        tokens(%tokens) topk 4
        block_rows 64 schedule <tile_m = 64, tile_n = 256, tile_k = 128, waves_per_eu = 2>
    gpu.return
  }

  // 128 accumulators a lane, and no wish: everything else is to fit two waves.
  // CHECK-LABEL: gpu.func @many_sums
  // CHECK-SAME: rocdl.waves_per_eu = 2 : i32
  gpu.func @many_sums(%out: memref<?x160xbf16, #g>, %x: memref<?x288xbf16, #g>,
      %w: memref<8x160x288xf4E2M1FN, #moe.preshuffle<weight>, #g>,
      %s: memref<8x160x9xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %experts: memref<?xi32, #g>, %weights: memref<?xf32, #g>,
      %num_valid: memref<2xi32, #g>, %tokens: i32) kernel {
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x160xbf16, #g>)
        ins(%x, %w, %s : memref<?x288xbf16, #g>, memref<8x160x288xf4E2M1FN, #moe.preshuffle<weight>, #g>, memref<8x160x9xf8E8M0FNU, #moe.preshuffle<scale>, #g>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<2xi32, #g>)
        tokens(%tokens) topk 4
        block_rows 128 schedule <tile_m = 128, tile_n = 256, tile_k = 128>
    gpu.return
  }

  // K of 1120 in 3 slices of tiles of 128: 3, 3 and 3 tiles, the last partial.
  // Workgroups go round 8 XCDs; M blocks go 4 together. One slice adds the bias.
  // CHECK-LABEL: gpu.func @slices
  // CHECK-NOT: waves_per_eu
  // CHECK-SAME: moe.grid = "ceildiv(n,64)*num_blocks*3;1;1"
  // CHECK: memref.dim
  // CHECK: scf.if
  // CHECK: scf.if %{{.*}} -> (vector<1x1x4xf32>)
  // CHECK: moe.pingpong {{.*}} columns 352 buffers
  // CHECK: else
  // CHECK: moe.pingpong {{.*}} columns 384 buffers
  // CHECK: arith.cmpi eq
  // CHECK: scf.if
  // CHECK: moe.scatter {{.*}} bias(
  // CHECK: else
  // CHECK: moe.scatter
  // CHECK-NOT: bias(
  // CHECK: gpu.return
  gpu.func @slices(%out: memref<?x160xbf16, #g>, %x: memref<?x1120xbf16, #g>,
      %w: memref<8x160x1120xf4E2M1FN, #moe.preshuffle<weight>, #g>,
      %s: memref<8x160x35xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %experts: memref<?xi32, #g>, %weights: memref<?xf32, #g>,
      %num_valid: memref<2xi32, #g>, %bias: memref<8x160xf32, #g>, %tokens: i32) kernel {
    moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x160xbf16, #g>)
        ins(%x, %w, %s : memref<?x1120xbf16, #g>, memref<8x160x1120xf4E2M1FN, #moe.preshuffle<weight>, #g>, memref<8x160x35xf8E8M0FNU, #moe.preshuffle<scale>, #g>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<2xi32, #g>)
        bias(%bias : memref<8x160xf32, #g>)
        tokens(%tokens) topk 4
        block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_batch = 3, xcd = 8, group_m = 4>
    gpu.return
  }

  // Stage 1: the activation halves the columns; K groups meet before it.
  // CHECK-LABEL: gpu.func @gate_up
  // CHECK: moe.route_rows %{{.*}} topk 4 tile 16 x 128 threads 128
  // CHECK: moe.pingpong {{.*}} k(%{{.*}} to %{{.*}}) columns 640 buffers
  // CHECK: moe.reduce_groups %{{.*}} groups 2 threads 256 : vector<1x4x4xf32>
  // CHECK: moe.activate swiglu(%{{.*}}, %{{.*}}) %{{.*}} bias({{.*}}) gate interleaved : vector<1x4x4xf32>, {{.*}} -> vector<1x2x4xf32>
  // CHECK: moe.scatter %{{.*}} per_slot routing_weight tile_n 64 threads 256
  gpu.func @gate_up(%out: memref<?x80xbf16, #g>, %x: memref<?x1120xbf16, #g>,
      %w: memref<8x160x1120xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>, #g>,
      %s: memref<8x160x35xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>, #g>,
      %ids: memref<?xi32, #g>, %experts: memref<?xi32, #g>, %weights: memref<?xf32, #g>,
      %num_valid: memref<2xi32, #g>, %bias: memref<8x160xf32, #g>, %p: f32, %tokens: i32) kernel {
    moe.grouped_gemm gate_up routing_weight outs(%out : memref<?x80xbf16, #g>)
        ins(%x, %w, %s : memref<?x1120xbf16, #g>, memref<8x160x1120xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>, #g>, memref<8x160x35xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>, #g>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<2xi32, #g>)
        bias(%bias : memref<8x160xf32, #g>) activation swiglu(%p, %p)
        tokens(%tokens) topk 4
        block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 128, k_wave = 2>
    gpu.return
  }

  // Stage 2: one exchange adds the K groups and moves the output out, where
  // their tiles of f32 fit; those of 256 columns do not.
  // CHECK-LABEL: gpu.func @groups
  // CHECK-NOT: moe.reduce_groups
  // CHECK: moe.scatter %{{.*}} accumulate tile_n 64 groups 2 threads 256
  gpu.func @groups(%out: memref<?x160xbf16, #g>, %x: memref<?x1120xbf16, #g>,
      %w: memref<8x160x1120xf4E2M1FN, #moe.preshuffle<weight>, #g>,
      %s: memref<8x160x35xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %experts: memref<?xi32, #g>, %weights: memref<?xf32, #g>,
      %num_valid: memref<2xi32, #g>, %tokens: i32) kernel {
    moe.grouped_gemm down accumulate outs(%out : memref<?x160xbf16, #g>)
        ins(%x, %w, %s : memref<?x1120xbf16, #g>, memref<8x160x1120xf4E2M1FN, #moe.preshuffle<weight>, #g>, memref<8x160x35xf8E8M0FNU, #moe.preshuffle<scale>, #g>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<2xi32, #g>)
        tokens(%tokens) topk 4
        block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128, k_wave = 2>
    gpu.return
  }

  // CHECK-LABEL: gpu.func @wide_groups
  // CHECK: moe.reduce_groups %{{.*}} groups 2 threads 256
  // CHECK: moe.scatter %{{.*}} accumulate tile_n 256 threads 256
  gpu.func @wide_groups(%out: memref<?x160xbf16, #g>, %x: memref<?x1120xbf16, #g>,
      %w: memref<8x160x1120xf4E2M1FN, #moe.preshuffle<weight>, #g>,
      %s: memref<8x160x35xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
      %ids: memref<?xi32, #g>, %experts: memref<?xi32, #g>, %weights: memref<?xf32, #g>,
      %num_valid: memref<2xi32, #g>, %tokens: i32) kernel {
    moe.grouped_gemm down accumulate outs(%out : memref<?x160xbf16, #g>)
        ins(%x, %w, %s : memref<?x1120xbf16, #g>, memref<8x160x1120xf4E2M1FN, #moe.preshuffle<weight>, #g>, memref<8x160x35xf8E8M0FNU, #moe.preshuffle<scale>, #g>)
        routing(%ids, %experts, %weights, %num_valid : memref<?xi32, #g>, memref<?xi32, #g>, memref<?xf32, #g>, memref<2xi32, #g>)
        tokens(%tokens) topk 4
        block_rows 16 schedule <tile_m = 16, tile_n = 256, tile_k = 128, k_wave = 2>
    gpu.return
  }
}
