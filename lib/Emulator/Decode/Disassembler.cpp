//===- Disassembler.cpp - LLVM's MC layer for a chip ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wraps MC: bytes to MCInst, MCInst to text and to the registers it reads and
// writes.
//
//===----------------------------------------------------------------------===//

#include "Decode/Disassembler.h"

#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInstPrinter.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"

#include <array>
#include <mutex>

using namespace llvm;
using namespace moe::emulator;

extern "C" {
void LLVMInitializeAMDGPUTargetInfo();
void LLVMInitializeAMDGPUTargetMC();
void LLVMInitializeAMDGPUDisassembler();
}

struct Disassembler::Impl {
  Triple triple{"amdgcn-amd-amdhsa"};
  MCTargetOptions options;
  std::unique_ptr<MCRegisterInfo> registers;
  std::unique_ptr<MCAsmInfo> asmInfo;
  std::unique_ptr<MCInstrInfo> instructions;
  std::unique_ptr<MCSubtargetInfo> subtarget;
  std::unique_ptr<MCContext> context;
  std::unique_ptr<MCDisassembler> disassembler;
  std::unique_ptr<MCInstPrinter> printer;
  /// MC printers and contexts are not thread-safe.
  mutable std::mutex mutex;
};

Disassembler::Disassembler() : impl(new Impl) {}
Disassembler::~Disassembler() = default;

Expected<std::unique_ptr<Disassembler>> Disassembler::create(Chip chip) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUDisassembler();
  });
  std::unique_ptr<Disassembler> made(new Disassembler);
  Impl &impl = *made->impl;
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(impl.triple, error);
  if (!target)
    return createStringError(inconvertibleErrorCode(),
                             "this LLVM has no AMDGPU target: " + error);
  impl.registers.reset(target->createMCRegInfo(impl.triple));
  impl.asmInfo.reset(
      target->createMCAsmInfo(*impl.registers, impl.triple, impl.options));
  impl.instructions.reset(target->createMCInstrInfo());
  impl.subtarget.reset(
      target->createMCSubtargetInfo(impl.triple, chipName(chip), ""));
  impl.context = std::make_unique<MCContext>(
      impl.triple, impl.asmInfo.get(), impl.registers.get(),
      impl.subtarget.get(), nullptr, &impl.options);
  impl.disassembler.reset(
      target->createMCDisassembler(*impl.subtarget, *impl.context));
  impl.printer.reset(target->createMCInstPrinter(
      impl.triple, impl.asmInfo->getAssemblerDialect(), *impl.asmInfo,
      *impl.instructions, *impl.registers));
  if (!impl.disassembler || !impl.printer)
    return createStringError(inconvertibleErrorCode(),
                             "this LLVM has no AMDGPU disassembler");
  return made;
}

/// Words that are no instructions and that LLVM's disassembler crashes on: SDWA
/// with a reserved selection, which it decodes and cannot print; and 255, a
/// literal, where these encodings have none, of which it cannot say what is
/// wrong: as soffset of a buffer access, as a source of VOP3, as the mask that
/// a comparison of VOP3 writes.
/// \p bytes: 8 or more.
static bool crashesLLVM(ArrayRef<uint8_t> bytes) {
  const uint32_t first = support::endian::read32le(bytes.data());
  const uint32_t second = support::endian::read32le(bytes.data() + 4);
  auto field = [&](unsigned at, unsigned bits) {
    return second >> at & ((1u << bits) - 1);
  };
  const unsigned encoding = first >> 26, literal = 255;
  if (encoding == 0x38 || encoding == 0x3a) // MUBUF, MTBUF
    return field(24, 8) == literal;
  if (encoding == 0x34) { // VOP3, VOP3P
    const bool compares = (first >> 16 & 0x3ff) < 0x100;
    return field(0, 9) == literal || field(9, 9) == literal ||
           field(18, 9) == literal || (compares && (first & 0xff) == literal);
  }
  if (first >> 31 || (first & 0x1ff) != 0xf9)
    return false;
  // VOPC has a destination in place of dst_sel, VOP1 no second operand.
  const bool isVopc = first >> 25 == 0x3e, isVop1 = first >> 25 == 0x3f;
  return (!isVopc && (field(8, 3) == 7 || field(11, 2) == 3)) ||
         field(16, 3) == 7 || (!isVop1 && field(24, 3) == 7);
}

