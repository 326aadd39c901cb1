//===- RunStage.h - one stage of a run, from flags to verdict -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What moe-run gemm1, gemm2 and layer share: the request that the flags make,
// running one stage of it (RunGemm.cpp) and telling of the result
// (RunReport.cpp). Not here: what a layer adds (RunLayer.cpp).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_RUNSTAGE_H
#define MOE_LIB_DRIVER_RUN_RUNSTAGE_H

#include "Driver/Run/RunCheck.h"
#include "Driver/Run/RunCommands.h"
#include "Driver/Run/RunProblem.h"
#include "moe/Driver/ChooseConfig.h"
#include "moe/Driver/Compile.h"
#include "llvm/Support/JSON.h"
#include <array>
#include <chrono>
#include <thread>

namespace moe::driver {

/// What the command line asks for.
struct Request {
  KernelOptions options;
  std::string chip, dataDir, outFile, maskFile;
  int64_t tokens = 0;
  int64_t expertsGlobal = 0; ///< 0 = not given
  int64_t localTokens = -1;  ///< negative = not given
  Routing routing = Routing::Uniform;
  Values values = Values::Moderate;
  uint64_t seed = 0;
  bool json = false, explain = false, help = false;
  bool layer = false; ///< both stages, the second on the first one's output
  GivenDimensions given;
  StageFiles files;
  FixedAxes fixed;
  ExecutorFlags execution;
  std::shared_ptr<moe::executor::Executor> executor;

  unsigned threads() const {
    if (execution.threads)
      return static_cast<unsigned>(std::min<int64_t>(execution.threads, 256));
    return std::max(1u, std::thread::hardware_concurrency());
  }
};

/// Wall time of the steps, in seconds.
struct Times {
  double compile = 0, data = 0, run = 0, reference = 0;
};

/// Everything a report tells.
struct Result {
  CompiledKernel kernel;
  std::array<uint32_t, 3> grid = {0, 0, 0}; ///< zero = nothing was launched
  /// The kernel that makes the output of raw sums or of slots, if there is one.
  std::optional<CompiledKernel> second;
  std::array<uint32_t, 3> secondGrid = {0, 0, 0};
  moe::executor::Outcome outcome; ///< of both kernels
  CheckResult check;
  Times times;
  /// Only a sample of the workgroups was run, for their time: no result.
  bool sampled = false;
  bool pass() const {
    return outcome.reports.empty() && (sampled || check.pass());
  }
};

class Stopwatch {
public:
  explicit Stopwatch(double &seconds)
      : seconds(seconds), start(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
  }

private:
  double &seconds;
  std::chrono::steady_clock::time_point start;
};

/// Fills a request (whose kernel or layer is set) from the command line; prints
/// the help when that is asked for.
llvm::Error parseRequest(Arguments args, Request &request);

/// `input`: the activations, when they are another stage's output.
llvm::Error runStage(const Request &request, Problem &problem, Result &result,
                     DeviceBuffers &buffers, const HostBuffer *input = nullptr);

/// A number as JSON can hold it.
llvm::json::Value jsonNumber(double value);
llvm::json::Object configJSON(const KernelOptions &o);
llvm::json::Value describeJSON(const Request &request, const Problem &problem,
                               const Result &result);
void printSummary(const Request &request, const Problem &problem,
                  const Result &result);
/// Says to standard error what is wrong.
void explainResult(const Result &result);
void explainErrors(const reference::ErrorReport &e, llvm::StringRef what);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_RUNSTAGE_H
