# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The software decode of docs/Rationale.md, "Decoding fp4", in f32 arithmetic,
against 2^(byte - 127) times the table of E2M1, for all bytes and codes."""

import math
import sys

import numpy as np

TABLE = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0], dtype=np.float32)


def f32(bits):
    return np.array([bits], dtype=np.uint32).view(np.float32)[0]


def decode(code, byte):
    """The bf16 out of the two tables of the scale, and what they leave out."""
    scale = f32(max(byte << 23, 0x00400000))
    with np.errstate(all="ignore"):
        products = TABLE * scale + scale * np.float32(0)
    bits = products.view(np.uint32)
    upper = [int(value) >> 24 for value in bits]
    lower = [int(value) >> 16 & 0xFF for value in bits]
    sign = (code & 8) << 4
    word = (upper[code & 7] | sign) << 8 | lower[code & 7]
    return f32(word << 16), int(bits[code & 7]) & 0xFFFF


def main():
    infinite = []
    for byte in range(256):
        for code in range(16):
            got, lost = decode(code, byte)
            if byte == 255:
                good = np.isnan(got)
            else:
                exact = math.ldexp(float(TABLE[code & 7]), byte - 127)
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
