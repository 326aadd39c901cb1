//===- Code.cpp - loaded code objects -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From what a program hands over, an ELF or an offload bundle without a length,
// to a code object with its variables. Executing it is in Device.cpp.
//
//===----------------------------------------------------------------------===//

#include "Code.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBufferRef.h"
#include <array>

using namespace llvm;
using namespace moe::hip;

static Error failure(const Twine &message) {
  return createStringError(message);
}

namespace {
/// Bytes behind a pointer whose number is not known: each read is checked
/// against the limit, where there is one.
class Bytes {
public:
  Bytes(const void *begin, uint64_t limit)
      : begin(static_cast<const uint8_t *>(begin)), limit(limit) {}
  bool has(uint64_t offset, uint64_t size) const {
    return offset <= limit && size <= limit - offset;
  }
  template <typename T>
  Expected<T> read(uint64_t offset) const {
    if (!has(offset, sizeof(T)))
      return failure("truncated: expected " + Twine(sizeof(T)) +
                     " bytes at offset " + Twine(offset) + ", got " +
                     Twine(limit));
    T value;
    memcpy(&value, begin + offset, sizeof(T));
    return value;
  }
  bool startsWith(StringRef magic) const {
    return has(0, magic.size()) && !memcmp(begin, magic.data(), magic.size());
  }
  Expected<ArrayRef<uint8_t>> slice(uint64_t offset, uint64_t size) const {
    if (!has(offset, size))
      return failure("truncated: expected " + Twine(size) +
                     " bytes at offset " + Twine(offset) + ", got " +
                     Twine(limit));
    return ArrayRef(begin + offset, size);
  }

private:
  const uint8_t *begin;
  uint64_t limit;
};
} // namespace

/// The end of the section and program headers and of all they name.
static Expected<uint64_t> measureElf(const Bytes &elf) {
  auto header = elf.read<ELF::Elf64_Ehdr>(0);
  if (!header)
    return header.takeError();
  if (header->e_ident[ELF::EI_CLASS] != ELF::ELFCLASS64 ||
      header->e_ident[ELF::EI_DATA] != ELF::ELFDATA2LSB ||
      header->e_machine != ELF::EM_AMDGPU)
    return failure("expected a 64-bit AMDGPU ELF, got machine " +
                   Twine(header->e_machine));
  uint64_t size = sizeof(*header);
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    auto segment = elf.read<ELF::Elf64_Phdr>(header->e_phoff +
                                             i * sizeof(ELF::Elf64_Phdr));
    if (!segment)
      return segment.takeError();
    size = std::max(size, segment->p_offset + segment->p_filesz);
  }
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    uint64_t at = header->e_shoff + i * sizeof(ELF::Elf64_Shdr);
    auto section = elf.read<ELF::Elf64_Shdr>(at);
    if (!section)
      return section.takeError();
    size = std::max(size, at + sizeof(*section));
    if (section->sh_type != ELF::SHT_NOBITS)
      size = std::max(size, section->sh_offset + section->sh_size);
  }
  if (size > (uint64_t(1) << 32))
    return failure("expected a code object of at most 4 GiB, got " +
                   Twine(size) + " bytes");
  return size;
}

static constexpr StringLiteral elfMagic("\x7f"
                                        "ELF");
static constexpr StringLiteral bundleMagic("__CLANG_OFFLOAD_BUNDLE__");
static constexpr StringLiteral compressedMagic("CCOB");

/// The entry of a bundle for a chip: features after the name do not matter
/// here, the emulator has none of them.
static Expected<ArrayRef<uint8_t>> fromBundle(const Bytes &bundle,
                                              StringRef chip) {
  uint64_t at = bundleMagic.size();
  auto count = bundle.read<uint64_t>(at);
  if (!count)
    return count.takeError();
  at += 8;
  std::string others;
  for (uint64_t i = 0; i < std::min<uint64_t>(*count, 1000); ++i) {
    auto entry = bundle.read<std::array<uint64_t, 3>>(at);
    if (!entry)
      return entry.takeError();
    auto [offset, size, length] = *entry;
    auto name =
        bundle.slice(at + sizeof(*entry), std::min<uint64_t>(length, 256));
    if (!name)
      return name.takeError();
    StringRef id = toStringRef(*name);
    at += sizeof(*entry) + length;
    // "hipv4-amdgcn-amd-amdhsa--gfx950:xnack-"
    if (id.split(':').first.ends_with(("-" + chip).str()))
      return bundle.slice(offset, size);
    others += (others.empty() ? "'" : ", '") + id.str() + "'";
  }
  return failure("expected code for " + chip + " in the bundle, got " + others);
}

Expected<ArrayRef<uint8_t>> moe::hip::findElf(const void *image, uint64_t limit,
                                              StringRef chip) {
  Bytes bytes(image, limit);
  if (bytes.startsWith(elfMagic)) {
    Expected<uint64_t> size = measureElf(bytes);
    if (!size)
      return size.takeError();
    return bytes.slice(0, *size);
  }
  if (bytes.startsWith(compressedMagic))
    return failure("expected an uncompressed offload bundle, got a compressed "
                   "one: build with --no-offload-compress");
  if (!bytes.startsWith(bundleMagic))
    return failure("expected an ELF or an offload bundle, got neither");
  if (chip.empty())
    return failure(
        "expected an ELF, got an offload bundle: MOE_HIP_CONFIG must "
        "say which chip to take from it");
  Expected<ArrayRef<uint8_t>> entry = fromBundle(bytes, chip);
  if (!entry)
    return entry.takeError();
  return findElf(entry->data(), entry->size(), StringRef());
}

Expected<std::shared_ptr<LoadedCode>>
LoadedCode::load(ArrayRef<uint8_t> bytes) {
  Expected<emulator::KernelImage> object = emulator::KernelImage::load(bytes);
  if (!object)
    return object.takeError();
  std::shared_ptr<LoadedCode> code(new LoadedCode(std::move(*object)));
  Expected<HostBuffer> memory = HostBuffer::allocate(code->code.image().size());
  if (!memory)
    return memory.takeError();
  code->memory = std::move(*memory);
  code->code.fillImage(code->image());

  StringRef text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  auto elf = object::ELFObjectFile<object::ELF64LE>::create(
      MemoryBufferRef(text, "code object"));
  if (!elf)
    return elf.takeError();
  for (const object::ELFSymbolRef &symbol : elf->getDynamicSymbolIterators()) {
    Expected<StringRef> name = symbol.getName();
    Expected<uint64_t> address = symbol.getAddress();
    if (!name || !address) {
      consumeError(name.takeError());
      consumeError(address.takeError());
      continue;
    }
    uint64_t size = symbol.getSize();
    if (symbol.getELFType() == ELF::STT_OBJECT && size &&
        *address <= code->memory.size() &&
        size <= code->memory.size() - *address)
      code->table[name->str()] = {*address, size};
  }
  return code;
}
