//===- Support.cpp - errors, strings and settings of the C API ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// No function here knows what a kernel is.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "Driver/Options/Flags.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <cstring>
#include <thread>

using namespace llvm;
using namespace moe;

static thread_local std::string lastError;

const char *moeGetLastError(void) { return lastError.c_str(); }

const char *moeGetVersion(void) { return MOE_VERSION; }

void moeStringDestroy(char *string) { std::free(string); }

MoeStatus capi::statusOf(Error error) {
  if (!error)
    return MOE_OK;
  MoeStatus status = MOE_FAILED;
  std::string text;
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    if (info.isA<driver::UsageError>())
      status = MOE_USAGE;
    text += (text.empty() ? "" : "\n") + StringRef(info.message()).trim().str();
  });
  lastError = std::move(text);
  return status;
}

Error capi::checkPointers(
    ArrayRef<std::pair<const void *, const char *>> arguments) {
  for (const auto &[pointer, name] : arguments)
    if (!pointer)
      return driver::usageError(Twine(name) + ": expected a pointer, got NULL");
  return Error::success();
}

void capi::giveString(char **target, StringRef text) {
  if (!target)
    return;
  *target = static_cast<char *>(safe_malloc(text.size() + 1));
  std::memcpy(*target, text.data(), text.size());
  (*target)[text.size()] = '\0';
}

void capi::giveJSON(char **target, const json::Value &value) {
  std::string text;
  raw_string_ostream(text) << value;
  giveString(target, text);
}

Error capi::checkThreads(int threads) {
  if (threads >= 0)
    return Error::success();
  return createStringError("threads: expected at least 0, got " +
                           Twine(threads));
}

unsigned capi::threadsOf(int threads) {
  if (threads > 0)
    return static_cast<unsigned>(std::min(threads, 256));
  return std::max(1u, std::thread::hardware_concurrency());
}

std::vector<MoeSetting> capi::withSetting(std::vector<MoeSetting> settings,
                                          StringRef name, const char *value) {
  std::optional<std::string> text;
  if (value)
    text = value;
  for (MoeSetting &setting : settings)
    if (setting.first == name) {
      setting.second = std::move(text);
      return settings;
    }
  settings.emplace_back(name.str(), std::move(text));
  return settings;
}

Error capi::parseSettings(driver::FlagSet &flags,
                          ArrayRef<MoeSetting> settings) {
  std::vector<std::string> names = flags.names(), texts;
  for (const auto &[name, value] : settings) {
    if (!is_contained(names, name))
      return driver::usageError("unknown option '" + name +
                                "', expected one of " + join(names, ", "));
    texts.push_back("--" + name + (value ? "=" + *value : ""));
  }
  std::vector<const char *> args;
  for (const std::string &text : texts)
    args.push_back(text.c_str());
  return flags.parse(args);
}
