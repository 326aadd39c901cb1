//===- RunProblemTest.cpp - problems and the kernel's buffers -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Generated problems have the properties they are made for, prepared buffers
// the sizes and contents of the contract, and impossible shapes are refused.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunProblem.h"
#include "moe/Reference/Shuffle.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

using namespace llvm;
using namespace moe;
using namespace moe::driver;

static KernelOptions makeOptions(int64_t h, int64_t i, int64_t experts,
                                 int64_t topk) {
  KernelOptions options;
  options.modelDim = h;
  options.interDim = i;
  options.experts = experts;
  options.topk = topk;
  return options;
}

static Problem generate(const KernelOptions &options, int64_t tokens,
                        Routing routing = Routing::Uniform, uint64_t seed = 0) {
  return cantFail(generateProblem(options, tokens, routing, seed));
}

static std::string refusal(const KernelOptions &options, int64_t tokens) {
  Expected<Problem> problem =
      generateProblem(options, tokens, Routing::Uniform, 0);
  return problem ? "accepted" : toString(problem.takeError());
}

/// The logical weights of all experts; zeros where nothing is routed.
struct Weights {
  std::vector<uint8_t> codes, scales;
  explicit Weights(const Problem &p) {
    size_t blocks = size_t(p.options.n() * p.options.k() / 32);
    codes.resize(blocks * 16 * size_t(p.options.experts));
    scales.resize(blocks * size_t(p.options.experts));
    std::vector<char> active = p.activeExperts();
    for (size_t e = 0; e < active.size(); ++e)
      if (active[e])
        p.weightsOf(int64_t(e), &codes[e * blocks * 16], &scales[e * blocks]);
  }
};

static bool contains(const std::string &text, StringRef part) {
  return StringRef(text).contains(part);
}

TEST(RunProblem, ASeedIsAProblem) {
  KernelOptions options = makeOptions(64, 96, 4, 2);
  options.bias = true;
  Problem a = generate(options, 5), b = generate(options, 5);
  Problem c = generate(options, 5, Routing::Uniform, 1);
  EXPECT_EQ(Weights(a).codes, Weights(b).codes);
  EXPECT_TRUE(a.x.bytes() == b.x.bytes());
  EXPECT_EQ(a.ids, b.ids);
  EXPECT_EQ(a.bias, b.bias);
  EXPECT_FALSE(a.x.bytes() == c.x.bytes());
  EXPECT_NE(Weights(a).codes, Weights(c).codes);
}

TEST(RunProblem, WeightsVaryAsTheyShould) {
  Problem p = generate(makeOptions(256, 256, 1, 1), 1);
  std::set<int> nibbles, exponents;
  int zeroBlocks = 0;
  Weights w(p);
  for (uint64_t block = 0; block < w.scales.size(); ++block) {
    exponents.insert(w.scales[block]);
    bool zero = true;
    for (int i = 0; i < 16; ++i) {
      nibbles.insert(w.codes[16 * block + i] & 15);
      zero &= w.codes[16 * block + i] == 0;
    }
    zeroBlocks += zero && w.scales[block] == 0;
  }
  EXPECT_EQ(nibbles.size(), 16u);
  EXPECT_GE(exponents.size(), 8u);
  EXPECT_GT(zeroBlocks, 0);
  for (uint64_t i = 0; i < p.initial.size(); i += 2)
    EXPECT_TRUE(std::isfinite(reference::loadFloat(
        reference::FloatType::BF16, p.initial.data(), int64_t(i / 2))));
}

TEST(RunProblem, MasksHaveSoManyLocalExperts) {
  for (int64_t local : {0, 1, 5, 32}) {
    std::vector<int32_t> mask = randomMask(local, 32, 3);
    EXPECT_EQ(mask.size(), 32u);
    EXPECT_EQ(std::count(mask.begin(), mask.end(), 1), local);
  }
  EXPECT_NE(randomMask(5, 32, 3), randomMask(5, 32, 4));
}

