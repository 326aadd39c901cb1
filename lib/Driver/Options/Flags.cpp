// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FlagSet: parsing of command lines, help text and exit codes.
#include "Driver/Options/Flags.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstdlib>
#include <limits>

using llvm::StringRef;
using llvm::Twine;

namespace moe::driver {

char UsageError::ID = 0;

void UsageError::log(llvm::raw_ostream &os) const { os << message; }

std::error_code UsageError::convertToErrorCode() const {
  return std::make_error_code(std::errc::invalid_argument);
}

llvm::Error usageError(const Twine &message) {
  return llvm::make_error<UsageError>(message.str());
}

/// Whether `line` starts like MLIR's diagnostics: NAME:LINE:COLUMN: or
/// <unknown>:0:
static bool hasLocation(StringRef line) {
  size_t at = line.find(": ");
  if (at == StringRef::npos)
    return false;
  auto [rest, column] = line.take_front(at).rsplit(':');
  uint64_t ignored;
  return !rest.empty() && !column.getAsInteger(10, ignored);
}

/// Prints "error:", red where that is wanted: https://no-color.org.
static void printErrorWord(llvm::raw_ostream &os) {
  const char *plain = std::getenv("NO_COLOR");
  bool red = os.has_colors() && !(plain && *plain);
  // Escape sequences of its own: LLVM's are switched on by a flag of LLVM.
  os << (red ? "\033[1;31merror:\033[0m " : "error: ");
}

int reportError(llvm::Error error, StringRef tool, llvm::raw_ostream &os) {
  int code = 0;
  llvm::handleAllErrors(std::move(error), [&](const llvm::ErrorInfoBase &info) {
    std::string message = info.message();
    StringRef text = StringRef(message).rtrim('\n');
    if (hasLocation(text.split('\n').first)) {
      os << text << '\n';
    } else {
      os << tool << ": ";
      printErrorWord(os);
      os << text << '\n';
    }
    code = info.isA<UsageError>() ? 2 : std::max(code, 1);
  });
  return code;
}

llvm::Expected<int64_t> parseInteger(StringRef text) {
  int64_t value;
  if (text.getAsInteger(10, value))
    return usageError("expected an integer, got '" + text + "'");
  return value;
}

llvm::Expected<double> parseNumber(StringRef text) {
  std::string copy = text.str();
  char *end = nullptr;
  double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || end != copy.c_str() + copy.size() ||
      std::isspace(static_cast<unsigned char>(copy.front())))
    return usageError("expected a number, got '" + text + "'");
  return value;
}

/// Puts the flag's name before the parser's own message.
static llvm::Error forFlag(StringRef name, llvm::Error error) {
  return usageError("--" + name + ": " + llvm::toString(std::move(error)));
}

void FlagSet::group(std::string title) { groups.push_back(std::move(title)); }

void FlagSet::hideGroup(StringRef title) {
  for (size_t i = 0; i < groups.size(); ++i)
    if (title == groups[i])
      hidden.push_back(i + 1);
}

void FlagSet::value(std::string name, std::string metavar, std::string help,
                    Setter setter) {
  flags.push_back({std::move(name), std::move(metavar), std::move(help),
                   std::move(setter), /*takesValue=*/true,
                   /*valueOptional=*/false, /*takesText=*/false,
                   /*seen=*/false, groups.size()});
}

void FlagSet::optionalValue(std::string name, std::string metavar,
                            std::string help, Setter setter) {
  value(std::move(name), std::move(metavar), std::move(help),
        std::move(setter));
  flags.back().valueOptional = true;
  flags.back().takesText = true;
}

void FlagSet::toggle(std::string name, std::string help, bool &target,
                     bool stored) {
  value(std::move(name), "", std::move(help),
        [&target, stored](StringRef) -> llvm::Error {
          target = stored;
          return llvm::Error::success();
        });
  flags.back().takesValue = false;
}

