// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layer normalisation of rows whose length is no multiple of the block: loads
// and stores under a mask, two reductions over waves, one LDS array for both.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=norm grid=4 block=192
// ARG: x f32[1200] small
// ARG: out f32[1200] zero
// ARG: length i32 300

#include "kernel.h"
#ifdef __AMDGCN__
#define ROOT(x) __builtin_sqrtf(x)
#else
#include <math.h>
#define ROOT(x) sqrtf(x)
#endif

static float over(float v, LOCAL_PARAM float *scratch) {
  union { float f; u32 u; } b;
  for (u32 step = 32; step; step >>= 1) {
    b.f = v;
    b.u = SHUFFLE(b.u, LANE() ^ step);
    v += b.f;
  }
  if (LANE() == 0)
    scratch[LOCAL_ID() / 64] = v;
  BARRIER();
  float sum = scratch[0] + scratch[1] + scratch[2];
  BARRIER();
  return sum;
}

KERNEL void norm(GLOBAL const float *x, GLOBAL float *out, u32 length) {
  LOCAL float scratch[3];
  GLOBAL const float *row = x + GROUP_ID() * length;
  u32 l = LOCAL_ID(), second = l + 192;
  float a = row[l], b = second < length ? row[second] : 0.0f;
  float mean = over(a + b, scratch) / (float)length;
  a -= mean;
  b -= mean;
  float squares = over(1.0f, scratch) + mean * mean;
  float scale = 1.0f / ROOT(squares);
  out[GROUP_ID() * length + l] = a * scale;
  if (second < length)
    out[GROUP_ID() * length + second] = b * scale;
}
