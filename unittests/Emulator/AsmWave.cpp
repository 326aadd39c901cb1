//===- AsmWave.cpp - one wave that executes assembly text -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The assembler is LLVM's; its instructions are caught as they are emitted.
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"

#include "State/ChipFeatures.h"
#include "Vector/ValuDpp.h"
#include "Vector/VectorModes.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCCodeEmitter.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCFixup.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCObjectFileInfo.h"
#include "llvm/MC/MCParser/MCAsmParser.h"
#include "llvm/MC/MCParser/MCTargetAsmParser.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCStreamer.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "gtest/gtest.h"

using namespace llvm;

extern "C" {
void LLVMInitializeAMDGPUTargetInfo();
void LLVMInitializeAMDGPUTargetMC();
void LLVMInitializeAMDGPUAsmParser();
}

namespace moe::emulator {

namespace {
class Catcher : public MCStreamer {
public:
  Catcher(MCContext &context, MCCodeEmitter &emitter)
      : MCStreamer(context), emitter(emitter) {}
  bool emitSymbolAttribute(MCSymbol *, MCSymbolAttr) override { return true; }
  void emitCommonSymbol(MCSymbol *, uint64_t, Align) override {}
  void emitInstruction(const MCInst &inst,
                       const MCSubtargetInfo &subtarget) override {
    SmallVector<char, 16> code;
    SmallVector<MCFixup, 2> fixups;
    emitter.encodeInstruction(inst, code, fixups, subtarget);
    bytes.insert(bytes.end(), code.begin(), code.end());
  }
  std::vector<uint8_t> bytes;

private:
  MCCodeEmitter &emitter;
};
} // namespace

std::vector<uint8_t> assemble(Chip chip, const std::string &text) {
  LLVMInitializeAMDGPUTargetInfo();
  LLVMInitializeAMDGPUTargetMC();
  LLVMInitializeAMDGPUAsmParser();
  Triple triple("amdgcn-amd-amdhsa");
  std::string message;
  const Target *target = TargetRegistry::lookupTarget(triple, message);
  MCTargetOptions options;
  std::unique_ptr<MCRegisterInfo> registers(target->createMCRegInfo(triple));
  std::unique_ptr<MCAsmInfo> asmInfo(
      target->createMCAsmInfo(*registers, triple, options));
  std::unique_ptr<MCInstrInfo> instructions(target->createMCInstrInfo());
  std::unique_ptr<MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, chipName(chip), ""));
  SourceMgr sources;
  sources.AddNewSourceBuffer(MemoryBuffer::getMemBufferCopy(text), SMLoc());
  MCContext context(triple, asmInfo.get(), registers.get(), subtarget.get(),
                    &sources, &options);
  std::unique_ptr<MCObjectFileInfo> objectInfo(
      target->createMCObjectFileInfo(context, false));
  context.setObjectFileInfo(objectInfo.get());
  std::unique_ptr<MCCodeEmitter> emitter(
      target->createMCCodeEmitter(*instructions, context));
  Catcher streamer(context, *emitter);
  target->createNullTargetStreamer(streamer);
  std::unique_ptr<MCAsmParser> parser(
      createMCAsmParser(sources, context, streamer, *asmInfo));
  std::unique_ptr<MCTargetAsmParser> targetParser(
      target->createMCAsmParser(*subtarget, *parser, *instructions, options));
  parser->setTargetParser(*targetParser);
  if (parser->Run(/*NoInitialTextSection=*/false)) {
    ADD_FAILURE() << "does not assemble: " << text;
    return {};
  }
  return streamer.bytes;
}

