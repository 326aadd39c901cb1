//===- KernelImage.cpp - read a gfx9 code object --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ELF, AMDHSA metadata note and kernel descriptors. Every offset of the file is
// checked before it is used. Instructions are not looked at here.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/KernelImage.h"

#include "Files/HostBuffer.h"
#include "Load/DebugLines.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/AMDGPUMetadataVerifier.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/BinaryFormat/MsgPackDocument.h"
#include "llvm/BinaryFormat/MsgPackReader.h"
#include "llvm/Object/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/AMDHSAKernelDescriptor.h"
#include "llvm/Support/Endian.h"

#include <mutex>

using namespace llvm;
using namespace moe::emulator;

using ELFFile64 = object::ELFFile<object::ELF64LE>;

/// Limit on the size of the image: far above any kernel, and low enough that a
/// damaged header cannot exhaust the host's memory.
static constexpr uint64_t maxImageBytes = uint64_t(256) << 20;

struct KernelImage::Contents {
  Chip chip = Chip();
  bool sramEcc = false;
  unsigned abiVersion = 0;
  std::vector<KernelInfo> kernels;
  HostBuffer image;
  std::vector<KernelImage::Segment> segments;
  /// What the file holds of the image: an address in it and the bytes there, in
  /// the order of the headers.
  std::vector<std::pair<uint64_t, ArrayRef<uint8_t>>> pieces;
  std::vector<uint8_t> file;
  /// Read when a line is asked for.
  mutable std::unique_ptr<DebugLines> lines;
  mutable std::once_flag linesOnce;

  void fill(MutableArrayRef<uint8_t> zeroed) const {
    for (const auto &[address, bytes] : pieces)
      llvm::copy(bytes, zeroed.begin() + address);
  }
};

/// The largest kernarg segment that is believed.
static constexpr uint64_t maxKernargBytes = uint64_t(1) << 20;

