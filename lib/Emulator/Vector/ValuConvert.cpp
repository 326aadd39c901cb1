//===- ValuConvert.cpp - rows of ValuConvert.def --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a lane kernel and a table row of every line of ValuConvert.def.
// Compiled once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDirect.h"
#include "Vector/ValuHelpers.h"

namespace moe::emulator::MOE_EMU_VARIANT {

#define OP(name, D, A, B, C, flags, expr)                                      \
  MOE_VALU_KERNEL(name, _convert, D, A, B, C, expr)
#include "Vector/ValuConvert.def"
#undef OP

// v_cvt_pkrtz_f16_f32 by the host's conversion, which rounds towards zero and
// keeps the payloads of NaN as the row's expression does.
#if defined(__F16C__)
template <int N>
static MOE_EMU_INLINE void packTowardsZero(uint32_t *d, const uint32_t *a,
                                           const uint32_t *b) {
  for (int j = 0; j < N; j += 8) {
    auto halves = [&](const uint32_t *p) {
      return _mm256_cvtps_ph(
          _mm256_loadu_ps(reinterpret_cast<const float *>(p)),
          _MM_FROUND_TO_ZERO);
    };
    __m128i low = halves(a + j), high = halves(b + j);
    auto to = reinterpret_cast<__m128i *>(d + j);
    _mm_storeu_si128(to, _mm_unpacklo_epi16(low, high));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi16(low, high));
  }
}
namespace {
template <>
MOE_EMU_INLINE void runLanes<op_v_cvt_pkrtz_f16_f32_convert, 64, false>(
    uint32_t *d, const Source &a, const Source &b, const Source &, uint64_t,
    int first, const LaneIO &) {
  packTowardsZero<64>(d + first, a.p + first * a.step, b.p + first * b.step);
}
} // namespace
#endif

extern const ValuRow rowsConvert[];
extern const size_t rowsConvertCount;

const ValuRow rowsConvert[] = {
#define OP(name, D, A, B, C, flags, expr) MOE_VALU_ROW(name, _convert, flags),
#include "Vector/ValuConvert.def"
#undef OP
};
const size_t rowsConvertCount = sizeof(rowsConvert) / sizeof(rowsConvert[0]);

} // namespace moe::emulator::MOE_EMU_VARIANT
