// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of the moe dialect, kernel level first, then tile level; routing and
// sorting are in RoutingOps.td. Each description says what the op means, its constraints (C1, C2, ..., the numbers the
// verifiers use), what it lowers to, and shows it in IR. How the lowering does
// it stands in lib/Dialect/MoE/Transforms and lib/Conversion/MoEToAMDGPU.

#ifndef MOE_DIALECT_MOE_IR_MOEOPS_TD
#define MOE_DIALECT_MOE_IR_MOEOPS_TD

include "moe/Dialect/MoE/IR/MoEOpBase.td"

//===----------------------------------------------------------------------===//
// Kernel level
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Tile level
//===----------------------------------------------------------------------===//

def MoE_RouteRowsOp : MoE_Op<"route_rows", [
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>,
    MemoryEffects<[]>]> {
  let summary = "rows of the activations that this lane gathers";
  let description = [{
    A tile of tile_m x tile_k bf16 is moved in 16-byte chunks, row-major: lane l
    of wave w moves chunks (w*C + c)*64 + l, c = 0 to C - 1. Element c of this is
    the row of the activations that chunk c comes from: for sorted row
    i = `first` + (chunk / (tile_k/8)), `token * topk + slot` with `per_slot`
    (stage 2), else `token` (stage 1); -1 if the sorted row is not valid.
    `sorted_ids` may be in workgroup memory.

    Constraints:
    * (C1) tile_m * tile_k / 8 is a multiple of `threads`, which are whole
      waves of 64 and at most 1024, and the result has one element for each
      chunk of a lane, at most 1024.

    *Lowers to* loads of `sorted_ids` and integer arithmetic.

    ```mlir
    %rows = moe.route_rows %ids[%m0] tokens(%tokens) topk 4 per_slot tile 16 x 256 threads 256
        : memref<?xi32, #gpu.address_space<global>> -> vector<2xi32>
    ```
  }];
  let arguments = (ins
    Arg<MoE_Ids, "sorted token ids", [MemRead]>:$sorted_ids, Index:$first,
    I32:$tokens, MoE_Topk:$topk, UnitAttr:$per_slot,
    ConfinedAttr<I64Attr, [IntPositive]>:$tile_m,
    ConfinedAttr<I64Attr, [IntPositive]>:$tile_k,
    ConfinedAttr<I64Attr, [IntPositive]>:$threads);
  let results = (outs MoE_Rows:$rows);
  let assemblyFormat = [{
    $sorted_ids `[` $first `]` `tokens` `(` $tokens `)` `topk` $topk
    (`per_slot` $per_slot^)? `tile` $tile_m `x` $tile_k `threads` $threads
    attr-dict `:` type($sorted_ids) `->` type($rows)
  }];
  let hasVerifier = 1;
}

