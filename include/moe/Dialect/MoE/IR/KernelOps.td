// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The products and the kernels behind them, and moe.preshuffled, which gives
// them the bytes of an engine. Routing and sorting are in RoutingOps.td, what an
// engine does to weights in WeightOps.td, what the kernels are made of in
// TileOps.td.

#ifndef MOE_DIALECT_MOE_IR_KERNELOPS_TD
#define MOE_DIALECT_MOE_IR_KERNELOPS_TD

include "moe/Dialect/MoE/IR/MoEOpBase.td"

def MoE_GroupedGemmOp : MoE_KernelOp<"grouped_gemm", [
    AttrSizedOperandSegments]> {
  let summary = "one stage of a mixture-of-experts layer, all experts";
  let description = [{
    Computes, for every routed pair of a token and a slot, one row of
    activations times the weights of the expert the pair is routed to. Stage 2
    (`down`), for each valid sorted row i of the M block b = i/block_rows with
    e = expert_ids[b], token t and slot s:

    ```
    v[n] = sum_k x[t*topk + s, k] * w[e, n, k] * 2^(scale[e, n, k/32] - 127)
           + bias[e, n]
    v[n] = v[n] * sorted_weights[i]                with routing_weight
    out[t*topk + s, n]  = v[n]                     without accumulate
    out[t, n]          += v[n]                     accumulate
    out[t*topk + s, n] += v[n]                     accumulate per_slot
    ```

    rounded to the element type of `out` once, and with `accumulate` once more
    for each addition; additions are atomic and in no particular order. Rows of
    `out` that nothing is routed to keep their contents, in every mode, and
    `accumulate` never clears `out`: its initial contents are an input.

    Stage 1 (`gate_up`) has gate and up rows in `w` (2 x I rows, in the order
    that the layout's `gate` says) and x has one row a token:

    ```
    g, u = the two sums for gate row c and up row c, each + its bias
    out[t*topk + s, c] = activation(g, u) [* sorted_weights[i]]
    ```

    with the activations of `moe.activate` and their parameters. Without an
    activation, stage 1 leaves raw sums for `moe.activate_sums`: `out` is f32,
    [T*topk, 2 x I], gate columns first, then up columns, whatever the layout;
    they are stored, or added with `accumulate`.

    The routing operands follow the contract of a mixture-of-experts sorting
    step. `sorted_ids[i]` is `slot << 24 | token`; a row is valid iff
    token < `tokens` and slot < `topk`. There is one entry of `expert_ids` for
    each M block of `block_rows` sorted rows. `num_valid[0]` is the number of
    sorted rows in use, a multiple of `block_rows`; everything past it is
    garbage and is not looked at. `num_valid[1]`, where sorting steps keep the
    number of tokens, is not read. A block whose expert id is not in [0, E) does
    nothing. `sorted_weights` may hold anything, NaN included, on rows that are
    not valid.

    With `unsorted` the op needs no sorting step: it reads `topk_ids` and
    `topk_weights`, both [T, topk], as `moe.sort` does, with the same
    `expert_map` and `local_tokens`, and computes the same rows. There is a tile
    for each pair of a token and a slot. The workgroup of a pair whose expert is
    that of an earlier pair, or is not on this device, does nothing; the first
    pair's computes the rows of all pairs of the expert, tile_m at a time. So
    weights that tokens share are read once, as with sorting, any number of
    tokens is right, and the work beside the product grows with the square of
    the number of pairs: it suits up to about 8 tokens, where it saves the
    launch that sorts. `clear` is filled with zeros, all `tokens` rows, by
    workgroups of its own: an accumulating stage 2 behind this stage 1 then
    starts from them.

    The optional `schedule` says how the product is computed, never what is
    computed: `k_batch` slices of K, contiguous runs of K tiles
    as equal as possible, are computed by different workgroups, the first slice
    adds the bias; inside a workgroup `k_wave` groups of waves share the slice's
    K tiles likewise and add their sums in LDS. `-moe-choose-schedule` gives an
    op without a schedule one.

    With `deterministic` the sum over K has one order on a chip, that of
    increasing K: the bits of a row of `out` depend on its activations, weights,
    bias and routing weight, and not on the schedule, the number of tokens, the
    rows beside it or the order in which workgroups run. A schedule that cuts K
    is refused, and so are atomic additions. Without it these may change the
    last bits of a result, within the bounds of `docs/Numerics.md`.

    The op has three forms:

    * in a `gpu.func` with the attribute `kernel`, on memrefs: all workgroups of
      the kernel compute it together. They have `waves` x 64 x 1 x 1 threads and
      the grid is `ceildiv(rows of w, tile_n) * num_blocks *
      (block_rows / tile_m) * k_batch` workgroups in x, where `num_blocks` is
      the length of `expert_ids` (`docs/Layouts.md`, "Grid"); with `unsorted`
      `ceildiv(rows of w, tile_n) * tokens * topk * k_batch`, and `tokens` more
      with `clear`. Control flow around the op must be the same in all threads of a workgroup. With
      `k_batch` above 1 it accumulates;
    * in host code on memrefs that a kernel may touch;
    * in host code on tensors, in destination-passing style: `out` is read and
      written, the result is its new value. `-one-shot-bufferize` makes it the
      second form, `-moe-outline-kernels` the first.

    Every operand's first element, and with a row stride the first element of
    each row of `x` and `out`, is at a multiple of 16 bytes. Where offset and
    stride are known only at run time, that is a precondition. Byte offsets into weights
    and `out` are 64 bits wide; `x`, its rows times its row stride, must be
    smaller than 4 GiB - 1 MiB.

    Constraints:
    * (C1) `x` has rank 2, any number of rows and K columns, K static, a multiple of 32, at most 65536;
    * (C2) `w` is ExRxK in the layout `#moe.preshuffle<weight>`, R = N in stage
      `down` and 2 x I in stage `gate_up`;
    * (C3) `scale` is ExRx(K/32) in the layout `#moe.preshuffle<scale>`;
    * (C4) `out` is ?xN, N a multiple of 32, or of 16 with an activation, where
      it is I; it is 2 x I for raw sums; it is not `x`;
    * (C5) `num_valid` has 2 elements;
    * (C6) `bias`, when present, is ExR;
    * (C7) the gate layouts of `w` and `scale` are equal: `none` in stage
      `down`, another one in stage `gate_up`;
    * (C8) `k_batch` is at most the number of K tiles, ceil(K / tile_k);
    * (C9) `k_wave` is at most the K tiles of the smallest slice,
      floor(ceil(K / tile_k) / k_batch);
    * (C10) 1 <= `topk` <= 255, and `tokens`, where constant, is below 2^24 and
      no more than the operands have rows for;
    * (C11) the memory operands are in the default or the global memory space,
      and what is written is none of the others;
    * (C12) the elements of a row follow each other (in host code the stride may
      be dynamic, and must be 1) and rows do not overlap;
      offsets, and the row strides of `x`, `out` and `bias`, may be static or
      dynamic; those of `x` and `out`, and the offset of `sorted_weights`, are
      multiples of 16 bytes; the size of `x`, where static, is below
      4 GiB - 1 MiB;
    * (C13) an activation belongs to stage `gate_up`, has its own parameters and
      plain stores; raw sums are f32, without bias and routing weight; stage
      `down` has no parameters;
    * (C14) stage `gate_up` needs tile_n a multiple of 32 x waves in N, a block
      of gate and one of up columns for each wave;
    * (C15) `block_rows` is 16, 32, 64 or 128, and a multiple of tile_m; with
      `unsorted` there is none;
    * (C16) `per_slot` belongs to stage `down` with `accumulate`;
    * (C17) the operands are all memrefs, without results, or all tensors, with
      a result for each operand that is written;
    * (C18) `deterministic` goes with neither `accumulate` nor a schedule of
      `k_batch` or `k_wave` above 1;
    * (C19) the routing is either the four lists or `unsorted`; `topk_ids` and
      `topk_weights` are ?x`topk`, `expert_map` has a static number of elements
      from 1 to 65536, `local_tokens` 1; these two and `clear` belong to
      `unsorted`;
    * (C20) with `unsorted`, `k_batch` above 1 needs `accumulate`: the second
      kernel of a stored output reads sorted lists;
    * (C21) `clear` belongs to stage `gate_up`, is ?xN, N a multiple of 32, and
      is neither `out` nor `x`; its offset and row stride are multiples of 16 bytes.

    What depends on the chip (LDS, atomics, instructions) is checked by
    `-moe-check-target`.

    *Lowers to* (`-moe-expand-kernel`): `moe.route_rows`, `moe.pingpong` and
    `moe.scatter` under one `scf.if`; with `unsorted`, ahead of it, a loop that
    finds the pairs of an expert by `rocdl.ballot`. Each wave writes a list of
    their ids in LDS, which only it reads.

    Where `k_batch` above 1 meets a stored output, `-moe-decompose` has made it one
    that accumulates into f32, and `moe.activate_sums`, before that.

    ```mlir
    moe.grouped_gemm down accumulate routing_weight
        outs(%out : memref<?x2880xbf16, strided<[2880, 1]>, #gpu.address_space<global>>)
        ins(%x, %w, %scale : memref<?x2880xbf16, strided<[2880, 1]>, #gpu.address_space<global>>,
            memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>, #gpu.address_space<global>>,
            memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>, #gpu.address_space<global>>)
        routing(%ids, %experts, %weights, %num_valid :
            memref<?xi32, strided<[1]>, #gpu.address_space<global>>,
            memref<?xi32, strided<[1]>, #gpu.address_space<global>>,
            memref<?xf32, strided<[1]>, #gpu.address_space<global>>,
            memref<2xi32, #gpu.address_space<global>>)
        tokens(%tokens) topk 4 block_rows 16
        schedule <tile_m = 16, tile_n = 128, tile_k = 256>
    ```

    The same without sorting:

    ```mlir
    moe.grouped_gemm down accumulate routing_weight
        outs(%out : memref<?x2880xbf16, strided<[2880, 1]>, #gpu.address_space<global>>)
        ins(%x, %w, %scale : memref<?x2880xbf16, strided<[2880, 1]>, #gpu.address_space<global>>,
            memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>, #gpu.address_space<global>>,
            memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>, #gpu.address_space<global>>)
        unsorted(%topk_ids, %topk_weights :
            memref<?x4xi32, strided<[4, 1]>, #gpu.address_space<global>>,
            memref<?x4xf32, strided<[4, 1]>, #gpu.address_space<global>>)
        tokens(%tokens) topk 4 schedule <tile_m = 16, tile_n = 64, tile_k = 256>
    ```
  }];
  let arguments = (ins
    EnumAttr<MoE_Dialect, MoE_Stage, "stage">:$stage,
    UnitAttr:$accumulate,
    UnitAttr:$per_slot,
    UnitAttr:$routing_weight,
    UnitAttr:$deterministic,
    MoE_AnyOutput:$out,
    Optional<MoE_AnyOutput>:$clear,
    MoE_AnyActivations:$x,
    MoE_AnyWeights:$w,
    MoE_AnyScales:$scale,
    Optional<MoE_AnyIds>:$sorted_ids,
    Optional<MoE_AnyIds>:$expert_ids,
    Optional<MoE_AnyRoutingWeights>:$sorted_weights,
    Optional<MoE_AnyIds>:$num_valid,
    Optional<MoE_AnyTopkIds>:$topk_ids,
    Optional<MoE_AnyMatrix>:$topk_weights,
    Optional<MoE_AnyIds>:$expert_map,
    Optional<MoE_AnyIds>:$local_tokens,
    Optional<MoE_AnyMatrix>:$bias,
    DefaultValuedAttr<EnumAttr<MoE_Dialect, MoE_Activation, "activation">,
                      "Activation::None">:$activation,
    Variadic<F32>:$params,
    I32:$tokens,
    I64Attr:$topk,
    OptionalAttr<I64Attr>:$block_rows,
    OptionalAttr<MoE_ScheduleAttr>:$schedule
  );
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $stage (`accumulate` $accumulate^)? (`per_slot` $per_slot^)?
    (`routing_weight` $routing_weight^)? (`deterministic` $deterministic^)?
    `outs` `(` $out `:` type($out) `)`
    `ins` `(` $x `,` $w `,` $scale `:` type($x) `,` type($w) `,` type($scale) `)`
    (`routing` `(` $sorted_ids^ `,` $expert_ids `,` $sorted_weights `,` $num_valid
      `:` type($sorted_ids) `,` type($expert_ids) `,` type($sorted_weights) `,`
      type($num_valid) `)`)?
    (`unsorted` `(` $topk_ids^ `,` $topk_weights `:` type($topk_ids) `,`
      type($topk_weights) `)`)?
    (`expert_map` `(` $expert_map^ `:` type($expert_map) `)`)?
    (`local_tokens` `(` $local_tokens^ `:` type($local_tokens) `)`)?
    (`clear` `(` $clear^ `:` type($clear) `)`)?
    (`bias` `(` $bias^ `:` type($bias) `)`)?
    (`activation` $activation^ `(` $params `)`)?
    `tokens` `(` $tokens `)` `topk` $topk (`block_rows` $block_rows^)?
    (`schedule` $schedule^)? attr-dict (`->` type($results)^)?
  }];
  let builders = [
    OpBuilder<(ins "const GroupedGemmSpec &":$spec)>
  ];
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(*this, /*start=*/0,
                                         /*length=*/getClear() ? 2 : 1);
    }
    /// Whether the op reads `topk_ids` in place of sorted lists.
    bool isUnsorted() { return static_cast<bool>(getTopkIds()); }
    int64_t getE() { return getW().getType().getDimSize(0); }
    /// Columns of the output.
    int64_t getN() { return getOut().getType().getDimSize(1); }
    /// Rows of an expert's weights, over which the tiles in N run.
    int64_t getRows() { return getW().getType().getDimSize(1); }
    int64_t getK() { return getX().getType().getDimSize(1); }
    /// Order of gate and up rows in the weights.
    GateLayout getGate();
    /// Stage 1 without an activation.
    bool isRawSums() {
      return getStage() == Stage::GateUp && getActivation() == Activation::None;
    }
    /// Whether row t*topk + s of `out` belongs to slot s of token t; else row t
    /// belongs to all slots of t.
    bool hasRowPerSlot() {
      return getStage() == Stage::GateUp || !getAccumulate() || getPerSlot();
    }
    /// The op as the choice of a schedule and LDS sizes see it.
    Product getProduct();
    /// With a schedule only: number of K tiles, the last one perhaps partial.
    int64_t getNumKTiles();
    /// With a schedule only: bytes of LDS, moe::ldsBytes(), and in it of each of
    /// the two buffers and of the lists.
    int64_t getLdsBytes();
    int64_t getBufferBytes();
    int64_t getListBytes();
  }];
}

