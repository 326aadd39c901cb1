// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 64-bit integers: products, quotients, remainders, shifts, comparisons.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=int64 grid=4 block=64
// ARG: a i64[256] random
// ARG: b i64[256] divisor
// ARG: out i64[2560] zero

#include "kernel.h"

KERNEL void int64(GLOBAL const i64 *a, GLOBAL const i64 *b, GLOBAL i64 *out) {
  u32 i = GROUP_ID() * 64 + LOCAL_ID();
  i64 x = a[i], y = b[i];
  u64 ux = (u64)x, uy = (u64)y;
  GLOBAL i64 *o = out + i * 10;
  o[0] = (i64)(ux * uy);
  o[1] = (i64)(ux / uy);
  o[2] = (i64)(ux % uy);
  o[3] = y == -1 ? 0 : x / y;
  o[4] = y == -1 ? 0 : x % y;
  o[5] = (i64)(ux << (y & 63)) + (x >> (y & 63));
  o[6] = (i64)(ux >> (y & 63)) - (x < y ? x : y);
  o[7] = (i64)((u64)(u32)x * (u32)y) + (i64)(i32)x * (i32)y;
  o[8] = (ux > uy) + 2 * (x > y) + 4 * __builtin_popcountl(ux) +
         256 * (i64)(ux ? __builtin_clzl(ux) : 64) +
         65536 * (i64)(ux ? __builtin_ctzl(ux) : 64);
  o[9] = (x ^ y) + (x & ~y) - (i64)((ux >> 5 | ux << 59) % 1000003u);
}
