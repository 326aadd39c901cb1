//===- RunPrepare.cpp - logical tensors to the kernel's buffers -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sorting and shuffling by the reference's functions, and the hostile values
// that the contract permits outside the rows in use.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunProblem.h"
#include "Driver/Run/RunRandom.h"
#include "moe/Reference/Shuffle.h"
#include "moe/Reference/Sorting.h"
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

static constexpr uint64_t kGarbageStream = 77;

static float garbageWeight(Random &random) {
  switch (random.below(4)) {
  case 0:
    return std::numeric_limits<float>::infinity();
  case 1:
    return 1e30f;
  default:
    return std::numeric_limits<float>::quiet_NaN();
  }
}

/// A row id that looks valid more often than not.
static int32_t garbageId(Random &random, int64_t tokens, int64_t topk) {
  if (random.below(4) == 0)
    return static_cast<int32_t>(random.next());
  return static_cast<int32_t>(random.below(uint64_t(topk)) << 24 |
                              random.below(uint64_t(tokens)));
}

static int32_t garbageExpert(Random &random, int64_t experts) {
  switch (random.below(4)) {
  case 0:
    return -1;
  case 1:
    return static_cast<int32_t>(experts);
  case 2:
    return static_cast<int32_t>(random.next());
  default:
    return static_cast<int32_t>(random.below(uint64_t(experts)));
  }
}

/// Overwrites everything the contract leaves undefined.
static void poison(const Problem &problem, int64_t tileM,
                   DeviceBuffers &buffers) {
  Random random(problem.seed, kGarbageStream);
  int64_t topk = problem.options.topk, tokens = problem.tokens;
  int64_t experts = problem.options.experts;
  size_t used = static_cast<size_t>(buffers.numValid[0]);
  uint32_t padding = uint32_t(topk) << 24 | uint32_t(tokens);
  for (size_t i = 0; i < used; ++i)
    if (uint32_t(buffers.sortedIds[i]) == padding)
      buffers.sortedWeights[i] = garbageWeight(random);
  for (size_t i = used; i < buffers.sortedIds.size(); ++i) {
    buffers.sortedIds[i] = garbageId(random, tokens, topk);
    buffers.sortedWeights[i] = garbageWeight(random);
  }
  for (size_t b = used / size_t(tileM); b < buffers.expertIds.size(); ++b)
    buffers.expertIds[b] = garbageExpert(random, experts);

  // A block in use whose expert is elsewhere does nothing.
  if (buffers.sortedIds.size() - used >= size_t(tileM)) {
    static const int32_t elsewhere[] = {-1, std::numeric_limits<int32_t>::min(),
                                        std::numeric_limits<int32_t>::max()};
    uint64_t choice = random.below(4);
    buffers.expertIds[used / size_t(tileM)] =
        choice < 3 ? elsewhere[choice] : static_cast<int32_t>(experts);
    buffers.numValid[0] += static_cast<int32_t>(tileM);
  }
}

/// The lists of the sorting contract. Error: more rows than they can count.
static Error sortPairs(const Problem &problem, int64_t tileM, Garbage garbage,
                       DeviceBuffers &buffers) {
  const KernelOptions &o = problem.options;
  int64_t most = std::numeric_limits<int32_t>::max();
  int64_t rows =
      reference::maxSortedRows(problem.tokens, o.topk, o.experts, tileM);
  if (rows > most - tileM)
    return failure("tokens x topk: expected at most " + Twine(most - tileM) +
                   " sorted rows, got " + Twine(rows));
  reference::SortingInput input;
  input.tokens = problem.tokens;
  input.topk = o.topk;
  input.experts = problem.globalExperts();
  input.tileM = tileM;
  input.ids = problem.ids.data();
  const Sharding &sharding = problem.sharding;
  input.expertMask = sharding.mask.empty() ? nullptr : sharding.mask.data();
  input.localTokens = sharding.localTokens;
  input.weights = problem.weights.data();
  reference::SortingOutput sorted = reference::sortMoE(input);
  buffers.sortedIds = std::move(sorted.sortedIds);
  buffers.sortedWeights = std::move(sorted.sortedWeights);
  buffers.expertIds = std::move(sorted.expertIds);
  buffers.numValid = {sorted.numValid[0], sorted.numValid[1]};
  if (garbage == Garbage::Hostile)
    poison(problem, tileM, buffers);
  return Error::success();
}

