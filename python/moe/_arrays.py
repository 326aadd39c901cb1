# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of any kind to what the C library takes: C order, native byte order.

An argument may be a NumPy array (strided, read-only, big-endian), a torch tensor
in host memory, anything with __array_interface__, __array__ or DLPack, or a list.
It is copied only where its memory is not already right. bfloat16 is uint16 (the
bits), ml_dtypes' or torch's type.
"""

from __future__ import annotations

import ctypes
import mmap
from typing import Any, Sequence, Union

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: What the functions accept as an array.
ArrayLike = Union[Array, Sequence[Any], Any]


def is_torch(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(
        value, "detach")


def from_torch(tensor: Any, name: str, *, in_place: bool = False) -> tuple[Array, bool]:
    """The array of a tensor, and whether it is bf16. It shares the tensor's memory,
    unless elements of that are still to be negated or conjugated: with in_place this
    is refused."""
    if tensor.device.type != "cpu":
        raise ValueError(f"{name}: expected a tensor in host memory, got one on "
                         f"{tensor.device}; call .cpu() first")
    if str(tensor.layout) != "torch.strided":
        raise TypeError(f"{name}: expected a dense tensor, got one of layout "
                        f"{tensor.layout}; call .to_dense() first")
    tensor = tensor.detach()
    if tensor.is_neg() or tensor.is_conj():
        if in_place:
            raise ValueError(f"{name}: expected a tensor to write to, got one with the "
                             f"{'negative' if tensor.is_neg() else 'conjugate'} bit")
        tensor = tensor.resolve_conj().resolve_neg()
    if str(tensor.dtype) == "torch.bfloat16":
        import torch  # the tensor's own
        return tensor.view(torch.int16).numpy().view(np.uint16), True
    return tensor.numpy(), False


def _check_mapped(array: Array, name: str) -> None:
    """Refuses memory of a file that has become shorter since it was mapped: reading it
    would end the process."""
    root: Any = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    file: Any = root.base
    if not isinstance(root, np.memmap) or not isinstance(file, mmap.mmap):
        return
    needed, size = root.offset + root.nbytes, file.size()
    if size < needed:
        raise ValueError(f"{name}: expected a file of at least the {needed} bytes that "
                         f"were mapped, got {size} in '{root.filename}', which was "
                         "truncated")


def to_numpy(value: ArrayLike, name: str, *, in_place: bool = False) -> tuple[Array, bool]:
    """A NumPy array of `value`, and whether its uint16 are surely bfloat16. in_place: the
    array is written to."""
    if value is None:
        raise TypeError(f"{name}: expected an array, got None")
    if is_torch(value):
        array, is_bf16 = from_torch(value, name, in_place=in_place)
    elif (not isinstance(value, np.ndarray) and hasattr(value, "__dlpack__")
          and not hasattr(value, "__array_interface__")):
        try:
            array, is_bf16 = np.from_dlpack(value), False
        except (RuntimeError, BufferError, TypeError) as error:
            raise TypeError(f"{name}: expected an array NumPy can read through "
                            f"DLPack, got {type(value).__name__}: {error}") from None
    else:
        masked = np.count_nonzero(getattr(value, "mask", False))
        if isinstance(value, np.ma.MaskedArray) and masked:
            raise ValueError(f"{name}: expected no masked elements, got {masked}; "
                             ".filled() puts a value there")
        try:
            array, is_bf16 = np.asarray(value), False
        except (ValueError, TypeError) as error:  # rows of different lengths
            raise type(error)(f"{name}: expected an array, got {type(value).__name__}: "
                              f"{error}") from None
    _check_mapped(array, name)
    if array.dtype.name == "bfloat16":
        array, is_bf16 = array.view(np.uint16), True
    if array.dtype.kind not in "iufb":
        raise TypeError(f"{name}: expected numbers, got {array.dtype}")
    return array, is_bf16


def lay_out(array: Array, dtype: Any) -> Array:
    """The array, or a copy, as C reads it: in order, in its own byte order, aligned."""
    # np.ascontiguousarray() keeps an unaligned array, and gives one without axes one.
    return np.require(array, np.dtype(dtype), ["C", "A"])


def _numbers_of_list(value: ArrayLike, array: Array) -> Array:
    """Whole numbers in a Python list are numbers; an array's type is meant."""
    if isinstance(value, (list, tuple)) and array.dtype.kind == "i":
        return array.astype(np.float64)
    return array


def _refuse(name: str, expected: str, array: Array) -> TypeError:
    return TypeError(f"{name}: expected {expected}, got {array.dtype}")


def to_bfloat16(values: ArrayLike) -> npt.NDArray[np.uint16]:
    """Rounds values, float16, float32 or float64, to bfloat16, once, to nearest even.

    Returns the bits, uint16, of the same shape. bfloat16 is returned as it is.
    """
    return bf16_bits(values, "values")


def from_bfloat16(bits: ArrayLike) -> npt.NDArray[np.float32]:
    """The values float32 of bfloat16 numbers, bits uint16, of the same shape, exactly."""
    array, _ = to_numpy(bits, "bits")
    if array.dtype.newbyteorder("=") != np.uint16:
        raise _refuse("bits", "bfloat16 (as uint16)", array)
    shifted = np.left_shift(lay_out(array, np.uint16), 16, dtype=np.uint32)
    return np.asarray(shifted).view(np.float32)


