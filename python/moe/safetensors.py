# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading and writing safetensors files, single or sharded by an index.

A file is an 8-byte length, a JSON header that names each tensor's dtype, shape and
place, and the data. Nothing of a header is believed before it is checked, and only
the rows that are asked for are read. What the tensors mean is not known here.
"""

from __future__ import annotations

import json
import math
import os
import pathlib
from dataclasses import dataclass
from typing import Any, BinaryIO, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from ._library import MoeError

#: The format's own limit on headers.
MAX_HEADER = 100_000_000
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"

# Dtype -> what NumPy reads it as. bfloat16 and the 8-bit floats stay bits.
_DTYPES: dict[str, str] = {
    "BOOL": "u1", "U8": "u1", "I8": "i1", "F8_E8M0": "u1", "F8_E4M3": "u1",
    "F8_E5M2": "u1", "U16": "<u2", "I16": "<i2", "BF16": "<u2", "F16": "<f2",
    "U32": "<u4", "I32": "<i4", "F32": "<f4", "U64": "<u8", "I64": "<i8", "F64": "<f8"
}


class CheckpointError(MoeError):
    """A checkpoint is not what it should be. The message names file, tensor and, where
    there is one, the offset in the file."""


@dataclass(frozen=True)
class Tensor:
    """Where a tensor is. `offset` counts from the beginning of the file."""

    name: str
    file: pathlib.Path
    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def row_bytes(self) -> int:
        """Bytes of one entry of the first axis."""
        return math.prod(self.shape[1:]) * np.dtype(_DTYPES[self.dtype]).itemsize

    @property
    def data_bytes(self) -> int:
        """Bytes of the whole tensor."""
        return math.prod(self.shape) * np.dtype(_DTYPES[self.dtype]).itemsize

    def where(self) -> str:
        return f"'{self.file}': tensor '{self.name}' at offset {self.offset}"

    def expect(self, dtypes: Iterable[str], shape: tuple[int | None, ...],
               meaning: str) -> None:
        """Refuses another dtype or shape; None stands for any size."""
        dtypes = list(dtypes)
        if self.dtype not in dtypes:
            raise CheckpointError(f"{self.where()}: expected dtype "
                                  f"{' or '.join(dtypes)}, got {self.dtype}")
        if len(shape) != len(self.shape) or any(
                want not in (None, got) for want, got in zip(shape, self.shape)):
            sizes = ", ".join("?" if want is None else str(want) for want in shape)
            raise CheckpointError(f"{self.where()}: expected shape [{sizes}] "
                                  f"({meaning}), got {list(self.shape)}")

    def read(self, first: int | None = None) -> npt.NDArray[Any]:
        """The whole tensor, or entry `first` of its first axis without that axis."""
        shape, offset = self.shape, self.offset
        if first is not None:
            shape, offset = shape[1:], offset + first * self.row_bytes
        array = np.empty(shape, _DTYPES[self.dtype])
        view = array.reshape(-1).view(np.uint8).data
        with open(self.file, "rb", buffering=0) as file:
            file.seek(offset)
            done = 0
            while done < len(view):
                got = file.readinto(view[done:])
                if not got:
                    raise CheckpointError(
                        f"{self.where()}: expected {len(view)} bytes from offset "
                        f"{offset}, got {done} before the end of the file")
                done += got
        return array


def as_path(value: Any, name: str) -> pathlib.Path:
    """A path of an argument, which messages call `name`."""
    try:
        text = os.fspath(value)
    except TypeError:
        text = None
    if not isinstance(text, str):
        raise TypeError(f"{name}: expected a path in a str or os.PathLike, got "
                        f"{type(value).__name__}")
    if not text:
        raise ValueError(f"{name}: expected a path, got ''")
    if "\0" in text:
        raise ValueError(f"{name}: expected a path without NUL, got {text!r}")
    return pathlib.Path(text)


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """json.loads's object_pairs_hook that refuses a key that occurs twice."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key '{key}' occurs twice")
        result[key] = value
    return result


def _read_header(path: pathlib.Path, file: BinaryIO, size: int) -> tuple[dict[str, Any],
                                                                         int]:
    """The JSON object and where the data begins."""
    start = file.read(8)
    if len(start) < 8:
        raise CheckpointError(f"'{path}': expected the 8 bytes of a header's length, got "
                              f"{len(start)}")
    length = int.from_bytes(start, "little")
    if length > MAX_HEADER or length > size - 8:
        limit = min(MAX_HEADER, size - 8)
        raise CheckpointError(f"'{path}': expected a header of at most {limit} bytes "
                              f"after offset 8, got a length of {length}; this is no "
                              "safetensors file, or only a part of one")
    try:
        # Of bytes, json would guess the encoding.
        header = json.loads(file.read(length).decode("utf-8"),
                            object_pairs_hook=no_duplicates)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"'{path}': the header at offset 8 is no JSON in UTF-8: "
                              f"{error}") from None
    if not isinstance(header, dict):
        raise CheckpointError(f"'{path}': expected a JSON object at offset 8, got "
                              f"{type(header).__name__}")
    return header, 8 + length


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 62


