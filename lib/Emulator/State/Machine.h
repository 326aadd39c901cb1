//===- Machine.h - the state of a running kernel ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared by the handlers of all instruction families: a decoded instruction, a
// wave, its workgroup, the address space. Standard library only, so that the
// vectorised families can include it. Handlers are in the other folders.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_STATE_MACHINE_H
#define MOE_LIB_EMULATOR_STATE_MACHINE_H

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace moe::emulator {

class PageSource;
struct Wave;
struct Inst;
struct Workgroup;
struct Program;
struct ChipFeatures;
class AccessObserver;

/// Forces inlining. Translation units compiled for different host instruction
/// sets share inline functions, and the linker keeps one copy of each, which
/// may use instructions that this host does not have.
#define MOE_EMU_INLINE inline __attribute__((always_inline))

using Row = uint32_t[64];
using Handler = void (*)(Wave &, const Inst &);

//===----------------------------------------------------------------------===//
// Operands and instructions
//===----------------------------------------------------------------------===//

enum class SrcKind : uint8_t {
  None,
  Vgpr,     ///< index = row of the unified file
  Sgpr,     ///< index = 0..127
  Special,  ///< index = encoding 235..253, read through Wave::special
  Const,    ///< value; 64-bit: zero-extended
  ConstNeg, ///< value; 64-bit: sign-extended
  ConstHi,  ///< value is the upper half of 64 bits, the lower is zero
  ConstPi64 ///< 1/(2*pi) as f64
};

struct Src {
  SrcKind kind = SrcKind::None;
  uint8_t pad = 0;
  uint16_t index = 0;
  uint32_t value = 0;
};

/// Bits of Inst::mods.
enum Mods : uint32_t {
  ModNeg0 = 1 << 0,      // 3 bits
  ModAbs0 = 1 << 3,      // 3 bits
  ModOpSel0 = 1 << 6,    // 4 bits
  ModOpSelHi0 = 1 << 10, // 3 bits
  ModNegHi0 = 1 << 13,   // 3 bits
  ModClamp = 1 << 16,
  ModOmod0 = 1 << 17, // 2 bits
  ModSdwa = 1 << 19,
  ModDpp = 1 << 20,
  ModVop3 = 1 << 21,
  ModVop3p = 1 << 22,
};
inline unsigned modNeg(uint32_t m) { return m & 7; }
inline unsigned modAbs(uint32_t m) { return (m >> 3) & 7; }
inline unsigned modOpSel(uint32_t m) { return (m >> 6) & 15; }
inline unsigned modOpSelHi(uint32_t m) { return (m >> 10) & 7; }
inline unsigned modNegHi(uint32_t m) { return (m >> 13) & 7; }
inline unsigned modOmod(uint32_t m) { return (m >> 17) & 3; }

/// One decoded instruction. Each family documents how it uses the fields at the
/// top of its source file.
struct alignas(64) Inst {
  Handler run = nullptr;
  const void *op = nullptr; ///< row of the family's opcode table
  Src src[3];
  uint16_t dst = 0;  ///< VGPR row or SGPR index
  uint16_t sdst = 0; ///< SGPR of a mask or carry
  uint32_t imm = 0;  ///< literal, offset or branch target (instruction index)
  uint32_t mods = 0;
  uint32_t ext = 0;    ///< SDWA or DPP word, MFMA fields
  uint16_t data = 0;   ///< VMEM/DS: row of the data
  uint16_t data1 = 0;  ///< DS: row of the second data
  uint16_t flags = 0;  ///< family flags
  bool vector = false; ///< op is a ValuRow: VOP1, VOP2, VOPC, VOP3
  /// Length of the straight-line run that starts here: only its last
  /// instruction may branch, stop the wave or read its counters.
  uint8_t runLength = 1;
};

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

struct Region {
  uint64_t base = 0, size = 0;
  uint8_t *data = nullptr;
  PageSource *pages = nullptr;
  bool readOnly = false;
  std::string name;
};

/// The 48-bit global address space in slots of 64 GiB. A region whose address
/// is chosen here starts a slot (1 MiB in, so that small negative offsets miss
/// it) and may span several; regions at given addresses may share a slot.
class Memory {
public:
  static constexpr unsigned slotBits = 36;
  static constexpr uint64_t lead = 1 << 20;
  Memory() : slots(1u << 11, nullptr) {}
  Memory(const Memory &) = delete;
  ~Memory() {
    for (Region *region : regions)
      delete region;
  }
  /// Maps a region and returns its address, or 0 when the space is full.
  uint64_t map(Region region);
  /// Maps regions at their own addresses, before any call of map. False where
  /// they are not sorted by address, overlap, or lie outside the space or in
  /// slot 1, where the first region of map goes.
  bool mapAt(std::vector<Region> list);

  /// Host bytes of [address, address + bytes), null when not mapped as a whole
  /// in one piece. `bytes` is at most 64.
  uint8_t *find(uint64_t address, uint64_t bytes) const {
    const Region *region = regionOf(address);
    if (!region)
      return nullptr;
    uint64_t offset = address - region->base;
    if (offset >= region->size || region->size - offset < bytes)
      return nullptr;
    if (region->data)
      return region->data + offset;
    return findPage(*region, offset, bytes);
  }
  bool load(uint64_t address, void *target, unsigned bytes) const {
    if (const uint8_t *host = find(address, bytes)) {
      memcpy(target, host, bytes);
      return true;
    }
    return slowCopy(address, target, nullptr, bytes);
  }
  bool store(uint64_t address, const void *source, unsigned bytes) const {
    uint8_t *host = findWritable(address, bytes);
    if (host) {
      memcpy(host, source, bytes);
      return true;
    }
    return slowCopy(address, nullptr, source, bytes);
  }
  uint8_t *findWritable(uint64_t address, uint64_t bytes) const {
    uint8_t *host = find(address, bytes);
    return host && !regionOf(address)->readOnly ? host : nullptr;
  }
  /// "17 bytes past the end of buffer 'x' (4096 bytes)" and the like.
  std::string describe(uint64_t address, unsigned bytes) const;
  /// The region of an address, or the one nearest to it in its slot.
  const Region *regionOf(uint64_t address) const {
    uint64_t slot = address >> slotBits;
    const Region *region = slot < slots.size() ? slots[slot] : nullptr;
    return region == &crowded ? nearest(address) : region;
  }

private:
  /// In `slots`: several regions at given addresses lie there.
  static Region crowded;
  const Region *nearest(uint64_t address) const;
  uint8_t *findPage(const Region &region, uint64_t offset,
                    uint64_t bytes) const;
  bool slowCopy(uint64_t address, void *target, const void *source,
                unsigned bytes) const;
  std::vector<Region *> regions;
  std::vector<Region *> slots;
  std::vector<Region *> given; ///< at their own addresses, sorted
  uint64_t nextSlot = 1;
};

//===----------------------------------------------------------------------===//
// Waves
//===----------------------------------------------------------------------===//

enum class Stop : uint8_t { None, End, Barrier, Yield, Fault };

/// Encodings of scalar operands.
enum : unsigned {
  SgprFlatScratch = 102,
  SgprVcc = 106,
  SgprM0 = 124,
  SgprExec = 126
};

/// LDS and private apertures of flat addressing: the upper 32 bits.
constexpr uint32_t sharedAperture = 0x00010000;
constexpr uint32_t privateAperture = 0x00020000;

/// "0x1f40".
std::string hexAddress(uint64_t value);

struct Counters;

struct alignas(64) Wave {
  alignas(64) uint32_t execMask[64]; ///< all ones where EXEC is set
  alignas(64) uint32_t s[128];
  Row *v = nullptr; ///< unified vector registers; after these, spare rows
  const Inst *pc = nullptr;
  const Inst *inst = nullptr; ///< being executed; for messages
  const Inst *code = nullptr;
  Workgroup *group = nullptr;
  uint8_t *scratch = nullptr; ///< lane-major: lane * scratchSize
  uint32_t scratchSize = 0;
  uint32_t mode = 0;
  uint32_t rows = 0;
  bool scc = false, execFull = false;
  const ChipFeatures *chip = nullptr;
  bool keepsHalves = false; ///< D16 loads do: the object excludes SRAM-ECC
  bool cdna3Sums = false;   ///< of matrix instructions, see Math/Cdna3Sums.h
  Stop stop = Stop::None;
  uint8_t id = 0; ///< in its workgroup
  /// Written at the start: the first `filledSgprs`, and those from `userSgprs`
  /// to `initialSgprs`.
  uint8_t filledSgprs = 0, userSgprs = 0, initialSgprs = 0;
  uint64_t executed = 0;
  AccessObserver *observer = nullptr; ///< told of memory accesses; may be null
  Counters *counters = nullptr;
  std::string error;

  MOE_EMU_INLINE uint64_t s64(unsigned index) const {
    return s[index] | uint64_t(s[index + 1]) << 32;
  }
  MOE_EMU_INLINE uint64_t exec() const { return s64(SgprExec); }
  MOE_EMU_INLINE uint64_t vcc() const { return s64(SgprVcc); }
  MOE_EMU_INLINE void setS(unsigned index, uint32_t value) {
    s[index] = value;
    if (index >= SgprExec)
      execChanged();
  }
  MOE_EMU_INLINE void setS64(unsigned index, uint64_t value) {
    s[index] = uint32_t(value);
    s[index + 1] = uint32_t(value >> 32);
    if (index >= SgprExec)
      execChanged();
  }
  /// Recomputes execMask and execFull from EXEC.
  void execChanged();
  /// Value of a special scalar operand (encodings 235 to 253).
  uint64_t special(unsigned encoding) const;
  MOE_EMU_INLINE uint32_t scalar(const Src &src) const {
    switch (src.kind) {
    case SrcKind::Sgpr:
      return s[src.index];
    case SrcKind::Special:
      return uint32_t(special(src.index));
    default:
      return src.value;
    }
  }
  MOE_EMU_INLINE uint64_t scalar64(const Src &src) const {
    switch (src.kind) {
    case SrcKind::Sgpr:
      return s64(src.index);
    case SrcKind::Special:
      return special(src.index);
    case SrcKind::ConstNeg:
      return uint64_t(int64_t(int32_t(src.value)));
    case SrcKind::ConstHi:
      return uint64_t(src.value) << 32;
    case SrcKind::ConstPi64:
      return 0x3fc45f306dc9c882ull;
    default:
      return src.value;
    }
  }
  /// Stops the run with a message; the scheduler adds place and disassembly.
  void fault(std::string message);
  /// The same for the vectorised families, which build no strings.
  void faultShift(unsigned amount);
  void faultAddress(const char *what, unsigned lane, uint64_t address,
                    unsigned bytes);
};

/// What --stats counts beyond instructions, per thread.
struct Counters {
  uint64_t globalRead = 0, globalWritten = 0, globalAtomics = 0;
  uint64_t ldsRead = 0, ldsWritten = 0, ldsConflicts = 0;
  /// Executions by instruction index, as differences to the instruction before.
  std::vector<uint64_t> perInst;
};

/// Handlers of instructions that do nothing here, and of those that are not
/// implemented: these fault.
void runNothing(Wave &w, const Inst &I);
void runUnimplemented(Wave &w, const Inst &I);

struct Workgroup {
  std::vector<uint8_t> lds;
  uint32_t ldsSize = 0;
  uint32_t id[3] = {0, 0, 0};
  std::vector<Wave *> waves;
  const Program *program = nullptr;
  Memory *memory = nullptr;
  /// Of an instruction or, without one, of the launch.
  void (*warn)(void *, const std::string &, const Inst *) = nullptr;
  void *warnContext = nullptr;
  std::vector<const Inst *> beyondLds; ///< instructions that were warned of
  /// What an access beyond the LDS of the chip gets in its place.
  alignas(16) uint8_t outside[16] = {};
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_STATE_MACHINE_H
