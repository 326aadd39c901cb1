//===- Sanitizers.cpp - checks beside the execution -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Hooks that the scheduler and the memory handlers call.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers.h"

#include "Access.h"

namespace moe::emulator {

struct Sanitizers::Impl {
  uint32_t bits;
  const Program &program;
  Sink sink;
};

Sanitizers::Sanitizers(uint32_t bits, const Program &program, Sink sink)
    : impl(new Impl{bits, program, std::move(sink)}) {}
Sanitizers::~Sanitizers() = default;
void Sanitizers::beginGroup(Workgroup &) {}
void Sanitizers::before(Wave &, const Inst &) {}
void Sanitizers::after(Wave &, const Inst &) {}
void Sanitizers::barrier(Workgroup &) {}
void Sanitizers::endWave(Wave &) {}
void Sanitizers::ldsDma(Wave &, const Inst &, uint32_t, uint32_t) {}
void Sanitizers::ldsAccess(Wave &, const Inst &, unsigned, uint32_t, uint32_t,
                           bool) {}

void noteLdsDma(Wave &w, const Inst &I, uint32_t address, uint32_t bytes) {
  w.sanitizers->ldsDma(w, I, address, bytes);
}
void noteLdsAccess(Wave &w, const Inst &I, unsigned lane, uint32_t address,
                   uint32_t bytes, bool write) {
  w.sanitizers->ldsAccess(w, I, lane, address, bytes, write);
}

} // namespace moe::emulator
