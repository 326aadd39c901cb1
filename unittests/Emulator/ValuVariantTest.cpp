//===- ValuVariantTest.cpp - fast handlers against the general ones -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every vector opcode with random operands, modifiers, EXEC and MODE: each
// handler of each set of host instructions against the baseline's driver that
// does everything. Records are built by hand, without assembler or decoder.
//
//===----------------------------------------------------------------------===//

#include "Math/ScaledCvt.h"
#include "Vector/LaneRows.h"
#include "Vector/ValuDpp.h"
#include "Vector/ValuHelpers.h"
#include "Vector/ValuTable.h"
#include "moe/Emulator/Chip.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

using namespace moe::emulator;

namespace {

constexpr unsigned rowCount = 40;

/// A wave with its registers, copied to start each handler from the same state.
struct State {
  Wave wave;
  alignas(64) uint32_t registers[rowCount + spareRows][64];
  State() {
    memset(wave.s, 0, sizeof(wave.s));
    memset(registers, 0, sizeof(registers));
    attach();
  }
  State(const State &other) : wave(other.wave) {
    memcpy(registers, other.registers, sizeof(registers));
    attach();
  }
  State &operator=(const State &) = delete;
  void attach() {
    wave.v = registers;
    wave.rows = rowCount;
  }
};

class Random {
public:
  uint32_t bits() { return uint32_t(engine()); }
  uint32_t below(uint32_t n) { return bits() % n; }
  /// Values that single out special cases of all formats.
  uint32_t value() {
    static const uint32_t special[] = {
        0,          0x80000000, 1,          0x007fffff, 0x00800000, 0x3f800000,
        0xbf800000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001,
        0x4f000000, 0xcf000000, 0x7fffffff, 0xffffffff, 0x3c003c00, 0x7c007c00,
        0x7c017e00, 0x00010400, 0x8000fbff, 0x3f000000, 0x43000000, 16};
    switch (below(4)) {
    case 0:
      return special[below(sizeof(special) / 4)];
    case 1:
      return below(70);
    case 2: // floats near 1
      return (bits() & 0x80ffffffu) | 0x3f000000u;
    default:
      return bits();
    }
  }

private:
  std::mt19937_64 engine{7};
};

/// A NaN of the type, or a register with a NaN half.
bool isNaNOf(ValueType type, uint32_t low, uint32_t high) {
  if (type == ValueType::F64)
    return (high & 0x7fffffff) > 0x7ff00000 ||
           ((high & 0x7fffffff) == 0x7ff00000 && low);
  if (type == ValueType::F16)
    return (low & 0x7fff) > 0x7c00 || (low >> 16 & 0x7fff) > 0x7c00;
  return (low & 0x7fffffff) > 0x7f800000;
}

/// Differences, but for which of two NaNs an operation passes on.
std::string compare(const State &a, const State &b, unsigned dst,
                    ValueType type, const char *name = "") {
  if (strncmp(name, "v_pk_", 5) == 0 && strstr(name, "_f16"))
    type = ValueType::F16;
  if (a.wave.stop != b.wave.stop)
    return "one faults: " + a.wave.error + b.wave.error;
  if (memcmp(a.wave.s, b.wave.s, sizeof(a.wave.s)))
    return "scalar registers differ";
  for (unsigned row = 0; row < rowCount; ++row)
    for (unsigned lane = 0; lane < 64; ++lane) {
      uint32_t x = a.registers[row][lane], y = b.registers[row][lane];
      if (x == y)
        continue;
      bool wide = row == dst + 1 || type == ValueType::F64;
      unsigned first = row - (row == dst + 1);
      bool both = isNaNOf(type, a.registers[first][lane],
                          a.registers[first + wide][lane]) &&
                  isNaNOf(type, b.registers[first][lane],
                          b.registers[first + wide][lane]);
      // Either value of a packed f32 pair.
      both |=
          type == ValueType::F32 && isNaNOf(type, x, 0) && isNaNOf(type, y, 0);
      if (!both)
        return "v" + std::to_string(row) + " lane " + std::to_string(lane) +
               ": " + std::to_string(x) + " and " + std::to_string(y);
    }
  return "";
}

State randomState(Random &random, bool plainMode) {
  State state;
  for (auto &row : state.registers)
    for (uint32_t &x : row)
      x = random.value();
  for (unsigned i = 0; i < 100; ++i)
    state.wave.s[i] = random.value();
  uint32_t modes[] = {0x3f0, 0x3f0, 0x1f0, 0x3c0, 0x300, 0x3f5, 0x3ff, 0x3fa};
  state.wave.mode = plainMode ? 0x3f0 : modes[random.below(8)];
  if (!plainMode && random.below(8) == 0)
    state.wave.mode |= 1u << 23;
  state.wave.chip =
      &chipFeatures(random.below(2) ? Chip::GFX950 : Chip::GFX942);
  uint64_t exec = random.below(2) ? ~uint64_t(0)
                                  : uint64_t(random.bits()) << 32 |
                                        (random.below(4) ? random.bits() : 0);
  state.wave.setS64(SgprExec, exec);
  return state;
}

Src randomSource(Random &random, ValueType type) {
  Src src;
  switch (random.below(4)) {
  case 0:
    src.kind = SrcKind::Sgpr;
    src.index = uint16_t(2 * random.below(40));
    break;
  case 1:
    src.kind = SrcKind::Const;
    src.value = random.value();
    if (valueRows(type) == 2)
      src.kind = random.below(2) ? SrcKind::ConstHi : SrcKind::ConstNeg;
    break;
  default:
    src.kind = SrcKind::Vgpr;
    src.index = uint16_t(random.below(rowCount - 2));
  }
  return src;
}

Inst randomInst(Random &random, const ValuRow &row, bool vgprs) {
  Inst inst;
  inst.op = &row;
  inst.dst = uint16_t(random.below(rowCount - 2));
  inst.sdst = 30;
  inst.data = 32;
  inst.imm = random.bits() & 255;
  const ValueType types[3] = {row.a, row.b, row.c};
  for (int k = 0; k < 3; ++k) {
    if (types[k] == ValueType::None)
      continue;
    do
      inst.src[k] = randomSource(random, types[k]);
    while (vgprs && inst.src[k].kind != SrcKind::Vgpr);
  }
  if (row.flags & VReadsDst) {
    inst.src[2].kind = SrcKind::Vgpr;
    inst.src[2].index = inst.dst;
  }
  inst.mods = ModVop3;
  if ((row.flags & VOpSel) || random.below(8) == 0)
    inst.mods |= random.below(16) * ModOpSel0;
  if (!vgprs && random.below(3) == 0)
    inst.mods |= random.bits() & 63;
  if (isFloatType(row.d) && random.below(16) == 0)
    inst.mods |= random.below(4) * ModOmod0 | random.below(2) * ModClamp;
  return inst;
}

/// The row of the same name and place in another set.
template <typename F>
void forRows(F f) {
  auto sets = allValuOps();
  for (const ValuOps *set : sets)
    for (size_t t = 0; t < 5; ++t) {
      ASSERT_EQ(set->tables[t].count, sets[0]->tables[t].count);
      for (size_t i = 0; i < set->tables[t].count; ++i)
        f(*set, set->tables[t].rows[i], sets[0]->tables[t].rows[i]);
    }
}

} // namespace

