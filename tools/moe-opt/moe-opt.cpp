// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-opt: runs passes and pipelines on textual or bytecode IR, as mlir-opt
// does, with the moe dialect and passes registered beside the upstream ones.

#include "moe/InitAll.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::cl::AddExtraVersionPrinter(
      [](llvm::raw_ostream &os) { os << "moe-opt " MOE_VERSION "\n"; });
  mlir::DialectRegistry registry;
  moe::registerAllDialects(registry);
  moe::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "moe-mlir optimizer driver\n", registry));
}
