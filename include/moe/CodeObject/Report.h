// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a finished code object says about its kernels, read from its bytes:
// metadata notes, kernel descriptors and the disassembled text. Nothing here
// knows what a compiler meant to emit.
#ifndef MOE_CODEOBJECT_REPORT_H
#define MOE_CODEOBJECT_REPORT_H

#include "moe/CodeObject/Grid.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llvm::json {
class OStream;
} // namespace llvm::json

namespace moe::codeobject {

/// Instructions of one pass through a loop body. `valu` includes `cvt` and
/// excludes MFMA; `vmem` includes LDS-DMA, flat and scratch; `insts` counts
/// all.
struct LoopCounts {
  uint64_t insts = 0, mfma = 0, valu = 0, cvt = 0, salu = 0, vmem = 0, lds = 0,
           waitcnt = 0, barrier = 0, nop = 0;
};

/// One kernel of a code object.
struct KernelReport {
  std::string kernel;
  std::string chip;
  /// Registers as the metadata counts them. The two kinds of VGPR share one
  /// file: `vgpr` is what of it the kernel needs in all, `agpr` the part of it
  /// that is accumulation registers.
  uint32_t vgpr = 0, agpr = 0, sgpr = 0;
  /// Static LDS and scratch, bytes a workgroup and bytes a lane.
  uint32_t lds = 0, scratch = 0;
  /// Spilled VGPRs and SGPRs together.
  uint32_t spills = 0;
  /// What registers and LDS allow, at most 8.
  uint32_t wavesPerSimd = 0;
  /// Bytes of the kernel's symbol in .text.
  uint64_t textBytes = 0;
  /// Required workgroup size; 0,0,0 when the kernel fixes none.
  std::array<uint32_t, 3> block = {0, 0, 0};
  /// Absent in code objects that other compilers made.
  std::optional<GridExpressions> grid;
  /// The innermost loop with most MFMA; absent without a loop.
  std::optional<LoopCounts> hotLoop;
  /// Stage of the compiler and its wall time in milliseconds; filled by the
  /// compiler, empty where only a file was read.
  std::vector<std::pair<std::string, double>> compileMs;
};

/// Reads every kernel of `elf`, in the order of the metadata. Errors name what
/// is malformed or unknown.
llvm::Expected<std::vector<KernelReport>>
readReports(llvm::ArrayRef<uint8_t> elf);

/// Checks that every word of executable text decodes for the chip that the ELF
/// header names; the error names the first that does not, with address and
/// chip.
llvm::Error verifyDecodes(llvm::ArrayRef<uint8_t> elf);

/// Writes the JSON object of `moe-compile --report`.
void writeJSON(const KernelReport &report, llvm::json::OStream &json);

} // namespace moe::codeobject

#endif // MOE_CODEOBJECT_REPORT_H
