# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Every atomic of every kind of memory (global, flat, buffer, scalar), 32 and 64
bits, integers and floats: what is left in memory and what comes back."""
M, M64 = (1 << 32) - 1, (1 << 64) - 1
F16, BF16, F32, F64 = num.F16, num.BF16, num.F32, num.F64
wait = "\ns_waitcnt vmcnt(0) lgkmcnt(0)"
W64 = "u64 u64 u64 -> u64"
# Row a lies in the results, 8 bytes a lane; v12 = 8 * lane, v[14:15] the address.
PUT = ("v_lshlrev_b32 v12, 3, v0\nv_mov_b32 v10, s6\nv_mov_b32 v11, s7\nv_add_co_u32 v14, vcc, v10, v12\nv_addc_co_u32 v15, vcc, 0, v11, vcc\n"
       "s_mov_b32 s36, s6\ns_and_b32 s37, s7, 0xffff\ns_movk_i32 s38, 256\ns_mov_b32 s39, 0x27000\n"
       "global_store_dwordx2 v12, v[2:3], s[6:7]\ns_waitcnt vmcnt(0)\n")
BACK = "\ns_waitcnt vmcnt(0)\nglobal_load_dwordx2 {d}, v12, s[6:7]" + wait
s = num.signed
INTEGERS = {"add": lambda a, b, n: a + b, "sub": lambda a, b, n: a - b, "inc": lambda a, b, n: 0 if a >= b else a + 1,
            "dec": lambda a, b, n: b if a == 0 or a > b else a - 1, "smin": lambda a, b, n: min(s(a, n), s(b, n)),
            "smax": lambda a, b, n: max(s(a, n), s(b, n)), "umin": lambda a, b, n: min(a, b), "umax": lambda a, b, n: max(a, b),
            "and": lambda a, b, n: a & b, "or": lambda a, b, n: a | b, "xor": lambda a, b, n: a ^ b, "swap": lambda a, b, n: b}
# Half of the lanes get values near one another.
near = {"a": lambda lane, r: (r.next() % 5 | r.next() % 5 << 32) if lane % 2 else r.next(),
        "b": lambda lane, r: (r.next() % 5 | r.next() % 5 << 32) if lane % 2 else r.next()}
FORMS = {"global": ("global_atomic_{op} v12, {v}, s[6:7]", "global_atomic_{op} {r}, v12, {v}, s[6:7] sc0", 64),
         "flat": ("flat_atomic_{op} v[14:15], {v}", "flat_atomic_{op} {r}, v[14:15], {v} sc0", 64),
         "buffer": ("buffer_atomic_{op} {v}, v12, s[36:39], 0 offen", "buffer_atomic_{op} {v}, v12, s[36:39], 0 offen sc0", 32)}


def atomic(op, formula, bits, values, chips=None, kinds=FORMS, copies=1, data=None):
    """formula(a, x): the new value; lanes beyond the buffer's range keep theirs."""
    count = bits // 32
    regs = data or ("v4" if count == 1 else "v[4:5]")
    mask = (1 << bits) - 1
    for kind in kinds:
        plain, returning, lanes = FORMS[kind]
        new = lambda x, l=lanes: (formula(x.a & mask, x) & mask if x.lane < l else x.a & mask)
        case(PUT + plain.format(op=op, v=regs) + BACK, W64, lambda x, n=new: n(x) | x.a >> bits << bits, chips=chips, values=values, copies=copies)
        # a buffer returns where the data was
        result = regs.replace("v[4:7]", "v[4:5]") if kind == "buffer" else "v[20:21]" if count == 2 else "v20"
        if data and count == 1:
            result = "v4" if kind == "buffer" else "v20"
        take = "\ns_waitcnt vmcnt(0)\nv_mov_b32 v8, " + (("v4" if kind == "buffer" else "v20") + "\nv_mov_b32 v9, "
                                                      + (("v5" if kind == "buffer" else "v21") if count == 2 else "0"))
        old = lambda x, l=lanes: x.a & mask if x.lane < l else 0
        case(PUT + returning.format(op=op, v=regs, r=result) + take, W64, old, chips=chips, values=values, copies=1)


for name, f in INTEGERS.items():
    atomic(name, lambda a, x, f=f: f(a, x.b & M, 32), 32, near)
    atomic(name + "_x2", lambda a, x, f=f: f(a, x.b, 64), 64, near)
equal = {"a": lambda lane, r: 7 + r.next() % 2 << 20 | 5, "b": lambda lane, r: r.next(), "c": lambda lane, r: 7 << 20 | 5}
PUT32 = PUT
for kind in FORMS:
    plain, returning, lanes = FORMS[kind]
    # 32 bits: the new value in v4, the expected one in v5.
    text = PUT + "v_mov_b32 v5, v6\n" + plain.format(op="cmpswap", v="v[4:5]") + BACK
    case(text, W64, lambda x, l=lanes: (x.b & M if x.a & M == x.c & M and x.lane < l else x.a & M) | x.a >> 32 << 32, values=equal, copies=2)
    case(PUT + plain.format(op="cmpswap_x2", v="v[4:7]") + BACK, W64, lambda x, l=lanes: x.b if x.a == x.c and x.lane < l else x.a, values=equal, copies=2)
    case(PUT + returning.format(op="cmpswap_x2", v="v[4:7]", r="v[4:5]") + "\ns_waitcnt vmcnt(0)\nv_mov_b32 v8, v4\nv_mov_b32 v9, v5", W64,
         lambda x, l=lanes: x.a if x.lane < l else 0, values=equal)