/// The lists of an unsorted stage. With garbage, ids of tokens that are not
/// computed are anything, and so is what a map says of experts elsewhere.
static PairLists pairLists(const Problem &problem, Garbage garbage) {
  Random random(problem.seed, kGarbageStream + 1);
  PairLists lists;
  lists.topkIds = problem.ids;
  lists.topkWeights = problem.weights;
  const Sharding &sharding = problem.sharding;
  int32_t next = 0, experts = static_cast<int32_t>(problem.options.experts);
  for (int32_t isLocal : sharding.mask) {
    int32_t elsewhere = -1;
    if (garbage == Garbage::Hostile)
      do
        elsewhere = garbageExpert(random, experts);
      while (elsewhere >= 0 && elsewhere < experts);
    lists.expertMap.push_back(isLocal ? next++ : elsewhere);
  }
  if (sharding.localTokens < 0)
    return lists;
  lists.localTokens = {static_cast<int32_t>(sharding.localTokens)};
  size_t used = static_cast<size_t>(
      std::min(sharding.localTokens, problem.tokens) * problem.options.topk);
  for (size_t i = used; garbage == Garbage::Hostile && i < problem.ids.size();
       ++i) {
    lists.topkIds[i] = garbageExpert(random, problem.globalExperts());
    lists.topkWeights[i] = garbageWeight(random);
  }
  return lists;
}

void moe::driver::describeLists(const PairLists &lists,
                                KernelOptions &options) {
  options.mapEntries = static_cast<int64_t>(lists.expertMap.size());
  options.limited = !lists.localTokens.empty();
}

/// Shuffles the experts in use; the others' memory stays untouched zeros.
static void shuffleExperts(const Problem &problem, DeviceBuffers &buffers,
                           unsigned threads) {
  const KernelOptions &o = problem.options;
  int64_t n = o.n(), k = o.k();
  int64_t wBytes = reference::shuffledWeightBytes(n, k);
  int64_t scaleBytes = reference::shuffledScaleBytes(n, k);
  bool gateUp =
      o.kernel == KernelKind::Gemm1 && o.gate == GateLayout::Interleaved;
  bool alternating =
      o.kernel == KernelKind::Gemm1 && o.gate == GateLayout::Rows;
  std::vector<char> active = problem.activeExperts();
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < threads; ++t)
    workers.emplace_back([&, t] {
      std::vector<uint8_t> codes(static_cast<size_t>(n * (k / 2)));
      std::vector<uint8_t> scales(static_cast<size_t>(n * (k / 32)));
      for (int64_t e = t; e < o.experts; e += threads) {
        if (!active[static_cast<size_t>(e)])
          continue;
        problem.weightsOf(e, codes.data(), scales.data());
        if (alternating) {
          codes = reference::alternateRows(codes, n, k / 2);
          scales = reference::alternateRows(scales, n, k / 32);
        }
        reference::shuffleWeightA16W4Into(codes.data(), 1, n, k, gateUp,
                                          buffers.w.data() + e * wBytes);
        reference::shuffleScaleA16W4Into(scales.data(), 1, n, k, gateUp,
                                         buffers.scale.data() + e * scaleBytes);
      }
    });
  for (std::thread &worker : workers)
    worker.join();
}

static Error prepareWeights(const Problem &problem, DeviceBuffers &buffers,
                            unsigned threads) {
  if (problem.shuffled) {
    buffers.w = HostBuffer::view(problem.codes.data(), problem.codes.size());
    buffers.scale =
        HostBuffer::view(problem.scales.data(), problem.scales.size());
    return Error::success();
  }
  const KernelOptions &o = problem.options;
  int64_t rows = o.experts * o.n();
  if (Error error = HostBuffer::allocate(
                        uint64_t(reference::shuffledWeightBytes(rows, o.k())))
                        .moveInto(buffers.w))
    return error;
  if (Error error = HostBuffer::allocate(
                        uint64_t(reference::shuffledScaleBytes(rows, o.k())))
                        .moveInto(buffers.scale))
    return error;
  if (problem.values != Values::Zero)
    shuffleExperts(problem, buffers, threads);
  return Error::success();
}

