# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors of a small block in the files that moe-run block --data reads, and
what its output must be, from NumPy in double.

    block_data.py write DIR map|mask|none
    block_data.py check DIR OUT.npy

The router is DeepSeek's: sigmoid scores with a correction, three groups of which
two are taken, weights that sum to 2.5. Some logits are equal, some NaN or -inf.
"""
import pathlib
import sys

import numpy as np

T, E, TOPK, H, I, GROUPS, BEST = 21, 12, 4, 96, 64, 3, 2
E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6])
NAMES = ["x", "logits", "correction_bias", "w13", "scale13", "w2", "scale2"]


def bf16(values):
    bits = np.asarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def decode(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32).astype(float)


def write(folder, kind):
    rng = np.random.default_rng(11)
    local = [9, 2, 4, 11, 0] if kind == "map" else [0, 2, 4, 9, 11]
    if kind == "none":
        local = range(E)
    n = len(local)
    logits = rng.integers(-8, 9, (T, E)).astype(np.float32) / 2
    logits[3, :] = 0.5
    logits[5, ::2] = -np.inf
    logits[6, 1:] = np.nan
    logits[7, :] = -np.inf
    data = {"x": bf16(rng.standard_normal((T, H))), "logits": logits,
            "correction_bias": (rng.integers(0, 4, E) / 4).astype(np.float32),
            "w13": rng.integers(0, 256, (n, 2 * I, H // 2), np.uint8),
            "scale13": rng.integers(119, 127, (n, 2 * I, H // 32), np.uint8),
            "w2": rng.integers(0, 256, (n, H, I // 2), np.uint8),
            "scale2": rng.integers(119, 127, (n, H, I // 32), np.uint8)}
    if kind == "map":
        data["expert_map"] = np.full(E, -1, np.int32)
        data["expert_map"][local] = np.arange(n)
    elif kind == "mask":
        data["expert_mask"] = np.isin(np.arange(E), local).astype(np.int32)
    for name, values in data.items():
        np.save(folder / f"{name}.npy", values)
    np.save(folder / "local.npy", np.array(list(local)))


def order(values):
    """Indices from the largest value to the smallest, ties to the lower."""
    return sorted(range(len(values)), key=lambda i: (-values[i], i))


def route(logits, correction):
    good = np.isfinite(logits)
    score = np.where(good, 1 / (1 + np.exp(-np.where(good, logits, 0).astype(float))), 0)
    choice = np.where(good, score + correction, -np.inf)
    groups = [sum(sorted(g)[-2:]) for g in choice.reshape(GROUPS, -1)]
    kept = order(groups)[:BEST]
    choice = np.where(np.isin(np.arange(E) // (E // GROUPS), kept), choice, -np.inf)
    ids = [e for e in order(choice)[:TOPK] if choice[e] > -np.inf]
    total = sum(score[e] for e in ids)
    return [(e, 2.5 * score[e] / total) for e in ids]


def weights(codes, scales):
    values = np.stack([E2M1[codes & 15], E2M1[codes >> 4]], axis=-1).reshape(*codes.shape[:2], -1)
    return values * np.repeat(np.exp2(scales.astype(float) - 127), 32, axis=2)


def check(folder, path):
    d = {name: np.load(folder / f"{name}.npy") for name in NAMES + ["local"]}
    w13, w2 = weights(d["w13"], d["scale13"]), weights(d["w2"], d["scale2"])
    number = {int(e): i for i, e in enumerate(d["local"])}
    x, expected, slack = decode(d["x"]), np.zeros((T, H)), np.zeros((T, H))
    for t in range(T):
        for e, weight in route(d["logits"][t], d["correction_bias"]):
            if e not in number:
                continue
            sums = w13[number[e]] @ x[t]
            a = sums[:I] / (1 + np.exp(-sums[:I])) * sums[I:]
            terms = w2[number[e]] * a * weight
            expected[t] += terms.sum(axis=1)
            slack[t] += np.abs(terms).sum(axis=1)
    got = decode(np.load(path))
    # Activations, contributions and sums are rounded to bf16.
    bound = slack * 2.0**-8 * 2.5 + 1e-30
    ratio = np.abs(got - expected) / bound
    print(f"{got.size} elements, worst error {ratio.max():.3f} of the bound")
    sys.exit(not ratio.max() <= 1)


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "write":
        write(folder, sys.argv[3])
    else:
        check(folder, sys.argv[3])
