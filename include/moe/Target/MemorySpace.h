// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The memory spaces of memrefs as the numbers that LLVM's AMDGPU back end gives
// them (llvm::AMDGPUAS). What an op accepts is in its verifier.

#ifndef MOE_TARGET_MEMORYSPACE_H
#define MOE_TARGET_MEMORYSPACE_H

#include "mlir/IR/Types.h"
#include "llvm/Support/AMDGPUAddrSpace.h"

#include <optional>

namespace moe {

/// The address space, one of llvm::AMDGPUAS, of a memref, whose memory space is
/// a name or a number, or of an LLVM pointer. A memref without memory space is
/// in the flat one. No value: a space that the chips do not have (2, the global
/// data share, among them), one that no memref can be in (8 and 9, buffer
/// resources and strided buffers), and types that are neither.
std::optional<unsigned> getAddressSpace(mlir::Type type);

} // namespace moe

#endif // MOE_TARGET_MEMORYSPACE_H
