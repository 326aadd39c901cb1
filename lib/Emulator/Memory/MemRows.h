//===- MemRows.h - opcode tables of the memory instructions -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows of vector memory and LDS instructions and the handlers that execute
// them.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_MEMORY_MEMROWS_H
#define MOE_LIB_EMULATOR_MEMORY_MEMROWS_H

#include "State/ChipFeatures.h"
#include "State/Machine.h"
#include "State/Traits.h"

#include <cstddef>

namespace moe::emulator {

/// A memory instruction of any kind.
enum class MemOp : uint8_t {
  Load,
  Store,
  LoadD16,
  LoadD16Hi,
  StoreD16Hi,
  AtomicInt,
  AtomicFloat,
  Atomic64,
  AtomicPkF16,
  AtomicPkBf16,
  AtomicF64,
  FormatLoad, ///< typed buffers: `dwords` counts the channels
  FormatStore,
  FormatLoadD16,
  FormatStoreD16,
  FormatLoadD16Hi,
  FormatStoreD16Hi,
  Control
};
inline bool isFormat(MemOp op) {
  return op >= MemOp::FormatLoad && op <= MemOp::FormatStoreD16Hi;
}
/// Loads and stores of halves of registers.
inline bool isD16(MemOp op) {
  switch (op) {
  case MemOp::LoadD16:
  case MemOp::LoadD16Hi:
  case MemOp::StoreD16Hi:
  case MemOp::FormatLoadD16:
  case MemOp::FormatStoreD16:
  case MemOp::FormatLoadD16Hi:
  case MemOp::FormatStoreD16Hi:
    return true;
  default:
    return false;
  }
}
inline bool isStore(MemOp op) {
  return op == MemOp::Store || op == MemOp::StoreD16Hi ||
         op == MemOp::FormatStore || op == MemOp::FormatStoreD16 ||
         op == MemOp::FormatStoreD16Hi;
}
enum class AtomicKind : uint8_t {
  None,
  Swap,
  CmpSwap,
  Add,
  Sub,
  SMin,
  UMin,
  SMax,
  UMax,
  And,
  Or,
  Xor,
  Inc,
  Dec,
  FAdd,
  FMin,
  FMax,
  RSub,
  MSkOr,
  FCmpSwap,
  Wrap
};
struct MemRow {
  const char *name; ///< without buffer_, global_, flat_, scratch_, ds_
  MemOp op;
  uint8_t bytes;  ///< in memory, a lane
  uint8_t dwords; ///< registers a lane
  bool sign;      ///< sign extension of a narrow load
  AtomicKind atomic = AtomicKind::None;
  uint8_t chips = OnBoth;
};

struct MemTable {
  const MemRow *rows;
  size_t count;
};
MemTable vmemRows(); ///< buffer, global, flat, scratch
MemTable dsRows();

/// ds_* that are not plain loads, stores or atomics.
struct DsRow {
  const char *name;
  Handler fn;
  InstClass kind;
  uint8_t results, data; ///< registers
  bool address;          ///< a VGPR holds it
  uint8_t chips;
  uint64_t traits;
};
struct DsTable {
  const DsRow *rows;
  size_t count;
};
DsTable dsSpecialRows();

/// Plain accesses without observers; false when they must go the general way.
bool fastDs(Wave &w, const Inst &I);
bool fastBuffer(Wave &w, const Inst &I);
bool fastGlobal(Wave &w, const Inst &I);
void runBuffer(Wave &w, const Inst &I);
void runTypedBuffer(Wave &w, const Inst &I);
void runGlobal(Wave &w, const Inst &I);
void runFlat(Wave &w, const Inst &I);
void runScratch(Wave &w, const Inst &I);
void runDs(Wave &w, const Inst &I);

/// Flags of memory instructions in Inst::flags.
enum MemFlags : uint16_t {
  MemOffen = 1,
  MemIdxen = 2,
  MemLds = 4,
  MemReturn = 8, ///< an atomic that returns the old value (sc0)
  MemSaddr = 16, ///< global: SGPR base and 32-bit VGPR offset
  MemVaddr = 32, ///< scratch: a VGPR is added
  MemTwo = 64,   ///< ds read2/write2
  MemStride64 = 128,
  MemNt = 256,
  MemScoped = 512, ///< visible beyond the workgroup (sc1)
};

/// One atomic on host memory; returns the old value. `data` and `compare` hold
/// as many bytes as the row says.
uint64_t hostAtomic(uint8_t *host, const MemRow &row, uint64_t data,
                    uint64_t compare);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_MEMORY_MEMROWS_H
