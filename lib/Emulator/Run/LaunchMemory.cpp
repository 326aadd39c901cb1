//===- LaunchMemory.cpp - memory and registers at the start ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The address space of a launch (code object, buffers, kernel arguments,
// packet) and the user SGPRs that point into it.
//
//===----------------------------------------------------------------------===//

#include "Run/Kernarg.h"
#include "Run/LaunchRun.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using namespace moe::emulator;

static Error failure(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

uint64_t LaunchRun::mapReadOnly(std::vector<uint8_t> &bytes, const char *name) {
  Region region;
  region.size = bytes.size();
  region.data = bytes.data();
  region.readOnly = true;
  region.name = name;
  return memory.map(std::move(region));
}

/// The caller's memory at the caller's addresses.
Error LaunchRun::mapGiven() {
  std::vector<Region> regions;
  for (const Mapping &mapping : launch.mappings) {
    Region region;
    region.base = mapping.address;
    region.size = mapping.bytes.size();
    region.data = mapping.bytes.data();
    region.name = mapping.name;
    regions.push_back(std::move(region));
  }
  llvm::sort(regions,
             [](const Region &a, const Region &b) { return a.base < b.base; });
  for (const Region &region : regions)
    if (region.size && region.size <= 65536)
      globals.watch(region.base);
  if (!memory.mapAt(std::move(regions)))
    return failure("expected memory mapped in [1, 2^47) without overlaps and "
                   "outside [2^36, 2^37)");
  return Error::success();
}

Error LaunchRun::mapMemory() {
  if (Error error = mapGiven())
    return error;
  Region code;
  code.name = "code object";
  code.size = object.image().size();
  if (!launch.image.empty() && launch.image.size() != code.size)
    return failure("expected an image of " + Twine(code.size) + " bytes, got " +
                   Twine(launch.image.size()));
  code.data = launch.image.data();
  if (launch.image.empty()) {
    Expected<HostBuffer> copy = HostBuffer::allocate(code.size);
    if (!copy)
      return copy.takeError();
    image = std::move(*copy);
    object.fillImage(image.bytes());
    code.data = image.data();
  }
  uint64_t imageBase = memory.map(std::move(code));
  if (imageBase != program->imageBase)
    return failure("internal: the code object is mapped at another address");
  // Compilers widen scalar loads to a power of two, past the last argument; the
  // segment that the runtime allocates is larger too.
  kernarg.assign(kernel->kernargSize / 64 * 64 + 128, 0);
  packet.assign(64, 0);
  queue.assign(256, 0);
  queueAddress = mapReadOnly(queue, "queue");
  if (launch.kernarg)
    llvm::copy(*launch.kernarg, kernarg.begin());
  if (Error error = fillExplicit(*kernel, launch, places, memory, kernarg,
                                 [&](uint64_t at) { globals.watch(at); }))
    return error;
  fillHidden(*kernel, launch, queueAddress, kernarg);
  kernargAddress = mapReadOnly(kernarg, "kernel arguments");
  using namespace support::endian;
  for (unsigned d = 0; d < 3; ++d) {
    write16le(packet.data() + 4 + 2 * d, launch.block[d]);
    write32le(packet.data() + 12 + 4 * d, launch.grid[d] * launch.block[d]);
  }
  write32le(packet.data() + 24, kernel->scratchSize);
  write32le(packet.data() + 28, state.ldsSize);
  write64le(packet.data() + 32, imageBase + kernel->descriptorAddress);
  write64le(packet.data() + 40, kernargAddress);
  packetAddress = mapReadOnly(packet, "dispatch packet");
  return Error::success();
}

/// User SGPRs in the order of the descriptor's bits, then preloaded arguments;
/// what no bit fills up to their number is undefined.
Error LaunchRun::fillSgprs() {
  std::vector<uint32_t> &s = state.userSgprs;
  unsigned count = (kernel->rsrc2 >> 1) & 31;
  auto wide = [&](uint64_t value) {
    s.push_back(uint32_t(value));
    s.push_back(uint32_t(value >> 32));
  };
  uint16_t bits = kernel->codeProperties;
  if (bits & 1)
    s.resize(4, 0);
  if (bits & 2)
    wide(packetAddress);
  if (bits & 4)
    wide(queueAddress);
  if (bits & 8)
    wide(kernargAddress);
  if (bits & 16)
    wide(0);
  if (bits & 32)
    wide(0);
  if (bits & 64)
    s.push_back(kernel->scratchSize);
  unsigned length = kernel->kernargPreload & 0x7f;
  unsigned offset = (kernel->kernargPreload >> 7) & 0x1ff;
  for (unsigned i = 0; i < length; ++i) {
    uint64_t at = uint64_t(offset + i) * 4;
    s.push_back(at + 4 <= kernarg.size()
                    ? support::endian::read32le(kernarg.data() + at)
                    : 0);
  }
  if (s.size() > count)
    return failure("kernel '" + kernel->name + "': its descriptor asks for " +
                   Twine(s.size()) + " user SGPRs but counts " + Twine(count));
  state.filledSgprs = unsigned(s.size());
  s.resize(count, 0);
  return Error::success();
}
