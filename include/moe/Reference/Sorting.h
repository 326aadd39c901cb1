//===- Sorting.h - routing: (token, slot) pairs sorted by expert ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds the routing buffers a grouped GEMM reads, with the contract of
// aiter's moe_sorting, from each token's top-k experts. Not here: choosing the
// experts, and the values that a test puts where the contract says garbage.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_REFERENCE_SORTING_H
#define MOE_REFERENCE_SORTING_H

#include <cstdint>
#include <vector>

namespace moe::reference {

struct SortingInput {
  int64_t tokens = 0;
  int64_t topk = 0;    ///< at most 255: a slot is one byte, topk marks padding
  int64_t experts = 0; ///< global experts: the range of `ids`
  int64_t tileM = 0;   ///< rows of one block
  const int32_t *ids = nullptr; ///< [tokens, topk]; outside [0, experts): skip
  const float *weights = nullptr; ///< [tokens, topk]
  /// [experts], nonzero = on this device; null = all. Sorted expert ids are
  /// then local: the running count of the unmasked experts.
  const int32_t *expertMask = nullptr;
  /// Only tokens below this are sorted; negative = all.
  int64_t localTokens = -1;
};

struct SortingOutput {
  /// slot << 24 | token; padding rows are topk << 24 | tokens.
  std::vector<int32_t> sortedIds;
  /// Routing weight of each sorted row; 0 on padding rows here, uninitialised
  /// by contract: no kernel may rely on it.
  std::vector<float> sortedWeights;
  /// Local expert of each block of tileM rows; -1 past the rows in use.
  std::vector<int32_t> expertIds;
  /// [0]: sorted rows in use, a multiple of tileM; [1]: tokens sorted.
  int32_t numValid[2] = {0, 0};
};

/// The number of experts on this device: the nonzero entries of the mask.
int64_t countLocalExperts(const int32_t *expertMask, int64_t experts);

/// The smaller of tokens*topk + localExperts*tileM - topk and
/// tokens*topk*tileM, because a block in use has a pair: the rows the sorted
/// arrays are allocated for. It suffices for every routing that names an expert
/// at most once for a token. INT64_MAX where it does not fit in 64 bits.
int64_t maxSortedRows(int64_t tokens, int64_t topk, int64_t localExperts,
                      int64_t tileM);

/// Sorts: for each local expert in increasing id its (token, slot) pairs in
/// token-major order, padded to a multiple of tileM; an expert without pairs
/// takes no block. The arrays are maxSortedRows long (longer only when the
/// rows in use do not fit, which takes a token naming an expert twice), with
/// ceil(length / tileM) blocks.
SortingOutput sortMoE(const SortingInput &input);

} // namespace moe::reference

#endif // MOE_REFERENCE_SORTING_H
