// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values passed between the lanes of a wave, votes and the first lane.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=shuffle grid=2 block=128
// ARG: x u32[256] random
// ARG: out u32[1280] zero

#include "kernel.h"

KERNEL void shuffle(GLOBAL const u32 *x, GLOBAL u32 *out) {
  u32 l = LANE(), i = GROUP_ID() * 128 + LOCAL_ID();
  u32 v = x[i];
  GLOBAL u32 *o = out + 5 * i;
  o[0] = SHUFFLE(v, l ^ 1);
  o[1] = SHUFFLE(v, v % 64);
  u32 sum = v;
  for (u32 step = 32; step; step >>= 1)
    sum += SHUFFLE(sum, (l + step) % 64);
  o[2] = sum;
  u64 votes = BALLOT(v % 3 == 0);
  o[3] = (u32)votes ^ (u32)(votes >> 32) ^
         (u32)__builtin_popcountl(votes & ((1ul << l) - 1));
  o[4] = FIRST_LANE(v) + v;
}
