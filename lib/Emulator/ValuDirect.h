//===- ValuDirect.h - handlers of the plain vector instructions -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One handler an opcode for the forms that need no more than neg and abs:
// fetch, lane loop and write in one function, in place when EXEC is full, with
// scalar operands as 16 repeated lanes. Everything else is done by the drivers
// in ValuDriver.cpp, which give the same results. Compiled once for each host
// instruction set.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_VALUDIRECT_H
#define MOE_LIB_EMULATOR_VALUDIRECT_H

#include "Lanes.h"

#if defined(__AVX2__) || defined(__SSE2__)
#include <immintrin.h>
#endif

// A loop over the lanes of a chunk. Unrolled before the vectoriser sees it, it
// would stay scalar.
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

/// Denormals kept, everything to nearest even, FP16_OVFL off.
inline bool plainMode(uint32_t mode) { return (mode & 0x8000ff) == 0xf0; }

inline LaneIO makeIO(const Wave &w, const Inst &I) {
  LaneIO io;
  io.d = nullptr;
  io.a = io.b = io.c = io.m = nullptr;
  io.mode = w.mode;
  io.imm = I.imm;
  io.opSel = modOpSel(I.mods);
  io.gfx950 = w.gfx950;
  io.ieee = w.mode & 0x200;
  return io;
}

/// A source: lanes from `first` on are at p + first * step.
struct Source {
  const uint32_t *p;
  int step; ///< 1: a row of 64 lanes, 0: 16 lanes that repeat
  MOE_EMU_INLINE const uint32_t *at(int first) const {
    return p + first * step;
  }
};

/// Room for a source that is not a register row as it is.
struct alignas(64) SourceRoom {
  uint32_t rows[128];
};

MOE_EMU_INLINE void splat16(uint32_t *row, uint32_t value) {
  for (int i = 0; i < 16; ++i)
    row[i] = value;
}

/// Copies with neg and abs applied; out of line, since it is not common.
template <typename T>
__attribute__((noinline)) void modified(Source &source, uint32_t *room,
                                        bool neg, bool abs) {
  constexpr unsigned last = valueRows(T::id) == 2 ? 64 : 0;
  const uint32_t top = is16(T::id) ? 0x8000u : 0x80000000u;
  const uint32_t keep = abs ? ~top : ~0u, flip = neg ? top : 0;
  int lanes = source.step ? 64 : 16;
  if (last)
    memcpy(room, source.p, lanes * 4);
  for (int i = 0; i < lanes; ++i)
    room[last + i] = (source.p[last + i] & keep) ^ flip;
  source.p = room;
}

/// Source k as a row, or as repeated lanes.
template <typename T, bool Vgprs>
MOE_EMU_INLINE Source fetchSource(const Wave &w, const Inst &I, int k,
                                  SourceRoom &room) {
  if (T::id == ValueType::None)
    return {room.rows, 0};
  const Src &src = I.src[k];
  if (Vgprs)
    return {w.v[src.index], 1};
  Source source;
  if (src.kind == SrcKind::Vgpr) {
    source = {w.v[src.index], 1};
  } else if (valueRows(T::id) == 2) {
    uint64_t value = w.scalar64(src);
    splat16(room.rows, uint32_t(value));
    splat16(room.rows + 64, uint32_t(value >> 32));
    source = {room.rows, 0};
  } else {
    splat16(room.rows, w.scalar(src));
    source = {room.rows, 0};
  }
  unsigned change = (I.mods >> k) & (1 | 1 << 3);
  if (change)
    modified<T>(source, room.rows, change & 1, change & 8);
  return source;
}

/// Lanes of a mask, as all ones or zero.
struct MaskLanes {
  uint32_t bits;
  int first; ///< the lane of bit 0
  MOE_EMU_INLINE uint32_t operator[](int i) const {
    return -((bits >> (i - first)) & 1);
  }
};

