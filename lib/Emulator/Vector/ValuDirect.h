//===- ValuDirect.h - handlers of the plain vector instructions -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One handler per opcode for the forms with no modifiers other than neg and
// abs: operand fetch, lane loop and write in one function, in place when EXEC
// is full, with scalar operands broadcast to 16 lanes. All other forms go
// through the drivers in ValuDriver.cpp, which give the same results. Compiled
// once for each host instruction set.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VECTOR_VALUDIRECT_H
#define MOE_LIB_EMULATOR_VECTOR_VALUDIRECT_H

#include "State/ChipFeatures.h"
#include "Vector/DppLanes.h"
#include "Vector/LaneMasks.h"
#include "Vector/Lanes.h"

// A loop over the lanes of a chunk. Unrolling is disabled, since a loop that is
// unrolled before the vectoriser runs stays scalar.
#define MOE_CHUNK(count)                                                       \
  _Pragma(                                                                     \
      "clang loop vectorize(assume_safety) unroll(disable)") for (int j = 0;   \
                                                                  j < count;   \
                                                                  ++j)

namespace moe::emulator::MOE_EMU_VARIANT {

/// The general drivers.
void full(Wave &w, const Inst &I);
void packed(Wave &w, const Inst &I);
void packed32(Wave &w, const Inst &I);
void dpp(Wave &w, const Inst &I);

namespace {

/// Denormals kept, everything to nearest even, FP16_OVFL off.
inline bool plainMode(uint32_t mode) { return (mode & 0x8000ff) == 0xf0; }

inline LaneIO makeIO(const Wave &w, const Inst &I) {
  LaneIO io;
  io.d = nullptr;
  io.a = io.b = io.c = io.m = nullptr;
  io.mode = w.mode;
  io.imm = I.imm;
  io.opSel = modOpSel(I.mods);
  io.ocpFloats = w.chip->ocpFloats;
  io.ieee = w.mode & 0x200;
  return io;
}

/// A source: lanes from `first` on are at p + first * step.
struct Source {
  const uint32_t *p;
  int step;                       ///< 1: a row of 64 lanes, 0: 16 that repeat
  uint32_t keep = ~0u, flip = 0u; ///< abs and neg, where Signs says so
};

/// A source that is not a register row as it is.
struct alignas(64) SourceRows {
  uint32_t rows[128];
};

MOE_EMU_INLINE void splat16(uint32_t *row, uint32_t value) {
  for (int i = 0; i < 16; ++i)
    row[i] = value;
}

/// Whether the lane loop applies neg and abs: floats in one register.
template <class Op, unsigned Flags>
constexpr bool appliesSigns() {
  return (Flags & VF) && valueRows(Op::A::id) < 2 && valueRows(Op::B::id) < 2 &&
         valueRows(Op::C::id) < 2;
}

/// Copies with neg and abs applied, for the others.
template <typename T>
__attribute__((noinline)) void modify(Source &source, uint32_t *own) {
  constexpr unsigned last = valueRows(T::id) == 2 ? 64 : 0;
  int lanes = source.step ? 64 : 16;
  if (last)
    memcpy(own, source.p, lanes * 4);
  for (int i = 0; i < lanes; ++i)
    own[last + i] = (source.p[last + i] & source.keep) ^ source.flip;
  source.p = own;
}

/// Source k as a row, or as repeated lanes.
template <typename T, bool Vgprs, bool Signs>
MOE_EMU_INLINE Source fetchSource(const Wave &w, const Inst &I, int k,
                                  SourceRows &own) {
  if (T::id == ValueType::None)
    return {own.rows, 0};
  const Src &src = I.src[k];
  if (Vgprs)
    return {w.v[src.index], 1};
  Source source{own.rows, 0};
  if (src.kind == SrcKind::Vgpr) {
    source = {w.v[src.index], 1};
  } else if (valueRows(T::id) == 2) {
    uint64_t value = w.scalar64(src);
    splat16(own.rows, uint32_t(value));
    splat16(own.rows + 64, uint32_t(value >> 32));
  } else {
    splat16(own.rows, w.scalar(src));
  }
  const uint32_t top = is16(T::id) ? 0x8000u : 0x80000000u;
  source.keep = I.mods >> k & 1 << 3 ? ~top : ~0u;
  source.flip = I.mods >> k & 1 ? top : 0;
  if (!Signs && (I.mods >> k & (1 | 1 << 3)))
    modify<T>(source, own.rows);
  return source;
}

/// Lane `first` + j of a source.
template <typename T, bool Signs>
MOE_EMU_INLINE typename T::Type laneOf(const Source &source, int first, int j) {
  const uint32_t *p = source.p + first * source.step;
  if constexpr (Signs && T::id != ValueType::None) {
    uint32_t x = (p[j] & source.keep) ^ source.flip;
    return T::get(&x, 0);
  }
  return T::get(p, j);
}

/// Lanes of a mask, as all ones or zero.
struct MaskLanes {
  uint32_t bits;
  int first; ///< the lane of bit 0
  MOE_EMU_INLINE uint32_t operator[](int i) const {
    return -((bits >> (i - first)) & 1);
  }
};

/// What computes 16 lanes of an operation by a single instruction of the host,
/// where `suits` says so.
template <class Op>
struct HostInstruction {
  static constexpr bool exists = false;
};

/// N lanes from `first` on.
template <class Op, int N, bool Signs>
MOE_EMU_INLINE void runLanes(uint32_t *d, const Source &a, const Source &b,
                             const Source &c, uint64_t carry, int first,
                             const LaneIO &io) {
  if constexpr (HostInstruction<Op>::exists && !Signs)
    if (HostInstruction<Op>::suits(io)) {
      for (int j = 0; j < N; j += 16)
        HostInstruction<Op>::run(d + first + j, a.p + first * a.step + j,
                                 b.p + first * b.step + j);
      return;
    }
  const MaskLanes pm{uint32_t(carry >> (first & 63)), first};
  MOE_CHUNK(N) {
    const auto x = laneOf<typename Op::A, Signs>(a, first, j);
    const auto y = laneOf<typename Op::B, Signs>(b, first, j);
    const auto z = laneOf<typename Op::C, Signs>(c, first, j);
    Op::D::put(d + first, j, Op::value(x, y, z, pm, first + j, io));
  }
}

/// All 64 lanes into rows at `d`.
template <class Op, int N, bool Signs>
MOE_EMU_INLINE void runRow(uint32_t *d, const Source &a, const Source &b,
                           const Source &c, uint64_t carry, const LaneIO &io) {
  for (int first = 0; first < 64; first += N)
    runLanes<Op, N, Signs>(d, a, b, c, carry, first, io);
}

/// The same with the chip's FP8, and FP16_OVFL off, known to the compiler.
template <class Op, int N, bool Signs>
MOE_EMU_INLINE void runKnownFloats(uint32_t *d, const Source &a,
                                   const Source &b, const Source &c, uint64_t,
                                   const LaneIO &io) {
  if (FpMode{io.mode}.fp16Overflow())
    return runRow<Op, N, Signs>(d, a, b, c, 0, io);
  LaneIO known = io;
  known.mode = 0;
  known.ocpFloats = true;
  if (io.ocpFloats)
    return runRow<Op, N, Signs>(d, a, b, c, 0, known);
  known.ocpFloats = false;
  runRow<Op, N, Signs>(d, a, b, c, 0, known);
}

/// Chunks: 16 lanes where a source may repeat, 32 where a mask is read.
template <unsigned Flags, bool Vgprs>
constexpr int chunkLanes() {
  return !Vgprs ? 16 : Flags & VCarryIn ? 32 : 64;
}

/// All 64 lanes of one register, of which those of a mask are replaced.
template <class Op, int N, bool Signs>
MOE_EMU_INLINE void mergeRow(uint32_t *d, const Source &a, const Source &b,
                             const Source &c, uint64_t carry,
                             const uint32_t *mask, const LaneIO &io) {
  for (int first = 0; first < 64; first += N) {
    const MaskLanes pm{uint32_t(carry >> (first & 63)), first};
    MOE_CHUNK(N) {
      const auto x = laneOf<typename Op::A, Signs>(a, first, j);
      const auto y = laneOf<typename Op::B, Signs>(b, first, j);
      const auto z = laneOf<typename Op::C, Signs>(c, first, j);
      uint32_t value;
      Op::D::put(&value, 0, Op::value(x, y, z, pm, first + j, io));
      const uint32_t bits = mask[first + j];
      d[first + j] = (value & bits) | (d[first + j] & ~bits);
    }
  }
}

/// The handler of a row without mask results.
template <class Op, unsigned Flags, bool Vgprs, ValuHandler General = full>
void direct(Wave &w, const Inst &I) {
  if ((Flags & VF) && !plainMode(w.mode))
    return General(w, I);
  constexpr bool signs = !Vgprs && appliesSigns<Op, Flags>();
  SourceRows own[3];
  const LaneIO io = makeIO(w, I);
  const uint64_t carry = Flags & VCarryIn ? w.s64(I.data) : 0;
  const Source a = fetchSource<typename Op::A, Vgprs, signs>(w, I, 0, own[0]);
  const Source b = fetchSource<typename Op::B, Vgprs, signs>(w, I, 1, own[1]);
  const Source c = fetchSource<typename Op::C, Vgprs, signs>(w, I, 2, own[2]);
  constexpr int N = chunkLanes<Flags, Vgprs>();
  constexpr bool one = valueRows(Op::D::id) == 1;
  uint32_t *d = w.v[I.dst];
  if constexpr (one && signs && !(Flags & (VKeepHi | VTrans)))
    if (!w.execFull)
      return mergeRow<Op, N, signs>(d, a, b, c, carry, w.execMask, io);
  constexpr auto run =
      Flags & VChipFloats ? runKnownFloats<Op, N, signs> : runRow<Op, N, signs>;
  if (!(Flags & VKeepHi) && w.execFull)
    return run(d, a, b, c, carry, io);
  alignas(64) uint32_t out[one ? 64 : 128];
  run(out, a, b, c, carry, io);
  for (unsigned r = 0; r < valueRows(Op::D::id); ++r)
    (Flags & VKeepHi ? mergeLowHalves : mergeLanes)(d + 64 * r, out + 64 * r,
                                                    w);
}

/// N lanes with the sources in `Scalars` (bit k) the same in all of them.
template <class Op, int N, unsigned Scalars>
MOE_EMU_INLINE void runScalarLanes(uint32_t *d, const uint32_t *const p[3],
                                   const uint32_t scalars[3], uint64_t carry,
                                   int first, const LaneIO &io) {
  const MaskLanes pm{uint32_t(carry >> (first & 63)), first};
  const typename Op::A::Type a = Op::A::get(&scalars[0], 0);
  const typename Op::B::Type b = Op::B::get(&scalars[1], 0);
  const typename Op::C::Type c = Op::C::get(&scalars[2], 0);
  MOE_CHUNK(N) {
    const int i = first + j;
    Op::D::put(d, i,
               Op::value(Scalars & 1 ? a : Op::A::get(p[0], i),
                         Scalars & 2 ? b : Op::B::get(p[1], i),
                         Scalars & 4 ? c : Op::C::get(p[2], i), pm, i, io));
  }
}

/// The handler of a row with the sources in `Scalars` no VGPRs, the others
/// VGPRs, all of 32 bits or fewer.
template <class Op, unsigned Flags, unsigned Scalars>
void directScalars(Wave &w, const Inst &I) {
  if ((Flags & VF) && !plainMode(w.mode))
    return direct<Op, Flags, false>(w, I);
  const LaneIO io = makeIO(w, I);
  const uint64_t carry = Flags & VCarryIn ? w.s64(I.data) : 0;
  const uint32_t *p[3];
  uint32_t scalars[3];
  for (int k = 0; k < 3; ++k) {
    scalars[k] = Scalars >> k & 1 ? w.scalar(I.src[k]) : 0;
    p[k] = w.v[Scalars >> k & 1 ? 0 : I.src[k].index];
  }
  constexpr int N = Flags & VCarryIn ? 32 : 64;
  alignas(64) uint32_t out[64];
  uint32_t *d = w.execFull ? w.v[I.dst] : out;
  for (int first = 0; first < 64; first += N)
    runScalarLanes<Op, N, Scalars>(d, p, scalars, carry, first, io);
  if (!w.execFull)
    mergeLanes(w.v[I.dst], out, w);
}

/// The handler of a compare.
template <class Op, unsigned Flags, bool Vgprs>
void directCompare(Wave &w, const Inst &I) {
  if ((Flags & VF) && !plainMode(w.mode))
    return full(w, I);
  SourceRows own[2];
  const LaneIO io = makeIO(w, I);
  constexpr bool signs = !Vgprs && appliesSigns<Op, Flags>();
  const Source a = fetchSource<typename Op::A, Vgprs, signs>(w, I, 0, own[0]);
  const Source b = fetchSource<typename Op::B, Vgprs, signs>(w, I, 1, own[1]);
  alignas(64) uint32_t out[64];
  runRow<Op, chunkLanes<Flags, Vgprs>(), signs>(out, a, b, a, 0, io);
  uint64_t result = packMask(out) & w.exec();
  w.setS64(I.sdst, result);
  if (Flags & VCmpx)
    w.setS64(SgprExec, result);
}

/// The handler of a row with a value and a mask: the mask row lies after those
/// of the value.
template <class Op, unsigned Flags, bool Vgprs>
void directCarry(Wave &w, const Inst &I) {
  SourceRows own[3];
  const LaneIO io = makeIO(w, I);
  const uint64_t carry = Flags & VCarryIn ? w.s64(I.data) : 0;
  const Source a = fetchSource<typename Op::A, Vgprs, false>(w, I, 0, own[0]);
  const Source b = fetchSource<typename Op::B, Vgprs, false>(w, I, 1, own[1]);
  const Source c = fetchSource<typename Op::C, Vgprs, false>(w, I, 2, own[2]);
  constexpr unsigned rows = valueRows(Op::D::id);
  alignas(64) uint32_t out[64 * (rows + 1)];
  constexpr int N = chunkLanes<Flags, Vgprs>();
  for (int first = 0; first < 64; first += N) {
    const MaskLanes pm{uint32_t(carry >> first), first};
    uint32_t *d = out + first;
    MOE_CHUNK(N) {
      const auto x = laneOf<typename Op::A, false>(a, first, j);
      const auto y = laneOf<typename Op::B, false>(b, first, j);
      const auto z = laneOf<typename Op::C, false>(c, first, j);
      const uint32_t m = Flags & VCarryIn ? pm[first + j] : 0;
      Op::D::put(d, j, Op::value(x, y, z, m));
      d[64 * rows + j] = Op::carry(x, y, z, m) ? ~0u : 0u;
    }
  }
  (void)io;
  w.setS64(I.sdst, packMask(out + 64 * rows) & w.exec());
  for (unsigned r = 0; r < rows; ++r) {
    uint32_t *d = w.v[I.dst + r];
    if (w.execFull) {
      memcpy(d, out + 64 * r, 256);
      continue;
    }
    MOE_LANES d[i] =
        (out[64 * r + i] & w.execMask[i]) | (d[i] & ~w.execMask[i]);
  }
}

#if defined(__AVX512F__)
/// The handler of the DPP forms of a row of one register, whose lanes go from
/// vector to vector without rows between.
template <class Op, unsigned Flags>
void directDpp(Wave &w, const Inst &I) {
  if ((I.mods & 63) || ((Flags & VF) && !plainMode(w.mode)))
    return dpp(w, I);
  const LaneIO io = makeIO(w, I);
  alignas(64) uint32_t a[64], out[64];
  const uint64_t lanes = fetchDpp(w, I, a, w.v[I.src[0].index]);
  const Source sources[3] = {
      {a, 1}, {w.v[I.src[1].index], 1}, {w.v[I.src[2].index], 1}};
  uint32_t *d = w.v[I.dst];
  for (int first = 0; first < 64; first += 16) {
    runLanes<Op, 16, false>(out, sources[0], sources[1], sources[2], 0, first,
                            io);
    mergeVector(d + first, out + first, lanes >> first);
  }
}
#endif

/// The two values of a source of v_pk_*_f32: a half of the source each.
MOE_EMU_INLINE void fetchPair(const Wave &w, const Inst &I, int k,
                              SourceRows &own, Source &low, Source &high) {
  const Src &src = I.src[k];
  Source source{own.rows, 0};
  if (src.kind == SrcKind::Vgpr) {
    source = {w.v[src.index], 1};
  } else {
    uint64_t value = w.scalar64(src);
    splat16(own.rows, uint32_t(value));
    splat16(own.rows + 64, uint32_t(value >> 32));
  }
  low = high = source;
  low.p += modOpSel(I.mods) >> k & 1 ? 64 : 0;
  high.p += modOpSelHi(I.mods) >> k & 1 ? 64 : 0;
  low.flip = modNeg(I.mods) >> k << 31;
  high.flip = modNegHi(I.mods) >> k << 31;
}

/// N lanes of both values, written together since one half of the result may be
/// a source of the other; with Masked those of a mask.
template <class Op, int N, bool Signs, bool Masked>
MOE_EMU_INLINE void runPairs(uint32_t *d, const Source *low, const Source *high,
                             const uint32_t *mask, int first) {
  constexpr int last = Op::sources - 1;
  MOE_CHUNK(N) {
    const uint32_t x =
        f32ToBits(Op::value(laneOf<F32, Signs>(low[0], first, j),
                            laneOf<F32, Signs>(low[1], first, j),
                            laneOf<F32, Signs>(low[last], first, j)));
    const uint32_t y =
        f32ToBits(Op::value(laneOf<F32, Signs>(high[0], first, j),
                            laneOf<F32, Signs>(high[1], first, j),
                            laneOf<F32, Signs>(high[last], first, j)));
    const uint32_t bits = Masked ? mask[first + j] : ~0u;
    uint32_t *p = d + first, *q = p + 64;
    p[j] = Masked ? (x & bits) | (p[j] & ~bits) : x;
    q[j] = Masked ? (y & bits) | (q[j] & ~bits) : y;
  }
}
template <class Op, int N, bool Signs>
MOE_EMU_INLINE void runAllPairs(Wave &w, const Inst &I, const Source *low,
                                const Source *high) {
  uint32_t *d = w.v[I.dst];
  if (w.execFull)
    for (int first = 0; first < 64; first += N)
      runPairs<Op, N, Signs, false>(d, low, high, nullptr, first);
  else
    for (int first = 0; first < 64; first += N)
      runPairs<Op, N, Signs, true>(d, low, high, w.execMask, first);
}

/// v_pk_*_f32.
template <class Op>
void directPacked32(Wave &w, const Inst &I) {
  if (!plainMode(w.mode))
    return packed32(w, I);
  SourceRows own[3];
  Source low[3], high[3];
  for (int k = 0; k < Op::sources; ++k)
    fetchPair(w, I, k, own[k], low[k], high[k]);
  runAllPairs<Op, 16, true>(w, I, low, high);
}

/// The same of VGPRs, without neg.
template <class Op>
void directPackedVgprs(Wave &w, const Inst &I) {
  if (!plainMode(w.mode))
    return packed32(w, I);
  Source low[3], high[3];
  for (int k = 0; k < Op::sources; ++k) {
    const uint32_t *p = w.v[I.src[k].index];
    low[k] = {p + (modOpSel(I.mods) >> k & 1 ? 64 : 0), 1};
    high[k] = {p + (modOpSelHi(I.mods) >> k & 1 ? 64 : 0), 1};
  }
  runAllPairs<Op, 64, false>(w, I, low, high);
}

} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

/// The table row of a kernel made by MOE_VALU_KERNEL, with its handlers.
#define MOE_VALU_ROW(name, suffix, flags)                                      \
  valuRow<op_##name##suffix>(#name, kernel_##name##suffix,                     \
                             std::integral_constant<unsigned, flags>())

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {
/// Whether a combination of scalar sources has a specialised handler: not those
/// of conversions, but for conversions of two values.
template <class Op, unsigned Flags>
constexpr bool hasScalars(unsigned scalars) {
  const ValueType types[3] = {Op::A::id, Op::B::id, Op::C::id};
  unsigned present = 0;
  for (int k = 0; k < 3; ++k) {
    if (valueRows(types[k]) == 2)
      return false;
    present |= (types[k] != ValueType::None) << k;
  }
  if (Flags & VReadsDst)
    present &= 3;
  return valueRows(Op::D::id) == 1 && !(Flags & (VKeepHi | VTrans)) &&
         (!(Flags & VCvt) || (Flags & VPacked)) && !(scalars & ~present);
}
template <class Op, unsigned Flags, unsigned Scalars>
constexpr ValuHandler scalarsHandler() {
  if constexpr (hasScalars<Op, Flags>(Scalars))
    return directScalars<Op, Flags, Scalars>;
  else
    return nullptr;
}

template <class Op, unsigned Flags>
constexpr ValuHandler dppHandler() {
#if defined(__AVX512F__)
  constexpr uint32_t masks = VCompare | VCarryIn | VCarryOut | VKeepHi;
  if constexpr (!(Flags & masks) && valueRows(Op::D::id) == 1 &&
                valueRows(Op::A::id) == 1 && valueRows(Op::B::id) < 2 &&
                valueRows(Op::C::id) < 2)
    return directDpp<Op, Flags>;
#endif
  return nullptr;
}

template <class Op, typename Flags>
constexpr ValuRow valuRow(const char *name, LaneFn kernel, Flags) {
  constexpr unsigned flags = Flags::value;
  return {name,
          kernel,
          Op::D::id,
          Op::A::id,
          Op::B::id,
          Op::C::id,
          flags,
          direct<Op, flags, false>,
          direct<Op, flags, true>,
          {scalarsHandler<Op, flags, 1>(), scalarsHandler<Op, flags, 2>(),
           scalarsHandler<Op, flags, 3>(), scalarsHandler<Op, flags, 4>(),
           scalarsHandler<Op, flags, 5>(), scalarsHandler<Op, flags, 6>()},
          dppHandler<Op, flags>()};
}
} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // MOE_LIB_EMULATOR_VECTOR_VALUDIRECT_H
