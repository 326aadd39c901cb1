//===- Executor.cpp - launches for C --------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An executor's handle holds options only; what runs is made for each launch,
// so one handle serves many threads.
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/Flags.h"
#include "Support.h"

using namespace llvm;
using namespace moe;

static Error parseOptions(ArrayRef<MoeSetting> settings,
                          executor::Options &options) {
  int64_t threads = 0;
  uint64_t orderSeed = 0;
  driver::FlagSet flags("", "");
  flags.string("sanitize", "LIST", "", options.sanitizers);
  flags.integer("threads", "", threads, 0);
  flags.integer("order-seed", "", orderSeed);
  flags.string("interleave", "HOW", "", options.interleave);
  flags.string("mfma-arithmetic", "HOW", "", options.mfmaArithmetic);
  flags.integer("max-instructions", "", options.maxInstructions);
  flags.toggle("stats", "", options.stats);
  if (Error error = capi::parseSettings(flags, settings))
    return error;
  options.threads = static_cast<unsigned>(std::min<int64_t>(threads, 1024));
  if (flags.given("order-seed"))
    options.orderSeed = orderSeed;
  return Error::success();
}

MoeStatus moeExecutorCreate(const char *name, MoeExecutor **executor) {
  if (Error error =
          capi::checkPointers({{name, "name"}, {executor, "executor"}}))
    return capi::statusOf(std::move(error));
  auto made = executor::makeExecutor(name, executor::Options());
  if (!made)
    return capi::statusOf(made.takeError());
  *executor = new MoeExecutor{name, {}, {}};
  return MOE_OK;
}

void moeExecutorDestroy(MoeExecutor *executor) { delete executor; }

MoeStatus moeExecutorSet(MoeExecutor *executor, const char *name,
                         const char *value) {
  if (Error error =
          capi::checkPointers({{executor, "executor"}, {name, "name"}}))
    return capi::statusOf(std::move(error));
  std::vector<MoeSetting> settings =
      capi::withSetting(executor->settings, name, value);
  executor::Options options;
  if (Error error = parseOptions(settings, options))
    return capi::statusOf(std::move(error));
  // Whether it knows the sanitizers.
  auto made = executor::makeExecutor(executor->name, options);
  if (!made)
    return capi::statusOf(driver::usageError(toString(made.takeError())));
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
  case MOE_ARGUMENT_SCALAR: {
    executor::Argument result;
    result.name = name;
    result.value.assign(bytes.begin(), bytes.end());
    return result;
  }
  }
  return driver::usageError(name + ": expected a kind from 0 to 3, got " +
                            Twine(int(argument.kind)));
}

static Expected<executor::Outcome> launchKernel(const MoeExecutor &handle,
                                                const MoeLaunch &launch) {
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
    request.args.push_back(std::move(*argument));
  }
  auto executor = executor::makeExecutor(handle.name, handle.options);
  if (!executor)
    return executor.takeError();
  return (*executor)->run(request);
}

MoeStatus moeLaunch(const MoeExecutor *executor, const MoeLaunch *launch,
                    char **outcome) {
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
