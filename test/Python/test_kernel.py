# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels as objects, and launching them by hand."""

import copy
import pickle
import subprocess
import sys
import threading
import xml.dom.minidom

import numpy as np
import pytest

import moe
from conftest import assert_close

SHAPE = dict(model_dim=128, inter_dim=96, experts=6, topk=2)


@pytest.fixture
def kernel():
    return moe.compile("gemm2", chip="gfx950", tile=(16, 128, 128), **SHAPE,
                       out_type="f32")


def test_what_a_kernel_tells(kernel):
    assert kernel.code[:4] == b"\x7fELF"
    assert kernel.report["kernel"] == kernel.name and kernel.report["spills"] == 0
    assert kernel.block == (256, 1, 1)
    blocks = (8 * 2 + 6 * 16 - 2 + 15) // 16
    assert kernel.grid(8) == kernel.grid(tokens=8, num_blocks=blocks)
    for tokens in (2**40, 2**60, 2**63 - 1):
        with pytest.raises(moe.MoeError, match="grid"):
            kernel.grid(tokens)
    assert "v_mfma_f32_16x16x32_bf16" in kernel.asm
    assert "moe.grouped_gemm" in kernel.mlir
    assert "amdgpu" in kernel.emit("llvm") and "moe." in kernel.emit("tile")
    assert "<td>gfx950</td>" in kernel._repr_html_()
    xml.dom.minidom.parseString(kernel._repr_html_())
    assert repr(kernel) == f"<moe.Kernel {kernel.name} for gfx950>"


def test_the_same_bytes_from_ir(kernel):
    again = moe.compile(source=kernel.mlir, chip="gfx950")
    assert moe.compile(kernel.mlir, chip="gfx950").code == again.code
    assert again.code == kernel.code and again.name == kernel.name
    assert again.grid(8, n=128, k=96, num_blocks=7) == kernel.grid(8, num_blocks=7)
    with pytest.raises(moe.MoeUsageError, match="expected all three"):
        again.grid(8)


def test_a_tile_is_chosen_for_tokens():
    kernel = moe.compile("gemm1", chip="gfx942", tokens=64, act="swiglu", **SHAPE)
    assert {axis["axis"] for axis in kernel.choice["axes"]} >= {"tile_m", "tile_n"}
    assert "--act swiglu" in kernel.choice["flags"]


def test_launch_by_hand(kernel, tensors):
    routing = moe.moe_sorting(tensors.ids, tensors.weights, 6, 16)
    out = np.zeros((8, 128), np.float32)
    outcome = kernel.launch(
        out, tensors.a2, moe.shuffle_weight_a16w4(tensors.w2),
        moe.shuffle_scale_a16w4(tensors.scale2), routing.sorted_token_ids,
        routing.expert_ids, routing.sorted_weights, routing.num_valid_ids, None,
        8, 128, 96, len(routing.expert_ids),
        grid=kernel.grid(8, num_blocks=len(routing.expert_ids)), sanitize="all")
    assert outcome["instructions"] > 0
    assert_close(out, tensors.expected_stage2(), bits=20)


def test_a_sanitizer_report_is_an_error(kernel, tensors):
    routing = moe.moe_sorting(tensors.ids, tensors.weights, 6, 16)
    out = np.zeros((8, 128), np.float32)
    short = np.zeros(64, np.uint8)  # the weights end far too early
    with pytest.raises(moe.MoeError) as error:
        kernel.launch(out, tensors.a2, short, moe.shuffle_scale_a16w4(tensors.scale2),
                      routing.sorted_token_ids, routing.expert_ids,
                      routing.sorted_weights, routing.num_valid_ids, None, 8, 128, 96,
                      len(routing.expert_ids), tokens=8, sanitize="bounds")
    assert "argument 2" in str(error.value) or "bounds" in str(error.value)


def test_tensors_are_changed_in_place(kernel, tensors):
    torch = pytest.importorskip("torch")
    routing = moe.moe_sorting(tensors.ids, tensors.weights, 6, 16)
    out = torch.zeros((8, 128))
    kernel.launch(
        out, torch.from_numpy(tensors.a2.view(np.int16)).view(torch.bfloat16),
        moe.shuffle_weight_a16w4(tensors.w2), moe.shuffle_scale_a16w4(tensors.scale2),
        routing.sorted_token_ids, routing.expert_ids, routing.sorted_weights,
        routing.num_valid_ids, None, 8, 128, 96, len(routing.expert_ids), tokens=8)
    assert_close(out.numpy(), tensors.expected_stage2(), bits=20)


