// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Command lines of the project's own tools. LLVM's dylib registers hundreds of
// cl::opts in the process, whose names would be taken and whose help would bury
// ours, so the tools hold their flags in a FlagSet of their own. What the flags
// mean is not here.
#ifndef MOE_LIB_DRIVER_OPTIONS_FLAGS_H
#define MOE_LIB_DRIVER_OPTIONS_FLAGS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace moe::driver {

/// An unknown, missing or unparsable flag: exit code 2.
class UsageError : public llvm::ErrorInfo<UsageError> {
public:
  static char ID;
  explicit UsageError(std::string message) : message(std::move(message)) {}
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;

private:
  std::string message;
};

llvm::Error usageError(const llvm::Twine &message);

/// Prints every message of `error` to `os` as "TOOL: error: ..." (a message
/// that already names a file and line, as MLIR's diagnostics do, is printed as
/// it is) and returns the exit code: 0 without an error, 2 if a usage error is
/// among them, else 1. "error:" is red where `os` is a terminal and the
/// environment has no NO_COLOR.
int reportError(llvm::Error error, llvm::StringRef tool, llvm::raw_ostream &os);

/// The flags of one tool or subcommand. Flags are written `--name VALUE` or
/// `--name=VALUE` (`-o` with one dash), each at most once.
class FlagSet {
public:
  using Setter = std::function<llvm::Error(llvm::StringRef)>;

  FlagSet(std::string usage, std::string overview)
      : usage(std::move(usage)), overview(std::move(overview)) {}

  /// A title that `printHelp` prints above the flags added from here on.
  void group(std::string title);
  /// Leaves a group out of printHelp(): its flags do not suit the command,
  /// which says so where one is given.
  void hideGroup(llvm::StringRef title);
  /// The same for one flag, added before or after.
  void hide(std::string name) { hiddenNames.push_back(std::move(name)); }

  /// The general form: `setter` gets the value and refuses what it cannot
  /// parse.
  void value(std::string name, std::string metavar, std::string help,
             Setter setter);
  /// A flag without a value, which stores `stored` in `target`.
  void toggle(std::string name, std::string help, bool &target,
              bool stored = true);
  /// A decimal integer of at least `least`.
  void integer(const std::string &name, std::string help, int64_t &target,
               int64_t least);
  void integer(const std::string &name, std::string help, uint64_t &target);
  /// A real number that is finite in float, of any sign.
  void number(const std::string &name, std::string help,
              std::optional<float> &target);
  /// A real number of at least `least`, or `inf`; NaN is refused.
  void limit(const std::string &name, std::string help,
             std::optional<float> &target, float least);
  /// Any text but the empty one: the name of a file for instance.
  void string(std::string name, std::string metavar, std::string help,
              std::string &target);
  /// A flag that may have a value, after '=' only; without one the setter gets
  /// an empty text.
  void optionalValue(std::string name, std::string metavar, std::string help,
                     Setter setter);
  /// One of a list of spellings.
  template <typename E>
  void choice(const std::string &name, std::string help, E &target,
              const std::vector<std::pair<std::string, E>> &choices) {
    std::string metavar;
    for (const auto &entry : choices)
      metavar += (metavar.empty() ? "" : "|") + entry.first;
    value(
        name, metavar, std::move(help),
        [&target, name, metavar, choices](llvm::StringRef text) -> llvm::Error {
          for (const auto &entry : choices)
            if (text == entry.first) {
              target = entry.second;
              return llvm::Error::success();
            }
          return usageError("--" + name + ": expected " + metavar + ", got '" +
                            text + "'");
        });
  }
  /// The only positional argument; without this call none is allowed.
  void positional(std::string metavar, std::string help, std::string &target);

  /// The same for any number of them.
  void positionals(std::string metavar, std::string help,
                   std::vector<std::string> &targets);

  /// A command line that printHelp() shows, and what it does.
  void example(std::string command, std::string what);

  /// Parses the arguments after the program's and the subcommand's names. After
  /// success helpRequested() says whether --help was among them; nothing else
  /// is worth looking at then.
  llvm::Error parse(llvm::ArrayRef<const char *> args);

  bool helpRequested() const { return help; }
  /// Whether the command line had this flag (name without dashes).
  bool given(llvm::StringRef name) const;
  /// The names of all flags, without dashes.
  std::vector<std::string> names() const;
  void printHelp(llvm::raw_ostream &os) const;

private:
  struct Flag {
    std::string name, metavar, help;
    Setter setter;
    bool takesValue = true;
    bool valueOptional = false;
    bool takesText = false; ///< any text but the empty one
    bool seen = false;
    size_t group = 0;
  };

  Flag *find(llvm::StringRef name);
  llvm::Error unknownFlag(llvm::StringRef written, llvm::StringRef name) const;
  llvm::Error parseFlag(llvm::ArrayRef<const char *> args, size_t &index);

  std::string usage, overview;
  std::vector<std::string> groups;
  std::vector<size_t> hidden; ///< numbers of groups, from 1
  std::vector<std::string> hiddenNames;
  std::vector<std::pair<std::string, std::string>> examples;
  std::vector<Flag> flags;
  std::string positionalMetavar, positionalHelp;
  std::string *positionalTarget = nullptr;
  std::vector<std::string> *positionalTargets = nullptr;
  bool positionalSeen = false;
  bool help = false;
};

/// The candidate that `name` is probably a misspelling of, or an empty string.
llvm::StringRef nearest(llvm::StringRef name,
                        llvm::ArrayRef<std::string> candidates);

/// Whole-text parsers behind the flags, for other readers of user input.
llvm::Expected<int64_t> parseInteger(llvm::StringRef text);
llvm::Expected<double> parseNumber(llvm::StringRef text);

} // namespace moe::driver

#endif // MOE_LIB_DRIVER_OPTIONS_FLAGS_H
