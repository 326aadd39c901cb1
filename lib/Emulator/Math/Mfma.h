// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The matrix instructions of gfx90a, gfx942 and gfx950 as data rows, and the
// functions that execute one of them for a whole wave on raw register rows.
// Lane layouts come from the general formula of the CDNA ISA manuals, not from
// any code generator. Not here: decoding, EXEC (matrix instructions ignore it),
// wait states and the register file.

#ifndef MOE_LIB_EMULATOR_MATH_MFMA_H
#define MOE_LIB_EMULATOR_MATH_MFMA_H

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe::emulator::math {

/// One 32-bit register of a wave: a row of 64 lanes.
using RegRow = uint32_t[64];

/// Type of the items of A, B or C/D.
enum class MatType : uint8_t {
  F64,
  F32,
  XF32, ///< f32 cut to 10 mantissa bits on input
  F16,
  BF16,
  I8,
  FP8, ///< E4M3: FNUZ on gfx942, OCP on gfx950
  BF8, ///< E5M2: FNUZ on gfx942, OCP on gfx950
  FP6, ///< E2M3
  BF6, ///< E3M2
  FP4, ///< E2M1
  I32,
  F8F6F4, ///< one of FP8, BF8, FP6, BF6, FP4: chosen by cbsz (A) and blgp (B)
};

/// Chips as bits, for the `chips` mask of a row.
enum MatChip : uint8_t { MatGfx90a = 1, MatGfx942 = 2, MatGfx950 = 4 };

/// One matrix instruction. Register counts are per lane, in 32-bit registers;
/// for F8F6F4 rows they are the largest (8), see `f8f6f4Registers`.
struct MfmaDesc {
  const char
      *name; ///< MC name without encoding suffix, "V_MFMA_F32_16X16X16F16"
  uint8_t m, n, k, blocks;
  MatType a, b, d; ///< C has the type of D
  uint8_t aRegs, bRegs, dRegs;
  uint8_t chips;
  bool sparse; ///< v_smfmac: A is 4:2 sparse (k counts B's rows), D accumulates
};

/// All rows, for generated pages and tests.
const MfmaDesc *mfmaTable(size_t &count);

/// The row of an instruction on a chip, or null when the chip has none of that
/// name. `name` is LLVM's MC name without its encoding suffix (`_gfx940_vcd`,
/// `_gfx90a_acd`, `_e64`...), in any case; the format suffixes `_f4_f8` that
/// LLVM gives to F8F6F4 opcodes and the `_SCALE_` in their names are accepted
/// and ignored.
const MfmaDesc *findMfma(std::string_view name, MatChip chip);

/// Instruction fields. For F8F6F4, cbsz and blgp are the formats of A and B
/// (0 fp8, 1 bf8, 2 fp6, 3 bf6, 4 fp4); for f64, blgp bits 0..2 negate A, B and
/// C; elsewhere cbsz/abid broadcast one block of A to groups of 2^cbsz blocks
/// and blgp permutes the lanes of B.
struct MfmaModifiers {
  uint8_t cbsz = 0, abid = 0, blgp = 0;
  /// F8F6F4 with scales: which byte of the scale register (op_sel |
  /// op_sel_hi<<1).
  uint8_t scaleSelA = 0, scaleSelB = 0;
  /// Sums as CDNA3 makes them (Cdna3Sums.h); dense instructions only.
  bool cdna3Sums = false;
};

/// Operands as register rows. D may be the same rows as C, or overlap A, B and
/// C in any way: all sources are read before D is written. `c` null means that
/// every item of C is `cConstant` (an inline constant; 64 bits for f64, else
/// the low 32). `scaleA`/`scaleB` null: unscaled. `index`: smfmac only.
struct MfmaOperands {
  RegRow *d = nullptr;
  const RegRow *a = nullptr;
  const RegRow *b = nullptr;
  const RegRow *c = nullptr;
  uint64_t cConstant = 0;
  const uint32_t *scaleA = nullptr; ///< 64 lanes
  const uint32_t *scaleB = nullptr;
  const uint32_t *index = nullptr;
};

/// Registers that an F8F6F4 operand of format `fmt` takes: 8, 6 or 4; 0 for a
/// format that does not exist.
unsigned f8f6f4Registers(unsigned fmt);

/// Why these fields are not a valid instruction ("expected ... got ..."-style
/// text), or null when they are. Call it once at decode time.
const char *checkMfma(const MfmaDesc &desc, MatChip chip,
                      const MfmaModifiers &mods);

/// Executes one matrix instruction. Precondition: `checkMfma` returned null.
///
/// Order of accumulation (the manuals promise none): per item of D, in f32,
/// starting from C, one fused multiply-add for each k from 0 up to K-1,
/// rounding to nearest even, denormals of inputs and results kept, NaN and
/// infinities as IEEE has them. F8F6F4 products are scaled exactly before the
/// add; f64 in f64; i8 in wrapping 32-bit integers. EXEC and MODE play no part.
void mfma(const MfmaDesc &desc, MatChip chip, const MfmaOperands &ops,
          const MfmaModifiers &mods);

/// v_smfmac: D += sparse(A, index) * B. `ops.c` is unused; D is read and
/// written. cbsz/abid choose which part of the index register counts.
void smfmac(const MfmaDesc &desc, MatChip chip, const MfmaOperands &ops,
            const MfmaModifiers &mods);

} // namespace moe::emulator::math

#endif // MOE_LIB_EMULATOR_MATH_MFMA_H
