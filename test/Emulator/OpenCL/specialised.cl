// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wave specialisation: one wave copies tiles into a ring of three LDS buffers,
// three others work on what arrived before; uneven trip counts.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=specialised grid=3 block=256
// ARG: x u32[4096] random
// ARG: out u32[576] zero
// ARG: tiles i32 7

#include "kernel.h"

KERNEL void specialised(GLOBAL const u32 *x, GLOBAL u32 *out, u32 tiles) {
  LOCAL u32 ring[3][192];
  u32 l = LOCAL_ID(), w = l / 64, g = GROUP_ID(), sum = g;
  u32 count = tiles - g; // 7, 6, 5
  if (w == 0)
    for (u32 i = 0; i != 3; ++i)
      ring[0][i * 64 + l] = x[g * 192 + i * 64 + l];
  BARRIER();
  for (u32 t = 0; t < count; ++t) {
    if (w == 0) {
      if (t + 1 < count)
        for (u32 i = 0; i != 3; ++i)
          ring[(t + 1) % 3][i * 64 + l] = x[((t + 1) * 384 + g * 192 + i * 64 + l) % 4096];
    } else {
      u32 v = ring[t % 3][l - 64], o = ring[t % 3][(l * 7 + t) % 192];
      sum = sum * 33u + (v ^ o >> (t & 31));
    }
    BARRIER();
  }
  if (w)
    out[g * 192 + l - 64] = sum;
}
