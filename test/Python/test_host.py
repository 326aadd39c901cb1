# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantising, shuffling and sorting against NumPy."""

import threading

import numpy as np
import pytest

import moe
from conftest import E2M1, decode


def quantize(values):
    """The OCP rule, by NumPy: the nearest code, ties to the even one."""
    blocks = values.reshape(-1, 32).astype(np.float64)
    largest = np.abs(blocks).max(axis=1)
    exponent = np.where(largest > 0, np.floor(np.log2(np.where(largest > 0, largest, 1)))
                        - 2, -127)
    scaled = np.abs(blocks) / np.exp2(exponent)[:, None]
    distance = np.abs(np.minimum(scaled, 6)[..., None] - E2M1[:8])
    # Odd codes lose ties.
    codes = (distance + np.arange(8) % 2 * 1e-12).argmin(axis=-1)
    codes = codes + 8 * np.signbit(blocks)
    return codes.reshape(values.shape), (exponent + 127).reshape(
        *values.shape[:-1], -1)


def test_quantize_is_the_ocp_rule():
    values = np.random.default_rng(1).standard_normal((3, 5, 96)).astype(np.float32)
    values[0, 0, :32] = 0
    values[1, 1, :8] = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5, 4]  # ties at scale 1
    values[1, 1, 8:32] = 0
    codes, scales = moe.quantize_mxfp4(values)
    assert codes.shape == (3, 5, 48) and scales.shape == (3, 5, 3)
    expected, exponents = quantize(values)
    np.testing.assert_array_equal(codes & 15, expected[..., ::2])
    np.testing.assert_array_equal(codes >> 4, expected[..., 1::2])
    np.testing.assert_array_equal(scales, exponents)


def test_dequantize_is_exact_for_all_codes():
    codes = np.tile(np.arange(256, dtype=np.uint8), (253, 1))
    scales = np.repeat(np.arange(253, dtype=np.uint8)[:, None], 16, axis=1)
    np.testing.assert_array_equal(moe.dequantize_mxfp4(codes, scales),
                                  decode(codes, scales).astype(np.float32))
    assert np.isnan(moe.dequantize_mxfp4(codes[:1], np.full((1, 16), 255, np.uint8))).all()


def test_quantize_takes_any_number_of_threads():
    values = np.random.default_rng(2).standard_normal((67, 64)).astype(np.float32)
    one = moe.quantize_mxfp4(values, threads=1)
    for threads in (0, 2, 7, 100):
        many = moe.quantize_mxfp4(values, threads=threads)
        assert all((a == b).all() for a, b in zip(one, many))


