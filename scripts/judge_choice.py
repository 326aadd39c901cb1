#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Whether the timing model chooses as silicon did: judge_choice.py HSA_FOLDER.
#
# A row of benchmarks/data/f4gemm_gfx950.csv names the object that AMD's tuner found
# fastest for a shape. For a sample of the rows, drawn with a seed, the model times
# that object and others for the same shape, and the time of the named one is set in
# relation to the least. Others: those with the least bounds by bytes and matrix
# operations of whole tiles, the rest cannot be much better; whether the bound would
# have kept the named one is said. K is cut as in calibrate_timing.py, and to twice the
# lengths where a longer K takes no more time. A row's result is appended to --results
# at once, and rows that are there are not run again.
import argparse
import concurrent.futures
import csv
import json
import os
import random
import subprocess
import sys
import tempfile

import calibrate_timing as calibration
import timing_launches as launches

ROOT = calibration.ROOT
COLUMNS = ["M", "N", "K", "published", "published_us", "best", "best_us", "ratio", "bound_rank", "timed"]


def parse():
    parser = argparse.ArgumentParser(description="does the timing model choose as silicon did?")
    parser.add_argument("hsa", help="the folder hsa of ROCm/aiter")
    parser.add_argument("--moe-run", default=os.path.join(ROOT, "build", "bin", "moe-run"))
    parser.add_argument("--data", default=os.path.join(ROOT, "benchmarks", "data"), help="folder of measured times")
    parser.add_argument("--rows", type=int, default=40, help="rows of the sample [40]")
    parser.add_argument("--seed", type=int, default=0, help="of the sample [0]")
    parser.add_argument("--most", type=int, default=10, help="objects a row that are timed besides the named one [10]")
    parser.add_argument("--jobs", type=int, default=2, help="processes [2]")
    parser.add_argument("--results", default="choice.csv", help="CSV file of the rows' results [choice.csv]")
    parser.add_argument("--report", action="store_true", help="run nothing, print what --results has")
    args = parser.parse_args()
    if not os.path.isdir(args.hsa):
        parser.error(f"expected a folder, got '{args.hsa}'")
    return args


def sample(args):
    rows = launches.read_rows(os.path.join(args.data, "f4gemm_gfx950.csv"))
    return random.Random(args.seed).sample(rows, min(args.rows, len(rows)))


def bound(row, tile):
    """Microseconds that no object of this tile can beat: rounds of 256 workgroups, each
    with its products at the peak of a compute unit and its operands at 64 bytes a clock."""
    tile_m, tile_n = tile
    tiles = launches.ceil(row["M"], tile_m) * launches.ceil(row["N"], tile_n)
    rounds = launches.ceil(tiles, 256)
    products = tile_m * tile_n * row["K"] * 2 / (10.07e15 / 256)
    operands = (tile_m + tile_n) * row["K"] * 0.53125 / (64 * 2.4e9)
    memory = ((row["M"] + row["N"]) * row["K"] * 0.53125 + 2 * row["M"] * row["N"]) / 8e12
    return 1e6 * max(rounds * max(products, operands), memory)


def candidates(args, row, known):
    """The named object and those of the least bounds; the named one's place among all."""
    names = sorted((name for name in known if name.startswith("f4gemm") and "noBpreShuffle" not in name),
                   key=lambda name: (bound(row, known[name][2]), name))
    chosen = names[:args.most]
    rank = names.index(row["object"]) + 1
    return (chosen if row["object"] in chosen else chosen + [row["object"]]), rank


