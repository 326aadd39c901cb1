//===- FieldDecoder.h - microcode fields to operands ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The decoder of one instruction's fields. Its member functions are in files by
// format: ScalarFields.cpp, VectorFields.cpp and MemoryFields.cpp; what they
// share is in Fields.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_DECODE_FIELDDECODER_H
#define MOE_LIB_EMULATOR_DECODE_FIELDDECODER_H

#include "Decode/Fields.h"
#include "Decode/OpcodeTables.h"
#include "Math/Mfma.h"
#include "Math/ScaledCvt.h"
#include "State/ChipFeatures.h"

#include <cstring>

namespace moe::emulator {

inline bool startsWith(const std::string &text, const char *prefix) {
  return text.compare(0, strlen(prefix), prefix) == 0;
}

inline constexpr const char *kNotImplemented = "instruction not implemented";

/// Decodes the fields of one instruction. Each format has a member function,
/// named after it; an encoding that is not executed leaves its reason in
/// `error`.
class FieldDecoder {
public:
  FieldDecoder(FieldContext &context, Inst &inst, InstMeta &meta)
      : c(context), inst(inst), meta(meta), kind(meta.kind),
        w0(context.words[0]), w1(context.words[1]) {}
  std::string decode();

private:
  void refuse(std::string reason) {
    if (error.empty())
      error = std::move(reason);
  }

  // Operands (Fields.cpp).
  /// The row of the register file of v[index] or, with `acc`, a[index]; refuses
  /// what `count` registers from there on do not leave allocated.
  uint16_t vgpr(unsigned index, unsigned count, bool acc);
  /// The operand that a 9-bit code names. `type` decides what constants mean;
  /// `count` is the number of registers where the type does not say it.
  Src source(unsigned code, ValueType type, unsigned count = 0);

  // Scalar formats (ScalarFields.cpp).
  void sop2();
  void sop1();
  void sopc();
  void sopk();
  void sopp();
  void smem();
  Src scalarSource(unsigned code, bool wide);
  /// Takes handler, class and traits from the instruction's row, or refuses and
  /// returns null.
  const ScalarRow *scalarRow();
  void branch(int16_t words);

  // Vector ALU formats (VectorFields.cpp).
  void vop12();
  void vopc();
  void vop3();
  void vop3p();
  void packedFmac(const unsigned codes[3]);
  void matrix(const math::MfmaDesc &desc);
  void scaledCvt(const math::ScaledCvtDesc &desc);
  /// Instructions that move data between lanes; false of all others.
  bool laneOp(unsigned codes[3], unsigned dst);
  void valuSources(const ValuRow &row, const unsigned codes[3]);
  void valuHandler(const ValuRow &row);
  void sdwaOrDpp(const ValuRow &row, unsigned codes[3]);

  // Memory formats (MemoryFields.cpp).
  void ds();
  void flat();
  void buffer();
  /// Takes the traits from the row of that name (without the format's prefix),
  /// or refuses and returns null.
  const MemRow *memRow(std::string name);
  void setMemoryClass(const MemRow &row, InstClass load, InstClass store,
                      InstClass atomic);
  void markWideStore(unsigned dwords);

  FieldContext &c;
  Inst &inst;
  InstMeta &meta;
  InstClass &kind;
  uint32_t w0, w1;
  uint32_t literal = 0;
  std::string error;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_DECODE_FIELDDECODER_H
