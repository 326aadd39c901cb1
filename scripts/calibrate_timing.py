#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# How far modelled times are from measured ones, and the fit of the parameters of
# the timing model: calibrate_timing.py HSA_FOLDER, where the folder is `hsa` of a
# checkout of github.com/ROCm/aiter. The measured times are benchmarks/data; the
# code objects are no part of this repository.
#
# Five folds, chosen by a hash of the row: the fitted parameters are those that are
# best on four folds, the errors of the fifth are the test's. Beside the model
# stands a plain one that knows tiles, bytes and operations but no code. K is cut
# to two lengths and the time continued in proportion, as every round of a loop
# over K does the same.
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import zlib

import timing_launches as launches

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDS = 5
ROUNDS = (6, 10)
# What is fitted, and by what factors the search goes, one after the other.
FITTED = ["launch_us", "matrix_clock_loss", "hbm_latency_clk", "hbm_tbs", "miss_bytes", "mall_latency_clk"]
STEPS = (1.08,)


def parse():
    parser = argparse.ArgumentParser(description="calibrate the timing model")
    parser.add_argument("hsa", help="the folder hsa of ROCm/aiter")
    parser.add_argument("--moe-run", default=os.path.join(ROOT, "build", "bin", "moe-run"))
    parser.add_argument("--parameters", default=os.path.join(ROOT, "lib", "Timing", "Parameters", "gfx950.json"),
                        help="the parameters to start from, or to judge")
    parser.add_argument("--data", default=os.path.join(ROOT, "benchmarks", "data"), help="folder of measured times")
    parser.add_argument("--fit", action="store_true", help="fit; without it the parameters are judged as they are")
    parser.add_argument("--write", help="with --fit: where the parameters fitted to all rows go")
    parser.add_argument("--jobs", type=int, default=2, help="processes [2]")
    parser.add_argument("--every", type=int, default=1, help="only every so many rows [1]")
    parser.add_argument("--first", type=int, default=0, help="the number of the first row [0]")
    parser.add_argument("--rows", help="write each row's times to this CSV file")
    args = parser.parse_args()
    if not os.path.isdir(args.hsa):
        parser.error(f"expected a folder, got '{args.hsa}'")
    if args.write and not args.fit:
        parser.error("--write: expected --fit besides")
    return args


def fold_of(row):
    return zlib.crc32(f"{row['object']},{row['M']},{row['N']},{row['K']},{row['splitK']}".encode()) % FOLDS


