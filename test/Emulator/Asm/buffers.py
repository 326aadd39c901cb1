# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Buffer descriptors: strides, swizzles, ADD_TID, cache bits, range checks; and
typed accesses in the formats of the manual. A case reads its own inputs (s[4:5],
2 KiB of rows) and writes its results (s[6:7], 512 bytes)."""
M = (1 << 32) - 1
F16, F32 = num.F16, num.F32
wait = "\ns_waitcnt vmcnt(0) lgkmcnt(0)"
word = lambda x, n: ((x.A, x.B, x.C, x.D)[n // 128][n % 64] >> 32 * (n // 64 % 2)) & M
byte = lambda x, n: word(x, n // 4) >> 8 * (n % 4) & 255
join = lambda x, at, n: sum(byte(x, at + k) << 8 * k for k in range(n))
W64 = "u64 u64 u64 -> u64"
W32 = "u64 u64 u64 -> u32"


def descriptor(records, stride=0, swizzle=0, cache=0, index_stride=0, tid=0, dfmt=4, nfmt=7, select=0o7654, base="s[4:5]", user=0):
    """Four scalar registers from s36 on."""
    low = int(base[2:].split(":")[0])
    word3 = select & 7 | (select >> 3 & 7) << 3 | (select >> 6 & 7) << 6 | (select >> 9 & 7) << 9
    word3 |= nfmt << 12 | dfmt << 15 | index_stride << 21 | tid << 23 | user << 19
    return (f"s_mov_b32 s36, s{low}\ns_and_b32 s37, s{low + 1}, 0xffff\ns_or_b32 s37, s37, {stride << 16 | cache << 30 | swizzle << 31:#x}\n"
            f"s_mov_b32 s38, {records & M:#x}\ns_mov_b32 s39, {word3:#x}\n")


load = lambda text, rsrc: rsrc + f"buffer_load_{text}" + wait

# A stride counts only with an index; NUM_RECORDS then counts records, else bytes.
case(load("dword {d}, v1, s[36:39], 0 offen", descriptor(128, stride=16)), W32, lambda x: word(x, x.lane) if x.lane < 32 else 0)
case(load("dword {d}, v0, s[36:39], 0 idxen offset:8", descriptor(40, stride=12)), W32, lambda x: word(x, 3 * x.lane + 2) if x.lane < 40 else 0)
case(load("dwordx3 v[20:22], v0, s[36:39], 0 idxen", descriptor(50, stride=20)) + "\nv_add_u32 v8, v20, v22\nv_mov_b32 v9, v21", W64,
     lambda x: (word(x, 5 * x.lane) + word(x, 5 * x.lane + 2) & M) | word(x, 5 * x.lane + 1) << 32 if x.lane < 50 else 0)
both = "v_lshrrev_b32 v10, 1, v0\nv_and_b32 v11, 1, v0\nv_lshlrev_b32 v11, 2, v11\n"  # index lane / 2, offset 4 * (lane % 2)
case(both + load("dword {d}, v[10:11], s[36:39], 0 idxen offen offset:4", descriptor(20, stride=32)), W32,
     lambda x: word(x, 8 * (x.lane // 2) + x.lane % 2 + 1) if x.lane < 40 else 0)
case("s_movk_i32 s30, 64\n" + load("dword {d}, v0, s[36:39], s30 idxen", descriptor(16, stride=8)), W32, lambda x: word(x, 2 * x.lane + 16) if x.lane < 16 else 0)
# The cache swizzle bit (with the stride as its parameter) and the bits for
# unmapped pages change no address.
case(load("dwordx2 {d}, v1, s[36:39], 0 offen", descriptor(0x7FFFFFFE, stride=512, cache=1)), W64, lambda x: word(x, x.lane) | word(x, x.lane + 1) << 32)
case("v_cmp_gt_u32 vcc, 40, v0\nv_mov_b32 v11, 0x80000000\nv_cndmask_b32 v10, v11, v1, vcc\n"
     + load("dword {d}, v10, s[36:39], 0 offen", descriptor(0x7FFFFFFE, stride=4096, cache=1, user=3)), W32, lambda x: word(x, x.lane) if x.lane < 40 else 0)
# ADD_TID: the lane is added to the index; DATA_FORMAT holds stride bits 17:14.
case(load("dword {d}, off, s[36:39], 0 offset:12", descriptor(2048, stride=16, tid=1, dfmt=0)), W32, lambda x: word(x, 4 * x.lane + 3))
case("v_lshrrev_b32 v10, 1, v0\n" + load("dword {d}, v10, s[36:39], 0 idxen", descriptor(70, stride=16, tid=1, dfmt=0)), W32,
     lambda x: word(x, 4 * (x.lane + x.lane // 2)) if x.lane + x.lane // 2 < 70 else 0)
# A stride of 16384 + 8 bytes: only lane 0 is in range of the bytes.
case(load("dword {d}, off, s[36:39], 0 offset:4", descriptor(2048, stride=8, tid=1, dfmt=1)), W32, lambda x: word(x, 1) if x.lane == 0 else 0)


def swizzled(index, offset, stride, index_stride):
    """Address of a byte, as the manual has it; elements of 4 bytes."""
    return ((index // index_stride * stride + offset // 4 * 4) * index_stride + index % index_stride * 4 + offset % 4)


for code, width in ((0, 8), (1, 16), (2, 32), (3, 64)):
    rsrc = descriptor(64, stride=8, swizzle=1, index_stride=code)
    case(load("dword {d}, v0, s[36:39], 0 idxen offset:4", rsrc), W32, lambda x, w=width: word(x, swizzled(x.lane, 4, 8, w) // 4))
    case(load("dwordx2 {d}, v0, s[36:39], 0 idxen", rsrc), W64,
         lambda x, w=width: word(x, swizzled(x.lane, 0, 8, w) // 4) | word(x, swizzled(x.lane, 4, 8, w) // 4) << 32)
    case(load("ubyte {d}, v0, s[36:39], 0 idxen offset:6", rsrc), W32, lambda x, w=width: byte(x, swizzled(x.lane, 6, 8, w)))
    case(load("ushort {d}, off, s[36:39], 0 offset:2", descriptor(-1, stride=16, swizzle=1, index_stride=code, tid=1, dfmt=0)), W32,
         lambda x, w=width: join(x, swizzled(x.lane, 2, 16, w), 2))
# Stores through a swizzle, read back as they lie.
OUT = "v_lshlrev_b32 v12, 3, v0\n"
back = "\ns_waitcnt vmcnt(0)\nglobal_load_dwordx2 {d}, v12, s[6:7]" + wait
put = OUT + "global_store_dwordx2 v12, v[2:3], s[6:7]\ns_waitcnt vmcnt(0)\n"


def where(lane, half):  # which record, and which of its dwords, lies at a dword
    return next((i, k) for i in range(64) for k in range(2) if swizzled(i, 4 * k, 8, 16) == 8 * lane + 4 * half)


PLACES = {(lane, half): where(lane, half) for lane in range(64) for half in range(2)}
case(OUT + descriptor(64, stride=8, swizzle=1, index_stride=1, base="s[6:7]") + "buffer_store_dwordx2 v[2:3], v0, s[36:39], 0 idxen" + back, W64,
     lambda x: sum((x.A[PLACES[x.lane, h][0]] >> 32 * PLACES[x.lane, h][1] & M) << 32 * h for h in range(2)))
case(put + descriptor(30, stride=8, base="s[6:7]") + "buffer_store_dword v4, v0, s[36:39], 0 idxen offset:4" + back, W64,
     lambda x: x.a & M | ((x.b & M) << 32 if x.lane < 30 else x.a >> 32 << 32))
case(put + descriptor(30, stride=8, base="s[6:7]") + "buffer_atomic_add v4, v0, s[36:39], 0 idxen offset:4" + back, W64,
     lambda x: x.a & M | ((x.a >> 32) + (x.b & M if x.lane < 30 else 0) & M) << 32)
# DATA_FORMAT 0: unbound.
case(load("dword {d}, v1, s[36:39], 0 offen", descriptor(2048, dfmt=0)), W32, lambda x: 0)
case(put + descriptor(512, dfmt=0, base="s[6:7]") + "buffer_store_dword v4, v12, s[36:39], 0 offen" + back, W64, lambda x: x.a)

# Typed. Bits of the channels, the first in the lowest bits.
LAYOUTS = {1: [8], 2: [16], 3: [8, 8], 4: [32], 5: [16, 16], 6: [11, 11, 10], 7: [10, 11, 11], 8: [2, 10, 10, 10], 9: [10, 10, 10, 2],
           10: [8] * 4, 11: [32] * 2, 12: [16] * 4, 13: [32] * 3, 14: [32] * 4}
UNORM, SNORM, USCALED, SSCALED, UINT, SINT, FLOAT = 0, 1, 2, 3, 4, 5, 7


def small_float(bits, raw):
    """f16 without its sign and with fewer bits of mantissa."""
    return num.convert(F16, F32, raw << 15 - bits)


def channel(bits, nfmt, raw):
    """What a channel's bits are in a register."""
    q = lambda v: num.make(F32, num.Fraction(v))
    if nfmt == UNORM:
        return q(num.Fraction(raw, (1 << bits) - 1))
    if nfmt == SNORM:
        return q(max(num.Fraction(num.signed(raw, bits), (1 << bits - 1) - 1), -1))
    if nfmt == USCALED:
        return q(raw)
    if nfmt == SSCALED:
        return q(num.signed(raw, bits))
    if nfmt == SINT:
        return num.signed(raw, bits) & M
    if nfmt == FLOAT and bits < 32:
        return small_float(bits, raw) if bits < 16 else num.convert(F16, F32, raw)
    return raw


