// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernel-level IR from options. Pointers whose extent depends on run-time
// values are rank-0 memrefs in the signature, which the bare-pointer convention
// passes as plain pointers, and get their shape from the i32 arguments by
// memref.reinterpret_cast.

#include "moe/Driver/BuildKernel.h"
#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/Transforms/KernelArguments.h"
#include "moe/Driver/ChooseConfig.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace moe::driver {
namespace {

Stage toStage(KernelKind kind) {
  return kind == KernelKind::Gemm1 ? Stage::GateUp : Stage::Down;
}

/// Raw sums of split-K are activated by a kernel of their own.
moe::Activation toActivation(const KernelOptions &options) {
  if (!options.isStage1() || options.leavesRawSums())
    return moe::Activation::None;
  switch (options.act) {
  case Activation::Silu:
    return moe::Activation::Silu;
  case Activation::Swiglu:
    return moe::Activation::Swiglu;
  case Activation::Situv2:
    return moe::Activation::Situv2;
  }
  llvm_unreachable("covered switch");
}

moe::GateLayout toGate(const KernelOptions &options) {
  if (!options.isStage1())
    return moe::GateLayout::None;
  switch (options.gate) {
  case GateLayout::Separated:
    return moe::GateLayout::Separated;
  case GateLayout::Interleaved:
    return moe::GateLayout::Interleaved;
  case GateLayout::Rows:
    return moe::GateLayout::Rows;
  }
  llvm_unreachable("covered switch");
}

/// Builds one kernel; every type it needs in one place.
class KernelBuilder {
public:
  KernelBuilder(MLIRContext &context, const KernelOptions &options)
      : options(options), b(UnknownLoc::get(&context), &context),
        global(
            gpu::AddressSpaceAttr::get(&context, gpu::AddressSpace::Global)) {}

  OwningOpRef<ModuleOp> build();

private:
  MemRefType memory(ArrayRef<int64_t> shape, Type element,
                    MemRefLayoutAttrInterface layout = {}) {
    return MemRefType::get(shape, element, layout, global);
  }
  Type outElement() { return elementOf(options.outType); }
  Type elementOf(OutType type) {
    switch (type) {
    case OutType::BF16:
      return b.getBF16Type();
    case OutType::F16:
      return b.getF16Type();
    case OutType::F32:
      return b.getF32Type();
    }
    llvm_unreachable("covered switch");
  }
  Value index(Value value) {
    return arith::IndexCastUIOp::create(b, b.getIndexType(), value);
  }
  Value times(Value value, int64_t factor) {
    if (factor == 1)
      return value;
    return arith::MulIOp::create(b, value,
                                 arith::ConstantIndexOp::create(b, factor));
  }
  /// The place of the tokens among a stage's arguments, behind the pointers.
  unsigned firstNumber() { return options.unsorted() ? 10 : 9; }
  SmallVector<Type> argumentTypes();
  SmallVector<Value> params(gpu::GPUFuncOp func);
  Value shaped(Value pointer, Value rows, int64_t columns, int64_t stride) {
    return reinterpretPointer(b, pointer, rows, columns,
                              b.getIndexAttr(stride));
  }
  Value list(Value pointer, Value length) {
    return reinterpretPointer(b, pointer, length);
  }
  void addRouting(gpu::GPUFuncOp func, Value rows, Value blocks, Value sorted,
                  GroupedGemmSpec &spec);
  LogicalResult buildGemm(gpu::GPUFuncOp func);
  void buildActivate(gpu::GPUFuncOp func);
  void buildReduce(gpu::GPUFuncOp func);
  LogicalResult buildBody(gpu::GPUFuncOp func);

  const KernelOptions &options;
  ImplicitLocOpBuilder b;
  Attribute global;
};

} // namespace

SmallVector<Type> KernelBuilder::argumentTypes() {
  MLIRContext *ctx = b.getContext();
  int64_t e = options.experts, n = options.n(), k = options.k();
  Type i32 = b.getI32Type(), f32 = b.getF32Type();
  auto layout = [&](ShuffleRole role) {
    return PreshuffleAttr::get(ctx, role, toGate(options));
  };
  if (options.kernel == KernelKind::Reduce)
    return {memory({}, outElement()), memory({}, outElement()),
            memory({}, b.getI8Type()), i32, i32};
  // An activate kernel has the list of gemm1 and reads neither weights.
  bool sums = options.kernel == KernelKind::Activate;
  Type w = memory({e, n, k}, Float4E2M1FNType::get(ctx),
                  layout(ShuffleRole::Weight));
  Type scale = memory({e, n, k / 32}, Float8E8M0FNUType::get(ctx),
                      layout(ShuffleRole::Scale));
  if (sums)
    w = scale = memory({}, b.getI8Type());
  bool unsorted = options.unsorted();
  Type experts =
      options.mapEntries ? memory({options.mapEntries}, i32) : memory({}, i32);
  SmallVector<Type> types = {memory({}, outElement()),
                             memory({}, sums ? f32 : b.getBF16Type()),
                             w,
                             scale,
                             memory({}, i32),
                             experts,
                             memory({}, f32),
                             memory({unsorted ? 1 : 2}, i32),
                             memory({e, n}, f32)};
  if (unsorted)
    types.push_back(memory({}, elementOf(options.clearType)));
  types.append(4, i32);
  if (options.isStage1())
    types.append(4, f32);
  return types;
}