AsmWave::AsmWave(Chip chip) : chip(chip), wave(new Wave) {
  registers.resize((256 + spareRows) * 64 + 16);
  uintptr_t base = (uintptr_t(registers.data()) + 63) & ~uintptr_t(63);
  wave->v = reinterpret_cast<Row *>(base);
  wave->rows = 256;
  memset(wave->s, 0, sizeof(wave->s));
  wave->mode = 0x3f0; // nearest even, denormals, dx10_clamp, IEEE
  wave->chip = &chipFeatures(chip);
  wave->group = &group;
  scratch.resize(64 * 64);
  wave->scratch = scratch.data();
  wave->scratchSize = 64;
  group.ldsSize = 4096;
  group.lds.resize(4096 + 16);
  group.memory = &memory;
  group.program = &program;
  program.rows = 256;
  program.accumOffset = 128;
  setExec(~uint64_t(0));
}
AsmWave::~AsmWave() = default;

std::string decodeText(Chip chip, const std::string &text, unsigned rows,
                       unsigned accumOffset, Program &program) {
  std::vector<uint8_t> bytes = assemble(chip, text);
  auto disassembler = cantFail(Disassembler::create(chip));
  program = Program();
  program.rows = rows;
  program.accumOffset = accumOffset;
  for (size_t at = 0; at < bytes.size();) {
    DecodedInst decoded =
        decodeInst({*disassembler, chipFeatures(chip), rows, accumOffset},
                   ArrayRef<uint8_t>(bytes).drop_front(at), at);
    if (!decoded.size)
      return "no instruction";
    if (!decoded.error.empty())
      return decoded.error;
    program.code.push_back(decoded.inst);
    program.meta.push_back(decoded.meta);
    at += decoded.size;
  }
  markRunLengths(program.code, program.meta);
  heedVectorModes(program);
  return program.code.empty() ? "no instructions" : "";
}

bool AsmWave::load(const std::string &text) {
  error = decodeText(chip, text, 256, 128, program);
  return error.empty();
}

/// As the scheduler's loop does it.
bool AsmWave::execute() {
  wave->code = program.code.data();
  wave->stop = Stop::None;
  wave->pc = wave->code;
  const Inst *end = wave->code + program.code.size();
  while (wave->pc < end && wave->stop != Stop::Fault) {
    const Inst *pc = wave->pc, *last = pc + pc->runLength - 1;
    wave->pc = last + 1;
    for (; pc <= last && wave->stop == Stop::None; ++pc)
      pc->run(*wave, *pc);
  }
  if (wave->stop != Stop::Fault)
    return true;
  error = wave->error;
  return false;
}

void AsmWave::set(unsigned reg,
                  const std::function<uint32_t(unsigned)> &value) {
  for (unsigned lane = 0; lane < 64; ++lane)
    wave->v[reg][lane] = value(lane);
}
void AsmWave::set(unsigned reg, uint32_t value) {
  set(reg, [=](unsigned) { return value; });
}
void AsmWave::setF(unsigned reg, float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  set(reg, bits);
}
void AsmWave::set64(unsigned reg, uint64_t value) {
  set(reg, uint32_t(value));
  set(reg + 1, uint32_t(value >> 32));
}
uint32_t AsmWave::get(unsigned reg, unsigned lane) const {
  return wave->v[reg][lane];
}
float AsmWave::getF(unsigned reg, unsigned lane) const {
  float value;
  memcpy(&value, &wave->v[reg][lane], 4);
  return value;
}
uint64_t AsmWave::get64(unsigned reg, unsigned lane) const {
  return get(reg, lane) | uint64_t(get(reg + 1, lane)) << 32;
}
void AsmWave::map(unsigned sgpr, std::vector<uint8_t> &bytes) {
  Region region;
  region.data = bytes.data();
  region.size = bytes.size();
  region.name = "bytes";
  wave->setS64(sgpr, memory.map(std::move(region)));
}
void AsmWave::descriptor(unsigned sgpr, unsigned addressSgpr, uint32_t size) {
  uint64_t address = wave->s64(addressSgpr);
  wave->s[sgpr] = uint32_t(address);
  wave->s[sgpr + 1] = uint32_t(address >> 32);
  wave->s[sgpr + 2] = size;
  wave->s[sgpr + 3] = 0x00027000;
}

} // namespace moe::emulator
