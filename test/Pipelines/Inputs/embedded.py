# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""embedded.py CHIP DIR [CASE...]: moe.grouped_gemm in kernels that somebody wrote by
hand around it, compiled, executed with all sanitizers and compared with NumPy. All
values are small multiples of powers of two, so every sum is exact in f32 and the
results must be equal. Memory that no row names must keep its bytes.

A case is a function that returns the text of a kernel and what memory it gets."""

import json
import os
import subprocess
import sys

import numpy as np

EXPERTS, TOPK, TOKENS, N, K, TILE_M = 3, 2, 7, 64, 288, 16
FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6])
FP4 = np.concatenate([FP4, -FP4])


def bf16_bits(values):
    bits = np.asarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


class Tensors:
    """One layer's tensors, logical and as the kernel reads them."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.x = rng.integers(-4, 5, (TOKENS * TOPK, K)).astype(np.float32)
        codes = rng.integers(0, 16, (EXPERTS, N, K)).astype(np.uint8)
        scales = rng.integers(126, 129, (EXPERTS, N, K // 32)).astype(np.uint8)
        self.w = FP4[codes] * np.repeat(2.0 ** (scales.astype(int) - 127), 32, -1)
        self.bias = rng.integers(-8, 9, (EXPERTS, N)).astype(np.float32)
        # docs/Layouts.md: the affine maps of #moe.preshuffle.
        padded = np.zeros((EXPERTS, N, -(-K // 128) * 128), np.uint8)
        padded[..., :K] = codes
        blocks = padded.reshape(EXPERTS, N // 16, 16, -1, 4, 32).transpose(0, 1, 3, 4, 2, 5)
        flat = blocks.reshape(-1)
        self.w_bytes = flat[0::2] | flat[1::2] << 4
        padded = np.full((EXPERTS, N, -(-K // 256) * 8), 0x7F, np.uint8)
        padded[..., :K // 32] = scales
        parts = padded.reshape(EXPERTS, N // 32, 2, 16, -1, 2, 4)  # e nn n16 n s8 s4 s
        self.scale_bytes = np.ascontiguousarray(parts.transpose(0, 1, 4, 6, 3, 5, 2))
        self.route(rng)

    def route(self, rng):
        ids, owners, weights, self.pairs = [], [], [], []
        for expert in range(EXPERTS):
            mine = [(t, s) for t in range(TOKENS) for s in range(TOPK)
                    if (t + 2 * s) % EXPERTS == expert]
            owners.append(expert)
            for t, s in mine:
                weight = float(rng.integers(1, 4)) / 2
                self.pairs.append((t, s, expert, weight))
                ids.append(s << 24 | t)
                weights.append(weight)
            ids += [TOPK << 24 | TOKENS] * (TILE_M - len(mine))
            weights += [np.nan] * (TILE_M - len(mine))
        # A block past the rows in use that looks valid.
        used = len(ids)
        self.ids = np.array(ids + [0] * TILE_M, np.int32)
        self.owners = np.array(owners + [0], np.int32)
        self.weights = np.array(weights + [np.nan] * TILE_M, np.float32)
        self.num_valid = np.array([used, TOKENS], np.int32)

    def product(self, out, accumulate, bias=False, times=1):
        """`out` after the op, in float64: [tokens, N] or [tokens * topk, N]."""
        out = out.astype(np.float64)
        for t, s, e, weight in self.pairs:
            value = (self.w[e] @ self.x[t * TOPK + s] + (self.bias[e] if bias else 0)) * weight
            if accumulate:
                out[t] += value * times
            else:
                out[t * TOPK + s] = value
        return out


BLOCKS = EXPERTS + 1  # of 16 sorted rows
G = "#gpu.address_space<global>"
TYPES = {
    "w": f"memref<{EXPERTS}x{N}x{K}xf4E2M1FN, #moe.preshuffle<weight>, {G}>",
    "scale": f"memref<{EXPERTS}x{N}x{K // 32}xf8E8M0FNU, #moe.preshuffle<scale>, {G}>",
    "ids": f"memref<{BLOCKS * TILE_M}xi32, {G}>",
    "experts": f"memref<{BLOCKS}xi32, {G}>",
    "weights": f"memref<{BLOCKS * TILE_M}xf32, {G}>",
    "num_valid": f"memref<2xi32, {G}>",
    "bias": f"memref<{EXPERTS}x{N}xf32, {G}>",
}


def gemm(accumulate=True, with_bias=False, tile="16, tile_n = 64, tile_k = 128", **types):
    """The op on %out, %x, ...; `types` are those that are not the usual ones."""
    t = {**TYPES, **types}
    bias_text = f"bias(%bias : {t['bias']})" if with_bias else ""
    return f"""
      moe.grouped_gemm down {"accumulate" if accumulate else ""} routing_weight outs(%out : {t['out']})
          ins(%x, %w, %scale : {t['x']}, {t['w']}, {t['scale']})
          routing(%ids, %experts, %weights, %num_valid
              : {t['ids']}, {t['experts']}, {t['weights']}, {t['num_valid']})
          {bias_text} tokens(%tokens) topk {TOPK}
          block_rows {TILE_M} schedule <tile_m = {tile}>"""


def kernel(body, **arguments):
    """A gpu.func of the usual arguments; `arguments` replaces or adds types."""
    types = {"out": f"memref<{TOKENS}x{N}xf32, {G}>", "x": f"memref<{TOKENS * TOPK}x{K}xbf16, {G}>",
             **TYPES, **arguments}
    listed = ", ".join(f"%{name}: {text}" for name, text in types.items())
    return f"""
module attributes {{gpu.container_module}} {{
  gpu.module @kernels {{
    gpu.func @embedded({listed}, %tokens: i32) kernel {{
      {body}
      gpu.return
    }}
  }}
}}
"""


def tight(name):
    return {"out": f"memref<{TOKENS}x{N}xf32, {G}>",
            "x": f"memref<{TOKENS * TOPK}x{K}xbf16, {G}>"}[name]


class Case:
    """`text`, the bytes of each argument but %tokens, and the expected %out."""

    def __init__(self, text, tensors, out, want, **memory):
        self.text, self.want = text, want
        usual = {"out": out, "x": bf16_bits(tensors.x), "w": tensors.w_bytes,
                 "scale": tensors.scale_bytes, "ids": tensors.ids, "experts": tensors.owners,
                 "weights": tensors.weights, "num_valid": tensors.num_valid,
                 "bias": tensors.bias}
        self.memory = {**usual, **memory}
        self.blocks = BLOCKS
        self.passes = None  # run by moe-opt before the rest, if not None
        self.sanitize = "all"


def run(chip, folder, name, case):
    path = os.path.join(folder, name)
    with open(path + ".mlir", "w") as file:
        file.write(case.text)
    if case.passes:
        passes = case.passes.replace("CHIP", f"{{chip={chip}}}")
        text = subprocess.run(
            ["moe-opt", path + ".mlir", f"--pass-pipeline=builtin.module(gpu.module({passes}))"],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        with open(path + ".mlir", "w") as file:
            file.write(text)
    subprocess.run(["moe-compile", path + ".mlir", "--chip", chip, "-o", path + ".hsaco"],
                   check=True)
    args = []
    for arg, value in case.memory.items():
        if isinstance(value, tuple):
            args.append({"name": arg, "kind": value[0], "value": value[1]})
            continue
        file = f"{name}.{arg}.bin"
        np.ascontiguousarray(value).tofile(os.path.join(folder, file))
        args.append({"name": arg, "kind": "buffer", "file": file})
        if arg == "out":
            args[-1]["out"] = name + ".result.bin"
    args.append({"name": "tokens", "kind": "i32", "value": TOKENS})
    with open(path + ".json", "w") as file:
        json.dump({"code_object": name + ".hsaco", "kernel": "embedded",
                   "grid": [case.blocks, 1, 1], "block": [256, 1, 1], "args": args}, file)
    subprocess.run(["moe-run", "launch", path + ".json", "--sanitize", case.sanitize],
                   check=True, stdout=subprocess.DEVNULL)
    got = np.fromfile(path + ".result.bin", case.want.dtype).reshape(case.want.shape)
    wrong = np.argwhere(got != case.want)
    if len(wrong):
        at = tuple(wrong[0])
        sys.exit(f"{name} on {chip}: {len(wrong)} of {got.size} values are wrong, first at "
                 f"{at}: expected {case.want[at]}, got {got[at]}")


def padded(values, left, columns, fill):
    """Rows of `columns` with `values` from column `left` on."""
    result = np.full((values.shape[0], columns), fill, values.dtype)
    result[:, left:left + values.shape[1]] = values
    return result


#===-- Offsets and row strides ----------------------------------------------===#


def plain():
    t = Tensors(1)
    out = np.arange(TOKENS * N, dtype=np.float32).reshape(TOKENS, N)
    return Case(kernel(gemm(out=tight("out"), x=tight("x"))), t, out,
                t.product(out, True).astype(np.float32))


def subview_static():
    """Activations and output are columns of wider rows, from an offset on."""
    t, wide_x, wide_n = Tensors(2), K + 40, N + 12
    view_x = f"memref<{TOKENS * TOPK}x{K}xbf16, strided<[{wide_x}, 1], offset: 32>, {G}>"
    view_out = f"memref<{TOKENS}x{N}xf32, strided<[{wide_n}, 1], offset: 8>, {G}>"
    x_type = f"memref<{TOKENS * TOPK}x{wide_x}xbf16, {G}>"
    out_type = f"memref<{TOKENS}x{wide_n}xf32, {G}>"
    body = f"""
      %x = memref.subview %x_all[0, 32] [{TOKENS * TOPK}, {K}] [1, 1] : {x_type} to {view_x}
      %out = memref.subview %out_all[0, 8] [{TOKENS}, {N}] [1, 1] : {out_type} to {view_out}
      {gemm(out=view_out, x=view_x)}"""
    text = kernel(body, out=out_type, x=x_type).replace("%out:", "%out_all:").replace(
        "%x:", "%x_all:")
    out = padded(np.ones((TOKENS, N), np.float32), 8, wide_n, 5)
    want = padded(t.product(np.ones((TOKENS, N)), True).astype(np.float32), 8, wide_n, 5)
    return Case(text, t, out, want, x=padded(bf16_bits(t.x), 32, wide_x, 0x7FC0))


def dynamic(accumulate, kind):
    """Offsets and row strides that only the launch knows."""
    def make():
        t, stride_x, stride_out = Tensors(3), K + 24, N + 16
        rows = TOKENS if accumulate else TOKENS * TOPK
        bits = {"f32": lambda v: v.astype(np.float32),
                "bf16": lambda v: bf16_bits(v.astype(np.float32))}[kind]
        view_x = f"memref<?x{K}xbf16, strided<[?, 1], offset: ?>, {G}>"
        view_out = f"memref<?x{N}x{kind}, strided<[?, 1], offset: ?>, {G}>"
        body = f"""
      %rows = arith.constant {rows} : index
      %slots = arith.constant {TOKENS * TOPK} : index
      %x = memref.reinterpret_cast %x_ptr to offset: [%x_offset], sizes: [%slots, {K}],
          strides: [%x_stride, 1] : memref<bf16, {G}> to {view_x}
      %out = memref.reinterpret_cast %out_ptr to offset: [%out_offset], sizes: [%rows, {N}],
          strides: [%out_stride, 1] : memref<{kind}, {G}> to {view_out}
      {gemm(accumulate, out=view_out, x=view_x)}"""
        text = kernel(body, out=f"memref<{kind}, {G}>", x=f"memref<bf16, {G}>", x_offset="index",
                      x_stride="index", out_offset="index", out_stride="index")
        text = text.replace("%out:", "%out_ptr:").replace("%x:", "%x_ptr:")
        start = np.full((rows, N), 3.0)
        want = padded(bits(t.product(start, accumulate)), 0, stride_out, 7)
        out = padded(bits(start), 0, stride_out, 7)
        front = np.full(16, 9, out.dtype)
        x = padded(bf16_bits(t.x), 0, stride_x, 0x7FC0).reshape(-1)
        return Case(text, t, np.concatenate([front, out.reshape(-1)]),
                    np.concatenate([front, want.reshape(-1)]),
                    x=np.concatenate([np.full(40, 0x7FC0, np.uint16), x]),
                    x_offset=("i64", 40), x_stride=("i64", stride_x),
                    out_offset=("i64", 16), out_stride=("i64", stride_out))
    return make


def lists_with_offsets():
    """Routing lists and bias are parts of larger ones."""
    t = Tensors(4)
    front = {"ids": 3, "experts": 1, "weights": 4, "num_valid": 5}
    arrays = {"ids": t.ids, "experts": t.owners, "weights": t.weights, "num_valid": t.num_valid}
    body, types, views, memory = "", {}, {}, {}
    for name, first in front.items():
        count, kind = len(arrays[name]), "f32" if name == "weights" else "i32"
        types[name] = f"memref<{first + count}x{kind}, {G}>"
        offset = first if name == "weights" else "?"
        views[name] = f"memref<{count}x{kind}, strided<[1], offset: {offset}>, {G}>"
        at = first if name == "weights" else f"%{name}_first"
        body += f"""
      %{name}_first = arith.constant {first} : index
      %{name} = memref.subview %{name}_all[{at}] [{count}] [1] : {types[name]} to {views[name]}"""
        memory[name] = np.concatenate([np.full(first, -1, arrays[name].dtype), arrays[name]])
    types["bias"] = f"memref<{EXPERTS}x{N + 5}xf32, {G}>"
    views["bias"] = f"memref<{EXPERTS}x{N}xf32, strided<[{N + 5}, 1], offset: 3>, {G}>"
    body += f"""
      %bias = memref.subview %bias_all[0, 3] [{EXPERTS}, {N}] [1, 1] : {types['bias']} to {views['bias']}
      {gemm(with_bias=True, out=tight("out"), x=tight("x"), **views)}"""
    memory["bias"] = padded(t.bias, 3, N + 5, np.nan)
    text = kernel(body, **types)
    for name in types:
        text = text.replace(f"%{name}:", f"%{name}_all:")
    out = np.zeros((TOKENS, N), np.float32)
    return Case(text, t, out, t.product(out, True, bias=True).astype(np.float32), **memory)


def reduce_slots():
    """moe.reduce_slots between wider rows; both offsets are run-time values."""
    t, stride, parts_stride = Tensors(5), N + 8, N + 24
    parts = np.random.default_rng(5).integers(-99, 100, (TOKENS * TOPK, N)).astype(np.float32)
    view_out = f"memref<?x{N}xf32, strided<[?, 1], offset: ?>, {G}>"
    view_parts = f"memref<{TOKENS * TOPK}x{N}xf32, strided<[{parts_stride}, 1], offset: 4>, {G}>"
    body = f"""
      %rows = arith.constant {TOKENS} : index
      %parts = memref.reinterpret_cast %x_ptr to offset: [4], sizes: [{TOKENS * TOPK}, {N}],
          strides: [{parts_stride}, 1] : memref<f32, {G}> to {view_parts}
      %out = memref.reinterpret_cast %out_ptr to offset: [%first], sizes: [%rows, {N}],
          strides: [%stride, 1] : memref<f32, {G}> to {view_out}
      moe.reduce_slots %parts to %out tokens(%tokens) topk {TOPK} : {view_parts}, {view_out}"""
    text = kernel(body, out=f"memref<f32, {G}>", x=f"memref<f32, {G}>", first="index",
                  stride="index").replace("%out:", "%out_ptr:").replace("%x:", "%x_ptr:")
    out = np.full(8 + TOKENS * stride, 5, np.float32)
    want = out.copy()
    want[8:].reshape(TOKENS, stride)[:, :N] = parts[0::2] + parts[1::2]
    wide = np.concatenate([np.zeros(4, np.float32),
                           padded(parts, 0, parts_stride, np.nan).reshape(-1)])
    case = Case(text, t, out, want, x=wide, first=("i64", 8), stride=("i64", stride))
    case.blocks = TOKENS
    return case


#===-- Several ops, loops, branches, user code ------------------------------===#

ONE_TILE = "16, tile_n = 64, tile_k = 512"


def op(**options):
    return gemm(out=tight("out"), x=tight("x"), **options)


def repeated(body, times, seed, passes=None, sanitize="all", **arguments):
    """`body` adds the product to the output `times` times."""
    def make():
        t = Tensors(seed)
        out = np.full((TOKENS, N), 2, np.float32)
        case = Case(kernel(body, **{name: value[0] for name, value in arguments.items()}), t,
                    out, t.product(out, True, times=times).astype(np.float32),
                    **{name: value[1] for name, value in arguments.items()})
        case.passes, case.sanitize = passes, sanitize
        return case
    return make


def in_loop(text):
    return f"""
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      scf.for %i = %zero to %trips step %one {{
        {text}
      }}"""


TRIPS = {"trips": ("index", ("i64", 5))}
IN_BLOCKS = f"""
      %zero = arith.constant 0 : index
      %one = arith.constant 1 : index
      cf.br ^head(%zero : index)
    ^head(%i: index):
      {op(tile=ONE_TILE)}
      %next = arith.addi %i, %one : index
      %more = arith.cmpi ult, %next, %trips : index
      cf.cond_br %more, ^head(%next : index), ^end
    ^end:"""
# LLVM merges the stores of both branches and shifts, ahead of the check of the row, an
# index that is undefined where neither branch ran; nothing uses the result. So these run
# without the check for undefined registers.
DEFINED_ASIDE = "wait,race,bounds,exec,hazard"
BRANCHES = f"""
      %flag_set = arith.cmpi ne, %flag, %tokens : i32
      scf.if %flag_set {{
        {op(tile=ONE_TILE)}
      }} else {{
        {op()}
      }}
      {op(tile=ONE_TILE)}
      scf.if %flag_set {{
        {op()}
      }}"""
# The user's own LDS and global memory, written before and read behind the op.
USER_CODE = f"""
      %thread = gpu.thread_id x
      %block = gpu.block_id x
      %wide = arith.index_castui %thread : index to i32
      memref.store %wide, %own[%thread] : memref<256xi32, #gpu.address_space<workgroup>>
      gpu.barrier
      {op(tile=ONE_TILE)}
      %threads = arith.constant 255 : index
      %mirror = arith.subi %threads, %thread : index
      %read = memref.load %own[%mirror] : memref<256xi32, #gpu.address_space<workgroup>>
      %expected = arith.index_castui %mirror : index to i32
      %same = arith.cmpi eq, %read, %expected : i32
      scf.if %same {{
        %old = memref.atomic_rmw addi %wide, %marks[%thread] : (i32, memref<256xi32, {G}>) -> i32
      }}
      gpu.barrier
      {op()}"""


def user_code():
    t = Tensors(26)
    out = np.full((TOKENS, N), 2, np.float32)
    text = kernel(USER_CODE, marks=f"memref<256xi32, {G}>").replace(
        ") kernel {", ") workgroup(%own: memref<256xi32, #gpu.address_space<workgroup>>) kernel {")
    return Case(text, t, out, t.product(out, True, times=2).astype(np.float32),
                marks=np.zeros(256, np.int32))


def two_products():
    """The second op has activations of its own."""
    t, other = Tensors(27), Tensors(28)
    out = np.zeros((TOKENS, N), np.float32)
    second = op(tile=ONE_TILE).replace("ins(%x,", "ins(%y,")
    text = kernel(op(tile=ONE_TILE) + second, y=tight("x"))
    first, other_bits = t.product(out, True), bf16_bits(other.x)
    t.x = other.x
    want = t.product(first, True)
    t.x = Tensors(27).x
    return Case(text, t, out, want.astype(np.float32), y=other_bits)


def preshuffled():
    """Weights and scales through a select, a branch, a block argument and memref.dim."""
    t, w, s = Tensors(31), TYPES["w"], TYPES["scale"]
    body = f"""
      %flag_set = arith.cmpi ne, %flag, %tokens : i32
      %chosen = arith.select %flag_set, %w_own, %w_other : {w}
      %scale = scf.if %flag_set -> ({s}) {{
        scf.yield %scale_own : {s}
      }} else {{
        scf.yield %scale_other : {s}
      }}
      cf.br ^next(%chosen : {w})
    ^next(%w: {w}):
      %dimension = arith.index_castui %flag : i32 to index
      %rows = memref.dim %w, %dimension : {w}
      %expected = arith.constant {N} : index
      %same = arith.cmpi eq, %rows, %expected : index
      scf.if %same {{
        {op()}
      }}"""
    text = kernel(body, w_other=w, scale_other=s, flag="i32").replace(
        "%w:", "%w_own:", 1).replace("%scale:", "%scale_own:", 1)
    out = np.zeros((TOKENS, N), np.float32)
    return Case(text, t, out, t.product(out, True).astype(np.float32),
                w_other=np.zeros_like(t.w_bytes), scale_other=np.zeros_like(t.scale_bytes),
                flag=("i32", 1))


TO_LANES = "moe-check-targetCHIP,moe-expand-kernel,moe-pipeline,convert-moe-to-amdgpuCHIP"


CASES = {
    "plain": plain,
    "subview_static": subview_static,
    "dynamic_accumulate_f32": dynamic(True, "f32"),
    "dynamic_store_f32": dynamic(False, "f32"),
    "dynamic_store_bf16": dynamic(False, "bf16"),
    "lists_with_offsets": lists_with_offsets,
    "reduce_slots": reduce_slots,
    "loop": repeated(in_loop(op(tile=ONE_TILE)), 5, 20, **TRIPS),
    "loop_of_tiles": repeated(in_loop(op()), 5, 21, **TRIPS),
    "loop_of_two": repeated(in_loop(op() + op(tile=ONE_TILE)), 10, 22, **TRIPS),
    "blocks": repeated(IN_BLOCKS, 5, 23, **TRIPS),
    "branches": repeated(BRANCHES, 3, 24, sanitize=DEFINED_ASIDE, flag=("i32", ("i32", 1))),
    "other_branch": repeated(BRANCHES, 2, 24, sanitize=DEFINED_ASIDE,
                             flag=("i32", ("i32", TOKENS))),
    "two_ops": repeated(op(tile=ONE_TILE) + op(tile=ONE_TILE), 2, 25),
    "user_code": user_code,
    "two_products": two_products,
    "preshuffled": preshuffled,
    "early_cf": repeated(in_loop(op()), 5, 29, TO_LANES + ",convert-scf-to-cf,moe-insert-waits",
                         **TRIPS),
    "passes_twice": repeated(
        op(), 1, 30, "moe-check-targetCHIP,moe-check-targetCHIP,moe-expand-kernel,"
        "moe-expand-kernel,canonicalize,moe-pipeline,moe-pipeline,convert-moe-to-amdgpuCHIP,"
        "convert-moe-to-amdgpuCHIP,cse,moe-insert-waits,moe-insert-waits"),
}


def main():
    chip, folder, *names = sys.argv[1:]
    for name in names or CASES:
        run(chip, folder, name, CASES[name]())
        print(name, "agrees")


main()
