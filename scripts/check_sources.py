# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks rules of the repository that no compiler checks, one rule a call:

check_sources.py ROOT licence   every source file starts with the SPDX line
check_sources.py ROOT size      no file of lib, include, tools over 60 kB
check_sources.py ROOT paths     no path of somebody's machine in a file
check_sources.py ROOT marks     no marks of unfinished work
check_sources.py ROOT format    clang-format-22 changes nothing
check_sources.py ROOT witnesses compiler, emulator and reference include
                                nothing of each other
check_sources.py ROOT functions no C++ function of 80 lines or more, no main of
                                60
check_sources.py ROOT named     a file that a comment or docstring names exists
check_sources.py ROOT rooms     a room of the emulator includes rooms below it
                                only; so do those of the driver
check_sources.py ROOT pipes     no pipe of a shell script into a reader that
                                stops early (grep -q, head): under pipefail its
                                writer dies of SIGPIPE and the answer is wrong
check_sources.py ROOT shell     shellcheck has nothing to say
check_sources.py ROOT layers    a room of lib includes rooms below it only
check_sources.py ROOT chips     no decision by the name of a chip outside Target
                                and the emulator's rows
check_sources.py ROOT outputs   files are written by lib/Files and by the few
                                writers that are listed
check_sources.py ROOT python    flake8 has nothing to say
check_sources.py ROOT commands  a script is executable exactly if it begins with
                                #!, so that it runs as the pages call it
"""

import ast
import os
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
    "Emulator": ["Dialect", "Conversion", "Target", "Layout", "Pipelines",
                 "Reference"],
    "Reference": ["Dialect", "Conversion", "Target", "Layout", "Pipelines",
                  "Emulator", "CodeObject", "Support"],
    "Dialect": ["Emulator", "Reference"],
    "Conversion": ["Emulator", "Reference"],
    "Target": ["Emulator", "Reference"],
    "Layout": ["Emulator", "Reference", "Dialect"],
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


# Comments, strings, characters, preprocessor lines: what braces do not count in.
SKIPPED = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'|^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*",
    re.DOTALL | re.MULTILINE)


def functions_of(text):
    """The functions of a C++ source: (name, first line, lines)."""
    text = SKIPPED.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)
    stack: list[tuple[str, int, str]] = []  # of open braces: (kind, start, head)
    begin = 0
    for at, char in enumerate(text):
        if char == "{":
            head = text[begin:at].strip()
            outside = all(kind == "scope" for kind, _, _ in stack)
            kind = "block"
            if outside and re.match(r"(inline\s+)?namespace\b|extern\s*$", head):
                kind = "scope"
            elif outside and "(" in head:
                kind = "function"
            elif outside and re.search(r"\b(class|struct|union)\b", head):
                kind = "scope"
            # A head has no blank line: what is above may be a use of a macro.
            start = begin + [0, *(m.end() for m in
                                  re.finditer(r"\n[ \t]*(?=\n)|^\s*\n",
                                              text[begin:at]))][-1]
            start += len(text[start:at]) - len(text[start:at].lstrip())
            stack.append((kind, start, head))
            begin = at + 1
        elif char == "}" and stack:
            kind, start, head = stack.pop()
            if kind == "function":
                name = re.search(r"([\w:~]+|operator\S+)\s*\(", head)
                yield (name.group(1) if name else head[:40],
                       text.count("\n", 0, start) + 1,
                       text.count("\n", start, at) + 1)
            # A list in a constructor's initializers is followed by its body.
            if kind != "block" or text[at + 1:at + 2] not in (",", " "):
                begin = at + 1
        elif char == ";" and (not stack or stack[-1][0] == "scope"):
            begin = at + 1


def functions(root):
    for path in files(root, ["lib", "include", "tools", "unittests",
                             "examples"], {".h", ".cpp", ".c"}):
        for name, line, lines in functions_of(text_of(path)):
            limit = 60 if name == "main" else 80
            if lines >= limit:
                yield (path, line, f"expected {name} to have less than {limit} "
                       f"lines, got {lines}")


COMMENT = {".h": r"//.*", ".cpp": r"//.*", ".c": r"//.*", ".def": r"//.*",
           ".td": r"//.*", ".py": r"#.*", ".sh": r"#.*", ".cmake": r"#.*",
           ".txt": r"#.*", ".cfg": r"#.*", ".mlir": r"//.*", ".s": r"(?://|;).*",
           ".ll": r";.*", ".cl": r"//.*"}
# Names of files that are others'.
FOREIGN = {"csmith.h", "float.h", "limits.h", "math.h", "safe_math.h", "stdint.h"}


def comments(path):
    """(line, text) of the comments of a source, Python's docstrings among them."""
    text = text_of(path)
    for number, line in enumerate(text.splitlines(), 1):
        comment = re.search(COMMENT[path.suffix], line)
        if comment:
            yield number, comment.group(0)
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                yield getattr(node, "lineno", 1), ast.get_docstring(node) or ""


