// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to CodeObject: waits at barriers.
#ifndef MOE_LIB_CODEOBJECT_BARRIERWAITS_H
#define MOE_LIB_CODEOBJECT_BARRIERWAITS_H

namespace llvm {
class FunctionPass;
} // namespace llvm

namespace moe::codeobject {

/// Runs on optimized code. In loops, puts a wait for all accesses to LDS
/// between a release fence and the barrier behind it, which no later pass takes
/// away; and where a wait stands ahead of the fence, lowers its count to the
/// buffer loads that are still there behind the last LDS DMA, on every path.
llvm::FunctionPass *createBarrierWaitsPass();

} // namespace moe::codeobject

#endif // MOE_LIB_CODEOBJECT_BARRIERWAITS_H
