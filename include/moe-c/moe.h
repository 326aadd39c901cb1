/*===- moe.h - all of the C API ---------------------------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Includes every header of libmoe.so; nothing of its own is here.
 *
 *===------------------------------------------------------------------------===*/

#ifndef MOE_C_MOE_H
#define MOE_C_MOE_H

#include "moe-c/Compiler.h"
#include "moe-c/Executor.h"
#include "moe-c/Host.h"
#include "moe-c/Layer.h"
#include "moe-c/Support.h"
#include "moe-c/Weights.h"

#endif /* MOE_C_MOE_H */
