// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-reduce: mlir-reduce with the moe dialect and passes.

#include "Files/Nesting.h"
#include "moe/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::cl::AddExtraVersionPrinter(
      [](llvm::raw_ostream &os) { os << "moe-reduce " MOE_VERSION "\n"; });
  mlir::DialectRegistry registry;
  moe::registerAllDialects(registry);
  moe::registerAllPasses();
  mlir::MLIRContext context(registry);
  return moe::files::onLargeStack([&]() -> int {
    return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
  });
}