/// N lanes from `first` on, the pointers already there.
template <class Op, int N>
MOE_EMU_INLINE void runLanes(uint32_t *d, const uint32_t *pa,
                             const uint32_t *pb, const uint32_t *pc,
                             uint64_t carry, int first, const LaneIO &io) {
  const MaskLanes pm{uint32_t(carry >> (first & 63)), first};
  MOE_CHUNK(N) {
    const int i = first + j;
    const typename Op::A::Type a = Op::A::get(pa, j);
    const typename Op::B::Type b = Op::B::get(pb, j);
    const typename Op::C::Type c = Op::C::get(pc, j);
    Op::D::put(d, j, Op::value(a, b, c, pm, i, io));
  }
}

/// All 64 lanes into rows at `d`.
template <class Op, int N>
MOE_EMU_INLINE void runRow(uint32_t *d, const Source &a, const Source &b,
                           const Source &c, uint64_t carry, const LaneIO &io) {
  for (int first = 0; first < 64; first += N)
    runLanes<Op, N>(d + first, a.at(first), b.at(first), c.at(first), carry,
                    first, io);
}

/// Chunks: 16 lanes where a source may repeat, 32 where a mask is read.
template <unsigned Flags, bool Vgprs>
constexpr int chunkLanes() {
  return !Vgprs ? 16 : Flags & VCarryIn ? 32 : 64;
}

/// With some lanes off, or a half of the old result to keep.
template <class Op, unsigned Flags>
__attribute__((noinline)) void mergeRow(Wave &w, const Inst &I, Source a,
                                        Source b, Source c, uint64_t carry,
                                        const LaneIO &io) {
  alignas(64) uint32_t out[128];
  runRow<Op, 16>(out, a, b, c, carry, io);
  for (unsigned r = 0; r < valueRows(Op::D::id); ++r) {
    uint32_t *d = w.v[I.dst + r];
    const uint32_t *value = out + 64 * r;
    MOE_LANES {
      uint32_t x = value[i];
      if (Flags & VKeepHi)
        x = (d[i] & 0xffff0000u) | (x & 0xffffu);
      d[i] = (x & w.execMask[i]) | (d[i] & ~w.execMask[i]);
    }
  }
}

/// The handler of a row without mask results.
template <class Op, unsigned Flags, bool Vgprs, ValuHandler General = full>
void direct(Wave &w, const Inst &I) {
  if ((Flags & VF) && !plainMode(w.mode))
    return General(w, I);
  SourceRoom room[3];
  const LaneIO io = makeIO(w, I);
  const uint64_t carry = Flags & VCarryIn ? w.s64(I.data) : 0;
  const Source a = fetchSource<typename Op::A, Vgprs>(w, I, 0, room[0]);
  const Source b = fetchSource<typename Op::B, Vgprs>(w, I, 1, room[1]);
  const Source c = fetchSource<typename Op::C, Vgprs>(w, I, 2, room[2]);
  if ((Flags & VKeepHi) || !w.execFull)
    return mergeRow<Op, Flags>(w, I, a, b, c, carry, io);
  runRow<Op, chunkLanes<Flags, Vgprs>()>(w.v[I.dst], a, b, c, carry, io);
}

/// The handler of a compare.
template <class Op, unsigned Flags, bool Vgprs>
void directCompare(Wave &w, const Inst &I) {
  if ((Flags & VF) && !plainMode(w.mode))
    return full(w, I);
  SourceRoom room[2];
  const LaneIO io = makeIO(w, I);
  const Source a = fetchSource<typename Op::A, Vgprs>(w, I, 0, room[0]);
  const Source b = fetchSource<typename Op::B, Vgprs>(w, I, 1, room[1]);
  alignas(64) uint32_t out[64];
  runRow<Op, chunkLanes<Flags, Vgprs>()>(out, a, b, a, 0, io);
  uint64_t result = packMask(out) & w.exec();
  w.setS64(I.sdst, result);
  if (Flags & VCmpx)
    w.setS64(SgprExec, result);
}