TEST(RunProblem, ShardsSortWhatIsLocal) {
  Sharding sharding;
  sharding.mask = {0, 1, 1, 0, 0, 1};
  sharding.localTokens = 8;
  KernelOptions options = makeOptions(64, 96, 3, 2);
  Problem p =
      cantFail(generateProblem(options, 10, Routing::RoundRobin, 0, sharding));
  // Pair p goes to expert p % 6.
  const int32_t expected[] = {-1, 0, 1, -1, -1, 2};
  std::vector<int32_t> local = p.localIds();
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(local[i], i < 16 ? expected[i % 6] : -1);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(std::isnan(reference::decodeBF16(p.x.as<uint16_t>()[i * 96])),
              local[i] < 0);
  DeviceBuffers buffers = cantFail(prepare(p, 16, 2));
  EXPECT_EQ(buffers.numValid[1], 8);
  EXPECT_EQ(buffers.expertIds[0], 0);
  // Expert 1 of the six: pairs 1, 7, 13; the first three sorted rows.
  EXPECT_EQ(buffers.sortedIds[0], 1 << 24);
  EXPECT_EQ(buffers.sortedIds[1], 1 << 24 | 3);
  EXPECT_EQ(buffers.sortedIds[2], 1 << 24 | 6);
  EXPECT_EQ(buffers.sortedIds[3], 2 << 24 | 10);
}

TEST(RunProblem, RoutingsAreWhatTheyAreCalled) {
  KernelOptions options = makeOptions(32, 32, 8, 3);
  for (Routing routing : {Routing::Uniform, Routing::Skewed, Routing::OneExpert,
                          Routing::RoundRobin}) {
    Problem p = generate(options, 40, routing);
    std::vector<int> counts(8, 0);
    for (int t = 0; t < 40; ++t) {
      std::set<int32_t> distinct(p.ids.begin() + 3 * t,
                                 p.ids.begin() + 3 * t + 3);
      EXPECT_EQ(distinct.size(), 3u);
      for (int32_t id : distinct)
        ++counts[size_t(id)];
      float sum =
          p.weights[3 * t] + p.weights[3 * t + 1] + p.weights[3 * t + 2];
      EXPECT_NEAR(sum, 1, 1e-6);
    }
    if (routing == Routing::OneExpert) {
      for (int t = 0; t < 40; ++t)
        EXPECT_EQ(p.ids[size_t(3 * t)], 0);
      EXPECT_EQ(counts[0], 40);
    }
    if (routing == Routing::RoundRobin)
      for (int count : counts)
        EXPECT_EQ(count, 15);
    if (routing == Routing::Skewed) {
      EXPECT_GT(counts[0], 2 * counts[7]);
    }
  }
}

TEST(RunProblem, ImpossibleShapesAreRefusedWithBothNumbers) {
  EXPECT_TRUE(contains(refusal(makeOptions(64, 49, 4, 2), 4),
                       "inter-dim: expected an even K, two codes a byte, got "
                       "49"));
  EXPECT_TRUE(contains(refusal(makeOptions(32, 32, 300, 256), 1), "got 256"));
  EXPECT_TRUE(contains(refusal(makeOptions(32, 32, 2, 3), 1),
                       "expected at most the number of experts, 2, got 3"));
  EXPECT_TRUE(contains(refusal(makeOptions(32, 32, 2, 1), 1 << 24),
                       "expected fewer than 16777216, got 16777216"));
  // 2^21 x 8 rows of 128 bf16 are 4 GiB; a descriptor ends 1 MiB below.
  EXPECT_TRUE(contains(refusal(makeOptions(32, 128, 8, 8), 1 << 21),
                       "expected at most 4293918720"));
  EXPECT_NE(refusal(makeOptions(32, int64_t(1) << 40, 8, 8), 1), "accepted");
}

