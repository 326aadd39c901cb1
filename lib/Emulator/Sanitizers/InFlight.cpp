//===- InFlight.cpp - memory operations that have not arrived -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an s_waitcnt proves of the operations that a wave has issued.
//
//===----------------------------------------------------------------------===//

#include "Sanitizers/InFlight.h"

namespace moe::emulator {

/// s_waitcnt on gfx9: vmcnt [3:0] and [15:14], lgkmcnt [11:8]. LDS finishes in
/// order, scalar loads do not: of them only a count of zero proves anything.
void InFlight::wait(WaveQueue &queue, uint32_t simm,
                    const std::function<void(const Op &)> &done) {
  unsigned vm = (simm & 15) | ((simm >> 14) & 3) << 4;
  unsigned lgkm = (simm >> 8) & 15;
  size_t lds = 0;
  for (const Op &op : queue.lgkm)
    lds += op.kind == Kind::Lds;
  for (auto it = queue.lgkm.begin(); it != queue.lgkm.end();) {
    bool proven = lgkm == 0 || (it->kind == Kind::Lds && lds > lgkm);
    if (!proven) {
      ++it;
      continue;
    }
    lds -= it->kind == Kind::Lds;
    if (it->kind == Kind::Flat) {
      for (Op &other : queue.vm)
        if (other.kind == Kind::Flat)
          other.lgkmProven = true;
    } else {
      done(*it);
    }
    it = retire(queue.lgkm, it);
  }
  // FLAT that vmcnt has already proven.
  if (lgkm == 0) {
    for (auto it = queue.vm.begin(); it != queue.vm.end();)
      if (it->kind == Kind::Flat && it->vmProven) {
        done(*it);
        it = retire(queue.vm, it);
      } else {
        ++it;
      }
  }
  size_t counted = 0;
  for (const Op &op : queue.vm)
    counted += !op.vmProven;
  for (auto it = queue.vm.begin(); it != queue.vm.end() && counted > vm;) {
    if (it->vmProven) {
      ++it;
      continue;
    }
    // FLAT may finish out of order: only zero proves it.
    if (it->kind == Kind::Flat && vm != 0)
      break;
    --counted;
    it->vmProven = true;
    if (it->kind == Kind::Flat && !it->lgkmProven) {
      ++it;
      continue;
    }
    done(*it);
    it = retire(queue.vm, it);
  }
}

std::vector<InFlight::Op>::iterator
InFlight::retire(std::vector<Op> &ops, std::vector<Op>::iterator op) {
  if (op->lds.addresses.capacity() && spare.size() < 64)
    spare.push_back(std::move(op->lds));
  return ops.erase(op);
}

LdsAddresses InFlight::freshAddresses() {
  if (spare.empty())
    return LdsAddresses();
  LdsAddresses addresses = std::move(spare.back());
  spare.pop_back();
  addresses.clear();
  return addresses;
}

} // namespace moe::emulator