def named(root):
    every = list(files(root, ROOMS))
    known = {path.name for path in every} | {path.name for path in root.iterdir()}
    for path in files(root, ["lib", "include", "tools", "unittests", "scripts", "test",
                             "python", "benchmarks", "cmake", "examples"]):
        if path.suffix not in COMMENT or path == pathlib.Path(__file__).resolve():
            continue
        for number, comment in comments(path):
            for name in re.findall(r"[\w/.-]*\w\.(?:cpp|h|def|td|py|sh)\b(?!\(|\.\w)", comment):
                if name.split("/")[-1] not in known | FOREIGN:
                    yield path, number, f"expected a file of that name: {name}"


# The rooms of lib/Emulator, each with those whose headers it may include.
EMULATOR = "lib/Emulator"
EMULATOR_ROOMS: dict[str, list[str]] = {
    "Math": [],
    "State": ["Math"],
    "Load": ["State", "Math"],
    "Memory": ["State", "Math"],
    "Vector": ["State", "Math"],
    "Scalar": ["State", "Math", "Memory", "Vector"],
    "Decode": ["State", "Math", "Load", "Memory", "Vector", "Scalar"],
    "Sanitizers": ["State", "Math", "Load", "Memory", "Vector", "Scalar",
                   "Decode"],
    "Run": ["State", "Math", "Load", "Memory", "Vector", "Scalar", "Decode",
            "Sanitizers"],
}
# The room that implements a public header.
EMULATOR_PUBLIC = {
    "Chip.h": "State", "PageSource.h": "State", "KernelImage.h": "Load",
    "OpcodeSupport.h": "Decode", "Sanitizer.h": "Sanitizers",
    "Trace.h": "Run", "Emulator.h": "Run", "InstClass.h": "State",
    "Events.h": "Run", "MatrixLayout.h": "Decode",
}


def included_room(line):
    """The emulator's room that a line includes from, or None."""
    found = re.match(r'#include\s+"([^"]+)"', line)
    if not found:
        return None
    name = found.group(1)
    if name.startswith("moe/Emulator/"):
        return EMULATOR_PUBLIC.get(name.removeprefix("moe/Emulator/"), "?")
    return name.split("/")[0] if "/" in name else "?"


def rooms(root):
    for path in files(root, ["include/moe/Emulator"]):
        if path.name not in EMULATOR_PUBLIC:
            yield path, 1, "expected a room for this header in check_sources.py"
    for path in files(root, [EMULATOR], CXX):
        room = path.relative_to(root / EMULATOR).parts[0]
        if room not in EMULATOR_ROOMS:
            yield path, 1, f"expected a file in a room of {EMULATOR}"
            continue
        for number, line in enumerate(text_of(path).splitlines(), 1):
            other = included_room(line)
            if other is None or other in (room, *LAYERS["Emulator"]) or other.startswith("llvm"):
                continue
            if other not in EMULATOR_ROOMS[room]:
                yield (path, number, f"{room} expects nothing of room {other}")
    yield from driver_rooms(root)


# The driver's rooms, each with those that its headers and sources must not use.
DRIVER_ROOMS: dict[str, list[str]] = {
    "Options": ["Compile", "Run", "Tune"], "Compile": ["Run", "Tune"],
    "Run": ["Tune"], "Tune": []}


