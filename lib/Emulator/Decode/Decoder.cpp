//===- Decoder.cpp - from code bytes to a program -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Follows the control flow of a kernel and decodes every instruction that it
// reaches: size and mnemonic come from LLVM, operands from the raw words (the
// microcode formats of the ISA manual), the handler from the opcode tables.
// Operand positions of MC are not used, so the operands that MC prints are an
// independent check of this decoder.
//
//===----------------------------------------------------------------------===//

#include "Decode/Decoder.h"

#include "Decode/Fields.h"
#include "Vector/ValuTable.h"
#include "Vector/VectorModes.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

#include <deque>

using namespace llvm;
using namespace moe::emulator;

namespace {

/// A packed f32 operation may take both values from one half of a source: the
/// other register is not read.
void dropUnreadHalves(const Inst &inst, std::vector<RegUse> &uses) {
  bool move = static_cast<const ValuRow *>(inst.op)->d == ValueType::B64;
  auto use = uses.begin();
  for (unsigned k = 0; k < 3; ++k) {
    if (inst.src[k].kind != SrcKind::Vgpr && inst.src[k].kind != SrcKind::Sgpr)
      continue;
    while (use != uses.end() && !(use->flags & 2))
      ++use;
    if (use == uses.end())
      return;
    unsigned low = (modOpSel(inst.mods) >> k) & 1;
    unsigned high = move ? low : (modOpSelHi(inst.mods) >> k) & 1;
    if (low == high && use->count == 2) {
      use->first += low;
      use->count = 1;
    }
    ++use;
  }
}

class KernelDecoder {
public:
  KernelDecoder(const KernelImage &object, const KernelInfo &kernel,
                const Disassembler &disassembler)
      : object(object), kernel(kernel), disassembler(disassembler) {}
  Expected<std::shared_ptr<const Program>> decode();

private:
  struct Found {
    Inst inst;
    InstMeta meta;
    bool fallsThrough = true;
  };
  Error decodeOne(uint64_t address, bool certain);
  Error followFlow(uint64_t entry);
  void decodeRest();
  Error link(Program &program);
  Error failure(uint64_t address, const Twine &what, const std::string &text) {
    return createStringError(inconvertibleErrorCode(),
                             "kernel '" + kernel.name + "': " + what + " at " +
                                 hexAddress(address) +
                                 (text.empty() ? "" : ": " + text));
  }
  bool inText(uint64_t address) const {
    return address % 4 == 0 && address >= textBegin && address + 4 <= textEnd;
  }

  const KernelImage &object;
  const KernelInfo &kernel;
  const Disassembler &disassembler;
  uint64_t textBegin = 0, textEnd = 0;
  std::map<uint64_t, Found> found;
  std::deque<uint64_t> work;
  bool indirect = false;
};

Error KernelDecoder::decodeOne(uint64_t address, bool certain) {
  ArrayRef<uint8_t> bytes = object.image().slice(address, textEnd - address);
  DecodedInst decoded = decodeInst({disassembler, chipFeatures(object.chip()),
                                    kernel.vgprsAllocated, kernel.accumOffset},
                                   bytes, address);
  if (!decoded.size)
    return failure(address, "no instruction of " + chipName(object.chip()),
                   "0x" + utohexstr(support::endian::read32le(bytes.data())));
  if (!decoded.error.empty()) {
    if (certain)
      return failure(address, decoded.error, decoded.text);
    decoded.inst.run = runUnimplemented;
  }
  uint64_t traits = decoded.meta.traits;
  indirect |= bool(traits & JumpsAnywhere);
  if (decoded.target) {
    if (!inText(*decoded.target))
      return failure(address,
                     "branch to " + hexAddress(*decoded.target) +
                         ", outside the program's text",
                     decoded.text);
    decoded.inst.imm = uint32_t(*decoded.target);
    work.push_back(*decoded.target);
  }
  found.emplace(address, Found{decoded.inst, std::move(decoded.meta),
                               !(traits & EndsFlow)});
  return Error::success();
}

Error KernelDecoder::followFlow(uint64_t entry) {
  work.push_back(entry);
  while (!work.empty()) {
    uint64_t address = work.front();
    work.pop_front();
    while (!found.count(address)) {
      if (!inText(address))
        return failure(address, "control flow runs past the end of the text",
                       "");
      if (Error error = decodeOne(address, /*certain=*/true))
        return error;
      const Found &item = found.find(address)->second;
      if (!item.fallsThrough)
        break;
      address += item.meta.size;
    }
  }
  return Error::success();
}

/// With indirect jumps any address in the text may be a target. Words that do
/// not decode are an error only when a wave executes them.
void KernelDecoder::decodeRest() {
  uint64_t address = textBegin;
  while (inText(address)) {
    auto next = found.lower_bound(address);
    if (next != found.end() && next->first == address) {
      address += next->second.meta.size;
      continue;
    }
    if (Error error = decodeOne(address, /*certain=*/false)) {
      consumeError(std::move(error));
      address += 4;
      continue;
    }
    uint64_t end = address + found[address].meta.size;
    if (next != found.end() && end > next->first) {
      found.erase(address); // data, not an instruction
      address = next->first;
      continue;
    }
    address = end;
  }
  work.clear();
}

Error KernelDecoder::link(Program &program) {
  for (auto &[address, item] : found) {
    program.byAddress[address] = uint32_t(program.code.size());
    program.code.push_back(item.inst);
    program.meta.push_back(item.meta);
  }
  uint32_t index = 0;
  for (auto it = found.begin(); it != found.end(); ++it, ++index) {
    auto next = std::next(it);
    uint64_t end = it->first + it->second.meta.size;
    if (it->second.fallsThrough &&
        (next == found.end() || next->first != end)) {
      if (!indirect)
        return failure(it->first, "overlapping instructions", "");
      program.code[index].run = runUnimplemented;
    }
    if (it->second.meta.kind != InstClass::Branch)
      continue;
    auto target = program.byAddress.find(program.code[index].imm);
    if (target == program.byAddress.end()) {
      program.code[index].run = runUnimplemented;
      continue;
    }
    program.code[index].imm = target->second;
  }
  markRunLengths(program.code, program.meta);
  heedVectorModes(program);
  return Error::success();
}

Expected<std::shared_ptr<const Program>> KernelDecoder::decode() {
  uint64_t entry = kernel.entryAddress;
  for (const auto &segment : object.segments())
    if (segment.executable && entry >= segment.begin && entry < segment.end) {
      textBegin = segment.begin;
      textEnd = segment.end;
    }
  // With kernel arguments preloaded into SGPRs, a wave starts 256 bytes after
  // the entry; the code before that loads them on firmware without preloading.
  if (kernel.kernargPreload & 0x7f)
    entry += 256;
  if (!inText(entry))
    return failure(entry, "the entry is outside the program's text", "");
  if (Error error = followFlow(entry))
    return std::move(error);
  if (indirect)
    decodeRest();
  auto program = std::make_shared<Program>();
  if (Error error = link(*program))
    return std::move(error);
  program->entry = program->byAddress[entry];
  // The image is the first region that a run maps.
  program->imageBase = (uint64_t(1) << Memory::slotBits) + Memory::lead;
  program->rows = kernel.vgprsAllocated;
  program->accumOffset = kernel.accumOffset;
  program->sramEcc = object.sramEcc();
  return program;
}

} // namespace

