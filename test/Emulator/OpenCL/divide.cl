// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 32-bit quotients and the correctly rounded f32 and f64 ones.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=divide grid=8 block=128
// ARG: a u32[1024] random
// ARG: b u32[1024] divisor
// ARG: x f32[1024] finite
// ARG: y f32[1024] finite
// ARG: outInt u32[4096] zero
// ARG: outFloat f32[3072] zero nan
// ARG: outDouble f64[2048] zero nan

#include "kernel.h"

KERNEL void divide(GLOBAL const u32 *a, GLOBAL const u32 *b,
                   GLOBAL const float *x, GLOBAL const float *y,
                   GLOBAL u32 *outInt, GLOBAL float *outFloat,
                   GLOBAL double *outDouble) {
  u32 i = GROUP_ID() * 128 + LOCAL_ID();
  outInt[4 * i] = a[i] / b[i];
  outInt[4 * i + 1] = a[i] % b[i];
  outInt[4 * i + 2] = b[i] == ~0u ? 0 : (u32)((i32)a[i] / (i32)b[i]);
  outInt[4 * i + 3] = b[i] == ~0u ? 0 : (u32)((i32)a[i] % (i32)b[i]);
  outFloat[3 * i] = x[i] / y[i];
  outFloat[3 * i + 1] = __builtin_sqrtf(__builtin_fabsf(x[i]));
  outFloat[3 * i + 2] = 1.0f / y[i];
  outDouble[2 * i] = (double)x[i] / (double)y[i];
  outDouble[2 * i + 1] = __builtin_sqrt(__builtin_fabs((double)x[i])) / 3.0;
}
