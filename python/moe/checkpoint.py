# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The MoE layers of checkpoints, expert by expert, in logical or kernel order.

A name map says which tensors hold an expert's weights: GPT-OSS keeps all experts of
a layer in one tensor, with gate and up rows alternating; DeepSeek, Kimi and others
keep three matrices for each expert. What comes out is the same for all: gate rows,
then up rows. Not here: the file format (safetensors.py) and writing (convert.py).
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import string
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ._arrays import Array, ArrayLike, from_bfloat16
from ._host import quantize_mxfp4, shuffle_scale_a16w4, shuffle_weight_a16w4
from ._layer import check_layer, layer as run_layer, reference_layer
from ._library import MoeUsageError, load_library, whole
from .safetensors import (CheckpointError, Tensor, as_path, no_duplicates, open_checkpoint,
                          read_header)

# The format that moe-convert notes in the metadata of its files.
CONVERTED = "moe-convert 1"
ACTIVATIONS = ("silu", "swiglu", "situv2")
GATES = ("separated", "interleaved", "rows")

_FLOATS = ("BF16", "F16", "F32")
_CODES = ("U8", "I8")
_SCALES = ("U8", "F8_E8M0")

_EXPERT = "model.layers.{layer}.mlp.experts.{expert}."


def _three(prefix: str, gate: str, up: str, down: str, weight: str,
           scale: str) -> dict[str, str]:
    names = {}
    for part, name in (("gate", gate), ("up", up), ("down", down)):
        names[part] = f"{prefix}{name}.{weight}"
        names[part + "_scale"] = f"{prefix}{name}.{scale}"
    return names


#: The name maps that come with the package. "{layer}" and "{expert}" are numbers.
NAME_MAPS: dict[str, dict[str, str]] = {
    "gpt-oss": {
        "gate_up": "model.layers.{layer}.mlp.experts.gate_up_proj_blocks",
        "gate_up_scale": "model.layers.{layer}.mlp.experts.gate_up_proj_scales",
        "gate_up_bias": "model.layers.{layer}.mlp.experts.gate_up_proj_bias",
        "down": "model.layers.{layer}.mlp.experts.down_proj_blocks",
        "down_scale": "model.layers.{layer}.mlp.experts.down_proj_scales",
        "down_bias": "model.layers.{layer}.mlp.experts.down_proj_bias",
    },
    # DeepSeek's names as quark packs MXFP4; unquantised weights too.
    "deepseek": _three(_EXPERT, "gate_proj", "up_proj", "down_proj", "weight",
                       "weight_scale"),
    # Kimi's names as compressed-tensors packs them.
    "kimi": _three(_EXPERT, "gate_proj", "up_proj", "down_proj", "weight_packed",
                   "weight_scale"),
    "mixtral": _three("model.layers.{layer}.block_sparse_moe.experts.{expert}.", "w1",
                      "w3", "w2", "weight", "weight_scale"),
}
_FUSED = {"gate_up", "gate_up_scale", "gate_up_bias", "down", "down_scale", "down_bias"}
_SINGLE = {f"{part}{suffix}" for part in ("gate", "up", "down")
           for suffix in ("", "_scale", "_bias")}


