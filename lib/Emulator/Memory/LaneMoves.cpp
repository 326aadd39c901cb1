//===- LaneMoves.cpp - 64 lanes between registers and memory --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bodies of the loops, instantiated once for each host instruction set, and
// the choice among these at run time.
//
//===----------------------------------------------------------------------===//

#include "Memory/LaneMoves.h"

#include "Math/HostVectors.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace moe::emulator {
namespace {

MOE_EMU_INLINE bool outsideBody(const uint32_t *at, uint32_t low, uint32_t span,
                                const uint32_t *mask) {
  uint32_t found = 0;
  for (unsigned lane = 0; lane < 64; ++lane)
    found |= (at[lane] - low > span ? ~0u : 0u) & mask[lane];
  return found;
}

MOE_EMU_INLINE void offsetsBody(uint32_t *to, const uint32_t *at, uint32_t add,
                                uint32_t other, const uint32_t *mask) {
  for (unsigned lane = 0; lane < 64; ++lane)
    to[lane] = ((at[lane] + add) & mask[lane]) | (other & ~mask[lane]);
}

MOE_EMU_INLINE void mergeBody(uint32_t *row, const uint32_t *value,
                              const uint32_t *mask) {
  for (unsigned lane = 0; lane < 64; ++lane)
    row[lane] = (value[lane] & mask[lane]) | (row[lane] & ~mask[lane]);
}

MOE_EMU_INLINE bool followBody(const uint32_t *at, uint32_t step) {
  uint32_t differ = 0;
  for (uint32_t lane = 0; lane < 64; ++lane)
    differ |= at[lane] ^ (at[0] + step * lane);
  return !differ;
}

/// N dwords a lane.
template <unsigned N>
MOE_EMU_INLINE void loadBody(Row *rows, const uint8_t *host,
                             const uint32_t *at) {
  for (unsigned lane = 0; lane < 64; ++lane) {
    uint32_t values[N];
    memcpy(values, host + at[lane], 4 * N);
    for (unsigned k = 0; k < N; ++k)
      rows[k][lane] = values[k];
  }
}
template <unsigned N>
MOE_EMU_INLINE void storeBody(const Row *rows, uint8_t *host,
                              const uint32_t *at) {
  for (unsigned lane = 0; lane < 64; ++lane) {
    uint32_t values[N];
    for (unsigned k = 0; k < N; ++k)
      values[k] = rows[k][lane];
    memcpy(host + at[lane], values, 4 * N);
  }
}

#if defined(__x86_64__)

/// Rows of four values to columns, and back, in each 128 bits.
MOE_EMU_INLINE void transpose(__m128i x[4]) {
  __m128i a = _mm_unpacklo_epi32(x[0], x[1]),
          b = _mm_unpackhi_epi32(x[0], x[1]);
  __m128i c = _mm_unpacklo_epi32(x[2], x[3]),
          d = _mm_unpackhi_epi32(x[2], x[3]);
  x[0] = _mm_unpacklo_epi64(a, c);
  x[1] = _mm_unpackhi_epi64(a, c);
  x[2] = _mm_unpacklo_epi64(b, d);
  x[3] = _mm_unpackhi_epi64(b, d);
}
MOE_EMU_INLINE __m128i quadAt(const void *p) {
  return _mm_loadu_si128(static_cast<const __m128i *>(p));
}

template <>
MOE_EMU_INLINE void loadBody<4>(Row *rows, const uint8_t *host,
                                const uint32_t *at) {
  for (unsigned lane = 0; lane < 64; lane += 4) {
    __m128i x[4];
    for (unsigned k = 0; k < 4; ++k)
      x[k] = quadAt(host + at[lane + k]);
    transpose(x);
    for (unsigned k = 0; k < 4; ++k)
      _mm_store_si128(reinterpret_cast<__m128i *>(&rows[k][lane]), x[k]);
  }
}
template <>
MOE_EMU_INLINE void storeBody<4>(const Row *rows, uint8_t *host,
                                 const uint32_t *at) {
  for (unsigned lane = 0; lane < 64; lane += 4) {
    __m128i x[4];
    for (unsigned k = 0; k < 4; ++k)
      x[k] = quadAt(&rows[k][lane]);
    transpose(x);
    for (unsigned k = 0; k < 4; ++k)
      _mm_storeu_si128(reinterpret_cast<__m128i *>(host + at[lane + k]), x[k]);
  }
}
template <>
MOE_EMU_INLINE void loadBody<2>(Row *rows, const uint8_t *host,
                                const uint32_t *at) {
  for (unsigned lane = 0; lane < 64; lane += 4) {
    __m128i x[4];
    for (unsigned k = 0; k < 4; ++k)
      x[k] = _mm_loadl_epi64(
          reinterpret_cast<const __m128i *>(host + at[lane + k]));
    __m128i a = _mm_unpacklo_epi32(x[0], x[1]);
    __m128i b = _mm_unpacklo_epi32(x[2], x[3]);
    _mm_store_si128(reinterpret_cast<__m128i *>(&rows[0][lane]),
                    _mm_unpacklo_epi64(a, b));
    _mm_store_si128(reinterpret_cast<__m128i *>(&rows[1][lane]),
                    _mm_unpackhi_epi64(a, b));
  }
}
template <>
MOE_EMU_INLINE void storeBody<2>(const Row *rows, uint8_t *host,
                                 const uint32_t *at) {
  for (unsigned lane = 0; lane < 64; lane += 4) {
    __m128i a = quadAt(&rows[0][lane]), b = quadAt(&rows[1][lane]);
    __m128i low = _mm_unpacklo_epi32(a, b), high = _mm_unpackhi_epi32(a, b);
    auto to = [&](unsigned k) {
      return reinterpret_cast<__m128i *>(host + at[lane + k]);
    };
    _mm_storel_epi64(to(0), low);
    _mm_storel_epi64(to(1), _mm_unpackhi_epi64(low, low));
    _mm_storel_epi64(to(2), high);
    _mm_storel_epi64(to(3), _mm_unpackhi_epi64(high, high));
  }
}

#define MOE_AVX2 __attribute__((target("avx2")))
#define MOE_AVX512                                                             \
  __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2")))

/// Eight lanes of four dwords at a time: vector k holds lanes k and 4 + k, so
/// that transposing both halves gives rows. Wider vectors are not faster.
MOE_AVX2 void loadQuadsAvx2(Row *rows, const uint8_t *host,
                            const uint32_t *at) {
  for (unsigned lane = 0; lane < 64; lane += 8) {
    __m256i x[4];
    for (unsigned k = 0; k < 4; ++k) {
      const uint32_t *o = at + lane + k;
      x[k] = _mm256_inserti128_si256(
          _mm256_castsi128_si256(quadAt(host + o[0])), quadAt(host + o[4]), 1);
    }
    __m256i a = _mm256_unpacklo_epi32(x[0], x[1]),
            b = _mm256_unpackhi_epi32(x[0], x[1]),
            c = _mm256_unpacklo_epi32(x[2], x[3]),
            d = _mm256_unpackhi_epi32(x[2], x[3]);
    auto to = [&](unsigned k) {
      return reinterpret_cast<__m256i *>(&rows[k][lane]);
    };
    _mm256_store_si256(to(0), _mm256_unpacklo_epi64(a, c));
    _mm256_store_si256(to(1), _mm256_unpackhi_epi64(a, c));
    _mm256_store_si256(to(2), _mm256_unpacklo_epi64(b, d));
    _mm256_store_si256(to(3), _mm256_unpackhi_epi64(b, d));
  }
}
#else
#define MOE_AVX2
#endif

// A set of functions whose bodies are compiled for one host instruction set.
#define MOE_LANE_MOVES(name, target)                                           \
  target bool outside##name(const uint32_t *at, uint32_t low, uint32_t span,   \
                            const uint32_t *mask) {                            \
    return outsideBody(at, low, span, mask);                                   \
  }                                                                            \
  target void offsets##name(uint32_t *to, const uint32_t *at, uint32_t add,    \
                            uint32_t other, const uint32_t *mask) {            \
    offsetsBody(to, at, add, other, mask);                                     \
  }                                                                            \
  target void merge##name(uint32_t *row, const uint32_t *value,                \
                          const uint32_t *mask) {                              \
    mergeBody(row, value, mask);                                               \
  }                                                                            \
  target bool follow##name(const uint32_t *at, uint32_t step) {                \
    return followBody(at, step);                                               \
  }                                                                            \
  template <unsigned N>                                                        \
  target void load##name(Row *rows, const uint8_t *host, const uint32_t *at) { \
    loadBody<N>(rows, host, at);                                               \
  }                                                                            \
  template <unsigned N>                                                        \
  target void store##name(const Row *rows, uint8_t *host,                      \
                          const uint32_t *at) {                                \
    storeBody<N>(rows, host, at);                                              \
  }

