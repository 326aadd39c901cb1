// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers the dialect's attributes and ops and verifies its discardable
// attributes; compiles what is generated from MoEOps.td. The attributes and ops
// themselves are in MoEAttrs.cpp, KernelOps.cpp, TileOps.cpp, RoutingOps.cpp
// and WeightOps.cpp.

#include "moe/CodeObject/Grid.h"
#include "moe/Dialect/MoE/IR/RoutingOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "moe/Dialect/MoE/IR/MoEDialect.cpp.inc"
#include "moe/Dialect/MoE/IR/MoEEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/MoE/IR/MoEAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/IR/MoEOps.cpp.inc"

namespace moe {

namespace {
/// No op has regions or depends on the function it stands in, so all may be
/// inlined.
struct MoEInlinerInterface : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
};
} // namespace

void MoEDialect::initialize() {
  addInterfaces<MoEInlinerInterface>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "moe/Dialect/MoE/IR/MoEAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/MoE/IR/MoEOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/MoE/IR/RoutingOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "moe/Dialect/MoE/IR/WeightOps.cpp.inc"
      >();
}

static LogicalResult verifyExpectedTokens(Operation *op, Attribute value) {
  auto tokens = dyn_cast<IntegerAttr>(value);
  if (!tokens)
    return op->emitOpError("expected '")
           << kExpectedTokensAttrName << "' to be an integer, got " << value;
  if (tokens.getValue().isNegative() || tokens.getValue().uge(1 << 24))
    return op->emitOpError("expected '")
           << kExpectedTokensAttrName
           << "' to be from 0 to 16777215 (24 bits of a sorted id), got "
           << llvm::toString(tokens.getValue(), 10, /*Signed=*/true);
  return success();
}

LogicalResult MoEDialect::verifyOperationAttribute(Operation *op,
                                                   NamedAttribute attr) {
  if (attr.getName() == kExpectedTokensAttrName)
    return verifyExpectedTokens(op, attr.getValue());
  if (attr.getName() != kGridAttrName)
    return op->emitOpError("expected no attribute '")
           << attr.getName().getValue() << "' of the moe dialect, which has "
           << "only '" << kGridAttrName << "' and '" << kExpectedTokensAttrName
           << "'";
  auto grid = dyn_cast<StringAttr>(attr.getValue());
  if (!grid)
    return op->emitOpError("expected '") << kGridAttrName << "' to be a string";
  auto parsed = codeobject::parseGrid(grid.getValue());
  if (!parsed)
    return op->emitOpError("expected '")
           << kGridAttrName
           << "' to be a grid: " << llvm::toString(parsed.takeError());
  return success();
}

} // namespace moe
