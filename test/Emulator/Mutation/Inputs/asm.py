# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Assembles a kernel for a chip, writes its launch file, runs it once and compares.

The .s file says in comments what to run, as the kernels of test/Emulator/OpenCL do:
  // LAUNCH: kernel=NAME grid=X block=X dynamic_lds=N
  // ARG: ...
  // EXPECT: PYTHON      the value of out[i], from i and the argument's words by name
asm.py FILE.s CHIP OUT.launch.json --moe-run PATH
"""
import json
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "OpenCL", "Inputs"))
import opencl_test  # noqa: E402


def main():
    source, chip, target, moe_run = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[5]
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    stem = os.path.abspath(target).replace(".launch.json", "")
    launch, args = opencl_test.parse(source)
    subprocess.run(["clang", "-target", "amdgcn-amd-amdhsa", f"-mcpu={chip}", source, "-o", stem + ".hsaco"], check=True)
    described, words = [], {}
    for seed, arg in enumerate(args):
        if "value" in arg:
            described.append({"name": arg["name"], "kind": arg["type"], "value": arg["value"]})
            words[arg["name"]] = arg["value"]
            continue
        data = opencl_test.fill_buffer(arg["type"], arg["count"], arg["fill"], seed)
        words[arg["name"]] = struct.unpack(f"<{len(data) // 4}I", data)
        with open(f"{stem}.{arg['name']}.bin", "wb") as f:
            f.write(data)
        entry = {"name": arg["name"], "kind": "buffer", "file": f"{stem}.{arg['name']}.bin"}
        if arg["name"] == "out":
            entry["out"] = stem + ".out"
        described.append(entry)
    with open(target, "w") as f:
        json.dump({"code_object": stem + ".hsaco", "kernel": launch["kernel"], "grid": (launch["grid"] + [1])[:3],
                   "block": (launch["block"] + [1])[:3], "dynamic_lds": int(launch.get("dynamic_lds", 0)), "args": described}, f)
    subprocess.run([moe_run, "launch", target, "--sanitize", "all"], check=True, stdout=subprocess.DEVNULL)
    formula = re.search(r"// EXPECT: (.*)", open(source).read())[1]
    with open(stem + ".out", "rb") as f:
        got = struct.unpack(f"<{len(words['out'])}I", f.read())
    for i, value in enumerate(got):
        want = eval(formula, {**words, "i": i, "M": 0xFFFFFFFF, "sum": sum, "range": range, "fold": fold, "chip": chip})
        if want != value:
            sys.exit(f"{os.path.basename(source)} {chip}: out[{i}]: expected {want}, got {value}")


def fold(values, factor=33):
    total = 0
    for v in values:
        total = total * factor + v & 0xFFFFFFFF
    return total


if __name__ == "__main__":
    main()
