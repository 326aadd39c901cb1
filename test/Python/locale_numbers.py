# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Everything of the library that reads or prints a number with a point."""

import numpy as np

import moe

rng = np.random.default_rng(0)
x = rng.standard_normal((4, 256), np.float32)
w13 = moe.quantize_mxfp4(rng.standard_normal((4, 128, 256), np.float32))
w2 = moe.quantize_mxfp4(rng.standard_normal((4, 256, 64), np.float32))
ids = np.argsort(rng.random((4, 4)))[:, :2]
weights = np.full((4, 2), 0.5, np.float32)

kernel = moe.compile("gemm2", chip="gfx950", model_dim=2880, inter_dim=2880, experts=128,
                     topk=4, tokens=16)
assert "modelled" in kernel.choice["source"], kernel.choice
assert kernel.report["compile_ms"]["total"] > 0
y, outcome = moe.gemm1(x, *w13, ids, act="swiglu", alpha=1.5, chip="gfx950",
                       return_outcome=True)
assert outcome["seconds"] > 0 and "--alpha 1.5" in outcome["flags"][0], outcome
assert moe.check_gemm1(y, x, *w13, ids, act="swiglu", alpha=1.5,
                       chip="gfx950")["max_bound_ratio"] > 0
y, outcome = moe.block(x, rng.standard_normal((4, 4), np.float32), *w13, *w2, topk=2,
                       route_scale=2.5, chip="gfx950", return_outcome=True)
assert outcome["seconds"] > 0 and y.any()
y, outcome = moe.layer(x, *w13, *w2, ids, weights, chip="gfx950", return_outcome=True)
assert moe.check_layer(y, x, *w13, *w2, ids, weights, chip="gfx950")["max_bound_ratio"] > 0
outcome = moe.prepare_weights(*w2, chip="gfx950", return_outcome=True)[2]
assert outcome["seconds"] > 0
print("good")
