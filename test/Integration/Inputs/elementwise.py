# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""elementwise.py CHIP DIR: the kernels activate and reduce by themselves, through
`moe-compile` and `moe-run launch`, against NumPy. reduce must agree bit by bit
(f32 sums in slot order, one rounding); activate within its error. Memory that the
contract says nobody reads is NaN, memory that nobody writes keeps its bytes."""

import json
import os
import subprocess
import sys

import numpy as np

CHIP, DIR = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(7)


def bf16_bits(values):
    """Nearest even; values are finite."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def bf16_values(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


ENCODE = {"bf16": bf16_bits, "f16": lambda v: np.asarray(v, np.float16).view(np.uint16),
          "f32": lambda v: np.asarray(v, np.float32).view(np.uint32)}
DECODE = {"bf16": bf16_values, "f16": lambda b: b.view(np.float16).astype(np.float32),
          "f32": lambda b: b.view(np.float32)}


def launch(name, flags, grid, args, out):
    """Compiles and runs; args: (name, array or ("i32"/"f32", value) or None)."""
    path = os.path.join(DIR, name)
    subprocess.run(["moe-compile", "--chip", CHIP, "-o", path + ".hsaco"] + flags,
                   check=True)
    info = subprocess.run(["moe-run", "info", path + ".hsaco"], check=True,
                          capture_output=True, text=True).stdout
    kernel = next(word for word in info.replace(":", " ").split() if word.startswith("moe_"))
    listed = []
    for arg, value in args:
        entry = {"name": arg}
        if value is None:
            entry.update(kind="u64", value=0)
        elif isinstance(value, tuple):
            entry.update(kind=value[0], value=value[1])
        else:
            file = f"{name}.{arg}.bin"
            value.tofile(os.path.join(DIR, file))
            entry.update(kind="buffer", file=file)
            if arg == "out":
                entry["out"] = f"{name}.result.bin"
        listed.append(entry)
    with open(path + ".json", "w") as file:
        json.dump({"code_object": f"{name}.hsaco", "kernel": kernel,
                   "grid": [grid, 1, 1], "block": [256, 1, 1], "args": listed}, file)
    subprocess.run(["moe-run", "launch", path + ".json", "--sanitize", "all"],
                   check=True, stdout=subprocess.DEVNULL)
    return np.fromfile(path + ".result.bin", out.dtype).reshape(out.shape)


