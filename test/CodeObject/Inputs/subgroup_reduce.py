# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the kernels of subgroup-reduce.mlir are launched with and compared with."""
import array
import functools
import json
import operator
import random

random.seed(1)
VALUES = [random.randrange(-2**31, 2**31) | 1 for _ in range(100)]


def signed(value, bits=32):
    value %= 2**bits
    return value - 2**bits if value >= 2**(bits - 1) else value


def over(lanes, operation, values, first=0):
    """The reduction of values, wrapped to 32 bits, in each of some lanes."""
    return [signed(functools.reduce(operation, [values[i] for i in lanes(lane)]))
            for lane in range(first, len(values))]


def fill():
    def wave(lane):
        return range(lane // 64 * 64, min(lane // 64 * 64 + 64, 100))

    def cluster(size, stride):
        return lambda lane: [i for i in wave(lane) if i % stride == lane % stride
                             and i // (size * stride) == lane // (size * stride)]

    unsigned = [value % 2**32 for value in VALUES]
    low = [value & 255 for value in VALUES]
    numbers = low[:70] + low[71:72] + low[71:]  # lane 70 has NaN
    rows = [over(wave, operation, VALUES)
            for operation in (operator.add, operator.mul, min, max)]
    rows += [over(wave, min, unsigned), over(wave, max, unsigned)]
    rows += [over(wave, operation, VALUES)
             for operation in (operator.and_, operator.or_, operator.xor)]
    rows += [over(wave, operator.add, low), over(wave, min, numbers), over(wave, max, numbers)]
    rows += [[lane // 64 for lane in range(100)]]
    rows += [over(cluster(8, 1), operator.add, VALUES), over(cluster(4, 16), operator.add, VALUES)]
    sums = [sum(VALUES[i] for i in wave(lane)) for lane in range(100)]
    rows += [[abs(total) // len(wave(lane)) * (1 if total > 0 else -1)
              for lane, total in enumerate(sums)]]
    return sum(rows, [])


def branch():
    total = signed(sum(value for value in VALUES[:64] if value > 0))
    return [total if value > 0 else 0 for value in VALUES[:64]] * 2


def narrow():
    def bits(count):
        return [signed(value, count) for value in VALUES[:64]]

    product = signed(functools.reduce(operator.mul, bits(8)), 8)
    return sum(([value] * 64 for value in (
        max(bits(4)), signed(sum(bits(4)), 4), signed(sum(bits(8)), 8), product,
        min(bits(8)), min(value % 256 for value in bits(8)), max(bits(24)),
        min(VALUES[:64]))), [])


def write(name, values):
    array.array("i", values).tofile(open(f"{name}.bin", "wb"))


write("x", VALUES)
for kernel, threads, expected in [("fill", 100, fill()), ("alone", 1, VALUES[:1] * 2),
                                  ("branch", 64, branch()), ("narrow", 64, narrow())]:
    write(kernel, expected)
    json.dump({"code_object": "k.hsaco", "kernel": kernel, "grid": [1, 1, 1],
               "block": [threads, 1, 1],
               "args": [{"kind": "buffer", "file": "x.bin"},
                        {"name": "out", "kind": "buffer", "size": 4 * len(expected),
                         "out": "out.bin"}],
               "expect": {"arg": "out", "dtype": "i32", "file": f"{kernel}.bin",
                          "file_dtype": "i32", "rtol": 0, "atol": 0}},
              open(f"{kernel}.json", "w"))
