# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""exact-user-code.py CHIP

Compiles and runs the kernels of exact-user-code.mlir, one a file, and compares
what they write.
"""

import array
import functools
import math
import operator
import sys

from kernel_launch import launch

CHIP = sys.argv[1]


def run(kernel, threads, inputs, code, expected):
    """Buffers of (type code, values), then one that must hold `expected`."""
    got = launch(kernel, f"{kernel}.mlir", CHIP, threads,
                 [*inputs, (code, [0] * len(expected))])[-1]
    for place, (value, right) in enumerate(zip(got, expected, strict=True)):
        if right is not None and value != right and not (
                math.isnan(value) and math.isnan(right)):
            sys.exit(f"{kernel}: expected element {place} to be {right}, got {value}")


def flat(rows):
    return [value for row in rows for value in row]


def signed(value):
    return (value + 2 ** 31) % 2 ** 32 - 2 ** 31


rows = [[(37 * lane + 11 * i) % 101 - 50 for i in range(16)] for lane in range(64)]
run("twins", 64, [("i", flat(rows))], "i", flat(
    [sum(row), sum(row[:5]), *(sum(row[4 * r + 2:4 * r + 4]) for r in range(4))] for row in rows))

matrix = [[1.0, 2.0, 4.0, 8.0], [-1.0, 3.0, 5.0, -7.0], [0.0] * 4, [0.0] * 4]
weights = [1.0, -2.0, 0.5, 3.0]
run("products", 1, [("f", flat(matrix)), ("f", weights)], "f",
    [sum(map(operator.mul, row[:n], weights)) for n in (4, 2) for row in matrix])

floats = [[-1.0 - (7 * lane + 3 * i) % 64 for i in range(16)] for lane in range(64)]
floats[1] = [-math.inf] * 16
floats[2] = [math.inf] * 16
floats[3] = [math.nan] * 16
floats[4] = [-0.0] * 5 + [2.0] * 11


def product(x, y):
    """Rounded to f32."""
    return array.array("f", [x * y])[0]


def of_masked(row):
    some = row[:5]
    lost = math.isnan(some[0])
    # None: with nnan and ninf nothing is said of NaN and infinities.
    promised = max(some) if all(map(math.isfinite, some)) else None
    return [math.nan if lost else max(some), math.nan if lost else min(some),
            math.nan if lost else max(some), math.nan if lost else min(some),
            sum(some[1:], some[0]), functools.reduce(product, some),
            math.nan if lost else max(*some, -100.0), promised]


run("neutral", 64, [("f", flat(floats))], "f", flat(map(of_masked, floats)))

KINDS = [operator.add, operator.mul, min, max,
         lambda x, y: min(x, y, key=lambda v: v % 2 ** 32),
         lambda x, y: max(x, y, key=lambda v: v % 2 ** 32),
         operator.and_, operator.or_, operator.xor]
run("whole", 64, [("i", flat(rows))], "i", flat(
    [signed(functools.reduce(kind, row[:5])) for kind in KINDS] for row in rows))

DIVIDENDS = [16376714, 16777214, 16777209, 14522162, 12669608, 2 ** 24 - 1, 2 ** 23, 0]
DIVISORS = [3, 7, 3, 3, 3, 2 ** 24 - 1, 2 ** 23, 5]
dividends = [(x - 3 * i) % 2 ** 24 for i in range(8) for x in DIVIDENDS]
divisors = DIVISORS * 8
run("divisions", 64, [("i", dividends), ("i", divisors)], "i", flat(
    [x // d, x % d, -(-x // d), x // d, x % d, x // d] for x, d in zip(dividends, divisors)))

bits = [0.0, 0.5, 0.9921875, 1.0, 1.0078125, 1.5, 1.75, 1.9921875] * 8
run("bits", 64, [("f", bits)], "i", flat(
    [int(x), -int(x), int(x), int(x), int(x), int(x)] for x in bits))

dividends = [7 * lane - 200 for lane in range(64)]
divisors = [(-5, 3, -1, 64)[lane % 4] for lane in range(64)]
run("floors", 64, [("i", dividends), ("i", divisors)], "i", flat(
    [x // d, -(x // d < 0), -(x // d < 0), x // d] for x, d in zip(dividends, divisors)))

ties = [1 + k / 256 for k in range(64)]
run("nearest", 64, [("f", ties)], "f", [round(128 * x) / 128 for x in ties])


def to_bf16(integer):
    """The nearest number of eight bits, of two the even one."""
    drop = max(0, abs(integer).bit_length() - 8)
    return float(round(abs(integer) / 2 ** drop) * 2 ** drop * (-1 if integer < 0 else 1))


# Above a tie by less than f32 sees, at it, and below it.
near = [(k << 24) + (1 << 16) + step for k in (1, 127, 128, 129) for step in (-1, 0, 1, 2)] * 4
wide = [(x << 15) + 1 for x in near]
run("integers", 64, [("i", [signed(x) for x in near]), ("q", wide)], "f", flat(
    [to_bf16(x), to_bf16(signed(x)), to_bf16(w), to_bf16(x)] for x, w in zip(near, wide)))

# Around a tie of bf16 by less than f32 sees, and what is no number.
ties = [sign * scale * (1 + k / 128 + 1 / 256 + step * 2.0 ** -50)
        for scale in (1.0, 2.0 ** -126) for k in (0, 1, 126, 127)
        for step in (-2 ** 20, -1, 0, 1, 2 ** 20) for sign in (1, -1)]
rounded = [math.copysign(float(round(abs(x) * 2 ** 7 / scale)) * scale / 2 ** 7, x)
           for x in ties for scale in [2.0 ** math.floor(math.log2(abs(x)))]]
# The largest finite number, what is rounded to it, and what is too large.
largest, half = 2.0 ** 128 - 2.0 ** 120, 2.0 ** 119
ties = ties[:56] + [math.inf, -math.inf, math.nan, 1e300, -1e300, largest, largest + half,
                    math.nextafter(largest + half, 0)]
rounded = rounded[:56] + [math.inf, -math.inf, math.nan, math.inf, -math.inf, largest, math.inf,
                          largest]
run("doubles", 64, [("d", ties)], "f", flat([x, x] for x in rounded))
