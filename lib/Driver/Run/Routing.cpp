// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of routing and sorting as text, which shows their arguments as
// docs/KernelABI.md has them, and the buffers that they are launched with.

#include "Driver/Run/Routing.h"
#include "moe/Reference/Sorting.h"
#include "llvm/Support/FormatVariadic.h"
#include <cstring>

using namespace llvm;
using namespace moe::driver;
using moe::executor::Argument;

Expected<std::vector<int32_t>>
moe::driver::makeExpertMap(std::vector<int32_t> entries) {
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
  if (isMap && local > 0)
    return entries;
  if (!isMask || !is_contained(entries, 1))
    return failure("expert_map: expected the numbers from 0 to " +
                   Twine(local - 1) + " of " + Twine(local) +
                   " local experts once each, negative for others, or a mask "
                   "of ones and zeros, got neither");
  int32_t next = 0;
  for (int32_t &entry : entries)
    entry = entry ? next++ : -1;
  return entries;
}

int64_t moe::driver::countLocal(const RouterOptions &options,
                                const RouterTensors &tensors) {
  if (tensors.expertMap.empty())
    return options.allExperts();
  return count_if(tensors.expertMap, [](int32_t e) { return e >= 0; });
}

//===----------------------------------------------------------------------===//
// IR
//===----------------------------------------------------------------------===//

static const char *elementName(OutType type) {
  return type == OutType::BF16 ? "bf16" : type == OutType::F16 ? "f16" : "f32";
}

/// The rows of a plain pointer as a memref: "%name = memref.reinterpret_cast".
static std::string rowsOf(StringRef name, StringRef rows, int64_t columns,
                          StringRef element) {
  return formatv(
      "    %{0} = memref.reinterpret_cast %{0}_ptr to offset: [0], sizes: "
      "[{1}, {2}], strides: [{2}, 1]\n"
      "        : memref<{3}, #global> to memref<?x{2}x{3}, strided<[{2}, 1]>, "
      "#global>\n",
      name, rows, columns, element);
}
static std::string rowsType(int64_t columns, StringRef element) {
  return formatv("memref<?x{0}x{1}, strided<[{0}, 1]>, #global>", columns,
                 element);
}
static std::string listOf(StringRef name, StringRef length, StringRef element) {
  return formatv(
      "    %{0} = memref.reinterpret_cast %{0}_ptr to offset: [0], sizes: "
      "[{1}], strides: [1]\n"
      "        : memref<{2}, #global> to memref<?x{2}, strided<[1]>, "
      "#global>\n",
      name, length, element);
}
static std::string listType(StringRef element) {
  return formatv("memref<?x{0}, strided<[1]>, #global>", element);
}

/// A module around the body of one kernel.
static std::string kernelIR(StringRef name, StringRef arguments,
                            StringRef body) {
  return ("#global = #gpu.address_space<global>\n\ngpu.module @" + name +
          "_module {\n  gpu.func @" + name + "(" + arguments +
          ") kernel\n      attributes {known_block_size = array<i32: 256, 1, "
          "1>} {\n" +
          body + "    gpu.return\n  }\n}\n")
      .str();
}

/// As bits: no decimal loses any.
static std::string literal(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return formatv("{0}", format_hex(bits, 10));
}

std::string moe::driver::routeIR(const RouterOptions &o, bool correction) {
  StringRef element = o.bf16Logits ? "bf16" : "f32";
  std::string arguments =
      formatv("%ids_ptr: memref<i32, #global>, %weights_ptr: memref<f32, "
              "#global>,\n      %logits_ptr: memref<{0}, #global>, "
              "%correction: memref<{1}xf32, #global>,\n      %tokens: i32, "
              "%n: i32",
              element, o.experts);
  std::string body = "    %rows = arith.index_castui %tokens : i32 to index\n" +
                     rowsOf("ids", "%rows", o.slots(), "i32") +
                     rowsOf("weights", "%rows", o.slots(), "f32") +
                     rowsOf("logits", "%rows", o.experts, element);
  body +=
      formatv("    moe.route {0}{1}\n        outs(%ids, %weights : {2}, "
              "{3})\n        ins(%logits : {4})",
              o.score == RouterScore::Softmax ? "softmax" : "sigmoid",
              o.renormalize ? " renormalize" : "", rowsType(o.slots(), "i32"),
              rowsType(o.slots(), "f32"), rowsType(o.experts, element));
  if (correction)
    body += formatv(" correction(%correction : memref<{0}xf32, #global>)",
                    o.experts);
  body += formatv("\n        groups {0} best {1}", o.groups, o.bestGroups);
  body += " scale " + literal(o.getScale());
  if (o.shared)
    body += formatv(" shared {0} weight {1}", o.shared,
                    literal(o.getSharedWeight()));
  body += " tokens(%tokens)\n";
  return kernelIR("moe_route", arguments, body);
}