@pytest.mark.parametrize("arguments, options, message", [
    ((np.zeros((4, 4))[:, ::2],), {"tokens": 1}, "argument 0: expected an array in C"),
    ((np.zeros(4, ">f4"),), {"tokens": 1}, "native byte order"),
    (([1, 2],), {"tokens": 1}, "argument 0: expected a NumPy array"),
    ((1 << 40,), {"tokens": 1}, "expected an int of 32 bits"),
    ((True,), {"tokens": 1}, "got bool"),
    ((), {}, "expected grid or tokens, got neither"),
    ((), {"tokens": -1}, "tokens: expected at least 0, got -1"),
    ((), {"tokens": 1 << 64}, "tokens: expected at most 9223372036854775807, got"),
    ((), {"grid": ((1 << 32) + 1, 1, 1)}, "grid: expected at most 4294967295, got 4294967297"),
    ((), {"grid": (-1, 1, 1)}, "grid: expected at least 1, got -1"),
    ((), {"grid": (1.5, 1, 1)}, "grid: expected a whole number, got float"),
    ((), {"grid": (1, 1)}, "grid: expected workgroups in x, y and z, got (1, 1)"),
    ((), {"tokens": 1, "dynamic_lds": 1 << 32}, "dynamic_lds: expected at most 4294967295"),
    ((), {"tokens": 1, "tile": 3}, "unexpected option 'tile'"),
])
def test_launches_that_are_refused(arguments, options, message, kernel):
    with pytest.raises((TypeError, ValueError, moe.MoeError)) as error:
        kernel.launch(*arguments, **options)
    assert message in str(error.value)


@pytest.mark.parametrize("arguments, options, message", [
    ((), {}, "expected kernel or source, got neither"),
    (("gemm2",), {"source": "x"}, "got both"),
    (("gemm3",), {}, "--kernel: expected"),
    (("gemm2",), {}, "missing option 'model-dim'"),
    (("gemm2",), SHAPE, "missing option 'tile'"),
    ((), {"source": "module {", "source_name": "mine.mlir"}, "mine.mlir:1:"),
    ((), {"source": "module {}", "tile": "16x64x128"}, "no options with source"),
])
def test_what_is_not_compiled(arguments, options, message):
    with pytest.raises(moe.MoeError) as error:
        moe.compile(*arguments, chip="gfx950", **options)
    assert message in str(error.value)


def test_threads_compile_the_same_bytes():
    codes = []

    def work():
        codes.append(moe.compile("gemm1", chip="gfx942", tile="32x128x128", **SHAPE).code)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(codes) == 4 and len(set(codes)) == 1


