#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Processor time of one compilation in a process that has compiled before.

compile_time.py --build DIR [--repeats N]

Compiles the tiles of docs/Performance.md, "Compile time", for both chips by the
Python library, without a cache, and prints the least and the median processor time
of N compilations in milliseconds. Not here: the start of a process
(`moe-compile --help`), and where the time goes (`moe-compile --report`).
"""

import argparse
import pathlib
import statistics
import sys
import time
from typing import Any

TILES: list[tuple[str, dict[str, Any]]] = [
    ("16x128x256", {}), ("32x256x256", {}), ("64x256x128", {}),
    ("128x256x128, 8 waves", {"waves": 8})]
SHAPE = {"model_dim": 2880, "inter_dim": 2880, "experts": 32, "topk": 4}


def once(moe: Any, tile: str, chip: str, flags: dict[str, Any]) -> float:
    start = time.process_time()
    moe.compile("gemm2", tile=tile, chip=chip, **SHAPE, **flags)
    return (time.process_time() - start) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--repeats", type=int, default=10)
    args = parser.parse_args()
    sys.path.insert(0, str(args.build / "lib/python3/dist-packages"))
    import moe  # pylint: disable=import-outside-toplevel
    print("| chip | tile | least ms | median ms |\n|---|---|---|---|")
    for chip in ("gfx950", "gfx942"):
        for name, flags in TILES:
            tile = name.split(",")[0]
            once(moe, tile, chip, flags)
            times = [once(moe, tile, chip, flags) for _ in range(args.repeats)]
            print(f"| {chip} | {name} | {min(times):.0f} | {statistics.median(times):.0f} |",
                  flush=True)


if __name__ == "__main__":
    main()
