//===- VectorModes.cpp - register indexing and VSKIP ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// M0[7:0] is the index, M0[15:12] says which operands of vector ALU
// instructions it moves: sources 0 to 2, the destination. Addresses and data of
// memory instructions are not moved.
//
//===----------------------------------------------------------------------===//

#include "Vector/VectorModes.h"

#include "Vector/ValuTable.h"

namespace moe::emulator {

bool isSkippable(InstClass kind) {
  return isVectorAlu(kind) || isVectorMemory(kind) || isLds(kind);
}

RegUse movedUse(const Wave &w, const Inst &inst, InstClass kind, RegUse use) {
  if (!(w.mode & modeIndexing) || use.first < regVector || !isVectorAlu(kind))
    return use;
  unsigned index = w.s[SgprM0] & 255, which = (w.s[SgprM0] >> 12) & 15;
  bool moves = false;
  for (unsigned k = 0; k < 3 && (use.flags & 2); ++k)
    moves |= (which >> k & 1) && inst.src[k].kind == SrcKind::Vgpr &&
             inst.src[k].index + regVector == use.first;
  if (use.flags & 1)
    moves = (which & 8) && inst.dst + regVector == use.first;
  if (moves)
    use.first = uint16_t(use.first + index);
  return use;
}

/// A vector instruction with the index added to its operands.
static void runMoved(Wave &w, const Inst &I, const InstMeta &meta,
                     Handler plain) {
  unsigned index = w.s[SgprM0] & 255, which = (w.s[SgprM0] >> 12) & 15;
  Inst moved = I;
  bool fits = true, writes = false;
  auto registersAt = [&](unsigned row, uint8_t flags) {
    unsigned count = 0;
    for (const RegUse &use : meta.uses)
      if (use.first == regVector + row && (use.flags & flags))
        count = std::max<unsigned>(count, use.count);
    return count;
  };
  for (unsigned k = 0; k < 3; ++k)
    if (((which >> k) & 1) && I.src[k].kind == SrcKind::Vgpr) {
      moved.src[k].index = uint16_t(I.src[k].index + index);
      unsigned count = std::max(1u, registersAt(I.src[k].index, 3));
      fits &= moved.src[k].index + count <= w.rows;
    }
  if (unsigned count = registersAt(I.dst, 1); count && (which & 8)) {
    writes = true;
    moved.dst = uint16_t(I.dst + index);
    fits &= moved.dst + count <= w.rows;
  }
  // The addend that is the old result goes with it.
  if (I.vector && (static_cast<const ValuRow *>(I.op)->flags & VReadsDst))
    moved.src[2].index = writes ? moved.dst : I.dst;
  if (!fits)
    return w.fault("an indexed vector register is beyond those allocated");
  plain(w, moved);
}

static void runHeedful(Wave &w, const Inst &I) {
  const Program &program = *w.group->program;
  size_t index = size_t(&I - w.code);
  if (w.mode & modeSkip)
    return;
  Handler plain = program.plain[index];
  if ((w.mode & modeIndexing) && isVectorAlu(program.meta[index].kind))
    runMoved(w, I, program.meta[index], plain);
  else
    plain(w, I);
}

void heedVectorModes(Program &program) {
  bool some = false;
  for (const InstMeta &meta : program.meta)
    some |= bool(meta.traits & (Indexes | SetsHwReg));
  if (!some)
    return;
  program.plain.resize(program.code.size());
  for (size_t i = 0; i < program.code.size(); ++i) {
    program.plain[i] = program.code[i].run;
    if (isSkippable(program.meta[i].kind))
      program.code[i].run = runHeedful;
  }
}

} // namespace moe::emulator
