//===- MemoryFields.cpp - fields of the memory formats --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// DS, FLAT (with scratch and global), MUBUF and MTBUF.
//
//===----------------------------------------------------------------------===//

#include "Decode/FieldDecoder.h"

namespace moe::emulator {

/// What an access does with one half of a register, and whether it compares.
static uint64_t traitsOf(const MemRow &row) {
  bool narrow = row.op == MemOp::Store && row.bytes <= 2;
  if (row.atomic == AtomicKind::CmpSwap || row.atomic == AtomicKind::FCmpSwap)
    return ComparesMemory;
  switch (row.op) {
  case MemOp::FormatLoadD16: // a register holds two channels
    return Merges | (row.dwords % 2 ? LoadsLowHalf : 0);
  case MemOp::LoadD16:
    return Merges | LoadsLowHalf;
  case MemOp::LoadD16Hi:
  case MemOp::FormatLoadD16Hi:
    return Merges | LoadsHighHalf;
  case MemOp::StoreD16Hi:
  case MemOp::FormatStoreD16Hi:
    return Merges | StoresHighHalf;
  default:
    return (isD16(row.op) ? Merges : 0) | (narrow ? StoresLowHalf : 0);
  }
}

void FieldDecoder::setMemoryClass(const MemRow &row, InstClass load,
                                  InstClass store, InstClass atomic) {
  if (row.atomic != AtomicKind::None)
    kind = atomic;
  else if (isStore(row.op))
    kind = store;
  else
    kind = load;
}

void FieldDecoder::ds() {
  const std::string &name = c.mnemonic;
  bool acc = (w0 >> 25) & 1;
  unsigned address = w1 & 255, data0 = (w1 >> 8) & 255,
           data1 = (w1 >> 16) & 255;
  unsigned vdst = w1 >> 24;
  inst.imm = w0 & 0xffffu;
  if ((w0 >> 16) & 1)
    return refuse("global data share is not implemented");
  if (const DsRow *row = lookUp(opcodeTables().dsSpecial, name)) {
    if (!(row->chips & c.chip->bit))
      return refuse(kNotImplemented);
    kind = row->kind;
    inst.run = row->fn;
    meta.traits = row->traits;
    if (row->address)
      inst.sdst = vgpr(address, 1, false);
    if (row->data)
      inst.data = vgpr(data0, row->data, acc);
    if (row->results)
      inst.dst = vgpr(vdst, row->results, acc);
    return;
  }
  std::string key = name.substr(3);
  size_t rtn = key.find("_rtn");
  bool returns = rtn != std::string::npos;
  if (returns)
    key.erase(rtn, 4);
  bool two = startsWith(key, "read2") || startsWith(key, "write2") ||
             startsWith(key, "wrxchg2");
  bool stride64 = false;
  if (two) {
    size_t digit = key.find('2');
    stride64 = key.compare(digit, 5, "2st64") == 0;
    key.erase(digit, stride64 ? 5 : 1);
  }
  const MemRow *row = lookUp(opcodeTables().ds, key);
  if (!row || !(row->chips & c.chip->bit))
    return refuse(kNotImplemented);
  inst.run = runDs;
  inst.op = row;
  meta.traits = traitsOf(*row);
  setMemoryClass(*row, InstClass::DsRead, InstClass::DsWrite,
                 InstClass::DsAtomic);
  inst.flags = (two ? MemTwo : 0) | (stride64 ? MemStride64 : 0) |
               (returns ? MemReturn : 0);
  inst.sdst = vgpr(address, 1, false);
  unsigned words = row->dwords;
  bool load = kind == InstClass::DsRead;
  if (load || returns)
    inst.dst = vgpr(vdst, two ? 2 * words : words, acc);
  if (load || returns || two)
    kind = load ? kind : InstClass::DsAtomic;
  if (two && !load && !returns)
    kind = InstClass::DsWrite;
  if (!load)
    inst.data = vgpr(data0, words, acc);
  if ((two && !load) || row->atomic == AtomicKind::CmpSwap ||
      row->atomic == AtomicKind::FCmpSwap || row->atomic == AtomicKind::Wrap ||
      row->atomic == AtomicKind::MSkOr)
    inst.data1 = vgpr(data1, words, acc);
}

const MemRow *FieldDecoder::memRow(std::string name) {
  if (startsWith(name, "load_lds_")) {
    name.erase(5, 4);
    inst.flags |= MemLds;
  }
  const MemRow *row = lookUp(opcodeTables().vmem, name);
  if (!row || !(row->chips & c.chip->bit)) {
    refuse(kNotImplemented);
    return nullptr;
  }
  inst.op = row;
  meta.traits = traitsOf(*row) | (inst.flags & MemLds ? M0Late : 0);
  return row;
}

/// Stores of more than 64 bits read their data after issue.
void FieldDecoder::markWideStore(unsigned dwords) {
  if ((kind == InstClass::VmemStore || kind == InstClass::FlatStore) &&
      dwords > 2)
    meta.traits |= WideStore;
}

void FieldDecoder::flat() {
  const std::string &name = c.mnemonic;
  unsigned segment = (w0 >> 14) & 3;
  const char *prefixes[] = {"flat_", "scratch_", "global_"};
  if (segment == 3 || !startsWith(name, prefixes[segment]))
    return refuse(kNotImplemented);
  const MemRow *row = memRow(name.substr(strlen(prefixes[segment])));
  if (!row)
    return;
  bool acc = (w1 >> 23) & 1;
  unsigned address = w1 & 255, data = (w1 >> 8) & 255, vdst = w1 >> 24;
  unsigned saddr = (w1 >> 16) & 127;
  if ((w0 >> 25) & 1)
    inst.flags |= MemScoped;
  inst.imm = segment == 0 ? w0 & 0xfffu : uint32_t(int32_t(w0 << 19) >> 19);
  bool hasSaddr = segment != 0 && saddr != 0x7f;
  if (hasSaddr) {
    inst.flags |= MemSaddr;
    inst.src[0].kind = SrcKind::Sgpr;
    inst.src[0].index = saddr;
    if (saddr + (segment == 2 ? 2 : 1) > 128)
      refuse("scalar register operand out of range");
  }
  if (segment == 1) {
    inst.run = runScratch;
    if ((w0 >> 13) & 1) {
      inst.flags |= MemVaddr;
      inst.dst = vgpr(address, 1, false);
    }
    setMemoryClass(*row, InstClass::VmemLoad, InstClass::VmemStore,
                   InstClass::VmemAtomic);
    meta.traits |= kind == InstClass::VmemStore ? Spills : 0;
  } else {
    inst.run = segment == 0 ? runFlat : runGlobal;
    inst.dst = vgpr(address, hasSaddr ? 1 : 2, false);
    if (segment == 0)
      setMemoryClass(*row, InstClass::FlatLoad, InstClass::FlatStore,
                     InstClass::FlatAtomic);
    else
      setMemoryClass(*row, InstClass::VmemLoad, InstClass::VmemStore,
                     InstClass::VmemAtomic);
  }
  if (inst.flags & MemLds) {
    kind = InstClass::LdsDma;
    return;
  }
  bool load = kind == InstClass::VmemLoad || kind == InstClass::FlatLoad;
  bool atomic = row->atomic != AtomicKind::None;
  unsigned words = row->dwords;
  inst.data = vgpr(load ? vdst : data, words, acc);
  markWideStore(words);
  if (atomic && ((w0 >> 16) & 1)) {
    inst.flags |= MemReturn;
    inst.data1 = vgpr(vdst, row->bytes / 4, acc);
  }
}

void FieldDecoder::buffer() {
  const std::string &name = c.mnemonic;
  bool own = startsWith(name, "tbuffer_"); // formats in the instruction
  const MemRow *row = memRow(name.substr(own ? 8 : 7));
  if (!row)
    return;
  if (row->op == MemOp::Control) {
    kind = InstClass::Other;
    inst.run = runNothing;
    return;
  }
  bool typed = isFormat(row->op);
  inst.run = typed ? runTypedBuffer : runBuffer;
  if (own)
    inst.ext = ((w0 >> 19) & 15) | ((w0 >> 23) & 7) << 4 | 0x80;
  bool offen = (w0 >> 12) & 1, idxen = (w0 >> 13) & 1;
  bool lds = !own && ((w0 >> 16) & 1);
  bool acc = (w1 >> 23) & 1;
  inst.imm = w0 & 0xfffu;
  inst.flags |= (offen ? MemOffen : 0) | (idxen ? MemIdxen : 0) |
                (lds ? MemLds : 0) | (!own && ((w0 >> 17) & 1) ? MemNt : 0) |
                (!own && ((w0 >> 15) & 1) ? MemScoped : 0);
  if (offen || idxen)
    inst.dst = vgpr(w1 & 255, offen && idxen ? 2 : 1, false);
  inst.src[0].kind = SrcKind::Sgpr;
  inst.src[0].index = ((w1 >> 16) & 31) * 4;
  if (inst.src[0].index + 4 > 128)
    refuse("scalar register operand out of range");
  inst.src[1] = source(w1 >> 24, ValueType::B32);
  setMemoryClass(*row, InstClass::VmemLoad, InstClass::VmemStore,
                 InstClass::VmemAtomic);
  if (lds && typed)
    return refuse("a typed load to LDS is not implemented");
  if (lds) {
    kind = InstClass::LdsDma;
    meta.traits |= M0Late;
    return;
  }
  unsigned words = row->dwords;
  if (typed && row->op != MemOp::FormatLoad && row->op != MemOp::FormatStore)
    words = (words + 1) / 2;
  inst.data = vgpr((w1 >> 8) & 255, words, acc);
  // With an offset in a register they read it before.
  if (inst.src[1].kind != SrcKind::Sgpr)
    markWideStore(words);
  inst.data1 = inst.data;
  if (row->atomic != AtomicKind::None && ((w0 >> 14) & 1))
    inst.flags |= MemReturn;
}

} // namespace moe::emulator
