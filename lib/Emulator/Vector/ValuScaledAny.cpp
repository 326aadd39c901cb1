//===- ValuScaledAny.cpp - scaled conversions over 64 lanes ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All v_cvt_scalef32_* instructions in f32, which holds every product with a
// scale unless it is too large or too small for any result format. The baseline
// goes lane by lane in f64 (runScaledConvert). Compiled once for each host
// instruction set.
//
//===----------------------------------------------------------------------===//

#include "Math/ScaledCvt.h"
#include "Vector/LaneRows.h"
#include "Vector/NarrowFloats.h"
#include "Vector/ValuDirect.h"

#include <array>
#include <utility>

namespace moe::emulator::MOE_EMU_VARIANT {

#if defined(__AVX2__)

namespace {

using T = CvtType;

constexpr bool isNarrow(T t) { return t >= T::FP8; }

/// What a number is multiplied by: the scale, or its reciprocal, which are
/// powers of two or NaN. For f16 no larger than overflows with every code.
template <bool Packs, T To>
MOE_EMU_INLINE float factorOf(uint32_t scale) {
  const uint32_t field = scale & 0x7f800000u;
  uint32_t power = Packs ? 0x7f000000u - field : field;
  if constexpr (To == T::F16)
    power = power > 227u << 23 && field != 0x7f800000u ? 227u << 23 : power;
  // 2^-127 has no exponent field; the rest of NaN is not zero.
  const bool special =
      Packs ? field >= 0x7f000000u : field == 0 || field == 0x7f800000u;
  return bitsToF32(power | (special ? 0x00400000u : 0));
}

/// A wide number from its bits, or a code's value.
template <T From>
MOE_EMU_INLINE float decode(uint32_t bits) {
  if constexpr (From == T::F32)
    return bitsToF32(bits);
  else if constexpr (From == T::F16)
    return f16ToF32(bits);
  else if constexpr (From == T::BF16)
    return bf16ToF32(bits);
  else
    return decodeNarrow(narrowFormat(smallOf(From)), bits);
}

/// The scaled value as bits of a wide result: one NaN, which has no sign.
template <T To>
MOE_EMU_INLINE uint32_t encodeWide(float value, bool overflows) {
  const uint32_t u = f32ToBits(value);
  if constexpr (To == T::F32)
    return value != value ? 0x7fc00000u : u;
  if constexpr (To == T::BF16)
    return value != value ? 0x7fc0u : f32ToBf16(value);
  uint32_t half = f32ToF16(value);
  const bool finite = (u & 0x7fffffffu) < 0x7f800000u;
  half = !overflows && finite && (half & 0x7fffu) == 0x7c00u ? half - 1 : half;
  return value != value ? 0x7e00u : half;
}

/// One number of a lane.
template <T From, T To, bool Random>
MOE_EMU_INLINE uint32_t convert(uint32_t bits, float factor, uint32_t random,
                                bool fp16Overflow) {
  const float x = decode<From>(bits), y = x * factor;
  if constexpr (!isNarrow(To)) {
    return encodeWide<To>(y, !fp16Overflow);
  } else {
    // A NaN has the sign of the number, or of the scale if that alone is NaN.
    uint32_t u = f32ToBits(y) & 0x7fffffffu;
    const bool unsignedNaN = factor != factor && x == x;
    u |= unsignedNaN ? 0 : f32ToBits(x) & 0x80000000u;
    const bool saturate = cvtBits(To) < 8 || fp16Overflow;
    if constexpr (Random)
      return encodeNarrowSR(narrowFormat(smallOf(To)), u, random, saturate,
                            cvtMantissa(From));
    else
      return encodeNarrow(narrowFormat(smallOf(To)), u, saturate);
  }
}

/// The registers of an instruction, as rows of 64 lanes.
struct Operands {
  const uint32_t *values[2]; ///< whose numbers alternate, if there are two
  const uint32_t *scale;
  uint32_t *random; ///< changed where there are more than two numbers
  uint32_t *d;
  const uint32_t *old; ///< the result's registers, of which `kept` bits stay
  uint32_t kept;
  unsigned sourceBit, resultBit;
  bool fp16Overflow;
};

/// A number's place in rows of 64 lanes: bits from `shift` on, those of 6 bits
/// that lie from bit 32 on in the next row.
template <unsigned Bits>
struct Place {
  Place(const uint32_t *rows, unsigned bit)
      : low(rows + bit / 32 * 64), shift(bit % 32) {
    const bool crosses = Bits == 6 && shift + Bits > 32;
    next = crosses ? low + 64 : low;
    mask = crosses ? ~0u : 0;
    up = crosses ? 32 - shift : 0;
  }
  const uint32_t *low, *next;
  uint32_t mask;
  unsigned shift, up;
  MOE_EMU_INLINE uint32_t operator[](int lane) const {
    constexpr uint32_t own = Bits == 32 ? ~0u : (1u << Bits % 32) - 1;
    if constexpr (Bits == 32)
      return low[lane];
    if constexpr (Bits == 6)
      return (low[lane] >> shift | (next[lane] & mask) << up) & own;
    return low[lane] >> shift & own;
  }
};

/// Number k, or k and k + 1, to the rows `d` that take them. Of the bits at
/// `old` those in `kept` stay.
template <T From, T To, bool Random, bool Two>
MOE_EMU_INLINE void convertNumbers(const Operands &o, unsigned k, uint32_t *d,
                                   const uint32_t *old, uint32_t kept) {
  constexpr bool packs = cvtBits(To) < cvtBits(From);
  constexpr unsigned from = cvtBits(From), to = cvtBits(To);
  const bool alternate = o.values[1];
  const unsigned bit = o.sourceBit + (alternate ? k / 2 : k) * from;
  const Place<from> first(o.values[0], bit);
  const Place<from> second(o.values[alternate],
                           alternate ? bit : bit + Two * from);
  const unsigned place = (o.resultBit + k * to) % 32;
  const bool crosses = place + 2 * to > 32;
  // Read here: the loop's stores could change what `o` holds.
  const uint32_t *scale = o.scale, *random = o.random;
  const bool fp16Overflow = o.fp16Overflow;
  MOE_LANES {
    const float factor = factorOf<packs, To>(scale[i]);
    const uint32_t r = Random ? random[i] : 0;
    const uint32_t x =
        convert<From, To, Random>(first[i], factor, r, fp16Overflow);
    const uint32_t y = Two ? convert<From, To, Random>(
                                 second[i], factor, prngStep(r), fp16Overflow)
                           : 0;
    if constexpr (to == 32) {
      d[i] = x;
      if (Two)
        d[64 + i] = y;
    } else if constexpr (to == 16 && Two) {
      d[i] = x | y << 16;
    } else {
      const uint32_t both = x | y << to;
      d[i] = (old[i] & kept) | both << place;
      if (to == 6)
        d[64 + i] |= crosses ? both >> (32 - place) : 0;
    }
  }
}

/// An instruction of one or two numbers, or of 32, whose rows start as zeros.
template <T From, T To, bool Random>
void convertRows(unsigned count, const Operands &o) {
  if (count == 1)
    return convertNumbers<From, To, Random, false>(o, 0, o.d, o.old, o.kept);
  if (count == 2)
    return convertNumbers<From, To, Random, true>(o, 0, o.d, o.old, o.kept);
  for (unsigned k = 0; k < count; k += 2) {
    uint32_t *d = o.d + k * cvtBits(To) / 32 * 64;
    convertNumbers<From, To, Random, true>(o, k, d, d, ~0u);
    if (Random)
      MOE_LANES o.random[i] = prngStep(prngStep(o.random[i]));
  }
}

using Convert = void (*)(unsigned count, const Operands &);

template <T From, T To>
constexpr Convert converterOf(bool random) {
  if constexpr (isNarrow(From) == isNarrow(To))
    return nullptr;
  else if constexpr (isNarrow(To))
    return random ? convertRows<From, To, true> : convertRows<From, To, false>;
  else
    return convertRows<From, To, false>;
}
/// By the types that are converted from and to, and whether by random bits.
constexpr size_t types = size_t(T::FP4) + 1;
constexpr size_t placeOf(T from, T to, bool random) {
  return (size_t(from) * types + size_t(to)) * 2 + random;
}
template <size_t... Places>
constexpr std::array<Convert, sizeof...(Places)>
allConverters(std::index_sequence<Places...>) {
  return {
      converterOf<T(Places / 2 / types), T(Places / 2 % types)>(Places % 2)...};
}
constexpr auto converters =
    allConverters(std::make_index_sequence<types * types * 2>());

/// Room for the copies of a source.
struct alignas(64) Copies {
  uint32_t rows[32 * 64];
};

/// The registers of source k: where they are, or copies of scalars and of what
/// neg and abs change.
const uint32_t *fetchRows(const Wave &w, const Inst &I, unsigned k,
                          unsigned count, bool halves, Copies &own) {
  const Src &src = I.src[k];
  const uint32_t top = halves ? 0x80008000u : 0x80000000u;
  const uint32_t keep = modAbs(I.mods) >> k & 1 ? ~top : ~0u;
  const uint32_t flip = modNeg(I.mods) >> k & 1 ? top : 0;
  const bool vgprs = src.kind == SrcKind::Vgpr;
  if (vgprs && keep == ~0u && !flip)
    return w.v[src.index];
  for (unsigned r = 0; r < count; ++r) {
    uint32_t *row = own.rows + 64 * r;
    const uint32_t scalar = vgprs                       ? 0
                            : src.kind == SrcKind::Sgpr ? w.s[src.index + r]
                                                        : w.scalar(src);
    const uint32_t *lanes = vgprs ? w.v[src.index + r] : nullptr;
    MOE_LANES row[i] = ((lanes ? lanes[i] : scalar) & keep) ^ flip;
  }
  return own.rows;
}

/// The places and the sources at `sources`, and the conversion itself.
MOE_EMU_INLINE void convertTo(uint32_t *d, const Wave &w, const Inst &I,
                              const ScaledCvtDesc &desc,
                              const uint32_t *const sources[3],
                              uint32_t *random) {
  Operands o;
  o.values[0] = sources[0];
  o.values[1] = desc.value1Src >= 0 ? sources[desc.value1Src] : nullptr;
  o.scale = sources[desc.scaleSrc];
  o.random = random;
  o.d = d;
  o.old = w.v[I.dst];
  selectOffsets(desc.select, modOpSel(I.mods), o.sourceBit, o.resultBit);
  o.fp16Overflow = FpMode{w.mode}.fp16Overflow();
  const unsigned written = desc.count * cvtBits(desc.to) % 32;
  o.kept = written ? ~(((1u << written) - 1) << o.resultBit) : 0;
  converters[placeOf(desc.from, desc.to, desc.randomSrc >= 0)](desc.count, o);
}

/// Any instruction, by way of copies.
__attribute__((noinline)) void convertCopies(Wave &w, const Inst &I,
                                             const ScaledCvtDesc &desc) {
  const unsigned counts[3] = {desc.src0Regs, desc.src1Regs, desc.src2Regs};
  const bool halves = desc.from == T::F16 || desc.from == T::BF16;
  Copies own[3];
  const uint32_t *sources[3] = {};
  for (unsigned k = 0; k < 3; ++k)
    if (counts[k] && I.src[k].kind != SrcKind::None)
      sources[k] = fetchRows(w, I, k, counts[k],
                             halves && int(k) != desc.scaleSrc, own[k]);
  // Rows of the result, and one that FP6 and BF6 fill with zeros.
  alignas(64) uint32_t random[64], result[33 * 64];
  if (desc.randomSrc >= 0)
    memcpy(random, sources[desc.randomSrc], sizeof(random));
  if (desc.count > 2)
    memset(result, 0, (desc.dstRegs + 1) * sizeof(Row));
  convertTo(result, w, I, desc, sources, random);
  for (unsigned r = 0; r < desc.dstRegs; ++r)
    mergeLanes(w.v[I.dst + r], result + 64 * r, w);
}

} // namespace

void scaledConvert(Wave &w, const Inst &I);
void scaledConvert(Wave &w, const Inst &I) {
  const auto &desc = *static_cast<const ScaledCvtDesc *>(I.op);
  bool inPlace = w.execFull && desc.count <= 2 && !(I.mods & 63);
  uint32_t *sources[3];
  for (unsigned k = 0; k < 3; ++k) {
    inPlace &= I.src[k].kind == SrcKind::Vgpr || I.src[k].kind == SrcKind::None;
    sources[k] = w.v[I.src[k].index];
  }
  if (!inPlace)
    return convertCopies(w, I, desc);
  // With one or two numbers each lane is read before it is written.
  convertTo(w.v[I.dst], w, I, desc, sources,
            desc.randomSrc >= 0 ? sources[desc.randomSrc] : nullptr);
}

#else

void scaledConvert(Wave &w, const Inst &I);
void scaledConvert(Wave &w, const Inst &I) { runScaledConvert(w, I); }

#endif

} // namespace moe::emulator::MOE_EMU_VARIANT
