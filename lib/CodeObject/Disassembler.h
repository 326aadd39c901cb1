// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM's disassembler for one chip, with the few questions that the report asks
// of an instruction. Private to CodeObject.
#ifndef MOE_LIB_CODEOBJECT_DISASSEMBLER_H
#define MOE_LIB_CODEOBJECT_DISASSEMBLER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/MC/MCInst.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace moe::codeobject {

/// How an instruction counts in the report.
enum class InstClass {
  Mfma,
  Valu,
  Cvt,
  Salu,
  Vmem,
  Lds,
  Waitcnt,
  Barrier,
  Nop
};

struct Instruction {
  uint64_t address;
  uint64_t size;
  llvm::MCInst inst;
};

class Disassembler {
public:
  static llvm::Expected<std::unique_ptr<Disassembler>>
  create(llvm::StringRef chip);
  ~Disassembler();

  /// Decodes all of `text`, which lies at `address`. The error names the first
  /// word that the chip does not have.
  llvm::Expected<std::vector<Instruction>> decode(llvm::ArrayRef<uint8_t> text,
                                                  uint64_t address) const;

  InstClass classify(const Instruction &instruction) const;
  /// Where a direct branch goes; absent for everything else.
  std::optional<uint64_t> branchTarget(const Instruction &instruction) const;
  /// Whether control may go on with the next instruction.
  bool fallsThrough(const Instruction &instruction) const;

private:
  Disassembler();
  struct Tables;
  std::unique_ptr<Tables> tables;
};

} // namespace moe::codeobject

#endif // MOE_LIB_CODEOBJECT_DISASSEMBLER_H