/// Element by element: what is added is zero, the rest is where it was.
TEST(RunProblem, APaddedProblemIsTheProblemWithZeros) {
  for (KernelKind kind : {KernelKind::Gemm1, KernelKind::Gemm2}) {
    KernelOptions options = makeOptions(74, 44, 3, 2);
    options.kernel = kind;
    options.bias = true;
    Problem p = generate(options, 5);
    Problem padded = cantFail(padProblem(p));
    const KernelOptions &o = padded.options;
    int64_t n = options.n(), k = options.k(), parts = o.isStage1() ? 2 : 1;
    EXPECT_EQ(o.k(), k == 74 ? 96 : 64);
    EXPECT_EQ(o.n(), o.isStage1() ? 96 : 96);
    auto codes = [](const Problem &from, int64_t e) {
      std::vector<uint8_t> codes(
          size_t(from.options.n() * from.options.k() / 2));
      std::vector<uint8_t> scales(
          size_t(from.options.n() * ((from.options.k() + 31) / 32)));
      from.weightsOf(e, codes.data(), scales.data());
      return std::make_pair(codes, scales);
    };
    int64_t rows = n / parts, paddedRows = o.n() / parts;
    for (int64_t e = 0; e < 3; ++e) {
      auto [from, fromScales] = codes(p, e);
      auto [to, toScales] = codes(padded, e);
      for (int64_t r = 0; r < o.n(); ++r) {
        bool real = r % paddedRows < rows;
        int64_t source = r / paddedRows * rows + r % paddedRows;
        for (int64_t i = 0; i < o.k() / 2; ++i)
          ASSERT_EQ(to[size_t(r * (o.k() / 2) + i)],
                    real && i < k / 2 ? from[size_t(source * (k / 2) + i)] : 0);
        for (int64_t b = 0; b < o.k() / 32; ++b)
          ASSERT_EQ(toScales[size_t(r * (o.k() / 32) + b)],
                    real ? fromScales[size_t(source * (o.k() / 32) + b)]
                         : 0x7F);
        EXPECT_EQ(padded.bias[size_t(e * o.n() + r)],
                  real ? p.bias[size_t(e * n + source)] : 0);
      }
    }
    int64_t xRows = o.isStage1() ? 5 : 10;
    for (int64_t r = 0; r < xRows; ++r)
      for (int64_t i = 0; i < o.k(); ++i)
        EXPECT_EQ(padded.x.as<uint16_t>()[r * o.k() + i],
                  i < k ? p.x.as<uint16_t>()[r * k + i] : 0);
    HostBuffer out =
        HostBuffer::view(padded.initial.data(), padded.initial.size());
    cantFail(cutOutput(p, out));
    EXPECT_EQ(out.bytes(), p.initial.bytes());
    p.shuffled = true;
    EXPECT_TRUE(contains(toString(padProblem(p).takeError()),
                         "shuffled weights: expected K a multiple of 32"));
  }
}

TEST(RunProblem, OnlyTheListsThatTheKernelsReadAreMade) {
  KernelOptions options = makeOptions(96, 160, 5, 2);
  DeviceBuffers sorted = cantFail(prepare(generate(options, 7), 16, 2));
  EXPECT_FALSE(sorted.sortedIds.empty());
  EXPECT_TRUE(sorted.topkIds.empty());
  options.sort = Sorting::Off;
  DeviceBuffers unsorted = cantFail(prepare(generate(options, 7), 16, 2));
  EXPECT_TRUE(unsorted.sortedIds.empty());
  EXPECT_EQ(unsorted.topkIds.size(), 7u * 2);
  // The kernel that activates raw sums has sorted lists in any case.
  options.kernel = KernelKind::Gemm1;
  options.kBatch = 2;
  DeviceBuffers both = cantFail(prepare(generate(options, 7), 16, 2));
  EXPECT_FALSE(both.sortedIds.empty());
  EXPECT_EQ(both.topkIds.size(), 7u * 2);
}

