//===- LaneOps.cpp - instructions that move data between lanes ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// readlane, writelane, readfirstlane, permlane swaps, v_swap, AGPR moves, and
// the gfx950 scaled conversions lane by lane, for hosts without AVX2
// (ValuScaledAny.cpp), whose arithmetic is in Math/ScaledCvt.h.
//
//===----------------------------------------------------------------------===//

#include "Math/Mfma.h"
#include "Math/ScaledCvt.h"
#include "Vector/LaneRows.h"

#include <utility>

namespace moe::emulator {
namespace {

void v_nop(Wave &, const Inst &) {}

void v_readfirstlane_b32(Wave &w, const Inst &I) {
  uint64_t exec = w.exec();
  unsigned lane = exec ? unsigned(__builtin_ctzll(exec)) : 0;
  w.setS(I.dst, I.src[0].kind == SrcKind::Vgpr ? w.v[I.src[0].index][lane]
                                               : w.scalar(I.src[0]));
}
void v_readlane_b32(Wave &w, const Inst &I) {
  unsigned lane = w.scalar(I.src[1]) & 63;
  w.setS(I.dst, I.src[0].kind == SrcKind::Vgpr ? w.v[I.src[0].index][lane]
                                               : w.scalar(I.src[0]));
}
void v_writelane_b32(Wave &w, const Inst &I) {
  w.v[I.dst][w.scalar(I.src[1]) & 63] = w.scalar(I.src[0]);
}

/// Rows of 16 lanes are swapped: the odd ones of the first register with the
/// even ones of the second. EXEC masks every lane that is written.
void swapHalves(Wave &w, const Inst &I, unsigned width) {
  uint32_t *a = w.v[I.dst], *b = w.v[I.src[0].index];
  for (unsigned first = 0; first < 64; first += 2 * width)
    for (unsigned k = 0; k < width; ++k) {
      unsigned upper = first + width + k, lower = first + k;
      uint32_t x = a[upper], y = b[lower];
      if (w.execMask[upper])
        a[upper] = y;
      if (w.execMask[lower])
        b[lower] = x;
    }
}
void v_permlane16_swap_b32(Wave &w, const Inst &I) { swapHalves(w, I, 16); }
void v_permlane32_swap_b32(Wave &w, const Inst &I) { swapHalves(w, I, 32); }

void v_swap_b32(Wave &w, const Inst &I) {
  uint32_t *a = w.v[I.dst], *b = w.v[I.src[0].index];
  for (unsigned i = 0; i < 64; ++i)
    if (w.execMask[i])
      std::swap(a[i], b[i]);
}

/// 64 bits of a lane, or of a scalar pair.
uint64_t lane64(const Wave &w, const Src &src, unsigned lane) {
  if (src.kind != SrcKind::Vgpr)
    return w.scalar64(src);
  return w.v[src.index][lane] | uint64_t(w.v[src.index + 1][lane]) << 32;
}
/// Four masked sums of absolute differences: of the bytes k..k+3 of the first
/// source and those of the second one, where the latter are not zero.
void v_mqsad_u32_u8(Wave &w, const Inst &I) {
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctzll(m));
    uint64_t a = lane64(w, I.src[0], lane), sums[4];
    uint32_t b = uint32_t(lane64(w, I.src[1], lane));
    for (unsigned k = 0; k < 4; ++k) {
      sums[k] = I.src[2].kind == SrcKind::Vgpr   ? w.v[I.src[2].index + k][lane]
                : I.src[2].kind == SrcKind::Sgpr ? w.s[I.src[2].index + k]
                                                 : (k ? 0 : w.scalar(I.src[2]));
      for (unsigned byte = 0; byte < 4; ++byte) {
        int x = int((a >> (8 * (k + byte))) & 255);
        int y = int((b >> (8 * byte)) & 255);
        sums[k] += y ? unsigned(x > y ? x - y : y - x) : 0;
      }
    }
    for (unsigned k = 0; k < 4; ++k)
      w.v[I.dst + k][lane] = (I.mods & ModClamp) && sums[k] >> 32
                                 ? 0xffffffffu
                                 : uint32_t(sums[k]);
  }
}

/// AGPR moves honour EXEC like any vector move.
void moveRow(Wave &w, const Inst &I) {
  uint32_t value = 0;
  const uint32_t *row = nullptr;
  if (I.src[0].kind == SrcKind::Vgpr)
    row = w.v[I.src[0].index];
  else
    value = w.scalar(I.src[0]);
  uint32_t *d = w.v[I.dst];
  for (unsigned i = 0; i < 64; ++i) {
    uint32_t x = row ? row[i] : value;
    d[i] = (x & w.execMask[i]) | (d[i] & ~w.execMask[i]);
  }
}

} // namespace

