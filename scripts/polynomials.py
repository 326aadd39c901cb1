#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints the polynomials of the emulator's exp, log, sin and cos
(lib/Emulator/Vector/ValuHelpers.h), lowest power first: interpolation at the
Chebyshev nodes in 60 digits, as f32, and the largest relative error found before
that rounding."""

import decimal
import math
import struct
from decimal import Decimal

decimal.getcontext().prec = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
LN2 = Decimal(2).ln()
TINY = Decimal(10) ** -58


def series(ratio):
    """1 + the terms whose quotients are ratio(1), ratio(2), ..."""
    total = term = Decimal(1)
    k = 0
    while abs(term) > TINY:
        k += 1
        term *= ratio(k)
        total += term
    return total


def exp2(x):
    return (x * LN2).exp()


def cosine(z):
    """cos(sqrt(z))"""
    return series(lambda k: -z / ((2 * k - 1) * (2 * k)))


def sine(z):
    """sin(sqrt(z)) / sqrt(z)"""
    return series(lambda k: -z / ((2 * k) * (2 * k + 1)))


def value(coefficients, x):
    total = Decimal(0)
    for c in reversed(coefficients):
        total = total * x + c
    return total


def interpolate(f, low, high, degree):
    """Newton's divided differences, expanded."""
    nodes = [(low + high) / 2 + (high - low) / 2 *
             cosine((PI * (2 * i + 1) / (2 * (degree + 1))) ** 2)
             for i in range(degree + 1)]
    c = [f(x) for x in nodes]
    for j in range(1, degree + 1):
        for i in range(degree, j - 1, -1):
            c[i] = (c[i] - c[i - 1]) / (nodes[i] - nodes[i - j])
    result = [c[degree]]
    for i in range(degree - 1, -1, -1):
        moved = [Decimal(0)] + result
        for k, coefficient in enumerate(result):
            moved[k] -= coefficient * nodes[i]
        moved[0] += c[i]
        result = moved
    return result


def exp2_slope(x):
    return (exp2(x) - 1) / x


def log2_rest(r):
    """What log2(1 + r) has beyond r / ln(2), of r^2."""
    return ((1 + r).ln() - r) / LN2 / (r * r)


def sine_rest(z):
    """What sin(2 pi r) has beyond 2 pi r, of r^3; z = r^2."""
    return 2 * PI * (sine(4 * PI * PI * z) - 1) / z


def single(x):
    """The nearest f32."""
    return struct.unpack("f", struct.pack("f", x))[0]


COSINE_SQUARE = Decimal(single(float(-2 * PI * PI)))


def cosine_rest(z):
    """What cos(2 pi r) has beyond 1 + COSINE_SQUARE * r^2, of r^4; z = r^2."""
    return ((cosine(4 * PI * PI * z) - 1) / z - COSINE_SQUARE) / z


def main():
    half = Decimal("0.5")
    root = Decimal(2).sqrt()
    tiny, eighth = Decimal(10) ** -9, Decimal(1) / 64
    # Where the rounding of COSINE_SQUARE does not count.
    less = Decimal(1) / 1024
    for name, f, low, high, degree in (
            ("(exp2(f) - 1) / f", exp2_slope, -half, half, 5),
            ("(log2(1 + r) - r / ln(2)) / r^2", log2_rest, 1 / root - 1, root - 1, 9),
            ("(sin(2 pi r) - 2 pi r) / r^3 of r^2", sine_rest, tiny, eighth, 3),
            ("(cos(2 pi r) - 1 - c r^2) / r^4 of r^2", cosine_rest, less, eighth, 2)):
        coefficients = interpolate(f, low, high, degree)
        points = (low + (high - low) * (2 * i + 1) / 800 for i in range(400))
        error = max(abs(value(coefficients, x) / f(x) - 1) for x in points)
        print(f"{name}, error 2^{math.log2(error):.1f}:")
        print("  " + ", ".join(single(float(c)).hex() for c in coefficients))
    print(f"c: {float(COSINE_SQUARE).hex()}")
    for name, x in (("1 / ln(2)", 1 / LN2), ("2 pi", 2 * PI)):
        nearest = single(float(x))
        print(f"{name}: {nearest.hex()}, rest {single(float(x - Decimal(nearest))).hex()}")


if __name__ == "__main__":
    main()
