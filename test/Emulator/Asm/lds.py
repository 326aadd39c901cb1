# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""LDS: every width of load and store, pairs, atomics, transposed reads.

The frame's wave owns 32 KiB; each case first writes what it then reads."""
M = (1 << 32) - 1
s32 = lambda v: num.signed(v, 32)
wait = "\ns_waitcnt lgkmcnt(0)"
# v10 = 4 * lane, v11 = 8 * lane, v12 = 16 * lane
ADDR = "v_lshlrev_b32 v10, 2, v0\nv_lshlrev_b32 v11, 3, v0\nv_lshlrev_b32 v12, 4, v0\n"
FILL = ADDR + "ds_write_b64 v11, v[2:3] offset:1024\n"  # bytes 1024 + 8*lane: a
word = lambda x, n: (x.A[n // 2] >> 32 * (n % 2)) & M  # dword n of the filled area
byte = lambda x, n: word(x, n // 4) >> 8 * (n % 4) & 255

case(FILL + "ds_read_b32 {d}, v10 offset:1024" + wait, "u64 -> u32", lambda x: word(x, x.lane))
case(FILL + "ds_read_b64 {d}, v11 offset:1024" + wait, "u64 -> u64", lambda x: x.a)
case(FILL + "v_add_u32 v10, 0x400, v10\nds_read2_b32 {d}, v10 offset0:3 offset1:9" + wait, "u64 -> u64",
     lambda x: word(x, x.lane + 3) | word(x, x.lane + 9) << 32)
case(FILL + "v_add_u32 v10, 0x400, v10\nds_read2_b32 {d}, v10 offset0:7 offset1:7" + wait, "u64 -> u64",
     lambda x: word(x, x.lane + 7) | word(x, x.lane + 7) << 32)
case(FILL + "v_and_b32 v10, 0xfc, v10\nds_read2st64_b32 {d}, v10 offset0:4 offset1:5" + wait, "u64 -> u64",
     lambda x: word(x, x.lane) | word(x, x.lane + 64) << 32)
case(FILL + "v_and_b32 v11, 0x7f, v11\nv_add_u32 v11, 0x400, v11\nds_read2_b64 v[20:23], v11 offset0:2 offset1:5" + wait
     + "\nv_add_u32 v8, v20, v22\nv_xor_b32 v9, v21, v23", "u64 -> u64",
     lambda x: (x.A[x.lane % 16 + 2] + x.A[x.lane % 16 + 5] & M) | (x.A[x.lane % 16 + 2] ^ x.A[x.lane % 16 + 5]) >> 32 << 32)
case(FILL + "v_and_b32 v12, 0x1f0, v12\nds_read_b128 v[20:23], v12 offset:1024" + wait + "\nv_add_u32 v8, v20, v21\nv_xor_b32 v9, v22, v23", "u64 -> u64",
     lambda x: (word(x, 4 * (x.lane % 32)) + word(x, 4 * (x.lane % 32) + 1) & M) | (word(x, 4 * (x.lane % 32) + 2) ^ word(x, 4 * (x.lane % 32) + 3)) << 32)
# ROCm runs gfx9 with unaligned access on (the target feature unaligned-access-mode of
# amdhsa): 16 bytes from any address. LLVM loads <4 x i32> of alignment 1 like this.
any_word = lambda x, n: int.from_bytes(bytes(byte(x, n + i) for i in range(4)), "little")
for off in (4, 8, 12, 2, 13):
    case(FILL + f"v_and_b32 v12, 0x1e0, v12\nds_read_b128 v[20:23], v12 offset:{1024 + off}" + wait
         + "\nv_add_u32 v8, v20, v21\nv_xor_b32 v9, v22, v23", "u64 -> u64",
         lambda x, off=off: (lambda at: (any_word(x, at) + any_word(x, at + 4) & M)
                             | (any_word(x, at + 8) ^ any_word(x, at + 12)) << 32)(16 * x.lane % 512 // 32 * 32 + off))
case(FILL + "v_and_b32 v12, 0x1f0, v12\nds_read_b96 v[20:22], v12 offset:1024" + wait + "\nv_add_u32 v8, v20, v21\nv_mov_b32 v9, v22", "u64 -> u64",
     lambda x: (word(x, 4 * (x.lane % 32)) + word(x, 4 * (x.lane % 32) + 1) & M) | word(x, 4 * (x.lane % 32) + 2) << 32)
for name, f in (("u8", lambda v: v), ("i8", lambda v: num.signed(v, 8) & M)):
    case(FILL + f"ds_read_{name} {{d}}, v0 offset:1030" + wait, "u64 -> u32", lambda x, f=f: f(byte(x, x.lane + 6)))
two = lambda x, n: byte(x, n) | byte(x, n + 1) << 8
for name, f in (("u16", lambda v: v), ("i16", lambda v: num.signed(v, 16) & M)):
    case(FILL + f"ds_read_{name} {{d}}, v10 offset:1026" + wait, "u64 -> u32", lambda x, f=f: f(two(x, 4 * x.lane + 2)))
# With SRAM-ECC the other half becomes zero.
to_low = lambda x, v: v & 0xFFFF
to_high = lambda x, v: (v & 0xFFFF) << 16
for name, f in (("u8", lambda x: byte(x, x.lane + 6)), ("i8", lambda x: num.signed(byte(x, x.lane + 6), 8))):
    case(FILL + f"ds_read_{name}_d16 {{d}}, v0 offset:1030" + wait, "u64 -> u32", lambda x, f=f: to_low(x, f(x)))
    case(FILL + f"ds_read_{name}_d16_hi {{d}}, v0 offset:1030" + wait, "u64 -> u32", lambda x, f=f: to_high(x, f(x)))
case(FILL + "ds_read_u16_d16 {d}, v10 offset:1026" + wait, "u64 -> u32", lambda x: to_low(x, two(x, 4 * x.lane + 2)))
case(FILL + "ds_read_u16_d16_hi {d}, v10 offset:1026" + wait, "u64 -> u32", lambda x: to_high(x, two(x, 4 * x.lane + 2)))

# Stores of part of a word over the filled one.
case(FILL + "ds_write_b8 v11, v4 offset:1026\nds_read_b64 {d}, v11 offset:1024" + wait, "u64 u32 -> u64", lambda x: x.a & ~(255 << 16) | (x.b & 255) << 16)
case(FILL + "ds_write_b16 v11, v4 offset:1026\nds_read_b64 {d}, v11 offset:1024" + wait, "u64 u32 -> u64", lambda x: x.a & ~(0xFFFF << 16) | (x.b & 0xFFFF) << 16)
case(FILL + "ds_write_b8_d16_hi v11, v4 offset:1029\nds_read_b64 {d}, v11 offset:1024" + wait, "u64 u32 -> u64", lambda x: x.a & ~(255 << 40) | (x.b >> 16 & 255) << 40)
case(FILL + "ds_write_b16_d16_hi v11, v4 offset:1028\nds_read_b64 {d}, v11 offset:1024" + wait, "u64 u32 -> u64", lambda x: x.a & ~(0xFFFF << 32) | (x.b >> 16) << 32)
case(FILL + "v_add_u32 v11, 0x400, v11\nds_write2_b32 v11, v5, v4 offset0:0 offset1:1\nds_read_b64 {d}, v11" + wait, "u64 u64 -> u64", lambda x: x.b >> 32 | (x.b & M) << 32)
case(ADDR + "ds_write2st64_b32 v10, v2, v4 offset0:8 offset1:10\nds_read_b32 v8, v10 offset:2048\nds_read_b32 v9, v10 offset:2560" + wait, "u32 u32 -> u64", lambda x: x.a | x.b << 32)
case(ADDR + "ds_write2_b64 v12, v[2:3], v[4:5] offset0:64 offset1:65\nds_read_b64 {d}, v12 offset:520" + wait, "u64 u64 -> u64", lambda x: x.b)
case(ADDR + "ds_write2st64_b64 v11, v[2:3], v[4:5] offset0:2 offset1:3\nds_read_b64 {d}, v11 offset:1536" + wait, "u64 u64 -> u64", lambda x: x.b)
case(ADDR + "ds_write_b128 v12, v[2:5] offset:4096\nds_read_b64 {d}, v12 offset:4100" + wait, "u64 u64 -> u64", lambda x: x.a >> 32 | (x.b & M) << 32)
case(ADDR + "ds_write_b96 v12, v[2:4] offset:4096\nds_read_b64 {d}, v12 offset:4100" + wait, "u64 u64 -> u64", lambda x: x.a >> 32 | (x.b & M) << 32)
# EXEC masks stores.
case(FILL + "s_mov_b32 exec_lo, 0xff00\nds_write_b64 v11, v[4:5] offset:1024\ns_mov_b64 exec, -1\nds_read_b64 {d}, v11 offset:1024" + wait, "u64 u64 -> u64",
     lambda x: x.b if 8 <= x.lane < 16 or x.lane >= 32 else x.a)

# Atomics: each lane its own word; the old value is returned and the new one read back.
wrap_inc = lambda a, b: 0 if a >= b else a + 1
wrap_dec = lambda a, b: b if a == 0 or a > b else a - 1
OPS = {"add": lambda a, b, n: a + b, "sub": lambda a, b, n: a - b, "rsub": lambda a, b, n: b - a, "inc": lambda a, b, n: wrap_inc(a, b),
       "dec": lambda a, b, n: wrap_dec(a, b), "min_i": lambda a, b, n: min(num.signed(a, n), num.signed(b, n)),
       "max_i": lambda a, b, n: max(num.signed(a, n), num.signed(b, n)), "min_u": lambda a, b, n: min(a, b), "max_u": lambda a, b, n: max(a, b),
       "and": lambda a, b, n: a & b, "or": lambda a, b, n: a | b, "xor": lambda a, b, n: a ^ b}
for name, f in OPS.items():
    stem, _, letter = name.partition("_")
    letter = letter or ("b" if name in ("and", "or", "xor") else "u")
    case(ADDR + f"ds_write_b32 v10, v2\nds_{stem}_{letter}32 v10, v4\nds_read_b32 {{d}}, v10" + wait, "u32 u32 -> u32", lambda x, f=f: f(x.a, x.b, 32))
    case(ADDR + f"ds_write_b32 v10, v2\nds_{stem}_rtn_{letter}32 v8, v10, v4\nds_read_b32 v9, v10" + wait, "u32 u32 -> u64",
         lambda x, f=f: x.a | (f(x.a, x.b, 32) & M) << 32)
    case(ADDR + f"ds_write_b64 v11, v[2:3]\nds_{stem}_{letter}64 v11, v[4:5]\nds_read_b64 {{d}}, v11" + wait, "u64 u64 -> u64", lambda x, f=f: f(x.a, x.b, 64))
    case(ADDR + f"ds_write_b64 v11, v[2:3]\nds_{stem}_rtn_{letter}64 {{d}}, v11, v[4:5]" + wait, "u64 u64 -> u64", lambda x: x.a)
case(ADDR + "ds_write_b32 v10, v2\nds_wrxchg_rtn_b32 v8, v10, v4\nds_read_b32 v9, v10" + wait, "u32 u32 -> u64", lambda x: x.a | x.b << 32)
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_wrxchg_rtn_b64 {d}, v11, v[4:5]" + wait, "u64 u64 -> u64", lambda x: x.a)
same = {"b": lambda lane, r: 7, "a": lambda lane, r: 7 if r.next() % 2 else 8}
case(ADDR + "ds_write_b32 v10, v2\nds_cmpst_rtn_b32 v8, v10, v4, v6\nds_read_b32 v9, v10" + wait, "u32 u32 u32 -> u64", lambda x: x.a | (x.c if x.a == x.b else x.a) << 32, values=same)
case(ADDR + "ds_write_b32 v10, v2\nds_cmpst_b32 v10, v4, v6\nds_read_b32 {d}, v10" + wait, "u32 u32 u32 -> u32", lambda x: x.c if x.a == x.b else x.a, values=same)
case(ADDR + "ds_write_b32 v10, v2\nds_mskor_rtn_b32 v8, v10, v4, v6\nds_read_b32 v9, v10" + wait, "u32 u32 u32 -> u64", lambda x: x.a | (x.a & ~x.b | x.c) << 32)
tame = lambda lane, r: (r.next() & 0x80FFFFFF) | (110 + r.next() % 30) << 23
F32, F16, BF16 = num.F32, num.F16, num.BF16
pair = {"a": tame, "b": tame}
case(ADDR + "ds_write_b32 v10, v2\nds_add_f32 v10, v4\nds_read_b32 {d}, v10" + wait, "f32 f32 -> f32", lambda x: num.add(F32, x.a, x.b), values=pair)
case(ADDR + "ds_write_b32 v10, v2\nds_add_rtn_f32 v8, v10, v4\nds_read_b32 v9, v10" + wait, "f32 f32 -> u64", lambda x: x.a | num.add(F32, x.a, x.b) << 32, values=pair)
case(ADDR + "ds_write_b32 v10, v2\nds_min_f32 v10, v4\nds_read_b32 {d}, v10" + wait, "f32 f32 -> f32", lambda x: num.minimum_of(F32, x.a, x.b), values=pair)
case(ADDR + "ds_write_b32 v10, v2\nds_max_f32 v10, v4\nds_read_b32 {d}, v10" + wait, "f32 f32 -> f32", lambda x: num.maximum_of(F32, x.a, x.b), values=pair)
wide = {"a": lambda lane, r: r.next() & 0x800FFFFFFFFFFFFF | (1010 + r.next() % 30) << 52, "b": lambda lane, r: r.next() & 0x800FFFFFFFFFFFFF | (1010 + r.next() % 30) << 52}
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_add_f64 v11, v[4:5]\nds_read_b64 {d}, v11" + wait, "f64 f64 -> f64", lambda x: num.add(num.F64, x.a, x.b), values=wide)
half = lambda v, n: v >> 16 * n & 0xFFFF
for name, fmt in (("f16", F16), ("bf16", BF16)):
    e = (10, 10) if name == "f16" else (120, 14)
    give = lambda lane, r, fmt=fmt, e=e: sum(((r.next() & 1) << 15 | (e[0] + r.next() % e[1]) << fmt[1] | r.next() & ((1 << fmt[1]) - 1)) << 16 * n for n in range(2))
    case(ADDR + f"ds_write_b32 v10, v2\nds_pk_add_{name} v10, v4\nds_read_b32 {{d}}, v10" + wait, "u32 u32 -> u32",
         lambda x, f=fmt: sum(num.add(f, half(x.a, n), half(x.b, n)) << 16 * n for n in range(2)), values={"a": give, "b": give}, copies=4)
    case(ADDR + f"ds_write_b32 v10, v2\nds_pk_add_rtn_{name} v8, v10, v4\nds_read_b32 v9, v10" + wait, "u32 u32 -> u64",
         lambda x, f=fmt: x.a | sum(num.add(f, half(x.a, n), half(x.b, n)) << 16 * n for n in range(2)) << 32, values={"a": give, "b": give})
# All lanes on one word: the sum, and old values that are the partial sums of some order.
case(ADDR + "v_mov_b32 v13, 0\nv_mov_b32 v14, 64\nds_write_b32 v14, v13\nds_add_u32 v14, v2\nds_read_b32 {d}, v14" + wait, "u32 -> u32", lambda x: sum(x.A))

# Transposed reads of gfx950: 8 bytes from each lane's own address, items exchanged
# within 16 lanes.
only = ["gfx950"]


def transposed(x, bits):
    if bits == 16:  # item n: halfword l&3 of lane (l>>2 & 3) + 4n
        return sum((x.A[x.lane & ~15 | x.lane >> 2 & 3 | 4 * n] >> 16 * (x.lane & 3) & 0xFFFF) << 16 * n for n in range(4))
    return sum((x.A[x.lane & ~15 | x.lane >> 3 & 1 | 2 * n] >> 8 * (x.lane & 7) & 0xFF) << 8 * n for n in range(8))


for bits in (16, 8):
    case(FILL + f"ds_read_b64_tr_b{bits} {{d}}, v11 offset:1024" + wait, "u64 -> u64", lambda x, b=bits: transposed(x, b), chips=only)
    # addresses in another order
    case(FILL + "v_xor_b32 v11, 0x58, v11\n" + f"ds_read_b64_tr_b{bits} {{d}}, v11 offset:1024" + wait, "u64 -> u64",
         lambda x, b=bits: (setattr(x, "A", [x.A[l ^ 11] for l in range(64)]), transposed(x, b))[1], chips=only)
case(FILL + "ds_read_b64_tr_b4 {d}, v11 offset:1024" + wait, "u64 -> u64",
     lambda x: sum((x.A[x.lane & ~15 | n] >> 4 * (x.lane & 15) & 15) << 4 * n for n in range(16)), chips=only)
# 16 items of 6 bits: item n of lane l is item l % 16 of lane n of the 16.
six = {"b": lambda lane, r: r.next() & M}
case(ADDR + "ds_write_b96 v12, v[2:4] offset:1024\nds_read_b96_tr_b6 v[20:22], v12 offset:1024" + wait
     + "\nv_mov_b32 v8, v20\nv_mov_b32 v9, v21", "u64 u32 -> u64",
     lambda x: sum(((x.A[x.lane & ~15 | n] | (x.B[x.lane & ~15 | n] & M) << 64) >> 6 * (x.lane & 15) & 63) << 6 * n for n in range(16)), values=six, chips=only)
case(ADDR + "ds_write_b96 v12, v[2:4] offset:1024\nds_read_b96_tr_b6 v[20:22], v12 offset:1024" + wait + "\nv_mov_b32 {d}, v22", "u64 u32 -> u32",
     lambda x: sum(((x.A[x.lane & ~15 | n] | (x.B[x.lane & ~15 | n] & M) << 64) >> 6 * (x.lane & 15) & 63) << 6 * n for n in range(16)) >> 64,
     values=six, chips=only)

# Pairs far apart, exchanged pairs.
case(ADDR + "ds_write_b64 v11, v[2:3] offset:512\nds_write_b64 v11, v[4:5] offset:1536\nds_read2st64_b64 v[20:23], v11 offset0:1 offset1:3" + wait
     + "\nv_add_u32 v8, v20, v22\nv_xor_b32 v9, v21, v23", "u64 u64 -> u64", lambda x: (x.a + x.b & M) | (x.a ^ x.b) >> 32 << 32)
far = ADDR + "ds_write_b32 v10, v2\nds_write_b32 v10, v3 offset:2048\n"
case(far + "ds_wrxchg2st64_rtn_b32 {d}, v10, v4, v5 offset0:0 offset1:8" + wait, "u64 u64 -> u64", lambda x: x.a)
case(far + "ds_wrxchg2st64_rtn_b32 v[20:21], v10, v4, v5 offset0:0 offset1:8\nds_read_b32 v8, v10\nds_read_b32 v9, v10 offset:2048" + wait, "u64 u64 -> u64",
     lambda x: x.b)
base64 = ADDR + "ds_write_b64 v11, v[2:3]\nds_write_b64 v11, v[4:5] offset:4096\n"
case(base64 + "ds_wrxchg2st64_rtn_b64 v[20:23], v11, v[6:7], v[2:3] offset0:0 offset1:8" + wait + "\nv_add_u32 v8, v20, v22\nv_xor_b32 v9, v21, v23",
     "u64 u64 u64 -> u64", lambda x: (x.a + x.b & M) | (x.a ^ x.b) >> 32 << 32)
case(base64 + "ds_wrxchg2st64_rtn_b64 v[20:23], v11, v[6:7], v[2:3] offset0:0 offset1:8\nds_read_b64 v[24:25], v11\nds_read_b64 v[26:27], v11 offset:4096" + wait
     + "\nv_add_u32 v8, v24, v26\nv_xor_b32 v9, v25, v27", "u64 u64 u64 -> u64", lambda x: (x.c + x.a & M) | (x.c ^ x.a) >> 32 << 32)
spread = ADDR + "ds_write_b64 v12, v[2:3]\nds_write_b64 v12, v[4:5] offset:8\n"
case(spread + "ds_wrxchg2_rtn_b64 v[20:23], v12, v[6:7], v[2:3] offset0:0 offset1:1\nds_read_b128 v[24:27], v12" + wait
     + "\nv_add_u32 v8, v20, v24\nv_xor_b32 v9, v23, v27", "u64 u64 u64 -> u64", lambda x: (x.a + x.c & M) | (x.b ^ x.a) >> 32 << 32)
case(spread + "ds_wrxchg2_rtn_b32 v[20:21], v12, v6, v7 offset0:1 offset1:3\nds_read_b128 v[24:27], v12" + wait
     + "\nv_add_u32 v8, v20, v25\nv_xor_b32 v9, v21, v27", "u64 u64 u64 -> u64", lambda x: ((x.a >> 32) + x.c & M) | (x.b ^ x.c) >> 32 << 32)

# Masked writes, compares of 64 bits and of floats, the wrapping ring.
case(ADDR + "ds_write_b32 v10, v2\nds_mskor_b32 v10, v4, v6\nds_read_b32 {d}, v10" + wait, "u32 u32 u32 -> u32", lambda x: x.a & ~x.b | x.c)
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_mskor_b64 v11, v[4:5], v[6:7]\nds_read_b64 {d}, v11" + wait, "u64 u64 u64 -> u64", lambda x: x.a & ~x.b | x.c)
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_mskor_rtn_b64 {d}, v11, v[4:5], v[6:7]" + wait, "u64 u64 u64 -> u64", lambda x: x.a)
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_cmpst_b64 v11, v[4:5], v[6:7]\nds_read_b64 {d}, v11" + wait, "u64 u64 u64 -> u64",
     lambda x: x.c if x.a == x.b else x.a, values=same)
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_cmpst_rtn_b64 {d}, v11, v[4:5], v[6:7]" + wait, "u64 u64 u64 -> u64", lambda x: x.a, values=same)
zeros = {"a": lambda lane, r: (r.next() & 1) << 31 | (0, 0x3F800000, 0x7FC00000)[lane % 3], "b": lambda lane, r: (r.next() & 1) << 31 | (0, 0x3F800000, 0x7FC00000)[lane % 3]}
case(ADDR + "ds_write_b32 v10, v2\nds_cmpst_f32 v10, v4, v6\nds_read_b32 {d}, v10" + wait, "u32 u32 u32 -> u32",
     lambda x: x.c if num.equal(F32, x.a, x.b) else x.a, values=zeros)
case(ADDR + "ds_write_b32 v10, v2\nds_cmpst_rtn_f32 v8, v10, v4, v6\nds_read_b32 v9, v10" + wait, "u32 u32 u32 -> u64",
     lambda x: x.a | (x.c if num.equal(F32, x.a, x.b) else x.a) << 32, values=zeros)
zeros64 = {k: lambda lane, r: (r.next() & 1) << 63 | (0, 0x3FF << 52, 0x7FF8 << 48)[lane % 3] for k in "ab"}
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_cmpst_f64 v11, v[4:5], v[6:7]\nds_read_b64 {d}, v11" + wait, "u64 u64 u64 -> u64",
     lambda x: x.c if num.equal(num.F64, x.a, x.b) else x.a, values=zeros64)
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_cmpst_rtn_f64 {d}, v11, v[4:5], v[6:7]" + wait, "u64 u64 u64 -> u64", lambda x: x.a, values=zeros64)
ring = {"a": lambda lane, r: r.next() % 8, "b": lambda lane, r: r.next() % 8}
case(ADDR + "ds_write_b32 v10, v2\nds_wrap_rtn_b32 v8, v10, v4, v6\nds_read_b32 v9, v10" + wait, "u32 u32 u32 -> u64",
     lambda x: x.a | (x.a - x.b if x.a >= x.b else x.a + x.c & M) << 32, values=ring)
taken = lambda x, k: (lambda old, new: new & 0x7FFFFFFF if new >> 31 else old)(x.a >> 32 * k & M, x.b >> 32 * k & M)
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_condxchg32_rtn_b64 v[20:21], v11, v[4:5]\nds_read_b64 {d}, v11" + wait, "u64 u64 -> u64",
     lambda x: taken(x, 0) | taken(x, 1) << 32)
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_condxchg32_rtn_b64 {d}, v11, v[4:5]" + wait, "u64 u64 -> u64", lambda x: x.a)
for name, f in (("min", num.minimum_of), ("max", num.maximum_of)):
    case(ADDR + f"ds_write_b32 v10, v2\nds_{name}_rtn_f32 v8, v10, v4\nds_read_b32 v9, v10" + wait, "f32 f32 -> u64", lambda x, f=f: x.a | f(F32, x.a, x.b) << 32, values=pair)
    case(ADDR + f"ds_write_b64 v11, v[2:3]\nds_{name}_f64 v11, v[4:5]\nds_read_b64 {{d}}, v11" + wait, "f64 f64 -> f64", lambda x, f=f: f(num.F64, x.a, x.b), values=wide)
    case(ADDR + f"ds_write_b64 v11, v[2:3]\nds_{name}_rtn_f64 {{d}}, v11, v[4:5]" + wait, "f64 f64 -> f64", lambda x: x.a, values=wide)
case(ADDR + "ds_write_b64 v11, v[2:3]\nds_add_rtn_f64 {d}, v11, v[4:5]" + wait, "f64 f64 -> f64", lambda x: x.a, values=wide)
# M0 as a base: one dword a lane; a counter of active lanes.
case("s_mov_b32 m0, 0x600\nds_write_addtid_b32 v2 offset:16\nds_read_addtid_b32 {d} offset:16" + wait, "u32 -> u32", lambda x: x.a)
case(ADDR + "s_mov_b32 m0, 0x600\nds_write_addtid_b32 v2 offset:16\nds_read_b32 {d}, v10 offset:1552" + wait, "u32 -> u32", lambda x: x.a)
for name, sign in (("append", 1), ("consume", -1)):
    count = "v_mov_b32 v13, 100\nv_mov_b32 v14, 0x700\nds_write_b32 v14, v13\ns_mov_b32 m0, 0x6f00000\n"
    case(count + f"s_mov_b32 exec_lo, 0xf0f0\nds_{name} v8 offset:16\ns_mov_b64 exec, -1\nds_read_b32 v9, v14" + wait, "u32 -> u64",
         lambda x, s=sign: (100 if x.lane >= 32 or 0xF0F0 >> x.lane & 1 else x.d & M) | (100 + 40 * s) << 32)
