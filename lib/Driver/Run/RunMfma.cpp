//===- RunMfma.cpp - moe-run mfma -----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints which lane and register holds which element of a matrix instruction.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunCommands.h"
#include "moe/Emulator/Chip.h"
#include "moe/Emulator/MatrixLayout.h"
#include "moe/Target/Chip.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe::driver;
using moe::emulator::MatrixLayout;
using moe::emulator::MatrixOperand;

static json::Object describe(const MatrixOperand &operand, unsigned blocks) {
  json::Array elements;
  size_t at = 0;
  for (unsigned block = 0; block < blocks; ++block)
    for (unsigned row = 0; row < operand.rows; ++row)
      for (unsigned column = 0; column < operand.columns; ++column, ++at)
        elements.push_back(
            json::Object{{"block", block},
                         {"row", row},
                         {"column", column},
                         {"lane", operand.places[at].lane},
                         {"register", operand.places[at].bit / 32},
                         {"bit", operand.places[at].bit % 32}});
  return json::Object{
      {"type", operand.type},           {"bits", operand.bits},
      {"registers", operand.registers}, {"rows", operand.rows},
      {"columns", operand.columns},     {"elements", std::move(elements)}};
}

/// A line a lane: its elements from the lowest bit of the first register on.
static void print(StringRef name, const MatrixOperand &operand,
                  unsigned blocks) {
  outs() << '\n'
         << name << ": " << operand.rows << " x " << operand.columns << ' '
         << operand.type << ", " << operand.registers << " registers a lane, "
         << operand.bits << " bits an element\n";
  std::vector<std::vector<std::pair<unsigned, std::string>>> lanes(64);
  size_t at = 0;
  for (unsigned block = 0; block < blocks; ++block)
    for (unsigned row = 0; row < operand.rows; ++row)
      for (unsigned column = 0; column < operand.columns; ++column, ++at) {
        std::string text =
            "[" + std::to_string(row) + "][" + std::to_string(column) + "]";
        if (blocks > 1)
          text = "[" + std::to_string(block) + "]" + text;
        lanes[operand.places[at].lane].push_back(
            {operand.places[at].bit, text});
      }
  for (unsigned lane = 0; lane < 64; ++lane) {
    llvm::sort(lanes[lane]);
    outs() << "lane " << lane << ':';
    unsigned shown = ~0u;
    for (const auto &[bit, text] : lanes[lane]) {
      if (bit / 32 != shown)
        outs() << "  v" << bit / 32;
      shown = bit / 32;
      outs() << ' ' << text;
    }
    outs() << '\n';
  }
}

Expected<Verdict> moe::driver::mfmaCommand(Arguments args) {
  std::string name, chip;
  uint64_t formatA = 0, formatB = 0;
  bool json = false;
  FlagSet flags("moe-run mfma NAME --chip C [flags]",
                "Prints which lane and register holds which element of A, B "
                "and D of a dense matrix instruction, as the emulator has it.");
  flags.positional("NAME", "the mnemonic, as v_mfma_f32_16x16x32_bf16", name);
  flags.string("chip", "CHIP", "gfx942 or gfx950; no default", chip);
  flags.integer("cbsz",
                "format of A for f8f6f4: 0 fp8, 1 bf8, 2 fp6, 3 bf6, "
                "4 fp4 [0]",
                formatA);
  flags.integer("blgp", "format of B for f8f6f4 [0]", formatB);
  flags.toggle("json", "print one JSON object", json);
  if (Error error = flags.parse(args))
    return std::move(error);
  if (flags.helpRequested()) {
    flags.printHelp(outs());
    return Verdict::Good;
  }
  if (name.empty())
    return usageError("expected a mnemonic");
  if (chip.empty())
    return usageError("missing flag --chip");
  const auto known = moe::emulator::findChip(chip);
  if (!known)
    return createStringError(moe::describeUnknownChip(chip));
  Expected<MatrixLayout> layout = moe::emulator::matrixLayout(
      name, *known, unsigned(std::min<uint64_t>(formatA, 100)),
      unsigned(std::min<uint64_t>(formatB, 100)));
  if (!layout)
    return layout.takeError();
  if (json) {
    outs() << json::Value(
                  json::Object{{"name", layout->name},
                               {"chip", chip},
                               {"m", layout->m},
                               {"n", layout->n},
                               {"k", layout->k},
                               {"blocks", layout->blocks},
                               {"passes", layout->passes},
                               {"a", describe(layout->a, layout->blocks)},
                               {"b", describe(layout->b, layout->blocks)},
                               {"d", describe(layout->d, layout->blocks)}})
           << '\n';
    return Verdict::Good;
  }
  outs() << layout->name << " on " << chip << ": " << layout->m << " x "
         << layout->n << " x " << layout->k << ", " << layout->blocks
         << (layout->blocks == 1 ? " block, " : " blocks, ") << layout->passes
         << " passes of 4 cycles; C lies as D\n";
  print("A", layout->a, layout->blocks);
  print("B", layout->b, layout->blocks);
  print("D", layout->d, layout->blocks);
  return Verdict::Good;
}
