// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels around the products by flags: which flags each of route, sort,
// quantize and shuffle has, and its IR. The products' own flags are in
// KernelFlags.h.

#ifndef MOE_LIB_DRIVER_COMPILE_TEXTKERNELS_H
#define MOE_LIB_DRIVER_COMPILE_TEXTKERNELS_H

#include "Driver/Compile/RouterKernels.h"
#include "Driver/Compile/WeightKernels.h"
#include "Driver/Options/Flags.h"

namespace moe::driver {

/// --score, --renormalize, --route-scale, --n-group, --topk-group,
/// --shared-experts, --shared-weight and --logits-type.
void addRouterFlags(FlagSet &flags, RouterOptions &options);

/// What --kernel names besides products, and the flags that are its own.
/// --experts, --topk, --gate and --out-type are those of KernelFlags.h.
class TextKernel {
public:
  static std::vector<std::string> kinds();

  std::string kind; ///< one of kinds(), or empty: a product

  void addFlags(FlagSet &flags);
  /// A usage error where a flag is missing, or where one of `shared`, of the
  /// products' flags, or of its own does not belong to the kernel; an error
  /// for sizes that no kernel has.
  llvm::Error check(const FlagSet &flags, const KernelOptions &shared);
  /// The same for a product, which has none of these.
  llvm::Error checkNone(const FlagSet &flags, llvm::StringRef product) const;
  std::string ir() const;
  /// The names of its own flags.
  static std::vector<std::string> names();

private:
  bool isWeights() const { return kind == "quantize" || kind == "shuffle"; }
  /// The flags that the kernel has, those it needs first.
  std::pair<size_t, std::vector<std::string>> flagsOfKind() const;
  void take(const FlagSet &flags, const KernelOptions &shared);

  RouterOptions router;
  bool correction = false;
  SortKernel sort;
  int64_t expertsGlobal = 0;
  WeightKernel weights;
};

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_COMPILE_TEXTKERNELS_H
