# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a kernel and runs one workgroup of it, for the tests beside it."""

import array
import json
import subprocess


def launch(kernel, source, chip, threads, arguments):
    """The buffers (type code, values) as the kernel of a file leaves them."""
    args = []
    for number, (code, values) in enumerate(arguments):
        name = f"{kernel}.{number}"
        with open(f"{name}.bin", "wb") as file:
            array.array(code, values).tofile(file)
        args.append({"kind": "buffer", "file": f"{name}.bin", "out": f"{name}.out"})
    with open(f"{kernel}.json", "w", encoding="utf-8") as file:
        json.dump({"code_object": f"{kernel}.hsaco", "kernel": kernel,
                   "grid": [1, 1, 1], "block": [threads, 1, 1], "args": args}, file)
    subprocess.run(["moe-compile", source, "--chip", chip, "-o", f"{kernel}.hsaco"],
                   check=True)
    subprocess.run(["moe-run", "launch", f"{kernel}.json", "--sanitize", "all"], check=True)
    results = []
    for number, (code, _) in enumerate(arguments):
        results.append(array.array(code))
        with open(f"{kernel}.{number}.out", "rb") as file:
            results[-1].frombytes(file.read())
    return results
