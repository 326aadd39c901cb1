#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints the polynomials of the emulator's exp, log, sin and cos
(lib/Emulator/Vector/ValuHelpers.h), lowest power first: interpolation at the
Chebyshev nodes in 60 digits, and the largest relative error found."""

import decimal
import math
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


def log2(z):
    """2 / ln(2) * atanh(sqrt(z)) / sqrt(z)"""
    return 2 / LN2 * series(lambda k: z * (2 * k - 1) / (2 * k + 1))


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


def main():
    half = Decimal("0.5")
    narrow = Decimal(1) / 32
    root = Decimal(2).sqrt()
    eighth = (PI / 4) ** 2
    for name, f, low, high, degree in (
            ("exp2(f)", exp2, -half, half, 11),
            ("(exp2(r) - 1) / r", exp2_slope, -narrow, narrow, 5),
            ("log2(m) / s of s^2", log2, Decimal(0), ((root - 1) / (root + 1)) ** 2, 7),
            ("sin(y) / y of y^2", sine, Decimal(0), eighth, 6),
            ("cos(y) of y^2", cosine, Decimal(0), eighth, 7)):
        coefficients = interpolate(f, low, high, degree)
        points = (low + (high - low) * (2 * i + 1) / 800 for i in range(400))
        error = max(abs(value(coefficients, x) / f(x) - 1) for x in points)
        print(f"{name}, error 2^{math.log2(error):.1f}:")
        print("  " + ", ".join(float(c).hex() for c in coefficients))
    print("exp2(i / 16):")
    print("  " + ", ".join(float(exp2(Decimal(i) / 16)).hex() for i in range(16)))


if __name__ == "__main__":
    main()