def check_reduce(kind, tokens, topk, n, masked):
    encode, decode = ENCODE[kind], DECODE[kind]
    # Sums that depend on their order.
    values = rng.normal(size=(tokens, topk, n)) * 2.0 ** rng.integers(-6, 7, (tokens, topk, 1))
    parts = encode(values.astype(np.float32))
    valid = rng.integers(0, 2, (tokens, topk)).astype(np.uint8) * 3
    valid[0] = 0
    if masked:
        parts[valid == 0] = 0xFFFF if kind != "f32" else 0xFFFFFFFF
    out = np.full((tokens, n), 0x7FC0, parts.dtype)
    columns = 256 * (8 if kind != "f32" else 4)
    flags = ["--kernel", "reduce", "--model-dim", str(n), "--inter-dim", "32", "--experts",
             "4", "--topk", str(topk), "--out-type", kind] + ["--mask"] * masked
    name = f"reduce_{kind}_{topk}_{n}_{int(masked)}"
    got = launch(name, flags, -(-n // columns) * tokens,
                 [("out", out), ("parts", parts), ("valid", valid if masked else None),
                  ("tokens", ("i32", tokens)), ("n", ("i32", n))], out)
    want = None
    for slot in range(topk):
        row = decode(parts[:, slot])
        if masked:
            row = np.where(valid[:, slot, None] != 0, row, np.float32(0))
        want = row if want is None else want + row
    assert want.dtype == np.float32
    wrong = np.argwhere(got != encode(want))
    assert len(wrong) == 0, (name, len(wrong), wrong[:3])


def activation(act, g, u, alpha, limit, beta, linear_beta):
    g, u = np.minimum(g, limit), np.clip(u, -limit, limit)
    if act == "silu":
        return g / (1 + np.exp(-g)) * u
    if act == "swiglu":
        return g / (1 + np.exp(-alpha * g)) * (u + 1)
    return beta * np.tanh(g / beta) / (1 + np.exp(-g)) * linear_beta * np.tanh(u / linear_beta)


def check_activate(act, inter, rows, gate, bias, doweight, kind):
    encode, decode = ENCODE[kind], DECODE[kind]
    tokens, topk, experts = 5, 2, 3
    pairs = [(t, s) for t in range(tokens) for s in range(topk)]
    where = {pair: int(rng.integers(-1, experts)) for pair in pairs}  # -1: not local
    ids, owners, weights = [], [], []
    for e in range(-1, experts):
        mine = [pair for pair in pairs if where[pair] == e]
        for begin in range(0, len(mine), rows):
            block = mine[begin:begin + rows]
            owners.append(e if e >= 0 else int(rng.choice([-1, experts, 2**31 - 1])))
            for t, s in block:
                ids.append(s << 24 | t)
                weights.append(rng.normal())
            ids += [topk << 24 | tokens] * (rows - len(block))
            weights += [np.nan] * (rows - len(block))
    used = len(ids)
    # A block past the rows in use looks valid.
    ids += [0] * rows
    weights += [np.nan] * rows
    owners.append(0)
    params = dict(alpha=1.5, limit=3.0 if act == "swiglu" else float(np.float32(3e38)),
                  beta=2.0, linear_beta=5.0)
    sums = (rng.normal(size=(tokens * topk, 2 * inter)) * 4).astype(np.float32)
    # Half of them near where tanh changes its formula, the others of any size.
    for half, scale in ((sums[:, :inter], params["beta"]), (sums[:, inter:], params["linear_beta"])):
        half[:, ::4] = rng.uniform(0.3, 1.1, half[:, ::4].shape) * scale
        half[:, 1::4] = -rng.uniform(0.55, 0.75, half[:, 1::4].shape) * scale
        half[:, 2::4] *= np.ldexp(1.0, -rng.integers(0, 12, half[:, 2::4].shape))
    for (t, s), e in where.items():
        if e < 0:
            sums[t * topk + s] = np.nan
    biases = rng.normal(size=(experts, 2 * inter)).astype(np.float32)
    stored = biases
    if gate == "interleaved":
        blocks = biases.reshape(experts, 2, inter // 16, 16)
        stored = np.ascontiguousarray(blocks.transpose(0, 2, 1, 3)).reshape(experts, -1)
    out = encode(np.full((tokens * topk, inter), 123.0, np.float32))
    name = f"activate_{act}_{gate}_{rows}_{inter}_{kind}"
    flags = ["--kernel", "activate", "--model-dim", "64", "--inter-dim", str(inter), "--experts",
             str(experts), "--topk", str(topk), "--tile", f"{rows}x64x128", "--act", act,
             "--gate", gate, "--out-type", kind] + ["--bias"] * bias + ["--doweight"] * doweight
    got = launch(name, flags, -(-2 * inter // 2048) * len(owners) * rows,
                 [("out", out), ("sums", sums), ("w", None), ("scale", None),
                  ("ids", np.array(ids, np.int32)), ("experts", np.array(owners, np.int32)),
                  ("weights", np.array(weights, np.float32)),
                  ("num_valid", np.array([used, tokens], np.int32)),
                  ("bias", stored if bias else None), ("tokens", ("i32", tokens)),
                  ("n", ("i32", 2 * inter)), ("k", ("i32", 64)),
                  ("num_blocks", ("i32", len(owners)))]
                 + [(key, ("f32", value)) for key, value in params.items()], out)
    of_pair = {(i & 0xFFFFFF) * topk + (i >> 24): w for i, w in zip(ids[:used], weights[:used])
               if i != (topk << 24 | tokens)}
    unit = {"bf16": 2.0**-8, "f16": 2.0**-11, "f32": 2.0**-24}[kind]
    spacing = {"bf16": 2.0**-133, "f16": 2.0**-24, "f32": 2.0**-149}[kind]
    for (t, s), e in where.items():
        row = t * topk + s
        if e < 0:
            assert (got[row] == out[row]).all(), (name, row, "was written")
            continue
        total = (sums[row] + biases[e] if bias else sums[row]).astype(np.float64)
        want = activation(act, total[:inter], total[inter:], **params)
        if doweight:
            want *= np.float64(np.float32(of_pair[row]))
        error = np.abs(decode(got[row]).astype(np.float64) - want)
        # docs/Numerics.md, "Stage 1's activation", the sums being exact.
        g = np.minimum(total[:inter], params["limit"])
        x = g * params["alpha"] if act == "swiglu" else g
        relative = 16 + 16 * (act != "silu") + 2 + 2 * np.abs(x) / (1 + np.exp(x))
        bound = (unit + relative * 2.0**-24) * np.abs(want) + spacing / 2
        assert (error <= bound).all(), (name, row, float((error / bound).max()))


for problem in [("bf16", 5, 3, 96, True), ("bf16", 3, 4, 2880, False), ("f16", 4, 8, 2080, True),
                ("f32", 3, 2, 1056, True), ("bf16", 3, 41, 64, True), ("f32", 2, 33, 32, False),
                ("f16", 3, 1, 64, False)]:
    check_reduce(*problem)
for problem in [("silu", 32, 16, "separated", False, False, "bf16"),
                ("swiglu", 1056, 32, "interleaved", True, False, "bf16"),
                ("situv2", 96, 64, "interleaved", True, True, "f32"),
                ("swiglu", 160, 128, "separated", True, True, "f16")]:
    check_activate(*problem)
print("agree")
