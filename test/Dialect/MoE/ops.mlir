// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every op prints what it parsed, in its own and in the generic form.
// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

#lds = #gpu.address_space<workgroup>

// CHECK-LABEL: func.func @grouped_gemm
// CHECK: moe.grouped_gemm down accumulate routing_weight outs(%{{.*}} : memref<?x64xbf16>)
// CHECK-SAME: ins(%{{.*}}, %{{.*}}, %{{.*}} : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #weight>, memref<8x64x3xf8E8M0FNU, #scale>)
// CHECK-SAME: routing(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
// CHECK-SAME: tokens(%{{.*}}) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
func.func @grouped_gemm(%out: memref<?x64xbf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %tokens: i32) {
  moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x64xbf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 64, tile_k = 128>
  return
}

// CHECK-LABEL: func.func @grouped_gemm_with_bias
// CHECK: moe.grouped_gemm
// CHECK-SAME: bias(%{{.*}} : memref<8x64xf32>)
// CHECK-SAME: block_rows 32 schedule <tile_m = 32, tile_n = 64, tile_k = 128>
func.func @grouped_gemm_with_bias(%out: memref<?x64xf16>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>, %ids: memref<?xi32>,
    %experts: memref<?xi32>, %weights: memref<?xf32>, %num_valid: memref<2xi32>,
    %bias: memref<8x64xf32>, %tokens: i32) {
  moe.grouped_gemm down routing_weight outs(%out : memref<?x64xf16>)
      ins(%x, %w, %s : memref<?x96xbf16>, memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
      bias(%bias : memref<8x64xf32>)
      tokens(%tokens) topk 4 block_rows 32 schedule <tile_m = 32, tile_n = 64, tile_k = 128>
  return
}

// CHECK-LABEL: func.func @tile_ops
// CHECK: %[[ROWS:.*]] = moe.route_rows %{{.*}}[%{{.*}}] tokens(%{{.*}}) topk 4 per_slot tile 16 x 256 threads 256 : memref<?xi32> -> vector<2xi32>
// CHECK: moe.gather %{{.*}}[%[[ROWS]], %{{.*}}] columns 96 to %{{.*}} : memref<?x96xbf16>, vector<2xi32>, memref<16x256xbf16, #gpu.address_space<workgroup>>
// CHECK: moe.sync
// CHECK: %[[W:.*]] = moe.load_weight %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] cache nt : memref<8x64x96xf4E2M1FN, #weight> -> vector<2x2x32xf4E2M1FN>
// CHECK: moe.load_weight %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : memref
// CHECK: %[[S:.*]] = moe.load_scale %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : memref<8x64x3xf8E8M0FNU, #scale> -> vector<2x2xf8E8M0FNU>
// CHECK: %[[B:.*]] = moe.unpack %[[W]], %[[S]] : vector<2x2x32xf4E2M1FN>, vector<2x2xf8E8M0FNU> -> vector<2x2x32xbf16>
// CHECK: %[[D:.*]] = moe.mfma %{{.*}}, %[[B]], %{{.*}} : memref<16x256xbf16, #gpu.address_space<workgroup>>, vector<2x2x32xbf16>, vector<1x2x4xf32>
func.func @tile_ops(%ids: memref<?xi32>, %x: memref<?x96xbf16>,
    %w: memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>,
    %lds: memref<16x256xbf16, #lds>, %acc: vector<1x2x4xf32>, %tokens: i32,
    %e: index, %n: index, %k: index) -> vector<1x2x4xf32> {
  %rows = moe.route_rows %ids[%n] tokens(%tokens) topk 4 per_slot tile 16 x 256 threads 256 : memref<?xi32> -> vector<2xi32>
  moe.gather %x[%rows, %k] columns 96 to %lds : memref<?x96xbf16>, vector<2xi32>, memref<16x256xbf16, #lds>
  moe.sync
  %f = moe.load_weight %w[%e, %n, %k] cache nt : memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>> -> vector<2x2x32xf4E2M1FN>
  %unused = moe.load_weight %w[%e, %n, %k] cache default : memref<8x64x96xf4E2M1FN, #moe.preshuffle<weight>> -> vector<2x2x32xf4E2M1FN>
  %c = moe.load_scale %s[%e, %n, %k] : memref<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<2x2xf8E8M0FNU>
  %b = moe.unpack %f, %c : vector<2x2x32xf4E2M1FN>, vector<2x2xf8E8M0FNU> -> vector<2x2x32xbf16>
  %d = moe.mfma %lds, %b, %acc : memref<16x256xbf16, #lds>, vector<2x2x32xbf16>, vector<1x2x4xf32>
  return %d : vector<1x2x4xf32>
}

// CHECK-LABEL: func.func @pingpong_and_scatter
// CHECK: %[[ACC:.*]] = moe.pingpong x(%{{.*}}[%{{.*}}]) weights(%{{.*}}[%{{.*}}, %{{.*}}]) scales(%{{.*}}) k(%{{.*}} to %{{.*}}) columns 256 buffers(%{{.*}}, %{{.*}}) cache nt : memref<?x96xbf16>, vector<2xi32>,
// CHECK-SAME: -> vector<1x2x4xf32>
// CHECK: moe.scatter %[[ACC]] to %{{.*}}[%{{.*}}] routing(%{{.*}}, %{{.*}}) [%{{.*}}] tokens(%{{.*}}) topk 4 bias(%{{.*}}[%{{.*}}]) buffers(%{{.*}}, %{{.*}}) accumulate routing_weight tile_n 128 threads 256
// CHECK: moe.scatter %[[ACC]] to %{{.*}}[%{{.*}}] routing(%{{.*}}, %{{.*}}) [%{{.*}}] tokens(%{{.*}}) topk 4 buffers(%{{.*}}, %{{.*}}) per_slot tile_n 128 threads 256
// CHECK: moe.scatter {{.*}} accumulate tile_n 64 groups 2 threads 256 :
func.func @pingpong_and_scatter(%out: memref<?x128xbf16>, %x: memref<?x96xbf16>,
    %rows: vector<2xi32>, %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>,
    %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, %k: index, %end: index, %ids: memref<?xi32>,
    %weights: memref<?xf32>, %bias: memref<8x128xf32>, %tokens: i32,
    %ping: memref<16x256xbf16, #lds>, %pong: memref<16x256xbf16, #lds>,
    %lds0: memref<8192xi8, #lds>, %lds1: memref<8192xi8, #lds>, %e: index,
    %n: index, %m: index) {
  %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s) k(%k to %end) columns 256 buffers(%ping, %pong) cache nt
      : memref<?x96xbf16>, vector<2xi32>, memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight>>, memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale>>, memref<16x256xbf16, #lds> -> vector<1x2x4xf32>
  moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 bias(%bias[%e]) buffers(%lds0, %lds1) accumulate routing_weight tile_n 128 threads 256
      : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<8192xi8, #lds>, memref<8x128xf32>
  moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%lds0, %lds1) per_slot tile_n 128 threads 256
      : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<8192xi8, #lds>
  moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4 buffers(%lds0, %lds1) accumulate tile_n 64 groups 2 threads 256
      : vector<1x2x4xf32>, memref<?x128xbf16>, memref<?xi32>, memref<?xf32>, memref<8192xi8, #lds>
  return
}

