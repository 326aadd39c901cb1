/*===- Executor.h - running any code object with host buffers ---------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * An executor runs kernels: the emulator of gfx942 and gfx950 on the CPU, or
 * the device of a HIP library that is loaded at run time.
 *
 *===------------------------------------------------------------------------===*/

#ifndef MOE_C_EXECUTOR_H
#define MOE_C_EXECUTOR_H

#include "moe-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct MoeExecutor MoeExecutor;

/* `name`: "emulator" or "hip". The latter looks for HIP's library at the first
 * launch, which fails where there is none or it has no device. */
MOE_CAPI_EXPORTED MoeStatus moeExecutorCreate(const char *name,
                                              MoeExecutor **executor);
MOE_CAPI_EXPORTED void moeExecutorDestroy(MoeExecutor *executor);

/* Sets one option, by the flags of moe-run: "sanitize" "wait,race" (or "all",
 * "none"), "threads" "2" (0: one a core), "order-seed" "7",
 * "interleave" "barrier" (or "lockstep", "random"), "mfma-arithmetic" "default"
 * (or "cdna3"), "max-instructions" "1000000", "stats" NULL, "max-reports" "20",
 * "mute" "race,hazard". Of "hip": "hip-library" "PATH", by default the
 * machine's libamdhip64.so; sanitizers, counters and orders are the emulator's
 * alone. */
MOE_CAPI_EXPORTED MoeStatus moeExecutorSet(MoeExecutor *executor,
                                           const char *name, const char *value);

typedef enum MoeArgumentKind {
  MOE_ARGUMENT_BUFFER = 0, /* `size` bytes of host memory, changed in place */
  MOE_ARGUMENT_READ_ONLY = 1, /* a buffer that the kernel must not change */
  MOE_ARGUMENT_SCALAR = 2,    /* the `size` bytes of a value */
  MOE_ARGUMENT_NULL = 3,      /* a null pointer; data and size are ignored */
  MOE_ARGUMENT_DEVICE = 4 /* moeLaunchOnStream: `data` is a device pointer */
} MoeArgumentKind;

typedef struct MoeArgument {
  MoeArgumentKind kind;
  const char *name; /* for messages; may be NULL */
  void *data;
  size_t size;
} MoeArgument;

/* A code object, the kernel in it, and how to start it. */
typedef struct MoeLaunch {
  const void *code;
  size_t codeSize;
  const char *kernel;
  uint32_t grid[3];    /* in workgroups */
  uint32_t block[3];   /* in threads */
  uint32_t dynamicLds; /* bytes */
  /* The explicit arguments in order; those past the list are zero. */
  const MoeArgument *arguments;
  size_t numArguments;
} MoeLaunch;

/* Runs to the end. `outcome` may be NULL; else it gets {"instructions",
 * "seconds", "reports": [...], "warnings": [...], "stats": {...}}. A report of
 * a sanitizer makes the status MOE_FAILED; the outcome is there then too. After
 * another error it is NULL, and the buffers' contents mean nothing. */
MOE_CAPI_EXPORTED MoeStatus moeLaunch(const MoeExecutor *executor,
                                      const MoeLaunch *launch, char **outcome);

/* Starts a launch on a stream of HIP's device (a hipStream_t; NULL: the default
 * one) and does not wait for it. The executor is "hip". Arguments are device
 * pointers, scalars and null pointers; nothing is copied. A code object stays
 * loaded for the life of the process. */
MOE_CAPI_EXPORTED MoeStatus moeLaunchOnStream(const MoeExecutor *executor,
                                              const MoeLaunch *launch,
                                              void *stream);

#ifdef __cplusplus
}
#endif

#endif /* MOE_C_EXECUTOR_H */
