// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops whose trip counts differ from lane to lane, nested, with breaks.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=loops grid=4 block=256
// ARG: x u32[1024] small
// ARG: out u32[1024] zero
// ARG: n i32 1000

#include "kernel.h"

KERNEL void loops(GLOBAL const u32 *x, GLOBAL u32 *out, i32 n) {
  u32 i = GROUP_ID() * 256 + LOCAL_ID();
  if ((i32)i >= n)
    return;
  u32 value = x[i] + 1, steps = 0;
  while (value != 1) { // Collatz
    value = value & 1 ? 3 * value + 1 : value / 2;
    if (++steps > 90)
      break;
  }
  u32 sum = 0;
  for (u32 a = 0; a < x[i] % 17; ++a) {
    if (a % 5 == 3)
      continue;
    for (u32 b = a; b < steps % 13; ++b) {
      sum += a * b + x[(i + b) % 1024];
      if (sum > 100000)
        goto found;
    }
  }
found:
  out[i] = steps << 24 ^ sum;
}
