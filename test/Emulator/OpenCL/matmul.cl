// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tiled f32 product in a two-dimensional block, in a fixed order of sums.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=matmul grid=2,3 block=16,16
// ARG: a f32[2304] unit
// ARG: b f32[1536] unit
// ARG: out f32[1536] zero

#include "kernel.h"

// out[48][32] = a[48][48] * b[48][32]
KERNEL void matmul(GLOBAL const float *a, GLOBAL const float *b,
                   GLOBAL float *out) {
  LOCAL float ta[16][17];
  LOCAL float tb[16][17];
  u32 x = LOCAL_ID(), y = LOCAL_ID_Y();
  u32 column = GROUP_ID() * 16 + x, row = GROUP_ID_Y() * 16 + y;
  float sum = 0;
  for (u32 k = 0; k < 48; k += 16) {
    ta[y][x] = a[row * 48 + k + x];
    tb[y][x] = b[(k + y) * 32 + column];
    BARRIER();
    for (u32 n = 0; n < 16; ++n)
      sum = __builtin_fmaf(ta[y][n], tb[n][x], sum);
    BARRIER();
  }
  out[row * 32 + column] = sum;
}
