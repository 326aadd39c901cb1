// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums and maxima through LDS, a scan, and a transposed copy.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=reduce grid=4 block=256
// ARG: x i32[1024] random
// ARG: out i32[8] zero
// ARG: outScan i32[1024] zero
// ARG: outTurned i32[1024] zero

#include "kernel.h"

KERNEL void reduce(GLOBAL const i32 *x, GLOBAL i32 *out, GLOBAL i32 *outScan,
                   GLOBAL i32 *outTurned) {
  LOCAL i32 sums[256];
  LOCAL i32 tops[256];
  LOCAL i32 tile[16 * 17];
  u32 l = LOCAL_ID(), g = GROUP_ID(), i = g * 256 + l;
  sums[l] = x[i] >> 4;
  tops[l] = x[i];
  tile[l / 16 * 17 + l % 16] = x[i];
  BARRIER();
  outTurned[i] = tile[l % 16 * 17 + l / 16];
  for (u32 step = 128; step; step >>= 1) {
    if (l < step) {
      sums[l] += sums[l + step];
      tops[l] = tops[l] > tops[l + step] ? tops[l] : tops[l + step];
    }
    BARRIER();
  }
  if (l == 0) {
    out[2 * g] = sums[0];
    out[2 * g + 1] = tops[0];
  }
  BARRIER();
  sums[l] = x[i] & 0xffff;
  BARRIER();
  for (u32 step = 1; step < 256; step <<= 1) {
    i32 add = l >= step ? sums[l - step] : 0;
    BARRIER();
    sums[l] += add;
    BARRIER();
  }
  outScan[i] = sums[l];
}
