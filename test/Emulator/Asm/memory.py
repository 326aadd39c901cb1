# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Global, flat, buffer and scalar loads and stores, and atomics. A case works on
its own inputs (s[4:5], 2 KiB of rows) and results (s[6:7], 512 bytes)."""
M = (1 << 32) - 1
F16, BF16, F32, F64 = num.F16, num.BF16, num.F32, num.F64
wait = "\ns_waitcnt vmcnt(0) lgkmcnt(0)"
ADDR = "v_mov_b32 v14, s4\nv_mov_b32 v15, s5\nv_add_co_u32 v10, vcc, v14, v1\nv_addc_co_u32 v11, vcc, 0, v15, vcc\n"  # v[10:11]: row a + 4*lane
word = lambda x, n: ((x.A, x.B, x.C, x.D)[n // 128][n % 64] >> 32 * (n // 64 % 2)) & M  # dword n of the inputs
byte = lambda x, n: word(x, n // 4) >> 8 * (n % 4) & 255
join = lambda x, at, n: sum(byte(x, at + k) << 8 * k for k in range(n))
W64 = "u64 u64 u64 -> u64"
W32 = "u64 u64 u64 -> u32"

# Widths, through a 64-bit address and through scalar base + offset.
for kind, operand in (("global", "v[10:11], off"), ("flat", "v[10:11]")):
    off = lambda n: f" offset:{n}" if n else ""
    case(ADDR + f"{kind}_load_dword {{d}}, {operand}{off(16)}" + wait, W32, lambda x: word(x, x.lane + 4))
    case(ADDR + f"{kind}_load_dwordx2 {{d}}, {operand}{off(8)}" + wait, W64, lambda x: word(x, x.lane + 2) | word(x, x.lane + 3) << 32)
    case(ADDR + f"{kind}_load_dwordx3 v[20:22], {operand}" + wait + "\nv_add_u32 v8, v20, v21\nv_mov_b32 v9, v22", W64,
         lambda x: (word(x, x.lane) + word(x, x.lane + 1) & M) | word(x, x.lane + 2) << 32)
    case(ADDR + f"{kind}_load_dwordx4 v[20:23], {operand}" + wait + "\nv_add_u32 v8, v20, v23\nv_xor_b32 v9, v21, v22", W64,
         lambda x: (word(x, x.lane) + word(x, x.lane + 3) & M) | (word(x, x.lane + 1) ^ word(x, x.lane + 2)) << 32)
    for name, n, sign in (("ubyte", 1, 0), ("sbyte", 1, 1), ("ushort", 2, 0), ("sshort", 2, 1)):
        case(ADDR + f"{kind}_load_{name} {{d}}, {operand}{off(3)}" + wait, W32,
             lambda x, n=n, s=sign: num.signed(join(x, 4 * x.lane + 3, n), 8 * n) & M if s else join(x, 4 * x.lane + 3, n))
    for name, n, sign in (("ubyte_d16", 1, 0), ("sbyte_d16", 1, 1), ("short_d16", 2, 0)):
        value = lambda x, n=n, s=sign: (num.signed(join(x, 4 * x.lane + 1, n), 8 * n) if s else join(x, 4 * x.lane + 1, n)) & 0xFFFF
        case(ADDR + f"{kind}_load_{name} {{d}}, {operand}{off(1)}" + wait, W32, lambda x, v=value: v(x))
        case(ADDR + f"{kind}_load_{name}_hi {{d}}, {operand}{off(1)}" + wait, W32, lambda x, v=value: v(x) << 16)
case("global_load_dword {d}, v1, s[4:5] offset:1532" + wait, W32, lambda x: word(x, 383) if x.lane == 0 else x.d, setup="s_mov_b64 exec, 1")
case(ADDR + "v_add_co_u32 v10, vcc, 64, v10\nv_addc_co_u32 v11, vcc, 0, v11, vcc\nglobal_load_dword {d}, v[10:11], off offset:-60" + wait, W32, lambda x: word(x, x.lane + 1))
case("s_mov_b32 exec_lo, 0xf0f\ns_mov_b32 exec_hi, 0\nglobal_load_dword {d}, v1, s[4:5]" + wait, W32, lambda x: word(x, x.lane) if 0xF0F >> x.lane & 1 else x.d)

# Scalar loads.
case("s_load_dword s24, s[4:5], 0x14" + wait + "\nv_mov_b32 {d}, s24", W32, lambda x: word(x, 5))
case("s_load_dwordx2 s[24:25], s[4:5], 0x1c" + wait + "\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25", W64, lambda x: word(x, 7) | word(x, 8) << 32)
case("s_movk_i32 s30, 0x100\ns_load_dwordx4 s[36:39], s[4:5], s30" + wait + "\ns_add_u32 s24, s36, s39\ns_xor_b32 s25, s37, s38\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25", W64,
     lambda x: (word(x, 64) + word(x, 67) & M) | (word(x, 65) ^ word(x, 66)) << 32)
case("s_load_dwordx8 s[36:43], s[4:5], 0x40" + wait + "\nv_mov_b32 v8, s36\nv_mov_b32 v9, s43", W64, lambda x: word(x, 16) | word(x, 23) << 32)
case("s_load_dwordx16 s[36:51], s[4:5], 0x80" + wait + "\nv_mov_b32 v8, s36\nv_mov_b32 v9, s51", W64, lambda x: word(x, 32) | word(x, 47) << 32)
RSRC = "s_mov_b32 s36, s4\ns_and_b32 s37, s5, 0xffff\ns_movk_i32 s38, {n}\ns_mov_b32 s39, 0x00027000\n"
rsrc = lambda n: RSRC.replace("{n}", str(n))
case(rsrc(64) + "s_buffer_load_dword s24, s[36:39], 0x14" + wait + "\nv_mov_b32 {d}, s24", W32, lambda x: word(x, 5))
case(rsrc(64) + "s_buffer_load_dwordx2 s[24:25], s[36:39], 0x40" + wait + "\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25", W64, lambda x: 0)

# Buffers: raw, with voffset, soffset and immediate; range by NUM_RECORDS in bytes.
case(rsrc(2048) + "buffer_load_dword {d}, v1, s[36:39], 0 offen offset:12" + wait, W32, lambda x: word(x, x.lane + 3))
case(rsrc(2048) + "s_movk_i32 s30, 256\nbuffer_load_dwordx2 {d}, v1, s[36:39], s30 offen offset:4" + wait, W64, lambda x: word(x, x.lane + 65) | word(x, x.lane + 66) << 32)
case(rsrc(2048) + "buffer_load_dword {d}, off, s[36:39], 0 offset:40" + wait, W32, lambda x: word(x, 10))
case(rsrc(128) + "buffer_load_dword {d}, v1, s[36:39], 0 offen" + wait, W32, lambda x: word(x, x.lane) if x.lane < 32 else 0)
# dwordx2 straddling the end: the dword inside is read, the one outside is 0.
case(rsrc(128) + "buffer_load_dwordx2 {d}, v1, s[36:39], 0 offen" + wait, W64,
     lambda x: (word(x, x.lane) if x.lane < 32 else 0) | (word(x, x.lane + 1) << 32 if x.lane < 31 else 0))
case(rsrc(130) + "buffer_load_ushort {d}, v1, s[36:39], 0 offen" + wait, W32, lambda x: join(x, 4 * x.lane, 2) if x.lane < 33 else 0)
case(rsrc(2048) + "buffer_load_sbyte {d}, v1, s[36:39], 0 offen offset:2" + wait, W32, lambda x: num.signed(byte(x, 4 * x.lane + 2), 8) & M)
case(rsrc(2048) + "buffer_load_short_d16_hi {d}, v1, s[36:39], 0 offen offset:2" + wait, W32, lambda x: join(x, 4 * x.lane + 2, 2) << 16)
# A negative voffset wraps at 32 bits with the immediate.
case(rsrc(2048) + "v_add_u32 v10, -16, v1\nbuffer_load_dword {d}, v10, s[36:39], 0 offen offset:16" + wait, W32, lambda x: word(x, x.lane))
case(rsrc(2048) + "v_add_u32 v10, -16, v1\nbuffer_load_dword {d}, v10, s[36:39], 0 offen" + wait, W32, lambda x: word(x, x.lane - 4) if x.lane >= 4 else 0)
# Structured: stride 16 bytes, index in v, records counted in elements.
STRIDE = rsrc(20).replace("s_and_b32 s37, s5, 0xffff", "s_and_b32 s37, s5, 0xffff\ns_or_b32 s37, s37, 0x100000")
case(STRIDE + "buffer_load_dword {d}, v0, s[36:39], 0 idxen offset:4" + wait, W32, lambda x: word(x, 4 * x.lane + 1) if x.lane < 20 else 0)

# Stores go to the case's own results and are read back into {d}.
OUT = "v_lshlrev_b32 v12, 3, v0\n"
back = "\ns_waitcnt vmcnt(0)\nglobal_load_dwordx2 {d}, v12, s[6:7]" + wait
put = OUT + "global_store_dwordx2 v12, v[2:3], s[6:7]\n"
case(OUT + "global_store_dwordx2 v12, v[2:3], s[6:7]" + back, W64, lambda x: x.a)
case(put + "global_store_dword v12, v4, s[6:7] offset:4" + back, W64, lambda x: x.a & M | (x.b & M) << 32)
case(put + "global_store_byte v12, v4, s[6:7] offset:3" + back, W64, lambda x: x.a & ~(255 << 24) | (x.b & 255) << 24)
case(put + "global_store_byte_d16_hi v12, v4, s[6:7] offset:3" + back, W64, lambda x: x.a & ~(255 << 24) | (x.b >> 16 & 255) << 24)
case(put + "global_store_short v12, v4, s[6:7] offset:2" + back, W64, lambda x: x.a & ~(0xFFFF << 16) | (x.b & 0xFFFF) << 16)
case(put + "global_store_short_d16_hi v12, v4, s[6:7] offset:2" + back, W64, lambda x: x.a & ~(0xFFFF << 16) | (x.b >> 16 & 0xFFFF) << 16)
case(put + "s_mov_b32 exec_lo, 0xff\ns_mov_b32 exec_hi, 0\nglobal_store_dwordx2 v12, v[4:5], s[6:7]\ns_mov_b64 exec, -1" + back, W64, lambda x: x.b if x.lane < 8 else x.a)
case(put + "v_lshlrev_b32 v13, 4, v0\ns_mov_b32 exec_hi, 0\nglobal_store_dwordx4 v13, v[4:7], s[6:7]\ns_mov_b64 exec, -1" + back, W64, lambda x: (x.C if x.lane % 2 else x.B)[x.lane // 2])
ORSRC = "s_mov_b32 s36, s6\ns_and_b32 s37, s7, 0xffff\ns_movk_i32 s38, 256\ns_mov_b32 s39, 0x00027000\n"
case(put + ORSRC + "buffer_store_dwordx2 v[4:5], v12, s[36:39], 0 offen" + back, W64, lambda x: x.b if x.lane < 32 else x.a)

# Atomics with and without the old value.
OPS = {"add": lambda a, b, n: a + b, "sub": lambda a, b, n: a - b, "inc": lambda a, b, n: 0 if a >= b else a + 1,
       "dec": lambda a, b, n: b if a == 0 or a > b else a - 1, "smin": lambda a, b, n: min(num.signed(a, n), num.signed(b, n)),
       "smax": lambda a, b, n: max(num.signed(a, n), num.signed(b, n)), "umin": lambda a, b, n: min(a, b), "umax": lambda a, b, n: max(a, b),
       "and": lambda a, b, n: a & b, "or": lambda a, b, n: a | b, "xor": lambda a, b, n: a ^ b, "swap": lambda a, b, n: b}
for name, f in OPS.items():
    case(put + f"s_waitcnt vmcnt(0)\nglobal_atomic_{name} v12, v4, s[6:7]" + back, W64, lambda x, f=f: f(x.a & M, x.b & M, 32) & M | x.a >> 32 << 32)
    case(put + f"s_waitcnt vmcnt(0)\nglobal_atomic_{name} v8, v12, v4, s[6:7] sc0\ns_waitcnt vmcnt(0)\nglobal_load_dword v9, v12, s[6:7]" + wait, W64,
         lambda x, f=f: x.a & M | (f(x.a & M, x.b & M, 32) & M) << 32)
    case(put + f"s_waitcnt vmcnt(0)\nglobal_atomic_{name}_x2 v12, v[4:5], s[6:7]" + back, W64, lambda x, f=f: f(x.a, x.b, 64))
    case(put + f"s_waitcnt vmcnt(0)\nglobal_atomic_{name}_x2 {{d}}, v12, v[4:5], s[6:7] sc0" + wait, W64, lambda x: x.a)
    case(put + ORSRC + f"s_waitcnt vmcnt(0)\nbuffer_atomic_{name} v4, v12, s[36:39], 0 offen" + back, W64,
         lambda x, f=f: (f(x.a & M, x.b & M, 32) & M if x.lane < 32 else x.a & M) | x.a >> 32 << 32)
same = {"a": lambda lane, r: (r.next() & M) << 32 | 7 + r.next() % 2, "c": lambda lane, r: (r.next() & M) << 32 | 7}
case(put + "v_mov_b32 v5, v6\ns_waitcnt vmcnt(0)\nglobal_atomic_cmpswap v12, v[4:5], s[6:7]" + back, W64,
     lambda x: (x.b & M if x.a & M == 7 else x.a & M) | x.a >> 32 << 32, values=same)
case(put + "s_waitcnt vmcnt(0)\nglobal_atomic_cmpswap_x2 v12, v[4:7], s[6:7]" + back, W64, lambda x: x.b if x.a == x.c else x.a,
     values={"a": lambda lane, r: 9 + lane % 2 << 40, "c": lambda lane, r: 9 << 40})
tame = lambda lane, r: (r.next() & 0x80FFFFFF) | (110 + r.next() % 30) << 23
tame64 = lambda lane, r: (r.next() & 0x800FFFFFFFFFFFFF) | (1010 + r.next() % 30) << 52
case(put + "s_waitcnt vmcnt(0)\nglobal_atomic_add_f32 v12, v4, s[6:7]" + back, W64, lambda x: num.add(F32, x.a & M, x.b & M) | x.a >> 32 << 32, values={"a": tame, "b": tame})
case(put + "s_waitcnt vmcnt(0)\nglobal_atomic_add_f64 v12, v[4:5], s[6:7]" + back, W64, lambda x: num.add(F64, x.a, x.b), values={"a": tame64, "b": tame64})
case(put + "s_waitcnt vmcnt(0)\nglobal_atomic_min_f64 v12, v[4:5], s[6:7]" + back, W64, lambda x: num.minimum_of(F64, x.a, x.b), values={"a": tame64, "b": tame64})
case(put + "s_waitcnt vmcnt(0)\nglobal_atomic_max_f64 v12, v[4:5], s[6:7]" + back, W64, lambda x: num.maximum_of(F64, x.a, x.b), values={"a": tame64, "b": tame64})
half = lambda v, n: v >> 16 * n & 0xFFFF
for name, fmt in (("f16", F16), ("bf16", BF16)):
    e = (10, 10) if name == "f16" else (120, 14)
    # values near one another in exponent, and denormals
    give = lambda lane, r, fmt=fmt, e=e: sum(((r.next() & 1) << 15 | (e[0] + r.next() % e[1] if r.next() % 4 else 0) << fmt[1] | r.next() & ((1 << fmt[1]) - 1)) << 16 * n for n in range(2))
    f = lambda x, fmt=fmt: sum(num.add(fmt, half(x.a, n), half(x.b, n)) << 16 * n for n in range(2))
    case(put + f"s_waitcnt vmcnt(0)\nglobal_atomic_pk_add_{name} v12, v4, s[6:7]" + back, W64, lambda x, f=f: f(x) | x.a >> 32 << 32, values={"a": give, "b": give}, copies=4)
    case(put + f"s_waitcnt vmcnt(0)\nglobal_atomic_pk_add_{name} v8, v12, v4, s[6:7] sc0\ns_waitcnt vmcnt(0)\nglobal_load_dword v9, v12, s[6:7]" + wait, W64,
         lambda x, f=f: x.a & M | f(x) << 32, values={"a": give, "b": give})
    if name == "f16":
        case(put + ORSRC + f"s_waitcnt vmcnt(0)\nbuffer_atomic_pk_add_{name} v4, v12, s[36:39], 0 offen" + back, W64,
             lambda x, f=f: (f(x) if x.lane < 32 else x.a & M) | x.a >> 32 << 32, values={"a": give, "b": give})

# Loads to LDS: base + M0 + immediate + lane * 4.
LDS = "v_lshlrev_b32 v13, 2, v0\n"
case(LDS + "s_mov_b32 m0, 0x200\ns_nop 0\nglobal_load_lds_dword v1, s[4:5] offset:8\ns_waitcnt vmcnt(0)\nds_read_b32 {d}, v13 offset:520" + wait, W32, lambda x: word(x, x.lane + 2))
case(LDS + rsrc(128) + "s_mov_b32 m0, 0x200\ns_nop 0\nbuffer_load_dword v1, s[36:39], 0 offen lds\ns_waitcnt vmcnt(0)\nds_read_b32 {d}, v13 offset:512" + wait, W32,
     lambda x: word(x, x.lane) if x.lane < 32 else 0)
case(LDS + "v_lshlrev_b32 v13, 4, v0\nv_lshlrev_b32 v14, 2, v0\ns_mov_b32 m0, 0x400\ns_nop 0\nglobal_load_lds_dwordx4 v14, s[4:5]\ns_waitcnt vmcnt(0)\nds_read_b64 {d}, v13 offset:1028" + wait, W64,
     lambda x: word(x, x.lane + 1) | word(x, x.lane + 2) << 32, chips=["gfx950"])
