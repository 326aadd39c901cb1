//===- Options.cpp - names of sanitizers, adding up counters --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The small parts of the emulator's public interface: names of sanitizers,
// adding up counters. Nothing here runs a kernel.
//
//===----------------------------------------------------------------------===//

#include "moe/Emulator/Emulator.h"

#include "llvm/ADT/SmallVector.h"

using namespace llvm;
using namespace moe::emulator;

Expected<uint32_t> moe::emulator::parseSanitizers(StringRef list) {
  // Accesses out of bounds are errors with or without a sanitizer.
  static const std::pair<StringRef, uint32_t> names[] = {
      {"wait", SanitizeWait},
      {"race", SanitizeRace},
      {"uninit", SanitizeUninit},
      {"bounds", SanitizeNone},
      {"exec", SanitizeExec},
      {"hazard", SanitizeHazard},
      {"hazard=strict", SanitizeHazard | SanitizeHazardStrict},
      {"all", SanitizeAll},
      {"none", SanitizeNone}};
  uint32_t bits = 0;
  SmallVector<StringRef, 8> parts;
  list.split(parts, ',');
  for (StringRef part : parts) {
    auto *it = find_if(names, [&](auto &entry) { return entry.first == part; });
    if (it == std::end(names))
      return createStringError(inconvertibleErrorCode(),
                               "unknown sanitizer '" + part +
                                   "', expected wait, race, uninit, bounds, "
                                   "exec, hazard, hazard=strict, all or none");
    bits |= it->second;
  }
  return bits;
}

Expected<Interleave> moe::emulator::parseInterleave(StringRef name) {
  if (name == "barrier")
    return Interleave::Barrier;
  if (name == "lockstep")
    return Interleave::Lockstep;
  if (name == "random")
    return Interleave::Random;
  return createStringError(inconvertibleErrorCode(),
                           "expected barrier, lockstep or random, got '" +
                               name + "'");
}

Expected<MfmaArithmetic> moe::emulator::parseMfmaArithmetic(StringRef name) {
  if (name == "default")
    return MfmaArithmetic::Default;
  if (name == "cdna3")
    return MfmaArithmetic::Cdna3;
  return createStringError(inconvertibleErrorCode(),
                           "expected default or cdna3, got '" + name + "'");
}

void Stats::add(const Stats &other) {
  static uint64_t Stats::*const fields[] = {&Stats::instructions,
                                            &Stats::workgroups,
                                            &Stats::waves,
                                            &Stats::valu,
                                            &Stats::trans,
                                            &Stats::cvt,
                                            &Stats::mfma,
                                            &Stats::salu,
                                            &Stats::smem,
                                            &Stats::vmem,
                                            &Stats::flat,
                                            &Stats::lds,
                                            &Stats::waitcnt,
                                            &Stats::barrier,
                                            &Stats::branch,
                                            &Stats::nop,
                                            &Stats::other,
                                            &Stats::globalBytesRead,
                                            &Stats::globalBytesWritten,
                                            &Stats::globalAtomics,
                                            &Stats::ldsBytesRead,
                                            &Stats::ldsBytesWritten,
                                            &Stats::ldsBankConflicts};
  for (auto field : fields)
    this->*field += other.*field;
}