def MoE_PingpongOp : MoE_Op<"pingpong", [
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>,
    AllTypesMatch<["ping", "pong"]>, MemoryEffects<[]>]> {
  let summary = "product of a gathered A tile with a wave's weights, all of K";
  let description = [{
    The ping-pong loop. Two LDS buffers hold A tiles of tile_m x tile_k; while
    the waves multiply the tile in one buffer, the next tile is gathered into
    the other, and each wave loads its next weights into registers. K runs over
    `columns` columns from `k` on, which is a multiple of tile_k; the last tile may be
    partial. `end` is at least `k` + `columns` - tile_k; with it, the last tile
    may lie past `end` as a whole, and then contributes nothing;
    no tile but the last may reach past K. Groups of waves that share K tiles take the same
    number of steps that way.

    Each wave multiplies all tile_m rows with its own rows of the weights,
    starting at `n`. The result is this lane's accumulators:
    element [mb][nb][v] is column `n` + 16*nb + lane%16 of row
    16*mb + 4*(lane/16) + v.

    Constraints:
    * (C1) both buffers are of one type, rows a multiple of 16 and columns
      (tile_k) 128 or a multiple of 256, in workgroup memory;
    * (C2) the result is (tile_m/16) x (wave columns/16) x 4;
    * (C3) `x`, `w` and `scale` agree in K, `w` and `scale` in E and N, with
      `w` and `scale` in their preshuffled layouts;
    * (C4) `columns` is a positive multiple of 32, and of tile_k with `end`; `k`
      is a multiple of tile_k, and `k` + `columns` is at most K, with `end` at
      most K rounded up to tile_k. (Of a constant `k`; of another, `columns` is.)

    *Lowers to* (`-moe-pipeline`): a prologue, one `scf.for` whose body is a
    ping step and a pong step, and the remaining steps one by one, each made of
    `moe.sync`, `moe.gather`, `moe.load_weight`, `moe.load_scale`, `moe.unpack`
    and `moe.mfma`.

    ```mlir
    %acc = moe.pingpong x(%x[%rows]) weights(%w[%e, %n]) scales(%s)
        k(%c0) columns 2880 buffers(%ping, %pong) cache nt
        : memref<?x2880xbf16>, vector<2xi32>,
          memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>>,
          memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>>,
          memref<16x256xbf16, #gpu.address_space<workgroup>> -> vector<1x2x4xf32>
    ```
  }];
  let arguments = (ins
    Arg<MoE_Activations, "activations", [MemRead]>:$x, MoE_Rows:$rows,
    Arg<MoE_Weights, "weights", [MemRead]>:$w, Index:$expert, Index:$n,
    Arg<MoE_Scales, "weight scales", [MemRead]>:$scale, Index:$k,
    Optional<Index>:$end, ConfinedAttr<I64Attr, [IntPositive]>:$columns,
    Arg<MoE_LdsTile, "first buffer", [MoE_LdsRead, MoE_LdsWrite]>:$ping,
    Arg<MoE_LdsTile, "second buffer", [MoE_LdsRead, MoE_LdsWrite]>:$pong,
    DefaultValuedAttr<EnumAttr<MoE_Dialect, MoE_CachePolicy, "cache_policy">,
                      "CachePolicy::Default">:$cache);
  let results = (outs MoE_Accumulator:$acc);
  let assemblyFormat = [{
    `x` `(` $x `[` $rows `]` `)` `weights` `(` $w `[` $expert `,` $n `]` `)`
    `scales` `(` $scale `)` `k` `(` $k (`to` $end^)? `)` `columns` $columns
    `buffers` `(` $ping `,` $pong `)`
    (`cache` $cache^)? attr-dict
    `:` type($x) `,` type($rows) `,` type($w) `,` type($scale) `,` type($ping)
    `->` type($acc)
  }];
  let hasVerifier = 1;
}

