# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights prepared on the device: bf16 or MXFP4 to what kernels read.

The kernels are moe.quantize and moe.shuffle; every byte is as the host functions
make it.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays
from ._arrays import Array, ArrayLike
from ._kernel import split_options
from ._library import Executor, MoeUsageError, load_library, name_bytes, take_json

Bytes = npt.NDArray[np.uint8]


def _runner(executor: str, options: dict[str, Any]) -> Executor:
    kernel, own = split_options(dict(options))
    if kernel:
        raise MoeUsageError("expected options of an executor (docs/Python.md), got "
                            + ", ".join(sorted(kernel)))
    return Executor(executor, own)


def _bf16(values: ArrayLike, name: str) -> Array:
    array, is_bf16 = _arrays.to_numpy(values, name)
    if not is_bf16 and array.dtype.newbyteorder("=") != np.uint16:
        raise TypeError(f"{name}: expected bfloat16 (as uint16) on the device, got "
                        f"{array.dtype}; moe.to_bfloat16() rounds")
    return _arrays.bf16_bits(values, name)


def _quantize(array: Array, shape: tuple[int, int, int], chip: str | None, executor: str,
              gate: bytes | None, codes: Bytes, scales: Bytes,
              options: dict[str, Any]) -> dict[str, Any]:
    """gate: None leaves rows as they are, unpadded, in codes and scales of that size."""
    runner = _runner(executor, options)
    return take_json(lambda text: load_library().moeQuantizeOnDevice(
        name_bytes(chip, "chip"), runner.pointer, _arrays.pointer(array, c_uint16), *shape,
        gate, _arrays.pointer(codes, c_uint8), _arrays.pointer(scales, c_uint8), text))


def quantize_rows(values: ArrayLike, executor: str, chip: str | None,
                  options: dict[str, Any]) -> tuple[Bytes, Bytes]:
    """quantize_mxfp4() with an executor."""
    _runner(executor, options)  # the options before the values
    array = _bf16(values, "values")
    if array.ndim == 0 or not array.size or array.size // array.shape[-1] % 32:
        raise ValueError("values: expected a multiple of 32 rows on the device, got shape "
                         f"{list(array.shape)}")
    *outer, k = array.shape
    codes = np.empty((*outer, k // 2), np.uint8)
    scales = np.empty((*outer, k // 32), np.uint8)
    # As they are, so that which expert a row is of does not matter.
    _quantize(array, (array.size // k // 32, 32, k), chip, executor, None, codes, scales,
              options)
    return codes, scales


def prepare_weights(w: ArrayLike, scale: ArrayLike | None = None, *, chip: str,
                    executor: str = "emulator", gate: str = "separated",
                    return_outcome: bool = False, **options: Any) -> Any:
    """Weights [experts, N, K] to the kernels' order, in one launch on the device.

    w: bf16 [experts, N, K], which is quantised, or uint8 codes [experts, N, K/2] with
    scale uint8 [experts, N, K/32]; N and K multiples of 32, of stage 1 all gate rows of
    an expert first. gate: "separated", "interleaved" or "rows", the order that the
    kernels are compiled for. Returns codes uint8 [experts, N, Kp/2] and scales uint8
    [experts, N, Ks], the bytes of shuffle_weight_a16w4() and shuffle_scale_a16w4(), and
    the outcome if asked for (return_outcome); chip and executor as in gemm1().
    """
    array: Array
    order = name_bytes(gate, "gate")
    if scale is None:
        array, scales = _bf16(w, "w"), None
        _arrays.check_shape(array, [None, None, None], "w", "experts, N, K")
        experts, n, k = array.shape
    else:
        array, scales = _arrays.codes(w, "w"), _arrays.codes(scale, "scale")
        _arrays.check_shape(array, [None, None, None], "w", "experts, N, K/2")
        experts, n, k = (*array.shape[:2], 2 * array.shape[2])
        _arrays.check_shape(scales, [experts, n, k // 32], "scale", "experts, N, K/32")
    library = load_library()
    shape = (experts, n, k)
    out = (np.empty((experts, n, library.moeShuffledWeightBytes(1, k)), np.uint8),
           np.empty((experts, n, library.moeShuffledScaleBytes(1, k)), np.uint8))
    if scales is None:
        outcome = _quantize(array, shape, chip, executor, order, *out, options)
    else:
        runner, given = _runner(executor, options), scales
        outcome = take_json(lambda text: library.moeShuffleOnDevice(
            name_bytes(chip, "chip"), runner.pointer, _arrays.pointer(array, c_uint8),
            _arrays.pointer(given, c_uint8), *shape, order,
            _arrays.pointer(out[0], c_uint8), _arrays.pointer(out[1], c_uint8), text))
    return (*out, outcome) if return_outcome else out
