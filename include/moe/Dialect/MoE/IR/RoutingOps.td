// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel-level ops ahead of the products: which experts a token goes to,
// and the sorted lists that moe.grouped_gemm reads. The products are in
// KernelOps.td.

#ifndef MOE_DIALECT_MOE_IR_ROUTINGOPS_TD
#define MOE_DIALECT_MOE_IR_ROUTINGOPS_TD

include "moe/Dialect/MoE/IR/MoEOpBase.td"

def MoE_AnyLogits
    : MoE_Shaped<[F32, BF16], 2, "2D memref or tensor of f32 or bf16 values">;

def MoE_RouteOp : MoE_KernelOp<"route"> {
  let summary = "the experts of each token, and their weights";
  let description = [{
    From the router's logits of each token, the `topk` experts it goes to, best
    first, and their routing weights; `topk` is the number of columns of `ids`
    and `weights`, less the `shared` ones. With l = logits[t, e]:

    ```
    score[e]  = softmax(l)[e] or sigmoid(l[e])
    choice[e] = score[e] + correction[e]          score[e] without correction
    ids[t, s] = the expert of the s-th largest choice
    weights[t, s] = score[ids[t, s]] * scale      / sum over s, with renormalize
    ```

    * **Ties** go to the lower expert.
    * **What cannot be chosen**: an expert whose logit is NaN or infinite, or
      whose correction is. Slots of a token with too few others get the id -1
      and the weight 0. The sum of softmax is over all experts with a finite
      logit: the correction takes part in the choice only.
    * **Groups**: with `groups` G above 1 the experts are G runs of E/G, and a
      token's experts come from its best `best_groups` of them. A group's score
      is the sum of its two largest choices where there is a correction, else
      its largest logit; an expert that cannot be chosen counts as -inf there;
      ties go to the lower group.

    * **Shared experts**: with `shared` S the experts E to E + S - 1, which have
      no logits, take the last S slots of every token, each with the weight
      `shared_weight`, which neither `renormalize` nor `scale` changes.

    Without a correction experts are compared by their logits, of which the
    scores are increasing functions, so that no rounding decides. Scores and
    weights are computed in f32, in an order that is fixed: a token's results do
    not depend on the other tokens. With `renormalize` the sum is taken relative
    to the best chosen expert and does not vanish where all scores underflow.

    In a kernel, the op stands in a `gpu.func` of 256 x 1 x 1 threads, launched
    on a grid of `ceildiv(tokens, 4)` workgroups in x: a wave has a token. In
    host code it has the same forms as `moe.grouped_gemm`; `ids` and `weights`
    are overwritten.

    Constraints:
    * (C1) `logits` is ?xE with E static, from 1 to 1024;
    * (C2) `ids` and `weights` have one static number of columns, at most 32:
      `shared`, and from 1 to the experts of `best_groups` groups;
    * (C3) `correction`, when present, has E elements;
    * (C4) `groups` is from 1 to 64 and divides E, `best_groups` is from 1 to
      `groups`, and with a correction a group has at least two experts;
    * (C5) `scale` is finite, and `tokens`, where constant, below 2^24 and no
      more than the operands have rows for;
    * (C6) the memory operands are in the default or the global memory space,
      those that are written are none of the others,
      the elements of a row follow each other and rows do not overlap;
    * (C7) the operands are all memrefs, without results, or all tensors, with a
      result for each of `ids` and `weights`;
    * (C8) `shared` is from 0 to 8, and `shared_weight` is finite.

    *Lowers to* (`-moe-expand-kernel`): `memref`, `arith`, `math` and `scf` ops,
    and `gpu.subgroup_reduce` for maxima and sums over a wave.

    ```mlir
    moe.route sigmoid renormalize
        outs(%ids, %weights : memref<?x9xi32>, memref<?x9xf32>)
        ins(%logits : memref<?x256xf32>) correction(%bias : memref<256xf32>)
        groups 8 best 4 scale 2.5 shared 1 weight 1.0 tokens(%tokens)
    ```
  }];
  let arguments = (ins MoE_ScoreAttr:$score, UnitAttr:$renormalize,
      MoE_AnyTopkIds:$ids, MoE_AnyMatrix:$weights, MoE_AnyLogits:$logits,
      Optional<MoE_AnyRoutingWeights>:$correction,
      DefaultValuedAttr<I64Attr, "1">:$groups,
      DefaultValuedAttr<I64Attr, "1">:$best_groups,
      DefaultValuedAttr<F32Attr, "1.0f">:$scale,
      DefaultValuedAttr<I64Attr, "0">:$shared,
      DefaultValuedAttr<F32Attr, "1.0f">:$shared_weight, I32:$tokens);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $score (`renormalize` $renormalize^)?
    `outs` `(` $ids `,` $weights `:` type($ids) `,` type($weights) `)`
    `ins` `(` $logits `:` type($logits) `)`
    (`correction` `(` $correction^ `:` type($correction) `)`)?
    (`groups` $groups^ `best` $best_groups)? (`scale` $scale^)?
    (`shared` $shared^ `weight` $shared_weight)?
    `tokens` `(` $tokens `)` attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    /// Threads of a workgroup, and its tokens: one for each wave.
    static constexpr int64_t kThreads = 256, kTokens = 4;
    static constexpr int64_t kMaxExperts = 1024, kMaxSlots = 32;
    static constexpr int64_t kMaxGroups = 64, kMaxShared = 8;
    int64_t getE() { return getLogits().getType().getDimSize(1); }
    /// Columns of ids and weights.
    int64_t getSlots() { return getIds().getType().getDimSize(1); }
    /// Those of experts that are chosen.
    int64_t getTopk() { return getSlots() - getShared(); }
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(*this, /*start=*/0, /*length=*/2);
    }
  }];
}

