# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes an offload bundle as clang does: OUT (FILE ID)..."""

import pathlib
import struct
import sys


def main():
    out, *rest = sys.argv[1:]
    entries = [(b"", b"host-x86_64-unknown-linux-gnu-")]
    entries += [(pathlib.Path(rest[i]).read_bytes(), rest[i + 1].encode()) for i in range(0, len(rest), 2)]
    header = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", len(entries))
    at = 4096
    for code, name in entries:
        header += struct.pack("<QQQ", at, len(code), len(name)) + name
        at += (len(code) + 4095) // 4096 * 4096
    data = header.ljust(4096, b"\0")
    for code, _ in entries:
        data += code.ljust((len(code) + 4095) // 4096 * 4096, b"\0")
    pathlib.Path(out).write_bytes(data)


main()
