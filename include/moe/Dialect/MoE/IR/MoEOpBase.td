// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the definitions of all ops share: their base classes and the types of
// their operands. No op is here.

#ifndef MOE_DIALECT_MOE_IR_MOEOPBASE_TD
#define MOE_DIALECT_MOE_IR_MOEOPBASE_TD

include "moe/Dialect/MoE/IR/MoEAttrs.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ViewLikeInterface.td"

class MoE_Op<string mnemonic, list<Trait> traits = []>
    : Op<MoE_Dialect, mnemonic, traits>;

/// A kernel-level op: on memory, with effects on exactly the memory that it
/// reads and writes, or on tensors in destination-passing style.
class MoE_KernelOp<string mnemonic, list<Trait> traits = []>
    : MoE_Op<mnemonic, !listconcat(traits, [
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])> {
  let hasVerifier = 1;
  code destinationDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(getOutMutable());
    }
  }];
}

/// A memref or a ranked tensor.
class MoE_Shaped<list<Type> elements, int rank, string what>
    : Type<Or<[MemRefRankOf<elements, [rank]>.predicate,
               TensorRankOf<elements, [rank]>.predicate]>,
           what, "::mlir::ShapedType">;

// The types that the field's kernels use; relations between them are checked
// by the verifiers.
def MoE_Activations : MemRefRankOf<[BF16], [2]>;
def MoE_Weights : MemRefRankOf<[F4E2M1FN], [3]>;
def MoE_Scales : MemRefRankOf<[F8E8M0FNU], [3]>;
def MoE_Output : MemRefRankOf<[BF16, F16, F32], [2]>;
def MoE_Ids : MemRefRankOf<[I32], [1]>;
def MoE_RoutingWeights : MemRefRankOf<[F32], [1]>;
def MoE_Bias : MemRefRankOf<[F32], [2]>;
def MoE_AnyActivations
    : MoE_Shaped<[BF16], 2, "2D memref or tensor of bf16 values">;
def MoE_AnyWeights
    : MoE_Shaped<[F4E2M1FN], 3, "3D memref or tensor of f4E2M1FN values">;
def MoE_AnyScales
    : MoE_Shaped<[F8E8M0FNU], 3, "3D memref or tensor of f8E8M0FNU values">;
def MoE_AnyOutput : MoE_Shaped<[BF16, F16, F32], 2,
                               "2D memref or tensor of bf16, f16 or f32 values">;
def MoE_AnyIds : MoE_Shaped<[I32], 1, "1D memref or tensor of i32 values">;
def MoE_AnyTopkIds : MoE_Shaped<[I32], 2, "2D memref or tensor of i32 values">;
def MoE_AnyRoutingWeights
    : MoE_Shaped<[F32], 1, "1D memref or tensor of f32 values">;
def MoE_AnyMatrix : MoE_Shaped<[F32], 2, "2D memref or tensor of f32 values">;
def MoE_AnyMask : MoE_Shaped<[I8], 1, "1D memref or tensor of i8 values">;
def MoE_AnyBytes : MoE_Shaped<[I8], 1, "1D memref or tensor of i8 values">;
def MoE_AnyPreshuffled : MoE_Shaped<[F4E2M1FN, F8E8M0FNU], 3,
    "3D memref or tensor of f4E2M1FN or f8E8M0FNU values">;
// LDS is a resource of its own, so that its barriers order no global memory.
def MoE_LdsResource : Resource<"::moe::LdsResource">;
def MoE_LdsRead : MemRead<MoE_LdsResource>;
def MoE_LdsWrite : MemWrite<MoE_LdsResource>;
def MoE_LdsTile : MemRefRankOf<[BF16], [2]>;
def MoE_LdsBuffer : MemRefRankOf<[I8], [1]>;
def MoE_Rows : FixedVectorOfRankAndType<[1], [I32]>;
def MoE_WeightFragment : FixedVectorOfRankAndType<[3, 4], [F4E2M1FN]>;
def MoE_ScaleFragment : FixedVectorOfRankAndType<[2, 3], [F8E8M0FNU]>;
def MoE_UnpackedFragment : FixedVectorOfRankAndType<[3, 4], [BF16]>;
def MoE_Accumulator : FixedVectorOfRankAndType<[3, 4], [F32]>;
// Attributes of RoutingOps.td, which are generated with those of MoEOps.td.
def MoE_ScoreAttr : EnumAttr<MoE_Dialect, MoE_Score, "score">;
def MoE_SortPhaseAttr : EnumAttr<MoE_Dialect, MoE_SortPhase, "sort_phase">;
def MoE_Topk : ConfinedAttr<I64Attr, [IntMinValue<1>, IntMaxValue<255>]>;

#endif // MOE_DIALECT_MOE_IR_MOEOPBASE_TD
