# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The data of a program of random_ir.py, and what is right: each op by itself, from
what its inputs hold after the run, in NumPy's double. Written from the descriptions
of the ops and docs/Layouts.md; nothing of the compiler is used.

Activations, weights, biases and routing weights are small multiples of powers of two,
so sums are exact in f32 in any order and a result that is stored has to be the nearest
number of its type. Bounds are there for what rounds: activations, sums of rows of a
layer's first stage, and additions to an output of 16 bits."""

import numpy as np

E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6])
BYTES = {"bf16": 2, "f16": 2, "f32": 4, "i32": 4, "i8": 1}
ULP = {"bf16": 2.0**-8, "f16": 2.0**-11, "f32": 2.0**-24}
TINY = {"bf16": 2.0**-133, "f16": 2.0**-24, "f32": 2.0**-149}


def encode(values, kind):
    """Rounded to nearest even, as an array of the type's own bits."""
    if kind == "bf16":
        bits = np.asarray(values, np.float32).view(np.uint32)
        return ((bits.astype(np.uint64) + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.asarray(values).astype({"f16": np.float16, "f32": np.float32, "i32": np.int32,
                                      "i8": np.uint8}[kind])


def decode(raw, kind):
    if kind == "bf16":
        return (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32).astype(
            np.float64)
    type_ = {"f16": np.float16, "f32": np.float32, "i32": np.int32, "i8": np.uint8}[kind]
    read = np.frombuffer(raw, type_)
    return read.astype(np.float64) if kind in ("f16", "f32") else read


def shuffle(codes, scales):
    """docs/Layouts.md, "Weights" and "Scales"."""
    e, n, k = codes.shape
    padded = np.zeros((e, n, -(-k // 128) * 128), np.int64)
    padded[:, :, :k] = codes
    w = padded.reshape(e, n // 16, 16, -1, 4, 32).transpose(0, 1, 3, 4, 2, 5).reshape(-1)
    full = np.full((e, n, -(-scales.shape[2] // 8) * 8), 127, np.int64)
    full[:, :, :scales.shape[2]] = scales
    s = full.reshape(e, n // 32, 2, 16, -1, 2, 4).transpose(0, 1, 4, 6, 3, 5, 2).reshape(-1)
    return w[0::2] | w[1::2] << 4, s


def physical(gate, inter):
    """The row, gate rows first, that stands in each physical row."""
    p = np.arange(2 * inter)
    if gate == "separated":
        return p
    if gate == "rows":
        return p // 2 + (p % 2) * inter
    return (p // 32) * 16 + p % 16 + (p // 16 % 2) * inter


class Data:
    """Everything that a program reads, by logical tensors."""

    def __init__(self, problem):
        self.problem = p = problem
        rng = self.rng = np.random.default_rng(p["seed"] + 1)
        self.masked = p["local_experts"] == "masked"
        self.everywhere = p["experts"] + 2 * self.masked
        self.rows = p["tokens"] + p["spare_tokens"]
        # Numbers on this device, -1 where an expert is elsewhere.
        self.local = np.arange(self.everywhere)
        if self.masked:
            gone = rng.choice(self.everywhere, 2, replace=False)
            self.local[:] = -1
            self.local[np.setdiff1d(np.arange(self.everywhere), gone)] = np.arange(p["experts"])
        stages = {"up": (2 * p["inter"], p["hidden"], (122, 125)),
                  "down": (p["hidden"], p["inter"], (126, 129))}
        self.codes, self.scales, self.dense, self.bias = {}, {}, {}, {}
        for stage, (rows, depth, (low, high)) in stages.items():
            codes = rng.integers(0, 16, (p["experts"], rows, depth))
            scales = rng.integers(low, high, (p["experts"], rows, depth // 32))
            self.codes[stage], self.scales[stage] = codes, scales
            self.dense[stage] = E2M1[codes] * np.repeat(np.exp2(scales - 127.0), 32, 2)
            self.bias[stage] = rng.integers(-8, 9, (p["experts"], rows)).astype(float)
        self.logits = rng.integers(-40, 41, (self.rows, self.everywhere - p["shared"])) / 8
        self.correction = rng.integers(-16, 17, self.everywhere - p["shared"]) / 64
        self.topk_ids = np.array([rng.permutation(self.everywhere)[:p["topk"]]
                                  for _ in range(self.rows)])
        self.topk_weights = rng.integers(1, 6, (self.rows, p["topk"])) / 2

    def lists(self):
        """Sorted lists as moe.sort leaves them, with a block of an expert that is
        elsewhere and some rows behind those in use that look valid."""
        p = self.problem
        ids, owners, weights = [], [], []
        pad = p["topk"] << 24 | p["tokens"]
        local = self.local[self.topk_ids[:p["tokens"]]]
        for expert in list(range(p["experts"])) + ([-1] if self.masked else []):
            mine = [(t, s) for t, s in np.argwhere(local == expert)]
            while mine:
                now, mine = mine[:p["block_rows"]], mine[p["block_rows"]:]
                empty = p["block_rows"] - len(now)
                owners.append(expert)
                ids += [s << 24 | t for t, s in now] + [pad] * empty
                weights += [self.topk_weights[t, s] for t, s in now] + [np.nan] * empty
        used = len(ids)
        if p["sorted_tail"] or not ids:
            ids += [0] * p["block_rows"]
            owners.append(0)
            weights += [np.nan] * p["block_rows"]
        return ids, owners, weights, [used, p["tokens"]]


#===-- What each op should have done ----------------------------------------===#


def near(value, kind, extra):
    """How far the nearest number of the type may be from `value` +- `extra`."""
    return extra if kind == "f32" and np.all(extra == 0) else \
        extra + ULP[kind] * (np.abs(value) + extra) + TINY[kind]


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def activated(sums, problem, inter):
    """Of exact sums, gate columns first; and what evaluating it in f32 may err."""
    limit, kind = problem["limit"], problem["activation"]
    g = np.minimum(sums[..., :inter], limit)
    u = np.clip(sums[..., inter:], -limit, limit)
    if kind == "silu":
        first, second = g * sigmoid(g), u
    elif kind == "swiglu":
        first, second = g * sigmoid(1.5 * g), u + 1
    else:
        first, second = 4 * np.tanh(g / 4) * sigmoid(g), 25 * np.tanh(u / 25)
    size = np.abs(first) * np.abs(second)
    return first * second, 2.0**-24 * size * (40 + 4 * np.abs(g)) + 2.0**-126


def rows_of(program, read, unsorted=False):
    """(token, slot, expert, weight) of each valid sorted row, or of each pair whose
    expert is on this device."""
    p = program.problem
    if unsorted:
        topk_ids, topk_weights = (program.value(read, n) for n in ("topk_ids", "topk_weights"))
        for token, slot in np.ndindex(p["tokens"], p["topk"]):
            expert = program.data.local[topk_ids[token, slot]]
            if expert >= 0:
                yield token, slot, expert, topk_weights[token, slot]
        return
    ids, owners, weights, used = (program.value(read, name)
                                  for name in ("ids", "experts", "weights", "num_valid"))
    for i in range(used[0]):
        token, slot = ids[i] & 0xFFFFFF, ids[i] >> 24
        owner = owners[i // p["block_rows"]]
        if token < p["tokens"] and slot < p["topk"] and 0 <= owner < p["experts"]:
            yield token, slot, owner, weights[i]


class Expected:
    """An output: values, bounds, and which elements are written at all."""

    def __init__(self, start):
        self.value = np.array(start, float)
        self.bound = np.zeros(self.value.shape)
        self.size = np.abs(self.value)
        self.additions = np.zeros(self.value.shape, int)
        self.written = np.zeros(self.value.shape, bool)


def gemm(program, read, op):
    p, data = program.problem, program.data
    x = program.value(read, op["x"])
    kind = program.buffers[op["out"]].kind
    want = Expected(program.start(op["out"], op.get("cleared", False)))
    up = op["stage"] == "up"
    for token, slot, expert, weight in rows_of(program, read, op["unsorted"]):
        row = x[token if up else token * p["topk"] + slot]
        w = data.dense[op["stage"]][expert]
        value, size = w @ row, np.abs(w) @ np.abs(row)
        # Exact where x holds integers; the worst case of any order otherwise.
        slack = np.zeros(value.shape) if op["exact"] else 2.0**-24 * len(row) * size
        if op["bias"]:
            value, size = value + data.bias[op["stage"]][expert], \
                size + np.abs(data.bias[op["stage"]][expert])
        if up and not op["raw"]:
            value, slack = activated(value, p, p["inter"])
            size = np.abs(value)
        if op["weight"]:
            value, slack, size = value * weight, np.abs(weight) * slack, size * np.abs(weight)
            if not op["exact"] or up:
                slack = slack + 2.0**-23 * size
        # Only stage 2 adds up slots of a token.
        adds = op["accumulate"] and not op["per_slot"] and not up
        at = token if adds else token * p["topk"] + slot
        want.written[at] = True
        if op["accumulate"]:
            times = op["times"]
            want.value[at] += value * times
            want.bound[at] += slack * times
            want.size[at] += size * times
            want.additions[at] += times * p["k_batch"]
        else:
            want.value[at], want.bound[at] = value, slack
    if op["accumulate"]:
        exact = kind == "f32" and op["exact"] and not (up and not op["raw"])
        if not exact:
            want.bound += (want.additions + 1) * (ULP[kind] * (want.size + want.bound)
                                                  + TINY[kind])
    else:
        want.bound = near(want.value, kind, want.bound)
    return {op["out"]: want}


def activate(program, read, op):
    p, data = program.problem, program.data
    sums, want = program.value(read, op["x"]), Expected(program.start(op["out"]))
    kind = program.buffers[op["out"]].kind
    for token, slot, expert, weight in rows_of(program, read):
        at = token * p["topk"] + slot
        value, slack = sums[at], 0.0
        if op["activation"]:
            value = value + (data.bias["up"][expert] if op["bias"] else 0)
            value, slack = activated(value, p, p["inter"])
        if op["weight"]:
            value, slack = value * weight, np.abs(slack * weight) + 2.0**-23 * np.abs(
                value * weight) * op["activation"]
        want.value[at], want.written[at] = value, True
        want.bound[at] = slack
    want.bound = near(want.value, kind, want.bound)
    return {op["out"]: want}


def reduce_slots(program, read, op):
    p = program.problem
    parts, want = program.value(read, op["x"]), Expected(program.start(op["out"]))
    kind = program.buffers[op["out"]].kind
    counts = np.ones(parts.shape[0], bool)
    if op["valid"]:
        counts = program.value(read, "valid") != 0
    for token in range(p["tokens"]):
        slots = [token * p["topk"] + s for s in range(p["topk"])]
        chosen = parts[[s for s in slots if counts[s]]]
        want.value[token], want.written[token] = chosen.sum(0), True
    want.bound = near(want.value, kind, 0 * want.value)
    return {op["out"]: want}


def route(program, read, op):
    p, data = program.problem, program.data
    ids = Expected(program.start("topk_ids"))
    weights = Expected(program.start("topk_weights"))
    ranked = p["topk"] - p["shared"]
    best = op["best"]
    for t in range(p["tokens"]):
        logits = data.logits[t]
        score = sigmoid(logits) if p["score"] == "sigmoid" else \
            np.exp(logits - np.logaddexp.reduce(logits))
        # Without a correction, logits are compared.
        choice = score + data.correction if p["correction"] else logits
        parts = choice.reshape(p["groups"], -1)
        worth = np.sort(parts, 1)[:, -2:].sum(1) if p["correction"] else parts.max(1)
        groups = np.argsort(-worth, kind="stable")[:best]
        allowed = np.where(np.isin(np.arange(len(choice)) // parts.shape[1], groups),
                           choice, -np.inf)
        chosen = np.argsort(-allowed, kind="stable")[:ranked]
        value = score[chosen]
        if p["renormalize"]:
            value = value / value.sum()
        ids.value[t] = list(chosen) + [len(choice) + i for i in range(p["shared"])]
        weights.value[t] = list(value) + [0.5] * p["shared"]
        ids.written[t] = weights.written[t] = True
    weights.bound = np.where(weights.written, 2.0**-24 * 256 * np.abs(weights.value), 0)
    return {"topk_ids": ids, "topk_weights": weights}


def decided(problem, data):
    """Whether f32 and double order the router's choices alike: no two are close."""
    if not problem["correction"]:
        return True
    for logits in data.logits:
        score = sigmoid(logits) if problem["score"] == "sigmoid" else \
            np.exp(logits - np.logaddexp.reduce(logits))
        choice = score + data.correction
        worth = np.sort(choice.reshape(problem["groups"], -1), 1)[:, -2:].sum(1)
        for values in (choice, worth):
            if len(values) > 1 and np.min(np.diff(np.sort(values))) < 1e-4:
                return False
    return True


def sort(program, read, op):
    p, data = program.problem, program.data
    topk_ids, topk_weights = (program.value(read, n) for n in ("topk_ids", "topk_weights"))
    want = {name: Expected(program.start(name))
            for name in ("ids", "experts", "weights", "num_valid")}
    at = 0
    inside = (topk_ids >= 0) & (topk_ids < len(data.local))
    local = np.where(inside, data.local[np.clip(topk_ids, 0, len(data.local) - 1)], -1)
    for expert in range(p["experts"]):
        mine = np.argwhere(local[:p["tokens"]] == expert)
        for first in range(0, len(mine), p["block_rows"]):
            rows = slice(at, at + p["block_rows"])
            want["ids"].value[rows] = p["topk"] << 24 | p["tokens"]
            want["weights"].value[rows] = 0
            for i, (t, s) in enumerate(mine[first:first + p["block_rows"]]):
                want["ids"].value[at + i] = s << 24 | t
                want["weights"].value[at + i] = topk_weights[t, s]
            want["ids"].written[rows] = want["weights"].written[rows] = True
            want["experts"].value[at // p["block_rows"]] = expert
            want["experts"].written[at // p["block_rows"]] = True
            at += p["block_rows"]
    want["num_valid"].value[:] = [at, p["tokens"]]
    want["num_valid"].written[:] = True
    return want


OPS = {"gemm": gemm, "activate": activate, "reduce": reduce_slots, "route": route, "sort": sort}


def wrong_output(program, read):
    """The first difference of what the buffers hold, or None."""
    wanted = {}
    for op in program.ops:
        wanted.update(OPS[op["op"]](program, read, op))
    for name, buffer in program.buffers.items():
        got = read[name][:len(buffer.start)]
        if buffer.scratch:
            continue
        inside = buffer.places()
        touched = np.zeros(inside.shape, bool)
        if name in wanted:
            want = wanted[name]
            touched = want.written
            value = program.value(read, name).astype(float)
            with np.errstate(invalid="ignore"):
                bad = touched & ~(np.abs(value - want.value) <= want.bound)
            if buffer.kind == "f16":
                # A value of f16 that does not fit is infinite, and so is every sum
                # behind a partial one that does not.
                may = np.abs(want.value) + want.bound + want.size * (want.additions > 0)
                bad &= ~(~np.isfinite(value) & (may >= 65504))
            if name in program.cleared:
                # Rows that nothing is added to are zero.
                rest = ~touched & (np.arange(touched.shape[0])
                                   < program.problem["tokens"])[:, None]
                bad |= rest & (value != 0)
                touched = touched | rest
            if bad.any():
                at = tuple(int(i) for i in np.argwhere(bad)[0])
                return (f"{name}{list(at)}: expected {want.value[at]!r} within "
                        f"{want.bound[at]:.3g}, got {value[at]!r}; {bad.sum()} of "
                        f"{bad.size} elements are wrong")
        size = BYTES[buffer.kind]
        same = np.frombuffer(got, np.uint8) == np.frombuffer(buffer.start, np.uint8)
        for byte in range(size):
            same[inside[touched] * size + byte] = True
        if not same.all():
            return f"{name}: byte {int(np.argmin(same))} was written, which no op names"
    return None
