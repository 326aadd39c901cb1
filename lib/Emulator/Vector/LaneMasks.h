//===- LaneMasks.h - masks of 64 lanes --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Masks as bits and as rows, and rows of which some lanes are replaced.
// Compiled once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_LANEMASKS_H
#define MOE_LIB_EMULATOR_VECTOR_LANEMASKS_H

#include "Vector/Lanes.h"

#if defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#endif

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

/// Bit i: lane i of a row of all ones or zeros.
inline uint64_t packMask(const uint32_t *row) {
  uint64_t mask = 0;
#if defined(__AVX512F__)
  for (int i = 0; i < 4; ++i) {
    __m512i x = _mm512_loadu_si512(row + 16 * i);
    mask |= uint64_t(_mm512_test_epi32_mask(x, x)) << (16 * i);
  }
#elif defined(__AVX2__)
  for (int i = 0; i < 8; ++i) {
    __m256 x = _mm256_loadu_ps(reinterpret_cast<const float *>(row + 8 * i));
    mask |= uint64_t(uint32_t(_mm256_movemask_ps(x))) << (8 * i);
  }
#elif defined(__SSE2__)
  for (int i = 0; i < 16; ++i) {
    __m128 x = _mm_loadu_ps(reinterpret_cast<const float *>(row + 4 * i));
    mask |= uint64_t(uint32_t(_mm_movemask_ps(x))) << (4 * i);
  }
#else
  for (int i = 0; i < 64; ++i)
    mask |= uint64_t(row[i] != 0) << i;
#endif
  return mask;
}

#if defined(__AVX512F__)
/// Replaces those of 16 lanes that are set in `lanes`.
MOE_EMU_INLINE void mergeVector(uint32_t *d, const uint32_t *value,
                                uint64_t lanes) {
  _mm512_storeu_si512(d, _mm512_mask_mov_epi32(_mm512_loadu_si512(d),
                                               __mmask16(lanes),
                                               _mm512_loadu_si512(value)));
}
#endif

/// Replaces the lanes of a row that are set in `lanes`. With AVX2 not by
/// blends, of which the compiler makes masked stores, slow on some hosts.
MOE_EMU_INLINE void mergeBits(uint32_t *d, const uint32_t *value,
                              uint64_t lanes) {
#if defined(__AVX512F__)
  for (int row = 0; row < 64; row += 16)
    mergeVector(d + row, value + row, lanes >> row);
#else
  alignas(64) uint32_t mask[64];
  for (int first = 0; first < 64; first += 32) {
    const uint32_t bits = uint32_t(lanes >> first);
    for (int lane = 0; lane < 32; ++lane)
      mask[first + lane] = -((bits >> lane) & 1);
  }
  MOE_LANES d[i] = (value[i] & mask[i]) | (d[i] & ~mask[i]);
#endif
}

/// Replaces the lanes of a row that EXEC has.
[[maybe_unused]] __attribute__((noinline)) void
mergeLanes(uint32_t *d, const uint32_t *value, const Wave &w) {
#if defined(__AVX512F__)
  mergeBits(d, value, w.exec());
#else
  const uint32_t *mask = w.execMask;
  MOE_LANES d[i] = (value[i] & mask[i]) | (d[i] & ~mask[i]);
#endif
}

/// The same, but the upper halves stay.
[[maybe_unused]] __attribute__((noinline)) void
mergeLowHalves(uint32_t *d, const uint32_t *value, const Wave &w) {
  const uint32_t *mask = w.execMask;
  MOE_LANES {
    const uint32_t bits = mask[i] & 0xffffu;
    d[i] = (value[i] & bits) | (d[i] & ~bits);
  }
}

} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // MOE_LIB_EMULATOR_VECTOR_LANEMASKS_H
