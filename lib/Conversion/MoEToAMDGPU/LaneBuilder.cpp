// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The builder that all families of patterns share.

#include "LaneBuilder.h"
#include "moe/Target/MemorySpace.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <map>

using namespace mlir;
using namespace moe;

Value LaneBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}

Value LaneBuilder::i32(int64_t value) {
  return arith::ConstantOp::create(
      *this, getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value LaneBuilder::toI32(Value index) {
  return arith::IndexCastUIOp::create(*this, getI32Type(), index);
}

Value LaneBuilder::toI64(Value index) {
  return arith::IndexCastUIOp::create(*this, getI64Type(), index);
}

static Value like(LaneBuilder &b, Value a, int64_t value) {
  return a.getType().isIndex() ? b.index(value) : b.i32(value);
}

Value LaneBuilder::add(Value a, Value b) {
  return arith::AddIOp::create(*this, a, b);
}
Value LaneBuilder::mul(Value a, int64_t b) {
  return arith::MulIOp::create(*this, a, like(*this, a, b));
}
Value LaneBuilder::mul(Value a, Value b) {
  return arith::MulIOp::create(*this, a, b);
}
Value LaneBuilder::div(Value a, int64_t b) {
  return arith::DivUIOp::create(*this, a, like(*this, a, b));
}
Value LaneBuilder::rem(Value a, int64_t b) {
  return arith::RemUIOp::create(*this, a, like(*this, a, b));
}
Value LaneBuilder::shl(Value a, int64_t b) {
  return b ? arith::ShLIOp::create(*this, a, like(*this, a, b)) : a;
}
Value LaneBuilder::shr(Value a, int64_t b) {
  return b ? arith::ShRUIOp::create(*this, a, like(*this, a, b)) : a;
}
Value LaneBuilder::bitXor(Value a, Value b) {
  return arith::XOrIOp::create(*this, a, b);
}

Value LaneBuilder::bitAnd(Value a, int64_t b) {
  return arith::AndIOp::create(*this, a, like(*this, a, b));
}
Value LaneBuilder::bitOr(Value a, Value b) {
  return arith::OrIOp::create(*this, a, b);
}
Value LaneBuilder::minU(Value a, Value b) {
  return arith::MinUIOp::create(*this, a, b);
}
Value LaneBuilder::lessU(Value a, Value b) {
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::ult, a, b);
}
Value LaneBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(*this, condition, a, b);
}

Value LaneBuilder::permuteBytes(Value high, Value low, Value selector) {
  return LLVM::CallIntrinsicOp::create(*this, getI32Type(),
                                       getStringAttr("llvm.amdgcn.perm"),
                                       ValueRange{high, low, selector})
      .getResult(0);
}

Value LaneBuilder::reorderChunk(Value chunk, layout::ATile::Order order,
                                bool inverse) {
  SmallVector<int64_t> places(order.begin(), order.end());
  if (inverse)
    for (auto [place, element] : llvm::enumerate(order))
      places[element] = place;
  if (llvm::equal(places, llvm::seq<int64_t>(0, places.size())))
    return chunk;
  return vector::ShuffleOp::create(*this, chunk, chunk, places);
}

Value LaneBuilder::tileKey(const layout::ATile &tile, Value row) {
  // One shift for all bits of the row that move equally far.
  std::map<int, int64_t> bitsByDistance;
  for (int bit = 0; bit < 4; ++bit)
    for (int target = 0; target < 4; ++target)
      if (tile.getKeyOfBit(bit) >> target & 1)
        bitsByDistance[target - bit] |= int64_t(1) << bit;
  Value key;
  for (auto [distance, bits] : bitsByDistance) {
    Value part = bitAnd(row, bits);
    part = distance < 0 ? shr(part, -distance) : shl(part, distance);
    key = key ? bitXor(key, part) : part;
  }
  return key;
}

Value LaneBuilder::thread() {
  return gpu::ThreadIdOp::create(*this, gpu::Dimension::x);
}

Value LaneBuilder::lane() { return rem(thread(), 64); }

Value LaneBuilder::wave() {
  // Equal in all lanes of a wave; saying so keeps what depends on it in scalar
  // registers. It is said once, at the kernel's entry: no later pass would move
  // a readfirstlane out of a loop.
  InsertionGuard guard(*this);
  Region *region = getInsertionBlock()->getParent();
  while (region->getParentOp() && !isa<gpu::GPUFuncOp>(region->getParentOp()))
    region = region->getParentRegion();
  if (region->getParentOp())
    setInsertionPointToStart(&region->front());
  Value wave = toI32(div(thread(), 64));
  Value uniform = ROCDL::ReadfirstlaneOp::create(*this, getI32Type(), wave);
  return arith::IndexCastUIOp::create(*this, getIndexType(), uniform);
}

