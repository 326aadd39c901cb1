// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every v_cvt_scalef32_* row against the test's own formats: element order,
// selects, scales and rounding.

#include "Math/ScaledCvt.h"
#include "Formats.h"
#include "gtest/gtest.h"
#include <string>

using namespace moe::emulator::math;
namespace fmt = moe::test;

namespace {

fmt::Format formatOf(CvtType t) {
  switch (t) {
  case CvtType::F16:
    return fmt::f16;
  case CvtType::BF16:
    return fmt::bf16;
  case CvtType::FP8:
    return fmt::fp8;
  case CvtType::BF8:
    return fmt::bf8;
  case CvtType::FP6:
    return fmt::fp6;
  case CvtType::BF6:
    return fmt::bf6;
  case CvtType::FP4:
    return fmt::fp4;
  case CvtType::F32:
    break;
  }
  return {8, 23, 127, fmt::Special::Ieee};
}

uint32_t extract(const std::vector<uint32_t> &regs, unsigned bit, unsigned n) {
  uint32_t value = 0;
  for (unsigned i = 0; i != n; ++i)
    value |= (regs[(bit + i) / 32] >> ((bit + i) % 32) & 1u) << i;
  return value;
}

void insert(std::vector<uint32_t> &regs, unsigned bit, unsigned n,
            uint32_t value) {
  for (unsigned i = 0; i != n; ++i) {
    uint32_t mask = 1u << ((bit + i) % 32);
    regs[(bit + i) / 32] &= ~mask;
    regs[(bit + i) / 32] |= (value >> i & 1u) ? mask : 0;
  }
}

bool has(const std::string &name, const char *part) {
  return name.find(part) != std::string::npos;
}

/// What the name says: count, direction and where op_sel points (ISA manual,
/// pseudo code of each instruction).
struct FromName {
  std::string name;
  bool sr, two, packs, wide32;
  unsigned count, srcBit = 0, dstBit = 0;
  FromName(const ScaledCvtDesc &d, unsigned opSel) : name(d.name) {
    sr = has(name, "_SR_");
    two = has(name, "2XPK16");
    wide32 = has(name, "PK32") || two;
    packs = d.to >= CvtType::FP8;
    count = wide32 ? 32 : has(name, "PK_") ? 2 : 1;
    bool narrow4 = has(name, "FP4");
    unsigned byte = packs ? opSel >> 2 & 3 : opSel & 3;
    if (wide32)
      return;
    if (packs) {
      dstBit = narrow4 || count == 1 ? 8 * byte : 16 * (opSel >> 3 & 1);
      if (count == 1 && !has(name, "_F32_F") && d.from != CvtType::F32)
        srcBit = 16 * (opSel & 1);
      return;
    }
    srcBit = narrow4 || count == 1 ? 8 * byte : 16 * (opSel & 1);
    if (count == 1 && d.to == CvtType::F16)
      dstBit = 16 * (opSel >> 3 & 1);
  }
};

struct Lane {
  std::vector<uint32_t> regs[3];
  std::vector<uint32_t> dst;
  const uint32_t *src[3];
};

Lane makeLane(const ScaledCvtDesc &d, fmt::Random &random) {
  Lane lane;
  unsigned counts[] = {d.src0Regs, d.src1Regs, d.src2Regs};
  for (unsigned s = 0; s != 3; ++s) {
    for (unsigned r = 0; r != counts[s]; ++r)
      lane.regs[s].push_back(uint32_t(random.next()));
    lane.src[s] = counts[s] ? lane.regs[s].data() : nullptr;
  }
  for (unsigned r = 0; r != d.dstRegs; ++r)
    lane.dst.push_back(uint32_t(random.next()));
  return lane;
}

/// Values in a range that the scale can bring into the packed format.
uint32_t tameValue(CvtType t, fmt::Random &random) {
  uint32_t r = uint32_t(random.next());
  switch (t) {
  case CvtType::F32:
    return (r & 0x80ffffffu) | (124 + r % 6) << 23;
  case CvtType::F16:
    return (r & 0x83ffu) | (12 + r % 6) << 10;
  case CvtType::BF16:
    return (r & 0x807fu) | (124 + r % 6) << 7;
  default:
    return r;
  }
}

uint32_t expectedPack(const fmt::Format &f, double x, bool saturate) {
  const std::vector<double> &values = fmt::magnitudes(f);
  uint32_t sign = std::signbit(x) ? f.signBit() : 0;
  uint32_t code = fmt::nearest(values, std::fabs(x));
  if (code == values.size())
    return sign | (saturate ? code - 1 : code);
  return sign | code;
}

/// The fraction bits that the source keeps plus the top bits of the seed, cut
/// off.
size_t stochastic(const fmt::Format &from, const fmt::Format &to,
                  double magnitude, uint32_t seed) {
  const std::vector<double> &values = fmt::magnitudes(to);
  int dropped = from.mantissaBits - to.mantissaBits;
  size_t last = values.size() - 1;
  size_t lo = std::upper_bound(values.begin(), values.end(), magnitude) -
              values.begin() - 1;
  double step =
      lo < last ? values[lo + 1] - values[lo] : values[lo] - values[lo - 1];
  double units = (magnitude - values[lo]) / step * std::ldexp(1, dropped);
  uint64_t fraction = uint64_t(std::floor(units)) + (seed >> (32 - dropped));
  size_t result = lo + (fraction >> dropped);
  return result <= last ? result : to.bits() < 8 ? last : last + 1;
}

void checkOne(const ScaledCvtDesc &d, unsigned opSel, fmt::Random &random) {
  FromName info(d, opSel);
  fmt::Format from = formatOf(d.from), to = formatOf(d.to);
  Lane lane = makeLane(d, random);
  unsigned scaleField = 120 + random.below(14);
  uint32_t scaleBits =
      scaleField << 23 | (uint32_t(random.next()) & 0x807fffffu);
  lane.regs[d.scaleSrc][0] = scaleBits;
  double scale = std::ldexp(1.0, int(scaleField) - 127);
  // Two f32 sources alternate: even values in the first, odd in the second.
  bool split = info.packs && !info.sr && d.from == CvtType::F32;
  for (unsigned i = 0; info.packs && i != info.count; ++i)
    insert(lane.regs[split ? i % 2 : 0],
           info.srcBit + (split ? i / 2 : i) * from.bits(), from.bits(),
           tameValue(d.from, random));
  std::vector<uint32_t> expected = lane.dst;
  uint32_t seed = info.sr ? lane.regs[1][0] : 0;
  for (unsigned i = 0; i != info.count; ++i) {
    const auto &regs = lane.regs[split ? i % 2 : 0];
    unsigned index = split ? i / 2 : i;
    double x = fmt::decode(
        from, extract(regs, info.srcBit + index * from.bits(), from.bits()));
    uint32_t code;
    if (!info.packs) {
      double y = x * scale;
      if (std::isnan(y))
        code = d.to == CvtType::F32   ? 0x7fc00000u
               : d.to == CvtType::F16 ? 0x7e00u
                                      : 0x7fc0u;
      else if (d.to == CvtType::F32) {
        float f = float(y);
        memcpy(&code, &f, 4);
      } else
        code = expectedPack(to, y, false);
    } else if (!info.sr) {
      code = expectedPack(to, x / scale, to.bits() < 8);
    } else {
      size_t result = stochastic(from, to, std::fabs(x / scale), seed);
      code = uint32_t(result) | (std::signbit(x) ? to.signBit() : 0);
    }
    insert(expected, info.dstBit + i * to.bits(), to.bits(), code);
    seed = (seed << 1) ^ (seed >> 31 ? 197u : 0u);
  }
  scaledCvt(d, lane.dst.data(), lane.src, opSel, false);
  ASSERT_EQ(expected, lane.dst) << d.name << " op_sel " << opSel;
}

TEST(ScaledCvt, EveryRowEverySelect) {
  size_t count;
  const ScaledCvtDesc *rows = scaledCvtTable(count);
  EXPECT_EQ(49u, count);
  fmt::Random random(3);
  for (size_t i = 0; i != count; ++i)
    for (unsigned opSel = 0; opSel != 16; ++opSel)
      for (unsigned n = 0; n != 20; ++n)
        checkOne(rows[i], opSel, random);
}

TEST(ScaledCvt, EveryFp4CodeTimesEveryScale) {
  const ScaledCvtDesc *bf = findScaledCvt("V_CVT_SCALEF32_PK_BF16_FP4");
  const ScaledCvtDesc *half = findScaledCvt("V_CVT_SCALEF32_PK_F16_FP4");
  const ScaledCvtDesc *single = findScaledCvt("V_CVT_SCALEF32_PK_F32_FP4");
  ASSERT_TRUE(bf && half && single);
  const double values[] = {0, .5, 1, 1.5, 2, 3, 4, 6};
  for (uint32_t e = 0; e != 256; ++e)
    for (uint32_t code = 0; code != 16; ++code)
      for (unsigned sel = 0; sel != 4; ++sel) {
        // The other nibble and the other bytes hold something else.
        uint32_t src = 0x5a5a5a5au;
        src = (src & ~(0xffu << 8 * sel)) | (code | (code ^ 5) << 4) << 8 * sel;
        uint32_t scale = e << 23 | 0x80000000u | 0x155555u;
        const uint32_t *srcs[3] = {&src, &scale, nullptr};
        double expected = (code & 8 ? -1 : 1) * values[code & 7] *
                          std::ldexp(1.0, int(e) - 127);
        uint32_t got = 0, pair[2] = {};
        scaledCvt(*bf, &got, srcs, sel, false);
        scaledCvt(*single, pair, srcs, sel, false);
        if (e == 255) {
          EXPECT_GT(got & 0x7fffu, 0x7f80u);
          EXPECT_TRUE(std::isnan(bitsToF32(pair[0])));
          continue;
        }
        // Exact, or beyond the largest value: infinity of that sign.
        EXPECT_EQ(float(expected), bf16ToF32(got)) << e << " " << code;
        EXPECT_EQ(std::signbit(expected), bool(got & 0x8000u));
        EXPECT_EQ(float(expected), bitsToF32(pair[0]));
        scaledCvt(*half, &got, srcs, sel, false);
        const std::vector<double> &halves = fmt::magnitudes(fmt::f16);
        uint32_t h = fmt::nearest(halves, std::fabs(expected));
        EXPECT_EQ(h | (code & 8 ? 0x8000u : 0), got & 0xffffu);
      }
}

TEST(ScaledCvt, Fp16OverflowModeSaturates) {
  const ScaledCvtDesc *pack = findScaledCvt("V_CVT_SCALEF32_PK_FP8_F32");
  const ScaledCvtDesc *unpack = findScaledCvt("V_CVT_SCALEF32_PK_F16_FP8");
  ASSERT_TRUE(pack && unpack);
  uint32_t big = f32ToBits(1e6f), minus = f32ToBits(-1e6f), one = 127u << 23;
  const uint32_t *srcs[3] = {&big, &minus, &one};
  uint32_t dst = 0xaaaaaaaau;
  scaledCvt(*pack, &dst, srcs, 8, false);
  EXPECT_EQ(0xff7faaaau, dst);
  scaledCvt(*pack, &dst, srcs, 0, true);
  EXPECT_EQ(0xff7ffe7eu, dst);
  uint32_t codes = 0x7e7eu, scale = 140u << 23;
  const uint32_t *in[3] = {&codes, &scale, nullptr};
  scaledCvt(*unpack, &dst, in, 0, false);
  EXPECT_EQ(0x7c007c00u, dst);
  scaledCvt(*unpack, &dst, in, 0, true);
  EXPECT_EQ(0x7bff7bffu, dst);
}

TEST(ScaledCvt, ANaNScaleGivesNaN) {
  const ScaledCvtDesc *pack = findScaledCvt("V_CVT_SCALEF32_PK_FP8_F32");
  uint32_t one = 127u << 23, nan = 255u << 23, dst = 0;
  const uint32_t *srcs[3] = {&one, &one, &nan};
  scaledCvt(*pack, &dst, srcs, 0, true);
  EXPECT_EQ(0x7f7fu, dst);
}

TEST(ScaledCvt, UnknownNamesAreNotFound) {
  EXPECT_EQ(nullptr, findScaledCvt("V_CVT_SCALEF32_PK_FP5_F32"));
  EXPECT_EQ(nullptr, findScaledCvt(""));
}

} // namespace
