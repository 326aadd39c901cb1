# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tensors.py DIR: good tensors for `moe-run gemm2 --data`, and beside them in
folders of their own sets with one thing wrong each. Not judged here: numbers."""

import os
import shutil
import sys

import numpy as np

T, E, TOPK, N, K = 3, 4, 2, 64, 96
good = {
    "x": np.full((T * TOPK, K), 0x3F80, np.uint16),
    "w": np.full((E, N, K // 2), 0x22, np.uint8),
    "scale": np.full((E, N, K // 32), 127, np.uint8),
    "topk_ids": np.array([[0, 1], [2, 3], [1, 0]], np.int32),
    "topk_weights": np.full((T, TOPK), 0.5, np.float32),
    "bias": np.zeros((E, N), np.float32),
}
bad = {
    "x-shape": {"x": good["x"][:-1]},
    "x-dtype": {"x": good["x"].astype(np.float32)},
    "x-order": {"x": np.asfortranarray(good["x"])},
    "w-dtype": {"w": good["w"].astype(np.int32)},
    "w-rank": {"w": good["w"][0]},
    "k-odd": {"w": np.ones((E, N, 81), np.float32), "scale": None},
    "scale-shape": {"scale": good["scale"][:, :, :-1]},
    "scale-missing": {"scale": None},
    "float-scale": {"w": np.ones((E, N, K), np.float32)},
    "weights-shape": {"topk_weights": good["topk_weights"][:, :1]},
    "weights-missing": {"topk_weights": None},
    "bias-missing": {"bias": None},
    "bias-shape": {"bias": good["bias"].T},
    "out-dtype": {"out": np.zeros((T, N), np.float32)},
    "out-shape": {"out": np.zeros((T * TOPK, N), np.uint16)},
    "mask-experts": {"expert_mask": np.array([1, 0, 1, 1, 0, 1, 1], np.int32)},
    "mask-dtype": {"expert_mask": np.ones(4, np.float32)},
    "mask-shape": {"expert_mask": np.ones((4, 1), np.int32)},
    "mask-none": {"expert_mask": np.zeros(9, np.int32)},
    "topk-256": {
        "topk_ids": np.zeros((T, 256), np.int32),
        "topk_weights": np.zeros((T, 256), np.float32),
        "x": np.zeros((T * 256, K), np.uint16),
    },
}

# Both stages of a layer: I = K, H = N.
layer = {
    "x": np.full((T, N), 0x3F80, np.uint16),
    "w1": np.full((E, 2 * K, N // 2), 0x22, np.uint8),
    "scale1": np.full((E, 2 * K, N // 32), 120, np.uint8),
    "bias1": np.zeros((E, 2 * K), np.float32),
    "w2": good["w"], "scale2": good["scale"],
    "topk_ids": good["topk_ids"], "topk_weights": good["topk_weights"],
}
layers = {
    "layer": {},
    "layer-inter": {"w2": good["w"][:, :, :32], "scale2": good["scale"][:, :, :2]},
    "layer-experts": {"w2": good["w"][:3], "scale2": good["scale"][:3]},
    "layer-w2-missing": {"w2": None},
    "layer-scale2-shape": {"scale2": good["scale"][:, :, :-1]},
    "layer-weights-missing": {"topk_weights": None},
    "layer-float-scale2": {"w2": np.ones((E, N, K), np.float32)},
    "layer-out-shape": {"out": np.zeros((T * TOPK, N), np.uint16)},
}
for name, changes in layers.items():
    bad[name] = {**dict.fromkeys(good), **layer, **changes}

for name, changes in {"good": {}, "truncated": {}, "key-twice": {}, **bad}.items():
    folder = os.path.join(sys.argv[1], name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for tensor, values in {**good, **changes}.items():
        if values is not None:
            np.save(os.path.join(folder, tensor + ".npy"), values)
path = os.path.join(sys.argv[1], "truncated", "w.npy")
os.truncate(path, os.path.getsize(path) - 5)
with open(os.path.join(sys.argv[1], "key-twice", "topk_ids.npy"), "r+b") as file:
    header = file.read(128)
    twice = header.replace(b"'shape': ", b"'shape': (3,), 'shape': ")
    file.seek(0)
    file.write(twice[:127].rstrip().ljust(127) + b"\n")