def driver_rooms(root):
    for path in files(root, ["lib/Driver"], CXX):
        room = path.relative_to(root / "lib/Driver").parts[0]
        if room not in DRIVER_ROOMS:
            yield path, 1, "expected a file in a room of lib/Driver"
            continue
        for number, line in enumerate(text_of(path).splitlines(), 1):
            found = re.match(r'#include\s+"Driver/(\w+)/', line)
            if found and found.group(1) in DRIVER_ROOMS[room]:
                yield (path, number,
                       f"{room} expects nothing of room {found.group(1)}")


def shell_scripts(root):
    """Shell scripts by suffix or by first line."""
    for path in files(root, ROOMS):
        if path.suffix == ".sh" or (not path.suffix and re.match(
                r"#!.*\b(?:ba|da)?sh\b", text_of(path))):
            yield path


# After a pipe: what may stop before the end of its input.
EARLY = re.compile(
    r"(?<!\|)\|&?\s*"
    r"(?:(?:[A-Za-z_]\w*=\S*|command|env|sudo|xargs)\s+)*"
    r"(?:[\w/.-]*/)?"
    r"(?:(?:[ef]|z|bz|xz)?grep\b[^|;&)]*?\s(?:-[A-Za-z]*[qmlL]|--quiet|--silent|"
    r"--max-count|--files-with)"
    r"|(?:head|read|cmp|less|more)\b(?!\))"
    r"|sed\b[^|&)]*?[\d$/\s;{'\"][qQ]\d*(?=[\s;}'\"]|$)"
    r"|m?g?awk\b[^|]*?\bexit\b)")


def pipes(root):
    for path in shell_scripts(root):
        # A comment is no pipe; a command goes on behind a backslash or a pipe.
        text = re.sub(r"(?m)(^|\s)#.*$", r"\1", text_of(path))
        text = re.sub(r"\\\n|(?<=\|)\s*\n(?=\s*\S)",
                      lambda found: "\v" * found.group(0).count("\n") + " ", text)
        number = 1
        for line in text.split("\n"):
            for found in EARLY.finditer(line):
                at = number + line[:found.end()].count("\v")
                words = " ".join(found.group(0).split())
                yield (path, at, "expected a reader that reads everything (or a "
                       f"variable and a test on it), got {words}")
            number += 1 + line.count("\v")


def shell(root):
    scripts = [str(path) for path in shell_scripts(root)]
    run = subprocess.run(["shellcheck", "--external-sources", "--format=gcc",
                          *scripts],
                         cwd=root, capture_output=True, text=True, check=False)
    if run.returncode:
        print((run.stdout + run.stderr).replace(f"{root}/", ""), end="")
        yield root, 1, "expected shell scripts without a word of shellcheck"


# The rooms of lib, each with those whose headers it may include. What no line
# names, the room below has to offer or the room above has to ask for.
LAYERS: dict[str, list[str]] = {
    "Files": [],
    "Target": [],
    "Layout": ["Target"],
    "Schedule": ["Files", "Target"],
    "CodeObject": ["Target"],
    "Dialect": ["Target", "Layout", "Schedule", "CodeObject"],
    "Conversion": ["Target", "Layout", "Dialect"],
    "Pipelines": ["Files", "Target", "CodeObject", "Dialect", "Conversion"],
    "Emulator": ["Files"],
    "Reference": [],
    "HIP": [],
    "HIPEmulated": ["Files", "Target", "Emulator", "HIP", "Timing"],
    "GPURuntime": ["HIP"],
    "Timing": ["Files", "Emulator"],
    "Executor": ["Files", "Emulator", "Timing", "HIP"],
    "Driver": ["Files", "Target", "Layout", "Schedule", "CodeObject", "Dialect", "Pipelines",
               "Emulator", "Reference", "Timing", "Executor"],
    "CAPI": ["Files", "Target", "CodeObject", "Emulator", "Reference", "Executor", "Driver"],
}


