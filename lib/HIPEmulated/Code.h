//===- Code.h - loaded code objects -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code objects, their kernels and variables as hipModule handles stand for
// them.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_HIPEMULATED_CODE_H
#define MOE_LIB_HIPEMULATED_CODE_H

#include "Files/HostBuffer.h"
#include "moe/Emulator/Emulator.h"
#include <map>
#include <memory>

namespace moe::hip {

/// The ELF in what a program hands to hipModuleLoadData: itself, or the one for
/// `chip` in an offload bundle. Of an ELF the headers say how long it is; that
/// may not be past `limit` bytes from `image`.
llvm::Expected<llvm::ArrayRef<uint8_t>>
findElf(const void *image, uint64_t limit, llvm::StringRef chip);

/// A loaded code object. Launches that are still to run keep it alive.
class LoadedCode {
public:
  /// Errors: what the emulator refuses.
  static llvm::Expected<std::shared_ptr<LoadedCode>>
  load(llvm::ArrayRef<uint8_t> bytes);

  const emulator::KernelImage &object() const { return code; }
  /// The loaded image; variables in it keep their values between launches.
  llvm::MutableArrayRef<uint8_t> image() { return memory.bytes(); }
  /// Where variables lie in the image: offset and size.
  const std::map<std::string, std::pair<uint64_t, uint64_t>> &
  variables() const {
    return table;
  }

private:
  explicit LoadedCode(emulator::KernelImage code) : code(std::move(code)) {}
  emulator::KernelImage code;
  HostBuffer memory;
  std::map<std::string, std::pair<uint64_t, uint64_t>> table;
};

/// A kernel of a loaded code object; the handle of a program is its address.
struct Function {
  std::shared_ptr<LoadedCode> code;
  const emulator::KernelInfo *kernel = nullptr;
};

struct Module {
  std::shared_ptr<LoadedCode> code;
  std::map<std::string, std::unique_ptr<Function>> functions;
};

} // namespace moe::hip

#endif // MOE_LIB_HIPEMULATED_CODE_H