void FlagSet::integer(const std::string &name, std::string help,
                      int64_t &target, int64_t least) {
  value(name, "N", std::move(help),
        [&target, name, least](StringRef text) -> llvm::Error {
          llvm::Expected<int64_t> number = parseInteger(text);
          if (!number)
            return forFlag(name, number.takeError());
          // Well formed, but refused: no usage error.
          if (*number < least)
            return llvm::createStringError("--" + name +
                                           ": expected at least " +
                                           Twine(least) + ", got " + text);
          target = *number;
          return llvm::Error::success();
        });
}

void FlagSet::integer(const std::string &name, std::string help,
                      uint64_t &target) {
  value(name, "N", std::move(help),
        [&target, name](StringRef text) -> llvm::Error {
          uint64_t number;
          if (text.getAsInteger(10, number))
            return usageError("--" + name +
                              ": expected an integer of at least 0, " +
                              "got '" + text + "'");
          target = number;
          return llvm::Error::success();
        });
}

void FlagSet::number(const std::string &name, std::string help,
                     std::optional<float> &target) {
  value(name, "X", std::move(help),
        [&target, name](StringRef text) -> llvm::Error {
          llvm::Expected<double> number = parseNumber(text);
          if (!number)
            return forFlag(name, number.takeError());
          if (!(std::fabs(*number) <= std::numeric_limits<float>::max()))
            return llvm::createStringError(
                "--" + name +
                ": expected a number that is finite in float32, got " + text);
          target = static_cast<float>(*number);
          return llvm::Error::success();
        });
}

void FlagSet::limit(const std::string &name, std::string help,
                    std::optional<float> &target, float least) {
  value(name, "X", std::move(help),
        [&target, name, least](StringRef text) -> llvm::Error {
          llvm::Expected<double> number = parseNumber(text);
          if (!number)
            return forFlag(name, number.takeError());
          if (std::isnan(*number))
            return llvm::createStringError("--" + name +
                                           ": expected a number, got " + text);
          if (*number < least)
            return llvm::createStringError(
                "--" + name + ": expected at least " +
                llvm::formatv("{0:F0}", least).str() + ", got " + text);
          target = static_cast<float>(*number);
          return llvm::Error::success();
        });
}

void FlagSet::string(std::string name, std::string metavar, std::string help,
                     std::string &target) {
  value(std::move(name), std::move(metavar), std::move(help),
        [&target](StringRef text) -> llvm::Error {
          target = text.str();
          return llvm::Error::success();
        });
  flags.back().takesText = true;
}

void FlagSet::positional(std::string metavar, std::string help,
                         std::string &target) {
  positionalMetavar = std::move(metavar);
  positionalHelp = std::move(help);
  positionalTarget = &target;
}

void FlagSet::positionals(std::string metavar, std::string help,
                          std::vector<std::string> &targets) {
  positionalMetavar = std::move(metavar);
  positionalHelp = std::move(help);
  positionalTargets = &targets;
}

void FlagSet::example(std::string command, std::string what) {
  examples.emplace_back(std::move(command), std::move(what));
}

FlagSet::Flag *FlagSet::find(StringRef name) {
  for (Flag &flag : flags)
    if (name == flag.name)
      return &flag;
  return nullptr;
}

bool FlagSet::given(StringRef name) const {
  if (positionalTarget && name == positionalMetavar)
    return positionalSeen;
  for (const Flag &flag : flags)
    if (name == flag.name)
      return flag.seen;
  return false;
}

std::vector<std::string> FlagSet::names() const {
  std::vector<std::string> result;
  for (const Flag &flag : flags)
    result.push_back(flag.name);
  return result;
}

StringRef nearest(StringRef name, llvm::ArrayRef<std::string> candidates) {
  // More than a third of the letters wrong is another word.
  unsigned best = unsigned(name.size()) / 3 + 1;
  StringRef result;
  for (StringRef candidate : candidates) {
    unsigned distance = name.edit_distance(candidate, true, best);
    if (distance < best) {
      best = distance;
      result = candidate;
    }
  }
  return result;
}

llvm::Error FlagSet::unknownFlag(StringRef written, StringRef name) const {
  std::vector<std::string> all = names();
  StringRef meant = nearest(name, all);
  if (meant.empty())
    return usageError("unknown flag '" + written + "' (--help lists them)");
  return usageError("unknown flag '" + written + "', did you mean " +
                    (meant.size() == 1 ? "-" : "--") + meant +
                    "? (--help lists them)");
}

