// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-outline-kernels: kernel ops of host code, on memrefs, to gpu.module,
// gpu.func and gpu.launch_func. A kernel's arguments are those of
// docs/KernelABI.md: plain pointers, whose address the host computes with the
// offset of its memref, then numbers, then the row strides that are known only
// at run time. Which they are for an op, and its grid, is in KernelLaunch.cpp.

#include "KernelLaunch.h"
#include "moe/Dialect/MoE/IR/RoutingOps.h"
#include "moe/Dialect/MoE/Transforms/KernelArguments.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"
#include "moe/Target/Chip.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace moe {
#define GEN_PASS_DEF_MOEOUTLINEKERNELSPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {
/// Outlines one op. Pointers are rank-0 memrefs in LLVM's global address space,
/// whose number host and device agree on.
class Outliner {
public:
  using Memory = KernelLaunch::Memory;
  using Rows = KernelLaunch::Rows;
  Outliner(Operation *op, KernelLaunch launch, StringRef chip)
      : op(op), launch(std::move(launch)), chip(chip), b(op->getLoc(), op) {}

  gpu::GPUFuncOp buildKernel(SymbolTable &symbols);
  void buildLaunch(gpu::GPUFuncOp kernel);

  /// Error: an operand that cannot be passed.
  LogicalResult check();

private:
  MemRefType pointerType(Type element) {
    return MemRefType::get({}, element, MemRefLayoutAttrInterface(),
                           b.getI64IntegerAttr(1));
  }
  /// Row stride of a rank-2 operand in elements; kDynamic if an argument.
  static int64_t rowStride(Value value) {
    SmallVector<int64_t> strides;
    int64_t offset;
    auto type = cast<MemRefType>(value.getType());
    if (type.getRank() != 2 ||
        failed(type.getStridesAndOffset(strides, offset)))
      return 1;
    return strides[0];
  }
  static bool hasStrideArgument(const Memory &memory) {
    return memory.value && ShapedType::isDynamic(rowStride(memory.value));
  }
  SmallVector<Type> kernelTypes();
  Value inKernel(const Memory &memory, BlockArgument pointer, Value stride,
                 Value tokens, Value blocks);
  Value hostAddress(const Memory &memory);
  Value hostPointer(const Memory &memory, Value address);
  void buildCheck(Value isFine, const Twine &expected);
  void checkStrides(const Memory &memory);
  void checkRows(const Memory &memory);
  void checkAddresses(ArrayRef<Value> addresses);
  Value countGroups(Value blocks);
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }

  Operation *op;
  KernelLaunch launch;
  StringRef chip;
  ImplicitLocOpBuilder b;
};
} // namespace

LogicalResult Outliner::check() {
  for (const Memory &memory : launch.memory) {
    if (!memory.value || !getPreshuffle(memory.value.getType()))
      continue;
    if (!memory.value.getDefiningOp<PreshuffledOp>())
      return op->emitOpError("expected '")
             << memory.name
             << "' of host code to be the result of moe.preshuffled, which "
                "-moe-preshuffled-to-bytes makes, got "
             << memory.value.getType();
  }
  return success();
}

SmallVector<Type> Outliner::kernelTypes() {
  SmallVector<Type> types;
  for (const Memory &memory : launch.memory)
    types.push_back(pointerType(memory.element));
  types.append(launch.isStage ? 4 : 2, b.getI32Type());
  if (launch.hasParams)
    types.append(4, b.getF32Type());
  for (const Memory &memory : launch.memory)
    if (hasStrideArgument(memory))
      types.push_back(b.getI64Type());
  return types;
}

/// The operand as the op in the kernel has it, made of a pointer.
Value Outliner::inKernel(const Memory &memory, BlockArgument pointer,
                         Value stride, Value tokens, Value blocks) {
  auto type = cast<MemRefType>(memory.value.getType());
  if (PreshuffleAttr layout = getPreshuffle(type)) {
    int64_t bytes = layout.getByteSize(type.getShape());
    Value flat = reinterpretPointer(b, pointer, b.getIndexAttr(bytes));
    auto result = MemRefType::get(type.getShape(), type.getElementType(),
                                  layout, b.getI64IntegerAttr(1));
    return PreshuffledOp::create(b, result, flat);
  }
  OpFoldResult rows;
  auto times = [&](Value value, int64_t factor) -> Value {
    return factor == 1 ? value : arith::MulIOp::create(b, value, index(factor));
  };
  switch (memory.rows) {
  case Rows::Tokens:
    rows = tokens;
    break;
  case Rows::Slots:
    rows = times(tokens, launch.topk);
    break;
  case Rows::Sorted:
    rows = times(blocks, launch.blockRows);
    break;
  case Rows::Blocks:
    rows = blocks;
    break;
  case Rows::Static:
    rows = b.getIndexAttr(type.getDimSize(0));
    break;
  }
  if (type.getRank() == 1)
    return reinterpretPointer(b, pointer, rows);
  int64_t columns = type.getDimSize(1), fixed = rowStride(memory.value);
  OpFoldResult rowLength =
      stride ? OpFoldResult(stride) : OpFoldResult(b.getIndexAttr(fixed));
  return reinterpretPointer(b, pointer, rows, columns, rowLength);
}

