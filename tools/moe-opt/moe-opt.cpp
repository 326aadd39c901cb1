// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-opt: runs passes and pipelines on textual or bytecode IR, as mlir-opt
// does, with the moe dialect and passes registered beside the upstream ones.
// Unlike mlir-opt's, its output file appears whole or not at all.

#include "Files/Files.h"
#include "Files/Nesting.h"
#include "moe/InitAll.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

/// No IR of kernels is larger by far.
static constexpr uint64_t mostBytes = uint64_t(1) << 30;

/// MLIR's parser, passes and printer call themselves for each level of
/// brackets, passes on threads with the usual stack.
static constexpr int64_t mostLevels = 1024;

static Error optimize(const std::string &input, const std::string &output,
                      mlir::DialectRegistry &registry,
                      const mlir::MlirOptMainConfig &config, bool &good) {
  if (input == "-" && sys::Process::FileDescriptorIsDisplayed(0))
    errs() << "(reading from standard input until ctrl-d; --help tells more)\n";
  Expected<std::string> text = moe::files::readText(input, mostBytes);
  if (!text)
    return text.takeError();
  if (StringRef(*text).starts_with(ELF::ElfMagic))
    return createStringError("'" + input +
                             "': expected MLIR, got a code object");
  int64_t levels =
      mlir::isBytecode({*text, input}) ? 0 : moe::files::nestingOfIR(*text);
  if (levels > mostLevels)
    return createStringError("'" + input + "': expected at most " +
                             Twine(mostLevels) + " levels of brackets, got " +
                             Twine(levels));
  std::string result;
  raw_string_ostream os(result);
  good = mlir::succeeded(mlir::MlirOptMain(
      os, MemoryBuffer::getMemBuffer(*text, input), registry, config));
  // As mlir-opt does: what was printed before a failure is shown, not filed.
  if (output == "-") {
    outs() << result;
    return moe::files::flushStandardOutput();
  }
  if (!good)
    return Error::success();
  return moe::files::writeFile(output, {arrayRefFromStringRef(result)});
}

int main(int argc, char **argv) {
  moe::files::ToolProcess process(argc, argv);
  cl::AddExtraVersionPrinter(
      [](raw_ostream &os) { os << "moe-opt " MOE_VERSION "\n"; });
  mlir::DialectRegistry registry;
  moe::registerAllDialects(registry);
  moe::registerAllPasses();
  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "moe-mlir optimizer driver\n", registry);
  auto config = mlir::MlirOptMainConfig::createFromCLOptions();
  // Lists need no input.
  if (config.shouldShowDialects() || config.shouldListPasses())
    return mlir::asMainReturnCode(
        mlir::MlirOptMain(argc, argv, input, output, registry));
  bool good = false;
  if (Error error = optimize(input, output, registry, config, good)) {
    errs() << "moe-opt: error: " << toString(std::move(error)) << '\n';
    return 1;
  }
  return good ? 0 : 1;
}
