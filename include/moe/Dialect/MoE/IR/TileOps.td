// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops inside a kernel: what one lane, wave or workgroup does with a tile.
// -moe-expand-kernel and -moe-pipeline make them of the ops of KernelOps.td.

#ifndef MOE_DIALECT_MOE_IR_TILEOPS_TD
#define MOE_DIALECT_MOE_IR_TILEOPS_TD

include "moe/Dialect/MoE/IR/MoEOpBase.td"

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
    of the groups, so that one exchange serves for both. They go into a buffer
    that no wave can still access since the last `moe.sync` ahead in the block,
    without a barrier, where the ops between show that there is one; else into
    the first one, behind a barrier.

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

#endif // MOE_DIALECT_MOE_IR_TILEOPS_TD