def _numbers_in(template: str) -> set[str] | None:
    """The words in braces of a name; None where there are braces of another kind."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return None
    fields = {field for _, field, _, _ in parts if field is not None}
    plain = all(not set("{}") & set(text) and not spec and not conversion
                for text, _, spec, conversion in parts)
    return fields if plain else None


def _check_names(names: str, loaded: dict[str, str]) -> None:
    fused = "gate_up" in loaded
    expected = {"layer"} if fused else {"layer", "expert"}
    for key, value in loaded.items():
        if _numbers_in(value) != expected:
            raise CheckpointError(f"'{names}': key '{key}': expected a name with {{layer}}"
                                  f"{'' if fused else ' and {expert}'} and "
                                  f"no other braces, got '{value}'")
    keys: dict[str, str] = {}
    for key, value in loaded.items():
        if value in keys:
            raise CheckpointError(f"'{names}': key '{key}': expected another name than "
                                  f"that of '{keys[value]}', got '{value}'")
        keys[value] = key


def read_name_map(names: str | os.PathLike[str]) -> dict[str, str]:
    """A name map that comes with the package, or of a JSON file of the same keys."""
    names = str(as_path(names, "names"))
    if names in NAME_MAPS:
        return NAME_MAPS[names]
    if not names.endswith(".json"):
        raise CheckpointError(f"names: expected one of {', '.join(NAME_MAPS)} or a "
                              f"FILE.json, got '{names}'")
    try:
        loaded = json.loads(pathlib.Path(names).read_text(encoding="utf-8"),
                            object_pairs_hook=no_duplicates)
    except OSError as error:
        raise CheckpointError(f"cannot read '{names}': {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"'{names}': no JSON: {error}") from None
    if not isinstance(loaded, dict) or not all(
            isinstance(value, str) for value in loaded.values()):
        raise CheckpointError(f"'{names}': expected a JSON object of names")
    allowed = _FUSED if "gate_up" in loaded else _SINGLE
    required = {"gate_up", "down"} if "gate_up" in loaded else {"gate", "up", "down"}
    for key in loaded:
        if key not in allowed:
            raise CheckpointError(f"'{names}': expected keys of "
                                  f"{', '.join(sorted(allowed))}, got '{key}'")
    for key in sorted(required - loaded.keys()):
        raise CheckpointError(f"'{names}': missing key '{key}'")
    _check_names(names, loaded)
    return dict(loaded)


@dataclass(frozen=True)
class Split:
    """A part of a layer. Tensor parallelism cuts I into equal parts of whole blocks of
    32, the last ones padded with zeros; expert parallelism deals out the experts."""

    tp_rank: int = 0
    tp_size: int = 1
    ep_rank: int = 0
    ep_size: int = 1

    def check(self, inter: int, experts: int) -> None:
        """Raises CheckpointError where I = inter or the experts cannot be dealt out so."""
        for name, rank, size in (("tp", self.tp_rank, self.tp_size),
                                 ("ep", self.ep_rank, self.ep_size)):
            whole(rank, f"{name}_rank")
            whole(size, f"{name}_size")
            if size < 1 or not 0 <= rank < size:
                raise CheckpointError(f"{name}: expected RANK/SIZE with a rank from 0 to "
                                      f"the size less 1, got {rank}/{size}")
        if self.ep_size > experts:
            raise CheckpointError(f"ep: expected at most {experts} parts, the experts, "
                                  f"got {self.ep_size}")
        if (self.tp_size - 1) * self.part(inter) >= inter:
            raise CheckpointError(f"tp: expected parts that all have rows of the {inter}, "
                                  f"got {self.tp_size} parts of {self.part(inter)}")

    def part(self, inter: int) -> int:
        """Rows of gate in each part of I = inter, padding included."""
        return -(-inter // (32 * self.tp_size)) * 32

    def rows(self, inter: int) -> tuple[int, int]:
        """The rows of gate, of I = inter, that this part really has: first, behind the last."""
        begin = self.tp_rank * self.part(inter)
        return begin, min(begin + self.part(inter), inter)

    def experts(self, count: int) -> range:
        """The experts of this part of count, as equal in number as possible."""
        return range(count * self.ep_rank // self.ep_size,
                     count * (self.ep_rank + 1) // self.ep_size)


@dataclass
class Expert:
    """One expert in logical order: gate rows, then up rows."""

    w13: Array  #: uint8 [2I, H/2]
    scale13: Array  #: uint8 [2I, H/32]
    w2: Array  #: uint8 [H, I/2]
    scale2: Array  #: uint8 [H, I/32]
    bias13: Array | None  #: float32 [2I]
    bias2: Array | None  #: float32 [H]


def _pad(array: Array, axis: int, size: int, value: int = 0) -> Array:
    missing = size - array.shape[axis]
    if not missing:
        return array
    widths = [(0, missing if i == axis else 0) for i in range(array.ndim)]
    return np.pad(array, widths, constant_values=value)


class LayerSource:
    """One MoE layer of an open checkpoint: its dimensions, and its experts."""

    def __init__(self, tensors: Mapping[str, Tensor], names: Mapping[str, str],
                 layer: int, split: Split = Split()) -> None:
        self.tensors, self.names, self.layer = tensors, names, layer
        self.fused = "gate_up" in names
        if self.fused:
            self._check_fused()
        else:
            self._check_single()
        split.check(self.inter, self.global_experts)
        self.split = split
        self.part = split.part(self.inter)
        self.padded = self.part - (split.rows(self.inter)[1] - split.rows(self.inter)[0])
        self.experts = split.experts(self.global_experts)

    def find(self, key: str, expert: int = 0) -> Tensor | None:
        """The tensor of a key of the name map, of one expert where each has its own."""
        if key not in self.names:
            return None
        return self.tensors.get(
            self.names[key].format(layer=self.layer, expert=expert))

    def _need(self, key: str, expert: int = 0) -> Tensor:
        if key not in self.names:
            raise CheckpointError(f"names: expected the key '{key}' in the name map, since "
                                  f"the weights of layer {self.layer} are not floats, got "
                                  "none")
        found = self.find(key, expert)
        if found is None:
            name = self.names[key].format(layer=self.layer, expert=expert)
            raise CheckpointError(f"layer {self.layer}: expected tensor '{name}' in the "
                                  "checkpoint, got none of that name")
        return found

    def _check_fused(self) -> None:
        """GPT-OSS: all experts in one tensor, [E, N, K/32, 16]."""
        up, down = self._need("gate_up"), self._need("down")
        up.expect(_CODES, (None, None, None, 16), "experts, 2I, H/32, 16")
        experts, rows, blocks, _ = up.shape
        hidden = 32 * blocks
        if not experts or not hidden:
            raise CheckpointError(f"{up.where()}: expected experts and columns, got "
                                  f"shape {list(up.shape)}")
        if rows % 64 or not rows:
            raise CheckpointError(f"{up.where()}: expected gate and up rows, a multiple "
                                  f"of 64, got {rows}")
        down.expect(_CODES, (experts, hidden, rows // 64, 16),
                    "experts, H, I/32, 16, as the other stage has it")
        self._need("gate_up_scale").expect(_SCALES, (experts, rows, blocks),
                                           "experts, 2I, H/32")
        self._need("down_scale").expect(_SCALES, (experts, hidden, rows // 64),
                                        "experts, H, I/32")
        for key, size in (("gate_up_bias", rows), ("down_bias", hidden)):
            bias = self.find(key)
            if bias is not None:
                bias.expect(_FLOATS, (experts, size), "experts, N")
        self.bias = self.find("gate_up_bias") is not None
        if self.bias != (self.find("down_bias") is not None):
            raise CheckpointError(f"layer {self.layer}: expected biases of both stages "
                                  "or of neither, got one")
        self.global_experts, self.inter, self.hidden = experts, rows // 2, hidden

    def _check_single(self) -> None:
        """Three matrices for each expert, packed or in floats."""
        gate = self._need("gate")
        gate.expect((*_CODES, *_FLOATS), (None, None), "I, H/2 packed or H")
        width = gate.shape[1] * (1 if gate.dtype in _FLOATS else 2)
        self.inter, self.hidden = gate.shape[0], width
        for what, size, step in (("I", self.inter, 2), ("H", self.hidden, 32)):
            if size % step or not size:
                raise CheckpointError(f"{gate.where()}: expected {what} to be a multiple "
                                      f"of {step}, got {size}")
        # The largest number found: a gap is a missing tensor, not an end.
        numbers = [_number(found, "b") for found in _matches(self.tensors, self.names)
                   if _number(found, "a") == self.layer]
        self.global_experts = max(numbers, default=0) + 1
        for expert in range(self.global_experts):
            self._check_expert(expert)
        self.bias = self.find("gate_bias") is not None

    def _check_expert(self, expert: int) -> None:
        shapes = {"gate": (self.inter, self.hidden), "up": (self.inter, self.hidden),
                  "down": (self.hidden, self.inter)}
        for key, (n, k) in shapes.items():
            w = self._need(key, expert)
            if w.dtype in _FLOATS:
                w.expect(_FLOATS, (n, k), "N, K")
                scale = self.find(key + "_scale", expert)
                if scale is not None:
                    raise CheckpointError(f"{w.where()}: expected no scale of weights in "
                                          f"{w.dtype}, got '{scale.name}'")
            else:
                w.expect(_CODES, (n, k // 2), "N, K/2")
                self._need(key + "_scale", expert).expect(_SCALES, (n, -(-k // 32)),
                                                          "N, K/32 rounded up")
            bias = self.find(key + "_bias", expert)
            if (bias is not None) != (self.find("gate_bias") is not None):
                raise CheckpointError(f"layer {self.layer}: expected biases of all "
                                      f"matrices or of none, got one of '{key}' in "
                                      f"expert {expert} only or missing")
            if bias is not None:
                bias.expect(_FLOATS, (n,), "N")

    def _matrix(self, key: str, expert: int) -> tuple[Array, Array]:
        """Codes and scales of a matrix that is a tensor of its own, with zeros up to
        the end of the last block."""
        tensor = self._need(key, expert)
        if tensor.dtype in _FLOATS:
            values = _to_float(tensor, tensor.read())
            return quantize_mxfp4(_pad(values, 1, -(-values.shape[1] // 32) * 32))
        codes = tensor.read().view(np.uint8)
        return (_pad(codes, 1, -(-codes.shape[1] // 16) * 16),
                self._need(key + "_scale", expert).read().view(np.uint8))

    def _bias(self, key: str, expert: int, first: int | None = None) -> Array | None:
        tensor = self.find(key, expert)
        return None if tensor is None else _to_float(tensor, tensor.read(first))

    def _read(self, expert: int) -> Expert:
        """The whole expert, before any split."""
        if not self.fused:
            gate, up = self._matrix("gate", expert), self._matrix("up", expert)
            down = self._matrix("down", expert)
            bias13 = None
            if self.bias:
                parts = [self._bias(key, expert) for key in ("gate_bias", "up_bias")]
                bias13 = np.concatenate([part for part in parts if part is not None])
            return Expert(np.concatenate([gate[0], up[0]]),
                          np.concatenate([gate[1], up[1]]), *down, bias13,
                          self._bias("down_bias", expert))
        rows, k = 2 * self.inter, self.hidden
        # Even rows are gate, odd ones up.
        order = np.r_[0:rows:2, 1:rows:2]
        codes = self._need("gate_up").read(expert).view(np.uint8).reshape(rows, k // 2)
        scales = self._need("gate_up_scale").read(expert).view(np.uint8)
        bias = self._bias("gate_up_bias", expert, expert)
        return Expert(
            codes[order], scales[order],
            self._need("down").read(expert).view(np.uint8).reshape(k, -1),
            self._need("down_scale").read(expert).view(np.uint8),
            None if bias is None else bias[order],
            self._bias("down_bias", expert, expert))

    def expert(self, expert: int) -> Expert:
        """The split's part of one of the checkpoint's experts."""
        whole = self._read(expert)
        begin, end = self.split.rows(self.inter)
        if end - begin == self.inter == self.part:
            return whole

        def rows(array: Array) -> Array:
            return np.concatenate([
                _pad(array[start + begin:start + end], 0, self.part)
                for start in (0, self.inter)])

        blocks = self.part // 32
        bias13 = None if whole.bias13 is None else rows(whole.bias13)
        # The parts' outputs are added up: one of them adds the bias.
        bias2 = whole.bias2
        if bias2 is not None and self.split.tp_rank:
            bias2 = np.zeros_like(bias2)
        return Expert(
            rows(whole.w13), rows(whole.scale13),
            _pad(whole.w2[:, begin // 2:-(-end // 32) * 16], 1, self.part // 2),
            _pad(whole.scale2[:, begin // 32:-(-end // 32)], 1, blocks), bias13, bias2)


def _to_float(tensor: Tensor, array: Array) -> npt.NDArray[np.float32]:
    return from_bfloat16(array) if tensor.dtype == "BF16" else array.astype(np.float32)


def _matches(tensors: Mapping[str, Tensor],
             names: Mapping[str, str]) -> list[re.Match[str]]:
    """The names of first matrices, by layer and expert (groups a and b)."""
    first = names.get("gate_up") or names["gate"]
    parts, seen = [], set()
    for text, field, _, _ in string.Formatter().parse(first):
        parts.append(re.escape(text))
        if field is not None:
            group = "a" if field == "layer" else "b"
            parts.append(f"(?P={group})" if group in seen else f"(?P<{group}>[0-9]+)")
            seen.add(group)
    pattern = re.compile("".join(parts))
    return [found for found in map(pattern.fullmatch, tensors) if found]


def _number(found: re.Match[str], group: str) -> int:
    """Of a layer or an expert, in a tensor's name."""
    if len(found[group]) > 9:
        raise CheckpointError(f"tensor '{found.string}': expected the number of "
                              f"{'a layer' if group == 'a' else 'an expert'} of at most 9 "
                              f"digits, got {len(found[group])}")
    return int(found[group])