TEST(ValuVariants, DirectHandlersDoWhatTheGeneralDriverDoes) {
  const ValuOps &base = *allValuOps()[0];
  unsigned compared = 0;
  forRows([&](const ValuOps &set, const ValuRow &row, const ValuRow &baseRow) {
    Random random;
    for (int round = 0; round < 40; ++round) {
      bool vgprs = round % 2;
      Inst inst = randomInst(random, row, vgprs);
      Handler chosen = directHandler(row, inst);
      Handler handlers[] = {set.full, chosen, chosen ? row.direct : nullptr};
      State start = randomState(random, round < 20);
      if (row.flags & VShift4) // not about the refusal of larger ones
        for (auto &registers : start.registers)
          for (uint32_t &x : registers)
            x &= ~0x3cu;
      State expected(start);
      Inst general = inst;
      general.op = &baseRow;
      base.full(expected.wave, general);
      for (Handler handler : handlers) {
        if (!handler)
          continue;
        State actual(start);
        handler(actual.wave, inst);
        ASSERT_EQ(compare(expected, actual, inst.dst, row.d, row.name), "")
            << set.name << " " << row.name << " round " << round
            << (handler == set.full ? " (general)" : "");
        ++compared;
      }
    }
  });
  EXPECT_GT(compared, 10000u);
}

