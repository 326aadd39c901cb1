//===- InstClass.h - kinds of instructions ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The classes by which instructions are counted and timed. Which instruction is
// of which class is in the opcode tables. Standard library only.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_INSTCLASS_H
#define MOE_EMULATOR_INSTCLASS_H

#include <cstdint>

namespace moe::emulator {

/// The unit that executes an instruction, and for memory what it does there.
/// The predicates below go by this order.
enum class InstClass : uint8_t {
  Valu,
  Trans,
  Cvt,
  Mfma,
  Salu,
  Smem,
  VmemLoad,
  VmemStore,
  VmemAtomic,
  FlatLoad,
  FlatStore,
  FlatAtomic,
  LdsDma,
  DsRead,
  DsWrite,
  DsAtomic,
  DsOther,
  Wait,
  Barrier,
  Branch,
  Nop,
  End,
  Other
};

/// Buffer, global, flat and scratch instructions.
constexpr bool isVectorMemory(InstClass kind) {
  return kind >= InstClass::VmemLoad && kind <= InstClass::LdsDma;
}
/// ds_*, lane exchange by LDS included.
constexpr bool isLds(InstClass kind) {
  return kind >= InstClass::DsRead && kind <= InstClass::DsOther;
}
/// Vector arithmetic, matrix instructions included.
constexpr bool isVectorAlu(InstClass kind) { return kind <= InstClass::Mfma; }

} // namespace moe::emulator

#endif // MOE_EMULATOR_INSTCLASS_H
