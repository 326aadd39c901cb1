// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 8- and 16-bit loads, stores and arithmetic, unaligned words, bit fields.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=bytes grid=2 block=128
// ARG: a u8[1032] random
// ARG: b u16[256] random
// ARG: out u8[1024] zero
// ARG: outHalf u16[512] zero
// ARG: outWord u32[512] zero

#include "kernel.h"

KERNEL void bytes(GLOBAL const u8 *a, GLOBAL const u16 *b, GLOBAL u8 *out,
                  GLOBAL u16 *outHalf, GLOBAL u32 *outWord) {
  u32 i = GROUP_ID() * 128 + LOCAL_ID();
  for (u32 n = 0; n < 4; ++n) {
    u32 v = a[4 * i + n];
    out[4 * i + n] = (u8)(v * 7 + (v >> 3) + (u8)(b[i] >> n));
  }
  i16 s = (i16)b[i];
  i8 t = (i8)a[4 * i + 1];
  outHalf[2 * i] = (u16)(s / 3 + t);
  outHalf[2 * i + 1] = (u16)((u16)s > 1000 ? s * t : s >> 2);
  u32 word;
  __builtin_memcpy(&word, (GLOBAL const u8 *)a + 4 * i + 3, 4);
  outWord[2 * i] = word;
  outWord[2 * i + 1] = (word >> 5 & 0x7ff) | (u32)((i32)(word << 9) >> 20) << 11;
}
