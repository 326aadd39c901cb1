//===- Annotate.h - a launch with its modelled cycles -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What moe-run annotate shows, as text (RunAnnotate.cpp) and as a page
// (AnnotatePage.cpp).
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_DRIVER_RUN_ANNOTATE_H
#define MOE_LIB_DRIVER_RUN_ANNOTATE_H

#include "moe/Timing/Model.h"

namespace moe::driver {

struct Annotated {
  std::shared_ptr<const timing::Recording> recording;
  timing::Parameters parameters;
  timing::ModelledTime time;
  std::vector<unsigned> live; ///< VGPRs before each instruction
};

/// "2 waves a SIMD with 128 VGPRs and ...", "for 3 waves a SIMD: <= ...".
std::vector<std::string> occupancyLines(const Annotated &annotated);

/// One HTML page without references to anything outside it: table of the
/// instructions, roofline, occupancy, register pressure, timeline.
std::string annotatedPage(const Annotated &annotated);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_RUN_ANNOTATE_H
