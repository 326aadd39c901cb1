// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The buffers that the kernels of routing and sorting are launched with, and
// what they leave. The kernels are in RouterKernels.cpp.

#include "Driver/Run/Routing.h"
#include "moe/Reference/Sorting.h"

using namespace llvm;
using namespace moe::driver;
using moe::executor::Argument;

std::vector<int32_t> moe::driver::mapOfMask(std::vector<int32_t> mask) {
  int32_t next = 0;
  for (int32_t &entry : mask)
    entry = entry ? next++ : -1;
  return mask;
}

Expected<std::vector<int32_t>>
moe::driver::makeExpertMap(std::vector<int32_t> entries, int64_t experts) {
  int64_t local = count_if(entries, [](int32_t e) { return e >= 0; });
  std::vector<char> seen(static_cast<size_t>(local), 0);
  bool isMap = true, isMask = true;
  for (int32_t entry : entries) {
    isMask &= entry == 0 || entry == 1;
    if (entry < 0)
      continue;
    isMap &= entry < local && !seen[static_cast<size_t>(entry)];
    if (entry < local)
      seen[static_cast<size_t>(entry)] = 1;
  }
  isMap &= local > 0;
  isMask &= is_contained(entries, 1);
  // One and zero are a mask of two experts, one of them here, too.
  if (isMap && !(isMask && experts == 1))
    return entries;
  if (isMask)
    return mapOfMask(std::move(entries));
  if (!local)
    return failure("expert_map: expected a local expert, got " +
                   Twine(entries.size()) + " negative entries");
  return failure("expert_map: expected the numbers from 0 to " +
                 Twine(local - 1) + " of " + Twine(local) +
                 " local experts once each, negative for others, or a mask "
                 "of ones and zeros, got neither");
}

int64_t moe::driver::countLocal(const RouterOptions &options,
                                const RouterTensors &tensors) {
  if (tensors.expertMap.empty())
    return options.allExperts();
  return count_if(tensors.expertMap, [](int32_t e) { return e >= 0; });
}

static Argument number(const char *name, int64_t value) {
  return Argument::scalar(name, static_cast<int32_t>(value));
}

Error moe::driver::routeOnDevice(const RouterOptions &o,
                                 const RouterTensors &tensors, RunKernelIR run,
                                 GivenRouting &result) {
  if (Error error = checkSizes(o, tensors.tokens))
    return error;
  result.tokens = tensors.tokens;
  result.topk = o.slots();
  size_t pairs = static_cast<size_t>(tensors.tokens * o.slots());
  // Whatever is not written shows.
  result.ids.assign(pairs, std::numeric_limits<int32_t>::min());
  result.weights.assign(pairs, std::numeric_limits<float>::quiet_NaN());
  if (!tensors.tokens)
    return Error::success();
  return run(routeIR(o, !tensors.correction.empty()),
             {Argument::elements("ids", result.ids),
              Argument::elements("weights", result.weights),
              Argument::input("logits", tensors.logits.bytes()),
              Argument::inputElements("correction", tensors.correction),
              number("tokens", tensors.tokens), number("n", o.experts)},
             tensors.tokens);
}

GivenRouting moe::driver::localRouting(const RouterOptions &o,
                                       const RouterTensors &tensors,
                                       const GivenRouting &routing) {
  GivenRouting local = routing;
  int64_t sorted = tensors.localTokens.empty() ? routing.tokens
                                               : tensors.localTokens.front();
  for (auto [i, id] : enumerate(local.ids))
    if (id < 0 || id >= o.allExperts() || int64_t(i) >= sorted * routing.topk)
      id = -1;
    else if (!tensors.expertMap.empty())
      id = std::max(-1, tensors.expertMap[static_cast<size_t>(id)]);
  return local;
}

PairLists moe::driver::pairsOf(const RouterTensors &tensors,
                               const GivenRouting &routing) {
  PairLists lists;
  lists.topkIds = routing.ids;
  lists.topkWeights = routing.weights;
  lists.expertMap = tensors.expertMap;
  lists.localTokens = tensors.localTokens;
  return lists;
}

Expected<int64_t>
moe::driver::sortOnDevice(const RouterOptions &o, const RouterTensors &tensors,
                          const GivenRouting &routing, int64_t blockRows,
                          OutType clearType, int64_t clearColumns,
                          HostBuffer &clear, RunKernelIR run,
                          SortedLists &result) {
  int64_t local = countLocal(o, tensors), tokens = routing.tokens;
  int64_t most = std::numeric_limits<int32_t>::max() - blockRows;
  int64_t rows = std::max(
      blockRows, reference::maxSortedRows(tokens, o.slots(), local, blockRows));
  if (rows > most)
    return failure("tokens x topk: expected at most " + Twine(most) +
                   " sorted rows, got " + Twine(rows));
  size_t blocks = static_cast<size_t>((rows + blockRows - 1) / blockRows);
  // What a product would take for rows in use: it is not to look at them.
  result.sortedIds.assign(static_cast<size_t>(rows), 0);
  result.sortedWeights.assign(static_cast<size_t>(rows),
                              std::numeric_limits<float>::quiet_NaN());
  result.expertIds.assign(blocks, 0);
  result.numValid.assign(2, -1);
  bool several = tokens * o.slots() > kOneWorkgroupPairs;
  std::vector<int32_t> workspace;
  if (several)
    workspace.assign(static_cast<size_t>(64 * local), -1);
  std::vector<Argument> args = {
      Argument::elements("sorted_ids", result.sortedIds),
      Argument::elements("expert_ids", result.expertIds),
      Argument::elements("sorted_weights", result.sortedWeights),
      Argument::elements("num_valid", result.numValid),
      Argument::elements("workspace", workspace),
      clearColumns && tokens ? Argument::buffer("clear", clear.bytes())
                             : Argument::null("clear"),
      Argument::inputElements("topk_ids", routing.ids),
      Argument::inputElements("topk_weights", routing.weights),
      Argument::inputElements("expert_map", tensors.expertMap),
      Argument::inputElements("local_tokens", tensors.localTokens),
      number("tokens", tokens),
      number("n", local),
      number("k", 0),
      number("num_blocks", int64_t(blocks))};
  SmallVector<StringRef> phases = {"all"};
  if (several)
    phases = {"count", "scan", "place"};
  SortKernel kernel;
  kernel.localExperts = local;
  kernel.mapped = !tensors.expertMap.empty();
  kernel.limited = !tensors.localTokens.empty();
  kernel.blockRows = blockRows;
  kernel.clearType = clearType;
  kernel.clearColumns = clearColumns;
  for (StringRef phase : phases) {
    kernel.phase = phase.str();
    if (Error error = run(sortIR(o, kernel), args, tokens))
      return std::move(error);
  }
  return int64_t(phases.size());
}
