// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A bf16 GEMM as tuned kernels do it: LDS-DMA into two buffers, counted vmcnt
// waits, bare barriers, matrix instructions. An odd number of K tiles.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=gemm_async grid=2,3 block=256
// ARG: a bf16[6144] small
// ARG: b bf16[9216] small
// ARG: out f32[6144] zero

#include "kernel.h"
enum { M = 64, N = 96, K = 96, STEP = 32 };

#ifdef __AMDGCN__
typedef float f4 __attribute__((ext_vector_type(4)));
typedef short s4 __attribute__((ext_vector_type(4)));
typedef short s8 __attribute__((ext_vector_type(8)));
typedef __bf16 b8 __attribute__((ext_vector_type(8)));

#ifdef __gfx950__
enum { LOADS = 1, ROWS = 16 };
#define COPY "global_load_lds_dwordx4 %1, off"
#else
enum { LOADS = 4, ROWS = 4 };
#define COPY "global_load_lds_dword %1, off"
#endif

/// 16 rows of 64 bytes into LDS, by one wave.
static void issue(GLOBAL const u16 *rows, u32 target, u32 l) {
  u32 perRow = 64 / ROWS; // lanes
  for (u32 n = 0; n != LOADS; ++n) {
    GLOBAL const u16 *p = rows + (n * ROWS + l / perRow) * K + l % perRow * (32 / perRow);
    u32 m0 = FIRST_LANE(target + n * ROWS * 64);
    __asm__ volatile("s_mov_b32 m0, %0\n\ts_nop 0\n\t" COPY ::"s"(m0), "v"(p) : "memory");
  }
}
#define WAIT(n) __asm__ volatile("s_waitcnt vmcnt(%0)" ::"n"(n) : "memory")
#define BARE_BARRIER() __asm__ volatile("s_waitcnt lgkmcnt(0)\n\ts_barrier" ::: "memory")

KERNEL __attribute__((reqd_work_group_size(256, 1, 1))) void
gemm_async(GLOBAL const u16 *a, GLOBAL const u16 *b, GLOBAL float *out) {
  LOCAL u16 tile[2][2][32 * STEP];
  u32 l = LANE(), w = LOCAL_ID() / 64, m = GROUP_ID() * 32, n = GROUP_ID_Y() * 32;
  GLOBAL const u16 *rows = w < 2 ? a + (m + 16 * w) * K : b + (n + 16 * (w - 2)) * K;
  u32 base = (u32)(size_t)&tile[0][0][0], mine = base + w * 16 * 64;
  issue(rows, mine, l);
  f4 sum = 0;
  for (u32 k = 0; k != K / STEP; ++k) {
    u32 now = k % 2;
    if (k + 1 != K / STEP) {
      issue(rows + (k + 1) * STEP, mine + (1 - now) * 4096, l);
      WAIT(LOADS);
    } else {
      WAIT(0);
    }
    BARE_BARRIER();
    LOCAL const u16 *ta = tile[now][0] + (w % 2 * 16 + l % 16) * STEP;
    LOCAL const u16 *tb = tile[now][1] + (w / 2 * 16 + l % 16) * STEP;
#ifdef __gfx950__
    b8 fa = *(LOCAL const b8 *)(ta + l / 16 * 8), fb = *(LOCAL const b8 *)(tb + l / 16 * 8);
    sum = __builtin_amdgcn_mfma_f32_16x16x32_bf16(fa, fb, sum, 0, 0, 0);
#else
    for (u32 h = 0; h != 2; ++h) {
      s4 fa = *(LOCAL const s4 *)(ta + h * 16 + l / 16 * 4), fb = *(LOCAL const s4 *)(tb + h * 16 + l / 16 * 4);
      sum = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(fa, fb, sum, 0, 0, 0);
    }
#endif
    BARE_BARRIER();
  }
  for (u32 r = 0; r != 4; ++r)
    out[(m + w % 2 * 16 + l / 16 * 4 + r) * N + n + w / 2 * 16 + l % 16] = sum[r];
}

#else

static float value(u16 bits) {
  union { u32 u; float f; } v;
  v.u = (u32)bits << 16;
  return v.f;
}
KERNEL void gemm_async(GLOBAL const u16 *a, GLOBAL const u16 *b, GLOBAL float *out) {
  for (u32 e = LOCAL_ID(); e != LOCAL_ID() + 1024; e += 256) {
    u32 m = GROUP_ID() * 32 + e / 32, n = GROUP_ID_Y() * 32 + e % 32;
    float sum = 0;
    for (u32 k = 0; k != K; ++k)
      sum += value(a[m * K + k]) * value(b[n * K + k]);
    out[m * N + n] = sum;
  }
}
#endif