/// The bias in the physical order of the weight rows.
static std::vector<float> physicalBias(const Problem &problem) {
  const KernelOptions &o = problem.options;
  if (o.kernel == KernelKind::Gemm2 || o.gate == GateLayout::Separated)
    return problem.bias;
  std::vector<float> bias;
  for (size_t i = 0; i < problem.bias.size(); ++i) {
    int64_t e = int64_t(i) / o.n(), p = int64_t(i) % o.n();
    int64_t source = o.gate == GateLayout::Rows
                         ? reference::alternatingSourceRow(p, o.n())
                         : reference::interleavedSourceRow(p, o.n());
    bias.push_back(problem.bias[static_cast<size_t>(e * o.n() + source)]);
  }
  return bias;
}

/// What lies between two kernels of the stage.
static Error prepareParts(const Problem &problem, DeviceBuffers &buffers) {
  const KernelOptions &o = problem.options;
  int64_t pairs = problem.tokens * o.topk;
  if (o.leavesRawSums())
    return HostBuffer::allocate(uint64_t(pairs * o.n() * 4))
        .moveInto(buffers.parts);
  if (!o.reduce)
    return Error::success();
  for (int32_t id : problem.localIds())
    buffers.valid.push_back(id >= 0);
  if (Error error =
          HostBuffer::allocate(uint64_t(pairs * o.outColumns()) *
                               reference::byteWidth(problem.outType()))
              .moveInto(buffers.parts))
    return error;
  std::memset(buffers.parts.data(), 0xff, buffers.parts.size());
  return Error::success();
}

/// The bytes between two rows. As bf16, f16 or f32 they are a NaN, which shows
/// where a kernel reads activations there.
static constexpr uint8_t kBetweenRows = 0xff;

/// Rows of `bytes` bytes, the next one `stride` bytes on. The last row ends the
/// buffer.
static Error spreadRows(const HostBuffer &rows, int64_t bytes, int64_t stride,
                        HostBuffer &spread) {
  int64_t count = int64_t(rows.size()) / bytes;
  if (stride < bytes)
    return failure("expected rows that do not overlap, of at least " +
                   Twine(bytes) + " bytes each, got a stride of " +
                   Twine(stride) + " bytes");
  uint64_t size = count ? uint64_t((count - 1) * stride + bytes) : 0;
  if (Error error = HostBuffer::allocate(size).moveInto(spread))
    return error;
  std::memset(spread.data(), kBetweenRows, size);
  for (int64_t row = 0; row < count; ++row)
    std::memcpy(spread.data() + row * stride, rows.data() + row * bytes,
                size_t(bytes));
  return Error::success();
}

Error DeviceBuffers::joinRows(const KernelOptions &o) {
  if (stridedOut.empty())
    return Error::success();
  int64_t width = o.outType == OutType::F32 ? 4 : 2;
  int64_t bytes = o.outColumns() * width, stride = o.outStride * width;
  int64_t count = int64_t(out.size()) / bytes;
  for (int64_t row = 0; row < count; ++row) {
    const uint8_t *from = stridedOut.data() + row * stride;
    std::memcpy(out.data() + row * bytes, from, size_t(bytes));
    if (row + 1 == count)
      break;
    for (int64_t i = bytes; i < stride; ++i)
      if (from[i] != kBetweenRows)
        return failure("the kernel wrote behind the end of row " + Twine(row) +
                       " of the output, at byte " + Twine(i) + " of " +
                       Twine(stride));
  }
  return Error::success();
}

Expected<DeviceBuffers> moe::driver::prepare(const Problem &problem,
                                             int64_t tileM, unsigned threads,
                                             Garbage garbage) {
  const KernelOptions &o = problem.options;
  DeviceBuffers buffers;
  // Split-K of a stage without sorted lists has them in its second kernel.
  if (!o.unsorted() || o.leavesRawSums())
    if (Error error = sortPairs(problem, tileM, garbage, buffers))
      return std::move(error);
  if (o.unsorted())
    static_cast<PairLists &>(buffers) = pairLists(problem, garbage);
  if (Error error = prepareWeights(problem, buffers, threads))
    return std::move(error);
  buffers.bias = physicalBias(problem);
  if (Error error = HostBuffer::allocate(uint64_t(problem.outBytes()))
                        .moveInto(buffers.out))
    return std::move(error);
  if (problem.values != Values::Zero)
    std::memcpy(buffers.out.data(), problem.initial.data(), buffers.out.size());
  if (Error error = prepareParts(problem, buffers))
    return std::move(error);
  if (o.xStride)
    if (Error error =
            spreadRows(problem.x, o.k() * 2, o.xStride * 2, buffers.stridedX))
      return std::move(error);
  int64_t width = reference::byteWidth(problem.outType());
  if (o.outStride)
    if (Error error = spreadRows(buffers.out, o.outColumns() * width,
                                 o.outStride * width, buffers.stridedOut))
      return std::move(error);
  return std::move(buffers);
}

