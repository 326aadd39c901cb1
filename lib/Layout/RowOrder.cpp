// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The orders of gate and up rows, a row of strides each.

#include "moe/Layout/RowOrder.h"

#include "llvm/Support/ErrorHandling.h"

using namespace moe::layout;

RowOrder RowOrder::get(GateOrder order, int64_t rows) {
  switch (order) {
  case GateOrder::None:
  case GateOrder::Interleaved:
    return {2 * kBlock, kBlock, 1};
  case GateOrder::Separated:
    return {kBlock, rows / 2, 1};
  case GateOrder::Rows:
    return {2 * kBlock, 1, 2};
  }
  llvm_unreachable("covered switch");
}
