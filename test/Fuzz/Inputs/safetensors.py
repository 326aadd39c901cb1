# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""safetensors.py COUNT DIR [SEED]: damaged checkpoints. Each is one that loads, of the
fused names, of the names with a tensor for each expert, of a folder with an index, or
of moe-convert, with up to three changes. Reading it gives weights or a CheckpointError;
another exception, much memory or much time is a bug. The line that it prints says how
far the checkpoints came, so that the test knows that it tests something."""

import collections
import json
import pathlib
import random
import resource
import sys

import checkpoints
import moe
import numpy as np
from moe.checkpoint import CONVERTED, NAME_MAPS
from moe.safetensors import INDEX, open_checkpoint


count, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
rng = random.Random(sys.argv[3] if len(sys.argv) > 3 else "1")
VALUES = [0, -1, 1, 2, 31, 32, 2**31, 2**62 - 1, 2**63, 2**64, 1e300, "", "U8", "I8", "F8_E8M0", "F4", "F16", "BF16", [],
          [-1], [2**61, 0], [2**62, 4], {}, None, True, [0, 2**63], [1, 0], [0, 0],
          "data_offsets", [[1]], float("nan"), "../x", "x\0", "\ud800"]


def per_expert(names, dtype):
    """Two experts with three matrices each, packed or bf16."""
    tensors = {}
    for expert in range(2):
        for part in ("gate", "up", "down"):
            def name(key, expert=expert):
                return NAME_MAPS[names][key].format(layer=0, expert=expert)
            if dtype == "U8":
                tensors[name(part)] = "U8", np.zeros((32, 16), np.uint8)
                tensors[name(part + "_scale")] = "U8", np.zeros((32, 1), np.uint8)
            else:
                tensors[name(part)] = dtype, np.zeros((32, 32), np.uint16)
    return tensors


def converted(layer):
    arrays = {name: getattr(layer, name) for name in ("w13", "scale13", "w2", "scale2", "bias13", "bias2")}
    header, data = {}, b""
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": "F32" if "bias" in name else "U8",
                        "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    header["__metadata__"] = {
        "format": CONVERTED, "model_dim": "32", "inter_dim": "32", "padded": "0",
        "global_experts": "2", "first_expert": "0", "last_expert": "1",
        "gate": "separated", "act": "swiglu"}
    return header, data


def parse(path):
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    return json.loads(raw[8:8 + length]), raw[8 + length:]


def change(value):
    """One change somewhere in a JSON value."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        other = dict(value)
        action = rng.randrange(8)
        if action == 0:
            del other[key]
        elif action == 1:
            other[rng.choice(["shape", "dtype", "x", "__metadata__", *value])] = other.pop(key)
        elif action == 2:
            number = rng.choice(["1", "7", "18446744073709551616", "-1", ""])
            other[key.replace("0", number)] = other.pop(key)
        else:
            other[key] = change(value[key])
        return other
    if isinstance(value, list) and value and rng.random() < 0.9:
        if rng.random() < 0.4:  # a shape of the same size
            return rng.choice([value[::-1], [*value, 1], [1, *value], value[1:] + value[:1]])
        index = rng.randrange(len(value))
        return [*value[:index], change(value[index]), *value[index + 1:]]
    if isinstance(value, int) and rng.random() < 0.5:
        return value + rng.choice([-1, 1, 16, 32, 64, 2**40])
    if isinstance(value, str) and value.isdigit() and rng.random() < 0.7:
        return rng.choice(["0", "1", "31", "33", "64", "4294967296", "9" * 20, "-1", "\u0661"])
    return rng.choice(VALUES)


def damage(value):
    """The text of a JSON value with some changes."""
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        value = change(value)
    text = bytearray(json.dumps(value).encode())
    for _ in range(rng.choice([0] * 8 + [1, 5])):
        text[rng.randrange(len(text))] = rng.randrange(256)
    return bytes(text)


def make_file(header, data):
    text = damage(header)
    length = len(text) + rng.choice([0] * 24 + [1, -1, 2**20, 2**40, 2**63])
    whole = length.to_bytes(9, "little", signed=True)[:8] + text + data
    return whole[:rng.choice([len(whole)] * 24 + [0, 7, 8, 20, len(whole) - 1])]


# The sound ones: name -> header and data. The folder's two files are not damaged.
folder.mkdir(parents=True)
fused = checkpoints.gpt_oss(1, 2, 32, 32)
checkpoints.write(folder / "sound", fused)
sound = {"gpt-oss": parse(folder / "sound")}
moe.load_layer(folder / "sound", 0)
sound["converted"] = converted(moe.load_gpt_oss(folder / "sound", 0))
for map_name, map_dtype in (("deepseek", "U8"), ("deepseek", "BF16"), ("kimi", "U8")):
    checkpoints.write(folder / "sound", per_expert(map_name, map_dtype))
    sound[f"{map_name} {map_dtype}"] = parse(folder / "sound")
(folder / "sound").unlink()
shards = folder / "shards"
shards.mkdir()
index = {}
for number, names in enumerate((list(fused)[:3], list(fused)[3:])):
    checkpoints.write(shards / f"{number}.safetensors", {name: fused[name] for name in names})
    index |= {name: f"{number}.safetensors" for name in names}
sound["index"] = {"metadata": {}, "weight_map": index}, b""

# Much memory is an error from here on.
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
ends = collections.Counter()
for _ in range(count):
    kind = rng.choice(list(sound))
    header, data = sound[kind]
    path = folder / "model.safetensors"
    if kind == "index":
        path = shards
        (shards / INDEX).write_bytes(damage(header))
    else:
        path.write_bytes(make_file(header, data))
    try:
        if kind == "converted":
            moe.load_converted(path)
        else:
            open_checkpoint(path)
            ends["opened"] += 1
            moe.load_layer(path, 0)
        ends[f"loaded {kind}"] += 1
    except moe.CheckpointError as error:
        ends["refused"] += 1
        assert str(error).strip(), "an error without a message"
loaded = {kind: ends[f"loaded {kind}"] for kind in sound}
assert count < 1000 or all(loaded.values()), f"some kinds never load: {loaded}"
print(f"{count} files: {sum(loaded.values())} loaded, {ends['refused']} refused, of these "
      f"{ends['opened'] + loaded['converted'] - sum(loaded.values())} with a header that is right")
