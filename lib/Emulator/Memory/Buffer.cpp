//===- Buffer.cpp - MUBUF and MTBUF ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Buffer instructions: the descriptor, addresses (linear and swizzled), range
// checks, plain and typed accesses. What a lane does at its address is in
// GlobalMemory.cpp; formats of elements are in Math/BufferFormat.h.
//
// Fields of Inst: op = MemRow, dst = row of index and offset, data = row of the
// data, imm = offset, flags = MemFlags, src[0] = descriptor SGPRs, src[1] =
// soffset, ext = data format [3:0], numeric format [6:4] and bit 7 when the
// instruction has them.
//
//===----------------------------------------------------------------------===//

#include "Math/BufferFormat.h"
#include "Memory/Access.h"

namespace moe::emulator {

namespace {

struct Descriptor {
  uint64_t base;
  uint64_t limit; ///< NUM_RECORDS
  uint32_t stride, indexStride;
  uint32_t dataFormat;
  bool swizzle, addTid;
};

Descriptor readDescriptor(const uint32_t *r) {
  Descriptor d;
  d.base = r[0] | uint64_t(r[1] & 0xffffu) << 32;
  d.stride = (r[1] >> 16) & 0x3fff;
  d.swizzle = r[1] >> 31;
  d.limit = r[2];
  d.dataFormat = (r[3] >> 15) & 15;
  d.indexStride = 8u << ((r[3] >> 21) & 3);
  d.addTid = (r[3] >> 23) & 1;
  if (d.addTid) // DATA_FORMAT holds more bits of the stride
    d.stride |= d.dataFormat << 14;
  return d;
}

/// One access of one lane: index and offset as the instruction gives them.
struct Element {
  const Descriptor &d;
  uint64_t index = 0, soffset = 0;
  uint32_t offset = 0;
  bool idxen = false;

