//===- KernelImage.h - code objects as the emulator loads them --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads a linked AMDGPU ELF (code object version 5 or 6, gfx942 or gfx950): its
// kernels, their arguments and resources, and the bytes of its loadable
// segments. It executes nothing and decodes no instruction.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_KERNELIMAGE_H
#define MOE_EMULATOR_KERNELIMAGE_H

#include "moe/Emulator/Chip.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace moe::emulator {

/// One argument of a kernel, as the metadata note says it.
struct KernelArg {
  std::string name;      ///< empty when the metadata has none
  std::string valueKind; ///< "global_buffer", "by_value", "hidden_..."
  uint64_t offset = 0;   ///< in the kernarg segment
  uint64_t size = 0;     ///< in bytes
  bool isHidden() const {
    return llvm::StringRef(valueKind).starts_with("hidden_");
  }
  bool isPointer() const {
    return valueKind == "global_buffer" ||
           valueKind == "dynamic_shared_pointer";
  }
};

/// One kernel: the metadata note and the kernel descriptor together.
struct KernelInfo {
  std::string name;
  std::vector<KernelArg> args;   ///< explicit arguments, in order
  std::vector<KernelArg> hidden; ///< hidden arguments, in order
  uint32_t vgprCount = 0;        ///< unified file: AGPRs included
  uint32_t agprCount = 0;
  uint32_t sgprCount = 0;
  uint32_t vgprSpills = 0, sgprSpills = 0;
  uint32_t vgprsAllocated = 0; ///< from the descriptor, granule included
  uint32_t accumOffset = 0;    ///< first row of the AGPRs in the unified file
  uint32_t ldsSize = 0;        ///< static LDS in bytes
  uint32_t scratchSize = 0;    ///< bytes per work item
  bool dynamicStack = false;
  uint32_t kernargSize = 0;
  uint32_t maxFlatWorkgroupSize = 0;
  std::optional<std::array<uint32_t, 3>> reqdWorkgroupSize;
  uint32_t wavefrontSize = 64;
  uint64_t descriptorAddress = 0; ///< in the ELF's address space
  uint64_t entryAddress = 0;
  /// Symbol size of the kernel's code; 0 when the symbol has none.
  uint64_t codeSize = 0;
  uint32_t rsrc1 = 0, rsrc2 = 0, rsrc3 = 0;
  uint16_t codeProperties = 0, kernargPreload = 0;
  /// Where its descriptions contradict each other, and what is believed.
  std::vector<std::string> notes;
};

/// A loaded code object. Cheap to copy: the contents are shared.
class KernelImage {
public:
  /// Reads \p bytes (copied). Errors: not an ELF, truncated, another machine,
  /// another chip, metadata missing or malformed, a descriptor outside the
  /// file.
  /// \p chip: which one runs an object for gfx9-4-generic ("gfx942" when
  /// empty); an error when the object is for another.
  static llvm::Expected<KernelImage> load(llvm::ArrayRef<uint8_t> bytes,
                                          llvm::StringRef chip = "");

  Chip chip() const;
  /// Whether it may run with SRAM-ECC (the ELF's flag is not "off"): D16 loads
  /// then write zero to the other half of their register.
  bool sramEcc() const;
  /// Version of the code object ABI: 5 or 6.
  unsigned abiVersion() const;
  llvm::ArrayRef<KernelInfo> kernels() const;
  /// The kernel of that name; the error lists the names there are.
  llvm::Expected<const KernelInfo *> kernel(llvm::StringRef name) const;

  /// The image as loaded: address 0 of the ELF is byte 0; gaps are zero.
  llvm::ArrayRef<uint8_t> image() const;
  /// Makes a copy of the image in \p zeroed, zero-filled memory of its size.
  /// Only what the file holds is written: of an image of 256 MB that may be a
  /// page.
  void fillImage(llvm::MutableArrayRef<uint8_t> zeroed) const;
  /// A segment [begin, end) of the image; of text what the file holds.
  struct Segment {
    uint64_t begin, end;
    bool executable;
  };
  llvm::ArrayRef<Segment> segments() const;
  /// "file:line" from the debug line table, or empty.
  std::string sourceLine(uint64_t address) const;

  struct Contents;

private:
  std::shared_ptr<const Contents> impl;
};

} // namespace moe::emulator

#endif // MOE_EMULATOR_KERNELIMAGE_H
