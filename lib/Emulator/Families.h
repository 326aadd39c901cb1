//===- Families.h - opcode tables outside the vector ALU --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rows that the scalar, memory, LDS, lane and matrix families export, and
// the shapes by which the decoder fills their operands.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_FAMILIES_H
#define MOE_LIB_EMULATOR_FAMILIES_H

#include "Machine.h"

#include <cstddef>

namespace moe::emulator {

enum ChipMask : uint8_t { On942 = 1, On950 = 2, OnBoth = 3 };

/// A scalar instruction: which operands are 64 bits wide.
enum ScalarShape : uint8_t { S0Wide = 1, S1Wide = 2, DWide = 4 };
struct ScalarRow {
  const char *name;
  Handler fn;
  uint8_t shape;
};

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

/// Instructions that need the whole wave: lane exchange and the like.
struct LaneRow {
  const char *name;
  Handler fn;
  uint8_t sources; ///< operands read as Src
  uint8_t chips;
  uint8_t counts[4] = {1, 1, 1, 1}; ///< registers of the result, the sources
};

struct ScalarTable {
  const ScalarRow *rows;
  size_t count;
};
struct MemTable {
  const MemRow *rows;
  size_t count;
};
struct LaneTable {
  const LaneRow *rows;
  size_t count;
};

ScalarTable scalarRows();  ///< SOP1, SOP2, SOPC, SOPK
ScalarTable controlRows(); ///< SOPP, and branches of other formats
LaneTable laneRows();
MemTable vmemRows(); ///< buffer, global, flat, scratch
MemTable dsRows();

void runScalarLoad(Wave &w, const Inst &I);
void runScalarBufferLoad(Wave &w, const Inst &I);
void runScalarStore(Wave &w, const Inst &I);
void runScalarAtomic(Wave &w, const Inst &I);
void runScalarTime(Wave &w, const Inst &I);
void runNothing(Wave &w, const Inst &I);
void beginIndexing(Wave &w, const Inst &I);
void endIndexing(Wave &w, const Inst &I);
void setIndexMode(Wave &w, const Inst &I);
void runUnimplemented(Wave &w, const Inst &I);
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
/// ds_* that are not plain loads, stores or atomics; null when there is none.
Handler dsSpecial(const char *name);
void runMatrix(Wave &w, const Inst &I);
void runScaledConvert(Wave &w, const Inst &I);

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
  // scalar memory
  ScalarBuffer = 1,
  ScalarScratch = 2, ///< the offset in a register counts 64 bytes
};

/// One atomic on host memory; returns the old value. `data` and `compare` hold
/// as many bytes as the row says.
uint64_t hostAtomic(uint8_t *host, const MemRow &row, uint64_t data,
                    uint64_t compare);

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_FAMILIES_H
