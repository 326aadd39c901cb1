// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-lsp-server: MLIR's language server with the moe dialect registered, so
// that editors show diagnostics, hovers and definitions in moe IR.

#include "Files/Nesting.h"
#include "moe/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Support/LLVM.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::cl::AddExtraVersionPrinter(
      [](llvm::raw_ostream &os) { os << "moe-lsp-server " MOE_VERSION "\n"; });
  mlir::DialectRegistry registry;
  moe::registerAllDialects(registry);
  // Messages and documents may have any number of brackets.
  return moe::files::onLargeStack([&]() -> int {
    return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
  });
}
