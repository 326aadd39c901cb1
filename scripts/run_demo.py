# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""run_demo.py BUILD TOKENS: what demo.sh does once everything is built.

Compiles the down projection of a GPT-OSS-120B layer, runs it in the emulator, leaves the
kernel that ran in BUILD/demo and prints a short table. Exit code 1 if the run did not
pass."""

import json
import pathlib
import shlex
import subprocess
import sys

CHIP = "gfx950"
SHAPE = ["--model-dim", "2880", "--inter-dim", "2880", "--experts", "128", "--topk", "4"]


def run_kernel(tools, tokens):
    """What moe-run --json prints, also of a run whose numbers are wrong."""
    command = [tools / "moe-run", "gemm2", "--tokens", tokens, *SHAPE, "--chip", CHIP]
    shown = shlex.join(["moe-run", *command[1:]])
    print(f"== running: {shown}", file=sys.stderr, flush=True)
    done = subprocess.run([*command, "--json"], stdout=subprocess.PIPE, check=False)
    if not done.stdout:
        sys.exit(f"demo.sh: error: moe-run gave no result (exit code {done.returncode}); "
                 "its message is above")
    return json.loads(done.stdout)


def compile_kernel(tools, tokens, folder):
    """The report of the kernel that moe-run chooses for so many tokens."""
    command = [tools / "moe-compile", "--kernel", "gemm2", *SHAPE, "--tokens", tokens,
               "--chip", CHIP]
    try:
        subprocess.run([*command, "--emit", "mlir", "-o", folder / "kernel.mlir"], check=True)
        done = subprocess.run([*command, "-o", folder / "kernel.hsaco", "--report"],
                              stdout=subprocess.PIPE, check=True)
    except subprocess.CalledProcessError as error:
        sys.exit(f"demo.sh: error: moe-compile failed (exit code {error.returncode}); its "
                 "message is above")
    return json.loads(done.stdout)


def rows(run, report):
    config, loop = run["config"], report["hot_loop"]
    yield "kernel", f"GPT-OSS-120B stage 2, {run['chip']}, {run['executor']}"
    yield "shape", (f"{run['tokens']} tokens x top {config['topk']} of {config['experts']} "
                    f"experts, K {config['inter_dim']} -> N {config['model_dim']}")
    yield "tile", f"{config['tile']} {config['out_type']}"
    yield "registers", (f"{report['vgpr']} VGPRs, {report['spills']} spills, "
                        f"{report['lds']} bytes of LDS, {report['waves_per_simd']} waves/SIMD")
    if loop and loop["mfma"]:
        yield "hot loop", (f"{loop['insts']} instructions for {loop['mfma']} MFMA "
                           f"({loop['insts'] / loop['mfma']:.2f} each)")
    yield "instructions", f"{run['instructions']:,} wave instructions executed"
    yield "error", (f"worst |y - ref| {run['max_err']:.3g}, {run['max_bound_ratio']:.2f} of the "
                    f"bound; logits_diff {run['logits_diff']:.2g}")
    yield "time", (f"{run['times']['compile']:.2f} s compile, {run['times']['run']:.2f} s "
                   f"emulation, {run['times']['reference']:.2f} s reference")
    yield "result", "correct" if run["pass"] else "WRONG"


def main():
    build, tokens = pathlib.Path(sys.argv[1]), sys.argv[2]
    folder = build / "demo"
    folder.mkdir(exist_ok=True)
    run = run_kernel(build / "bin", tokens)
    report = compile_kernel(build / "bin", tokens, folder)
    if report["kernel"] != run["kernel"]:
        sys.exit(f"demo.sh: error: expected the report of {run['kernel']}, which ran, got "
                 f"that of {report['kernel']}")
    for name, value in rows(run, report):
        print(f"{name:<13} {value}")
    print("kernel: build/demo/kernel.mlir -> build/demo/kernel.hsaco")
    return 0 if run["pass"] else 1


if __name__ == "__main__":
    sys.exit(main())
