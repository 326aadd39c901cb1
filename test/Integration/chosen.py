# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""chosen.py [--full]: the configurations that `moe-compile --tokens N` chooses
for token counts of every row of the tables, compiled for both chips: none
spills or has scratch memory, and two waves fit a SIMD, on gfx942 up to tile_m
64."""

import itertools
import json
import subprocess
import sys

TOKENS = (1, 16, 1024, 4096, 16384)
# Flags of a stage, those that take registers among them.
KERNELS = ("gemm2", "gemm1 --act swiglu --gate interleaved --bias")
MORE = ("gemm2 --out-type f32", "gemm2 --out-type f16 --bias --no-accumulate",
        "gemm1 --act silu", "gemm1 --act situv2 --doweight --out-type f32 --bias")
SHAPES = ("--model-dim 2880 --inter-dim 2880 --experts 128 --topk 4",)
MORE_SHAPES = ("--model-dim 3584 --inter-dim 384 --experts 896 --topk 16",
               "--model-dim 64 --inter-dim 160 --experts 3 --topk 2")


def main():
    full = "--full" in sys.argv[1:]
    kernels = KERNELS + MORE if full else KERNELS
    shapes = SHAPES + MORE_SHAPES if full else SHAPES
    count = 0
    for chip, shape, tokens, kernel in itertools.product(
            ("gfx950", "gfx942"), shapes, TOKENS, kernels):
        command = ["moe-compile", "--kernel", *kernel.split(), *shape.split(),
                   "--tokens", str(tokens), "--chip", chip, "--report", "--explain"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\nexit code {done.returncode}: {done.stderr}")
        report = json.loads(done.stdout)
        lines = [line.split() for line in done.stderr.splitlines()]
        tile_m = next(int(words[1]) for words in lines if words[0] == "tile_m")
        waves = 2 if tile_m <= (128 if chip == "gfx950" else 64) else 1
        if report["spills"] or report["scratch"] or report["waves_per_simd"] < waves:
            sys.exit(f"{' '.join(command)}\n{done.stderr}expected no spills, no scratch and "
                     f"at least {waves} waves a SIMD, got {report['spills']}, "
                     f"{report['scratch']} and {report['waves_per_simd']}")
        count += 1
    print(f"{count} chosen configurations, no spills")


if __name__ == "__main__":
    main()
