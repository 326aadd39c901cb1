// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.route and moe.sort in kernels, as text.

#include "Driver/Compile/RouterKernels.h"
#include "Driver/Compile/KernelText.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace moe::driver;
using namespace moe::driver::text;

Error moe::driver::checkSizes(const RouterOptions &o, int64_t tokens) {
  struct Size {
    const char *name;
    int64_t value, least, most;
  };
  for (const Size &size : {Size{"tokens", tokens, 0, (1 << 24) - 1},
                           {"experts", o.experts, 1, 1 << 24},
                           {"topk", o.topk, 1, 255},
                           {"shared-experts", o.shared, 0, 255}})
    if (size.value < size.least || size.value > size.most)
      return createStringError(Twine(size.name) + ": expected from " +
                               Twine(size.least) + " to " + Twine(size.most) +
                               ", got " + Twine(size.value));
  return Error::success();
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
  return kernel("moe_route", arguments, body);
}

std::string moe::driver::sortIR(const RouterOptions &o, const SortKernel &s) {
  StringRef clearElement = elementName(s.clearType);
  std::string arguments = formatv(
      "%sorted_ids_ptr: memref<i32, #global>, %expert_ids_ptr: memref<i32, "
      "#global>,\n      %sorted_weights_ptr: memref<f32, #global>, "
      "%num_valid: memref<2xi32, #global>,\n      %workspace: "
      "memref<64x{0}xi32, #global>, %clear_ptr: memref<{1}, #global>,\n      "
      "%topk_ids_ptr: memref<i32, #global>, %topk_weights_ptr: memref<f32, "
      "#global>,\n      %expert_map: memref<{2}xi32, #global>, %local_tokens: "
      "memref<1xi32, #global>,\n      %tokens: i32, %n: i32, %k: i32, "
      "%num_blocks: i32",
      s.localExperts, clearElement, o.allExperts());
  std::string body =
      formatv("    %rows = arith.index_castui %tokens : i32 to index\n"
              "    %blocks = arith.index_castui %num_blocks : i32 to index\n"
              "    %block_rows = arith.constant {0} : index\n"
              "    %sorted = arith.muli %blocks, %block_rows : index\n",
              s.blockRows);
  body += listOf("sorted_ids", "%sorted", "i32") +
          listOf("expert_ids", "%blocks", "i32") +
          listOf("sorted_weights", "%sorted", "f32") +
          rowsOf("topk_ids", "%rows", o.slots(), "i32") +
          rowsOf("topk_weights", "%rows", o.slots(), "f32");
  if (s.clearColumns)
    body += rowsOf("clear", "%rows", s.clearColumns, clearElement);
  body += formatv("    moe.sort outs(%sorted_ids, %expert_ids, "
                  "%sorted_weights, %num_valid\n        : {0}, {0}, {1}, "
                  "memref<2xi32, #global>)\n        ins(%topk_ids, "
                  "%topk_weights : {2}, {3})",
                  listType("i32"), listType("f32"), rowsType(o.slots(), "i32"),
                  rowsType(o.slots(), "f32"));
  if (s.mapped)
    body += formatv("\n        expert_map(%expert_map : memref<{0}xi32, "
                    "#global>)",
                    o.allExperts());
  if (s.limited)
    body += "\n        local_tokens(%local_tokens : memref<1xi32, #global>)";
  if (s.phase != "all")
    body += formatv("\n        workspace(%workspace : memref<64x{0}xi32, "
                    "#global>)",
                    s.localExperts);
  if (s.clearColumns)
    body += formatv("\n        clear(%clear : {0})",
                    rowsType(s.clearColumns, clearElement));
  body += formatv("\n        tokens(%tokens) experts {0} block_rows {1}",
                  s.localExperts, s.blockRows);
  body += s.phase == "all" ? "\n" : " phase " + s.phase + "\n";
  return kernel("moe_sort_" + s.phase, arguments, body);
}