def _to_odd(values: Array) -> npt.NDArray[np.float32]:
    """float64 to float32, the last bit set where it is not exact, so that rounding
    once more gives what rounding once would."""
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = values.astype(np.float32)
        exact = rounded.astype(np.float64)
        away = np.abs(exact) > np.abs(values)
        rounded = np.where(away, np.nextafter(rounded, np.float32(0)), rounded)
        inexact = (exact != values) & ~np.isnan(values)
    bits = np.ascontiguousarray(rounded).view(np.uint32)
    return np.where(inexact, bits | 1, bits).astype(np.uint32).view(np.float32)


def bf16_bits(value: ArrayLike, name: str) -> npt.NDArray[np.uint16]:
    """bfloat16 bits in C order; other floats are rounded to nearest even."""
    array, _ = to_numpy(value, name)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return lay_out(array, np.uint16)
    array = _numbers_of_list(value, array)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise _refuse(name, "bfloat16 (as uint16), or float16, float32 or float64 "
                      "to be rounded", array)
    shape, array = array.shape, np.atleast_1d(array)
    floats = (_to_odd(lay_out(array, np.float64)) if array.dtype.itemsize == 8
              else lay_out(array, np.float32))
    bits = floats.view(np.uint32)
    rounded = (bits.astype(np.uint64) + 0x7FFF + ((bits >> 16) & 1)) >> 16
    # A NaN must not become an infinity by rounding.
    quiet = (bits >> 16) | 0x40
    return np.where(np.isnan(floats), quiet, rounded).astype(np.uint16).reshape(shape)


def floats(value: ArrayLike, name: str) -> npt.NDArray[np.float32]:
    """float32 in C order, from any float; uint16 are bfloat16 bits."""
    array, _ = to_numpy(value, name)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return from_bfloat16(lay_out(array, np.uint16))
    array = _numbers_of_list(value, array)
    if array.dtype.kind != "f":
        raise _refuse(name, "float32 (or another float, or bfloat16 as uint16)",
                      array)
    return lay_out(array, np.float32)


def ids(value: ArrayLike, name: str, *, is_mask: bool = False) -> npt.NDArray[np.int32]:
    """int32 in C order, from any integers, for a mask from bools too; what int32
    cannot hold becomes -1, which names no expert either."""
    array, _ = to_numpy(value, name)
    if array.size == 0 and array.dtype == np.float64 and isinstance(value, list):
        array = array.astype(np.int32)  # an empty list has no type of its own
    if is_mask and array.dtype.kind == "b":
        array = array.astype(np.int32)
    if array.dtype.kind not in "iu":
        raise _refuse(name, "int32 (or another integer)", array)
    if array.dtype.itemsize > 2 and array.dtype.newbyteorder("=") != np.int32:
        array = np.where((array < -(1 << 31)) | (array > (1 << 31) - 1), -1, array)
    return lay_out(array, np.int32)


def codes(value: ArrayLike, name: str) -> npt.NDArray[np.uint8]:
    """uint8 in C order, nothing else."""
    array, _ = to_numpy(value, name)
    if array.dtype != np.uint8:
        raise _refuse(name, "uint8", array)
    return lay_out(array, np.uint8)


def check_shape(array: Array, shape: Sequence[int | None], name: str,
                meaning: str) -> None:
    """Refuses another shape; None stands for any size."""
    if array.ndim == len(shape) and all(
            want in (None, size) for want, size in zip(shape, array.shape)):
        return
    sizes = ", ".join("?" if want is None else str(want) for want in shape)
    raise ValueError(f"{name}: expected shape [{sizes}] ({meaning}), got "
                     f"{list(array.shape)}")


def check_separate(array: Array, name: str) -> None:
    """Refuses an array to write to of which two elements share memory."""
    axes = sorted((abs(step), size) for step, size in zip(array.strides, array.shape)
                  if size > 1)
    reach = array.itemsize
    for step, size in axes:
        if step < reach:
            break  # it may be so
        reach += step * (size - 1)
    else:
        return
    offsets = np.zeros(1, np.int64)
    for step, size in axes:
        offsets = np.add.outer(offsets, step * np.arange(size)).ravel()
    if array.size and np.diff(np.sort(offsets)).min(initial=reach) < array.itemsize:
        raise ValueError(f"{name}: expected memory of its own for each element, got "
                         f"strides {list(array.strides)} for shape {list(array.shape)}")


def pointer(array: Array | None, kind: Any) -> Any:
    """A pointer for ctypes; the caller keeps the array."""
    if array is None:
        return None
    return array.ctypes.data_as(ctypes.POINTER(kind))


def like(result: Array, model: ArrayLike, is_bf16: bool) -> Any:
    """`result` as the kind of array that `model` is."""
    if is_torch(model):
        import torch
        if is_bf16:
            return torch.from_numpy(result.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(result)
    dtype = getattr(model, "dtype", None)
    if is_bf16 and isinstance(dtype, np.dtype) and dtype.name == "bfloat16":
        return result.view(dtype)
    return result
