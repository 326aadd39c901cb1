# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Standard output of the package's programs: when it is full or closed they end with one
line and exit code 1, as the other tools do."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import Callable


def _fill_standard_files() -> None:
    """A file that is opened must not take the number of a closed one of them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = io.StringIO()


def _write(text: str) -> None:
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        # What is left in the buffer would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def run_printing(program: str, run: Callable[[], int]) -> int:
    """The exit code of `run`, what it prints goes out at the end."""
    _fill_standard_files()
    text = io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            status = run()
    except SystemExit as end:  # argparse's, after --help too
        status = int(end.code or 0)
    try:
        if text.getvalue():
            _write(text.getvalue())
    except OSError as error:
        print(f"{program}: error: cannot write to standard output: {error.strerror}",
              file=sys.stderr)
        return 1
    return status
