# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""own_tensors.py CHIP DIR: `moe-run gemm1` and `gemm2` with `--data` on tensors
made here, the output compared with NumPy. The mathematics is written here once more, from the
definition of the formats: nothing of the project's reference takes part."""

import os
import subprocess
import sys

import numpy as np

FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6])
FP4 = np.concatenate([FP4, -FP4])
ROUNDOFF = {"bf16": 2.0**-8, "f16": 2.0**-11, "f32": 2.0**-24}
SUBNORMAL = {"bf16": 2.0**-133, "f16": 2.0**-24, "f32": 2.0**-149}
LARGEST = {"bf16": 2.0**128 - 2.0**119, "f16": 65520.0,
           "f32": 2.0**128 - 2.0**103}


def to_bf16(values):
    """Nearest even, as uint16."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def dequantize(w, scale):
    """[E, N, K/2] and [E, N, K/32] to float64 [E, N, K]; what bf16 cannot
    hold is an infinity."""
    codes = np.stack([w & 15, w >> 4], axis=-1).reshape(*w.shape[:2], -1)
    factor = np.ldexp(1.0, scale.astype(np.int64) - 127)
    factor[scale == 255] = np.nan
    values = FP4[codes] * np.repeat(factor, 32, axis=-1)[..., :codes.shape[-1]]
    values[np.abs(values) >= 2.0**128] *= np.inf
    return values


def quantize(w):
    """float [E, N, K] to codes and scales: OCP scale, nearest, ties to even."""
    k = w.shape[2]
    w = np.pad(w, ((0, 0), (0, 0), (0, -k % 32)))
    blocks = w.astype(np.float64).reshape(*w.shape[:2], -1, 32)
    largest = np.abs(blocks).max(-1)
    exponent = np.floor(np.log2(np.where(largest > 0, largest, 1))) - 2
    scale = np.where(largest > 0, np.clip(exponent + 127, 0, 254), 0)
    scaled = blocks / np.ldexp(1.0, scale.astype(np.int64) - 127)[..., None]
    distance = np.abs(np.abs(scaled)[..., None] - FP4[:8])
    # Of two codes equally near the even one: give odd codes a handicap that
    # only matters on a tie.
    distance += np.where(np.arange(8) % 2 == 1, 1e-12, 0)
    codes = distance.argmin(-1) + np.where(np.signbit(scaled), 8, 0)
    codes = codes.reshape(*w.shape).astype(np.uint8)[..., :k]
    return codes[..., 0::2] | codes[..., 1::2] << 4, scale.astype(np.uint8)


class Case:
    """One problem of stage 2: tensors, flags, and what comes out."""

    command = "gemm2"
    files = {}  # what the files have in place of the tensors

    def __init__(self, name, tokens, experts, topk, n, k, out="bf16",
                 accumulate=True, weight=True, bias=False, tile=None, flags=()):
        self.name, self.out = name, out
        self.tokens, self.topk, self.local_tokens = tokens, topk, tokens
        self.accumulate, self.weight = accumulate, weight
        self.flags = ["--out-type", out, *flags]
        self.flags += [] if accumulate else ["--no-accumulate"]
        self.flags += [] if weight else ["--no-weight"]
        self.flags += ["--bias"] if bias else []
        self.flags += ["--tile", tile] if tile else []
        rng = self.rng = np.random.default_rng(sum(name.encode()))
        t = self.tensors = {}
        t["x"] = to_bf16(rng.normal(size=(tokens * topk, k)))
        t["w"] = rng.integers(0, 256, (experts, n, k // 2), np.uint8)
        t["scale"] = rng.integers(115, 130, (experts, n, -(-k // 32))).astype(np.uint8)
        zero = rng.random(t["scale"].shape) < 0.1
        t["scale"][zero] = 0
        t["w"][np.repeat(zero, 16, axis=-1)[..., :k // 2]] = 0
        t["topk_ids"] = np.argsort(rng.random((tokens, experts)))[:, :topk].astype(np.int32)
        t["topk_weights"] = rng.random((tokens, topk), np.float32)
        if bias:
            t["bias"] = rng.normal(size=(experts, n)).astype(np.float32)
        rows = tokens if accumulate else tokens * topk
        self.initial = np.zeros((rows, n))
        self.shape = (rows, n)

    def with_initial(self):
        values = self.rng.normal(size=self.shape)
        stored = {"bf16": to_bf16, "f16": np.float16, "f32": np.float32}[self.out](values)
        self.tensors["out"] = stored
        self.initial = self.decode(stored)
        return self

    def decode(self, stored):
        return from_bf16(stored) if self.out == "bf16" else stored.astype(np.float64)

    def local_experts(self, experts):
        """The row of w that each pair multiplies with, -1 for none."""
        t = self.tensors
        numbers = np.arange(experts)
        if "expert_mask" in t:
            local = t["expert_mask"] != 0
            numbers = np.where(local, np.cumsum(local) - 1, -1)
        ids = t["topk_ids"].ravel()
        inside = (ids >= 0) & (ids < len(numbers))
        inside &= np.arange(len(ids)) < self.local_tokens * self.topk
        return np.where(inside, numbers[np.where(inside, ids, 0)], -1)

    def expected(self):
        """value, bound, and whether a row is computed at all."""
        t = self.tensors
        if "scale" in t:
            w = dequantize(t["w"], t["scale"])
        else:
            w = dequantize(*quantize(t["w"]))
        x = from_bf16(t["x"])
        experts, _, k = w.shape
        value, total = self.initial.copy(), np.abs(self.initial)
        magnitude = np.zeros(self.shape)
        routed = np.zeros(self.shape[0], bool)
        for pair, e in enumerate(self.local_experts(experts)):
            if e < 0:
                continue
            weight = float(t["topk_weights"].ravel()[pair]) if self.weight else 1.0
            bias = t["bias"][e].astype(np.float64) if "bias" in t else np.zeros(w.shape[1])
            v = (w[e] @ x[pair] + bias) * weight
            a = (np.abs(w[e]) @ np.abs(x[pair]) + np.abs(bias)) * abs(weight)
            a += k * 2.0**-150 / (8 * 2.0**-24 * np.sqrt(k)) * abs(weight)
            row = pair // self.topk if self.accumulate else pair
            routed[row] = True
            magnitude[row] += a
            if self.accumulate:
                value[row] += v
                total[row] += np.abs(v)
            else:
                value[row], total[row] = v, np.abs(v)
        m = self.topk + 1 if self.accumulate else 1
        bound = ROUNDOFF[self.out] * m * total
        bound += 8 * 2.0**-24 * np.sqrt(k) * magnitude + m * SUBNORMAL[self.out] / 2
        return value, bound, routed

    def check(self, stored):
        """What is wrong with the output, or None."""
        if stored.shape != self.shape:
            return f"expected shape {self.shape}, got {stored.shape}"
        y = self.decode(stored)
        value, bound, routed = self.expected()
        if not (y[~routed] == self.initial[~routed]).all():
            return "a row without a route has changed"
        value = np.where(np.abs(value) >= LARGEST[self.out],
                         np.copysign(np.inf, value), value)
        with np.errstate(invalid="ignore"):
            good = np.where(np.isnan(value), np.isnan(y),
                            np.where(np.isinf(value), y == value,
                                     np.abs(y - value) <= bound))
        good[~routed] = True
        if good.all():
            return None
        r, c = np.argwhere(~good)[0]
        return (f"{(~good).sum()} of {good.size} elements are wrong, first [{r}, {c}]: "
                f"expected {value[r, c]} within {bound[r, c]}, got {y[r, c]}")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Stage1(Case):
    """The same for stage 1: x is [tokens, K], the weights' rows are n/2 gate
    rows and n/2 up rows in logical order, the result [tokens*topk, n/2]."""

    command = "gemm1"

    def __init__(self, name, tokens, experts, topk, inter, k, act,
                 gate="separated", doweight=False, flags=(), params=None, **others):
        super().__init__(name, tokens, experts, topk, 2 * inter, k,
                         accumulate=True, flags=["--act", act, "--gate", gate, *flags],
                         **others)
        self.act, self.doweight = act, doweight
        params = params or {}
        for key, value in params.items():
            self.flags += ["--" + key, str(value)]
        # The defaults of the formats' description, then what is given.
        limit = 7.0 if act == "swiglu" else np.inf
        self.params = {"alpha": 1.702, "limit": limit, "beta": 4.0, "linear-beta": 25.0,
                       **params}
        self.flags += ["--doweight"] if doweight else []
        t = self.tensors
        t["x"] = t["x"][:tokens]
        t["scale"] = np.where(t["scale"] == 0, 0, t["scale"] - 5).astype(np.uint8)
        if not doweight:
            del t["topk_weights"]
        self.shape = (tokens * topk, inter)
        self.initial = np.zeros(self.shape)

    def factors(self, g, u):
        """The two factors."""
        alpha, limit, beta, linear = (self.params[key] for key in
                                      ("alpha", "limit", "beta", "linear-beta"))
        g, u = np.minimum(g, limit), np.clip(u, -limit, limit)
        if self.act == "silu":
            return g * sigmoid(g), u
        if self.act == "swiglu":
            return g * sigmoid(alpha * g), u + 1
        return beta * np.tanh(g / beta) * sigmoid(g), linear * np.tanh(u / linear)

    def expected(self):
        t = self.tensors
        w, x = dequantize(t["w"], t["scale"]), from_bf16(t["x"])
        experts, n, k = w.shape
        value, bound = np.zeros(self.shape), np.full(self.shape, np.inf)
        routed = np.zeros(self.shape[0], bool)
        step = 2.0**-24
        for pair, e in enumerate(self.local_experts(experts)):
            if e < 0:
                continue
            row = x[pair // self.topk]
            bias = t["bias"][e].astype(np.float64) if "bias" in t else np.zeros(n)
            acc = w[e] @ row + bias
            error = 8 * step * np.sqrt(k) * (np.abs(w[e]) @ np.abs(row) + np.abs(bias))
            g, u = acc[:n // 2], acc[n // 2:]
            # A sum that is infinite or NaN is so without an error.
            error = np.where(np.isfinite(acc), error, 0)
            error += k * 2.0**-150
            dg, du = error[:n // 2], error[n // 2:]
            first, second = self.factors(g, u)
            weight = float(t["topk_weights"].ravel()[pair]) if self.doweight else 1.0
            # No factor changes faster than 1.25 times its argument.
            dg = 1.25 * dg + (16 + 4 * np.minimum(np.abs(g), 200)) * step * np.abs(first)
            du = du + 16 * step * (np.abs(second) + 1)
            routed[pair] = True
            value[pair] = first * second * weight
            bound[pair] = abs(weight) * (dg * np.abs(second) + du * np.abs(first) + dg * du)
            bound[pair] += (ROUNDOFF[self.out] + 2 * step) * np.abs(value[pair])
            bound[pair] += SUBNORMAL[self.out] / 2
        return value, bound, routed


class Layer(Case):
    """Both stages: stage 1's exact values, each moved by its own error and by a
    rounding to bf16, times stage 2's weights. The output is [tokens, H]."""

    command = "layer"

    def __init__(self, name, tokens, experts, topk, model, inter, act, bias=False,
                 accumulate=True, doweight=False, weight=True, out="bf16",
                 gate="separated", flags=()):
        super().__init__(name, tokens, experts, topk, model, inter, out, accumulate,
                         weight, bias, flags=["--act", act, "--gate", gate, *flags])
        self.flags += ["--doweight"] if doweight else []
        self.first = Stage1(name + "-up", tokens, experts, topk, inter, model, act,
                            bias=bias, doweight=doweight)
        t, up = self.tensors, self.first.tensors
        if doweight:
            up["topk_weights"] = t["topk_weights"]
        up["topk_ids"] = t["topk_ids"]
        for key in ("w", "scale", "bias"):
            if key in t:
                t[key + "1"], t[key + "2"] = up[key], t.pop(key)
        t["x"] = up["x"]
        self.weight = weight and not doweight
        self.shape, self.initial = (tokens, model), np.zeros((tokens, model))

    def expected(self):
        t = self.tensors
        self.first.tensors.update(
            {key: t[key] for key in ("topk_ids", "expert_mask", "x") if key in t})
        self.first.local_tokens = self.local_tokens
        a, error, routed = self.first.expected()
        if "scale2" in t:
            w = dequantize(t["w2"], t["scale2"])
        else:
            w = dequantize(*quantize(t["w2"]))
        value, total = self.initial.copy(), np.abs(self.initial)
        magnitude, off = np.zeros(self.shape), np.zeros(self.shape)
        here = np.zeros(self.shape[0], bool)
        for pair, e in enumerate(self.local_experts(len(w))):
            if e < 0:
                continue
            weight = float(t["topk_weights"].ravel()[pair]) if self.weight else 1.0
            bias = t["bias2"][e].astype(np.float64) if "bias2" in t else np.zeros(len(w[e]))
            row, v = pair // self.topk, (w[e] @ a[pair] + bias) * weight
            here[row] = True
            value[row] += v
            total[row] += np.abs(v)
            magnitude[row] += (np.abs(w[e]) @ np.abs(a[pair]) + np.abs(bias)) * abs(weight)
            off[row] += np.abs(w[e]) @ error[pair] * abs(weight)
        m = self.topk + 1
        bound = ROUNDOFF[self.out] * m * (total + off) + off + m * SUBNORMAL[self.out] / 2
        bound += 8 * 2.0**-24 * np.sqrt(w.shape[2]) * (magnitude + off)
        return value, bound, here


