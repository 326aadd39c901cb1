# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What check_aiter.py launches: for each kind of AMD's code objects the arguments,
# the order in which operands lie in memory, and the result by NumPy in f64. The
# facts are those of the project's host wrappers and tests; nothing is copied.
#
# Every argument has a slot of 16 bytes. Small shapes: each covers a tile and, where
# the kernel allows it, a part of another one.
import csv
import os
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SLOT = 16


@dataclass
class Case:
    kernel: str
    shape: str
    grid: list
    output: str
    args: list = field(default_factory=list)  # (name, offset, array or (kind, number))
    expected: np.ndarray = field(default_factory=lambda: np.zeros(0))
    limit: np.ndarray = field(default_factory=lambda: np.ones(0))
    decode: Any = None  # bytes of the output to the shape of `expected`
    threads: int = 256  # of a workgroup

    def compare(self, raw):
        """The largest error over its limit; NaN counts as infinite."""
        got = self.decode(raw)
        error = np.abs(got - self.expected) / self.limit
        return float(np.max(np.where(np.isnan(error), np.inf, error)))


def slots(*values):
    """Arguments one a slot; None leaves zeros."""
    return [(name, SLOT * i, value) for i, entry in enumerate(values) if entry
            for name, value in [entry]]


# Number formats.


def to_bf16(x):
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16(x):
    return (np.asarray(x, np.uint16).astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def fp8_values(chip):
    """All codes of e4m3: with bias 8 and one NaN on gfx942, bias 7 and two on gfx950."""
    code = np.arange(256)
    exponent, fraction = (code >> 3) & 15, code & 7
    bias = 8 if chip == "gfx942" else 7
    value = np.where(exponent == 0, fraction * 2.0**(1 - bias - 3),
                     (8 + fraction) * 2.0**(exponent - bias - 3.0))
    value = np.where(code & 128, -value, value)
    if chip == "gfx942":
        value[128] = np.nan
    else:
        value[[127, 255]] = np.nan
    return value


FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])