def layers_of(tensors: Mapping[str, Tensor], names: Mapping[str, str]) -> list[int]:
    """The numbers of the layers whose experts the name map finds."""
    return sorted({_number(found, "a") for found in _matches(tensors, names)})


def find_name_map(tensors: Mapping[str, Tensor]) -> str:
    """The first name map of the package that finds a layer."""
    for name, names in NAME_MAPS.items():
        if layers_of(tensors, names):
            return name
    raise CheckpointError("expected MoE layers named as in " + ", ".join(NAME_MAPS) +
                          ", got none; a name map of your own is a JSON file")


@dataclass
class LayerWeights:
    """The weights of one layer, or of one part of it. For n experts:

    w13, scale13, w2, scale2: uint8 [n, ...], as moe.layer() takes them, in the
    kernel's order where `shuffled` is set; bias13 float32 [n, 2I], bias2 float32
    [n, H], both in logical order, or None.
    """

    w13: Array
    scale13: Array
    w2: Array
    scale2: Array
    bias13: Array | None
    bias2: Array | None
    shuffled: bool
    gate: str
    act: str
    #: int32 [all experts], 1 = here, where the experts are a part; else None.
    expert_mask: Array | None = None
    #: Rows of gate, and of up, that are zeros to make I a multiple of 32.
    padded: int = 0

    def __repr__(self) -> str:
        experts, rows = self.w13.shape[0], self.bias13
        inter = f", I {rows.shape[1] // 2}" if rows is not None else ""
        order = f"shuffled, gate {self.gate}" if self.shuffled else "logical order"
        return f"<moe.LayerWeights of {experts} experts{inter}, {self.act}, {order}>"

    def arguments(self) -> dict[str, Any]:
        """What moe.layer() takes of a layer, as keywords: the tensors, the mask and the
        options that belong to them."""
        names = ("w13", "scale13", "w2", "scale2", "bias13", "bias2", "expert_mask",
                 "shuffled", "gate", "act")
        return {name: getattr(self, name) for name in names}

    def _call(self, x: ArrayLike, topk_ids: ArrayLike, topk_weights: ArrayLike,
              options: dict[str, Any]) -> dict[str, Any]:
        for name in ("gate", "shuffled") if self.shuffled else ():
            if options.get(name, getattr(self, name)) != getattr(self, name):
                raise MoeUsageError(f"{name}: expected {getattr(self, name)!r}, as the weights "
                                    f"were shuffled, got {options[name]!r}")
        return {**self.arguments(), "x": x, "topk_ids": topk_ids,
                "topk_weights": topk_weights, **options}

    def layer(self, x: ArrayLike, topk_ids: ArrayLike, topk_weights: ArrayLike, *,
              chip: str, **options: Any) -> Any:
        """moe.layer() with these weights, on chip: x bf16 [T, H] gives [T, H]."""
        return run_layer(chip=chip, **self._call(x, topk_ids, topk_weights, options))

    def reference(self, x: ArrayLike, topk_ids: ArrayLike, topk_weights: ArrayLike,
                  **options: Any) -> Array:
        """moe.reference_layer() with these weights, which must not be shuffled."""
        return reference_layer(**self._call(x, topk_ids, topk_weights, options))

    def check(self, result: ArrayLike, x: ArrayLike, topk_ids: ArrayLike,
              topk_weights: ArrayLike, *, chip: str, **options: Any) -> dict[str, Any]:
        """moe.check_layer() of a result [T, H] with these weights, which must not be
        shuffled."""
        return check_layer(result, chip=chip,
                           **self._call(x, topk_ids, topk_weights, options))


