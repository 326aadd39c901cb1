// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From an LLVM module to a linked code object, in process: LLVM's AMDGPU back
// end and lld as libraries, without any program, PATH or environment. Reading
// the result is Report.h; getting from MLIR to an LLVM module is elsewhere.
#ifndef MOE_CODEOBJECT_CODEOBJECT_H
#define MOE_CODEOBJECT_CODEOBJECT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace moe::codeobject {

/// Function attribute that holds a kernel's grid as "x;y;z" (Grid.h). It ends
/// up in a note of the code object.
inline constexpr llvm::StringLiteral gridAttrName = "moe.grid";

/// Section and owner name of that note; its description is "kernel=x;y;z".
inline constexpr llvm::StringLiteral gridNoteSection = ".note.moe";
inline constexpr llvm::StringLiteral gridNoteOwner = "MoE";
inline constexpr uint32_t gridNoteType = 1;

struct CompileOptions {
  /// Exact name, for instance gfx950. No default.
  std::string chip;
  /// LLVM's -O level, 0 to 3.
  unsigned optLevel = 3;
  /// Code object version, 5 or 6.
  unsigned version = 6;
  /// Files of LLVM bitcode, such as AMD's device libraries, for functions that
  /// the module declares. Only what is called becomes part of the code object.
  std::vector<std::string> libraries;
};

/// A linked code object and how long its stages took.
struct CodeObject {
  std::vector<uint8_t> elf;
  std::vector<std::pair<std::string, double>> milliseconds;
};

/// Optimizes and compiles `module` for options.chip, links it, and refuses the
/// result if a word of it does not decode on that chip. The module itself stays
/// as it is. A failure of the back end is an error, not the end of the process.
llvm::Expected<CodeObject> compile(const llvm::Module &module,
                                   const CompileOptions &options);

/// The assembly text of the same code; refuses what compile() refuses.
llvm::Expected<std::string> compileToAssembly(const llvm::Module &module,
                                              const CompileOptions &options);

/// Sets triple and data layout of `chip` on `module`.
llvm::Error setTarget(llvm::Module &module, llvm::StringRef chip);

/// Links one relocatable object to a code object; in memory, one at a time.
llvm::Expected<std::vector<uint8_t>> link(llvm::ArrayRef<uint8_t> object);

} // namespace moe::codeobject

#endif // MOE_CODEOBJECT_CODEOBJECT_H