def MoE_ActivateSumsOp : MoE_KernelOp<"activate_sums", [
    AttrSizedOperandSegments]> {
  let summary = "the second step after split-K into f32 sums";
  let description = [{
    `moe.grouped_gemm` leaves raw sums in stage 1 without an activation, and f32
    sums in stage 2 with `accumulate per_slot`. This op makes the stage's output
    of them: for each valid sorted row i of the M block b = i/block_rows with
    e = expert_ids[b], token t and slot s, r = t*topk + s and each column c of
    `out`:

    ```
    g, u = sums[r, c] + bias[e, gate row c], sums[r, I + c] + bias[e, up row c]
    out[r, c] = activation(g, u) [* sorted_weights[i]]
    out[r, c] = sums[r, c]       [* sorted_weights[i]]    activation none
    ```

    rounded once, to the element type of `out`; the activations and their
    parameters are those of `moe.activate`. Rows that no valid sorted row names,
    and those of blocks whose expert id is not in [0, `experts`), are neither
    read nor written. The routing operands follow the same contract as in
    `moe.grouped_gemm`. `gate` says in which order the gate and up rows of
    `bias` lie, that of the weights.

    In a kernel, the op stands in a `gpu.func` of 256 x 1 x 1 threads, launched
    on a grid of `ceildiv(columns of out, 1024) * num_blocks * block_rows`
    workgroups in x: one for each sorted row and 1024 columns. In host code it
    has the same forms as `moe.grouped_gemm`.

    Constraints:
    * (C1) `out` is ?xI with I static, a multiple of 16, and `sums` is
      ?x(2 x I), or ?xI with activation `none`;
    * (C2) the activation has its own parameters;
    * (C3) `bias`, when present, is experts x (2 x I) with a gate layout that is
      not `none`; without a bias there is no gate layout; activation `none` has no bias;
    * (C4) `block_rows` is 16, 32, 64 or 128;
    * (C5) `num_valid` has 2 elements, `tokens`, where constant, is below 2^24
      and no more than the operands have rows for;
    * (C6) the memory operands are in the default or the global memory space,
      `out` is none of the others, the elements of a row follow each other and
      rows do not overlap; offsets and row strides of `sums`, `out` and `bias`
      are multiples of 16 bytes;
    * (C7) the operands are all memrefs, without results, or all tensors, with
      one result of the type of `out`.

    *Lowers to* (`-moe-expand-kernel`): `memref`, `vector` and `arith` ops around
    `moe.activate`.

    ```mlir
    moe.activate_sums swiglu(%alpha, %limit) %sums to %out
        routing(%ids, %experts, %weights, %num_valid) bias(%bias) gate interleaved
        tokens(%tokens) topk 4 experts 128 block_rows 16
        : memref<?x5760xf32>, memref<?x2880xbf16>, memref<?xi32>, memref<?xi32>,
          memref<?xf32>, memref<2xi32>, memref<128x5760xf32>
    ```
  }];
  let arguments = (ins
    EnumAttr<MoE_Dialect, MoE_Activation, "activation">:$activation,
    Variadic<F32>:$params,
    MoE_AnyMatrix:$sums,
    MoE_AnyOutput:$out,
    MoE_AnyIds:$sorted_ids,
    MoE_AnyIds:$expert_ids,
    MoE_AnyRoutingWeights:$sorted_weights,
    MoE_AnyIds:$num_valid,
    Optional<MoE_AnyMatrix>:$bias,
    DefaultValuedAttr<EnumAttr<MoE_Dialect, MoE_GateLayout, "gate_layout">,
                      "GateLayout::None">:$gate,
    I32:$tokens, MoE_Topk:$topk,
    ConfinedAttr<I64Attr, [IntPositive]>:$experts,
    I64Attr:$block_rows, UnitAttr:$routing_weight);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $activation (`(` $params^ `)`)? $sums `to` $out
    `routing` `(` $sorted_ids `,` $expert_ids `,` $sorted_weights `,` $num_valid `)`
    (`bias` `(` $bias^ `)`)? (`gate` $gate^)?
    `tokens` `(` $tokens `)` `topk` $topk `experts` $experts
    `block_rows` $block_rows (`routing_weight` $routing_weight^)? attr-dict
    `:` type($sums) `,` type($out) `,` type($sorted_ids) `,` type($expert_ids)
    `,` type($sorted_weights) `,` type($num_valid) (`,` type($bias)^)?
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = destinationDeclaration # [{
    /// Threads of a workgroup, and the columns it computes, four a thread.
    static constexpr int64_t kThreads = 256, kColumns = 1024;
  }];
}

