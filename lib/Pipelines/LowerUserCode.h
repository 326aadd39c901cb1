// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private: ops of user code that upstream's conversion to ROCDL turns into
// calls that no kernel has, or into IR that the back end refuses.

#ifndef MOE_LIB_PIPELINES_LOWERUSERCODE_H
#define MOE_LIB_PIPELINES_LOWERUSERCODE_H

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace moe {

std::unique_ptr<mlir::Pass> createLowerUserCodePass();

} // namespace moe

#endif // MOE_LIB_PIPELINES_LOWERUSERCODE_H
