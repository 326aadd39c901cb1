// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One instance of the matrix kernels for each set of vector extensions, and the
// choice among them at run time. All give the same bits: a fused multiply-add
// is one whether the CPU or the C library does it.

#include "Math/MfmaKernels.h"
#include "Math/HostVectors.h"

namespace moe::emulator::math::detail {

namespace {

void unpackPlain(Packed type, const RegRow *regs, unsigned items,
                 ItemRow *out) {
  unpackBody(type, regs, items, out);
}
void gemmF32Plain(const MfmaJob &job) { gemmBody<float, 4>(job); }
void gemmBf16Plain(const MfmaJob &job) { gemmBf16Body<4>(job); }
void gemmI32Plain(const MfmaJob &job) { gemmBody<uint32_t, 4>(job); }
void sparseF32Plain(const MfmaJob &job) { sparseBody<float>(job); }
void sparseI32Plain(const MfmaJob &job) { sparseBody<uint32_t>(job); }
constexpr MfmaKernels plain = {unpackPlain,  gemmF32Plain,   gemmBf16Plain,
                               gemmI32Plain, sparseF32Plain, sparseI32Plain};

#if defined(__x86_64__)
#define MOE_AVX2 __attribute__((target("avx2,fma")))
#define MOE_AVX512                                                             \
  __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")))

MOE_AVX2 void unpackAvx2(Packed type, const RegRow *regs, unsigned items,
                         ItemRow *out) {
  unpackBody(type, regs, items, out);
}
MOE_AVX2 void gemmF32Avx2(const MfmaJob &job) { gemmBody<float, 4>(job); }
MOE_AVX2 void gemmBf16Avx2(const MfmaJob &job) { gemmBf16Body<4>(job); }
MOE_AVX2 void gemmI32Avx2(const MfmaJob &job) { gemmBody<uint32_t, 4>(job); }
MOE_AVX2 void sparseF32Avx2(const MfmaJob &job) { sparseBody<float>(job); }
MOE_AVX2 void sparseI32Avx2(const MfmaJob &job) { sparseBody<uint32_t>(job); }
constexpr MfmaKernels avx2 = {unpackAvx2,  gemmF32Avx2,   gemmBf16Avx2,
                              gemmI32Avx2, sparseF32Avx2, sparseI32Avx2};

MOE_AVX512 void unpackAvx512(Packed type, const RegRow *regs, unsigned items,
                             ItemRow *out) {
  unpackBody(type, regs, items, out);
}
MOE_AVX512 void gemmF32Avx512(const MfmaJob &job) { gemmBody<float, 8>(job); }
MOE_AVX512 void gemmBf16Avx512(const MfmaJob &job) { gemmBf16Body<16>(job); }
MOE_AVX512 void gemmI32Avx512(const MfmaJob &job) {
  gemmBody<uint32_t, 8>(job);
}
MOE_AVX512 void sparseF32Avx512(const MfmaJob &job) { sparseBody<float>(job); }
MOE_AVX512 void sparseI32Avx512(const MfmaJob &job) {
  sparseBody<uint32_t>(job);
}
constexpr MfmaKernels avx512 = {unpackAvx512,    gemmF32Avx512,
                                gemmBf16Avx512,  gemmI32Avx512,
                                sparseF32Avx512, sparseI32Avx512};
#endif

} // namespace

/// The sets from the baseline up to `most`.
static std::vector<const MfmaKernels *> upTo(HostVectors most) {
  std::vector<const MfmaKernels *> sets = {&plain};
#if defined(__x86_64__)
  if (most >= HostVectors::Avx2)
    sets.push_back(&avx2);
  if (most >= HostVectors::Avx512)
    sets.push_back(&avx512);
#endif
  return sets;
}

std::vector<const MfmaKernels *> allMfmaKernels() {
  return upTo(bestHostVectors());
}

const MfmaKernels &mfmaKernels() {
  static const MfmaKernels &chosen = *upTo(hostVectors()).back();
  return chosen;
}

} // namespace moe::emulator::math::detail
