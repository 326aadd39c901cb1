# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels of gpu.shuffle in all modes, and the values that they should store.

Each lane holds 100 + its number and stores what it gets, or -1 if that is not valid.
"""
import array
import json

MODES = ["xor", "down", "up", "idx"]
LANES = 64


def source(mode, width, offset, lane):
    """The lane whose value it gets, or None."""
    place = lane % width
    other = {"xor": place ^ offset % 2**32, "down": place + offset % 2**32,
             "up": place - offset % 2**32, "idx": offset % 2**32}[mode]
    whole = lane - place + other
    return whole if 0 <= other < width and whole < LANES else None


def kernel(name, arguments, body):
    return f"""gpu.module @kernels {{
  gpu.func @{name}({arguments}) kernel attributes {{known_block_size = array<i32: 64, 1, 1>}} {{
    %t = gpu.thread_id x
    %none = arith.constant -1 : i32
    %c100 = arith.constant 100 : i32
    %lane = arith.index_cast %t : index to i32
    %own = arith.addi %lane, %c100 : i32
    {body}
    gpu.return
  }}
}}
"""


def shuffle(number, mode, count):
    return f"""
    %v{number}, %f{number} = gpu.shuffle {mode} %own, %o{number}, %w{number} : i32
    %r{number} = arith.select %f{number}, %v{number}, %none : i32
    memref.store %r{number}, %out[%i{number}, %t] : memref<{count}x64xi32>"""


def write(name, count, text, cases, arguments):
    with open(f"{name}.mlir", "w") as file:
        file.write(text)
    expected = []
    for mode, width, offset in cases:
        sources = [source(mode, width, offset, lane) for lane in range(LANES)]
        expected += [-1 if lane is None else 100 + lane for lane in sources]
    array.array("i", expected).tofile(open(f"{name}.bin", "wb"))
    json.dump({"code_object": "k.hsaco", "kernel": name, "grid": [1, 1, 1], "block": [64, 1, 1],
               "args": [{"name": "out", "kind": "buffer", "size": 256 * count,
                         "out": "out.bin"}, *arguments],
               "expect": {"arg": "out", "dtype": "i32", "file": f"{name}.bin",
                          "file_dtype": "i32", "rtol": 0, "atol": 0}},
              open(f"{name}.json", "w"))


def constants():
    pairs = [(width, offset) for width in (2, 4, 16, 32, 64, 48)
             for offset in sorted({0, 1, 3, width // 2, width - 1, width, width + 2, -1})]
    cases = [(mode, width, offset) for mode in MODES for width, offset in pairs]
    body = ""
    for number, (mode, width, offset) in enumerate(cases):
        body += f"""
    %i{number} = arith.constant {number} : index
    %o{number} = arith.constant {offset} : i32
    %w{number} = arith.constant {width} : i32"""
        body += shuffle(number, mode, len(cases))
    write("constant", len(cases),
          kernel("constant", f"%out: memref<{len(cases)}x64xi32>", body), cases, [])


def given():
    pairs = [(width, offset) for width in (1, 2, 4, 16, 32, 64, 3, 48, 100)
             for offset in (0, 1, 2, 5, 18, 31, 63, 64, 70, -1, -2**31, 2**31 - 1)]
    cases = [(mode, width, offset) for width, offset in pairs for mode in MODES]
    body = f"""
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %count = arith.constant {len(pairs)} : index
    scf.for %i = %c0 to %count step %c1 {{
      %first = arith.muli %i, %c4 : index
      %w0 = memref.load %pairs[%i, %c0] : memref<{len(pairs)}x2xi32>
      %o0 = memref.load %pairs[%i, %c1] : memref<{len(pairs)}x2xi32>"""
    for number, mode in enumerate(MODES):
        body += f"""
      %k{number} = arith.constant {number} : index
      %i{number} = arith.addi %first, %k{number} : index"""
        body += shuffle(number, mode, len(cases)).replace(f"%o{number}", "%o0").replace(
            f"%w{number}", "%w0")
    body += "\n    }"
    array.array("i", [number for pair in pairs for number in pair]).tofile(
        open("pairs.bin", "wb"))
    arguments = f"%out: memref<{len(cases)}x64xi32>, %pairs: memref<{len(pairs)}x2xi32>"
    write("given", len(cases), kernel("given", arguments, body), cases,
          [{"kind": "buffer", "file": "pairs.bin"}])


constants()
given()
