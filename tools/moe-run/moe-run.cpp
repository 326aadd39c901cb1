//===- moe-run.cpp - runs kernels and checks their numbers ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// main() of moe-run: finds the subcommand. What they do is in the Driver.
//
//===----------------------------------------------------------------------===//

#include "Driver/Options/OutputFile.h"
#include "Driver/Run/RunCommands.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>

using namespace llvm;
using namespace moe::driver;

static constexpr char kUsage[] =
    R"(moe-run SUBCOMMAND [flags]: runs kernels and checks their numbers

  gemm1, gemm2       a stage of a mixture-of-experts layer: a generated problem or
                     own tensors, compared with a reference in double
  layer              both stages, the second on the first one's output
  launch FILE.json   any gfx942 or gfx950 code object
  annotate FILE.json what each instruction of a launch costs in the timing model
  model FILE.json... modelled times of launches for many parameter files
  info FILE.hsaco    what is in a code object

moe-run SUBCOMMAND --help lists the flags. Exit codes: 0 good; 1 a mismatch, a
finding or something refused; 2 an unknown, missing or unparsable flag.
)";

int main(int argc, char **argv) {
  InitLLVM init(argc, argv);
#ifdef SIGXFSZ
  // A file over the limit is an error of the write, which says which file.
  std::signal(SIGXFSZ, SIG_IGN);
#endif
  using Command = Expected<Verdict> (*)(Arguments);
  StringRef name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h") {
    outs() << kUsage;
    return 0;
  }
  Command command = StringSwitch<Command>(name)
                        .Case("gemm1", gemm1Command)
                        .Case("gemm2", gemm2Command)
                        .Case("layer", layerCommand)
                        .Case("launch", launchCommand)
                        .Case("annotate", annotateCommand)
                        .Case("model", modelCommand)
                        .Case("info", infoCommand)
                        .Default(nullptr);
  if (!command) {
    Error error =
        usageError(name.empty() ? Twine("expected a subcommand: gemm1, gemm2, "
                                        "layer, launch, annotate, model "
                                        "or info")
                                : "expected gemm1, gemm2, layer, launch, "
                                  "annotate, model or info, got '" +
                                      name + "'");
    return reportError(std::move(error), "moe-run", errs());
  }
  Expected<Verdict> verdict =
      command(ArrayRef<const char *>(argv + 2, static_cast<size_t>(argc - 2)));
  if (!verdict)
    return reportError(verdict.takeError(), "moe-run", errs());
  if (Error error = flushStandardOutput())
    return reportError(std::move(error), "moe-run", errs());
  return *verdict == Verdict::Good ? 0 : 1;
}
