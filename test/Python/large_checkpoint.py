# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""large_checkpoint.py DIR: writes a checkpoint of GPT-OSS-20B's true shape (2 layers,
32 experts, 2880 x 2880), converts it in a process whose memory is measured, and runs
and checks a layer of the result."""

import pathlib
import resource
import subprocess
import sys
import time

import numpy as np

import checkpoints
import moe

EXPERTS, HIDDEN, TOPK, TOKENS = 32, 2880, 4, 2


def main():
    folder = pathlib.Path(sys.argv[1])
    checkpoints.write_large(folder / "checkpoint", 2, EXPERTS, HIDDEN, HIDDEN)
    start = time.monotonic()
    subprocess.run([sys.executable, "-m", "moe", "convert", folder / "checkpoint",
                    "--out", folder / "out"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"converted 2 layers in {seconds:.1f} s, peak memory {peak} MB, "
          f"{'within' if peak < 1024 else 'OVER'} 1024 MB")

    rng = np.random.default_rng(2)
    ids = np.array([rng.permutation(EXPERTS)[:TOPK] for _ in range(TOKENS)], np.int32)
    x = moe.to_bfloat16(rng.standard_normal((TOKENS, HIDDEN)))
    weights = rng.random((TOKENS, TOPK), np.float32)
    converted = moe.load_converted(folder / "out" / "layer_001.safetensors")
    y = converted.layer(x, ids, weights, chip="gfx950")
    original = moe.load_gpt_oss(folder / "checkpoint", 1, shuffled=False)
    verdict = original.check(y, x, ids, weights, chip="gfx950")
    print(f"layer 1: {verdict['compared']} elements compared, worst "
          f"{verdict['max_bound_ratio']:.2f} of the bound, "
          f"{'right' if verdict['pass'] and np.any(y) else 'WRONG'}")


main()
