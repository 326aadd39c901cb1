#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Instructions of the hot loop of our kernels, and of other code objects.

count_instructions.py --build BUILD [--chip CHIP] [--rivals FOLDER] [--json]

Compiles one kernel a tile, disassembles it with LLVM's tools and counts the
innermost loop that has most MFMA. The unit of work is one 16x16x32 product, so
that MFMA of all shapes compare. Also printed: barriers of the loop and its waits
for all loads (drains), instructions before the first load of weights. FOLDER holds code objects of others by the name
WHAT_<M>x<N>x<K>_*.<chip>.hsaco with a launch file *.launch.json beside each;
they are counted in the same run by the same rules, and the ratio of ours to the
best of them at the same tile_m is printed. With --check every kernel counted is
also run in the emulator with all sanitizers on. Not here: time, which these
counts do not give.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

# The tiles for each tile_m that have the fewest instructions, and narrower ones,
# which fill the chip where there are few rows; a flag behind the colon. Those with
# a --gate are of stage 1, one for each way in which its scales stand in memory.
GATES = [f"16x128x256:--gate={gate}" for gate in ("separated", "interleaved", "rows")]
TILES = {
    "gfx950": ["16x128x256", "16x256x256", "32x128x256", "32x256x256", "64x256x128",
               "128x256x128", "128x256x128:--waves=8", *GATES],
    "gfx942": ["16x128x256", "32x128x256", "64x128x128", "64x256x128", "128x128x128",
               *GATES],
}
SHAPE = ["--model-dim", "2880", "--inter-dim", "2880", "--experts", "32", "--topk", "4"]
CHECKED = ["--model-dim", "576", "--inter-dim", "1152", "--experts", "4", "--topk", "2",
           "--tokens", "100"]
LINE = re.compile(r"^\s+([a-z]\S*)(.*?)\s*//\s*([0-9A-F]+):")
MFMA = re.compile(r"v_(?:mfma|smfmac)_\w+?_(\d+)x(\d+)x(\d+)")


def disassemble(path, chip):
    """The instructions of every kernel: (address, mnemonic, operands)."""
    run = subprocess.run(["llvm-objdump-22", "-d", f"--mcpu={chip}", str(path)],
                         capture_output=True, text=True, check=True)
    found = [LINE.match(line) for line in run.stdout.splitlines()]
    return [(int(m[3], 16), m[1], m[2].strip()) for m in found if m]


def work(mnemonic):
    shape = MFMA.match(mnemonic)
    return int(shape[1]) * int(shape[2]) * int(shape[3]) / 8192 if shape else 0


def hot_loop(code):
    """The instructions of the smallest loop that has the most work."""
    places = {address: i for i, (address, _, _) in enumerate(code)}
    best, most = [], (0, 0)
    for i, (address, mnemonic, operands) in enumerate(code):
        if not mnemonic.startswith(("s_cbranch", "s_branch")):
            continue
        offset = int(operands.split()[0]) & 0xFFFF
        target = address + 4 + 4 * (offset - 0x10000 if offset >= 0x8000 else offset)
        if target > address or target not in places:
            continue
        body = code[places[target]:i + 1]
        rank = (sum(work(m) for _, m, _ in body), -len(body))
        if rank > most:
            best, most = body, rank
    return best


def before_weights(code):
    """Instructions ahead of the first 16-byte load into registers."""
    for i, (_, mnemonic, operands) in enumerate(code):
        wide = mnemonic in ("buffer_load_dwordx4", "global_load_dwordx4")
        if wide and not re.search(r"\blds\b", operands):
            return i
    return None


def registers(path):
    notes = subprocess.run(["llvm-readelf-22", "--notes", str(path)],
                           capture_output=True, text=True, check=True).stdout
    number = lambda key: sum(int(n) for n in re.findall(rf"\.{key}:\s+(\d+)", notes))
    return {"vgpr": number("vgpr_count"), "spills": number("vgpr_spill_count"),
            "scratch": number("private_segment_fixed_size")}