def in_kernel_order(expert: Expert, gate: str) -> Expert:
    """The expert with weights and scales shuffled; biases stay logical."""
    up = gate == "interleaved"
    w13, scale13 = expert.w13, expert.scale13
    if gate == "rows":  # gate and up rows in turn
        order = np.arange(len(w13)).reshape(2, -1).T.ravel()
        w13, scale13 = w13[order], scale13[order]
    return Expert(shuffle_weight_a16w4(w13[None], gate_up=up)[0],
                  shuffle_scale_a16w4(scale13[None], gate_up=up)[0],
                  shuffle_weight_a16w4(expert.w2[None])[0],
                  shuffle_scale_a16w4(expert.scale2[None])[0],
                  expert.bias13, expert.bias2)


def _check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    if value not in choices:
        raise MoeUsageError(f"{name}: expected {'|'.join(choices)}, got {value!r}")


def load_layer(path: str | os.PathLike[str], layer: int, *,
               names: str | os.PathLike[str] | None = None, act: str = "silu",
               gate: str = "separated", shuffled: bool = True,
               split: Split = Split()) -> LayerWeights:
    """One layer of a checkpoint, read one expert at a time.

    path: a .safetensors file, or a folder with an index or one file. names: a map of
    NAME_MAPS or a JSON file; None: the first that fits. act is the activation to note,
    gate the order of gate and up rows ("separated", "interleaved", "rows"), shuffled
    whether weights and scales are put into the kernel's order, split the part to read.
    Raises CheckpointError, which names file, tensor and offset, where the checkpoint is
    not what it should be.
    """
    layer = whole(layer, "layer", least=0)
    if not isinstance(split, Split):
        raise TypeError(f"split: expected a moe.Split, got {type(split).__name__}")
    _check_choice("act", act, ACTIVATIONS)
    _check_choice("gate", gate, GATES)
    tensors = open_checkpoint(path)
    if names is None and set(tensors) >= {"w13", "scale13", "w2", "scale2"}:
        raise CheckpointError(f"'{path}': expected a checkpoint, got a file of "
                              "moe-convert; moe.load_converted() reads it")
    if names is None:
        names = find_name_map(tensors)
    source = LayerSource(tensors, read_name_map(names), layer, split)
    arrays: dict[str, Array] = {}
    for index, number in enumerate(source.experts):
        expert = source.expert(number)
        if shuffled:
            expert = in_kernel_order(expert, gate)
        for field, value in vars(expert).items():
            if value is None:
                continue
            if field not in arrays:
                arrays[field] = np.empty((len(source.experts), *value.shape), value.dtype)
            arrays[field][index] = value
    return LayerWeights(
        arrays["w13"], arrays["scale13"], arrays["w2"], arrays["scale2"],
        arrays.get("bias13"), arrays.get("bias2"), shuffled, gate, act,
        _mask(source.experts, source.global_experts), source.padded)


