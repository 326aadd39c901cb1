// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to CodeObject: passes between those of LLVM's back end.
#ifndef MOE_LIB_CODEOBJECT_BACKENDPASSES_H
#define MOE_LIB_CODEOBJECT_BACKENDPASSES_H

namespace llvm {
class Function;
class FunctionPass;
} // namespace llvm

namespace moe::codeobject {

/// Unsigned divisions of numbers of 24 bits, which LLVM's back end rounds
/// wrong, as those of 32 bits. Nothing may learn the sizes of operands behind
/// it.
void expandDivisionsOf24Bits(llvm::Function &function);

/// Rewrites the vector offsets of raw buffer loads so that offsets which differ
/// by constants share one register: `base + c` becomes `near + d`, 0 <= d <
/// 4096, with the addition of d beside the load, where instruction selection
/// makes the immediate offset of it, and `near` behind the base. No pass that
/// moves code out of loops may come after it.
llvm::FunctionPass *createShareBufferOffsetsPass();

/// Runs on optimized code. In loops, puts a wait for all accesses to LDS ahead
/// of a barrier that a release fence stands before, which no later pass takes
/// away.
llvm::FunctionPass *createBarrierWaitsPass();

/// Runs right ahead of LLVM's own waits and fences, when no load is removed or
/// merged any more. Where a fence and a barrier follow a wait for loads, lowers
/// its count to the loads that are still there behind the last LDS DMA, on
/// every path.
llvm::FunctionPass *createGatherWaitsPass();

/// Runs right behind LLVM's hazard recognizer and inserts the wait states that
/// it missed because it looks at each block on one path only.
llvm::FunctionPass *createPathHazardsPass();

} // namespace moe::codeobject

#endif // MOE_LIB_CODEOBJECT_BACKENDPASSES_H
