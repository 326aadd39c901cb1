// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A transpose of bytes and of dwords through padded LDS, tiles at the edges cut,
// and the LDS array used again for the next tile.
//
// RUN: %opencl %s --out %t
// LAUNCH: kernel=transpose grid=3,2 block=16,16
// ARG: x u32[2660] random
// ARG: y u8[2660] random
// ARG: out u32[2660] zero
// ARG: outy u8[2660] zero

#include "kernel.h"
enum { ROWS = 38, COLS = 70 };

KERNEL void transpose(GLOBAL const u32 *x, GLOBAL const u8 *y, GLOBAL u32 *out, GLOBAL u8 *outy) {
  LOCAL u32 tile[32][33];
  u32 lx = LOCAL_ID(), ly = LOCAL_ID_Y(), cx = GROUP_ID() * 32, cy = GROUP_ID_Y() * 32;
  for (u32 pass = 0; pass != 2; ++pass) {
    for (u32 k = 0; k != 4; ++k) {
      u32 c = cx + lx + k % 2 * 16, r = cy + ly + k / 2 * 16;
      if (r < ROWS && c < COLS)
        tile[r - cy][c - cx] = pass ? y[r * COLS + c] : x[r * COLS + c];
    }
    BARRIER();
    for (u32 k = 0; k != 4; ++k) {
      u32 r = cy + lx + k % 2 * 16, c = cx + ly + k / 2 * 16;
      if (r < ROWS && c < COLS) {
        if (pass)
          outy[c * ROWS + r] = (u8)tile[r - cy][c - cx];
        else
          out[c * ROWS + r] = tile[r - cy][c - cx];
      }
    }
    BARRIER();
  }
}
