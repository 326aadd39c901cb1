#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""schedule_tables.py TABLE.json...: which entries tables of schedules have, and how much
less modelled time their schedules take than what the rules choose."""

import json
import math
import sys


def ranges(tokens):
    """Powers of two that follow each other as first-last."""
    runs: list[list[int]] = []
    for number in tokens:
        if runs and number == 2 * runs[-1][1]:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            table = json.load(file)
        print(table["chip"] + ("" if table["calibrated"] else ", uncalibrated"))
        every = []
        for shape in table["shapes"]:
            entries = shape["entries"]
            ratios = [entry["us"] / entry["rule_us"] for entry in entries]
            every += ratios
            print(f"  {shape['stage']} N {shape['n']:<5} K {shape['k']:<5} "
                  f"{shape['experts']:>3} experts top {shape['topk']:<2}  tokens "
                  f"{ranges([entry['tokens'] for entry in entries])}: least ratio "
                  f"{min(ratios):.2f}, mean {mean(ratios):.3f}")
        if every:
            print(f"  {len(every)} entries, {sum(ratio < 1 for ratio in every)} faster than "
                  f"the rules: mean {mean(every):.3f}, least {min(every):.2f}")
        else:
            print("  no entries")


def mean(ratios):
    """Geometric."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


if __name__ == "__main__":
    main()