def layers(root):
    for base in ["lib", "include/moe"]:
        for path in files(root, [base], CXX):
            room = path.relative_to(root / base).parts[0]
            if room.endswith(".h"):
                continue  # InitAll.h is of the whole
            if room not in LAYERS:
                yield path, 1, f"expected a row for room {room} in LAYERS"
                continue
            for number, line in enumerate(text_of(path).splitlines(), 1):
                found = re.match(r'#include\s+"(?:moe/)?(\w+)/', line)
                other = found.group(1) if found else room
                if other != room and other in LAYERS and other not in LAYERS[room]:
                    yield (path, number, f"{room} includes {other}: expected one of "
                           f"{', '.join(LAYERS[room]) or 'none'}; move what it needs to "
                           "a room below both")


# Where a chip's name may decide: the rows of facts.
CHIP_ROWS = ["lib/Target/", "include/moe/Target/", "lib/Emulator/State/",
             "include/moe/Emulator/Chip.h", "lib/HIPEmulated/Chips.def"]
# A name alone in a literal, or the enumerator: prose names chips with other words.
CHIP_NAME = re.compile(r'"gfx\d\w*"|\bGFX9\w+\b')


def chips(root):
    for path in files(root, ["lib", "include", "tools"], CXX):
        name = path.relative_to(root).as_posix()
        if name.startswith(tuple(CHIP_ROWS)):
            continue
        for number, line in enumerate(text_of(path).splitlines(), 1):
            found = CHIP_NAME.search(re.sub(r"//.*|^\s*/?\*.*", "", line))
            if found:
                yield (path, number, "expected a capability or a row of the chips' "
                       f"tables, got the name {found.group(0)}")


# What opens a file to write, and the few places that may.
WRITES = {"C++": re.compile(r"\braw_fd_ostream\s+\w+\(\s*(?!file\.FD|file,)|\bofstream\b"
                            r"|\bfopen\(|\bToolOutputFile\b|\bopenOutputFile\b"
                            r"|\bTempFile::create\b|\bcreateTemporaryFile\b"),
          "Python": re.compile(r"\bopen\([^)]*,\s*[\"'][rwax]?b?[+wax]|\.write_(?:text|bytes)\("
                               r"|\.tofile\(|\bnp\.save")}
WRITERS = {
    "lib/Files/WriteFile.cpp": "every output of the tools",
    "lib/Executor/EmulatorExecutor.cpp": "a trace, under another name until it is whole",
    "lib/HIPEmulated/Device.cpp": "the report, a log that grows by lines",
    "python/moe/convert.py": "a layer, under another name until it is whole",
}


def outputs(root):
    for path in [*files(root, ["lib", "include", "tools"], CXX),
                 *files(root, ["python/moe"], {".py"})]:
        if path.relative_to(root).as_posix() in WRITERS:
            continue
        pattern = WRITES["Python" if path.suffix == ".py" else "C++"]
        for number, line in enumerate(text_of(path).splitlines(), 1):
            found = pattern.search(line)
            if found:
                yield (path, number, "expected files::writeFile, which writes whole files "
                       "or nothing, and a line in test/Faults/Inputs/writers.py, got "
                       f"{found.group(0).strip()}")


def python_lint(root):
    run = subprocess.run(["flake8"], cwd=root, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stdout + run.stderr, end="")
        yield root, 1, "expected Python without a word of flake8 (.flake8 has the rules)"


def commands(root):
    for path in files(root, ROOMS, {".py", ".sh"}):
        begins, runs = text_of(path).startswith("#!"), os.access(path, os.X_OK)
        if begins and not runs:
            yield path, 1, "expected an executable file behind '#!', got one that is not"
        elif runs and not begins:
            yield path, 1, "expected '#!' in an executable file, got none"


RULES = {"licence": licence, "size": size, "paths": paths, "marks": marks,
         "format": clang_format, "witnesses": witnesses, "named": named,
         "functions": functions, "rooms": rooms, "pipes": pipes,
         "shell": shell, "layers": layers, "chips": chips, "outputs": outputs,
         "python": python_lint, "commands": commands}


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