llvm::Error FlagSet::parseFlag(llvm::ArrayRef<const char *> args,
                               size_t &index) {
  StringRef arg = args[index];
  auto [name, inlineValue] = arg.ltrim('-').split('=');
  bool hasInline = arg.contains('=');
  Flag *flag = find(name);
  // One dash belongs to names of one letter, two to the others.
  bool dashes = arg.starts_with("--") ? name.size() > 1 : name.size() == 1;
  if (!flag || !dashes || arg.starts_with("---"))
    return unknownFlag(arg.split('=').first, name);
  if (flag->seen)
    return usageError("flag '" + arg.split('=').first + "' is given twice");
  flag->seen = true;
  if (!flag->takesValue) {
    if (hasInline)
      return usageError("flag '--" + name + "' takes no value, got '" +
                        inlineValue + "'");
    return flag->setter("");
  }
  bool hasNext = !hasInline && !flag->valueOptional;
  if (hasNext && index + 1 == args.size())
    return usageError("flag '" + arg + "' expects a value (" + flag->metavar +
                      ")");
  StringRef value = hasNext ? StringRef(args[++index]) : inlineValue;
  // An empty text would be as if the flag were not there.
  if (flag->takesText && value.empty() && (hasInline || hasNext))
    return usageError(arg.split('=').first + ": expected " + flag->metavar +
                      ", got ''");
  return flag->setter(value);
}

llvm::Error FlagSet::parse(llvm::ArrayRef<const char *> args) {
  for (const char *arg : args)
    if (StringRef(arg) == "--help" || StringRef(arg) == "-h") {
      help = true;
      return llvm::Error::success();
    }
  for (size_t index = 0; index < args.size(); ++index) {
    StringRef arg = args[index];
    if (arg.starts_with("-") && arg != "-") {
      if (llvm::Error error = parseFlag(args, index))
        return error;
      continue;
    }
    if (arg.empty() && !positionalMetavar.empty())
      return usageError("expected " + positionalMetavar + ", got ''");
    if (positionalTargets) {
      positionalTargets->push_back(arg.str());
      continue;
    }
    if (!positionalTarget || positionalSeen)
      return usageError("unexpected argument '" + arg + "'");
    positionalSeen = true;
    *positionalTarget = arg.str();
  }
  return llvm::Error::success();
}

static void printRow(llvm::raw_ostream &os, std::string left, StringRef right) {
  constexpr size_t column = 34;
  os << "  " << left;
  // Two spaces at least: generators of completions split the line there.
  if (left.size() + 4 > column) {
    os << '\n';
    left.clear();
    os.indent(column);
  } else {
    os.indent(column - 2 - left.size());
  }
  os << right << '\n';
}

void FlagSet::printHelp(llvm::raw_ostream &os) const {
  os << "usage: " << usage << "\n\n" << overview << '\n';
  if (!positionalMetavar.empty()) {
    os << '\n';
    printRow(os, positionalMetavar, positionalHelp);
  }
  for (size_t current = 0; current <= groups.size(); ++current) {
    if (llvm::is_contained(hidden, current))
      continue;
    bool any = false;
    for (const Flag &flag : flags)
      if (flag.group == current && !any) {
        any = true;
        os << '\n' << (current ? groups[current - 1] : "flags") << ":\n";
      }
    for (const Flag &flag : flags)
      if (flag.group == current && !llvm::is_contained(hiddenNames, flag.name))
        printRow(os,
                 (flag.name.size() == 1 ? "-" : "--") + flag.name +
                     (flag.valueOptional ? "[=" + flag.metavar + "]"
                      : flag.takesValue  ? " " + flag.metavar
                                         : ""),
                 flag.help);
  }
  os << '\n';
  printRow(os, "--help", "print this text");
  printRow(os, "--version", "print the tool's version and that of LLVM");
  if (!examples.empty())
    os << "\nexamples:\n";
  for (const auto &[command, what] : examples)
    os << "  # " << what << "\n  " << command << '\n';
}

} // namespace moe::driver