def MoE_ReduceSlotsOp : MoE_KernelOp<"reduce_slots"> {
  let summary = "sum over the slots of a stage 2 output that was stored";
  let description = [{
    `moe.grouped_gemm` of stage `down` without `accumulate` leaves one row for
    each token and slot. This op adds them up:

    ```
    out[t, n] = sum over s with valid[t*topk + s] != 0 of parts[t*topk + s, n]
    ```

    in f32, in the order of the slots, rounded once to the element type of
    `out`. Without `valid` every slot counts. Rows whose `valid` entry is zero
    are ignored, even if NaN: with experts that are not local nobody has written
    them. A token without a valid slot gets zeros. Nothing here is atomic, so
    the result does not depend on the order of anything.

    In a kernel, the op stands in a `gpu.func` of 256 x 1 x 1 threads, launched
    on a grid of `ceildiv(n, 256 * columns of a thread) * tokens` workgroups in
    x; a thread takes 16 bytes of a row of `parts`, that is 8 columns of bf16
    and f16, 4 of f32. In host code it has the same forms as
    `moe.grouped_gemm`.

    Constraints:
    * (C1) `out` and `parts` are ?xN, N static and a multiple of 32;
    * (C2) `tokens`, where constant, is below 2^24 and no more than the operands
      have rows for;
    * (C3) the memory operands are in the default or the global memory space,
      `out` is none of the others, the elements of a row follow each other and
      rows do not overlap; offsets and row strides of `parts` and `out` are
      multiples of 16 bytes;
    * (C4) the operands are all memrefs, without results, or all tensors, with
      one result of the type of `out`.

    *Lowers to* (`-moe-expand-kernel`): `memref`, `vector` and `arith` ops.

    ```mlir
    moe.reduce_slots %parts to %out valid(%valid) tokens(%tokens) topk 4
        : memref<?x2880xbf16>, memref<?x2880xbf16>, memref<?xi8>
    ```
  }];
  let arguments = (ins
    MoE_AnyOutput:$parts,
    MoE_AnyOutput:$out,
    Optional<MoE_AnyMask>:$valid,
    I32:$tokens, MoE_Topk:$topk);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $parts `to` $out (`valid` `(` $valid^ `)`)? `tokens` `(` $tokens `)` `topk`
    $topk attr-dict `:` type($parts) `,` type($out) (`,` type($valid)^)?
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = destinationDeclaration # [{
    /// Threads of a workgroup.
    static constexpr int64_t kThreads = 256;
    /// Columns that one thread adds up: 16 bytes of `parts`.
    int64_t getThreadColumns() {
      return 128 / getParts().getType().getElementTypeBitWidth();
    }
  }];
}

