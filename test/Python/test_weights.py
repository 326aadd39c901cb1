# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights quantised and shuffled on the device against the host functions."""

import numpy as np
import pytest

import moe


def make_bits(shape, seed=7):
    """Any bf16 bits: blocks of one magnitude with subnormal numbers, zeros, NaN and
    infinities among them."""
    rng = np.random.default_rng(seed)
    blocks = (*shape[:-1], shape[-1] // 32, 32)
    exponent = rng.integers(0, 255, (*blocks[:-1], 1)) - rng.integers(0, 8, blocks)
    bits = (np.maximum(exponent, 0) << 7 | rng.integers(0, 128, blocks)
            | rng.integers(0, 2, blocks) << 15)
    bits[..., 0, :] &= 0x8000  # zeros of both signs
    bits[0, ..., -1, 3] |= 0x7F80
    return bits.reshape(shape).astype(np.uint16)


@pytest.mark.parametrize("chip", ["gfx942", "gfx950"])
@pytest.mark.parametrize("shape", [(32, 32), (2, 64, 96), (2, 2, 16, 288)])
def test_quantize_on_the_device_is_the_host_function(shape, chip):
    bits = make_bits(shape)
    codes, scales = moe.quantize_mxfp4(bits, chip=chip, sanitize="all")
    expected = moe.quantize_mxfp4(bits)
    np.testing.assert_array_equal(codes, expected[0])
    np.testing.assert_array_equal(scales, expected[1])
    assert codes.shape == (*shape[:-1], shape[-1] // 2)


def in_order(codes, scales, gate):
    """By the host functions."""
    if gate == "rows":
        order = np.arange(codes.shape[1]).reshape(2, -1).T.ravel()
        codes, scales = codes[:, order], scales[:, order]
    up = gate == "interleaved"
    return (moe.shuffle_weight_a16w4(codes, gate_up=up),
            moe.shuffle_scale_a16w4(scales, gate_up=up))


@pytest.mark.parametrize("gate", ["separated", "interleaved", "rows"])
@pytest.mark.parametrize("chip", ["gfx942", "gfx950"])
def test_prepared_weights_are_the_host_functions(chip, gate):
    bits = make_bits((3, 64, 160))
    logical = moe.quantize_mxfp4(bits)
    expected = in_order(*logical, gate)
    for source in ([bits], logical):
        got = moe.prepare_weights(*source, chip=chip, gate=gate, sanitize="all")
        for a, b in zip(got, expected):
            assert a.shape == b.shape
            np.testing.assert_array_equal(a, b)


def test_a_layer_takes_prepared_weights(tensors):
    x, w13, scale13, w2, scale2, ids, weights = tensors.arguments()
    prepared = [array for w, scale, gate in ((w13, scale13, "interleaved"),
                                             (w2, scale2, "separated"))
                for array in moe.prepare_weights(w, scale, chip="gfx950", gate=gate)]
    options = dict(chip="gfx950", gate="interleaved", deterministic=True)
    np.testing.assert_array_equal(
        moe.layer(x, *prepared, ids, weights, shuffled=True, **options),
        moe.layer(x, w13, scale13, w2, scale2, ids, weights, **options))


def test_the_outcome_names_the_kernel():
    *_, outcome = moe.prepare_weights(make_bits((1, 32, 64)), chip="gfx950",
                                      return_outcome=True, stats=True)
    assert [kernel["name"] for kernel in outcome["kernels"]] == ["moe_quantize"]
    assert outcome["instructions"] > 0


@pytest.mark.parametrize("call, message", [
    (lambda: moe.quantize_mxfp4(np.zeros((32, 32), np.float32), chip="gfx950"),
     "values: expected bfloat16 (as uint16) on the device, got float32"),
    (lambda: moe.quantize_mxfp4(np.zeros((31, 32), np.uint16), chip="gfx950"),
     "values: expected a multiple of 32 rows on the device, got shape [31, 32]"),
    (lambda: moe.quantize_mxfp4(np.zeros((0, 32), np.uint16), chip="gfx950"),
     "got shape [0, 32]"),
    (lambda: moe.quantize_mxfp4(np.zeros((32, 33), np.uint16), chip="gfx950"),
     "columns: expected a multiple of 32, at most 65536, got 33"),
    (lambda: moe.quantize_mxfp4(np.zeros((32, 32), np.uint16), executor="emulator"),
     "chip: expected a name in a str, got None"),
    (lambda: moe.quantize_mxfp4(np.zeros((32, 32), np.uint16), chip="gfx90a"), "gfx90a"),
    (lambda: moe.quantize_mxfp4(np.zeros((32, 32), np.uint16), chip="gfx950", tile="16x16x16"),
     "expected options of an executor (docs/Python.md), got tile"),
    (lambda: moe.prepare_weights(np.zeros((2, 32, 32), np.uint16), chip="gfx950", gate="up"),
     "gate: expected separated, interleaved or rows, got 'up'"),
    # Not the rows as they are, which would leave a part of the result as it was.
    (lambda: moe.prepare_weights(np.zeros((2, 32, 32), np.uint16), chip="gfx950", gate=None),
     "gate: expected a name in a str, got None"),
    (lambda: moe.prepare_weights(np.zeros((2, 32, 16), np.uint8),
                                 np.zeros((2, 32, 1), np.uint8), chip="gfx950", gate=None),
     "gate: expected a name in a str, got None"),
    (lambda: moe.prepare_weights(np.zeros((32, 32), np.uint16), chip="gfx950"),
     "w: expected shape [?, ?, ?] (experts, N, K), got [32, 32]"),
    (lambda: moe.prepare_weights(np.zeros((2, 33, 32), np.uint16), chip="gfx950"),
     "rows: expected a multiple of 32, got 33"),
    (lambda: moe.prepare_weights(np.zeros((2, 32, 16), np.uint8),
                                 np.zeros((2, 32, 2), np.uint8), chip="gfx950"),
     "scale: expected shape [2, 32, 1] (experts, N, K/32), got [2, 32, 2]"),
])
def test_what_is_refused(call, message):
    with pytest.raises((TypeError, ValueError, moe.MoeError)) as error:
        call()
    assert message in str(error.value)
