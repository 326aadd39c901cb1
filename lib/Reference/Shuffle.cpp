//===- Shuffle.cpp - the byte orders of weights and scales ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Moves bytes between logical and shuffled order by the formulas of Shuffle.h.
// Weights move in runs of 16 bytes, which both orders keep together.
//
//===----------------------------------------------------------------------===//

#include "moe/Reference/Shuffle.h"
#include "moe/Reference/MXFP4.h"
#include <cstring>

using namespace moe::reference;

int64_t moe::reference::paddedWeightK(int64_t k) {
  return (k + 127) / 128 * 128;
}
int64_t moe::reference::scaleGroupsOfK(int64_t k) { return (k + 255) / 256; }
int64_t moe::reference::shuffledWeightBytes(int64_t rows, int64_t k) {
  return rows * (paddedWeightK(k) / 2);
}
int64_t moe::reference::shuffledScaleBytes(int64_t rows, int64_t k) {
  return rows * scaleGroupsOfK(k) * 8;
}

int64_t moe::reference::weightByteOffset(int64_t r, int64_t k, int64_t numK) {
  return (r / 16) * (8 * paddedWeightK(numK)) + (k / 128) * 1024 +
         ((k / 32) % 4) * 256 + (r % 16) * 16 + (k / 2) % 16;
}

int64_t moe::reference::scaleByteOffset(int64_t r, int64_t ks, int64_t numK) {
  int64_t dword = (r / 32) * (scaleGroupsOfK(numK) * 64) + (ks / 8) * 64 +
                  (ks % 4) * 16 + r % 16;
  return dword * 4 + ((ks / 4) % 2) * 2 + (r / 16) % 2;
}

int64_t moe::reference::interleavedSourceRow(int64_t p, int64_t n) {
  return (p / 32) * 16 + p % 16 + ((p / 16) % 2) * (n / 2);
}

int64_t moe::reference::alternatingSourceRow(int64_t p, int64_t n) {
  return p / 2 + (p % 2) * (n / 2);
}

std::vector<uint8_t>
moe::reference::alternateRows(const std::vector<uint8_t> &rows, int64_t n,
                              int64_t bytes) {
  std::vector<uint8_t> result(rows.size());
  int64_t count = int64_t(rows.size()) / bytes;
  for (int64_t r = 0; r < count; ++r) {
    int64_t source = r / n * n + alternatingSourceRow(r % n, n);
    std::memcpy(result.data() + r * bytes, rows.data() + source * bytes,
                size_t(bytes));
  }
  return result;
}

/// The logical row (of all experts) that stands in physical row `r`.
static int64_t sourceRow(int64_t r, int64_t n, bool gateUp) {
  if (!gateUp)
    return r;
  return r / n * n + interleavedSourceRow(r % n, n);
}

void moe::reference::shuffleWeightA16W4Into(const uint8_t *codes,
                                            int64_t experts, int64_t n,
                                            int64_t k, bool gateUp,
                                            uint8_t *out) {
  for (int64_t r = 0; r < experts * n; ++r) {
    const uint8_t *row = codes + sourceRow(r, n, gateUp) * (k / 2);
    for (int64_t e = 0; e < k; e += kBlock)
      std::memcpy(out + weightByteOffset(r, e, k), row + e / 2, kBlock / 2);
  }
}

std::vector<uint8_t> moe::reference::shuffleWeightA16W4(const uint8_t *codes,
                                                        int64_t experts,
                                                        int64_t n, int64_t k,
                                                        bool gateUp) {
  std::vector<uint8_t> out(
      static_cast<size_t>(shuffledWeightBytes(experts * n, k)), 0);
  shuffleWeightA16W4Into(codes, experts, n, k, gateUp, out.data());
  return out;
}

std::vector<uint8_t> moe::reference::unshuffleWeightA16W4(const uint8_t *bytes,
                                                          int64_t experts,
                                                          int64_t n, int64_t k,
                                                          bool gateUp) {
  std::vector<uint8_t> codes(static_cast<size_t>(experts * n * (k / 2)));
  for (int64_t r = 0; r < experts * n; ++r) {
    uint8_t *row = codes.data() + sourceRow(r, n, gateUp) * (k / 2);
    for (int64_t e = 0; e < k; e += kBlock)
      std::memcpy(row + e / 2, bytes + weightByteOffset(r, e, k), kBlock / 2);
  }
  return codes;
}

void moe::reference::shuffleScaleA16W4Into(const uint8_t *scales,
                                           int64_t experts, int64_t n,
                                           int64_t k, bool gateUp,
                                           uint8_t *out) {
  std::memset(out, 0x7F,
              static_cast<size_t>(shuffledScaleBytes(experts * n, k)));
  int64_t blocks = k / kBlock;
  for (int64_t r = 0; r < experts * n; ++r) {
    const uint8_t *row = scales + sourceRow(r, n, gateUp) * blocks;
    for (int64_t ks = 0; ks < blocks; ++ks)
      out[scaleByteOffset(r, ks, k)] = row[ks];
  }
}

std::vector<uint8_t> moe::reference::shuffleScaleA16W4(const uint8_t *scales,
                                                       int64_t experts,
                                                       int64_t n, int64_t k,
                                                       bool gateUp) {
  std::vector<uint8_t> out(
      static_cast<size_t>(shuffledScaleBytes(experts * n, k)));
  shuffleScaleA16W4Into(scales, experts, n, k, gateUp, out.data());
  return out;
}

std::vector<uint8_t> moe::reference::unshuffleScaleA16W4(const uint8_t *bytes,
                                                         int64_t experts,
                                                         int64_t n, int64_t k,
                                                         bool gateUp) {
  int64_t blocks = k / kBlock;
  std::vector<uint8_t> scales(static_cast<size_t>(experts * n * blocks));
  for (int64_t r = 0; r < experts * n; ++r) {
    uint8_t *row = scales.data() + sourceRow(r, n, gateUp) * blocks;
    for (int64_t ks = 0; ks < blocks; ++ks)
      row[ks] = bytes[scaleByteOffset(r, ks, k)];
  }
  return scales;
}