def MoE_SortOp : MoE_KernelOp<"sort", [AttrSizedOperandSegments]> {
  let summary = "pairs of a token and a slot, sorted by expert";
  let description = [{
    Makes the lists that `moe.grouped_gemm` reads of the experts that tokens go
    to. For each expert from 0 to `experts` - 1, its pairs of a token and a slot
    with tokens in increasing order, and a token's slots in increasing order,
    padded to a multiple of `block_rows`; an expert without pairs takes no row:

    ```
    sorted_ids[i]     = slot << 24 | token        padding: topk << 24 | tokens
    sorted_weights[i] = topk_weights[token, slot]            padding: 0
    expert_ids[i / block_rows] = the expert
    num_valid[0] = rows in use, num_valid[1] = tokens that were sorted
    ```

    What lies past `num_valid[0]` is not written. The order is the one above
    whatever the hardware does: nothing depends on atomics.

    * `topk_ids` outside [0, `experts`) are skipped: so a slot without an expert
      appears nowhere. With `expert_map`, `topk_ids` count the experts of all
      devices, and expert_map[e] is the expert's number on this one, or
      anything outside [0, `experts`).
    * With `local_tokens`, which is read on the device, only tokens below its
      element are sorted; it counts as 0 below 0 and as `tokens` above.
    * `clear` is filled with zeros, all `tokens` rows: an accumulating stage 2
      then needs no launch of its own for it.
    * With a `workspace`, whose contents mean nothing before and after, the sort
      takes three kernels of several workgroups (`-moe-decompose` makes three
      ops of the phases `count`, `scan` and `place`); without one a single
      workgroup does all, which suits up to some 1500 pairs.

    Precondition: an expert occurs at most once among a token's ids, and the
    lists are as long as that takes: tokens * topk + experts * block_rows - topk
    rows, and an entry of `expert_ids` for each `block_rows` of them or part of
    it. Zero tokens are sorted to zero rows.

    In a kernel, the op stands in a `gpu.func` of 256 x 1 x 1 threads. The grid
    in x is 1 workgroup (16 in the phases `count` and `place`), and `tokens`
    more with `clear`, which phase `count` or `all` does. In host code it has
    the same forms as `moe.grouped_gemm`.

    Constraints:
    * (C1) `topk_ids` and `topk_weights` are ?xK with one static K, from 1 to
      255;
    * (C2) `experts` is from 1 to 2048, `block_rows` from 1 to 65536;
    * (C3) `num_valid` has 2 elements, `local_tokens` 1, `expert_map` a static
      number from 1 to 65536, and `workspace` is 64 x `experts`;
    * (C4) `clear` is ?xN, N a multiple of 32; its offset and row stride are
      multiples of 16 bytes;
    * (C5) a phase other than `all` is of a sort on memrefs with a workspace; in
      a kernel, a workspace comes with such a phase;
    * (C6) `tokens`, where constant, is below 2^24 and no more than the operands
      have rows for;
    * (C7) the memory operands are in the default or the global memory space,
      those that are written are none of the others,
      the elements of a row follow each other and rows do not overlap;
    * (C8) the operands are all memrefs, without results, or all tensors, with a
      result for each operand that is written.

    *Lowers to* (`-moe-expand-kernel`): counters in LDS, one row a wave; a wave
    finds the lanes of one expert by `rocdl.ballot`, the only op here that is
    not of `memref`, `arith`, `scf`, `vector` and `gpu`, where MLIR 22 has none.

    ```mlir
    moe.sort outs(%sorted, %experts, %sorted_weights, %num_valid :
            memref<?xi32>, memref<?xi32>, memref<?xf32>, memref<2xi32>)
        ins(%ids, %weights : memref<?x8xi32>, memref<?x8xf32>)
        expert_map(%map : memref<256xi32>) clear(%out : memref<?x7168xbf16>)
        tokens(%tokens) experts 32 block_rows 16
    ```
  }];
  let arguments = (ins MoE_AnyIds:$sorted_ids, MoE_AnyIds:$expert_ids,
      MoE_AnyRoutingWeights:$sorted_weights, MoE_AnyIds:$num_valid,
      Optional<MoE_AnyTopkIds>:$workspace, Optional<MoE_AnyOutput>:$clear,
      MoE_AnyTopkIds:$topk_ids, MoE_AnyMatrix:$topk_weights,
      Optional<MoE_AnyIds>:$expert_map, Optional<MoE_AnyIds>:$local_tokens,
      I32:$tokens, I64Attr:$experts, I64Attr:$block_rows,
      DefaultValuedAttr<MoE_SortPhaseAttr, "SortPhase::All">:$phase);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `outs` `(` $sorted_ids `,` $expert_ids `,` $sorted_weights `,` $num_valid
      `:` type($sorted_ids) `,` type($expert_ids) `,` type($sorted_weights) `,`
      type($num_valid) `)`
    `ins` `(` $topk_ids `,` $topk_weights `:` type($topk_ids) `,`
      type($topk_weights) `)`
    (`expert_map` `(` $expert_map^ `:` type($expert_map) `)`)?
    (`local_tokens` `(` $local_tokens^ `:` type($local_tokens) `)`)?
    (`workspace` `(` $workspace^ `:` type($workspace) `)`)?
    (`clear` `(` $clear^ `:` type($clear) `)`)?
    `tokens` `(` $tokens `)` `experts` $experts `block_rows` $block_rows
    (`phase` $phase^)? attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    /// Threads and waves of a workgroup.
    static constexpr int64_t kThreads = 256, kWaves = 4;
    /// Workgroups of the phases count and place, and rows of the workspace,
    /// one for each of their waves.
    static constexpr int64_t kGroups = 16, kParts = kGroups * kWaves;
    static constexpr int64_t kMaxExperts = 2048, kMaxBlockRows = 65536;
    int64_t getTopk() { return getTopkIds().getType().getDimSize(1); }
    /// Whether the op is the one that clears, if there is something to clear.
    bool clears() {
      return getClear() && (getPhase() == SortPhase::All ||
                            getPhase() == SortPhase::Count);
    }
    /// Workgroups that sort; those that clear come after them.
    int64_t getSortGroups() {
      return getPhase() == SortPhase::Count || getPhase() == SortPhase::Place
                 ? kGroups
                 : 1;
    }
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      unsigned inits = 4 + (getWorkspace() ? 1 : 0) + (getClear() ? 1 : 0);
      return ::mlir::MutableOperandRange(*this, /*start=*/0, inits);
    }
  }];
}

#endif // MOE_DIALECT_MOE_IR_ROUTINGOPS_TD
