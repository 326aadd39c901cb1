//===- Kernarg.h - the kernel arguments of a launch -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the arguments of a launch and the kernel's metadata to the bytes of the
// kernarg segment. Preloading into SGPRs is in Run.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_RUN_KERNARG_H
#define MOE_LIB_EMULATOR_RUN_KERNARG_H

#include "State/Machine.h"
#include "moe/Emulator/Emulator.h"

namespace moe::emulator {

/// Maps the buffers, writes pointers into values and buffers, and the arguments
/// into `kernarg`. `watch` is called with the address of each buffer in which a
/// kernel is likely to keep flags and partial results.
llvm::Error fillExplicit(const KernelInfo &kernel, const Launch &launch,
                         llvm::ArrayRef<std::optional<uint64_t>> places,
                         Memory &memory, std::vector<uint8_t> &kernarg,
                         llvm::function_ref<void(uint64_t)> watch);

/// What the metadata's hidden arguments ask for; those that mean nothing here
/// stay zero.
void fillHidden(const KernelInfo &kernel, const Launch &launch,
                uint64_t queueAddress, std::vector<uint8_t> &kernarg);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_RUN_KERNARG_H
