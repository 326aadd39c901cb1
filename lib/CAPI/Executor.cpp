//===- Executor.cpp - launches for C --------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An executor's handle holds options only; what runs is made for each launch,
// so one handle serves many threads.
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/Flags.h"
#include "Files/CLocale.h"
#include "Support.h"
#include "moe/Emulator/Sanitizer.h"
#include "moe/Executor/HIP.h"

using namespace llvm;
using namespace moe;

static Error parseOptions(ArrayRef<MoeSetting> settings,
                          executor::Options &options) {
  int64_t threads = 0, maxReports = options.maxReports;
  uint64_t orderSeed = 0;
  driver::FlagSet flags("", "");
  flags.value("sanitize", "LIST", "", [&options](StringRef text) -> Error {
    options.sanitizers = text.str(); // an empty list is one too
    return Error::success();
  });
  flags.integer("threads", "", threads, 0);
  flags.integer("order-seed", "", orderSeed);
  flags.string("interleave", "HOW", "", options.interleave);
  flags.string("mfma-arithmetic", "HOW", "", options.mfmaArithmetic);
  flags.integer("max-instructions", "", options.maxInstructions);
  flags.toggle("stats", "", options.stats);
  flags.integer("max-reports", "", maxReports, 1);
  flags.value("mute", "RULE[,RULE]", "", [&options](StringRef text) -> Error {
    auto rules = emulator::parseRules(text);
    if (!rules)
      return driver::usageError("mute: " + toString(rules.takeError()));
    options.mute = std::move(*rules);
    return Error::success();
  });
  flags.string("hip-library", "PATH", "", options.hipLibrary);
  if (Error error = capi::parseSettings(flags, settings))
    return error;
  options.threads = static_cast<unsigned>(std::min<int64_t>(threads, 1024));
  if (flags.given("order-seed"))
    options.orderSeed = orderSeed;
  options.maxReports = unsigned(std::min<int64_t>(maxReports, 1 << 20));
  return Error::success();
}

MoeStatus moeExecutorCreate(const char *name, MoeExecutor **executor) {
  if (Error error =
          capi::checkPointers({{name, "name"}, {executor, "executor"}}))
    return capi::statusOf(std::move(error));
  // HIP's library is loaded when there is something to launch: an option may
  // still name it.
  if (StringRef(name) != "hip") {
    auto made = executor::makeExecutor(name, executor::Options());
    if (!made)
      return capi::statusOf(driver::usageError(toString(made.takeError())));
  }
  *executor = new MoeExecutor{name, {}, {}};
  return MOE_OK;
}

void moeExecutorDestroy(MoeExecutor *executor) { delete executor; }

MoeStatus moeExecutorSet(MoeExecutor *executor, const char *name,
                         const char *value) {
  files::CLocale locale;
  if (Error error =
          capi::checkPointers({{executor, "executor"}, {name, "name"}}))
    return capi::statusOf(std::move(error));
  std::vector<MoeSetting> settings =
      capi::withSetting(executor->settings, name, value);
  executor::Options options;
  if (Error error = parseOptions(settings, options))
    return capi::statusOf(std::move(error));
  if (executor->name == "hip") {
    if (Error error = executor::checkHIPOptions(options))
      return capi::statusOf(driver::usageError(toString(std::move(error))));
  } else {
    if (!options.hipLibrary.empty())
      return capi::statusOf(
          driver::usageError("hip-library: expected executor 'hip', got '" +
                             executor->name + "'"));
    // Whether it knows the sanitizers.
    auto made = executor::makeExecutor(executor->name, options);
    if (!made)
      return capi::statusOf(driver::usageError(toString(made.takeError())));
  }
  executor->settings = std::move(settings);
  executor->options = std::move(options);
  return MOE_OK;
}

json::Object capi::describe(const executor::Outcome &outcome) {
  json::Object stats;
  for (const auto &[name, count] : outcome.stats)
    stats[name] = int64_t(count);
  auto texts = [](const std::vector<std::string> &list) {
    json::Array array;
    for (const std::string &text : list)
      array.push_back(json::fixUTF8(text));
    return array;
  };
  return json::Object{{"instructions", int64_t(outcome.instructions)},
                      {"seconds", outcome.seconds},
                      {"reports", texts(outcome.reports)},
                      {"warnings", texts(outcome.warnings)},
                      {"stats", std::move(stats)}};
}

Error capi::failureOf(const executor::Outcome &outcome) {
  if (outcome.reports.empty())
    return Error::success();
  std::string more;
  if (outcome.reports.size() > 1)
    more = " (and " + std::to_string(outcome.reports.size() - 1) + " more)";
  return createStringError("sanitizer: " + outcome.reports.front() + more);
}

