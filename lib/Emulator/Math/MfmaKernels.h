// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inner loops of the matrix instructions, as always-inlined templates that
// MfmaKernels.cpp instantiates once for each set of vector extensions. A wave's
// operands are unpacked to one array of 64 lanes an item; then, whatever the
// shape,
//   A[b][i][k] = a[k % items][i + M*(b + B*(k / items))], B likewise with j and
//   N,
// so that for a fixed k the N values of a row of B, and those of a row of C and
// D, lie side by side in lanes. Choosing instructions and modifiers is in
// Mfma.cpp.

#ifndef MOE_LIB_EMULATOR_MATH_MFMAKERNELS_H
#define MOE_LIB_EMULATOR_MATH_MFMAKERNELS_H

#include "Math/Mfma.h"
#include "Math/Numeric.h"
#include <cstring>
#include <vector>

#define MOE_ALWAYS_INLINE inline __attribute__((always_inline))
// A loop over rows that are the same or apart; unrolled before the vectoriser
// runs it would stay scalar.
#define MOE_EACH_LANE                                                          \
  _Pragma(                                                                     \
      "clang loop vectorize(assume_safety) unroll(disable)") for (unsigned l = \
                                                                      0;       \
                                                                  l != 64;     \
                                                                  ++l)

namespace moe::emulator::math::detail {

/// Item types as the registers hold them, chip differences resolved.
enum class Packed : uint8_t {
  F32,
  XF32,
  F16,
  BF16,
  I8,
  FP8,
  BF8,
  FP8Fnuz,
  BF8Fnuz,
  FP6,
  BF6,
  FP4
};

/// Unpacked items: f32 (or integer) patterns, one row of lanes an item.
using ItemRow = uint32_t[64];
constexpr unsigned maxItems = 32;

/// One product. `items` of A and B a lane, `groups` = K / items lane groups.
struct MfmaJob {
  const ItemRow *a;
  const ItemRow *b;
  unsigned m, n, blocks, items, groups;
  unsigned cbsz, abid;
  const RegRow *c; ///< null: `cConstant`
  uint32_t cConstant;
  RegRow *d;
  /// smfmac: for each item of A and each lane, which item of B it meets.
  const uint8_t (*partner)[64] = nullptr;
  /// gemmBf16: B as the registers hold it, in place of `b`.
  const RegRow *packedB = nullptr;
};

/// What one set of vector extensions provides.
struct MfmaKernels {
  void (*unpack)(Packed type, const RegRow *regs, unsigned items, ItemRow *out);
  void (*gemmF32)(const MfmaJob &job);
  void (*gemmBf16)(const MfmaJob &job); ///< M = N = 16 or 32
  void (*gemmI32)(const MfmaJob &job);
  void (*sparseF32)(const MfmaJob &job);
  void (*sparseI32)(const MfmaJob &job);
};

/// The kernels for this CPU, chosen once.
const MfmaKernels &mfmaKernels();

/// Every set that this CPU can run, for tests.
std::vector<const MfmaKernels *> allMfmaKernels();

/// Where D and C keep item (block, i, j) of a 32-bit product: register and the
/// lane of j = 0 (CDNA ISA manuals, "VGPR layout" with H = 4).
struct DLayout {
  unsigned h, blockSpread, rowsSpread, rowGroups;
  unsigned n;
  MOE_ALWAYS_INLINE DLayout(unsigned m, unsigned n, unsigned h) : h(h), n(n) {
    unsigned lanes = n * m / h;
    blockSpread = lanes >= 64 ? 1 : 64 / lanes;
    rowsSpread = 64 / blockSpread / n;
    rowGroups = m / (h * rowsSpread);
  }
  MOE_ALWAYS_INLINE unsigned item(unsigned b, unsigned i) const {
    return i % h + h * (i / (h * rowsSpread) + rowGroups * (b / blockSpread));
  }
  MOE_ALWAYS_INLINE unsigned lane(unsigned b, unsigned i) const {
    return n * ((i / h) % rowsSpread + rowsSpread * (b % blockSpread));
  }
};

//===----------------------------------------------------------------------===//
// Unpacking
//===----------------------------------------------------------------------===//

template <Packed P>
MOE_ALWAYS_INLINE uint32_t decodeItem(uint32_t x) {
  switch (P) {
  case Packed::F32:
    return x;
  case Packed::XF32:
    return x & 0xffffe000u;
  case Packed::F16:
    return f32ToBits(f16ToF32(x));
  case Packed::BF16:
    return x << 16;
  case Packed::I8:
    return uint32_t(int32_t(x << 24) >> 24);
  case Packed::FP8: {
    uint32_t v = f32ToBits(narrowMagnitude<3, 7>(x & 0x7fu));
    v = (x & 0x7fu) == 0x7fu ? 0x7fc00000u : v;
    return v | (x & 0x80u) << 24;
  }
  case Packed::BF8:
    return f32ToBits(f16ToF32((x & 0xffu) << 8));
  case Packed::FP8Fnuz: {
    uint32_t v = f32ToBits(narrowMagnitude<3, 8>(x & 0x7fu)) | (x & 0x80u)
                                                                   << 24;
    return (x & 0xffu) == 0x80u ? 0x7fc00000u : v;
  }
  case Packed::BF8Fnuz: {
    uint32_t v = f32ToBits(narrowMagnitude<2, 16>(x & 0x7fu)) | (x & 0x80u)
                                                                    << 24;
    return (x & 0xffu) == 0x80u ? 0x7fc00000u : v;
  }
  case Packed::FP6:
    return f32ToBits(narrowMagnitude<3, 1>(x & 0x1fu)) | (x & 0x20u) << 26;
  case Packed::BF6:
    return f32ToBits(narrowMagnitude<2, 3>(x & 0x1fu)) | (x & 0x20u) << 26;
  case Packed::FP4:
    return f32ToBits(narrowMagnitude<1, 1>(x & 0x7u)) | (x & 0x8u) << 28;
  }
  return 0;
}

template <Packed P, unsigned Bits>
MOE_ALWAYS_INLINE void unpackItems(const RegRow *regs, unsigned items,
                                   ItemRow *out) {
  for (unsigned t = 0; t != items; ++t) {
    unsigned bit = t * Bits, r = bit / 32, shift = bit % 32;
    const uint32_t *lo = regs[r];
    uint32_t *row = out[t];
    if (shift + Bits <= 32) {
      MOE_EACH_LANE
      row[l] = decodeItem<P>(lo[l] >> shift);
      continue;
    }
    const uint32_t *hi = regs[r + 1];
    MOE_EACH_LANE
    row[l] = decodeItem<P>(lo[l] >> shift | hi[l] << (32 - shift));
  }
}

/// bf16: two items a register, in whole registers.
MOE_ALWAYS_INLINE void unpackBf16(const RegRow *regs, unsigned items,
                                  ItemRow *out) {
  for (unsigned t = 0; t != items; t += 2)
    MOE_EACH_LANE {
      const uint32_t both = regs[t / 2][l];
      out[t][l] = both << 16;
      out[t + 1][l] = both & 0xffff0000u;
    }
}

MOE_ALWAYS_INLINE void unpackBody(Packed type, const RegRow *regs,
                                  unsigned items, ItemRow *out) {
  switch (type) {
  case Packed::F32:
    return unpackItems<Packed::F32, 32>(regs, items, out);
  case Packed::XF32:
    return unpackItems<Packed::XF32, 32>(regs, items, out);
  case Packed::F16:
    return unpackItems<Packed::F16, 16>(regs, items, out);
  case Packed::BF16:
    return unpackBf16(regs, items, out);
  case Packed::I8:
    return unpackItems<Packed::I8, 8>(regs, items, out);
  case Packed::FP8:
    return unpackItems<Packed::FP8, 8>(regs, items, out);
  case Packed::BF8:
    return unpackItems<Packed::BF8, 8>(regs, items, out);
  case Packed::FP8Fnuz:
    return unpackItems<Packed::FP8Fnuz, 8>(regs, items, out);
  case Packed::BF8Fnuz:
    return unpackItems<Packed::BF8Fnuz, 8>(regs, items, out);
  case Packed::FP6:
    return unpackItems<Packed::FP6, 6>(regs, items, out);
  case Packed::BF6:
    return unpackItems<Packed::BF6, 6>(regs, items, out);
  case Packed::FP4:
    return unpackItems<Packed::FP4, 4>(regs, items, out);
  }
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

template <typename T>
struct Vec {
  typedef T type __attribute__((ext_vector_type(16)));
};

MOE_ALWAYS_INLINE void fmaInto(Vec<float>::type &acc, const Vec<float>::type &a,
                               const Vec<float>::type &b) {
  acc = __builtin_elementwise_fma(a, b, acc);
}
MOE_ALWAYS_INLINE void fmaInto(Vec<uint32_t>::type &acc,
                               const Vec<uint32_t>::type &a,
                               const Vec<uint32_t>::type &b) {
  acc += a * b;
}

inline unsigned aBlock(const MfmaJob &job, unsigned b) {
  return ((b >> job.cbsz) << job.cbsz) + job.abid;
}

/// Two items of 16 lanes, the halves of `regs` with bf16, as f32.
MOE_ALWAYS_INLINE void bf16Pair(const uint32_t *regs, Vec<float>::type &even,
                                Vec<float>::type &odd) {
  Vec<uint32_t>::type x;
  std::memcpy(&x, regs, sizeof(x));
  const Vec<uint32_t>::type low = x << 16, high = x & 0xffff0000u;
  std::memcpy(&even, &low, sizeof(low));
  std::memcpy(&odd, &high, sizeof(high));
}

/// One k: `Rows` items of A, each times a vector of B.
template <typename T, unsigned Rows>
MOE_ALWAYS_INLINE void addRows(typename Vec<T>::type *acc, const uint32_t *a,
                               const typename Vec<T>::type &b) {
  for (unsigned r = 0; r != Rows; ++r) {
    T x;
    std::memcpy(&x, a + r, 4);
    fmaInto(acc[r], typename Vec<T>::type(x), b);
  }
}

/// M, N of 16 or 32: tiles of `Rows` rows x 16 columns stay in registers. With
/// PackedB, B is read as the registers hold bf16.
template <typename T, unsigned Rows, unsigned M, unsigned N, bool PackedB>
MOE_ALWAYS_INLINE void gemmTile(const MfmaJob &job, unsigned b, unsigned i0,
                                unsigned j0) {
  using V = typename Vec<T>::type;
  const DLayout layout(M, N, 4);
  V acc[Rows];
  for (unsigned r = 0; r != Rows; ++r) {
    if (!job.c) {
      T value;
      std::memcpy(&value, &job.cConstant, 4);
      acc[r] = V(value);
      continue;
    }
    std::memcpy(&acc[r],
                job.c[layout.item(b, i0 + r)] + layout.lane(b, i0 + r) + j0,
                sizeof(V));
  }
  for (unsigned g = 0; g != job.groups; ++g) {
    const uint32_t *pa = job.a[0] + M * (aBlock(job, b) + job.blocks * g) + i0;
    const unsigned lane = N * (b + job.blocks * g) + j0;
    if constexpr (PackedB) { // an even number of items
      const uint32_t *pb = job.packedB[0] + lane;
      for (unsigned t = 0; t != job.items; t += 2, pa += 128, pb += 64) {
        V even, odd;
        bf16Pair(pb, even, odd);
        addRows<T, Rows>(acc, pa, even);
        addRows<T, Rows>(acc, pa + 64, odd);
      }
      continue;
    }
    const uint32_t *pb = job.b[0] + lane;
    for (unsigned t = 0; t != job.items; ++t, pa += 64) {
      V vb;
      std::memcpy(&vb, pb + 64 * t, sizeof(V));
      addRows<T, Rows>(acc, pa, vb);
    }
  }
  for (unsigned r = 0; r != Rows; ++r)
    std::memcpy(job.d[layout.item(b, i0 + r)] + layout.lane(b, i0 + r) + j0,
                &acc[r], sizeof(V));
}

/// 4x4 with 16 blocks: item i of D, lane 4*b + j. A is spread over the lanes.
template <typename T>
MOE_ALWAYS_INLINE void gemm4x4(const MfmaJob &job) {
  using V = typename Vec<T>::type;
  for (unsigned i = 0; i != 4; ++i) {
    T acc[64];
    for (unsigned l = 0; l != 64; ++l)
      std::memcpy(&acc[l], job.c ? &job.c[i][l] : &job.cConstant, 4);
    for (unsigned t = 0; t != job.items; ++t) {
      T va[64], vb[64];
      for (unsigned l = 0; l != 64; ++l)
        std::memcpy(&va[l], &job.a[t][4 * aBlock(job, l / 4) + i], 4);
      std::memcpy(vb, job.b[t], sizeof(vb));
      for (unsigned l = 0; l != 64; l += 16) {
        V x, y, z;
        std::memcpy(&x, va + l, sizeof(V));
        std::memcpy(&y, vb + l, sizeof(V));
        std::memcpy(&z, acc + l, sizeof(V));
        fmaInto(z, x, y);
        std::memcpy(acc + l, &z, sizeof(V));
      }
    }
    std::memcpy(job.d[i], acc, sizeof(acc));
  }
}

/// smfmac: every item of A says which item of B's lane group it multiplies.
template <typename T>
MOE_ALWAYS_INLINE void sparseBody(const MfmaJob &job) {
  using V = typename Vec<T>::type;
  DLayout layout(job.m, job.n, 4);
  for (unsigned i = 0; i != job.m; ++i)
    for (unsigned j0 = 0; j0 != job.n; j0 += 16) {
      uint32_t *d = job.d[layout.item(0, i)] + layout.lane(0, i) + j0;
      V acc;
      std::memcpy(&acc, d, sizeof(V));
      for (unsigned g = 0; g != job.groups; ++g) {
        unsigned lane = i + job.m * g;
        for (unsigned t = 0; t != job.items; ++t) {
          T va;
          V vb;
          std::memcpy(&va, &job.a[t][lane], 4);
          std::memcpy(&vb, job.b[job.partner[t][lane]] + job.n * g + j0,
                      sizeof(V));
          fmaInto(acc, V(va), vb);
        }
      }
      std::memcpy(d, &acc, sizeof(V));
    }
}

template <typename T, unsigned Rows, unsigned M, unsigned N, bool PackedB>
MOE_ALWAYS_INLINE void gemmTiles(const MfmaJob &job) {
  for (unsigned b = 0; b != job.blocks; ++b)
    for (unsigned i0 = 0; i0 != M; i0 += Rows)
      for (unsigned j0 = 0; j0 != N; j0 += 16)
        gemmTile<T, Rows, M, N, PackedB>(job, b, i0, j0);
}

/// The shapes of dense products with 32-bit results: 4x4, 16x16, 32x32.
template <typename T, unsigned Rows>
MOE_ALWAYS_INLINE void gemmBody(const MfmaJob &job) {
  if (job.m == 4)
    return gemm4x4<T>(job);
  if (job.m == 16)
    return gemmTiles<T, Rows, 16, 16, false>(job);
  gemmTiles<T, Rows, 32, 32, false>(job);
}

/// The same of bf16 in 16x16 or 32x32 with B as the registers hold it.
template <unsigned Rows>
MOE_ALWAYS_INLINE void gemmBf16Body(const MfmaJob &job) {
  if (job.m == 16)
    return gemmTiles<float, Rows, 16, 16, true>(job);
  gemmTiles<float, Rows, 32, 32, true>(job);
}

} // namespace moe::emulator::math::detail

#endif // MOE_LIB_EMULATOR_MATH_MFMAKERNELS_H
