# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The software decode of docs/Rationale.md, "Decoding fp4", in f32 arithmetic,
against 2^(byte - 127) times the table of E2M1, for all bytes and codes."""

import math
import sys

import numpy as np

TABLE = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]


def f32(bits):
    return np.array([bits], dtype=np.uint32).view(np.float32)[0]


def decode(code, byte):
    """The upper half of the f32 and what is below it."""
    upper = 0x404040403F3F3F00 >> 8 * (code & 7) & 0xFF | (code & 8) << 4
    lower = 0xC0804000C0800000 >> 8 * (code & 7) & 0xFF
    value = f32(upper << 24 | lower << 16)
    scale = f32(0x7FC00000 if byte == 255 else max(byte << 23, 0x00400000))
    with np.errstate(all="ignore"):
        value = np.float32(value * scale)
    bits = int(np.array([value]).view(np.uint32)[0])
    return f32(bits & 0xFFFF0000), bits & 0xFFFF


def main():
    infinite = []
    for byte in range(256):
        for code in range(16):
            got, lost = decode(code, byte)
            if byte == 255:
                good = np.isnan(got)
            else:
                exact = math.ldexp(TABLE[code & 7], byte - 127)
                if exact >= 2.0 ** 128:
                    exact = math.inf
                    infinite.append((byte, code & 7))
                sign = bool(code & 8)
                good = lost == 0 and abs(float(got)) == exact and np.signbit(got) == sign
            if not good:
                sys.exit(f"code {code}, byte {byte}: got {got}, {lost} below")
    print("infinite:", sorted(set(infinite)))


if __name__ == "__main__":
    main()
