// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-expand-kernel: moe.grouped_gemm to the tile ops of one workgroup. Which
// workgroup computes which tile is decided here (docs/Layouts.md, "Grid"); how a
// tile is computed is not.

#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Dialect/MoE/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/Support/MathExtras.h"

namespace moe {
#define GEN_PASS_DEF_MOEEXPANDKERNELPASS
#include "moe/Dialect/MoE/Transforms/Passes.h.inc"
} // namespace moe

using namespace mlir;
using namespace moe;

namespace {
/// The tile a workgroup computes, all values of type index.
struct WorkTile {
  Value mBlock; ///< M block, index into expert_ids
  Value m;      ///< first sorted row
  Value n;      ///< first column of the workgroup
  Value waveN;  ///< first column of the wave
};
} // namespace

static Value constant(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

/// Fixes the block size, the grid and the two LDS buffers on the function.
static FailureOr<std::pair<Value, Value>> prepareFunction(GroupedGemmOp op) {
  auto func = op->getParentOfType<gpu::GPUFuncOp>();
  if (!func)
    return op.emitOpError("expected to stand in a gpu.func");
  ConfigAttr config = op.getConfig();
  int32_t threads = config.getBlockSize();
  if (DenseI32ArrayAttr known = func.getKnownBlockSizeAttr()) {
    int32_t x = known[0], y = known[1], z = known[2];
    if (x != threads || y != 1 || z != 1)
      return op.emitOpError("expected known_block_size = ")
             << threads << ", 1, 1 (64 x " << config.getWaves()
             << " waves), got " << x << ", " << y << ", " << z;
  } else {
    func.setKnownBlockSizeAttr(
        DenseI32ArrayAttr::get(op.getContext(), {threads, 1, 1}));
  }
  if (config.getWavesPerEu() > 0)
    func->setAttr("rocdl.waves_per_eu",
                  IntegerAttr::get(IntegerType::get(op.getContext(), 32),
                                   config.getWavesPerEu()));
  if (!func->hasAttr(kGridAttrName))
    func->setAttr(
        kGridAttrName,
        StringAttr::get(op.getContext(), "ceildiv(n," +
                                             Twine(config.getTileN()) +
                                             ")*num_blocks;1;1"));
  auto space = gpu::AddressSpaceAttr::get(op.getContext(),
                                          gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get({op.getLdsBytes() / 2},
                              IntegerType::get(op.getContext(), 8),
                              MemRefLayoutAttrInterface(), space);
  auto add = [&] {
    BlockArgument arg = func.addWorkgroupAttribution(type, op.getLoc());
    func.setWorkgroupAttributionAttr(
        func.getNumWorkgroupAttributions() - 1, "llvm.align",
        IntegerAttr::get(IntegerType::get(op.getContext(), 64), 16));
    return arg;
  };
  Value ping = add(), pong = add();
  return std::pair(ping, pong);
}

/// docs/Layouts.md, "Grid": workgroup = M block * (tiles in N) + N tile.
static WorkTile findTile(ImplicitLocOpBuilder &b, GroupedGemmOp op) {
  ConfigAttr config = op.getConfig();
  // A grid has at most 2^31 - 1 workgroups; 32-bit division is the cheap one.
  Value group = arith::IndexCastUIOp::create(
      b, b.getI32Type(), gpu::BlockIdOp::create(b, gpu::Dimension::x));
  Value tilesN = arith::ConstantOp::create(
      b, b.getI32IntegerAttr(llvm::divideCeil(op.getN(), config.getTileN())));
  auto toIndex = [&](Value value) -> Value {
    return arith::IndexCastUIOp::create(b, b.getIndexType(), value);
  };
  WorkTile tile;
  tile.mBlock = toIndex(arith::DivUIOp::create(b, group, tilesN));
  Value nTile = toIndex(arith::RemUIOp::create(b, group, tilesN));
  tile.m =
      arith::MulIOp::create(b, tile.mBlock, constant(b, config.getTileM()));
  tile.n = arith::MulIOp::create(b, nTile, constant(b, config.getTileN()));
  Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  Value wave = arith::DivUIOp::create(b, thread, constant(b, 64));
  Value waveOffset =
      arith::MulIOp::create(b, wave, constant(b, config.getWaveN()));
  tile.waveN = arith::AddIOp::create(b, tile.n, waveOffset);
  return tile;
}

/// True where the block is in use and its expert is local.
static Value hasWork(ImplicitLocOpBuilder &b, GroupedGemmOp op,
                     const WorkTile &tile, Value expertId) {
  Value used = memref::LoadOp::create(b, op.getNumValid(), constant(b, 0));
  Value usedIndex = arith::IndexCastOp::create(b, b.getIndexType(), used);
  Value inUse = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, tile.m,
                                      usedIndex);
  Value experts =
      arith::ConstantOp::create(b, b.getI32IntegerAttr(op.getE()));
  Value local = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, expertId,
                                      experts);
  return arith::AndIOp::create(b, inUse, local);
}

