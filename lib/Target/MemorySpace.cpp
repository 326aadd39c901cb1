// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory spaces of the builtin, gpu, amdgpu and ptr dialects as numbers.

#include "moe/Target/MemorySpace.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMTypes.h"
#include "mlir/Dialect/Ptr/IR/PtrAttrs.h"

using namespace mlir;
namespace AMDGPUAS = llvm::AMDGPUAS;

/// `space`, if the chips have it and it is at most `last`.
static std::optional<unsigned> checkNumber(uint64_t space, unsigned last) {
  if (space > last || space == AMDGPUAS::REGION_ADDRESS)
    return std::nullopt;
  return space;
}

static unsigned getAddressSpace(gpu::AddressSpace space) {
  switch (space) {
  case gpu::AddressSpace::Global:
    return AMDGPUAS::GLOBAL_ADDRESS;
  case gpu::AddressSpace::Workgroup:
    return AMDGPUAS::LOCAL_ADDRESS;
  case gpu::AddressSpace::Private:
    return AMDGPUAS::PRIVATE_ADDRESS;
  }
  llvm_unreachable("not a memory space of the gpu dialect");
}

std::optional<unsigned> moe::getAddressSpace(Type type) {
  if (auto pointer = dyn_cast<LLVM::LLVMPointerType>(type))
    return checkNumber(pointer.getAddressSpace(), AMDGPUAS::MAX_AMDGPU_ADDRESS);
  auto memref = dyn_cast<BaseMemRefType>(type);
  if (!memref)
    return std::nullopt;
  Attribute space = memref.getMemorySpace();
  if (!space || isa<ptr::GenericSpaceAttr>(space))
    return AMDGPUAS::FLAT_ADDRESS;
  if (auto number = dyn_cast<IntegerAttr>(space))
    return checkNumber(number.getValue().getLimitedValue(),
                       AMDGPUAS::BUFFER_FAT_POINTER);
  if (auto named = dyn_cast<gpu::AddressSpaceAttr>(space))
    return ::getAddressSpace(named.getValue());
  auto buffer = dyn_cast<amdgpu::AddressSpaceAttr>(space);
  if (buffer && buffer.getValue() == amdgpu::AddressSpace::FatRawBuffer)
    return AMDGPUAS::BUFFER_FAT_POINTER;
  return std::nullopt;
}