std::string moe::driver::sortIR(const RouterOptions &o, int64_t localExperts,
                                bool mapped, bool limited, int64_t blockRows,
                                OutType clearType, int64_t clearColumns,
                                StringRef phase) {
  StringRef clearElement = elementName(clearType);
  std::string arguments = formatv(
      "%sorted_ids_ptr: memref<i32, #global>, %expert_ids_ptr: memref<i32, "
      "#global>,\n      %sorted_weights_ptr: memref<f32, #global>, "
      "%num_valid: memref<2xi32, #global>,\n      %workspace: "
      "memref<64x{0}xi32, #global>, %clear_ptr: memref<{1}, #global>,\n      "
      "%topk_ids_ptr: memref<i32, #global>, %topk_weights_ptr: memref<f32, "
      "#global>,\n      %expert_map: memref<{2}xi32, #global>, %local_tokens: "
      "memref<1xi32, #global>,\n      %tokens: i32, %n: i32, %k: i32, "
      "%num_blocks: i32",
      localExperts, clearElement, o.allExperts());
  std::string body =
      formatv("    %rows = arith.index_castui %tokens : i32 to index\n"
              "    %blocks = arith.index_castui %num_blocks : i32 to index\n"
              "    %block_rows = arith.constant {0} : index\n"
              "    %sorted = arith.muli %blocks, %block_rows : index\n",
              blockRows);
  body += listOf("sorted_ids", "%sorted", "i32") +
          listOf("expert_ids", "%blocks", "i32") +
          listOf("sorted_weights", "%sorted", "f32") +
          rowsOf("topk_ids", "%rows", o.slots(), "i32") +
          rowsOf("topk_weights", "%rows", o.slots(), "f32");
  if (clearColumns)
    body += rowsOf("clear", "%rows", clearColumns, clearElement);
  body += formatv("    moe.sort outs(%sorted_ids, %expert_ids, "
                  "%sorted_weights, %num_valid\n        : {0}, {0}, {1}, "
                  "memref<2xi32, #global>)\n        ins(%topk_ids, "
                  "%topk_weights : {2}, {3})",
                  listType("i32"), listType("f32"), rowsType(o.slots(), "i32"),
                  rowsType(o.slots(), "f32"));
  if (mapped)
    body += formatv("\n        expert_map(%expert_map : memref<{0}xi32, "
                    "#global>)",
                    o.allExperts());
  if (limited)
    body += "\n        local_tokens(%local_tokens : memref<1xi32, #global>)";
  if (phase != "all")
    body += formatv("\n        workspace(%workspace : memref<64x{0}xi32, "
                    "#global>)",
                    localExperts);
  if (clearColumns)
    body += formatv("\n        clear(%clear : {0})",
                    rowsType(clearColumns, clearElement));
  body += formatv("\n        tokens(%tokens) experts {0} block_rows {1}",
                  localExperts, blockRows);
  body += phase == "all" ? "\n" : (" phase " + phase + "\n").str();
  return kernelIR(("moe_sort_" + phase).str(), arguments, body);
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

template <typename T>
static Argument bufferOf(const char *name, std::vector<T> &values,
                         bool readOnly) {
  if (values.empty())
    return Argument::null(name);
  return Argument::buffer(
      name,
      MutableArrayRef(reinterpret_cast<uint8_t *>(values.data()),
                      values.size() * sizeof(T)),
      readOnly);
}

static Argument number(const char *name, int64_t value) {
  return Argument::scalar(name, static_cast<int32_t>(value));
}

Error moe::driver::routeOnDevice(const RouterOptions &o, RouterTensors &tensors,
                                 RunKernelIR run, GivenRouting &result) {
  result.tokens = tensors.tokens;
  result.topk = o.slots();
  size_t pairs = static_cast<size_t>(tensors.tokens * o.slots());
  // Whatever is not written shows.
  result.ids.assign(pairs, std::numeric_limits<int32_t>::min());
  result.weights.assign(pairs, std::numeric_limits<float>::quiet_NaN());
  if (!tensors.tokens)
    return Error::success();
  return run(routeIR(o, !tensors.correction.empty()),
             {bufferOf("ids", result.ids, false),
              bufferOf("weights", result.weights, false),
              Argument::buffer("logits", tensors.logits.bytes(), true),
              bufferOf("correction", tensors.correction, true),
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

Expected<int64_t> moe::driver::sortOnDevice(
    const RouterOptions &o, RouterTensors &tensors, GivenRouting &routing,
    int64_t blockRows, OutType clearType, int64_t clearColumns,
    HostBuffer &clear, RunKernelIR run, SortedLists &result) {
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
      bufferOf("sorted_ids", result.sortedIds, false),
      bufferOf("expert_ids", result.expertIds, false),
      bufferOf("sorted_weights", result.sortedWeights, false),
      bufferOf("num_valid", result.numValid, false),
      bufferOf("workspace", workspace, false),
      clearColumns && tokens ? Argument::buffer("clear", clear.bytes())
                             : Argument::null("clear"),
      bufferOf("topk_ids", routing.ids, true),
      bufferOf("topk_weights", routing.weights, true),
      bufferOf("expert_map", tensors.expertMap, true),
      bufferOf("local_tokens", tensors.localTokens, true),
      number("tokens", tokens),
      number("n", local),
      number("k", 0),
      number("num_blocks", int64_t(blocks))};
  SmallVector<StringRef> phases = {"all"};
  if (several)
    phases = {"count", "scan", "place"};
  for (StringRef phase : phases)
    if (Error error = run(sortIR(o, local, !tensors.expertMap.empty(),
                                 !tensors.localTokens.empty(), blockRows,
                                 clearType, clearColumns, phase),
                          args, tokens))
      return std::move(error);
  return int64_t(phases.size());
}