MOE_LANE_MOVES(Base, )
constexpr LaneMoves baseMoves = {outsideBase,
                                 followBase,
                                 offsetsBase,
                                 mergeBase,
                                 {loadBase<1>, loadBase<2>, loadBase<4>},
                                 {storeBase<1>, storeBase<2>, storeBase<4>}};
#if defined(__x86_64__)
MOE_LANE_MOVES(Avx2, MOE_AVX2)
constexpr LaneMoves avx2Moves = {outsideAvx2,
                                 followAvx2,
                                 offsetsAvx2,
                                 mergeAvx2,
                                 {loadAvx2<1>, loadAvx2<2>, loadQuadsAvx2},
                                 {storeAvx2<1>, storeAvx2<2>, storeAvx2<4>}};
MOE_LANE_MOVES(Avx512, MOE_AVX512)
constexpr LaneMoves avx512Moves = {
    outsideAvx512,
    followAvx512,
    offsetsAvx512,
    mergeAvx512,
    {loadAvx512<1>, loadAvx512<2>, loadQuadsAvx2},
    {storeAvx512<1>, storeAvx512<2>, storeAvx512<4>}};
#endif

/// The sets from the baseline up to `most`.
std::vector<const LaneMoves *> upTo(math::HostVectors most) {
  std::vector<const LaneMoves *> sets = {&baseMoves};
#if defined(__x86_64__)
  if (most >= math::HostVectors::Avx2)
    sets.push_back(&avx2Moves);
  if (most >= math::HostVectors::Avx512)
    sets.push_back(&avx512Moves);
#endif
  return sets;
}

} // namespace

const LaneMoves &laneMoves() {
  static const LaneMoves &chosen = *upTo(math::hostVectors()).back();
  return chosen;
}

std::vector<const LaneMoves *> allLaneMoves() {
  return upTo(math::bestHostVectors());
}

} // namespace moe::emulator