class Recorder:
    """moe-run model processes that hold the recorded launches of all rows."""

    def __init__(self, args, rows, folder):
        self.rows, self.folder, self.plans, self.cache, self.sets = rows, folder, [], {}, 0
        known = launches.objects(args.hsa)
        sizes = {}
        files: list[str] = []
        for i, row in enumerate(rows):
            if row["object"] not in known:
                sys.exit(f"calibrate_timing.py: error: no code object '{row['object']}' in '{args.hsa}'")
            if row["object"] not in sizes:
                done = subprocess.run([args.moe_run, "info", known[row["object"]][0], "--json"], capture_output=True,
                                      text=True, check=True)
                sizes[row["object"]] = json.loads(done.stdout)["kernels"][0]["kernarg_bytes"]
            whole = launches.steps(row)
            rounds = [whole] if whole <= ROUNDS[1] else list(ROUNDS)
            places = []
            for count in rounds:
                path = os.path.join(folder, f"{i}-{count}.json")
                launches.write_launch(path, row, known, sizes[row["object"]], count)
                places.append(len(files))
                files.append(path)
            self.plans.append((whole, rounds, places))
        self.order = [list(range(j, len(files), args.jobs)) for j in range(args.jobs)]
        self.processes = [
            subprocess.Popen([args.moe_run, "model", "--sample-instructions", "1000", *[files[f] for f in part]],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for part in self.order]
        self.count = len(files)

    def times(self, parameters):
        """Modelled microseconds of every row."""
        key = json.dumps(parameters, sort_keys=True)
        if key in self.cache:
            return self.cache[key]
        self.sets += 1
        path = os.path.join(self.folder, f"parameters-{self.sets}.json")
        with open(path, "w") as file:
            file.write(key)
        for process in self.processes:
            assert process.stdin
            process.stdin.write(path + "\n")
            process.stdin.flush()
        found = [0.0] * self.count
        for part, process in zip(self.order, self.processes):
            assert process.stdout
            line = process.stdout.readline()
            if not line:
                sys.exit("calibrate_timing.py: error: moe-run model ended early")
            for place, entry in zip(part, json.loads(line)):
                found[place] = entry["us"]
        result: list[float] = []
        for whole, rounds, places in self.plans:
            us = [found[p] for p in places]
            if len(us) == 2:
                us[1] += (us[1] - us[0]) / (rounds[1] - rounds[0]) * (whole - rounds[1])
            result.append(us[-1])
        self.cache[key] = result
        return result

    def close(self):
        for process in self.processes:
            assert process.stdin
            process.stdin.close()


def errors(rows, times, chosen):
    """|modelled / measured - 1| of the chosen rows."""
    return [abs(times[i] / rows[i]["us"] - 1) for i in chosen]


def score(rows, times, chosen):
    """What the fit makes small: the mean distance of logarithms, large ones capped."""
    return statistics.mean(min(abs(math.log(times[i] / rows[i]["us"])), 0.5) for i in chosen)


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else float("nan")


def ranks(values):
    order = sorted(range(len(values)), key=lambda i: values[i])
    result = [0] * len(values)
    for rank, i in enumerate(order):
        result[i] = rank
    return result


def spearman(a, b):
    a, b = ranks(a), ranks(b)
    mean = (len(a) - 1) / 2
    top = sum((x - mean) * (y - mean) for x, y in zip(a, b))
    return top / math.sqrt(sum((x - mean)**2 for x in a) * sum((y - mean)**2 for y in b))


def line(name, rows, times, chosen):
    e = errors(rows, times, chosen)
    rank = spearman([times[i] for i in chosen], [rows[i]["us"] for i in chosen]) if len(e) > 2 else float("nan")
    print(f"| {name} | {len(e)} | {100 * quantile(e, 0.5):.1f} % | {100 * quantile(e, 0.9):.1f} % | {rank:.3f} |", flush=True)


def plain_times(rows, efficiency):
    """Operations of whole tiles at a part of the peak, bytes at 6.2 TB/s, 6 us."""
    result = []
    for row in rows:
        tile_m, tile_n = tile_of(row)
        four = row["family"] == "f4gemm"
        peak, width = (10.07e15, 0.53125) if four else (2.52e15, 2)
        tiles = launches.ceil(row["M"], tile_m) * launches.ceil(row["N"], tile_n) * max(row["splitK"], 1)
        waves = launches.ceil(tiles, 256)
        flops = 2.0 * waves * 256 * tile_m * tile_n * row["K"] / max(row["splitK"], 1)
        size = (row["M"] + row["N"]) * row["K"] * width + 2 * row["M"] * row["N"]
        result.append(6 + 1e6 * max(flops / peak / efficiency, size / 6.2e12))
    return result


def tile_of(row):
    for part in row["object"].split("_"):
        sizes = part.split("x")
        if len(sizes) == 2 and all(s.isdigit() for s in sizes):
            return int(sizes[0]), int(sizes[1])
    sys.exit(f"calibrate_timing.py: error: expected a tile in '{row['object']}'")


def plain_model(rows, train, test):
    """The best efficiency of the training rows, applied to the test's."""
    best = min((score(rows, plain_times(rows, e / 100), train), e) for e in range(20, 101, 2))[1]
    times = plain_times(rows, best / 100)
    return {i: times[i] for i in test}


def with_values(parameters, values):
    changed = json.loads(json.dumps(parameters))
    for key, value in values.items():
        changed["parameters"][key]["value"] = value
    return changed


def is_physical(values, start):
    """No more bandwidth than on paper, no cache slower than memory, a clock that turns."""
    return (values["hbm_tbs"] <= start["parameters"]["hbm_peak_tbs"]["value"]
            and values["mall_latency_clk"] <= values["hbm_latency_clk"] and values["matrix_clock_loss"] < 1)


def fit(recorder, rows, start, chosen, note):
    """Coordinate descent: each parameter in turn a step up or down, while that helps."""
    values = {key: start["parameters"][key]["value"] for key in FITTED}
    best = score(rows, recorder.times(with_values(start, values)), chosen)
    for step in STEPS:
        moved = True
        while moved:
            moved = False
            for key in FITTED:
                for factor in (step, 1 / step):
                    changed = dict(values, **{key: float(f"{values[key] * factor:.4g}")})
                    if not is_physical(changed, start):
                        continue
                    got = score(rows, recorder.times(with_values(start, changed)), chosen)
                    if got < best - 1e-4:
                        best, values, moved = got, changed, True
                        break
    print(f"{note}: {best:.4f}, {values}", file=sys.stderr, flush=True)
    return values


def report(rows, times, plain, title, rare):
    print(f"\n{title}\n\n| | rows | median error | 90th percentile | Spearman |\n|---|---|---|---|---|")
    for name, use in (("model", times), ("plain model", plain)):
        for family in ("f4gemm", "bf16gemm"):
            line(f"{name}, {family}", rows, use, [i for i, row in enumerate(rows) if row["family"] == family])
        line(f"{name}, objects with at least six rows", rows, use,
             [i for i, row in enumerate(rows) if row["object"] not in rare])


def main():
    args = parse()
    rows = [row for family in ("f4gemm", "bf16gemm")
            for row in launches.read_rows(os.path.join(args.data, f"{family}_gfx950.csv"))][args.first::args.every]
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["object"]] = counts.get(row["object"], 0) + 1
    rare = {name for name, count in counts.items() if count < 6}
    with open(args.parameters) as file:
        start = json.load(file)
    everything = list(range(len(rows)))
    folds = [fold_of(row) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(args, rows, folder)
        tested = recorder.times(start)
        of_row = {}
        for fold in range(FOLDS):
            train = [i for i in everything if folds[i] != fold]
            test = [i for i in everything if folds[i] == fold]
            of_row.update(plain_model(rows, train, test))
        plain = [of_row[i] for i in everything]
        title = "Parameters as given"
        if args.fit:
            values = fit(recorder, rows, start, everything, "all rows")
            fitted = recorder.times(with_values(start, values))
            report(rows, fitted, plain, "Fit: all rows", rare)
            tested = list(fitted)
            for fold in range(FOLDS):
                train = [i for i in everything if folds[i] != fold]
                own = fit(recorder, rows, start, train, f"without fold {fold}")
                times = recorder.times(with_values(start, own))
                for i in everything:
                    if folds[i] == fold:
                        tested[i] = times[i]
            title = "Test: each fold by the parameters fitted to the other four"
            if args.write:
                with open(args.write, "w") as file:
                    json.dump(with_values(start, values), file, indent=2)
                    file.write("\n")
        report(rows, tested, plain, title, rare)
        recorder.close()
    if args.rows:
        with open(args.rows, "w") as file:
            file.write("M,N,K,splitK,object,measured_us,modelled_us,plain_us\n")
            for row, time, other in zip(rows, tested, plain):
                file.write(f"{row['M']},{row['N']},{row['K']},{row['splitK']},{row['object']},{row['us']},{time:.3f},{other:.3f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
