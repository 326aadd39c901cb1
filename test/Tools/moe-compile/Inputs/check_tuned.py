# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_tuned.py MOE-RUN TABLE: moe-run models the time that an entry has, as the mean
over the routings of its seeds."""

import json
import subprocess
import sys

ROUTINGS = {1: 8, 64: 4}

run, path = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    table = json.load(file)
checked = 0
for shape in table["shapes"]:
    n, k = shape["n"], shape["k"]
    model_dim, inter_dim = (k, n // 2) if shape["stage"] == "gemm1" else (n, k)
    for entry in shape["entries"]:
        for key, schedules in (("us", path), ("rule_us", "none")):
            times = []
            for seed in range(ROUTINGS[entry["tokens"]]):
                command = [run, shape["stage"], "--model-dim", model_dim, "--inter-dim",
                           inter_dim, "--experts", shape["experts"], "--topk",
                           shape["topk"], "--tokens", entry["tokens"], "--chip",
                           table["chip"], "--seed", seed, "--time-model", "--json",
                           "--schedule-table", schedules]
                text = subprocess.run([str(word) for word in command], check=True,
                                      capture_output=True, text=True).stdout
                times.append(json.loads(text)["modelled"]["us"])
            mean = sum(times) / len(times)
            if abs(mean - entry[key]) > 0.006:
                sys.exit(f"{shape['stage']}, {entry}: expected {key} to be {mean:.3f}")
            checked += 1
print(f"{checked} times are those of moe-run")