TEST(ValuVariants, LanesThatAreOffChangeNothingForTheOthers) {
  forRows([&](const ValuOps &set, const ValuRow &row, const ValuRow &) {
    if (row.flags & (VCompare | VCarryOut | VShift4))
      return;
    Random random;
    for (int round = 0; round < 4; ++round) {
      bool vgprs = round % 2;
      Inst inst = randomInst(random, row, vgprs);
      Handler handler = directHandler(row, inst);
      if (!handler)
        handler = set.full;
      State start = randomState(random, true);
      start.wave.setS64(SgprExec, ~uint64_t(0));
      State whole(start), part(start);
      uint64_t exec = uint64_t(random.bits()) << 32 | random.bits();
      part.wave.setS64(SgprExec, exec);
      handler(whole.wave, inst);
      handler(part.wave, inst);
      for (unsigned r = 0; r < rowCount; ++r)
        for (unsigned lane = 0; lane < 64; ++lane)
          ASSERT_EQ(part.registers[r][lane], exec >> lane & 1
                                                 ? whole.registers[r][lane]
                                                 : start.registers[r][lane])
              << set.name << " " << row.name << " v" << r << " lane " << lane;
    }
  });
}

TEST(ValuVariants, DppHandlersDoWhatTheGeneralDriverDoes) {
  const ValuOps &base = *allValuOps()[0];
  static const unsigned controls[] = {
      0x00,  0x1b,  0xe4,  0x4e,  0x101, 0x10f, 0x111, 0x118, 0x121, 0x12f,
      0x130, 0x134, 0x138, 0x13c, 0x140, 0x141, 0x142, 0x143, 0x150, 0x15f};
  unsigned compared = 0;
  forRows([&](const ValuOps &set, const ValuRow &row, const ValuRow &baseRow) {
    // v_lshl_add_u64 has no DPP form.
    if (!row.direct || (row.flags & (VCompare | VOpSel | VShift4)))
      return;
    Random random;
    for (int round = 0; round < 40; ++round) {
      Inst inst = randomInst(random, row, /*vgprs=*/true);
      inst.mods = ModDpp | (random.below(3) ? 0 : random.bits() & 27);
      inst.ext = controls[random.below(20)] << 8 | random.below(2) << 19;
      inst.ext |= (random.below(2) ? 255 : random.below(256)) << 24;
      ASSERT_TRUE(isPlainDpp(inst));
      State start = randomState(random, round < 30);
      State expected(start);
      Inst general = inst;
      general.op = &baseRow;
      base.full(expected.wave, general);
      for (ValuHandler handler : {set.dpp, row.dpp}) {
        if (!handler)
          continue;
        State actual(start);
        handler(actual.wave, inst);
        ASSERT_EQ(compare(expected, actual, inst.dst, row.d, row.name), "")
            << set.name << " " << row.name << " round " << round;
        ++compared;
      }
    }
  });
  EXPECT_GT(compared, 9000u * allValuOps().size());
}

TEST(ValuVariants, PackedHandlersDoWhatTheGeneralDriversDo) {
  auto sets = allValuOps();
  const ValuOps &base = *sets[0];
  for (const ValuOps *set : sets)
    for (bool pairs : {false, true}) {
      const auto &table = pairs ? set->packed32Rows : set->packedRows;
      const auto &baseTable = pairs ? base.packed32Rows : base.packedRows;
      for (size_t i = 0; i < table.count; ++i) {
        const ValuRow &row = table.rows[i];
        Random random;
        for (int round = 0; round < 40; ++round) {
          bool vgprs = round % 2;
          Inst inst = randomInst(random, row, vgprs);
          inst.mods = ModVop3p | 7u * ModOpSelHi0;
          if (pairs || random.below(4) == 0) {
            inst.mods = ModVop3p | (random.bits() & 7) * ModOpSel0 |
                        (random.bits() & 7) * ModOpSelHi0 |
                        (random.bits() & 7) | (random.bits() & 7) * ModNegHi0 |
                        (random.below(8) == 0) * ModClamp;
            if (row.d == ValueType::B64)
              inst.mods &= ~uint32_t(7 | 7 * ModNegHi0);
          }
          State start = randomState(random, round < 20);
          State expected(start);
          Inst general = inst;
          general.op = &baseTable.rows[i];
          (pairs ? base.packed32 : base.packed)(expected.wave, general);
          Handler chosen = directPackedHandler(row, inst, pairs);
          Handler handlers[] = {pairs ? set->packed32 : set->packed, chosen,
                                chosen ? row.direct : nullptr};
          for (Handler handler : handlers) {
            if (!handler)
              continue;
            State actual(start);
            handler(actual.wave, inst);
            ASSERT_EQ(compare(expected, actual, inst.dst,
                              pairs ? ValueType::F32 : row.d, row.name),
                      "")
                << set->name << " " << row.name << " round " << round;
          }
        }
      }
    }
}

