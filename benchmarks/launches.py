# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Launch files of stage 2 for the benchmark: our kernels and others' on the same routing.

The mode is the one that all of them have: every (token, slot) has a row of x and a row
of the output, which is stored, with the routing weight. Tensors are zeros; only the
routing is real, since no time depends on the numbers. Others' objects are those of
count_instructions.py, and their arguments those of the launch file beside them: rows of
slots, blocks of tile_m rows in the order of experts."""

import json
import random
import re
import struct


def ceil(a, b):
    return -(-a // b)


def pad(value, multiple):
    return ceil(value, multiple) * multiple


def route(shape, tokens, tile_m, seed=0):
    """Sorted rows as (token, slot) or None, the expert of each block: uniform, without
    repetition in a token, experts in order and padded to tile_m rows each."""
    draw = random.Random(seed)
    rows: list[list] = [[] for _ in range(shape["experts"])]
    for token in range(tokens):
        for slot, expert in enumerate(draw.sample(range(shape["experts"]), shape["topk"])):
            rows[expert].append((token, slot))
    ids, experts = [], []
    for expert, own in enumerate(rows):
        blocks = ceil(len(own), tile_m)
        ids += own + [None] * (blocks * tile_m - len(own))
        experts += [expert] * blocks
    return ids, experts


def most_blocks(shape, tokens, tile_m):
    """Blocks of the largest grid that a host must launch without knowing the routing."""
    pairs = tokens * shape["topk"]
    return min(ceil(pairs + shape["experts"] * tile_m - shape["topk"], tile_m), pairs)


def buffer(name, size):
    return {"name": name, "kind": "buffer", "size": max(int(size), 16)}


def words(name, values, kind="i"):
    return {"name": name, "kind": "buffer", "hex": struct.pack(f"<{len(values)}{kind}", *values).hex()}


def scalar(name, value):
    return {"name": name, "kind": "i32", "value": value}


def sizes(shape, tokens):
    """Bytes of x, output, weights and scales."""
    n, k, pairs = shape["model_dim"], shape["inter_dim"], tokens * shape["topk"]
    return (pairs * k * 2, pairs * n * 2, shape["experts"] * n * (k // 2), shape["experts"] * n * (k // 32))


def write_ours(path, code_object, report, shape, tokens):
    """Our kernel without accumulation; `report` is moe-compile's."""
    tile_m, tile_n = map(int, re.findall(r"_(\d+)x(\d+)x\d+_", report["kernel"])[0])
    ids, experts = route(shape, tokens, tile_m)
    blocks = most_blocks(shape, tokens, tile_m)
    padding = shape["topk"] << 24 | tokens
    listed = [padding if row is None else row[1] << 24 | row[0] for row in ids]
    x, out, w, scale = sizes(shape, tokens)
    # The layout of scales pads rows to 32 and blocks of K to 8.
    scale = shape["experts"] * pad(shape["model_dim"], 32) * pad(shape["inter_dim"] // 32, 8)
    args = [buffer("out", out), buffer("x", x), buffer("w", w * pad(shape["inter_dim"], 128) // shape["inter_dim"]),
            buffer("scale", scale), words("sorted_token_ids", listed),
            words("expert_ids", experts + [-1] * (blocks - len(experts))),
            words("sorted_weights", [1.0] * len(listed), "f"), words("num_valid_ids", [len(listed), tokens]),
            {"name": "bias", "kind": "u64", "value": 0}, scalar("tokens", tokens), scalar("n", shape["model_dim"]),
            scalar("k", shape["inter_dim"]), scalar("num_blocks", blocks)]
    grid = [ceil(shape["model_dim"], tile_n) * blocks, 1, 1]
    write(path, {"code_object": str(code_object), "kernel": report["kernel"], "grid": grid, "block": report["block"],
                 "args": [place(a) for a in args]})


def place(argument):
    """By position: argument names of our code objects are nobody's here."""
    return {key: value for key, value in argument.items() if key != "name"}


def tile_of(name):
    return tuple(map(int, re.findall(r"_(\d+)x(\d+)x(\d+)_", name)[0]))


def can_run(name, shape):
    """Their loops have no rest in N and K."""
    _, tile_n, tile_k = tile_of(name)
    return shape["model_dim"] % tile_n == 0 and shape["inter_dim"] % tile_k == 0


def write_rival(path, launch_file, shape, tokens):
    with open(launch_file) as file:
        launch = json.load(file)
    tile_m, tile_n, _ = tile_of(launch["code_object"])
    ids, experts = route(shape, tokens, tile_m)
    blocks, pairs = most_blocks(shape, tokens, tile_m), tokens * shape["topk"]
    listed = [pairs if row is None else row[0] * shape["topk"] + row[1] for row in ids]
    x, out, w, scale = sizes(shape, tokens)
    values = {"x": buffer("x", x), "w": buffer("w", w), "ws": buffer("ws", scale),
              "gam": words("gam", [1.0] * len(listed), "f"), "ids": words("ids", listed),
              "eids": words("eids", experts + [-1] * (blocks - len(experts))), "nvalid": words("nvalid", [len(listed)]),
              "y": buffer("y", out), "N": scalar("N", shape["model_dim"]), "K": scalar("K", shape["inter_dim"]),
              "T": scalar("T", pairs)}
    write(path, {"code_object": str(launch_file.parent / launch["code_object"]), "kernel": launch["kernel"],
                 "grid": [shape["model_dim"] // tile_n, blocks, 1], "block": launch["block"],
                 "dynamic_lds": launch["dynamic_lds"], "args": [values[a["name"]] for a in launch["args"]]})


def write(path, launch):
    path.write_text(json.dumps(launch))