  /// Bytes from the base to the byte `at` of the access, without soffset.
  uint64_t bufferOffset(uint32_t at) const {
    uint64_t o = uint64_t(offset) + at;
    if (!d.swizzle || !d.stride)
      return index * d.stride + o;
    // Elements of four bytes of indexStride records lie side by side.
    uint64_t block = index / d.indexStride, lane = index % d.indexStride;
    return (block * d.stride + o / 4 * 4) * d.indexStride + lane * 4 + o % 4;
  }
  uint64_t address(uint32_t at) const {
    return d.base + soffset + bufferOffset(at);
  }
  /// NUM_RECORDS counts records for an access with an index, else bytes.
  bool outOfRange(uint32_t at, unsigned bytes, uint64_t extra) const {
    if (d.stride && idxen)
      return index >= d.limit;
    return index * d.stride + offset + at + extra + bytes > d.limit;
  }
};

Element elementOf(const Wave &w, const Inst &I, const Descriptor &d,
                  unsigned lane) {
  Element e{d};
  e.idxen = I.flags & MemIdxen;
  e.index = e.idxen ? w.v[I.dst][lane] : 0;
  if (d.addTid)
    e.index += lane;
  e.offset = I.imm;
  if (I.flags & MemOffen)
    e.offset += w.v[I.dst + (e.idxen ? 1 : 0)][lane];
  e.soffset = w.scalar(I.src[1]);
  return e;
}

void warnOnce(Wave &w, const char *text) {
  if (w.group->warn)
    w.group->warn(w.group->warnContext, text, nullptr);
}

/// Copies bytes between a lane's registers and memory, dword by dword if the
/// buffer is swizzled. False after a fault.
bool moveBytes(Wave &w, const Element &e, unsigned lane, uint32_t at,
               unsigned bytes, void *values, bool store) {
  auto *host = static_cast<uint8_t *>(values);
  bool pieces = e.d.swizzle && e.d.stride;
  for (unsigned done = 0; done < bytes;) {
    unsigned rest = bytes - done;
    unsigned step = pieces ? 4 - (e.offset + at + done) % 4 : rest;
    step = step < rest ? step : rest;
    uint64_t address = e.address(at + done);
    if (w.observer)
      w.observer->global(w, address, step,
                         store ? GlobalAccess::Write : GlobalAccess::Read,
                         store ? host + done : nullptr);
    if (store ? !w.group->memory->store(address, host + done, step)
              : !w.group->memory->load(address, host + done, step)) {
      w.faultAddress(store ? "store" : "load", lane, address, step);
      return false;
    }
    done += step;
  }
  if (w.counters)
    (store ? w.counters->globalWritten : w.counters->globalRead) += bytes;
  return true;
}

/// Result of an access out of range: loads give zero, stores do nothing.
void giveZero(Wave &w, const Inst &I, const MemRow &row, unsigned lane) {
  const uint32_t zeros[4] = {0, 0, 0, 0};
  if (isStore(row.op))
    return;
  if (isAtomic(row)) {
    if (I.flags & MemReturn)
      for (unsigned k = 0; k < row.bytes / 4; ++k)
        w.v[I.data1 + k][lane] = 0;
  } else if (I.flags & MemLds) {
    toLds(w, I, row, lane, zeros);
  } else {
    placeLoad(w, I, row, lane, zeros);
  }
}

/// A load or store that is not entirely in range or not contiguous: range is
/// checked for each dword.
void byParts(Wave &w, const Inst &I, const MemRow &row, const Element &e,
             unsigned lane) {
  uint32_t values[4] = {0, 0, 0, 0};
  bool store = isStore(row.op);
  if (store)
    takeStore(w, I, row, lane, values);
  unsigned size = row.bytes > 4 ? 4 : row.bytes;
  for (unsigned at = 0; at < row.bytes; at += size)
    if (!e.outOfRange(at, size, e.soffset) &&
        !moveBytes(w, e, lane, at, size, &values[at / 4], store))
      return;
  if (store)
    return;
  if (I.flags & MemLds)
    toLds(w, I, row, lane, values);
  else
    placeLoad(w, I, row, lane, values);
}

void bufferLane(Wave &w, const Inst &I, const MemRow &row, const Element &e,
                unsigned lane, bool &differs) {
  if (!e.outOfRange(0, row.bytes, e.soffset)) {
    if (!e.d.swizzle || !e.d.stride || isAtomic(row))
      return void(globalLane(w, I, row, lane, e.address(0)));
  } else {
    differs |= !e.outOfRange(0, row.bytes, 0);
    if (isAtomic(row))
      return giveZero(w, I, row, lane);
  }
  byParts(w, I, row, e, lane);
}

/// Whether the access can go on: an unbound resource or a value that is not a
/// buffer descriptor is handled here.
bool usable(Wave &w, const Inst &I, const MemRow &row, const Descriptor &d) {
  if (w.s[I.src[0].index + 3] >> 30) {
    w.fault("the descriptor in s" + std::to_string(I.src[0].index) +
            " is no buffer: its type is " +
            std::to_string(w.s[I.src[0].index + 3] >> 30) + ", expected 0");
    return false;
  }
  if (d.swizzle && d.stride && !d.addTid && !(I.flags & MemIdxen)) {
    w.fault("a swizzled buffer descriptor with a stride needs an index "
            "(idxen or ADD_TID_ENABLE)");
    return false;
  }
  if (d.dataFormat || d.addTid)
    return true;
  warnOnce(w, "a buffer descriptor has DATA_FORMAT 0 (invalid): the resource "
              "is unbound, loads give zero and stores are dropped");
  for (uint64_t m = w.exec(); m && w.stop != Stop::Fault; m &= m - 1)
    giveZero(w, I, row, laneOf(m));
  return false;
}

} // namespace

void runBuffer(Wave &w, const Inst &I) {
  if (fastBuffer(w, I))
    return;
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  Descriptor d = readDescriptor(&w.s[I.src[0].index]);
  if (!usable(w, I, row, d))
    return;
  bool differs = false;
  for (uint64_t m = w.exec(); m && w.stop != Stop::Fault; m &= m - 1) {
    unsigned lane = laneOf(m);
    bufferLane(w, I, row, elementOf(w, I, d, lane), lane, differs);
  }
  if (differs)
    warnOnce(w, "a buffer access is out of range only because soffset counts "
                "in the range check; the manual leaves it out");
}

//===----------------------------------------------------------------------===//
// Typed
//===----------------------------------------------------------------------===//

namespace {

using math::NumberFormat;

/// Formats of a typed access.
struct Typed {
  const math::ElementLayout *layout;
  NumberFormat format;
  uint8_t select[4]; ///< DST_SEL: 0, 1, 4 + channel
  bool half;         ///< D16
};

/// False after a fault: a pair of formats that the manual does not define.
bool readTyped(Wave &w, const Inst &I, const MemRow &row, Typed &t) {
  uint32_t word3 = w.s[I.src[0].index + 3];
  bool own = I.ext & 0x80;
  unsigned data = own ? I.ext & 15 : (word3 >> 15) & 15;
  unsigned number = own ? (I.ext >> 4) & 7 : (word3 >> 12) & 7;
  t.layout = &math::elementLayout(data);
  t.format = NumberFormat(number);
  t.half = row.op != MemOp::FormatLoad && row.op != MemOp::FormatStore;
  bool defined = t.layout->channels != 0;
  for (unsigned c = 0; c < t.layout->channels; ++c) {
    defined &= math::hasNumberFormat(t.layout->bits[c], t.format);
    // The manuals do not say how 32-bit integers become 16-bit ones.
    defined &=
        !t.half || !math::isIntegerFormat(t.format) || t.layout->bits[c] <= 16;
  }
  if (!defined) {
    w.fault("data format " + std::to_string(data) + " with numeric format " +
            std::to_string(number) + " is not defined for this instruction");
    return false;
  }
  for (unsigned c = 0; c < 4; ++c) {
    t.select[c] = own ? 4 + c : (word3 >> (3 * c)) & 7;
    if (c < row.dwords && (t.select[c] == 2 || t.select[c] == 3)) {
      w.fault("channel select " + std::to_string(t.select[c]) +
              " of a buffer descriptor is reserved");
      return false;
    }
  }
  return true;
}

/// Bits of a channel within an element.
uint32_t channelBits(const math::ElementLayout &layout, const uint8_t *element,
                     unsigned channel) {
  unsigned at = 0;
  for (unsigned c = 0; c < channel; ++c)
    at += layout.bits[c];
  unsigned bits = layout.bits[channel];
  uint64_t word = 0;
  memcpy(&word, element + at / 8, (at % 8 + bits + 7) / 8);
  return uint32_t((word >> (at % 8)) & ((uint64_t(1) << bits) - 1));
}
void setChannelBits(const math::ElementLayout &layout, uint8_t *element,
                    unsigned channel, uint32_t value) {
  unsigned at = 0;
  for (unsigned c = 0; c < channel; ++c)
    at += layout.bits[c];
  unsigned bytes = (at % 8 + layout.bits[channel] + 7) / 8;
  uint64_t word = 0;
  memcpy(&word, element + at / 8, bytes);
  word |= uint64_t(value) << (at % 8);
  memcpy(element + at / 8, &word, bytes);
}

/// The 16 or 32 bits of one channel of the result.
uint32_t selected(const Typed &t, const uint8_t *element, bool inRange,
                  unsigned channel) {
  unsigned select = t.select[channel];
  bool integer = math::isIntegerFormat(t.format);
  uint32_t value = 0;
  if (select == 1)
    value = integer ? 1 : 0x3f800000u;
  else if (select >= 4 && select - 4 < t.layout->channels && inRange)
    value = math::fromChannel(channelBits(*t.layout, element, select - 4),
                              t.layout->bits[select - 4], t.format);
  if (t.half)
    value = integer ? value & 0xffffu : math::f32ToF16(math::bitsToF32(value));
  return value;
}

void loadElement(Wave &w, const Inst &I, const MemRow &row, const Typed &t,
                 unsigned lane, const uint8_t *element, bool inRange) {
  for (unsigned c = 0; c < row.dwords; ++c) {
    uint32_t value = selected(t, element, inRange, c);
    uint32_t &target = w.v[I.data + (t.half ? c / 2 : c)][lane];
    bool high = t.half && (c % 2 || row.op == MemOp::FormatLoadD16Hi);
    if (!t.half)
      target = value;
    else if (c % 2)
      target = (target & 0xffffu) | value << 16;
    else
      placeHalf(w, target, value, high);
  }
}

/// Builds the bytes of an element; false after a fault.
bool storeElement(Wave &w, const Inst &I, const MemRow &row, const Typed &t,
                  unsigned lane, uint8_t *element) {
  for (unsigned c = 0; c < 4; ++c) {
    // DST_SEL maps the channel in registers to one in memory.
    unsigned to = t.select[c] >= 4 ? t.select[c] - 4 : 4;
    if (c >= row.dwords || to >= t.layout->channels)
      continue;
    uint32_t value = w.v[I.data + (t.half ? c / 2 : c)][lane];
    if (t.half) {
      bool high = c % 2 || row.op == MemOp::FormatStoreD16Hi;
      value = high ? value >> 16 : value & 0xffffu;
      if (t.format == NumberFormat::Sint)
        value = uint32_t(int32_t(int16_t(value)));
      else if (t.format != NumberFormat::Uint)
        value = math::f32ToBits(math::f16ToF32(value));
    }
    uint32_t raw = 0;
    if (!math::toChannel(value, t.layout->bits[to], t.format, raw)) {
      w.fault("the value " + hexAddress(value) + " of lane " +
              std::to_string(lane) + " does not fit a channel of " +
              std::to_string(t.layout->bits[to]) + " bits");
      return false;
    }
    setChannelBits(*t.layout, element, to, raw);
  }
  return true;
}

} // namespace

/// buffer_*_format_* and tbuffer_*: range-checked as a whole.
void runTypedBuffer(Wave &w, const Inst &I) {
  const MemRow &row = *static_cast<const MemRow *>(I.op);
  Descriptor d = readDescriptor(&w.s[I.src[0].index]);
  MemRow plain = row; // for zeros of an unbound resource
  plain.op = isStore(row.op) ? MemOp::Store : MemOp::Load;
  bool half = row.op != MemOp::FormatLoad && row.op != MemOp::FormatStore;
  plain.dwords = uint8_t(half ? (row.dwords + 1) / 2 : row.dwords);
  Typed t;
  if (!usable(w, I, plain, d) || !readTyped(w, I, row, t))
    return;
  for (uint64_t m = w.exec(); m; m &= m - 1) {
    unsigned lane = laneOf(m);
    Element e = elementOf(w, I, d, lane);
    unsigned bytes = t.layout->bytes;
    bool inRange = !e.outOfRange(0, bytes, e.soffset);
    uint8_t element[16] = {};
    if (isStore(row.op)) {
      if (inRange && (!storeElement(w, I, row, t, lane, element) ||
                      !moveBytes(w, e, lane, 0, bytes, element, true)))
        return;
      continue;
    }
    if (inRange && !moveBytes(w, e, lane, 0, bytes, element, false))
      return;
    loadElement(w, I, row, t, lane, element, inRange);
  }
}

} // namespace moe::emulator