def channels(x, at, dfmt, nfmt):
    """The four registers, zero where the format has no channel."""
    total, regs = join(x, at, sum(LAYOUTS[dfmt]) // 8), []
    for bits in LAYOUTS[dfmt]:
        regs.append(channel(bits, nfmt, total & ((1 << bits) - 1)))
        total >>= bits
    return regs + [0] * (4 - len(regs))


def defined(dfmt, nfmt):
    bits = LAYOUTS[dfmt]
    if nfmt == FLOAT:
        return all(b in (32, 16, 11, 10) for b in bits)
    return 32 not in bits or nfmt in (UINT, SINT)


NAMES = ["x", "xy", "xyz", "xyzw"]
quiet = lambda v: v if v == NAN or not num.is_nan(F32, v) else NAN
# Halves without NaN, also where they are read as pairs of bytes.
sane = {k: lambda lane, r: sum((r.next() & 0x83FF | (r.next() % 30) << 10) << 16 * n for n in range(4)) for k in "abc"}
# The same for floats of 11 and 10 bits: no exponent of all ones.
spare = lambda bits: {k: lambda lane, r: sum((r.next() & ~(sum(1 << at for at in (5, 16, 27)) if bits[0] == 10 else sum(1 << at for at in (6, 17, 27))) & M)
                                             << 32 * n for n in range(2)) for k in "abcd"}
FMT = {1: "8", 2: "16", 3: "8_8", 4: "32", 5: "16_16", 6: "10_11_11", 7: "11_11_10", 8: "10_10_10_2", 9: "2_10_10_10", 10: "8_8_8_8",
       11: "32_32", 12: "16_16_16_16", 13: "32_32_32", 14: "32_32_32_32"}
NUM = {0: "UNORM", 1: "SNORM", 2: "USCALED", 3: "SSCALED", 4: "UINT", 5: "SINT", 7: "FLOAT"}
for dfmt, layout in LAYOUTS.items():
    step = sum(layout) // 8
    for nfmt in (UNORM, SNORM, USCALED, SSCALED, UINT, SINT, FLOAT):
        if not defined(dfmt, nfmt):
            continue
        index = f"v_mul_u32_u24 v10, {step}, v0\n"
        some = spare(layout) if dfmt in (6, 7) else sane
        for n, name in enumerate(NAMES):
            for k in range(0, n + 1, 2):  # two results at a time
                take = "\nv_mov_b32 v8, v%d\nv_mov_b32 v9, %s" % (20 + k, f"v{21 + k}" if k < n else "0")
                want = lambda x, d=dfmt, f=nfmt, k=k, n=n, s=step: (lambda r: r[k] | (r[k + 1] << 32 if k < n else 0))(channels(x, s * x.lane, d, f))
                own = f"format:[BUF_DATA_FORMAT_{FMT[dfmt]},BUF_NUM_FORMAT_{NUM[nfmt]}]"
                regs = f"v[20:{20 + n}]" if n else "v20"
                case(index + descriptor(2048, dfmt=1, nfmt=0) + f"tbuffer_load_format_{name} {regs}, v10, s[36:39], 0 {own} offen" + wait + take,
                     W64, want, values=some, copies=1)
        case(descriptor(50, stride=step, dfmt=dfmt, nfmt=nfmt) + "buffer_load_format_x v8, v0, s[36:39], 0 idxen" + wait, W32,
             lambda x, d=dfmt, f=nfmt, s=step: channels(x, s * x.lane, d, f)[0] if x.lane < 50 else 0, values=some, copies=1)
# Selects: a missing channel can be 0 or 1, channels can be turned around.
for nfmt, one in ((UNORM, 0x3F800000), (UINT, 1)):
    for select in (0o1004, 0o0156, 0o4567):
        def pick(x, n, select=select, nfmt=nfmt, one=one):
            regs, s = channels(x, 4 * x.lane, 10, nfmt), select >> 3 * n & 7
            return one if s == 1 else regs[s - 4] if s >= 4 else 0
        for k in (0, 2):
            case(descriptor(2048, dfmt=10, nfmt=nfmt, select=select) + "buffer_load_format_xyzw v[20:23], v1, s[36:39], 0 offen" + wait
                 + f"\nv_mov_b32 v8, v{20 + k}\nv_mov_b32 v9, v{21 + k}", W64, lambda x, k=k, p=pick: p(x, k) | p(x, k + 1) << 32, copies=1)
for n, name in enumerate(("xy", "xyz")):
    case(descriptor(2048, dfmt=10, nfmt=UNORM) + f"buffer_load_format_{name} v[20:{21 + n}], v1, s[36:39], 0 offen" + wait
         + f"\nv_mov_b32 v8, v20\nv_mov_b32 v9, v{21 + n}", W64,
         lambda x, n=n: (lambda r: r[0] | r[1 + n] << 32)(channels(x, 4 * x.lane, 10, UNORM)), copies=1)


# D16: f16 results, packed; integers of up to 16 bits.
def halves(x, dfmt, nfmt, step):
    regs = channels(x, step * x.lane, dfmt, nfmt)
    return [r & 0xFFFF if nfmt in (UINT, SINT) else num.convert(F32, F16, r) for r in regs]


for dfmt, nfmt in ((10, UNORM), (10, SNORM), (12, FLOAT), (12, SINT), (5, USCALED), (9, UNORM), (14, FLOAT)):
    step = sum(LAYOUTS[dfmt]) // 8
    index = f"v_mul_u32_u24 v10, {step}, v0\nv_mov_b32 v20, v6\nv_mov_b32 v21, v7\n"  # c is what was there
    for kind, head in (("t", ""), ("", descriptor(2048, dfmt=dfmt, nfmt=nfmt))):
        own = f"format:[BUF_DATA_FORMAT_{FMT[dfmt]},BUF_NUM_FORMAT_{NUM[nfmt]}] " if kind else ""
        head = head or descriptor(2048)
        for n, name in enumerate(NAMES):
            def want(x, n=n, d=dfmt, f=nfmt, s=step):
                h = halves(x, d, f, s)
                rest = x.c >> 32 << 32 if n < 2 else 0  # v21 is not loaded
                return rest | sum(h[k] << 16 * k for k in range(n + 1))
            regs = "v[20:21]" if n > 1 else "v20"
            values = dict(sane)
            if dfmt == 14:  # f32 that f16 can hold
                for k in "abc":
                    values[k] = lambda lane, r: sum(((r.next() & 0x80FFFFFF) | (115 + r.next() % 20) << 23) << 32 * n for n in range(2))
            case(index + head + f"{kind}buffer_load_format_d16_{name} {regs}, v10, s[36:39], 0 {own}offen" + wait + "\nv_mov_b32 v8, v20\nv_mov_b32 v9, v21",
                 W64, want, values=values, copies=1)
    case(f"v_mul_u32_u24 v10, {step}, v0\nv_mov_b32 v8, v6\n" + descriptor(2048, dfmt=dfmt, nfmt=nfmt)
         + "buffer_load_format_d16_hi_x v8, v10, s[36:39], 0 offen" + wait, W32,
         lambda x, d=dfmt, f=nfmt, s=step: halves(x, d, f, s)[0] << 16, values=values, copies=1)


def stored(bits, nfmt, v):
    """A register's bits as a channel: clamped, to nearest even."""
    if nfmt in (UINT, SINT):
        return v & ((1 << bits) - 1)
    if nfmt == FLOAT:
        return v if bits == 32 else num.convert(F32, F16, v)
    q = num.value(F32, v)
    top = (1 << bits) - 1 if nfmt in (UNORM, USCALED) else (1 << bits - 1) - 1
    low = 0 if nfmt in (UNORM, USCALED) else -top - (nfmt == SSCALED)
    if nfmt in (UNORM, SNORM):
        q = min(max(q, -1), 1) * top
    return round(min(max(q, low), top)) & ((1 << bits) - 1)


near = lambda lane, r: sum(((r.next() & 0x80FFFFFF) | (120 + r.next() % 8) << 23) << 32 * n for n in range(2))
large = lambda lane, r: sum(((r.next() & 0x80FFFFFF) | (126 + r.next() % 14) << 23) << 32 * n for n in range(2))
regs4 = lambda x: [x.b & M, x.b >> 32, x.c & M, x.c >> 32]
for dfmt, nfmt, give in ((10, UNORM, near), (10, SNORM, near), (3, USCALED, large), (5, SSCALED, large), (5, FLOAT, near), (12, FLOAT, near), (9, UNORM, near),
                         (11, FLOAT, near), (2, FLOAT, near), (4, FLOAT, near), (1, UNORM, near)):
    layout = LAYOUTS[dfmt]
    size = sum(layout)
    for n, name in enumerate(NAMES):
        def want(x, n=n, layout=layout, f=nfmt, size=size):
            at = total = 0
            for k, bits in enumerate(layout):
                total |= (stored(bits, f, regs4(x)[k]) if k <= n else 0) << at
                at += bits
            return x.a & ~((1 << size) - 1) & (1 << 64) - 1 | total
        regs = f"v[4:{4 + n}]" if n else "v4"
        own = f"format:[BUF_DATA_FORMAT_{FMT[dfmt]},BUF_NUM_FORMAT_{NUM[nfmt]}]"
        case(put + descriptor(512, base="s[6:7]") + f"tbuffer_store_format_{name} {regs}, v12, s[36:39], 0 {own} offen" + back, W64, want,
             values={"b": give, "c": give}, copies=1)
        case(put + descriptor(512, base="s[6:7]", dfmt=dfmt, nfmt=nfmt) + f"buffer_store_format_{name} {regs}, v12, s[36:39], 0 offen" + back, W64, want,
             values={"b": give, "c": give}, copies=1)
# Whole numbers that fit, and halves.
fits = lambda lane, r: sum((r.next() % 200) << 32 * n for n in range(2))
case(put + descriptor(512, base="s[6:7]") + "tbuffer_store_format_xyzw v[4:7], v12, s[36:39], 0 format:[BUF_DATA_FORMAT_8_8_8_8,BUF_NUM_FORMAT_UINT] offen" + back, W64,
     lambda x: x.a >> 32 << 32 | sum(v << 8 * k for k, v in enumerate(regs4(x))), values={"b": fits, "c": fits})
half4 = {k: lambda lane, r: sum((r.next() & 0x83FF | (r.next() % 16) << 10) << 16 * n for n in range(4)) for k in "bc"}
for n, name in enumerate(NAMES):
    for dfmt, nfmt in ((12, FLOAT), (10, UNORM)):
        def want(x, n=n, layout=LAYOUTS[dfmt], f=nfmt):
            at = total = 0
            for k, bits in enumerate(layout):
                h = x.b >> 16 * k & 0xFFFF
                total |= (stored(bits, f, num.convert(F16, F32, h)) if k <= n else 0) << at
                at += bits
            return x.a & ~((1 << at) - 1) & (1 << 64) - 1 | total
        own = f"format:[BUF_DATA_FORMAT_{FMT[dfmt]},BUF_NUM_FORMAT_{NUM[nfmt]}]"
        regs = "v[4:5]" if n > 1 else "v4"
        case(put + descriptor(512, base="s[6:7]") + f"tbuffer_store_format_d16_{name} {regs}, v12, s[36:39], 0 {own} offen" + back, W64, want, values=half4, copies=1)
        case(put + descriptor(512, base="s[6:7]", dfmt=dfmt, nfmt=nfmt) + f"buffer_store_format_d16_{name} {regs}, v12, s[36:39], 0 offen" + back, W64, want,
             values=half4, copies=1)
case(put + descriptor(512, base="s[6:7]", dfmt=2, nfmt=FLOAT) + "buffer_store_format_d16_hi_x v4, v12, s[36:39], 0 offen" + back, W64,
     lambda x: x.a >> 16 << 16 | x.b >> 16 & 0xFFFF, values=half4)
# An element that is partly out of range is out as a whole.
case("v_lshlrev_b32 v10, 3, v0\n" + descriptor(260, dfmt=12, nfmt=UINT) + "buffer_load_format_xy {d}, v10, s[36:39], 0 offen" + wait, W64,
     lambda x: join(x, 8 * x.lane, 2) | join(x, 8 * x.lane + 2, 2) << 32 if x.lane < 32 else 0)