static Error failure(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// Whether LLVM has a name for a machine: it must not be asked for another's.
static bool hasName(uint32_t machine) {
  switch (machine) {
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX600:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX601:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX700:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX701:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX702:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX703:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX704:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX801:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX802:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX803:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX810:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX900:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX902:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX904:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX906:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX908:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX909:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX90C:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1010:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1011:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1012:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1030:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1031:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1032:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1033:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX602:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX705:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX805:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1035:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1034:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX90A:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1100:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1013:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1150:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1103:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1036:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1101:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1102:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1200:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1250:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1151:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX942:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1201:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX950:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX9_GENERIC:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX10_1_GENERIC:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX10_3_GENERIC:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX11_GENERIC:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1152:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1153:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX12_GENERIC:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX1251:
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX9_4_GENERIC:
    return true;
  default:
    return false;
  }
}

/// The name of the processor that an object says it is for.
static std::string processorName(const KernelImage::Contents &contents) {
  StringRef bytes(reinterpret_cast<const char *>(contents.file.data()),
                  contents.file.size());
  auto object =
      object::ObjectFile::createELFObjectFile(MemoryBufferRef(bytes, ""));
  if (!object) {
    consumeError(object.takeError());
    return "an unknown processor";
  }
  auto *elf = dyn_cast<object::ELFObjectFileBase>(object->get());
  if (!elf || !hasName(elf->getPlatformFlags() & ELF::EF_AMDGPU_MACH))
    return "an unknown processor";
  return elf->tryGetCPUName().value_or("an unknown processor").str();
}

/// `wanted`: the chip to run an object on that is for both; empty: the first.
static Error readChip(const ELFFile64 &elf, StringRef wanted,
                      KernelImage::Contents &contents) {
  const std::optional<Chip> asked = findChip(wanted);
  if (!wanted.empty() && !asked)
    return failure("expected chip gfx942 or gfx950, got '" + wanted + "'");
  uint32_t flags = elf.getHeader().e_flags;
  contents.sramEcc = (flags & ELF::EF_AMDGPU_FEATURE_SRAMECC_V4) !=
                     ELF::EF_AMDGPU_FEATURE_SRAMECC_OFF_V4;
  const uint32_t machine = flags & ELF::EF_AMDGPU_MACH;
  if (machine == ELF::EF_AMDGPU_MACH_AMDGCN_GFX9_4_GENERIC) {
    contents.chip = asked.value_or(Chip());
    return Error::success();
  }
  const std::optional<Chip> found = findChipOfMachine(machine);
  if (!found)
    return failure("code object: expected a code object for gfx942, gfx950 or "
                   "gfx9-4-generic, got one for " +
                   processorName(contents) + " (ELF machine flags 0x" +
                   Twine::utohexstr(machine) + ")");
  contents.chip = *found;
  if (!wanted.empty() && wanted != chipName(contents.chip))
    return failure("code object: expected one for " + wanted +
                   ", got one for " + chipName(contents.chip));
  return Error::success();
}

static Error readHeader(const ELFFile64 &elf, StringRef wanted,
                        KernelImage::Contents &contents) {
  const auto &header = elf.getHeader();
  if (header.e_machine != ELF::EM_AMDGPU)
    return failure("code object: expected machine AMDGPU (224), got machine " +
                   Twine(unsigned(header.e_machine)));
  if (header.e_ident[ELF::EI_OSABI] != ELF::ELFOSABI_AMDGPU_HSA)
    return failure("code object: expected OS ABI amdhsa (64), got " +
                   Twine(unsigned(header.e_ident[ELF::EI_OSABI])));
  if (header.e_type != ELF::ET_DYN)
    return failure("code object: expected a linked (shared) object, got ELF "
                   "type " +
                   Twine(unsigned(header.e_type)) +
                   (header.e_type == ELF::ET_REL ? ", relocatable" : ""));
  if (Error error = readChip(elf, wanted, contents))
    return error;
  switch (header.e_ident[ELF::EI_ABIVERSION]) {
  case ELF::ELFABIVERSION_AMDGPU_HSA_V5:
    contents.abiVersion = 5;
    break;
  case ELF::ELFABIVERSION_AMDGPU_HSA_V6:
    contents.abiVersion = 6;
    break;
  case ELF::ELFABIVERSION_AMDGPU_HSA_V4:
    contents.abiVersion = 4;
    break;
  default:
    return failure("code object: expected ABI version 4 to 6, got ELF ABI "
                   "version byte " +
                   Twine(unsigned(header.e_ident[ELF::EI_ABIVERSION])));
  }
  return Error::success();
}

static Error readSegments(const ELFFile64 &elf, KernelImage::Contents &contents,
                          uint64_t &imageBytes) {
  auto headers = elf.program_headers();
  if (!headers)
    return headers.takeError();
  uint64_t end = 0;
  for (const auto &header : *headers) {
    if (header.p_type != ELF::PT_LOAD)
      continue;
    uint64_t memoryEnd = header.p_vaddr + header.p_memsz;
    if (header.p_offset > contents.file.size() ||
        header.p_filesz > contents.file.size() - header.p_offset)
      return failure("code object: a segment of " + Twine(header.p_filesz) +
                     " bytes at byte " + Twine(header.p_offset) +
                     " does not fit the file of " +
                     Twine(contents.file.size()) + " bytes");
    if (header.p_filesz > header.p_memsz || memoryEnd < header.p_vaddr ||
        memoryEnd > maxImageBytes)
      return failure("code object: a segment of " + Twine(header.p_memsz) +
                     " bytes at address 0x" + Twine::utohexstr(header.p_vaddr) +
                     " does not fit an image of at most 256 MiB");
    end = std::max(end, memoryEnd);
    // Of text only what the file holds is code.
    bool executable = header.p_flags & ELF::PF_X;
    contents.segments.push_back(
        {header.p_vaddr,
         executable ? header.p_vaddr + header.p_filesz : memoryEnd,
         executable});
    if (header.p_filesz != 0)
      contents.pieces.emplace_back(
          header.p_vaddr, ArrayRef<uint8_t>(contents.file)
                              .slice(header.p_offset, header.p_filesz));
  }
  imageBytes = end;
  return Error::success();
}

/// Behind the checks of all that does not lie in it: a header may ask for much
/// more than the file holds.
static Error makeImage(KernelImage::Contents &contents, uint64_t bytes) {
  Expected<moe::HostBuffer> image = moe::HostBuffer::allocate(bytes);
  if (!image)
    return image.takeError();
  contents.image = std::move(*image);
  contents.fill(contents.image.bytes());
  return Error::success();
}

static Error refuseRelocations(const ELFFile64 &elf,
                               KernelImage::Contents &contents) {
  auto sections = elf.sections();
  if (!sections)
    return sections.takeError();
  for (const auto &section : *sections) {
    if (section.sh_type != ELF::SHT_RELA ||
        !(section.sh_flags & ELF::SHF_ALLOC))
      continue;
    auto relocations = elf.relas(section);
    if (!relocations)
      return relocations.takeError();
    if (relocations->size() != 0)
      return failure("code object: expected no dynamic relocations, got " +
                     Twine(relocations->size()) + " (the first of type " +
                     Twine(relocations->begin()->getType(false)) +
                     "); these are not implemented");
  }
  return Error::success();
}

/// Integer entry of a metadata map, or the default.
static uint64_t integer(msgpack::MapDocNode &map, StringRef key,
                        uint64_t missing = 0) {
  auto it = map.find(key);
  if (it == map.end())
    return missing;
  msgpack::DocNode node = it->second;
  if (node.getKind() == msgpack::Type::UInt)
    return node.getUInt();
  if (node.getKind() == msgpack::Type::Int && node.getInt() >= 0)
    return node.getInt();
  return missing;
}

static std::string text(msgpack::MapDocNode &map, StringRef key) {
  auto it = map.find(key);
  if (it == map.end() || it->second.getKind() != msgpack::Type::String)
    return "";
  return it->second.getString().str();
}

static Error readArgs(msgpack::MapDocNode &map, KernelInfo &kernel) {
  auto it = map.find(".args");
  if (it == map.end())
    return Error::success();
  uint64_t argsEnd = 0;
  for (msgpack::DocNode node : it->second.getArray()) {
    msgpack::MapDocNode entry = node.getMap();
    KernelArg arg;
    arg.name = text(entry, ".name");
    arg.valueKind = text(entry, ".value_kind");
    arg.offset = integer(entry, ".offset");
    arg.size = integer(entry, ".size");
    uint64_t end = arg.offset + arg.size;
    if (end < arg.offset || end > maxKernargBytes)
      return failure("kernel '" + kernel.name + "': argument " +
                     Twine(kernel.args.size()) + " ends at byte " + Twine(end) +
                     ", expected a kernarg segment of at most 1 MiB");
    argsEnd = std::max(argsEnd, end);
    (arg.isHidden() ? kernel.hidden : kernel.args).push_back(std::move(arg));
  }
  if (argsEnd > kernel.kernargSize) {
    kernel.notes.push_back(
        ("kernel '" + kernel.name + "': the arguments in the metadata end at " +
         "byte " + Twine(argsEnd) + ", past the kernarg segment of " +
         Twine(kernel.kernargSize) + " bytes; the arguments are believed")
            .str());
    kernel.kernargSize = uint32_t(argsEnd);
  }
  return Error::success();
}

static Error readKernel(msgpack::MapDocNode map, KernelInfo &kernel,
                        std::string &symbol) {
  kernel.name = text(map, ".name");
  symbol = text(map, ".symbol");
  uint64_t kernarg = integer(map, ".kernarg_segment_size");
  if (kernarg > maxKernargBytes)
    return failure("kernel '" + kernel.name +
                   "': expected a kernarg segment of at most 1 MiB, got " +
                   Twine(kernarg) + " bytes");
  kernel.kernargSize = kernarg;
  kernel.vgprCount = integer(map, ".vgpr_count");
  kernel.agprCount = integer(map, ".agpr_count");
  kernel.sgprCount = integer(map, ".sgpr_count");
  kernel.vgprSpills = integer(map, ".vgpr_spill_count");
  kernel.sgprSpills = integer(map, ".sgpr_spill_count");
  kernel.ldsSize = integer(map, ".group_segment_fixed_size");
  kernel.scratchSize = integer(map, ".private_segment_fixed_size");
  kernel.maxFlatWorkgroupSize = integer(map, ".max_flat_workgroup_size");
  kernel.wavefrontSize = integer(map, ".wavefront_size", 64);
  if (kernel.wavefrontSize != 64)
    return failure("kernel '" + kernel.name +
                   "': expected wavefront size 64, got " +
                   Twine(kernel.wavefrontSize));
  auto it = map.find(".uses_dynamic_stack");
  if (it != map.end() && it->second.getKind() == msgpack::Type::Boolean)
    kernel.dynamicStack = it->second.getBool();
  it = map.find(".reqd_workgroup_size");
  if (it != map.end()) {
    msgpack::ArrayDocNode sizes = it->second.getArray();
    std::array<uint32_t, 3> required = {1, 1, 1};
    for (unsigned i = 0; i < 3 && i < sizes.size(); ++i)
      if (sizes[i].getKind() == msgpack::Type::UInt)
        required[i] = sizes[i].getUInt();
    kernel.reqdWorkgroupSize = required;
  }
  return readArgs(map, kernel);
}

/// Whether this is a single msgpack object whose maps have string keys and
/// whose nesting is that of metadata. LLVM's document reader assumes it.
static bool isPlainMsgPack(StringRef blob) {
  msgpack::Reader reader(blob);
  struct Level {
    uint64_t left;
    bool map;
  };
  std::vector<Level> levels = {{1, false}};
  while (true) {
    while (!levels.empty() && levels.back().left == 0)
      levels.pop_back();
    if (levels.empty())
      return true;
    msgpack::Object item;
    auto more = reader.read(item);
    if (!more) {
      consumeError(more.takeError());
      return false;
    }
    if (!*more || item.Kind == msgpack::Type::Extension)
      return false;
    bool isKey = levels.back().map && levels.back().left % 2 == 0;
    if (isKey && item.Kind != msgpack::Type::String)
      return false;
    --levels.back().left;
    bool map = item.Kind == msgpack::Type::Map;
    if (!map && item.Kind != msgpack::Type::Array)
      continue;
    if (levels.size() > 8 || item.Length > blob.size())
      return false;
    levels.push_back({item.Length * (map ? 2 : 1), map});
  }
}

/// The metadata note: fills kernels and their descriptor symbols.
static Error readNote(const ELFFile64 &elf, KernelImage::Contents &contents,
                      std::vector<std::string> &symbols) {
  auto headers = elf.program_headers();
  if (!headers)
    return headers.takeError();
  for (const auto &header : *headers) {
    if (header.p_type != ELF::PT_NOTE)
      continue;
    Error noteError = Error::success();
    std::string blob;
    bool found = false;
    for (const auto &note : elf.notes(header, noteError)) {
      if (note.getName() != "AMDGPU" ||
          note.getType() != ELF::NT_AMDGPU_METADATA)
        continue;
      blob = note.getDescAsStringRef(std::max<size_t>(header.p_align, 4)).str();
      found = true;
    }
    if (noteError)
      return noteError;
    if (!found)
      continue;
    msgpack::Document document;
    if (!isPlainMsgPack(blob) || !document.readFromBlob(blob, /*Multi=*/false))
      return failure("code object: the metadata note is not valid msgpack");
    AMDGPU::HSAMD::V3::MetadataVerifier verifier(/*Strict=*/true);
    if (!verifier.verify(document.getRoot()))
      return failure("code object: the metadata note is not valid AMDHSA "
                     "metadata");
    msgpack::MapDocNode root = document.getRoot().getMap();
    for (msgpack::DocNode node : root["amdhsa.kernels"].getArray()) {
      KernelInfo kernel;
      std::string symbol;
      if (Error error = readKernel(node.getMap(), kernel, symbol))
        return error;
      contents.kernels.push_back(std::move(kernel));
      symbols.push_back(std::move(symbol));
    }
    return Error::success();
  }
  return failure("code object: no AMDGPU metadata note");
}

/// Where metadata and descriptor disagree: the descriptor is what the hardware
/// reads. It may allocate more than is used, for a lower occupancy.
static void noteRegisters(KernelInfo &kernel) {
  if (kernel.vgprCount > kernel.vgprsAllocated)
    kernel.notes.push_back(
        ("kernel '" + kernel.name + "': the metadata says " +
         Twine(kernel.vgprCount) + " vector registers, the descriptor " +
         Twine(kernel.vgprsAllocated) + "; the descriptor's are used")
            .str());
}

static Error readDescriptor(KernelImage::Contents &contents,
                            KernelInfo &kernel) {
  uint64_t address = kernel.descriptorAddress;
  if (address > contents.image.size() || contents.image.size() - address < 64)
    return failure("kernel '" + kernel.name + "': descriptor at address 0x" +
                   Twine::utohexstr(address) + " is outside the image of " +
                   Twine(contents.image.size()) + " bytes");
  const uint8_t *raw = contents.image.data() + address;
  using namespace support::endian;
  kernel.ldsSize = std::max(
      kernel.ldsSize, read32le(raw + amdhsa::GROUP_SEGMENT_FIXED_SIZE_OFFSET));
  kernel.scratchSize =
      std::max(kernel.scratchSize,
               read32le(raw + amdhsa::PRIVATE_SEGMENT_FIXED_SIZE_OFFSET));
  uint32_t kernarg = read32le(raw + amdhsa::KERNARG_SIZE_OFFSET);
  if (kernarg > maxKernargBytes)
    return failure("kernel '" + kernel.name +
                   "': expected a kernarg segment of at most 1 MiB, got " +
                   Twine(kernarg) + " bytes");
  kernel.kernargSize = std::max(kernel.kernargSize, kernarg);
  kernel.entryAddress =
      address + read64le(raw + amdhsa::KERNEL_CODE_ENTRY_BYTE_OFFSET_OFFSET);
  kernel.rsrc1 = read32le(raw + amdhsa::COMPUTE_PGM_RSRC1_OFFSET);
  kernel.rsrc2 = read32le(raw + amdhsa::COMPUTE_PGM_RSRC2_OFFSET);
  kernel.rsrc3 = read32le(raw + amdhsa::COMPUTE_PGM_RSRC3_OFFSET);
  kernel.codeProperties = read16le(raw + amdhsa::KERNEL_CODE_PROPERTIES_OFFSET);
  kernel.kernargPreload = read16le(raw + amdhsa::KERNARG_PRELOAD_OFFSET);
  kernel.vgprsAllocated = ((kernel.rsrc1 & 63) + 1) * 8;
  kernel.accumOffset = ((kernel.rsrc3 & 63) + 1) * 4;
  noteRegisters(kernel);
  for (const auto &segment : contents.segments)
    if (segment.executable && kernel.entryAddress >= segment.begin &&
        kernel.entryAddress + 4 <= segment.end && kernel.entryAddress % 4 == 0)
      return Error::success();
  return failure("kernel '" + kernel.name + "': entry address 0x" +
                 Twine::utohexstr(kernel.entryAddress) +
                 " is outside the code object's text");
}

static Error readSymbols(const ELFFile64 &elf, KernelImage::Contents &contents,
                         ArrayRef<std::string> descriptors) {
  auto sections = elf.sections();
  if (!sections)
    return sections.takeError();
  std::map<std::string, std::pair<uint64_t, uint64_t>> table;
  for (const auto &section : *sections) {
    if (section.sh_type != ELF::SHT_DYNSYM &&
        section.sh_type != ELF::SHT_SYMTAB)
      continue;
    auto symbols = elf.symbols(&section);
    if (!symbols)
      return symbols.takeError();
    auto strings = elf.getStringTableForSymtab(section);
    if (!strings)
      return strings.takeError();
    for (const auto &symbol : *symbols) {
      auto name = symbol.getName(*strings);
      if (!name)
        return name.takeError();
      if (symbol.st_shndx != ELF::SHN_UNDEF && !name->empty())
        table[name->str()] = {symbol.st_value, symbol.st_size};
    }
  }
  for (size_t i = 0; i < contents.kernels.size(); ++i) {
    KernelInfo &kernel = contents.kernels[i];
    auto it = table.find(descriptors[i]);
    if (it == table.end())
      return failure("kernel '" + kernel.name + "': no symbol '" +
                     descriptors[i] + "' for its descriptor");
    kernel.descriptorAddress = it->second.first;
    if (Error error = readDescriptor(contents, kernel))
      return error;
    auto code = table.find(kernel.name);
    if (code != table.end() && code->second.first == kernel.entryAddress)
      kernel.codeSize = code->second.second;
  }
  return Error::success();
}

static Error readAll(const ELFFile64 &elf, StringRef wanted,
                     KernelImage::Contents &contents) {
  if (Error error = readHeader(elf, wanted, contents))
    return error;
  uint64_t imageBytes = 0;
  if (Error error = readSegments(elf, contents, imageBytes))
    return error;
  if (Error error = refuseRelocations(elf, contents))
    return error;
  std::vector<std::string> descriptors;
  if (Error error = readNote(elf, contents, descriptors))
    return error;
  if (Error error = makeImage(contents, imageBytes))
    return error;
  return readSymbols(elf, contents, descriptors);
}

Expected<KernelImage> KernelImage::load(ArrayRef<uint8_t> bytes,
                                        StringRef chip) {
  auto contents = std::make_shared<Contents>();
  contents->file = bytes.vec();
  StringRef file(reinterpret_cast<const char *>(contents->file.data()),
                 contents->file.size());
  if (!file.starts_with(ELF::ElfMagic))
    return failure("code object: expected an ELF file, got " +
                   Twine(file.size()) + " bytes without its magic number");
  if (file.size() < sizeof(ELF::Elf64_Ehdr))
    return failure("code object: truncated: " + Twine(file.size()) +
                   " bytes are less than an ELF header");
  if (file[ELF::EI_CLASS] != ELF::ELFCLASS64 ||
      file[ELF::EI_DATA] != ELF::ELFDATA2LSB)
    return failure("code object: expected a 64-bit little-endian ELF");
  auto elf = ELFFile64::create(file);
  if (!elf)
    return failure("code object: " + toString(elf.takeError()));
  if (Error error = readAll(*elf, chip, *contents)) {
    std::string message = toString(std::move(error));
    if (!StringRef(message).starts_with("code object") &&
        !StringRef(message).starts_with("kernel"))
      message = "code object: " + message;
    return failure(message);
  }
  KernelImage object;
  object.impl = std::move(contents);
  return object;
}

bool KernelImage::sramEcc() const { return impl->sramEcc; }
Chip KernelImage::chip() const { return impl->chip; }
unsigned KernelImage::abiVersion() const { return impl->abiVersion; }
ArrayRef<KernelInfo> KernelImage::kernels() const { return impl->kernels; }
ArrayRef<uint8_t> KernelImage::image() const { return impl->image.bytes(); }
void KernelImage::fillImage(MutableArrayRef<uint8_t> zeroed) const {
  assert(zeroed.size() == image().size() && "expected memory for the image");
  impl->fill(zeroed);
}
ArrayRef<KernelImage::Segment> KernelImage::segments() const {
  return impl->segments;
}

Expected<const KernelInfo *> KernelImage::kernel(StringRef name) const {
  std::string names;
  for (const KernelInfo &kernel : impl->kernels) {
    if (kernel.name == name)
      return &kernel;
    names += (names.empty() ? "'" : ", '") + kernel.name + "'";
  }
  return failure("code object has no kernel '" + name +
                 "'; it has: " + (names.empty() ? "none" : names));
}

std::string KernelImage::sourceLine(uint64_t address) const {
  std::call_once(impl->linesOnce, [&] {
    impl->lines =
        std::make_unique<DebugLines>(toStringRef(ArrayRef(impl->file)));
  });
  return impl->lines->find(address);
}
