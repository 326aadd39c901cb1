# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""Values between lanes: readlane, writelane, permlane swaps, ds_permute, swizzle,
and the accumulation registers."""
only = ["gfx950"]
case("v_readlane_b32 s30, {a}, 5\nv_mov_b32 {d}, s30", "u32 -> u32", lambda x: x.A[5])
case("v_readlane_b32 s30, {a}, 63\nv_mov_b32 {d}, s30", "u32 -> u32", lambda x: x.A[63])
case("v_readlane_b32 s30, {a}, {sb}\nv_mov_b32 {d}, s30", "u32 u32 -> u32", lambda x: x.A[x.B[0] & 63])
case("s_mov_b64 exec, 1\nv_readlane_b32 s30, {a}, 7\ns_mov_b64 exec, -1\nv_mov_b32 {d}, s30", "u32 -> u32", lambda x: x.A[7])
case("v_readfirstlane_b32 s30, {a}\nv_mov_b32 {d}, s30", "u32 -> u32", lambda x: x.A[0])
case("s_mov_b32 exec_lo, 0\ns_mov_b32 exec_hi, 0x50\nv_readfirstlane_b32 s30, {a}\ns_mov_b64 exec, -1\nv_mov_b32 {d}, s30", "u32 -> u32", lambda x: x.A[36])
case("s_mov_b64 exec, 0\nv_readfirstlane_b32 s30, {a}\ns_mov_b64 exec, -1\nv_mov_b32 {d}, s30", "u32 -> u32", lambda x: x.A[0])
case("v_writelane_b32 {d}, {sa}, 9", "u32 -> u32", lambda x: x.A[0] if x.lane == 9 else x.d)
case("s_mov_b64 exec, 1\ns_mov_b32 m0, {sb}\nv_writelane_b32 {d}, {sa}, m0", "u32 u32 -> u32", lambda x: x.A[0] if x.lane == x.B[0] & 63 else x.d)
case("v_writelane_b32 {d}, 17, 0", "u32 -> u32", lambda x: 17 if x.lane == 0 else x.d)


def swapped(size, active=(1 << 64) - 1):
    """v_permlane16/32_swap: the upper half-row of the first register changes
    places with the lower one of the second, lane by lane."""
    def f(x):
        on = active >> x.lane & 1
        if x.lane & size:  # first register's upper half takes the second's lower
            low = x.B[x.lane - size] if on else x.a
            high = x.b
        else:
            low = x.a
            high = x.A[x.lane + size] if on else x.b
        return low | high << 32
    return f


for size in (16, 32):
    case(f"v_mov_b32 v8, {{a}}\nv_mov_b32 v9, {{b}}\nv_permlane{size}_swap_b32 v8, v9", "u32 u32 -> u64", swapped(size), chips=only)

# ds_bpermute reads the lane that the address names, ds_permute writes to it.
wait = "\ns_waitcnt lgkmcnt(0)"
case("ds_bpermute_b32 {d}, {b}, {a}" + wait, "u32 u32 -> u32", lambda x: x.A[x.b // 4 % 64])
case("ds_bpermute_b32 {d}, {b}, {a} offset:20" + wait, "u32 u32 -> u32", lambda x: x.A[(x.b + 20 & 0xFFFFFFFF) // 4 % 64],
     values={"b": lambda lane, r: r.next() % 4096})
case("s_mov_b32 exec_lo, 0x0ff0ff00\ns_mov_b32 exec_hi, 0xffff00f0\nds_bpermute_b32 {d}, {b}, {a}" + wait, "u32 u32 -> u32",
     lambda x: (x.A[x.b // 4 % 64] if 0xFFFF00F00FF0FF00 >> x.b // 4 % 64 & 1 else 0) if 0xFFFF00F00FF0FF00 >> x.lane & 1 else x.d)


def permute(lanes):
    out = [0] * 64
    for x in lanes:  # the highest lane wins
        out[x.b // 4 % 64] = x.a
    return out


case("ds_permute_b32 {d}, {b}, {a}" + wait, "u32 u32 -> u32", permute, all_lanes=True)

for and_mask, or_mask, xor_mask in ((31, 0, 1), (31, 0, 16), (24, 3, 0), (0, 7, 0), (15, 16, 5)):
    offset = xor_mask << 10 | or_mask << 5 | and_mask
    case(f"ds_swizzle_b32 {{d}}, {{a}} offset:{offset:#x}" + wait, "u32 -> u32",
         lambda x, a=and_mask, o=or_mask, e=xor_mask: x.A[x.lane & 32 | ((x.lane & 31 & a) | o) ^ e])
for perm in ((3, 1, 0, 2), (0, 0, 0, 0)):
    offset = 0x8000 | sum(p << 2 * n for n, p in enumerate(perm))
    case(f"ds_swizzle_b32 {{d}}, {{a}} offset:{offset:#x}" + wait, "u32 -> u32", lambda x, p=perm: x.A[x.lane & ~3 | p[x.lane & 3]])
for direction, amount in ((0, 3), (1, 5)):
    offset = 0xC000 | direction << 10 | amount << 5
    shift = -amount if direction else amount
    case(f"ds_swizzle_b32 {{d}}, {{a}} offset:{offset:#x}" + wait, "u32 -> u32", lambda x, n=shift: x.A[x.lane & 32 | (x.lane + n) % 32])

# Accumulation registers are the upper part of one file.
case("v_accvgpr_write_b32 a7, {a}\nv_accvgpr_read_b32 {d}, a7", "u32 -> u32", lambda x: x.a)
case("v_accvgpr_write_b32 a7, {a}\nv_accvgpr_mov_b32 a9, a7\nv_accvgpr_read_b32 {d}, a9", "u32 -> u32", lambda x: x.a)
case("v_accvgpr_write_b32 a3, 11\nv_accvgpr_read_b32 {d}, a3", "u32 -> u32", lambda x: 11)
case("v_accvgpr_write_b32 a0, {a}\nv_mov_b32 v100, {b}\nv_accvgpr_read_b32 {d}, a0", "u32 u32 -> u32", lambda x: x.a)
case("v_mov_b32 v60, {a}\nv_swap_b32 v60, {b}\nv_mov_b32 v8, v60\nv_mov_b32 v9, {b}", "u32 u32 -> u64", lambda x: x.b | x.a << 32)

# The order of a fast Fourier transform: the bits outside the mask in reverse.
for mask in (0, 0x10, 0x18, 0x1F, 0x05):
    def fft(x, mask=mask):
        reverse = int(f"{x.lane & 31:05b}"[::-1], 2) >> bin(mask).count("1")
        return x.A[x.lane & 32 | x.lane & mask | reverse]
    case(f"ds_swizzle_b32 {{d}}, {{a}} offset:{0xE000 | mask:#x}" + wait, "u32 -> u32", fft)
case("s_mov_b32 exec_lo, 0x0000ffff\nds_swizzle_b32 {d}, {a} offset:0xe000" + wait, "u32 -> u32",
     lambda x: x.d if 16 <= x.lane < 32 else x.A[x.lane & 32 | int(f"{x.lane & 31:05b}"[::-1], 2)]
     if x.lane >= 32 or int(f"{x.lane:05b}"[::-1], 2) < 16 else 0)
