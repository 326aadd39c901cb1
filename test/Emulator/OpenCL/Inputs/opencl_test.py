# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles one test kernel for the GPUs and for the host and compares bytes.

The .cl file says in comments what to run:
  // LAUNCH: kernel=NAME grid=X[,Y] block=X[,Y]
  // ARG: NAME TYPE[COUNT] FILL      a buffer; FILL: zero, random, index, small,
  //                                 unit, finite (any finite float), divisor
  // ARG: NAME i32|i64 VALUE
Buffers whose name starts with "out" are compared, byte for byte; `nan` after the
fill allows any NaN where the host has one.
"""
import argparse
import json
import os
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "Inputs"))
from splitmix import Random  # noqa: E402

WIDTH = {"u8": 1, "u16": 2, "f16": 2, "bf16": 2, "u32": 4, "i32": 4, "f32": 4, "u64": 8, "i64": 8, "f64": 8}
FLOATS = {"f16": (5, 10), "bf16": (8, 7), "f32": (8, 23), "f64": (11, 52)}


def float_bits(kind, value):
    if kind == "bf16":
        return struct.unpack("<I", struct.pack("<f", value))[0] >> 16
    code = {"f16": "<e", "f32": "<f", "f64": "<d"}[kind]
    return int.from_bytes(struct.pack(code, value), "little")


def element(kind, fill, index, random):
    bits = 8 * WIDTH[kind]
    r = random.next()
    if fill == "zero":
        return 0
    if fill == "index":
        return index & ((1 << bits) - 1)
    if kind in FLOATS:
        exponent_bits, mantissa_bits = FLOATS[kind]
        if fill == "small":  # integers -50..50
            return float_bits(kind, float(r % 101) - 50)
        if fill == "unit":  # about 2^-8 .. 2^8, both signs
            bias = (1 << (exponent_bits - 1)) - 1
            exponent = bias - 8 + (r >> 32) % 16 if bits > 16 else bias - 4 + (r >> 32) % 8
            return (r >> 63) << (bits - 1) | exponent << mantissa_bits | r & ((1 << mantissa_bits) - 1)
        value = r & ((1 << bits) - 1)
        top = (1 << exponent_bits) - 1
        if fill == "finite" and (value >> mantissa_bits) & top == top:
            value ^= 1 << mantissa_bits
        return value
    if fill == "small":
        return (r % 101) & ((1 << bits) - 1)
    if fill == "divisor":  # all magnitudes, never zero
        value = (r & ((1 << bits) - 1)) >> ((r >> 40) % bits)
        return value or 7
    return r & ((1 << bits) - 1)


def fill_buffer(kind, count, fill, seed):
    random = Random(seed)
    width = WIDTH[kind]
    return b"".join(element(kind, fill, i, random).to_bytes(width, "little") for i in range(count))


def parse(path):
    launch, args = None, []
    for line in open(path):
        if m := re.match(r"// LAUNCH: (.*)", line):
            launch = dict(part.split("=") for part in m.group(1).split())
        elif m := re.match(r"// ARG: (\w+) (\w+)\[(\d+)\] (\w+)( nan)?\s*$", line):
            args.append({"name": m[1], "type": m[2], "count": int(m[3]), "fill": m[4], "nan": bool(m[5])})
        elif m := re.match(r"// ARG: (\w+) (i32|i64) (-?\w+)\s*$", line):
            args.append({"name": m[1], "type": m[2], "value": int(m[3], 0)})
    if not launch or not args:
        sys.exit(f"{path}: expected a LAUNCH line and ARG lines, got none")
    launch["grid"] = [int(n) for n in launch["grid"].split(",")] + [1]
    launch["block"] = [int(n) for n in launch["block"].split(",")] + [1]
    return launch, args


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode} from: {' '.join(command)}\n{done.stdout}")


def is_nan(kind, bits):
    exponent_bits, mantissa_bits = FLOATS[kind]
    top = (1 << exponent_bits) - 1
    return (bits >> mantissa_bits) & top == top and bits & ((1 << mantissa_bits) - 1)


def compare(arg, want, got, what):
    width = WIDTH[arg["type"]]
    wrong = []
    for i in range(len(want) // width):
        w, g = (int.from_bytes(b[i * width : (i + 1) * width], "little") for b in (want, got))
        both_nan = arg["nan"] and is_nan(arg["type"], w) and is_nan(arg["type"], g)
        if w != g and not both_nan:
            wrong.append((i, w, g))
    if len(want) != len(got):
        sys.exit(f"{what}: {arg['name']}: expected {len(want)} bytes, got {len(got)}")
    for i, w, g in wrong[:10]:
        print(f"{what}: {arg['name']}[{i}]: expected 0x{w:x}, got 0x{g:x}")
    if wrong:
        sys.exit(f"{what}: {arg['name']}: {len(wrong)} of {len(want) // width} elements differ")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kernel")
    parser.add_argument("--moe-run", required=True)
    parser.add_argument("--out", required=True, help="prefix of the files made")
    parser.add_argument("--chip", action="append")
    parser.add_argument("--level", action="append", help="of optimisation; the sanitizers look at all that are given")
    parser.add_argument("--launch-flag", action="append", default=[])
    options = parser.parse_args()
    here = os.path.dirname(os.path.abspath(__file__))
    launch, args = parse(options.kernel)
    prefix = options.out
    os.makedirs(os.path.dirname(prefix) or ".", exist_ok=True)

    native = prefix + ".native"
    common = ["-O1", "-ffp-contract=off", "-I", here]
    run(["clang", "-x", "c", *common, "-Xclang", "-ffloat16-excess-precision=none", "-msse4.2", "-Wno-unused-value",
         options.kernel, f"-DKERNEL_NAME={launch['kernel']}", os.path.join(here, "native.c"), "-lm", "-o", native])
    command = [native, *map(str, launch["grid"][:2]), *map(str, launch["block"][:2])]
    for seed, arg in enumerate(args):
        if "value" in arg:
            command.append(f"i64:{arg['value']}")
            continue
        arg["file"] = f"{prefix}.{arg['name']}.in"
        with open(arg["file"], "wb") as f:
            f.write(fill_buffer(arg["type"], arg["count"], arg["fill"], seed))
        command.append(f"{arg['file']}={prefix}.{arg['name']}.ref")
    run(command)

    for chip in options.chip or ["gfx942", "gfx950"]:
        for level in options.level or ("-O1", "-O2", "-O3"):
            what = f"{os.path.basename(options.kernel)} {chip} {level}"
            stem = f"{prefix}.{chip}{level}"
            run(["clang", "-x", "cl", "-cl-std=CL2.0", "-target", "amdgcn-amd-amdhsa", f"-mcpu={chip}", "-nogpulib",
                 "-cl-fp32-correctly-rounded-divide-sqrt", "-munsafe-fp-atomics", level, *common[1:], "-I", here,
                 options.kernel, "-o", stem + ".hsaco"])
            described = []
            for arg in args:
                if "value" in arg:
                    described.append({"name": arg["name"], "kind": arg["type"], "value": arg["value"]})
                    continue
                entry = {"name": arg["name"], "kind": "buffer", "file": os.path.abspath(arg["file"])}
                if arg["name"].startswith("out"):
                    entry["out"] = os.path.abspath(f"{stem}.{arg['name']}.out")
                described.append(entry)
            with open(stem + ".json", "w") as f:
                json.dump({"code_object": os.path.abspath(stem + ".hsaco"), "kernel": launch["kernel"],
                           "grid": (launch["grid"] + [1])[:3], "block": (launch["block"] + [1])[:3],
                           "dynamic_lds": 0, "args": described}, f, indent=1)
            # One level with all sanitizers: they have nothing to say of these.
            flags = ["--sanitize", "all"] if options.level or level == "-O2" else []
            run([options.moe_run, "launch", stem + ".json", *flags, *options.launch_flag])
            for arg in args:
                if arg["name"].startswith("out"):
                    with open(f"{prefix}.{arg['name']}.ref", "rb") as want, open(f"{stem}.{arg['name']}.out", "rb") as got:
                        compare(arg, want.read(), got.read(), what)
    print(f"{os.path.basename(options.kernel)}: equal on all")


if __name__ == "__main__":
    main()
