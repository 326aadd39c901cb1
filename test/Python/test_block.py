# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Blocks from a router's logits against NumPy, which routes by itself."""

import numpy as np
import pytest

import moe
from conftest import Layer, assert_close


def route(logits, topk):
    """Softmax over all experts, the best topk, ties to the lower."""
    scores = np.exp(logits.astype(np.float64))
    scores /= scores.sum(axis=1, keepdims=True)
    ids = np.argsort(-logits, axis=1, kind="stable")[:, :topk]
    return ids, np.take_along_axis(scores, ids, 1)


def make_logits(experts=6, tokens=8):
    return np.random.default_rng(5).integers(-3, 4, (tokens, experts)).astype(np.float32)


def split(tensors):
    x, w13, scale13, w2, scale2, _, _ = tensors.arguments()
    return x, (w13, scale13, w2, scale2)


@pytest.mark.parametrize("sort", ["on", "off"])
@pytest.mark.parametrize("chip", ["gfx942", "gfx950"])
def test_block_is_the_definition(chip, sort, tensors):
    x, weights = split(tensors)
    logits = make_logits()
    got, routing, outcome = moe.block(x, logits, *weights, topk=2, chip=chip, sort=sort,
                                      sanitize="all", return_routing=True,
                                      return_outcome=True)
    tensors.ids, tensors.weights = route(logits, 2)
    np.testing.assert_array_equal(routing.topk_ids, tensors.ids)
    np.testing.assert_allclose(routing.topk_weights, tensors.weights, rtol=1e-5)
    assert_close(got, tensors.expected_layer())
    assert [kernel["name"][:9] for kernel in outcome["kernels"]] == [
        "moe_route", *["moe_sort_"] * (sort == "on"), "moe_gemm1", "moe_gemm2"]


@pytest.mark.parametrize("chip", ["gfx942", "gfx950"])
def test_few_tokens_are_not_sorted(chip, tensors):
    x, weights = split(tensors)
    few = x[:3]
    logits = make_logits()[:3]
    options = {"topk": 2, "chip": chip, "sanitize": "all", "deterministic": True}
    got, outcome = moe.block(few, logits, *weights, return_outcome=True, **options)
    assert [kernel["name"][:9] for kernel in outcome["kernels"]] == [
        "moe_route", "moe_gemm1", "moe_gemm2", "moe_reduc"]
    assert all("--sort off" in flags for flags in outcome["flags"])
    np.testing.assert_array_equal(got, moe.block(few, logits, *weights, sort="on", **options))
    # The rows are those of the whole batch, which is sorted.
    whole = moe.block(x, make_logits(), *weights, sort="on", **options)
    np.testing.assert_array_equal(got, whole[:3])


@pytest.mark.parametrize("kind", ["map", "mask"])
def test_experts_of_other_devices_are_skipped(kind, tensors):
    """Weights of 6 experts of 9; the sum over both devices is the whole."""
    x, weights = split(tensors)
    logits = make_logits(experts=9)
    here = np.array([7, 1, 4, 8, 0, 3]) if kind == "map" else np.array([0, 1, 3, 4, 7, 8])
    entries = np.full(9, -1, np.int32) if kind == "map" else np.zeros(9, np.int32)
    entries[here] = np.arange(6) if kind == "map" else 1
    got = moe.block(x, logits, *weights, topk=2, chip="gfx950", expert_map=entries)
    ids, tensors.weights = route(logits, 2)
    local = np.full(9, -1)
    local[here] = np.arange(6)
    tensors.ids = local[ids]
    tensors.weights = np.where(tensors.ids >= 0, tensors.weights, 0)
    assert_close(got, tensors.expected_layer())


def test_shared_experts_are_the_last_of_the_weights(tensors):
    """5 experts with logits and one that every token goes to."""
    x, weights = split(tensors)
    logits = make_logits(experts=5)
    got, routing = moe.block(x, logits, *weights, topk=2, chip="gfx950", renormalize=True,
                             shared_experts=1, shared_weight=0.25, return_routing=True)
    ids, scores = route(logits, 2)
    scores /= scores.sum(axis=1, keepdims=True)
    tensors.ids = np.append(ids, np.full((len(ids), 1), 5), axis=1)
    tensors.weights = np.append(scores, np.full((len(ids), 1), 0.25), axis=1)
    np.testing.assert_array_equal(routing.topk_ids, tensors.ids)
    np.testing.assert_allclose(routing.topk_weights, tensors.weights, rtol=1e-5)
    assert_close(got, tensors.expected_layer())


@pytest.mark.parametrize("chip", ["gfx942", "gfx950"])
def test_parts_of_the_experts_sum_to_the_whole(chip, tensors):
    """Three ranks, one of them without a token; the shared expert is on the first."""
    x, weights = split(tensors)
    logits = make_logits(experts=5)
    logits[:, 4] = -np.inf  # the expert of the third rank
    common = dict(topk=2, chip=chip, out_type="f32", shared_experts=1, sanitize="all")
    whole = moe.block(x, logits, *weights, **common)
    total = np.zeros_like(whole)
    for here in ([0, 3, 5], [1, 2], [4]):
        entries = np.full(6, -1, np.int32)
        entries[here] = np.arange(len(here))
        part = moe.block(x, logits, *(w[here] for w in weights), expert_map=entries, **common)
        assert part.any() == (here != [4])
        total += part
    np.testing.assert_allclose(total, whole, rtol=1e-4, atol=1e-4 * np.abs(whole).max())


