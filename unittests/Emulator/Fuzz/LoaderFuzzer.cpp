//===- LoaderFuzzer.cpp - hostile code objects ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer's entry: its bytes are a code object. Loads it, decodes the
// reachable text of its kernels and runs one workgroup of small ones. Errors
// are fine, anything else is a bug. The corpus: test/Emulator/Inputs.
//
//===----------------------------------------------------------------------===//

#include "Decode/Decoder.h"
#include "moe/Emulator/Emulator.h"

using namespace moe::emulator;

/// One workgroup over zeroed buffers; every third pointer is null.
static void runOnce(const KernelImage &object, const KernelInfo &kernel) {
  Launch launch;
  launch.kernel = kernel.name;
  launch.block = kernel.reqdWorkgroupSize.value_or(
      std::array<uint32_t, 3>{kernel.kernargSize % 2 ? 65u : 64u, 1, 1});
  std::vector<std::vector<uint8_t>> buffers(kernel.args.size());
  for (size_t i = 0; i < kernel.args.size(); ++i) {
    buffers[i].resize(kernel.args[i].isPointer() ? 256 : kernel.args[i].size);
    Arg arg = Arg::buffer(buffers[i]);
    if (kernel.args[i].isPointer() && i % 3 == 2)
      arg = Arg::nullBuffer();
    if (!kernel.args[i].isPointer()) {
      arg.kind = Arg::Kind::Scalar;
      arg.value = buffers[i];
    }
    launch.args.push_back(std::move(arg));
  }
  RunOptions options;
  options.maxInstructions = 500;
  options.stats = true;
  for (uint32_t sanitizers : {SanitizeNone, SanitizeAll}) {
    options.sanitizers = sanitizers;
    llvm::consumeError(run(object, launch, options).takeError());
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto object = KernelImage::load({data, size});
  if (!object) {
    llvm::consumeError(object.takeError());
    return 0;
  }
  auto disassembler = llvm::cantFail(Disassembler::create(object->chip()));
  for (const KernelInfo &kernel : object->kernels().take_front(4)) {
    auto program = decodeKernel(*object, kernel, *disassembler);
    if (program && size <= 16384)
      runOnce(*object, kernel);
    llvm::consumeError(program.takeError());
    (void)object->sourceLine(kernel.entryAddress);
  }
  return 0;
}
