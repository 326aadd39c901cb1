/*===- Support.h - status codes, errors, strings ----------------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What every function of libmoe.so shares. The library is C99, thread-safe, and
 * shows nothing of the LLVM inside it, so it can be loaded beside another one.
 * An object may be used by several threads at once as long as none of them
 * changes it (a function that takes a const pointer does not).
 *
 *===------------------------------------------------------------------------===*/

#ifndef MOE_C_SUPPORT_H
#define MOE_C_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#define MOE_CAPI_EXPORTED __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* The tools' exit codes have the same meaning. */
typedef enum MoeStatus {
  MOE_OK = 0,
  MOE_FAILED = 1, /* the work failed, or a well-formed value is refused */
  MOE_USAGE = 2   /* an unknown, missing or unparsable name or value */
} MoeStatus;

/* What the last function of this thread that did not return MOE_OK said, in
 * complete sentences without a full stop; "" before any. Valid until the next
 * call of this thread. */
MOE_CAPI_EXPORTED const char *moeGetLastError(void);

/* The version of the library, "0.1.0". */
MOE_CAPI_EXPORTED const char *moeGetVersion(void);

/* Frees a string that a function has put into a `char **`; NULL is allowed. */
MOE_CAPI_EXPORTED void moeStringDestroy(char *string);

#ifdef __cplusplus
}
#endif

#endif /* MOE_C_SUPPORT_H */
