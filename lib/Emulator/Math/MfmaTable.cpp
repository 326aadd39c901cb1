// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The matrix instructions as rows, their lookup by name and the checks of their
// modifier fields. The arithmetic is in Mfma.cpp.

#include "Math/Mfma.h"
#include <cctype>
#include <string>
#include <unordered_map>

namespace moe::emulator::math {

namespace {

constexpr unsigned itemBits(MatType t) {
  switch (t) {
  case MatType::F64:
    return 64;
  case MatType::F32:
  case MatType::XF32:
  case MatType::I32:
    return 32;
  case MatType::F16:
  case MatType::BF16:
    return 16;
  case MatType::FP6:
  case MatType::BF6:
    return 6;
  case MatType::FP4:
    return 4;
  case MatType::I8:
  case MatType::FP8:
  case MatType::BF8:
  case MatType::F8F6F4:
    return 8;
  }
  return 0;
}

constexpr MfmaDesc row(const char *name, unsigned m, unsigned n, unsigned k,
                       unsigned blocks, MatType a, MatType b, MatType d,
                       unsigned chips, bool sparse = false) {
  // A lane holds K / (64 / (M * blocks)) items of A; a sparse A half as many.
  unsigned aItems = k * m * blocks / 64 / (sparse ? 2 : 1);
  unsigned bItems = k * n * blocks / 64;
  return {name,
          uint8_t(m),
          uint8_t(n),
          uint8_t(k),
          uint8_t(blocks),
          a,
          b,
          d,
          uint8_t(aItems * itemBits(a) / 32),
          uint8_t(bItems * itemBits(b) / 32),
          uint8_t(m * n * blocks / 64 * itemBits(d) / 32),
          uint8_t(chips),
          sparse};
}

constexpr unsigned all = MatGfx90a | MatGfx942 | MatGfx950;
constexpr unsigned cdna34 = MatGfx942 | MatGfx950;
constexpr MatType f64 = MatType::F64, f32 = MatType::F32, f16 = MatType::F16,
                  bf16 = MatType::BF16, xf32 = MatType::XF32, i8 = MatType::I8,
                  i32 = MatType::I32, fp8 = MatType::FP8, bf8 = MatType::BF8,
                  mx = MatType::F8F6F4;

constexpr MfmaDesc rows[] = {
    row("V_MFMA_F32_32X32X1F32", 32, 32, 1, 2, f32, f32, f32, all),
    row("V_MFMA_F32_16X16X1F32", 16, 16, 1, 4, f32, f32, f32, all),
    row("V_MFMA_F32_4X4X1F32", 4, 4, 1, 16, f32, f32, f32, all),
    row("V_MFMA_F32_32X32X2F32", 32, 32, 2, 1, f32, f32, f32, all),
    row("V_MFMA_F32_16X16X4F32", 16, 16, 4, 1, f32, f32, f32, all),
    row("V_MFMA_F32_16X16X8XF32", 16, 16, 8, 1, xf32, xf32, f32, MatGfx942),
    row("V_MFMA_F32_32X32X4XF32", 32, 32, 4, 1, xf32, xf32, f32, MatGfx942),
    row("V_MFMA_F32_32X32X4F16", 32, 32, 4, 2, f16, f16, f32, all),
    row("V_MFMA_F32_16X16X4F16", 16, 16, 4, 4, f16, f16, f32, all),
    row("V_MFMA_F32_4X4X4F16", 4, 4, 4, 16, f16, f16, f32, all),
    row("V_MFMA_F32_32X32X8F16", 32, 32, 8, 1, f16, f16, f32, all),
    row("V_MFMA_F32_16X16X16F16", 16, 16, 16, 1, f16, f16, f32, all),
    row("V_MFMA_F32_32X32X16_F16", 32, 32, 16, 1, f16, f16, f32, MatGfx950),
    row("V_MFMA_F32_16X16X32_F16", 16, 16, 32, 1, f16, f16, f32, MatGfx950),
    row("V_MFMA_F32_32X32X2BF16", 32, 32, 2, 2, bf16, bf16, f32, MatGfx90a),
    row("V_MFMA_F32_16X16X2BF16", 16, 16, 2, 4, bf16, bf16, f32, MatGfx90a),
    row("V_MFMA_F32_4X4X2BF16", 4, 4, 2, 16, bf16, bf16, f32, MatGfx90a),
    row("V_MFMA_F32_32X32X4BF16", 32, 32, 4, 1, bf16, bf16, f32, MatGfx90a),
    row("V_MFMA_F32_16X16X8BF16", 16, 16, 8, 1, bf16, bf16, f32, MatGfx90a),
    row("V_MFMA_F32_32X32X4BF16_1K", 32, 32, 4, 2, bf16, bf16, f32, all),
    row("V_MFMA_F32_16X16X4BF16_1K", 16, 16, 4, 4, bf16, bf16, f32, all),
    row("V_MFMA_F32_4X4X4BF16_1K", 4, 4, 4, 16, bf16, bf16, f32, all),
    row("V_MFMA_F32_32X32X8BF16_1K", 32, 32, 8, 1, bf16, bf16, f32, all),
    row("V_MFMA_F32_16X16X16BF16_1K", 16, 16, 16, 1, bf16, bf16, f32, all),
    row("V_MFMA_F32_32X32X16_BF16", 32, 32, 16, 1, bf16, bf16, f32, MatGfx950),
    row("V_MFMA_F32_16X16X32_BF16", 16, 16, 32, 1, bf16, bf16, f32, MatGfx950),
    row("V_MFMA_I32_32X32X4I8", 32, 32, 4, 2, i8, i8, i32, all),
    row("V_MFMA_I32_16X16X4I8", 16, 16, 4, 4, i8, i8, i32, all),
    row("V_MFMA_I32_4X4X4I8", 4, 4, 4, 16, i8, i8, i32, all),
    row("V_MFMA_I32_32X32X8I8", 32, 32, 8, 1, i8, i8, i32, MatGfx90a),
    row("V_MFMA_I32_16X16X16I8", 16, 16, 16, 1, i8, i8, i32, MatGfx90a),
    row("V_MFMA_I32_32X32X16I8", 32, 32, 16, 1, i8, i8, i32, cdna34),
    row("V_MFMA_I32_16X16X32I8", 16, 16, 32, 1, i8, i8, i32, cdna34),
    row("V_MFMA_I32_32X32X32_I8", 32, 32, 32, 1, i8, i8, i32, MatGfx950),
    row("V_MFMA_I32_16X16X64_I8", 16, 16, 64, 1, i8, i8, i32, MatGfx950),
    row("V_MFMA_F32_16X16X32_BF8_BF8", 16, 16, 32, 1, bf8, bf8, f32, cdna34),
    row("V_MFMA_F32_16X16X32_BF8_FP8", 16, 16, 32, 1, bf8, fp8, f32, cdna34),
    row("V_MFMA_F32_16X16X32_FP8_BF8", 16, 16, 32, 1, fp8, bf8, f32, cdna34),
    row("V_MFMA_F32_16X16X32_FP8_FP8", 16, 16, 32, 1, fp8, fp8, f32, cdna34),
    row("V_MFMA_F32_32X32X16_BF8_BF8", 32, 32, 16, 1, bf8, bf8, f32, cdna34),
    row("V_MFMA_F32_32X32X16_BF8_FP8", 32, 32, 16, 1, bf8, fp8, f32, cdna34),
    row("V_MFMA_F32_32X32X16_FP8_BF8", 32, 32, 16, 1, fp8, bf8, f32, cdna34),
    row("V_MFMA_F32_32X32X16_FP8_FP8", 32, 32, 16, 1, fp8, fp8, f32, cdna34),
    row("V_MFMA_F64_16X16X4F64", 16, 16, 4, 1, f64, f64, f64, all),
    row("V_MFMA_F64_4X4X4F64", 4, 4, 4, 4, f64, f64, f64, all),
    row("V_MFMA_F32_16X16X128_F8F6F4", 16, 16, 128, 1, mx, mx, f32, MatGfx950),
    row("V_MFMA_F32_32X32X64_F8F6F4", 32, 32, 64, 1, mx, mx, f32, MatGfx950),
    // Sparse: A holds two of every four k.
    row("V_SMFMAC_F32_16X16X32_F16", 16, 16, 32, 1, f16, f16, f32, cdna34,
        true),
    row("V_SMFMAC_F32_32X32X16_F16", 32, 32, 16, 1, f16, f16, f32, cdna34,
        true),
    row("V_SMFMAC_F32_16X16X32_BF16", 16, 16, 32, 1, bf16, bf16, f32, cdna34,
        true),
    row("V_SMFMAC_F32_32X32X16_BF16", 32, 32, 16, 1, bf16, bf16, f32, cdna34,
        true),
    row("V_SMFMAC_I32_16X16X64_I8", 16, 16, 64, 1, i8, i8, i32, cdna34, true),
    row("V_SMFMAC_I32_32X32X32_I8", 32, 32, 32, 1, i8, i8, i32, cdna34, true),
    row("V_SMFMAC_F32_16X16X64_BF8_BF8", 16, 16, 64, 1, bf8, bf8, f32, cdna34,
        true),
    row("V_SMFMAC_F32_16X16X64_BF8_FP8", 16, 16, 64, 1, bf8, fp8, f32, cdna34,
        true),
    row("V_SMFMAC_F32_16X16X64_FP8_BF8", 16, 16, 64, 1, fp8, bf8, f32, cdna34,
        true),
    row("V_SMFMAC_F32_16X16X64_FP8_FP8", 16, 16, 64, 1, fp8, fp8, f32, cdna34,
        true),
    row("V_SMFMAC_F32_32X32X32_BF8_BF8", 32, 32, 32, 1, bf8, bf8, f32, cdna34,
        true),
    row("V_SMFMAC_F32_32X32X32_BF8_FP8", 32, 32, 32, 1, bf8, fp8, f32, cdna34,
        true),
    row("V_SMFMAC_F32_32X32X32_FP8_BF8", 32, 32, 32, 1, fp8, bf8, f32, cdna34,
        true),
    row("V_SMFMAC_F32_32X32X32_FP8_FP8", 32, 32, 32, 1, fp8, fp8, f32, cdna34,
        true),
    row("V_SMFMAC_F32_16X16X64_F16", 16, 16, 64, 1, f16, f16, f32, MatGfx950,
        true),
    row("V_SMFMAC_F32_32X32X32_F16", 32, 32, 32, 1, f16, f16, f32, MatGfx950,
        true),
    row("V_SMFMAC_F32_16X16X64_BF16", 16, 16, 64, 1, bf16, bf16, f32, MatGfx950,
        true),
    row("V_SMFMAC_F32_32X32X32_BF16", 32, 32, 32, 1, bf16, bf16, f32, MatGfx950,
        true),
    row("V_SMFMAC_I32_16X16X128_I8", 16, 16, 128, 1, i8, i8, i32, MatGfx950,
        true),
    row("V_SMFMAC_I32_32X32X64_I8", 32, 32, 64, 1, i8, i8, i32, MatGfx950,
        true),
    row("V_SMFMAC_F32_16X16X128_BF8_BF8", 16, 16, 128, 1, bf8, bf8, f32,
        MatGfx950, true),
    row("V_SMFMAC_F32_16X16X128_BF8_FP8", 16, 16, 128, 1, bf8, fp8, f32,
        MatGfx950, true),
    row("V_SMFMAC_F32_16X16X128_FP8_BF8", 16, 16, 128, 1, fp8, bf8, f32,
        MatGfx950, true),
    row("V_SMFMAC_F32_16X16X128_FP8_FP8", 16, 16, 128, 1, fp8, fp8, f32,
        MatGfx950, true),
    row("V_SMFMAC_F32_32X32X64_BF8_BF8", 32, 32, 64, 1, bf8, bf8, f32,
        MatGfx950, true),
    row("V_SMFMAC_F32_32X32X64_BF8_FP8", 32, 32, 64, 1, bf8, fp8, f32,
        MatGfx950, true),
    row("V_SMFMAC_F32_32X32X64_FP8_BF8", 32, 32, 64, 1, fp8, bf8, f32,
        MatGfx950, true),
    row("V_SMFMAC_F32_32X32X64_FP8_FP8", 32, 32, 64, 1, fp8, fp8, f32,
        MatGfx950, true),
};

/// Upper case, `_SCALE_` and the format suffix of F8F6F4 removed.
std::string canonicalName(std::string_view name) {
  std::string s(name);
  for (char &c : s)
    c = char(std::toupper(static_cast<unsigned char>(c)));
  constexpr std::string_view scaled = "V_MFMA_SCALE_";
  if (s.compare(0, scaled.size(), scaled) == 0)
    s.replace(0, scaled.size(), "V_MFMA_");
  size_t at = s.find("F8F6F4");
  if (at != std::string::npos) {
    std::string_view rest = std::string_view(s).substr(at + 6);
    bool formats = rest.size() == 6 && rest[0] == '_' && rest[1] == 'F' &&
                   rest[3] == '_' && rest[4] == 'F';
    if (formats)
      s.resize(at + 6);
  }
  return s;
}

} // namespace

const MfmaDesc *mfmaTable(size_t &count) {
  count = sizeof(rows) / sizeof(rows[0]);
  return rows;
}

const MfmaDesc *findMfma(std::string_view name, MatChip chip) {
  static const auto map = [] {
    std::unordered_map<std::string, const MfmaDesc *> m;
    for (const MfmaDesc &d : rows)
      m.emplace(d.name, &d);
    return m;
  }();
  auto it = map.find(canonicalName(name));
  if (it == map.end() || !(it->second->chips & chip))
    return nullptr;
  return it->second;
}

unsigned f8f6f4Registers(unsigned fmt) {
  static constexpr uint8_t counts[8] = {8, 8, 6, 6, 4, 0, 0, 0};
  return fmt < 8 ? counts[fmt] : 0;
}

const char *checkMfma(const MfmaDesc &desc, MatChip chip,
                      const MfmaModifiers &mods) {
  if (!(desc.chips & chip))
    return "matrix instruction does not exist on this chip";
  if (desc.a == MatType::F8F6F4) {
    if (!f8f6f4Registers(mods.cbsz))
      return "expected cbsz (format of A) 0..4, got a reserved format";
    if (!f8f6f4Registers(mods.blgp))
      return "expected blgp (format of B) 0..4, got a reserved format";
    return nullptr;
  }
  if (desc.sparse)
    return nullptr;
  if (desc.d == MatType::F64)
    return mods.cbsz || mods.abid ? "expected cbsz and abid 0 on an f64 matrix "
                                    "instruction, got another value"
                                  : nullptr;
  if ((1u << mods.cbsz) > desc.blocks)
    return "expected 2^cbsz of at most the number of blocks, got more";
  if (mods.abid >= (1u << mods.cbsz))
    return "expected abid below 2^cbsz, got a larger value";
  return nullptr;
}

} // namespace moe::emulator::math
