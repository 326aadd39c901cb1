# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""v_cvt_scalef32_* of gfx950: only the exponent field of the scale counts;
unpacking multiplies by it, packing divides. Stochastic forms keep the fraction
that the source has below the result's last place, add the top bits of the seed
and cut off; the seed steps between elements."""
F16, BF16, F32 = num.F16, num.BF16, num.F32
WIDE = {"f32": F32, "f16": F16, "bf16": BF16}
NANS = {"f32": 0x7FC00000, "f16": 0x7E00, "bf16": 0x7FC0}
random = Random(2)
only = ["gfx950"]
M = 0xFFFFFFFF


def bits_of(kind):
    return num.width(WIDE[kind]) if kind in WIDE else num.narrow_bits(kind)


def get(rows, first, lane, bit, count):
    v = 0
    for n in range(count):
        at = bit + n
        v |= (rows[first + at // 32][lane] >> at % 32 & 1) << n
    return v


def put(row_list, lane, bit, count, v):
    for n in range(count):
        at = bit + n
        row = row_list[at // 32]
        row[lane] = row[lane] & ~(1 << at % 32) | (v >> n & 1) << at % 32


def tame(kind):
    """A finite value of middling size."""
    fmt = WIDE[kind]
    e = num.bias(fmt) - 4 + random.next() % 8
    return (random.next() & 1) << num.width(fmt) - 1 | e << fmt[1] | random.next() & ((1 << fmt[1]) - 1)


def stochastic(kind, fmt, q, negative, seed):
    ebits, mbits, b, special = num.NARROW[kind]
    sign = (1 if negative else 0) << (ebits + mbits)
    m = abs(q)
    if m == 0:
        return sign
    e = max(num.floor_log2(m), 1 - b)
    dropped = fmt[1] - mbits
    units = m / num.Fraction(2) ** (e - mbits - dropped)
    total = units.numerator // units.denominator + (seed >> (32 - dropped))
    code = ((e + b - 1) << mbits) + (total >> dropped)
    top = {"ones": 0x7E, "ieee": 0x7B, "none": (1 << (ebits + mbits)) - 1}[special]
    if code > top:
        return {"ones": sign | 0x7F, "ieee": sign | 0x7C, "none": sign | top}[special]
    return sign | code


def convert(kind_from, kind_to, x, scale, seed):
    """One element; seed is None for rounding to nearest even."""
    if kind_to in WIDE:
        r = num.narrow_to(WIDE[kind_to], kind_from, x, scale)
        return NANS[kind_to] if r == NAN else r
    fmt = WIDE[kind_from]
    q, negative = num.value(fmt, x) / scale, bool(num.sign_of(fmt, x))
    return num.to_narrow(kind_to, q, negative) if seed is None else stochastic(kind_to, fmt, q, negative, seed)


def test(name, kind_from, kind_to, count, sources, results, scale_at, seed_at=None, alternate=False, select="", source_bit=0, result_bit=0):
    """`sources`: registers of each operand in order; `scale_at`, `seed_at`: which
    operand these are; `alternate`: elements come from two operands in turn."""
    for _ in range(2):
        rows = [[random.next() & M for _ in range(64)] for _ in range(sum(sources))]
        starts = [sum(sources[:n]) for n in range(len(sources))]
        old = [[random.next() & M for _ in range(64)] for _ in range(results)]
        expected = [row[:] for row in old]
        sbits, rbits = bits_of(kind_from), bits_of(kind_to)
        for lane in range(64):
            field = 118 + random.next() % 18
            rows[starts[scale_at]][lane] = field << 23 | random.next() & 0x807FFFFF
            scale = num.Fraction(2) ** (field - 127)
            seed = rows[starts[seed_at]][lane] if seed_at is not None else None
            for n in range(count):
                operand, index = (n % 2, n // 2) if alternate else (0, n)
                at = source_bit + index * sbits
                if kind_from in WIDE:
                    put(rows[starts[operand]:starts[operand] + sources[operand]], lane, at, sbits, tame(kind_from))
                x = get(rows, starts[operand], lane, at, sbits)
                put(expected, lane, result_bit + n * rbits, rbits, convert(kind_from, kind_to, x, scale, seed))
                if seed is not None:
                    seed = seed << 1 & M ^ (197 if seed >> 31 else 0)
        span = lambda first, n: f"v{first}" if n == 1 else f"v[{first}:{first + n - 1}]"
        # The old result goes in after the operands, so that what is kept shows.
        text = "".join(f"v_mov_b32 v{16 + r}, v{64 + len(rows) + r}\n" for r in range(results))
        text += f"v_cvt_scalef32_{name} {span(16, results)}, " + ", ".join(span(64 + starts[n], sources[n]) for n in range(len(sources))) + select
        wide_case(text, rows + old, expected, only)


sel2 = lambda *b: " op_sel:[" + ",".join(map(str, b)) + "]"
for k in ("fp8", "bf8"):
    for h in (0, 1):
        test(f"pk_{k}_f32", "f32", k, 2, [1, 1, 1], 1, 2, alternate=True, select=sel2(0, 0, 0, h), result_bit=16 * h)
        for w in ("f16", "bf16"):
            test(f"pk_{k}_{w}", w, k, 2, [1, 1], 1, 1, select=sel2(0, 0, h), result_bit=16 * h)
        test(f"pk_f32_{k}", k, "f32", 2, [1, 1], 2, 1, select=sel2(h, 0, 0), source_bit=16 * h)
        for w in ("f16", "bf16"):
            test(f"pk_{w}_{k}", k, w, 2, [1, 1], 1, 1, select=sel2(h, 0, 0), source_bit=16 * h)
    for byte in range(4):
        lo, hi = byte & 1, byte >> 1
        test(f"sr_{k}_f32", "f32", k, 1, [1, 1, 1], 1, 2, seed_at=1, select=sel2(0, 0, lo, hi), result_bit=8 * byte)
        for w in ("f16", "bf16"):
            test(f"sr_{k}_{w}", w, k, 1, [1, 1, 1], 1, 2, seed_at=1, select=sel2(0, 0, lo, hi), result_bit=8 * byte)
        test(f"f32_{k}", k, "f32", 1, [1, 1], 1, 1, select=sel2(lo, hi, 0), source_bit=8 * byte)
        for h in (0, 1):
            test(f"f16_{k}", k, "f16", 1, [1, 1], 1, 1, select=sel2(lo, hi, h), source_bit=8 * byte, result_bit=16 * h)
for byte in range(4):
    lo, hi = byte & 1, byte >> 1
    test("pk_fp4_f32", "f32", "fp4", 2, [1, 1, 1], 1, 2, alternate=True, select=sel2(0, 0, lo, hi), result_bit=8 * byte)
    for w in ("f16", "bf16"):
        test(f"pk_fp4_{w}", w, "fp4", 2, [1, 1], 1, 1, select=sel2(0, 0, lo, hi), result_bit=8 * byte)
        test(f"sr_pk_fp4_{w}", w, "fp4", 2, [1, 1, 1], 1, 2, seed_at=1, select=sel2(0, 0, lo, hi), result_bit=8 * byte)
    test("sr_pk_fp4_f32", "f32", "fp4", 2, [2, 1, 1], 1, 2, seed_at=1, select=sel2(0, 0, lo, hi), result_bit=8 * byte)
    for w in ("f32", "f16", "bf16"):
        test(f"pk_{w}_fp4", "fp4", w, 2, [1, 1], 2 if w == "f32" else 1, 1, select=sel2(lo, hi, 0), source_bit=8 * byte)
for k in ("fp6", "bf6"):
    test(f"2xpk16_{k}_f32", "f32", k, 32, [16, 16, 1], 6, 2, alternate=True)
    for w in ("f16", "bf16"):
        test(f"pk32_{k}_{w}", w, k, 32, [16, 1], 6, 1)
    for w, n in (("f32", 32), ("f16", 16), ("bf16", 16)):
        test(f"sr_pk32_{k}_{w}", w, k, 32, [n, 1, 1], 6, 2, seed_at=1)
        if w != "f32":
            test(f"pk32_{w}_{k}", k, w, 32, [6, 1], n, 1)
    test(f"pk32_f32_{k}", k, "f32", 32, [6, 1], 32, 1)
