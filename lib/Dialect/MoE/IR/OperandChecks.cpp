// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks of memory operands: spaces, offsets, strides and sizes. Sizes come
// from the IR and may be anything, so all arithmetic on them is checked.

#include "OperandChecks.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Target/MemorySpace.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace moe;

/// What the kernels access at once, and so the alignment of all memory.
static constexpr int64_t kAccessBytes = 16;

static LogicalResult checkSpace(Operation *op, StringRef name,
                                MemRefType type) {
  Attribute space = type.getMemorySpace();
  if (!space || getAddressSpace(type) == llvm::AMDGPUAS::GLOBAL_ADDRESS)
    return success();
  return op->emitOpError("expected '")
         << name << "' in the default or the global memory space, got "
         << space;
}

/// `count` elements of `type` as bytes, if that is a multiple of 16 bytes.
static bool isWhole(MemRefType type, int64_t count) {
  int64_t perAccess = kAccessBytes * 8 / type.getElementTypeBitWidth();
  return ShapedType::isDynamic(count) || count % perAccess == 0;
}

/// No memory is larger: what addresses of 47 bits reach. Offsets and strides
/// below this never overflow on the way to memory that exists.
static constexpr int64_t kMostBytes = int64_t(1) << 47;

static LogicalResult checkReach(Operation *op, StringRef name, ShapedType type,
                                StringRef what, int64_t elements) {
  int64_t bits = type.getElementTypeBitWidth();
  if (ShapedType::isDynamic(elements) || elements <= kMostBytes / bits * 8)
    return success();
  return op->emitOpError("expected the ")
         << what << " of '" << name << "' to be at most "
         << kMostBytes / bits * 8 << " elements (2^47 bytes), got " << elements;
}

static LogicalResult checkStrides(Operation *op, const GlobalOperand &operand,
                                  MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  bool strided = succeeded(type.getStridesAndOffset(strides, offset));
  // The types that one-shot bufferization puts at function boundaries have no
  // static stride; that it is 1 is then a precondition of host code.
  bool unknown = strided && ShapedType::isDynamic(strides.back()) &&
                 !op->getParentOfType<gpu::GPUModuleOp>();
  if (!strided || (strides.back() != 1 && !unknown))
    return op->emitOpError("expected the elements of a row of '")
           << operand.name << "' to follow each other, got " << type;
  int64_t bits = type.getElementTypeBitWidth();
  if (operand.wide && !isWhole(type, offset))
    return op->emitOpError("expected the offset of '")
           << operand.name << "' to be a multiple of "
           << kAccessBytes * 8 / bits << " elements (" << kAccessBytes
           << " bytes), got " << offset;
  if (failed(checkReach(op, operand.name, type, "offset", offset)))
    return failure();
  if (type.getRank() != 2 || ShapedType::isDynamic(strides.front()))
    return success();
  int64_t columns = type.getDimSize(1);
  if (!ShapedType::isDynamic(columns) && strides.front() < columns)
    return op->emitOpError("expected the row stride of '")
           << operand.name << "' to be at least its " << columns
           << " columns, got " << strides.front();
  if (failed(checkReach(op, operand.name, type, "row stride", strides.front())))
    return failure();
  if (operand.wide && !isWhole(type, strides.front()))
    return op->emitOpError("expected the row stride of '")
           << operand.name << "' to be a multiple of "
           << kAccessBytes * 8 / bits << " elements (" << kAccessBytes
           << " bytes), got " << strides.front();
  return success();
}

/// In memory, what an op writes is nothing else that it reads or writes: its
/// threads run in any order.
static LogicalResult checkWrittenOnce(Operation *op,
                                      ArrayRef<GlobalOperand> operands) {
  auto isWritten = [&](Value value) {
    auto effects = dyn_cast<MemoryEffectOpInterface>(op);
    return effects &&
           effects.getEffectOnValue<MemoryEffects::Write>(value).has_value();
  };
  for (const GlobalOperand &a : operands) {
    if (!a.value || !isa<MemRefType>(a.value.getType()) || !isWritten(a.value))
      continue;
    for (const GlobalOperand &b : operands)
      if (&a != &b && a.value == b.value)
        return op->emitOpError("expected another '")
               << a.name << "' than '" << b.name << "', got the same";
  }
  return success();
}

