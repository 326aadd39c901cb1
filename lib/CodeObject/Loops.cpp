// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Basic blocks, dominators and natural loops. Kernels have tens of blocks, so
// the plain iterative form is enough.
#include "Loops.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <map>
#include <set>

namespace moe::codeobject {
namespace {

struct Block {
  size_t begin, end; // instructions
  llvm::SmallVector<size_t, 2> successors, predecessors;
};

std::vector<Block> buildBlocks(const Disassembler &disassembler,
                               llvm::ArrayRef<Instruction> code) {
  std::map<uint64_t, size_t> indexOf;
  for (size_t i = 0; i < code.size(); ++i)
    indexOf[code[i].address] = i;
  std::set<size_t> leaders = {0};
  std::vector<std::optional<size_t>> targets(code.size());
  for (size_t i = 0; i < code.size(); ++i) {
    if (auto address = disassembler.branchTarget(code[i])) {
      auto found = indexOf.find(*address);
      if (found != indexOf.end()) {
        targets[i] = found->second;
        leaders.insert(found->second);
      }
      leaders.insert(i + 1);
    }
    if (!disassembler.fallsThrough(code[i]))
      leaders.insert(i + 1);
  }
  leaders.erase(code.size());
  std::vector<Block> blocks;
  std::map<size_t, size_t> blockOf;
  for (auto it = leaders.begin(); it != leaders.end(); ++it) {
    auto next = std::next(it);
    blockOf[*it] = blocks.size();
    blocks.push_back(
        {*it, next == leaders.end() ? code.size() : *next, {}, {}});
  }
  auto connect = [&](size_t from, size_t instruction) {
    size_t to = blockOf.at(instruction);
    blocks[from].successors.push_back(to);
    blocks[to].predecessors.push_back(from);
  };
  for (size_t b = 0; b < blocks.size(); ++b) {
    size_t last = blocks[b].end - 1;
    if (targets[last])
      connect(b, *targets[last]);
    if (disassembler.fallsThrough(code[last]) && last + 1 < code.size())
      connect(b, last + 1);
  }
  return blocks;
}

/// dominators[b] has bit d set when every path from the entry to b meets d.
std::vector<llvm::BitVector> findDominators(llvm::ArrayRef<Block> blocks) {
  std::vector<llvm::BitVector> dominators(blocks.size(),
                                          llvm::BitVector(blocks.size(), true));
  dominators[0].reset();
  dominators[0].set(0);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t b = 1; b < blocks.size(); ++b) {
      llvm::BitVector next(blocks.size(), true);
      for (size_t p : blocks[b].predecessors)
        next &= dominators[p];
      next.set(b);
      if (next != dominators[b]) {
        dominators[b] = next;
        changed = true;
      }
    }
  }
  return dominators;
}

/// Adds to `body` every block that reaches `latch` without the header.
void collectBody(llvm::ArrayRef<Block> blocks, size_t latch,
                 std::set<size_t> &body) {
  std::vector<size_t> work = {latch};
  while (!work.empty()) {
    size_t b = work.back();
    work.pop_back();
    if (body.insert(b).second)
      work.insert(work.end(), blocks[b].predecessors.begin(),
                  blocks[b].predecessors.end());
  }
}

} // namespace

std::vector<std::vector<size_t>>
innermostLoops(const Disassembler &disassembler,
               llvm::ArrayRef<Instruction> code) {
  if (code.empty())
    return {};
  std::vector<Block> blocks = buildBlocks(disassembler, code);
  std::vector<llvm::BitVector> dominators = findDominators(blocks);
  std::map<size_t, std::set<size_t>> loops; // header -> body
  for (size_t b = 0; b < blocks.size(); ++b)
    for (size_t header : blocks[b].successors)
      if (dominators[b].test(header)) {
        loops[header].insert(header);
        collectBody(blocks, b, loops[header]);
      }
  std::vector<std::vector<size_t>> result;
  for (const auto &[header, body] : loops) {
    bool innermost = true;
    for (const auto &other : loops)
      innermost &= other.first == header || !body.count(other.first);
    if (!innermost)
      continue;
    std::vector<size_t> indices;
    for (size_t b : body)
      for (size_t i = blocks[b].begin; i < blocks[b].end; ++i)
        indices.push_back(i);
    result.push_back(std::move(indices));
  }
  return result;
}

} // namespace moe::codeobject
