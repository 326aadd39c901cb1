// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The moe dialect, its attributes and its ops, as C++ sees them. The meaning
// of each stands in the .td files beside this header. Not here: moe.route and
// moe.sort (RoutingOps.h).

#ifndef MOE_DIALECT_MOE_IR_MOE_H
#define MOE_DIALECT_MOE_IR_MOE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "moe/Schedule/Schedule.h"

#include <optional>

#include "moe/Layout/Preshuffle.h"
#include "moe/Layout/RowOrder.h"

#include "moe/Dialect/MoE/IR/MoEDialect.h.inc"
#include "moe/Dialect/MoE/IR/MoEEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "moe/Dialect/MoE/IR/MoEAttrs.h.inc"

namespace moe {

/// The operands and attributes of a moe.grouped_gemm with their defaults, for
/// its builder. The values without a default must be set; the builder ends the
/// process at one that is not.
struct GroupedGemmSpec {
  Stage stage = Stage::Down;
  bool accumulate = false;
  bool perSlot = false;
  bool routingWeight = false;
  bool deterministic = false;
  mlir::Value out, x, w, scale;
  /// Either the four lists of a sort, or the ids and weights of each token, and
  /// with these, or null, what else an unsorted product may have.
  mlir::Value sortedIds, expertIds, sortedWeights, numValid;
  mlir::Value topkIds, topkWeights, expertMap, localTokens, clear;
  mlir::Value bias; ///< null: none
  Activation activation = Activation::None;
  /// In the order of getActivationParams(activation).
  llvm::SmallVector<mlir::Value, 3> params;
  mlir::Value tokens; ///< i32
  int64_t topk = 1;
  int64_t blockRows = 16; ///< of the sorted lists
  /// Absent: -moe-choose-schedule makes one. The op's verifier checks it.
  std::optional<Schedule> schedule;
};

/// Names of an activation's run-time parameters, in the order in which ops take
/// them.
llvm::ArrayRef<llvm::StringLiteral> getActivationParams(Activation activation);

/// The preshuffled layout of a memref or the encoding of a tensor; null if it
/// has none.
PreshuffleAttr getPreshuffle(mlir::Type type);

/// LDS as a resource of its own: effects on it order nothing else.
struct LdsResource : mlir::SideEffects::Resource::Base<LdsResource> {
  llvm::StringRef getName() final { return "LDS"; }
};

} // namespace moe

#define GET_OP_CLASSES
#include "moe/Dialect/MoE/IR/MoEOps.h.inc"

namespace moe {

/// Name of the string attribute on a kernel function that holds its grid:
/// three expressions over tokens, n, k and num_blocks, separated by ';'.
inline constexpr llvm::StringLiteral kGridAttrName = "moe.grid";

/// Name of the integer attribute on a moe.grouped_gemm that says for how many
/// tokens its schedule is to be chosen.
inline constexpr llvm::StringLiteral kExpectedTokensAttrName =
    "moe.expected_tokens";

/// Bytes that one buffer descriptor may cover: 4 GiB less a mebibyte, so that
/// an offset just above is out of range whatever K offset is added to it.
inline constexpr int64_t kDescriptorBytes = 0xFFF00000;

/// The order of an expert's `rows` weight rows under `gate`.
layout::RowOrder getRowOrder(GateLayout gate, int64_t rows);

} // namespace moe

#endif // MOE_DIALECT_MOE_IR_MOE_H