static moe::executor::Argument integer(const char *name, int64_t value) {
  return moe::executor::Argument::scalar(name, static_cast<int32_t>(value));
}

moe::codeobject::GridVariables
moe::driver::gridVariables(const Problem &problem, int64_t numBlocks) {
  return {problem.tokens, problem.options.n(), problem.options.k(), numBlocks};
}

std::vector<moe::executor::Argument>
DeviceBuffers::routing(bool unsorted) const {
  using executor::Argument;
  if (!unsorted)
    return {Argument::inputElements("sorted_token_ids", sortedIds),
            Argument::inputElements("expert_ids", expertIds),
            Argument::inputElements("sorted_weights", sortedWeights),
            Argument::inputElements("num_valid_ids", numValid)};
  return {Argument::inputElements("topk_ids", topkIds),
          Argument::inputElements("expert_map", expertMap),
          Argument::inputElements("topk_weights", topkWeights),
          Argument::inputElements("local_tokens", localTokens)};
}

std::vector<moe::executor::Argument>
DeviceBuffers::arguments(const Problem &problem) {
  const KernelOptions &o = problem.options;
  return stageArguments(problem, o.unsorted(), o.bias && !o.leavesRawSums());
}

std::vector<moe::executor::Argument>
DeviceBuffers::stageArguments(const Problem &problem, bool unsorted,
                              bool withBias) {
  using executor::Argument;
  const KernelOptions &o = problem.options;
  std::vector<Argument> args;
  args.push_back(
      Argument::buffer("out", parts.empty() ? finalOut() : parts.bytes()));
  args.push_back(
      Argument::input("x", (stridedX.empty() ? problem.x : stridedX).bytes()));
  args.push_back(Argument::input("w", w.bytes()));
  args.push_back(Argument::input("scale", scale.bytes()));
  append_range(args, routing(unsorted));
  args.push_back(withBias ? Argument::inputElements("bias", bias)
                          : Argument::null("bias"));
  if (unsorted)
    args.push_back(clear.empty() ? Argument::null("clear")
                                 : Argument::buffer("clear", clear));
  args.push_back(integer("tokens", problem.tokens));
  args.push_back(integer("n", o.n()));
  args.push_back(integer("k", o.k()));
  args.push_back(
      integer("num_blocks", unsorted ? problem.tokens * o.topk : numBlocks()));
  if (o.kernel == KernelKind::Gemm1) {
    ActivationParams params = resolvedActivation(o);
    args.push_back(Argument::scalar("alpha", params.alpha));
    args.push_back(Argument::scalar("limit", params.limit));
    args.push_back(Argument::scalar("beta", params.beta));
    args.push_back(Argument::scalar("linear_beta", params.linearBeta));
  }
  return args;
}

std::vector<moe::executor::Argument>
DeviceBuffers::secondArguments(const Problem &problem) {
  using executor::Argument;
  const KernelOptions &o = problem.options;
  if (o.reduce)
    return {Argument::buffer("out", finalOut()),
            Argument::input("parts", parts.bytes()),
            Argument::inputElements("valid", valid),
            Argument::scalar("tokens", static_cast<int32_t>(problem.tokens)),
            Argument::scalar("n", static_cast<int32_t>(o.n()))};
  // The list of gemm1 with the sums in place of x, and no weights.
  std::vector<Argument> args =
      stageArguments(problem, /*unsorted=*/false, o.bias);
  args[0] = Argument::buffer("out", finalOut());
  args[1] = Argument::input("sums", parts.bytes());
  args[2] = Argument::null("w");
  args[3] = Argument::null("scale");
  return args;
}
