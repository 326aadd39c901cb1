//===- RunProblem.cpp - generated problems --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random tensors and routings from a seed, and the limits of what can be
// allocated and described. Values are made so that results are of moderate
// size in every output type while exponents vary from block to block.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunProblem.h"
#include "Driver/Run/RunRandom.h"
#include "moe/Reference/MXFP4.h"
#include "moe/Reference/Scalars.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <limits>
#include <thread>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

/// Streams of the generator.
enum Stream : uint64_t {
  kRouting = 1,
  kX = 2,
  kBias = 3,
  kOut = 4,
  kWeight = 5,
  kMask = 6,
  kSpecialX = 7,
  kExpert = 1000,              // and following: one each expert
  kSpecialExpert = 1000000000, // likewise
};

const char *moe::driver::toString(Routing routing) {
  switch (routing) {
  case Routing::Uniform:
    return "uniform";
  case Routing::Skewed:
    return "skewed";
  case Routing::OneExpert:
    return "one-expert";
  case Routing::RoundRobin:
    break;
  }
  return "round-robin";
}

int64_t Problem::outRows() const {
  bool perToken = options.kernel == KernelKind::Gemm2 &&
                  (options.accumulate || options.reduce);
  return perToken ? tokens : tokens * options.topk;
}

int64_t Problem::outBytes() const {
  return outRows() * options.outColumns() * reference::byteWidth(outType());
}

moe::reference::FloatType Problem::outType() const {
  switch (options.outType) {
  case OutType::BF16:
    return reference::FloatType::BF16;
  case OutType::F16:
    return reference::FloatType::F16;
  case OutType::F32:
    break;
  }
  return reference::FloatType::F32;
}

std::vector<char> Problem::activeExperts() const {
  std::vector<char> active(static_cast<size_t>(options.experts), 0);
  for (int32_t id : localIds())
    if (id >= 0)
      active[static_cast<size_t>(id)] = 1;
  return active;
}

std::vector<int32_t> Problem::localIds() const {
  std::vector<int32_t> numbers(static_cast<size_t>(globalExperts()), -1);
  int32_t next = 0;
  for (size_t e = 0; e < numbers.size(); ++e)
    if (sharding.mask.empty() || sharding.mask[e])
      numbers[e] = next++;
  std::vector<int32_t> result(ids.size(), -1);
  size_t count = ids.size();
  if (sharding.localTokens >= 0 && sharding.localTokens < tokens)
    count = static_cast<size_t>(sharding.localTokens * options.topk);
  for (size_t pair = 0; pair < count; ++pair)
    if (ids[pair] >= 0 && ids[pair] < globalExperts())
      result[pair] = numbers[static_cast<size_t>(ids[pair])];
  return result;
}

std::vector<int32_t> moe::driver::randomMask(int64_t local, int64_t global,
                                             uint64_t seed) {
  Random random(seed, kMask);
  std::vector<int32_t> mask(static_cast<size_t>(global), 0);
  // Of the entries left, so many must still be set.
  for (size_t e = 0; e < mask.size(); ++e)
    if (int64_t(random.below(uint64_t(global) - e)) < local) {
      mask[e] = 1;
      --local;
    }
  return mask;
}

moe::reference::MoEGemm Problem::gemm(unsigned threads) const {
  reference::MoEGemm gemm;
  gemm.tokens = tokens;
  gemm.topk = options.topk;
  gemm.experts = options.experts;
  gemm.n = options.n();
  gemm.k = options.k();
  if (codes.empty())
    gemm.weightsOf = [this](int64_t expert, uint8_t *c, uint8_t *s) {
      weightsOf(expert, c, s);
    };
  gemm.codes = codes.data();
  gemm.scales = scales.data();
  gemm.bias = bias.empty() ? nullptr : bias.data();
  gemm.ids = ids.data();
  gemm.expertMask = sharding.mask.empty() ? nullptr : sharding.mask.data();
  gemm.globalExperts = globalExperts();
  gemm.localTokens = sharding.localTokens;
  gemm.weights = options.appliesWeight() ? weights.data() : nullptr;
  gemm.x = x.as<uint16_t>();
  gemm.xPerSlot = options.kernel == KernelKind::Gemm2;
  // The slices that k_batch deals the K tiles to, the longer ones first.
  if (options.kBatch > 1) {
    int64_t tiles = (options.k() + options.tile->k - 1) / options.tile->k;
    int64_t each = tiles / options.kBatch, longer = tiles % options.kBatch;
    for (int64_t slice = 1; slice < options.kBatch; ++slice)
      gemm.cuts.push_back((slice * each + std::min(slice, longer)) *
                          options.tile->k);
  }
  gemm.threads = threads;
  return gemm;
}

