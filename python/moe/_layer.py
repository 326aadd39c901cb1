# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A stage or a layer in one call, its reference, and their comparison.

H = hidden size, I = intermediate size, E = experts, T = tokens. Shapes::

  x             bf16 [T, H]; of gemm2 [T*topk, I] or [T, topk, I]
  w13, scale13  uint8 [E, 2I, H/2] and [E, 2I, H/32], gate rows first (gemm1: w, scale)
  w2, scale2    uint8 [E, H, I/2] and [E, H, I/32] (gemm2: w, scale)
  bias13, bias2 float32 [E, 2I] and [E, H], optional (gemm1, gemm2: bias)
  topk_ids      int32 [T, topk]; what names no expert is skipped
  topk_weights  float32 [T, topk]; needed where a routing weight is applied

K may be any even number; the last block of 32 is then a part. A w of floats [E, N, K] without a scale is quantised first, as quantize_mxfp4() does.
bfloat16 is uint16, ml_dtypes' or torch's; other floats are rounded to nearest even.
"""

from __future__ import annotations

from ctypes import byref, c_double, c_float, c_int, c_int32, c_uint8, c_uint16
from typing import Any

import numpy as np

from . import _arrays
from ._arrays import Array, ArrayLike
from ._library import (Batch, Config, Executor, MoeUsageError, Weights, check,
                       load_library, name_bytes, take_json, whole)
from ._host import quantize_mxfp4
from ._kernel import split_options

_OUT_TYPES = {"bf16": np.uint16, "f16": np.float16, "f32": np.float32}


class _Tensors:
    """The tensors of a call as the C library takes them. Everything a pointer leads
    to is kept here."""

    def __init__(self, kernel: str, options: dict[str, Any]) -> None:
        self.kernel = kernel
        self.options, self.executor_options = split_options(options)
        # The shapes below are those of `kernel`, and so is the memory that it writes.
        if "kernel" in self.options:
            raise MoeUsageError("kernel: expected no such option of a function that is "
                                f"of one kernel, got {self.options['kernel']!r}")
        self.shuffled = bool(self.options.pop("shuffled", False))
        self.keep: list[Array] = []
        self.x_model: Any = None
        self.weights: list[Weights] = []

    def route(self, topk_ids: ArrayLike, topk_weights: ArrayLike | None,
              expert_mask: ArrayLike | None) -> None:
        self.ids = _arrays.ids(topk_ids, "topk_ids")
        _arrays.check_shape(self.ids, [None, None], "topk_ids", "tokens, topk")
        self.tokens, self.topk = self.ids.shape
        self.routing: Array | None = None
        if topk_weights is not None:
            self.routing = _arrays.floats(topk_weights, "topk_weights")
            _arrays.check_shape(self.routing, self.ids.shape, "topk_weights",
                                "tokens, topk")
        elif self._applies_weight():
            raise ValueError("topk_weights: expected an array [tokens, topk] where the "
                             "routing weight is applied, got None")
        self.mask: Array | None = None
        if expert_mask is not None:
            self.mask = _arrays.ids(expert_mask, "expert_mask", is_mask=True)
            _arrays.check_shape(self.mask, [None], "expert_mask", "all experts")

    def _applies_weight(self) -> bool:
        if self.kernel == "gemm1":
            return bool(self.options.get("doweight"))
        return bool(self.options.get("doweight")) or not self.options.get("no_weight")

    def activations(self, x: ArrayLike) -> int:
        """Takes x and returns its number of columns."""
        self.x_model = x
        _, self.is_bf16 = _arrays.to_numpy(x, "x")
        array = _arrays.bf16_bits(x, "x")
        if self.kernel == "gemm2":
            if array.ndim == 3:
                _arrays.check_shape(array, [self.tokens, self.topk, None], "x",
                                    "tokens, topk, K")
                array = array.reshape(self.tokens * self.topk, array.shape[2])
            _arrays.check_shape(array, [self.tokens * self.topk, None], "x",
                                "tokens*topk, K")
        else:
            _arrays.check_shape(array, [self.tokens, None], "x", "tokens, K")
        self.x = array
        return int(array.shape[1])

    def matrix(self, w: ArrayLike, scale: ArrayLike | None, bias: ArrayLike | None,
               k: int, suffix: str = "") -> tuple[int, int]:
        """Takes one stage's weights and returns experts and N."""
        name, scale_name = "w" + suffix, "scale" + suffix
        array, is_bf16 = _arrays.to_numpy(w, name)
        if array.dtype.kind == "f" or is_bf16:
            if scale is not None:
                raise ValueError(f"{scale_name}: expected None with weights in "
                                 f"{'bfloat16' if is_bf16 else array.dtype}, which "
                                 "are quantised here")
            if self.shuffled:
                raise ValueError(f"{name}: expected uint8 with shuffled=True, got "
                                 f"{array.dtype}")
            _arrays.check_shape(array, [None, None, k], name, "experts, N, K")
            values = _arrays.floats(w, name)
            rest = -k % 32
            if rest:
                values = np.pad(values, ((0, 0), (0, 0), (0, rest)))
            codes, scales = quantize_mxfp4(values)
            codes = np.ascontiguousarray(codes[:, :, :k // 2])
        else:
            if array.dtype != np.uint8 and scale is None:
                raise TypeError(f"{name}: expected codes in uint8, with {scale_name}, or "
                                "floats, which are quantised here, got "
                                f"{array.dtype}; of bfloat16 as uint16 "
                                "moe.from_bfloat16() makes floats")
            codes = _arrays.codes(array, name)
            scales = self._scales(scale, scale_name)
        library = load_library()
        width, blocks = k // 2, -(-k // 32)
        if self.shuffled:
            width = library.moeShuffledWeightBytes(1, k)
            blocks = library.moeShuffledScaleBytes(1, k)
        what = "shuffled" if self.shuffled else "experts, N, K/2"
        _arrays.check_shape(codes, [None, None, width], name, what)
        experts, n, _ = codes.shape
        what = "shuffled" if self.shuffled else "experts, N, K/32 rounded up"
        _arrays.check_shape(scales, [experts, n, blocks], scale_name, what)
        offsets = None
        if bias is not None:
            offsets = _arrays.floats(bias, "bias" + suffix)
            _arrays.check_shape(offsets, [experts, n], "bias" + suffix, "experts, N")
            self.keep.append(offsets)
        self.keep += [codes, scales]
        self.weights.append(Weights(
            _arrays.pointer(codes, c_uint8), _arrays.pointer(scales, c_uint8),
            _arrays.pointer(offsets, c_float), int(self.shuffled)))
        return experts, n

    @staticmethod
    def _scales(scale: ArrayLike | None, name: str) -> Array:
        if scale is None:
            raise ValueError(f"{name}: expected the scales of weights in uint8, got "
                             "None")
        array, _ = _arrays.to_numpy(scale, name)
        if array.dtype.name == "float8_e8m0fnu":
            array = array.view(np.uint8)
        return _arrays.codes(array, name)

    def dimensions(self, **sizes: int) -> None:
        """Adds the tensors' dimensions to the options, which must not contradict."""
        for name, size in sizes.items():
            given = self.options.setdefault(name, size)
            if given != size:
                raise ValueError(f"{name}: expected {size}, as the tensors have it, "
                                 f"got {given!r}")

    def batch(self) -> Batch:
        return Batch(self.tokens, _arrays.pointer(self.x, c_uint16),
                     _arrays.pointer(self.ids, c_int32),
                     _arrays.pointer(self.routing, c_float),
                     _arrays.pointer(self.mask, c_int32),
                     0 if self.mask is None else self.mask.size)

    def out_shape(self) -> tuple[int, int]:
        if self.kernel == "gemm1":
            return self.tokens * self.topk, self.options["inter_dim"]
        store = self.kernel == "gemm2" and self.options.get("no_accumulate")
        rows = self.tokens * self.topk if store else self.tokens
        return rows, self.options["model_dim"]

    def out_type(self) -> Any:
        name = self.options.get("out_type") or "bf16"
        if name not in _OUT_TYPES:
            raise ValueError(f"out_type: expected bf16, f16 or f32, got '{name}'")
        return _OUT_TYPES[name]


def _stage_tensors(kernel: str, x: ArrayLike, w: ArrayLike, scale: ArrayLike | None,
                   topk_ids: ArrayLike, topk_weights: ArrayLike | None,
                   bias: ArrayLike | None, expert_mask: ArrayLike | None,
                   options: dict[str, Any]) -> _Tensors:
    tensors = _Tensors(kernel, options)
    tensors.route(topk_ids, topk_weights, expert_mask)
    k = tensors.activations(x)
    experts, n = tensors.matrix(w, scale, bias, k)
    if kernel == "gemm1":
        if n % 2:
            raise ValueError(f"w: expected gate and up rows, an even number, got {n}")
        tensors.dimensions(model_dim=k, inter_dim=n // 2)
    else:
        tensors.dimensions(model_dim=n, inter_dim=k)
    tensors.dimensions(experts=experts, topk=tensors.topk, bias=bias is not None)
    return tensors


def _layer_tensors(x: ArrayLike, w13: ArrayLike, scale13: ArrayLike | None,
                   w2: ArrayLike, scale2: ArrayLike | None, topk_ids: ArrayLike,
                   topk_weights: ArrayLike | None, bias13: ArrayLike | None,
                   bias2: ArrayLike | None, expert_mask: ArrayLike | None,
                   options: dict[str, Any]) -> _Tensors:
    tensors = _Tensors("layer", options)
    tensors.route(topk_ids, topk_weights, expert_mask)
    hidden = tensors.activations(x)
    experts, n = tensors.matrix(w13, scale13, bias13, hidden, "13")
    if n % 2:
        raise ValueError(f"w13: expected gate and up rows, an even number, got {n}")
    if (bias13 is None) != (bias2 is None):
        raise ValueError("bias13 and bias2: expected both or neither, got only "
                         + ("bias2" if bias13 is None else "bias13"))
    found = tensors.matrix(w2, scale2, bias2, n // 2, "2")
    if found != (experts, hidden):
        raise ValueError(f"w2: expected {experts} experts and N {hidden}, as w13 and x "
                         f"have it, got {found[0]} and {found[1]}")
    tensors.dimensions(model_dim=hidden, inter_dim=n // 2, experts=experts,
                       topk=tensors.topk, bias=bias13 is not None)
    return tensors


def _output(tensors: _Tensors, out: Any) -> tuple[Array, Array | None, bool]:
    """The memory to run into, the caller's array where that is another one, and
    whether the result is bfloat16."""
    shape, dtype = tensors.out_shape(), tensors.out_type()
    is_bf16 = dtype is np.uint16
    if out is None:
        return np.zeros(shape, dtype), None, is_bf16
    array, _ = _arrays.to_numpy(out, "out", in_place=True)
    if array.dtype.newbyteorder("=") != dtype:
        raise TypeError("out: expected " + ("bfloat16 (as uint16)" if is_bf16 else
                                            np.dtype(dtype).name) +
                        f", got {array.dtype}")
    _arrays.check_shape(array, shape, "out", "rows, columns")
    if not array.flags.writeable:
        raise ValueError("out: expected an array that can be written, got a read-only "
                         "one")
    if not isinstance(out, np.ndarray) and not _arrays.is_torch(out) and \
            not np.shares_memory(array, np.asarray(out)):
        raise TypeError(f"out: expected a NumPy array or a tensor, got "
                        f"{type(out).__name__}")
    _arrays.check_separate(array, "out")
    laid_out = _arrays.lay_out(array, dtype)
    return laid_out, None if laid_out is array else array, is_bf16


def _run(function: str, tensors: _Tensors, chip: str, executor: str, out: Any,
         return_outcome: bool) -> Any:
    """Calls moeRunStage or moeRunLayer."""
    target, original, is_bf16 = _output(tensors, out)
    config = Config(tensors.kernel, tensors.options)
    runner = Executor(executor, tensors.executor_options)
    batch = tensors.batch()
    call = getattr(load_library(), function)
    outcome = take_json(lambda text: call(
        config.pointer, name_bytes(chip, "chip"), runner.pointer, byref(batch),
        *map(byref, tensors.weights), target.ctypes.data, text))
    if original is not None:
        original[...] = target
    result = out
    if out is None:
        result = _arrays.like(target, tensors.x_model, is_bf16)
    return (result, outcome) if return_outcome else result


def gemm1(x: ArrayLike, w: ArrayLike, scale: ArrayLike | None, topk_ids: ArrayLike,
          topk_weights: ArrayLike | None = None, bias: ArrayLike | None = None, *,
          chip: str, executor: str = "emulator",
          expert_mask: ArrayLike | None = None, out: Any = None,
          return_outcome: bool = False, **options: Any) -> Any:
    """Stage 1, gate/up and the activation: [T*topk, I] of out_type (bf16: uint16).

    x bf16 [T, K], w uint8 [E, 2I, K/2] with gate rows first, scale uint8
    [E, 2I, K/32], bias float32 [E, 2I] or None, topk_ids int32 [T, topk],
    topk_weights float32 [T, topk], needed with doweight=True. A w of floats
    [E, 2I, K] without a scale is quantised. Options are moe-run's flags with
    underscores: act, gate, tile, out_type, alpha, ...; without a tile one is chosen.
    `shuffled=True`: w and scale are in the kernel's order. chip is "gfx950" or
    "gfx942", executor "emulator" or "hip". expert_mask int32 [global experts]: nonzero
    for each of the E experts that are here; topk_ids then count all. The result is an
    array of the kind of x, or `out`, whose rows stay as they are where nothing is
    routed. `return_outcome=True` returns (result, outcome) with instructions, kernels,
    flags.
    """
    tensors = _stage_tensors("gemm1", x, w, scale, topk_ids, topk_weights, bias,
                             expert_mask, options)
    return _run("moeRunStage", tensors, chip, executor, out, return_outcome)


def gemm2(x: ArrayLike, w: ArrayLike, scale: ArrayLike | None, topk_ids: ArrayLike,
          topk_weights: ArrayLike | None = None, bias: ArrayLike | None = None, *,
          chip: str, executor: str = "emulator",
          expert_mask: ArrayLike | None = None, out: Any = None,
          return_outcome: bool = False, **options: Any) -> Any:
    """Stage 2, down: [T, H] added into `out` (None: zeros), or [T*topk, H] with
    no_accumulate=True.

    x bf16 [T*topk, I] or [T, topk, I], w uint8 [E, H, I/2], scale uint8
    [E, H, I/32], bias float32 [E, H] or None, topk_ids int32 [T, topk], topk_weights
    float32 [T, topk], needed without no_weight=True. Otherwise as gemm1()."""
    tensors = _stage_tensors("gemm2", x, w, scale, topk_ids, topk_weights, bias,
                             expert_mask, options)
    return _run("moeRunStage", tensors, chip, executor, out, return_outcome)


def layer(x: ArrayLike, w13: ArrayLike, scale13: ArrayLike | None, w2: ArrayLike,
          scale2: ArrayLike | None, topk_ids: ArrayLike,
          topk_weights: ArrayLike | None = None, bias13: ArrayLike | None = None,
          bias2: ArrayLike | None = None, *, chip: str, executor: str = "emulator",
          expert_mask: ArrayLike | None = None, out: Any = None,
          return_outcome: bool = False, **options: Any) -> Any:
    """Both stages: [T, H], added into `out` where that is given.

    x             bf16 [T, H]
    w13, scale13  uint8 [E, 2I, H/2] and [E, 2I, H/32], gate rows first
    w2, scale2    uint8 [E, H, I/2] and [E, H, I/32]
    bias13, bias2 float32 [E, 2I] and [E, H], both or neither
    topk_ids      int32 [T, topk]; what names no expert is skipped
    topk_weights  float32 [T, topk]

    H = hidden size, I = intermediate size, E = experts, T = tokens. bf16 is uint16
    bits, ml_dtypes' or torch's; other floats are rounded. Otherwise as gemm1()."""
    tensors = _layer_tensors(x, w13, scale13, w2, scale2, topk_ids, topk_weights,
                             bias13, bias2, expert_mask, options)
    return _run("moeRunLayer", tensors, chip, executor, out, return_outcome)


def _reference(function: str, tensors: _Tensors) -> Array:
    config = Config(tensors.kernel, tensors.options)
    values = np.zeros(tensors.out_shape(), np.float64)
    batch = tensors.batch()
    threads = whole(tensors.executor_options.get("threads") or 0, "threads", c_int, 0)
    check(getattr(load_library(), function)(
        config.pointer, byref(batch), *map(byref, tensors.weights), threads,
        _arrays.pointer(values, c_double)))
    return values


def reference_gemm1(x: ArrayLike, w: ArrayLike, scale: ArrayLike | None,
                    topk_ids: ArrayLike, topk_weights: ArrayLike | None = None,
                    bias: ArrayLike | None = None, *,
                    expert_mask: ArrayLike | None = None, **options: Any) -> Array:
    """What gemm1() should give, float64 [T*topk, I], in double on the CPU."""
    return _reference("moeReferenceStage", _stage_tensors(
        "gemm1", x, w, scale, topk_ids, topk_weights, bias, expert_mask, options))


def reference_gemm2(x: ArrayLike, w: ArrayLike, scale: ArrayLike | None,
                    topk_ids: ArrayLike, topk_weights: ArrayLike | None = None,
                    bias: ArrayLike | None = None, *,
                    expert_mask: ArrayLike | None = None, **options: Any) -> Array:
    """What gemm2() should give from zeros, float64."""
    return _reference("moeReferenceStage", _stage_tensors(
        "gemm2", x, w, scale, topk_ids, topk_weights, bias, expert_mask, options))


def reference_layer(x: ArrayLike, w13: ArrayLike, scale13: ArrayLike | None,
                    w2: ArrayLike, scale2: ArrayLike | None, topk_ids: ArrayLike,
                    topk_weights: ArrayLike | None = None,
                    bias13: ArrayLike | None = None,
                    bias2: ArrayLike | None = None, *,
                    expert_mask: ArrayLike | None = None, **options: Any) -> Array:
    """What layer() should give from zeros, float64 [T, H]. Between the stages it
    keeps exact values, where kernels round to bfloat16."""
    return _reference("moeReferenceLayer", _layer_tensors(
        x, w13, scale13, w2, scale2, topk_ids, topk_weights, bias13, bias2,
        expert_mask, options))


def _check(function: str, tensors: _Tensors, result: ArrayLike,
           chip: str) -> dict[str, Any]:
    array, _ = _arrays.to_numpy(result, "result")
    if array.dtype.newbyteorder("=") != tensors.out_type():
        raise TypeError(f"result: expected {np.dtype(tensors.out_type()).name}, got "
                        f"{array.dtype}")
    _arrays.check_shape(array, tensors.out_shape(), "result", "rows, columns")
    array = _arrays.lay_out(array, tensors.out_type())
    config = Config(tensors.kernel, tensors.options)
    batch = tensors.batch()
    threads = whole(tensors.executor_options.get("threads") or 0, "threads", c_int, 0)
    call = getattr(load_library(), function)
    return take_json(lambda text: call(
        config.pointer, name_bytes(chip, "chip"), byref(batch), *map(byref, tensors.weights),
        threads, array.ctypes.data, text))


def check_gemm1(result: ArrayLike, x: ArrayLike, w: ArrayLike,
                scale: ArrayLike | None, topk_ids: ArrayLike,
                topk_weights: ArrayLike | None = None,
                bias: ArrayLike | None = None, *, chip: str,
                expert_mask: ArrayLike | None = None,
                **options: Any) -> dict[str, Any]:
    """Compares a result of gemm1(), of its shape [T*topk, I], with the reference within
    the bounds of docs/Numerics.md. Returns max_err, max_bound_ratio and more; raises
    MoeError where it is wrong."""
    return _check("moeCheckStage", _stage_tensors(
        "gemm1", x, w, scale, topk_ids, topk_weights, bias, expert_mask, options),
        result, chip)


def check_gemm2(result: ArrayLike, x: ArrayLike, w: ArrayLike,
                scale: ArrayLike | None, topk_ids: ArrayLike,
                topk_weights: ArrayLike | None = None,
                bias: ArrayLike | None = None, *, chip: str,
                expert_mask: ArrayLike | None = None,
                **options: Any) -> dict[str, Any]:
    """check_gemm1() for a result of gemm2(), of its shape, that started from zeros."""
    return _check("moeCheckStage", _stage_tensors(
        "gemm2", x, w, scale, topk_ids, topk_weights, bias, expert_mask, options),
        result, chip)


def check_layer(result: ArrayLike, x: ArrayLike, w13: ArrayLike,
                scale13: ArrayLike | None, w2: ArrayLike, scale2: ArrayLike | None,
                topk_ids: ArrayLike, topk_weights: ArrayLike | None = None,
                bias13: ArrayLike | None = None, bias2: ArrayLike | None = None, *,
                chip: str, expert_mask: ArrayLike | None = None,
                **options: Any) -> dict[str, Any]:
    """check_gemm1() for a result [T, H] of layer() that started from zeros."""
    return _check("moeCheckLayer", _layer_tensors(
        x, w13, scale13, w2, scale2, topk_ids, topk_weights, bias13, bias2,
        expert_mask, options), result, chip)
