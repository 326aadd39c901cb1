//===- MatrixLayout.cpp - where matrix instructions keep elements ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the table of matrix instructions to places. The execution of the
// instructions (Math) does not use this; a test compares the two.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/MatrixLayout.h"

#include "Math/MfmaKernels.h"
#include "State/ChipFeatures.h"

using namespace llvm;
using namespace moe::emulator;
using namespace moe::emulator::math;

static std::string typeName(MatType type, unsigned format) {
  switch (type) {
  case MatType::F64:
    return "f64";
  case MatType::F32:
    return "f32";
  case MatType::XF32:
    return "xf32";
  case MatType::F16:
    return "f16";
  case MatType::BF16:
    return "bf16";
  case MatType::I8:
    return "i8";
  case MatType::FP8:
    return "fp8";
  case MatType::BF8:
    return "bf8";
  case MatType::FP6:
    return "fp6";
  case MatType::BF6:
    return "bf6";
  case MatType::FP4:
    return "fp4";
  case MatType::I32:
    return "i32";
  case MatType::F8F6F4:
    break;
  }
  static const char *const formats[] = {"fp8", "bf8", "fp6", "bf6", "fp4"};
  return formats[format];
}

/// Lower case without separators; "1k" is not printed on these chips.
static std::string plainName(StringRef name) {
  std::string plain;
  for (char c : name.lower())
    if (c != '_')
      plain += c;
  StringRef rest = plain;
  rest.consume_back("1k");
  std::string result = rest.str();
  if (size_t at = result.find("scale"); at != std::string::npos)
    result.erase(at, 5);
  return result;
}

static const MfmaDesc *find(StringRef mnemonic, MatChip chip) {
  size_t count;
  const MfmaDesc *rows = mfmaTable(count);
  for (size_t i = 0; i < count; ++i)
    if ((rows[i].chips & chip) &&
        plainName(rows[i].name) == plainName(mnemonic))
      return &rows[i];
  return nullptr;
}

/// An operand whose lanes hold consecutive k: lane `index` + `size` * (block +
/// blocks * (k / items)), item k % items.
static MatrixOperand factor(const MfmaDesc &desc, MatType type, unsigned format,
                            unsigned registers, bool isA) {
  MatrixOperand operand;
  unsigned size = isA ? desc.m : desc.n;
  unsigned items = desc.k * size * desc.blocks / 64;
  operand.type = typeName(type, format);
  operand.registers = registers;
  operand.bits = registers * 32 / items;
  operand.rows = isA ? desc.m : desc.k;
  operand.columns = isA ? desc.k : desc.n;
  bool chunks = type == MatType::F8F6F4 && format < 2;
  for (unsigned block = 0; block < desc.blocks; ++block)
    for (unsigned row = 0; row < operand.rows; ++row)
      for (unsigned column = 0; column < operand.columns; ++column) {
        unsigned index = isA ? row : column, k = isA ? column : row;
        unsigned item = k % items, group = k / items;
        if (chunks) { // two of 16, half of K apart
          item = k / (desc.k / 2) * 16 + k % 16;
          group = k % (desc.k / 2) / 16;
        }
        operand.places.push_back({index + size * (block + desc.blocks * group),
                                  item * operand.bits});
      }
  return operand;
}

static MatrixOperand result(const MfmaDesc &desc) {
  MatrixOperand operand;
  bool wide = desc.d == MatType::F64;
  operand.type = typeName(desc.d, 0);
  operand.registers = desc.dRegs;
  operand.bits = wide ? 64 : 32;
  operand.rows = desc.m;
  operand.columns = desc.n;
  math::detail::DLayout layout(desc.m, desc.n, wide ? 1 : 4);
  for (unsigned block = 0; block < desc.blocks; ++block)
    for (unsigned i = 0; i < desc.m; ++i)
      for (unsigned j = 0; j < desc.n; ++j) {
        MatrixPlace place{layout.lane(block, i) + j,
                          layout.item(block, i) * operand.bits};
        if (wide && desc.m == 4) // rows outermost
          place = {16 * i + 4 * block + j, 0};
        operand.places.push_back(place);
      }
  return operand;
}

Expected<MatrixLayout> moe::emulator::matrixLayout(StringRef mnemonic,
                                                   Chip chip, unsigned formatA,
                                                   unsigned formatB) {
  const ChipFeatures &features = chipFeatures(chip);
  const MfmaDesc *desc = find(mnemonic, features.bit);
  if (!desc)
    return createStringError("expected a matrix instruction of " +
                             chipName(chip) + ", got '" + mnemonic + "'");
  if (desc->sparse)
    return createStringError("expected a dense matrix instruction, got '" +
                             mnemonic + "'");
  bool mixed = desc->a == MatType::F8F6F4;
  for (unsigned format : {formatA, formatB})
    if (mixed ? !f8f6f4Registers(format) : format != 0)
      return createStringError(Twine("'") + mnemonic + "': expected format " +
                               (mixed ? "0 to 4" : "0, as it has no others") +
                               ", got " + Twine(format));
  MatrixLayout layout;
  layout.name = StringRef(desc->name).lower();
  layout.m = desc->m;
  layout.n = desc->n;
  layout.k = desc->k;
  layout.blocks = desc->blocks;
  layout.passes = mfmaPasses(*desc, formatA | formatB << 7, features);
  layout.a = factor(*desc, desc->a, formatA,
                    mixed ? f8f6f4Registers(formatA) : desc->aRegs, true);
  layout.b = factor(*desc, desc->b, formatB,
                    mixed ? f8f6f4Registers(formatB) : desc->bRegs, false);
  layout.d = result(*desc);
  return layout;
}
