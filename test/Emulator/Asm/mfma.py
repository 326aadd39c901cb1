# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Matrix instructions: small integers, different ones for each row and k, so that
every order of summation is exact; for F8F6F4 a different scale for each row and
block of 32 k. The lanes of items are computed from the manual's layout formula."""
F32, F64 = num.F32, num.F64
random = Random(1)
both, new, old = ["gfx942", "gfx950"], ["gfx950"], ["gfx942"]
BITS = {"f64": 64, "f32": 32, "xf32": 32, "i32": 32, "f16": 16, "bf16": 16, "i8": 8, "fp8": 8, "bf8": 8, "fp6": 6, "bf6": 6, "fp4": 4}


def encode(kind, v, chip):
    """A value that the type holds exactly."""
    v = num.Fraction(v)
    if kind in ("f32", "xf32"):
        return num.make(F32, v)
    if kind == "f64":
        return num.make(F64, v)
    if kind in ("f16", "bf16"):
        return num.make({"f16": num.F16, "bf16": num.BF16}[kind], v)
    if kind in ("i8", "i32"):
        return int(v) & ((1 << BITS[kind]) - 1)
    name = kind + ("fnuz" if chip == "gfx942" else "")
    return num.to_narrow(name, v, v < 0)


def value(kind):
    r = random.next()
    if kind in ("fp4", "bf8", "bf6"):
        v = [0, 0.5, 1, 1.5, 2, 3, 4, 6][r % 8]
    elif kind in ("fp8", "fp6"):
        v = r % 8
    else:
        v = r % 100
    return -v if r >> 40 & 1 else v


