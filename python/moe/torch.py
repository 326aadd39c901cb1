# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.ops.moe.layer, where torch is installed; register() imports it."""

from __future__ import annotations

from typing import Any

from ._layer import layer

_SCHEMA = ("layer(Tensor x, Tensor w13, Tensor scale13, Tensor w2, Tensor scale2, "
           "Tensor topk_ids, Tensor topk_weights, Tensor? bias13=None, "
           "Tensor? bias2=None, *, str chip, str act='silu') -> Tensor")
_registered: Any = None


def register() -> None:
    """Defines torch.ops.moe.layer for CPU tensors, once: moe.layer() with the
    emulator. Shapes are those of moe.layer(); x and the result are bfloat16.

    Raises ImportError without torch.
    """
    global _registered
    if _registered is not None:
        return
    import torch
    library = torch.library.Library("moe", "DEF")
    library.define(_SCHEMA)
    library.impl("layer", _layer, "CPU")
    _registered = library


def _layer(x: Any, w13: Any, scale13: Any, w2: Any, scale2: Any, topk_ids: Any,
           topk_weights: Any, bias13: Any = None, bias2: Any = None, *, chip: str,
           act: str = "silu") -> Any:
    return layer(x, w13, scale13, w2, scale2, topk_ids, topk_weights, bias13, bias2,
                 chip=chip, act=act)
