# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled kernels as objects."""

from __future__ import annotations

import ctypes
import html
import json
import os
from ctypes import byref, c_size_t, c_uint32, c_uint64
from typing import Any

import numpy as np

from ._arrays import from_torch, is_torch
from ._library import (Argument, Config, Executor, GridDimensions, Handle, Launch,
                       MoeUsageError, check, load_library, name_bytes, take_json,
                       take_text, whole)
from .safetensors import as_path

_KINDS = {"buffer": 0, "read-only": 1, "scalar": 2, "null": 3, "device": 4}
_EXECUTOR_OPTIONS = ("sanitize", "threads", "order_seed", "interleave",
                     "mfma_arithmetic", "max_instructions", "stats",
                     "max_reports", "mute", "hip_library")


def split_options(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keyword options of a kernel, and those of an executor. A name may have dashes,
    as on the command line."""
    for name in [name for name in options if "-" in name]:
        other = name.replace("-", "_")
        if other in options:
            raise MoeUsageError(f"expected one of the options '{name}' and '{other}', "
                                "got both")
        options = {**options, other: options[name]}
        del options[name]
    kernel = {k: v for k, v in options.items() if k not in _EXECUTOR_OPTIONS}
    return kernel, {k: v for k, v in options.items() if k in _EXECUTOR_OPTIONS}


class Kernel:
    """A linked code object with one kernel; made by moe.compile()."""

    def __init__(self, chip: str, config: Config | None, source: str | None,
                 source_name: str, choice: dict[str, Any] | None) -> None:
        library = load_library()
        self.chip = chip
        #: Why the configuration is what it is, where it was chosen: "axes" and more.
        self.choice = choice
        self._config, self._source, self._source_name = config, source, source_name
        if config is not None:
            pointer = config.pointer
            self._handle = Handle(
                lambda target: library.moeCompile(pointer, name_bytes(chip, "chip"), target),
                "moeKernelDestroy")
        else:
            text = (source or "").encode()
            self._handle = Handle(
                lambda target: library.moeCompileIR(
                    text, len(text), name_bytes(source_name, "source_name"),
                    name_bytes(chip, "chip"), target),
                "moeKernelDestroy")

    @property
    def name(self) -> str:
        """The kernel's symbol."""
        return load_library().moeKernelGetName(self._handle.pointer).decode()

    @property
    def code(self) -> bytes:
        """The ELF file, as hipModuleLoadData takes it."""
        size = c_size_t()
        data = load_library().moeKernelGetCode(self._handle.pointer, byref(size))
        return ctypes.string_at(data, size.value)

    @property
    def report(self) -> dict[str, Any]:
        """Registers, LDS, spills, occupancy, hot loop, grid: what the finished file
        says of itself (`moe-compile --report`)."""
        return json.loads(load_library().moeKernelGetReport(self._handle.pointer))

    @property
    def block(self) -> tuple[int, int, int]:
        """Threads of a workgroup in x, y, z."""
        block = (c_uint32 * 3)()
        load_library().moeKernelGetBlock(self._handle.pointer, block)
        return block[0], block[1], block[2]

    def grid(self, tokens: int, *, n: int = -1, k: int = -1,
             num_blocks: int = -1) -> tuple[int, int, int]:
        """Workgroups in x, y, z for a launch of `tokens` tokens.

        num_blocks is the length of `expert_ids`; without it, the most that the
        tokens can need. A kernel made of IR needs n, k and num_blocks as well.
        """
        whole(tokens, "tokens", least=0)
        grid = (c_uint32 * 3)()
        dimensions = GridDimensions(tokens, n, k, num_blocks)
        check(load_library().moeKernelGetGrid(self._handle.pointer, byref(dimensions),
                                              grid))
        return grid[0], grid[1], grid[2]

    def emit(self, stage: str) -> str:
        """The text of a stage: "mlir", "tile", "llvm" or "asm"."""
        library, chip = load_library(), name_bytes(self.chip, "chip")
        if self._config is not None:
            pointer = self._config.pointer
            status, text = take_text(lambda target: library.moeEmit(
                pointer, name_bytes(stage, "stage"), chip, target))
        else:
            source = (self._source or "").encode()
            status, text = take_text(lambda target: library.moeEmitIR(
                source, len(source), name_bytes(self._source_name, "source_name"),
                name_bytes(stage, "stage"), chip, target))
        check(status)
        return text or ""

    @property
    def mlir(self) -> str:
        """The kernel-level IR (of a kernel made of IR: that IR)."""
        return self.emit("mlir")

    @property
    def asm(self) -> str:
        """The assembly."""
        return self.emit("asm")

    def launch(self, *arguments: Any, grid: tuple[int, int, int] | None = None,
               tokens: int | None = None, dynamic_lds: int = 0,
               executor: str = "emulator", stream: int | None = None,
               **options: Any) -> dict[str, Any]:
        """Runs the kernel with the explicit arguments of docs/KernelABI.md.

        An array, of NumPy or a tensor of torch in host memory, is a buffer and changed in
        place: C order, native byte order; a read-only one must not be written. None is a null pointer, an
        int an i32, a float an f32, a NumPy scalar a value of its type. Either `grid`
        or `tokens` is required; dynamic_lds is in bytes. Options: sanitize, threads, order_seed,
        interleave, mfma_arithmetic, max_instructions, stats, max_reports, mute; with
        executor="hip" hip_library. Returns instructions, seconds, reports, stats; raises MoeError where
        a sanitizer reports something (its `outcome` has all).

        Arrays in a GPU's memory (a tensor of a ROCm torch, whatever has
        `__cuda_array_interface__`) are passed as they are, with executor="hip": all
        arrays are then, nothing is copied, and the launch is put on `stream`, a
        hipStream_t as an int (None: torch's current one, or the default one). It returns
        at once, with an empty dictionary.
        """
        unknown = split_options(options)[0]
        if unknown:
            raise TypeError("launch() got an unexpected option "
                            f"'{next(iter(unknown))}'")
        if grid is None:
            if tokens is None:
                raise MoeUsageError("expected grid or tokens, got neither")
            grid = self.grid(tokens)
        if len(grid) != 3:
            raise ValueError(f"grid: expected workgroups in x, y and z, got {grid}")
        sizes = [whole(size, "grid", c_uint32, 1) for size in grid]
        passed, keep = _arguments(arguments)
        code = self.code
        launch = Launch(
            code=ctypes.cast(ctypes.c_char_p(code), ctypes.c_void_p),
            code_size=len(code), kernel=self.name.encode(), grid=(c_uint32 * 3)(*sizes),
            block=(c_uint32 * 3)(*self.block), dynamic_lds=dynamic_lds,
            arguments=passed, num_arguments=len(arguments))
        on_device = any(argument.kind == _KINDS["device"] for argument in passed)
        if on_device and executor != "hip":
            raise MoeUsageError("executor: expected hip for arrays in a GPU's memory, "
                                f"got {executor}")
        runner = Executor(executor, options)
        if on_device:
            if stream is None:
                stream = _current_stream(arguments)
            check(load_library().moeLaunchOnStream(runner.pointer, byref(launch),
                                                   stream))
            return {}
        if stream is not None:
            raise MoeUsageError("stream: expected arrays in a GPU's memory besides, got "
                                "none")
        outcome = take_json(lambda target: load_library().moeLaunch(
            runner.pointer, byref(launch), target))
        del keep
        return outcome

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("expected a kernel that stays in its process, got a copy or a pickle "
                        "of one; moe.compile() makes it again, .code is its bytes")

    def __repr__(self) -> str:
        return f"<moe.Kernel {self.name} for {self.chip}>"

    def _repr_html_(self) -> str:
        """The report as a table, for notebooks."""
        rows = []
        for key, value in self.report.items():
            if isinstance(value, dict):
                value = ", ".join(f"{name} {count}" for name, count in value.items())
            elif isinstance(value, list):
                value = " x ".join(str(part) for part in value)
            rows.append(f"<tr><th style='text-align:left'>{html.escape(key)}</th>"
                        f"<td>{html.escape(str(value))}</td></tr>")
        return f"<table><caption>{html.escape(self.name)}</caption>" + "".join(
            rows) + "</table>"


def device_pointer(value: Any, name: str) -> int | None:
    """The address of an array in a GPU's memory; None for any other value."""
    if is_torch(value) or hasattr(value, "data_ptr"):
        if value.device.type not in ("cuda", "hip"):
            return None
        if not value.is_contiguous():
            raise ValueError(f"{name}: expected a contiguous tensor, since kernels work "
                             "in place")
        return int(value.data_ptr())
    interface = getattr(value, "__cuda_array_interface__", None)
    if interface is None:
        return None
    if interface.get("strides") is not None:
        raise ValueError(f"{name}: expected an array in C order, since kernels work in "
                         "place")
    return int(interface["data"][0])


def _current_stream(values: tuple[Any, ...]) -> int:
    """The stream that torch is on, where a tensor is its own; else the default."""
    for value in values:
        if is_torch(value) and value.device.type == "cuda":
            import torch  # the tensor's own
            return int(torch.cuda.current_stream(value.device).cuda_stream)
    return 0


def _arguments(values: tuple[Any, ...]) -> tuple[Any, list[Any]]:
    """The list for the C library, and what must live as long."""
    passed = (Argument * max(len(values), 1))()
    keep: list[Any] = [passed]
    for index, value in enumerate(values):
        name = f"argument {index}"
        if value is None:
            passed[index] = Argument(_KINDS["null"], name.encode(), None, 0)
            continue
        if isinstance(value, bool):
            raise TypeError(f"{name}: expected an array, a number or None, got bool")
        if isinstance(value, int) and not -(1 << 31) <= value < 1 << 31:
            raise ValueError(f"{name}: expected an int of 32 bits, got {value}; "
                             "numpy.int64 has 64")
        address = device_pointer(value, name)
        if address is not None:
            keep.append(value)
            passed[index] = Argument(_KINDS["device"], name.encode(), address, 0)
            continue
        if is_torch(value):
            value, _ = from_torch(value, name, in_place=True)
        scalar = isinstance(value, (int, float, np.generic))
        if isinstance(value, int):
            value = np.int32(value)
        elif isinstance(value, float) and not isinstance(value, np.generic):
            value = np.float32(value)
        if not scalar and not isinstance(value, np.ndarray):
            raise TypeError(f"{name}: expected a NumPy array, a number or None, got "
                            f"{type(value).__name__}")
        array = np.array(value) if scalar else value
        if array.dtype.hasobject:
            raise TypeError(f"{name}: expected numbers, got {array.dtype}")
        if not array.flags.c_contiguous or not array.dtype.isnative:
            raise ValueError(f"{name}: expected an array in C order and native byte "
                             "order, since kernels work in place; "
                             "numpy.ascontiguousarray() makes one")
        keep.append(array)
        kind = ("scalar" if scalar else
                "buffer" if array.flags.writeable else "read-only")
        passed[index] = Argument(_KINDS[kind], name.encode(), array.ctypes.data,
                                 array.nbytes)
    return passed, keep


def set_compile_cache(folder: str | os.PathLike[str] | None, *,
                      megabytes: int = 256) -> None:
    """Keeps what this process compiles in a folder, and takes from it what it or
    another process compiled before. None: no cache, as at the start.

    The folder is made when it is needed and may be used by several processes at once;
    files that were used longest ago go once there are more than `megabytes`. What
    cannot be written there is compiled all the same.
    """
    whole(megabytes, "megabytes", c_uint64)
    path = None if folder is None else os.fsencode(as_path(folder, "folder"))
    check(load_library().moeSetCompileCache(path, megabytes))


def compile(kernel: str | None = None, *, chip: str, source: str | None = None,
            source_name: str = "source", tokens: int | None = None,
            **options: Any) -> Kernel:
    """Compiles one kernel for a chip.

    kernel: "gemm1", "gemm2", "activate" or "reduce", described by options named as
    moe-compile's flags with underscores: model_dim=2880, tile="16x128x256" or
    (16, 128, 256), no_accumulate=True. Without a tile, `tokens` chooses one for
    batches of that size. Or source: the text (not the name of a file) of MLIR with one
    kernel, which messages call source_name; a `kernel` with a line break in it is taken
    as such text.
    """
    for name, value in (("kernel", kernel), ("source", source)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name}: expected a str, got {type(value).__name__}")
    if kernel is not None and source is None and "\n" in kernel:
        kernel, source = None, kernel
    if (kernel is None) == (source is None):
        raise MoeUsageError("expected kernel or source, got " +
                            ("neither" if kernel is None else "both"))
    if source is not None:
        if options or tokens is not None:
            raise MoeUsageError("expected no options with source, got " +
                                (next(iter(options), "tokens")))
        return Kernel(chip, None, source, source_name, None)
    config = Config(str(kernel), options)
    choice = None
    if tokens is not None:
        whole(tokens, "tokens")
        choice = take_json(lambda target: load_library().moeConfigChoose(
            config.pointer, name_bytes(chip, "chip"), tokens, 0, target))
    return Kernel(chip, config, None, source_name, choice)