def _tensor(path: pathlib.Path, name: str, entry: Any, begin: int,
            size: int) -> tuple[Tensor, int]:
    """One entry of a header, checked, and where its data ends."""
    what = f"'{path}': tensor '{name}'"
    if not isinstance(entry, dict):
        raise CheckpointError(f"{what}: expected an object in the header, got "
                              f"{type(entry).__name__}")
    dtype, shape, place = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise CheckpointError(f"{what}: expected a dtype of {', '.join(_DTYPES)}, got "
                              f"{dtype!r}")
    if not isinstance(shape, list) or not all(map(_is_size, shape)):
        raise CheckpointError(f"{what}: expected a shape of sizes, got {shape!r}")
    if not isinstance(place, list) or len(place) != 2 or not all(map(_is_size, place)):
        raise CheckpointError(f"{what}: expected data_offsets [begin, end], got "
                              f"{place!r}")
    tensor = Tensor(name, path, dtype, tuple(shape), begin + place[0])
    wanted = math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize
    if place[1] - place[0] != wanted:
        raise CheckpointError(f"{tensor.where()}: expected {wanted} bytes for {dtype} "
                              f"{shape}, got {place[1] - place[0]}")
    if begin + place[1] > size:
        raise CheckpointError(f"{tensor.where()}: expected data up to offset "
                              f"{begin + place[1]}, got a file of {size} bytes; it is "
                              "truncated")
    return tensor, begin + place[1]


def read_header(path: str | os.PathLike[str]) -> tuple[dict[str, Tensor],
                                                       dict[str, str]]:
    """The tensors of one file, and its metadata.

    Raises CheckpointError where the header is not valid: too long, no JSON, a tensor
    outside the file, of another size than its shape says, or overlapping another.
    """
    path = as_path(path, "path")
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise CheckpointError(f"'{path}': expected a regular file, got a device, a "
                                  "pipe or a socket")
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            header, begin = _read_header(path, file, size)
    except OSError as error:
        raise CheckpointError(f"cannot read '{path}': {error.strerror}") from None
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise CheckpointError(f"'{path}': expected an object in __metadata__, got "
                              f"{type(metadata).__name__}")
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise CheckpointError(f"'{path}': expected a string in __metadata__ for "
                                  f"'{key}', got {type(value).__name__}")
    tensors, spans = {}, []
    for name, entry in header.items():
        tensor, end = _tensor(path, name, entry, begin, size)
        tensors[name] = tensor
        if end > tensor.offset:
            spans.append((tensor.offset, end, tensor))
    spans.sort(key=lambda span: span[:2])
    for (_, end, before), (offset, _, tensor) in zip(spans, spans[1:]):
        if offset < end:
            raise CheckpointError(f"{tensor.where()}: expected it after offset {end}, "
                                  f"where tensor '{before.name}' ends; they overlap")
    return tensors, metadata


def read_metadata(path: pathlib.Path) -> dict[str, str]:
    """The metadata of a file that may be anything, also a part of one; empty where there
    is none."""
    try:
        with open(path, "rb") as file:
            metadata = _read_header(path, file, os.fstat(file.fileno()).st_size)[0].get(
                "__metadata__")
    except CheckpointError:
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _is_file_name(value: Any) -> bool:
    if not isinstance(value, str) or value in ("", ".", "..") or "\0" in value:
        return False
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        return False
    return pathlib.PurePath(value).name == value


def _index(path: pathlib.Path) -> dict[str, list[str]]:
    """File -> names of an index."""
    try:
        with open(path, encoding="utf-8") as file:
            index = json.load(file, object_pairs_hook=no_duplicates)
        pairs = index["weight_map"].items()
    except OSError as error:
        raise CheckpointError(f"cannot read '{path}': {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = f": {error}" if isinstance(error, ValueError) else ""
        raise CheckpointError(f"'{path}': expected a JSON object with a weight_map of "
                              f"tensor names and files{why}") from None
    files: dict[str, list[str]] = {}
    for name, shard in pairs:
        if not _is_file_name(shard):
            raise CheckpointError(f"'{path}': tensor '{name}': expected the name of a "
                                  f"file in the same folder, got {shard!r}")
        files.setdefault(shard, []).append(name)
    return files


def open_checkpoint(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """All tensors of a file, or of a folder with an index, with model.safetensors or
    with one .safetensors file of any name."""
    path = as_path(path, "path")
    if not path.is_dir():
        return read_header(path)[0]
    if not (path / INDEX).is_file():
        if (path / SINGLE).is_file():
            return read_header(path / SINGLE)[0]
        files = sorted(file.name for file in path.glob("*.safetensors"))
        if len(files) == 1:
            return read_header(path / files[0])[0]
        got = ("neither" if not files else
               f"{len(files)} files, {files[0]} to {files[-1]}; give one of them")
        raise CheckpointError(f"'{path}': expected {INDEX} or {SINGLE} in the folder, "
                              f"got {got}")
    tensors = {}
    for file, names in _index(path / INDEX).items():
        found = read_header(path / file)[0]
        for name in names:
            if name not in found:
                raise CheckpointError(f"'{path / file}': expected tensor '{name}', as "
                                      f"{INDEX} says, got none of that name")
            tensors[name] = found[name]
    return tensors


def make_header(tensors: Mapping[str, tuple[str, tuple[int, ...]]],
                metadata: Mapping[str, str]) -> tuple[bytes, dict[str, int], int]:
    """The bytes before the data of a new file, each tensor's offset in the file, and
    the file's size. `tensors`: name -> dtype, shape."""
    entries: dict[str, Any] = {"__metadata__": dict(metadata)}
    place, offset = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize
        entries[name] = {"dtype": dtype, "shape": list(shape),
                         "data_offsets": [offset, offset + size]}
        place[name] = offset
        offset += size
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at multiples of 8
    begin = 8 + len(text)
    return (len(text).to_bytes(8, "little") + text,
            {name: begin + at for name, at in place.items()}, begin + offset)
