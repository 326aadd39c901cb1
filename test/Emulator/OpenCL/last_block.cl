// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Partial sums of all workgroups, added by the one that finishes last; within a
// workgroup the waves hand theirs over through global memory.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=last_block grid=5 block=256
// ARG: x u32[1280] random
// ARG: outcount u32[1] zero
// ARG: outpart u32[20] zero
// ARG: outgroup u32[5] zero
// ARG: out u32[2] zero

#include "kernel.h"

#ifdef __AMDGCN__
#define DEVICE_FENCE(order) __builtin_amdgcn_fence(order, "agent")
#define GROUP_FENCE(order) __builtin_amdgcn_fence(order, "workgroup")
#define BARE_BARRIER() __builtin_amdgcn_s_barrier()
#else
#define DEVICE_FENCE(order)
#define GROUP_FENCE(order)
#define BARE_BARRIER() native_barrier()
#endif

KERNEL void last_block(GLOBAL const u32 *x, GLOBAL u32 *count, GLOBAL u32 *part, GLOBAL u32 *group, GLOBAL u32 *out) {
  LOCAL u32 last[1];
  u32 l = LOCAL_ID(), g = GROUP_ID(), w = l / 64;
  u32 sum = x[g * 256 + l];
  for (u32 step = 32; step; step >>= 1)
    sum += SHUFFLE(sum, (LANE() + step) % 64);
  if (LANE() == 0)
    part[g * 4 + w] = sum;
  GROUP_FENCE(__ATOMIC_RELEASE);
  BARE_BARRIER();
  GROUP_FENCE(__ATOMIC_ACQUIRE);
  if (l == 0) {
    group[g] = part[g * 4] + part[g * 4 + 1] + part[g * 4 + 2] + part[g * 4 + 3];
    DEVICE_FENCE(__ATOMIC_RELEASE);
    last[0] = ATOMIC(uint, add, count, 1u) == 4;
    DEVICE_FENCE(__ATOMIC_ACQUIRE);
  }
  BARRIER();
  if (last[0]) {
    if (l == 0) {
      u32 all = 0;
      for (u32 i = 0; i != 5; ++i)
        all = all * 31u + group[i];
      out[0] = all;
      out[1] = g < 5;
    }
  }
}
