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
import tempfile

import count_instructions as counts

ROOT = pathlib.Path(__file__).resolve().parent.parent
TILES = {"gfx950": [entry for entry in counts.TILES["gfx950"] if "--gate" not in entry]}
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


def model(build, parameters, entry, chip, groups, k):
    """The modelled launch of so many workgroups."""
    tile_m, tile_n = (int(n) for n in entry.split("x")[:2])
    command = [str(build / "bin/moe-run"), "gemm2", *counts.kernel_flags(entry, chip),
               "--experts", "1", "--topk", "1",
               "--tokens", str(tile_m * groups // COLUMN_TILES),
               "--model-dim", str(tile_n * COLUMN_TILES), "--inter-dim", str(k),
               "--sample-instructions", "1000000", f"--time-model={parameters}", "--json"]
    return json.loads(counts.run_checked(command))


def measure(build, chip, entry, folder):
    path, values = near_memory(chip, folder, True)
    units = values["cus"]["value"]
    # As many as fit, whatever the memory does.
    first = model(build, path, entry, chip, units, K)
    row = {"kernel": entry, "chip": chip,
           "waves_per_simd": first["modelled"]["waves_per_simd"]}
    waves = row["waves_per_simd"] * values["simds"]["value"]
    groups = units * (waves // first["config"]["waves"])
    for name, bandwidth in (("l2", True), ("latency", False)):
        path, _ = near_memory(chip, folder, bandwidth)
        short, long = (model(build, path, entry, chip, groups, k)["modelled"]
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