gpu::GPUFuncOp Outliner::buildKernel(SymbolTable &symbols) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(
      &cast<ModuleOp>(symbols.getOp()).getBodyRegion().front());
  auto target = ROCDL::ROCDLTargetAttr::get(b.getContext(), /*O=*/2,
                                            "amdgcn-amd-amdhsa", chip);
  auto module = gpu::GPUModuleOp::create(b, launch.name + "_module",
                                         b.getArrayAttr(target));
  symbols.insert(module);
  b.setInsertionPointToStart(module.getBody());
  auto func = gpu::GPUFuncOp::create(b, launch.name,
                                     b.getFunctionType(kernelTypes(), {}));
  func->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  b.setInsertionPointToStart(&func.getBody().front());

  unsigned next = launch.memory.size();
  Value tokens = func.getArgument(next);
  Value count = arith::IndexCastUIOp::create(b, b.getIndexType(), tokens);
  Value blocks;
  if (launch.isStage)
    blocks = arith::IndexCastUIOp::create(b, b.getIndexType(),
                                          func.getArgument(next + 3));
  next += launch.isStage ? 4 : 2;
  IRMapping mapping;
  mapping.map(launch.tokens, tokens);
  if (launch.hasParams) {
    for (auto [value, name] :
         llvm::zip(launch.params, getActivationParams(launch.activation)))
      mapping.map(value, func.getArgument(next + getParamArgument(name)));
    next += 4;
  }
  SmallVector<Value> operands(op->getOperands());
  auto replace = [&](Value from, Value to) {
    for (auto [i, operand] : llvm::enumerate(op->getOperands()))
      if (operand == from)
        operands[i] = to;
  };
  for (auto [i, memory] : llvm::enumerate(launch.memory)) {
    func.getArgument(i).setLoc(
        NameLoc::get(b.getStringAttr(memory.name), op->getLoc()));
    Value stride;
    if (hasStrideArgument(memory))
      stride = arith::IndexCastOp::create(b, b.getIndexType(),
                                          func.getArgument(next++));
    if (memory.value)
      replace(memory.value,
              inKernel(memory, func.getArgument(i), stride, count, blocks));
  }
  for (Value &operand : operands)
    operand = mapping.lookupOrDefault(operand);
  clone(b, op, TypeRange(), operands);
  gpu::ReturnOp::create(b);
  return func;
}

/// The address of the operand's first element, i64; null without an operand.
/// Bare pointers drop offsets, so it is computed here.
Value Outliner::hostAddress(const Memory &memory) {
  Value source = memory.value;
  if (!source)
    return {};
  if (auto preshuffled = source.getDefiningOp<PreshuffledOp>())
    source = preshuffled.getBytes();
  auto metadata = memref::ExtractStridedMetadataOp::create(b, source);
  int64_t bytes =
      cast<MemRefType>(source.getType()).getElementTypeBitWidth() / 8;
  Value start = memref::ExtractAlignedPointerAsIndexOp::create(b, source);
  Value offset = arith::MulIOp::create(b, metadata.getOffset(), index(bytes));
  return arith::IndexCastOp::create(b, b.getI64Type(),
                                    arith::AddIOp::create(b, start, offset));
}

void Outliner::buildCheck(Value isFine, const Twine &expected) {
  cf::AssertOp::create(
      b, isFine,
      b.getStringAttr(op->getName().getStringRef() + ": " + expected));
}

/// What the op has as a precondition where its types do not say it.
void Outliner::checkAddresses(ArrayRef<Value> addresses) {
  Value all;
  for (Value address : addresses)
    if (address)
      all = all ? arith::OrIOp::create(b, all, address).getResult() : address;
  if (!all)
    return;
  Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  Value low = arith::AndIOp::create(
      b, all, arith::ConstantOp::create(b, b.getI64IntegerAttr(15)));
  buildCheck(arith::CmpIOp::create(b, arith::CmpIPredicate::eq, low, zero),
             "expected all operands to start at multiples of 16 bytes");
}

