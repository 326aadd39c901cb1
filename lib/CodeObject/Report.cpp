// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading a code object: the metadata note, our own note, kernel descriptors
// and the text, all through LLVM's object and msgpack readers.
#include "moe/CodeObject/Report.h"
#include "Disassembler.h"
#include "Loops.h"
#include "moe/CodeObject/CodeObject.h"
#include "moe/Target/Chip.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/BinaryFormat/MsgPackDocument.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/AMDHSAKernelDescriptor.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <algorithm>
#include <map>

using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

namespace moe::codeobject {
namespace {

using ELFFile = llvm::object::ELF64LEObjectFile;

/// An open code object and what is needed to read its text.
struct Input {
  std::unique_ptr<ELFFile> file;
  std::string chip;
  const Chip *facts = nullptr;
  std::unique_ptr<Disassembler> disassembler;
};

Error malformed(const Twine &what) {
  return llvm::createStringError("not a valid code object: " + what);
}

Expected<Input> open(llvm::ArrayRef<uint8_t> elf) {
  llvm::MemoryBufferRef buffer(
      StringRef(reinterpret_cast<const char *>(elf.data()), elf.size()),
      "code object");
  auto object = llvm::object::ObjectFile::createELFObjectFile(buffer);
  if (!object)
    return malformed(llvm::toString(object.takeError()));
  Input input;
  if (!llvm::isa<ELFFile>(**object))
    return malformed("expected a 64-bit little-endian ELF file");
  input.file.reset(llvm::cast<ELFFile>(object->release()));
  if (input.file->getELFFile().getHeader().e_machine != llvm::ELF::EM_AMDGPU)
    return malformed("expected machine EM_AMDGPU (224), got " +
                     Twine(input.file->getELFFile().getHeader().e_machine));
  std::optional<StringRef> chip = input.file->tryGetCPUName();
  if (!chip)
    return malformed("the ELF header names no chip");
  input.chip = chip->str();
  auto disassembler = Disassembler::create(input.chip);
  if (!disassembler)
    return disassembler.takeError();
  input.disassembler = std::move(*disassembler);
  return input;
}

/// The notes the report reads: one metadata note, grids by kernel.
struct Notes {
  std::string metadata;
  std::map<std::string, GridExpressions> grids;
};

Expected<Notes> readNotes(const ELFFile &file) {
  Notes notes;
  const auto &elf = file.getELFFile();
  auto sections = elf.sections();
  if (!sections)
    return sections.takeError();
  for (const auto &section : *sections) {
    if (section.sh_type != llvm::ELF::SHT_NOTE)
      continue;
    Error error = Error::success();
    for (const auto &note : elf.notes(section, error)) {
      StringRef desc = note.getDescAsStringRef(section.sh_addralign);
      if (note.getName() == "AMDGPU" &&
          note.getType() == llvm::ELF::NT_AMDGPU_METADATA)
        notes.metadata = desc.str();
      if (note.getName() != gridNoteOwner || note.getType() != gridNoteType)
        continue;
      auto [kernel, text] = desc.split('=');
      Expected<GridExpressions> grid = parseGrid(text);
      if (!grid) {
        llvm::consumeError(std::move(error));
        return grid.takeError();
      }
      notes.grids[kernel.str()] = *grid;
    }
    if (error)
      return std::move(error);
  }
  if (notes.metadata.empty())
    return malformed("no AMDGPU metadata note");
  return notes;
}

/// One symbol's bytes.
Expected<llvm::ArrayRef<uint8_t>>
symbolBytes(const ELFFile &file, StringRef name, uint64_t &address) {
  for (const llvm::object::ELFSymbolRef symbol : file.symbols()) {
    Expected<StringRef> symbolName = symbol.getName();
    if (!symbolName)
      return symbolName.takeError();
    if (*symbolName != name)
      continue;
    auto section = symbol.getSection();
    auto value = symbol.getAddress();
    if (!section || !value) {
      llvm::consumeError(section.takeError());
      llvm::consumeError(value.takeError());
      return malformed("symbol '" + name + "' has no place");
    }
    if (*section == file.section_end())
      return malformed("symbol '" + name + "' is undefined");
    auto contents = (*section)->getContents();
    if (!contents)
      return contents.takeError();
    uint64_t offset = *value - (*section)->getAddress();
    if (offset > contents->size() ||
        symbol.getSize() > contents->size() - offset)
      return malformed("symbol '" + name + "' reaches past its section");
    address = *value;
    return llvm::ArrayRef<uint8_t>(contents->bytes_begin() + offset,
                                   symbol.getSize());
  }
  return malformed("no symbol '" + name + "'");
}

uint64_t numberAt(llvm::msgpack::MapDocNode &map, StringRef key) {
  auto found = map.find(key);
  if (found == map.end())
    return 0;
  if (found->second.getKind() == llvm::msgpack::Type::UInt)
    return found->second.getUInt();
  if (found->second.getKind() == llvm::msgpack::Type::Int)
    return static_cast<uint64_t>(found->second.getInt());
  return 0;
}

std::string stringAt(llvm::msgpack::MapDocNode &map, StringRef key) {
  auto found = map.find(key);
  if (found == map.end() || !found->second.isString())
    return "";
  return found->second.getString().str();
}

void countLoop(const Disassembler &disassembler,
               llvm::ArrayRef<Instruction> code, llvm::ArrayRef<size_t> loop,
               LoopCounts &counts) {
  counts.insts = loop.size();
  for (size_t index : loop) {
    switch (disassembler.classify(code[index])) {
    case InstClass::Mfma:
      ++counts.mfma;
      break;
    case InstClass::Cvt:
      ++counts.cvt;
      ++counts.valu;
      break;
    case InstClass::Valu:
      ++counts.valu;
      break;
    case InstClass::Salu:
      ++counts.salu;
      break;
    case InstClass::Vmem:
      ++counts.vmem;
      break;
    case InstClass::Lds:
      ++counts.lds;
      break;
    case InstClass::Waitcnt:
      ++counts.waitcnt;
      break;
    case InstClass::Barrier:
      ++counts.barrier;
      break;
    case InstClass::Nop:
      ++counts.nop;
      break;
    }
  }
}

std::optional<LoopCounts> findHotLoop(const Disassembler &disassembler,
                                      llvm::ArrayRef<Instruction> code) {
  std::optional<LoopCounts> best;
  for (const auto &loop : innermostLoops(disassembler, code)) {
    LoopCounts counts;
    countLoop(disassembler, code, loop, counts);
    if (!best || counts.mfma > best->mfma)
      best = counts;
  }
  return best;
}

/// VGPRs that the descriptor makes the hardware allocate, in units of 8.
Expected<uint32_t> allocatedVgprs(const ELFFile &file, StringRef symbol) {
  uint64_t address;
  auto bytes = symbolBytes(file, symbol, address);
  if (!bytes)
    return bytes.takeError();
  if (bytes->size() != sizeof(llvm::amdhsa::kernel_descriptor_t))
    return malformed("kernel descriptor '" + symbol + "': expected 64 bytes, " +
                     "got " + Twine(bytes->size()));
  uint32_t rsrc1 = llvm::support::endian::read32le(
      bytes->data() + llvm::amdhsa::COMPUTE_PGM_RSRC1_OFFSET);
  uint32_t granulated = AMDHSA_BITS_GET(
      rsrc1, llvm::amdhsa::COMPUTE_PGM_RSRC1_GRANULATED_WORKITEM_VGPR_COUNT);
  return (granulated + 1) * 8;
}

Expected<KernelReport> readKernel(const Input &input,
                                  llvm::msgpack::MapDocNode &map,
                                  const Notes &notes) {
  KernelReport report;
  report.kernel = stringAt(map, ".name");
  report.chip = input.chip;
  report.vgpr = numberAt(map, ".vgpr_count");
  report.agpr = numberAt(map, ".agpr_count");
  report.sgpr = numberAt(map, ".sgpr_count");
  report.lds = numberAt(map, ".group_segment_fixed_size");
  report.scratch = numberAt(map, ".private_segment_fixed_size");
  report.spills =
      numberAt(map, ".vgpr_spill_count") + numberAt(map, ".sgpr_spill_count");
  auto block = map.find(".reqd_workgroup_size");
  if (block != map.end() && block->second.isArray()) {
    auto &sizes = block->second.getArray();
    for (size_t i = 0; i < 3 && i < sizes.size(); ++i)
      if (sizes[i].getKind() == llvm::msgpack::Type::UInt)
        report.block[i] = sizes[i].getUInt();
  }
  auto grid = notes.grids.find(report.kernel);
  if (grid != notes.grids.end())
    report.grid = grid->second;

  auto vgprs = allocatedVgprs(*input.file, stringAt(map, ".symbol"));
  if (!vgprs)
    return vgprs.takeError();
  uint32_t threads = report.block[0] * report.block[1] * report.block[2];
  if (threads == 0)
    threads = numberAt(map, ".max_flat_workgroup_size");
  report.wavesPerSimd =
      computeOccupancy(*input.facts, *vgprs, report.lds, threads).waves;

  uint64_t address;
  auto text = symbolBytes(*input.file, report.kernel, address);
  if (!text)
    return text.takeError();
  report.textBytes = text->size();
  auto code = input.disassembler->decode(*text, address);
  if (!code)
    return code.takeError();
  report.hotLoop = findHotLoop(*input.disassembler, *code);
  return report;
}

} // namespace

Expected<std::vector<KernelReport>> readReports(llvm::ArrayRef<uint8_t> elf) {
  Expected<Input> input = open(elf);
  if (!input)
    return input.takeError();
  input->facts = lookupKnownChip(input->chip);
  if (!input->facts)
    return llvm::createStringError("expected a chip of gfx90a, gfx942 or "
                                   "gfx950, got " +
                                   input->chip);
  Expected<Notes> notes = readNotes(*input->file);
  if (!notes)
    return notes.takeError();
  llvm::msgpack::Document document;
  if (!document.readFromBlob(notes->metadata, /*Multi=*/false) ||
      !document.getRoot().isMap())
    return malformed("the metadata note is no msgpack map");
  auto &root = document.getRoot().getMap();
  auto kernels = root.find("amdhsa.kernels");
  std::vector<KernelReport> reports;
  if (kernels == root.end() || !kernels->second.isArray())
    return reports;
  for (auto &kernel : kernels->second.getArray()) {
    if (!kernel.isMap())
      return malformed("amdhsa.kernels holds something that is no map");
    auto report = readKernel(*input, kernel.getMap(), *notes);
    if (!report)
      return report.takeError();
    reports.push_back(std::move(*report));
  }
  return reports;
}

Error verifyDecodes(llvm::ArrayRef<uint8_t> elf) {
  Expected<Input> input = open(elf);
  if (!input)
    return input.takeError();
  for (const auto &section : input->file->sections()) {
    if (!section.isText())
      continue;
    auto contents = section.getContents();
    if (!contents)
      return contents.takeError();
    auto code = input->disassembler->decode(
        llvm::ArrayRef<uint8_t>(contents->bytes_begin(), contents->size()),
        section.getAddress());
    if (!code)
      return llvm::createStringError("the compiled code is refused: at " +
                                     llvm::toString(code.takeError()));
  }
  return Error::success();
}

static void writeLoop(const std::optional<LoopCounts> &loop,
                      llvm::json::OStream &json) {
  if (!loop) {
    json.attribute("hot_loop", nullptr);
    return;
  }
  json.attributeObject("hot_loop", [&] {
    json.attribute("insts", loop->insts);
    json.attribute("mfma", loop->mfma);
    json.attribute("valu", loop->valu);
    json.attribute("cvt", loop->cvt);
    json.attribute("salu", loop->salu);
    json.attribute("vmem", loop->vmem);
    json.attribute("lds", loop->lds);
    json.attribute("waitcnt", loop->waitcnt);
    json.attribute("barrier", loop->barrier);
    json.attribute("nop", loop->nop);
  });
}

void writeJSON(const KernelReport &report, llvm::json::OStream &json) {
  json.object([&] {
    json.attribute("kernel", report.kernel);
    json.attribute("chip", report.chip);
    json.attribute("vgpr", report.vgpr);
    json.attribute("agpr", report.agpr);
    json.attribute("sgpr", report.sgpr);
    json.attribute("lds", report.lds);
    json.attribute("scratch", report.scratch);
    json.attribute("spills", report.spills);
    json.attribute("waves_per_simd", report.wavesPerSimd);
    json.attribute("text_bytes", report.textBytes);
    json.attributeArray("block", [&] {
      for (uint32_t size : report.block)
        json.value(size);
    });
    if (report.grid)
      json.attributeArray("grid", [&] {
        for (const std::string &expression : *report.grid)
          json.value(expression);
      });
    else
      json.attribute("grid", nullptr);
    writeLoop(report.hotLoop, json);
    json.attributeObject("compile_ms", [&] {
      for (const auto &entry : report.compileMs) {
        json.attributeBegin(entry.first);
        json.rawValue([&entry](llvm::raw_ostream &os) {
          os << llvm::format("%.2f", entry.second);
        });
        json.attributeEnd();
      }
    });
  });
}

} // namespace moe::codeobject