/// The handler of a row with a value and a mask: the mask row lies after those
/// of the value.
template <class Op, unsigned Flags, bool Vgprs>
void directCarry(Wave &w, const Inst &I) {
  SourceRoom room[3];
  const LaneIO io = makeIO(w, I);
  const uint64_t carry = Flags & VCarryIn ? w.s64(I.data) : 0;
  const Source a = fetchSource<typename Op::A, Vgprs>(w, I, 0, room[0]);
  const Source b = fetchSource<typename Op::B, Vgprs>(w, I, 1, room[1]);
  const Source c = fetchSource<typename Op::C, Vgprs>(w, I, 2, room[2]);
  constexpr unsigned rows = valueRows(Op::D::id);
  alignas(64) uint32_t out[64 * (rows + 1)];
  constexpr int N = chunkLanes<Flags, Vgprs>();
  for (int first = 0; first < 64; first += N) {
    const MaskLanes pm{uint32_t(carry >> first), first};
    const uint32_t *pa = a.at(first), *pb = b.at(first), *pc = c.at(first);
    uint32_t *d = out + first;
    MOE_CHUNK(N) {
      const typename Op::A::Type x = Op::A::get(pa, j);
      const typename Op::B::Type y = Op::B::get(pb, j);
      const typename Op::C::Type z = Op::C::get(pc, j);
      const uint32_t m = pm[first + j];
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

/// v_pk_*_f32: two values a lane, each from a half of each source of its own
/// choice.
template <class Op>
void directPacked32(Wave &w, const Inst &I) {
  if (!plainMode(w.mode) || !w.execFull)
    return packed32(w, I);
  SourceRoom room[3];
  Source low[3], high[3];
  for (int k = 0; k < Op::sources; ++k) {
    const Src &src = I.src[k];
    Source source{w.v[src.index], 1};
    if (src.kind != SrcKind::Vgpr) {
      uint64_t value = w.scalar64(src);
      splat16(room[k].rows, uint32_t(value));
      splat16(room[k].rows + 64, uint32_t(value >> 32));
      source = {room[k].rows, 0};
    }
    low[k] = high[k] = source;
    low[k].p += (modOpSel(I.mods) >> k) & 1 ? 64 : 0;
    high[k].p += (modOpSelHi(I.mods) >> k) & 1 ? 64 : 0;
  }
  const uint32_t flips = modNeg(I.mods), highFlips = modNegHi(I.mods);
  auto sign = [](uint32_t bits, int k) { return ((bits >> k) & 1) << 31; };
  const uint32_t fa = sign(flips, 0), fb = sign(flips, 1), fc = sign(flips, 2);
  const uint32_t ga = sign(highFlips, 0), gb = sign(highFlips, 1),
                 gc = sign(highFlips, 2);
  constexpr int last = Op::sources - 1;
  uint32_t *d = w.v[I.dst];
  for (int first = 0; first < 64; first += 16) {
    const uint32_t *a0 = low[0].at(first), *a1 = high[0].at(first);
    const uint32_t *b0 = low[1].at(first), *b1 = high[1].at(first);
    const uint32_t *c0 = low[last].at(first), *c1 = high[last].at(first);
    MOE_CHUNK(16) {
      float x = Op::value(bitsToF32(a0[j] ^ fa), bitsToF32(b0[j] ^ fb),
                          bitsToF32(c0[j] ^ fc));
      float y = Op::value(bitsToF32(a1[j] ^ ga), bitsToF32(b1[j] ^ gb),
                          bitsToF32(c1[j] ^ gc));
      d[first + j] = f32ToBits(x);
      d[first + 64 + j] = f32ToBits(y);
    }
  }
}

} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

/// The table row of a kernel made by MOE_VALU_KERNEL, with its handlers. Shifts
/// that may be refused have none.
#define MOE_VALU_ROW(name, suffix, flags)                                      \
  valuRow<op_##name##suffix, ((flags) & VShift4) == 0>(                        \
      #name, kernel_##name##suffix, std::integral_constant<unsigned, flags>())

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {
template <class Op, bool HasDirect, typename Flags>
constexpr ValuRow valuRow(const char *name, LaneFn kernel, Flags) {
  if constexpr (HasDirect)
    return {name,
            kernel,
            Op::D::id,
            Op::A::id,
            Op::B::id,
            Op::C::id,
            Flags::value,
            direct<Op, Flags::value, false>,
            direct<Op, Flags::value, true>};
  else
    return {name,      kernel,       Op::D::id, Op::A::id, Op::B::id,
            Op::C::id, Flags::value, nullptr,   nullptr};
}
} // namespace
} // namespace moe::emulator::MOE_EMU_VARIANT

#endif // MOE_LIB_EMULATOR_VALUDIRECT_H
