# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the Python tests share: a small layer, and decoding by NumPy alone."""

import numpy as np
import pytest

import moe

E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6])


def decode(codes, scales):
    """float64 [..., K] of codes [..., K/2] and scales [..., K/32]."""
    elements = np.stack([codes & 15, codes >> 4], axis=-1)
    values = E2M1[elements].reshape(*codes.shape[:-1], -1)
    exponents = np.repeat(scales.astype(np.int64) - 127, 32, axis=-1)
    return values * np.exp2(exponents.astype(np.float64))


class Layer:
    """Random tensors of a layer in logical order."""

    def __init__(self, tokens=8, hidden=128, inter=96, experts=6, topk=2, seed=3):
        rng = np.random.default_rng(seed)
        self.x = moe.to_bfloat16(rng.standard_normal((tokens, hidden)))
        self.w13 = rng.integers(0, 256, (experts, 2 * inter, hidden // 2), np.uint8)
        self.scale13 = rng.integers(118, 126, (experts, 2 * inter, hidden // 32),
                                    np.uint8)
        self.w2 = rng.integers(0, 256, (experts, hidden, inter // 2), np.uint8)
        self.scale2 = rng.integers(118, 126, (experts, hidden, inter // 32), np.uint8)
        self.ids = np.array([rng.permutation(experts)[:topk] for _ in range(tokens)],
                            np.int32).reshape(tokens, topk)
        self.weights = rng.random((tokens, topk), np.float32)
        self.bias13 = rng.standard_normal((experts, 2 * inter)).astype(np.float32)
        self.bias2 = rng.standard_normal((experts, hidden)).astype(np.float32)
        self.hidden, self.inter = hidden, inter
        self.a2 = moe.to_bfloat16(rng.standard_normal((tokens * topk, inter)))

    def arguments(self):
        return (self.x, self.w13, self.scale13, self.w2, self.scale2, self.ids,
                self.weights)

    def stage2(self):
        return self.a2, self.w2, self.scale2, self.ids, self.weights

    def expected_stage2(self):
        """[T, H], by NumPy from the definition."""
        w = decode(self.w2, self.scale2)
        a2 = moe.from_bfloat16(self.a2).astype(np.float64)
        out = np.zeros((len(self.ids), self.hidden))
        for t, row in enumerate(self.ids):
            for s, expert in enumerate(row):
                if 0 <= expert < len(w):
                    out[t] += self.weights[t, s] * (w[expert] @
                                                    a2[t * len(row) + s])
        return out

    def expected_layer(self, bias=False):
        """[T, H] with the silu activation, by NumPy from the definition."""
        w13, w2 = decode(self.w13, self.scale13), decode(self.w2, self.scale2)
        x = moe.from_bfloat16(self.x).astype(np.float64)
        out = np.zeros((len(self.ids), self.hidden))
        for t, row in enumerate(self.ids):
            for s, expert in enumerate(row):
                both = w13[expert] @ x[t] + (self.bias13[expert] if bias else 0)
                gate, up = both[:self.inter], both[self.inter:]
                value = w2[expert] @ (gate / (1 + np.exp(-gate)) * up)
                value += self.bias2[expert] if bias else 0
                out[t] += self.weights[t, s] * value
        return out


@pytest.fixture
def tensors():
    return Layer()


def assert_close(result, expected, bits=8):
    """Equal but for roundings to `bits` bits of significand, a few of them."""
    result = (moe.from_bfloat16(result) if result.dtype == np.uint16 else result)
    scale = np.abs(expected).max()
    assert np.abs(result.astype(np.float64) - expected).max() < scale * 4 / 2 ** bits
