# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a stage of our own kernels and writes a launch file for it: a small
problem with every routing case, data whatever a generator gives. Numbers are judged
elsewhere; here only waits, barriers and bounds matter.

moe_launch.py OUT.launch.json --moe-compile PATH STAGE CHIP TILE [flags of moe-compile]
"""
import json
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "Inputs"))
from splitmix import Random  # noqa: E402

EXPERTS, TOPK, TOKENS = 3, 2, 9


def flag(flags, name, default):
    return flags[flags.index(name) + 1] if name in flags else default


def routing(tile_m, random):
    """Sorted ids, expert ids, weights: expert 1 gets nothing."""
    pairs = {e: [] for e in range(EXPERTS)}
    for token in range(TOKENS):
        for slot in range(TOPK):
            pairs[(2 * (random.next() >> 8)) % 4 % EXPERTS].append(slot << 24 | token)
    ids, experts = [], []
    for e, members in pairs.items():
        while members:
            block, members = members[:tile_m], members[tile_m:]
            ids += block + [TOPK << 24 | TOKENS] * (tile_m - len(block))
            experts.append(e)
    weights = [0.25 + (random.next() % 64) / 64.0 for _ in ids]
    return ids, experts, weights


def main():
    target, compiler, stage, chip, tile = sys.argv[1], sys.argv[3], *sys.argv[4:7]
    flags = sys.argv[7:]
    h, i = int(flag(flags, "--model-dim", "256")), int(flag(flags, "--inter-dim", "512"))
    flags += [f for name, v in (("--model-dim", h), ("--inter-dim", i)) if name not in flags for f in (name, str(v))]
    tile_m = int(tile.split("x")[0])
    stem = target.replace(".launch.json", "")
    os.makedirs(os.path.dirname(os.path.abspath(stem)), exist_ok=True)
    done = subprocess.run([compiler, "--kernel", stage, "--experts", str(EXPERTS), "--topk", str(TOPK), "--tile", tile,
                           "--chip", chip, *flags, "--report", "-o", stem + ".hsaco"], stdout=subprocess.PIPE, text=True, check=True)
    report = json.loads(done.stdout)
    random = Random(7)
    n, k = (h, i) if stage == "gemm2" else (2 * i, h)
    ids, experts, weights = routing(tile_m, random)
    summed = stage == "gemm2" and "--no-accumulate" not in flags
    columns = n // 2 if stage == "gemm1" and "--k-batch" not in flags else n
    out_bytes = TOKENS * (1 if summed else TOPK) * columns * (4 if flag(flags, "--out-type", "bf16") == "f32" else 2)
    x_rows = TOKENS * TOPK if stage == "gemm2" else TOKENS
    # bf16 of exponents around one; any fp4; scales around one.
    x = struct.pack(f"<{x_rows * k}H", *((random.next() & 0x807F) | 0x3E80 + (random.next() % 3 << 7) for _ in range(x_rows * k)))
    w = struct.pack(f"<{EXPERTS * n * k // 16}Q", *(random.next() for _ in range(EXPERTS * n * k // 16)))
    per_row = (k // 32 + 7) // 8 * 8
    scale = bytes(125 + random.next() % 5 for _ in range(EXPERTS * n * per_row))
    buffers = {"out": bytes(out_bytes), "x": x, "w": w, "scale": scale, "ids": struct.pack(f"<{len(ids)}I", *ids),
               "experts": struct.pack(f"<{len(experts)}I", *experts), "weights": struct.pack(f"<{len(weights)}f", *weights),
               "valid": struct.pack("<2I", len(ids), TOKENS), "bias": bytes(4 * EXPERTS * n)}
    args = []
    for name, data in buffers.items():
        with open(f"{stem}.{name}.bin", "wb") as f:
            f.write(data)
        args.append({"name": name, "kind": "buffer", "file": os.path.basename(f"{stem}.{name}.bin")})
    args += [{"name": name, "kind": "i32", "value": value}
             for name, value in (("tokens", TOKENS), ("n", n), ("k", k), ("blocks", len(experts)))]
    if stage == "gemm1":
        args += [{"name": name, "kind": "f32", "value": v} for name, v in (("alpha", 1.702), ("limit", 7.0), ("beta", 4.0), ("linear", 25.0))]
    sizes = {"ceildiv": lambda a, b: -(-a // b), "min": min, "tokens": TOKENS, "n": n, "k": k, "num_blocks": len(experts)}
    grid = [eval(text.replace("/", "//"), {"__builtins__": {}}, sizes) for text in report["grid"]]
    with open(target, "w") as f:
        json.dump({"code_object": os.path.basename(stem + ".hsaco"), "kernel": report["kernel"], "grid": grid,
                   "block": report["block"], "dynamic_lds": 0, "args": args}, f, indent=1)


if __name__ == "__main__":
    main()
