// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flags of the kernels that are made as text, checked before any text is.

#include "Driver/Compile/TextKernels.h"
#include "Driver/Options/KernelFlags.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace moe::driver {

void addRouterFlags(FlagSet &flags, RouterOptions &o) {
  flags.choice<RouterScore>(
      "score", "what is made of logits [softmax]", o.score,
      {{"softmax", RouterScore::Softmax}, {"sigmoid", RouterScore::Sigmoid}});
  flags.toggle("renormalize", "weights of a token sum to the scale",
               o.renormalize);
  flags.number("route-scale", "factor of all routing weights [1]", o.scale);
  flags.integer("n-group", "groups of experts [1]", o.groups, 1);
  flags.integer("topk-group", "groups that a token's experts come from [1]",
                o.bestGroups, 1);
  flags.integer("shared-experts",
                "experts behind the others that every token goes to [0]",
                o.shared, 0);
  flags.number("shared-weight", "routing weight of each of them [1]",
               o.sharedWeight);
  flags.choice<bool>("logits-type", "element type of logits [f32]",
                     o.bf16Logits, {{"f32", false}, {"bf16", true}});
}

std::vector<std::string> TextKernel::kinds() {
  return {"route", "sort", "quantize", "shuffle"};
}

void TextKernel::addFlags(FlagSet &flags) {
  flags.group("route only");
  addRouterFlags(flags, router);
  flags.toggle("correction", "a correction of the choice is an argument",
               correction);
  flags.group("sort only");
  flags.integer("block-rows", "sorted rows of a block: tile_m of the products",
                sort.blockRows, 1);
  flags.integer("experts-global",
                "entries of an expert map; --experts of them are local [none]",
                expertsGlobal, 1);
  flags.toggle("local-tokens", "the number of tokens to sort is in memory",
               sort.limited);
  flags.integer("clear-columns",
                "columns of an output, of --out-type, that gets zeros [0]",
                sort.clearColumns, 0);
  flags.choice<std::string>("phase",
                            "one kernel for all, or one of three for many "
                            "tokens [all]",
                            sort.phase,
                            {{"all", "all"},
                             {"count", "count"},
                             {"scan", "scan"},
                             {"place", "place"}});
  flags.group("quantize and shuffle only");
  flags.integer("rows", "rows of an expert: N of stage 2, 2*I of stage 1",
                weights.rows, 1);
  flags.integer("columns", "columns K of a row", weights.k, 1);
  flags.toggle("logical", "quantize: rows as they are, not in kernel order",
               weights.logical);
}

std::vector<std::string> TextKernel::names() {
  FlagSet own("", "");
  TextKernel ignored;
  ignored.addFlags(own);
  return own.names();
}

std::pair<size_t, std::vector<std::string>> TextKernel::flagsOfKind() const {
  if (kind == "route")
    return {2,
            {"experts", "topk", "score", "renormalize", "route-scale",
             "n-group", "topk-group", "shared-experts", "shared-weight",
             "logits-type", "correction"}};
  if (kind == "sort")
    return {3,
            {"experts", "topk", "block-rows", "experts-global", "local-tokens",
             "clear-columns", "out-type", "phase"}};
  if (kind == "quantize")
    return {3, {"experts", "rows", "columns", "gate", "logical"}};
  return {3, {"experts", "rows", "columns", "gate"}};
}

Error TextKernel::check(const FlagSet &flags, const KernelOptions &shared) {
  auto [needed, allowed] = flagsOfKind();
  FlagSet products("", "");
  KernelOptions ignored;
  addKernelKindFlag(products, ignored);
  addKernelFlags(products, ignored);
  std::vector<std::string> all = products.names();
  llvm::append_range(all, names());
  all.insert(all.end(), {"tokens", "explain"});
  for (const std::string &name : all)
    if (name != "kernel" && flags.given(name) && !is_contained(allowed, name))
      return usageError("--" + name + " does not belong to " + kind);
  for (const std::string &name : ArrayRef(allowed).take_front(needed))
    if (!flags.given(name))
      return usageError("missing flag --" + name + ", which " + kind +
                        " needs");
  for (auto [name, other] : {std::pair("shared-weight", "shared-experts"),
                             {"out-type", "clear-columns"}})
    if (flags.given(name) && !flags.given(other))
      return usageError(Twine("--") + name + ": expected --" + other +
                        " besides");
  if (flags.given("gate") && weights.logical)
    return usageError("--gate: expected no --logical with it, which leaves "
                      "rows as they are");
  take(flags, shared);
  return isWeights() ? checkSizes(weights) : checkSizes(router);
}

Error TextKernel::checkNone(const FlagSet &flags, StringRef product) const {
  for (const std::string &name : names())
    if (flags.given(name))
      return usageError("--" + name + " does not belong to " + product);
  return Error::success();
}

void TextKernel::take(const FlagSet &flags, const KernelOptions &shared) {
  router.topk = shared.topk;
  router.experts = expertsGlobal ? expertsGlobal : shared.experts;
  sort.mapped = flags.given("experts-global");
  sort.localExperts = shared.experts;
  sort.clearType = shared.outType;
  weights.experts = shared.experts;
  weights.gate = shared.gate;
  weights.shuffleOnly = kind == "shuffle";
}

std::string TextKernel::ir() const {
  return kind == "route"  ? routeIR(router, correction)
         : kind == "sort" ? sortIR(router, sort)
                          : weightIR(weights);
}

} // namespace moe::driver
