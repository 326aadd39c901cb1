# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""random_ir.py [--count N] [--seed S] [--chip C] [--jobs N] [--keep DIR]: random MLIR
programs of the dialect's ops. Host programs (memrefs or tensors, several ops in a
function, loops, offsets and row strides, static or known at run time, every gate
layout, with and without a schedule) go through bufferization, --moe-to-launches and
mlir-runner; kernels written around the ops go through moe-compile and
`moe-run launch`. What moe-opt's verifiers accept has to compile and to run silent
under all sanitizers, and every output has to be right (random_ir_reference.py).

A failure is made smaller, value by value, as long as it stays one; the program stays
in --keep, and the command line that repeats it is printed:
    random_ir.py --problem KEY=VALUE,... --keep DIR"""

import argparse
import collections
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import random_ir_text as text_of
from random_ir_reference import Data, wrong_output

# Key -> values, simplest first: a failure is reduced towards the left.
CHOICES = {
    "form": ["memref", "tensor", "kernel"],
    "chip": ["gfx950", "gfx942"],
    "chain": ["down", "gate_up", "layer", "raw", "stored", "parts", "sorted", "routed"],
    "tokens": [1, 2, 3, 7, 16, 17, 33],
    "spare_tokens": [0, 0, 1, 5],
    "experts": [1, 2, 3, 5, 8],
    "topk": [1, 2, 3, 4],
    "hidden": [32, 64, 96, 128, 160, 256, 288, 416, 736],
    "inter": [32, 64, 96, 128, 160, 256, 288, 416, 736],
    "block_rows": [16, 32, 64, 128],
    "local_experts": ["all", "all", "masked"],
    "sorted_tail": [0, 0, 16],
    "unsorted": [False, False, True],
    "x_place": ["tight", "offset", "strided", "dynamic"],
    "out_place": ["tight", "offset", "strided", "dynamic"],
    "list_place": ["tight", "offset"],
    "gate": ["interleaved", "separated", "rows"],
    "activation": ["silu", "swiglu", "situv2"],
    "limit": [float("inf"), 7.0, 1.5],
    "out_type": ["f32", "bf16", "f16"],
    "bias": [False, True],
    "routing_weight": [False, True],
    "deterministic": [False, False, True],
    "accumulate": [False, True],
    "times": [1, 1, 2, 3],
    "schedule": ["chosen", "chosen", "given"],
    "tile_m": [16, 32, 64, 128],
    "tile_n": [32, 64, 128, 256],
    "tile_k": [128, 256, 512],
    "waves": [1, 2, 4, 8],
    "k_batch": [1, 1, 1, 2, 3],
    "k_wave": [1, 1, 1, 2],
    "cache": ["default", "nt"],
    "xcd": [1, 3, 8],
    "group_m": [1, 2, 3],
    "score": ["softmax", "sigmoid"],
    "renormalize": [False, True],
    "correction": [False, True],
    "groups": [1, 1, 2],
    "shared": [0, 0, 1],
    "workspace": [False, True],
    "in_function": [False, True],
    "branch": [False, True],
    "seed": list(range(16)),
}
KEYS = {key: type(values[0]) for key, values in CHOICES.items()}

LOWER = ("--moe-to-launches=chip={chip} tokens={tokens}", "--moe-to-binary=chip={chip}")
HOST = ("builtin.module(expand-strided-metadata,lower-affine,"
        "func.func(convert-linalg-to-loops),convert-scf-to-cf,"
        "gpu-to-llvm{use-bare-pointers-for-kernels=1},reconcile-unrealized-casts)")
# How often each message of a verifier was met.
refusals = collections.Counter()


class Tools:
    """Where the programs are; nothing else of the machine."""

    def __init__(self, options):
        self.moe_opt, self.moe_compile = options.moe_opt, options.moe_compile
        self.moe_run, self.mlir_runner = options.moe_run, options.mlir_runner
        self.libraries = options.libraries


def run(command, folder, output=None, **environment):
    """None and the output, or what went wrong."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                              timeout=180, env={**os.environ, **environment})
    except subprocess.TimeoutExpired:
        return f"{command[0]}: no end after 180 s", ""
    if output:
        with open(os.path.join(folder, output), "w", encoding="utf-8") as file:
            file.write(done.stdout)
    if done.returncode:
        # Some messages stand on standard output: upstream's assertions.
        said = done.stderr.strip() or done.stdout[-500:]
        return f"{os.path.basename(command[0])}: exit code {done.returncode}: {said[:3000]}", ""
    return None, done.stdout


