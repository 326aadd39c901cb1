# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_report.py REPORT.json FILE.hsaco: compares the report with what
llvm-readelf and llvm-objdump read from the file."""

import json
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def number(text, key):
    return int(re.search(rf"{re.escape(key)}:\s+(\d+)", text).group(1))


def longest_loop(lines):
    """Mnemonics of the shortest backward branch's body that holds all MFMA of
    the longest one; the kernels tested have a single loop over K."""
    addresses = [address for address, _, _ in lines]
    bodies = []
    for index, (address, mnemonic, target) in enumerate(lines):
        if target is not None and target <= address and mnemonic.startswith("s_cbranch"):
            bodies.append([m for _, m, _ in lines[addresses.index(target):index + 1]])
    return max(bodies, key=lambda body: sum(m.startswith("v_mfma") for m in body))


with open(sys.argv[1], encoding="utf-8") as file:
    report = json.load(file)
notes = run("llvm-readelf", "--notes", sys.argv[2])
symbols = run("llvm-readelf", "--symbols", sys.argv[2])
expected = {
    "vgpr": number(notes, ".vgpr_count"),
    "agpr": number(notes, ".agpr_count"),
    "sgpr": number(notes, ".sgpr_count"),
    "lds": number(notes, ".group_segment_fixed_size"),
    "scratch": number(notes, ".private_segment_fixed_size"),
    "spills": number(notes, ".vgpr_spill_count") + number(notes, ".sgpr_spill_count"),
    "kernel": re.search(r"\.name:\s+(\w*moe_gemm\w+)", notes).group(1),
}
size = re.search(rf"(\d+) FUNC .* {expected['kernel']}\n", symbols)
expected["text_bytes"] = int(size.group(1))

lines = []
base = None
for line in run("llvm-objdump", "-d", sys.argv[2]).splitlines():
    found = re.match(r"\t(\w+).*// 0*([0-9A-F]+):", line)
    if not found:
        continue
    address = int(found.group(2), 16)
    base = address if base is None else base
    target = re.search(r"<\w+(?:\+0x([0-9a-f]+))?>$", line)
    where = None if not target else base + int(target.group(1) or "0", 16)
    lines.append((address, found.group(1), where))
body = longest_loop(lines)
loop = {
    "insts": len(body),
    "mfma": sum(m.startswith("v_mfma") for m in body),
    "valu": sum(m.startswith("v_") and not m.startswith("v_mfma") for m in body),
    "cvt": sum(m.startswith("v_cvt") for m in body),
    "vmem": sum(m.startswith(("buffer_", "global_", "flat_")) for m in body),
    "lds": sum(m.startswith("ds_") for m in body),
    "waitcnt": sum(m.startswith("s_waitcnt") for m in body),
    "barrier": sum(m.startswith("s_barrier") for m in body),
    "nop": sum(m.startswith("s_nop") for m in body),
}
loop["salu"] = len(body) - sum(loop[k] for k in
                               ("mfma", "valu", "vmem", "lds", "waitcnt", "barrier", "nop"))

different = [f"{key}: expected {value}, got {report[key]}"
             for key, value in expected.items() if report[key] != value]
different += [f"hot_loop.{key}: expected {value}, got {report['hot_loop'][key]}"
              for key, value in loop.items() if report["hot_loop"][key] != value]
print("grid", report["grid"][0])
print("block", *report["block"])
print("\n".join(different) or "all equal")
sys.exit(1 if different else 0)