def skip_routes(case):
    """Ids outside the experts, and NaN in the rows of x nobody may read."""
    ids = case.tensors["topk_ids"]
    ids[0, :] = -1  # a token that goes nowhere
    ids[1, 0] = 1 << 20
    ids[2, -1] = case.tensors["w"].shape[0]
    case.tensors["x"][(ids.ravel() < 0) | (ids.ravel() >= case.tensors["w"].shape[0])] = 0x7FC0
    return case.with_initial()


def skip_stage1(case):
    """Ids outside the experts, and a token that nobody may read."""
    ids = case.tensors["topk_ids"]
    ids[0, :] = -1
    ids[2, -1] = case.tensors["w"].shape[0]
    case.tensors["x"][0] = 0x7FC0
    return case


def specials(case):
    """A NaN scale, an infinite weight, a NaN activation: each in one place."""
    t = case.tensors
    t["scale"][0, 3, 1] = 255
    t["scale"][1, 5, 0] = 254
    t["w"].reshape(*t["scale"].shape, 16)[1, 5, 0] = 0
    t["w"].reshape(*t["scale"].shape, 16)[1, 5, 0, 2] = 0x07
    x = from_bf16(t["x"])
    x[:, 4] = np.where(x[:, 4] == 0, 1, x[:, 4])
    t["x"] = to_bf16(x)
    t["x"][2, 7] = 0x7FC0
    return case