def model(args, row, names, known, sizes, cut=calibration.ROUNDS):
    """Modelled microseconds of each object."""
    whole = launches.steps(row)
    rounds = [whole] if whole <= cut[1] else list(cut)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name in names:
            for count in rounds:
                path = os.path.join(folder, f"{name}-{count}.json")
                launches.write_launch(path, dict(row, object=name), known, sizes[name], count)
                files.append(path)
        done = subprocess.run([args.moe_run, "model", "--sample-instructions", "1000", *files], input="\n",
                              capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"judge_choice.py: error: moe-run model: {done.stderr[-800:]}")
        found = [entry["us"] for entry in json.loads(done.stdout)]
    times = {}
    for at, name in enumerate(names):
        us = found[at * len(rounds):(at + 1) * len(rounds)]
        if len(us) == 2 and us[1] <= us[0]:
            # A sample that happens to differ: no rate to continue with.
            us = [model(args, row, [name], known, sizes, tuple(2 * r for r in cut))[name]]
        elif len(us) == 2:
            us[1] += (us[1] - us[0]) / (rounds[1] - rounds[0]) * (whole - rounds[1])
        times[name] = us[-1]
    return times


def judge(args, row, known, sizes):
    names, rank = candidates(args, row, known)
    times = model(args, row, names, known, sizes)
    best = min(names, key=lambda name: times[name])
    return {"M": row["M"], "N": row["N"], "K": row["K"], "published": row["object"],
            "published_us": f"{times[row['object']]:.3f}", "best": best, "best_us": f"{times[best]:.3f}",
            "ratio": f"{times[row['object']] / times[best]:.4f}", "bound_rank": rank, "timed": len(names)}


def short(name):
    return name.rsplit("_", 1)[-1]


def report(args, results):
    if not results:
        sys.exit(f"judge_choice.py: error: expected rows of the data in '{args.results}', got none")
    within = sum(float(r["ratio"]) <= 1.08 for r in results)
    first = sum(r["best"] == r["published"] for r in results)
    ratios = sorted(float(r["ratio"]) for r in results)
    pruned = sum(int(r["bound_rank"]) > args.most for r in results)
    print(f"{len(results)} of {args.rows} rows: the published object is within 8 % of the model's best in {within} "
          f"({100 * within / len(results):.0f} %), its best in {first}; median ratio "
          f"{calibration.quantile(ratios, 0.5):.3f}, 90th percentile {calibration.quantile(ratios, 0.9):.3f}; "
          f"the bound alone would have left it out in {pruned}")
    print("\n| M x N x K | published | modelled us | the model's best | modelled us | ratio |\n|---|---|---|---|---|---|")
    for r in sorted(results, key=lambda r: -float(r["ratio"])):
        if float(r["ratio"]) > 1.08:
            print(f"| {r['M']} x {r['N']} x {r['K']} | {short(r['published'])} | {float(r['published_us']):.2f} | "
                  f"{short(r['best'])} | {float(r['best_us']):.2f} | {float(r['ratio']):.2f} |")


def key_of(row):
    return tuple(int(row[c]) for c in ("M", "N", "K"))


def main():
    args = parse()
    known = launches.objects(args.hsa)
    rows = sample(args)
    for row in rows:
        if row["object"] not in known:
            sys.exit(f"judge_choice.py: error: no code object '{row['object']}' in '{args.hsa}'")
    sizes = {}
    for name in (n for n in known if n.startswith("f4gemm")):
        done = subprocess.run([args.moe_run, "info", known[name][0], "--json"], capture_output=True, text=True, check=True)
        sizes[name] = json.loads(done.stdout)["kernels"][0]["kernarg_bytes"]
    results = []
    if os.path.exists(args.results):
        with open(args.results, newline="") as file:
            results = list(csv.DictReader(file))
    wanted = {key_of(row) for row in rows}
    results = [r for r in results if key_of(r) in wanted]
    missing = [] if args.report else [row for row in rows if key_of(row) not in {key_of(r) for r in results}]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool, open(args.results, "a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if file.tell() == 0:
            writer.writeheader()
        for judged in concurrent.futures.as_completed([pool.submit(judge, args, row, known, sizes) for row in missing]):
            results.append(judged.result())
            writer.writerow(results[-1])
            file.flush()
            print(f"{len(results)} of {len(rows)}: {results[-1]}", file=sys.stderr, flush=True)
    report(args, results)


if __name__ == "__main__":
    main()
