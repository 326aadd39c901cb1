# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""block_bits.py FOLDER CHIP [--count N] [--seed S]: in the deterministic mode a token's
output has the same bits whatever T, its neighbours, the schedule, the order seed, the
way waves take turns and the number of threads.

600 tokens (three kernels sort them) are the standard; parts of them, a single token
among them, run under drawn schedules. A schedule that cuts K or adds by atomics is
refused. Ties and tokens without a finite logit are among the logits; some experts are
on another device.
"""

import argparse
import pathlib
import random
import subprocess
import sys

import numpy as np

T, E, TOPK, H, I = 600, 14, 3, 288, 320
LOCAL = 10
# The tiles and waves that both stages take; all have K whole.
TILES = [("16x64x128", 2), ("16x128x128", 4), ("16x128x256", 4), ("32x64x128", 2), ("32x128x256", 4),
         ("64x64x128", 2), ("64x128x128", 4), ("16x64x256", 2)]


def tensors(seed):
    rng = np.random.default_rng(seed)
    logits = rng.integers(-4, 5, (T, E)).astype(np.float32)
    logits[rng.random((T, E)) < 0.1] = -np.inf
    logits[5], logits[7, 2] = -np.inf, np.nan
    number = np.full(E, -1, np.int32)
    number[rng.permutation(E)[:LOCAL]] = np.arange(LOCAL)
    x = rng.standard_normal((T, H)).astype(np.float32).view(np.uint32) >> 16
    return {"x": x.astype(np.uint16), "logits": logits, "expert_map": number,
            "w13": rng.integers(0, 256, (LOCAL, 2 * I, H // 2), np.uint8),
            "scale13": rng.integers(117, 125, (LOCAL, 2 * I, H // 32), np.uint8),
            "w2": rng.integers(0, 256, (LOCAL, H, I // 2), np.uint8),
            "scale2": rng.integers(117, 125, (LOCAL, H, I // 32), np.uint8)}


class Block:
    def __init__(self, folder, chip, seed, mode):
        self.folder, self.chip, self.tensors, self.mode = folder, chip, tensors(seed), mode

    def run(self, tokens, flags, code=0):
        """The output of some tokens, in that order; with a code, the messages."""
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        for name, values in self.tensors.items():
            np.save(data / f"{name}.npy", values[tokens] if name in ("x", "logits") else values)
        command = ["moe-run", "block", "--data", data, "--out", self.folder / "out.npy", "--topk", TOPK,
                   "--chip", self.chip, "--renormalize", *self.mode, *flags]
        command = [str(word) for word in command]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != code:
            sys.exit(f"{' '.join(command)}\nexpected exit code {code}, got {done.returncode}: {done.stderr}")
        return np.load(self.folder / "out.npy") if code == 0 else done.stderr


def draw(rng):
    """Tokens, flags of a schedule and of the execution."""
    size = rng.choice([1, 1, 2, 3, 5, 8, 9, 33, 200, 513, T])
    tokens = rng.sample(range(T), size)
    tile, waves = rng.choice(TILES)
    flags = rng.choice([[], ["--tile", tile, "--waves", waves]])
    if flags:
        flags = [*flags, "--xcd", rng.choice([1, 8]), "--group-m", rng.choice([1, 4]),
                 "--cache", rng.choice(["default", "nt"])]
    return tokens, [*flags, "--order-seed", rng.randrange(1000), "--threads", rng.choice([1, 2, 3]),
                    "--interleave", rng.choice(["barrier", "lockstep", "random"])]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("chip")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--undetermined", action="store_true", help="in the default mode")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    block = Block(options.folder, options.chip, options.seed, [] if options.undetermined else ["--deterministic"])
    out_type = ["--out-type", rng.choice(["f32", "bf16"])]
    standard = block.run(list(range(T)), out_type)
    assert standard.any() and not standard[5].any(), "a token without a logit has no output"
    for _ in range(options.count):
        tokens, flags = draw(rng)
        got = block.run(tokens, [*out_type, *flags])
        different = (got.view(np.uint8) != np.ascontiguousarray(standard[tokens]).view(np.uint8)).sum()
        print(f"{len(tokens)} tokens, {' '.join(map(str, flags))}: {different} bytes differ", flush=True)
        if different:
            sys.exit(f"expected the bits of the {T} tokens together, tokens {tokens}")
    for cut in ("--k-wave", "--k-batch"):
        said = block.run([0, 1], [*out_type, "--tile", "16x64x128", cut, 2], code=1)
        assert "expected k_batch = 1 and k_wave = 1 for a deterministic product" in said, said
    print(f"{options.count} parts have the bits of the whole; two schedules are refused")


if __name__ == "__main__":
    main()
