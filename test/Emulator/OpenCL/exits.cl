// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops with two exits: LLVM keeps a mask of the lanes that left by one of them and
// leaves its other bits undefined. At all levels no report, and the host's results.
//
// RUN: %opencl %s --out %t --level=-O1 --level=-O2 --level=-O3
// LAUNCH: kernel=exits grid=4 block=256
// ARG: x u32[1024] small
// ARG: out u32[1024] zero
// ARG: n i32 1000

#include "kernel.h"

KERNEL void exits(GLOBAL const u32 *x, GLOBAL u32 *out, i32 n) {
  u32 i = GROUP_ID() * 256 + LOCAL_ID();
  if ((i32)i >= n)
    return;
  u32 value = x[i] % 10007 + 1, steps = 0;
  while (value != 1 && steps < 300) { // Collatz
    if (value & 1)
      value = 3 * value + 1;
    else
      value >>= 1;
    ++steps;
    if (value == 16)
      break;
  }
  u32 key = x[i], at = i;
  while (at > 0) { // as far as an insertion would move it
    if (x[at - 1] <= key)
      break;
    if (i - at > 70)
      goto far;
    --at;
  }
  out[i] = steps * 1000 + (i - at);
  return;
far:
  out[i] = steps * 1000 + 999;
}
