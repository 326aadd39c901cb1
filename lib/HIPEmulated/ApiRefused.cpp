//===- ApiRefused.cpp - what is not emulated ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Textures, arrays, graphs, stream capture, cooperative launches, interprocess
// and external memory, memory pools, virtual memory. A call says so, once a
// function, and returns an error; its arguments are not looked at.
//
//===----------------------------------------------------------------------===//

#include "Api.h"

using namespace moe::hip;

static int refuse(std::atomic<bool> &said, const char *name) {
  if (!said.exchange(true))
    Device::get().report(llvm::Twine(name) + ": not emulated");
  return finish(hipErrorNotSupported);
}

#define MOE_HIP_REFUSED(NAME)                                                  \
  MOE_HIP_API NAME() {                                                         \
    static std::atomic<bool> said{false};                                      \
    return refuse(said, #NAME);                                                \
  }
#include "Refused.def"
