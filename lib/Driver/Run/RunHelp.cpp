// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// moe-run help: the list of subcommands, a subcommand's flags, and topics that
// belong to several of them. What a flag does is said where it is defined.
#include "Driver/Run/RunCommands.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moe::driver;

namespace {
struct NamedCommand {
  const char *name;
  Command command;
};
struct Topic {
  const char *name, *summary, *text;
};
} // namespace

static constexpr NamedCommand kCommands[] = {
    {"gemm1", gemm1Command},       {"gemm2", gemm2Command},
    {"layer", layerCommand},       {"block", blockCommand},
    {"quantize", quantizeCommand}, {"launch", launchCommand},
    {"annotate", annotateCommand}, {"model", modelCommand},
    {"mfma", mfmaCommand},         {"info", infoCommand},
    {"help", helpCommand}};

static constexpr char kUsage[] =
    R"(moe-run SUBCOMMAND [flags]: runs kernels and checks their numbers

  gemm1, gemm2       a stage of a mixture-of-experts layer: a generated problem or
                     own tensors, compared with a reference in double
  layer              both stages, the second on the first one's output
  block              a whole layer from the router's logits: routing, sorting and
                     both stages on the device
  quantize           weights from bf16 to MXFP4 in the order of kernels
  launch FILE.json   any gfx942 or gfx950 code object
  annotate FILE.json what each instruction of a launch costs in the timing model
  model FILE.json... modelled times of launches for many parameter files
  mfma NAME          which lane and register holds which element
  info FILE.hsaco    what is in a code object
  help [WORD]        the flags of a subcommand, or one of the topics below

moe-run SUBCOMMAND --help lists the flags. Exit codes: 0 good; 1 a mismatch, a
finding or something refused; 2 an unknown, missing or unparsable flag.

topics:
)";

static constexpr Topic kTopics[] = {
    {"exit-codes", "what 0, 1 and 2 mean", R"(exit codes
  0  the kernel ran, and the result is right
  1  a mismatch, a sanitizer's finding, or something refused: the last line on
     standard error says what
  2  a flag is unknown, missing or cannot be parsed; nothing was run
An artefact and the summary go to standard output, everything else to standard
error, so `moe-run ... --json > result.json` is one JSON object or nothing.
)"},
    {"data", "own tensors: files, types, shapes",
     R"(own tensors: moe-run gemm2 --data DIR --out y.npy --chip gfx950
All are .npy files in C order and logical: neither shuffled nor sorted.
  x.npy             uint16 (bf16)   gemm1 and layer [tokens, K], gemm2
                                    [tokens*topk, K]
  w.npy             uint8, two codes a byte  [experts, N, K/2]; or float32 or
                                    float16 [experts, N, K], quantised first
  scale.npy         uint8 (E8M0)    [experts, N, K/32]
  topk_ids.npy      int32           [tokens, topk]
  topk_weights.npy  float32         [tokens, topk]
  bias.npy          float32         [experts, N], with --bias
layer reads w1, scale1, bias1 and w2, scale2, bias2; block w13, scale13, bias13
in place of the former, and logits [tokens, experts] in place of topk_ids and
topk_weights. The dimensions come from the tensors. All of it: docs/Runner.md, "A
stage on own tensors" and "A block".
)"},
    {"launch-file", "the JSON file of launch",
     R"(a launch file: moe-run launch k.json
  {"code_object": "k.hsaco", "kernel": "add", "grid": [2, 1, 1],
   "block": [64, 1, 1],
   "args": [{"name": "x", "kind": "buffer", "file": "x.bin"},
            {"name": "y", "kind": "buffer", "size": 512, "out": "y.bin"},
            {"name": "n", "kind": "i32", "value": 128}]}
Paths are relative to the file; grid counts workgroups, block work items. With
"expect" the result is compared. moe-run info k.hsaco lists kernels and their
arguments. All keys: docs/Runner.md, "launch"; docs/schemas has a JSON schema.
)"},
    {"sanitizers", "what --sanitize finds",
     R"(sanitizers: --sanitize wait,race or all
  wait    data used before s_waitcnt proves that it is there
  race    two waves touch LDS or memory, one writes, nothing orders them
  uninit  registers and LDS read and never written
  bounds  accesses outside the buffers (always an error)
  exec    cross-lane instructions while lanes are off that they read
  hazard  wait states that the manual requires and the code lacks
A finding is exit code 1. --mute RULE leaves one out, --max-reports N shows more,
--print-registers PC shows the registers at an instruction. How to read a report:
docs/howto/SanitizerReport.md; what exactly is checked: docs/Emulator.md.
)"},
    {"order", "orders of waves that hardware may choose",
     R"(order: --interleave barrier|lockstep|random, --order-seed N, --threads 1
Waves of a workgroup take turns at barriers, in step, or at random; --order-seed
shuffles workgroups, waves and atomics. All are legal on hardware: a result that
depends on them is a finding. With one thread a run is deterministic.
)"},
    {"environment", "environment variables",
     R"(environment
  MOE_HIP_CONFIG        JSON file with chip, sanitize, ...: the emulated HIP library
  MOE_EMULATOR_VECTORS  base, avx2 or avx512: host vector code of the emulator
  NO_COLOR              not empty: no colours, on a terminal either
)"}};

Command moe::driver::findCommand(StringRef name) {
  for (const NamedCommand &entry : kCommands)
    if (name == entry.name)
      return entry.command;
  return nullptr;
}

Error moe::driver::unknownCommand(StringRef name) {
  std::vector<std::string> names;
  for (const NamedCommand &entry : kCommands)
    names.push_back(entry.name);
  std::string all =
      join(ArrayRef(names).drop_back(), ", ") + " or " + names.back();
  if (name.empty())
    return usageError("expected a subcommand: " + all +
                      " (moe-run help says more)");
  StringRef meant = nearest(name, names);
  return usageError(
      "expected " + all + ", got '" + name + "'" +
      (meant.empty() ? "" : ", did you mean " + meant.str() + "?"));
}

Expected<Verdict> moe::driver::helpCommand(Arguments args) {
  StringRef word = args.empty() ? "" : args.front();
  if (word.empty() || word == "help" || word == "--help" || word == "-h") {
    outs() << kUsage;
    for (const Topic &topic : kTopics)
      outs() << "  " << left_justify(topic.name, 19) << topic.summary << '\n';
    return Verdict::Good;
  }
  if (Command command = findCommand(word))
    return command({"--help"});
  std::vector<std::string> names;
  for (const Topic &topic : kTopics) {
    if (word == topic.name) {
      outs() << topic.text;
      return Verdict::Good;
    }
    names.push_back(topic.name);
  }
  return usageError("expected a subcommand or " + join(names, ", ") +
                    ", got '" + word + "'");
}
