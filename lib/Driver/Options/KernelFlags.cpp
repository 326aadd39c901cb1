// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The flags of a kernel and their inverse, a command line made of options.
#include "Driver/Options/KernelFlags.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

using llvm::StringRef;

namespace moe::driver {

llvm::Expected<TileShape> parseTile(StringRef text) {
  llvm::SmallVector<StringRef, 3> parts;
  text.split(parts, 'x');
  int64_t sizes[3] = {0, 0, 0};
  bool good = parts.size() == 3;
  for (size_t i = 0; good && i < 3; ++i)
    good = !parts[i].getAsInteger(10, sizes[i]) && sizes[i] >= 0 &&
           sizes[i] <= 65536;
  if (!good)
    return usageError("--tile: expected MxNxK in decimal integers, got '" +
                      text + "'");
  return TileShape{sizes[0], sizes[1], sizes[2]};
}

static void addDimensionFlags(FlagSet &flags, KernelOptions &options) {
  flags.group("the model");
  flags.integer("model-dim", "hidden size H: N of stage 2, K of stage 1",
                options.modelDim, 1);
  flags.integer("inter-dim",
                "intermediate size I: K of stage 2, N/2 of stage 1",
                options.interDim, 1);
  flags.integer("experts", "local experts", options.experts, 1);
  flags.integer("topk", "experts a token is routed to", options.topk, 1);
}

static void addConfigFlags(FlagSet &flags, KernelOptions &options) {
  flags.group("the kernel's configuration");
  flags.value("tile", "MxNxK", "tile of a workgroup, for instance 16x128x256",
              [&options](StringRef text) -> llvm::Error {
                llvm::Expected<TileShape> tile = parseTile(text);
                if (!tile)
                  return tile.takeError();
                options.tile = *tile;
                return llvm::Error::success();
              });
  flags.choice<OutType>(
      "out-type", "element type of the output [bf16]", options.outType,
      {{"bf16", OutType::BF16}, {"f16", OutType::F16}, {"f32", OutType::F32}});
  flags.toggle("bias", "add bias[e,n]", options.bias);
  flags.integer("k-batch", "slices of K over workgroups [1]", options.kBatch,
                1);
  flags.integer("k-wave", "slices of K within a workgroup [1]", options.kWave,
                1);
  flags.integer("waves", "waves in a workgroup [4]", options.waves, 1);
  flags.choice<CachePolicy>(
      "cache", "cache policy of weight loads [default]", options.cache,
      {{"default", CachePolicy::Default}, {"nt", CachePolicy::NonTemporal}});
  flags.integer("xcd", "XCDs to remap workgroups over; 1 = none [1]",
                options.xcd, 1);
  flags.integer("group-m", "M blocks walked together; 1 = none [1]",
                options.groupM, 1);
  flags.string(
      "schedule-table", "FILE",
      "table of schedules to choose from, as moe-compile --tune writes "
      "it; none = the rules alone [the chip's built-in one]",
      options.scheduleTable);
  flags.toggle("deterministic",
               "one order of sums whatever the configuration: no cuts of K, no "
               "atomics",
               options.deterministic);
  flags.choice<Sorting>(
      "sort",
      "whether a launch sorts the pairs, or stages work straight from "
      "topk_ids, "
      "which suits few tokens; chosen is on but for a block [chosen]",
      options.sort,
      {{"chosen", Sorting::Chosen},
       {"on", Sorting::On},
       {"off", Sorting::Off}});
  flags.integer("waves-per-eu",
                "waves per SIMD to ask for; 0 = as many as the tile suits [0]",
                options.wavesPerEu, 0);
  flags.integer("x-stride", "elements from one row of x to the next [K]",
                options.xStride, 1);
  flags.integer("out-stride",
                "elements from one row of the output to the next "
                "[its columns]",
                options.outStride, 1);
}

static constexpr char stage2Group[] = "stage 2 (gemm2) only";
static constexpr char stage1Group[] = "stage 1 (gemm1, activate) only";

static void addStageFlags(FlagSet &flags, KernelOptions &options) {
  flags.group(stage2Group);
  flags.toggle("no-accumulate", "store into out[T*topk,H] instead of adding",
               options.accumulate, false);
  flags.toggle("no-weight", "do not multiply by the routing weight",
               options.routingWeight, false);
  flags.group(stage1Group);
  flags.choice<Activation>("act", "activation [silu]", options.act,
                           {{"silu", Activation::Silu},
                            {"swiglu", Activation::Swiglu},
                            {"situv2", Activation::Situv2}});
  flags.choice<GateLayout>("gate", "order of gate and up rows [separated]",
                           options.gate,
                           {{"separated", GateLayout::Separated},
                            {"interleaved", GateLayout::Interleaved},
                            {"rows", GateLayout::Rows}});
  flags.toggle("doweight", "multiply by the routing weight", options.doweight);
  flags.number("alpha", "run-time alpha of swiglu [1.702]", options.alpha);
  flags.limit("limit", "run-time clamp [swiglu 7, else inf]", options.limit,
              /*least=*/0);
  flags.number("beta", "run-time beta of situv2 [4]", options.beta);
  flags.number("linear-beta", "run-time linear beta of situv2 [25]",
               options.linearBeta);
}

static constexpr KernelKind allKinds[] = {KernelKind::Gemm1, KernelKind::Gemm2,
                                          KernelKind::Activate,
                                          KernelKind::Reduce};

void hideOtherStage(FlagSet &flags, KernelKind kernel) {
  flags.hideGroup(isStage1(kernel) ? stage2Group : stage1Group);
}

void addKernelFlags(FlagSet &flags, KernelOptions &options) {
  addDimensionFlags(flags, options);
  addConfigFlags(flags, options);
  addStageFlags(flags, options);
}

void addKernelKindFlag(FlagSet &flags, KernelOptions &options,
                       llvm::ArrayRef<std::string> others, std::string *other) {
  std::string metavar,
      what =
          "the stage: gate/up (gemm1) or down (gemm2); or what finishes one: "
          "activate (after gemm1 with --k-batch), reduce (after gemm2 with "
          "--no-accumulate)";
  for (KernelKind kind : allKinds)
    metavar += (metavar.empty() ? "" : "|") + std::string(toString(kind));
  for (const std::string &name : others)
    metavar += "|" + name;
  if (!others.empty())
    what += "; or what is before both: route, sort; or makes weights: "
            "quantize, shuffle";
  std::vector<std::string> names(others.begin(), others.end());
  flags.value("kernel", metavar, what,
              [&options, metavar, names, other](StringRef text) -> llvm::Error {
                for (KernelKind kind : allKinds)
                  if (text == toString(kind)) {
                    options.kernel = kind;
                    return llvm::Error::success();
                  }
                if (!llvm::is_contained(names, text))
                  return usageError("--kernel: expected " + metavar +
                                    ", got '" + text + "'");
                *other = text.str();
                return llvm::Error::success();
              });
  flags.group("gemm1 and gemm2 with --sort off");
  flags.integer("map-entries", "entries of an expert map; 0 = none [0]",
                options.mapEntries, 0);
  flags.toggle("limited", "the number of tokens is read on the device",
               options.limited);
  flags.integer("zero-columns",
                "columns of the rows that gemm1 fills with zeros; 0 = none [0]",
                options.clearColumns, 0);
  flags.choice<OutType>(
      "zero-type", "their element type [bf16]", options.clearType,
      {{"bf16", OutType::BF16}, {"f16", OutType::F16}, {"f32", OutType::F32}});
  flags.group("reduce only");
  flags.toggle("mask", "only the slots that a mask u8[T,topk] names count",
               options.mask);
}

llvm::Error requireDimensions(const FlagSet &flags) {
  for (llvm::StringRef name : {"model-dim", "inter-dim", "experts", "topk"})
    if (!flags.given(name) &&
        !(name == "experts" && flags.given("expert-mask")))
      return usageError(llvm::Twine("missing flag --") + name +
                        ": the model has --model-dim, --inter-dim, --experts "
                        "and --topk");
  return llvm::Error::success();
}

llvm::Error checkStageFlags(const FlagSet &flags, KernelKind kernel) {
  using List = llvm::ArrayRef<const char *>;
  static const char *const gemm2Only[] = {"no-accumulate", "no-weight"};
  static const char *const stage1Only[] = {
      "act", "gate", "doweight", "alpha", "limit", "beta", "linear-beta"};
  static const char *const gemmOnly[] = {
      "k-batch",       "k-wave",         "waves",        "cache",
      "xcd",           "group-m",        "waves-per-eu", "x-stride",
      "deterministic", "schedule-table", "sort"};
  static const char *const notReduce[] = {"tile", "bias"};
  static const char *const reduceOnly[] = {"mask"};
  bool reduce = kernel == KernelKind::Reduce;
  for (List names : {kernel == KernelKind::Gemm2 ? List() : List(gemm2Only),
                     isStage1(kernel) ? List() : List(stage1Only),
                     isGemm(kernel) ? List() : List(gemmOnly),
                     reduce ? List(notReduce) : List(reduceOnly)})
    for (const char *name : names)
      if (flags.given(name))
        return usageError(llvm::Twine("--") + name + " does not belong to " +
                          toString(kernel));
  return llvm::Error::success();
}

llvm::Error checkStageValues(const FlagSet &flags,
                             const KernelOptions &options) {
  for (auto [name, act] :
       {std::pair<const char *, Activation>("alpha", Activation::Swiglu),
        {"beta", Activation::Situv2},
        {"linear-beta", Activation::Situv2}})
    if (flags.given(name) && options.act != act)
      return usageError(llvm::Twine("--") + name + ": expected --act " +
                        toString(act) + " besides, got " +
                        toString(options.act));
  for (auto [name, value] :
       {std::pair("beta", options.beta), {"linear-beta", options.linearBeta}})
    if (value == 0.0f)
      return llvm::createStringError(
          llvm::Twine("--") + name +
          ": expected a number other than 0, by which situv2 divides, got 0");
  if (!options.accumulate && !options.deterministic && options.kBatch != 1)
    return usageError("--k-batch: expected 1 with --no-accumulate, got " +
                      llvm::Twine(options.kBatch) +
                      ": the sums of slices are added in the output");
  return llvm::Error::success();
}

llvm::Error checkTableFlag(const FlagSet &flags, const KernelOptions &options) {
  if (flags.given("schedule-table") && flags.given("tile") &&
      options.scheduleTable != "none")
    return usageError("--schedule-table: expected no --tile besides, which "
                      "leaves nothing to choose");
  return llvm::Error::success();
}

llvm::Error checkUnsortedFlags(const FlagSet &flags,
                               const KernelOptions &options) {
  for (const char *name :
       {"map-entries", "limited", "zero-columns", "zero-type"})
    if (flags.given(name) && !options.unsorted())
      return usageError(llvm::Twine("--") + name +
                        ": expected --sort off besides, of a gemm");
  for (const char *name : {"zero-columns", "zero-type"})
    if (flags.given(name) && options.kernel != KernelKind::Gemm1)
      return usageError(llvm::Twine("--") + name + " does not belong to " +
                        toString(options.kernel));
  if (flags.given("zero-type") && !flags.given("zero-columns"))
    return usageError("--zero-type: expected --zero-columns besides");
  return llvm::Error::success();
}

/// The stage's own flags.
static void printStageFlags(llvm::raw_ostream &os, const KernelOptions &o) {
  if (o.kernel == KernelKind::Gemm2) {
    if (!o.accumulate)
      os << " --no-accumulate";
    if (!o.routingWeight)
      os << " --no-weight";
    return;
  }
  if (o.kernel == KernelKind::Reduce) {
    if (o.mask)
      os << " --mask";
    return;
  }
  os << " --act " << toString(o.act) << " --gate " << toString(o.gate);
  if (o.doweight)
    os << " --doweight";
  auto number = [&os](const char *name, const std::optional<float> &value) {
    if (value)
      os << " --" << name << ' ' << *value;
  };
  number("alpha", o.alpha);
  number("limit", o.limit);
  number("beta", o.beta);
  number("linear-beta", o.linearBeta);
}

std::string kernelFlagsString(const KernelOptions &o) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "--kernel " << toString(o.kernel) << " --model-dim " << o.modelDim
     << " --inter-dim " << o.interDim << " --experts " << o.experts
     << " --topk " << o.topk;
  if (o.tile)
    os << " --tile " << o.tile->m << 'x' << o.tile->n << 'x' << o.tile->k;
  os << " --out-type " << toString(o.outType);
  if (o.bias)
    os << " --bias";
  if (o.deterministic)
    os << " --deterministic";
  auto number = [&os](const char *name, int64_t value, int64_t normal) {
    if (value != normal)
      os << " --" << name << ' ' << value;
  };
  number("k-batch", o.kBatch, 1);
  number("k-wave", o.kWave, 1);
  number("waves", o.waves, 4);
  if (o.cache != CachePolicy::Default)
    os << " --cache " << toString(o.cache);
  number("xcd", o.xcd, 1);
  number("group-m", o.groupM, 1);
  number("waves-per-eu", o.wavesPerEu, 0);
  number("x-stride", o.xStride, 0);
  number("out-stride", o.outStride, 0);
  if (o.unsorted()) {
    os << " --sort off";
    number("map-entries", o.mapEntries, 0);
    if (o.limited)
      os << " --limited";
    number("zero-columns", o.clearColumns, 0);
    if (o.clearColumns && o.clearType != OutType::BF16)
      os << " --zero-type " << toString(o.clearType);
  }
  printStageFlags(os, o);
  return text;
}

} // namespace moe::driver
