# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A block in one call: from a router's logits to the output, all on the device.

Shapes are those of _layer.py, and:

  logits           float32 or bf16 [T, E], E all experts of the model
  correction_bias  float32 [E], added for the choice of experts only
  expert_map       int32 [E + shared_experts], the number of an expert among those of w13, negative
                   where it is on another device; or a mask of ones and zeros
"""

from __future__ import annotations

from ctypes import byref, c_float, c_int32, c_void_p
from typing import Any, NamedTuple

import numpy as np

from . import _arrays
from ._arrays import Array, ArrayLike
from ._layer import _layer_tensors
from ._library import (Config, Executor, Router, load_library, name_bytes, take_json,
                       whole)


class Routing(NamedTuple):
    """What the router chose: topk_ids int32 [T, topk + shared_experts], best first, -1
    where a token has too few experts that can be chosen, then the shared ones, and
    topk_weights float32 of the same shape."""

    topk_ids: Array
    topk_weights: Array


def _check_flag(value: Any, name: str) -> None:
    if not isinstance(value, (bool, np.bool_)) and value not in (0, 1):
        raise TypeError(f"{name}: expected True or False, got {value!r}")


def _number(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number, got {value!r}") from None
    except OverflowError:
        raise ValueError(f"{name}: expected a finite number, got {value!r}") from None


def block(x: ArrayLike, logits: ArrayLike, w13: ArrayLike, scale13: ArrayLike | None,
          w2: ArrayLike, scale2: ArrayLike | None, bias13: ArrayLike | None = None,
          bias2: ArrayLike | None = None, *, topk: int, chip: str,
          executor: str = "emulator", score: str = "softmax",
          renormalize: bool = False, route_scale: float = 1.0, n_group: int = 1,
          topk_group: int = 1, correction_bias: ArrayLike | None = None,
          expert_map: ArrayLike | None = None, shared_experts: int = 0,
          shared_weight: float = 1.0, return_routing: bool = False,
          return_outcome: bool = False, **options: Any) -> Any:
    """Routing, sorting and both stages: [T, H] of out_type (bf16: uint16).

    logits are float32 or bf16 [T, experts]; x, w13, scale13, w2, scale2, bias13, bias2,
    chip and executor are those of layer(). score is "softmax" or "sigmoid";
    correction_bias float32 [experts] is added for the choice of the topk alone; ties go
    to the lower expert; a logit that is not finite is never chosen; with groups, experts
    come from the best topk_group of n_group. With renormalize the weights of a token sum
    to route_scale. expert_map int32 [experts + shared_experts]: the number among the
    experts of w13, negative where one is on another device. The last shared_experts
    experts of w13 have no logits: every token goes to them, each with shared_weight.
    topk does not count them; the "topk" of a configuration of C (moe-c/Layer.h) does.
    Options are moe-run's flags with underscores, `deterministic=True` among them. The
    result is the output, or a tuple that ends with the Routing (return_routing) and the
    outcome (return_outcome) that were asked for. A token without an expert of this
    device gets zeros.
    """
    _check_flag(renormalize, "renormalize")
    if score not in ("softmax", "sigmoid"):
        raise ValueError(f"score: expected softmax or sigmoid, got '{score}'")
    array, is_bf16 = _arrays.to_numpy(logits, "logits")
    is_bf16 = is_bf16 or array.dtype == np.uint16
    values: Array
    if is_bf16:
        values = _arrays.bf16_bits(logits, "logits")
    else:
        values = _arrays.floats(logits, "logits")
    _arrays.check_shape(values, [None, None], "logits", "tokens, experts")
    tokens, experts = values.shape
    whole(topk, "topk", least=1, most=255)
    whole(shared_experts, "shared_experts", least=0, most=255)
    slots = topk + shared_experts
    ids = np.full((tokens, slots), -1, np.int32)
    weights = np.zeros((tokens, slots), np.float32)
    tensors = _layer_tensors(x, w13, scale13, w2, scale2, ids, weights, bias13, bias2,
                             None, options)
    correction = number = None
    if correction_bias is not None:
        correction = _arrays.floats(correction_bias, "correction_bias")
        _arrays.check_shape(correction, [experts], "correction_bias", "experts")
    if expert_map is not None:
        number = _arrays.ids(expert_map, "expert_map")
        _arrays.check_shape(number, [experts + shared_experts], "expert_map",
                            "experts, shared ones too")
    router = Router(experts, values.ctypes.data_as(c_void_p), int(is_bf16),
                    _arrays.pointer(correction, c_float),
                    _arrays.pointer(number, c_int32), int(score == "sigmoid"),
                    int(renormalize), _number(route_scale, "route_scale"), n_group,
                    topk_group,
                    _arrays.pointer(ids, c_int32), _arrays.pointer(weights, c_float),
                    shared_experts, _number(shared_weight, "shared_weight"))
    out = np.zeros(tensors.out_shape(), tensors.out_type())
    config = Config(tensors.kernel, tensors.options)
    runner = Executor(executor, tensors.executor_options)
    batch = tensors.batch()
    outcome = take_json(lambda text: load_library().moeRunBlock(
        config.pointer, name_bytes(chip, "chip"), runner.pointer, byref(batch), byref(router),
        *map(byref, tensors.weights), out.ctypes.data, text))
    result = _arrays.like(out, tensors.x_model, tensors.out_type() is np.uint16)
    extra = ([Routing(ids, weights)] if return_routing else []) + \
        ([outcome] if return_outcome else [])
    return (result, *extra) if extra else result
