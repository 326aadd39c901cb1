//===- Variants.cpp - choose the vector code for this host ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vector ALU families are compiled once for each host instruction set; the
// best one this processor has is taken at run time.
//
//===----------------------------------------------------------------------===//

#include "Math/HostVectors.h"
#include "State/Machine.h"
#include "Vector/ValuTable.h"

namespace moe::emulator {

namespace base {
const ValuOps &variantOps();
} // namespace base
#ifdef MOE_EMU_HAS_X86_VARIANTS
namespace avx2 {
const ValuOps &variantOps();
} // namespace avx2
namespace avx512 {
const ValuOps &variantOps();
} // namespace avx512
#endif

/// The sets from the baseline up to `most`.
static std::vector<const ValuOps *> upTo(math::HostVectors most) {
  std::vector<const ValuOps *> sets = {&base::variantOps()};
#ifdef MOE_EMU_HAS_X86_VARIANTS
  if (most >= math::HostVectors::Avx2)
    sets.push_back(&avx2::variantOps());
  if (most >= math::HostVectors::Avx512)
    sets.push_back(&avx512::variantOps());
#endif
  return sets;
}

const ValuOps &valuOps() {
  static const ValuOps &ops = *upTo(math::hostVectors()).back();
  return ops;
}

std::vector<const ValuOps *> allValuOps() {
  return upTo(math::bestHostVectors());
}

/// The sources that are no VGPRs, as bits.
static unsigned scalarSources(const ValuRow &row, const Inst &inst) {
  const ValueType types[3] = {row.a, row.b, row.c};
  unsigned found = 0;
  for (int k = 0; k < 3; ++k)
    if (types[k] != ValueType::None && inst.src[k].kind != SrcKind::Vgpr)
      found |= 1u << k;
  return found;
}

ValuHandler directHandler(const ValuRow &row, const Inst &inst) {
  // Neg and abs are the changes that a direct handler makes itself.
  uint32_t changes = inst.mods & ~uint32_t(ModVop3 | 7u * ModOpSelHi0);
  if ((row.flags & VOpSel) && !is16(row.d))
    changes &= ~uint32_t(15u * ModOpSel0);
  if (changes & ~63u)
    return nullptr;
  // Only the general driver refuses a shift.
  const bool constantShift =
      inst.src[1].kind == SrcKind::Const && inst.src[1].value <= 4;
  if ((row.flags & VShift4) && !constantShift)
    return nullptr;
  unsigned scalars = scalarSources(row, inst);
  if (changes || scalars == 7)
    return row.direct;
  if (!scalars)
    return row.directVgprs;
  ValuHandler own = row.directScalars[scalars - 1];
  return own ? own : row.direct;
}

bool isPlainDpp(const Inst &inst) {
  return (inst.mods & ModDpp) && !(inst.mods & ~uint32_t(ModDpp | 63));
}

ValuHandler directPackedHandler(const ValuRow &row, const Inst &inst,
                                bool pairs) {
  if (inst.mods & ModClamp)
    return nullptr;
  if (pairs) // they pick halves themselves, the first one signs too
    return scalarSources(row, inst) || modNeg(inst.mods) || modNegHi(inst.mods)
               ? row.direct
               : row.directVgprs;
  const ValueType types[3] = {row.a, row.b, row.c};
  unsigned changes =
      modOpSel(inst.mods) | modNeg(inst.mods) | modNegHi(inst.mods);
  for (int k = 0; k < 3; ++k)
    if (types[k] != ValueType::None &&
        ((changes >> k & 1) || !(modOpSelHi(inst.mods) >> k & 1)))
      return nullptr;
  return scalarSources(row, inst) ? row.direct : row.directVgprs;
}

} // namespace moe::emulator
