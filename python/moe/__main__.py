# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`python -m moe COMMAND ...`: the project's tools under one name."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys

from ._library import load_library
from ._output import run_printing

USAGE = """usage: python -m moe COMMAND [arguments]

  compile   moe-compile: a kernel to IR, assembly or a code object
  run       moe-run: compile, execute, compare with the reference
  launch    moe-launch: run and time launch files on a HIP device
  opt       moe-opt: the passes one by one
  convert   moe-convert: a checkpoint's layers to files that kernels read
  version   the versions of the package and of libmoe.so

`python -m moe COMMAND --help` prints the flags of a command.
"""

PROGRAMS = {"compile": "moe-compile", "run": "moe-run", "launch": "moe-launch",
            "opt": "moe-opt"}


def find_program(name: str) -> str | None:
    """A tool in the bin folder beside the library's lib folder, or in PATH."""
    library = pathlib.Path(load_library()._name)
    for folder in list(library.absolute().parents)[1:3]:
        program = folder / "bin" / name
        if program.is_file():
            return str(program)
    return shutil.which(name)


def run_program(name: str, arguments: list[str]) -> int:
    program = find_program(name)
    if program is None:
        print(f"moe: error: {name}: expected it in the bin folder beside libmoe.so or "
              "in PATH, got neither; a pip-installed package has no programs, "
              "`cmake --install` installs them", file=sys.stderr)
        return 1
    sys.stdout.flush()
    os.execv(program, [program, *arguments])


def print_versions() -> int:
    from . import __version__
    library = load_library()
    print(f"moe {__version__}, libmoe.so {library.moeGetVersion().decode()} from "
          f"{library._name}")
    return 0


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        print(USAGE, end="", file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    command, *rest = arguments
    if command in PROGRAMS:
        return run_program(PROGRAMS[command], rest)
    if command == "convert":
        from .convert import main as convert
        return convert(rest, "python -m moe convert")
    if command == "version":
        return print_versions()
    print(f"moe: error: unknown command '{command}' (--help lists them)",
          file=sys.stderr)
    return 2


def run() -> int:
    try:
        return main(sys.argv[1:])
    except ImportError as error:
        print(f"moe: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("moe: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(run_printing("moe", run))
