# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The host functions around the kernels: quantise, shuffle, sort.

They are the C++ ones. They run without the GIL, on `threads` threads (0: one a
core), and need no memory besides their arguments and results.
"""

from __future__ import annotations

from ctypes import byref, c_float, c_int, c_int32, c_uint8
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _arrays
from ._arrays import ArrayLike
from ._library import Sorting, check, load_library, whole
from ._weights import quantize_rows

Bytes = npt.NDArray[np.uint8]


def quantize_mxfp4(values: ArrayLike, *, threads: int = 0, executor: str | None = None,
                   chip: str | None = None, **options: Any) -> tuple[Bytes, Bytes]:
    """Quantises the last axis in blocks of 32 to MXFP4.

    values: floats [..., K], K a multiple of 32. Returns codes uint8 [..., K/2], two
    E2M1 values a byte with the even one in bits 3:0, and E8M0 scales uint8
    [..., K/32]. Rounds to nearest even; a scale is 2^(floor(log2(max)) - 2) (OCP MX
    v1.0, section 6.3). A block with a NaN or an infinity gets scale 255, NaN. threads:
    of the host, 0 for one a core.

    With a chip the kernel moe.quantize does it on `executor` ("emulator" or "hip", with
    its options): the same bytes, of bf16 values with a multiple of 32 rows, all axes but
    the last together.
    """
    if executor is not None or chip is not None or options:
        if threads:
            options["threads"] = threads
        return quantize_rows(values, executor or "emulator", chip, options)
    array = _arrays.floats(values, "values")
    if array.ndim == 0 or array.shape[-1] % 32 or not array.shape[-1]:
        raise ValueError("values: expected a last axis that is a multiple of 32, got "
                         f"shape {list(array.shape)}")
    *outer, k = array.shape
    codes = np.empty((*outer, k // 2), np.uint8)
    scales = np.empty((*outer, k // 32), np.uint8)
    check(load_library().moeQuantizeMXFP4(
        _arrays.pointer(array, c_float), array.size // k, k,
        whole(threads, "threads", c_int, 0), _arrays.pointer(codes, c_uint8),
        _arrays.pointer(scales, c_uint8)))
    return codes, scales


def dequantize_mxfp4(codes: ArrayLike, scales: ArrayLike, *,
                     threads: int = 0) -> npt.NDArray[np.float32]:
    """The values float32 [..., K] of codes [..., K/2] and scales [..., K/32].

    Exact; scale bytes 253 and 254 may give infinities, as in hardware, 255 gives
    NaN. threads: of the host, 0 for one a core.
    """
    c, s = _arrays.codes(codes, "codes"), _arrays.codes(scales, "scales")
    if c.ndim == 0 or c.shape[-1] % 16 or not c.shape[-1]:
        raise ValueError("codes: expected a last axis that is a multiple of 16, got "
                         f"shape {list(c.shape)}")
    *outer, half = c.shape
    _arrays.check_shape(s, [*outer, half // 16], "scales", "K/32 for each row")
    values = np.empty((*outer, 2 * half), np.float32)
    check(load_library().moeDequantizeMXFP4(
        _arrays.pointer(c, c_uint8), _arrays.pointer(s, c_uint8), c.size // half,
        2 * half, whole(threads, "threads", c_int, 0), _arrays.pointer(values, c_float)))
    return values


def _three_axes(value: ArrayLike, name: str, step: int) -> Bytes:
    array = _arrays.codes(value, name)
    if array.ndim != 3 or array.shape[1] % 32 or not array.shape[1] \
            or array.shape[2] % step or not array.shape[2]:
        raise ValueError(f"{name}: expected shape [experts, N, K/{32 // step}] with N "
                         "and K multiples of 32, got " + str(list(array.shape)))
    return array


def shuffle_weight_a16w4(w: ArrayLike, *, gate_up: bool = False,
                         threads: int = 0) -> Bytes:
    """Codes w, uint8 [experts, N, K/2], to the kernels' order.

    Returns uint8 [experts, N, Kp/2], Kp = K rounded up to 128: the shape is that of
    the memory, not of its meaning. With `gate_up`, rows that come as all gate rows,
    then all up rows are put in alternating blocks of 16 first (`gate="interleaved"`).
    threads: of the host, 0 for one a core.
    """
    array = _three_axes(w, "w", 16)
    experts, n, half = array.shape
    library = load_library()
    out = np.empty((experts, n, library.moeShuffledWeightBytes(1, 2 * half)), np.uint8)
    check(library.moeShuffleWeightA16W4(
        _arrays.pointer(array, c_uint8), experts, n, 2 * half, int(gate_up),
        whole(threads, "threads", c_int, 0), _arrays.pointer(out, c_uint8)))
    return out


def shuffle_scale_a16w4(scale: ArrayLike, *, gate_up: bool = False,
                        threads: int = 0) -> Bytes:
    """Scales, scale, uint8 [experts, N, K/32] to the kernels' order.

    Returns uint8 [experts, N, Ks], Ks = K/32 rounded up to 8; see
    shuffle_weight_a16w4().
    """
    array = _three_axes(scale, "scale", 1)
    experts, n, blocks = array.shape
    library = load_library()
    out = np.empty((experts, n, library.moeShuffledScaleBytes(1, 32 * blocks)),
                   np.uint8)
    check(library.moeShuffleScaleA16W4(
        _arrays.pointer(array, c_uint8), experts, n, 32 * blocks, int(gate_up),
        whole(threads, "threads", c_int, 0), _arrays.pointer(out, c_uint8)))
    return out


class SortedTokens(NamedTuple):
    """The routing arrays that a kernel reads."""

    sorted_token_ids: npt.NDArray[np.int32]  #: slot << 24 | token
    sorted_weights: npt.NDArray[np.float32]
    expert_ids: npt.NDArray[np.int32]  #: of each block of tile_m rows
    num_valid_ids: npt.NDArray[np.int32]  #: [2]: rows in use, tokens


def moe_sorting(topk_ids: ArrayLike, topk_weights: ArrayLike, experts: int,
                tile_m: int, *, expert_mask: ArrayLike | None = None,
                local_tokens: int = -1) -> SortedTokens:
    """Sorts (token, slot) pairs by expert, each expert padded to whole blocks of tile_m
    rows.

    topk_ids: int32 [T, topk], ids outside [0, experts) are skipped; topk_weights:
    float32 [T, topk]; expert_mask: int32 [experts], nonzero = on this device;
    local_tokens: only the first tokens are sorted. Padding rows have the id
    topk << 24 | T, blocks past the rows in use the expert -1.
    """
    ids = _arrays.ids(topk_ids, "topk_ids")
    _arrays.check_shape(ids, [None, None], "topk_ids", "tokens, topk")
    weights = _arrays.floats(topk_weights, "topk_weights")
    _arrays.check_shape(weights, ids.shape, "topk_weights", "tokens, topk")
    local, mask = whole(experts, "experts"), None
    whole(tile_m, "tile_m")
    whole(local_tokens, "local_tokens")
    if expert_mask is not None:
        mask = _arrays.ids(expert_mask, "expert_mask", is_mask=True)
        _arrays.check_shape(mask, [experts], "expert_mask", "experts")
        local = int(np.count_nonzero(mask))
    tokens, topk = ids.shape
    library = load_library()
    rows = 0
    if 0 < tile_m <= 65536 and 0 < experts:
        rows = max(0, library.moeMaxSortedRows(tokens, topk, local, tile_m))
    sorting = Sorting(
        tokens=tokens, topk=topk, experts=experts, tile_m=tile_m,
        ids=_arrays.pointer(ids, c_int32), weights=_arrays.pointer(weights, c_float),
        expert_mask=_arrays.pointer(mask, c_int32), local_tokens=local_tokens)
    # A token that names an expert twice may need more rows than that.
    while True:
        result = _allocate(sorting, rows, tile_m)
        status = library.moeSort(byref(sorting))
        if not status or sorting.rows <= rows:
            break
        rows = sorting.rows
    check(status)
    return result


def _allocate(sorting: Sorting, rows: int, tile_m: int) -> SortedTokens:
    result = SortedTokens(np.empty(rows, np.int32), np.empty(rows, np.float32),
                          np.empty(-(-rows // max(tile_m, 1)), np.int32),
                          np.empty(2, np.int32))
    sorting.capacity = rows
    sorting.sorted_ids = _arrays.pointer(result.sorted_token_ids, c_int32)
    sorting.sorted_weights = _arrays.pointer(result.sorted_weights, c_float)
    sorting.expert_ids = _arrays.pointer(result.expert_ids, c_int32)
    sorting.num_valid = _arrays.pointer(result.num_valid_ids, c_int32)
    return result
