// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions and scans with DPP, then across waves through LDS.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=dpp grid=2 block=256
// ARG: x u32[512] random
// ARG: out u32[1024] zero

#include "kernel.h"

#ifdef __AMDGCN__
#define DPP(old, value, control) ((u32)__builtin_amdgcn_update_dpp((i32)(old), (i32)(value), control, 0xf, 0xf, false))
#define XOR1(v) DPP(0, v, 0xb1)
#define XOR2(v) DPP(0, v, 0x4e)
#define MIRROR8(v) DPP(0, v, 0x141)
#define MIRROR16(v) DPP(0, v, 0x140)
#define UP1(v, o) DPP(o, v, 0x111)
#else
#define XOR1(v) native_shuffle(v, LANE() ^ 1)
#define XOR2(v) native_shuffle(v, LANE() ^ 2)
#define MIRROR8(v) native_shuffle(v, LANE() ^ 7)
#define MIRROR16(v) native_shuffle(v, LANE() ^ 15)
static u32 UP1(u32 v, u32 o) {
  u32 r = native_shuffle(v, LANE() - 1);
  return LANE() % 16 ? r : o;
}
#endif

KERNEL void dpp(GLOBAL const u32 *x, GLOBAL u32 *out) {
  LOCAL u32 rows[16];
  u32 l = LOCAL_ID(), i = GROUP_ID() * 256 + l, v = x[i];
  u32 sum = v;
  sum += XOR1(sum);
  sum += XOR2(sum);
  sum += MIRROR8(sum);
  sum += MIRROR16(sum);
  if (l % 16 == 0)
    rows[l / 16] = sum;
  u32 high = v;
  u32 other = XOR1(high);
  high = high > other ? high : other;
  other = XOR2(high);
  high = high > other ? high : other;
  BARRIER();
  u32 total = 0;
  for (u32 r = 0; r != 16; ++r)
    total = total * 3u + rows[(r + l) % 16];
  out[2 * i] = total ^ high;
  out[2 * i + 1] = UP1(v, 77u) + UP1(sum, v);
}
