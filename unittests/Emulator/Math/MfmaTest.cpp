// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every matrix instruction of every chip against a plain triple loop in double,
// with values that differ from item to item and are small enough for every
// order of summation to be exact. The placing of items in lanes is written here
// again.

#include "Math/Mfma.h"
#include "Formats.h"
#include "Math/MfmaKernels.h"
#include "gtest/gtest.h"
#include <cstring>
#include <string>

using namespace moe::emulator::math;
namespace fmt = moe::test;

namespace {

using Regs = std::vector<std::array<uint32_t, 64>>;

RegRow *rowsOf(Regs &r) { return reinterpret_cast<RegRow *>(r.data()); }

struct Place {
  unsigned item, lane;
};

/// ISA manual: a lane holds K_L = K / (64 / (M * blocks)) consecutive k.
Place placeA(const MfmaDesc &d, unsigned rows, unsigned b, unsigned i,
             unsigned k) {
  unsigned kl = d.k / (64 / (rows * d.blocks));
  return {k % kl, i + rows * (b + d.blocks * (k / kl))};
}

/// FP8 and BF8 of F8F6F4: two chunks of 16 k, half of K apart.
Place placeChunks(const MfmaDesc &d, unsigned rows, unsigned i, unsigned k) {
  unsigned half = d.k / 2, chunk = k / half, within = k % half;
  return {16 * chunk + within % 16, i + rows * (within / 16)};
}

/// C and D. The 32-bit results come in groups of four rows: 32x32 has row
/// 8*(r/4) + 4*(lane/32) + r%4 in register r, 16x16 row 4*(lane/16) + r%4 of
/// block r/4, 4x4 row r of block lane/4.
Place placeD(const MfmaDesc &d, unsigned b, unsigned i, unsigned j) {
  if (d.d == MatType::F64) {
    if (d.m == 4)
      return {0, 16 * i + 4 * b + j};
    return {i / 4, j + 16 * (i % 4)};
  }
  switch (d.m) {
  case 32:
    return {16 * b + 4 * (i / 8) + i % 4, j + 32 * (i / 4 % 2)};
  case 16:
    return {4 * b + i % 4, j + 16 * (i / 4)};
  default:
    return {i, j + 4 * b};
  }
}

fmt::Format formatOf(MatType t, MatChip chip) {
  bool fnuz = chip == MatGfx942;
  switch (t) {
  case MatType::F16:
    return fmt::f16;
  case MatType::BF16:
    return fmt::bf16;
  case MatType::FP8:
    return fnuz ? fmt::fp8Fnuz : fmt::fp8;
  case MatType::BF8:
    return fnuz ? fmt::bf8Fnuz : fmt::bf8;
  case MatType::FP6:
    return fmt::fp6;
  case MatType::BF6:
    return fmt::bf6;
  case MatType::FP4:
    return fmt::fp4;
  default:
    return {8, 23, 127, fmt::Special::Ieee};
  }
}

unsigned bitsOf(MatType t, MatChip chip) {
  return t == MatType::F64  ? 64
         : t == MatType::I8 ? 8
                            : formatOf(t, chip).bits();
}

uint64_t encode(MatType t, MatChip chip, double value) {
  uint64_t bits = 0;
  float f = float(value);
  switch (t) {
  case MatType::F64:
    memcpy(&bits, &value, 8);
    return bits;
  case MatType::F32:
  case MatType::XF32:
    memcpy(&bits, &f, 4);
    return bits;
  case MatType::I32:
    return uint32_t(int32_t(value));
  case MatType::I8:
    return uint8_t(int8_t(value));
  default:
    return fmt::encodeExact(formatOf(t, chip), value);
  }
}

double decodeBits(MatType t, uint64_t bits) {
  double value;
  float f;
  uint32_t low = uint32_t(bits);
  if (t == MatType::F64) {
    memcpy(&value, &bits, 8);
    return value;
  }
  if (t == MatType::I32)
    return int32_t(low);
  memcpy(&f, &low, 4);
  return f;
}

void put(Regs &regs, unsigned bits, Place p, uint64_t value) {
  for (unsigned n = 0; n != bits; ++n) {
    unsigned at = p.item * bits + n;
    uint32_t &word = regs[at / 32][p.lane];
    word = (word & ~(1u << at % 32)) | uint32_t(value >> n & 1) << at % 32;
  }
}

uint64_t get(const Regs &regs, unsigned bits, Place p) {
  uint64_t value = 0;
  for (unsigned n = 0; n != bits; ++n) {
    unsigned at = p.item * bits + n;
    value |= uint64_t(regs[at / 32][p.lane] >> at % 32 & 1) << n;
  }
  return value;
}

/// Values that a type holds exactly, distinct in most places.
double someValue(MatType t, fmt::Random &random) {
  static const double fp4[] = {0, .5, 1, 1.5, 2, 3, 4, 6};
  double sign = random.below(2) ? -1 : 1;
  switch (t) {
  case MatType::FP4:
    return sign * fp4[random.below(8)];
  case MatType::FP8:
  case MatType::FP6:
    return sign * random.below(8);
  case MatType::BF8:
  case MatType::BF6:
    return sign * fp4[random.below(8)];
  default:
    return sign * random.below(100);
  }
}

/// -0 does not exist in FNUZ and would hide nothing: use +0.
double noMinusZero(double v) { return v == 0 ? 0 : v; }

struct Problem {
  const MfmaDesc &d;
  MatChip chip;
  MatType aType, bType;
  std::vector<double> a, b,
      c; // [block][row][k], [block][col][k], [block][i][j]
  Regs ra, rb, rc;