void Outliner::checkStrides(const Memory &memory) {
  auto type = dyn_cast_or_null<MemRefType>(memory.value ? memory.value.getType()
                                                        : Type());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type || failed(type.getStridesAndOffset(strides, offset)) ||
      !llvm::is_contained(strides, ShapedType::kDynamic))
    return;
  ValueRange values =
      memref::ExtractStridedMetadataOp::create(b, memory.value).getStrides();
  auto is = [&](arith::CmpIPredicate predicate, Value a, int64_t b_) -> Value {
    return arith::CmpIOp::create(b, predicate, a, index(b_));
  };
  if (ShapedType::isDynamic(strides.back()))
    buildCheck(is(arith::CmpIPredicate::eq, values.back(), 1),
               "expected the elements of '" + memory.name +
                   "' to follow each other");
  if (type.getRank() != 2 || !ShapedType::isDynamic(strides[0]))
    return;
  int64_t columns = type.getDimSize(1);
  int64_t perAccess = 16 * 8 / type.getElementTypeBitWidth();
  // A stride means nothing for one row.
  Value rows = memref::DimOp::create(b, memory.value, int64_t(0));
  Value single = is(arith::CmpIPredicate::ule, rows, 1);
  auto orSingle = [&](Value isFine) -> Value {
    return arith::OrIOp::create(b, single, isFine);
  };
  buildCheck(orSingle(is(arith::CmpIPredicate::sge, values[0], columns)),
             "expected the row stride of '" + memory.name +
                 "' to be at least its " + Twine(columns) + " columns");
  if (!memory.wide)
    return;
  Value rest = arith::RemUIOp::create(b, values[0], index(perAccess));
  buildCheck(orSingle(is(arith::CmpIPredicate::eq, rest, 0)),
             "expected the row stride of '" + memory.name +
                 "' to be a multiple of " + Twine(perAccess) +
                 " elements (16 bytes)");
}

/// The op's verifier compares constant tokens with static rows; the rest is
/// compared here.
void Outliner::checkRows(const Memory &memory) {
  bool isSlots = memory.rows == Rows::Slots;
  if (!memory.value || (!isSlots && memory.rows != Rows::Tokens))
    return;
  auto type = cast<MemRefType>(memory.value.getType());
  if (!type.isDynamicDim(0) && getConstantIntValue(launch.tokens))
    return;
  auto i64 = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  Value rows = arith::IndexCastOp::create(
      b, b.getI64Type(), memref::DimOp::create(b, memory.value, int64_t(0)));
  Value least = arith::ExtUIOp::create(b, b.getI64Type(), launch.tokens);
  if (isSlots)
    least = arith::MulIOp::create(b, least, i64(launch.topk));
  std::string slots = isSlots ? (" x " + Twine(launch.topk)).str() : "";
  buildCheck(arith::CmpIOp::create(b, arith::CmpIPredicate::uge, rows, least),
             "expected the rows of '" + memory.name + "' to be at least " +
                 launch.tokensName + slots);
}

/// The address as a pointer that a kernel takes.
Value Outliner::hostPointer(const Memory &memory, Value integer) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), 1);
  Value address =
      integer ? LLVM::IntToPtrOp::create(b, pointer, integer).getResult()
              : LLVM::ZeroOp::create(b, pointer).getResult();
  auto descriptor = LLVM::LLVMStructType::getLiteral(
      b.getContext(), {pointer, pointer, b.getI64Type()});
  Value value = LLVM::PoisonOp::create(b, descriptor);
  Value zero =
      LLVM::ConstantOp::create(b, b.getI64Type(), b.getI64IntegerAttr(0));
  for (auto [i, part] :
       llvm::enumerate(SmallVector<Value>{address, address, zero}))
    value = LLVM::InsertValueOp::create(b, value, part, i);
  return UnrealizedConversionCastOp::create(b, pointerType(memory.element),
                                            value)
      .getResult(0);
}

Value Outliner::countGroups(Value blocks) {
  if (launch.factor == 0)
    return index(launch.groups);
  Value count = blocks;
  if (!launch.countsBlocks)
    count = arith::IndexCastUIOp::create(b, b.getIndexType(), launch.tokens);
  if (launch.perGroup != 1)
    count = arith::CeilDivUIOp::create(b, count, index(launch.perGroup));
  count = arith::MulIOp::create(b, count, index(launch.factor));
  if (launch.groups != 0)
    count = arith::AddIOp::create(b, count, index(launch.groups));
  return count;
}