/// The activation's own parameters, out of the kernel's four arguments.
SmallVector<Value> KernelBuilder::params(gpu::GPUFuncOp func) {
  SmallVector<Value> values;
  for (StringRef name : getActivationParams(toActivation(options)))
    values.push_back(
        func.getArgument(firstNumber() + 4 + getParamArgument(name)));
  return values;
}

/// The names of the arguments in printed IR.
static void nameArguments(gpu::GPUFuncOp func, const KernelOptions &options) {
  static const char *const reduceNames[] = {"out", "parts", "valid", "tokens",
                                            "n"};
  static const char *const sortedNames[] = {
      "sorted_ids", "expert_ids", "sorted_weights", "num_valid", "bias"};
  static const char *const unsortedNames[] = {"topk_ids",     "expert_map",
                                              "topk_weights", "local_tokens",
                                              "bias",         "clear"};
  SmallVector<const char *> names = {"out", "x", "w", "scale"};
  if (options.unsorted())
    llvm::append_range(names, unsortedNames);
  else
    llvm::append_range(names, sortedNames);
  names.append({"tokens", "n", "k", "num_blocks", "alpha", "limit", "beta",
                "linear_beta"});
  if (options.kernel == KernelKind::Reduce)
    names.assign(std::begin(reduceNames), std::end(reduceNames));
  for (auto [arg, name] : llvm::zip(func.getArguments(), names))
    arg.setLoc(NameLoc::get(StringAttr::get(func.getContext(), name)));
}

/// The lists that say which rows the kernel computes.
void KernelBuilder::addRouting(gpu::GPUFuncOp func, Value rows, Value blocks,
                               Value sorted, GroupedGemmSpec &spec) {
  if (!options.unsorted()) {
    spec.sortedIds = list(func.getArgument(4), sorted);
    spec.expertIds = list(func.getArgument(5), blocks);
    spec.sortedWeights = list(func.getArgument(6), sorted);
    spec.numValid = func.getArgument(7);
    spec.blockRows = options.tile->m;
    return;
  }
  spec.topkIds = shaped(func.getArgument(4), rows, options.topk, options.topk);
  spec.topkWeights =
      shaped(func.getArgument(6), rows, options.topk, options.topk);
  if (options.mapEntries)
    spec.expertMap = func.getArgument(5);
  if (options.limited)
    spec.localTokens = func.getArgument(7);
  if (options.clearColumns)
    spec.clear = shaped(func.getArgument(9), rows, options.clearColumns,
                        options.clearColumns);
}

/// Error: a configuration that its verifier refuses.
LogicalResult KernelBuilder::buildGemm(gpu::GPUFuncOp func) {
  Value tokens = func.getArgument(firstNumber());
  Value rows = index(tokens), blocks, sorted;
  if (!options.unsorted()) {
    blocks = index(func.getArgument(12));
    sorted = times(blocks, options.tile->m);
  }
  bool down = options.kernel == KernelKind::Gemm2;
  int64_t outRows = down && options.accumulate ? 1 : options.topk;
  int64_t xRows = down ? options.topk : 1;
  bool raw = options.leavesRawSums();
  Value out = shaped(func.getArgument(0), times(rows, outRows),
                     raw ? options.n() : options.outColumns(),
                     raw ? options.n() : options.outRow());
  Value x = shaped(func.getArgument(1), times(rows, xRows), options.k(),
                   options.xRow());
  Schedule schedule = scheduleOf(options);
  if (!ScheduleAttr::getChecked([&] { return mlir::emitError(b.getLoc()); },
                                b.getContext(), schedule))
    return failure();
  GroupedGemmSpec spec;
  spec.stage = toStage(options.kernel);
  spec.accumulate = options.usesAtomics();
  spec.deterministic = options.deterministic;
  spec.routingWeight = options.appliesWeight() && !options.leavesRawSums();
  spec.out = out;
  spec.x = x;
  spec.w = func.getArgument(2);
  spec.scale = func.getArgument(3);
  addRouting(func, rows, blocks, sorted, spec);
  if (options.bias && !options.leavesRawSums())
    spec.bias = func.getArgument(8);
  spec.activation = toActivation(options);
  spec.params = params(func);
  spec.tokens = tokens;
  spec.topk = options.topk;
  spec.schedule = schedule;
  GroupedGemmOp::create(b, spec);
  return success();
}

