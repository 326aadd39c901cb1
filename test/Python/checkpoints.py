# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes checkpoints for the tests, by the format's description and nothing of ours.

As a program: checkpoints.py DIR LAYERS EXPERTS HIDDEN INTER writes a GPT-OSS-shaped
one, an expert at a time.
"""

import json
import pathlib
import sys

import numpy as np

DTYPES = {"U8": 1, "BF16": 2, "F32": 4, "F8_E4M3": 1}


def write(path, tensors, header=None, data=b""):
    """tensors: name -> (dtype, array of bits). `header` replaces what would be written."""
    entries, parts, offset = {}, [], 0
    for name, (dtype, array) in tensors.items():
        raw = np.ascontiguousarray(array).tobytes()
        entries[name] = {"dtype": dtype, "shape": list(array.shape),
                         "data_offsets": [offset, offset + len(raw)]}
        offset += len(raw)
        parts.append(raw)
    text = json.dumps(entries if header is None else header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts) + data)


def bf16(values):
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def gpt_oss(layers, experts, hidden, inter, seed=1):
    """Tensors with their true names: name -> (dtype, array)."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for layer in range(layers):
        for part, n, k in (("gate_up", 2 * inter, hidden), ("down", hidden, inter)):
            prefix = f"model.layers.{layer}.mlp.experts.{part}_proj_"
            tensors[prefix + "blocks"] = "U8", rng.integers(
                0, 256, (experts, n, k // 32, 16), np.uint8)
            tensors[prefix + "scales"] = "U8", rng.integers(
                118, 124, (experts, n, k // 32), np.uint8)
            tensors[prefix + "bias"] = "BF16", bf16(rng.standard_normal((experts, n)))
    return tensors


def write_large(folder, layers, experts, hidden, inter):
    """One file for each layer and an index; no more than an expert in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    index = {}
    for layer in range(layers):
        name = f"model-{layer:05d}.safetensors"
        entries, offset, shapes = {}, 0, []
        for part, n, k in (("gate_up", 2 * inter, hidden), ("down", hidden, inter)):
            prefix = f"model.layers.{layer}.mlp.experts.{part}_proj_"
            for suffix, dtype, shape in (("blocks", "U8", [n, k // 32, 16]),
                                         ("scales", "U8", [n, k // 32]),
                                         ("bias", "BF16", [n])):
                size = int(np.prod(shape)) * DTYPES[dtype]
                entries[prefix + suffix] = {
                    "dtype": dtype, "shape": [experts, *shape],
                    "data_offsets": [offset, offset + size * experts]}
                offset += size * experts
                shapes.append((suffix, shape))
                index[prefix + suffix] = name
        text = json.dumps(entries).encode()
        with open(folder / name, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for suffix, shape in shapes:
                for _ in range(experts):
                    file.write({
                        "blocks": lambda: rng.integers(0, 256, shape, np.uint8),
                        "scales": lambda: rng.integers(118, 124, shape, np.uint8),
                        "bias": lambda: bf16(rng.standard_normal(shape)),
                    }[suffix]().tobytes())
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": index}))


if __name__ == "__main__":
    write_large(pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:]))
