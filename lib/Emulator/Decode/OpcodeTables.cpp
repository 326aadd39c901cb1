//===- OpcodeTables.cpp - rows of instructions by mnemonic ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which table has which rows.
//
//===----------------------------------------------------------------------===//

#include "Decode/OpcodeTables.h"

namespace moe::emulator {

template <typename Row>
static void addRows(RowIndex<Row> &index, const Row *rows, size_t count) {
  for (size_t i = 0; i < count; ++i)
    index[rows[i].name] = &rows[i];
}

static OpcodeTables makeTables() {
  OpcodeTables t;
  addRows(t.scalar, scalarRows().rows, scalarRows().count);
  addRows(t.scalar, controlRows().rows, controlRows().count);
  addRows(t.scalarMem, scalarMemRows().rows, scalarMemRows().count);
  addRows(t.lanes, laneRows().rows, laneRows().count);
  addRows(t.vmem, vmemRows().rows, vmemRows().count);
  addRows(t.ds, dsRows().rows, dsRows().count);
  addRows(t.dsSpecial, dsSpecialRows().rows, dsSpecialRows().count);
  const ValuOps &ops = valuOps();
  for (const auto &table : ops.tables)
    addRows(t.valu, table.rows, table.count);
  addRows(t.clamped, ops.clamped.rows, ops.clamped.count);
  addRows(t.packed, ops.packedRows.rows, ops.packedRows.count);
  addRows(t.packedClamped, ops.packedClamped.rows, ops.packedClamped.count);
  addRows(t.packed32, ops.packed32Rows.rows, ops.packed32Rows.count);
  addRows(t.mix, ops.mixRows.rows, ops.mixRows.count);
  return t;
}

const OpcodeTables &opcodeTables() {
  static const OpcodeTables tables = makeTables();
  return tables;
}

} // namespace moe::emulator
