# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""run_docs.py DOCS EXAMPLE: the Python blocks of the pages. The one of Python.md is
part of the example, which a test runs; the one of Checkpoints.md runs here, on a small
checkpoint of that name in the working folder."""

import pathlib
import re
import sys

import numpy as np

import checkpoints
import moe


def blocks(page):
    found = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    if not found:
        raise SystemExit(f"{page.name}: expected a Python block, got none")
    return found


def main():
    docs, example = map(pathlib.Path, sys.argv[1:])
    for block in blocks(docs / "Python.md"):
        if block not in example.read_text(encoding="utf-8"):
            raise SystemExit("Python.md: expected a block of examples/layer.py, got\n"
                             + block)
    folder = pathlib.Path("gpt-oss-20b")
    folder.mkdir(exist_ok=True)
    checkpoints.write(folder / "model.safetensors", checkpoints.gpt_oss(1, 4, 64, 64))
    names = {"moe": moe, "x": np.ones((2, 64), np.float32),
             "topk_ids": [[0, 1], [2, 3]], "topk_weights": [[0.5, 0.5]] * 2}
    for block in blocks(docs / "Checkpoints.md"):
        exec(compile(block, "Checkpoints.md", "exec"), names)
    print("y", names["y"].shape, "not zero" if names["y"].any() else "zero")


main()
