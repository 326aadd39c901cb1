// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Private: ops of user code that MLIR or LLVM turn into other numbers.

#ifndef MOE_LIB_PIPELINES_EXACTUSERCODE_H
#define MOE_LIB_PIPELINES_EXACTUSERCODE_H

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace moe {

std::unique_ptr<mlir::Pass> createExactUserCodePass();

} // namespace moe

#endif // MOE_LIB_PIPELINES_EXACTUSERCODE_H