LaneBuilder::SortedId LaneBuilder::decodeSortedId(Value id, Value tokens,
                                                  int64_t topk) {
  Value token = bitAnd(id, 0xFFFFFF), slot = shr(id, 24);
  Value valid = arith::AndIOp::create(*this, lessU(token, tokens),
                                      lessU(slot, i32(topk)));
  return {token, slot, valid};
}

Value LaneBuilder::pointer(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  unsigned space = *getAddressSpace(type); // the verifiers refuse others
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(*this, memref);
  Value aligned = LLVM::IntToPtrOp::create(
      *this, LLVM::LLVMPointerType::get(getContext(), space), toI64(address));
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || offset == 0)
    return aligned;
  Value elements = ShapedType::isDynamic(offset) ? metadata(memref).getOffset()
                                                 : index(offset);
  Value wide = arith::IndexCastOp::create(*this, getI64Type(), elements);
  return advance(aligned, type.getElementType(), wide);
}

Value LaneBuilder::advance(Value pointer, Type element, Value count) {
  return LLVM::GEPOp::create(*this, pointer.getType(), element, pointer,
                             ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(count)});
}

memref::ExtractStridedMetadataOp LaneBuilder::metadata(Value memref) {
  return memref::ExtractStridedMetadataOp::create(*this, memref);
}

Value LaneBuilder::rowStride(Value memref) {
  auto [strides, offset] =
      cast<MemRefType>(memref.getType()).getStridesAndOffset();
  if (ShapedType::isDynamic(strides.front()))
    return metadata(memref).getStrides().front();
  return index(strides.front());
}

Value LaneBuilder::descriptor(Value pointer, Value bytes) {
  Value stride = arith::ConstantOp::create(*this, getI16IntegerAttr(0));
  // Word 3 of a raw buffer on gfx9: 32-bit data, no swizzle.
  Value flags = i32((7 << 12) | (4 << 15));
  return ROCDL::MakeBufferRsrcOp::create(
      *this, LLVM::LLVMPointerType::get(getContext(), 8), pointer, stride,
      bytes, flags);
}

Value LaneBuilder::bufferLoad(Type type, Value rsrc, Value offset,
                              Value scalarOffset, int64_t aux) {
  return ROCDL::RawPtrBufferLoadOp::create(*this, type, rsrc, offset,
                                           scalarOffset, i32(aux),
                                           /*alias_scopes=*/ArrayAttr(),
                                           /*noalias_scopes=*/ArrayAttr(),
                                           /*tbaa=*/ArrayAttr());
}

SmallVector<Value> moe::splitQuads(LaneBuilder &b, VectorType acc,
                                   ValueRange registers) {
  int64_t quads = getAccumulatorFragment(acc).quads();
  int64_t mBlocks = acc.getDimSize(0), nBlocks = acc.getDimSize(1);
  if (quads == 1)
    return registers;
  SmallVector<Value> results;
  for (int64_t mb = 0; mb < mBlocks; ++mb)
    for (int64_t quad = 0; quad < quads; ++quad)
      for (int64_t nb = 0; nb < nBlocks; ++nb)
        results.push_back(vector::ExtractStridedSliceOp::create(
            b, registers[mb * nBlocks + nb], ArrayRef<int64_t>{4 * quad},
            ArrayRef<int64_t>{4}, ArrayRef<int64_t>{1}));
  return results;
}

SmallVector<Value> moe::joinQuads(LaneBuilder &b, VectorType acc,
                                  ValueRange values) {
  int64_t quads = getAccumulatorFragment(acc).quads();
  int64_t mBlocks = acc.getDimSize(0), nBlocks = acc.getDimSize(1);
  if (quads == 1)
    return values;
  auto type = VectorType::get({4 * quads}, b.getF32Type());
  SmallVector<Value> results;
  for (int64_t mb = 0; mb < mBlocks; ++mb)
    for (int64_t nb = 0; nb < nBlocks; ++nb) {
      Value block = arith::ConstantOp::create(b, type, b.getZeroAttr(type));
      for (int64_t quad = 0; quad < quads; ++quad)
        block = vector::InsertStridedSliceOp::create(
            b, values[(mb * quads + quad) * nBlocks + nb], block,
            ArrayRef<int64_t>{4 * quad}, ArrayRef<int64_t>{1});
      results.push_back(block);
    }
  return results;
}

void moe::addSchedBarrier(OpBuilder &b, Location loc,
                          amdgpu::sched_barrier_opt_enum allow) {
  amdgpu::SchedBarrierOp::create(
      b, loc, amdgpu::sched_barrier_opt_enumAttr::get(b.getContext(), allow));
}

int64_t moe::getCacheAux(CachePolicy policy) {
  switch (policy) {
  case CachePolicy::Default:
    return 0;
  case CachePolicy::NonTemporal:
    return 2;
  }
  llvm_unreachable("covered switch");
}
