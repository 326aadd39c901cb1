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
#include "Vector/ScaledOperands.h"
#include "Vector/ValuDirect.h"
#if defined(__AVX512BW__)
#include "Vector/ScaledPack512.h"
#include "Vector/ScaledUnpack512.h"
#endif

#include <array>
#include <utility>

namespace moe::emulator::MOE_EMU_VARIANT {

/// For FP4 and no neg and abs; null for some types.
ValuHandler unpackFp4Handler(CvtType to);

#if defined(__AVX2__)

namespace {

using T = CvtType;

constexpr bool isNarrow(T t) { return t >= T::FP8; }
constexpr bool hasNaN(T t) { return t < T::FP6; }

/// Whether all scales are so far from the limits of f32 that no product of a
/// code is denormal or too large for bf16.
MOE_EMU_INLINE bool areUsual(const uint32_t *scales) {
  uint32_t others = 0;
  MOE_LANES {
    const uint32_t field = scales[i] & 0x7f800000u;
    others |= field - (32u << 23) > 190u << 23 ? 1 : 0;
  }
  return !others;
}

/// What a number is multiplied by: the scale, or its reciprocal, which are
/// powers of two or NaN. For f16 no larger than overflows with every code.
template <bool Packs, T To, bool Usual>
MOE_EMU_INLINE float factorOf(uint32_t scale) {
  const uint32_t field = scale & 0x7f800000u;
  uint32_t power = Packs ? 0x7f000000u - field : field;
  if constexpr (Usual)
    return bitsToF32(power);
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

/// The scaled value as bits of a wide result: one NaN, which has no sign, and
/// which the scale's is.
template <T From, T To, bool Usual>
MOE_EMU_INLINE uint32_t encodeWide(float value, bool overflows) {
  const uint32_t u = f32ToBits(value);
  if constexpr (To == T::F32)
    return hasNaN(From) && value != value ? 0x7fc00000u : u;
  // A product has at most four bits, and those of FP6, BF6 and FP4 are
  // multiples of 2^-131: only denormal ones of FP8 and BF8 have to be rounded.
  if constexpr (To == T::BF16 && !hasNaN(From))
    return u >> 16;
  if constexpr (To == T::BF16)
    return value != value ? 0x7fc0u : Usual ? u >> 16 : f32ToBf16(value);
  uint32_t half = f32ToF16(value);
  const bool finite = (u & 0x7fffffffu) < 0x7f800000u;
  half = !overflows && finite && (half & 0x7fffu) == 0x7c00u ? half - 1 : half;
  return value != value ? 0x7e00u : half;
}

/// One number of a lane.
template <T From, T To, bool Random, bool Usual>
MOE_EMU_INLINE uint32_t convert(uint32_t bits, float factor, uint32_t random,
                                bool fp16Overflow) {
  const float x = decode<From>(bits), y = x * factor;
  if constexpr (!isNarrow(To)) {
    return encodeWide<From, To, Usual>(y, !fp16Overflow);
  } else {
    // A NaN has the sign of the number, or of the scale if that alone is NaN.
    uint32_t u = f32ToBits(y);
    if constexpr (!Usual) {
      const bool unsignedNaN = factor != factor && x == x;
      u = (u & 0x7fffffffu) | (unsignedNaN ? 0 : f32ToBits(x) & 0x80000000u);
    }
    const bool saturate = cvtBits(To) < 8 || fp16Overflow;
    if constexpr (Random)
      return encodeNarrowSR(narrowFormat(smallOf(To)), u, random, saturate,
                            cvtMantissa(From));
    else
      return encodeNarrow(narrowFormat(smallOf(To)), u, saturate);
  }
}

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
template <T From, T To, bool Random, bool Two, bool Usual>
MOE_EMU_INLINE void convertNumbers(const ScaledOperands &o, unsigned k,
                                   uint32_t *d, const uint32_t *old,
                                   uint32_t kept) {
  constexpr bool packs = cvtBits(To) < cvtBits(From);
  constexpr unsigned from = cvtBits(From), to = cvtBits(To);
  constexpr bool alternate = From == T::F32 && !Random;
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
    const float factor = factorOf<packs, To, Usual>(scale[i]);
    const uint32_t r = Random ? random[i] : 0;
    const uint32_t x =
        convert<From, To, Random, Usual>(first[i], factor, r, fp16Overflow);
    const uint32_t y = Two ? convert<From, To, Random, Usual>(
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
      if (to == 6 && crosses)
        d[64 + i] |= both >> (32 - place);
    }
  }
}

#if defined(__AVX512BW__)
constexpr bool isByte(T t) { return t == T::FP8 || t == T::BF8; }

/// In 16 bits, if there is such a conversion and if scales and mode allow it.
template <T From, T To, bool Random, bool Two>
MOE_EMU_INLINE bool convertWords(const ScaledOperands &o) {
  constexpr bool packs = !isNarrow(From) && (isByte(To) || To == T::FP4);
  if constexpr (packs && Two == (!Random || To == T::FP4)) {
    if ((isByte(To) && o.fp16Overflow) || !areMiddling(o.scale))
      return false;
    packRows<From, To, Random, Two>(o);
    return true;
  } else if constexpr (isByte(From) && !isNarrow(To) && !Random) {
    if ((To == T::F16 && o.fp16Overflow) || !areMiddling(o.scale))
      return false;
    unpackRows<From, To, Two>(o);
    return true;
  }
  return false;
}
#endif

/// One or two numbers, to places of the result that op_sel may choose.
template <T From, T To, bool Random, bool Two>
MOE_EMU_INLINE void convertFew(const ScaledOperands &o) {
#if defined(__AVX512BW__)
  if (convertWords<From, To, Random, Two>(o))
    return;
#endif
  constexpr unsigned bits = cvtBits(To) * (1 + Two);
  const uint32_t written = bits < 32 ? (1u << bits % 32) - 1 : ~0u;
  const uint32_t kept = ~(written << o.resultBit);
  if (areUsual(o.scale))
    convertNumbers<From, To, Random, Two, true>(o, 0, o.d, o.old, kept);
  else
    convertNumbers<From, To, Random, Two, false>(o, 0, o.d, o.old, kept);
}

/// The bits that op_sel points to, for each CvtSelect.
struct Offsets {
  uint8_t source, result;
};
constexpr auto offsets = [] {
  std::array<std::array<Offsets, 16>, size_t(CvtSelect::SrcHalfDstByte) + 1>
      all{};
  for (size_t select = 0; select < all.size(); ++select)
    for (unsigned opSel = 0; opSel < 16; ++opSel) {
      unsigned source = 0, result = 0;
      selectOffsets(CvtSelect(select), opSel, source, result);
      all[select][opSel] = {uint8_t(source), uint8_t(result)};
    }
  return all;
}();

/// What `rows` has for the sources, the result's row `d`, and the places.
template <T From, bool Random>
MOE_EMU_INLINE ScaledOperands operandsOf(const Wave &w, const Inst &I,
                                         const uint32_t *const rows[3],
                                         uint32_t *d) {
  const auto &desc = *static_cast<const ScaledCvtDesc *>(I.op);
  // ScaledCvtDesc has the order of the sources.
  constexpr bool pairs = From == T::F32 && !Random;
  ScaledOperands o;
  o.values[0] = rows[0];
  o.values[1] = pairs ? rows[1] : nullptr;
  o.random = Random ? rows[1] : nullptr;
  o.scale = rows[pairs || Random ? 2 : 1];
  o.d = d;
  o.old = w.v[I.dst];
  const Offsets at = offsets[size_t(desc.select)][modOpSel(I.mods)];
  o.sourceBit = at.source;
  o.resultBit = at.result;
  o.fp16Overflow = FpMode{w.mode}.fp16Overflow();
  return o;
}

__attribute__((noinline)) const uint32_t *repeat(uint32_t *row,
                                                 uint32_t value) {
  MOE_LANES row[i] = value;
  return row;
}

/// An instruction of one or two numbers without neg and abs, whose sources are
/// VGPRs and single scalars. Each lane is read before it is written.
template <T From, T To, bool Random, bool Two>
__attribute__((noinline)) void convertInPlace(Wave &w, const Inst &I) {
  alignas(64) uint32_t scalars[3][64], out[2 * 64];
  const uint32_t *rows[3];
  for (int k = 0; k < 3; ++k) {
    const Src &src = I.src[k];
    rows[k] = w.v[src.index];
    if (src.kind > SrcKind::Vgpr)
      rows[k] = repeat(scalars[k], w.scalar(src));
  }
  const ScaledOperands o =
      operandsOf<From, Random>(w, I, rows, w.execFull ? w.v[I.dst] : out);
  convertFew<From, To, Random, Two>(o);
  if (!w.execFull)
    for (unsigned r = 0; r < (Two && To == T::F32 ? 2 : 1); ++r)
      mergeLanes(w.v[I.dst + r], out + 64 * r, w);
}

#if defined(__AVX512BW__)
/// The same without buffers, where all lanes are on and no source is a scalar.
template <T From, T To, bool Random, bool Two>
void convertDirectly(Wave &w, const Inst &I) {
  bool direct = w.execFull;
  const uint32_t *rows[3];
  for (int k = 0; k < 3; ++k) {
    direct &= I.src[k].kind <= SrcKind::Vgpr;
    rows[k] = w.v[I.src[k].index];
  }
  if (!direct || !convertWords<From, To, Random, Two>(
                     operandsOf<From, Random>(w, I, rows, w.v[I.dst])))
    convertInPlace<From, To, Random, Two>(w, I);
}
#endif

template <T From, T To, bool Random, bool Two>
constexpr ValuHandler inPlace =
#if defined(__AVX512BW__)
    convertDirectly<From, To, Random, Two>;
#else
    convertInPlace<From, To, Random, Two>;
#endif

/// An instruction of one or two numbers, or of 32, whose rows start as zeros.
template <T From, T To, bool Random>
void convertRows(const Wave &w, const Inst &I, const uint32_t *const sources[3],
                 uint32_t *result) {
  const ScaledOperands o = operandsOf<From, Random>(w, I, sources, result);
  const unsigned count = static_cast<const ScaledCvtDesc *>(I.op)->count;
  if (count == 1)
    return convertFew<From, To, Random, false>(o);
  if (count == 2)
    return convertFew<From, To, Random, true>(o);
  ScaledOperands pair = o;
  alignas(64) uint32_t random[64];
  if (Random)
    pair.random =
        static_cast<uint32_t *>(memcpy(random, o.random, sizeof(random)));
  const bool usual = areUsual(o.scale);
  for (unsigned k = 0; k < count; k += 2) {
    uint32_t *d = o.d + k * cvtBits(To) / 32 * 64;
    if (usual)
      convertNumbers<From, To, Random, true, true>(pair, k, d, d, ~0u);
    else
      convertNumbers<From, To, Random, true, false>(pair, k, d, d, ~0u);
    if (Random)
      MOE_LANES random[i] = prngStep(prngStep(random[i]));
  }
}

/// The functions of a conversion.
struct Conversion {
  void (*rows)(const Wave &, const Inst &, const uint32_t *const sources[3],
               uint32_t *result);
  ValuHandler one, two; ///< in place
};

template <T From, T To, bool Random>
constexpr Conversion conversionOf() {
  if constexpr (isNarrow(From) == isNarrow(To) || (Random && !isNarrow(To)))
    return {};
  else
    return {convertRows<From, To, Random>, inPlace<From, To, Random, false>,
            inPlace<From, To, Random, true>};
}
/// By the types that are converted from and to, and whether by random bits.
constexpr size_t types = size_t(T::FP4) + 1;
template <size_t... Places>
constexpr std::array<Conversion, sizeof...(Places)>
allConversions(std::index_sequence<Places...>) {
  return {conversionOf<T(Places / 2 / types), T(Places / 2 % types),
                       bool(Places % 2)>()...};
}
constexpr auto conversions =
    allConversions(std::make_index_sequence<types * types * 2>());
const Conversion &conversionOf(const ScaledCvtDesc &desc) {
  return conversions[(size_t(desc.from) * types + size_t(desc.to)) * 2 +
                     (desc.randomSrc >= 0)];
}

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

/// Any instruction, by way of copies.
void convertCopies(Wave &w, const Inst &I) {
  const auto &desc = *static_cast<const ScaledCvtDesc *>(I.op);
  const unsigned counts[3] = {desc.src0Regs, desc.src1Regs, desc.src2Regs};
  const bool halves = desc.from == T::F16 || desc.from == T::BF16;
  Copies own[3];
  const uint32_t *sources[3] = {};
  for (unsigned k = 0; k < 3; ++k)
    if (counts[k] && I.src[k].kind != SrcKind::None)
      sources[k] = fetchRows(w, I, k, counts[k],
                             halves && int(k) != desc.scaleSrc, own[k]);
  // Rows of the result, and one that FP6 and BF6 fill with zeros.
  alignas(64) uint32_t result[33 * 64];
  if (desc.count > 2)
    memset(result, 0, (desc.dstRegs + 1) * sizeof(Row));
  conversionOf(desc).rows(w, I, sources, result);
  for (unsigned r = 0; r < desc.dstRegs; ++r)
    mergeLanes(w.v[I.dst + r], result + 64 * r, w);
}

} // namespace

#endif

ValuHandler scaledHandler(const Inst &I);
ValuHandler scaledHandler(const Inst &I) {
  const auto &desc = *static_cast<const ScaledCvtDesc *>(I.op);
  const bool few = desc.count <= 2 && !(I.mods & 63);
  if (few && desc.from == CvtType::FP4)
    if (ValuHandler handler = unpackFp4Handler(desc.to))
      return handler;
#if defined(__AVX2__)
  // A pair of scalars is no repeated lane.
  if (!few || (desc.src0Regs > 1 && I.src[0].kind != SrcKind::Vgpr))
    return convertCopies;
  return desc.count == 1 ? conversionOf(desc).one : conversionOf(desc).two;
#else
  return runScaledConvert;
#endif
}

} // namespace moe::emulator::MOE_EMU_VARIANT
