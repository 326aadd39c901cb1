// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A switch, nested conditions and early exits that split a wave many ways.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=divergence grid=3 block=192
// ARG: x u32[576] random
// ARG: out u32[576] zero

#include "kernel.h"

static u32 step(u32 v, u32 op) {
  switch (op) {
  case 0:
    return v + 0x9e3779b9u;
  case 1:
    return v ^ v >> 7;
  case 2:
    return v * 2654435761u;
  case 3:
    return v & 1 ? ~v : v << 3;
  case 4:
    return v >> 11 | v << 21;
  case 5:
    return v > 0x80000000u ? v - 77 : v + 77;
  default:
    return 0x12345678u - v;
  }
}

KERNEL void divergence(GLOBAL const u32 *x, GLOBAL u32 *out) {
  u32 i = GROUP_ID() * 192 + LOCAL_ID();
  u32 v = x[i];
  for (u32 n = 0; n < 20; ++n) {
    v = step(v, v % 9);
    if (v % 31 == 0) {
      if (v % 2)
        v += n;
      else if (LOCAL_ID() % 3 == 1)
        break;
      else
        v ^= LOCAL_ID();
    }
  }
  out[i] = v;
}
