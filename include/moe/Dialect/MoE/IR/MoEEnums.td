// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Enumerations that the attributes and ops of the moe dialect use.

#ifndef MOE_DIALECT_MOE_IR_MOEENUMS_TD
#define MOE_DIALECT_MOE_IR_MOEENUMS_TD

include "mlir/IR/EnumAttr.td"

class MoE_I32Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::moe";
  let genSpecializedAttr = 0;
}

def MoE_Stage : MoE_I32Enum<"Stage", "which product of the layer", [
  I32EnumAttrCase<"GateUp", 0, "gate_up">, I32EnumAttrCase<"Down", 1, "down">
]>;

def MoE_Activation : MoE_I32Enum<"Activation", "activation of stage 1", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Silu", 1, "silu">,
  I32EnumAttrCase<"Swiglu", 2, "swiglu">, I32EnumAttrCase<"Situv2", 3, "situv2">
]>;

def MoE_Score : MoE_I32Enum<"Score", "what routing makes of a token's logits", [
  I32EnumAttrCase<"Softmax", 0, "softmax">,
  I32EnumAttrCase<"Sigmoid", 1, "sigmoid">
]>;

def MoE_SortPhase
    : MoE_I32Enum<"SortPhase", "part of a sort over several workgroups", [
  I32EnumAttrCase<"All", 0, "all">, I32EnumAttrCase<"Count", 1, "count">,
  I32EnumAttrCase<"Scan", 2, "scan">, I32EnumAttrCase<"Place", 3, "place">
]>;

def MoE_GateLayout
    : MoE_I32Enum<"GateLayout", "order of gate and up rows in memory", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"Separated", 1, "separated">,
  I32EnumAttrCase<"Interleaved", 2, "interleaved">,
  I32EnumAttrCase<"Rows", 3, "rows">
]>;

def MoE_ShuffleRole : MoE_I32Enum<"ShuffleRole", "what a memref holds", [
  I32EnumAttrCase<"Weight", 0, "weight">, I32EnumAttrCase<"Scale", 1, "scale">
]>;

def MoE_CachePolicy
    : MoE_I32Enum<"CachePolicy", "cache policy of weight loads", [
  I32EnumAttrCase<"Default", 0, "default">,
  I32EnumAttrCase<"NonTemporal", 1, "nt">
]>;

#endif // MOE_DIALECT_MOE_IR_MOEENUMS_TD
