# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays in a GPU's memory: recognised, and passed to kernels as pointers.

Nothing here allocates or copies; what does is the framework that owns the memory.
No GPU was at hand: tests run it over the emulated HIP library (docs/HIP.md).
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ._host import moe_sorting
from ._kernel import Kernel, compile


class Memory(Protocol):
    """What a framework does for a layer on its device."""

    #: A hipStream_t, on which the launches are put; 0 is the default one.
    stream: int

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """A bfloat16 array of zeros on the device, ready for the stream."""

    def upload(self, array: npt.NDArray[Any]) -> Any:
        """A copy on the device."""

    def host(self, array: Any) -> npt.NDArray[Any]:
        """A copy in host memory."""


#: Defaults of alpha, limit, beta and linear_beta.
_PARAMETERS = {"silu": (1.702, math.inf, 4.0, 25.0),
               "swiglu": (1.702, 7.0, 4.0, 25.0),
               "situv2": (1.702, math.inf, 4.0, 25.0)}
_kernels: dict[tuple[Any, ...], Kernel] = {}


def _kernel(name: str, tokens: int, **options: Any) -> tuple[Kernel, int]:
    """The kernel that is chosen for so many tokens, compiled once, and its tile_m.

    Batches are taken together by powers of two, so that every size in between does
    not compile a kernel of its own.
    """
    size = 1 << max(0, tokens - 1).bit_length()
    key = (name, size, *sorted(options.items()))
    if key not in _kernels:
        _kernels[key] = compile(name, tokens=size, **options)
    kernel = _kernels[key]
    axes = {axis["axis"]: axis["value"] for axis in (kernel.choice or {})["axes"]}
    return kernel, int(axes["tile_m"])


def layer(memory: Memory, x: Any, w13: Any, scale13: Any, w2: Any, scale2: Any,
          topk_ids: Any, topk_weights: Any, bias13: Any = None, bias2: Any = None, *,
          chip: str, act: str = "silu", hip_library: str | None = None) -> Any:
    """Both stages on device memory: bfloat16 [T, H], started on memory.stream.

    Weights and scales are in the kernel's order (moe.shuffle_weight_a16w4,
    gate "separated"); all arrays are in C order. The tensors stay where they are; only the
    routing, topk ids and weights, is sorted by the host, which waits for the stream.
    """
    if act not in _PARAMETERS:
        raise ValueError(f"act: expected silu, swiglu or situv2, got '{act}'")
    if (bias13 is None) != (bias2 is None):
        raise ValueError("bias13 and bias2: expected both or neither, got only "
                         + ("bias2" if bias13 is None else "bias13"))
    tokens, hidden = (int(size) for size in x.shape)
    experts, inter = int(w13.shape[0]), int(w13.shape[1]) // 2
    topk = int(topk_ids.shape[1])
    out = memory.zeros((tokens, hidden))
    if tokens == 0:
        return out
    options = dict(chip=chip, model_dim=hidden, inter_dim=inter, experts=experts,
                   topk=topk, bias=bias13 is not None)
    first, tile1 = _kernel("gemm1", tokens, act=act, **options)
    second, tile2 = _kernel("gemm2", tokens, **options)
    ids, weights = memory.host(topk_ids), memory.host(topk_weights)

    def run(kernel: Kernel, tile: int, target: Any, source: Any, w: Any, scale: Any,
            bias: Any, n: int, k: int, *parameters: np.float32) -> None:
        routing = moe_sorting(ids, weights, experts, tile)
        blocks = len(routing.expert_ids)
        kernel.launch(target, source, w, scale,
                      *(memory.upload(array) for array in (
                          routing.sorted_token_ids, routing.expert_ids,
                          routing.sorted_weights, routing.num_valid_ids)),
                      bias, tokens, n, k, blocks, *parameters,
                      grid=kernel.grid(tokens, num_blocks=blocks), executor="hip",
                      stream=memory.stream, hip_library=hip_library)

    between = memory.zeros((tokens * topk, inter))
    run(first, tile1, between, x, w13, scale13, bias13, 2 * inter, hidden,
        *map(np.float32, _PARAMETERS[act]))
    run(second, tile2, out, between, w2, scale2, bias2, hidden, inter)
    return out
