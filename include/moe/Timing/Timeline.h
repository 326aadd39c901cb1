//===- Timeline.h - modelled executions as files ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The slices of a modelled compute unit as Chrome trace events, which Perfetto
// shows, and as the folder that ROCprof Compute Viewer opens. Times are
// modelled and say so.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_TIMING_TIMELINE_H
#define MOE_TIMING_TIMELINE_H

#include "moe/Timing/Model.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace moe::timing {

/// One JSON object: a process a workgroup, a thread a wave, and one for each
/// SIMD's matrix core and vector unit; microseconds. At most `limit` slices.
void writeTimeline(const Recording &recording, const Parameters &parameters,
                   llvm::raw_ostream &os, size_t limit = 1000000);

/// Writes a file a wave, code.json and then filenames.json into a folder that
/// it makes, each whole or not at all. Columns of code.json: text, 0, number,
/// source, code object, address, executions, cycles in all, stall cycles, idle
/// cycles. Errors: those of the file system.
llvm::Error writeViewerFolder(const Recording &recording,
                              const Parameters &parameters,
                              llvm::StringRef folder, size_t limit = 1000000);

} // namespace moe::timing

#endif // MOE_TIMING_TIMELINE_H