// CHECK-LABEL: func.func @stage_1
// CHECK: moe.gather %{{.*}} columns 256 bounded to %{{.*}} :
// CHECK: moe.load_weight %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] bounded : memref<8x128x96xf4E2M1FN, #weight_separated>
// CHECK: moe.load_scale %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] bounded : memref<8x128x3xf8E8M0FNU, #scale_separated>
// CHECK: %[[SUM:.*]] = moe.reduce_groups %{{.*}} buffers(%{{.*}}, %{{.*}}) groups 2 threads 256 : vector<1x4x4xf32>, memref<16384xi8, #gpu.address_space<workgroup>>
// CHECK: %[[H:.*]] = moe.activate swiglu(%{{.*}}, %{{.*}}) %[[SUM]] bias(%{{.*}}[%{{.*}}, %{{.*}}]) gate separated : vector<1x4x4xf32>, memref<8x128xf32> -> vector<1x2x4xf32>
// CHECK: moe.activate silu(%{{.*}}) %[[SUM]] : vector<1x4x4xf32> -> vector<1x2x4xf32>
// CHECK: moe.scatter %[[SUM]] {{.*}} per_slot paired accumulate tile_n 128 threads 256
func.func @stage_1(%out: memref<?x128xf32>, %x: memref<?x96xbf16>, %rows: vector<2xi32>,
    %w: memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = separated>>,
    %s: memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = separated>>,
    %acc: vector<1x4x4xf32>, %bias: memref<8x128xf32>, %lds: memref<16x256xbf16, #lds>,
    %lds0: memref<16384xi8, #lds>, %ids: memref<?xi32>, %weights: memref<?xf32>,
    %tokens: i32, %p: f32, %e: index, %n: index, %k: index) -> vector<1x2x4xf32> {
  moe.gather %x[%rows, %k] columns 256 bounded to %lds : memref<?x96xbf16>, vector<2xi32>, memref<16x256xbf16, #lds>
  %f = moe.load_weight %w[%e, %n, %k] bounded : memref<8x128x96xf4E2M1FN, #moe.preshuffle<weight, gate = separated>> -> vector<2x2x32xf4E2M1FN>
  %c = moe.load_scale %s[%e, %n, %k] bounded : memref<8x128x3xf8E8M0FNU, #moe.preshuffle<scale, gate = separated>> -> vector<2x2xf8E8M0FNU>
  %sum = moe.reduce_groups %acc buffers(%lds0, %lds0) groups 2 threads 256 : vector<1x4x4xf32>, memref<16384xi8, #lds>
  %h = moe.activate swiglu(%p, %p) %sum bias(%bias[%e, %n]) gate separated : vector<1x4x4xf32>, memref<8x128xf32> -> vector<1x2x4xf32>
  %h2 = moe.activate silu(%p) %sum : vector<1x4x4xf32> -> vector<1x2x4xf32>
  moe.scatter %sum to %out[%n] routing(%ids, %weights)[%k] tokens(%tokens) topk 4 buffers(%lds0, %lds0) per_slot paired accumulate tile_n 128 threads 256
      : vector<1x4x4xf32>, memref<?x128xf32>, memref<?xi32>, memref<?xf32>, memref<16384xi8, #lds>
  return %h : vector<1x2x4xf32>
}

