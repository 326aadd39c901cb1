//===- ExecCheck.cpp - exchange with lanes that are off -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `exec` sanitizer: transposing reads and lane swaps while lanes are off,
// and values that DPP and ds_bpermute fetch from such lanes, tracked through
// arithmetic, selects and lane masks to where something depends on them.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/ExecCheck.h"

#include "Sanitizers/SourceLanes.h"

#include <algorithm>

namespace moe::emulator {

void ExecCheck::Fetched::add(const Fetched &other, uint64_t which) {
  uint64_t both = lanes | (other.lanes & which);
  if (!lanes && both)
    *this = other;
  lanes = both;
}

void ExecCheck::beginGroup() {
  for (unsigned wave = 0; wave < maxWaves; ++wave) {
    if (tracked[wave]) {
      std::fill(std::begin(rows[wave]), std::end(rows[wave]), Fetched());
      std::fill(std::begin(masks[wave]), std::end(masks[wave]), Fetched());
    }
    tracked[wave] = 0;
  }
}

void ExecCheck::set(const Wave &w, Fetched &slot, const Fetched &value) {
  tracked[w.id] += (value.lanes != 0) - (slot.lanes != 0);
  slot = value;
}

/// Something depends on the value: a finding, once.
void ExecCheck::use(const Wave &w, uint32_t instIndex, Fetched &value) {
  sink(SanitizeExec, value.instIndex, instIndex,
       "exec: wave " + std::to_string(w.id) + ", lane " +
           std::to_string(value.lane) + " fetches from lane " +
           std::to_string(value.from) +
           ", which is off, at %1; the value is used at %2");
  set(w, value, Fetched());
}

/// What the instruction fetches from lanes that are off but were on when the
/// wave started. DPP without bound_ctrl leaves such lanes as they are.
ExecCheck::Fetched ExecCheck::fetch(const Wave &w, uint32_t instIndex,
                                    uint64_t started) const {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  Fetched found;
  if (!(meta.traits & FetchesLanes) && !(inst.ext >> 19 & 1))
    return found;
  for (unsigned lane = 0; lane < 64; ++lane) {
    if (!w.execMask[lane])
      continue;
    unsigned from = sourceLane(w, inst, meta, lane);
    if (from >= 64 || w.execMask[from] || !(started >> from & 1))
      continue;
    if (!found.lanes)
      found = {0, instIndex, uint8_t(lane), uint8_t(from)};
    found.lanes |= uint64_t(1) << lane;
  }
  return found;
}

/// The tracked values that lanes fetch from each other.
ExecCheck::Fetched ExecCheck::exchanged(const Wave &w,
                                        uint32_t instIndex) const {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  Fetched found =
      rows[w.id][meta.traits & FetchesLanes ? inst.data : inst.src[0].index];
  uint64_t source = found.lanes;
  found.lanes = 0;
  for (unsigned lane = 0; lane < 64 && source; ++lane)
    if (unsigned from = w.execMask[lane] ? sourceLane(w, inst, meta, lane) : 64;
        from < 64 && (source >> from & 1))
      found.lanes |= uint64_t(1) << lane;
  return found;
}

/// The lanes of an arithmetic result that tracked values reach. A select takes
/// one of its sources, lane by lane.
ExecCheck::Fetched ExecCheck::result(const Wave &w, uint32_t instIndex) const {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  if (isDpp(inst, meta) || (meta.traits & FetchesLanes))
    return exchanged(w, instIndex);
  bool selects = meta.traits & Selects;
  Fetched found;
  for (unsigned k = 0; k < 3; ++k)
    if (inst.src[k].kind == SrcKind::Vgpr)
      found.add(rows[w.id][inst.src[k].index],
                selects ? selectedLanes(w, inst, k, w.exec()) : w.exec());
  if (inst.vector && (meta.traits & LaneMask))
    found.add(masks[w.id][inst.data], w.exec());
  return found;
}

/// Scalar instructions combine lane masks. A branch or EXEC depends on a mask
/// as a whole; AND with a mask drops the lanes that this turns off.
void ExecCheck::scalar(const Wave &w, uint32_t instIndex) {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  const BitOp &op = meta.bits;
  for (const RegUse &given : meta.uses) {
    if (!(given.flags & 2) || given.first >= 128 ||
        !masks[w.id][given.first].lanes)
      continue;
    Fetched &mask = masks[w.id][given.first];
    uint64_t kept = ~uint64_t(0);
    bool second =
        inst.src[1].kind == SrcKind::Sgpr && inst.src[1].index == given.first;
    if (op.rule == BitOp::And && op.wide)
      kept = op.savesExec || op.writesExec ? w.exec()
                                           : w.scalar64(inst.src[!second]);
    bool decides = meta.kind == InstClass::Branch || op.savesExec ||
                   op.writesExec || inst.dst >= SgprExec;
    if (decides && (mask.lanes & kept))
      use(w, instIndex, mask);
    else
      next.add(mask, kept);
  }
}

/// Whatever is neither arithmetic nor scalar uses the registers it reads.
void ExecCheck::useRegisters(const Wave &w, uint32_t instIndex) {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  uint64_t lanes = meta.kind == InstClass::Mfma ? ~uint64_t(0) : w.exec();
  if (meta.traits & ReadsLane)
    lanes = namedLane(w, inst, meta, lanes);
  for (const RegUse &given : meta.uses)
    for (unsigned i = 0; i < given.count && (given.flags & 2); ++i) {
      unsigned row = given.first + i - regVector;
      bool data = (meta.traits & FetchesLanes) && row == inst.data;
      if (given.first >= regVector && row < 512 && !data &&
          (rows[w.id][row].lanes & lanes))
        use(w, instIndex, rows[w.id][row]);
    }
}

void ExecCheck::before(Wave &w, uint32_t instIndex, uint64_t started) {
  const InstMeta &meta = program.meta[instIndex];
  const Inst &inst = program.code[instIndex];
  execBefore = w.exec();
  next = Fetched();
  if (w.execFull && !tracked[w.id])
    return;
  if (!w.execFull && (meta.traits & NeedsAllLanes))
    sink(SanitizeExec, instIndex, -1,
         "exec: wave " + std::to_string(w.id) +
             " exchanges data between lanes while some are off, at %1");
  bool fetches = meta.traits & FetchesLanes;
  if (!w.execFull && (fetches || isDpp(inst, meta)))
    next = fetch(w, instIndex, started);
  if (!tracked[w.id])
    return;
  if (meta.kind == InstClass::Salu || meta.kind == InstClass::Branch)
    return scalar(w, instIndex);
  bool decides =
      meta.traits & (ComparesExec | Permutes | ReadsLane | NeedsAllLanes);
  bool passes = isArithmetic(meta) && !decides;
  if (passes || fetches)
    next.add(result(w, instIndex), ~uint64_t(0));
  if (!passes)
    useRegisters(w, instIndex);
}

void ExecCheck::after(Wave &w, uint32_t instIndex) {
  if (!tracked[w.id] && !next.lanes)
    return;
  const InstMeta &meta = program.meta[instIndex];
  bool scalar = meta.kind == InstClass::Salu;
  for (const RegUse &use : meta.uses) {
    if (!(use.flags & 1))
      continue;
    if (use.first < 128)
      set(w, masks[w.id][use.first],
          scalar || (meta.traits & WritesMask) ? next : Fetched());
    for (unsigned i = 0; i < use.count; ++i) {
      unsigned row = use.first + i - regVector;
      if (use.first < regVector || row >= 512)
        continue;
      Fetched now = next;
      now.add(rows[w.id][row], ~execBefore);
      set(w, rows[w.id][row], now);
    }
  }
}

} // namespace moe::emulator