def _mask(experts: range, count: int) -> Array | None:
    if len(experts) == count:
        return None
    mask = np.zeros(count, np.int32)
    mask[experts.start:experts.stop] = 1
    return mask


def load_gpt_oss(path: str | os.PathLike[str], layer: int, *, gate: str = "separated",
                 shuffled: bool = True, split: Split = Split()) -> LayerWeights:
    """One MoE layer of a GPT-OSS checkpoint (Hugging Face's layout), with biases and
    the swiglu activation; see load_layer()."""
    return load_layer(path, layer, names="gpt-oss", act="swiglu", gate=gate,
                      shuffled=shuffled, split=split)


def load_converted(path: str | os.PathLike[str]) -> LayerWeights:
    """A file that moe-convert wrote, `path`. The weights stay in the file: they are mapped
    into memory, read-only, and take none until a kernel reads them. The file must not
    become shorter meanwhile; a call that finds it truncated raises ValueError."""
    path = as_path(path, "path")
    if path.is_dir():
        files = sorted(file.name for file in path.glob("layer_*.safetensors"))
        got = f"a folder with {', '.join(files)}" if files else "a folder without any"
        raise CheckpointError(f"'{path}': expected a file layer_NNN.safetensors of "
                              f"moe-convert, got {got}")
    tensors, metadata = read_header(path)
    if metadata.get("format") != CONVERTED:
        raise CheckpointError(
            f"'{path}': expected a file of moe-convert, got metadata format "
            f"{metadata.get('format')!r}; of a checkpoint moe.load_layer() reads a layer")

    facts = _facts(path, metadata)
    tensors = {name: tensors[name] for name in _expect_converted(path, tensors, facts)}
    try:
        arrays = {name: np.memmap(tensor.file, "u1" if tensor.dtype == "U8" else "<f4",
                                  "r", tensor.offset, tensor.shape)
                  for name, tensor in tensors.items()}
    except (OSError, ValueError) as error:  # it has changed since
        raise CheckpointError(f"'{path}': cannot be mapped: {error}") from None
    return LayerWeights(
        arrays["w13"], arrays["scale13"], arrays["w2"], arrays["scale2"],
        arrays.get("bias13"), arrays.get("bias2"), True, metadata["gate"],
        metadata["act"], _mask(range(facts["first_expert"], facts["last_expert"] + 1),
                               facts["global_experts"]), facts["padded"])


