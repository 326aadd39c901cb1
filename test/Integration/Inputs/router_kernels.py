# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""router_kernels.py DIR CHIP: the kernels around the products, compiled by flags and
launched one by one from launch files, against NumPy alone.

Routing with ties; sorting by an expert map, with the number of local tokens in memory
below zero, above the tokens and between, in one kernel and in three; quantising and
shuffling. The tools come from PATH.
"""

import itertools
import json
import pathlib
import subprocess
import sys

import numpy as np

FOLDER, CHIP = pathlib.Path(sys.argv[1]), sys.argv[2]
RNG = np.random.default_rng(11)


def compile_kernel(name, *flags):
    """The report, beside the code object."""
    done = subprocess.run(["moe-compile", *map(str, flags), "--chip", CHIP, "--report",
                           "-o", FOLDER / f"{name}.hsaco"], check=True, capture_output=True)
    return json.loads(done.stdout)


def launch(name, report, grid, buffers, scalars):
    """Runs with all sanitizers; changes the arrays of `buffers` in place. None is a null
    pointer."""
    args = []
    for key, array in buffers.items():
        if array is None:
            args.append({"name": key, "kind": "u64", "value": 0})
            continue
        array.tofile(FOLDER / f"{key}.bin")
        args.append({"name": key, "kind": "buffer", "file": f"{key}.bin", "out": f"{key}.out"})
    args += [{"name": key, "kind": "i32", "value": value} for key, value in scalars.items()]
    for position, arg in enumerate(args):  # in order, whatever the names in the object are
        arg["offset"] = 8 * min(position, len(buffers)) + 4 * max(0, position - len(buffers))
    file = FOLDER / f"{name}.json"
    file.write_text(json.dumps({"code_object": f"{name}.hsaco", "kernel": report["kernel"],
                                "grid": grid, "block": [256, 1, 1], "args": args}))
    subprocess.run(["moe-run", "launch", file, "--sanitize", "all"], check=True,
                   stdout=subprocess.DEVNULL)
    for key, array in buffers.items():
        if array is not None:
            array[...] = np.fromfile(FOLDER / f"{key}.out", array.dtype).reshape(array.shape)


def groups(report, tokens):
    """The x of the grid, by the report's expression."""
    ceildiv = lambda a, b: -(-a // b)
    return [int(eval(report["grid"][0], {"ceildiv": ceildiv, "tokens": tokens})), 1, 1]


def route():
    tokens, experts, topk = 9, 20, 3
    report = compile_kernel("route", "--kernel", "route", "--experts", experts, "--topk", topk,
                            "--renormalize", "--route-scale", "2.5")
    logits = RNG.integers(-2, 3, (tokens, experts)).astype(np.float32)
    ids = np.full((tokens, topk), -7, np.int32)
    weights = np.zeros((tokens, topk), np.float32)
    launch("route", report, groups(report, tokens),
           {"ids": ids, "weights": weights, "logits": logits, "correction": None},
           {"tokens": tokens, "n": experts})
    expected = np.argsort(-logits, axis=1, kind="stable")[:, :topk]
    np.testing.assert_array_equal(ids, expected)
    scores = np.exp(np.take_along_axis(logits.astype(np.float64), expected, 1))
    np.testing.assert_allclose(weights, 2.5 * scores / scores.sum(axis=1, keepdims=True), rtol=1e-5)


def sorted_lists(ids, weights, number, experts, rows, tokens, local):
    """What the contract says: ids, weights, experts, counts."""
    padding = ids.shape[1] << 24 | tokens
    sorted_ids, sorted_weights, blocks = [], [], []
    for expert in range(experts):
        pairs = [(t, s) for t, s in itertools.product(range(local), range(ids.shape[1]))
                 if 0 <= ids[t, s] < len(number) and number[ids[t, s]] == expert]
        fill = -len(pairs) % rows
        sorted_ids += [s << 24 | t for t, s in pairs] + [padding] * fill
        sorted_weights += [weights[t, s] for t, s in pairs] + [0] * fill
        blocks += [expert] * ((len(pairs) + fill) // rows)
    return sorted_ids, sorted_weights, blocks, [len(sorted_ids), local]


def sort():
    tokens, experts, total, topk, rows, columns = 37, 8, 20, 3, 16, 64
    flags = ["--kernel", "sort", "--experts", experts, "--experts-global", total, "--topk", topk,
             "--block-rows", rows, "--local-tokens", "--clear-columns", columns]
    reports = {phase: compile_kernel(phase, *flags, "--phase", phase)
               for phase in ("all", "count", "scan", "place")}
    number = np.full(total, -1, np.int32)
    number[RNG.permutation(total)[:experts]] = np.arange(experts)
    number[0] = experts  # no number of an expert of this device either
    ids = np.array([RNG.permutation(total)[:topk] for _ in range(tokens)], np.int32)
    ids[3, 1] = -1
    weights = RNG.random((tokens, topk), np.float32)
    length = tokens * topk + experts * rows - topk
    blocks = -(-length // rows)
    for local, phases in itertools.product([-5, -(2 ** 31), 0, 1, 36, 37, 38, 2 ** 31 - 1],
                                           [["all"], ["count", "scan", "place"]]):
        out = {"sorted_ids": np.full(blocks * rows, -9, np.int32),
               "expert_ids": np.full(blocks, -9, np.int32),
               "sorted_weights": np.full(blocks * rows, np.nan, np.float32),
               "num_valid": np.full(2, -9, np.int32),
               "workspace": None if phases == ["all"] else np.full((64, experts), -1, np.int32),
               "clear": np.full((tokens, columns), 0xFFFF, np.uint16)}
        for phase in phases:
            launch(phase, reports[phase], groups(reports[phase], tokens),
                   {**out, "topk_ids": ids, "topk_weights": weights, "expert_map": number,
                    "local_tokens": np.array([local], np.int32)},
                   {"tokens": tokens, "n": experts, "k": 0, "num_blocks": blocks})
        expected = sorted_lists(ids, weights, number, experts, rows, tokens,
                                min(max(local, 0), tokens))
        for name, want in zip(("sorted_ids", "sorted_weights", "expert_ids", "num_valid"), expected):
            used, rest = out[name][:len(want)], out[name][len(want):]
            np.testing.assert_array_equal(used, np.array(want, used.dtype), f"{name}, {local}")
            untouched = np.isnan(rest) if rest.dtype == np.float32 else rest == -9
            assert untouched.all(), f"{name}, {local}: expected nothing past the rows in use"
        assert not out["clear"].any()


def weights():
    experts, rows, k = 2, 64, 96
    dims = ["--experts", experts, "--rows", rows, "--columns", k]
    # Multiples of 0.5 up to 6 of a power of two: exact in MXFP4.
    magnitude = RNG.choice([0, .5, 1, 1.5, 2, 3, 4], (experts * rows, k // 32, 32))
    magnitude[..., 0] = 6
    sign, power = RNG.choice([-1, 1], magnitude.shape), RNG.integers(-9, 9, (experts * rows, k // 32, 1))
    values = (magnitude * sign * np.exp2(power)).astype(np.float32).reshape(experts * rows, k)
    index = np.searchsorted([0, .5, 1, 1.5, 2, 3, 4, 6], magnitude) | np.where(sign < 0, 8, 0)
    index = index.reshape(experts * rows, k)
    codes = (index[:, ::2] | index[:, 1::2] << 4).astype(np.uint8)
    scales = (power[..., 0] + 127).astype(np.uint8)
    report = compile_kernel("quantize", "--kernel", "quantize", *dims, "--logical")
    out = {"codes": np.full(codes.shape, 0xA5, np.uint8), "scales": np.full(scales.shape, 0xA5, np.uint8)}
    launch("quantize", report, groups(report, experts * rows),
           {**out, "x": (values.view(np.uint32) >> 16).astype(np.uint16)}, {"rows": experts * rows})
    np.testing.assert_array_equal(out["codes"], codes)
    np.testing.assert_array_equal(out["scales"], scales)
    report = compile_kernel("shuffle", "--kernel", "shuffle", *dims, "--gate", "rows")
    # All rows, and one and a half experts: what is not there is neither read nor made.
    for used in (experts * rows, 3 * rows // 2):
        got = {"codes": np.full(experts * rows * 128 // 2, 0xA5, np.uint8),
               "scales": np.full(experts * rows * 8, 0xA5, np.uint8)}
        launch("shuffle", report, groups(report, used),
               {**got, "logical_codes": codes[:used], "logical_scales": scales[:used]}, {"rows": used})
        expected = in_kernel_order(codes[:used], scales[:used], rows, got)
        np.testing.assert_array_equal(got["codes"], expected["codes"])
        np.testing.assert_array_equal(got["scales"], expected["scales"])


def in_kernel_order(codes, scales, rows, like):
    """K = 96, padded to 128 for codes and to 256 for scales, gate and up rows in turn, by
    the formulas of docs/Layouts.md."""
    out = {name: np.full_like(array, 0xA5) for name, array in like.items()}
    for row, (row_codes, row_scales) in enumerate(zip(codes, scales)):
        expert, inner = divmod(row, rows)
        up, column = divmod(inner, rows // 2)
        r = expert * rows + 2 * column + up
        for byte in range(128 // 2):
            e = 2 * byte
            place = r // 16 * 8 * 128 + e // 128 * 1024 + e // 32 % 4 * 256 + r % 16 * 16 + byte % 16
            out["codes"][place] = row_codes[byte] if byte < len(row_codes) else 0
        for block in range(8):
            dword = r // 32 * 64 + block // 8 * 64 + block % 4 * 16 + r % 16
            place = 4 * dword + block // 4 % 2 * 2 + r // 16 % 2
            out["scales"][place] = row_scales[block] if block < len(row_scales) else 127
    return out


FOLDER.mkdir(parents=True, exist_ok=True)
route()
sort()
weights()
print("equal to NumPy")