tame = lambda lane, r: (r.next() & 0x80FFFFFF) | (110 + r.next() % 30) << 23
tame64 = lambda lane, r: (r.next() & 0x800FFFFFFFFFFFFF) | (1010 + r.next() % 30) << 52
atomic("add_f32", lambda a, x: num.add(F32, a, x.b & M), 32, {"a": tame, "b": tame})
for name, f in (("add", num.add), ("min", num.minimum_of), ("max", num.maximum_of)):
    atomic(f"{name}_f64", lambda a, x, f=f: f(F64, a, x.b), 64, {"a": tame64, "b": tame64})
half = lambda v, n: v >> 16 * n & 0xFFFF
for name, fmt, low, span in (("f16", F16, 10, 10), ("bf16", BF16, 120, 14)):
    give = lambda lane, r, fmt=fmt, low=low, span=span: sum(
        ((r.next() & 1) << 15 | (low + r.next() % span if r.next() % 4 else 0) << fmt[1] | r.next() & ((1 << fmt[1]) - 1)) << 16 * n for n in range(2))
    total = lambda a, x, fmt=fmt: sum(num.add(fmt, half(a, n), half(x.b, n)) << 16 * n for n in range(2))
    atomic(f"pk_add_{name}", total, 32, {"a": give, "b": give}, kinds=["global", "flat"], copies=2)
    atomic(f"pk_add_{name}", total, 32, {"a": give, "b": give}, kinds=["buffer"], copies=2, chips=["gfx950"] if name == "bf16" else None)

# Scalar: lane 0's values; the word of lane 3 is worked on.
first = lambda x: (x.A[3], x.B[0], x.C[0])
SCALAR = PUT + "v_readfirstlane_b32 s44, v4\nv_readfirstlane_b32 s45, v5\nv_readfirstlane_b32 s46, v6\nv_readfirstlane_b32 s47, v7\n"
for name, f in INTEGERS.items():
    for suffix, bits in (("", 32), ("_x2", 64)):
        regs, mask = ("s44" if bits == 32 else "s[44:45]"), (1 << bits) - 1
        new = lambda x, f=f, n=bits, m=mask: (lambda a, b, c: f(a & m, b & m, n) & m | a >> n << n)(*first(x))
        old = lambda x, m=mask: x.A[3] & m
        for kind, base in (("", "s[6:7]"), ("buffer_", "s[36:39]")):
            text = SCALAR + f"s_{kind}atomic_{name}{suffix} {regs}, {base}, 0x18"
            case(text + "\ns_waitcnt lgkmcnt(0)" + BACK, W64, lambda x, n=new: n(x) if x.lane == 3 else x.a, copies=1)
            case(text + f" glc\ns_waitcnt lgkmcnt(0)\nv_mov_b32 v8, s44\nv_mov_b32 v9, {'s45' if bits == 64 else 0}", W64, old, copies=1)
for kind, base in (("", "s[6:7]"), ("buffer_", "s[36:39]")):
    for match in (0, 1):
        value = {"a": lambda lane, r: 9, "c": lambda lane, r, m=match: 9 if m else 8}
        case(SCALAR + "s_mov_b32 s45, s46\n" + f"s_{kind}atomic_cmpswap s[44:45], {base}, 0x18\ns_waitcnt lgkmcnt(0)" + BACK, W64,
             lambda x, m=match: x.B[0] & M if m and x.lane == 3 else x.a, values=value, copies=1)
        case(SCALAR + f"s_{kind}atomic_cmpswap_x2 s[44:47], {base}, 0x18\ns_waitcnt lgkmcnt(0)" + BACK, W64,
             lambda x, m=match: x.B[0] if m and x.lane == 3 else x.a, values=value, copies=1)
    case(SCALAR + f"s_{kind}atomic_cmpswap_x2 s[44:47], {base}, 0x18 glc\ns_waitcnt lgkmcnt(0)\nv_mov_b32 v8, s44\nv_mov_b32 v9, s45", W64, lambda x: x.A[3], copies=1)
# Out of a scalar buffer's range nothing is written and zero comes back.
case(SCALAR + "s_mov_b32 s38, 24\ns_buffer_atomic_add s44, s[36:39], 0x18 glc\ns_waitcnt lgkmcnt(0)\nv_mov_b32 v8, s44\nglobal_load_dword v9, v12, s[6:7]" + wait, W64,
     lambda x: (x.a & M) << 32)
