# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Launch files of AMD's f4gemm and bf16gemm code objects for calibrate_timing.py:
# arguments as in aiter_kernels.py, buffers of zeros. K may be cut to its first
# part; the strides then are those of the whole.
import csv
import json
import os

SLOT = 16
# K that one round of a kernel's loop takes.
K_STEP = {"f4gemm": 256, "bf16gemm": 64}


def entry(index, name, kind, value):
    if kind == "buffer":
        return {"name": name, "kind": "buffer", "offset": SLOT * index, "size": max(int(value), 16)}
    return {"name": name, "kind": kind, "offset": SLOT * index, "value": value}


def ceil(a, b):
    return -(-a // b)


def f4gemm(row, tile, k):
    m, n, whole = row["M"], row["N"], row["K"]
    pad = lambda rows: ceil(rows, 256) * 256
    args = [entry(0, "D", "buffer", 2 * m * n), entry(2, "A", "buffer", m * whole // 2),
            entry(3, "B", "buffer", pad(n) * whole // 2), entry(4, "alpha", "f32", 1), entry(5, "beta", "f32", 0),
            entry(8, "stride_C0", "u32", n), entry(10, "stride_A0", "u32", whole),
            entry(12, "stride_B0", "u32", whole), entry(14, "M", "u32", m), entry(15, "N", "u32", n),
            entry(16, "K", "u32", k), entry(17, "ScaleA", "buffer", pad(m) * whole // 32),
            entry(18, "ScaleB", "buffer", pad(n) * whole // 32), entry(19, "stride_ScaleA0", "u32", whole // 32),
            entry(21, "stride_ScaleB0", "u32", whole // 32), entry(23, "log2_k_split", "i32", 0)]
    return args, [ceil(n, tile[1]), ceil(m, tile[0]), 1]


def bf16gemm(row, tile, k):
    m, n, whole, split = row["M"], row["N"], row["K"], max(row["splitK"], 1)
    wide = row["outdtype"].endswith("float32")
    width = 4 if wide else 2
    args = [entry(0, "D", "buffer", width * m * n), entry(2, "A", "buffer", 2 * m * whole),
            entry(3, "B", "buffer", 2 * n * whole), entry(4, "alpha", "f32", 1), entry(5, "beta", "f32", 0),
            entry(6, "stride_D0", "u32", n * width), entry(8, "stride_C0", "u32", n * width),
            entry(10, "stride_A0", "u32", 2 * whole), entry(12, "stride_B0", "u32", 2 * whole),
            entry(14, "M", "u32", m), entry(15, "N", "u32", n), entry(16, "K", "u32", k),
            entry(17, "splitk", "u32", split), entry(18, "is_out_b16", "u32", 0 if wide else 1),
            entry(20, "add_bias", "u32", 0)]
    if split > 1:
        args.append(entry(21, "semaphore", "buffer", 4 * 16 * 64 * 16))
    return args, [ceil(n, tile[1]), ceil(m, tile[0]), split]


MAKERS = {"f4gemm": f4gemm, "bf16gemm": bf16gemm}


def objects(hsa):
    """Name -> (path, kernel, tile) of the two families' objects."""
    found = {}
    for family, names in (("f4gemm", "f4gemm_bf16_per1x32Fp4.csv"), ("bf16gemm", "bf16gemm_fp32bf16.csv")):
        folder = os.path.join(hsa, "gfx950", family)
        with open(os.path.join(folder, names), newline="") as file:
            for row in csv.DictReader(file):
                tile = (int(row.get("tile_M") or row["tileM"]), int(row.get("tile_N") or row["tileN"]))
                found[row["co_name"].removesuffix(".co")] = (os.path.join(folder, row["co_name"]), row["knl_name"], tile)
    return found


def read_rows(path):
    """The rows of a table of times; numbers as numbers."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    for row in rows:
        for key in ("M", "N", "K", "splitK"):
            row[key] = int(row[key])
        row["us"] = float(row["us"])
        row["family"] = row["object"].split("_")[0]
    return rows


def steps(row):
    """Rounds of the loop over K that a workgroup makes."""
    return ceil(row["K"], K_STEP[row["family"]] * max(row["splitK"], 1))


def write_launch(path, row, known, kernarg_bytes, rounds=None):
    """A launch file with K cut to so many rounds of the loop."""
    code, kernel, tile = known[row["object"]]
    k = row["K"]
    if rounds is not None and rounds < steps(row):
        k = rounds * K_STEP[row["family"]] * max(row["splitK"], 1)
    args, grid = MAKERS[row["family"]](row, tile, k)
    launch = {"code_object": os.path.abspath(code), "kernel": kernel, "grid": grid, "block": [256, 1, 1],
              "args": [a for a in args if a["offset"] < kernarg_bytes]}
    with open(path, "w") as file:
        json.dump(launch, file)