def MoE_PreshuffledOp : MoE_Op<"preshuffled", [
    Pure, DeclareOpInterfaceMethods<ViewLikeOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "bytes seen as preshuffled weights or scales";
  let description = [{
    The bytes of a checkpoint, in the order that the result's
    `#moe.preshuffle` layout says (`docs/Layouts.md`), as weights or scales.
    Nothing moves. Function boundaries and memory of host code know bytes only:
    this op is where the layout enters, for memrefs and, as the encoding, for
    tensors.

    Constraints:
    * (C1) the result has the layout `#moe.preshuffle`, weights of `f4E2M1FN`,
      scales of `f8E8M0FNU`;
    * (C2) both are memrefs in one memory space, or both are tensors;
    * (C3) the number of bytes, where static, is that of the layout, padding
      included; else it is a precondition;
    * (C4) bytes in memory are contiguous; in a kernel they have no offset
      (`memref.view` moves the start), in host code an offset is a multiple of
      16.

    *Lowers to* nothing: kernels take the address of the bytes.

    ```mlir
    %w = moe.preshuffled %bytes
        : memref<542638080xi8> to memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>>
    ```
  }];
  let arguments = (ins MoE_AnyBytes:$bytes);
  let results = (outs MoE_AnyPreshuffled:$result);
  let assemblyFormat = [{
    $bytes attr-dict `:` type($bytes) `to` type($result)
  }];
  let hasVerifier = 1;
}

#endif // MOE_DIALECT_MOE_IR_KERNELOPS_TD