def run_host(program, tools, folder):
    """The contents of each buffer after the run as bytes, or what went wrong."""
    chip = program.problem["chip"]
    passes = ["--canonicalize", "--one-shot-bufferize=bufferize-function-boundaries=1",
              "--moe-share-buffers"] if program.problem["form"] == "tensor" else []
    # Inlined, the ops stand beside the memory that they use.
    passes = ["--inline"] * (not program.problem["in_function"]) + passes
    lower = [step.format(**program.problem) for step in LOWER]
    found, _ = run([tools.moe_opt, "program.mlir", *passes, *lower, "-o", "kernels.mlir"],
                   folder)
    if found:
        return found, {}
    found, _ = run([tools.moe_opt, "kernels.mlir", f"--pass-pipeline={HOST}", "-o",
                    "host.mlir"], folder)
    if found:
        return found, {}
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump({"chip": chip, "sanitize": "all"}, file)
    found, said = run([tools.mlir_runner, "host.mlir", "--entry-point-result=void",
                       f"--shared-libs={tools.libraries}", "-e", "main"], folder,
                      "printed.txt", MOE_HIP_CONFIG=os.path.join(folder, "config.json"))
    if found:
        return found, {}
    parts = said.split("data =")[1:]
    if len(parts) != len(program.buffers):
        return f"expected {len(program.buffers)} printed buffers, got {len(parts)}", {}
    read = {}
    for buffer, part in zip(program.buffers.values(), parts):
        words = re.findall(r"-?\d+", part.split("Unranked")[0])
        read[buffer.name] = b"".join((int(word) & 0xFFFFFFFF).to_bytes(4, "little")
                                     for word in words)
    return None, read


def run_kernel(program, tools, folder):
    """As run_host, of a kernel that moe-run launches."""
    found, _ = run([tools.moe_compile, "program.mlir", "--chip", program.problem["chip"], "-o",
                    "kernel.hsaco"], folder)
    if found:
        return found, {}
    args = []
    for buffer in program.buffers.values():
        with open(os.path.join(folder, buffer.name + ".bin"), "wb") as file:
            file.write(buffer.start)
        args.append({"name": buffer.name, "kind": "buffer", "file": buffer.name + ".bin",
                     "out": buffer.name + ".result.bin"})
    args += [{"name": name, "kind": kind, "value": value}
             for name, (kind, value) in program.scalars.items()]
    grid, block = program.launch
    with open(os.path.join(folder, "launch.json"), "w", encoding="utf-8") as file:
        json.dump({"code_object": "kernel.hsaco", "kernel": "program", "grid": [grid, 1, 1],
                   "block": [block, 1, 1], "args": args}, file)
    found, _ = run([tools.moe_run, "launch", "launch.json", "--sanitize", "all"], folder)
    if found:
        return found, {}
    read = {}
    for name in program.buffers:
        with open(os.path.join(folder, name + ".result.bin"), "rb") as file:
            read[name] = file.read()
    return None, read