def special_rows(case):
    """Rows of x with a NaN, infinities of both signs, the largest number, nothing
    but subnormal ones; a NaN scale and an infinite weight of gate, a NaN scale
    and the largest weight of up."""
    t = specials(case).tensors
    inter = t["w"].shape[1] // 2
    t["scale"][0, inter + 9, 2] = 255
    t["scale"][2, inter + 6, 0] = 254
    t["w"].reshape(*t["scale"].shape, 16)[2, inter + 6, 0] = 0
    t["w"].reshape(*t["scale"].shape, 16)[2, inter + 6, 0, 3] = 0x20
    t["x"][3, 11], t["x"][4, 12], t["x"][5, 1] = 0x7F80, 0xFF80, 0x7F7F
    t["x"][6] &= 0x807F
    return case


def overflow(case):
    """Results beyond f16."""
    case.tensors["scale"][:, 0, :] = 150
    return case


def floats(case, dtype):
    """Weights that still have to be quantised; some blocks zero, some on
    ties."""
    shape = (*case.tensors["w"].shape[:2], case.tensors["w"].shape[2] * 2)
    w = case.rng.normal(size=shape) * np.repeat(
        np.ldexp(1.0, case.rng.integers(-6, 3, (*shape[:2], shape[2] // 32))), 32, axis=-1)
    w[:, ::5, :32] = 0
    w[:, 1::5, :32] = case.rng.choice([4, 0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, -5, -0.25], (shape[0], len(range(1, shape[1], 5)), 32))
    w[:, 1::5, 0] = 4
    case.tensors["w"] = w.astype(dtype)
    del case.tensors["scale"]
    return case


def floats2(case):
    """Stage 2's weights in f32, still to be quantised."""
    experts, n, half = case.tensors["w2"].shape
    case.tensors["w2"] = case.rng.normal(size=(experts, n, 2 * half)).astype(np.float32)
    del case.tensors["scale2"]
    return case


def scales(case, low, high):
    """Other block exponents, up to the whole range of the byte."""
    t = case.tensors
    t["scale"] = case.rng.integers(low, high + 1, t["scale"].shape).astype(np.uint8)
    return case


def sharded(case, places, ids=None, local_tokens=None):
    """The experts are those at `places` of a model with ten; what nothing reads
    of x is NaN."""
    t = case.tensors
    t["expert_mask"] = np.zeros(10, np.int32)
    t["expert_mask"][list(places)] = [1 + 6 * (i % 2) for i in range(len(places))]
    if ids is None:
        ids = np.argsort(case.rng.random((case.tokens, 10)))[:, :case.topk]
    t["topk_ids"] = ids.astype(np.int32)
    if local_tokens is not None:
        case.local_tokens = local_tokens
        case.flags += ["--local-tokens", str(local_tokens)]
    read = case.local_experts(len(places)) >= 0
    rows = np.arange(len(t["x"]))
    if case.command != "gemm2":
        read = read.reshape(case.tokens, case.topk).any(1)
    t["x"][rows[~read]] = 0x7FC0
    return case


def nan_scale_behind(case):
    """A NaN scale in one row of the last 32, none elsewhere: whoever reads scales
    past K finds those of rows further on."""
    case.tensors["scale"][:, -20, :] = 255
    return case


def smallest(case):
    """One product a row, between two of f16's smallest numbers: 10.4375 * 2^-24 and
    more of them, all weights one."""
    t = case.tensors
    t["w"][:], t["scale"][:], t["x"][:] = 0x22, 127, 0
    t["x"][:, 0] = to_bf16(2.0**-24 * (10.4375 + np.arange(len(t["x"]))))
    return case


def subnormal_f32(case):
    """Sums in the range of f32's subnormal numbers."""
    case.tensors["x"] &= 0x803F
    return scales(case, 100, 127)


def same_expert_twice(case):
    case.tensors["topk_ids"][:, :] = case.tensors["topk_ids"][:, :1]
    return case


def alternating(case):
    """The files have gate and up rows in turn; `tensors` keeps gate rows first for
    what is expected."""
    t, case.files = case.tensors, {}
    for name in ("w", "scale", "bias", "w1", "scale1", "bias1"):
        if name in t:
            half = t[name].shape[1] // 2
            pairs = np.stack([t[name][:, :half], t[name][:, half:]], axis=2)
            case.files[name] = pairs.reshape(t[name].shape)
    case.flags += ["--input-gate", "rows"]
    return case


def wide_ids(case):
    case.tensors["topk_ids"] = case.tensors["topk_ids"].astype(np.int64)
    return case


def without(case, name):
    del case.tensors[name]
    return case


def cases():
    yield Case("plain", 7, 4, 2, 96, 160)
    yield Case("initial", 19, 6, 3, 64, 288, tile="16x64x128").with_initial()
    yield Case("store", 19, 6, 3, 160, 416, out="f16", accumulate=False, bias=True,
               tile="32x128x256").with_initial()
    yield skip_routes(Case("skipped-ids", 9, 5, 2, 64, 96))
    yield skip_routes(Case("skipped-ids-store", 9, 5, 2, 64, 96, accumulate=False))
    yield Case("one-expert", 17, 1, 1, 32, 32, out="f32", tile="16x64x128")
    yield Case("one-token", 1, 8, 4, 128, 2880, bias=True)
    yield Case("gpt-oss-k", 4, 2, 2, 96, 2880, bias=True, tile="16x128x256").with_initial()
    yield Case("blocks", 64, 2, 2, 96, 256, out="f32", tile="64x64x128")
    yield Case("blocks-and-one", 65, 2, 1, 256, 160, tile="64x256x256")
    yield Case("no-weight", 11, 4, 2, 96, 128, weight=False, out="f32")
    yield without(Case("no-weight-file", 11, 4, 2, 96, 128, weight=False), "topk_weights")
    yield specials(Case("specials", 5, 3, 3, 64, 96, out="f32"))
    yield specials(Case("specials-bf16-store", 5, 3, 3, 64, 96, accumulate=False))
    yield overflow(Case("overflow", 5, 3, 2, 64, 96, out="f16", accumulate=False))
    yield floats(Case("quantize-f32", 8, 3, 2, 64, 192, out="f32"), np.float32)
    yield floats(Case("quantize-f16", 8, 3, 2, 64, 192), np.float16)
    yield scales(Case("tiny", 6, 3, 2, 64, 160), 0, 6)
    yield scales(Case("tiny-f32", 6, 3, 2, 64, 160, out="f32", accumulate=False), 0, 12)
    yield scales(Case("tiny-f16", 6, 3, 2, 64, 160, out="f16"), 100, 112)
    yield smallest(Case("smallest-f16", 1, 1, 1, 32, 32, out="f16", accumulate=False,
                        weight=False))
    yield smallest(Case("smallest-f16-many", 9, 1, 1, 64, 64, out="f16", weight=False))
    yield subnormal_f32(Case("subnormal-f32", 5, 2, 2, 64, 96, out="f32", accumulate=False))
    yield subnormal_f32(Case("subnormal-f32-sum", 5, 2, 2, 64, 96, out="f32"))
    yield scales(Case("scale-0-bf16", 5, 2, 2, 64, 96, accumulate=False), 0, 0)
    for act in ("silu", "swiglu", "situv2"):
        for out in ("bf16", "f16", "f32"):
            yield scales(Stage1(f"underflow-{act}-{out}", 5, 2, 2, 48, 96, act, out=out), 0, 3)
    yield scales(Case("huge", 6, 3, 2, 64, 160, out="f32", accumulate=False), 225, 238)
    yield scales(Case("wide", 6, 3, 2, 64, 288), 0, 220)
    yield same_expert_twice(Case("same-expert-twice", 33, 3, 3, 64, 96))
    yield wide_ids(Case("int64-ids", 6, 3, 2, 64, 96))
    for act in ("silu", "swiglu", "situv2"):
        for gate in ("separated", "interleaved", "rows"):
            yield Stage1(f"stage1-{act}-{gate}", 19, 5, 2, 96, 160, act, gate, bias=True)
    yield Stage1("stage1-f32", 9, 3, 2, 32, 416, "swiglu", "interleaved", True, out="f32")
    yield Stage1("stage1-f16", 33, 2, 1, 160, 288, "silu", doweight=True, out="f16",
                 tile="32x128x128")
    for act in ("silu", "swiglu", "situv2"):
        for gate in ("separated", "interleaved"):
            yield special_rows(Stage1(f"stage1-special-{act}-{gate}", 9, 3, 2, 64, 160, act,
                                      gate, out="f32" if gate == "separated" else "bf16"))
    for act, params in (("silu", {"limit": 0.75}), ("swiglu", {"alpha": 0.625}),
                        ("swiglu", {"alpha": 3.5, "limit": 1.25}),
                        ("situv2", {"beta": 0.5}), ("situv2", {"linear-beta": 1.5}),
                        ("situv2", {"beta": 2.0, "linear-beta": 0.75, "limit": 0.5})):
        name = "-".join(["stage1-params", act, *params])
        yield Stage1(name, 9, 3, 2, 48, 160, act, params=params, out="f32")
    # Wave groups without a last tile fetch from past K, the next rows' scales.
    yield nan_scale_behind(Case("nan-scale-behind", 5, 2, 2, 128, 768, out="f32",
                                tile="16x64x256", flags=["--k-wave", "2"]))
    yield nan_scale_behind(Case("nan-scale-behind-four", 5, 2, 2, 128, 768, out="f32",
                                tile="16x64x128", flags=["--k-wave", "4"]))
    yield nan_scale_behind(Case("nan-scale-behind-five", 5, 2, 2, 128, 1280, out="f32",
                                tile="16x64x256", flags=["--k-wave", "4"]))
    yield skip_stage1(Stage1("stage1-skipped", 9, 5, 2, 64, 96, "situv2", bias=True))
    yield sharded(Case("sharded", 19, 3, 3, 64, 160, bias=True), (1, 4, 9)).with_initial()
    yield sharded(Case("sharded-store", 19, 4, 3, 64, 160, accumulate=False), (0, 2, 3, 8),
                  local_tokens=11).with_initial()
    yield sharded(Case("sharded-elsewhere", 4, 2, 2, 32, 96), (5, 7),
                  np.array([[0, 1], [10, -1], [2, 11], [9, 8]])).with_initial()
    yield sharded(Case("local-tokens-none", 4, 2, 2, 32, 96), (5, 7), local_tokens=0).with_initial()
    yield sharded(Stage1("sharded-stage1", 17, 3, 3, 64, 160, "swiglu", "interleaved", bias=True),
                  (2, 3, 6), local_tokens=13)
    yield Layer("layer", 19, 4, 2, 96, 160, "silu")
    yield Layer("layer-swiglu", 11, 5, 3, 160, 288, "swiglu", bias=True,
                gate="interleaved").with_initial()
    yield Layer("layer-doweight", 7, 3, 2, 64, 96, "situv2", doweight=True, out="f32")
    yield Layer("layer-reduced", 9, 4, 3, 64, 160, "silu", bias=True, accumulate=False, out="f16")
    yield sharded(Layer("layer-sharded", 17, 3, 3, 96, 64, "swiglu", bias=True), (0, 6, 7),
                  local_tokens=14).with_initial()
    yield floats2(Layer("layer-floats", 6, 3, 2, 64, 96, "silu", weight=False))
    # Dimensions that no kernel has: 2880 / 8 and smaller, odd numbers of columns.
    yield Case("pad-k", 9, 3, 2, 96, 360, bias=True).with_initial()
    yield Case("pad-n", 9, 3, 2, 90, 96, out="f32", accumulate=False).with_initial()
    yield Case("pad-both", 7, 3, 2, 33, 46, out="f16", bias=True).with_initial()
    yield Case("pad-reduce", 7, 3, 2, 130, 98, accumulate=True,
               flags=["--no-accumulate", "--reduce"])
    yield floats(Case("pad-floats", 6, 3, 2, 70, 96), np.float32)
    yield Stage1("pad-360", 9, 3, 2, 360, 288, "swiglu", "interleaved", bias=True)
    yield Stage1("pad-stage1", 9, 3, 2, 45, 150, "silu", doweight=True, bias=True, out="f32")
    yield Stage1("pad-stage1-rows", 9, 3, 2, 23, 150, "situv2", "rows", bias=True)
    yield Stage1("pad-split", 5, 3, 2, 45, 550, "swiglu", bias=True, tile="16x128x128",
                 flags=["--k-batch", "2"])
    yield Layer("pad-layer", 9, 4, 2, 90, 360, "swiglu", bias=True, gate="rows").with_initial()
    yield alternating(Stage1("input-rows", 9, 3, 2, 48, 96, "swiglu", "rows", bias=True))
    yield alternating(Stage1("input-rows-odd", 9, 3, 2, 45, 96, "silu", bias=True, out="f32"))
    yield alternating(Layer("input-rows-layer", 7, 3, 2, 64, 48, "silu", bias=True,
                            gate="interleaved"))
    yield Case("no-token", 0, 3, 2, 64, 96)
    yield Case("no-token-store", 0, 3, 2, 90, 46, out="f32", accumulate=False, bias=True)
    yield Stage1("no-token-stage1", 0, 3, 2, 48, 96, "swiglu", bias=True)
    yield Layer("no-token-layer", 0, 3, 2, 90, 64, "silu")
    yield Case("many-tokens", 300, 4, 2, 64, 96, bias=True).with_initial()


def main():
    chip, folder = sys.argv[1:3]
    failures = 0
    for case in cases():
        data = os.path.join(folder, case.name)
        os.makedirs(data, exist_ok=True)
        for name, tensor in {**case.tensors, **case.files}.items():
            np.save(os.path.join(data, name + ".npy"), tensor)
        result = os.path.join(data, "result.npy")
        command = ["moe-run", case.command, "--data", data, "--out", result,
                   "--chip", chip, *case.flags, "--threads", "1", *sys.argv[3:]]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        problem = None
        if os.path.exists(result):
            problem = case.check(np.load(result))
        if done.returncode:
            problem = f"exit code {done.returncode}: {done.stderr.strip()} {problem or ''}"
        elif not os.path.exists(result):
            problem = "no output was written"
        print(f"{case.name}: {problem or 'right'}")
        if problem:
            print("  " + " ".join(command))
            failures += 1
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
