// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vectors of loads and stores, and arithmetic on 128-bit pieces.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=wide grid=4 block=64
// ARG: x u32[1024] random
// ARG: out u32[1024] zero
// ARG: outByte u8[256] zero

#include "kernel.h"

typedef u32 u32x4 __attribute__((ext_vector_type(4)));

KERNEL void wide(GLOBAL const u32x4 *x, GLOBAL u32x4 *out, GLOBAL u8 *outByte) {
  u32 i = GROUP_ID() * 64 + LOCAL_ID();
  u32x4 v = x[i], w = x[(i * 7 + 3) % 256];
  u32x4 r = v * w + (v >> 3);
  r.x ^= w.w;
  r.z = v.y < w.y ? r.x : r.w;
  out[i] = r;
  outByte[i] = (u8)(r.x + r.y + r.z + r.w);
}