void KernelBuilder::buildActivate(gpu::GPUFuncOp func) {
  Value tokens = func.getArgument(9);
  Value rows = times(index(tokens), options.topk);
  Value blocks = index(func.getArgument(12));
  Value sorted = times(blocks, options.tile->m);
  Value out =
      shaped(func.getArgument(0), rows, options.interDim, options.outRow());
  int64_t columns = 2 * options.interDim;
  Value sums = shaped(func.getArgument(1), rows, columns, columns);
  Value ids = list(func.getArgument(4), sorted);
  Value experts = list(func.getArgument(5), blocks);
  Value weights = list(func.getArgument(6), sorted);
  Value bias = options.bias ? func.getArgument(8) : Value();
  ActivateSumsOp::create(b, TypeRange(), toActivation(options), params(func),
                         sums, out, ids, experts, weights, func.getArgument(7),
                         bias, bias ? toGate(options) : moe::GateLayout::None,
                         tokens, options.topk, options.experts, options.tile->m,
                         options.doweight);
}

void KernelBuilder::buildReduce(gpu::GPUFuncOp func) {
  Value tokens = func.getArgument(3);
  Value rows = index(tokens), parts = times(rows, options.topk);
  Value valid = options.mask ? list(func.getArgument(2), parts) : Value();
  ReduceSlotsOp::create(
      b, TypeRange(),
      shaped(func.getArgument(1), parts, options.modelDim, options.modelDim),
      shaped(func.getArgument(0), rows, options.modelDim, options.outRow()),
      valid, tokens, options.topk);
}

LogicalResult KernelBuilder::buildBody(gpu::GPUFuncOp func) {
  nameArguments(func, options);
  b.setInsertionPointToStart(&func.getBody().front());
  switch (options.kernel) {
  case KernelKind::Gemm1:
  case KernelKind::Gemm2:
    if (failed(buildGemm(func)))
      return failure();
    break;
  case KernelKind::Activate:
    buildActivate(func);
    break;
  case KernelKind::Reduce:
    buildReduce(func);
    break;
  }
  gpu::ReturnOp::create(b);
  return success();
}

OwningOpRef<ModuleOp> KernelBuilder::build() {
  if (!options.tile && options.kernel != KernelKind::Reduce) {
    mlir::emitError(b.getLoc()) << "expected a tile, got none";
    return {};
  }
  OwningOpRef<ModuleOp> module(ModuleOp::create(b.getLoc()));
  (*module)->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                     b.getUnitAttr());
  b.setInsertionPointToStart(module->getBody());
  std::string name = options.kernelName();
  auto gpuModule = gpu::GPUModuleOp::create(b, name + "_module");
  b.setInsertionPointToStart(gpuModule.getBody());
  auto func =
      gpu::GPUFuncOp::create(b, name, b.getFunctionType(argumentTypes(), {}));
  func->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  func.setKnownBlockSizeAttr(
      b.getDenseI32ArrayAttr({static_cast<int32_t>(options.block()), 1, 1}));
  if (failed(buildBody(func)) || failed(verify(*module)))
    return {};
  return module;
}

/// The types of the signature cannot be made of dimensions like these; the
/// dialect's own rules are left to its verifier.
static LogicalResult checkDimensions(MLIRContext &context,
                                     const KernelOptions &options) {
  Location loc = UnknownLoc::get(&context);
  for (auto [name, value] :
       {std::pair<StringRef, int64_t>("model-dim", options.modelDim),
        {"inter-dim", options.interDim},
        {"experts", options.experts},
        {"topk", options.topk}})
    if (value < 1)
      return emitError(loc)
             << "expected " << name << " to be at least 1, got " << value;
  // Stage 1 has I gate and I up rows, in blocks of 16.
  int64_t interMultiple = options.isStage1() ? 16 : 32;
  for (auto [name, value, multiple] :
       {std::tuple<StringRef, int64_t, int64_t>("model-dim", options.modelDim,
                                                32),
        {"inter-dim", options.interDim, interMultiple}})
    if (value % multiple != 0)
      return emitError(loc) << "expected " << name << " to be a multiple of "
                            << multiple << ", got " << value;
  return success();
}

OwningOpRef<ModuleOp> buildKernelModule(MLIRContext &context,
                                        const KernelOptions &options) {
  context.loadDialect<MoEDialect, arith::ArithDialect, gpu::GPUDialect,
                      memref::MemRefDialect>();
  if (failed(checkDimensions(context, options)))
    return {};
  return KernelBuilder(context, options).build();
}

} // namespace moe::driver