void Outliner::buildLaunch(gpu::GPUFuncOp kernel) {
  Value blocks;
  if (launch.isStage && launch.expertIds)
    blocks = memref::DimOp::create(b, launch.expertIds, int64_t(0));
  else if (launch.isStage)
    blocks = arith::MulIOp::create(
        b, arith::IndexCastUIOp::create(b, b.getIndexType(), launch.tokens),
        index(launch.topk));
  Value groups = countGroups(blocks);
  // A launch of nothing is an error to HIP.
  auto ifOp = scf::IfOp::create(
      b, arith::CmpIOp::create(b, arith::CmpIPredicate::ne, groups, index(0)),
      /*withElseRegion=*/false);
  b.setInsertionPointToStart(ifOp.thenBlock());
  auto i32 = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  };
  SmallVector<Value> operands;
  SmallVector<Value> addresses;
  for (const Memory &memory : launch.memory)
    addresses.push_back(hostAddress(memory));
  SmallVector<Value> wide;
  for (auto [memory, address] : llvm::zip(launch.memory, addresses))
    if (memory.wide)
      wide.push_back(address);
  checkAddresses(wide);
  for (auto [memory, address] : llvm::zip(launch.memory, addresses)) {
    checkStrides(memory);
    checkRows(memory);
    operands.push_back(hostPointer(memory, address));
  }
  operands.append({launch.tokens, i32(launch.n)});
  if (launch.isStage)
    operands.append(
        {i32(launch.k), arith::IndexCastOp::create(b, b.getI32Type(), blocks)});
  if (launch.hasParams) {
    SmallVector<Value> params(
        4, arith::ConstantOp::create(b, b.getF32FloatAttr(0)));
    for (auto [value, name] :
         llvm::zip(launch.params, getActivationParams(launch.activation)))
      params[getParamArgument(name)] = value;
    operands.append(params);
  }
  for (const Memory &memory : launch.memory)
    if (hasStrideArgument(memory)) {
      auto metadata = memref::ExtractStridedMetadataOp::create(b, memory.value);
      operands.push_back(arith::IndexCastOp::create(b, b.getI64Type(),
                                                    metadata.getStrides()[0]));
    }
  Value one = index(1);
  gpu::LaunchFuncOp::create(b, kernel, gpu::KernelDim3{groups, one, one},
                            gpu::KernelDim3{index(launch.threads), one, one},
                            /*dynamicSharedMemorySize=*/Value(), operands);
  op->erase();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct MoEOutlineKernelsPass
    : moe::impl::MoEOutlineKernelsPassBase<MoEOutlineKernelsPass> {
  using MoEOutlineKernelsPassBase::MoEOutlineKernelsPassBase;

  /// Ops that differ only in the values of their operands share a kernel.
  DenseMap<Attribute, gpu::GPUFuncOp> kernels;

  LogicalResult outline(Operation *op, SymbolTable &symbols) {
    if (!cast<DestinationStyleOpInterface>(op).hasPureBufferSemantics())
      return op->emitOpError(
          "expected memrefs, which -one-shot-bufferize makes "
          "of tensors, got tensors");
    if (auto gemm = dyn_cast<GroupedGemmOp>(op)) {
      ScheduleAttr schedule = gemm.getScheduleAttr();
      if (!schedule)
        return op->emitOpError("expected a schedule, which "
                               "-moe-choose-schedule, also part of "
                               "--moe-to-launches, makes, got none");
      if (!isOneKernel(gemm.getProduct(), schedule.toStruct()))
        return op->emitOpError("expected k_batch = 1 where the output is "
                               "stored, got ")
               << schedule.getKBatch()
               << ": -moe-decompose makes two ops of it";
    }
    if (auto sort = dyn_cast<SortOp>(op))
      if (sort.getWorkspace() && sort.getPhase() == SortPhase::All)
        return op->emitOpError("expected a phase of a sort with a workspace, "
                               "got all: -moe-decompose makes three ops of it");
    Outliner outliner(op, describeLaunch(op), chip);
    if (failed(outliner.check()))
      return failure();
    SmallVector<Attribute> key = {
        op->getAttrDictionary(),
        StringAttr::get(&getContext(), op->getName().getStringRef())};
    for (Type type : op->getOperandTypes())
      key.push_back(TypeAttr::get(type));
    gpu::GPUFuncOp &kernel = kernels[ArrayAttr::get(&getContext(), key)];
    if (!kernel)
      kernel = outliner.buildKernel(symbols);
    outliner.buildLaunch(kernel);
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (!lookupChip(chip)) {
      module.emitError() << describeUnknownChip(chip);
      return signalPassFailure();
    }
    SmallVector<Operation *> ops;
    SmallVector<PreshuffledOp> views;
    module.walk<WalkOrder::PreOrder>([&](Operation *op) {
      // What is in a kernel already, or in a module of its own, stays.
      if (isa<gpu::GPUModuleOp, gpu::LaunchOp>(op) ||
          (isa<ModuleOp>(op) && op != module))
        return WalkResult::skip();
      if (isKernelLevel(op))
        ops.push_back(op);
      if (auto view = dyn_cast<PreshuffledOp>(op))
        views.push_back(view);
      return WalkResult::advance();
    });
    SymbolTable symbols(module);
    kernels.clear();
    for (Operation *op : ops)
      if (failed(outline(op, symbols)))
        return signalPassFailure();
    for (PreshuffledOp view : views)
      if (view->use_empty())
        view.erase();
    if (!ops.empty())
      module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                      UnitAttr::get(&getContext()));
  }
};
} // namespace
