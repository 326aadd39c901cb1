# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every file that a tool writes, with the command that writes it.

write_inputs(FOLDER) makes what the commands read. WRITERS names each writer: the
command and the file or folder that it writes, relative to the folder it runs in.
A new output of a tool gets a line here; test/Repository/outputs.test says so.
"""

import json
import pathlib
import subprocess
import sys

import checkpoints
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
STAGE = ("--model-dim 64 --inter-dim 128 --experts 4 --topk 2 --chip gfx950").split()
KERNEL = ["--kernel", "gemm2", "--tile", "16x64x128", *STAGE]
LAUNCH = ["moe-run", "launch", "../in/add.json"]
CONVERT = [sys.executable, "-m", "moe", "convert", "../in/checkpoint.safetensors", "--out", "out"]

WRITERS = {
    "code object": (["moe-compile", *KERNEL, "-o", "out"], "out"),
    "assembly": (["moe-compile", *KERNEL, "--emit", "asm", "-o", "out"], "out"),
    "tile IR": (["moe-compile", *KERNEL, "--debug-tile", "out", "-o", "/dev/null"], "out"),
    "IR": (["moe-opt", "../in/kernel.mlir", "-o", "out"], "out"),
    "tensor": (["moe-run", "gemm2", *STAGE, "--tokens", "4", "--out", "out"], "out"),
    "codes": (["moe-run", "quantize", "--experts", "2", "--rows", "64", "--columns", "64",
               "--chip", "gfx950", "--codes", "out"], "out"),
    "scales": (["moe-run", "quantize", "--experts", "2", "--rows", "64", "--columns", "2048",
                "--chip", "gfx950", "--scales", "out"], "out"),
    "buffer": (["moe-run", "launch", "../in/out.json"], "../in/out"),
    "trace": ([*LAUNCH, "--trace", "out"], "out"),
    "timeline": ([*LAUNCH, "--time-model", "--timeline", "out"], "out"),
    "viewer": ([*LAUNCH, "--time-model", "--viewer", "out"], "out"),
    "page": (["moe-run", "annotate", "../in/add.json", "--html", "out"], "out"),
    "converted layer": (CONVERT, "out"),
}


def write_inputs(folder, source_root):
    """The inputs of all commands in `folder`, which is made."""
    folder.mkdir(parents=True)
    source = source_root / "test/Tools/moe-run/Inputs/add.s"
    subprocess.run(["llvm-mc", "-triple=amdgcn-amd-amdhsa", "-mcpu=gfx950", "-filetype=obj",
                    source, "-o", folder / "add.o"], check=True)
    subprocess.run(["ld.lld", "-shared", folder / "add.o", "-o", folder / "add.hsaco"],
                   check=True)
    np.arange(1024, dtype=np.int32).tofile(folder / "x.bin")
    launch = {"code_object": "add.hsaco", "kernel": "add", "grid": [16, 1, 1],
              "block": [64, 1, 1],
              "args": [{"name": "x", "kind": "buffer", "file": "x.bin"},
                       {"name": "y", "kind": "buffer", "size": 4096},
                       {"name": "n", "kind": "i32", "value": 1000}]}
    (folder / "add.json").write_text(json.dumps(launch))
    launch["args"][1]["out"] = "out"
    (folder / "out.json").write_text(json.dumps(launch))
    subprocess.run(["moe-compile", *KERNEL, "--emit", "mlir", "-o", folder / "kernel.mlir"],
                   check=True)
    checkpoints.write(folder / "checkpoint.safetensors", checkpoints.gpt_oss(1, 2, 64, 64))


def content_of(path):
    """The bytes below a path, by name; empty where there is none."""
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes()
                for file in sorted(path.rglob("*")) if file.is_file()}
    return {"": path.read_bytes()} if path.is_file() else {}
