# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A layer from arrays to a checked result; docs/Python.md explains each step."""
import numpy as np
import moe

rng = np.random.default_rng(0)
x = rng.standard_normal((16, 256), np.float32)            # 16 tokens, hidden size 256
w13 = moe.quantize_mxfp4(rng.standard_normal((8, 1024, 256), np.float32))
w2 = moe.quantize_mxfp4(rng.standard_normal((8, 256, 512), np.float32))
ids = np.argsort(rng.random((16, 8)))[:, :2]              # 2 of 8 experts for a token
weights = np.full((16, 2), 0.5, np.float32)

y, outcome = moe.layer(x, *w13, *w2, ids, weights, chip="gfx950", sanitize="all",
                       return_outcome=True)
verdict = moe.check_layer(y, x, *w13, *w2, ids, weights, chip="gfx950")
print(outcome["instructions"], "instructions, worst error",
      round(verdict["max_bound_ratio"], 3), "of the bound")

# The same second stage by hand: shuffled weights, a kernel, its grid and arguments.
kernel = moe.compile("gemm2", chip="gfx950", model_dim=256, inter_dim=512, experts=8,
                     topk=2, tile=(16, 128, 256))
routing = moe.moe_sorting(ids, weights, 8, tile_m=16)
a2 = moe.gemm1(x, *w13, ids, chip="gfx950")
out = np.zeros((16, 256), np.uint16)
kernel.launch(out, a2, moe.shuffle_weight_a16w4(w2[0]), moe.shuffle_scale_a16w4(w2[1]),
              routing.sorted_token_ids, routing.expert_ids, routing.sorted_weights,
              routing.num_valid_ids, None, 16, 256, 512, len(routing.expert_ids),
              grid=kernel.grid(16, num_blocks=len(routing.expert_ids)))
print("by hand the same but for the order of additions:",
      np.allclose(moe.from_bfloat16(out), moe.from_bfloat16(y), rtol=0.02, atol=2))
