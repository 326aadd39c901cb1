//===- RunInfo.cpp - moe-run info -----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints what a code object says about its kernels: arguments, registers, LDS
// and how many waves fit on a SIMD.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunCommands.h"
#include "Driver/Run/RunFiles.h"
#include "moe/Emulator/KernelImage.h"
#include "moe/Target/Chip.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe::driver;
using moe::emulator::KernelArg;
using moe::emulator::KernelInfo;

/// LDS does not limit a kernel that states no workgroup size.
static moe::Occupancy occupancy(const KernelInfo &kernel,
                                const moe::Chip &chip) {
  uint32_t threads = kernel.maxFlatWorkgroupSize;
  if (kernel.reqdWorkgroupSize)
    threads = (*kernel.reqdWorkgroupSize)[0] * (*kernel.reqdWorkgroupSize)[1] *
              (*kernel.reqdWorkgroupSize)[2];
  return moe::computeOccupancy(
      chip, kernel.vgprsAllocated ? kernel.vgprsAllocated : kernel.vgprCount,
      kernel.ldsSize, threads);
}

static json::Value describeJSON(const KernelInfo &kernel,
                                const moe::Chip &chip) {
  json::Array args;
  for (const KernelArg &arg : kernel.args)
    args.push_back(json::Object{{"name", arg.name},
                                {"kind", arg.valueKind},
                                {"offset", int64_t(arg.offset)},
                                {"size", int64_t(arg.size)}});
  moe::Occupancy waves = occupancy(kernel, chip);
  json::Object object{{"kernel", kernel.name},
                      {"args", std::move(args)},
                      {"vgpr", kernel.vgprCount - kernel.agprCount},
                      {"agpr", kernel.agprCount},
                      {"sgpr", kernel.sgprCount},
                      {"spills", kernel.vgprSpills + kernel.sgprSpills},
                      {"lds", kernel.ldsSize},
                      {"scratch", kernel.scratchSize},
                      {"kernarg_bytes", kernel.kernargSize},
                      {"text_bytes", int64_t(kernel.codeSize)},
                      {"waves_per_simd", waves.waves}};
  if (!kernel.notes.empty())
    object["notes"] = json::Array(kernel.notes);
  if (kernel.reqdWorkgroupSize)
    object["block"] = json::Array{(*kernel.reqdWorkgroupSize)[0],
                                  (*kernel.reqdWorkgroupSize)[1],
                                  (*kernel.reqdWorkgroupSize)[2]};
  else
    object["max_block"] = kernel.maxFlatWorkgroupSize;
  return object;
}

static void print(const KernelInfo &kernel, const moe::Chip &chip) {
  for (const std::string &note : kernel.notes)
    errs() << "moe-run: warning: " << note << '\n';
  outs() << "\nkernel " << kernel.name << '\n';
  if (kernel.reqdWorkgroupSize)
    outs() << "  workgroup: " << (*kernel.reqdWorkgroupSize)[0] << " x "
           << (*kernel.reqdWorkgroupSize)[1] << " x "
           << (*kernel.reqdWorkgroupSize)[2] << " work items\n";
  else
    outs() << "  workgroup: at most " << kernel.maxFlatWorkgroupSize
           << " work items\n";
  outs() << "  registers: " << kernel.vgprCount - kernel.agprCount << " vgpr, "
         << kernel.agprCount << " agpr, " << kernel.sgprCount << " sgpr, "
         << kernel.vgprSpills + kernel.sgprSpills << " spilled\n";
  outs() << "  memory: " << kernel.ldsSize << " bytes lds of " << chip.ldsBytes
         << ", " << kernel.scratchSize << " bytes scratch a work item\n";
  if (kernel.codeSize)
    outs() << "  code: " << kernel.codeSize << " bytes\n";
  moe::Occupancy waves = occupancy(kernel, chip);
  outs() << "  occupancy: " << waves.waves << " waves a simd (registers allow "
         << waves.byRegisters << ", lds " << waves.byLds << ")\n";
  outs() << "  arguments (" << kernel.args.size() << " and "
         << kernel.hidden.size() << " hidden, " << kernel.kernargSize
         << " bytes):\n";
  for (size_t i = 0; i < kernel.args.size(); ++i) {
    const KernelArg &arg = kernel.args[i];
    outs() << "    " << i << ": "
           << (arg.name.empty() ? StringRef("(no name)") : StringRef(arg.name))
           << ", " << arg.valueKind << ", " << arg.size << " bytes at offset "
           << arg.offset << '\n';
  }
}

Expected<Verdict> moe::driver::infoCommand(Arguments args) {
  std::string path;
  bool json = false;
  FlagSet flags("moe-run info FILE.hsaco [--json]",
                "Prints the kernels of a gfx942 or gfx950 code object: "
                "arguments, registers, LDS, occupancy.");
  flags.positional("FILE.hsaco", "the code object", path);
  flags.toggle("json", "print one JSON object", json);
  flags.example("moe-run info kernel.hsaco", "kernels, arguments, registers");
  if (Error error = flags.parse(args))
    return std::move(error);
  if (flags.helpRequested()) {
    flags.printHelp(outs());
    return Verdict::Good;
  }
  if (path.empty())
    return usageError("expected a code object, a file that moe-compile -o "
                      "or another compiler wrote");

  Expected<HostBuffer> file = readFile(path, mostCodeBytes);
  if (!file)
    return file.takeError();
  Expected<moe::emulator::KernelImage> object =
      moe::emulator::KernelImage::load(file->bytes());
  if (!object)
    return failure("'" + path + "': " + toString(object.takeError()));
  const moe::Chip *chip =
      moe::lookupKnownChip(moe::emulator::chipName(object->chip()));
  if (!chip)
    return failure("'" + path + "': nothing is known of chip " +
                   moe::emulator::chipName(object->chip()));
  if (json) {
    json::Array kernels;
    for (const KernelInfo &kernel : object->kernels())
      kernels.push_back(describeJSON(kernel, *chip));
    outs() << json::Value(json::Object{
                  {"chip", moe::emulator::chipName(object->chip())},
                  {"abi_version", object->abiVersion()},
                  {"kernels", std::move(kernels)}})
           << '\n';
    return Verdict::Good;
  }
  outs() << path << ": " << moe::emulator::chipName(object->chip())
         << ", code object version " << object->abiVersion() << ", "
         << object->kernels().size()
         << (object->kernels().size() == 1 ? " kernel\n" : " kernels\n");
  for (const KernelInfo &kernel : object->kernels())
    print(kernel, *chip);
  return Verdict::Good;
}
