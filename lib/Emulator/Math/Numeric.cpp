// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The conversions of Numeric.h that are not worth inlining: any rounding
// direction, and the formats of 8 bits and fewer.

#include "moe/Emulator/Math/Mfma.h"
#include "moe/Emulator/Math/ScaledCvt.h"
