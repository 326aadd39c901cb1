// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-choose-schedule on tensors: few tokens need no sort. Whether they do is
// asked of the option, and of an op that says itself.
// RUN: moe-opt %s --moe-choose-schedule="chip=gfx950 tokens=8" | FileCheck %s
// RUN: moe-opt %s --moe-choose-schedule="chip=gfx950 tokens=9" | FileCheck %s --check-prefix=SORTED
// RUN: moe-opt %s --moe-choose-schedule="chip=gfx950 tokens=4" --one-shot-bufferize="bufferize-function-boundaries=1 function-boundary-type-conversion=identity-layout-map" \
// RUN:   --canonicalize --moe-to-launches=chip=gfx950 --moe-to-binary=chip=gfx950 | FileCheck %s --check-prefix=LAUNCHES

#w1 = #moe.preshuffle<weight, gate = interleaved>
#s1 = #moe.preshuffle<scale, gate = interleaved>
#w2 = #moe.preshuffle<weight>
#s2 = #moe.preshuffle<scale>

// Stage 1 takes over the zeros that stage 2 adds to. Two launches and their
// assertions are left.
// CHECK-LABEL: func.func @block
// CHECK-SAME: %[[IDS:[a-z0-9]+]]: tensor<?x2xi32>, %[[WEIGHTS:[a-z0-9]+]]: tensor<?x2xf32>, %[[MAP:[a-z0-9]+]]: tensor<16xi32>
// CHECK-NOT: moe.sort
// CHECK: %[[UP:.*]]:2 = moe.grouped_gemm gate_up {{.*}} unsorted(%[[IDS]], %[[WEIGHTS]] : {{.*}}) expert_map(%[[MAP]] : tensor<16xi32>) clear(%{{.*}} : tensor<?x160xbf16>) activation silu(%{{.*}}) tokens(%{{.*}}) topk 2 schedule <tile_m = 16
// CHECK: moe.grouped_gemm down accumulate routing_weight outs(%[[UP]]#1 : tensor<?x160xbf16>) ins(%[[UP]]#0, {{.*}} unsorted(%[[IDS]], %[[WEIGHTS]] : {{.*}}) expert_map(%[[MAP]] : tensor<16xi32>) tokens(%{{.*}}) topk 2 schedule <tile_m = 16
// SORTED-LABEL: func.func @block
// SORTED: moe.sort
// SORTED-COUNT-2: routing(%
// LAUNCHES-LABEL: func.func @block
// LAUNCHES: gpu.launch_func @moe_gate_up_module::@moe_gate_up
// LAUNCHES: gpu.launch_func @moe_down_module::@moe_down
// LAUNCHES-NOT: gpu.launch_func
// LAUNCHES: func.func @keeps
func.func @block(%ids: tensor<?x2xi32>, %weights: tensor<?x2xf32>, %map: tensor<16xi32>, %sorted: tensor<?xi32>,
    %experts: tensor<?xi32>, %sorted_weights: tensor<?xf32>, %num_valid: tensor<2xi32>,
    %x: tensor<?x160xbf16>, %h: tensor<?x64xbf16>, %y: tensor<?x160xbf16>, %w13_bytes: tensor<131072xi8>,
    %s13_bytes: tensor<8192xi8>, %w2_bytes: tensor<81920xi8>, %s2_bytes: tensor<10240xi8>, %limit: f32, %tokens: i32)
    -> tensor<?x160xbf16> {
  %w13 = moe.preshuffled %w13_bytes : tensor<131072xi8> to tensor<8x128x160xf4E2M1FN, #w1>
  %s13 = moe.preshuffled %s13_bytes : tensor<8192xi8> to tensor<8x128x5xf8E8M0FNU, #s1>
  %w2 = moe.preshuffled %w2_bytes : tensor<81920xi8> to tensor<8x160x64xf4E2M1FN, #w2>
  %s2 = moe.preshuffled %s2_bytes : tensor<10240xi8> to tensor<8x160x2xf8E8M0FNU, #s2>
  %s:5 = moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      ins(%ids, %weights : tensor<?x2xi32>, tensor<?x2xf32>) expert_map(%map : tensor<16xi32>)
      clear(%y : tensor<?x160xbf16>) tokens(%tokens) experts 8 block_rows 16
      -> tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>, tensor<?x160xbf16>
  %a = moe.grouped_gemm gate_up outs(%h : tensor<?x64xbf16>)
      ins(%x, %w13, %s13 : tensor<?x160xbf16>, tensor<8x128x160xf4E2M1FN, #w1>, tensor<8x128x5xf8E8M0FNU, #s1>)
      routing(%s#0, %s#1, %s#2, %s#3 : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      activation silu(%limit) tokens(%tokens) topk 2 block_rows 16 -> tensor<?x64xbf16>
  %r = moe.grouped_gemm down accumulate routing_weight outs(%s#4 : tensor<?x160xbf16>)
      ins(%a, %w2, %s2 : tensor<?x64xbf16>, tensor<8x160x64xf4E2M1FN, #w2>, tensor<8x160x2xf8E8M0FNU, #s2>)
      routing(%s#0, %s#1, %s#2, %s#3 : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      tokens(%tokens) topk 2 block_rows 16 -> tensor<?x160xbf16>
  return %r : tensor<?x160xbf16>
}

// Without stage 1 nobody can take over the zeros; what an op says of its tokens
// counts; a list that is used otherwise is still made.
// CHECK-LABEL: func.func @keeps
// CHECK-COUNT-3: moe.sort
// CHECK-NOT: unsorted
func.func @keeps(%ids: tensor<?x2xi32>, %weights: tensor<?x2xf32>, %sorted: tensor<?xi32>,
    %experts: tensor<?xi32>, %sorted_weights: tensor<?xf32>, %num_valid: tensor<2xi32>,
    %x: tensor<?x64xbf16>, %y: tensor<?x160xbf16>, %w_bytes: tensor<81920xi8>, %s_bytes: tensor<10240xi8>, %tokens: i32)
    -> (tensor<?x160xbf16>, tensor<?x160xbf16>, tensor<?x160xbf16>, tensor<?xi32>) {
  %w = moe.preshuffled %w_bytes : tensor<81920xi8> to tensor<8x160x64xf4E2M1FN, #w2>
  %scale = moe.preshuffled %s_bytes : tensor<10240xi8> to tensor<8x160x2xf8E8M0FNU, #s2>
  %s:5 = moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      ins(%ids, %weights : tensor<?x2xi32>, tensor<?x2xf32>)
      clear(%y : tensor<?x160xbf16>) tokens(%tokens) experts 8 block_rows 16
      -> tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>, tensor<?x160xbf16>
  %a = moe.grouped_gemm down accumulate routing_weight outs(%s#4 : tensor<?x160xbf16>)
      ins(%x, %w, %scale : tensor<?x64xbf16>, tensor<8x160x64xf4E2M1FN, #w2>, tensor<8x160x2xf8E8M0FNU, #s2>)
      routing(%s#0, %s#1, %s#2, %s#3 : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      tokens(%tokens) topk 2 block_rows 16 -> tensor<?x160xbf16>
  %t:4 = moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      ins(%ids, %weights : tensor<?x2xi32>, tensor<?x2xf32>) tokens(%tokens) experts 8 block_rows 16
      -> tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>
  %b = moe.grouped_gemm down accumulate routing_weight outs(%y : tensor<?x160xbf16>)
      ins(%x, %w, %scale : tensor<?x64xbf16>, tensor<8x160x64xf4E2M1FN, #w2>, tensor<8x160x2xf8E8M0FNU, #s2>)
      routing(%t#0, %t#1, %t#2, %t#3 : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      tokens(%tokens) topk 2 block_rows 16 {moe.expected_tokens = 100} -> tensor<?x160xbf16>
  %u:4 = moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      ins(%ids, %weights : tensor<?x2xi32>, tensor<?x2xf32>) tokens(%tokens) experts 8 block_rows 16
      -> tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>
  %c = moe.grouped_gemm down accumulate routing_weight outs(%y : tensor<?x160xbf16>)
      ins(%x, %w, %scale : tensor<?x64xbf16>, tensor<8x160x64xf4E2M1FN, #w2>, tensor<8x160x2xf8E8M0FNU, #s2>)
      routing(%u#0, %u#1, %u#2, %u#3 : tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>)
      tokens(%tokens) topk 2 block_rows 16 -> tensor<?x160xbf16>
  return %a, %b, %c, %u#0 : tensor<?x160xbf16>, tensor<?x160xbf16>, tensor<?x160xbf16>, tensor<?xi32>
}
