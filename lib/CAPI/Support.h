//===- Support.h - between llvm::Error and the C API ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the files of the C API share: errors as status codes, strings that the
// caller frees, and the objects behind the handles.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_CAPI_SUPPORT_H
#define MOE_LIB_CAPI_SUPPORT_H

#include "moe-c/Compiler.h"
#include "moe-c/Executor.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Driver/Compile.h"
#include "moe/Executor/Executor.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// An option as it was set: a flag's name and value.
using MoeSetting = std::pair<std::string, std::optional<std::string>>;

struct MoeConfig {
  std::vector<MoeSetting> settings;
  moe::driver::KernelOptions options;
  moe::driver::FixedAxes fixed;
  bool layer = false;
  /// The first option that is required and not set, or empty.
  std::string missing;
  /// Which options do not go together, or empty.
  std::string conflict;
};

struct MoeKernel {
  moe::driver::CompiledKernel kernel;
  std::string report;
  /// Absent where the kernel was made of IR.
  std::optional<moe::driver::KernelOptions> options;
};

struct MoeExecutor {
  std::string name;
  std::vector<MoeSetting> settings;
  moe::executor::Options options;
};

namespace moe::capi {

/// Keeps the message of `error` for moeGetLastError().
MoeStatus statusOf(llvm::Error error);

/// A usage error that says which argument is a null pointer; `arguments` are
/// pairs of pointer and name.
llvm::Error
checkPointers(llvm::ArrayRef<std::pair<const void *, const char *>> arguments);

/// The cache of moeSetCompileCache().
driver::CompileCache compileCache();

/// A copy for moeStringDestroy(); nothing where `target` is null.
void giveString(char **target, llvm::StringRef text);
void giveJSON(char **target, const llvm::json::Value &value);

/// Refuses a negative number.
llvm::Error checkThreads(int threads);
/// The threads that 0 stands for.
unsigned threadsOf(int threads);

/// Replaces or adds the setting of that name.
std::vector<MoeSetting> withSetting(std::vector<MoeSetting> settings,
                                    llvm::StringRef name, const char *value);
/// Parses settings as flags. A name that is none of them is a usage error which
/// lists them.
llvm::Error parseSettings(driver::FlagSet &flags,
                          llvm::ArrayRef<MoeSetting> settings);

/// Error unless the configuration describes one kernel (or, with `layer`, the
/// two of a layer) whose dimensions are all known and whose options go
/// together.
llvm::Error checkComplete(const MoeConfig &config, bool layer = false);

/// The configuration with a tile: its own, or the one chosen for the batch.
llvm::Expected<driver::Configuration> chosen(const MoeConfig &config,
                                             llvm::StringRef chip,
                                             int64_t tokens,
                                             int64_t globalExperts);

/// The object of moeLaunch().
llvm::json::Object describe(const executor::Outcome &outcome);
/// A failure with the first report where there is one.
llvm::Error failureOf(const executor::Outcome &outcome);

} // namespace moe::capi

#endif // MOE_LIB_CAPI_SUPPORT_H
