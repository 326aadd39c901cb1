//===- MXFP4.cpp - blocks of 32 FP4 values with one scale -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Quantisation after OCP Microscaling Formats v1.0, section 6.3, and decoding
// by a table of all 256 scales x 16 codes made from the scalar definition.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/MXFP4.h"
#include "moe/Reference/Scalars.h"
#include <algorithm>
#include <cmath>

using namespace moe::reference;

uint8_t moe::reference::scaleOfBlock(const float *values, ScaleRule rule) {
  double largest = 0;
  for (int64_t i = 0; i < kBlock; ++i) {
    if (!std::isfinite(values[i]))
      return 0xFF;
    largest = std::fmax(largest, std::fabs(double(values[i])));
  }
  if (largest == 0)
    return 0;
  int exponent;
  double mantissa = std::frexp(largest, &exponent); // in [0.5, 1)
  int log2 = exponent - 1;
  if (rule == ScaleRule::Ceil && mantissa != 0.5)
    ++log2;
  int byte = log2 - 2 + 127;
  return static_cast<uint8_t>(byte < 0 ? 0 : byte > 254 ? 254 : byte);
}

MXFP4 moe::reference::quantizeMXFP4(const float *values, int64_t rows,
                                    int64_t k, ScaleRule rule) {
  MXFP4 result;
  result.codes.assign(static_cast<size_t>(rows * k / 2), 0);
  result.scales.assign(static_cast<size_t>(rows * k / kBlock), 0);
  for (int64_t block = 0; block < rows * k / kBlock; ++block) {
    const float *in = values + block * kBlock;
    uint8_t *out = result.codes.data() + block * kBlock / 2;
    uint8_t scale = scaleOfBlock(in, rule);
    result.scales[block] = scale;
    if (scale == 0xFF)
      continue;
    double step = decodeE8M0(scale);
    for (int64_t i = 0; i < kBlock; i += 2)
      out[i / 2] = static_cast<uint8_t>(encodeE2M1(in[i] / step) |
                                        encodeE2M1(in[i + 1] / step) << 4);
  }
  return result;
}

namespace {
struct DecodeTable {
  double value[256][16];
  DecodeTable() {
    for (int scale = 0; scale < 256; ++scale)
      for (int code = 0; code < 16; ++code)
        value[scale][code] =
            dequantize(static_cast<uint8_t>(code), static_cast<uint8_t>(scale));
  }
};
} // namespace

void moe::reference::dequantizeRow(const uint8_t *codes, const uint8_t *scales,
                                   int64_t k, double *out) {
  static const DecodeTable table;
  for (int64_t block = 0; block < blocksOf(k); ++block) {
    const double *values = table.value[scales[block]];
    int64_t bytes = std::min(kBlock, k - block * kBlock) / 2;
    for (int64_t i = 0; i < bytes; ++i) {
      uint8_t byte = codes[block * kBlock / 2 + i];
      out[block * kBlock + 2 * i] = values[byte & 15];
      out[block * kBlock + 2 * i + 1] = values[byte >> 4];
    }
  }
}

std::vector<double> moe::reference::dequantizeMXFP4(const uint8_t *codes,
                                                    const uint8_t *scales,
                                                    int64_t rows, int64_t k) {
  std::vector<double> out(static_cast<size_t>(rows * k));
  for (int64_t r = 0; r < rows; ++r)
    dequantizeRow(codes + r * (k / 2), scales + r * (k / kBlock), k,
                  out.data() + r * k);
  return out;
}
