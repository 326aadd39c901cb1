# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the blocks of a page in the order of the page, as a reader would.

run_page.py run ROOT BUILD PAGE    in the current, empty folder
run_page.py check ROOT             every block of commands is run, or says why not

```sh and ```python blocks run, each sh block in a shell of its own that stops at the
first command that fails, all python blocks of a page in one program. The folder looks
like the source tree: links to build, docs, examples, python, scripts and test; a file
that a page shows is written by a command of the page. A ```text block right behind
the comment `<!-- output -->` is an abridged copy of what the block before it
printed, standard error included; blocks.py says what is compared.

A block that does not run here has the comment `<!-- not run: REASON -->` above it,
one that another test runs `<!-- run by PATH -->`.
"""

import contextlib
import io
import os
import pathlib
import re
import subprocess
import sys

import blocks

FENCE = re.compile(r"((?:^<!--[^\n]*-->\n)*)^```([\w-]*)\n(.*?)^```$", re.S | re.M)
COMMAND = re.compile(r"^(?:\$ |(?:build/bin/|venv/bin/)?(?:moe(?:-[a-z]+)? |pip )|python3? |"
                     r"cmake |ninja |scripts/|benchmarks/|cc |clang|mlir-|git |sudo |apt-get |"
                     r"LD_PRELOAD|MOE_\w+=|/usr/lib/llvm)", re.M)
LINKS = ["build", "docs", "examples", "include", "lib", "python", "scripts", "test"]


def fences(path):
    """(comments, language, text) of each fenced block."""
    return FENCE.findall(pathlib.Path(path).read_text(encoding="utf-8"))


def skipped(comments):
    return "<!-- not run:" in comments or "<!-- run by" in comments


def run_shell(text):
    result = subprocess.run(["bash", "-euo", "pipefail", "-c", text],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            stdin=subprocess.DEVNULL, check=False)
    printed = result.stdout.decode(errors="replace")
    if result.returncode:
        sys.exit(f"exit code {result.returncode} of the block\n{text}\n{printed}")
    return printed


def run_python(text, names, page):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, str(page), "exec"), names)
    return printed.getvalue()


def compare(page, text, printed):
    pathlib.Path("expected.md").write_text(
        f"<!-- block: output -->\n```text\n{text}```\n", encoding="utf-8")
    pathlib.Path("printed.txt").write_text(printed, encoding="utf-8")
    try:
        blocks.match("expected.md", "output", "printed.txt")
    except SystemExit as problem:
        sys.exit(f"{page}: {problem}\nit printed\n{printed}")


def run(root, build, page):
    # The package in ./python looks for libmoe.so in the folder `build` beside it.
    if pathlib.Path(build) != pathlib.Path(root, "build"):
        os.environ.setdefault("MOE_LIBRARY", str(pathlib.Path(build, "lib", "libmoe.so")))
    for name in LINKS:
        target = pathlib.Path(build) if name == "build" else pathlib.Path(root, name)
        os.symlink(target, name)
    printed, count, compared, names = None, 0, 0, {"__name__": "__page__"}
    for comments, language, text in fences(page):
        if "<!-- output -->" in comments:
            if printed is None:
                sys.exit(f"{page}: expected a block that runs before the output, got "
                         f"none\n{text}")
            compare(page, text, printed)
            compared += 1
        elif language in ("sh", "python") and not skipped(comments):
            printed = (run_shell(text) if language == "sh" else
                       run_python(text, names, page))
            count += 1
    if not count:
        sys.exit(f"{page}: expected a block that runs, got none")
    print(f"{count} blocks run, {compared} outputs compared")


def check(root):
    docs = pathlib.Path(root, "docs")
    tests = "\n".join(path.read_text(encoding="utf-8") for path in
                      sorted(pathlib.Path(root, "test").rglob("*.test")))
    problems = []
    for path in [pathlib.Path(root, "README.md"), *sorted(docs.rglob("*.md"))]:
        name = path.relative_to(root).as_posix()
        runs = False
        for comments, language, text in fences(path):
            for test in re.findall(r"<!-- run by (\S+) -->", comments):
                if not pathlib.Path(root, test).is_file():
                    problems.append(f"{name}: 'run by {test}': no such file")
            if language in ("sh", "python"):
                runs = runs or not skipped(comments)
            elif language in ("", "text", "console", "bash") and \
                    "<!-- output -->" not in comments and COMMAND.search(text):
                problems.append(f"{name}: commands in a block that is not sh:\n{text}")
        outside = FENCE.sub("", path.read_text(encoding="utf-8"))
        for text in re.findall(r"^ {4}(\S.*)", outside, re.M):
            if COMMAND.match(text):
                problems.append(f"{name}: a command in an indented block, which does not "
                                f"run: {text}")
        if runs and f"%source_root/{name}\n" not in tests:
            problems.append(f"{name}: no test runs its blocks")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    {"run": run, "check": check}[sys.argv[1]](*sys.argv[2:])
