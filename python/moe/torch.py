# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.ops.moe.layer, where torch is installed; register() imports it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _device
from ._layer import layer

_SCHEMA = ("layer(Tensor x, Tensor w13, Tensor scale13, Tensor w2, Tensor scale2, "
           "Tensor topk_ids, Tensor topk_weights, Tensor? bias13=None, "
           "Tensor? bias2=None, *, str chip, str act='silu', bool shuffled=False) "
           "-> Tensor")
_registered: Any = None


def register() -> None:
    """Defines torch.ops.moe.layer, once.

    On CPU tensors it is moe.layer() with the emulator; shapes are those of
    moe.layer(); x and the result are bfloat16. On tensors of a ROCm torch (its device
    is "cuda") it launches both kernels on torch's current stream, with the tensors
    where they are: weights have to be in the kernel's order, shuffled=True, and ids
    and weights of the routing are sorted by the host. That path has run over the
    emulated HIP library, not on a GPU.

    Raises ImportError without torch.
    """
    global _registered
    if _registered is not None:
        return
    import torch
    library = torch.library.Library("moe", "DEF")
    library.define(_SCHEMA)
    library.impl("layer", _layer, "CPU")
    library.impl("layer", _layer_on_device, "CUDA")
    _registered = library


def _layer(x: Any, w13: Any, scale13: Any, w2: Any, scale2: Any, topk_ids: Any,
           topk_weights: Any, bias13: Any = None, bias2: Any = None, *, chip: str,
           act: str = "silu", shuffled: bool = False) -> Any:
    return layer(x, w13, scale13, w2, scale2, topk_ids, topk_weights, bias13, bias2,
                 chip=chip, act=act, shuffled=shuffled)


class _TorchMemory:
    """torch's allocator and current stream, of the device of a tensor."""

    def __init__(self, tensor: Any) -> None:
        import torch
        self.device = tensor.device
        self.stream = int(torch.cuda.current_stream(tensor.device).cuda_stream)

    def zeros(self, shape: tuple[int, ...]) -> Any:
        import torch
        return torch.zeros(shape, dtype=torch.bfloat16, device=self.device)

    def upload(self, array: npt.NDArray[Any]) -> Any:
        import torch
        return torch.from_numpy(array).to(self.device)

    def host(self, array: Any) -> npt.NDArray[Any]:
        return np.asarray(array.cpu().numpy())


def _layer_on_device(x: Any, w13: Any, scale13: Any, w2: Any, scale2: Any,
                     topk_ids: Any, topk_weights: Any, bias13: Any = None,
                     bias2: Any = None, *, chip: str, act: str = "silu",
                     shuffled: bool = False) -> Any:
    if not shuffled:
        raise ValueError("shuffled: expected True for weights on a device, got False; "
                         "moe.shuffle_weight_a16w4() and moe.shuffle_scale_a16w4() put "
                         "them into the kernel's order, once")
    if str(x.dtype) != "torch.bfloat16":
        raise TypeError(f"x: expected torch.bfloat16, got {x.dtype}")
    return _device.layer(_TorchMemory(x), x, w13, scale13, w2, scale2, topk_ids,
                         topk_weights, bias13, bias2, chip=chip, act=act)