@pytest.mark.parametrize("shape", [(2, 32, 32), (3, 64, 96), (1, 32, 256)])
def test_shuffle_weight_is_the_documented_formula(shape):
    experts, n, k = shape
    w = np.random.default_rng(4).integers(0, 256, (experts, n, k // 2), np.uint8)
    padded = -(-k // 128) * 128
    out = moe.shuffle_weight_a16w4(w)
    assert out.shape == (experts, n, padded // 2)
    expected = np.zeros(out.size, np.uint8)
    for r, row in enumerate(w.reshape(experts * n, -1)):
        for byte, value in enumerate(row):
            element = 2 * byte
            expected[(r // 16) * 8 * padded + (element // 128) * 1024
                     + (element // 32 % 4) * 256 + r % 16 * 16 + byte % 16] = value
    np.testing.assert_array_equal(out.ravel(), expected)


def test_gate_up_puts_rows_in_alternating_blocks_of_16():
    w = np.repeat(np.arange(64, dtype=np.uint8)[None, :, None], 64, axis=2)
    interleaved = moe.shuffle_weight_a16w4(w, gate_up=True)
    rows = [*range(16), *range(32, 48), *range(16, 32), *range(48, 64)]
    np.testing.assert_array_equal(interleaved, moe.shuffle_weight_a16w4(w[:, rows]))


def test_shuffle_scale_pads_with_one():
    scale = np.full((1, 32, 3), 9, np.uint8)
    out = moe.shuffle_scale_a16w4(scale)
    assert out.shape == (1, 32, 8)
    assert (out == 9).sum() == 96 and (out == 127).sum() == 32 * 5


def test_sorting():
    ids = np.array([[2, 0], [2, 7], [1, 2]])
    weights = np.arange(6, dtype=np.float32).reshape(3, 2)
    got = moe.moe_sorting(ids, weights, 3, 4)
    pairs = [(0, 1)], [(2, 0)], [(0, 0), (1, 0), (2, 1)]
    padding = 2 << 24 | 3
    expected = []
    for expert in pairs:
        rows = [slot << 24 | token for token, slot in expert]
        expected += rows + [padding] * (4 - len(rows))
    assert got.sorted_token_ids[:12].tolist() == expected
    assert got.expert_ids[:3].tolist() == [0, 1, 2]
    assert (got.expert_ids[3:] == -1).all()
    assert got.num_valid_ids.tolist() == [12, 3]
    assert got.sorted_weights[8:11].tolist() == [0, 2, 5]


def test_sorting_with_a_token_that_names_one_expert_twice():
    got = moe.moe_sorting([[0, 0]] * 40, np.ones((40, 2)), 1, 16)
    assert got.num_valid_ids[0] == 80


def test_sorting_with_a_mask():
    got = moe.moe_sorting([[0, 1], [2, 3]], np.ones((2, 2)), 4, 16,
                          expert_mask=[0, 1, 0, 1])
    assert got.expert_ids[:2].tolist() == [0, 1]
    assert got.sorted_token_ids[0] == 1 << 24 and got.sorted_token_ids[16] == 1 << 24 | 1


@pytest.mark.parametrize("call, message", [
    (lambda: moe.quantize_mxfp4(np.zeros((2, 33))), "multiple of 32, got shape [2, 33]"),
    (lambda: moe.quantize_mxfp4(np.zeros((2, 32), int)), "values: expected float32"),
    (lambda: moe.quantize_mxfp4(np.zeros((2, 32), complex)), "got complex128"),
    (lambda: moe.dequantize_mxfp4(np.zeros((2, 16)), np.zeros((2, 1), np.uint8)),
     "codes: expected uint8, got float64"),
    (lambda: moe.dequantize_mxfp4(np.zeros((2, 16), np.uint8),
                                  np.zeros((2, 2), np.uint8)),
     "scales: expected shape [2, 1]"),
    (lambda: moe.shuffle_weight_a16w4(np.zeros((2, 24, 16), np.uint8)),
     "got [2, 24, 16]"),
    (lambda: moe.moe_sorting([[0]], [[1.0]], 0, 16), "experts: expected from 1"),
    (lambda: moe.moe_sorting([[0]], [[1.0]], 4, 0), "tileM: expected from 1"),
    (lambda: moe.moe_sorting([[0]], [[1.0]], 4.0, 16), "experts: expected a whole number"),
    (lambda: moe.moe_sorting([[0]], [[1.0]], 4, 1.5), "tile_m: expected a whole number"),
    (lambda: moe.moe_sorting([[0]], [[1.0]], 4, 16, local_tokens="1"),
     "local_tokens: expected a whole number, got str"),
    (lambda: moe.quantize_mxfp4(np.zeros((2, 32)), sanitise="all"), "got sanitise"),
    (lambda: moe.quantize_mxfp4(np.zeros((2, 32)), threads=-1),
     "threads: expected at least 0, got -1"),
    (lambda: moe.shuffle_weight_a16w4(np.zeros((2, 32, 16), np.uint8), threads=-2),
     "threads: expected at least 0, got -2"),
    (lambda: moe.quantize_mxfp4([[1.0] * 32, [2.0]]), "values: expected an array, got list: "),
    (lambda: moe.moe_sorting([[0.5]], [[1.0]], 4, 16), "topk_ids: expected int32"),
])
def test_what_is_refused(call, message):
    with pytest.raises((TypeError, ValueError, moe.MoeError)) as error:
        call()
    assert message in str(error.value)


def test_functions_run_at_once_in_threads():
    values = np.random.default_rng(5).standard_normal((512, 256)).astype(np.float32)
    expected = moe.quantize_mxfp4(values)
    results = [None] * 8

    def work(index):
        results[index] = moe.quantize_mxfp4(values, threads=2)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for result in results:
        np.testing.assert_array_equal(result[0], expected[0])
