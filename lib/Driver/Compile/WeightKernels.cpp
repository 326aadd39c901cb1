// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe.quantize and moe.shuffle in kernels, as text.

#include "Driver/Compile/WeightKernels.h"
#include "Driver/Compile/KernelText.h"
#include "moe/Layout/Preshuffle.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace moe::driver;
using namespace moe::driver::text;
using moe::layout::kMXFP4;
using moe::layout::Preshuffle;

int64_t WeightKernel::codeBytes() const {
  if (logical)
    return allRows() * (k / 2);
  return Preshuffle::weights(kMXFP4)
      .getByteSize({experts, rows, k})
      .value_or(0);
}

int64_t WeightKernel::scaleBytes() const {
  int64_t blocks = k / kMXFP4.blockK;
  if (logical)
    return allRows() * blocks;
  return Preshuffle::scales(kMXFP4)
      .getByteSize({experts, rows, blocks})
      .value_or(0);
}

Error moe::driver::checkSizes(const WeightKernel &w) {
  if (w.k < 32 || w.k % 32 || w.k > 65536)
    return createStringError(
        "columns: expected a multiple of 32, at most 65536, got " + Twine(w.k));
  if (w.rows < 32 || w.rows % 32)
    return createStringError("rows: expected a multiple of 32, got " +
                             Twine(w.rows));
  int64_t most = std::numeric_limits<int32_t>::max();
  if (w.experts < 1 || w.rows > most || w.experts > most / w.rows)
    return createStringError("experts x rows: expected from 32 to " +
                             Twine(most) + ", got " + Twine(w.experts) + " x " +
                             Twine(w.rows));
  return Error::success();
}

std::string moe::driver::weightIR(const WeightKernel &w) {
  StringRef gate = w.gate == GateLayout::Interleaved ? " gate interleaved"
                   : w.gate == GateLayout::Rows      ? " gate rows"
                                                     : "";
  std::string op = w.shuffleOnly ? "shuffle" : "quantize";
  std::string codes = formatv("memref<{0}xi8, #global>", w.codeBytes());
  std::string scales = formatv("memref<{0}xi8, #global>", w.scaleBytes());
  std::string arguments =
      formatv("%codes: {0}, %scales: {1},\n      ", codes, scales);
  std::string body = "    %n = arith.index_castui %rows : i32 to index\n";
  std::string inputs;
  if (w.shuffleOnly) {
    arguments += "%a_ptr: memref<i8, #global>, %b_ptr: memref<i8, #global>";
    body += rowsOf("a", "%n", w.k / 2, "i8") +
            rowsOf("b", "%n", w.k / kMXFP4.blockK, "i8");
    inputs = "%a, %b : " + rowsType(w.k / 2, "i8") + ", " +
             rowsType(w.k / kMXFP4.blockK, "i8");
  } else {
    arguments += "%a_ptr: memref<bf16, #global>";
    body += rowsOf("a", "%n", w.k, "bf16");
    inputs = "%a : " + rowsType(w.k, "bf16");
  }
  body += formatv("    moe.{0} outs(%codes, %scales : {1}, {2})\n        "
                  "ins({3})\n        rows(%rows) expert_rows {4}{5}{6}\n",
                  op, codes, scales, inputs, w.rows, gate,
                  w.logical ? " logical" : "");
  return kernel("moe_" + op, arguments + ", %rows: i32", body);
}
