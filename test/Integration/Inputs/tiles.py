# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tiles.py [--sample N]: small problems with every tile, number of waves and of K
groups, on both chips, for three kinds of output, or N of them. A configuration is
right or refused with a reason; what is wrong is printed as a command line."""

import itertools
import random
import subprocess
import sys

KINDS = [("gemm1", "--bias --gate interleaved"), ("gemm2", "--no-accumulate"),
         ("gemm2", "--bias")]
AXES = [("gfx950", "gfx942"), KINDS, (16, 32, 64, 128), (16, 32, 48, 64, 96, 128, 192, 256),
        (128, 256), (1, 2, 4, 8), (1, 2, 4)]


def run(chip, kind, tile_m, tile_n, tile_k, waves, k_wave):
    """"right", "refused" or "wrong"."""
    stage, flags = kind
    command = (f"moe-run {stage} --model-dim 544 --inter-dim 544 --experts 3 --topk 2 "
               f"--tokens 9 --chip {chip} --tile {tile_m}x{tile_n}x{tile_k} --waves {waves} "
               f"--k-wave {k_wave} {flags} --sanitize all --threads 1 --json")
    result = subprocess.run(command.split(), capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return "right"
    if result.returncode == 1 and not result.stdout and "expected" in result.stderr:
        return "refused"
    print(f"{command}: exit code {result.returncode}\n{result.stderr[:1000]}")
    return "wrong"


every = list(itertools.product(*AXES))
if len(sys.argv) > 1:
    every = random.Random(1).sample(every, int(sys.argv[2]))
answers = [run(*configuration) for configuration in every]
print(f"{answers.count('right')} right, {answers.count('refused')} refused, "
      f"{answers.count('wrong')} wrong")