/// Fails when `product` of the factors passes 2^62.
static Error checkSize(StringRef what, ArrayRef<int64_t> factors) {
  uint64_t size = 1;
  for (int64_t factor : factors) {
    bool overflow = false;
    size = SaturatingMultiply(size, static_cast<uint64_t>(factor), &overflow);
    if (overflow || size > uint64_t(1) << 46)
      return failure(what + ": expected at most 2^46 bytes, got more");
  }
  return Error::success();
}

Error moe::driver::checkDimensions(const KernelOptions &options,
                                   int64_t tokens) {
  for (int64_t size : {options.modelDim, options.interDim, options.experts})
    if (size < 1 || size > std::numeric_limits<int32_t>::max() / 2)
      return failure("dimensions: expected sizes from 1 to 1073741823, got " +
                     Twine(size));
  if (tokens < 0)
    return failure("tokens: expected at least 0, got " + Twine(tokens));
  if (options.k() % 2)
    return failure(
        Twine(options.kernel == KernelKind::Gemm2 ? "inter-dim" : "model-dim") +
        ": expected an even K, two codes a byte, got " + Twine(options.k()) +
        "; pad x and w with a zero");
  if (options.topk > 255)
    return failure("topk: expected at most 255, got " + Twine(options.topk));
  if (tokens >= 1 << 24)
    return failure("tokens: expected fewer than 16777216, got " +
                   Twine(tokens));
  int64_t rows =
      options.kernel == KernelKind::Gemm2 ? tokens * options.topk : tokens;
  if (Error error =
          checkSize("x", {rows, std::max(options.k(), options.xStride), 2}))
    return error;
  if (Error error = checkSize("w", {options.experts, options.n(), options.k()}))
    return error;
  if (Error error = checkSize(
          "out", {tokens, options.topk,
                  std::max(options.outColumns(), options.outStride), 4}))
    return error;
  // The kernel's descriptor ends below 4 GiB - 1 MiB (docs/KernelABI.md).
  int64_t xBytes = rows * paddedOptions(options).xRow() * 2, most = 0xFFF00000;
  if (xBytes > most)
    return failure("x: expected at most " + Twine(most) +
                   " bytes, which is what its buffer descriptor covers, got " +
                   Twine(xBytes));
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Generation
//===----------------------------------------------------------------------===//

/// An expert not yet in `chosen`.
static int32_t pickExpert(Random &random, Routing routing, int64_t experts,
                          ArrayRef<int32_t> chosen,
                          ArrayRef<double> cumulative) {
  while (true) {
    int32_t expert;
    if (routing == Routing::Skewed) {
      double at = random.unit() * cumulative.back();
      expert = static_cast<int32_t>(llvm::upper_bound(cumulative, at) -
                                    cumulative.begin());
    } else {
      expert = static_cast<int32_t>(random.below(uint64_t(experts)));
    }
    if (expert < experts && !is_contained(chosen, expert))
      return expert;
  }
}

static std::vector<int32_t> chooseExperts(int64_t tokens, int64_t topk,
                                          int64_t experts, Routing routing,
                                          uint64_t seed) {
  Random random(seed, kRouting);
  std::vector<double> cumulative;
  double sum = 0;
  for (int64_t e = 0; e < experts; ++e)
    cumulative.push_back(sum += 1.0 / double(e + 1));
  std::vector<int32_t> ids;
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t s = 0; s < topk; ++s) {
      ArrayRef<int32_t> chosen =
          ArrayRef(ids).drop_front(static_cast<size_t>(t * topk));
      int32_t id;
      if (routing == Routing::RoundRobin)
        id = static_cast<int32_t>((t * topk + s) % experts);
      else if (routing == Routing::OneExpert && s == 0)
        id = 0;
      else
        id = pickExpert(random, routing, experts, chosen, cumulative);
      ids.push_back(id);
    }
  return ids;
}

