//===- Fields.cpp - microcode fields to operands --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The microcode formats of gfx9: which format an instruction has, and how an
// operand code becomes a register, a constant or a literal. Handlers come from
// the opcode tables by mnemonic.
//
//===----------------------------------------------------------------------===//

#include "Decode/Fields.h"

#include "Decode/FieldDecoder.h"

#include <algorithm>

namespace moe::emulator {

static bool endsWith(const std::string &text, const char *suffix) {
  size_t n = strlen(suffix);
  return text.size() >= n && text.compare(text.size() - n, n, suffix) == 0;
}

uint16_t FieldDecoder::vgpr(unsigned index, unsigned count, bool acc) {
  // Above accum_offset a v register is an a register: one file holds both.
  unsigned limit = c.rows;
  unsigned row = acc ? index + c.accumOffset : index;
  if (row + count > limit) {
    refuse(std::string("register ") + (acc ? "a" : "v") +
           std::to_string(index + count - 1) + " is beyond the " +
           std::to_string(limit - (acc ? std::min(c.accumOffset, limit) : 0)) +
           " allocated");
    return 0;
  }
  return row;
}

static uint32_t f32Constant(unsigned code) {
  static const uint32_t values[] = {0x3f000000, 0xbf000000, 0x3f800000,
                                    0xbf800000, 0x40000000, 0xc0000000,
                                    0x40800000, 0xc0800000, 0x3e22f983};
  return values[code - 240];
}
static uint32_t f16Constant(unsigned code) {
  static const uint32_t values[] = {0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000,
                                    0xc000, 0x4400, 0xc400, 0x3118};
  return values[code - 240];
}
static uint32_t f64ConstantHigh(unsigned code) {
  static const uint32_t values[] = {0x3fe00000, 0xbfe00000, 0x3ff00000,
                                    0xbff00000, 0x40000000, 0xc0000000,
                                    0x40100000, 0xc0100000};
  return values[code - 240];
}

Src FieldDecoder::source(unsigned code, ValueType type, unsigned count) {
  Src src;
  unsigned rows = count ? count : std::max(1u, valueRows(type));
  bool wide = valueRows(type) == 2;
  if (code >= 256) {
    src.kind = SrcKind::Vgpr;
    src.index = vgpr(code - 256, rows, false);
  } else if (code < 128) {
    src.kind = SrcKind::Sgpr;
    src.index = code;
    if (code + rows > 128)
      refuse("scalar register operand out of range");
  } else if (code <= 192) {
    src.kind = SrcKind::Const;
    src.value = code - 128;
  } else if (code <= 208) {
    src.kind = SrcKind::ConstNeg;
    src.value = uint32_t(192 - int(code));
  } else if (code >= 240 && code <= 248) {
    src.kind = SrcKind::Const;
    if (wide && code == 248) {
      src.kind = SrcKind::ConstPi64;
    } else if (wide) {
      src.kind = SrcKind::ConstHi;
      src.value = f64ConstantHigh(code);
    } else {
      src.value =
          type == ValueType::F16 ? f16Constant(code) : f32Constant(code);
    }
  } else if (code == 255) {
    src.kind = type == ValueType::F64   ? SrcKind::ConstHi
               : type == ValueType::I64 ? SrcKind::ConstNeg
                                        : SrcKind::Const;
    src.value = literal;
  } else if ((code >= 235 && code <= 238) || (code >= 251 && code <= 253)) {
    src.kind = SrcKind::Special;
    src.index = code;
  } else {
    refuse("operand code " + std::to_string(code) + " is not implemented");
  }
  return src;
}

std::string FieldDecoder::decode() {
  inst.run = runUnimplemented;
  std::string &name = c.mnemonic;
  for (const char *suffix : {"_e64_dpp", "_e32", "_e64", "_sdwa", "_dpp"})
    if (endsWith(name, suffix)) {
      name.erase(name.size() - strlen(suffix));
      break;
    }
  literal = w1;
  if ((w0 >> 31) == 0) {
    if ((w0 >> 25) == 0x3e)
      vopc();
    else
      vop12();
    return error;
  }
  if ((w0 >> 30) == 2) {
    unsigned top = w0 >> 23;
    if (top == 0x17d)
      sop1();
    else if (top == 0x17e)
      sopc();
    else if (top == 0x17f)
      sopp();
    else if ((w0 >> 28) == 0xb)
      sopk();
    else
      sop2();
    return error;
  }
  switch (w0 >> 26) {
  case 0x30:
    smem();
    break;
  case 0x34:
    if ((w0 >> 23) == 0x1a7)
      vop3p();
    else
      vop3();
    break;
  case 0x36:
    ds();
    break;
  case 0x37:
    flat();
    break;
  case 0x38:
  case 0x3a:
    buffer();
    break;
  default:
    refuse(kNotImplemented);
  }
  return error;
}

std::string decodeFields(FieldContext &context, Inst &inst, InstMeta &meta) {
  return FieldDecoder(context, inst, meta).decode();
}

} // namespace moe::emulator
