# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""libmoe.so through ctypes: finding it, the signatures of include/moe-c, errors.

No array is touched here. ctypes releases the GIL during every call.
"""

from __future__ import annotations

import ctypes
import json
import operator
import os
import pathlib
import threading
from ctypes import (POINTER, Structure, byref, c_uint64, c_char_p, c_double, c_float, c_int,
                    c_int32, c_int64, c_size_t, c_uint8, c_uint16, c_uint32,
                    c_void_p)
from typing import Any, Callable

NAME = "libmoe.so.0"


class MoeError(RuntimeError):
    """The work failed, or a well-formed value was refused."""


class MoeUsageError(MoeError, ValueError):
    """An unknown, missing or unparsable name or value."""


_RANGES = {kind: (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
           for kind, bits, signed in ((c_int, 32, True), (c_int64, 64, True),
                                      (c_uint32, 32, False), (c_uint64, 64, False))}


def whole(value: Any, name: str, kind: Any = c_int64, least: int | None = None,
          most: int | None = None) -> int:
    """A whole number for the library, of which ctypes would pass the low bits only."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected a whole number, got "
                        f"{type(value).__name__}") from None
    low, high = _RANGES[kind]
    low = low if least is None else least
    high = high if most is None else most
    if number < low:
        raise ValueError(f"{name}: expected at least {low}, got {number}")
    if number > high:
        raise ValueError(f"{name}: expected at most {high}, got {number}")
    return number


class _Checked(Structure):
    """One whose whole numbers have to fit."""

    def __init__(self, *values: Any, **named: Any) -> None:
        kinds = {field[0]: field[1] for field in self._fields_}
        named.update(zip(kinds, values))
        for name, value in named.items():
            if kinds[name] in _RANGES:
                whole(value, name, kinds[name])
        super().__init__(**named)


class Weights(Structure):
    _fields_ = [("w", POINTER(c_uint8)), ("scale", POINTER(c_uint8)),
                ("bias", POINTER(c_float)), ("shuffled", c_int)]


class Batch(_Checked):
    _fields_ = [("tokens", c_int64), ("x", POINTER(c_uint16)),
                ("topk_ids", POINTER(c_int32)),
                ("topk_weights", POINTER(c_float)),
                ("expert_mask", POINTER(c_int32)), ("global_experts", c_int64)]


class Router(_Checked):
    _fields_ = [("experts", c_int64), ("logits", c_void_p), ("bf16_logits", c_int),
                ("correction", POINTER(c_float)), ("expert_map", POINTER(c_int32)),
                ("sigmoid", c_int), ("renormalize", c_int), ("scale", c_float),
                ("groups", c_int64), ("best_groups", c_int64),
                ("topk_ids", POINTER(c_int32)), ("topk_weights", POINTER(c_float)),
                ("shared_experts", c_int64), ("shared_weight", c_float)]


class Sorting(_Checked):
    _fields_ = [("tokens", c_int64), ("topk", c_int64), ("experts", c_int64),
                ("tile_m", c_int64), ("ids", POINTER(c_int32)),
                ("weights", POINTER(c_float)), ("expert_mask", POINTER(c_int32)),
                ("local_tokens", c_int64), ("capacity", c_int64),
                ("sorted_ids", POINTER(c_int32)),
                ("sorted_weights", POINTER(c_float)),
                ("expert_ids", POINTER(c_int32)), ("num_valid", POINTER(c_int32)),
                ("rows", c_int64)]


class Argument(Structure):
    _fields_ = [("kind", c_int), ("name", c_char_p), ("data", c_void_p),
                ("size", c_size_t)]


class Launch(_Checked):
    _fields_ = [("code", c_void_p), ("code_size", c_size_t), ("kernel", c_char_p),
                ("grid", c_uint32 * 3), ("block", c_uint32 * 3),
                ("dynamic_lds", c_uint32), ("arguments", POINTER(Argument)),
                ("num_arguments", c_size_t)]


class GridDimensions(_Checked):
    _fields_ = [("tokens", c_int64), ("n", c_int64), ("k", c_int64),
                ("num_blocks", c_int64)]


_TEXT = POINTER(c_void_p)  # char **, freed by moeStringDestroy
_BYTES = POINTER(c_uint8)
_SHUFFLE = (c_int, [_BYTES, c_int64, c_int64, c_int64, c_int, c_int, _BYTES])
_ROWS = [c_int64, c_int64, c_int64, c_char_p, _BYTES, _BYTES, _TEXT]
_STAGE = [c_void_p, c_char_p, c_void_p, POINTER(Batch), POINTER(Weights)]

