//===- RunProblem.h - the tensors of a run, logical and as kernels read them =//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A problem is a stage's tensors in logical order with the routing: generated
// from a seed (generateProblem) or read from .npy files (readProblem). Prepared
// it becomes the sorted, shuffled buffers of the kernel's ABI, with the worst
// the contract allows wherever it says garbage. Not here: compiling, running
// and comparing (RunGemm.cpp, RunLayer.cpp).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_RUNPROBLEM_H
#define MOE_LIB_DRIVER_RUN_RUNPROBLEM_H

#include "Driver/Run/RunFiles.h"
#include "moe/CodeObject/Grid.h"
#include "moe/Driver/KernelOptions.h"
#include "moe/Executor/Executor.h"
#include "moe/Reference/Golden.h"

namespace moe::driver {

/// How generated tokens choose their experts; always distinct for a token.
/// OneExpert: slot 0 of all tokens is expert 0. RoundRobin: pair p goes to
/// expert p % experts. Skewed: expert e is chosen in proportion to 1/(e+1).
enum class Routing { Uniform, Skewed, OneExpert, RoundRobin };
const char *toString(Routing routing);

/// What generated tensors contain: finite numbers of moderate size, or among
/// them NaN, infinities, subnormal and extreme numbers and scales. Zero:
/// nothing but the routing, for runs whose results are not compared.
enum class Values { Moderate, Special, Zero };

/// Expert parallelism: the kernel's experts are those of a mask over all of a
/// model's, and only the first tokens are sorted.
struct Sharding {
  std::vector<int32_t> mask; ///< [global experts], nonzero = local; empty: all
  int64_t localTokens = -1;  ///< negative = all
};

/// A mask over `global` experts with `local` ones at random places.
std::vector<int32_t> randomMask(int64_t local, int64_t global, uint64_t seed);

struct Problem {
  /// Dimensions, stage, out type and flags; a tile need not be chosen yet.
  KernelOptions options;
  int64_t tokens = 0;
  HostBuffer x;      ///< bf16, [tokens*topk, K] in stage 2, [tokens, K] in 1
  HostBuffer codes;  ///< [experts, N, K/2]; empty when generated: see weightsOf
  HostBuffer scales; ///< [experts, N, ceil(K/32)]
  std::vector<float> bias;    ///< [experts, N] or empty
  std::vector<int32_t> ids;   ///< [tokens, topk], into the mask if there is one
  std::vector<float> weights; ///< [tokens, topk]; all 1 without a weight
  HostBuffer initial;         ///< [outRows, outColumns] of the out type
  uint64_t seed = 0;          ///< of the garbage
  Sharding sharding;
  bool generated = false;
  Values values = Values::Moderate; ///< of a generated problem

  /// Outputs are finite: a NaN is an element that was not written.
  bool isFinite() const { return generated && values == Values::Moderate; }
  /// Codes and scales are in the kernel's order already.
  bool shuffled = false;
  /// Of padProblem: whose weights these are, with rows and K added.
  const Problem *unpadded = nullptr;

  /// The experts that ids name.
  int64_t globalExperts() const {
    return sharding.mask.empty() ? options.experts
                                 : int64_t(sharding.mask.size());
  }
  /// The kernel's expert of each pair, -1 where none computes it.
  std::vector<int32_t> localIds() const;
  /// Writes one expert's codes and scales: those of a generated problem are
  /// made from the seed whenever they are needed.
  void weightsOf(int64_t expert, uint8_t *codes, uint8_t *scales) const;

