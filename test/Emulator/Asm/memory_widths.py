# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Every width of load and store of every kind of vector memory (global, flat,
buffer, scratch), the forms that load to LDS, and wide scalar buffer loads."""
M = (1 << 32) - 1
wait = "\ns_waitcnt vmcnt(0) lgkmcnt(0)"
word = lambda x, n: ((x.A, x.B, x.C, x.D)[n // 128][n % 64] >> 32 * (n // 64 % 2)) & M  # dword n of the inputs
byte = lambda x, n: word(x, n // 4) >> 8 * (n % 4) & 255
join = lambda x, at, n: sum(byte(x, at + k) << 8 * k for k in range(n))
W64, W32 = "u64 u64 u64 -> u64", "u64 u64 u64 -> u32"
NARROW = [("ubyte", 1, 0), ("sbyte", 1, 1), ("ushort", 2, 0), ("sshort", 2, 1)]
HALF = [("ubyte_d16", 1, 0), ("sbyte_d16", 1, 1), ("short_d16", 2, 0)]

# v[14:15]: the inputs' address plus 4 * lane; v13: 4 * lane; v12: 16 * lane.
HEAD = ("v_lshlrev_b32 v13, 2, v0\nv_lshlrev_b32 v12, 4, v0\nv_mov_b32 v10, s4\nv_mov_b32 v11, s5\nv_add_co_u32 v14, vcc, v10, v13\n"
        "v_addc_co_u32 v15, vcc, 0, v11, vcc\ns_mov_b32 s36, s4\ns_and_b32 s37, s5, 0xffff\ns_movk_i32 s38, 2048\ns_mov_b32 s39, 0x27000\n")
# Private memory: lane l's bytes 32..47 are a and b of lane l.
PRIVATE = HEAD + "scratch_store_dwordx4 off, v[2:5], off offset:32\ns_waitcnt vmcnt(0)\ns_movk_i32 s40, 16\nv_mov_b32 v16, 16\n"
LOADS = {"global": (HEAD, "v[14:15], off", lambda x, at, n: join(x, 4 * x.lane + at, n)),
         "flat": (HEAD, "v[14:15]", lambda x, at, n: join(x, 4 * x.lane + at, n)),
         "buffer": (HEAD, "v13, s[36:39], 0 offen", lambda x, at, n: join(x, 4 * x.lane + at, n)),
         "scratch": (PRIVATE, "v16, off", lambda x, at, n: (x.a | x.b << 64) >> 8 * (at - 16) & (1 << 8 * n) - 1)}
for kind, (head, where, bits) in LOADS.items():
    base = 16 if kind == "scratch" else 0  # of the offset
    for name, n, sign in NARROW:
        at = base + 3
        case(head + f"{kind}_load_{name} {{d}}, {where} offset:{at}" + wait, W32,
             lambda x, n=n, s=sign, at=at, b=bits: (num.signed(b(x, at, n), 8 * n) if s else b(x, at, n)) & M, copies=1)
    for name, n, sign in HALF:
        at = base + 5
        half = lambda x, n=n, s=sign, at=at, b=bits: (num.signed(b(x, at, n), 8 * n) if s else b(x, at, n)) & 0xFFFF
        case(head + f"{kind}_load_{name} {{d}}, {where} offset:{at}" + wait, W32, lambda x, h=half: h(x), copies=1)
        case(head + f"{kind}_load_{name}_hi {{d}}, {where} offset:{at}" + wait, W32, lambda x, h=half: h(x) << 16, copies=1)
    for n in range(1, 5):
        suffix = f"x{n}" if n > 1 else ""
        regs = f"v[20:{19 + n}]" if n > 1 else "v20"
        for k in range(0, n, 2):
            take = f"\nv_mov_b32 v8, v{20 + k}\nv_mov_b32 v9, " + (f"v{21 + k}" if k + 1 < n else "0")
            case(head + f"{kind}_load_dword{suffix} {regs}, {where} offset:{base}" + wait + take, W64,
                 lambda x, k=k, n=n, b=bits, at=base: b(x, at + 4 * k, 4 * min(2, n - k)), copies=1)
# The other ways to address private memory.
case(PRIVATE + "scratch_load_dword {d}, off, s40 offset:20" + wait, W32, lambda x: x.a >> 32)
case(PRIVATE + "scratch_load_dword {d}, off, off offset:40" + wait, W32, lambda x: x.b & M)
case(PRIVATE + "scratch_load_dword {d}, v16, s40 offset:12" + wait, W32, lambda x: x.b >> 32)
case(PRIVATE + "v_lshlrev_b32 v17, 2, v0\nv_and_b32 v17, 12, v17\nscratch_load_dword {d}, v17, off offset:32" + wait, W32,
     lambda x: (x.a | x.b << 64) >> 32 * (x.lane & 3) & M)
# Flat addresses in the private aperture and in the LDS aperture.
case(PRIVATE + "s_mov_b64 s[42:43], src_private_base\nv_mov_b32 v18, 36\nv_mov_b32 v19, s43\nflat_load_dwordx2 {d}, v[18:19]" + wait, W64,
     lambda x: x.a >> 32 | (x.b & M) << 32)
case(HEAD + "ds_write_b64 v12, v[2:3]\ns_waitcnt lgkmcnt(0)\ns_mov_b64 s[42:43], src_shared_base\nv_xor_b32 v18, 0x30, v12\nv_mov_b32 v19, s43\n"
     "flat_load_dwordx2 {d}, v[18:19]" + wait, W64, lambda x: x.A[x.lane ^ 3])
case(HEAD + "ds_write_b64 v12, v[2:3]\ns_waitcnt lgkmcnt(0)\ns_mov_b64 s[42:43], src_shared_base\nv_mov_b32 v18, v12\nv_mov_b32 v19, s43\n"
     "flat_atomic_add v[18:19], v4\ns_waitcnt vmcnt(0) lgkmcnt(0)\nds_read_b64 {d}, v12" + wait, W64, lambda x: (x.a + x.b & M) | x.a >> 32 << 32)

# Stores over a known background: 8 bytes a lane of the results, or of private memory.
OUT = ("v_lshlrev_b32 v12, 3, v0\nv_mov_b32 v10, s6\nv_mov_b32 v11, s7\nv_add_co_u32 v14, vcc, v10, v12\nv_addc_co_u32 v15, vcc, 0, v11, vcc\n"
       "s_mov_b32 s36, s6\ns_and_b32 s37, s7, 0xffff\ns_movk_i32 s38, 512\ns_mov_b32 s39, 0x27000\n")
put = OUT + "global_store_dwordx2 v12, v[2:3], s[6:7]\ns_waitcnt vmcnt(0)\n"
back = "\ns_waitcnt vmcnt(0)\nglobal_load_dwordx2 {d}, v12, s[6:7]" + wait
privately = OUT + "scratch_store_dwordx2 off, v[2:3], off offset:8\ns_waitcnt vmcnt(0)\nv_mov_b32 v16, 8\n"
STORES = {"global": (put, "v[14:15], {v}, off", back), "flat": (put, "v[14:15], {v}", back), "buffer": (put, "{v}, v12, s[36:39], 0 offen", back),
          "scratch": (privately, "v16, {v}, off", "\ns_waitcnt vmcnt(0)\nscratch_load_dwordx2 {d}, off, off offset:8" + wait)}
for kind, (head, where, tail) in STORES.items():
    for name, bits, shift in (("byte", 8, 0), ("short", 16, 0), ("byte_d16_hi", 8, 16), ("short_d16_hi", 16, 16), ("dword", 32, 0), ("dwordx2", 64, 0)):
        regs = "v[4:5]" if bits == 64 else "v4"
        for at in ((1, 4) if bits < 32 else (0, 4) if bits == 32 else (0,)):
            mask = (1 << bits) - 1
            case(head + f"{kind}_store_{name} {where.replace('{v}', regs)} offset:{at}" + tail, W64,
                 lambda x, m=mask, at=at, s=shift: x.a & ~(m << 8 * at) | (x.b >> s & m) << 8 * at, copies=1)
    # The wide ones: 16 bytes a lane, the lower half of the wave.
    for n in (3, 4):
        if kind == "scratch":
            case(head + f"scratch_store_dwordx{n} v16, v[4:{3 + n}], off offset:24\ns_waitcnt vmcnt(0)\nscratch_load_dwordx4 v[20:23], off, off offset:32" + wait
                 + "\nv_add_u32 v8, v20, v22\nv_xor_b32 v9, v21, v23", W64,
                 lambda x, n=n: (x.b + x.c & M) | (x.b >> 32 ^ (x.c >> 32 if n == 4 else 0)) << 32, copies=1,
                 setup="v_mov_b32 v9, 0\nscratch_store_dword off, v9, off offset:44\ns_waitcnt vmcnt(0)")
            continue
        wide = head + ("v_lshlrev_b32 v12, 4, v0\nv_add_co_u32 v14, vcc, v10, v12\nv_addc_co_u32 v15, vcc, 0, v11, vcc\ns_mov_b32 exec_hi, 0\n")
        readback = "\ns_mov_b64 exec, -1\ns_waitcnt vmcnt(0)\nv_lshlrev_b32 v12, 3, v0\nglobal_load_dwordx2 {d}, v12, s[6:7]" + wait

        def want(x, n=n):
            l = x.lane // 2
            if x.lane % 2 == 0:
                return x.B[l]
            return x.C[l] & M | (x.C[l] >> 32 if n == 4 else x.a >> 32) << 32
        case(wide + f"{kind}_store_dwordx{n} {where.replace('{v}', f'v[4:{3 + n}]')}" + readback, W64, want, copies=1)

# Loads to LDS: M0 + offset of the instruction + 4 or 16 * lane. Narrow values are
# widened to a dword.
LDS = HEAD + "s_mov_b32 m0, 0x600\nv_mov_b32 v9, 0\nds_write_b32 v13, v9 offset:1536\ns_waitcnt lgkmcnt(0)\n"
for name, n, sign in NARROW + [("dword", 4, 0)]:
    value = lambda x, at, n=n, s=sign: (num.signed(join(x, at, n), 8 * n) if s else join(x, at, n)) & M
    case(LDS + f"global_load_lds_{name} v13, s[4:5] offset:8\ns_waitcnt vmcnt(0)\nds_read_b32 {{d}}, v13 offset:1544" + wait, W32,
         lambda x, v=value: v(x, 4 * x.lane + 8), copies=1)
    case(LDS + f"buffer_load_{name} v13, s[36:39], 0 offen offset:8 lds\ns_waitcnt vmcnt(0)\nds_read_b32 {{d}}, v13 offset:1544" + wait, W32,
         lambda x, v=value: v(x, 4 * x.lane + 8), copies=1)
    case(LDS + "scratch_store_dwordx2 off, v[2:3], off offset:16\ns_waitcnt vmcnt(0)\nv_mov_b32 v16, 16\n"
         f"scratch_load_lds_{name} v16, off offset:4\ns_waitcnt vmcnt(0)\nds_read_b32 {{d}}, v13 offset:1540" + wait, W32,
         lambda x, n=n, s=sign: (num.signed(x.a >> 32, 8 * n) if s else x.a >> 32 & (1 << 8 * n) - 1) & M, copies=1)
for n in (3, 4):
    case(LDS + f"global_load_lds_dwordx{n} v13, s[4:5]\ns_waitcnt vmcnt(0)\nds_read_b128 v[20:23], v12 offset:1536" + wait
         + "\nv_add_u32 v8, v20, v21\nv_mov_b32 v9, v22", W64,
         lambda x: (word(x, x.lane) + word(x, x.lane + 1) & M) | word(x, x.lane + 2) << 32, chips=["gfx950"])

# Scalar buffers: dwords out of range read as zero.
RSRC = "s_mov_b32 s36, s4\ns_and_b32 s37, s5, 0xffff\ns_movk_i32 s38, {n}\ns_mov_b32 s39, 0x00027000\n"
for n in (4, 8, 16):
    for limit in (1024, 36):
        inside = lambda x, k, limit=limit: word(x, 2 + k) if 4 * (2 + k) + 4 <= limit else 0
        case(RSRC.replace("{n}", str(limit)) + f"s_buffer_load_dwordx{n} s[44:{43 + n}], s[36:39], 0x8" + wait
             + f"\ns_add_u32 s24, s44, s46\ns_xor_b32 s25, s45, s{43 + n}\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25", W64,
             lambda x, n=n, f=inside: (f(x, 0) + f(x, 2) & M) | (f(x, 1) ^ f(x, n - 1)) << 32, copies=1)
# Scalar stores.
sput = put + "s_mov_b32 s44, 17\ns_mov_b32 s45, 18\ns_mov_b32 s46, 19\ns_mov_b32 s47, 20\ns_movk_i32 s48, 8\n"
for n in (1, 2, 4):
    regs = f"s[44:{43 + n}]" if n > 1 else "s44"
    suffix = f"x{n}" if n > 1 else ""

    def want(x, n=n, first=3, count=None):
        dwords = [x.a & M, x.a >> 32]
        for k in range(2):
            at = 2 * x.lane + k - first
            if 0 <= at < (n if count is None else count):
                dwords[k] = 17 + at
        return dwords[0] | dwords[1] << 32
    case(sput + f"s_store_dword{suffix} {regs}, s[6:7], 0xc\ns_waitcnt lgkmcnt(0)\ns_dcache_wb" + back, W64, want, copies=1)
    case(sput + f"s_store_dword{suffix} {regs}, s[6:7], s48\ns_waitcnt lgkmcnt(0)" + back, W64, lambda x, w=want: w(x, first=2), copies=1)
    case(sput + f"s_buffer_store_dword{suffix} {regs}, s[36:39], 0xc\ns_waitcnt lgkmcnt(0)" + back, W64, want, copies=1)
    case(sput + "s_movk_i32 s38, 20\n" + f"s_buffer_store_dword{suffix} {regs}, s[36:39], 0xc\ns_waitcnt lgkmcnt(0)" + back, W64,
         lambda x, w=want, n=n: w(x, count=min(n, 2)), copies=1)
    # The offset in a register counts 64 bytes.
    case(sput + "s_mov_b32 s48, 2\n" + f"s_scratch_store_dword{suffix} {regs}, s[6:7], s48\ns_waitcnt lgkmcnt(0)" + back, W64, lambda x, w=want: w(x, first=32), copies=1)
    case(f"s_mov_b32 s48, 2\ns_scratch_load_dword{suffix} {regs}, s[4:5], s48" + wait + f"\nv_mov_b32 v8, s44\nv_mov_b32 v9, s{43 + n}", W64,
         lambda x, n=n: word(x, 32) | word(x, 31 + n) << 32, copies=1)