static void computeTile(ImplicitLocOpBuilder &b, GroupedGemmOp op,
                        const WorkTile &tile, Value expert, Value lds0,
                        Value lds1) {
  ConfigAttr config = op.getConfig();
  int64_t tileM = config.getTileM(), tileK = config.getTileK();
  int64_t threads = config.getBlockSize();
  auto tileType = MemRefType::get(
      {tileM, tileK}, b.getBF16Type(), MemRefLayoutAttrInterface(),
      cast<MemRefType>(lds0.getType()).getMemorySpace());
  Value zero = constant(b, 0);
  Value ping =
      memref::ViewOp::create(b, tileType, lds0, zero, ValueRange());
  Value pong =
      memref::ViewOp::create(b, tileType, lds1, zero, ValueRange());
  auto rowsType =
      VectorType::get({tileM * tileK / 8 / threads}, b.getI32Type());
  Value rows = RouteRowsOp::create(
      b, rowsType, op.getSortedIds(), tile.m, op.getTokens(), op.getTopk(),
      /*per_slot=*/config.getStage() == Stage::Down, tileM, tileK, threads);
  auto accType = VectorType::get({tileM / 16, config.getWaveN() / 16, 4},
                                 b.getF32Type());
  Value acc = PingpongOp::create(b, accType, op.getX(), rows, op.getW(), expert,
                                 tile.waveN, op.getScale(), ping, pong,
                                 config.getCache());
  ScatterOp::create(b, acc, op.getOut(), tile.n, op.getSortedIds(),
                    op.getSortedWeights(), tile.m, op.getTokens(), op.getTopk(),
                    op.getBias(), op.getBias() ? expert : Value(), lds0, lds1,
                    config.getAccumulate(), config.getRoutingWeight(),
                    config.getTileN(), threads);
}

static LogicalResult expand(GroupedGemmOp op) {
  FailureOr<std::pair<Value, Value>> lds = prepareFunction(op);
  if (failed(lds))
    return failure();
  ImplicitLocOpBuilder b(op.getLoc(), op);
  WorkTile tile = findTile(b, op);
  Value expertId =
      memref::LoadOp::create(b, op.getExpertIds(), tile.mBlock);
  auto ifOp = scf::IfOp::create(b, hasWork(b, op, tile, expertId),
                                /*withElseRegion=*/false);
  b.setInsertionPointToStart(ifOp.thenBlock());
  Value expert =
      arith::IndexCastUIOp::create(b, b.getIndexType(), expertId);
  computeTile(b, op, tile, expert, lds->first, lds->second);
  op.erase();
  return success();
}

namespace {
struct MoEExpandKernelPass
    : moe::impl::MoEExpandKernelPassBase<MoEExpandKernelPass> {
  void runOnOperation() override {
    SmallVector<GroupedGemmOp> ops;
    getOperation().walk([&](GroupedGemmOp op) { ops.push_back(op); });
    for (GroupedGemmOp op : ops)
      if (failed(expand(op)))
        return signalPassFailure();
  }
};
} // namespace
