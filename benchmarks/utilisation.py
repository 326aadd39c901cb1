#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How busy the matrix cores are in the loop of our kernels: modelled.

utilisation.py --build BUILD [--chip CHIP] [--only TILE] [--json]

Models stage 2 on a chip whose last-level cache and HBM answer as its L2 does and
without limit, so that what is left is the code: issue, LDS, barriers, waits, the
latency of the L2, and its bandwidth, which the second column leaves out. Each
compute unit gets as many workgroups as fit on it at once. Each kernel is
modelled with K and with twice K; the difference is the loop alone, without
prologue and epilogue. Utilisation is the time of the matrix passes in it on the
time of all of it. The emulator runs of the launches what the model needs.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TILES = {
    "gfx950": ["16x128x256", "16x256x256", "32x128x256", "32x256x256", "64x256x128",
               "128x256x128", "128x256x128:--waves=8"],
}
K = 2880
COLUMN_TILES = 8
WITHOUT_LIMIT = 1e6  # TB/s and bytes a cycle


def near_memory(chip, folder, bandwidth):
    """The chip's parameters with all memory as near as the L2, in a file."""
    name = f"lib/Timing/Parameters/{chip}.json"
    parameters = json.loads((ROOT / name).read_text())
    values = parameters["parameters"]
    l2 = values["l2_latency_clk"]["value"]
    changes = {"mall_latency_clk": l2, "hbm_latency_clk": l2, "smem_latency_clk": l2,
               "mall_tbs": WITHOUT_LIMIT, "hbm_tbs": WITHOUT_LIMIT,
               "hbm_peak_tbs": WITHOUT_LIMIT, "matrix_clock_loss": 0}
    if not bandwidth:
        changes |= {"l1_bytes_per_clk": WITHOUT_LIMIT, "l2_bytes_per_clk": WITHOUT_LIMIT,
                    "miss_bytes": 1000 * values["miss_bytes"]["value"]}
    for key, value in changes.items():
        values[key] = {"value": value, "source": "changed by benchmarks/utilisation.py"}
    path = folder / f"near{int(bandwidth)}.json"
    path.write_text(json.dumps(parameters))
    return path, values


def model(build, parameters, kernel, tile, groups, k):
    """The modelled launch of so many workgroups."""
    tile_m, tile_n, _ = (int(n) for n in tile.split("x"))
    command = [str(build / "bin/moe-run"), "gemm2", *kernel, "--experts", "1", "--topk", "1",
               "--tokens", str(tile_m * groups // COLUMN_TILES),
               "--model-dim", str(tile_n * COLUMN_TILES), "--inter-dim", str(k),
               "--sample-instructions", "1000000", f"--time-model={parameters}", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"{' '.join(command)}: exit code {run.returncode}\n{run.stderr[-2000:]}")
    return json.loads(run.stdout)


def measure(build, chip, entry, folder):
    tile, _, flag = entry.partition(":")
    kernel = ["--chip", chip, "--tile", tile, *(flag.split("=") if flag else [])]
    row = {"kernel": entry, "chip": chip}
    for name, bandwidth in (("l2", True), ("latency", False)):
        path, values = near_memory(chip, folder, bandwidth)
        units = values["cus"]["value"]
        first = model(build, path, kernel, tile, units, K)
        row["waves_per_simd"] = first["modelled"]["waves_per_simd"]
        waves = row["waves_per_simd"] * values["simds"]["value"]
        resident = waves // first["config"]["waves"]
        short, long = (model(build, path, kernel, tile, units * resident, k)["modelled"]
                       for k in (K, 2 * K))
        row[name] = (long["ideal_us"] - short["ideal_us"]) / (long["us"] - short["us"])
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder")
    parser.add_argument("--chip", choices=sorted(TILES), default="gfx950", help="[gfx950]")
    parser.add_argument("--only", default="", help="tiles with this in their name")
    parser.add_argument("--json", action="store_true", help="print a JSON array")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for entry in TILES[args.chip]:
            if args.only in entry:
                rows.append(measure(args.build, args.chip, entry, pathlib.Path(folder)))
    if not rows:
        parser.error(f"--only: expected a part of a tile's name, got '{args.only}'")
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'kernel':24}{'waves/SIMD':>11}{'L2':>8}{'latency alone':>15}")
    for row in rows:
        print(f"{row['kernel']:24}{row['waves_per_simd']:11}{row['l2']:8.1%}{row['latency']:15.1%}")


if __name__ == "__main__":
    main()
