#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""coverage_report.py ROOT BUILD [--lines] [--page FILE]: the lines of lib that a run reached.

Reads BUILD/all.profdata, which scripts/coverage.sh makes. For each room of lib: lines
that were run, lines in all, and lines of error paths, which are those that make or
return an error. --lines lists those that were not run; --page writes both as a page of
the documentation.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess

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


PAGE = """# Coverage

<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->

Written by `scripts/coverage.sh --page docs/Coverage.md`; [Testing.md](Testing.md#coverage) says what ran.

{table}

## Error lines that no test runs

Lines that make an error or hand it on, by file; those that only hand on an error of LLVM, of the
operating system or of a check made before are among them.

{lines}
"""


def measure(root, build):
    """(room -> [lines run, lines, error lines run, error lines], [(path, line, text)])."""
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
                paths.append((str(path.relative_to(root)), line, text[line - 1].strip()))
    rooms["all"] = [sum(column) for column in zip(*rooms.values())]
    return rooms, paths


def table(rooms):
    rows = ["| room | lines run | of | part | error lines run | of |", "|---|---|---|---|---|---|"]
    rows += [f"| {name} | {ran} | {every} | {100 * ran / max(every, 1):.1f} % | {error_ran} | "
             f"{errors} |" for name, (ran, every, error_ran, errors) in rooms.items()]
    return "\n".join(rows)


def page(rooms, paths):
    """Without line numbers, which the next edit would make wrong."""
    by_file = collections.defaultdict(list)
    for path, _, text in paths:
        by_file[path].append(text)
    blocks = [f"`{path}`:\n\n```cpp\n" + "\n".join(texts) + "\n```"
              for path, texts in by_file.items()]
    return PAGE.format(table=table(rooms), lines="\n\n".join(blocks))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("--page", type=pathlib.Path)
    given = parser.parse_args()
    rooms, paths = measure(given.root.resolve(), given.build.resolve())
    print(table(rooms))
    if given.lines:
        print("\n".join(f"{path}:{line}: {text}" for path, line, text in paths))
    if given.page:
        given.page.write_text(page(rooms, paths), encoding="utf-8")


main()
