// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Executing one matrix instruction: resolve the item types for the chip,
// unpack, apply scales and lane patterns, run the kernel. The layouts are those
// of the CDNA3 and CDNA4 ISA manuals' chapters on matrix instructions.

#include "Math/Mfma.h"
#include "Math/Cdna3Sums.h"
#include "Math/MfmaKernels.h"
#include "Math/ScaledCvt.h"
#include <cmath>
#include <vector>

namespace moe::emulator::math {

using namespace detail;

namespace {

Packed packedType(MatType t, MatChip chip) {
  bool fnuz = chip == MatGfx942;
  switch (t) {
  case MatType::XF32:
    return Packed::XF32;
  case MatType::F16:
    return Packed::F16;
  case MatType::BF16:
    return Packed::BF16;
  case MatType::I8:
    return Packed::I8;
  case MatType::FP8:
    return fnuz ? Packed::FP8Fnuz : Packed::FP8;
  case MatType::BF8:
    return fnuz ? Packed::BF8Fnuz : Packed::BF8;
  case MatType::FP6:
    return Packed::FP6;
  case MatType::BF6:
    return Packed::BF6;
  case MatType::FP4:
    return Packed::FP4;
  case MatType::F32:
  case MatType::F64:
  case MatType::I32:
  case MatType::F8F6F4:
    break;
  }
  return Packed::F32;
}

Packed f8f6f4Type(unsigned fmt) {
  static constexpr Packed types[] = {Packed::FP8, Packed::BF8, Packed::FP6,
                                     Packed::BF6, Packed::FP4};
  return types[fmt];
}

/// blgp of the 32-bit and narrower instructions: which lane each lane of B
/// takes its value from.
unsigned blgpLane(unsigned blgp, unsigned lane) {
  switch (blgp) {
  case 1:
    return lane % 32;
  case 2:
    return lane % 32 + 32;
  case 3:
    return (lane + 16) % 64;
  case 4:
  case 5:
  case 6:
  case 7:
    return lane % 16 + 16 * (blgp - 4);
  default:
    return lane;
  }
}

/// FP8 and BF8 lanes of F8F6F4 hold two chunks of 16 k, half of K apart; bring
/// them to the order of the narrower formats, 32 consecutive k a lane.
void joinChunks(ItemRow *items, unsigned rows, unsigned k) {
  ItemRow in[maxItems];
  std::memcpy(in, items, sizeof(in));
  for (unsigned t = 0; t != 32; ++t)
    for (unsigned g = 0; g != k / 32; ++g) {
      unsigned at = t / 16 * (k / 2) + 16 * g + t % 16;
      std::memcpy(items[at % 32] + rows * (at / 32), in[t] + rows * g,
                  rows * sizeof(uint32_t));
    }
}

/// 2^127 times the largest FP8, BF8, FP6 or BF6 overflows f32; below this
/// exponent field every scaled item is exact in f32.
constexpr unsigned largestEasyScale = 127 + 111;

uint32_t scaleField(const uint32_t *scales, unsigned lane, unsigned sel) {
  return scales ? (scales[lane] >> (8 * sel)) & 0xff : 127;
}

bool needsWideRange(const MfmaOperands &ops, const MfmaModifiers &mods) {
  for (unsigned l = 0; l != 64; ++l) {
    unsigned a = scaleField(ops.scaleA, l, mods.scaleSelA);
    unsigned b = scaleField(ops.scaleB, l, mods.scaleSelB);
    if ((a > largestEasyScale && a != 255) ||
        (b > largestEasyScale && b != 255))
      return true;
  }
  return false;
}

/// With 32 consecutive k a lane, the lane's own scale byte serves all its
/// items.
void applyScale(ItemRow *items, const uint32_t *scales, unsigned sel) {
  if (!scales)
    return;
  float s[64];
  for (unsigned l = 0; l != 64; ++l)
    s[l] = e8m0ToF32(scales[l] >> (8 * sel));
  for (unsigned t = 0; t != 32; ++t)
    for (unsigned l = 0; l != 64; ++l)
      items[t][l] = f32ToBits(bitsToF32(items[t][l]) * s[l]);
}

/// a * b + c with one rounding, for factors of any scale: the product is exact
/// in double.
float wideFma(double a, double b, float c) { return float(addToOdd(a * b, c)); }

double wideScale(uint32_t field) {
  return field == 255 ? double(NAN) : std::ldexp(1.0, int(field) - 127);
}

/// The F8F6F4 product where a scaled item may leave f32's range: slow and
/// exact.
void wideProduct(const MfmaJob &job, const MfmaOperands &ops,
                 const MfmaModifiers &mods) {
  DLayout layout(job.m, job.n, 4);
  std::vector<uint32_t> result(job.m * job.n);
  for (unsigned i = 0; i != job.m; ++i)
    for (unsigned j = 0; j != job.n; ++j) {
      uint32_t c = job.c ? job.c[layout.item(0, i)][layout.lane(0, i) + j]
                         : job.cConstant;
      float acc = bitsToF32(c);
      for (unsigned g = 0; g != job.groups; ++g) {
        unsigned la = i + job.m * g, lb = j + job.n * g;
        double sa = wideScale(scaleField(ops.scaleA, la, mods.scaleSelA));
        double sb = wideScale(scaleField(ops.scaleB, lb, mods.scaleSelB));
        for (unsigned t = 0; t != job.items; ++t)
          acc = wideFma(bitsToF32(job.a[t][la]) * sa,
                        bitsToF32(job.b[t][lb]) * sb, acc);
      }
      result[i * job.n + j] = f32ToBits(acc);
    }
  for (unsigned i = 0; i != job.m; ++i)
    std::memcpy(job.d[layout.item(0, i)] + layout.lane(0, i),
                &result[i * job.n], job.n * sizeof(uint32_t));
}

/// C must be copied when it overlaps D at another register: a tile of D is
/// written before the next tile of C is read.
struct SafeC {
  std::vector<uint32_t> copy;
  const RegRow *rows;
  SafeC(const MfmaOperands &ops, unsigned count) : rows(ops.c) {
    bool apart = !ops.c || ops.c == ops.d || ops.c + count <= ops.d ||
                 ops.d + count <= ops.c;
    if (apart)
      return;
    copy.resize(count * 64);
    std::memcpy(copy.data(), ops.c, count * sizeof(RegRow));
    rows = reinterpret_cast<const RegRow *>(copy.data());
  }
};

//===----------------------------------------------------------------------===//
// f64
//===----------------------------------------------------------------------===//

double readF64(const RegRow *regs, unsigned item, unsigned lane) {
  return bitsToF64(uint64_t(regs[2 * item + 1][lane]) << 32 |
                   regs[2 * item][lane]);
}

/// Where item (block, i, j) of an f64 C or D lives: item and lane.
void locateF64(const MfmaDesc &desc, unsigned b, unsigned i, unsigned j,
               unsigned &item, unsigned &lane) {
  if (desc.m == 4) { // four blocks of 4x4, rows outermost
    item = 0;
    lane = 16 * i + 4 * b + j;
    return;
  }
  DLayout layout(desc.m, desc.n, 1);
  item = layout.item(b, i);
  lane = layout.lane(b, i) + j;
}

void mfmaF64(const MfmaDesc &desc, const MfmaOperands &ops,
             const MfmaModifiers &mods) {
  double result[8 * 64];
  unsigned groups = desc.k; // one item a lane
  double signA = mods.blgp & 1 ? -1 : 1, signB = mods.blgp & 2 ? -1 : 1,
         signC = mods.blgp & 4 ? -1 : 1;
  for (unsigned b = 0; b != desc.blocks; ++b)
    for (unsigned i = 0; i != desc.m; ++i)
      for (unsigned j = 0; j != desc.n; ++j) {
        unsigned item, lane;
        locateF64(desc, b, i, j, item, lane);
        double acc = signC * (ops.c ? readF64(ops.c, item, lane)
                                    : bitsToF64(ops.cConstant));
        for (unsigned g = 0; g != groups; ++g) {
          double x = readF64(ops.a, 0, i + desc.m * (b + desc.blocks * g));
          double y = readF64(ops.b, 0, j + desc.n * (b + desc.blocks * g));
          acc = std::fma(signA * x, signB * y, acc);
        }
        result[item * 64 + lane] = acc;
      }
  for (unsigned r = 0; r != desc.dRegs; ++r)
    for (unsigned l = 0; l != 64; ++l)
      ops.d[r][l] =
          uint32_t(f64ToBits(result[r / 2 * 64 + l]) >> (32 * (r % 2)));
}

void mfmaF8F6F4(const MfmaDesc &desc, const MfmaOperands &ops,
                const MfmaModifiers &mods) {
  alignas(64) ItemRow a[maxItems], b[maxItems];
  const MfmaKernels &kernels = mfmaKernels();
  kernels.unpack(f8f6f4Type(mods.cbsz), ops.a, 32, a);
  kernels.unpack(f8f6f4Type(mods.blgp), ops.b, 32, b);
  if (mods.cbsz < 2)
    joinChunks(a, desc.m, desc.k);
  if (mods.blgp < 2)
    joinChunks(b, desc.n, desc.k);
  SafeC c(ops, desc.dRegs);
  MfmaJob job = {a,
                 b,
                 desc.m,
                 desc.n,
                 1,
                 32,
                 desc.k / 32u,
                 0,
                 0,
                 c.rows,
                 uint32_t(ops.cConstant),
                 ops.d};
  if (needsWideRange(ops, mods))
    return wideProduct(job, ops, mods);
  applyScale(a, ops.scaleA, mods.scaleSelA);
  applyScale(b, ops.scaleB, mods.scaleSelB);
  kernels.gemmF32(job);
}

} // namespace

void mfma(const MfmaDesc &desc, MatChip chip, const MfmaOperands &ops,
          const MfmaModifiers &mods) {
  if (desc.d == MatType::F64)
    return mfmaF64(desc, ops, mods);
  if (desc.a == MatType::F8F6F4)
    return mfmaF8F6F4(desc, ops, mods);
  alignas(64) ItemRow a[maxItems], b[maxItems];
  const MfmaKernels &kernels = mfmaKernels();
  unsigned items = desc.k * desc.m * desc.blocks / 64;
  kernels.unpack(packedType(desc.a, chip), ops.a, items, a);
  bool apart = ops.b + desc.bRegs <= ops.d || ops.d + desc.dRegs <= ops.b;
  bool packedB = desc.b == MatType::BF16 && desc.m >= 16 && items % 2 == 0 &&
                 mods.blgp == 0 && !mods.cdna3Sums && apart;
  if (packedB) {
    // Its items are made of the registers in the product itself.
  } else if (mods.blgp == 0) {
    kernels.unpack(packedType(desc.b, chip), ops.b, items, b);
  } else {
    RegRow regs[8];
    for (unsigned r = 0; r != desc.bRegs; ++r)
      for (unsigned l = 0; l != 64; ++l)
        regs[r][l] = ops.b[r][blgpLane(mods.blgp, l)];
    kernels.unpack(packedType(desc.b, chip), regs, items, b);
  }
  SafeC c(ops, desc.dRegs);
  MfmaJob job = {a,
                 b,
                 desc.m,
                 desc.n,
                 desc.blocks,
                 items,
                 desc.k / items,
                 mods.cbsz,
                 mods.abid,
                 c.rows,
                 uint32_t(ops.cConstant),
                 ops.d};
  if (mods.cbsz == 0)
    job.abid = 0;
  job.packedB = ops.b;
  if (packedB)
    kernels.gemmBf16(job);
  else if (desc.d == MatType::I32)
    kernels.gemmI32(job);
  else if (mods.cdna3Sums && hasCdna3Sums(desc.a))
    cdna3Product(job, desc.a, desc.b);
  else
    kernels.gemmF32(job);
}

void smfmac(const MfmaDesc &desc, MatChip chip, const MfmaOperands &ops,
            const MfmaModifiers &mods) {
  alignas(64) ItemRow a[maxItems], b[maxItems];
  uint8_t partner[maxItems][64];
  const MfmaKernels &kernels = mfmaKernels();
  unsigned items = desc.k * desc.m / 64 / 2;
  kernels.unpack(packedType(desc.a, chip), ops.a, items, a);
  kernels.unpack(packedType(desc.b, chip), ops.b, 2 * items, b);
  // Two index bits an item; the register holds 32 / (2 * items) sets of them.
  unsigned sets = 16 / items, set = mods.cbsz == 0 ? mods.abid % sets : 0;
  for (unsigned t = 0; t != items; ++t)
    for (unsigned l = 0; l != 64; ++l)
      partner[t][l] = uint8_t(4 * (t / 2) +
                              ((ops.index[l] >> (2 * (items * set + t))) & 3));
  MfmaJob job = {a, b, desc.m, desc.n, 1,     items,  desc.k / 2 / items,
                 0, 0, ops.d,  0,      ops.d, partner};
  if (desc.d == MatType::I32)
    kernels.sparseI32(job);
  else
    kernels.sparseF32(job);
}

} // namespace moe::emulator::math