/// All scaled conversions, with scales around one, those that need no care, and
/// any others, every modifier, and sources that the result overwrites.
TEST(ValuVariants, ScaledConversionsAreThoseOfSingleLanes) {
  size_t count = 0;
  const math::ScaledCvtDesc *table = math::scaledCvtTable(count);
  for (const ValuOps *set : allValuOps())
    for (size_t i = 0; i < count; ++i) {
      const math::ScaledCvtDesc &desc = table[i];
      Random random;
      for (int round = 0; round < 100; ++round) {
        State start = randomState(random, round % 2);
        start.wave.chip = &chipFeatures(Chip::GFX950);
        Inst inst;
        inst.op = &desc;
        inst.dst = uint16_t(random.below(rowCount - desc.dstRegs + 1));
        const unsigned counts[3] = {desc.src0Regs, desc.src1Regs,
                                    desc.src2Regs};
        for (int k = 0; k < 3; ++k) {
          if (!counts[k])
            continue;
          inst.src[k] = randomSource(random, ValueType::B32);
          if (inst.src[k].kind == SrcKind::Vgpr)
            inst.src[k].index =
                uint16_t(random.below(rowCount - counts[k] + 1));
        }
        inst.mods = random.below(16) * ModOpSel0;
        if (random.below(3) == 0)
          inst.mods |= random.bits() & 63;
        const Src &scale = inst.src[desc.scaleSrc];
        if (scale.kind == SrcKind::Vgpr && round % 4)
          for (uint32_t &x : start.registers[scale.index])
            x = (round % 4 == 1 ? 32 + random.below(191)
                                : 119 + random.below(16))
                    << 23 |
                (x & 0x7fffff);
        State expected(start), actual(start);
        runScaledConvert(expected.wave, inst);
        set->scaledHandler(inst)(actual.wave, inst);
        ASSERT_EQ(memcmp(expected.registers, actual.registers,
                         sizeof(actual.registers)),
                  0)
            << set->name << " " << desc.name << " round " << round;
      }
    }
}

/// The exponent of a wide number's upper 16 bits, or of a f16, as a field of
/// f32.
uint32_t exponentField(math::CvtType type, uint32_t half) {
  return type == math::CvtType::F16 ? (half >> 10 & 31) + 112
                                    : half >> 7 & 0xff;
}