uint64_t Disassembler::decode(ArrayRef<uint8_t> bytes, uint64_t address,
                              MCInst &inst) const {
  // LLVM's disassembler crashes too where a literal would be behind the end:
  // with zeroes there the size says so.
  std::array<uint8_t, 16> last{};
  ArrayRef<uint8_t> padded = bytes;
  if (bytes.size() < last.size()) {
    llvm::copy(bytes, last.begin());
    padded = last;
  }
  if (crashesLLVM(padded))
    return 0;
  uint64_t size = 0;
  auto status =
      impl->disassembler->getInstruction(inst, size, padded, address, nulls());
  return status == MCDisassembler::Fail || size > bytes.size() ? 0 : size;
}

std::string Disassembler::print(const MCInst &inst, uint64_t address) const {
  std::lock_guard<std::mutex> lock(impl->mutex);
  std::string text;
  raw_string_ostream stream(text);
  impl->printer->printInst(&inst, address, "", *impl->subtarget, stream);
  StringRef trimmed = StringRef(text).trim();
  return trimmed.str();
}

std::string Disassembler::opcodeName(const MCInst &inst) const {
  StringRef name = impl->instructions->getName(inst.getOpcode());
  size_t cut = name.find("_gfx");
  if (cut != StringRef::npos)
    name = name.take_front(cut);
  name.consume_back("_vi");
  name.consume_back("_e64");
  name.consume_back("_e32");
  return name.str();
}

/// First register and count from MC's name: "VGPR4_VGPR5" is v4, two registers.
static bool parseRegister(StringRef name, unsigned accumOffset, RegUse &use) {
  if (name == "VCC" || name == "EXEC" || name == "FLAT_SCR") {
    use.first = name == "VCC" ? 106 : name == "EXEC" ? 126 : 102;
    use.count = 2;
    return true;
  }
  static const std::pair<StringRef, uint16_t> singles[] = {
      {"VCC_LO", 106},  {"VCC_HI", 107}, {"EXEC_LO", 126},
      {"EXEC_HI", 127}, {"M0", 124},     {"M0_gfxpre11", 124}};
  for (auto &[text, index] : singles)
    if (name == text) {
      use.first = index;
      use.count = 1;
      return true;
    }
  unsigned base;
  if (name.consume_front("VGPR"))
    base = regVector;
  else if (name.consume_front("AGPR"))
    base = regVector + accumOffset;
  else if (name.consume_front("SGPR"))
    base = 0;
  else
    return false;
  unsigned index;
  if (name.consumeInteger(10, index))
    return false;
  use.first = base + index;
  use.count = 1 + name.count('_');
  if (name.starts_with("_LO16") || name.starts_with("_HI16"))
    use.count = 1;
  return true;
}

std::vector<RegUse> Disassembler::registers(const MCInst &inst,
                                            unsigned accumOffset) const {
  std::vector<RegUse> uses;
  const MCInstrDesc &desc = impl->instructions->get(inst.getOpcode());
  auto add = [&](MCRegister reg, unsigned flags) {
    RegUse use;
    use.flags = flags;
    if (reg && parseRegister(impl->registers->getName(reg), accumOffset, use))
      uses.push_back(use);
  };
  for (unsigned i = 0; i < inst.getNumOperands(); ++i)
    if (inst.getOperand(i).isReg())
      add(inst.getOperand(i).getReg(), i < desc.getNumDefs() ? 1 : 2);
  for (MCPhysReg reg : desc.implicit_uses())
    add(reg, 2);
  for (MCPhysReg reg : desc.implicit_defs())
    add(reg, 1);
  return uses;
}

uint8_t Disassembler::usesScc(const MCInst &inst) const {
  const MCInstrDesc &desc = impl->instructions->get(inst.getOpcode());
  auto names = [&](ArrayRef<MCPhysReg> registers) {
    return any_of(registers, [&](MCPhysReg reg) {
      return StringRef(impl->registers->getName(reg)) == "SCC";
    });
  };
  return (names(desc.implicit_defs()) ? 1 : 0) |
         (names(desc.implicit_uses()) ? 2 : 0);
}

std::string moe::emulator::disassemble(const KernelImage &object,
                                       const Disassembler &disassembler,
                                       const InstMeta &meta) {
  MCInst inst;
  ArrayRef<uint8_t> image = object.image();
  if (meta.address < image.size() &&
      disassembler.decode(image.drop_front(meta.address), meta.address, inst))
    return disassembler.print(inst, meta.address);
  return meta.mnemonic;
}

std::string moe::emulator::describeInst(const KernelImage &object,
                                        const Disassembler &disassembler,
                                        const InstMeta &meta) {
  std::string text =
      hexAddress(meta.address) + ": " + disassemble(object, disassembler, meta);
  std::string line = object.sourceLine(meta.address);
  return line.empty() ? text : text + " [" + line + "]";
}
