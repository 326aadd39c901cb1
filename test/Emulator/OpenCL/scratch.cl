// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private arrays with computed indices, and calls that are not inlined.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=scratch grid=2 block=128
// ARG: x u32[256] random
// ARG: out u32[256] zero

#include "kernel.h"

__attribute__((noinline)) static u32 mix(u32 a, u32 b) {
  u32 box[8];
  for (u32 n = 0; n < 8; ++n)
    box[n] = a * (n + 1) ^ b >> n;
  return box[b % 8] + box[a % 7];
}

__attribute__((noinline)) static u32 twice(u32 a, u32 b) {
  return mix(a, b) + mix(b, a + 1);
}

KERNEL void scratch(GLOBAL const u32 *x, GLOBAL u32 *out) {
  u32 i = GROUP_ID() * 128 + LOCAL_ID();
  u32 stack[24];
  for (u32 n = 0; n < 24; ++n)
    stack[n] = x[(i + n) % 256];
  for (u32 n = 0; n < 24; ++n) { // a permutation that depends on the data
    u32 j = stack[n] % 24, t = stack[n];
    stack[n] = stack[j];
    stack[j] = t;
  }
  u32 hash = 0;
  for (u32 n = 0; n < 24; ++n)
    hash = hash * 31 + stack[n];
  out[i] = twice(hash, stack[hash % 24]);
}