TEST(RunProblem, PreparedBuffersHaveTheContractsSizes) {
  KernelOptions options = makeOptions(96, 160, 5, 2);
  options.bias = true;
  Problem p = generate(options, 7);
  DeviceBuffers buffers = cantFail(prepare(p, 16, 2));
  EXPECT_EQ(buffers.w.size(), 5u * 96 * 256 / 2);
  EXPECT_EQ(buffers.scale.size(), 5u * 96 * 8);
  EXPECT_EQ(buffers.sortedIds.size(), size_t(7 * 2 + 5 * 16 - 2));
  EXPECT_EQ(buffers.sortedWeights.size(), buffers.sortedIds.size());
  EXPECT_EQ(buffers.numBlocks(), (7 * 2 + 5 * 16 - 2 + 15) / 16);
  EXPECT_EQ(buffers.out.size(), 7u * 96 * 2);
  EXPECT_EQ(p.x.size(), 14u * 160 * 2);
  std::vector<executor::Argument> args = buffers.arguments(p);
  ASSERT_EQ(args.size(), 13u);
  const char *names[] = {"out",
                         "x",
                         "w",
                         "scale",
                         "sorted_token_ids",
                         "expert_ids",
                         "sorted_weights",
                         "num_valid_ids",
                         "bias",
                         "tokens",
                         "n",
                         "k",
                         "num_blocks"};
  for (size_t i = 0; i < 13; ++i)
    EXPECT_EQ(args[i].name, names[i]);
  EXPECT_EQ(args[10].value, (std::vector<uint8_t>{96, 0, 0, 0}));
  EXPECT_EQ(args[11].value, (std::vector<uint8_t>{160, 0, 0, 0}));
}

TEST(RunProblem, PreparedWeightsAreTheShuffledOnes) {
  Problem p = generate(makeOptions(64, 160, 6, 2), 3);
  DeviceBuffers buffers = cantFail(prepare(p, 32, 2));
  Weights logical(p);
  std::vector<uint8_t> w =
      reference::shuffleWeightA16W4(logical.codes.data(), 6, 64, 160);
  std::vector<uint8_t> scale =
      reference::shuffleScaleA16W4(logical.scales.data(), 6, 64, 160);
  std::vector<char> active = p.activeExperts();
  int used = 0;
  for (size_t e = 0; e < 6; ++e) {
    size_t bytes = w.size() / 6;
    EXPECT_TRUE(buffers.w.bytes().slice(e * bytes, bytes) ==
                ArrayRef(w).slice(e * bytes, bytes));
    bytes = scale.size() / 6;
    used += active[e];
    if (active[e])
      EXPECT_TRUE(buffers.scale.bytes().slice(e * bytes, bytes) ==
                  ArrayRef(scale).slice(e * bytes, bytes));
  }
  EXPECT_GT(used, 1);
}

TEST(RunProblem, WhatTheContractLeavesOpenIsHostile) {
  Problem p = generate(makeOptions(32, 32, 40, 2), 9);
  DeviceBuffers buffers = cantFail(prepare(p, 16, 1));
  int32_t padding = 2 << 24 | 9;
  std::set<int32_t> seen;
  int foreign = 0, badPadding = 0;
  for (int32_t i = 0; i < buffers.numValid[0]; ++i) {
    int32_t expert = buffers.expertIds[size_t(i / 16)];
    int32_t id = buffers.sortedIds[size_t(i)];
    if (expert < 0 || expert >= 40) {
      ++foreign;
      continue;
    }
    if (id == padding) {
      badPadding += !(std::fabs(buffers.sortedWeights[size_t(i)]) < 10);
      continue;
    }
    EXPECT_TRUE(seen.insert(id).second);
    int32_t pair = (id & 0xFFFFFF) * 2 + (id >> 24);
    EXPECT_EQ(p.ids[size_t(pair)], expert);
    EXPECT_EQ(p.weights[size_t(pair)], buffers.sortedWeights[size_t(i)]);
  }
  EXPECT_EQ(seen.size(), 18u); // every pair once
  EXPECT_EQ(foreign, 16);      // one block of an expert that is elsewhere
  EXPECT_GT(badPadding, 0);
  EXPECT_EQ(buffers.numValid[0] % 16, 0);
  bool differs = false;
  for (size_t i = size_t(buffers.numValid[0]); i < buffers.sortedIds.size();
       ++i)
    differs |= buffers.sortedIds[i] != padding;
  EXPECT_TRUE(differs);
}
