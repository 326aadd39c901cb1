# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""executor="hip" and arrays in a device's memory, over the emulated HIP library.

The framework that would own the memory is played by Tensor and Memory below; what
the package sees of torch's tensors they have.
"""

import ctypes
import json
import os
import pathlib
import types

import numpy as np
import pytest

import moe
from conftest import Layer, assert_close
from moe import _device
from moe._library import load_library

CHIP = "gfx950"
LIBRARY = str(pathlib.Path(load_library()._name).resolve().parent /
              "libamdhip64_emulated.so")


@pytest.fixture(scope="module")
def hip(tmp_path_factory):
    """The emulated library, which checks what is launched."""
    config = tmp_path_factory.mktemp("hip") / "config.json"
    config.write_text(json.dumps({"chip": CHIP, "sanitize": "wait,race"}))
    os.environ["MOE_HIP_CONFIG"] = str(config)
    return ctypes.CDLL(LIBRARY)


class Tensor:
    """Device memory with the members of a torch tensor that the package uses."""

    def __init__(self, hip, array, device="cuda", contiguous=True):
        self.hip, self.shape, self.dtype = hip, array.shape, array.dtype
        self.device = types.SimpleNamespace(type=device)
        self.contiguous = contiguous
        self.pointer = ctypes.c_void_p()
        assert hip.hipMalloc(ctypes.byref(self.pointer),
                             ctypes.c_size_t(max(array.nbytes, 1))) == 0
        array = np.ascontiguousarray(array)
        assert hip.hipMemcpy(self.pointer, ctypes.c_void_p(array.ctypes.data),
                             ctypes.c_size_t(array.nbytes), 1) == 0

    def data_ptr(self):
        return self.pointer.value

    def is_contiguous(self):
        return self.contiguous

    def numpy(self):
        array = np.empty(self.shape, self.dtype)
        assert self.hip.hipMemcpy(ctypes.c_void_p(array.ctypes.data), self.pointer,
                                  ctypes.c_size_t(array.nbytes), 2) == 0
        return array


class Interface:
    """Nothing but __cuda_array_interface__, as cupy has it."""

    def __init__(self, tensor, strides=None):
        self.__cuda_array_interface__ = {
            "shape": tensor.shape, "typestr": tensor.dtype.str, "version": 3,
            "data": (tensor.data_ptr(), False), "strides": strides}


class Memory:
    def __init__(self, hip):
        self.hip, self.kept = hip, []
        stream = ctypes.c_void_p()
        assert hip.hipStreamCreate(ctypes.byref(stream)) == 0
        self.stream = stream.value

    def zeros(self, shape):
        return self.upload(np.zeros(shape, np.uint16))

    def upload(self, array):
        self.kept.append(Tensor(self.hip, array))
        return self.kept[-1]

    def host(self, array):
        self.wait()
        return array.numpy()

    def wait(self):
        assert self.hip.hipStreamSynchronize(ctypes.c_void_p(self.stream)) == 0


def test_weights_are_prepared_on_the_device(hip):
    bits = moe.to_bfloat16(np.random.default_rng(1).standard_normal((2, 64, 96)))
    device = {"executor": "hip", "hip_library": LIBRARY, "chip": CHIP}
    for got, expected in ((moe.prepare_weights(bits, gate="rows", **device),
                           moe.prepare_weights(bits, gate="rows", chip=CHIP)),
                          (moe.quantize_mxfp4(bits, **device), moe.quantize_mxfp4(bits))):
        for a, b in zip(got, expected):
            np.testing.assert_array_equal(a, b)


def test_a_block_runs_on_the_device(hip, tensors):
    x, w13, scale13, w2, scale2, _, _ = tensors.arguments()
    logits = np.random.default_rng(5).integers(-3, 4, (8, 6)).astype(np.float32)
    call = {"topk": 2, "chip": CHIP, "deterministic": True}
    got = moe.block(x, logits, w13, scale13, w2, scale2, executor="hip", hip_library=LIBRARY, **call)
    np.testing.assert_array_equal(got, moe.block(x, logits, w13, scale13, w2, scale2, **call))


def test_host_arrays_on_a_device(hip, tensors):
    """Copied to the device and back: what the emulator computes."""
    options = dict(chip=CHIP, out_type="f32")
    expected = moe.layer(*tensors.arguments(), **options)
    got = moe.layer(*tensors.arguments(), executor="hip", hip_library=LIBRARY, **options)
    assert_close(got, expected.astype(np.float64))
    expected = moe.gemm2(*tensors.stage2(), no_accumulate=True, chip=CHIP)
    got = moe.gemm2(*tensors.stage2(), no_accumulate=True, chip=CHIP, executor="hip",
                    hip_library=LIBRARY)
    np.testing.assert_array_equal(got, expected)


def launch_arguments(tensors):
    kernel = moe.compile("gemm2", chip=CHIP, tile=(16, 128, 128), model_dim=128,
                         inter_dim=96, experts=6, topk=2, no_accumulate=True)
    routing = moe.moe_sorting(tensors.ids, tensors.weights, 6, 16)
    blocks = len(routing.expert_ids)
    arrays = (tensors.a2, moe.shuffle_weight_a16w4(tensors.w2),
              moe.shuffle_scale_a16w4(tensors.scale2), routing.sorted_token_ids,
              routing.expert_ids, routing.sorted_weights, routing.num_valid_ids)
    scalars = (None, 8, 128, 96, blocks)
    return kernel, arrays, scalars, kernel.grid(8, num_blocks=blocks)


@pytest.mark.parametrize("wrap", [lambda tensor: tensor, Interface])
def test_device_pointers_are_passed_as_they_are(wrap, hip, tensors):
    kernel, arrays, scalars, grid = launch_arguments(tensors)
    expected = np.zeros((16, 128), np.uint16)
    kernel.launch(expected, *arrays, *scalars, grid=grid)
    memory = Memory(hip)
    out = memory.zeros((16, 128))
    outcome = kernel.launch(wrap(out), *(wrap(memory.upload(array)) for array in arrays),
                            *scalars, grid=grid, executor="hip", hip_library=LIBRARY,
                            stream=memory.stream)
    memory.wait()
    assert outcome == {} and expected.any()
    np.testing.assert_array_equal(out.numpy(), expected)


@pytest.mark.parametrize("act, bias", [("silu", False), ("swiglu", True)])
def test_a_layer_on_device_memory(act, bias, hip):
    tensors = Layer()
    biases = (tensors.bias13, tensors.bias2) if bias else (None, None)
    expected = moe.layer(*tensors.arguments(), *biases, chip=CHIP, act=act,
                         out_type="f32")
    memory = Memory(hip)
    put = lambda array: None if array is None else memory.upload(array)
    y = _device.layer(
        memory, put(tensors.x), put(moe.shuffle_weight_a16w4(tensors.w13)),
        put(moe.shuffle_scale_a16w4(tensors.scale13)),
        put(moe.shuffle_weight_a16w4(tensors.w2)),
        put(moe.shuffle_scale_a16w4(tensors.scale2)), put(tensors.ids),
        put(tensors.weights), *map(put, biases), chip=CHIP, act=act, hip_library=LIBRARY)
    memory.wait()
    # Two roundings to bfloat16 where the sum in float has none.
    assert_close(y.numpy(), expected.astype(np.float64), bits=7)


def test_no_tokens_on_a_device(hip):
    tensors = Layer(tokens=0)
    memory = Memory(hip)
    y = _device.layer(memory, *map(memory.upload, (
        tensors.x, tensors.w13, tensors.scale13, tensors.w2, tensors.scale2, tensors.ids,
        tensors.weights)), chip=CHIP, hip_library=LIBRARY)
    assert y.shape == (0, 128)


@pytest.mark.parametrize("change, options, message", [
    (lambda t: t, dict(executor="emulator"),
     "executor: expected hip for arrays in a GPU's memory, got emulator"),
    (lambda t: Interface(t, (512, 4)), {}, "argument 0: expected an array in C order"),
    (lambda t: setattr(t, "contiguous", False) or t, {},
     "argument 0: expected a contiguous tensor"),
    (lambda t: t, dict(sanitize="race"), "executor 'hip' has no sanitizers"),
    (lambda t: np.zeros((16, 128), np.uint16), {},
     "argument 0: expected a device pointer, got a buffer of the host"),
    (lambda t: t, dict(hip_library="/nowhere/libamdhip64.so"),
     "cannot load HIP: /nowhere/libamdhip64.so"),
])
def test_launches_that_are_refused(change, options, message, hip, tensors):
    kernel, arrays, scalars, grid = launch_arguments(tensors)
    memory = Memory(hip)
    options = {"executor": "hip", "hip_library": LIBRARY, **options}
    with pytest.raises((moe.MoeError, ValueError), match=message):
        kernel.launch(change(memory.zeros((16, 128))), *map(memory.upload, arrays),
                      *scalars, grid=grid, **options)


def test_a_stream_needs_device_memory(tensors):
    kernel, arrays, scalars, grid = launch_arguments(tensors)
    with pytest.raises(moe.MoeUsageError, match="stream: expected arrays in a GPU's"):
        kernel.launch(np.zeros((16, 128), np.uint16), *arrays, *scalars, grid=grid,
                      stream=0)


def test_a_hip_library_needs_executor_hip(tensors):
    with pytest.raises(moe.MoeUsageError, match="hip-library: expected executor 'hip', "
                       "got 'emulator'"):
        moe.gemm2(*tensors.stage2(), chip=CHIP, hip_library=LIBRARY)


def test_the_op_of_torch_has_a_device_side(hip, tensors, monkeypatch):
    """What torch would call, with its tensors played by ours."""
    memory = Memory(hip)
    monkeypatch.setattr(moe.torch, "_TorchMemory", lambda tensor: memory)
    x = memory.upload(tensors.x)
    x.dtype = "torch.bfloat16"
    with pytest.raises(ValueError, match="shuffled: expected True for weights on a device"):
        moe.torch._layer_on_device(x, *[None] * 6, chip=CHIP)
    x.dtype = "torch.float32"
    with pytest.raises(TypeError, match="x: expected torch.bfloat16, got torch.float32"):
        moe.torch._layer_on_device(x, *[None] * 6, chip=CHIP, shuffled=True)