# Name -> what it returns and takes, as the headers say.
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "moeGetLastError": (c_char_p, []),
    "moeGetVersion": (c_char_p, []),
    "moeStringDestroy": (None, [c_void_p]),
    "moeConfigCreate": (c_int, [POINTER(c_void_p)]),
    "moeConfigDestroy": (None, [c_void_p]),
    "moeConfigSet": (c_int, [c_void_p, c_char_p, c_char_p]),
    "moeConfigChoose": (c_int, [c_void_p, c_char_p, c_int64, c_int64, _TEXT]),
    "moeCompile": (c_int, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "moeCompileIR": (c_int, [c_char_p, c_size_t, c_char_p, c_char_p,
                             POINTER(c_void_p)]),
    "moeSetCompileCache": (c_int, [c_char_p, c_uint64]),
    "moeEmit": (c_int, [c_void_p, c_char_p, c_char_p, _TEXT]),
    "moeEmitIR": (c_int, [c_char_p, c_size_t, c_char_p, c_char_p, c_char_p, _TEXT]),
    "moeKernelDestroy": (None, [c_void_p]),
    "moeKernelGetName": (c_char_p, [c_void_p]),
    "moeKernelGetCode": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "moeKernelGetReport": (c_char_p, [c_void_p]),
    "moeKernelGetBlock": (None, [c_void_p, c_uint32 * 3]),
    "moeKernelGetGrid": (c_int, [c_void_p, POINTER(GridDimensions), c_uint32 * 3]),
    "moeExecutorCreate": (c_int, [c_char_p, POINTER(c_void_p)]),
    "moeExecutorDestroy": (None, [c_void_p]),
    "moeExecutorSet": (c_int, [c_void_p, c_char_p, c_char_p]),
    "moeLaunch": (c_int, [c_void_p, POINTER(Launch), _TEXT]),
    "moeLaunchOnStream": (c_int, [c_void_p, POINTER(Launch), c_void_p]),
    "moeQuantizeMXFP4": (c_int, [POINTER(c_float), c_int64, c_int64, c_int, _BYTES,
                                 _BYTES]),
    "moeDequantizeMXFP4": (c_int, [_BYTES, _BYTES, c_int64, c_int64, c_int,
                                   POINTER(c_float)]),
    "moeShuffledWeightBytes": (c_int64, [c_int64, c_int64]),
    "moeShuffledScaleBytes": (c_int64, [c_int64, c_int64]),
    "moeShuffleWeightA16W4": _SHUFFLE,
    "moeShuffleScaleA16W4": _SHUFFLE,
    "moeMaxSortedRows": (c_int64, [c_int64, c_int64, c_int64, c_int64]),
    "moeSort": (c_int, [POINTER(Sorting)]),
    "moeRunStage": (c_int, [*_STAGE, c_void_p, _TEXT]),
    "moeRunLayer": (c_int, [*_STAGE, POINTER(Weights), c_void_p, _TEXT]),
    "moeRunBlock": (c_int, [c_void_p, c_char_p, c_void_p, POINTER(Batch),
                            POINTER(Router), POINTER(Weights), POINTER(Weights),
                            c_void_p, _TEXT]),
    "moeQuantizeOnDevice": (c_int, [c_char_p, c_void_p, POINTER(c_uint16), *_ROWS]),
    "moeShuffleOnDevice": (c_int, [c_char_p, c_void_p, _BYTES, _BYTES, *_ROWS]),
    "moeReferenceStage": (c_int, [c_void_p, POINTER(Batch), POINTER(Weights), c_int,
                                  POINTER(c_double)]),
    "moeReferenceLayer": (c_int, [c_void_p, POINTER(Batch), POINTER(Weights),
                                  POINTER(Weights), c_int, POINTER(c_double)]),
    "moeCheckStage": (c_int, [c_void_p, c_char_p, POINTER(Batch), POINTER(Weights),
                              c_int, c_void_p, _TEXT]),
    "moeCheckLayer": (c_int, [c_void_p, c_char_p, POINTER(Batch), POINTER(Weights),
                              POINTER(Weights), c_int, c_void_p, _TEXT]),
}

_lock = threading.Lock()
_loaded: ctypes.CDLL | None = None


def candidates() -> list[pathlib.Path]:
    """Where the library is looked for, in order, unless MOE_LIBRARY names it."""
    package = pathlib.Path(__file__).absolute().parent
    found = [package / NAME]  # a wheel has it beside the modules
    if package.parent.name == "dist-packages" and len(package.parents) > 2:
        # PREFIX/lib/python3/dist-packages/moe of an installed or a build tree.
        found.append(package.parents[2] / NAME)
        found.extend(sorted(package.parents[2].glob("*/" + NAME)))
    source = package.resolve().parents[1]
    if (source / "python" / "pyproject.toml").is_file():
        found.append(source / "build" / "lib" / NAME)
    return found


