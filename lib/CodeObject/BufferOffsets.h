// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private to CodeObject: immediate offsets of buffer loads.
#ifndef MOE_LIB_CODEOBJECT_BUFFEROFFSETS_H
#define MOE_LIB_CODEOBJECT_BUFFEROFFSETS_H

namespace llvm {
class FunctionPass;
} // namespace llvm

namespace moe::codeobject {

/// Rewrites the vector offsets of raw buffer loads so that offsets which differ
/// by constants share one register: `base + c` becomes `near + d`, 0 <= d <
/// 4096, with the addition of d beside the load, where instruction selection
/// makes the immediate offset of it, and `near` behind the base. No pass that
/// moves code out of loops may come after it.
llvm::FunctionPass *createShareBufferOffsetsPass();

} // namespace moe::codeobject

#endif // MOE_LIB_CODEOBJECT_BUFFEROFFSETS_H