// CHECK-LABEL: func.func @activate_sums
// CHECK: moe.activate_sums swiglu(%{{.*}}, %{{.*}}) %{{.*}} to %{{.*}} routing(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) bias(%{{.*}}) gate interleaved
// CHECK-SAME: tokens(%{{.*}}) topk 4 experts 8 block_rows 16 routing_weight : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>, memref<8x128xf32>
func.func @activate_sums(%s: memref<?x128xf32>, %o: memref<?x64xbf16>, %i: memref<?xi32>, %e: memref<?xi32>,
    %w: memref<?xf32>, %v: memref<2xi32>, %p: f32, %t: i32, %b: memref<8x128xf32>) {
  moe.activate_sums swiglu(%p, %p) %s to %o routing(%i, %e, %w, %v) bias(%b) gate interleaved
      tokens(%t) topk 4 experts 8 block_rows 16 routing_weight
      : memref<?x128xf32>, memref<?x64xbf16>, memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>, memref<8x128xf32>
  return
}

// CHECK-LABEL: func.func @reduce_slots
// CHECK: moe.reduce_slots %{{.*}} to %{{.*}} valid(%{{.*}}) tokens(%{{.*}}) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>, memref<?xi8>
func.func @reduce_slots(%p: memref<?x64xbf16>, %o: memref<?x64xbf16>, %t: i32, %v: memref<?xi8>) {
  moe.reduce_slots %p to %o valid(%v) tokens(%t) topk 4 : memref<?x64xbf16>, memref<?x64xbf16>, memref<?xi8>
  return
}

// CHECK-LABEL: func.func @tensors
// CHECK: %[[W:.*]] = moe.preshuffled %{{.*}} : tensor<?xi8> to tensor<8x64x96xf4E2M1FN, #weight>
// CHECK: %[[SCALE:.*]] = moe.preshuffled %{{.*}} : tensor<?xi8> to tensor<8x64x3xf8E8M0FNU, #scale>
// CHECK: %[[PARTS:.*]] = moe.grouped_gemm down routing_weight outs(%{{.*}} : tensor<?x64xbf16>) ins(%{{.*}}, %[[W]], %[[SCALE]] : {{.*}}) {{.*}} block_rows 64 -> tensor<?x64xbf16>
// CHECK: moe.reduce_slots %[[PARTS]] to %{{.*}} tokens(%{{.*}}) topk 4 : tensor<?x64xbf16>, tensor<?x64xbf16> -> tensor<?x64xbf16>
func.func @tensors(%out: tensor<?x64xbf16>, %parts: tensor<?x64xbf16>, %x: tensor<?x96xbf16>,
    %wb: tensor<?xi8>, %sb: tensor<?xi8>, %ids: tensor<?xi32>, %experts: tensor<?xi32>,
    %weights: tensor<?xf32>, %num_valid: tensor<2xi32>, %tokens: i32) -> tensor<?x64xbf16> {
  %w = moe.preshuffled %wb : tensor<?xi8> to tensor<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>
  %s = moe.preshuffled %sb : tensor<?xi8> to tensor<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>
  %p = moe.grouped_gemm down routing_weight outs(%parts : tensor<?x64xbf16>)
      ins(%x, %w, %s : tensor<?x96xbf16>, tensor<8x64x96xf4E2M1FN, #moe.preshuffle<weight>>, tensor<8x64x3xf8E8M0FNU, #moe.preshuffle<scale>>)
      routing(%ids, %experts, %weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      tokens(%tokens) topk 4 block_rows 64 -> tensor<?x64xbf16>
  %r = moe.reduce_slots %p to %out tokens(%tokens) topk 4
      : tensor<?x64xbf16>, tensor<?x64xbf16> -> tensor<?x64xbf16>
  return %r : tensor<?x64xbf16>
}

// The parameters of the activation, which are scalars, stand before the tensors.
// CHECK-LABEL: func.func @activate_tensors
// CHECK: %{{.*}} = moe.activate_sums silu(%{{.*}}) %{{.*}} to %{{.*}} -> tensor<?x64xbf16>
func.func @activate_tensors(%s: tensor<?x128xf32>, %o: tensor<?x64xbf16>, %i: tensor<?xi32>, %e: tensor<?xi32>,
    %w: tensor<?xf32>, %v: tensor<2xi32>, %p: f32, %t: i32) -> tensor<?x64xbf16> {
  %r = moe.activate_sums silu(%p) %s to %o routing(%i, %e, %w, %v) tokens(%t) topk 4 experts 8 block_rows 16
      : tensor<?x128xf32>, tensor<?x64xbf16>, tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32> -> tensor<?x64xbf16>
  return %r : tensor<?x64xbf16>
}