def MoE_GatherOp : MoE_Op<"gather", [MemoryEffects<[]>]> {
  let summary = "gather an A tile into LDS";
  let description = [{
    Starts to copy columns `k` to `k` + `columns` - 1 of the given rows of `x`
    into the LDS tile. The tile is filled with zeros in the rows whose entry in
    `rows` is -1 and in the columns from `columns` on. With `bounded`, `k` may be
    anything below 2^30 and columns past the K of `x` are zeros too. Reading the tile is
    allowed after the next `moe.sync`.

    The 16-byte chunk j of row r stands at chunk position j ^ key(r) of the row,
    so that lanes reading one column of several rows meet different groups of
    LDS banks; key(r) is the layout's (`docs/Layouts.md`, "A tile").

    Constraints:
    * (C1) `to` is in workgroup memory, its columns (tile_k) a multiple of 128;
    * (C2) tile_m * tile_k / 8 is a multiple of 64 lanes x the number of `rows`,
      which is the number of chunks a lane moves;
    * (C3) `columns` is a multiple of 32 and at most tile_k;
    * (C4) a constant `k` is below 2^30 and a multiple of 8.

    *Lowers to* `rocdl.raw.ptr.buffer.load.lds` of 16 bytes on chips that have
    it, else to `rocdl.raw.ptr.buffer.load` and `vector.store`.

    ```mlir
    moe.gather %x[%rows, %k] columns 256 to %ping
        : memref<?x2880xbf16>, vector<2xi32>, memref<16x256xbf16, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins
    Arg<MoE_Activations, "activations", [MemRead]>:$x, MoE_Rows:$rows, Index:$k,
    ConfinedAttr<I64Attr, [IntPositive]>:$columns, UnitAttr:$bounded,
    Arg<MoE_LdsTile, "LDS tile", [MoE_LdsWrite]>:$to);
  let assemblyFormat = [{
    $x `[` $rows `,` $k `]` `columns` $columns (`bounded` $bounded^)? `to` $to
    attr-dict
    `:` type($x) `,` type($rows) `,` type($to)
  }];
  let hasVerifier = 1;
}

def MoE_LoadWeightOp : MoE_Op<"load_weight", [
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>,
    MemoryEffects<[]>]> {
  let summary = "load this lane's fragments of preshuffled MXFP4 weights";
  let description = [{
    Loads a block of (16*NB) rows x (128*KB) K of an expert's weights, the first
    row `n`, the first K `k`. The result is NB x KB x 32 and

    ```
    result[nb][kb][i] = w[expert, n + 16*nb + lane%16,
                          k + 128*kb + 32*(lane/16) + i]
    ```

    so that [nb][kb] is 16 consecutive bytes and exactly one scale block. Rows
    past the end of the expert are zeros; where gate and up rows are separated,
    gate rows past the last one are up rows. `n` must be a multiple of 16 and `k`
    of 128, `expert` within [0, E), all three equal in the lanes of a wave. With
    `bounded`, K blocks that begin past K are zeros, whatever `k` is.

    In a stage 1 layout (`gate` is not `none`) `n` counts rows in
    pairs of blocks: block 2*j is block j of the gate rows, block 2*j + 1 is
    block j of the up rows, whatever their order in memory.

    `cache nt` marks the loads as non-temporal.

    Constraints:
    * (C1) `w` has the layout `#moe.preshuffle<weight>`;
    * (C2) the last dimension of the result is 32;
    * (C3) a constant `n` is a multiple of 16, a constant `k` of 128.

    *Lowers to* NB*KB `rocdl.raw.ptr.buffer.load` of 16 bytes.

    ```mlir
    %f = moe.load_weight %w[%e, %n, %k] cache nt
        : memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>> -> vector<2x2x32xf4E2M1FN>
    ```
  }];
  let arguments = (ins
    Arg<MoE_Weights, "weights", [MemRead]>:$w, Index:$expert, Index:$n, Index:$k,
    DefaultValuedAttr<EnumAttr<MoE_Dialect, MoE_CachePolicy, "cache_policy">,
                      "CachePolicy::Default">:$cache,
    UnitAttr:$bounded);
  let results = (outs MoE_WeightFragment:$result);
  let assemblyFormat = [{
    $w `[` $expert `,` $n `,` $k `]` (`cache` $cache^)? (`bounded` $bounded^)?
    attr-dict
    `:` type($w) `->` type($result)
  }];
  let hasVerifier = 1;
}

def MoE_LoadScaleOp : MoE_Op<"load_scale", [
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>,
    MemoryEffects<[]>]> {
  let summary = "load the scales of this lane's weight fragments";
  let description = [{
    The scales of the block that `moe.load_weight` loads with the same indices:

    ```
    result[nb][kb] = scale[expert, n + 16*nb + lane%16, k/32 + 4*kb + lane/16]
    ```

    Scales of K past the end of a row are 1.0 (byte 0x7F, as the layout pads
    them), rows past the end of the expert, as for weights, read byte 0, which is 2^-127.
    `n` must be a multiple of 16, and of 32 when NB > 1; `k` of 128, and of 256
    when KB > 1. `n` counts rows, and `bounded` limits K, as in
    `moe.load_weight`.

    Constraints:
    * (C1) `scale` has the layout `#moe.preshuffle<scale>`;
    * (C2) NB is 1 or even, and even in a stage 1 layout;
    * (C3) a constant `n` is a multiple of 16, of 32 when NB > 1; a constant `k`
      of 128, of 256 when KB > 1.

    *Lowers to* one `rocdl.raw.ptr.buffer.load` of a dword for each 2 row blocks
    (each row block where gate and up rows are separated, unless it shares its
    dword with the next pair, which takes an `n` that is a constant times 64 or
    a sum of such; of two dwords where they alternate) and each 2 K
    blocks; no two of them load the same.

    ```mlir
    %s = moe.load_scale %scale[%e, %n, %k]
        : memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>> -> vector<2x2xf8E8M0FNU>
    ```
  }];
  let arguments = (ins
    Arg<MoE_Scales, "weight scales", [MemRead]>:$scale, Index:$expert, Index:$n,
    Index:$k, UnitAttr:$bounded);
  let results = (outs MoE_ScaleFragment:$result);
  let assemblyFormat = [{
    $scale `[` $expert `,` $n `,` $k `]` (`bounded` $bounded^)? attr-dict
    `:` type($scale) `->` type($result)
  }];
  let hasVerifier = 1;
}

