//===- Findings.h - what the sanitizers report, collected -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Groups the findings of a run by rule and pair of instructions, says which are
// advice, and leaves out the rules that are muted. The rules themselves are in
// Sanitizers.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_LIB_EMULATOR_RUN_FINDINGS_H
#define MOE_LIB_EMULATOR_RUN_FINDINGS_H

#include "State/Program.h"
#include "moe/Emulator/Emulator.h"

#include <map>

namespace moe::emulator {

class Findings {
public:
  /// The text for an instruction of the program, by its index.
  using Describe = std::function<std::string(int64_t)>;

  Findings(const RunOptions &options, const Program &program, Describe describe)
      : options(options), program(program), describe(std::move(describe)) {}
  /// One finding; in `text`, %1 and %2 stand for the two instructions. Not to
  /// be called by two threads at once.
  void add(Sanitizer sanitizer, int64_t first, int64_t second, std::string text,
           const std::string &where);
  /// Groups of findings that are no advice.
  uint64_t groups() const { return groupCount; }
  /// Moves them to the result: consequences of others last.
  void moveTo(RunResult &result);

private:
  bool isAdvice(Sanitizer sanitizer, int64_t first, int64_t second,
                const std::string &text, std::string &rule) const;
  bool isDeadRead(int64_t instIndex) const;

  const RunOptions &options;
  const Program &program;
  Describe describe;
  struct Key {
    std::string rule;
    int64_t first, second;
    bool operator<(const Key &other) const {
      return std::tie(rule, first, second) <
             std::tie(other.rule, other.first, other.second);
    }
  };
  /// The number of the report of a group + 1; 0: one too many to be kept.
  std::map<Key, size_t> places;
  std::vector<Report> reports;
  std::map<std::string, Report> advice; ///< by rule
  uint64_t groupCount = 0;
};

} // namespace moe::emulator

#endif // MOE_LIB_EMULATOR_RUN_FINDINGS_H
