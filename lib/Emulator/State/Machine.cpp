//===- Machine.cpp - faults, EXEC and special operands of a wave ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Member functions of Wave that are not inline: faults, EXEC as a mask of lanes
// for vector code, special scalar operands.
//
//===----------------------------------------------------------------------===//

#include "State/Machine.h"

namespace moe::emulator {

std::string hexAddress(uint64_t value) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[value & 15]);
    value >>= 4;
  } while (value);
  return "0x" + text;
}

void runNothing(Wave &, const Inst &) {}

void runUnimplemented(Wave &w, const Inst &) {
  w.fault("instruction not implemented");
}

void Wave::fault(std::string message) {
  if (stop == Stop::Fault)
    return;
  stop = Stop::Fault;
  error = std::move(message);
}

void Wave::faultShift(unsigned amount) {
  fault("a shift above 4 is undefined, got " + std::to_string(amount));
}

void Wave::execChanged() {
  uint64_t mask = exec();
  bool wasFull = execFull;
  execFull = mask == ~uint64_t(0);
  if (execFull) {
    if (!wasFull)
      memset(execMask, 0xff, sizeof(execMask));
    return;
  }
  // Masks instead of shifts, which the baseline's vectors do not have lane by
  // lane.
  static constexpr uint32_t bits[8] = {1, 2, 4, 8, 16, 32, 64, 128};
  for (unsigned byte = 0; byte < 8; ++byte) {
    uint32_t lanes = uint32_t(mask >> 8 * byte) & 255;
    for (unsigned i = 0; i < 8; ++i)
      execMask[8 * byte + i] = lanes & bits[i] ? ~0u : 0u;
  }
}

void Wave::faultAddress(const char *what, unsigned lane, uint64_t address,
                        unsigned bytes) {
  fault(std::string("out-of-bounds ") + what + " of " + std::to_string(bytes) +
        " bytes at " + hexAddress(address) + " by lane " +
        std::to_string(lane) + ": " + group->memory->describe(address, bytes));
}

uint64_t Wave::special(unsigned encoding) const {
  switch (encoding) {
  case 235: // shared_base
    return uint64_t(sharedAperture) << 32;
  case 236: // shared_limit
    return uint64_t(sharedAperture) << 32 | 0xffffffffu;
  case 237: // private_base
    return uint64_t(privateAperture) << 32;
  case 238: // private_limit
    return uint64_t(privateAperture) << 32 | 0xffffffffu;
  case 251:
    return vcc() == 0;
  case 252:
    return exec() == 0;
  case 253:
    return scc;
  default:
    return 0;
  }
}

} // namespace moe::emulator
