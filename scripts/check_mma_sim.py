#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Matrix instructions of gfx942 against MMA-Sim, bit by bit, for whoever has it.

check_mma_sim.py FOLDER [--moe-run PROGRAM] [--trials N] [--seed N] [--only WORD]

FOLDER is a checkout of https://github.com/microsoft/MMA-Sim (arXiv 2511.10909), whose
model of CDNA3 was measured on an MI300X. A kernel of one instruction runs in the
emulator with --mfma-arithmetic cdna3; MMA-Sim computes the same matrices. Values: small
ones, all exponents, sums that cancel, denormals, infinities and NaN. Results are equal
in every bit, but for what a NaN carries, and for infinities beside products that
overflow, which are counted apart. Needs torch; where it has no 8-bit floats,
wider types that hold their values stand in. Exit code 1: a result differs.
"""

import argparse
import importlib
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np
import torch

# MMA-Sim's name of each instruction with one block, by the types of A and B.
INSTRUCTIONS = [
    "f64_16x16x4_f64", "f32_32x32x2_f32", "f32_16x16x4_f32", "f32_16x16x8_xf32",
    "f32_32x32x4_xf32", "f32_32x32x8_f16", "f32_16x16x16_f16", "f32_32x32x8_bf16",
    "f32_16x16x16_bf16",
    *(f"f32_{shape}_{a}_{b}" for shape in ("16x16x32", "32x32x16")
      for a, b in itertools.product(("bf8", "fp8"), repeat=2))]
KINDS = ["small", "exponents", "cancel", "denormal", "special"]
# (significand bits, exponent bias, bits), FNUZ: no infinity, one NaN.
EIGHT = {"fp8": (3, 8), "bf8": (2, 16)}
ASSEMBLY = """
  .amdhsa_code_object_version 5
  .text
  .globl product
  .p2align 8
  .type product,@function
product:
  s_load_dwordx8 s[4:11], s[0:1], 0x0
  v_lshlrev_b32_e32 v1, 2, v0
  s_waitcnt lgkmcnt(0)
{loads}
  s_waitcnt vmcnt(0)
  {name} {d}, {a}, {b}, {c}
  s_nop 15
  s_nop 15
{stores}
  s_endpgm
.Lend:
  .size product, .Lend-product
  .rodata
  .p2align 6
  .amdhsa_kernel product
    .amdhsa_user_sgpr_kernarg_segment_ptr 1
    .amdhsa_system_vgpr_workitem_id 0
    .amdhsa_kernarg_size 32
    .amdhsa_next_free_vgpr 64
    .amdhsa_next_free_sgpr 12
    .amdhsa_accum_offset 64
  .end_amdhsa_kernel
  .amdgpu_metadata
amdhsa.version: [1, 2]
amdhsa.kernels:
  - .name: product
    .symbol: product.kd
    .args:
      - {{.name: a, .offset: 0, .size: 8, .value_kind: global_buffer, .address_space: global}}
      - {{.name: b, .offset: 8, .size: 8, .value_kind: global_buffer, .address_space: global}}
      - {{.name: c, .offset: 16, .size: 8, .value_kind: global_buffer, .address_space: global}}
      - {{.name: d, .offset: 24, .size: 8, .value_kind: global_buffer, .address_space: global}}
    .group_segment_fixed_size: 0
    .kernarg_segment_align: 8
    .kernarg_segment_size: 32
    .max_flat_workgroup_size: 64
    .private_segment_fixed_size: 0
    .sgpr_count: 12
    .vgpr_count: 64
    .wavefront_size: 64
  .end_amdgpu_metadata
"""


def import_model(folder):
    """MMA-Sim's class, also under a torch without 8-bit floats."""
    for name, holder in {"float8_e4m3fnuz": torch.bfloat16, "float8_e5m2fnuz": torch.float16,
                         "float8_e4m3fn": torch.int8, "float8_e5m2": torch.int16,
                         "float8_e8m0fnu": torch.uint8, "uint16": torch.int16,
                         "uint32": torch.int32}.items():
        if not hasattr(torch, name):
            setattr(torch, name, holder)
    sys.path.insert(0, str(folder))
    amd, arithmetic = (importlib.import_module(f"mmasim.simulator.{name}")
                       for name in ("amd", "arithmetic"))
    return amd.mfma, arithmetic.dtype_min_exponent


