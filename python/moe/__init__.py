# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MXFP4 mixture-of-experts kernels for AMD CDNA GPUs: compile, run, check.

The package is a thin layer over libmoe.so; docs/Python.md is its manual.

Every function raises MoeUsageError for an unknown, missing or unparsable name or value
of an option, MoeError where the work failed or a well-formed value is refused, and
TypeError or ValueError for an array of another type or shape than the function names.
Messages say what was expected and what was given.
"""

from . import torch
from ._arrays import from_bfloat16, to_bfloat16
from ._block import Routing, block
from ._draw import plot_layout
from ._host import (SortedTokens, dequantize_mxfp4, moe_sorting, quantize_mxfp4,
                    shuffle_scale_a16w4, shuffle_weight_a16w4)
from ._kernel import Kernel, compile, set_compile_cache
from ._layer import (check_gemm1, check_gemm2, check_layer, gemm1, gemm2, layer,
                     reference_gemm1, reference_gemm2, reference_layer)
from ._library import MoeError, MoeUsageError, load_library
from ._weights import prepare_weights
from .checkpoint import (LayerWeights, Split, load_converted, load_gpt_oss,
                         load_layer)
from .safetensors import CheckpointError

__all__ = [
    "CheckpointError", "Kernel", "LayerWeights", "MoeError", "MoeUsageError",
    "Routing", "SortedTokens", "Split", "block", "check_gemm1",
    "check_gemm2", "check_layer", "compile", "dequantize_mxfp4", "from_bfloat16",
    "gemm1", "gemm2", "layer", "load_converted", "load_gpt_oss", "load_layer",
    "load_library", "moe_sorting", "plot_layout",
    "prepare_weights",
    "quantize_mxfp4", "reference_gemm1", "reference_gemm2", "reference_layer",
    "set_compile_cache",
    "shuffle_scale_a16w4", "shuffle_weight_a16w4", "to_bfloat16", "torch"
]

__version__ = "0.1.0"
