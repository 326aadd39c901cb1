// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the ops on tensors bufferize: a kernel op in destination-passing style
// becomes the same op on memrefs and its results the buffers of its inits;
// moe.preshuffled gives the buffer of its bytes a layout.

#include "moe/Dialect/MoE/Transforms/BufferizableOpInterfaceImpl.h"
#include "moe/Dialect/MoE/IR/RoutingOps.h"

#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace moe;

namespace {
/// Rows of `out` that nothing is routed to keep their contents, so the init is
/// read in every mode, which is what the base class says.
template <typename OpTy>
struct KernelOpModel
    : DstBufferizableOpInterfaceExternalModel<KernelOpModel<OpTy>, OpTy> {
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto kernel = cast<DestinationStyleOpInterface>(op);
    if (kernel.hasPureBufferSemantics())
      return success();
    rewriter.setInsertionPoint(op);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (isa<TensorType>(operand.getType())) {
        FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
        if (failed(buffer))
          return failure();
        operand = *buffer;
      }
      operands.push_back(operand);
    }
    SmallVector<Value> inits;
    for (OpOperand &init : kernel.getDpsInitsMutable())
      inits.push_back(operands[init.getOperandNumber()]);
    clone(rewriter, op, TypeRange(), operands);
    replaceOpWithBufferizedValues(rewriter, op, inits);
    return success();
  }
};

struct PreshuffledModel
    : BufferizableOpInterface::ExternalModel<PreshuffledModel, PreshuffledOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return false;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *op, OpOperand &,
                                      const AnalysisState &) const {
    return {{op->getResult(0), BufferRelation::Equivalent}};
  }

  static MemRefType getMemRefType(PreshuffledOp op, Attribute memorySpace) {
    auto tensor = cast<RankedTensorType>(op.getResult().getType());
    return MemRefType::get(tensor.getShape(), tensor.getElementType(),
                           getPreshuffle(tensor), memorySpace);
  }

  FailureOr<BufferLikeType>
  getBufferType(Operation *op, Value, const BufferizationOptions &options,
                const BufferizationState &state,
                SmallVector<Value> &invocationStack) const {
    auto preshuffled = cast<PreshuffledOp>(op);
    FailureOr<BufferLikeType> bytes = bufferization::getBufferType(
        preshuffled.getBytes(), options, state, invocationStack);
    if (failed(bytes))
      return failure();
    return cast<BufferLikeType>(getMemRefType(
        preshuffled, cast<BaseMemRefType>(*bytes).getMemorySpace()));
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto preshuffled = cast<PreshuffledOp>(op);
    if (isa<MemRefType>(preshuffled.getBytes().getType()))
      return success();
    FailureOr<Value> bytes =
        getBuffer(rewriter, preshuffled.getBytes(), options, state);
    if (failed(bytes))
      return failure();
    Attribute space = cast<BaseMemRefType>(bytes->getType()).getMemorySpace();
    replaceOpWithNewBufferizedOp<PreshuffledOp>(
        rewriter, op, getMemRefType(preshuffled, space), *bytes);
    return success();
  }
};
} // namespace

void moe::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, MoEDialect *) {
    GroupedGemmOp::attachInterface<KernelOpModel<GroupedGemmOp>>(*context);
    ActivateSumsOp::attachInterface<KernelOpModel<ActivateSumsOp>>(*context);
    ReduceSlotsOp::attachInterface<KernelOpModel<ReduceSlotsOp>>(*context);
    RouteOp::attachInterface<KernelOpModel<RouteOp>>(*context);
    SortOp::attachInterface<KernelOpModel<SortOp>>(*context);
    QuantizeOp::attachInterface<KernelOpModel<QuantizeOp>>(*context);
    ShuffleOp::attachInterface<KernelOpModel<ShuffleOp>>(*context);
    PreshuffledOp::attachInterface<PreshuffledModel>(*context);
  });
}
