//===- AsmWave.h - one wave that executes assembly text ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Assembles straight-line text with LLVM's assembler, decodes the bytes with
// the emulator's decoder and executes them on a wave with 128 VGPRs, 128 AGPRs
// and some LDS, so that a test states registers before and after. No branches.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_UNITTESTS_EMULATOR_ASMWAVE_H
#define MOE_UNITTESTS_EMULATOR_ASMWAVE_H

#include "Decode/Decoder.h"

#include <functional>

namespace moe::emulator {

/// Machine code of the text; a test failure and nothing when it is wrong.
std::vector<uint8_t> assemble(Chip chip, const std::string &text);

/// Assembles and decodes text for that many registers; the reason when it does
/// not decode, else an empty string.
std::string decodeText(Chip chip, const std::string &text, unsigned rows,
                       unsigned accumOffset, Program &program);

class AsmWave {
public:
  explicit AsmWave(Chip chip = Chip::GFX950);
  ~AsmWave();
  /// Executes the text; false (see `error`) when it does not decode or faults.
  bool run(const std::string &text) { return load(text) && execute(); }
  /// The two halves of `run`.
  bool load(const std::string &text);
  bool execute();
  std::string error;

  /// What the decoder says of the instruction of that number.
  const InstMeta &meta(size_t index) const { return program.meta[index]; }
  Wave &w() { return *wave; }
  Row *v() { return wave->v; }
  /// Sets a VGPR in every lane.
  void set(unsigned reg, const std::function<uint32_t(unsigned)> &value);
  void set(unsigned reg, uint32_t value);
  void setF(unsigned reg, float value);
  void set64(unsigned reg, uint64_t value);
  uint32_t get(unsigned reg, unsigned lane = 0) const;
  float getF(unsigned reg, unsigned lane = 0) const;
  uint64_t get64(unsigned reg, unsigned lane = 0) const;
  void setExec(uint64_t mask) { wave->setS64(SgprExec, mask); }
  /// Maps host bytes and puts their address into an SGPR pair.
  void map(unsigned sgpr, std::vector<uint8_t> &bytes);
  /// Builds a raw buffer descriptor of `size` bytes at the address in a pair.
  void descriptor(unsigned sgpr, unsigned addressSgpr, uint32_t size);

  Workgroup group;
  Memory memory;

private:
  Program program;
  Chip chip;
  std::unique_ptr<Wave> wave;
  std::vector<uint32_t> registers;
  std::vector<uint8_t> scratch;
};

} // namespace moe::emulator

#endif // MOE_UNITTESTS_EMULATOR_ASMWAVE_H
