# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Stages and layers against NumPy, the reference, and each other."""

import threading

import numpy as np
import pytest

import moe
from conftest import Layer, assert_close, decode


@pytest.mark.parametrize("chip", ["gfx942", "gfx950"])
def test_stage_2_is_the_definition(chip, tensors):
    got = moe.gemm2(*tensors.stage2(), chip=chip, out_type="f32")
    assert_close(got, tensors.expected_stage2(), bits=20)
    reference = moe.reference_gemm2(*tensors.stage2())
    np.testing.assert_allclose(reference, tensors.expected_stage2(), rtol=1e-12,
                               atol=1e-12)


@pytest.mark.parametrize("bias", [False, True])
def test_layer_is_the_definition(bias, tensors):
    biases = (tensors.bias13, tensors.bias2) if bias else ()
    expected = tensors.expected_layer(bias)
    got = moe.layer(*tensors.arguments(), *biases, chip="gfx950")
    assert_close(got, expected)
    np.testing.assert_allclose(moe.reference_layer(*tensors.arguments(), *biases),
                               expected, rtol=1e-9, atol=1e-9)
    assert moe.check_layer(got, *tensors.arguments(), *biases, chip="gfx950")["pass"]


@pytest.mark.parametrize("gate", ["separated", "interleaved", "rows"])
def test_dimensions_that_kernels_do_not_have_are_padded(gate):
    """H = 90 and I = 44; the reference computes them as they are."""
    rng = np.random.default_rng(1)
    tokens, topk, experts, h, i = 5, 2, 3, 90, 44
    x = (rng.normal(size=(tokens, h)).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    w13, w2 = (rng.integers(0, 256, shape, np.uint8)
               for shape in ((experts, 2 * i, h // 2), (experts, h, i // 2)))
    scale13, scale2 = (rng.integers(118, 124, shape).astype(np.uint8)
                       for shape in ((experts, 2 * i, 3), (experts, h, 2)))
    ids = np.argsort(rng.random((tokens, experts)))[:, :topk].astype(np.int32)
    arguments = (x, w13, scale13, w2, scale2, ids, rng.random((tokens, topk), np.float32))
    got = moe.layer(*arguments, chip="gfx950", act="swiglu", gate=gate)
    assert got.shape == (tokens, h)
    assert moe.check_layer(got, *arguments, chip="gfx950", act="swiglu")["compared"] == got.size


def test_the_stages_make_the_layer(tensors):
    x, w13, scale13, w2, scale2, ids, weights = tensors.arguments()
    between = moe.gemm1(x, w13, scale13, ids, chip="gfx950", act="swiglu")
    assert between.shape == (16, 96)
    moe.check_gemm1(between, x, w13, scale13, ids, chip="gfx950", act="swiglu")
    got = moe.gemm2(between, w2, scale2, ids, weights, chip="gfx950", out_type="f32")
    whole = moe.layer(*tensors.arguments(), chip="gfx950", act="swiglu", out_type="f32")
    assert_close(got, whole.astype(np.float64), bits=20)
    three = moe.gemm2(between.reshape(8, 2, 96), w2, scale2, ids, weights,
                      chip="gfx950", out_type="f32")
    assert_close(three, got.astype(np.float64), bits=20)


@pytest.mark.parametrize("options", [{"out_stride": 144}, {"x_stride": 136}])
def test_strides_of_a_layer_are_those_of_its_own_rows(options):
    # H is above I and below: stage 1 must not have the one, nor stage 2 the other.
    for inter in (96, 160):
        tensors = Layer(inter=inter)
        plain = {"chip": "gfx950", "out_type": "f32", "deterministic": True}
        got = moe.layer(*tensors.arguments(), **plain, **options)
        np.testing.assert_array_equal(got, moe.layer(*tensors.arguments(), **plain))
        moe.check_layer(got, *tensors.arguments(), **plain, **options)
        np.testing.assert_array_equal(
            moe.reference_layer(*tensors.arguments(), **options),
            moe.reference_layer(*tensors.arguments()))
        arguments = (tensors.x, np.zeros((8, 6), np.float32), *tensors.arguments()[1:5])
        np.testing.assert_array_equal(
            moe.block(*arguments, topk=2, **plain, **options),
            moe.block(*arguments, topk=2, **plain))


@pytest.mark.parametrize("options", [
    {"act": "swiglu", "alpha": 1.5}, {"act": "situv2", "beta": 3.0},
    {"act": "situv2", "linear_beta": 20.0}, {"sort": "off", "limited": True},
    {"sort": "off", "map_entries": 6}, {"sort": "off", "zero_columns": 64},
    {"schedule_table": "none", "tile": "16x128x128"}])
def test_options_in_any_order(options, tensors):
    x, w13, scale13, _, _, ids, _ = tensors.arguments()
    got, backward = (
        moe.gemm1(x, w13, scale13, ids, chip="gfx950", **dict(order))
        for order in (options.items(), reversed(options.items())))
    np.testing.assert_array_equal(got, backward)
    # One without the other is refused, in either place.
    first, second = options
    if first != "schedule_table":
        with pytest.raises(moe.MoeUsageError, match=second.replace("_", "-")):
            moe.gemm1(x, w13, scale13, ids, chip="gfx950", **{second: options[second]})


def test_a_wrong_result_is_found(tensors):
    got = moe.gemm2(*tensors.stage2(), chip="gfx950")
    got[3, 5] ^= 0x0400
    with pytest.raises(moe.MoeError, match="1 of 1024 elements.*row 3, column 5") as error:
        moe.check_gemm2(got, *tensors.stage2(), chip="gfx950")
    assert error.value.outcome["wrong"] == 1


@pytest.mark.parametrize("gate", ["separated", "interleaved"])
def test_shuffled_weights_are_taken_as_they_are(gate, tensors):
    x, w13, scale13, _, _, ids, _ = tensors.arguments()
    expected = moe.gemm1(x, w13, scale13, ids, chip="gfx950", gate=gate)
    up = gate == "interleaved"
    got = moe.gemm1(x, moe.shuffle_weight_a16w4(w13, gate_up=up),
                    moe.shuffle_scale_a16w4(scale13, gate_up=up), ids, chip="gfx950",
                    gate=gate, shuffled=True)
    np.testing.assert_array_equal(got, expected)


def test_a_reference_needs_logical_weights(tensors):
    with pytest.raises(moe.MoeError, match="expected logical ones"):
        moe.reference_gemm2(tensors.a2, moe.shuffle_weight_a16w4(tensors.w2),
                            moe.shuffle_scale_a16w4(tensors.scale2), tensors.ids,
                            tensors.weights, shuffled=True)


def test_expert_parallel_halves_add_up(tensors):
    a2, w2, scale2, ids, weights = tensors.stage2()
    total = np.zeros((8, 128), np.float32)
    for local in (slice(0, 3), slice(3, 6)):
        mask = np.zeros(6, np.int32)
        mask[local] = 1
        moe.gemm2(a2, w2[local], scale2[local], ids, weights, chip="gfx950",
                  expert_mask=mask, out=total, out_type="f32")
    assert_close(total, tensors.expected_stage2(), bits=20)


def test_split_k_and_stored_slots():
    tensors = Layer(hidden=512)
    x, w13, scale13, _, _, ids, _ = tensors.arguments()
    got, outcome = moe.gemm1(x, w13, scale13, ids, chip="gfx950", tile="16x128x128",
                             k_batch=2, return_outcome=True)
    assert len(outcome["kernels"]) == 2
    moe.check_gemm1(got, x, w13, scale13, ids, chip="gfx950", tile="16x128x128",
                    k_batch=2)
    slots = moe.gemm2(*tensors.stage2(), chip="gfx950", no_accumulate=True,
                      out_type="f32")
    assert slots.shape == (16, 512)
    assert_close(slots.reshape(8, 2, 512).sum(axis=1), tensors.expected_stage2(), bits=20)
    summed = moe.layer(*tensors.arguments(), chip="gfx950", no_accumulate=True)
    assert_close(summed, tensors.expected_layer())


def test_sanitizers_find_nothing(tensors):
    _, outcome = moe.layer(*tensors.arguments(), chip="gfx950", sanitize="all",
                           stats=True, return_outcome=True)
    assert outcome["reports"] == [] and outcome["stats"]["mfma"] > 0


@pytest.mark.parametrize("options, message", [
    ({"chip": "gfx1100"}, "gfx1100"),
    ({"chip": "gfx950", "tiel": "16x128x128"}, "unknown option 'tiel'"),
    ({"chip": "gfx950", "tile": "16x64"}, "expected MxNxK"),
    ({"chip": "gfx950", "model_dim": 64}, "model_dim: expected 128, as the tensors"),
    ({"chip": "gfx950", "act": "relu"}, "--act"),
    ({"chip": "gfx950", "out_type": "f64"}, "out_type: expected bf16, f16 or f32"),
    ({"chip": "gfx950", "executor": "cuda"}, "expected executor 'emulator' or 'hip'"),
    ({"chip": "gfx950", "sanitize": "everything"}, "everything"),
])
def test_options_that_are_refused(options, message, tensors):
    with pytest.raises((ValueError, moe.MoeError)) as error:
        moe.layer(*tensors.arguments(), **options)
    assert message in str(error.value)


def test_the_kernel_is_no_option(tensors):
    # A stage's shapes are those of its kernel: another one would write behind its result.
    calls = [lambda **k: moe.gemm2(*tensors.stage2(), chip="gfx950", **k),
             lambda **k: moe.gemm1(*tensors.arguments()[:3], tensors.ids, chip="gfx950", **k),
             lambda **k: moe.layer(*tensors.arguments(), chip="gfx950", **k),
             lambda **k: moe.reference_gemm2(*tensors.stage2(), **k),
             lambda **k: moe.check_gemm2(tensors.x, *tensors.stage2(), chip="gfx950", **k)]
    for call in calls:
        for kernel in ("gemm1", "gemm2", "layer"):
            with pytest.raises(moe.MoeUsageError, match="kernel: expected no such option"):
                call(kernel=kernel)


def test_the_chip_is_required(tensors):
    with pytest.raises(TypeError, match="chip"):
        moe.layer(*tensors.arguments())


def test_threads_get_equal_results(tensors):
    expected = moe.gemm2(*tensors.stage2(), chip="gfx950", no_accumulate=True)
    results = [None] * 4

    def work(index):
        results[index] = moe.gemm2(*tensors.stage2(), chip="gfx950",
                                   no_accumulate=True, threads=1)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for result in results:
        np.testing.assert_array_equal(result, expected)


def test_a_token_may_name_an_expert_twice(tensors):
    tensors.ids[:] = 3
    got = moe.gemm2(*tensors.stage2(), chip="gfx950", out_type="f32")
    assert_close(got, tensors.expected_stage2(), bits=20)


def test_ids_that_name_no_expert_are_skipped(tensors):
    tensors.ids[0], tensors.ids[1, 0], tensors.ids[2, 1] = -1, 6, 1 << 30
    got = moe.gemm2(*tensors.stage2(), chip="gfx950", out_type="f32")
    assert not got[0].any()
    assert_close(got, tensors.expected_stage2(), bits=20)


@pytest.mark.parametrize("hidden, inter", [(128, 90), (100, 64), (70, 46)])
def test_dimensions_that_kernels_do_not_take_are_padded(hidden, inter):
    rng = np.random.default_rng(11)
    w13 = rng.standard_normal((4, 2 * inter, hidden)).astype(np.float32)
    w2 = rng.standard_normal((4, hidden, inter)).astype(np.float32)
    x = moe.to_bfloat16(rng.standard_normal((5, hidden)))
    ids = np.array([rng.permutation(4)[:2] for _ in range(5)])
    weights = rng.random((5, 2), np.float32)

    def rounded(w):
        padded = np.pad(w, ((0, 0), (0, 0), (0, -w.shape[2] % 32)))
        return decode(*moe.quantize_mxfp4(padded))[:, :, :w.shape[2]]

    exact13, exact2 = rounded(w13), rounded(w2)
    floats = moe.from_bfloat16(x).astype(np.float64)
    want = np.zeros((5, hidden))
    for t, row in enumerate(ids):
        for s, expert in enumerate(row):
            gate, up = np.split(exact13[expert] @ floats[t], 2)
            want[t] += weights[t, s] * (
                exact2[expert] @ (gate / (1 + np.exp(-gate)) * up))
    got = moe.layer(x, w13, None, w2, None, ids, weights, chip="gfx950", out_type="f32")
    assert_close(got, want)
    moe.check_layer(got, x, w13, None, w2, None, ids, weights, chip="gfx950",
                    out_type="f32")
    np.testing.assert_allclose(
        moe.reference_layer(x, w13, None, w2, None, ids, weights), want, rtol=1e-9,
        atol=1e-9)


def test_waves_in_another_order(tensors):
    for how in ("barrier", "lockstep", "random"):
        got = moe.gemm2(*tensors.stage2(), chip="gfx950", interleave=how, order_seed=3,
                        out_type="f32")
        assert_close(got, tensors.expected_stage2(), bits=20)
    with pytest.raises(moe.MoeUsageError, match="sideways"):
        moe.gemm2(*tensors.stage2(), chip="gfx950", interleave="sideways")
