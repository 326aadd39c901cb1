// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles the down projection of a GPT-OSS-20B layer in process and prints
// what a launcher needs: symbol, block, and the grid for 16 tokens. No MLIR
// header is needed for it, and no program is started.
#include "moe/Driver/Compile.h"

#include <cstdio>

/// Every argument of the kernel that the grid may depend on. `num_blocks` is
/// the length of the list of expert ids: here what 16 tokens can need at most.
static moe::codeobject::GridVariables
launchOf(const moe::driver::KernelOptions &options, int64_t tokens) {
  int64_t sorted =
      tokens * options.topk + options.experts * options.tile->m - options.topk;
  int64_t blocks = (sorted + options.tile->m - 1) / options.tile->m;
  return {tokens, options.n(), options.k(), blocks};
}

int main() {
  moe::driver::KernelOptions options;
  options.kernel = moe::driver::KernelKind::Gemm2;
  options.modelDim = 2880;
  options.interDim = 2880;
  options.experts = 32;
  options.topk = 4;
  options.bias = true;
  options.tile = moe::driver::TileShape{16, 128, 256};

  auto kernel = moe::driver::compileKernel(options, "gfx950");
  if (!kernel) {
    std::fprintf(stderr, "%s\n", llvm::toString(kernel.takeError()).c_str());
    return 1;
  }
  auto grid = moe::codeobject::evaluateGrid(kernel->grid,
                                            launchOf(options, /*tokens=*/16));
  if (!grid) {
    std::fprintf(stderr, "%s\n", llvm::toString(grid.takeError()).c_str());
    return 1;
  }
  std::printf("%s: %zu bytes, block %ux%ux%u, grid %ux%ux%u\n",
              kernel->kernelName.c_str(), kernel->elf.size(), kernel->block[0],
              kernel->block[1], kernel->block[2], (*grid)[0], (*grid)[1],
              (*grid)[2]);
  return 0;
}