/// All halves, that is all pairs of codes and all upper halves of f32, with
/// scales that make results of most of them, and no others than from 64 to 191
/// in three of four instructions.
TEST(ValuVariants, ScaledConversionsOfAllHalves) {
  size_t count = 0;
  const math::ScaledCvtDesc *table = math::scaledCvtTable(count);
  for (size_t i = 0; i < count; ++i) {
    const math::ScaledCvtDesc &desc = table[i];
    if (desc.count > 2)
      continue;
    const uint32_t rests[] = {0, 1, 0x8000, 0xffff};
    Random random;
    for (uint32_t round = 0; round < 1024; ++round) {
      State start;
      start.wave.chip = &chipFeatures(Chip::GFX950);
      start.wave.mode = 0x3f0 | (round % 5 == 0 ? 1u << 23 : 0);
      start.wave.setS64(SgprExec, round % 7 ? ~uint64_t(0) : random.bits());
      for (uint32_t lane = 0; lane < 64; ++lane) {
        const uint32_t half = round * 64 + lane;
        const bool wide = desc.from == math::CvtType::F32;
        const uint32_t rest = rests[random.below(4)];
        start.registers[0][lane] =
            wide ? half << 16 | rest : half | (half ^ 0x8001) << 16;
        start.registers[1][lane] = half << 16 | (rest ^ 0x8000);
        start.registers[2][lane] = random.bits();
        const uint32_t own = exponentField(desc.from, half & 0xffff);
        const uint32_t field = own + random.below(32) - 20;
        const uint32_t scale =
            round % 4 ? std::clamp(field & 0x1ff, 64u, 191u) : field & 0xff;
        start.registers[3][lane] = scale << 23 | (random.bits() & 0x807fffff);
        start.registers[4][lane] = random.bits();
      }
      Inst inst;
      inst.op = &desc;
      inst.dst = 4;
      for (unsigned k = 0; k < 3; ++k)
        inst.src[k] = {};
      const auto use = [&](int k, uint16_t row) {
        if (k < 0)
          return;
        inst.src[k].kind = SrcKind::Vgpr;
        inst.src[k].index = row;
      };
      use(0, 0);
      use(desc.value1Src, 1);
      use(desc.randomSrc, 2);
      use(desc.scaleSrc, 3);
      inst.mods = random.below(16) * ModOpSel0;
      State expected(start);
      runScaledConvert(expected.wave, inst);
      for (const ValuOps *set : allValuOps()) {
        State actual(start);
        set->scaledHandler(inst)(actual.wave, inst);
        ASSERT_EQ(memcmp(expected.registers, actual.registers,
                         sizeof(actual.registers)),
                  0)
            << set->name << " " << desc.name << " round " << round;
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// The branch-free conversions against those of Math/Numeric.h
//===----------------------------------------------------------------------===//

TEST(ValuConversions, HalvesTowardsZero) {
  auto check = [](uint32_t u) {
    float f = math::bitsToF32(u);
    ASSERT_EQ(base::towardsZeroHalf(f), math::f32ToF16(f, math::Round::Zero))
        << u;
  };
  for (uint64_t u = 0; u < (uint64_t(1) << 32); u += 769)
    check(uint32_t(u));
  for (uint32_t half = 0; half < 0x8000; ++half) // and around every f16
    for (uint32_t step = 0; step < 5; ++step)
      for (uint32_t sign : {0u, 0x80000000u})
        check((math::f32ToBits(math::f16ToF32(half)) + step - 2) ^ sign);
}

// The sum of a product of 22 bits and a half is exact in a double wherever a
// part of it decides how the half is rounded.
TEST(ValuConversions, MultiplyAddOfHalves) {
  auto check = [](uint32_t a, uint32_t b, uint32_t c) {
    float x = math::f16ToF32(a), y = math::f16ToF32(b), z = math::f16ToF32(c);
    double sum = double(x) * double(y) + double(z);
    uint32_t got = base::fma16(x, y, z);
    if (sum != sum)
      ASSERT_GT(got & 0x7fffu, 0x7c00u) << a << ' ' << b << ' ' << c;
    else
      ASSERT_EQ(got, math::f64ToF16(sum, math::Round::NearestEven))
          << a << ' ' << b << ' ' << c;
  };
  Random random;
  for (unsigned i = 0; i < 1000000; ++i)
    check(random.bits() & 0xffff, random.bits() & 0xffff,
          random.bits() & 0xffff);
  // Half of the last place of each half, and a little more and less: 1, its
  // neighbours and the numbers between times that power of two.
  for (uint32_t half = 0x0c00; half < 0x7c00; ++half)
    for (uint32_t factor : {0x3bffu, 0x3c00u, 0x3c01u, 0x4200u})
      for (uint32_t sign : {0u, 0x8000u}) {
        uint32_t place = math::f64ToF16(std::ldexp(1.0, int(half >> 10) - 26),
                                        math::Round::NearestEven);
        check(factor, place | sign, half);
        check(factor, place, half | sign);
      }
}

static const math::SmallFormat smallFormats[] = {
    math::SmallFormat::FP8,     math::SmallFormat::BF8,
    math::SmallFormat::FP8Fnuz, math::SmallFormat::BF8Fnuz,
    math::SmallFormat::FP6,     math::SmallFormat::BF6,
    math::SmallFormat::FP4};

TEST(ValuConversions, EveryCodeOfTheSmallFormats) {
  for (math::SmallFormat format : smallFormats) {
    const math::NarrowFormat f = math::narrowFormat(format);
    for (uint32_t code = 0; code < 2 * f.sign; ++code) {
      uint32_t want = math::f32ToBits(math::decodeSmall(format, code));
      uint32_t got = math::f32ToBits(base::decodeNarrow(f, code | 0x5500u));
      EXPECT_EQ(got, want) << unsigned(format) << " " << code;
    }
  }
}

/// A dense sample of f32, and what is about the values of all codes and halfway
/// between them.
TEST(ValuConversions, ToTheSmallFormats) {
  for (math::SmallFormat format : smallFormats) {
    const math::NarrowFormat f = math::narrowFormat(format);
    Random random;
    auto check = [&](uint32_t u) {
      for (bool saturate : {false, true}) {
        const double x = math::bitsToF32(u);
        ASSERT_EQ(base::encodeNarrow(f, u, saturate),
                  math::encodeSmall(format, x, saturate))
            << unsigned(format) << " " << u;
        for (unsigned mantissa : {23, 10, 7}) {
          // A source of fewer bits has no others.
          const uint32_t v = u & ~((1u << (23 - mantissa)) - 1);
          const uint32_t r = random.bits();
          ASSERT_EQ(base::encodeNarrowSR(f, v, r, saturate, mantissa),
                    math::encodeSmallSR(format, double(math::bitsToF32(v)), r,
                                        saturate, mantissa))
              << unsigned(format) << " " << v << " " << r;
        }
      }
    };
    for (uint64_t u = 0; u < uint64_t(1) << 32; u += 16127)
      check(uint32_t(u));
    for (uint32_t code = 0; code + 1 < f.sign; ++code) {
      const float low = math::decodeSmall(format, code);
      const float high = math::decodeSmall(format, code + 1);
      for (float x : {low, high, low + (high - low) / 2})
        for (int step = -2; step <= 2; ++step)
          for (uint32_t sign : {0u, 0x80000000u})
            check((math::f32ToBits(x) + uint32_t(step)) ^ sign);
    }
  }
}

/// By cutting off, in f64, what the random bits were added to.
TEST(ValuConversions, ToHalvesByRandomBits) {
  Random random;
  for (int i = 0; i < 400000; ++i) {
    uint32_t u = random.bits(), r = random.bits();
    if (i % 2) // finite in f16, or nearly
      u = (u & 0x8fffffffu) | 0x30000000u;
    const float x = math::bitsToF32(u);
    if (!std::isfinite(x)) {
      ASSERT_EQ(base::randomHalf(x, r, false), math::f32ToF16(x));
      continue;
    }
    int e = std::max(x == 0 ? -14 : std::ilogb(x), -14);
    double parts = std::floor(std::ldexp(std::fabs(double(x)), 23 - e));
    double sum = std::floor((parts + double(r >> 19)) / 8192);
    double value = std::copysign(std::ldexp(sum, e - 10), x);
    for (bool overflows : {false, true})
      ASSERT_EQ(base::randomHalf(x, r, overflows),
                math::f64ToF16(value, math::Round::NearestEven, overflows))
          << u << " " << r;
  }
}

//===----------------------------------------------------------------------===//
// exp, log, sin, cos and rsq against the C library in f64
//===----------------------------------------------------------------------===//

namespace {
/// A function, what it ought to give in f64, and the error that it may have, in
/// units of the last place of the exact result: the largest one of all 2^32
/// arguments, which are exp 0.875, log 0.988, sin 0.964, cos 0.932, rsq 0.5002.
/// The manuals give 1 for the hardware.
struct Transcendental {
  const char *name;
  float (*f)(float);
  double (*exact)(double);
  double allowed;
};
} // namespace

/// A quarter turn is reduced exactly before the C library sees an angle.
static double sineByLibrary(double x, unsigned quarters) {
  if (!std::isfinite(x))
    return NAN;
  double q = std::floor(x * 4 + 0.5);
  double angle = (x - q * 0.25) * 6.283185307179586476925;
  double turn = std::fmod(q, 4.0);
  unsigned n = unsigned((turn < 0 ? turn + 4 : turn) + quarters) % 4;
  double value = n % 2 ? std::cos(angle) : std::sin(angle);
  return n < 2 ? value : 0 - value;
}

/// The functions of v_exp_f32 and v_log_f32 flush denormals by themselves.
static double flushedExp2(double x) { return x < -126 ? 0 : std::exp2(x); }
static double flushDenormal(double x) {
  return std::fabs(x) < 0x1p-126 ? std::copysign(0.0, x) : x;
}

static const Transcendental transcendentals[] = {
    {"exp", base::exp2Of, flushedExp2, 0.88},
    {"log", base::log2Of, [](double x) { return std::log2(flushDenormal(x)); },
     0.99},
    {"sin", base::sinTurns, [](double x) { return sineByLibrary(x, 0); }, 0.97},
    {"cos", base::cosTurns, [](double x) { return sineByLibrary(x, 1); }, 0.94},
    {"rsq", base::rsqOf,
     [](double x) { return 1 / std::sqrt(flushDenormal(x)); }, 0.505},
};

/// The largest error of every `step`th f32.
static double largestError(const Transcendental &t, uint64_t step,
                           uint32_t &where) {
  double largest = 0;
  for (uint64_t u = 0; u < uint64_t(1) << 32; u += step) {
    const float x = math::bitsToF32(uint32_t(u)), got = t.f(x);
    const double want = t.exact(x);
    double error;
    if (std::isnan(want) || std::isnan(got) || std::isinf(float(want)))
      error = std::isnan(want) == std::isnan(got) &&
                      (std::isnan(got) || got == float(want))
                  ? 0
                  : 1e9;
    else
      error =
          std::fabs(got - want) /
          std::ldexp(1.0,
                     std::max(want == 0 ? -126 : std::ilogb(want), -126) - 23);
    if (error > largest) {
      largest = error;
      where = uint32_t(u);
    }
  }
  return largest;
}

static void checkErrors(uint64_t step) {
  for (const Transcendental &t : transcendentals) {
    uint32_t where = 0;
    const double error = largestError(t, step, where);
    std::printf("%s: %.3f units of the last place, of %a\n", t.name, error,
                double(math::bitsToF32(where)));
    EXPECT_LE(error, t.allowed) << t.name << " of " << where;
  }
}
TEST(ValuTranscendentals, AreWithinAUnitOfTheLastPlace) { checkErrors(4093); }
/// Around one the terms of the polynomial do not hide behind the exponent.
TEST(ValuTranscendentals, LogarithmAroundOne) {
  double largest = 0;
  for (uint32_t u = 0x3f000000; u < 0x40000000; u += 3) {
    const float x = math::bitsToF32(u);
    const double want = std::log2(double(x));
    if (want != 0)
      largest = std::max(largest, std::fabs(base::log2Of(x) - want) /
                                      std::ldexp(1.0, std::ilogb(want) - 23));
  }
  EXPECT_LE(largest, 0.99);
}
/// For minutes: --gtest_also_run_disabled_tests.
TEST(ValuTranscendentals, DISABLED_AllArguments) { checkErrors(1); }

/// What the hardware takes before or after: zeros keep their sign.
TEST(ValuTranscendentals, SpecialValues) {
  EXPECT_TRUE(std::isnan(base::sinTurns(INFINITY)));
  EXPECT_TRUE(std::signbit(base::sinTurns(-0.0f)));
  EXPECT_TRUE(std::isnan(base::log2Of(-1.0f)));
  EXPECT_EQ(base::log2Of(0.0f), -INFINITY);
  EXPECT_EQ(base::log2Of(1.0f), 0.0f);
  EXPECT_EQ(base::exp2Of(INFINITY), INFINITY);
  EXPECT_EQ(base::exp2Of(-INFINITY), 0.0f);
  EXPECT_EQ(base::exp2Of(-126.0f), 0x1p-126f);
  EXPECT_EQ(base::rsqOf(-0.0f), -INFINITY);
  EXPECT_EQ(base::rsqOf(INFINITY), 0.0f);
  EXPECT_TRUE(std::isnan(base::rsqOf(-1.0f)));
}

/// All f16 come out as those of the exact results rounded to f32.
TEST(ValuTranscendentals, HalvesAreThoseOfExactResults) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const float x = math::f16ToF32(half);
    for (const Transcendental &t : transcendentals) {
      const double want = t.exact(x);
      if (std::isnan(want))
        EXPECT_TRUE(std::isnan(t.f(x))) << t.name << " of " << x;
      else
        EXPECT_EQ(math::f32ToF16(t.f(x)), math::f32ToF16(float(want)))
            << t.name << " of " << x;
    }
  }
}

/// The rounding in MODE is for other instructions.
TEST(ValuTranscendentals, RoundToNearestInAnyMode) {
  forRows([&](const ValuOps &set, const ValuRow &row, const ValuRow &) {
    if (!(row.flags & VTrans))
      return;
    Random random;
    for (int round = 0; round < 20; ++round) {
      State start = randomState(random, true);
      for (uint32_t &x : start.registers[3])
        x = 0x30000000u + (random.bits() & 0x8fffffffu) / 2;
      Inst inst;
      inst.op = &row;
      inst.dst = 1;
      inst.src[0].kind = SrcKind::Vgpr;
      inst.src[0].index = 3;
      State nearest(start);
      row.directVgprs(nearest.wave, inst);
      for (uint32_t mode : {0x3f5u, 0x3fau, 0x3ffu}) {
        State other(start);
        other.wave.mode = mode;
        row.directVgprs(other.wave, inst);
        ASSERT_EQ(compare(nearest, other, inst.dst, row.d), "")
            << set.name << " " << row.name << " mode " << mode;
      }
    }
  });
}

/// Mantissa and exponent of a dense sample of f32, denormals among them, are
/// those of the C library, which leaves the exponent of infinity and NaN open.
TEST(ValuFrexp, IsThatOfTheLibrary) {
  for (uint64_t u = 0; u < uint64_t(1) << 32; u += 1021) {
    const float x = math::bitsToF32(uint32_t(u));
    int exponent = 0;
    const float mantissa = std::frexp(x, &exponent);
    if (std::isfinite(x)) {
      ASSERT_EQ(math::f32ToBits(base::frexpMantissa(x)),
                math::f32ToBits(mantissa))
          << u;
      ASSERT_EQ(base::frexpExponent(x), exponent) << u;
    } else {
      ASSERT_EQ(math::f32ToBits(base::frexpMantissa(x)), uint32_t(u));
      ASSERT_EQ(base::frexpExponent(x), 0) << u;
    }
  }
}

/// Of numbers alone the middle one; with equal zeros the signs that the ISA's
/// formula gives: the largest is left out, the first one of equals.
TEST(ValuMedian, OfSpecialValues) {
  static constexpr uint32_t special[] = {
      0,          0x80000000, 1,          0x80000001, 0x3f800000,
      0xbf800000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x40000000};
  auto isAbove = [](uint32_t a, uint32_t b) {
    return math::bitsToF32(a) > math::bitsToF32(b);
  };
  for (uint32_t a : special)
    for (uint32_t b : special)
      for (uint32_t c : special) {
        const uint32_t most = std::max(
            {a, b, c}, [&](uint32_t x, uint32_t y) { return isAbove(y, x); });
        std::vector<uint32_t> left{a, b, c};
        left.erase(std::find_if(left.begin(), left.end(), [&](uint32_t x) {
          return math::bitsToF32(x) == math::bitsToF32(most);
        }));
        uint32_t want = isAbove(left[1], left[0]) ? left[1] : left[0];
        if (math::bitsToF32(left[0]) == 0 && math::bitsToF32(left[1]) == 0)
          want = left[0] & left[1]; // of equal zeros the positive one
        EXPECT_EQ(base::med32(a, b, c, true), want)
            << a << " " << b << " " << c;
      }
  static const uint32_t quiet = 0x7fc00000;
  EXPECT_EQ(base::med32(quiet, 0x3f800000, 0xbf800000, true), 0xbf800000u);
  EXPECT_EQ(base::med16(0x3c00, 0x4000, 0x4200, true), 0x4000u);
  EXPECT_EQ(base::med16(0x8000, 0, 0xbc00, true), 0u);
  EXPECT_EQ(base::med16(0x7e00, 0x3c00, 0xbc00, true), 0xbc00u);
}

/// A dense sample of all f32 through the handlers of every set: the bits of the
/// baseline's functions, which are compared with the C library above.
TEST(ValuTranscendentals, EverySetGivesTheSameBits) {
  // The low halves of the sample are all f16.
  static const char *const names[] = {
      "v_exp_f32",     "v_log_f32",        "v_sin_f32",
      "v_cos_f32",     "v_rcp_f32",        "v_rsq_f32",
      "v_sqrt_f32",    "v_frexp_mant_f32", "v_frexp_exp_i32_f32",
      "v_cvt_f32_f16", "v_cvt_f16_f32"};
  constexpr uint32_t step = 1021;
  unsigned compared = 0;
  forRows([&](const ValuOps &set, const ValuRow &row, const ValuRow &baseRow) {
    bool wanted = false;
    for (const char *name : names)
      wanted |= strcmp(name, row.name) == 0;
    if (!wanted || &row == &baseRow)
      return;
    Random random;
    State state = randomState(random, true);
    state.wave.setS64(SgprExec, ~uint64_t(0));
    Inst inst, baseInst;
    inst.src[0].kind = SrcKind::Vgpr;
    inst.dst = 1;
    baseInst = inst;
    inst.op = &row;
    baseInst.op = &baseRow;
    baseInst.dst = 2;
    for (uint64_t u = 0; u < uint64_t(1) << 32; u += 64 * step) {
      for (uint32_t lane = 0; lane < 64; ++lane)
        state.registers[0][lane] = uint32_t(u) + lane * step;
      row.directVgprs(state.wave, inst);
      baseRow.directVgprs(state.wave, baseInst);
      for (unsigned lane = 0; lane < 64; ++lane) {
        uint32_t x = state.registers[1][lane], y = state.registers[2][lane];
        if (x != y &&
            !(isNaNOf(ValueType::F32, x, 0) && isNaNOf(ValueType::F32, y, 0)))
          FAIL() << set.name << " " << row.name << " of "
                 << state.registers[0][lane] << ": " << x << ", baseline " << y;
      }
      ++compared;
    }
  });
  if (allValuOps().size() > 1)
    EXPECT_GT(compared, 11 * 60000u);
}
