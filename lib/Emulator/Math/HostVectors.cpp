// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Asks the CPU, and the environment, for the vector extensions to use.

#include "Math/HostVectors.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace moe::emulator::math {

HostVectors bestHostVectors() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4"))
    return HostVectors::Avx512;
  if (__builtin_cpu_supports("x86-64-v3"))
    return HostVectors::Avx2;
#endif
  return HostVectors::Base;
}

static HostVectors choose() {
  HostVectors most = bestHostVectors(), wanted = most;
  if (const char *name = std::getenv("MOE_EMULATOR_VECTORS")) {
    if (std::strcmp(name, "base") == 0)
      wanted = HostVectors::Base;
    else if (std::strcmp(name, "avx2") == 0)
      wanted = HostVectors::Avx2;
    else if (std::strcmp(name, "avx512") != 0)
      std::fprintf(stderr,
                   "warning: MOE_EMULATOR_VECTORS: expected base, avx2 or "
                   "avx512, got '%s'\n",
                   name);
  }
  return wanted < most ? wanted : most;
}

HostVectors hostVectors() {
  static const HostVectors chosen = choose();
  return chosen;
}

} // namespace moe::emulator::math
