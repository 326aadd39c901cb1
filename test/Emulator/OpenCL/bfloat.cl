// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bf16 through f32: conversions with rounding to nearest even, and sums.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=bfloat grid=4 block=256
// ARG: a bf16[1024] finite
// ARG: b bf16[1024] unit
// ARG: f f32[1024] finite
// ARG: out bf16[5120] zero nan

#include "kernel.h"

KERNEL void bfloat(GLOBAL const __bf16 *a, GLOBAL const __bf16 *b,
                   GLOBAL const float *f, GLOBAL __bf16 *out) {
  u32 i = GROUP_ID() * 256 + LOCAL_ID();
  GLOBAL __bf16 *o = out + 5 * i;
  float x = (float)a[i], y = (float)b[i];
  o[0] = (__bf16)f[i];
  o[1] = (__bf16)(x + y);
  o[2] = (__bf16)(x * y);
  o[3] = (__bf16)(y * y - 0.25f);
  o[4] = (__bf16)(float)(i32)(y * 100.0f);
}
