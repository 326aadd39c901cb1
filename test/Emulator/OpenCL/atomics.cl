// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer atomics with and without the old value, in memory and in LDS.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=atomics grid=8 block=256
// ARG: x u32[2048] random
// ARG: out u32[64] index
// ARG: outSigned i32[16] zero
// ARG: outFloat f32[16] zero

#include "kernel.h"

KERNEL void atomics(GLOBAL const u32 *x, GLOBAL u32 *out,
                    GLOBAL i32 *outSigned, GLOBAL float *outFloat) {
  LOCAL u32 bins[16];
  u32 l = LOCAL_ID(), i = GROUP_ID() * 256 + l;
  if (l < 16)
    bins[l] = 0;
  BARRIER();
  u32 v = x[i], bin = v % 16;
  LOCAL_ATOMIC(uint, add, &bins[bin], 1u);
  ATOMIC(uint, add, &out[bin], v);
  ATOMIC(uint, xor, &out[16 + bin], v);
  ATOMIC(uint, max, &out[32 + bin], v);
  if (v % 3 == 0)
    ATOMIC(uint, or, &out[48], 1u << bin);
  ATOMIC(int, min, &outSigned[bin], (i32)v);
#ifdef __AMDGCN__
  __builtin_amdgcn_global_atomic_fadd_f32(&outFloat[bin], (float)(v % 64));
#else
  outFloat[bin] += (float)(v % 64);
#endif
  BARRIER();
  if (l < 16)
    ATOMIC(uint, add, &out[49 + l % 8], bins[l] * (l + 1));
  // Everyone gets a ticket; their sum does not depend on the order.
  u32 ticket = ATOMIC(uint, add, &out[57], 1u);
  ATOMIC(uint, add, &out[58], ticket);
}
