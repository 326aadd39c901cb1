// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The MC tables of one chip and the classes of instructions by name. Out of
// tree LLVM gives no opcode enumeration, so the classes go by the table's
// names.
#include "Disassembler.h"

#include "llvm/ADT/Twine.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInstrAnalysis.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/TargetParser.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using llvm::StringRef;

namespace moe::codeobject {

struct Disassembler::Tables {
  std::string chip;
  llvm::Triple triple{"amdgcn-amd-amdhsa"};
  llvm::MCTargetOptions options;
  std::unique_ptr<llvm::MCRegisterInfo> registers;
  std::unique_ptr<llvm::MCAsmInfo> assembly;
  std::unique_ptr<llvm::MCInstrInfo> instructions;
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget;
  std::unique_ptr<llvm::MCContext> context;
  std::unique_ptr<llvm::MCDisassembler> decoder;
  std::unique_ptr<llvm::MCInstrAnalysis> analysis;
};

Disassembler::Disassembler() : tables(std::make_unique<Tables>()) {}
Disassembler::~Disassembler() = default;

llvm::Expected<std::unique_ptr<Disassembler>>
Disassembler::create(StringRef chip) {
  if (llvm::AMDGPU::parseArchAMDGCN(chip) == llvm::AMDGPU::GK_NONE)
    return llvm::createStringError("unknown chip '" + chip + "'");
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUDisassembler();
  });
  std::unique_ptr<Disassembler> self(new Disassembler());
  Tables &t = *self->tables;
  t.chip = chip.str();
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(t.triple, message);
  if (!target)
    return llvm::createStringError(message);
  t.registers.reset(target->createMCRegInfo(t.triple));
  t.assembly.reset(target->createMCAsmInfo(*t.registers, t.triple, t.options));
  t.instructions.reset(target->createMCInstrInfo());
  t.subtarget.reset(target->createMCSubtargetInfo(t.triple, chip, ""));
  t.context = std::make_unique<llvm::MCContext>(
      t.triple, t.assembly.get(), t.registers.get(), t.subtarget.get());
  t.decoder.reset(target->createMCDisassembler(*t.subtarget, *t.context));
  t.analysis.reset(target->createMCInstrAnalysis(t.instructions.get()));
  return self;
}

llvm::Expected<std::vector<Instruction>>
Disassembler::decode(llvm::ArrayRef<uint8_t> text, uint64_t address) const {
  std::vector<Instruction> result;
  for (uint64_t offset = 0; offset < text.size();) {
    Instruction next{address + offset, 0, {}};
    auto status = tables->decoder->getInstruction(next.inst, next.size,
                                                  text.drop_front(offset),
                                                  next.address, llvm::nulls());
    if (status != llvm::MCDisassembler::Success || next.size == 0) {
      std::string where;
      llvm::raw_string_ostream os(where);
      os << llvm::format_hex(next.address, 0) << ": ";
      if (text.size() - offset >= 4)
        os << "word "
           << llvm::format_hex(
                  llvm::support::endian::read32le(text.data() + offset), 10);
      else
        os << "a piece of a word";
      return llvm::createStringError(where + " is no instruction of " +
                                     tables->chip);
    }
    result.push_back(next);
    offset += next.size;
  }
  return result;
}

InstClass Disassembler::classify(const Instruction &instruction) const {
  StringRef name = tables->instructions->getName(instruction.inst.getOpcode());
  struct Row {
    StringRef prefix;
    InstClass kind;
  };
  // The first prefix that fits decides.
  static const Row rows[] = {
      {"V_MFMA_", InstClass::Mfma},      {"V_SMFMAC_", InstClass::Mfma},
      {"V_CVT_", InstClass::Cvt},        {"V_", InstClass::Valu},
      {"DS_", InstClass::Lds},           {"BUFFER_", InstClass::Vmem},
      {"TBUFFER_", InstClass::Vmem},     {"GLOBAL_", InstClass::Vmem},
      {"FLAT_", InstClass::Vmem},        {"SCRATCH_", InstClass::Vmem},
      {"S_WAITCNT", InstClass::Waitcnt}, {"S_BARRIER", InstClass::Barrier},
      {"S_NOP", InstClass::Nop}};
  for (const Row &row : rows)
    if (name.starts_with(row.prefix))
      return row.kind;
  return InstClass::Salu; // scalar memory loads too
}

std::optional<uint64_t>
Disassembler::branchTarget(const Instruction &instruction) const {
  uint64_t target;
  if (tables->analysis->isBranch(instruction.inst) &&
      tables->analysis->evaluateBranch(instruction.inst, instruction.address,
                                       instruction.size, target))
    return target;
  return std::nullopt;
}

bool Disassembler::fallsThrough(const Instruction &instruction) const {
  const llvm::MCInstrDesc &desc =
      tables->instructions->get(instruction.inst.getOpcode());
  StringRef name = tables->instructions->getName(desc.getOpcode());
  return !desc.isBarrier() && !name.starts_with("S_ENDPGM") &&
         !name.starts_with("S_SETPC");
}

} // namespace moe::codeobject
