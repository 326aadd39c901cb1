//===- ValuInt.cpp - rows of ValuInt.def ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a lane kernel and a table row of every line of ValuInt.def. Compiled
// once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDirect.h"
#include "Vector/ValuHelpers.h"

namespace moe::emulator::MOE_EMU_VARIANT {

#define OP(name, D, A, B, C, flags, expr)                                      \
  MOE_VALU_KERNEL(name, _int, D, A, B, C, expr)
#include "Vector/ValuInt.def"
#undef OP

#if defined(__AVX2__)
// v_perm_b32 with byte shuffles: selectors 0 to 7 pick a byte of b, a; 8 to 11
// the sign of a half of them, 12 is zero, above is 255.

#if defined(__AVX512F__)
/// Bytes of 16 lanes by selectors of which bits 1:0 count; those of `a` where
/// bit 2 is set.
static MOE_EMU_INLINE __m512i permuteBytes(__m512i a, __m512i b, __m512i s) {
  const __m512i base = _mm512_broadcast_i32x4(
      _mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c));
  const __m512i at =
      _mm512_or_si512(_mm512_and_si512(s, _mm512_set1_epi8(3)), base);
  return _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(b, at),
                                  _mm512_movepi8_mask(_mm512_slli_epi32(s, 5)),
                                  a, at);
}
/// The same with selectors above 7.
static __attribute__((noinline)) __m512i permuteAny(__m512i a, __m512i b,
                                                    __m512i s) {
  auto atLeast = [&](int least) {
    return _mm512_cmpge_epu8_mask(s, _mm512_set1_epi8(char(least)));
  };
  // Selectors of the upper byte of a half, whose sign all of it has.
  const __m512i halves = _mm512_add_epi8(s, s);
  __m512i r = permuteBytes(a, b, s);
  r = _mm512_mask_mov_epi8(
      r, atLeast(8),
      permuteBytes(_mm512_srai_epi16(a, 15), _mm512_srai_epi16(b, 15), halves));
  r = _mm512_mask_mov_epi8(r, atLeast(12), _mm512_setzero_si512());
  return _mm512_mask_mov_epi8(r, atLeast(13), _mm512_set1_epi8(-1));
}
template <int N, unsigned Scalars>
static MOE_EMU_INLINE void permuteLanes(uint32_t *d, const uint32_t *const p[3],
                                        const uint32_t scalars[3]) {
  auto source = [&](unsigned k, int j) {
    return Scalars >> k & 1 ? _mm512_set1_epi32(int(scalars[k]))
                            : _mm512_loadu_si512(p[k] + j);
  };
  __m512i all = source(2, 0);
  for (int j = 16; j < N; j += 16)
    all = _mm512_or_si512(all, source(2, j));
  const bool bytes = !_mm512_test_epi8_mask(all, _mm512_set1_epi8(char(0xf8)));
  for (int j = 0; j < N; j += 16) {
    const __m512i a = source(0, j), b = source(1, j), s = source(2, j);
    _mm512_storeu_si512(d + j,
                        bytes ? permuteBytes(a, b, s) : permuteAny(a, b, s));
  }
}
#else
template <int N, unsigned Scalars>
static MOE_EMU_INLINE void permuteLanes(uint32_t *d, const uint32_t *const p[3],
                                        const uint32_t scalars[3]) {
  const __m256i base = _mm256_broadcastsi128_si256(
      _mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c));
  auto bytes = [](int x) { return _mm256_set1_epi8(char(x)); };
  auto atLeast = [&](__m256i x, int least) {
    return _mm256_cmpeq_epi8(_mm256_max_epu8(x, bytes(least)), x);
  };
  for (int j = 0; j < N; j += 8) {
    auto source = [&](unsigned k) {
      return Scalars >> k & 1
                 ? _mm256_set1_epi32(int(scalars[k]))
                 : _mm256_loadu_si256(
                       reinterpret_cast<const __m256i *>(p[k] + j));
    };
    __m256i a = source(0), b = source(1), s = source(2);
    __m256i at = _mm256_or_si256(_mm256_and_si256(s, bytes(3)), base);
    __m256i r =
        _mm256_blendv_epi8(_mm256_shuffle_epi8(b, at),
                           _mm256_shuffle_epi8(a, at), _mm256_slli_epi32(s, 5));
    if (!_mm256_testz_si256(s, bytes(0xf8))) {
      at = _mm256_and_si256(_mm256_add_epi8(s, s), bytes(2));
      at = _mm256_or_si256(at, base);
      __m256i sign =
          _mm256_blendv_epi8(_mm256_shuffle_epi8(_mm256_srai_epi16(b, 15), at),
                             _mm256_shuffle_epi8(_mm256_srai_epi16(a, 15), at),
                             _mm256_slli_epi32(s, 6));
      r = _mm256_blendv_epi8(r, sign, atLeast(s, 8));
      r = _mm256_andnot_si256(atLeast(s, 12), r);
      r = _mm256_or_si256(r, atLeast(s, 13));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(d + j), r);
  }
}
#endif
namespace {
#define PERMUTE(N)                                                             \
  template <>                                                                  \
  MOE_EMU_INLINE void runLanes<op_v_perm_b32_int, N, false>(                   \
      uint32_t *d, const Source &a, const Source &b, const Source &c,          \
      uint64_t, int first, const LaneIO &) {                                   \
    const uint32_t *const p[3] = {a.p + first * a.step, b.p + first * b.step,  \
                                  c.p + first * c.step};                       \
    permuteLanes<N, 0>(d + first, p, nullptr);                                 \
  }
PERMUTE(16)
PERMUTE(64)
#undef PERMUTE
#define PERMUTE(Scalars)                                                       \
  template <>                                                                  \
  MOE_EMU_INLINE void runScalarLanes<op_v_perm_b32_int, 64, Scalars>(          \
      uint32_t *d, const uint32_t *const p[3], const uint32_t scalars[3],      \
      uint64_t, int, const LaneIO &) {                                         \
    permuteLanes<64, Scalars>(d, p, scalars);                                  \
  }
PERMUTE(1)
PERMUTE(2)
PERMUTE(3)
PERMUTE(4)
PERMUTE(5)
PERMUTE(6)
#undef PERMUTE
} // namespace
#endif

extern const ValuRow rowsInt[];
extern const size_t rowsIntCount;

const ValuRow rowsInt[] = {
#define OP(name, D, A, B, C, flags, expr) MOE_VALU_ROW(name, _int, flags),
#include "Vector/ValuInt.def"
#undef OP
};
const size_t rowsIntCount = sizeof(rowsInt) / sizeof(rowsInt[0]);

} // namespace moe::emulator::MOE_EMU_VARIANT