def shuffled(x):
    """Rows in groups of 16, columns in groups of 32 elements' worth of 16-byte pieces."""
    rows, columns = x.shape[-2:]
    piece = 16 // x.itemsize
    y = x.reshape(-1, rows // 16, 16, columns // 32, 32 // piece, piece)
    return np.ascontiguousarray(y.transpose(0, 1, 3, 4, 2, 5)).reshape(x.shape)


def out_bf16(shape):
    return lambda raw: from_bf16(raw.view(np.uint16)[:np.prod(shape)]).reshape(shape)


def out_f32(shape):
    return lambda raw: raw.view(np.float32)[:np.prod(shape)].astype(np.float64).reshape(shape)


# Some kernels cut an f32 result off to bf16 and do not round it: up to a whole step.
CUT_OFF = 7


def bounds(expected, magnitude, bits, steps):
    """Rounding the result to `bits` bits, and an f32 sum of `steps` terms in any order."""
    return np.abs(expected) * 2.0**-bits * 1.01 + magnitude * steps * 2.0**-24 + 1e-30


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


# GEMM.


def bf16_gemm(chip, row, rng):
    m, n, k = int(row["tileM"]) + 5, int(row["tileN"]), 512
    if int(row["tileM"]) >= 256:
        k = 256
    split = 2 if row["splitK"] == "1" else 1
    a, b = to_bf16(rng.standard_normal((m, k))), to_bf16(rng.standard_normal((n, k)))
    x, y = from_bf16(a), from_bf16(b)
    expected = x @ y.T
    bias = to_bf16(rng.standard_normal(n)) if row["bias"] == "1" else None
    if bias is not None:
        expected = expected + from_bf16(bias)
    wide = split > 1 or "fp32bf16" in row["knl_name"]
    out = np.zeros(m * n * (4 if wide else 2), np.uint8)
    args = slots(("D", out), None, ("A", a), ("B", shuffled(b) if row["bPreshuffle"] == "1" else b),
                 ("alpha", ("f32", 1)), ("beta", ("f32", 0)),
                 ("stride_D0", ("u32", n * (4 if wide else 2))), None, ("stride_C0", ("u32", n * (4 if wide else 2))),
                 None, ("stride_A0", ("u32", 2 * k)), None, ("stride_B0", ("u32", 2 * k)), None,
                 ("M", ("u32", m)), ("N", ("u32", n)), ("K", ("u32", k)), ("splitk", ("u32", split)),
                 ("is_out_b16", ("u32", 0 if wide else 1)),
                 ("bias", bias) if bias is not None else None, ("add_bias", ("u32", int(bias is not None))),
                 ("semaphore", np.zeros(4096, np.uint32)) if split > 1 else None)
    tile = int(row["tileM"])
    return Case(row["knl_name"], f"{m} x {n} x {k}" + (f", split {split}" if split > 1 else ""),
                [n // int(row["tileN"]), -(-m // tile), split], "D", args, expected,
                bounds(expected, np.abs(x) @ np.abs(y).T + 1, 24 if wide else 8, k),
                (out_f32 if wide else out_bf16)((m, n)))


def i8_gemm(chip, row, rng):
    tile_m, tile_n = int(row["tile_m" if "tile_m" in row else "tile_M"]), int(row.get("tile_n", row.get("tile_N")))
    m, n, k = tile_m + 3, tile_n, 512
    a = rng.integers(-128, 128, (m, k), dtype=np.int8)
    b = rng.integers(-128, 128, (n, k), dtype=np.int8)
    sa = rng.uniform(0.001, 0.01, m).astype(np.float32)
    sb = rng.uniform(0.001, 0.01, n).astype(np.float32)
    bias = rng.standard_normal(n).astype(np.float32)
    sums = a.astype(np.float64) @ b.T.astype(np.float64) * sa[:, None].astype(np.float64) * sb.astype(np.float64)
    expected = sums + bias
    args = slots(("C", np.zeros(m * n, np.uint16)), ("A", a), ("B", shuffled(b)), ("SA", sa), ("SB", sb),
                 ("bias", bias), ("m", ("u32", m)), ("n", ("u32", n)), ("k", ("u32", k)), ("lda", ("u32", k)),
                 ("ldb", ("u32", k)), ("ldc", ("u32", 2 * n)), ("ks", ("u32", 1)))
    return Case(row["knl_name"], f"{m} x {n} x {k}", [1, -(-m // tile_m), 1], "C", args, expected,
                bounds(expected, np.abs(sums) + np.abs(bias), CUT_OFF, 8), out_bf16((m, n)))


def fp4_gemm(chip, row, rng):
    tile_m, tile_n = int(row["tile_M"]), int(row["tile_N"])
    m, n, k = tile_m, tile_n, 512
    codes = [rng.integers(0, 16, (rows, k), dtype=np.uint8) for rows in (m, n)]
    scales = [rng.integers(120, 131, (-(-rows // 256) * 256, k // 32), dtype=np.uint8) for rows in (m, n)]
    x, y = (FP4[c] * np.repeat(2.0**(s[:len(c)].astype(int) - 127), 32, axis=1) for c, s in zip(codes, scales))
    a, b = (np.ascontiguousarray(c[:, ::2] | c[:, 1::2] << 4) for c in codes)

    def scale_order(s):
        rows, columns = s.shape
        y = s.reshape(rows // 32, 2, 16, columns // 8, 2, 4).transpose(0, 3, 5, 2, 4, 1)
        return np.ascontiguousarray(y).reshape(rows, columns)

    expected = x @ y.T
    args = slots(("D", np.zeros(m * n, np.uint16)), None, ("A", a),
                 ("B", shuffled(b) if row["bpreshuffle"] == "1" else b), ("alpha", ("f32", 1)), ("beta", ("f32", 0)),
                 None, None, ("stride_C0", ("u32", n)), None, ("stride_A0", ("u32", k)), None,
                 ("stride_B0", ("u32", k)), None, ("M", ("u32", m)), ("N", ("u32", n)), ("K", ("u32", k)),
                 ("ScaleA", scale_order(scales[0])), ("ScaleB", scale_order(scales[1])),
                 ("stride_ScaleA0", ("u32", k // 32)), None, ("stride_ScaleB0", ("u32", k // 32)), None,
                 ("log2_k_split", ("i32", 0)) if row["splitK"] == "1" else None)
    return Case(row["knl_name"], f"{m} x {n} x {k}", [1, -(-m // tile_m), 1], "D", args, expected,
                bounds(expected, np.abs(x) @ np.abs(y).T, 8, k), out_bf16((m, n)))


def fp8_gemm(chip, row, rng):
    tile_m, tile_n = int(row["tile_m"]), int(row["tile_n"])
    m, n, k = tile_m, max(tile_n, 128), 512
    values = fp8_values(chip)
    finite = np.array([c for c in range(256) if abs(values[c]) <= 2], np.uint8)
    a, b = finite[rng.integers(0, len(finite), (m, k))], finite[rng.integers(0, len(finite), (n, k))]
    sa = rng.uniform(0.5, 2, (m, k // 128)).astype(np.float32)
    sb = rng.uniform(0.5, 2, (n // 128, k // 128)).astype(np.float32)
    x = values[a] * np.repeat(sa.astype(np.float64), 128, axis=1)
    y = values[b] * np.repeat(np.repeat(sb.astype(np.float64), 128, axis=0), 128, axis=1)
    expected = x @ y.T
    args = slots(("C", np.zeros(m * n, np.uint16)), ("A", a), ("B", shuffled(b)),
                 ("a_scale", np.ascontiguousarray(sa.T)), ("b_scale", sb), ("bias", np.zeros(n, np.float32)),
                 ("m", ("u32", m)), ("n", ("u32", n)), ("k", ("u32", k)), ("lda", ("u32", k)), ("ldb", ("u32", k)),
                 ("ldc", ("u32", 2 * n)), ("ks", ("u32", 1)), ("scale_m", ("u32", m)), ("scale_n", ("u32", n // 128)),
                 ("scale_k", ("u32", k // 128)))
    return Case(row["knl_name"], f"{m} x {n} x {k}", [n // tile_n, -(-m // tile_m), 1], "C", args, expected,
                bounds(expected, np.abs(x) @ np.abs(y).T, CUT_OFF, k), out_bf16((m, n)))


# Top-k of a softmax.


def topk_softmax(chip, row, rng):
    tokens, experts, topk = 2 * int(row["subm"]) + 1, int(row["num_experts"]), int(row["topk"])
    # Different numbers that bf16 can hold: ties may be broken either way.
    logits = from_bf16(np.stack([rng.permutation(experts) for _ in range(tokens)]) + 0x3f80)
    gating = to_bf16(logits) if row["dtype"] == "bf16" else logits.astype(np.float32)
    ids = np.argsort(-logits, axis=1)[:, :topk]
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    weights = np.take_along_axis(weights, ids, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    args = slots(("T", np.full((tokens, topk), -1, np.int32)), ("W", np.zeros((tokens, topk), np.float32)),
                 ("A", gating), ("batch", ("u32", tokens)), ("expert", ("u32", experts)), ("topk", ("u32", topk)),
                 ("renormalize", ("u32", 1)), ("out_stride", ("u32", 4 * topk)))
    return Case(row["knl_name"], f"{tokens} tokens, {topk} of {experts}", [-(-tokens // int(row["subm"])), 1, 1], "W",
                args, weights, weights * 2.0**-18, out_f32((tokens, topk)))


# Paged attention, one query a sequence.


def paged_attention(chip, row, rng):
    half = row["qType"] == "fp16"
    heads, group, size, block = 2, int(row["Gqa"]), 128, int(row["blkSz"])
    lengths = np.array([3 * block + 5, block, 1], np.int32)
    most = int(-(-lengths.max() // block))
    blocks = most * len(lengths)
    narrow = (lambda x: x.astype(np.float16)) if half else to_bf16
    wide = (lambda x: x.astype(np.float64)) if half else from_bf16
    q = narrow(rng.standard_normal((len(lengths), heads * group, size)))
    k = narrow(rng.standard_normal((blocks, heads, block, size)))
    v = narrow(rng.standard_normal((blocks, heads, block, size)))
    tables = rng.permutation(blocks).astype(np.int32).reshape(len(lengths), most)
    scale = size**-0.5
    expected = np.zeros(q.shape)
    for s, length in enumerate(lengths):
        for h in range(heads * group):
            keys = wide(k)[tables[s], h // group].reshape(-1, size)[:length]
            values = wide(v)[tables[s], h // group].reshape(-1, size)[:length]
            score = keys @ wide(q)[s, h] * scale
            p = np.exp(score - score.max())
            expected[s, h] = p @ values / p.sum()
    piece = 8
    k_cache = np.ascontiguousarray(k.reshape(blocks, heads, block, size // piece, piece).transpose(0, 1, 3, 2, 4))
    v_cache = np.ascontiguousarray(v.reshape(blocks, heads, block // piece, piece, size).transpose(0, 1, 2, 4, 3))
    args = slots(("O", np.zeros(q.shape, np.uint16)), ("Q", q), ("K", k_cache), ("V", v_cache), ("BT", tables),
                 ("CL", lengths), None, None, ("sclg2e", ("f32", float(np.log2(np.e) * scale))),
                 ("mblk", ("u32", most)), ("kv_nheads", ("u32", heads)), ("Qs", ("u32", 2 * heads * group * size)),
                 ("Bs", ("u32", 2 * heads * block * size)), ("KVs", ("u32", 2 * block * size)), ("mtp", ("u32", 0)),
                 ("GQA", ("u32", group)))
    # The probabilities are rounded to the type of V.
    limit = (np.abs(expected) + np.abs(expected).max()) * (2.0**-10 if half else 2.0**-7) + 1e-6
    decode = (lambda raw: raw.view(np.float16).astype(np.float64).reshape(q.shape)) if half else out_bf16(q.shape)
    return Case(row["knl_name"], f"{len(lengths)} sequences, {heads} x {group} heads, up to {lengths.max()} keys",
                [heads, len(lengths), 1], "O", args, expected, limit, decode)


# Flash attention: queries and keys of one sequence.


def flash_attention(chip, row, rng):
    queries, keys, heads, group = int(row["ts_qo"]) + 37, 150, 2, 2
    dim, dim_v, causal = int(row["hdim_q"]), int(row["hdim_v"]), row["mask"] != "0"
    q = to_bf16(rng.standard_normal((queries, heads * group, dim)))
    k = to_bf16(rng.standard_normal((keys, heads, dim)))
    v = to_bf16(rng.standard_normal((keys, heads, dim_v)))
    scale = dim**-0.5
    expected = np.zeros((queries, heads * group, dim_v))
    for h in range(heads * group):
        score = from_bf16(q)[:, h] @ from_bf16(k)[:, h // group].T * scale
        if causal:  # the last query sees all keys
            hidden = np.arange(keys)[None, :] > np.arange(queries)[:, None] + keys - queries
            score = np.where(hidden, -np.inf, score)
        top = score.max(axis=1, keepdims=True)
        p = np.exp(score - np.where(np.isinf(top), 0, top))
        total = p.sum(axis=1, keepdims=True)
        expected[:, h] = p @ from_bf16(v)[:, h // group] / np.where(total == 0, 1, total)
    wide = dim == 192 and chip == "gfx942"
    tile, tiles = int(row["ts_qo"]), -(-queries // int(row["ts_qo"]))
    row_q, row_v = 2 * heads * group * dim, 2 * heads * group * dim_v
    args = slots(("o", np.zeros(expected.shape, np.uint16)), ("q", q), ("k", k), ("v", v),
                 ("lse", np.zeros(heads * group * queries, np.float32)), ("scalar", ("f32", scale)),
                 ("seq_len", ("u32", queries)), ("Seqs", ("u32", row_q)), ("Ts", ("u32", tile * row_q)),
                 ("Hs", ("u32", 2 * dim)), ("Bs", ("u32", queries * row_q)), ("gqa", ("u32", group)),
                 ("k_Seqs", ("u32", 2 * heads * dim)), ("k_Hs", ("u32", 2 * dim)),
                 ("k_Bs", ("u32", 2 * keys * heads * dim)), ("opt", ("u32", 0 if wide else 3 if causal else 5)), ("lse_on", ("u32", 0)),
                 ("kv_seq_len", ("u32", keys)), ("qk_dim", ("u32", dim)), ("v_dim", ("u32", dim_v)),
                 ("q_heads", ("u32", heads * group)), ("v_Seqs", ("u32", 2 * heads * dim_v)), ("v_Hs", ("u32", 2 * dim_v)),
                 ("v_Bs", ("u32", 2 * keys * heads * dim_v)), ("o_Seqs", ("u32", row_v)), ("o_Hs", ("u32", 2 * dim_v)),
                 ("o_Bs", ("u32", queries * row_v)), None, None, ("lse_Hs", ("u32", 4 * queries)))
    # With a mask a workgroup takes a tile from either end.
    grid = [-(-tiles // 2) if causal else tiles, heads * group, 1]
    if wide:
        grid = [heads * group, tiles, 1]
    # The probabilities and the result are rounded to bf16.
    limit = (np.abs(expected) + np.abs(expected).max()) * 2.0**-7 + 1e-6
    return Case(row["knl_name"], f"{queries} queries, {keys} keys, {heads} x {group} heads of {dim}", grid, "o", args,
                expected, limit, threads=256 if dim == 192 else 512, decode=out_bf16(expected.shape))


# Multi-head latent attention, one query a sequence: 512 of the 576 are values too.


def latent_attention(chip, row, rng):
    group, dim, dim_v = int(row["Gqa"]), 576, 512
    lengths = [70, 33, 1]
    starts = np.cumsum([0] + lengths).astype(np.int32)
    q = to_bf16(rng.standard_normal((len(lengths), group, dim)))
    pages = rng.permutation(int(starts[-1])).astype(np.int32)
    cache = to_bf16(rng.standard_normal((int(starts[-1]), 1, dim)))
    scale = dim**-0.5
    expected = np.zeros((len(lengths), group, dim_v))
    for s in range(len(lengths)):
        keys = from_bf16(cache)[pages[starts[s]:starts[s + 1]], 0]
        score = from_bf16(q)[s] @ keys.T * scale
        p = np.exp(score - score.max(axis=1, keepdims=True))
        expected[s] = p @ keys[:, :dim_v] / p.sum(axis=1, keepdims=True)
    batch = len(lengths)
    args = slots(("R", np.zeros(expected.shape, np.float32)), ("LSE", np.zeros((batch, group), np.float32)), ("Q", q),
                 ("KV", cache), ("LTP", starts), ("LTD", pages), ("LTL", np.ones(batch, np.int32)),
                 ("scalar", ("f32", scale)), ("MQA", ("u32", group)), ("kv_split", ("u32", 1)),
                 ("Q_Bs", ("u32", 2 * group * dim)), ("Bs", ("u32", 2 * dim)), ("log2_plen", ("u32", 0)),
                 ("QTP", np.arange(batch + 1, dtype=np.int32)), ("STP", np.arange(batch + 1, dtype=np.int32)))
    limit = (np.abs(expected) + np.abs(expected).max()) * 2.0**-7 + 1e-6
    return Case(row["knl_name"], f"{batch} sequences, {group} heads, up to {max(lengths)} keys",
                [1, batch, 2 if group == 128 else 1], "R", args, expected, limit, out_f32(expected.shape))


# Mixture of experts: all kinds take the routing sorted by expert, padded to the tile.


def routing(rng, tokens, experts, topk, tile):
    ids = np.stack([rng.permutation(experts)[:topk] for _ in range(tokens)])
    weights = rng.uniform(0.2, 1, (tokens, topk)).astype(np.float32)
    entries, scale, owners = [], [], []
    for expert in range(experts):
        rows = [(t, s) for t in range(tokens) for s in range(topk) if ids[t, s] == expert]
        if not rows:
            continue
        padded = -(-len(rows) // tile) * tile
        entries += [t | s << 24 for t, s in rows] + [tokens | topk << 24] * (padded - len(rows))
        scale += [weights[t, s] for t, s in rows] + [0] * (padded - len(rows))
        owners += [expert] * (padded // tile)
    return (ids, weights, np.array(entries, np.uint32), np.array(scale, np.float32), np.array(owners, np.int32))


def silu(x):
    return x / (1 + np.exp(-x))


def quantised(chip, kind, rng, shape):
    """Random codes and their values."""
    if kind == "int8":
        codes = rng.integers(-128, 128, shape, dtype=np.int8)
        return codes, codes.astype(np.float64)
    values = fp8_values(chip)
    finite = np.array([c for c in range(256) if abs(values[c]) <= 4], np.uint8)
    codes = finite[rng.integers(0, len(finite), shape)]
    return codes, values[codes]


def moe_stage1(chip, row, rng):
    tile_m, tile_n = int(row["tile_m"]), int(row["tile_n"])
    kind = "int8" if "Int8" in row["knl_name"] else "fp8"
    weighted = "doweight" in row["knl_name"]
    tokens, experts, topk, dim, inter = 12, 3, 2, 512, tile_n
    unit = 0.002 if kind == "int8" else 0.05
    x, xv = quantised(chip, kind, rng, (tokens, dim))
    w, wv = quantised(chip, kind, rng, (experts, 2 * inter, dim))
    xs = rng.uniform(unit, 2 * unit, tokens).astype(np.float32)
    ws = rng.uniform(unit, 2 * unit, (experts, 2 * inter)).astype(np.float32)
    ids, weights, entries, scale, owners = routing(rng, tokens, experts, topk, tile_m)
    expected, limit = np.zeros((tokens, topk, inter)), np.zeros((tokens, topk, inter))
    for t in range(tokens):
        for s in range(topk):
            e = ids[t, s]
            sums = wv[e] @ xv[t] * xs[t] * ws[e]
            sizes = np.abs(wv[e]) @ np.abs(xv[t]) * xs[t] * ws[e]
            if weighted:
                sums, sizes = sums * weights[t, s], sizes * weights[t, s]
            gate, up = sums[:inter], sums[inter:]
            expected[t, s] = silu(gate) * up
            slack = dim * 2.0**-24
            limit[t, s] = np.abs(expected[t, s]) * 2.0**-7.5 + slack * (
                1.1 * sizes[:inter] * np.abs(up) + np.abs(silu(gate)) * sizes[inter:]) + 1e-6
    args = slots(("O", np.zeros(expected.shape, np.uint16)), ("X", x), ("GU", shuffled(w)),
                 ("XC", np.array([len(entries), tokens], np.int32)), ("XQ", xs), ("GUQ", ws), None,
                 ("STP", entries), ("SEP", owners), ("dim", ("u32", dim)), ("hidden_dim", ("u32", inter)),
                 ("token_cnt", ("u32", tokens)), ("eprt_cnt", ("u32", experts)), ("Xs", ("u32", dim)),
                 ("GUs", ("u32", dim)), ("Os", ("u32", 2 * topk * inter)), ("eGUs", ("u32", 2 * inter * dim)),
                 ("eGUQs", ("u32", 8 * inter)), ("eSMQs", ("u32", 4 * inter)), ("topk", ("u32", topk)),
                 ("splitk", ("u32", 0)), ("activation", ("u32", 0)), ("SW", scale) if weighted else None)
    return Case(row["knl_name"], f"{tokens} tokens, {topk} of {experts}, {dim} -> {inter}",
                [1, len(owners), 1], "O", args, expected, limit, out_bf16(expected.shape))


def moe_fused(chip, row, rng):
    tile_m, tile_n = int(row["subGU_m"]), int(row["subGU_n"])
    kind = "int8" if "Int8" in row["knl_name"] else "fp8"
    half = "fp16" in row["knl_name"]
    tokens, experts, topk, dim, inter = 12, 3, 2, 512, tile_n
    unit = 0.002 if kind == "int8" else 0.05
    x, xv = quantised(chip, kind, rng, (tokens, dim))
    w, wv = quantised(chip, kind, rng, (experts, 2 * inter, dim))
    d, dv = quantised(chip, kind, rng, (experts, dim, inter))
    xs, ws, ds = (rng.uniform(unit, 2 * unit, shape).astype(np.float32)
                  for shape in (tokens, (experts, 2 * inter), (experts, dim)))
    ids, weights, entries, scale, owners = routing(rng, tokens, experts, topk, tile_m)
    expected, limit = np.zeros((tokens, dim)), np.zeros((tokens, dim))
    # The activations are quantised again, by token: a step of 1/127, or of 2^-3 of
    # each; the parts are added in bf16 or f16 in any order.
    step = 1 / 127 if kind == "int8" else 2.0**-3.5
    for t in range(tokens):
        for s in range(topk):
            e = ids[t, s]
            sums = wv[e] @ xv[t] * xs[t] * ws[e]
            act = silu(sums[:inter]) * sums[inter:]
            part = dv[e] @ act * ds[e] * weights[t, s]
            expected[t] += part
            rough = np.abs(act).max() if kind == "int8" else np.abs(act)
            spread = np.sqrt((dv[e]**2) @ (np.ones(inter) * (step * rough / 2)**2)) * ds[e] * weights[t, s]
            limit[t] += 5 * spread + np.abs(part) * 2.0**(-9 if half else -6)
    args = slots(("O", np.zeros((tokens, dim), np.uint16)), ("X", x), ("GU", shuffled(w)),
                 ("XC", np.array([len(entries), tokens], np.int32)), ("D", shuffled(d)), ("XQ", xs), ("GUQ", ws),
                 ("DQ", ds), None, ("STP", entries), ("SW", scale), ("SEP", owners), ("dim", ("u32", dim)),
                 ("inter_dim", ("u32", inter)), ("token_cnt", ("u32", tokens)), ("eprt_cnt", ("u32", experts)),
                 ("Xs", ("u32", dim)), ("GUs", ("u32", dim)), ("Ds", ("u32", inter)), ("Os", ("u32", 2 * dim)),
                 ("eGUs", ("u32", 2 * inter * dim)), ("eDs", ("u32", inter * dim)), ("eGUQs", ("u32", 8 * inter)),
                 ("eDQs", ("u32", 4 * dim)), ("eSMQs", ("u32", 4 * inter)), ("topk", ("u32", topk)),
                 ("total_tgs", ("u32", 0)), ("ps_deno", ("u32", 1)))
    decode = ((lambda raw: raw.view(np.float16).astype(np.float64).reshape(tokens, dim)) if half
              else out_bf16((tokens, dim)))
    return Case(row["knl_name"], f"{tokens} tokens, {topk} of {experts}, {dim} -> {inter} -> {dim}",
                [1, len(owners), 1], "O", args, expected, limit, decode)


# Which rows of AMD's lists are launched.


def is_plain_fused(row):
    """Not persistent, and without smooth quantisation of the activations."""
    return row["ps"] == "0" and row["smf"] == "0" and row.get("flat", "0") == "0"


def is_small_tile(row):
    """Of the hundreds of the same kernel, those for 16 and 32 rows."""
    return int(row["tile_m"]) <= 32


# Left out: latent attention with more heads and whatever is persistent or takes
# masks and several queries (more host code than a table can say), backward
# kernels, and gfx1250's.
# Kind, AMD's list of names, which rows, maker.
KINDS = [
    ("bf16 gemm", "bf16gemm/bf16gemm_fp32bf16.csv", lambda row: True, bf16_gemm),
    ("i8 gemm", "i8gemm/i8gemm_bf16_perTokenI8.csv", lambda row: True, i8_gemm),
    ("fp4 gemm", "f4gemm/f4gemm_bf16_per1x32Fp4.csv", lambda row: True, fp4_gemm),
    ("fp8 gemm", "fp8gemm_blockscale/fp8gemm_bf16_blockscale.csv", lambda row: True, fp8_gemm),
    ("top-k", "topksoftmax/topksoftmax.csv", lambda row: True, topk_softmax),
    ("attention", "pa/pa_asm.csv",
     lambda row: row["kvType"] in ("bf16", "fp16") and row["ps"] == "0" and row["Mtp"] == "0", paged_attention),
    ("flash attention", "fmha_v3_fwd/fmha_fwd.csv",
     lambda row: row["dtype"] == "bf16" and row["mode"] == "0", flash_attention),
    ("latent attention", "mla/mla_asm.csv",
     lambda row: row["qType"] == row["kvType"] == "bf16" and row["ps"] == row["prefill"] == "0"
     and row["qSeqLen"] in "01" and row["Gqa"] in ("8", "16"), latent_attention),
    ("fused moe", "fmoe/silu/fmoe_bf16_pertokenFp8_g1u1_silu.csv", is_plain_fused, moe_fused),
    ("fused moe", "fmoe/silu/fmoe_bf16_pertokenInt8_g1u1_silu.csv", is_plain_fused, moe_fused),
    ("fused moe", "fmoe/silu/fmoe_fp16_pertokenFp8_g1u1_silu.csv", is_plain_fused, moe_fused),
    ("moe stage 1", "fmoe_2stages/fmoe_stage1_bf16_pertokenFp8_g1u1.csv", is_small_tile, moe_stage1),
    ("moe stage 1", "fmoe_2stages/fmoe_stage1_bf16_pertokenInt8_g1u1.csv", is_small_tile, moe_stage1),
    ("moe stage 1", "fmoe_2stages/fmoe_stage1_bf16_pertokenFp8_doweight_g1u1.csv", is_small_tile, moe_stage1),
]


# Objects that are wrong themselves. Their second loop never writes its results to
# LDS, as the loops of all their siblings do, and reads what lies there without a
# wait: of each row only the last 256 columns are right.
NO_LDS_WRITES = "its second loop does not write its results to LDS, from where it stores them"
DEFECTIVE = {
    ("gfx942", "fmoe_fp16_pertokenFp8_g1u1_vs_silu_1tg_32x128"): NO_LDS_WRITES,
    ("gfx950", "fmoe_bf16_pertokenFp8_g1u1_vs_silu_1tg_32x128"): NO_LDS_WRITES,
    ("gfx950", "fmoe_fp16_pertokenFp8_g1u1_vs_silu_1tg_32x128"): NO_LDS_WRITES,
}


def table(hsa):
    """(chip, kind, path of the code object, maker of its case) of what is in the folder."""
    for chip in ("gfx942", "gfx950"):
        for kind, names, wanted, make in KINDS:
            path = os.path.join(hsa, chip, names)
            if not os.path.exists(path):
                continue
            with open(path, newline="") as file:
                rows = [row for row in csv.DictReader(file) if row.get("co_name") and wanted(row)]
            for row in rows:
                folder = os.path.dirname(path)
                code = os.path.join(folder, row["co_name"])
                if not os.path.exists(code):  # where a chip has two sizes
                    code = os.path.join(folder, "MI300", row["co_name"])
                if os.path.exists(code):
                    yield chip, kind, code, lambda row=row, make=make, chip=chip: make(
                        chip, row, generator(row["knl_name"]))
