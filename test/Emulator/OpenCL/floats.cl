// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// f32 and f64: sums, products, fma, rounding functions, minima, conversions.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=floats grid=8 block=128
// ARG: x f32[1024] finite
// ARG: y f32[1024] unit
// ARG: out f32[16384] zero nan
// ARG: outDouble f64[6144] zero nan
// ARG: outInt i64[6144] zero

#include "kernel.h"

KERNEL void floats(GLOBAL const float *x, GLOBAL const float *y,
                   GLOBAL float *out, GLOBAL double *outDouble,
                   GLOBAL i64 *outInt) {
  u32 i = GROUP_ID() * 128 + LOCAL_ID();
  float a = x[i], b = y[i];
  double d = (double)a, e = (double)b;
  GLOBAL float *o = out + 16 * i;
  o[0] = a + b;
  o[1] = a - b;
  o[2] = a * b;
  o[3] = __builtin_fmaf(a, b, -a);
  o[4] = __builtin_floorf(b * 10.0f);
  o[5] = __builtin_ceilf(b * 10.0f);
  o[6] = __builtin_truncf(b * 10.0f);
  o[7] = __builtin_rintf(b * 10.0f);
  o[8] = a < b ? a : b;
  o[9] = __builtin_fabsf(a) > 1.0f ? -a : a;
  o[10] = __builtin_copysignf(b, a);
  o[11] = (float)(i32)(b * 1000.0f);
  o[12] = (float)(u32)(i * 2654435761u);
  o[13] = (float)(i64)(b * 1.0e12f);
  o[14] = (float)(d * 1.0e-3);
  o[15] = a * b + b * b - a; // not contracted
  GLOBAL double *p = outDouble + 6 * i;
  p[0] = d + e;
  p[1] = d * e;
  p[2] = __builtin_fma(d, e, 1.0 / 3.0);
  p[3] = __builtin_floor(e * 7.0) + __builtin_rint(e * 9.0);
  p[4] = (double)(i64)(e * 1.0e15);
  p[5] = (double)((u64)i * 0x9e3779b97f4a7c15ul);
  GLOBAL i64 *q = outInt + 6 * i;
  q[0] = (i64)(e * 1.0e15);
  q[1] = (i64)(u64)(__builtin_fabs(e) * 1.0e15);
  q[2] = (i32)(b * 1.0e6f);
  q[3] = a == a && a < b;
  q[4] = (d != e) + 2 * (d >= e) + 4 * !(a <= b);
  q[5] = (i64)(u32)(__builtin_fabsf(b) * 1.0e6f);
}
