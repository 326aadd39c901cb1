//===- Stage.h - the caller's tensors as problems -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What running (Run.cpp) and checking (Check.cpp) share: Driver's Problem made
// of the caller's tensors without copying the large ones, and the two stages of
// a layer.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_CAPI_STAGE_H
#define MOE_LIB_CAPI_STAGE_H

#include "Driver/Run/RunProblem.h"
#include "Support.h"
#include "moe-c/Layer.h"

namespace moe::capi {

/// The problem of one stage. `x` and `initial` are borrowed, as the weights
/// are; a null `initial` is zeros.
llvm::Expected<driver::Problem>
makeProblem(const driver::KernelOptions &options, const MoeBatch &batch,
            const MoeWeights &weights, const void *x, const void *initial);

/// The configurations of a layer's two stages.
std::array<MoeConfig, 2> splitLayer(const MoeConfig &layer);

/// The configuration of a stage for the batch.
llvm::Expected<driver::KernelOptions> optionsFor(const MoeConfig &config,
                                                 llvm::StringRef chip,
                                                 const MoeBatch &batch);

/// Refuses null pointers, negative sizes and weights that a reference cannot
/// read.
llvm::Error checkTensors(const MoeConfig &config, const MoeBatch &batch,
                         const MoeWeights &weights, bool logical);

} // namespace moe::capi

#endif // MOE_LIB_CAPI_STAGE_H