def value_of(bits, kind):
    """f64 of the elements' bits."""
    if kind == "f64":
        return bits.view(np.float64)
    if kind in ("f32", "xf32"):
        return bits.view(np.float32).astype(np.float64)
    if kind == "f16":
        return bits.view(np.float16).astype(np.float64)
    if kind == "bf16":
        return (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    mantissa, bias = EIGHT[kind]
    exponent = (bits & 0x7F) >> mantissa
    fraction = bits & ((1 << mantissa) - 1)
    size = np.where(exponent == 0, fraction * 2.0 ** (1 - bias - mantissa),
                    (1 + fraction / (1 << mantissa)) * 2.0 ** (exponent.astype(float) - bias))
    return np.where(bits == 0x80, np.nan, np.where(bits & 0x80, -size, size))


UNSIGNED: dict[str, Any] = {"f64": np.uint64, "f32": np.uint32, "xf32": np.uint32, "f16": np.uint16,
            "bf16": np.uint16, "fp8": np.uint8, "bf8": np.uint8}


def draw(rng, shape, kind, sort):
    """Bits of random elements."""
    unsigned = UNSIGNED[kind]
    width = unsigned(0).nbytes * 8
    anything = rng.integers(0, 1 << width, shape, np.uint64).astype(unsigned)
    small = rng.standard_normal(shape) * (3 if sort == "small" else 2.0 ** rng.integers(
        -12, 12, shape))
    if kind == "f64":
        near = small.view(np.uint64)
    elif kind in ("f32", "xf32"):
        near = small.astype(np.float32).view(np.uint32)
    elif kind == "f16":
        near = small.astype(np.float16).view(np.uint16)
    elif kind == "bf16":
        near = (small.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    else:
        near = anything
    if sort == "cancel":  # equal but for the sign, in pairs along the last axis
        near[..., 1::2] = near[..., 0::2] ^ unsigned(1 << (width - 1))
    exponents = {"f64": 11, "f32": 8, "xf32": 8, "f16": 5, "bf16": 8}.get(kind)
    if sort == "denormal" and exponents:
        low = unsigned((1 << (width - 1 - exponents)) - 1)
        return np.where(rng.random(shape) < 0.5, (anything & low) | (anything & unsigned(
            1 << (width - 1))), near)
    if sort == "special":
        return np.where(rng.random(shape) < 0.05, anything, near)
    if sort == "exponents":
        wide = anything if exponents is None else np.where(
            np.isfinite(value_of(anything, kind)), anything, near)
        return wide
    return near


def run_emulator(folder, moe_run, layout, bits):
    """The bits of D for the bits of A, B, C, in the lanes of the layout."""
    arrays = {}
    for name, matrix in zip("abc", bits):
        part = layout[name]
        registers = np.zeros((64, part["registers"]), np.uint64)
        for e in part["elements"]:
            row, column = e["row"], e["column"]
            element = int(matrix[row, column])
            registers[e["lane"], e["register"]] |= np.uint64((element << e["bit"]) & 0xFFFFFFFF)
            if part["bits"] == 64:
                registers[e["lane"], e["register"] + 1] |= np.uint64(element >> 32)
        arrays[name] = registers.astype(np.uint32)
    for name, array in arrays.items():
        # Register by register: lane l reads dword l.
        np.ascontiguousarray(array.T).tofile(folder / f"{name}.bin")
    subprocess.run([moe_run, "launch", folder / "product.json", "--mfma-arithmetic", "cdna3"],
                   check=True, stdout=subprocess.DEVNULL)
    part = layout["d"]
    out = np.fromfile(folder / "d.bin", np.uint32).reshape(part["registers"], 64)
    result = np.zeros((part["rows"], part["columns"]), np.uint64 if part["bits"] == 64
                      else np.uint32)
    for e in part["elements"]:
        element = int(out[e["register"], e["lane"]])
        if part["bits"] == 64:
            element |= int(out[e["register"] + 1, e["lane"]]) << 32
        result[e["row"], e["column"]] = element
    return result


def assemble(folder, name, layout):
    first, ranges, loads = 4, {}, []
    for number, part in enumerate("abc"):
        count = layout[part]["registers"]
        ranges[part] = (first, count)
        loads += [f"  global_load_dword v{first + r}, v1, s[{4 + 2 * number}:{5 + 2 * number}] "
                  f"offset:{256 * r}" for r in range(min(count, 16))]
        first += count + count % 2
    first, count = ranges["c"]
    stores = [f"  global_store_dword v1, v{first + r}, s[10:11] offset:{256 * r}"
              for r in range(min(count, 16))]

    def span(part):
        begin, count = ranges[part]
        return f"v[{begin}:{begin + count - 1}]" if count > 1 else f"v{begin}"

    text = ASSEMBLY.format(loads="\n".join(loads), stores="\n".join(stores), name=name,
                           a=span("a"), b=span("b"), c=span("c"), d=span("c"))
    (folder / "product.s").write_text(text)
    subprocess.run(["llvm-mc-22", "-triple=amdgcn-amd-amdhsa", "-mcpu=gfx942", "-filetype=obj",
                    folder / "product.s", "-o", folder / "product.o"], check=True)
    subprocess.run(["ld.lld-22", "-shared", folder / "product.o", "-o",
                    folder / "product.hsaco"], check=True)
    buffers = [{"name": part, "kind": "buffer", "file": f"{part}.bin"} for part in "abc"]
    buffers.append({"name": "d", "kind": "buffer", "out": "d.bin",
                    "size": 256 * layout["d"]["registers"]})
    (folder / "product.json").write_text(json.dumps(
        {"code_object": "product.hsaco", "kernel": "product", "grid": [1, 1, 1],
         "block": [64, 1, 1], "args": buffers}))


def tensor_of(bits, kind, dtype):
    """What MMA-Sim takes: the values, in a type that holds them."""
    values = torch.from_numpy(np.ascontiguousarray(value_of(bits, kind)))
    return values.to(dtype)


def overflows(a, b, a_kind, b_kind):
    """Where a product is 2^128 or more. MMA-Sim's authors marked what it does then, beside
    an infinite sum of the group before, as not settled; the emulator adds as IEEE does."""
    products = value_of(a, a_kind)[:, :, None] * value_of(b, b_kind)[None]
    return (np.abs(products) >= 2.0 ** 128).any(axis=1)


def differences(moe_run, model, minima, name, trials, rng):
    """(elements, those that differ) of an instruction."""
    operands = name.split("_")[2:]
    a_kind, b_kind = operands[0], operands[-1]
    minima[torch.float16] = -14 if "8" not in a_kind + b_kind or "16" in a_kind else -15
    minima[torch.bfloat16] = -126 if a_kind == "bf16" else -7
    product = model("CDNA3", name)
    if a_kind in EIGHT:
        # It tells instructions by dtype, which a stand-in hides: its branch for fp8.
        product.operation_type, product.group_size = "fused_dot_rd_add", 16
    mnemonic = "v_mfma_" + name
    layout = json.loads(subprocess.run([moe_run, "mfma", mnemonic, "--chip", "gfx942", "--json"],
                                       check=True, capture_output=True, text=True).stdout)
    layout["c"] = layout["d"]  # it lies as D
    wide = "f64" if product.d_type == torch.float64 else "f32"
    elements = wrong = undecided = 0
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        assemble(folder, mnemonic, layout)
        for trial in range(trials):
            sort = KINDS[trial % len(KINDS)]
            bits = [draw(rng, (product.m, product.k), a_kind, sort),
                    draw(rng, (product.n, product.k), b_kind, sort).T,
                    draw(rng, (product.m, product.n), wide, sort)]
            want = product(tensor_of(bits[0], a_kind, product.a_type),
                           tensor_of(bits[1], b_kind, product.b_type),
                           tensor_of(bits[2], wide, product.c_type)).numpy()
            got = run_emulator(folder, moe_run, layout, bits).view(want.dtype)
            integer = np.uint64 if wide == "f64" else np.uint32
            same = (want.view(integer) == got.view(integer)) | (np.isnan(want) & np.isnan(got))
            left = ~same & overflows(bits[0], bits[1], a_kind, b_kind)
            undecided += int(left.sum())
            same |= left
            elements += same.size
            wrong += int((~same).sum())
            for row, column in np.argwhere(~same)[:2]:
                print(f"  {mnemonic}, {sort}, trial {trial}: [{row}][{column}]: MMA-Sim "
                      f"{want[row, column]!r}, emulator {got[row, column]!r}")
    return elements, wrong, undecided


def main():
    parser = argparse.ArgumentParser(description="matrix instructions against MMA-Sim")
    parser.add_argument("folder", type=pathlib.Path)
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--moe-run", default=str(root / "build/bin/moe-run"))
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    np.seterr(all="ignore")  # NaN and overflow are meant
    model, minima = import_model(options.folder)
    total = 0
    for name in INSTRUCTIONS:
        if options.only in name:
            elements, wrong, undecided = differences(options.moe_run, model, minima, name, options.trials,
                                          np.random.default_rng(options.seed))
            total += wrong
            print(f"v_mfma_{name}: {wrong} of {elements} elements differ"
                  + (f", {undecided} where products overflow" if undecided else ""), flush=True)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
