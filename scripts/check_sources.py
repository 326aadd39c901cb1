# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks rules of the repository that no compiler checks, one rule a call:

check_sources.py ROOT licence   every source file starts with the SPDX line
check_sources.py ROOT size      no file of lib, include, tools over 60 kB
check_sources.py ROOT paths     no path of somebody's machine in a file
check_sources.py ROOT marks     no marks of unfinished work
check_sources.py ROOT format    clang-format-22 changes nothing
check_sources.py ROOT witnesses compiler, emulator and reference include
                                nothing of each other
"""

import pathlib
import re
import subprocess
import sys

SOURCES = {".h", ".cpp", ".td", ".def", ".inc", ".py", ".sh", ".cmake", ".c"}
CXX = {".h", ".cpp", ".c", ".def"}
SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
ROOMS = ["include", "lib", "tools", "unittests", "test", "scripts", "cmake",
         "docs", "python", "examples", "benchmarks", ".ci"]
LIMIT = 60 * 1000


def files(root, folders, suffixes=None):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if "__pycache__" in path.parts or not path.is_file():
                continue
            if suffixes is None or path.suffix in suffixes:
                yield path


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""  # data, not text


def licence(root):
    for path in files(root, ROOMS):
        if path.suffix in SOURCES or path.name == "CMakeLists.txt":
            head = "\n".join(text_of(path).splitlines()[:3])
            if SPDX not in head:
                yield path, 1, f"expected '{SPDX}' at the top"


def size(root):
    for path in files(root, ["lib", "include", "tools", "unittests"]):
        length = path.stat().st_size
        if length > LIMIT:
            yield path, 1, f"expected at most {LIMIT} bytes, got {length}"


def matches(root, folders, pattern, message):
    for path in files(root, folders):
        if path == pathlib.Path(__file__).resolve():
            continue
        for number, line in enumerate(text_of(path).splitlines(), 1):
            found = re.search(pattern, line)
            if found:
                yield path, number, f"{message}: {found.group(0)}"


def paths(root):
    yield from matches(root, ROOMS, r"(?<![\w.~-])/(?:home|root|work|Users)/\w+",
                       "expected no path of one machine")


def marks(root):
    yield from matches(root, ["lib", "include", "tools", "python", "scripts",
                              "cmake"],
                       r"\b(?:TODO|FIXME|XXX)\b", "expected finished work")


def clang_format(root):
    sources = [str(path) for path in
               files(root, ["lib", "include", "tools", "unittests", "examples"], CXX)
               if path.suffix != ".def"]
    run = subprocess.run(["clang-format-22", "--dry-run", "--Werror", *sources],
                         cwd=root, capture_output=True, text=True, check=False)
    if run.returncode:
        # The tool's own messages say file and line.
        print("\n".join(run.stderr.splitlines()[:40]))
        yield root, 1, "expected what clang-format-22 -i writes"


# Room -> rooms whose headers it must not include.
WITNESSES = {
    "Emulator": ["Dialect", "Conversion", "Target", "Pipelines", "Reference"],
    "Reference": ["Dialect", "Conversion", "Target", "Pipelines", "Emulator",
                  "CodeObject", "Support"],
    "Dialect": ["Emulator", "Reference"],
    "Conversion": ["Emulator", "Reference"],
    "Target": ["Emulator", "Reference"],
    "Pipelines": ["Emulator", "Reference"],
    "CodeObject": ["Emulator", "Reference"],
}


def witnesses(root):
    for room, others in WITNESSES.items():
        folders = [f"lib/{room}", f"include/moe/{room}"]
        pattern = r'#include\s+"moe/(?:' + "|".join(others) + r")/[^\"]*"
        yield from matches(root, folders, pattern,
                           f"{room} expects nothing of that room")
    yield from matches(root, ["lib/Reference", "include/moe/Reference"],
                       r'#include\s+"(?:llvm|mlir)[/-][^"]*',
                       "Reference expects the standard library only")


RULES = {"licence": licence, "size": size, "paths": paths, "marks": marks,
         "format": clang_format, "witnesses": witnesses}


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in RULES:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(sys.argv[1]).resolve()
    problems = list(RULES[sys.argv[2]](root))
    for path, line, message in problems:
        print(f"{path.relative_to(root)}:{line}: {message}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
