//===- ValuFloat.cpp - rows of ValuFloat.def ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Makes a lane kernel and a table row of every line of ValuFloat.def. Compiled
// once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDirect.h"
#include "Vector/ValuHelpers.h"

namespace moe::emulator::MOE_EMU_VARIANT {

#define OP(name, D, A, B, C, flags, expr)                                      \
  MOE_VALU_KERNEL(name, _float, D, A, B, C, expr)
#include "Vector/ValuFloat.def"
#undef OP

namespace {
#if defined(__AVX512DQ__)
/// vrangeps has IEEE mode's rules: a signalling NaN comes out quiet, the first
/// source's before the second's, a quiet one loses, and -0 is below +0.
template <int Range>
struct RangeOfTwo {
  static constexpr bool exists = true;
  static bool suits(const LaneIO &io) { return io.ieee; }
  static MOE_EMU_INLINE void run(uint32_t *d, const uint32_t *a,
                                 const uint32_t *b) {
    _mm512_storeu_ps(
        d, _mm512_range_ps(_mm512_loadu_ps(a), _mm512_loadu_ps(b), Range));
  }
};
template <>
struct HostInstruction<op_v_min_f32_float> : RangeOfTwo<4> {};
template <>
struct HostInstruction<op_v_max_f32_float> : RangeOfTwo<5> {};
#endif

/// A function of each lane of a row, in four vectors at once, since one by one
/// its long chain of dependent operations is waited for.
template <class Op, typename Function>
MOE_EMU_INLINE void runTogether(uint32_t *d, const uint32_t *a, Function f) {
  _Pragma(
      "clang loop vectorize(assume_safety) interleave_count(4)") for (int i = 0;
                                                                      i < 64;
                                                                      ++i)
      Op::D::put(d, i, f(Op::A::get(a, i)));
}

/// Whether all lanes of a row are usual numbers. Then none is asked for special
/// values one by one. A denormal f16 is no denormal f32.
template <class Op>
MOE_EMU_INLINE bool areUsual(const uint32_t *a) {
  uint32_t others = 0;
  if constexpr (Op::A::id == ValueType::F16)
    MOE_LANES others |= (a[i] & 0xffffu) - 1 < 0x7bffu ? 0 : 1;
  else
    MOE_LANES others |= isUsual(a[i]) ? 0 : 1;
  return !others;
}

#define MOE_TOGETHER(name, usual, any)                                         \
  template <>                                                                  \
  MOE_EMU_INLINE void runLanes<op_##name##_float, 64, false>(                  \
      uint32_t *d, const Source &a, const Source &, const Source &, uint64_t,  \
      int, const LaneIO &) {                                                   \
    using Op = op_##name##_float;                                              \
    if (usual != any && areUsual<Op>(a.p))                                     \
      runTogether<Op>(d, a.p, [](float x) { return usual(x); });               \
    else                                                                       \
      runTogether<Op>(d, a.p, [](float x) { return any(x); });                 \
  }
MOE_TOGETHER(v_exp_f32, exp2Of, exp2Of)
MOE_TOGETHER(v_log_f32, log2OfUsual, log2Of)
MOE_TOGETHER(v_rsq_f32, rsqOfUsual, rsqOf)
MOE_TOGETHER(v_sin_f32, sinTurns, sinTurns)
MOE_TOGETHER(v_cos_f32, cosTurns, cosTurns)
MOE_TOGETHER(v_exp_f16, exp2Of, exp2Of)
MOE_TOGETHER(v_log_f16, log2OfUsual, log2Of)
MOE_TOGETHER(v_rsq_f16, rsqOfUsual, rsqOf)
MOE_TOGETHER(v_sin_f16, sinTurns, sinTurns)
MOE_TOGETHER(v_cos_f16, cosTurns, cosTurns)
#undef MOE_TOGETHER
} // namespace

extern const ValuRow rowsFloat[];
extern const size_t rowsFloatCount;

const ValuRow rowsFloat[] = {
#define OP(name, D, A, B, C, flags, expr) MOE_VALU_ROW(name, _float, flags),
#include "Vector/ValuFloat.def"
#undef OP
};
const size_t rowsFloatCount = sizeof(rowsFloat) / sizeof(rowsFloat[0]);

} // namespace moe::emulator::MOE_EMU_VARIANT