def count(path, chip):
    code = disassemble(path, chip)
    loop = hot_loop(code)
    units = sum(work(m) for _, m, _ in loop)
    if not units:
        sys.exit(f"{path}: expected a loop with MFMA, got none")
    valu = sum(m.startswith("v_") and not work(m) for _, m, _ in loop)
    return {"insts": len(loop) / units, "valu": valu / units,
            "mfma": sum(bool(work(m)) for _, m, _ in loop) / units,
            "barriers": sum(m == "s_barrier" for _, m, _ in loop),
            "drains": sum(m == "s_waitcnt" and "vmcnt(0)" in o for _, m, o in loop),
            "before_weights": before_weights(code), **registers(path)}


def run_checked(command):
    """Standard output of a command that has to succeed."""
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"{' '.join(command)}: exit code {run.returncode}\n{run.stderr[-2000:]}")
    return run.stdout


def kernel_flags(entry, chip):
    """Of an entry of TILES."""
    tile, _, flag = entry.partition(":")
    return ["--tile", tile, *(flag.split("=") if flag else []), "--chip", chip]


def ours(args, chip, folder):
    for entry in TILES[chip]:
        path = folder / f"{entry}.{chip}.hsaco"
        kernel = kernel_flags(entry, chip)
        stage = "gemm1" if "--gate" in kernel else "gemm2"
        run_checked([str(args.build / "bin/moe-compile"), "--kernel", stage, *SHAPE,
                     *kernel, "-o", str(path)])
        if args.check:
            run_checked([str(args.build / "bin/moe-run"), stage, *CHECKED, *kernel,
                         "--sanitize", "all"])
        yield {"name": "ours " + entry, "chip": chip, "tile_m": int(entry.split("x")[0]),
               **count(path, chip)}


def rivals(args, chip):
    for path in sorted(args.rivals.glob(f"*.{chip}.hsaco")):
        tile = re.search(r"_(\d+)x\d+x\d+_", path.name)
        if not tile:
            continue
        if args.check:
            launch = path.with_suffix("").with_suffix(f".{chip}.launch.json")
            run_checked([str(args.build / "bin/moe-run"), "launch", str(launch),
                         "--sanitize", "all"])
        yield {"name": path.name.removesuffix(f".{chip}.hsaco"), "chip": chip,
               "tile_m": int(tile[1]), **count(path, chip)}


def print_table(rows):
    print(f"{'chip':7}{'kernel':44}{'insts':>7}{'valu':>7}{'mfma':>6}{'barriers':>9}{'drains':>7}"
          f"{'before':>8}{'vgpr':>6}{'spills':>7}{'ratio':>7}")
    for row in rows:
        others = [r["insts"] for r in rows if not r["name"].startswith("ours ")
                  and (r["chip"], r["tile_m"]) == (row["chip"], row["tile_m"])]
        mine = row["name"].startswith("ours ")
        ratio = f"{row['insts'] / min(others):7.2f}" if mine and others else " " * 7
        before = "-" if row["before_weights"] is None else row["before_weights"]
        print(f"{row['chip']:7}{row['name']:44}{row['insts']:7.2f}{row['valu']:7.2f}"
              f"{row['mfma']:6.2f}{row['barriers']:9}{row['drains']:7}{before:>8}{row['vgpr']:6}"
              f"{row['spills']:7}{ratio}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder")
    parser.add_argument("--chip", choices=sorted(TILES), help="one chip [both]")
    parser.add_argument("--rivals", type=pathlib.Path, help="folder of other code objects")
    parser.add_argument("--check", action="store_true",
                        help="run every kernel too, all sanitizers on")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    args = parser.parse_args()
    if args.rivals and not args.rivals.is_dir():
        parser.error(f"expected a folder of code objects, got '{args.rivals}'")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for chip in [args.chip] if args.chip else sorted(TILES):
            rows += ours(args, chip, pathlib.Path(folder))
            if args.rivals:
                rows += rivals(args, chip)
    if args.json:
        print(json.dumps({"unit": "16x16x32", "kernels": rows}, indent=2))
    else:
        print_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
