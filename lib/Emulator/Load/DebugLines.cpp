//===- DebugLines.cpp - addresses to source lines -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads .debug_line only. LLVM's reader of compile units trusts their DIE
// trees, which a damaged file could exploit; its reader of line programs checks
// bounds but not the entry counts of a version 5 file table, which are
// validated here first.
//
//===----------------------------------------------------------------------===//

#include "Load/DebugLines.h"

#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/DebugInfo/DWARF/DWARFContext.h"
#include "llvm/DebugInfo/DWARF/DWARFDebugLine.h"
#include "llvm/Object/Decompressor.h"
#include "llvm/Object/ELF.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace moe::emulator;

using ELFFile64 = object::ELFFile<object::ELF64LE>;

/// A compressed section that claims to be larger than this is not read.
static constexpr uint64_t maxSectionBytes = uint64_t(64) << 20;

struct DebugLines::Impl {
  StringMap<std::unique_ptr<MemoryBuffer>> sections;
  std::unique_ptr<DWARFContext> context;
  std::vector<DWARFDebugLine::LineTable> tables;
};

static void ignore(Error error) { consumeError(std::move(error)); }

/// Skips one table of directories or files of a version 5 header. False when it
/// has entries of no bytes or of unusual forms.
static bool skipEntries(DataExtractor data, DataExtractor::Cursor &at) {
  SmallVector<uint64_t, 5> forms;
  for (unsigned left = data.getU8(at); left && at; --left) {
    data.getULEB128(at); // what it is
    forms.push_back(data.getULEB128(at));
  }
  uint64_t count = data.getULEB128(at);
  if (!at || (forms.empty() && count != 0))
    return false;
  for (uint64_t i = 0; i < count && at; ++i)
    for (uint64_t form : forms) {
      if (form == dwarf::DW_FORM_string)
        data.getCStrRef(at);
      else if (form == dwarf::DW_FORM_line_strp || form == dwarf::DW_FORM_strp)
        data.getU32(at);
      else if (form == dwarf::DW_FORM_udata)
        data.getULEB128(at);
      else if (form == dwarf::DW_FORM_data1)
        data.getU8(at);
      else if (form == dwarf::DW_FORM_data2)
        data.getU16(at);
      else if (form == dwarf::DW_FORM_data16)
        data.skip(at, 16);
      else
        return false;
    }
  return bool(at);
}

/// Are the file tables of all units of a .debug_line as large as they say?
static bool isSound(StringRef section) {
  DataExtractor data(section, /*IsLittleEndian=*/true, /*AddressSize=*/8);
  for (uint64_t begin = 0; begin < section.size();) {
    DataExtractor::Cursor at(begin);
    uint32_t length = data.getU32(at);
    unsigned version = data.getU16(at);
    if (!at || length > section.size() - begin - 4 || length < 2) {
      ignore(at.takeError());
      return false;
    }
    begin += 4 + uint64_t(length);
    if (version != 5) {
      ignore(at.takeError());
      continue;
    }
    data.skip(at, 2 + 4 + 5); // sizes, header length, five parameters
    unsigned opcodes = data.getU8(at);
    data.skip(at, opcodes ? opcodes - 1 : 0);
    bool sound = skipEntries(data, at) && skipEntries(data, at);
    ignore(at.takeError());
    if (!sound)
      return false;
  }
  return true;
}

static std::unique_ptr<MemoryBuffer>
contentsOf(const ELFFile64 &elf, const ELFFile64::Elf_Shdr &section) {
  auto bytes = elf.getSectionContents(section);
  if (!bytes) {
    ignore(bytes.takeError());
    return nullptr;
  }
  StringRef text = toStringRef(*bytes);
  if (!(section.sh_flags & ELF::SHF_COMPRESSED))
    return MemoryBuffer::getMemBuffer(text, "", false);
  auto reader = object::Decompressor::create("debug lines", text, true, true);
  if (!reader) {
    ignore(reader.takeError());
    return nullptr;
  }
  if (reader->getDecompressedSize() > maxSectionBytes)
    return nullptr;
  SmallString<0> plain;
  if (Error error = reader->resizeAndDecompress(plain)) {
    ignore(std::move(error));
    return nullptr;
  }
  return MemoryBuffer::getMemBufferCopy(plain);
}

DebugLines::DebugLines(StringRef file) : impl(new Impl) {
  auto elf = ELFFile64::create(file);
  if (!elf) {
    ignore(elf.takeError());
    return;
  }
  auto headers = elf->sections();
  if (!headers) {
    ignore(headers.takeError());
    return;
  }
  for (const auto &section : *headers) {
    auto name = elf->getSectionName(section);
    if (!name) {
      ignore(name.takeError());
      continue;
    }
    if (*name == ".debug_line" || *name == ".debug_line_str" ||
        *name == ".debug_str")
      if (auto contents = contentsOf(*elf, section))
        impl->sections[name->drop_front()] = std::move(contents);
  }
  auto lines = impl->sections.find("debug_line");
  if (lines == impl->sections.end() || !isSound(lines->second->getBuffer()))
    return;
  impl->context = DWARFContext::create(impl->sections, 8, true, ignore, ignore);
  DWARFDataExtractor data(lines->second->getBuffer(), true, 8);
  DWARFDebugLine::SectionParser parser(
      data, *impl->context, DWARFUnitVector::iterator_range(nullptr, nullptr));
  while (!parser.done())
    impl->tables.push_back(parser.parseNext(ignore, ignore));
}

DebugLines::~DebugLines() = default;

std::string DebugLines::find(uint64_t address) const {
  for (const auto &table : impl->tables) {
    uint32_t index =
        table.lookupAddress({address, object::SectionedAddress::UndefSection});
    if (index >= table.Rows.size())
      continue;
    const DWARFDebugLine::Row &row = table.Rows[index];
    std::string name;
    if (row.Line != 0 &&
        table.getFileNameByIndex(
            row.File, "",
            DILineInfoSpecifier::FileLineInfoKind::RelativeFilePath, name))
      return name + ":" + std::to_string(row.Line);
  }
  return "";
}