def MoE_UnpackOp : MoE_Op<"unpack", [
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>,
    Pure]> {
  let summary = "fp4 to bf16, times the block's scale";
  let description = [{
    `result[nb][kb][i] = value(source[nb][kb][i]) * 2^(scale[nb][kb] - 127)`,
    exact in bf16: an E2M1 value has two significant bits. The exceptions are
    scale byte 255, which gives NaN for every value, and bytes 253 and 254,
    where values of 4 and more (254: 2 and more) overflow to infinity.

    Constraints:
    * (C1) source, scale and result have the same leading dimensions NB x KB,
      and source and result end in 32.

    *Lowers to* `amdgpu.scaled_ext_packed` on chips with the scaled fp4
    convert, else to look-ups in the eight magnitudes times the scale.

    ```mlir
    %b = moe.unpack %f, %s
        : vector<2x2x32xf4E2M1FN>, vector<2x2xf8E8M0FNU> -> vector<2x2x32xbf16>
    ```
  }];
  let arguments = (ins MoE_WeightFragment:$source, MoE_ScaleFragment:$scale);
  let results = (outs MoE_UnpackedFragment:$result);
  let assemblyFormat = [{
    $source `,` $scale attr-dict `:` type($source) `,` type($scale) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def MoE_MfmaOp : MoE_Op<"mfma", [
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>,
    MemoryEffects<[]>, AllTypesMatch<["acc", "result"]>]> {
  let summary = "multiply an A tile in LDS with unpacked weights";
  let description = [{
    Adds to the accumulators the product of the first 128*KB columns of the A
    tile with this wave's weights. Element [mb][nb][v] of the accumulators is
    row 16*mb + 4*(lane/16) + v and column 16*nb + lane%16 of the wave's tile.

    K is consumed in the order of the weight fragments (block K): in step j of
    a block of 128, lane group L = lane/16 multiplies K = 32*L + 8*j + (0..7).
    A is read from LDS in the same order of K, so that the products match.

    Constraints:
    * (C1) the tile has 16*MB rows and at least 128*KB columns, in workgroup
      memory;
    * (C2) weights are NB x KB x 32 and accumulators MB x NB x 4.

    *Lowers to* `vector.load` from LDS and 4*KB*MB*NB `amdgpu.mfma` 16x16x32, or
    twice as many 16x16x16 on chips without.

    ```mlir
    %1 = moe.mfma %ping, %b, %0
        : memref<16x256xbf16, #gpu.address_space<workgroup>>, vector<2x2x32xbf16>, vector<1x2x4xf32>
    ```
  }];
  let arguments = (ins
    Arg<MoE_LdsTile, "A tile", [MoE_LdsRead]>:$a, MoE_UnpackedFragment:$b,
    MoE_Accumulator:$acc);
  let results = (outs MoE_Accumulator:$result);
  let assemblyFormat = [{
    $a `,` $b `,` $acc attr-dict `:` type($a) `,` type($b) `,` type($acc)
  }];
  let hasVerifier = 1;
}

def MoE_SyncOp : MoE_Op<"sync", [
    MemoryEffects<[MoE_LdsRead, MoE_LdsWrite]>]> {
  let summary = "wait for gathered tiles and let all waves meet";
  let description = [{
    After it, every A tile that any wave started to gather before is in LDS, and
    every wave is done with the LDS it read or wrote before. Loads into
    registers that were issued after the last gather stay in flight.

    *Lowers to* (`-convert-moe-to-amdgpu`, then `-moe-insert-waits`, which counts
    the loads that may stay in flight): `amdgpu.memory_counter_wait` and
    `amdgpu.lds_barrier` between two `amdgpu.sched_barrier`.

    ```mlir
    moe.sync
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def MoE_ActivateOp : MoE_Op<"activate", [
    AttrSizedOperandSegments, MemoryEffects<[]>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "the activation of stage 1";
  let description = [{
    Block 2*j of the accumulators' columns is gate, block 2*j + 1 is up; block j
    of the result is their activation, in f32, after the bias of the expert is
    added to both. `n` is the first column of this wave's accumulators, in the
    order of `moe.load_weight`. With g clamped from above and u on both sides by
    `limit` (+Inf is no limit):

    * `silu`: g * sigmoid(g) * u
    * `swiglu`: g * sigmoid(alpha * g) * (u + 1)
    * `situv2`: beta * tanh(g/beta) * sigmoid(g) * linear_beta * tanh(u/linear_beta)

    with the parameters in this order: `silu(limit)`, `swiglu(alpha, limit)`,
    `situv2(limit, beta, linear_beta)`. NaN propagates.

    Constraints:
    * (C1) accumulators are MB x (2*NB) x 4 and the result is MB x NB x 4;
    * (C2) the activation is not `none` and has its own parameters;
    * (C3) `bias`, when present, is experts x (2 x I), and a gate layout that
      is not `none` says the order of its columns.

    *Lowers to* `arith` and `math` ops.

    ```mlir
    %h = moe.activate swiglu(%alpha, %limit) %acc bias(%bias[%e, %n]) gate interleaved
        : vector<1x4x4xf32>, memref<8x256xf32> -> vector<1x2x4xf32>
    ```
  }];
  let arguments = (ins
    EnumAttr<MoE_Dialect, MoE_Activation, "activation">:$activation,
    Variadic<F32>:$params, MoE_Accumulator:$acc,
    Arg<Optional<MoE_Bias>, "bias", [MemRead]>:$bias, Optional<Index>:$expert,
    Optional<Index>:$n,
    DefaultValuedAttr<EnumAttr<MoE_Dialect, MoE_GateLayout, "gate_layout">,
                      "GateLayout::None">:$gate);
  let results = (outs MoE_Accumulator:$result);
  let assemblyFormat = [{
    $activation `(` $params `)` $acc
    (`bias` `(` $bias^ `[` $expert `,` $n `]` `)` `gate` $gate)? attr-dict
    `:` type($acc) (`,` type($bias)^)? `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The parameter of this name, which the activation must have.
    ::mlir::Value getParam(::llvm::StringRef name);
  }];
}

def MoE_ReduceGroupsOp : MoE_Op<"reduce_groups", [
    AllTypesMatch<["acc", "result"]>, AllTypesMatch<["buffer0", "buffer1"]>,
    MemoryEffects<[]>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "sum of the accumulators of all K groups of waves";
  let description = [{
    Waves 0 to `waves`/`groups` - 1 are group 0, and so on; wave i of each group
    holds the same columns over other K. The result, in the waves of group 0, is
    the sum over the groups; in other waves it has no meaning. Sums are added in
    the order of the groups. The buffers may be those of the A tiles.

    Constraints:
    * (C1) `groups` is 2 or 4 and `threads` a multiple of 64 x `groups`;
    * (C2) each buffer holds (`groups` - 1) x (waves of a group) x
      ceil(accumulators / 2) x 1024 bytes.

    *Lowers to* `vector.store` and `vector.load` of 16 bytes in LDS between
    barriers, and `arith.addf`.

    ```mlir
    %sum = moe.reduce_groups %acc buffers(%l0, %l1) groups 2 threads 256
        : vector<1x4x4xf32>, memref<16384xi8, #gpu.address_space<workgroup>>
    ```
  }];
  let arguments = (ins
    MoE_Accumulator:$acc,
    Arg<MoE_LdsBuffer, "first buffer", [MoE_LdsRead, MoE_LdsWrite]>:$buffer0,
    Arg<MoE_LdsBuffer, "second buffer", [MoE_LdsRead, MoE_LdsWrite]>:$buffer1,
    ConfinedAttr<I64Attr, [IntPositive]>:$groups,
    ConfinedAttr<I64Attr, [IntPositive]>:$threads);
  let results = (outs MoE_Accumulator:$result);
  let assemblyFormat = [{
    $acc `buffers` `(` $buffer0 `,` $buffer1 `)` `groups` $groups `threads`
    $threads attr-dict `:` type($acc) `,` type($buffer0)
  }];
  let hasVerifier = 1;
}

def MoE_ScatterOp : MoE_Op<"scatter", [
    AttrSizedOperandSegments, AllTypesMatch<["buffer0", "buffer1"]>, MemoryEffects<[]>]> {
  let summary = "epilogue: bias, routing weight, rounding, store or add";
  let description = [{
    The epilogue. Takes the accumulators of `moe.pingpong`, adds the bias of the
    expert, multiplies by the routing weight, rounds once to the element type of
    `out`, and stores each valid row or adds it atomically. `n`, a multiple of
    16, is the first column of the *workgroup's* tile and `m` its first sorted
    row. Rows that are not valid and columns past N store nothing. `in_bounds`
    says that no column is past N, and none is checked.

    Outputs of 2 bytes are exchanged between lanes through the LDS buffers, so
    that atomics are packed and stores 16 bytes wide; the buffers may be those
    of the A tiles. f32 goes out of the accumulators directly.

    With `groups` above 1 the accumulators are the parts of so many K groups of
    waves, in the order of `moe.reduce_groups`, and their sums go out: all parts
    are exchanged as f32, and the lane that stores a unit adds them in the order
    of the groups, so that one exchange serves for both.

    `sorted_ids` and `sorted_weights` may be in workgroup memory. The output row
    of a sorted row is `token * topk + slot` with `per_slot`, else `token`. With `paired` the columns are those of raw stage 1 sums: block
    2*j goes to block j of the first half of the columns, block 2*j + 1 to block
    j of the second half; f32 only.

    Constraints:
    * (C1) accumulators are (tile_m/16) x (wave columns/16) x 4, and the waves
      that hold tile_n columns divide all waves; if they are fewer, the first
      waves hold the sums and the others take no part;
    * (C2) for outputs of 2 bytes, the first buffer holds the output tile, 2 *
      tile_m * tile_n bytes; where an even number of waves holds columns, half
      of it in each buffer is enough;
    * (C3) `paired` needs f32;
    * (C4) a constant `n` is a multiple of 16, with `in_bounds` at most
      N - tile_n;
    * (C5) `groups` is 1, 2 or 4; above 1 outputs are of 2 bytes, accumulators
      of blocks of 16 rows, all waves are `groups` times those that hold tile_n
      columns, and the first buffer holds `groups` * 4 * tile_m * tile_n bytes.

    *Lowers to* `arith`, `vector` and `memref` ops; an atomic is
    `llvm.atomicrmw fadd`, on vectors of two for bf16 and f16.

    ```mlir
    moe.scatter %acc to %out[%n] routing(%ids, %weights)[%m] tokens(%tokens) topk 4
        bias(%bias[%e]) buffers(%l0, %l1) accumulate routing_weight tile_n 128 threads 256
        : vector<1x2x4xf32>, memref<?x2880xbf16>, memref<?xi32>, memref<?xf32>,
          memref<8192xi8, #gpu.address_space<workgroup>>, memref<128x2880xf32>
    ```
  }];
  let arguments = (ins
    MoE_Accumulator:$acc,
    Arg<MoE_Output, "output", [MemRead, MemWrite]>:$out, Index:$n,
    Arg<MoE_Ids, "sorted token ids", [MemRead]>:$sorted_ids,
    Arg<MoE_RoutingWeights, "routing weights", [MemRead]>:$sorted_weights,
    Index:$m, I32:$tokens, MoE_Topk:$topk,
    Arg<Optional<MoE_Bias>, "bias", [MemRead]>:$bias, Optional<Index>:$expert,
    Arg<MoE_LdsBuffer, "first buffer", [MoE_LdsRead, MoE_LdsWrite]>:$buffer0,
    Arg<MoE_LdsBuffer, "second buffer", [MoE_LdsRead, MoE_LdsWrite]>:$buffer1,
    UnitAttr:$per_slot, UnitAttr:$paired, UnitAttr:$accumulate,
    UnitAttr:$routing_weight, UnitAttr:$in_bounds,
    ConfinedAttr<I64Attr, [IntPositive]>:$tile_n,
    DefaultValuedAttr<ConfinedAttr<I64Attr, [IntPositive]>, "1">:$groups,
    ConfinedAttr<I64Attr, [IntPositive]>:$threads);
  let assemblyFormat = [{
    $acc `to` $out `[` $n `]` `routing` `(` $sorted_ids `,` $sorted_weights `)`
    `[` $m `]` `tokens` `(` $tokens `)` `topk` $topk
    (`bias` `(` $bias^ `[` $expert `]` `)`)?
    `buffers` `(` $buffer0 `,` $buffer1 `)` (`per_slot` $per_slot^)?
    (`paired` $paired^)? (`accumulate` $accumulate^)? (`routing_weight` $routing_weight^)?
    (`in_bounds` $in_bounds^)? `tile_n` $tile_n (`groups` $groups^)?
    `threads` $threads attr-dict `:` type($acc) `,` type($out) `,` type($sorted_ids) `,`
    type($sorted_weights) `,` type($buffer0) (`,` type($bias)^)?
  }];
  let hasVerifier = 1;
}

#endif // MOE_DIALECT_MOE_IR_MOEOPS_TD
