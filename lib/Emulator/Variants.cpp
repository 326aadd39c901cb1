//===- Variants.cpp - choose the vector code for this host ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector ALU families are compiled once for each host instruction set; the
// best one this processor has is taken at run time.
//
//===----------------------------------------------------------------------===//

#include "ValuTable.h"
#include "moe/Emulator/Math/HostVectors.h"

namespace moe::emulator {

namespace base {
const ValuOps &variantOps();
}
#ifdef MOE_EMU_HAS_X86_VARIANTS
namespace avx2 {
const ValuOps &variantOps();
}
namespace avx512 {
const ValuOps &variantOps();
}
#endif

static const ValuOps &choose() {
#ifdef MOE_EMU_HAS_X86_VARIANTS
  switch (math::hostVectors()) {
  case math::HostVectors::Avx512:
    return avx512::variantOps();
  case math::HostVectors::Avx2:
    return avx2::variantOps();
  case math::HostVectors::Base:
    break;
  }
#endif
  return base::variantOps();
}

const ValuOps &valuOps() {
  static const ValuOps &ops = choose();
  return ops;
}

} // namespace moe::emulator
