/*===- Compiler.h - configurations and compiled kernels ---------------------===
 *
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * One kernel, described by options or by IR, becomes a linked code object with
 * its report and launch grid. Not here: running it (Executor.h). A name or
 * value that is unknown, missing or cannot be parsed is MOE_USAGE; what is
 * refused or does not compile is MOE_FAILED; results are then not set.
 *
 *===------------------------------------------------------------------------===*/

#ifndef MOE_C_COMPILER_H
#define MOE_C_COMPILER_H

#include "moe-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Options of one kernel, or of both kernels of a layer. */
typedef struct MoeConfig MoeConfig;
/* A code object with one kernel. */
typedef struct MoeKernel MoeKernel;

/* A configuration without an option, and its end; NULL has none. */
MOE_CAPI_EXPORTED MoeStatus moeConfigCreate(MoeConfig **config);
MOE_CAPI_EXPORTED void moeConfigDestroy(MoeConfig *config);

/* Sets one option; names and values are the flags of moe-compile without the
 * dashes: "kernel" "gemm2", "model-dim" "2880", "tile" "16x128x256". The value
 * of a flag without one ("bias", "no-accumulate") is NULL. "kernel" may also be
 * "layer": both stages, for the functions of Layer.h. Setting an option again
 * replaces it. After an error the configuration is as it was. Options may be
 * set in any order: whether they go together is checked where the
 * configuration is used, and is MOE_USAGE there. */
MOE_CAPI_EXPORTED MoeStatus moeConfigSet(MoeConfig *config, const char *name,
                                         const char *value);

/* Chooses the tile and every other axis that was not set, for batches of
 * `tokens` tokens that choose from `globalExperts` experts (0: the local ones,
 * else at least as many). `chosen` may be NULL; else it gets {"flags": "...",
 * "axes": [{"axis", "value", "reason"}], "rows_per_expert", "active_experts",
 * "lds"}. A later moeConfigSet() undoes the choice, another moeConfigChoose()
 * replaces it. */
MOE_CAPI_EXPORTED MoeStatus moeConfigChoose(MoeConfig *config, const char *chip,
                                            int64_t tokens,
                                            int64_t globalExperts,
                                            char **chosen);

/* Compiles the kernel of a configuration, which must have a tile. `chip` is
 * "gfx950" or "gfx942". The same input gives the same bytes in every thread. */
MOE_CAPI_EXPORTED MoeStatus moeCompile(const MoeConfig *config,
                                       const char *chip, MoeKernel **kernel);
/* The same for MLIR text of `length` bytes with one kernel, at any stage from
 * the kernel-level op on. Messages call it `name`. */
MOE_CAPI_EXPORTED MoeStatus moeCompileIR(const char *text, size_t length,
                                         const char *name, const char *chip,
                                         MoeKernel **kernel);

/* From now on, in all threads, what this library compiles is kept in a folder
 * that processes may share, and taken from there where the same was compiled
 * before. The folder is made when it is needed; what exists and is no folder is
 * refused at once. A compilation fails where it cannot be made, and where it
 * cannot be written to, or is full, the kernel is returned and not kept. Files
 * that were used longest ago go once there are more than `megabytes` (2^20
 * bytes). NULL as `folder`: no cache, as at the start. */
MOE_CAPI_EXPORTED MoeStatus moeSetCompileCache(const char *folder,
                                               uint64_t megabytes);

/* The text of a stage: "mlir" (needs no chip: NULL), "tile", "llvm", "asm", of
 * a configuration or of MLIR text of `length` bytes. */
MOE_CAPI_EXPORTED MoeStatus moeEmit(const MoeConfig *config, const char *stage,
                                    const char *chip, char **text);
MOE_CAPI_EXPORTED MoeStatus moeEmitIR(const char *text, size_t length,
                                      const char *name, const char *stage,
                                      const char *chip, char **result);

/* The end of a kernel and of what was asked of it; NULL is allowed. */
MOE_CAPI_EXPORTED void moeKernelDestroy(MoeKernel *kernel);

/* What these return belongs to the kernel; of a kernel that is NULL it is NULL,
 * and moeGetLastError() says so. The code is an ELF file of `size` bytes, as
 * hipModuleLoadData() takes it; the report is the JSON object of
 * `moe-compile --report`. */
MOE_CAPI_EXPORTED const char *moeKernelGetName(const MoeKernel *kernel);
MOE_CAPI_EXPORTED const void *moeKernelGetCode(const MoeKernel *kernel,
                                               size_t *size);
MOE_CAPI_EXPORTED const char *moeKernelGetReport(const MoeKernel *kernel);
/* Threads of a workgroup; zeros of a kernel that is NULL. */
MOE_CAPI_EXPORTED void moeKernelGetBlock(const MoeKernel *kernel,
                                         uint32_t block[3]);

/* The launch's dimensions, on which a grid depends. A negative value is filled
 * in where the kernel was made of a configuration: n and k from it, numBlocks
 * with the most that `tokens` can need. */
typedef struct MoeGridDimensions {
  int64_t tokens, n, k, numBlocks;
} MoeGridDimensions;

/* The grid in workgroups, for the `dimensions` of a launch. */
MOE_CAPI_EXPORTED MoeStatus
moeKernelGetGrid(const MoeKernel *kernel, const MoeGridDimensions *dimensions,
                 uint32_t grid[3]);

#ifdef __cplusplus
}
#endif

#endif /* MOE_C_COMPILER_H */
