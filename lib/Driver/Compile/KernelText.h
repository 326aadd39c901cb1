// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pieces of kernel-level IR as text, for kernels that are no product: a plain
// pointer seen as rows or as a list, their types, and the kernel around a body.
// The text shows the arguments as docs/KernelABI.md has them.

#ifndef MOE_LIB_DRIVER_COMPILE_KERNELTEXT_H
#define MOE_LIB_DRIVER_COMPILE_KERNELTEXT_H

#include "moe/Driver/KernelOptions.h"

#include "llvm/ADT/StringRef.h"

namespace moe::driver::text {

/// "%NAME = memref.reinterpret_cast %NAME_ptr", `rows` (a value) of them.
std::string rowsOf(llvm::StringRef name, llvm::StringRef rows, int64_t columns,
                   llvm::StringRef element);
std::string rowsType(int64_t columns, llvm::StringRef element);
/// The same for `length` elements in a row.
std::string listOf(llvm::StringRef name, llvm::StringRef length,
                   llvm::StringRef element);
std::string listType(llvm::StringRef element);

/// A module with one kernel of 256 threads; `body` is what stands before its
/// return.
std::string kernel(llvm::StringRef name, llvm::StringRef arguments,
                   llvm::StringRef body);

/// As bits: no decimal loses any.
std::string literal(float value);
/// The element type's name.
const char *elementName(OutType type);

} // namespace moe::driver::text

#endif // MOE_LIB_DRIVER_COMPILE_KERNELTEXT_H
