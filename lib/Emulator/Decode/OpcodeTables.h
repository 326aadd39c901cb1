//===- OpcodeTables.h - rows of instructions by mnemonic --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The opcode tables of Vector, Scalar and Memory in one place, as the decoder
// looks them up.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_DECODE_OPCODETABLES_H
#define MOE_LIB_EMULATOR_DECODE_OPCODETABLES_H

#include "Memory/MemRows.h"
#include "Scalar/ScalarRows.h"
#include "Vector/LaneRows.h"
#include "Vector/ValuTable.h"

#include <string>
#include <unordered_map>

namespace moe::emulator {

/// Rows by name; the rows are constants that are never freed.
template <typename Row>
using RowIndex = std::unordered_map<std::string, const Row *>;

/// The rows by mnemonic, without the suffix of an encoding; `vmem` and `ds` by
/// what follows the prefix of the format ("load_dword").
struct OpcodeTables {
  RowIndex<ScalarRow> scalar;
  RowIndex<ScalarMemRow> scalarMem;
  RowIndex<LaneRow> lanes;
  RowIndex<MemRow> vmem, ds;
  RowIndex<DsRow> dsSpecial;
  RowIndex<ValuRow> valu, clamped, packed, packedClamped, packed32, mix;
};

/// All opcode tables, built once.
const OpcodeTables &opcodeTables();

/// The row of that name, or null.
template <typename Row>
const Row *lookUp(const RowIndex<Row> &index, const std::string &name) {
  auto it = index.find(name);
  return it == index.end() ? nullptr : it->second;
}

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_DECODE_OPCODETABLES_H