def failure(problem, tools, folder=None):
    """(accepted, None or what went wrong): a program that the verifiers refuse is
    no failure, and is counted."""
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            return failure(problem, tools, temporary)
    program = text_of.Program(problem, Data(problem))
    with open(os.path.join(folder, "program.mlir"), "w", encoding="utf-8") as file:
        file.write(program.text)
    found, _ = run([tools.moe_opt, "program.mlir", "-o", "verified.mlir"], folder)
    if found:
        # A verifier's refusal names its op; anything else is a fault of the program's
        # text or of the parser.
        verifier = re.search(r"error: ('moe\.\w+' op .*|.*#?moe\.schedule.*)", found)
        refusals.update([re.sub(r"\d+", "N", verifier[1])] if verifier else [])
        return False, None if verifier else found
    runner = run_kernel if problem["form"] == "kernel" else run_host
    found, read = runner(program, tools, folder)
    return True, found or wrong_output(program, read)


def shrink(problem, fails):
    again = True
    while again:
        again = False
        for key, values in CHOICES.items():
            for value in dict.fromkeys(values[:values.index(problem[key])]):
                smaller = {**problem, key: value}
                if text_of.sensible(smaller) and fails(smaller):
                    problem, again = smaller, True
                    break
    return problem


def draw(rng, fixed):
    while True:
        problem = {key: rng.choice(values) for key, values in CHOICES.items()}
        problem.update(fixed)
        if text_of.sensible(problem):
            return problem


def parse(text):
    """KEY=VALUE,... over the simplest values."""
    problem = {key: values[0] for key, values in CHOICES.items()}
    for pair in filter(None, text.split(",")):
        key, value = pair.split("=")
        if key not in CHOICES:
            sys.exit(f"expected one of {', '.join(CHOICES)}, got '{key}'")
        kind = KEYS[key]
        problem[key] = value == "True" if kind is bool else kind(value)
    return problem


def written(problem):
    return ",".join(f"{key}={value}" for key, value in problem.items()
                    if value != CHOICES[key][0])


def report(problem, found, tools, keep):
    """The smallest program of the same kind of failure, kept, and how to repeat it."""
    small = shrink(problem, lambda other: failure(other, tools)[1] is not None)
    os.makedirs(keep, exist_ok=True)
    again = failure(small, tools, os.path.abspath(keep))[1]
    print(f"random_ir.py --problem {written(small) or 'seed=0'} --keep {keep}")
    print(again or found)
    sys.exit(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chip", choices=CHOICES["chip"])
    parser.add_argument("--form", choices=CHOICES["form"])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--problem")
    parser.add_argument("--keep", default="random-ir-failure")
    parser.add_argument("--moe-opt", default="moe-opt")
    parser.add_argument("--moe-compile", default="moe-compile")
    parser.add_argument("--moe-run", default="moe-run")
    parser.add_argument("--mlir-runner", default="mlir-runner")
    parser.add_argument("--libraries", required=True,
                        help="libmoe_gpu_runtime.so and the two libmlir_*runner_utils.so")
    options = parser.parse_args()
    tools = Tools(options)
    if options.problem is not None:
        os.makedirs(options.keep, exist_ok=True)
        accepted, found = failure(parse(options.problem), tools, os.path.abspath(options.keep))
        print(found or ("all right" if accepted else f"refused: {', '.join(refusals)}"))
        sys.exit(1 if found else 0)
    fixed = {key: value for key in ("chip", "form") if (value := getattr(options, key))}
    rng = random.Random(options.seed)
    print(f"{options.count} programs of seed {options.seed}", flush=True)
    problems = [draw(rng, fixed) for _ in range(options.count)]
    ran = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        done = pool.map(lambda problem: failure(problem, tools), problems)
        for problem, (accepted, found) in zip(problems, done):
            ran += accepted
            if found:
                pool.shutdown(wait=False, cancel_futures=True)
                report(problem, found, tools, options.keep)
    print(f"{ran} accepted, {options.count - ran} refused by a verifier")
    for message, times in refusals.most_common(5):
        print(f"  {times} x {message}")
    if 2 * ran < options.count:
        sys.exit("expected at least half of the programs to be accepted")
    print("all right")


if __name__ == "__main__":
    main()
