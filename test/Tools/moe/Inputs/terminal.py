# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""terminal.py COMMAND...: runs it on a pseudo terminal and prints what it wrote."""

import os
import pty
import sys


def main():
    text = bytearray()

    def read(descriptor):
        data = os.read(descriptor, 65536)
        text.extend(data)
        return data

    # The terminal's output is collected; its own is not wanted twice.
    saved = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ.setdefault("TERM", "xterm-256color")
    pty.spawn(sys.argv[1:], read)
    os.dup2(saved, 1)
    sys.stdout.write(text.decode(errors="replace").replace("\r", "\n"))


main()