def load_library(path: str | os.PathLike[str] | None = None) -> ctypes.CDLL:
    """Loads libmoe.so, once for the process, and returns it.

    Without `path` it is: the environment's MOE_LIBRARY; the copy inside the
    package (pip install); the lib folder of the tree the package is installed in;
    the build folder of the source tree; what the system's loader finds.

    Raises ImportError when there is none, or when `path` comes after another
    library was loaded.
    """
    global _loaded
    with _lock:
        if _loaded is not None:
            if path is not None and str(path) != _loaded._name:
                raise ImportError(f"expected one library, got '{path}' after "
                                  f"'{_loaded._name}' was loaded")
            return _loaded
        named = path or os.environ.get("MOE_LIBRARY")
        paths = [str(named)] if named else [
            *(str(p) for p in candidates() if p.is_file()), NAME]
        problems = []
        for entry in paths:
            try:
                _loaded = _declare(ctypes.CDLL(entry))
                return _loaded
            except (OSError, AttributeError) as error:
                problems.append(str(error))
        looked = "" if named else (
            "; looked for " + ", ".join(str(p) for p in candidates()))
        raise ImportError("cannot load libmoe.so: " + "; ".join(problems) + looked +
                          "; build it (ninja -C build moe-c) or name it in "
                          "MOE_LIBRARY")


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def check(status: int) -> None:
    """Raises what the last call of this thread said, unless it worked."""
    if status == 0:
        return
    message = load_library().moeGetLastError().decode(errors="replace")
    raise MoeUsageError(message) if status == 2 else MoeError(message)


def take_text(call: Callable[[Any], int]) -> tuple[int, str | None]:
    """Calls with a `char **` and returns status and text, whose memory is freed."""
    text = c_void_p()
    status = call(byref(text))
    if not text.value:
        return status, None
    result = ctypes.string_at(text.value).decode()
    load_library().moeStringDestroy(text)
    return status, result


def take_json(call: Callable[[Any], int]) -> dict[str, Any]:
    """The object of a call that gives one; raises where the call failed."""
    status, text = take_text(call)
    if status:
        try:
            check(status)
        except MoeError as error:
            # What a failed run found out, the reports of sanitizers for instance.
            error.outcome = json.loads(text) if text else None  # type: ignore[attr-defined]
            raise
    return json.loads(text or "{}")


def spell(value: object, what: str, separator: str = "x") -> bytes | None:
    """An option's value as text; True stands for a flag without one."""
    if value is True:
        return None
    if isinstance(value, (tuple, list)):
        value = separator.join(str(part) for part in value)
    return name_bytes(str(value), what)


def name_bytes(value: object, what: str) -> bytes:
    """The name of a chip or an executor, or another text that ends at a NUL in C."""
    if not isinstance(value, str):
        raise TypeError(f"{what}: expected a name in a str, got {value!r}")
    if "\0" in value:
        raise ValueError(f"{what}: expected a text without NUL, got {value!r}")
    return value.encode()


def check_option(status: int) -> None:
    """As check(), with options named as in Python."""
    try:
        check(status)
    except MoeUsageError as error:
        text = str(error)
        if text.startswith("--kernel:"):
            # moe.compile() makes one kernel; layer() names its two itself.
            raise MoeUsageError(text.replace("|layer,", ",")) from None
        if not text.startswith("unknown option"):
            raise
        # The kernel is in a function's name or its first argument.
        text = text.replace("expected one of kernel, ", "expected one of ")
        raise MoeUsageError(text.replace("-", "_") + "; of an executor: sanitize, "
                            "threads, order_seed, and more (docs/Python.md)") from None


class Handle:
    """An opaque object that is destroyed with the Python one."""

    def __init__(self, create: Callable[[Any], int], destroy: str) -> None:
        self._destroy = getattr(load_library(), destroy)
        self.pointer = c_void_p()
        check(create(byref(self.pointer)))

    def __del__(self) -> None:
        if getattr(self, "pointer", None):
            self._destroy(self.pointer)
            self.pointer = c_void_p()


class Config(Handle):
    """Options of a kernel, named as the command line's flags with underscores."""

    def __init__(self, kernel: str, options: dict[str, Any]) -> None:
        super().__init__(load_library().moeConfigCreate, "moeConfigDestroy")
        settings: dict[str, Any] = {"kernel": kernel, **options}
        for name, value in settings.items():
            if value is None or value is False:
                continue
            check_option(load_library().moeConfigSet(
                self.pointer, name_bytes(name.replace("_", "-"), "option"),
                spell(value, name)))


class Executor(Handle):
    """What runs kernels, with its options."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        super().__init__(
            lambda target: load_library().moeExecutorCreate(
                name_bytes(name, "executor"), target),
            "moeExecutorDestroy")
        for option, value in options.items():
            if value is None or value is False:
                continue
            check(load_library().moeExecutorSet(
                self.pointer, name_bytes(option.replace("_", "-"), "option"),
                spell(value, option, ",")))