def _facts(path: pathlib.Path, metadata: Mapping[str, str]) -> dict[str, int]:
    """The numbers in the metadata of a converted file, which fit together."""
    facts = {}
    for key, most in (("model_dim", 1 << 30), ("inter_dim", 1 << 30), ("padded", 1 << 30),
                      ("global_experts", 1 << 24), ("first_expert", 1 << 24),
                      ("last_expert", 1 << 24)):
        text = metadata.get(key, "")
        if not re.fullmatch("[0-9]{1,10}", text) or int(text) > most:
            raise CheckpointError(f"'{path}': expected the metadata of moe-convert, "
                                  f"{key} a number up to {most}, got '{text[:40]}'")
        facts[key] = int(text)
    first, last, count = (facts[key] for key in (
        "first_expert", "last_expert", "global_experts"))
    if not first <= last < count:
        raise CheckpointError(f"'{path}': expected experts from 0 to {count - 1} in the "
                              f"metadata, got {first} to {last}")
    for key, choices in (("gate", GATES), ("act", ACTIVATIONS)):
        if metadata.get(key) not in choices:
            raise CheckpointError(f"'{path}': expected the metadata of moe-convert, {key} "
                                  f"{'|'.join(choices)}, got {metadata.get(key)!r}")
    return facts


def converted_shapes(hidden: int, inter: int, *, bias: bool) -> dict[str, tuple[int, ...]]:
    """The tensors of a converted file: the shape of one expert's part of each."""
    library = load_library()
    shapes: dict[str, tuple[int, ...]] = {
        "w13": (2 * inter, library.moeShuffledWeightBytes(1, hidden)),
        "scale13": (2 * inter, library.moeShuffledScaleBytes(1, hidden)),
        "w2": (hidden, library.moeShuffledWeightBytes(1, inter)),
        "scale2": (hidden, library.moeShuffledScaleBytes(1, inter))}
    if bias:
        shapes |= {"bias13": (2 * inter,), "bias2": (hidden,)}
    return shapes


def converted_dtype(name: str) -> str:
    """Of a tensor of a converted file."""
    return "F32" if name.startswith("bias") else "U8"


def _expect_converted(path: pathlib.Path, tensors: Mapping[str, Tensor],
                      facts: Mapping[str, int]) -> list[str]:
    """The names of a converted file's tensors, each of the shape that its metadata
    says."""
    experts = facts["last_expert"] - facts["first_expert"] + 1
    shapes = converted_shapes(facts["model_dim"], facts["inter_dim"], bias=True)
    names = []
    for name, shape in shapes.items():
        if name in tensors:
            tensors[name].expect([converted_dtype(name)], (experts, *shape),
                                 "as its metadata says")
            names.append(name)
        elif not name.startswith("bias") or ("bias13" in tensors) != ("bias2" in tensors):
            raise CheckpointError(f"'{path}': expected tensor '{name}', got none of that "
                                  "name")
    return names