/// Weights of each token that sum to 1; all 1 where none is applied.
static std::vector<float> randomWeights(const KernelOptions &options,
                                        int64_t tokens, uint64_t seed) {
  Random random(seed, kWeight);
  std::vector<float> weights(static_cast<size_t>(tokens * options.topk), 1.0f);
  for (int64_t t = 0; t < tokens && options.appliesWeight(); ++t) {
    float *row = weights.data() + t * options.topk;
    double sum = 0;
    for (int64_t s = 0; s < options.topk; ++s)
      sum += row[s] = static_cast<float>(0.05 + random.unit());
    for (int64_t s = 0; s < options.topk; ++s)
      row[s] = static_cast<float>(row[s] / sum);
  }
  return weights;
}

/// A finite bf16 of magnitude in [2^-5, 2): sign and fraction at random.
static uint16_t randomBF16(uint64_t bits) {
  uint64_t exponent = 122 + (bits >> 8) % 6;
  return static_cast<uint16_t>((bits & 0x807F) | exponent << 7);
}

/// Codes and scales of `rows` rows. Scales are 2^-8 to 2^-1. One block in 16 is
/// zero; one of eight such blocks has the scale byte 0, which is 2^-127: few,
/// since hosts with Intel's cores take some 30 times as long for a denormal.
static void fillExpert(uint8_t *codes, uint8_t *scales, int64_t rows, int64_t k,
                       Random random) {
  int64_t perRow = reference::blocksOf(k);
  for (int64_t b = 0; b < rows * perRow; ++b) {
    uint64_t choice = random.next();
    uint64_t words[2] = {random.next(), random.next()};
    if (choice % 16 == 0)
      words[0] = words[1] = 0;
    const bool smallest = choice % 128 == 0;
    scales[b] = static_cast<uint8_t>(smallest ? 0 : 119 + (choice >> 8) % 8);
    int64_t at = b % perRow * 16, bytes = std::min<int64_t>(16, k / 2 - at);
    std::memcpy(codes + b / perRow * (k / 2) + at, words, size_t(bytes));
  }
}

/// Some blocks get any scale, one of them NaN and one of them the smallest.
static void addSpecialScales(uint8_t *scales, int64_t blocks, Random random) {
  int64_t count = std::max<int64_t>(3, blocks / 512);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t block = random.below(uint64_t(blocks)), byte = random.below(256);
    scales[block] = static_cast<uint8_t>(i == 0 ? 0xFF : i == 1 ? 0 : byte);
  }
}

void Problem::weightsOf(int64_t expert, uint8_t *toCodes,
                        uint8_t *toScales) const {
  if (unpadded)
    return padWeights(*unpadded, options, expert, toCodes, toScales);
  int64_t n = options.n(), k = options.k(), blocks = n * reference::blocksOf(k);
  if (codes.empty()) {
    fillExpert(toCodes, toScales, n, k,
               Random(seed, kExpert + uint64_t(expert)));
    if (values == Values::Special)
      addSpecialScales(toScales, blocks,
                       Random(seed, kSpecialExpert + uint64_t(expert)));
    return;
  }
  std::memcpy(toCodes, codes.data() + expert * n * (k / 2),
              size_t(n * (k / 2)));
  std::memcpy(toScales, scales.data() + expert * blocks, size_t(blocks));
}

/// Makes some rows of x special: see generateProblem.
static void addSpecialActivations(Problem &problem,
                                  const std::vector<char> &read) {
  static const uint16_t specials[] = {0x7FC0, 0x7F80, 0xFF80, 0x7F7F, 0xFF7F};
  int64_t k = problem.options.k();
  Random random(problem.seed, kSpecialX);
  for (size_t row = 0; row < read.size(); ++row) {
    uint64_t kind = random.below(8), place = random.below(uint64_t(k));
    uint64_t special = random.below(std::size(specials));
    uint16_t *x = problem.x.as<uint16_t>() + int64_t(row) * k;
    if (!read[row] || kind > 1)
      continue;
    if (kind == 0)
      x[place] = specials[special];
    else // the sign and the fraction of a subnormal number
      for (int64_t i = 0; i < k; ++i)
        x[i] &= 0x807F;
  }
}

