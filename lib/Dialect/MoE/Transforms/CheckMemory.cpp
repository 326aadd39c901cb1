// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the memory of a kernel may be. LLVM's layout of an array and that of a
// vector differ where an element or a row is no power of two of bytes; memory
// spaces are those of the hardware; an argument is a plain pointer, so its type
// says all about the memory.

#include "CheckMemory.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Target/MemorySpace.h"

#include "mlir/Dialect/AMDGPU/IR/AMDGPUDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moe;

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// True for a scalar that a vector packs closer than an array.
static bool isNarrow(Type element) {
  if (!element.isIntOrFloat())
    return false;
  unsigned bits = element.getIntOrFloatBitWidth();
  return bits < 8 || !llvm::isPowerOf2_32(bits);
}

static LogicalResult refuseNarrow(Operation *op, MemRefType type) {
  return op->emitOpError("expected elements of 8, 16, 32 or 64 bits, got ")
         << type.getElementType() << " in " << type
         << ": a vector packs them by bits, while memref.load and memref.store "
            "give each bytes of its own";
}

/// vector.type_cast makes one vector of an array, row by row.
static LogicalResult checkTypeCast(vector::TypeCastOp op) {
  MemRefType from = op.getMemRefType(), to = op.getResultMemRefType();
  auto vector = dyn_cast<VectorType>(to.getElementType());
  Type element = from.getElementType();
  if (!vector || !element.isIntOrFloat())
    return success();
  if (isNarrow(element))
    return refuseNarrow(op, from);
  int64_t bits =
      vector.getShape().empty()
          ? element.getIntOrFloatBitWidth()
          : vector.getShape().back() * int64_t(element.getIntOrFloatBitWidth());
  if (vector.getRank() < 2 || llvm::isPowerOf2_64(bits))
    return success();
  return op.emitOpError("expected rows of a power of two of bytes, got ")
         << bits / 8 << " bytes in " << from
         << ": the rows of a vector in memory are as far apart as the next "
            "power of two";
}

/// It becomes a compare-and-swap, which LLVM has for integers only.
static LogicalResult checkGenericAtomic(memref::GenericAtomicRMWOp op) {
  Type element = op.getMemref().getType().getElementType();
  if (element.isIntOrIndex())
    return success();
  return op.emitOpError("expected elements that are integers, got ")
         << element
         << "; make the bits an integer before (arith.bitcast), or use "
            "memref.atomic_rmw";
}

