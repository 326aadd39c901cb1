// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Targets of a gpu.module as MLIR has them.

#include "moe/Target/ModuleTarget.h"

using namespace mlir;
using namespace moe;

/// An error of the whole module, without printing it.
static InFlightDiagnostic emitErrorOf(gpu::GPUModuleOp module) {
  return emitError(module.getLoc())
         << "gpu.module '" << module.getName() << "': ";
}

static ArrayRef<Attribute> getTargets(gpu::GPUModuleOp module) {
  ArrayAttr targets = module.getTargetsAttr();
  return targets ? targets.getValue() : ArrayRef<Attribute>();
}

bool moe::isForeign(gpu::GPUModuleOp module) {
  ArrayRef<Attribute> targets = getTargets(module);
  return !targets.empty() &&
         llvm::none_of(targets, llvm::IsaPred<ROCDL::ROCDLTargetAttr>);
}

FailureOr<ROCDL::ROCDLTargetAttr> moe::findTarget(gpu::GPUModuleOp module) {
  ArrayRef<Attribute> targets = getTargets(module);
  if (targets.empty())
    return ROCDL::ROCDLTargetAttr();
  auto target = dyn_cast<ROCDL::ROCDLTargetAttr>(targets.front());
  if (target && targets.size() == 1)
    return target;
  return emitErrorOf(module)
         << "expected one #rocdl.target, got " << targets.size()
         << " targets: " << module.getTargetsAttr();
}

FailureOr<const Chip *> moe::getChip(gpu::GPUModuleOp module,
                                     StringRef option) {
  FailureOr<ROCDL::ROCDLTargetAttr> target = findTarget(module);
  if (failed(target))
    return failure();
  if (*target && !option.empty() && target->getChip() != option)
    return emitErrorOf(module)
           << "expected the option chip = " << target->getChip()
           << ", the module's target, got " << option;
  StringRef name = *target ? target->getChip() : option;
  if (name.empty())
    return emitErrorOf(module)
           << "expected a chip, as the option 'chip' or as a #rocdl.target of "
              "the module, got neither";
  if (const Chip *chip = lookupChip(name))
    return chip;
  return emitErrorOf(module) << describeUnknownChip(name);
}