  int64_t outRows() const;
  int64_t outBytes() const;
  reference::FloatType outType() const;
  /// Experts with at least one pair.
  std::vector<char> activeExperts() const;
  /// As the reference takes it.
  reference::MoEGemm gemm(unsigned threads) const;
};

/// Refuses dimensions no kernel or buffer can have, with both numbers: an odd
/// K, topk above 255 or above the experts when generating, tokens at 2^24 and
/// more, x above what a 32-bit descriptor covers.
llvm::Error checkDimensions(const KernelOptions &options, int64_t tokens);

/// The dimensions of the kernel that computes this: K rounded up to 32, N of
/// stage 2 to 32, I of stage 1 to 16.
KernelOptions paddedOptions(const KernelOptions &options);
bool needsPadding(const KernelOptions &options);
/// The problem with those dimensions: zeros along K, rows of zero weights and
/// zero bias behind the gate and behind the up rows. It borrows from `problem`
/// what it need not copy. Refuses shuffled weights.
llvm::Expected<Problem> padProblem(const Problem &problem);
/// One expert's weights [paddedN, paddedK/2] and scales [paddedN, paddedK/32].
void padWeights(const Problem &problem, const KernelOptions &padded,
                int64_t expert, uint8_t *codes, uint8_t *scales);
/// Makes the kernel's [outRows, padded columns] the problem's [outRows,
/// outColumns].
llvm::Error cutOutput(const Problem &problem, HostBuffer &out);

/// Who goes where, when that is not part of the problem: ids of the kernel's
/// own experts.
struct GivenRouting {
  int64_t tokens = 0, topk = 0;
  std::vector<int32_t> ids;   ///< [tokens, topk]
  std::vector<float> weights; ///< [tokens, topk]
};

/// Random tensors: codes of all 16 values, block exponents at random, one
/// block in 16 zero with scale 0x00, bf16 activations of magnitude up to 2,
/// routing weights that sum to 1, output contents that are not zero where they
/// are added to and NaN where they are overwritten. Weights are not stored, see
/// Problem::weightsOf. Activations that no local expert reads are NaN. Special
/// values: a few blocks of each expert have any scale byte, one of them 0xFF;
/// one row of activations in eight has a NaN, an infinity or the largest number
/// in one place, one in eight is subnormal. With `given`, its ids and weights
/// in place of `routing`; `tokens` and topk are its own.
llvm::Expected<Problem> generateProblem(const KernelOptions &options,
                                        int64_t tokens, Routing routing,
                                        uint64_t seed,
                                        const Sharding &sharding = Sharding(),
                                        Values values = Values::Moderate,
                                        const GivenRouting *given = nullptr);

/// Numbers of experts in int32 or int64. What does not fit int32 is -1: no
/// expert, whatever their number.
std::vector<int32_t> readNumbers(const NpyArray &array);

/// Reads an expert mask: one row of int32 (uint8 and int64 too), at least one
/// of them nonzero.
llvm::Expected<std::vector<int32_t>> readExpertMask(llvm::StringRef path);

/// Which of the dimensions a command line fixed.
struct GivenDimensions {
  bool tokens = false, modelDim = false, interDim = false, experts = false,
       topk = false;
};

/// Which files a stage takes: w1, scale1, bias1 with suffix "1". The second
/// stage of a layer has no x of its own, the first no initial output: it starts
/// as NaN. The dimensions of a second stage are those of the first.
struct StageFiles {
  std::string suffix;
  bool x = true, out = true;
  /// Rows of w, scale and bias of stage 1 are gate, up, gate, up, ... in the
  /// files; in a problem all gate rows come first.
  bool alternating = false;
  /// In place of topk_ids, topk_weights and the mask, if not null.
  const GivenRouting *routing = nullptr;
  /// The suffix of the stage before, of a second one.
  std::string before = "1";
  bool second() const { return !x; }
  std::string w() const { return "w" + suffix; }
  std::string scale() const { return "scale" + suffix; }
  std::string bias() const { return "bias" + suffix; }
};

/// Reads DIR/<name>.npy; dimensions come from the tensors, and one that the
/// command line gave must agree. Weights in f32 or f16 without a scale are
/// quantised (nearest even, OCP scale). An expert_mask.npy says which experts
/// the weights are of.
llvm::Expected<Problem>
readProblem(llvm::StringRef dir, const KernelOptions &options, int64_t tokens,
            const GivenDimensions &given, unsigned threads,
            const StageFiles &files = StageFiles());

/// Whether readProblem() of a later stage will find what it reads: types,
/// shapes and sizes of its files, without their data.
llvm::Error checkProblem(llvm::StringRef dir, const KernelOptions &options,
                         int64_t tokens, const GivenDimensions &given,
                         const StageFiles &files);

/// Refuses a local token count above the tokens.
llvm::Error checkLocalTokens(int64_t localTokens, int64_t tokens);

/// The lists of the sorting contract.
struct SortedLists {
  std::vector<int32_t> sortedIds, expertIds, numValid;
  std::vector<float> sortedWeights;
  int64_t numBlocks() const { return static_cast<int64_t>(expertIds.size()); }
};

/// What a kernel reads in place of them: where each pair goes.
struct PairLists {
  std::vector<int32_t> topkIds;   ///< [tokens, topk], of all experts
  std::vector<float> topkWeights; ///< [tokens, topk]
  /// As in RouterTensors; empty where there is none.
  std::vector<int32_t> expertMap, localTokens;
};

/// The kernels' buffers, each exactly as large as the contract says. Of the
/// lists those that the stage's kernels read; the others are empty.
struct DeviceBuffers : SortedLists, PairLists {
  HostBuffer out, w, scale;
  /// Where a second kernel makes the output: what it reads, raw f32 sums that
  /// start as zeros, or a row for each slot that starts as NaN.
  HostBuffer parts;
  /// x and the output with the strides of the options; empty where rows follow
  /// each other, as they do in Problem and `out`.
  HostBuffer stridedX, stridedOut;
  llvm::MutableArrayRef<uint8_t> finalOut() {
    return stridedOut.empty() ? out.bytes() : stridedOut.bytes();
  }
  std::vector<uint8_t> valid; ///< [tokens, topk]: slots with a local expert
  std::vector<float> bias;
  /// What an unsorted stage 1 fills with zeros; empty: nothing.
  llvm::MutableArrayRef<uint8_t> clear;

  /// The arguments in the order of the ABI; refers to this and the problem.
  std::vector<executor::Argument> arguments(const Problem &problem);
  /// Those of the Activate or Reduce kernel after it.
  std::vector<executor::Argument> secondArguments(const Problem &problem);

  /// After the run: `out` out of `stridedOut`, if there is one. Error: a kernel
  /// has written between two rows.
  llvm::Error joinRows(const KernelOptions &options);

private:
  std::vector<executor::Argument> stageArguments(const Problem &problem,
                                                 bool unsorted, bool withBias);
  std::vector<executor::Argument> routing(bool unsorted) const;
};

/// Says in the options what the kernel of an unsorted stage reads of `lists`.
void describeLists(const PairLists &lists, KernelOptions &options);

/// What the grids of a stage's kernels are functions of.
codeobject::GridVariables gridVariables(const Problem &problem,
                                        int64_t numBlocks);

/// The values where the contract leaves them undefined: hostile ones for tests,
/// or what the sorting leaves there.
enum class Garbage { Hostile, Harmless };

/// Sorts and shuffles for blocks of `tileM` rows. With Garbage::Hostile, past
/// the rows in use come random ids, expert ids of -1 and out of range, weights
/// of NaN and infinity; padding rows have NaN weights; when there is room, one
/// block in use has an expert outside [0, experts) and valid tokens.
llvm::Expected<DeviceBuffers> prepare(const Problem &problem, int64_t tileM,
                                      unsigned threads,
                                      Garbage garbage = Garbage::Hostile);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_RUNPROBLEM_H
