//===- RunStage.h - one stage of a run, from flags to verdict -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What moe-run gemm1, gemm2, layer and block share: the request that the flags
// make, running one stage of it (RunGemm.cpp) and reporting the result
// (RunReport.cpp). Not here: what a layer (RunLayer.cpp) and a block
// (RunBlock.cpp) add.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_RUNSTAGE_H
#define MOE_LIB_DRIVER_RUN_RUNSTAGE_H

#include "Driver/Run/Routing.h"
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

/// Generated logits: random; few values, so with ties; some of them NaN or
/// infinite, some tokens with none that is finite; all equal; expert 0 first
/// for all tokens.
enum class Logits { Random, Ties, Special, Equal, OneExpert };

/// What a block has before its stages.
struct Router {
  RouterOptions options;
  Logits logits = Logits::Random;
  bool correction = false; ///< a generated one
};

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
  /// The sorted lists that the kernels get in place of the host's.
  const SortedLists *lists = nullptr;
  /// The same for a stage without sorted lists, and what it fills with zeros.
  const PairLists *pairs = nullptr;
  llvm::MutableArrayRef<uint8_t> clear;
  /// What the output holds at first, in place of the problem's own.
  const HostBuffer *initial = nullptr;
  std::optional<Router> router; ///< of a block, which is a layer too
  FixedAxes fixed;
  ExecutorFlags execution;
  std::shared_ptr<moe::executor::Executor> executor;
  /// The same, but never for a sample alone: for what later launches read.
  std::shared_ptr<moe::executor::Executor> wholeExecutor;

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

/// A kernel that was launched, and its modelled time where one was asked for.
struct LaunchTime {
  std::string kernel;
  std::optional<timing::ModelledTime> modelled;
};

/// Everything that a report contains.
struct Result {
  CompiledKernel kernel;
  std::array<uint32_t, 3> grid = {0, 0, 0}; ///< zero = nothing was launched
  /// The kernel that makes the output of raw sums or of slots, if there is one.
  std::optional<CompiledKernel> second;
  std::array<uint32_t, 3> secondGrid = {0, 0, 0};
  moe::executor::Outcome outcome; ///< of both kernels
  std::vector<LaunchTime> launches;
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

/// Reads the tensors, or makes a problem without tensors yet.
llvm::Expected<Problem> firstProblem(const Request &request, Times &times);

/// Which of all experts are local in a generated problem: the mask that a file
/// or --experts-global asks for, empty where all are. `experts` becomes how
/// many are local; a --experts that contradicts the file is refused.
llvm::Expected<std::vector<int32_t>> chooseLocalExperts(const Request &request,
                                                        int64_t &experts);

/// Refuses what runStage would refuse of a stage whose dimensions are known,
/// for before an earlier stage runs: sizes, outputs and kernels, not files.
llvm::Error checkLaterStage(Request request, const Sharding &sharding);

/// The rest of runStage for a problem of firstProblem, with the request's
/// routing; a schedule in the problem's options stays.
llvm::Error runProblem(const Request &request, Problem &problem, Result &result,
                       DeviceBuffers &buffers,
                       const HostBuffer *input = nullptr);

/// The two requests of a layer, with the options of stagesOf().
std::array<Request, 2> splitLayer(const Request &request);

/// `input`: the activations, when they are another stage's output.
llvm::Error runStage(const Request &request, Problem &problem, Result &result,
                     DeviceBuffers &buffers, const HostBuffer *input = nullptr);

/// The time of several launches in turn and of each: the key "modelled" with
/// "launches", or lines of standard output; nothing without modelled times.
void addLaunchTimes(llvm::json::Object &root,
                    llvm::ArrayRef<LaunchTime> launches);
void printLaunchTimes(llvm::ArrayRef<LaunchTime> launches);

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