/// Random activations; what no local expert reads is NaN.
static void fillActivations(Problem &problem) {
  const KernelOptions &o = problem.options;
  bool perPair = o.kernel == KernelKind::Gemm2;
  int64_t rows = problem.tokens * (perPair ? o.topk : 1);
  std::vector<char> read(static_cast<size_t>(rows), 0);
  std::vector<int32_t> local = problem.localIds();
  for (size_t pair = 0; pair < local.size(); ++pair)
    if (local[pair] >= 0)
      read[perPair ? pair : pair / size_t(o.topk)] = 1;
  Random random(problem.seed, kX);
  uint16_t *x = problem.x.as<uint16_t>();
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < o.k(); ++i) {
      uint16_t value = randomBF16(random.next());
      *x++ = read[static_cast<size_t>(row)] ? value : 0x7FC0;
    }
  if (problem.values == Values::Special)
    addSpecialActivations(problem, read);
}

/// Values from -1 to 1; NaN where a kernel has to store, any bits in rows that
/// nothing is routed to.
static void fillOutput(Problem &problem) {
  const KernelOptions &o = problem.options;
  bool added = o.kernel == KernelKind::Gemm2 && o.accumulate;
  if (!problem.tokens)
    return;
  int64_t perRow = o.topk * problem.tokens / problem.outRows();
  std::vector<char> routed(static_cast<size_t>(problem.outRows()), 0);
  std::vector<int32_t> local = problem.localIds();
  for (size_t pair = 0; pair < local.size(); ++pair)
    if (local[pair] >= 0)
      routed[pair / size_t(perRow)] = 1;
  Random random(problem.seed, kOut);
  int64_t cols = o.outColumns();
  int64_t bytes = cols * reference::byteWidth(problem.outType());
  for (size_t row = 0; row < routed.size(); ++row) {
    if (!routed[row]) { // any bits, which must stay
      uint8_t *to = problem.initial.data() + int64_t(row) * bytes;
      for (int64_t i = 0; i < bytes; i += 8) {
        uint64_t word = random.next();
        std::memcpy(to + i, &word, size_t(std::min<int64_t>(8, bytes - i)));
      }
      continue;
    }
    for (int64_t i = 0; i < cols; ++i)
      reference::storeFloat(problem.outType(), problem.initial.data(),
                            int64_t(row) * cols + i,
                            added ? 2 * random.unit() - 1
                                  : std::numeric_limits<double>::quiet_NaN());
  }
}

Expected<Problem> moe::driver::generateProblem(const KernelOptions &options,
                                               int64_t tokens, Routing routing,
                                               uint64_t seed,
                                               const Sharding &sharding,
                                               Values values,
                                               const GivenRouting *given) {
  if (Error error = checkDimensions(options, tokens))
    return std::move(error);
  Problem problem;
  problem.sharding = sharding;
  problem.generated = true;
  problem.values = values;
  problem.options = options;
  problem.tokens = tokens;
  problem.seed = seed;
  int64_t pairs = tokens * options.topk, experts = problem.globalExperts();
  if (options.topk > experts && !given)
    return failure("topk: expected at most the number of experts, " +
                   Twine(experts) + ", got " + Twine(options.topk));
  if (given) {
    problem.ids = given->ids;
    problem.weights = given->weights;
  } else {
    problem.ids = chooseExperts(tokens, options.topk, experts, routing, seed);
    problem.weights = randomWeights(options, tokens, seed);
  }
  int64_t xRows = options.kernel == KernelKind::Gemm2 ? pairs : tokens;
  if (Error error = HostBuffer::allocate(uint64_t(xRows * options.k() * 2))
                        .moveInto(problem.x))
    return std::move(error);
  if (values != Values::Zero)
    fillActivations(problem);

  if (options.bias) {
    Random bias(seed, kBias);
    for (int64_t i = 0; i < options.experts * options.n(); ++i)
      problem.bias.push_back(static_cast<float>(4 * bias.unit() - 2));
  }
  if (Error error = HostBuffer::allocate(uint64_t(problem.outBytes()))
                        .moveInto(problem.initial))
    return std::move(error);
  if (values != Values::Zero)
    fillOutput(problem);
  return std::move(problem);
}