/// Whether an instruction ends a straight-line run: it may change the program
/// counter, stop the wave other than by a fault, or read the scheduler's
/// counters.
static bool endsRun(const Inst &inst, const InstMeta &meta) {
  return meta.kind == InstClass::Branch || meta.kind == InstClass::Barrier ||
         meta.kind == InstClass::End || meta.kind == InstClass::Other ||
         (meta.traits & ReadsCounters) || inst.run == runUnimplemented;
}

void moe::emulator::markRunLengths(MutableArrayRef<Inst> code,
                                   ArrayRef<InstMeta> meta) {
  for (size_t i = code.size(); i-- > 0;) {
    bool ends = i + 1 == code.size() || endsRun(code[i], meta[i]) ||
                code[i + 1].runLength == 255;
    code[i].runLength = ends ? 1 : uint8_t(code[i + 1].runLength + 1);
  }
}

DecodedInst moe::emulator::decodeInst(const DecodeContext &context,
                                      ArrayRef<uint8_t> bytes,
                                      uint64_t address) {
  DecodedInst result;
  const Disassembler &disassembler = context.disassembler;
  bytes = bytes.take_front(20);
  MCInst mc;
  uint64_t size = disassembler.decode(bytes, address, mc);
  if (size > bytes.size())
    size = 0;
  result.size = unsigned(size);
  if (!size)
    return result;
  result.text = disassembler.print(mc, address);
  FieldContext fields;
  fields.chip = &context.chip;
  fields.rows = context.rows;
  fields.accumOffset = context.accumOffset;
  fields.mcName = disassembler.opcodeName(mc);
  fields.mnemonic = StringRef(result.text).split(' ').first.str();
  for (unsigned i = 0; i < 5 && i * 4 + 4 <= bytes.size(); ++i)
    fields.words[i] = support::endian::read32le(bytes.data() + 4 * i);
  fields.size = unsigned(size);
  InstMeta &meta = result.meta;
  meta.address = address;
  meta.size = uint8_t(size);
  result.error = decodeFields(fields, result.inst, meta);
  meta.mnemonic = fields.mnemonic;
  meta.uses = disassembler.registers(mc, context.accumOffset);
  meta.scc = disassembler.usesScc(mc);
  // MC says that all DS instructions read M0.
  if (isLds(meta.kind) && !(meta.traits & ReadsM0))
    erase_if(meta.uses, [](const RegUse &use) { return use.first == SgprM0; });
  if (meta.traits & PicksHalves)
    dropUnreadHalves(result.inst, meta.uses);
  if (fields.isBranch)
    result.target = address + 4 + int64_t(fields.branchWords) * 4;
  return result;
}

Expected<std::shared_ptr<const Program>>
moe::emulator::decodeKernel(const KernelImage &object, const KernelInfo &kernel,
                            const Disassembler &disassembler) {
  return KernelDecoder(object, kernel, disassembler).decode();
}