class Registers:
    """Rows of lanes that items are packed into."""

    def __init__(self, count):
        self.rows = [[0] * 64 for _ in range(count)]

    def put(self, bits, item, lane, code):
        for n in range(0, bits):
            at = item * bits + n
            self.rows[at // 32][lane] |= (code >> n & 1) << at % 32


def place_ab(m, k, blocks, b, i, kk, chunks=False):
    if chunks:  # FP8 and BF8 of F8F6F4: two runs of 16 k, half of K apart
        half = k // 2
        return 16 * (kk // half) + kk % half % 16, i + m * (kk % half // 16)
    per_lane = k * m * blocks // 64
    return kk % per_lane, i + m * (b + blocks * (kk // per_lane))


def place_d(m, n, kind, b, i, j):
    if kind == "f64":
        return (0, 16 * i + 4 * b + j) if m == 4 else (i // 4, j + 16 * (i % 4))
    if m == 32:
        return 16 * b + 4 * (i // 8) + i % 4, j + 32 * (i // 4 % 2)
    if m == 16:
        return 4 * b + i % 4, j + 16 * (i // 4)
    return i, j + 4 * b


def span(first, count):
    return f"v{first}" if count == 1 else f"v[{first}:{first + count - 1}]"


def product(name, m, k, blocks, at, bt, dt, chips, flags="", cbsz=0, abid=0, lanes_of_b=None, signs=(1, 1, 1), c_constant=None,
            formats=None, scaled=False, accumulators=False):
    n = m
    for chip in chips:
        a = {(b, i, kk): value(at) for b in range(blocks) for i in range(m) for kk in range(k)}
        bm = {(b, j, kk): value(bt) for b in range(blocks) for j in range(n) for kk in range(k)}
        c = {(b, i, j): value("i32") for b in range(blocks) for i in range(m) for j in range(n)}
        a_bits, b_bits, d_bits = BITS[at], BITS[bt], BITS[dt]
        ra = Registers(m * k * blocks * a_bits // 64 // 32)
        rb = Registers(n * k * blocks * b_bits // 64 // 32)
        rc = Registers(m * n * blocks * d_bits // 64 // 32)
        mx = formats is not None
        for (b, i, kk), v in a.items():
            ra.put(a_bits, *place_ab(m, k, blocks, b, i, kk, mx and at in ("fp8", "bf8")), encode(at, v, chip))
        for (b, j, kk), v in bm.items():
            rb.put(b_bits, *place_ab(n, k, blocks, b, j, kk, mx and bt in ("fp8", "bf8")), encode(bt, v, chip))
        for (b, i, j), v in c.items():
            rc.put(d_bits, *place_d(m, n, dt, b, i, j), encode(dt, v, chip))
        b_places = {place_ab(n, k, blocks, b, j, kk): v for (b, j, kk), v in bm.items()}
        rows = ra.rows + rb.rows + rc.rows
        first_b, first_c = 64 + len(ra.rows), 64 + len(ra.rows) + len(rb.rows)
        scale_text, exponents = "", ({}, {})
        if scaled:
            selects = (random.next() % 4, random.next() % 4)
            for side, sel in enumerate(selects):
                row = [random.next() & 0xFFFFFFFF for _ in range(64)]
                for kb in range(k // 32):
                    for i in range(m):
                        e = random.next() % 4 - 1
                        exponents[side][i, kb] = e
                        lane = m * kb + i
                        row[lane] = row[lane] & ~(255 << 8 * sel) | (127 + e) << 8 * sel
                rows.append(row)
            scale_text = (f", v{64 + len(rows) - 2}, v{64 + len(rows) - 1} op_sel:[{selects[0] & 1},{selects[1] & 1},0]"
                          f" op_sel_hi:[{selects[0] >> 1},{selects[1] >> 1},0]")
        rd = Registers(len(rc.rows))
        for (b, i, j) in c:
            start = float(c_constant) if c_constant is not None else float(c[b, i, j] * signs[2])
            from_a = b >> cbsz << cbsz | abid
            total = start
            for kk in range(k):
                x, y = a[from_a, i, kk], bm[b, j, kk]
                if lanes_of_b:
                    item, lane = place_ab(n, k, blocks, b, j, kk)
                    y = b_places[item, lanes_of_b(lane)]
                term = x * y * signs[0] * signs[1]  # exact in double
                if scaled:
                    term *= 2.0 ** (exponents[0][i, kk // 32] + exponents[1][j, kk // 32])
                total += term
            rd.put(d_bits, *place_d(m, n, dt, b, i, j), encode(dt, total, chip))
        d_regs = span(16, len(rd.rows))
        c_regs = "0" if c_constant == 0 else str(c_constant) if c_constant is not None else span(first_c, len(rc.rows))
        text = ""
        if accumulators:
            text = "".join(f"v_accvgpr_write_b32 a{r + 4}, v{first_c + r}\n" for r in range(len(rc.rows)))
            c_regs = d_regs = f"a[4:{len(rc.rows) + 3}]"
        extra = f" cbsz:{formats[0]} blgp:{formats[1]}" if mx else flags
        text += f"{name} {d_regs}, {span(64, len(ra.rows))}, {span(first_b, len(rb.rows))}, {c_regs}{scale_text}{extra}"
        if accumulators:
            text += "".join(f"\nv_accvgpr_read_b32 v{16 + r}, a{r + 4}" for r in range(len(rc.rows)))
        wide_case(text, rows, rd.rows, [chip])


SHAPES = [
    ("v_mfma_f32_32x32x1_2b_f32", 32, 1, 2, "f32", "f32", "f32", both), ("v_mfma_f32_16x16x1_4b_f32", 16, 1, 4, "f32", "f32", "f32", both),
    ("v_mfma_f32_4x4x1_16b_f32", 4, 1, 16, "f32", "f32", "f32", both), ("v_mfma_f32_32x32x2_f32", 32, 2, 1, "f32", "f32", "f32", both),
    ("v_mfma_f32_16x16x4_f32", 16, 4, 1, "f32", "f32", "f32", both), ("v_mfma_f32_16x16x8_xf32", 16, 8, 1, "xf32", "xf32", "f32", old),
    ("v_mfma_f32_32x32x4_xf32", 32, 4, 1, "xf32", "xf32", "f32", old), ("v_mfma_f64_16x16x4_f64", 16, 4, 1, "f64", "f64", "f64", both),
    ("v_mfma_f64_4x4x4_4b_f64", 4, 4, 4, "f64", "f64", "f64", both)]
for t in ("f16", "bf16"):
    SHAPES += [(f"v_mfma_f32_32x32x4_2b_{t}", 32, 4, 2, t, t, "f32", both), (f"v_mfma_f32_16x16x4_4b_{t}", 16, 4, 4, t, t, "f32", both),
               (f"v_mfma_f32_4x4x4_16b_{t}", 4, 4, 16, t, t, "f32", both), (f"v_mfma_f32_32x32x8_{t}", 32, 8, 1, t, t, "f32", both),
               (f"v_mfma_f32_16x16x16_{t}", 16, 16, 1, t, t, "f32", both), (f"v_mfma_f32_32x32x16_{t}", 32, 16, 1, t, t, "f32", new),
               (f"v_mfma_f32_16x16x32_{t}", 16, 32, 1, t, t, "f32", new)]
SHAPES += [("v_mfma_i32_32x32x4_2b_i8", 32, 4, 2, "i8", "i8", "i32", both), ("v_mfma_i32_16x16x4_4b_i8", 16, 4, 4, "i8", "i8", "i32", both),
           ("v_mfma_i32_4x4x4_16b_i8", 4, 4, 16, "i8", "i8", "i32", both), ("v_mfma_i32_32x32x16_i8", 32, 16, 1, "i8", "i8", "i32", both),
           ("v_mfma_i32_16x16x32_i8", 16, 32, 1, "i8", "i8", "i32", both), ("v_mfma_i32_32x32x32_i8", 32, 32, 1, "i8", "i8", "i32", new),
           ("v_mfma_i32_16x16x64_i8", 16, 64, 1, "i8", "i8", "i32", new)]
for x in ("fp8", "bf8"):
    for y in ("fp8", "bf8"):
        SHAPES += [(f"v_mfma_f32_16x16x32_{x}_{y}", 16, 32, 1, x, y, "f32", both), (f"v_mfma_f32_32x32x16_{x}_{y}", 32, 16, 1, x, y, "f32", both)]
for shape in SHAPES:
    product(*shape)
for name in ("v_mfma_f32_16x16x16_f16", "v_mfma_f32_32x32x8_bf16", "v_mfma_f32_4x4x4_16b_f16", "v_mfma_i32_16x16x32_i8"):
    shape = next(s for s in SHAPES if s[0] == name)
    product(*shape, accumulators=True)
    product(*shape, c_constant=0)
    product(*shape, c_constant=17 if "i32" in name else "-4.0")
# One block of A for several blocks.
for name, cbsz, abid in (("v_mfma_f32_16x16x4_4b_f16", 2, 3), ("v_mfma_f32_16x16x4_4b_f16", 1, 1), ("v_mfma_f32_4x4x4_16b_bf16", 3, 5),
                         ("v_mfma_f32_4x4x4_16b_bf16", 4, 9), ("v_mfma_i32_32x32x4_2b_i8", 1, 0), ("v_mfma_f32_32x32x1_2b_f32", 1, 1)):
    product(*next(s for s in SHAPES if s[0] == name), flags=f" cbsz:{cbsz} abid:{abid}", cbsz=cbsz, abid=abid)
# Lanes of B by groups of 16 (blgp), on the f64 ones signs of A, B and C.
PATTERN = {1: (0, 1, 0, 1), 2: (2, 3, 2, 3), 3: (1, 2, 3, 0), 4: (0, 0, 0, 0), 5: (1, 1, 1, 1), 6: (2, 2, 2, 2), 7: (3, 3, 3, 3)}
for blgp, groups in PATTERN.items():
    product(*next(s for s in SHAPES if s[0] == "v_mfma_f32_16x16x16_bf16"), flags=f" blgp:{blgp}", lanes_of_b=lambda l, g=groups: 16 * g[l // 16] + l % 16)
for neg in range(1, 8):
    bits = [neg >> n & 1 for n in range(3)]
    product(*next(s for s in SHAPES if s[0] == "v_mfma_f64_16x16x4_f64"), flags=f" neg:[{bits[0]},{bits[1]},{bits[2]}]", signs=tuple(-1 if b else 1 for b in bits))
# F8F6F4: every pair of formats, without and with scales.
FORMATS = ["fp8", "bf8", "fp6", "bf6", "fp4"]
for fa, x in enumerate(FORMATS):
    for fb, y in enumerate(FORMATS):
        m, k = (16, 128) if (fa + fb) % 2 else (32, 64)
        product(f"v_mfma_f32_{m}x{m}x{k}_f8f6f4", m, k, 1, x, y, "f32", new, formats=(fa, fb))
        for m, k in ((16, 128), (32, 64)):
            product(f"v_mfma_scale_f32_{m}x{m}x{k}_f8f6f4", m, k, 1, x, y, "f32", new, formats=(fa, fb), scaled=True)


def sparse(name, m, k, at, bt, dt, chips, cbsz=0, abid=0):
    """v_smfmac: A holds two of every four k; two index bits say which each is."""
    items = k // 2 // (64 // m)  # of A in a lane
    sets = 16 // items           # of indices in the register
    for chip in chips:
        index = [random.next() & 0xFFFFFFFF for _ in range(64)]
        chosen = 0 if cbsz else abid % sets
        ra, rb = Registers(m * k // 2 * BITS[at] // 64 // 32), Registers(m * k * BITS[bt] // 64 // 32)
        rc = Registers(m * m // 64)
        a, bm = {}, {(j, kk): value(bt) for j in range(m) for kk in range(k)}
        for i in range(m):
            for s in range(k // 2):
                v, item, lane = value(at), s % items, i + m * (s // items)
                ra.put(BITS[at], item, lane, encode(at, v, chip))
                kk = s // 2 * 4 + (index[lane] >> 2 * (chosen * items + item) & 3)
                a[i, kk] = a.get((i, kk), 0) + v
        for (j, kk), v in bm.items():
            rb.put(BITS[bt], *place_ab(m, k, 1, 0, j, kk), encode(bt, v, chip))
        rd = Registers(len(rc.rows))
        for i in range(m):
            for j in range(m):
                start = value("i32")
                at_d = place_d(m, m, dt, 0, i, j)
                rc.put(32, *at_d, encode(dt, start, chip))
                total = start + sum(float(v) * bm[j, kk] for (row, kk), v in a.items() if row == i)
                rd.put(32, *at_d, encode(dt, total, chip))
        first_b, first_c = 64 + len(ra.rows), 64 + len(ra.rows) + len(rb.rows)
        text = "".join(f"v_mov_b32 v{16 + r}, v{first_c + r}\n" for r in range(len(rc.rows)))
        flags = (f" cbsz:{cbsz}" if cbsz else "") + (f" abid:{abid}" if abid else "")
        text += (f"{name} {span(16, len(rc.rows))}, {span(64, len(ra.rows))}, {span(first_b, len(rb.rows))}, "
                 f"v{first_c + len(rc.rows)}{flags}")
        wide_case(text, ra.rows + rb.rows + rc.rows + [index], rd.rows, [chip])


for t in ("f16", "bf16"):
    for abid in range(4):
        sparse(f"v_smfmac_f32_16x16x32_{t}", 16, 32, t, t, "f32", both, abid=abid)
    sparse(f"v_smfmac_f32_32x32x16_{t}", 32, 16, t, t, "f32", both, abid=2)
    sparse(f"v_smfmac_f32_32x32x16_{t}", 32, 16, t, t, "f32", both, cbsz=1, abid=2)
    sparse(f"v_smfmac_f32_16x16x64_{t}", 16, 64, t, t, "f32", new, abid=1)
    sparse(f"v_smfmac_f32_32x32x32_{t}", 32, 32, t, t, "f32", new)
sparse("v_smfmac_i32_16x16x64_i8", 16, 64, "i8", "i8", "i32", both, abid=1)
sparse("v_smfmac_i32_32x32x32_i8", 32, 32, "i8", "i8", "i32", both)
for x in ("fp8", "bf8"):
    for y in ("fp8", "bf8"):
        for abid in range(2):
            sparse(f"v_smfmac_f32_16x16x64_{x}_{y}", 16, 64, x, y, "f32", both, abid=abid)
        sparse(f"v_smfmac_f32_32x32x32_{x}_{y}", 32, 32, x, y, "f32", both)
        sparse(f"v_smfmac_f32_16x16x128_{x}_{y}", 16, 128, x, y, "f32", new)
        sparse(f"v_smfmac_f32_32x32x64_{x}_{y}", 32, 64, x, y, "f32", new)
sparse("v_smfmac_i32_16x16x128_i8", 16, 128, "i8", "i8", "i32", new)
sparse("v_smfmac_i32_32x32x64_i8", 32, 64, "i8", "i8", "i32", new)
