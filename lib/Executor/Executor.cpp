//===- Executor.cpp - arguments, and the choice of an executor ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all executors share: making arguments, and finding a maker by name.
//
//===----------------------------------------------------------------------===//

#include "moe/Executor/Executor.h"

using namespace llvm;
using namespace moe::executor;

Executor::~Executor() = default;

Argument Argument::buffer(std::string name, MutableArrayRef<uint8_t> bytes,
                          bool readOnly) {
  Argument arg;
  arg.kind = Kind::Buffer;
  arg.name = std::move(name);
  arg.bytes = bytes;
  arg.readOnly = readOnly;
  return arg;
}

Argument Argument::null(std::string name) {
  Argument arg;
  arg.kind = Kind::Null;
  arg.name = std::move(name);
  return arg;
}

Expected<std::unique_ptr<Executor>>
moe::executor::makeExecutor(StringRef name, const Options &options) {
  if (name == "emulator")
    return makeEmulatorExecutor(options);
  if (name == "hip")
    return createStringError(
        inconvertibleErrorCode(),
        "executor 'hip' is not part of this build: it takes the moe-launch "
        "program, expected executor 'emulator'");
  return createStringError(inconvertibleErrorCode(),
                           "expected executor 'emulator' or 'hip', got '" +
                               name + "'");
}