@pytest.mark.parametrize("chip", ["gfx942", "gfx950"])
def test_parts_of_the_intermediate_size_sum_to_the_whole(chip):
    """Two ranks with half of I each: gate and up rows of stage 1, columns of stage 2."""
    tensors = Layer(inter=128)
    x, (w13, scale13, w2, scale2) = split(tensors)
    logits = make_logits()
    common = dict(topk=2, chip=chip, out_type="f32", sanitize="all")
    whole = moe.block(x, logits, w13, scale13, w2, scale2, **common)
    total = np.zeros_like(whole)
    for first in (0, 64):
        rows = np.r_[first:first + 64, 128 + first:128 + first + 64]
        total += moe.block(x, logits, w13[:, rows], scale13[:, rows],
                           w2[:, :, first // 2:first // 2 + 32],
                           scale2[:, :, first // 32:first // 32 + 2], **common)
    np.testing.assert_allclose(total, whole, rtol=1e-4, atol=1e-4 * np.abs(whole).max())
    tensors.ids, tensors.weights = route(logits, 2)
    assert_close(total, tensors.expected_layer())


def test_deterministic_rows_do_not_depend_on_their_neighbours(tensors):
    x, weights = split(tensors)
    logits = make_logits()
    every = moe.block(x, logits, *weights, topk=3, chip="gfx950", deterministic=True)
    one = moe.block(x[5:6], logits[5:6], *weights, topk=3, chip="gfx950", deterministic=True,
                    order_seed=7)
    np.testing.assert_array_equal(every[5:6], one)


@pytest.mark.parametrize("correction", [np.nan, np.inf, -np.inf])
def test_the_sum_of_softmax_is_over_experts_that_the_correction_excludes(correction, tensors):
    """As in the models: it takes part in the choice alone."""
    x, weights = split(tensors)
    logits = make_logits()
    scores = np.exp(logits.astype(np.float64))
    scores /= scores.sum(axis=1, keepdims=True)
    bias = np.zeros(6, np.float32)
    bias[2] = correction
    _, routing = moe.block(x, logits, *weights, topk=3, chip="gfx950", correction_bias=bias,
                           return_routing=True)
    assert not (routing.topk_ids == 2).any()
    np.testing.assert_allclose(routing.topk_weights,
                               np.take_along_axis(scores, routing.topk_ids, 1), rtol=1e-5)


def test_a_mask_of_two_experts_is_no_map(tensors):
    x, weights = split(tensors)
    one = [w[:1] for w in weights]
    logits = make_logits(experts=2)
    for mask, numbers in (([0, 1], [-1, 0]), ([1, 0], [0, -1])):
        by_mask, by_number = (
            moe.block(x, logits, *one, topk=1, chip="gfx950", expert_map=np.array(experts))
            for experts in (mask, numbers))
        np.testing.assert_array_equal(by_mask, by_number)


def test_what_is_refused(tensors):
    x, weights = split(tensors)
    for topk, message in ((-1, "at least 1, got -1"), ((1 << 64) + 2, "at most 255, got"),
                          (2.5, "a whole number, got float")):
        with pytest.raises((TypeError, ValueError), match="topk: expected " + message):
            moe.block(x, make_logits(), *weights, topk=topk, chip="gfx950")
    for name, value, message in (("shared_weight", np.nan, "a finite number, got nan"),
                                 ("shared_weight", 1e39, "a finite number, got inf"),
                                 ("route_scale", -np.inf, "a finite number, got -inf"),
                                 ("shared_weight", "half", "a number, got 'half'"),
                                 ("renormalize", "no", "True or False, got 'no'"),
                                 ("renormalize", 2, "True or False, got 2")):
        with pytest.raises((TypeError, moe.MoeError), match=message) as error:
            moe.block(x, make_logits(), *weights, topk=2, chip="gfx950", **{name: value})
        assert str(error.value).startswith({"route_scale": "scale:",
                                            "shared_weight": "shared"}.get(name, name))
    with pytest.raises(ValueError, match="n?groups: expected at most"):
        moe.block(x, make_logits(), *weights, topk=2, chip="gfx950", n_group=(1 << 64) + 1)
    with pytest.raises(TypeError, match="chip: expected a name in a str, got None"):
        moe.block(x, make_logits(), *weights, topk=2, chip=None)
    with pytest.raises(moe.MoeUsageError, match="--mask does not belong to layer"):
        moe.block(x, make_logits(), *weights, topk=2, chip="gfx950", mask=True)
    with pytest.raises(ValueError, match="score: expected softmax or sigmoid, got 'tanh'"):
        moe.block(x, make_logits(), *weights, topk=2, chip="gfx950", score="tanh")
    with pytest.raises(moe.MoeError, match="as the weights have, 6, got 5"):
        moe.block(x, make_logits(experts=5), *weights, topk=2, chip="gfx950")
    with pytest.raises(ValueError, match="shared_experts: expected at least 0, got -1"):
        moe.block(x, make_logits(), *weights, topk=2, chip="gfx950", shared_experts=-1)
    with pytest.raises(moe.MoeError, match="expected shared to be from 0 to 8, got 9"):
        moe.block(x, np.zeros((8, 6), np.float32), *(np.resize(w, (15, *w.shape[1:]))
                                                     for w in weights),
                  topk=2, chip="gfx950", shared_experts=9)
    with pytest.raises(moe.MoeError, match="expected groups to divide the 6 experts, got 4"):
        moe.block(x, make_logits(), *weights, topk=2, chip="gfx950", n_group=4)