  Problem(const MfmaDesc &desc, MatChip chip, MatType aType, MatType bType,
          uint64_t seed)
      : d(desc), chip(chip), aType(aType), bType(bType) {
    fmt::Random random(seed);
    for (unsigned n = 0; n != d.blocks * d.m * d.k; ++n)
      a.push_back(noMinusZero(someValue(aType, random)));
    for (unsigned n = 0; n != d.blocks * d.n * d.k; ++n)
      b.push_back(noMinusZero(someValue(bType, random)));
    for (unsigned n = 0; n != d.blocks * d.m * d.n; ++n)
      c.push_back(noMinusZero(someValue(MatType::I32, random)));
    ra.resize(8);
    rb.resize(8);
    rc.resize(d.dRegs);
    for (unsigned x = 0; x != d.blocks; ++x) {
      for (unsigned k = 0; k != d.k; ++k) {
        for (unsigned i = 0; i != d.m; ++i)
          put(ra, bitsOf(aType, chip), place(aType, d.m, x, i, k),
              encode(aType, chip, atA(x, i, k)));
        for (unsigned j = 0; j != d.n; ++j)
          put(rb, bitsOf(bType, chip), place(bType, d.n, x, j, k),
              encode(bType, chip, atB(x, j, k)));
      }
      for (unsigned i = 0; i != d.m; ++i)
        for (unsigned j = 0; j != d.n; ++j)
          put(rc, d.d == MatType::F64 ? 64 : 32, placeD(d, x, i, j),
              encode(d.d, chip, atC(x, i, j)));
    }
  }
  Place place(MatType t, unsigned rows, unsigned x, unsigned i,
              unsigned k) const {
    bool chunks =
        d.a == MatType::F8F6F4 && (t == MatType::FP8 || t == MatType::BF8);
    return chunks ? placeChunks(d, rows, i, k) : placeA(d, rows, x, i, k);
  }
  double atA(unsigned x, unsigned i, unsigned k) const {
    return a[(x * d.m + i) * d.k + k];
  }
  double atB(unsigned x, unsigned j, unsigned k) const {
    return b[(x * d.n + j) * d.k + k];
  }
  double atC(unsigned x, unsigned i, unsigned j) const {
    return c[(x * d.m + i) * d.n + j];
  }
  MfmaOperands operands(Regs &rd) {
    MfmaOperands ops;
    ops.d = rowsOf(rd);
    ops.a = rowsOf(ra);
    ops.b = rowsOf(rb);
    ops.c = rowsOf(rc);
    return ops;
  }
  double result(const Regs &rd, unsigned x, unsigned i, unsigned j) const {
    unsigned bits = d.d == MatType::F64 ? 64 : 32;
    return decodeBits(d.d, get(rd, bits, placeD(d, x, i, j)));
  }
};

constexpr MatChip chips[] = {MatGfx90a, MatGfx942, MatGfx950};

template <typename Fn>
void forEachDense(Fn fn) {
  size_t count;
  const MfmaDesc *rows = mfmaTable(count);
  for (size_t n = 0; n != count; ++n)
    for (MatChip chip : chips)
      if (!rows[n].sparse && rows[n].a != MatType::F8F6F4 &&
          (rows[n].chips & chip)) {
        SCOPED_TRACE(std::string(rows[n].name) + " chip bit " +
                     std::to_string(chip));
        fn(rows[n], chip);
        if (testing::Test::HasFatalFailure())
          return;
      }
}

TEST(Mfma, EveryDenseInstruction) {
  forEachDense([](const MfmaDesc &d, MatChip chip) {
    Problem p(d, chip, d.a, d.b, 7);
    Regs rd(d.dRegs);
    ASSERT_EQ(nullptr, checkMfma(d, chip, {}));
    mfma(d, chip, p.operands(rd), {});
    for (unsigned x = 0; x != d.blocks; ++x)
      for (unsigned i = 0; i != d.m; ++i)
        for (unsigned j = 0; j != d.n; ++j) {
          double expected = p.atC(x, i, j);
          for (unsigned k = 0; k != d.k; ++k)
            expected += p.atA(x, i, k) * p.atB(x, j, k);
          ASSERT_EQ(expected, p.result(rd, x, i, j))
              << x << " " << i << " " << j;
        }
  });
}

TEST(Mfma, DInPlaceOfAnySourceAndConstantC) {
  forEachDense([](const MfmaDesc &d, MatChip chip) {
    Problem p(d, chip, d.a, d.b, 8);
    Regs apart(d.dRegs);
    mfma(d, chip, p.operands(apart), {});
    Regs all(16 + 3 * d.dRegs);
    for (unsigned shift = 0; shift != d.dRegs; ++shift) {
      // A at 0, B at 8, C at 16; D moves over all of them.
      for (unsigned base : {16u, 0u, 8u, 16u + d.dRegs}) {
        std::copy(p.ra.begin(), p.ra.end(), all.begin());
        std::copy(p.rb.begin(), p.rb.end(), all.begin() + 8);
        std::copy(p.rc.begin(), p.rc.end(), all.begin() + 16);
        MfmaOperands ops;
        ops.a = rowsOf(all);
        ops.b = rowsOf(all) + 8;
        ops.c = rowsOf(all) + 16;
        ops.d = rowsOf(all) + base + shift;
        mfma(d, chip, ops, {});
        ASSERT_EQ(0, memcmp(apart.data(), all.data() + base + shift,
                            d.dRegs * sizeof(RegRow)));
      }
    }
    uint64_t five = encode(d.d, chip, 5);
    for (unsigned x = 0; x != d.blocks; ++x)
      for (unsigned i = 0; i != d.m; ++i)
        for (unsigned j = 0; j != d.n; ++j)
          put(p.rc, d.d == MatType::F64 ? 64 : 32, placeD(d, x, i, j), five);
    Regs expected(d.dRegs), got(d.dRegs);
    mfma(d, chip, p.operands(expected), {});
    MfmaOperands ops = p.operands(got);
    ops.c = nullptr;
    ops.cConstant = five;
    mfma(d, chip, ops, {});
    ASSERT_EQ(expected, got);
  });
}

TEST(Mfma, CbszAndAbidBroadcastABlockOfA) {
  forEachDense([](const MfmaDesc &d, MatChip chip) {
    if (d.blocks == 1 || d.d == MatType::F64)
      return;
    Problem p(d, chip, d.a, d.b, 9);
    for (unsigned cbsz = 1; (1u << cbsz) <= d.blocks; ++cbsz)
      for (unsigned abid = 0; abid != 1u << cbsz; ++abid) {
        MfmaModifiers mods;
        mods.cbsz = uint8_t(cbsz);
        mods.abid = uint8_t(abid);
        ASSERT_EQ(nullptr, checkMfma(d, chip, mods));
        Regs rd(d.dRegs);
        mfma(d, chip, p.operands(rd), mods);
        for (unsigned x = 0; x != d.blocks; ++x)
          for (unsigned i = 0; i != d.m; ++i)
            for (unsigned j = 0; j != d.n; ++j) {
              unsigned from = x / (1u << cbsz) * (1u << cbsz) + abid;
              double expected = p.atC(x, i, j);
              for (unsigned k = 0; k != d.k; ++k)
                expected += p.atA(from, i, k) * p.atB(x, j, k);
              ASSERT_EQ(expected, p.result(rd, x, i, j));
            }
      }
  });
}

TEST(Mfma, BlgpPermutesTheLanesOfB) {
  // The source lane of lanes 0, 16, 32 and 48 for each pattern (ISA manual).
  const unsigned from[8][4] = {
      {0, 16, 32, 48}, {0, 16, 0, 16},   {32, 48, 32, 48}, {16, 32, 48, 0},
      {0, 0, 0, 0},    {16, 16, 16, 16}, {32, 32, 32, 32}, {48, 48, 48, 48}};
  forEachDense([&](const MfmaDesc &d, MatChip chip) {
    if (d.d == MatType::F64)
      return;
    Problem p(d, chip, d.a, d.b, 10);
    const Regs old = p.rb;
    for (unsigned blgp = 1; blgp != 8; ++blgp) {
      p.rb = old;
      MfmaModifiers mods;
      mods.blgp = uint8_t(blgp);
      Regs got(d.dRegs), expected(d.dRegs);
      mfma(d, chip, p.operands(got), mods);
      for (unsigned r = 0; r != d.bRegs; ++r)
        for (unsigned l = 0; l != 64; ++l)
          p.rb[r][l] = old[r][from[blgp][l / 16] + l % 16];
      mfma(d, chip, p.operands(expected), {});
      ASSERT_EQ(expected, got) << "blgp " << blgp;
    }
  });
}

TEST(Mfma, BlgpNegatesF64Operands) {
  for (const char *name : {"V_MFMA_F64_16X16X4F64", "V_MFMA_F64_4X4X4F64"}) {
    const MfmaDesc *d = findMfma(name, MatGfx942);
    ASSERT_TRUE(d);
    for (unsigned neg = 0; neg != 8; ++neg) {
      Problem p(*d, MatGfx942, d->a, d->b, 11);
      MfmaModifiers mods;
      mods.blgp = uint8_t(neg);
      Regs rd(d->dRegs);
      mfma(*d, MatGfx942, p.operands(rd), mods);
      for (unsigned x = 0; x != d->blocks; ++x)
        for (unsigned i = 0; i != d->m; ++i)
          for (unsigned j = 0; j != d->n; ++j) {
            double sum = 0;
            for (unsigned k = 0; k != d->k; ++k)
              sum += p.atA(x, i, k) * p.atB(x, j, k);
            double product = (neg & 1) != (neg >> 1 & 1) ? -sum : sum;
            double c = neg & 4 ? -p.atC(x, i, j) : p.atC(x, i, j);
            ASSERT_EQ(product + c, p.result(rd, x, i, j));
          }
    }
  }
}

//===----------------------------------------------------------------------===//
// F8F6F4
//===----------------------------------------------------------------------===//

constexpr MatType f8f6f4[] = {MatType::FP8, MatType::BF8, MatType::FP6,
                              MatType::BF6, MatType::FP4};

/// Scale bytes in one byte of each lane's register, noise in the others.
void makeScales(uint32_t (&regs)[64], std::vector<int> &exponents,
                unsigned rows, unsigned kBlocks, unsigned sel, int low,
                int spread, fmt::Random &random) {
  exponents.assign(rows * kBlocks, 0);
  for (unsigned kb = 0; kb != kBlocks; ++kb)
    for (unsigned i = 0; i != rows; ++i) {
      int e = low + int(random.below(unsigned(spread)));
      exponents[i * kBlocks + kb] = e;
      uint32_t &reg = regs[rows * kb + i];
      reg = uint32_t(random.next());
      reg = (reg & ~(0xffu << 8 * sel)) | uint32_t(e + 127) << 8 * sel;
    }
}

void checkScaled(const MfmaDesc &d, unsigned fa, unsigned fb, bool scaled,
                 int low, int spread, unsigned selA, unsigned selB) {
  Problem p(d, MatGfx950, f8f6f4[fa], f8f6f4[fb], 20 + 5 * fa + fb);
  fmt::Random random(30 + fa);
  unsigned kBlocks = d.k / 32;
  uint32_t sa[64], sb[64];
  std::vector<int> ea, eb;
  makeScales(sa, ea, d.m, kBlocks, selA, low, spread, random);
  makeScales(sb, eb, d.n, kBlocks, selB, scaled ? -low : 0, spread, random);
  MfmaModifiers mods;
  mods.cbsz = uint8_t(fa);
  mods.blgp = uint8_t(fb);
  mods.scaleSelA = uint8_t(selA);
  mods.scaleSelB = uint8_t(selB);
  ASSERT_EQ(nullptr, checkMfma(d, MatGfx950, mods));
  Regs rd(d.dRegs);
  MfmaOperands ops = p.operands(rd);
  if (scaled) {
    ops.scaleA = sa;
    ops.scaleB = sb;
  }
  mfma(d, MatGfx950, ops, mods);
  for (unsigned i = 0; i != d.m; ++i)
    for (unsigned j = 0; j != d.n; ++j) {
      double expected = p.atC(0, i, j);
      for (unsigned k = 0; k != d.k; ++k) {
        int e =
            scaled ? ea[i * kBlocks + k / 32] + eb[j * kBlocks + k / 32] : 0;
        expected += std::ldexp(p.atA(0, i, k) * p.atB(0, j, k), e);
      }
      ASSERT_EQ(expected, p.result(rd, 0, i, j)) << i << " " << j;
    }
}

TEST(MfmaF8F6F4, EveryPairOfFormatsWithDifferentScalesPerBlock) {
  for (const char *name :
       {"V_MFMA_F32_16X16X128_F8F6F4", "V_MFMA_F32_32X32X64_F8F6F4"}) {
    const MfmaDesc *d = findMfma(name, MatGfx950);
    ASSERT_TRUE(d);
    for (unsigned fa = 0; fa != 5; ++fa)
      for (unsigned fb = 0; fb != 5; ++fb) {
        SCOPED_TRACE(std::string(name) + " " + std::to_string(fa) + " " +
                     std::to_string(fb));
        checkScaled(*d, fa, fb, false, 0, 1, 0, 0);
        checkScaled(*d, fa, fb, true, 0, 3, fa % 4, fb % 4);
        // Scales of which one alone leaves f32's range.
        checkScaled(*d, fa, fb, true, 120, 3, 3 - fa % 4, 2);
        checkScaled(*d, fa, fb, true, -125, 3, 1, 3);
        if (HasFatalFailure())
          return;
      }
  }
}

TEST(MfmaF8F6F4, NaNScaleSpoilsItsRowOnly) {
  const MfmaDesc *d = findMfma("V_MFMA_F32_16X16X128_F8F6F4", MatGfx950);
  ASSERT_TRUE(d);
  for (bool wide : {false, true}) {
    Problem p(*d, MatGfx950, MatType::FP4, MatType::FP4, 40);
    uint32_t sa[64], sb[64];
    for (unsigned l = 0; l != 64; ++l)
      sa[l] = sb[l] = 127;
    sa[16 * 2 + 5] = 0xff; // row 5, k 64..95
    if (wide)
      sa[3] = 254, sb[3] = 0;
    MfmaModifiers mods;
    mods.cbsz = mods.blgp = 4;
    Regs rd(d->dRegs);
    MfmaOperands ops = p.operands(rd);
    ops.scaleA = sa;
    ops.scaleB = sb;
    mfma(*d, MatGfx950, ops, mods);
    for (unsigned i = 0; i != 16; ++i)
      for (unsigned j = 0; j != 16; ++j)
        ASSERT_EQ(i == 5, std::isnan(p.result(rd, 0, i, j))) << i << " " << j;
  }
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

TEST(Mfma, OneFusedMultiplyAddForEachKInOrder) {
  const MfmaDesc *d = findMfma("V_MFMA_F32_16X16X32_BF16", MatGfx950);
  ASSERT_TRUE(d);
  Problem p(*d, MatGfx950, MatType::BF16, MatType::BF16, 50);
  fmt::Random random(51);
  for (unsigned k = 0; k != d->k; ++k)
    for (unsigned i = 0; i != 16; ++i) {
      auto value = [&] {
        return fmt::decode(fmt::bf16, (random.below(2) << 15) |
                                          (120 + random.below(16)) << 7 |
                                          random.below(128));
      };
      p.a[i * d->k + k] = value();
      p.b[i * d->k + k] = value();
      put(p.ra, 16, placeA(*d, 16, 0, i, k),
          fmt::encodeExact(fmt::bf16, p.a[i * d->k + k]));
      put(p.rb, 16, placeA(*d, 16, 0, i, k),
          fmt::encodeExact(fmt::bf16, p.b[i * d->k + k]));
    }
  Regs rd(d->dRegs);
  mfma(*d, MatGfx950, p.operands(rd), {});
  for (unsigned i = 0; i != 16; ++i)
    for (unsigned j = 0; j != 16; ++j) {
      float expected = float(p.atC(0, i, j));
      for (unsigned k = 0; k != d->k; ++k)
        expected =
            std::fma(float(p.atA(0, i, k)), float(p.atB(0, j, k)), expected);
      ASSERT_EQ(double(expected), p.result(rd, 0, i, j));
    }
}

TEST(Mfma, DenormalsInfinitiesAndNaN) {
  const MfmaDesc *d = findMfma("V_MFMA_F32_16X16X16BF16_1K", MatGfx942);
  ASSERT_TRUE(d);
  Regs a(2), b(2), c(4), rd(4);
  auto setA = [&](unsigned i, unsigned k, uint32_t code) {
    put(a, 16, placeA(*d, 16, 0, i, k), code);
  };
  auto setB = [&](unsigned j, unsigned k, uint32_t code) {
    put(b, 16, placeA(*d, 16, 0, j, k), code);
  };
  setA(0, 3, 0x0001); // 2^-133
  setB(0, 3, 0x3f80);
  setA(1, 2, 0x7f80); // infinity
  setB(1, 2, 0xc000); // -2
  setA(2, 9, 0x7fc0); // NaN
  MfmaOperands ops;
  ops.d = rowsOf(rd);
  ops.a = rowsOf(a);
  ops.b = rowsOf(b);
  ops.c = rowsOf(c);
  mfma(*d, MatGfx942, ops, {});
  auto at = [&](unsigned i, unsigned j) {
    return decodeBits(MatType::F32, get(rd, 32, placeD(*d, 0, i, j)));
  };
  EXPECT_EQ(0x1p-133, at(0, 0));
  EXPECT_EQ(-INFINITY, at(1, 1));
  EXPECT_TRUE(std::isnan(at(1, 0))); // infinity times zero
  EXPECT_TRUE(std::isnan(at(2, 7)));
  EXPECT_EQ(0, at(3, 3));
}

TEST(Mfma, IntegersWrap) {
  const MfmaDesc *d = findMfma("V_MFMA_I32_16X16X64_I8", MatGfx950);
  ASSERT_TRUE(d);
  Regs a(4), b(4), rd(4);
  for (auto *regs : {&a, &b})
    for (auto &row : *regs)
      row.fill(0x80808080u); // -128
  MfmaOperands ops;
  ops.d = rowsOf(rd);
  ops.a = rowsOf(a);
  ops.b = rowsOf(b);
  ops.cConstant = 0x7fffffff;
  mfma(*d, MatGfx950, ops, {});
  EXPECT_EQ(0x7fffffffu + 64u * 16384u, rd[0][0]);
  EXPECT_EQ(0x7fffffffu + 64u * 16384u, rd[3][63]);
}

TEST(Mfma, XF32DropsThirteenMantissaBits) {
  const MfmaDesc *d = findMfma("V_MFMA_F32_16X16X8XF32", MatGfx942);
  ASSERT_TRUE(d);
  Regs a(2), b(2), rd(4);
  a[0][0] = 0x3f801fffu; // 1 and thirteen low bits
  b[0][0] = 0x3f800000u;
  MfmaOperands ops;
  ops.d = rowsOf(rd);
  ops.a = rowsOf(a);
  ops.b = rowsOf(b);
  mfma(*d, MatGfx942, ops, {});
  EXPECT_EQ(0x3f800000u, rd[0][0]);
}

//===----------------------------------------------------------------------===//
// Sparse
//===----------------------------------------------------------------------===//

TEST(Smfmac, TwoOfEveryFourKOfA) {
  size_t count;
  const MfmaDesc *rows = mfmaTable(count);
  unsigned seen = 0;
  for (size_t n = 0; n != count; ++n) {
    const MfmaDesc &d = rows[n];
    if (!d.sparse)
      continue;
    ++seen;
    SCOPED_TRACE(d.name);
    MatChip chip = MatGfx950;
    unsigned half = d.k / 2;
    unsigned items = half / (64 / d.m); // of A in a lane
    for (unsigned abid = 0; abid != 4; ++abid)
      for (unsigned cbsz = 0; cbsz != 2; ++cbsz) {
        Problem p(d, chip, d.a, d.b, 60 + abid);
        fmt::Random random(61);
        uint32_t index[64];
        for (uint32_t &x : index)
          x = uint32_t(random.next());
        // The stored half of A, and the dense matrix that it stands for.
        std::fill(p.a.begin(), p.a.end(), 0);
        Regs stored(8);
        unsigned set = cbsz ? 0 : abid % (32 / (2 * items));
        for (unsigned i = 0; i != d.m; ++i)
          for (unsigned s = 0; s != half; ++s) {
            double value = noMinusZero(someValue(d.a, random));
            Place at = {s % items, i + d.m * (s / items)};
            put(stored, bitsOf(d.a, chip), at, encode(d.a, chip, value));
            unsigned shift = 2 * (set * items + at.item);
            unsigned k = s / 2 * 4 + (index[at.lane] >> shift & 3);
            p.a[i * d.k + k] += value; // equal indices add up
          }
        p.ra = stored;
        Regs rd = p.rc;
        MfmaOperands ops = p.operands(rd);
        ops.index = index;
        MfmaModifiers mods;
        mods.cbsz = uint8_t(cbsz);
        mods.abid = uint8_t(abid);
        smfmac(d, chip, ops, mods);
        for (unsigned i = 0; i != d.m; ++i)
          for (unsigned j = 0; j != d.n; ++j) {
            double expected = p.atC(0, i, j);
            for (unsigned k = 0; k != d.k; ++k)
              expected += p.atA(0, i, k) * p.atB(0, j, k);
            ASSERT_EQ(expected, p.result(rd, 0, i, j)) << i << " " << j;
          }
      }
  }
  EXPECT_EQ(28u, seen);
}

//===----------------------------------------------------------------------===//
// Host code
//===----------------------------------------------------------------------===//

TEST(MfmaKernels, EverySetOfVectorExtensionsGivesTheSameBits) {
  std::vector<const detail::MfmaKernels *> sets = detail::allMfmaKernels();
  fmt::Random random(70);
  std::vector<std::array<uint32_t, 64>> regs(32);
  for (auto &row : regs)
    for (uint32_t &x : row)
      x = uint32_t(random.next());
  for (unsigned type = 0; type != 12; ++type) {
    auto packed = detail::Packed(type);
    std::vector<std::array<uint32_t, 64>> first;
    for (const detail::MfmaKernels *set : sets) {
      std::vector<std::array<uint32_t, 64>> out(32);
      set->unpack(packed, rowsOf(regs), 32, rowsOf(out));
      if (first.empty())
        first = out;
      ASSERT_EQ(first, out) << "type " << type;
    }
  }
  // Finite f32 of all signs and middling exponents.
  for (auto &row : regs)
    for (uint32_t &x : row)
      x = (x & 0x81ffffffu) | 0x3e000000u;
  for (unsigned m : {4u, 16u, 32u}) {
    std::vector<std::array<uint32_t, 64>> first[2];
    for (const detail::MfmaKernels *set : sets) {
      detail::MfmaJob job = {rowsOf(regs),
                             rowsOf(regs) + 8,
                             m,
                             m,
                             1,
                             8,
                             64 / m,
                             0,
                             0,
                             rowsOf(regs) + 16,
                             0,
                             nullptr};
      if (m == 4)
        job.blocks = 16, job.groups = 1;
      for (unsigned kind = 0; kind != 2; ++kind) {
        std::vector<std::array<uint32_t, 64>> out(16);
        job.d = rowsOf(out);
        (kind ? set->gemmI32 : set->gemmF32)(job);
        if (first[kind].empty())
          first[kind] = out;
        ASSERT_EQ(first[kind], out) << m << " " << kind;
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

TEST(MfmaTable, RegisterCounts) {
  auto counts = [](const char *name, MatChip chip) {
    const MfmaDesc *d = findMfma(name, chip);
    return d ? std::array<unsigned, 3>{d->aRegs, d->bRegs, d->dRegs}
             : std::array<unsigned, 3>{0, 0, 0};
  };
  using Three = std::array<unsigned, 3>;
  EXPECT_EQ((Three{4, 4, 4}), counts("V_MFMA_F32_16X16X32_BF16", MatGfx950));
  EXPECT_EQ((Three{2, 2, 4}), counts("v_mfma_f32_16x16x16f16", MatGfx942));
  EXPECT_EQ((Three{1, 1, 32}), counts("V_MFMA_F32_32X32X1F32", MatGfx90a));
  EXPECT_EQ((Three{1, 1, 4}), counts("V_MFMA_I32_4X4X4I8", MatGfx950));
  EXPECT_EQ((Three{2, 2, 8}), counts("V_MFMA_F64_16X16X4F64", MatGfx90a));
  EXPECT_EQ((Three{2, 2, 2}), counts("V_MFMA_F64_4X4X4F64", MatGfx942));
  EXPECT_EQ((Three{8, 8, 16}),
            counts("V_MFMA_SCALE_F32_32X32X64_F8F6F4_f4_f8", MatGfx950));
  EXPECT_EQ((Three{4, 8, 4}), counts("V_SMFMAC_F32_16X16X64_F16", MatGfx950));
}

TEST(MfmaTable, ChipsAndFieldsAreChecked) {
  EXPECT_EQ(nullptr, findMfma("V_MFMA_F32_16X16X32_BF16", MatGfx942));
  EXPECT_EQ(nullptr, findMfma("V_MFMA_F32_16X16X8XF32", MatGfx950));
  EXPECT_EQ(nullptr, findMfma("V_MFMA_F32_16X16X8BF16", MatGfx942));
  EXPECT_EQ(nullptr, findMfma("V_MFMA_F32_5X5X5F32", MatGfx950));
  const MfmaDesc *mx = findMfma("V_MFMA_F32_16X16X128_F8F6F4", MatGfx950);
  ASSERT_TRUE(mx);
  MfmaModifiers mods;
  mods.cbsz = 5;
  EXPECT_NE(nullptr, checkMfma(*mx, MatGfx950, mods));
  mods.cbsz = 0;
  mods.blgp = 7;
  EXPECT_NE(nullptr, checkMfma(*mx, MatGfx950, mods));
  const MfmaDesc *two = findMfma("V_MFMA_F32_32X32X1F32", MatGfx942);
  ASSERT_TRUE(two);
  mods = {};
  mods.cbsz = 2;
  EXPECT_NE(nullptr, checkMfma(*two, MatGfx942, mods));
  mods.cbsz = 1;
  mods.abid = 2;
  EXPECT_NE(nullptr, checkMfma(*two, MatGfx942, mods));
  mods.abid = 1;
  EXPECT_EQ(nullptr, checkMfma(*two, MatGfx942, mods));
  EXPECT_NE(nullptr, checkMfma(*two, MatChip(0), mods));
}

} // namespace
