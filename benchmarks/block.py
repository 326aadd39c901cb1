#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The block in the benchmark: modelled times of each launch, from logits to output.

block.py --build BUILD [--chip CHIP] [--block TOKENS] [--only NAME] --output FOLDER

For models with their own routers and each number of tokens: route, sort, both stages
and what finishes them, in the default and in the deterministic mode. Routing and
sorting run whole and are compared, of the stages only a sample runs. And the kernels
of an engine's load, moe.quantize and moe.shuffle. Writes the section "The block" of
FOLDER/Benchmark.md and FOLDER/benchmark-block.json; run.py does the same with --block,
and without it leaves the section as it is.
"""

import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TITLE = "## The block"
SAMPLE = ["--sample-instructions", "4000"]

# Name, H, I of a shard, experts, topk, further flags.
# Without a correction: a generated one would send most tokens to the same experts.
DEEPSEEK = ["--act", "silu", "--score", "sigmoid", "--renormalize"]
MODELS = [
    ("GPT-OSS 2880", 2880, 2880, 128, 4,
     ["--act", "swiglu", "--bias", "--gate", "interleaved", "--renormalize"]),
    ("DeepSeek-R1 TP2", 7168, 1024, 256, 8,
     [*DEEPSEEK, "--n-group", "8", "--topk-group", "4", "--route-scale", "2.5"]),
    ("Kimi-K2 TP2", 7168, 1024, 384, 8, [*DEEPSEEK, "--route-scale", "2.827"]),
]
MODES = [("default", []), ("deterministic", ["--deterministic"])]
# A column each: what its kernels' names begin with.
COLUMNS = [("route", "moe_route"), ("sort", "moe_sort"), ("gemm1", "moe_gemm1"), ("activate", "moe_activate"),
           ("gemm2", "moe_gemm2"), ("reduce", "moe_reduce")]


def add_flags(parser):
    parser.add_argument("--block", default="", metavar="TOKENS",
                        help="comma-separated numbers of tokens of the block's section [as it is]")


def measure(args, model, tokens, mode):
    """One row: us of each kind of kernel, their sum, the launches."""
    name, hidden, inter, experts, topk, flags = model
    root = run(args, ["block", "--model-dim", hidden, "--inter-dim", inter, "--experts", experts, "--topk", topk,
                      "--tokens", tokens, *flags, *mode[1], *SAMPLE])
    row = {"model": name, "tokens": tokens, "mode": mode[0], "launches": root["launches"],
           "us": root["modelled"]["us"], "launch_us": root["modelled"]["launch_us"],
           "ideal_us": root["modelled"]["ideal_us"], "calibrated": root["modelled"]["calibrated"], "parts": {}}
    for launch in root["modelled"]["launches"]:
        part = next(column for column, start in COLUMNS if launch["kernel"].startswith(start))
        row["parts"][part] = row["parts"].get(part, 0) + launch["us"]
    if len(root["modelled"]["launches"]) != root["launches"]:
        sys.exit(f"benchmarks/block.py: error: expected a time of each of {root['launches']} launches, got "
                 f"{len(root['modelled']['launches'])}")
    return row


def run(args, words):
    """The JSON object of a moe-run command."""
    command = list(map(str, [args.build / "bin/moe-run", *words, "--chip", args.chip, "--time-model", "--json"]))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"benchmarks/block.py: error: {shlex.join(command)}: exit code {done.returncode}\n{done.stderr[-1500:]}")
    return json.loads(done.stdout)


def load(args, model):
    """Rows of quantising and of shuffling stage 1's weights of four experts."""
    name, hidden, inter = model[:3]
    for kernel, flags in (("quantize", ()), ("shuffle", ("--shuffle-only",))):
        modelled = run(args, ["quantize", "--experts", 4, "--rows", 2 * inter, "--columns", hidden, "--gate",
                              "interleaved", *flags])["modelled"]
        yield {"model": name, "kernel": kernel, "us": modelled["us"], "ideal_us": modelled["ideal_us"],
               "launch_us": modelled["launch_us"], "hbm_bytes": modelled["hbm_bytes"],
               "bound_by": modelled["bound_by"]}


