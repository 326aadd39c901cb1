// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bitonic sort of 64-bit keys in LDS.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=sort grid=3 block=256
// ARG: x u64[768] random
// ARG: out u64[768] zero

#include "kernel.h"

KERNEL void sort(GLOBAL const u64 *x, GLOBAL u64 *out) {
  LOCAL u64 keys[256];
  u32 l = LOCAL_ID(), i = GROUP_ID() * 256 + l;
  keys[l] = x[i];
  BARRIER();
  for (u32 size = 2; size <= 256; size <<= 1)
    for (u32 step = size / 2; step; step >>= 1) {
      u32 other = l ^ step;
      if (other > l) {
        u64 a = keys[l], b = keys[other];
        if ((a > b) == ((l & size) == 0)) {
          keys[l] = b;
          keys[other] = a;
        }
      }
      BARRIER();
    }
  out[i] = keys[l];
}