LogicalResult moe::checkGlobal(Operation *op,
                               ArrayRef<GlobalOperand> operands) {
  if (failed(checkWrittenOnce(op, operands)))
    return failure();
  for (const GlobalOperand &operand : operands) {
    if (!operand.value)
      continue;
    auto type = dyn_cast<MemRefType>(operand.value.getType());
    if (!type) {
      auto tensor = cast<ShapedType>(operand.value.getType());
      if (tensor.getRank() == 2 &&
          failed(checkReach(op, operand.name, tensor, "row",
                            tensor.getDimSize(1))))
        return failure();
      continue;
    }
    if (failed(checkSpace(op, operand.name, type)))
      return failure();
    if (!isa<PreshuffleAttr>(type.getLayout()) &&
        failed(checkStrides(op, operand, type)))
      return failure();
  }
  return success();
}

LogicalResult moe::checkDescriptorSize(Operation *op, StringRef name,
                                       ShapedType type) {
  int64_t rows = type.getDimSize(0), stride = type.getDimSize(1);
  if (auto memref = dyn_cast<MemRefType>(type)) {
    SmallVector<int64_t> strides;
    int64_t offset;
    if (failed(memref.getStridesAndOffset(strides, offset)))
      return success();
    stride = strides.front();
  }
  if (ShapedType::isDynamic(stride))
    return success();
  // There is one row at least.
  bool unknown = ShapedType::isDynamic(rows);
  std::optional<int64_t> bytes = llvm::checkedMul(unknown ? 1 : rows, stride);
  if (bytes)
    bytes =
        llvm::checkedMul(*bytes, type.getElementTypeBitWidth() / int64_t(8));
  if (bytes && *bytes < kDescriptorBytes)
    return success();
  return op->emitOpError("expected '")
         << name << "' to be smaller than " << kDescriptorBytes
         << " bytes (one buffer descriptor), got "
         << (unknown ? "'?'" : std::to_string(rows)) << " rows x " << stride
         << " elements of a row stride";
}

static bool inWorkgroupMemory(MemRefType type) {
  return gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type);
}

LogicalResult moe::checkLdsTile(Operation *op, StringRef name,
                                MemRefType type) {
  if (!inWorkgroupMemory(type))
    return op->emitOpError()
           << "expected '" << name << "' in #gpu.address_space<workgroup>, got "
           << type;
  if (!type.hasStaticShape() || !type.getLayout().isIdentity())
    return op->emitOpError() << "expected '" << name
                             << "' to be static and row-major, got " << type;
  for (auto [dim, what, multiple] :
       {std::tuple(0u, "rows", 16), std::tuple(1u, "columns", 128)}) {
    int64_t size = type.getDimSize(dim);
    if (size < multiple || size % multiple != 0)
      return op->emitOpError()
             << "expected " << what << " of '" << name << "' to be a "
             << (size == 0 ? "positive " : "") << "multiple of " << multiple
             << ", got " << size;
    if (size > kMaxTileSize)
      return op->emitOpError() << "expected at most " << kMaxTileSize << " "
                               << what << " in '" << name << "', got " << size;
  }
  return success();
}

LogicalResult moe::checkLdsBuffers(Operation *op, MemRefType type) {
  if (inWorkgroupMemory(type) && type.hasStaticShape() &&
      type.getLayout().isIdentity())
    return success();
  return op->emitOpError("expected static buffers in "
                         "#gpu.address_space<workgroup>, got ")
         << type;
}

LogicalResult moe::checkFragmentSize(Operation *op, StringRef what,
                                     VectorType type) {
  int64_t product = type.getDimSize(0);
  if (product <= kMaxFragments)
    product *= std::min(type.getDimSize(1), kMaxFragments + 1);
  if (product <= kMaxFragments)
    return success();
  return op->emitOpError("expected at most ")
         << kMaxFragments << " blocks in " << what << ", got "
         << type.getDimSize(0) << " x " << type.getDimSize(1);
}