static const LaneRow rows[] = {
    {"v_nop", v_nop, 0, OnBoth},
    {"v_clrexcp", v_nop, 0, OnBoth},
    {"v_readfirstlane_b32", v_readfirstlane_b32, 1, OnBoth,
     AllLanes | ReadsLane},
    {"v_readlane_b32", v_readlane_b32, 2, OnBoth,
     AllLanes | ReadsLane | SelectsLane},
    {"v_writelane_b32", v_writelane_b32, 2, OnBoth,
     AllLanes | WritesLane | SelectsLane | Merges},
    {"v_permlane16_swap_b32", v_permlane16_swap_b32, 1, On950,
     NeedsAllLanes | Permutes},
    {"v_permlane32_swap_b32", v_permlane32_swap_b32, 1, On950,
     NeedsAllLanes | Permutes},
    {"v_swap_b32", v_swap_b32, 1, OnBoth},
    {"v_mqsad_u32_u8", v_mqsad_u32_u8, 3, OnBoth, 0, 0, {4, 2, 1, 4}},
    {"v_accvgpr_read_b32", moveRow, 1, OnBoth, Copies, AccSource},
    {"v_accvgpr_write_b32", moveRow, 1, OnBoth, Copies, AccResult},
    {"v_accvgpr_mov_b32", moveRow, 1, OnBoth, Copies, AccSource | AccResult},
};

LaneTable laneRows() { return {rows, sizeof(rows) / sizeof(rows[0])}; }

//===----------------------------------------------------------------------===//
// Scaled conversions. op = ScaledCvtDesc, src[0..2], dst = first row.
//===----------------------------------------------------------------------===//

static void negAbs(uint32_t *values, unsigned count, bool half, bool neg,
                   bool abs) {
  uint32_t top = half ? 0x80008000u : 0x80000000u;
  for (unsigned i = 0; i < count; ++i) {
    if (abs)
      values[i] &= ~top;
    if (neg)
      values[i] ^= top;
  }
}

void runScaledConvert(Wave &w, const Inst &I) {
  const auto &desc = *static_cast<const math::ScaledCvtDesc *>(I.op);
  const unsigned counts[3] = {desc.src0Regs, desc.src1Regs, desc.src2Regs};
  bool overflow = math::FpMode{w.mode}.fp16Overflow();
  uint32_t result[64][32];
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctzll(m));
    uint32_t values[3][32];
    const uint32_t *sources[3] = {nullptr, nullptr, nullptr};
    for (unsigned k = 0; k < 3; ++k) {
      if (counts[k] == 0 || I.src[k].kind == SrcKind::None)
        continue;
      for (unsigned r = 0; r < counts[k]; ++r)
        values[k][r] =
            I.src[k].kind == SrcKind::Vgpr   ? w.v[I.src[k].index + r][lane]
            : I.src[k].kind == SrcKind::Sgpr ? w.s[I.src[k].index + r]
                                             : w.scalar(I.src[k]);
      bool half = int(k) != desc.scaleSrc && (desc.from == math::CvtType::F16 ||
                                              desc.from == math::CvtType::BF16);
      negAbs(values[k], counts[k], half, (modNeg(I.mods) >> k) & 1,
             (modAbs(I.mods) >> k) & 1);
      sources[k] = values[k];
    }
    for (unsigned r = 0; r < desc.dstRegs; ++r)
      result[lane][r] = w.v[I.dst + r][lane];
    math::scaledCvt(desc, result[lane], sources, modOpSel(I.mods), overflow);
  }
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctzll(m));
    for (unsigned r = 0; r < desc.dstRegs; ++r)
      w.v[I.dst + r][lane] = result[lane][r];
  }
}

//===----------------------------------------------------------------------===//
// Matrix. op = MfmaDesc, src = A, B, C (index for smfmac), dst = first row of
// D, data and data1 = rows of the scales, ext = fields packed by the decoder.
//===----------------------------------------------------------------------===//

/// A scale that is not in a VGPR: its value in every lane.
static const uint32_t *scaleRow(Wave &w, const Src &src, uint32_t *scratch) {
  if (src.kind == SrcKind::Vgpr)
    return w.v[src.index];
  for (unsigned i = 0; i < 64; ++i)
    scratch[i] = w.scalar(src);
  return scratch;
}

void runMatrix(Wave &w, const Inst &I) {
  const auto &desc = *static_cast<const math::MfmaDesc *>(I.op);
  math::MfmaModifiers mods;
  mods.cbsz = I.ext & 7;
  mods.abid = (I.ext >> 3) & 15;
  mods.blgp = (I.ext >> 7) & 7;
  mods.scaleSelA = (I.ext >> 10) & 3;
  mods.scaleSelB = (I.ext >> 12) & 3;
  mods.cdna3Sums = w.cdna3Sums;
  math::MatChip chip = w.chip->bit;
  math::MfmaOperands ops;
  ops.d = w.v + I.dst;
  ops.a = w.v + I.src[0].index;
  ops.b = w.v + I.src[1].index;
  if (desc.sparse) {
    ops.index = w.v[I.src[2].index];
    return math::smfmac(desc, chip, ops, mods);
  }
  if (I.src[2].kind == SrcKind::Vgpr)
    ops.c = w.v + I.src[2].index;
  else
    ops.cConstant = w.scalar64(I.src[2]);
  uint32_t scratch[2][64];
  if (I.flags) { // scaled: the encodings of the scales are kept as SrcKinds
    Src a, b;
    a.kind = SrcKind(I.flags & 15);
    a.index = I.data;
    a.value = I.imm;
    b.kind = SrcKind((I.flags >> 4) & 15);
    b.index = I.data1;
    b.value = I.mods;
    ops.scaleA = scaleRow(w, a, scratch[0]);
    ops.scaleB = scaleRow(w, b, scratch[1]);
  }
  math::mfma(desc, chip, ops, mods);
}

} // namespace moe::emulator
