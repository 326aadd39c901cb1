#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every message with which the dialect and its passes refuse IR is expected by a test.

check_refusals.py ROOT [--list]

The messages are the string literals of each statement with emitOpError() or
emitError() in the sources of FOLDERS, and of each that returns a text "expected ..." in
the check of schedules that the attribute shares with the tools. A test expects one if an `expected-error {{...}}`
or a line of FileCheck holds 32 characters of one of its literals, or a whole one of 12 at
least, whatever values stand around it: a negative test that only names a number, or finds another message at its op,
does not count. Together with the labels of docs/Status.md, each of which has to stand
beside an expected error, that shows that each refusal has a test that triggers it.
UNREACHED lists what no input can trigger, with the reason. --list prints the messages.
"""

import pathlib
import re
import sys

FOLDERS = ["lib/Dialect/MoE/IR", "lib/Dialect/MoE/Transforms", "lib/Conversion"]
TESTS = ["test/Dialect", "test/Conversion", "test/Pipelines"]
EMITS = re.compile(r"\b(?:emitOpError|emitError)\b")
SHARED, RETURNS = "lib/Schedule/CheckSchedule.cpp", re.compile(r'\breturn (?=[^;]*"expected)')
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
EXPECTED = re.compile(r"expected-(?:error|remark)(?:-re)?[^{\n]*\{\{(.*?)\}\}[ \t]*$", re.M)
CHECKED = re.compile(r"^(?://|#|\s)*[A-Z][A-Z0-9-]*: (.*)$", re.M)
# Of the longest literal, what the message is known by -> why no test can have it.
UNREACHED = {
    "expected control flow that can be analyzed":
        "the solver fails only where an analysis does, and these do not",
    "was left by the pipeline: a type has no LLVM type, got ":
        "each type without one is refused before, where the op is named",
    "expected a chip with packed bf16 atomics to accumulate into bf16, got ":
        "both chips that can be compiled for have them; the check is for a third row",
}


def statements(text, begins=EMITS):
    """(line, statement) from each emit to its semicolon outside of strings."""
    text = re.sub(r"//[^\n]*", lambda found: " " * len(found.group(0)), text)
    for found in begins.finditer(text):
        rest = re.match(r'(?:"(?:[^"\\\n]|\\.)*"|[^;"])*', text[found.end():])
        yield text.count("\n", 0, found.start()) + 1, rest[0] if rest else ""


def messages(statement):
    """The literals that stand apart, each of adjacent strings, between the values."""
    joined = re.sub(r'"\s*\n\s*"', "", statement)
    return [part for text in STRING.findall(joined)
            for part in re.split(r"\{\d+\}", text.replace('\\"', '"'))]


def refusals(root):
    sources = [(path, EMITS) for folder in FOLDERS
               for path in sorted((root / folder).rglob("*.cpp"))]
    for path, begins in [*sources, (root / SHARED, RETURNS)]:
        for line, statement in statements(path.read_text(encoding="utf-8"), begins):
            literals = [text for text in messages(statement) if len(text) > 3]
            if literals:
                yield path.relative_to(root), line, literals


def parts_of(literals):
    """What an expectation has to hold one of."""
    longest = max(literals, key=len)
    return [text.strip(" ,(")[:32] for text in literals if len(text) >= 12 or text is longest]


def expectations(root):
    for folder in TESTS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".mlir", ".test"):
                text = path.read_text(encoding="utf-8")
                yield from EXPECTED.findall(text)
                yield from (line for line in CHECKED.findall(text) if "expected" in line
                            or "error" in line)


def main():
    root = pathlib.Path(sys.argv[1])
    expected = "\n".join(expectations(root))
    found, missing, known = 0, 0, set()
    for path, line, literals in refusals(root):
        found += 1
        longest = max(literals, key=len)
        known.add(longest)
        if "--list" in sys.argv:
            print(f"{path}:{line}: {' ... '.join(literals)}")
        if longest not in UNREACHED and not any(part in expected
                                                for part in parts_of(literals)):
            missing += 1
            print(f"{path}:{line}: expected a test in {', '.join(TESTS)} that quotes the "
                  f"message, got none: {' ... '.join(literals)}")
    for text in UNREACHED.keys() - known:
        missing += 1
        print(f"scripts/check_refusals.py: expected the message of UNREACHED in a source: "
              f"{text}")
    print(f"{found} refusals, {found - missing} with a test or a reason")
    return 1 if missing or not found else 0


sys.exit(main())
