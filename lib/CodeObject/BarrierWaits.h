// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to CodeObject: waits for LDS at barriers.
#ifndef MOE_LIB_CODEOBJECT_BARRIERWAITS_H
#define MOE_LIB_CODEOBJECT_BARRIERWAITS_H

namespace llvm {
class FunctionPass;
} // namespace llvm

namespace moe::codeobject {

/// Puts a wait for all accesses to LDS between a release fence and the barrier
/// behind it, which no later pass takes away.
llvm::FunctionPass *createAddBarrierWaitsPass();

} // namespace moe::codeobject

#endif // MOE_LIB_CODEOBJECT_BARRIERWAITS_H