static Expected<executor::Argument> translate(const MoeArgument &argument,
                                              size_t index) {
  std::string name =
      argument.name ? argument.name : "argument " + std::to_string(index);
  bool null = argument.kind == MOE_ARGUMENT_NULL;
  if (!null && !argument.data && argument.size)
    return driver::usageError(name + ": expected a pointer to its data, got "
                                     "NULL");
  auto *data = static_cast<uint8_t *>(argument.data);
  MutableArrayRef<uint8_t> bytes(data, null ? 0 : argument.size);
  switch (argument.kind) {
  case MOE_ARGUMENT_NULL:
    return executor::Argument::null(name);
  case MOE_ARGUMENT_BUFFER:
  case MOE_ARGUMENT_READ_ONLY:
    return executor::Argument::buffer(name, bytes,
                                      argument.kind == MOE_ARGUMENT_READ_ONLY);
  case MOE_ARGUMENT_DEVICE:
    return executor::Argument::scalar(name, reinterpret_cast<uint64_t>(data));
  case MOE_ARGUMENT_SCALAR: {
    executor::Argument result;
    result.name = name;
    result.value.assign(bytes.begin(), bytes.end());
    return result;
  }
  }
  return driver::usageError(name + ": expected a kind from 0 to 4, got " +
                            Twine(int(argument.kind)));
}

/// The launch without its arguments' places; `onStream`: of moeLaunchOnStream.
static Expected<executor::Launch> translate(const MoeLaunch &launch,
                                            bool onStream) {
  if (Error error = capi::checkPointers(
          {{launch.code, "code"}, {launch.kernel, "kernel"}}))
    return std::move(error);
  if (launch.numArguments)
    if (Error error = capi::checkPointers({{launch.arguments, "arguments"}}))
      return std::move(error);
  executor::Launch request;
  request.elf = {static_cast<const uint8_t *>(launch.code), launch.codeSize};
  request.kernel = launch.kernel;
  std::copy_n(launch.grid, 3, request.grid.begin());
  std::copy_n(launch.block, 3, request.block.begin());
  request.dynamicLds = launch.dynamicLds;
  for (size_t i = 0; i < launch.numArguments; ++i) {
    Expected<executor::Argument> argument = translate(launch.arguments[i], i);
    if (!argument)
      return argument.takeError();
    bool host = argument->kind == executor::Argument::Kind::Buffer;
    if (host && onStream)
      return driver::usageError(argument->name + ": expected a device pointer, "
                                                 "got a buffer of the host");
    if (!onStream && launch.arguments[i].kind == MOE_ARGUMENT_DEVICE)
      return driver::usageError(argument->name +
                                ": expected a buffer of the host, got a device "
                                "pointer, which moeLaunchOnStream() takes");
    request.args.push_back(std::move(*argument));
  }
  return request;
}

static Expected<executor::Outcome> launchKernel(const MoeExecutor &handle,
                                                const MoeLaunch &launch) {
  Expected<executor::Launch> request = translate(launch, /*onStream=*/false);
  if (!request)
    return request.takeError();
  auto executor = executor::makeExecutor(handle.name, handle.options);
  if (!executor)
    return executor.takeError();
  return (*executor)->run(*request);
}

MoeStatus moeLaunchOnStream(const MoeExecutor *executor,
                            const MoeLaunch *launch, void *stream) {
  files::CLocale locale;
  if (Error error =
          capi::checkPointers({{executor, "executor"}, {launch, "launch"}}))
    return capi::statusOf(std::move(error));
  if (executor->name != "hip")
    return capi::statusOf(driver::usageError("executor: expected 'hip', got '" +
                                             executor->name + "'"));
  Expected<executor::Launch> request = translate(*launch, /*onStream=*/true);
  if (!request)
    return capi::statusOf(request.takeError());
  return capi::statusOf(
      executor::launchOnStream(executor->options.hipLibrary, *request, stream));
}

MoeStatus moeLaunch(const MoeExecutor *executor, const MoeLaunch *launch,
                    char **outcome) {
  files::CLocale locale;
  if (outcome)
    *outcome = nullptr;
  if (Error error =
          capi::checkPointers({{executor, "executor"}, {launch, "launch"}}))
    return capi::statusOf(std::move(error));
  Expected<executor::Outcome> result = launchKernel(*executor, *launch);
  if (!result)
    return capi::statusOf(result.takeError());
  capi::giveJSON(outcome, capi::describe(*result));
  return capi::statusOf(capi::failureOf(*result));
}
