# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact arithmetic on bit patterns for the expected values of the tests.

A float format is (exponent bits, mantissa bits). Sums, products and quotients
are computed as fractions and rounded once; nothing here uses the host's
floating point. NAN as a result means "any NaN".
"""
from fractions import Fraction
from math import isqrt

F16, BF16, F32, F64 = (5, 10), (8, 7), (8, 23), (11, 52)
NAN = "nan"
RNE, UP, DOWN, ZERO = 0, 1, 2, 3


def width(fmt):
    return 1 + fmt[0] + fmt[1]


def sign_of(fmt, x):
    return x >> (width(fmt) - 1) & 1


def field(fmt, x):
    return x >> fmt[1] & ((1 << fmt[0]) - 1)


def mantissa(fmt, x):
    return x & ((1 << fmt[1]) - 1)


def is_nan(fmt, x):
    return field(fmt, x) == (1 << fmt[0]) - 1 and mantissa(fmt, x) != 0


def is_inf(fmt, x):
    return field(fmt, x) == (1 << fmt[0]) - 1 and mantissa(fmt, x) == 0


def is_zero(fmt, x):
    return x & ((1 << (width(fmt) - 1)) - 1) == 0


def is_denormal(fmt, x):
    return field(fmt, x) == 0 and mantissa(fmt, x) != 0


def inf(fmt, sign=0):
    return sign << (width(fmt) - 1) | ((1 << fmt[0]) - 1) << fmt[1]


def zero(fmt, sign=0):
    return sign << (width(fmt) - 1)


def largest(fmt, sign=0):
    return inf(fmt, sign) - 1


def bias(fmt):
    return (1 << (fmt[0] - 1)) - 1


def value(fmt, x):
    """The exact value of a finite pattern."""
    f = field(fmt, x)
    m = mantissa(fmt, x) + ((1 << fmt[1]) if f else 0)
    e = max(f, 1) - bias(fmt) - fmt[1]
    v = Fraction(m) * Fraction(2) ** e
    return -v if sign_of(fmt, x) else v


def floor_log2(q):
    """Exponent of a positive fraction."""
    e = q.numerator.bit_length() - q.denominator.bit_length()
    return e if Fraction(2) ** e <= q else e - 1


def make(fmt, q, zero_sign=0, mode=RNE):
    """A fraction rounded to a pattern."""
    if q == 0:
        return zero(fmt, zero_sign)
    s, m = (1, -q) if q < 0 else (0, q)
    e = max(floor_log2(m), 1 - bias(fmt))
    units = m / Fraction(2) ** (e - fmt[1])
    down = units.numerator // units.denominator
    rest = units - down
    up = {RNE: rest > Fraction(1, 2) or (rest == Fraction(1, 2) and down & 1),
          UP: rest and not s, DOWN: rest and s, ZERO: False}[mode]
    code = ((e + bias(fmt) - 1) << fmt[1]) + down + (1 if up else 0)
    if code >= inf(fmt):
        stop = mode == ZERO or (mode == UP and s) or (mode == DOWN and not s)
        return largest(fmt, s) if stop else inf(fmt, s)
    return s << (width(fmt) - 1) | code


def neg(fmt, x):
    return x ^ 1 << (width(fmt) - 1)


def absolute(fmt, x):
    return x & ((1 << (width(fmt) - 1)) - 1)


def add(fmt, a, b, mode=RNE):
    if is_nan(fmt, a) or is_nan(fmt, b):
        return NAN
    if is_inf(fmt, a) or is_inf(fmt, b):
        if is_inf(fmt, a) and is_inf(fmt, b) and a != b:
            return NAN
        return a if is_inf(fmt, a) else b
    both = sign_of(fmt, a) and sign_of(fmt, b)
    if is_zero(fmt, a) and is_zero(fmt, b):
        differ = sign_of(fmt, a) != sign_of(fmt, b)
        return zero(fmt, 1 if both or (differ and mode == DOWN) else 0)
    return make(fmt, value(fmt, a) + value(fmt, b), 1 if mode == DOWN else 0, mode)


def sub(fmt, a, b, mode=RNE):
    return NAN if is_nan(fmt, b) else add(fmt, a, neg(fmt, b), mode)


def mul(fmt, a, b, mode=RNE):
    if is_nan(fmt, a) or is_nan(fmt, b):
        return NAN
    s = sign_of(fmt, a) ^ sign_of(fmt, b)
    if is_inf(fmt, a) or is_inf(fmt, b):
        return NAN if is_zero(fmt, a) or is_zero(fmt, b) else inf(fmt, s)
    return make(fmt, value(fmt, a) * value(fmt, b), s, mode)


def fma(fmt, a, b, c, mode=RNE, out=None):
    """a*b + c rounded once, into `out` when that is another format."""
    out = out or fmt
    if is_nan(fmt, a) or is_nan(fmt, b) or is_nan(fmt, c):
        return NAN
    s = sign_of(fmt, a) ^ sign_of(fmt, b)
    if is_inf(fmt, a) or is_inf(fmt, b):
        if is_zero(fmt, a) or is_zero(fmt, b):
            return NAN
        return NAN if is_inf(fmt, c) and sign_of(fmt, c) != s else inf(out, s)
    if is_inf(fmt, c):
        return inf(out, sign_of(fmt, c))
    p = value(fmt, a) * value(fmt, b)
    q = p + value(fmt, c)
    if q == 0:
        sc = sign_of(fmt, c)
        if p == 0 and is_zero(fmt, c) and s == sc:
            return zero(out, s)
        return zero(out, 1 if mode == DOWN else 0)
    return make(out, q, 0, mode)


def div(fmt, a, b):
    if is_nan(fmt, a) or is_nan(fmt, b):
        return NAN
    s = sign_of(fmt, a) ^ sign_of(fmt, b)
    if is_inf(fmt, a):
        return NAN if is_inf(fmt, b) else inf(fmt, s)
    if is_inf(fmt, b):
        return zero(fmt, s)
    if is_zero(fmt, b):
        return NAN if is_zero(fmt, a) else inf(fmt, s)
    return make(fmt, value(fmt, a) / value(fmt, b), s)


def sqrt(fmt, a):
    if is_nan(fmt, a) or (sign_of(fmt, a) and not is_zero(fmt, a)):
        return NAN
    if is_inf(fmt, a) or is_zero(fmt, a):
        return a
    v = value(fmt, a)
    # Enough bits that the cut-off root, made odd, rounds as the exact one.
    shift = 2 * (fmt[1] + 8 + max(0, -floor_log2(v)))
    n = v.numerator * (1 << shift) // v.denominator
    root = isqrt(n)
    exact = root * root == n and (v.numerator << shift) % v.denominator == 0
    root = 2 * root + (0 if exact else 1)
    return make(fmt, Fraction(root, 2 << (shift // 2)))


def convert(source, target, x, mode=RNE):
    if is_nan(source, x):
        return NAN
    if is_inf(source, x):
        return inf(target, sign_of(source, x))
    return make(target, value(source, x), sign_of(source, x), mode)


def from_int(fmt, n, mode=RNE):
    return make(fmt, Fraction(n), 0, mode)


def to_int(fmt, x, low, high):
    """Towards zero, saturating; NaN gives 0."""
    if is_nan(fmt, x):
        return 0
    if is_inf(fmt, x):
        return low if sign_of(fmt, x) else high
    v = value(fmt, x)
    n = -(-v.numerator // v.denominator) if v < 0 else v.numerator // v.denominator
    return max(low, min(high, n))


def whole(fmt, x, how):
    """trunc, floor, ceil or rndne as a float; signs of zero kept."""
    if is_nan(fmt, x):
        return NAN
    if is_inf(fmt, x):
        return x
    v = value(fmt, x)
    down = v.numerator // v.denominator
    n = {"floor": down, "ceil": -(-v.numerator // v.denominator),
         "trunc": down if v >= 0 else -(-v.numerator // v.denominator),
         "rndne": round(v)}[how]
    return make(fmt, Fraction(n), sign_of(fmt, x))


def less(fmt, a, b):
    """a < b; false with NaN."""
    if is_nan(fmt, a) or is_nan(fmt, b):
        return False
    key = lambda x: -absolute(fmt, x) if sign_of(fmt, x) else absolute(fmt, x)
    return key(a) < key(b)


def equal(fmt, a, b):
    if is_nan(fmt, a) or is_nan(fmt, b):
        return False
    return a == b or (is_zero(fmt, a) and is_zero(fmt, b))


def is_signaling(fmt, x):
    return is_nan(fmt, x) and not x >> (fmt[1] - 1) & 1


def minimum_of(fmt, a, b, ieee=True):
    """v_min: a NaN loses (a signalling one wins in IEEE mode), -0 < +0."""
    if ieee and (is_signaling(fmt, a) or is_signaling(fmt, b)):
        return NAN
    if is_nan(fmt, a):
        return NAN if is_nan(fmt, b) else b
    if is_nan(fmt, b):
        return a
    if is_zero(fmt, a) and is_zero(fmt, b):
        return zero(fmt, sign_of(fmt, a) | sign_of(fmt, b))
    return a if less(fmt, a, b) else b


def maximum_of(fmt, a, b, ieee=True):
    if ieee and (is_signaling(fmt, a) or is_signaling(fmt, b)):
        return NAN
    if is_nan(fmt, a):
        return NAN if is_nan(fmt, b) else b
    if is_nan(fmt, b):
        return a
    if is_zero(fmt, a) and is_zero(fmt, b):
        return zero(fmt, sign_of(fmt, a) & sign_of(fmt, b))
    return b if less(fmt, a, b) else a


def ldexp(fmt, a, n, mode=RNE):
    if is_nan(fmt, a):
        return NAN
    if is_inf(fmt, a) or is_zero(fmt, a):
        return a
    n = max(-6000, min(6000, n))
    return make(fmt, value(fmt, a) * Fraction(2) ** n, sign_of(fmt, a), mode)


def signed(x, bits):
    x &= (1 << bits) - 1
    return x - (1 << bits) if x >> (bits - 1) else x


# Narrow formats: (exponent bits, mantissa bits, bias, kind).
NARROW = {"fp8": (4, 3, 7, "ones"), "bf8": (5, 2, 15, "ieee"), "fp8fnuz": (4, 3, 8, "fnuz"),
          "bf8fnuz": (5, 2, 16, "fnuz"), "fp6": (2, 3, 1, "none"), "bf6": (3, 2, 3, "none"), "fp4": (2, 1, 1, "none")}


def narrow_bits(kind):
    return 1 + NARROW[kind][0] + NARROW[kind][1]


def narrow_value(kind, x):
    """The fraction of a code, or "nan", "inf", "-inf"."""
    ebits, mbits, b, special = NARROW[kind]
    s = x >> (ebits + mbits) & 1
    e, m = x >> mbits & ((1 << ebits) - 1), x & ((1 << mbits) - 1)
    top = (1 << ebits) - 1
    if special == "fnuz" and x == 0x80:
        return "nan"
    if special == "ones" and e == top and m == (1 << mbits) - 1:
        return "nan"
    if special == "ieee" and e == top:
        return "nan" if m else "-inf" if s else "inf"
    v = Fraction(m + ((1 << mbits) if e else 0)) * Fraction(2) ** (max(e, 1) - b - mbits)
    return -v if s else v


def narrow_to(fmt, kind, x, scale=Fraction(1)):
    v = narrow_value(kind, x)
    if v == "nan":
        return NAN
    if v in ("inf", "-inf"):
        return inf(fmt, 1 if v == "-inf" else 0)
    s = x >> (narrow_bits(kind) - 1) & 1
    return make(fmt, v * scale, s)


def to_narrow(kind, q, negative):
    """A fraction to the nearest code, ties to even; overflow as FP16_OVFL = 0."""
    ebits, mbits, b, special = NARROW[kind]
    s = (1 if negative else 0) << (ebits + mbits)
    m = abs(q)
    code = 0
    if m:
        e = max(floor_log2(m), 1 - b)
        units = m / Fraction(2) ** (e - mbits)
        down = units.numerator // units.denominator
        rest = units - down
        if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and down & 1):
            down += 1
        code = ((e + b - 1) << mbits) + down
    top = {"ones": 0x7e, "ieee": 0x7b, "fnuz": 0x7f, "none": (1 << (ebits + mbits)) - 1}[special]
    if code > top:
        return {"ones": s | 0x7f, "ieee": s | 0x7c, "fnuz": 0x80, "none": s | top}[special]
    return 0 if special == "fnuz" and code == 0 else s | code
