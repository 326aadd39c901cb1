# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""file_corpus.py PARAMETERS SHAPES OUT: good and nearly good inputs of FileFuzzer.cpp, whose
first byte says what the rest is: launch files, .npy arrays, timing parameters, tables of
schedules, shapes to tune."""

import io
import json
import pathlib
import sys

import numpy as np

parameters, shapes, out = map(pathlib.Path, sys.argv[1:])
out.mkdir(parents=True)


def write(kind, name, data):
    (out / f"{kind}-{name}").write_bytes(bytes([kind]) + data)


launch = {"code_object": "/dev/null", "kernel": "k", "grid": [1, 2, 3], "block": [64, 1, 1],
          "dynamic_lds": 4, "chip": "gfx950"}
arguments = {
    "none": [],
    "scalars": [{"kind": kind, "value": 3} for kind in
                ("u8", "i32", "u32", "i64", "u64", "f32", "f64")],
    "buffers": [{"name": "x", "kind": "buffer", "size": 64, "fill": 255, "out": "x.bin"},
                {"name": "y", "kind": "buffer", "hex": "00ff" * 8},
                {"name": "z", "kind": "buffer", "of": "x", "plus": 8}],
    "bytes": [{"kind": "bytes", "offset": 0, "hex": "00" * 16,
               "pointers": [{"offset": 8, "buffer": "x", "plus": 4}]},
              {"name": "x", "kind": "buffer", "size": 64}],
}
for name, args in arguments.items():
    write(0, name, json.dumps({**launch, "args": args}).encode())
expect = {"arg": "x", "dtype": "f32", "file": "y.bin", "file_dtype": "f64", "rtol": 1e-3,
          "atol": 1e-3}
write(0, "expect", json.dumps({**launch, "args": arguments["buffers"],
                               "expect": expect}).encode())
for dtype in ("u1", "<u2", "<i4", "<i8", "<f2", "<f4", ">f4", "<f8"):
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 3), dtype))
    write(1, dtype.strip("<>") + str(">" in dtype), stream.getvalue())
for path in sorted(parameters.glob("*.json")):
    write(2, path.stem, path.read_bytes())
table = {"chip": "gfx950", "calibrated": True, "parameters": "gfx950", "shapes": [
    {"stage": stage, "n": 2880, "k": 2880, "experts": 128, "topk": 4, "entries": [
        {"tokens": 1, "tile": "16x64x256", "us": 8.5, "rule_us": 9},
        {"tokens": 64, "tile": "32x128x256", "waves": 8, "k_wave": 2, "group_m": 4,
         "us": 98.5, "rule_us": 99}]} for stage in ("gemm1", "gemm2")]}
write(3, "table", json.dumps(table).encode())
write(4, "shapes", shapes.read_bytes())
