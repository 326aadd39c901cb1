# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""safetensors.py COUNT DIR: damaged checkpoints. Reading one gives tensors or a
CheckpointError; another exception, much memory or much time is a bug."""

import json
import pathlib
import random
import resource
import sys

from moe import CheckpointError, load_layer
from moe.safetensors import open_checkpoint

count, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
folder.mkdir(parents=True)
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
rng = random.Random(1)
HEADER = {"__metadata__": {"format": "pt"},
          "model.layers.0.mlp.experts.gate_up_proj_blocks":
          {"dtype": "U8", "shape": [2, 64, 1, 16], "data_offsets": [0, 2048]},
          "model.layers.0.mlp.experts.gate_up_proj_scales":
          {"dtype": "U8", "shape": [2, 64, 1], "data_offsets": [2048, 2176]}}
VALUES = [0, -1, 1, 2**31, 2**63, 2**64, 1e300, "", "U8", "F4", [], [-1], [2**62, 4], {}, None, True,
          [0, 2**63], [1, 0], "data_offsets", [[1]], float("nan")]


def change(value):
    """One change somewhere in a JSON value."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        other = dict(value)
        action = rng.randrange(6)
        if action == 0:
            del other[key]
        elif action == 1:
            other[rng.choice(["shape", "dtype", "x", "__metadata__"])] = other.pop(key)
        else:
            other[key] = change(value[key])
        return other
    if isinstance(value, list) and value and rng.random() < 0.8:
        index = rng.randrange(len(value))
        return [*value[:index], change(value[index]), *value[index + 1:]]
    if isinstance(value, int) and rng.random() < 0.5:
        return value + rng.choice([-1, 1, 16, 2**40])
    return rng.choice(VALUES)


def make():
    header = HEADER
    for _ in range(rng.randrange(4)):
        header = change(header)
    text = bytearray(json.dumps(header).encode())
    for _ in range(rng.choice([0, 0, 0, 1, 5])):
        text[rng.randrange(len(text))] = rng.randrange(256)
    length = len(text) + rng.choice([0, 0, 0, 0, 1, -1, 2**20, 2**40, 2**63])
    data = length.to_bytes(9, "little", signed=True)[:8] + bytes(text) + bytes(2176)
    return data[:rng.choice([len(data)] * 6 + [0, 7, 8, 20, len(data) - 1])]


read = refused = 0
for number in range(count):
    path = folder / "model.safetensors"
    path.write_bytes(make())
    try:
        open_checkpoint(path)
        read += 1
        load_layer(path, 0, names="gpt-oss")
    except CheckpointError as error:
        refused += 1
        assert str(error).strip(), "an error without a message"
print(f"{count} files, {read} read, {refused} refused")
