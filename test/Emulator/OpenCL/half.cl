// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// f16 arithmetic, each operation rounded once, denormals and overflow kept.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=halves grid=4 block=256
// ARG: a f16[1024] finite
// ARG: b f16[1024] unit
// ARG: f f32[1024] finite
// ARG: out f16[10240] zero nan

#include "kernel.h"

KERNEL void halves(GLOBAL const f16 *a, GLOBAL const f16 *b,
                   GLOBAL const float *f, GLOBAL f16 *out) {
  u32 i = GROUP_ID() * 256 + LOCAL_ID();
  f16 x = a[i], y = b[i];
  GLOBAL f16 *o = out + 10 * i;
  o[0] = x + y;
  o[1] = x - y;
  o[2] = x * y;
  o[3] = (f16)f[i];
  o[4] = x > y ? x : y;
  o[5] = (f16)((float)x * (float)y + 1.0f);
  o[6] = -x;
  o[7] = (f16)(i32)((float)y * 3.0f);
  o[8] = x * x + y * y;
  // Pairs invite packed instructions.
  f16 p = a[i ^ 1] * y, q = a[i ^ 2] * y;
  o[9] = p - q;
}