def load_markdown(rows):
    lines = ["", "Weights at load: four experts' stage 1, `moe-run quantize` whole and every byte compared.", "",
             "| model | kernel | us | ideal us | beyond launch / ideal | TB/s | bound by |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        beyond = row["us"] - row["launch_us"]
        lines.append(f"| {row['model']} | {row['kernel']} | {row['us']:.2f} | {row['ideal_us']:.2f} | "
                     f"{beyond / row['ideal_us']:.2f} | {row['hbm_bytes'] / beyond / 1e6:.2f} | {row['bound_by']} |")
    return "\n".join(lines) + "\n"


def markdown(args, rows, command):
    names = [column for column, _ in COLUMNS if any(column in row["parts"] for row in rows)]
    lines = [TITLE, "", f"Written by `{command}`. Microseconds on {args.chip}, modelled"
             f"{'' if all(row['calibrated'] for row in rows) else ' and uncalibrated'}: of route and sort whole and compared runs on random logits, of "
             "the stages from a sample. A launch counts its own start; `beyond launches` leaves these away. In the deterministic "
             "mode nothing is added by atomics: stage 2 stores a row for each slot and a reduction sums them in order; `cost` is "
             "its time over the default's.", "",
             f"| model | tokens | mode | launches | {' | '.join(names)} | all | beyond launches | cost |",
             "|---|---|---|---|" + "---|" * (len(names) + 3)]
    for row in rows:
        base = next(r for r in rows if (r["model"], r["tokens"], r["mode"]) == (row["model"], row["tokens"], "default"))
        parts = " | ".join(f"{row['parts'][name]:.2f}" if name in row["parts"] else "" for name in names)
        cost = "" if row is base else f"{row['us'] / base['us']:.3f}"
        lines.append(f"| {row['model']} | {row['tokens']} | {row['mode']} | {row['launches']} | {parts} | {row['us']:.2f} | "
                     f"{row['us'] - row['launch_us']:.2f} | {cost} |")
    return "\n".join(lines) + "\n"


def section(args, command):
    """The section of the page: measured, or without --block what the page has."""
    page = args.output / "Benchmark.md"
    if not args.block:
        found = re.search(rf"^{TITLE}\n.*?(?=^## |\Z)", page.read_text() if page.exists() else "", re.M | re.S)
        return "\n" + found.group(0) if found else ""
    models = [model for model in MODELS if re.search(args.only, model[0])]
    rows = []
    for model in models:
        for tokens in map(int, args.block.split(",")):
            for mode in MODES:
                rows.append(measure(args, model, tokens, mode))
                print(f"block {model[0]} {tokens} {mode[0]}: {rows[-1]['us']:.2f} us modelled, "
                      f"{rows[-1]['launches']} launches", file=sys.stderr, flush=True)
    if not rows:
        return ""
    loads = [row for model in models for row in load(args, model)]
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "benchmark-block.json").write_text(
        json.dumps({"chip": args.chip, "command": command, "rows": rows, "load": loads}, indent=1) + "\n")
    return "\n" + markdown(args, rows, command) + load_markdown(loads)


def main():
    parser = argparse.ArgumentParser(description="modelled times of the block's launches")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build")
    parser.add_argument("--chip", choices=["gfx942", "gfx950"], default="gfx950")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--only", default="", help="regular expression on the models' names")
    add_flags(parser)
    args = parser.parse_args()
    args.block = args.block or "1,4,16,64"
    # Without the folders of this machine.
    command = shlex.join(["benchmarks/block.py", *("FOLDER" if a.startswith("/") else a for a in sys.argv[1:])])
    new, page = section(args, command), args.output / "Benchmark.md"
    old = page.read_text() if page.exists() else "# Benchmark\n"
    old = re.sub(rf"\n^{TITLE}\n.*?(?=^## |\Z)", "", old, flags=re.M | re.S)
    page.write_text(old.rstrip("\n") + "\n" + new)


if __name__ == "__main__":
    sys.exit(main())
