// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The flags that describe a kernel, the same in every tool: they fill a
// KernelOptions. Which of them a tool demands is its own business, except for
// requireDimensions().
#ifndef MOE_LIB_DRIVER_OPTIONS_KERNELFLAGS_H
#define MOE_LIB_DRIVER_OPTIONS_KERNELFLAGS_H

#include "Driver/Options/Flags.h"
#include "moe/Driver/KernelOptions.h"

namespace moe::driver {

/// Adds the dimension, tile, output and configuration flags (not --kernel: a
/// subcommand may stand for it; see addKernelKindFlag). `options` must outlive
/// the parse.
void addKernelFlags(FlagSet &flags, KernelOptions &options);

/// Leaves the flags of the other stage than the kernel's out of the help.
void hideOtherStage(FlagSet &flags, KernelKind kernel);

/// Adds `--kernel gemm1|gemm2|activate|reduce`, `--mask` of the last, and what
/// the first two have without sorted lists. One
/// of `others` goes to `other` instead.
void addKernelKindFlag(FlagSet &flags, KernelOptions &options,
                       llvm::ArrayRef<std::string> others = {},
                       std::string *other = nullptr);

/// A usage error that names the first of --model-dim, --inter-dim, --experts
/// and --topk that the command line did not give.
llvm::Error requireDimensions(const FlagSet &flags);

/// A usage error when a flag of the other stage was given: --act with gemm2,
/// --no-accumulate with gemm1, and so on.
llvm::Error checkStageFlags(const FlagSet &flags, KernelKind kernel);

/// Refuses a number that the activation does not have or divides by where it is
/// 0, and a cut of K whose sums a stored output of stage 2 has no place for.
llvm::Error checkStageValues(const FlagSet &flags,
                             const KernelOptions &options);

/// Refuses a table of schedules beside a tile, with which nothing is chosen.
llvm::Error checkTableFlag(const FlagSet &flags, const KernelOptions &options);

/// A usage error when a flag was given that only a kernel without sorted lists
/// has, or only such a gemm1.
llvm::Error checkUnsortedFlags(const FlagSet &flags,
                               const KernelOptions &options);

/// Parses MxNxK, three positive decimal integers.
llvm::Expected<TileShape> parseTile(llvm::StringRef text);

/// The flags that `options` would be made by, so that a message or a note can
/// show a command to repeat a run. Defaults are left out.
std::string kernelFlagsString(const KernelOptions &options);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_OPTIONS_KERNELFLAGS_H
