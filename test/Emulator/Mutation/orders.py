# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs launches in several orders of waves and workgroups and on several threads:
the same bytes each time, and nothing to say for the sanitizers.

orders.py LAUNCH.json... --moe-run PATH --work FOLDER
"""
import argparse
import sys

from mutate import Image, Launch

VARIANTS = [["--threads", "1"], ["--threads", "2"], ["--threads", "4"]] + \
    [["--threads", str(1 + seed % 3), "--order-seed", str(seed)] for seed in (1, 2, 3, 7, 1234)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("launches", nargs="+")
    parser.add_argument("--moe-run", required=True)
    parser.add_argument("--work", required=True)
    options = parser.parse_args()
    for path in options.launches:
        launch, first = Launch(path, options.moe_run, options.work, []), None
        image = Image(launch.object)
        for flags in VARIANTS:
            code, text, result = launch.run("order", image.data, flags + ["--sanitize", "all"])
            if code:
                sys.exit(f"{path} {' '.join(flags)}: {text}")
            first = first or result
            if result != first:
                sys.exit(f"{path} {' '.join(flags)}: expected the bytes of the first run, got others")
        print(f"{launch.name}: the same bytes in {len(VARIANTS)} runs")


if __name__ == "__main__":
    main()
