#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""coverage_report.py ROOT BUILD [--lines]: the lines of lib that a run has reached.

Reads BUILD/all.profdata, which scripts/coverage.sh makes. For each room of lib: lines
that were run, lines in all, and the lines of error paths that were not run, which are
those that make or return an error. --lines lists them.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys

# What an error path does first.
ERRORS = re.compile(r"\b(?:createStringError|emitOpError|emitError|usageError|failure|bad|"
                    r"takeError|statusOf)\(|return hipError")


def binaries(build):
    """All that has counters: tools, libraries, test programs."""
    for folder, pattern in (("bin", "moe-*"), ("lib", "lib*.so*"), ("unittests", "**/MoE*")):
        for path in sorted((build / folder).glob(pattern)):
            if path.is_file() and not path.is_symlink() and path.open("rb").read(4) == b"\x7fELF":
                yield path


def lines_of(segments, most):
    """Line -> whether it was run, of what has code, from llvm-cov's segments."""
    starts = collections.defaultdict(list)
    for line, column, count, has_count, *_ in segments:
        starts[line].append((column, count, has_count))
    state, result = None, {}
    for line in range(1, most + 1):
        counts = [] if state is None else [state]
        for _, count, has_count in sorted(starts.get(line, [])):
            state = count if has_count else None
            if state is not None:
                counts.append(state)
        if counts:
            result[line] = max(counts) > 0
    return result


def main():
    root, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    first, *others = map(str, binaries(build))
    command = ["llvm-cov-22", "export", "--format=text", "--skip-expansions", "--skip-functions",
               f"--instr-profile={build}/all.profdata", first]
    command += [f"--object={path}" for path in others]
    run = subprocess.run([*command, "--sources", str(root / "lib")], check=True,
                         capture_output=True, text=True)
    rooms: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0, 0])
    paths = []
    for entry in json.loads(run.stdout)["data"][0]["files"]:
        path = pathlib.Path(entry["filename"])
        text = path.read_text(encoding="utf-8").splitlines()
        room = rooms[path.relative_to(root / "lib").parts[0]]
        room[0] += entry["summary"]["lines"]["covered"]
        room[1] += entry["summary"]["lines"]["count"]
        for line, was_run in lines_of(entry["segments"], len(text)).items():
            error = bool(ERRORS.search(text[line - 1]))
            room[2] += error and was_run
            room[3] += error
            if error and not was_run:
                paths.append(f"{path.relative_to(root)}:{line}: {text[line - 1].strip()}")
    rooms["all"] = [sum(column) for column in zip(*rooms.values())]
    print("| room | lines run | of | part | error lines run | of |\n|---|---|---|---|---|---|")
    for name, (ran, every, error_ran, errors) in rooms.items():
        print(f"| {name} | {ran} | {every} | {100 * ran / max(every, 1):.1f} % | {error_ran} | "
              f"{errors} |")
    if "--lines" in sys.argv:
        print("\n".join(paths))


main()
