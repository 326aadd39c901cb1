#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""clang-tidy-22 with .clang-tidy over the C++ sources below some folders.

run_clang_tidy.py BUILD [FOLDER ...] [--jobs N] [--part I/N]

BUILD holds compile_commands.json. FOLDER is relative to the sources, "lib" and
"tools" if there is none. A source that is compiled several times, for several
vector extensions, is checked once. A source without findings is not checked
again while it, the headers of this repository that it was last compiled with,
and .clang-tidy stay what they are (BUILD/clang-tidy remembers that). Findings go
to standard output, and make exit code 1. --part 2/4 takes the second of every
four sources, so that four tests can share the work.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def commands(build, folders):
    """The first compile command of each source below the folders."""
    database = json.loads((build / "compile_commands.json").read_text())
    first: dict[pathlib.Path, dict] = {}
    for entry in database:
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(ROOT) and not path.is_relative_to(build):
            name = path.relative_to(ROOT)
            if any(name.is_relative_to(folder) for folder in folders):
                first.setdefault(path, entry)
    return first


def dependencies(build):
    """Source -> the files of this repository that its objects were made from, by
    Ninja's record."""
    text = subprocess.run(["ninja", "-C", str(build), "-t", "deps"],
                          capture_output=True, text=True, check=False).stdout
    result: dict[pathlib.Path, set[pathlib.Path]] = {}
    for block in text.split("\n\n"):
        files = [(build / line.strip()).resolve() for line in block.splitlines()[1:]
                 if line.startswith("    ")]
        ours = [path for path in files if path.is_relative_to(ROOT)]
        if ours:
            result.setdefault(ours[0], set()).update(ours)
    return result


def fingerprint(paths):
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def check_changed(memory, database, files, path):
    """As check(), unless the memory has the same files without findings."""
    if path not in files:
        return check(database, path)
    mark = memory / path.relative_to(ROOT).as_posix().replace("/", "+")
    wanted = fingerprint({*files[path], path, ROOT / ".clang-tidy"})
    if mark.exists() and mark.read_text() == wanted:
        return 0, ""
    code, text = check(database, path)
    if code == 0:
        mark.write_text(wanted)
    return code, text


def check(database, path):
    """(exit code, what clang-tidy says of a source)."""
    run = subprocess.run(["clang-tidy-22", "-p", database, "--quiet",
                          "--warnings-as-errors=*", str(path)],
                         capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + (run.stderr if run.returncode else "")


def main():
    parser = argparse.ArgumentParser(description="clang-tidy over the sources")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("folders", nargs="*", default=["lib", "tools"])
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--part", default="1/1", metavar="I/N")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    found = commands(options.build.resolve(), options.folders)
    if not found:
        print("run_clang_tidy.py: expected sources below "
              f"{', '.join(options.folders)}, got none in compile_commands.json",
              file=sys.stderr)
        return 1
    memory = options.build.resolve() / "clang-tidy"
    memory.mkdir(exist_ok=True)
    files = dependencies(options.build.resolve())
    with tempfile.TemporaryDirectory() as database:
        (pathlib.Path(database) / "compile_commands.json").write_text(
            json.dumps(list(found.values())))
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            results = list(pool.map(
                lambda path: check_changed(memory, database, files, path),
                sorted(found)[part - 1::parts]))
    for code, text in results:
        if code:
            print(text.replace(f"{ROOT}/", ""), end="")
    return 1 if any(code for code, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
