#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""clang-tidy-22 with .clang-tidy over the C++ sources below some folders.

run_clang_tidy.py BUILD [FOLDER ...] [--jobs N] [--part I/N]

BUILD holds compile_commands.json. FOLDER is relative to the sources, "lib" and
"tools" if there is none. A source that is compiled several times, for several
vector extensions, is checked once. Sources of a folder are read as one, since
MLIR's headers take most of the time; where that does not compile (a static name
twice), one by one. Sources without findings are not checked again while they,
the headers of this repository that they were last compiled with, and .clang-tidy
stay what they are (BUILD/clang-tidy remembers that). Findings go to standard
output, and make exit code 1. --part 2/4 takes the second of every four groups of
sources, so that four tests can share the work.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LARGEST = 12  # sources of a group, of which the slowest part of four has several


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


def groups(found):
    """Lists of sources that can be read as one: of a folder, with one command, and
    with the same namespaces opened, since MLIR and LLVM share names."""
    result: dict[tuple, list[pathlib.Path]] = {}
    for path, entry in sorted(found.items()):
        command = re.sub(r" -o \S+", "", entry["command"].replace(str(path), ""))
        opened = re.findall(r"^using namespace [\w:]+;", path.read_text(), re.M)
        result.setdefault((path.parent, command, *sorted(opened)), []).append(path)
    return [paths[k:k + LARGEST] for paths in result.values()
            for k in range(0, len(paths), LARGEST)]


class Checker:
    def __init__(self, build, found, folder):
        self.found, self.folder = found, pathlib.Path(folder)
        self.files = dependencies(build)
        self.memory = build / "clang-tidy"
        self.memory.mkdir(exist_ok=True)

    def check(self, paths):
        """(exit code, what clang-tidy says of a group), unless the memory has the
        same files without findings."""
        names = [path.relative_to(ROOT).as_posix() for path in paths]
        mark = self.memory / hashlib.sha256("\0".join(names).encode()).hexdigest()
        wanted = None
        if all(path in self.files for path in paths):
            wanted = fingerprint({ROOT / ".clang-tidy", *paths,
                                  *(file for path in paths for file in self.files[path])})
            if mark.exists() and mark.read_text() == wanted:
                return 0, ""
        code, text = self.run(paths, mark.name)
        if code and len(paths) > 1 and "[clang-diagnostic-error" in text:
            each = [self.check([path]) for path in paths]
            return max(code for code, _ in each), "".join(text for _, text in each)
        if code == 0 and wanted:
            mark.write_text(wanted)
        return code, text

    def run(self, paths, name):
        """clang-tidy, of the source or of one that includes all."""
        source, entry = paths[0], self.found[paths[0]]
        folder = self.folder / name
        folder.mkdir(parents=True)
        if len(paths) > 1:
            source = folder / "group.cpp"
            source.write_text("".join(f'#include "{path}"\n' for path in paths))
            entry = entry | {"file": str(source), "command": entry["command"].replace(
                str(paths[0]), str(source))}
        (folder / "compile_commands.json").write_text(json.dumps([entry]))
        run = subprocess.run(["clang-tidy-22", "-p", folder, "--quiet",
                              "--config-file", ROOT / ".clang-tidy",
                              "--warnings-as-errors=*", source],
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
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(options.build.resolve(), found, folder)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            results = list(pool.map(checker.check, groups(found)[part - 1::parts]))
    for code, text in results:
        if code:
            print(text.replace(f"{ROOT}/", ""), end="")
    return 1 if any(code for code, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
