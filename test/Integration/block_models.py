# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""block_models.py [--full] [--only NAME]: `moe-run block` on every model of models.py,
with its router, sanitizers and the runner's own choices; how many launches it takes
is asserted too.

By default each model's router, experts and slots with H = I = 32, at 0 and at 5000
tokens, and a few tokens of its smallest shard; what the full mode adds is printed as left
out. With --full every shard at 0 to 64 tokens, and the smallest of each model at 257,
1024 and 5000; the last two without sanitizers.
"""

import argparse
import json
import subprocess
import sys
import time

from models import MODELS

# Pairs above which the runner sorts by three kernels (Routing.h).
ONE_WORKGROUP = 1536
SIGMOID = ["--score", "sigmoid", "--correction", "--renormalize"]
# What a family's router does; families are told by the first part of the name.
ROUTERS = {
    "gpt": ["--renormalize"],
    "deepseek": [*SIGMOID, "--n-group", "8", "--topk-group", "4", "--route-scale", "2.5"],
    "kimi": [*SIGMOID, "--route-scale", "2.827"],
    "qwen3.5": ["--renormalize", "--logits-type", "bf16"],
}
LOGITS = ["random", "ties", "special", "equal", "one-expert"]


def smallest_shards():
    """The model of each number of experts with the fewest weights."""
    best = {}
    for model in MODELS:
        key = (model[0].split("-")[0], model[3])
        if key not in best or model[1] * model[2] < best[key][1] * best[key][2]:
            best[key] = model
    return list(best.values())


def problems(full):
    """name, H, I, tokens, in the short mode."""
    small = smallest_shards()
    for model in small:
        for tokens in (0, 5000):
            yield model, 32, 32, tokens
    for number, model in enumerate(small):
        yield model, model[1], model[2], 1 + number % 3
    if not full:
        return
    for model in MODELS:
        for tokens in (0, 1, 2, 17, 64):
            yield model, model[1], model[2], tokens
    for model in small:
        for tokens in (257, 1024, 5000):
            yield model, model[1], model[2], tokens


def most_launches(pairs):
    """The issue's limits: five, or eight where pairs need several sort workgroups."""
    return 8 if pairs > ONE_WORKGROUP else 5


def run(number, model, hidden, inter, tokens):
    name, _, _, experts, topk, flags = model
    chip = ["gfx950", "gfx942"][(number + number // 2) % 2]
    command = ["moe-run", "block", "--model-dim", hidden, "--inter-dim", inter, "--experts", experts,
               "--topk", topk, *flags, *ROUTERS[name.split("-")[0]], "--tokens", tokens, "--chip", chip,
               "--logits", LOGITS[number % len(LOGITS)], "--json"]
    sanitized = hidden == 32 or tokens < 1024
    command += ["--sanitize", "all"] if sanitized else []
    command = [str(word) for word in command]
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nexit code {done.returncode}: {done.stderr}")
    root = json.loads(done.stdout)
    if root["launches"] > most_launches(tokens * topk):
        sys.exit(f"{' '.join(command)}\nexpected at most {most_launches(tokens * topk)} launches, got "
                 f"{root['launches']}")
    print(f"{name}: {chip}, {hidden} x {inter}, {tokens} tokens, {LOGITS[number % len(LOGITS)]} logits, "
          f"{root['launches']} launches, {root['sampled_rows']} of {root['rows']} rows, "
          f"{root['max_bound_ratio']:.3f} of the bound, {time.monotonic() - start:.1f} s"
          + ("" if sanitized else ", no sanitizers"), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only")
    options = parser.parse_args()
    chosen = [p for p in problems(options.full) if options.only in (None, p[0][0])]
    for number, problem in enumerate(chosen):
        run(number, *problem)
    left = len(list(problems(True))) - len(list(problems(options.full)))
    print(f"{len(chosen)} blocks are right" + (f"; left out, for --full: {left}" if left else ""))


if __name__ == "__main__":
    main()
