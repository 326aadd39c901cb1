# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""moe.plot_layout: every element once, and lanes as the emulator has them."""

import xml.dom.minidom

import moe
import numpy as np
import pytest
from moe import _draw

# One wave: each lane loads its operands, multiplies, stores its registers.
MFMA = """
gpu.module @kernels {
  gpu.func @mfma(%out: memref<64xREGSxf32, #gpu.address_space<global>>,
                 %a: memref<64xEACHxbf16, #gpu.address_space<global>>,
                 %b: memref<64xEACHxbf16, #gpu.address_space<global>>) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %lane = gpu.thread_id x
    %zero = arith.constant 0 : index
    %c = arith.constant dense<0.0> : vector<REGSxf32>
    %va = vector.load %a[%lane, %zero]
      : memref<64xEACHxbf16, #gpu.address_space<global>>, vector<EACHxbf16>
    %vb = vector.load %b[%lane, %zero]
      : memref<64xEACHxbf16, #gpu.address_space<global>>, vector<EACHxbf16>
    %d = amdgpu.mfma SHAPE %va * %vb + %c blgp = none
      : vector<EACHxbf16>, vector<EACHxbf16>, vector<REGSxf32>
    vector.store %d, %out[%lane, %zero]
      : memref<64xREGSxf32, #gpu.address_space<global>>, vector<REGSxf32>
    gpu.return
  }
}
"""


def texts(drawing):
    document = xml.dom.minidom.parseString(drawing)
    return [node.firstChild.data for node in document.getElementsByTagName("text")]


@pytest.mark.parametrize("kind, gate", [("weight", "separated"),
                                        ("weight", "interleaved"),
                                        ("scale", "separated")])
def test_every_byte_is_drawn_once(kind, gate):
    drawing = moe.plot_layout(kind, gate=gate)
    offsets = [int(text) for text in texts(drawing) if text.isdigit()]
    size, step = (4096, 16) if kind == "weight" else (512, 1)
    assert sorted(offsets) == list(range(0, size, step))
    assert drawing._repr_svg_() == drawing


@pytest.mark.parametrize("shape", [(16, 16, 32), (32, 32, 16), (16, 16, 16), (32, 32, 8)])
def test_every_lane_and_register_is_drawn_once(shape):
    lanes = [text for text in texts(moe.plot_layout("mfma-operand", shape=shape))
             if text.startswith("lane ")]
    assert sorted(lanes) == sorted(f"lane {lane}" for lane in range(64))
    registers = shape[0] * shape[0] // 64
    cells = [text for text in texts(moe.plot_layout("mfma-result", shape=shape))
             if ": v" in text]
    assert sorted(cells) == sorted(f"{lane}: v{register}" for lane in range(64)
                                   for register in range(registers))


@pytest.mark.parametrize("chip, size, k", [("gfx950", 16, 32), ("gfx950", 32, 16),
                                           ("gfx942", 16, 16), ("gfx942", 32, 8)])
def test_lanes_are_those_of_the_instruction(chip, size, k):
    each, registers = k * size // 64, size * size // 64
    source = MFMA.replace("EACH", str(each)).replace("REGS", str(registers))
    kernel = moe.compile(source.replace("SHAPE", f"{size}x{size}x{k}"), chip=chip)
    rng = np.random.default_rng(size + k)
    a = rng.integers(-8, 9, (64, each)).astype(np.float32)
    b = rng.integers(-8, 9, (64, each)).astype(np.float32)
    out = np.zeros((64, registers), np.float32)
    kernel.launch(out, moe.to_bfloat16(a), moe.to_bfloat16(b), grid=(1, 1, 1))

    left, right = np.zeros((size, k)), np.zeros((size, k))
    result = np.zeros((size, size))
    for lane in range(64):
        for i in range(each):
            left[_draw.mfma_operand(lane, i, size, k)] = a[lane, i]
            right[_draw.mfma_operand(lane, i, size, k)] = b[lane, i]
        for i in range(registers):
            result[_draw.mfma_result(lane, i, size)] = out[lane, i]
    assert result.any() and np.array_equal(result, left @ right.T)


def test_what_does_not_exist():
    with pytest.raises(ValueError, match="kind: expected weight, scale, mfma-operand or "
                       "mfma-result, got 'bias'"):
        moe.plot_layout("bias")
    with pytest.raises(ValueError, match="gate: expected separated or interleaved, got 'x'"):
        moe.plot_layout("weight", gate="x")
    with pytest.raises(ValueError, match=r"shape: expected .* got \(4, 4, 4\)"):
        moe.plot_layout("mfma-result", shape=(4, 4, 4))
