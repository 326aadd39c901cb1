// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memrefs of a kernel out of the pointers it is called with.

#include "moe/Dialect/MoE/Transforms/KernelArguments.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

static int64_t staticOr(OpFoldResult value) {
  return getConstantIntValue(value).value_or(ShapedType::kDynamic);
}

Value moe::reinterpretPointer(ImplicitLocOpBuilder &b, Value pointer,
                              OpFoldResult length) {
  auto type = cast<MemRefType>(pointer.getType());
  int64_t size = staticOr(length);
  MemRefLayoutAttrInterface layout;
  if (ShapedType::isDynamic(size))
    layout = StridedLayoutAttr::get(b.getContext(), 0, {1});
  auto result = MemRefType::get({size}, type.getElementType(), layout,
                                type.getMemorySpace());
  return memref::ReinterpretCastOp::create(
      b, result, pointer, OpFoldResult(b.getIndexAttr(0)),
      SmallVector<OpFoldResult>{length},
      SmallVector<OpFoldResult>{b.getIndexAttr(1)});
}

Value moe::reinterpretPointer(ImplicitLocOpBuilder &b, Value pointer,
                              OpFoldResult rows, int64_t columns,
                              OpFoldResult stride) {
  auto type = cast<MemRefType>(pointer.getType());
  auto layout =
      StridedLayoutAttr::get(b.getContext(), 0, {staticOr(stride), 1});
  auto result =
      MemRefType::get({staticOr(rows), columns}, type.getElementType(), layout,
                      type.getMemorySpace());
  return memref::ReinterpretCastOp::create(
      b, result, pointer, OpFoldResult(b.getIndexAttr(0)),
      SmallVector<OpFoldResult>{rows, b.getIndexAttr(columns)},
      SmallVector<OpFoldResult>{stride, b.getIndexAttr(1)});
}

int64_t moe::getParamArgument(llvm::StringRef name) {
  static constexpr llvm::StringLiteral names[] = {"alpha", "limit", "beta",
                                                  "linear_beta"};
  return llvm::find(names, name) - names;
}
