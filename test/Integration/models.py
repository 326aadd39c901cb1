# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""models.py [--full] [--only NAME] [--chip C]: `moe-run layer` on every row of the
table of models below, configurations chosen by the runner: one token each, and 16
tokens of the smaller shards. With --full 16 tokens of all, and thousands of
tokens, one of them with an expert that takes all, on one shard of each model."""

import argparse
import json
import resource
import subprocess
import sys
import time

# Model, H, I of a shard, experts, topk, further flags.
GPT_OSS = ["--act", "swiglu", "--bias", "--gate", "interleaved"]
MODELS = [
    ("gpt-oss-120b", 2880, 2880, 128, 4, GPT_OSS),
    ("gpt-oss-20b", 2880, 2880, 32, 4, GPT_OSS),
    ("gpt-oss-120b-3072", 3072, 3072, 128, 4, GPT_OSS),
    ("gpt-oss-120b-1536", 3072, 1536, 128, 4, GPT_OSS),
    ("gpt-oss-120b-512", 3072, 512, 128, 4, GPT_OSS),
    ("deepseek-r1-2048", 7168, 2048, 256, 8, []),
    ("deepseek-r1-512", 7168, 512, 256, 8, []),
    ("deepseek-r1-256", 7168, 256, 256, 8, []),
    ("deepseek-384", 7168, 1024, 384, 8, []),
    ("kimi-k2-2048", 7168, 2048, 384, 8, []),
    ("kimi-k2-1024", 7168, 1024, 384, 8, []),
    ("kimi-k2-512", 7168, 512, 384, 8, []),
    ("kimi-k2-256", 7168, 256, 384, 8, []),
    ("kimi-k3-512", 3584, 512, 896, 16, ["--act", "situv2"]),
    ("kimi-k3-384", 3584, 384, 896, 16, ["--act", "situv2"]),
    ("qwen3.5-512", 4096, 512, 512, 10, []),
    ("qwen3.5-256", 4096, 256, 512, 10, []),
]
# Weights of all active experts, in elements, that the short mode accepts.
SMALL = 4e8
# Rows of the table with thousands of tokens: tokens and routing.
MANY = {
    "gpt-oss-20b": [(2048, "uniform"), (1024, "one-expert")],
    "deepseek-r1-256": [(4096, "skewed")],
    "kimi-k2-256": [(2048, "uniform")],
    "kimi-k3-384": [(4096, "uniform"), (600, "one-expert")],
    "qwen3.5-256": [(3000, "round-robin")],
}


def problems(full):
    """name, chip, flags of every run."""
    for number, (name, model, inter, experts, topk, flags) in enumerate(MODELS):
        dims = ["--model-dim", str(model), "--inter-dim", str(inter),
                "--experts", str(experts), "--topk", str(topk), *flags]
        chips = ["gfx950", "gfx942"]
        for chip in chips if full else [chips[number % 2]]:
            yield name, chip, [*dims, "--tokens", "1"]
        active = experts * (1 - (1 - topk / experts) ** 16)
        if full or active * 3 * model * inter <= SMALL:
            yield name, chips[(number + 1) % 2], [*dims, "--tokens", "16"]
        for tokens, routing in MANY.get(name, []) if full else []:
            yield name, "gfx950", [*dims, "--tokens", str(tokens), "--routing", routing]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--chip")
    options = parser.parse_args()
    count = 0
    for name, chip, flags in problems(options.full):
        if options.only not in (None, name) or options.chip not in (None, chip):
            continue
        command = ["moe-run", "layer", *flags, "--chip", chip, "--json"]
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{name}: {' '.join(command)}\n"
                     f"exit code {done.returncode}: {done.stderr}")
        root = json.loads(done.stdout)
        tiles = [stage["config"]["tile"] for stage in root["stages"]]
        # The largest of all runs until now.
        gigabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        print(f"{name}: {chip}, {root['stages'][0]['tokens']} tokens, tiles "
              f"{' and '.join(tiles)}, {root['sampled_rows']} of {root['rows']} rows, "
              f"{root['max_bound_ratio']:.3f} of the bound, "
              f"{time.monotonic() - start:.1f} s, {gigabytes:.1f} GB", flush=True)
        count += 1
    print(f"{count} layers are right")


if __name__ == "__main__":
    main()