LogicalResult moe::checkElements(Operation *op) {
  if (auto cast = dyn_cast<vector::TypeCastOp>(op))
    return checkTypeCast(cast);
  if (auto view = dyn_cast<memref::ViewOp>(op))
    return isNarrow(view.getType().getElementType())
               ? refuseNarrow(op, view.getType())
               : success();
  if (auto atomic = dyn_cast<memref::GenericAtomicRMWOp>(op))
    return checkGenericAtomic(atomic);
  bool isAmdgpu = isa_and_nonnull<amdgpu::AMDGPUDialect>(op->getDialect());
  if (!isAmdgpu &&
      !isa_and_nonnull<affine::AffineDialect, vector::VectorDialect>(
          op->getDialect()))
    return success();
  for (Type type : op->getOperandTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !isNarrow(memref.getElementType()))
      continue;
    auto isPacked = [&](Type other) {
      auto vector = dyn_cast<VectorType>(other);
      return vector && vector.getElementType() == memref.getElementType();
    };
    // Instructions of buffers and of LDS move whole bytes.
    if (isAmdgpu || llvm::any_of(op->getOperandTypes(), isPacked) ||
        llvm::any_of(op->getResultTypes(), isPacked))
      return refuseNarrow(op, memref);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Memory spaces
//===----------------------------------------------------------------------===//

static bool isPointer(Type type) {
  return isa<BaseMemRefType, LLVM::LLVMPointerType>(type);
}

static constexpr llvm::StringLiteral kSpaces =
    "expected a memory space that AMD GPUs have (global, workgroup and private "
    "of the gpu dialect, fat_raw_buffer of amdgpu, or 0, 1, 3 to 7), got ";

/// A function returns the allocated pointer of a memref; that of a global is
/// a number that marks it as none.
static LogicalResult checkReturn(Operation *op) {
  for (Value value : op->getOperands()) {
    Operation *source = value.getDefiningOp();
    while (source && isa<ViewLikeOpInterface>(source))
      source = source->getOperand(0).getDefiningOp();
    if (isa_and_nonnull<memref::GetGlobalOp>(source))
      return op->emitOpError("expected no result made of a memref.get_global, "
                             "whose allocated pointer upstream does not know; "
                             "take it in the caller");
  }
  return success();
}

LogicalResult moe::checkSpaces(Operation *op) {
  for (Type type : op->getResultTypes())
    if (isPointer(type) && !getAddressSpace(type))
      return op->emitOpError(kSpaces) << type;
  if (auto global = dyn_cast<memref::GlobalOp>(op);
      global && !getAddressSpace(global.getType()))
    return global.emitOpError(kSpaces) << global.getType();
  if (isa<func::ReturnOp, gpu::ReturnOp>(op) && failed(checkReturn(op)))
    return failure();
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (BlockArgument argument : block.getArguments())
        if (Type type = argument.getType();
            isPointer(type) && !getAddressSpace(type))
          return emitError(argument.getLoc()) << kSpaces << type;
  if (!isa<memref::AllocaOp, LLVM::AllocaOp>(op))
    return success();
  Type type = op->getResult(0).getType();
  unsigned space = *getAddressSpace(type);
  // The lowering moves a memref into the private space.
  if (space == llvm::AMDGPUAS::PRIVATE_ADDRESS ||
      (space == llvm::AMDGPUAS::FLAT_ADDRESS && isa<memref::AllocaOp>(op)))
    return success();
  return op->emitOpError("expected memory space 5, the private one of a "
                         "thread, got ")
         << type;
}

LogicalResult moe::checkConstant(Operation *op) {
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return success();
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects<MemoryEffects::Write>(effects);
  for (const MemoryEffects::EffectInstance &effect : effects) {
    Value memory = effect.getValue();
    if (memory && isPointer(memory.getType()) &&
        getAddressSpace(memory.getType()) == llvm::AMDGPUAS::CONSTANT_ADDRESS)
      return op->emitOpError("expected memory that may be written, got ")
             << memory.getType() << ", which is constant";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Signatures
//===----------------------------------------------------------------------===//

/// True if a plain pointer and the type say where each element is.
static bool isPlainPointer(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref || !memref.hasStaticShape())
    return false;
  if (isa<PreshuffleAttr>(memref.getLayout()))
    return true;
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  return succeeded(memref.getStridesAndOffset(strides, offset)) &&
         !ShapedType::isDynamic(offset) &&
         !llvm::is_contained(strides, ShapedType::kDynamic);
}

/// `what`: "argument 1 of a kernel".
static LogicalResult checkPassed(FunctionOpInterface func, Location loc,
                                 const Twine &what, Type type, bool isKernel) {
  auto refuse = [&](const Twine &expected) {
    return emitError(loc) << func->getName() << " '" << func.getName()
                          << "': expected " << what << expected << ", got "
                          << type;
  };
  if (isa<BaseMemRefType>(type) && !isPlainPointer(type))
    return refuse(", a plain pointer, to have a static shape, strides and "
                  "offset")
           << "; pass a memref of rank 0 and its sizes, and give it a shape by "
              "memref.reinterpret_cast in the "
           << (isKernel ? "kernel" : "function");
  if (isPointer(type)) {
    std::optional<unsigned> space = getAddressSpace(type);
    // What is in no space at all is refused by checkSpaces.
    return !isKernel || !space || *space == llvm::AMDGPUAS::FLAT_ADDRESS ||
                   *space == llvm::AMDGPUAS::GLOBAL_ADDRESS ||
                   *space == llvm::AMDGPUAS::CONSTANT_ADDRESS
               ? success()
               : LogicalResult(
                     refuse(" to be in memory that a launch can name, "
                            "global or the default memory space"));
  }
  return type.isIntOrIndexOrFloat() || isa<VectorType, ComplexType>(type) ||
                 LLVM::isCompatibleType(type)
             ? success()
             : LogicalResult(refuse(" to be a memref, a number, a vector or of "
                                    "an LLVM type"));
}

LogicalResult moe::checkSignature(FunctionOpInterface func) {
  auto kernel = dyn_cast<gpu::GPUFuncOp>(func.getOperation());
  bool isKernel = kernel && kernel.isKernel();
  StringRef owner =
      isKernel ? " of a kernel" : " of a function in a gpu.module";
  for (auto [number, type] : llvm::enumerate(func.getArgumentTypes())) {
    Location loc =
        func.isExternal() ? func.getLoc() : func.getArgument(number).getLoc();
    if (failed(checkPassed(func, loc, "argument " + Twine(number) + owner, type,
                           isKernel)))
      return failure();
  }
  for (auto [number, type] : llvm::enumerate(func.getResultTypes()))
    if (failed(checkPassed(func, func.getLoc(),
                           "result " + Twine(number) + owner, type, isKernel)))
      return failure();
  return success();
}