def test_the_first_of_a_process_is_compiled_as_the_others():
    program = """
import moe
shape = dict(model_dim=2880, inter_dim=2880, experts=128, topk=4, chip="gfx950")
first, second = (moe.compile("gemm2", tile=(16, 64, 256), **shape) for _ in range(2))
assert first.code == second.code, (first.report["vgpr"], second.report["vgpr"])
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_cache_that_another_process_fills(tmp_path):
    folder = tmp_path / "cache"
    options = {"chip": "gfx950", "model_dim": 256, "inter_dim": 256, "experts": 4,
               "topk": 2, "tile": "16x64x128"}
    program = f"import moe; moe.set_compile_cache({str(folder)!r}); " \
              f"moe.compile('gemm2', **{options!r})"
    subprocess.run([sys.executable, "-c", program], check=True)
    files = {file: file.read_bytes() for file in folder.iterdir()}
    assert files
    moe.set_compile_cache(folder)
    try:
        kernel = moe.compile("gemm2", **options)
    finally:
        moe.set_compile_cache(None)
    assert {file: file.read_bytes() for file in folder.iterdir()} == files
    assert any(kernel.code in content for content in files.values())
    with pytest.raises(ValueError, match="megabytes: expected at least 0, got -1"):
        moe.set_compile_cache(folder, megabytes=-1)


@pytest.mark.parametrize("call, error, message", [
    # C would end the text there and take what is before it.
    (lambda: moe.compile("gemm2", chip="gfx950\0x", **SHAPE, tile="16x64x128"), ValueError, "chip: "),
    (lambda: moe.compile("gemm2", chip="gfx950", **{**SHAPE, "tile": "16x64x128\0x"}),
     ValueError, "tile: "),
    (lambda: moe.compile("gemm2", chip="gfx950", **SHAPE, tile="16x64x128").emit("asm\0"), ValueError, "stage: "),
    (lambda: moe.compile(source="x", source_name="a\0b", chip="gfx950"), ValueError,
     "source_name: "),
    (lambda: moe.set_compile_cache("a\0b"), ValueError, "folder: "),
])
def test_texts_with_a_nul(call, error, message):
    with pytest.raises(error, match=message + "expected a (text|path) without NUL"):
        call()


def test_a_cache_is_a_folder(tmp_path):
    with pytest.raises(TypeError, match="folder: expected a path in a str or os.PathLike, got int"):
        moe.set_compile_cache(3)
    (tmp_path / "file").touch()
    with pytest.raises(moe.MoeError, match="folder: expected a folder, or none yet, got the file"):
        moe.set_compile_cache(tmp_path / "file")


def test_a_kernel_is_not_copied(kernel):
    for make in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="expected a kernel that stays in its process"):
            make(kernel)


@pytest.mark.parametrize("chip", ["gfx950", "gfx942"])
@pytest.mark.parametrize("mode, valid", [("up", 56), ("down", 56), ("xor", 64)])
def test_what_a_shuffle_says_is_valid(chip, mode, valid):
    """The lanes that have another one eight below, above or across."""
    shuffle = moe.compile(chip=chip, source=f"""gpu.module @user {{
      gpu.func @shuffle(%p: memref<64xi32>) kernel attributes {{known_block_size = array<i32: 64, 1, 1>}} {{
        %lane = gpu.thread_id x
        %value = memref.load %p[%lane] : memref<64xi32>
        %offset = arith.constant 8 : i32
        %width = arith.constant 64 : i32
        %other, %valid = gpu.shuffle {mode} %value, %offset, %width : i32
        %flag = arith.extui %valid : i1 to i32
        memref.store %flag, %p[%lane] : memref<64xi32>
        gpu.return
      }}
    }}
    """)
    flags = np.zeros(64, np.int32)
    shuffle.launch(flags, grid=(1, 1, 1))
    assert flags.sum() == valid


def test_an_unknown_kernel_lists_what_compiles_alone():
    with pytest.raises(moe.MoeUsageError,
                       match=r"expected gemm1\|gemm2\|activate\|reduce, got 'route'"):
        moe.compile("route", chip="gfx950", experts=8)
    with pytest.raises(moe.MoeUsageError, match="the kernel of one stage, got layer"):
        moe.compile("layer", chip="gfx950", tile="16x128x128", **SHAPE)


@pytest.mark.parametrize("flags, symbol", [
    ("route --experts 8 --topk 2", "moe_route"),
    ("sort --experts 8 --topk 2 --block-rows 16", "moe_sort_all"),
    ("quantize --experts 2 --rows 64 --columns 64", "moe_quantize"),
    ("shuffle --experts 2 --rows 64 --columns 64", "moe_shuffle"),
])
def test_kernels_around_the_products_come_from_ir(flags, symbol):
    source = subprocess.run(["moe-compile", "--kernel", *flags.split(), "--emit", "mlir"],
                            check=True, capture_output=True, text=True).stdout
    assert moe.compile(source=source, chip="gfx950").name == symbol


@pytest.mark.parametrize("call, message", [
    (lambda: moe.compile(5, chip="gfx950"), "kernel: expected a str, got int"),
    (lambda: moe.compile(source=b"module {}", chip="gfx950"), "source: expected a str, got b"),
    (lambda: moe.compile(source="x", source_name=5, chip="gfx950"), "source_name: expected"),
])
def test_texts_that_are_none(call, message):
    with pytest.raises(TypeError, match=message):
        call()
