//===- ValuDriver.cpp - vector ALU instructions around their kernels ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fetches sources, applies modifiers (neg, abs, op_sel, SDWA, DPP, denormal
// modes), calls a lane kernel, applies output modifiers and blends by EXEC.
// Compiled once for each host instruction set.
//
// Fields of Inst: op = ValuRow, src = sources in the kernel's order, dst =
// first VGPR row, sdst = SGPR pair of a mask result, data = SGPR pair of a mask
// source, ext = the SDWA or DPP word, imm = table of v_bitop3.
//
//===----------------------------------------------------------------------===//

#include "Vector/ValuDirect.h"
#include "Vector/ValuDpp.h"
#include "Vector/ValuHelpers.h"

#include <cfenv>

namespace moe::emulator::MOE_EMU_VARIANT {
namespace {

inline void expandMask(uint64_t mask, uint32_t *row) {
  uint32_t low = uint32_t(mask), high = uint32_t(mask >> 32);
  for (int i = 0; i < 32; ++i)
    row[i] = -((low >> i) & 1);
  for (int i = 0; i < 32; ++i)
    row[32 + i] = -((high >> i) & 1);
}
inline void splat(uint32_t *row, uint32_t value) {
  for (int i = 0; i < 64; ++i)
    row[i] = value;
}
inline void blend(uint32_t *target, const uint32_t *value,
                  const uint32_t *mask) {
  MOE_LANES target[i] = (value[i] & mask[i]) | (target[i] & ~mask[i]);
}
inline const uint32_t *fetch(const Wave &w, const Src &src, uint32_t *scratch) {
  if (src.kind == SrcKind::Vgpr)
    return w.v[src.index];
  splat(scratch, w.scalar(src));
  return scratch;
}
inline const uint32_t *fetch64(const Wave &w, const Src &src,
                               uint32_t *scratch) {
  if (src.kind == SrcKind::Vgpr)
    return w.v[src.index];
  uint64_t value = w.scalar64(src);
  splat(scratch, uint32_t(value));
  splat(scratch + 64, uint32_t(value >> 32));
  return scratch;
}
//===----------------------------------------------------------------------===//
// Everything: modifiers, 64 bits, carries, SDWA, DPP
//===----------------------------------------------------------------------===//

struct Operand {
  alignas(64) uint32_t rows[128];
  const uint32_t *p;
};

/// Copies a source into its own rows so that it can be changed.
inline void own(Operand &x, unsigned rows) {
  if (x.p == x.rows)
    return;
  memcpy(x.rows, x.p, rows * 256);
  x.p = x.rows;
}
void negAbs(Operand &x, ValueType type, bool neg, bool abs) {
  unsigned rows = valueRows(type);
  uint32_t top = is16(type) ? 0x8000u : 0x80000000u;
  own(x, rows);
  uint32_t *r = x.rows + (rows - 1) * 64;
  for (int i = 0; i < 64; ++i) {
    uint32_t u = r[i];
    u = abs ? u & ~top : u;
    r[i] = neg ? u ^ top : u;
  }
}
void shiftHalf(Operand &x) {
  own(x, 1);
  for (int i = 0; i < 64; ++i)
    x.rows[i] >>= 16;
}
void flushDenormals(uint32_t *rows, ValueType type) {
  if (type == ValueType::F32)
    for (int i = 0; i < 64; ++i)
      rows[i] = flush32(rows[i], true);
  else if (type == ValueType::F16)
    for (int i = 0; i < 64; ++i)
      rows[i] = (rows[i] & 0xffff0000u) | flush16(rows[i] & 0xffffu, true);
  else if (type == ValueType::F64)
    for (int i = 0; i < 64; ++i)
      B64::put(rows, i, flush64(B64::get(rows, i), true));
}
void selectSdwa(Operand &x, unsigned select, bool sext) {
  if (select == 6)
    return;
  own(x, 1);
  unsigned shift = select < 4 ? 8 * select : 16 * (select - 4);
  unsigned width = select < 4 ? 8 : 16;
  for (int i = 0; i < 64; ++i) {
    uint32_t u = (x.rows[i] >> shift) & ((1u << width) - 1);
    x.rows[i] = sext ? uint32_t(int32_t(u << (32 - width)) >> (32 - width)) : u;
  }
}

/// Permutes source 0 and clears the lanes that are not written.
void applyDpp(const Wave &w, uint32_t word, Operand &x, unsigned rows,
              uint64_t &lanes) {
  const DppPattern &pattern = dppPatterns[(word >> 8) & 0x1ff];
  bool boundZero = (word >> 19) & 1;
  unsigned banks = (word >> 24) & 15, rowMask = (word >> 28) & 15;
  uint64_t exec = w.exec();
  alignas(64) uint32_t out[128];
  for (int lane = 0; lane < 64; ++lane) {
    unsigned from = pattern.from[lane];
    bool valid = (pattern.valid >> lane & 1) && ((exec >> from) & 1);
    for (unsigned r = 0; r < rows; ++r)
      out[64 * r + lane] = valid ? x.p[64 * r + from] : 0;
    bool off = !((rowMask >> (lane / 16)) & 1) ||
               !((banks >> ((lane % 16) / 4)) & 1) || (!valid && !boundZero);
    if (off)
      lanes &= ~(uint64_t(1) << lane);
  }
  memcpy(x.rows, out, rows * 256);
  x.p = x.rows;
}

/// MODE's denormal bits for a type: the flush of inputs or outputs.
bool flushes(uint32_t mode, ValueType type, bool input) {
  FpMode fp{mode};
  if (type == ValueType::F32)
    return !(input ? fp.denormIn32() : fp.denormOut32());
  if (type == ValueType::F64 || type == ValueType::F16)
    return !(input ? fp.denormIn64() : fp.denormOut64());
  return false;
}
int hostDirection(Round round) {
  switch (round) {
  case Round::Up:
    return FE_UPWARD;
  case Round::Down:
    return FE_DOWNWARD;
  case Round::Zero:
    return FE_TOWARDZERO;
  default:
    return FE_TONEAREST;
  }
}
/// The direction in which an operation rounds: that of f64 and f16, MODE[3:2],
/// if an operand is one of these, its result or a source, else that of f32,
/// MODE[1:0]. So it is MODE[3:2] for v_cvt_f32_f64 as for v_cvt_f16_f32: LLVM
/// sets it for llvm.fptrunc.round of either. Conversions from integers to f32
/// have f32's; those to wider floats are exact, those to integers round as
/// their names say. Kernels of f16 compute in f32 and round to nearest even
/// themselves; the transcendental ones round to nearest in any mode.
int hostRounding(uint32_t mode, const ValuRow &row) {
  FpMode fp{mode};
  if ((row.flags & (VTrans | VPacked)) || row.d == ValueType::F16 ||
      row.a == ValueType::F16)
    return FE_TONEAREST;
  bool wide = (row.d == ValueType::F64 || row.a == ValueType::F64) &&
              !(row.flags & VPairs);
  return hostDirection(wide ? fp.round64() : fp.round32());
}

/// An f16 operation that rounds, in any direction and with MODE.FP16_OVFL.
uint32_t roundHalf(uint32_t kind, uint32_t a, uint32_t b, uint32_t c,
                   Round round, bool ovfl) {
  switch (kind) {
  case VHalfAdd:
    return addF16(a, b, round, ovfl);
  case VHalfSub:
    return addF16(a, b ^ 0x8000u, round, ovfl);
  case VHalfSubRev:
    return addF16(a ^ 0x8000u, b, round, ovfl);
  case VHalfMul:
    return mulF16(a, b, round, ovfl);
  case VHalfFma:
    return fmaF16(a, b, c, round, ovfl);
  case VHalfMad:
    return addF16(mulF16(a, b, round, ovfl), c, round, ovfl);
  case VHalfLdexp: {
    int n = int16_t(b);
    n = n < -200 ? -200 : n > 200 ? 200 : n;
    return f64ToF16(std::ldexp(double(f16ToF32(a)), n), round, ovfl);
  }
  case VHalfFromU16:
    return f64ToF16(double(a), round, ovfl);
  case VHalfFromI16:
    return f64ToF16(double(int16_t(a)), round, ovfl);
  default:
    return a;
  }
}
void roundedF16(const ValuRow &row, LaneIO &io) {
  FpMode fp{io.mode};
  uint32_t kind = row.flags & VHalfOp;
  for (int i = 0; i < 64; ++i) {
    uint32_t a = io.a[i], b = io.b[i], c = io.c[i];
    uint32_t r = roundHalf(kind, a & 0xffffu, b & 0xffffu, c & 0xffffu,
                           fp.round64(), fp.fp16Overflow());
    if (row.flags & VPacked)
      r |= roundHalf(kind, a >> 16, b >> 16, c >> 16, fp.round64(),
                     fp.fp16Overflow())
           << 16;
    io.d[i] = r;
  }
}
/// v_fma_mixlo and mixhi: fused in f32 with its direction, then rounded to f16
/// with the direction of f16.
void roundedMix(LaneIO &io) {
  FpMode fp{io.mode};
  float sums[64];
  int old = std::fegetround();
  std::fesetround(hostDirection(fp.round32()));
  for (int i = 0; i < 64; ++i)
    sums[i] = __builtin_fmaf(bitsToF32(io.a[i]), bitsToF32(io.b[i]),
                             bitsToF32(io.c[i]));
  std::fesetround(old);
  for (int i = 0; i < 64; ++i)
    io.d[i] = f32ToF16(sums[i], fp.round64(), fp.fp16Overflow());
}
/// MODE's rounding directions and FP16_OVFL; zero is how the kernels round.
constexpr uint32_t roundingBits = 0x80000f;
void callKernel(const Wave &w, const ValuRow &row, LaneIO &io) {
  if (!(row.flags & VF) || !(w.mode & roundingBits))
    return row.fn(io);
  if (row.d == ValueType::F16) {
    if (row.a == ValueType::F32 && row.c == ValueType::F32)
      return roundedMix(io);
    if (row.flags & VHalfOp)
      return roundedF16(row, io);
  }
  int rounding = hostRounding(w.mode, row);
  if (rounding == FE_TONEAREST)
    return row.fn(io);
  int old = std::fegetround();
  std::fesetround(rounding);
  row.fn(io);
  std::fesetround(old);
}

void outputModifiers(const Wave &w, uint32_t mods, ValueType type,
                     uint32_t *out) {
  unsigned omod = modOmod(mods);
  FpMode fp{w.mode};
  bool omodWorks = omod && !fp.ieee() && flushes(w.mode, type, false);
  static const float factors[] = {1.0f, 2.0f, 4.0f, 0.5f};
  bool nanToZero = fp.dx10Clamp();
  auto finish = [&](auto x) {
    using F = decltype(x);
    if (omodWorks)
      x = x * F(factors[omod]) + F(0);
    if (mods & ModClamp)
      x = x != x     ? (nanToZero ? F(0) : x)
          : x < F(0) ? F(0)
          : x > F(1) ? F(1)
                     : x;
    return x;
  };
  for (int i = 0; i < 64; ++i) {
    if (type == ValueType::F32)
      F32::put(out, i, finish(F32::get(out, i)));
    else if (type == ValueType::F64)
      F64::put(out, i, finish(F64::get(out, i)));
    else if (type == ValueType::F16)
      F16::put(out, i, finish(F16::get(out, i)));
  }
}

/// SDWA destination select.
void placeSdwa(uint32_t *out, const uint32_t *old, unsigned select,
               unsigned unused) {
  if (select == 6)
    return;
  unsigned shift = select < 4 ? 8 * select : 16 * (select - 4);
  unsigned width = select < 4 ? 8 : 16;
  uint32_t field = ((1u << width) - 1) << shift;
  for (int i = 0; i < 64; ++i) {
    uint32_t value = (out[i] << shift) & field;
    if (unused == 2) {
      value |= old[i] & ~field;
    } else if (unused == 1) {
      unsigned up = 32 - width - shift;
      value = uint32_t(int32_t(value << up) >> up);
    }
    out[i] = value;
  }
}

void fetchAll(Wave &w, const Inst &I, const ValuRow &row, Operand *x,
              uint64_t &lanes) {
  const ValueType types[3] = {row.a, row.b, row.c};
  for (int k = 0; k < 3; ++k) {
    unsigned rows = valueRows(types[k]);
    if (rows == 0 || I.src[k].kind == SrcKind::None) {
      x[k].p = x[0].p;
      continue;
    }
    x[k].p = rows == 2 ? fetch64(w, I.src[k], x[k].rows)
                       : fetch(w, I.src[k], x[k].rows);
    if (k == 0 && (I.mods & ModDpp))
      applyDpp(w, I.ext, x[0], rows, lanes);
    if (I.mods & ModSdwa) {
      if (k == 0)
        selectSdwa(x[0], (I.ext >> 16) & 7, (I.ext >> 19) & 1);
      if (k == 1)
        selectSdwa(x[1], (I.ext >> 24) & 7, (I.ext >> 27) & 1);
    }
    if (is16(types[k]) && (I.mods & ModVop3) && !(row.flags & VOpSel) &&
        ((modOpSel(I.mods) >> k) & 1))
      shiftHalf(x[k]);
    bool neg = (modNeg(I.mods) >> k) & 1, abs = (modAbs(I.mods) >> k) & 1;
    if (neg || abs)
      negAbs(x[k], types[k], neg, abs);
    if ((row.flags & VF) && flushes(w.mode, types[k], true)) {
      own(x[k], rows);
      flushDenormals(x[k].rows, types[k]);
    }
  }
}

/// Puts the result rows into the register file.
void writeResult(Wave &w, const Inst &I, const ValuRow &row, uint32_t *out,
                 uint64_t lanes) {
  if ((row.flags & VF) && isFloatType(row.d)) {
    if ((I.mods & ModClamp) || modOmod(I.mods))
      outputModifiers(w, I.mods, row.d, out);
    if (flushes(w.mode, row.d, false))
      flushDenormals(out, row.d);
  }
  if (I.mods & ModSdwa) {
    placeSdwa(out, w.v[I.dst], (I.ext >> 8) & 7, (I.ext >> 11) & 3);
  } else if (is16(row.d) && (I.mods & ModVop3) && (modOpSel(I.mods) & 8)) {
    for (int i = 0; i < 64; ++i)
      out[i] = (w.v[I.dst][i] & 0xffffu) | out[i] << 16;
  } else if (is16(row.d) && (row.flags & VKeepHi)) {
    for (int i = 0; i < 64; ++i)
      out[i] = (w.v[I.dst][i] & 0xffff0000u) | (out[i] & 0xffffu);
  }
  alignas(64) uint32_t mask[64];
  expandMask(lanes, mask);
  for (unsigned r = 0; r < valueRows(row.d); ++r)
    blend(w.v[I.dst + r], out + 64 * r, mask);
}

} // namespace

void full(Wave &w, const Inst &I) {
  const ValuRow &row = *static_cast<const ValuRow *>(I.op);
  Operand x[3];
  alignas(64) uint32_t mask[64];
  alignas(64) uint32_t out[192];
  uint64_t lanes = w.exec();
  fetchAll(w, I, row, x, lanes);
  if (row.flags & VShift4)
    for (int i = 0; i < 64; ++i)
      if (w.execMask[i] && (x[1].p[i] & 63) > 4)
        return w.faultShift(x[1].p[i] & 63);
  LaneIO io = makeIO(w, I);
  io.a = x[0].p;
  io.b = x[1].p;
  io.c = x[2].p;
  io.d = out;
  if (row.flags & VCarryIn) {
    expandMask(w.s64(I.data), mask);
    io.m = mask;
  }
  callKernel(w, row, io);
  if (row.flags & VCompare) {
    uint64_t result = packMask(out) & lanes;
    w.setS64(I.sdst, result);
    if (row.flags & VCmpx)
      w.setS64(SgprExec, result);
    return;
  }
  if (row.flags & VCarryOut)
    w.setS64(I.sdst, packMask(out + 64 * valueRows(row.d)) & lanes);
  writeResult(w, I, row, out, lanes);
}

namespace {

//===----------------------------------------------------------------------===//
// VOP3P
//===----------------------------------------------------------------------===//

void selectHalves(const Wave &w, const Inst &I, ValueType type, int k,
                  Operand &x) {
  bool low = (modOpSel(I.mods) >> k) & 1, high = (modOpSelHi(I.mods) >> k) & 1;
  bool negLow = (modNeg(I.mods) >> k) & 1,
       negHigh = (modNegHi(I.mods) >> k) & 1;
  x.p = fetch(w, I.src[k], x.rows);
  if (!is16(type))
    return;
  if (!low && high && !negLow && !negHigh)
    return;
  own(x, 1);
  uint32_t flip = type == ValueType::F16
                      ? (negLow ? 0x8000u : 0) | (negHigh ? 0x80000000u : 0)
                      : 0;
  for (int i = 0; i < 64; ++i) {
    uint32_t u = x.rows[i];
    uint32_t l = low ? u >> 16 : u & 0xffffu;
    uint32_t h = high ? u & 0xffff0000u : u << 16;
    x.rows[i] = (l | h) ^ flip;
  }
}
void flushHalves(uint32_t *rows) {
  for (int i = 0; i < 64; ++i)
    rows[i] = flush16(rows[i] & 0xffffu, true) | flush16(rows[i] >> 16, true)
                                                     << 16;
}

} // namespace

void packed(Wave &w, const Inst &I) {
  const ValuRow &row = *static_cast<const ValuRow *>(I.op);
  const ValueType types[3] = {row.a, row.b, row.c};
  Operand x[3];
  for (int k = 0; k < 3; ++k) {
    if (I.src[k].kind == SrcKind::None) {
      x[k].p = x[0].p;
      continue;
    }
    selectHalves(w, I, types[k], k, x[k]);
    if (types[k] == ValueType::F32 && ((modNeg(I.mods) >> k) & 1))
      negAbs(x[k], types[k], true, false);
    if ((row.flags & VF) && flushes(w.mode, types[k], true)) {
      own(x[k], 1);
      flushHalves(x[k].rows);
    }
  }
  alignas(64) uint32_t out[64];
  LaneIO io = makeIO(w, I);
  io.a = x[0].p;
  io.b = x[1].p;
  io.c = x[2].p;
  io.d = out;
  callKernel(w, row, io);
  if ((row.flags & VF) && flushes(w.mode, row.d, false))
    flushHalves(out);
  bool nanToZero = FpMode{w.mode}.dx10Clamp();
  if ((I.mods & ModClamp) && row.d == ValueType::F16)
    for (int i = 0; i < 64; ++i) {
      uint32_t u = out[i], result = 0;
      for (int shift = 0; shift < 32; shift += 16) {
        float f = f16ToF32((u >> shift) & 0xffffu);
        f = f != f ? (nanToZero ? 0.0f : f) : f < 0 ? 0 : f > 1 ? 1 : f;
        result |= f32ToF16(f) << shift;
      }
      out[i] = result;
    }
  if ((I.mods & ModClamp) && row.d == ValueType::F32)
    outputModifiers(w, ModClamp, ValueType::F32, out);
  blend(w.v[I.dst], out, w.execMask);
}

namespace {

/// v_pk_*_f32 and v_pk_mov_b32: each source has two rows, of which op_sel picks
/// one for each result.
} // namespace

void packed32(Wave &w, const Inst &I) {
  const ValuRow &row = *static_cast<const ValuRow *>(I.op);
  Operand x[3];
  bool move = row.d == ValueType::B64;
  unsigned sources = I.src[2].kind == SrcKind::None ? 2 : 3;
  for (unsigned k = 0; k < sources; ++k) {
    x[k].p = fetch64(w, I.src[k], x[k].rows);
    bool low = (modOpSel(I.mods) >> k) & 1;
    bool high = move ? low : (modOpSelHi(I.mods) >> k) & 1;
    bool negLow = (modNeg(I.mods) >> k) & 1,
         negHigh = (modNegHi(I.mods) >> k) & 1;
    bool flush = !move && flushes(w.mode, ValueType::F32, true);
    if (!low && high && !negLow && !negHigh && !flush)
      continue;
    alignas(64) uint32_t rows[128];
    memcpy(rows, x[k].p + (low ? 64 : 0), 256);
    memcpy(rows + 64, x[k].p + (high ? 64 : 0), 256);
    for (int i = 0; i < 64; ++i) {
      rows[i] ^= negLow ? 0x80000000u : 0;
      rows[64 + i] ^= negHigh ? 0x80000000u : 0;
    }
    if (flush) {
      flushDenormals(rows, ValueType::F32);
      flushDenormals(rows + 64, ValueType::F32);
    }
    memcpy(x[k].rows, rows, sizeof(rows));
    x[k].p = x[k].rows;
  }
  alignas(64) uint32_t out[128];
  LaneIO io = makeIO(w, I);
  io.a = x[0].p;
  io.b = x[1].p;
  io.c = sources == 3 ? x[2].p : x[0].p;
  io.d = out;
  callKernel(w, row, io);
  for (int r = 0; r < 2; ++r) {
    if (I.mods & ModClamp)
      outputModifiers(w, ModClamp, ValueType::F32, out + 64 * r);
    if (!move && flushes(w.mode, ValueType::F32, false))
      flushDenormals(out + 64 * r, ValueType::F32);
    blend(w.v[I.dst + r], out + 64 * r, w.execMask);
  }
}

namespace {

/// v_fma_mix*: op_sel_hi says that a source is f16, op_sel which half.
void mix(Wave &w, const Inst &I) {
  const ValuRow &row = *static_cast<const ValuRow *>(I.op);
  Operand x[3];
  for (int k = 0; k < 3; ++k) {
    x[k].p = fetch(w, I.src[k], x[k].rows);
    own(x[k], 1);
    if ((modOpSelHi(I.mods) >> k) & 1) {
      unsigned shift = (modOpSel(I.mods) >> k) & 1 ? 16 : 0;
      for (int i = 0; i < 64; ++i)
        x[k].rows[i] = f32ToBits(f16ToF32((x[k].rows[i] >> shift) & 0xffffu));
    }
    bool neg = (modNeg(I.mods) >> k) & 1, abs = (modNegHi(I.mods) >> k) & 1;
    if (neg || abs)
      negAbs(x[k], ValueType::F32, neg, abs);
    if (flushes(w.mode, ValueType::F32, true))
      flushDenormals(x[k].rows, ValueType::F32);
  }
  alignas(64) uint32_t out[64];
  LaneIO io = makeIO(w, I);
  io.a = x[0].p;
  io.b = x[1].p;
  io.c = x[2].p;
  io.d = out;
  callKernel(w, row, io);
  if (I.mods & ModClamp)
    outputModifiers(w, ModClamp, row.d, out);
  if (flushes(w.mode, row.d, false))
    flushDenormals(out, row.d);
  bool high = row.flags & VHighHalf;
  if (row.d == ValueType::F16)
    for (int i = 0; i < 64; ++i) {
      uint32_t old = w.v[I.dst][i];
      out[i] = high ? (old & 0xffffu) | out[i] << 16
                    : (old & 0xffff0000u) | (out[i] & 0xffffu);
    }
  blend(w.v[I.dst], out, w.execMask);
}

} // namespace

#define TABLE(name)                                                            \
  extern const ValuRow rows##name[];                                           \
  extern const size_t rows##name##Count;
TABLE(Int)
TABLE(Clamp)
TABLE(Float)
TABLE(Convert)
TABLE(Compare)
TABLE(Dot2c)
TABLE(Packed)
TABLE(PackedClamp)
TABLE(Packed32)
TABLE(Mix)
#undef TABLE

ValuHandler scaledHandler(const Inst &I);
const ValuOps &variantOps();
const ValuOps &variantOps() {
  static const ValuOps ops = {MOE_EMU_VARIANT_NAME,
                              full,
                              packed,
                              packed32,
                              mix,
                              scaledHandler,
                              dpp,
                              {{rowsInt, rowsIntCount},
                               {rowsFloat, rowsFloatCount},
                               {rowsConvert, rowsConvertCount},
                               {rowsCompare, rowsCompareCount},
                               {rowsDot2c, rowsDot2cCount}},
                              {rowsClamp, rowsClampCount},
                              {rowsPacked, rowsPackedCount},
                              {rowsPackedClamp, rowsPackedClampCount},
                              {rowsPacked32, rowsPacked32Count},
                              {rowsMix, rowsMixCount}};
  return ops;
}

} // namespace moe::emulator::MOE_EMU_VARIANT
