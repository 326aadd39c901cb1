//===- Executor.h - something that runs a kernel --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One interface for whatever executes a linked code object with host buffers,
// and the makers of its implementations. Not here: where buffers and
// code objects come from, and what is done with the result.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EXECUTOR_EXECUTOR_H
#define MOE_EXECUTOR_EXECUTOR_H

#include "moe/Timing/Model.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moe::executor {

/// One explicit argument of a kernel: a buffer of host bytes, changed in
/// place, a null pointer, or the bytes of a scalar.
struct Argument {
  enum class Kind { Buffer, Null, Scalar } kind = Kind::Scalar;
  std::string name; ///< for messages
  llvm::MutableArrayRef<uint8_t> bytes;
  bool readOnly = false; ///< a store to the buffer is an error where seen
  std::vector<uint8_t> value;

  /// Where it goes among the kernel's arguments: by its position in the list,
  /// by its name in the code object's metadata, at a byte of the kernarg
  /// segment, or nowhere (a buffer that others point to).
  enum class Place { Position, Name, Offset, None } place = Place::Position;
  uint64_t offset = 0;
  /// Buffer: that of another argument, by its number, from byte `plus` on.
  std::optional<size_t> sameAs;
  uint64_t plus = 0;
  /// Addresses of buffers inside the bytes: at `at` that of byte `plus` of the
  /// buffer of argument `arg`.
  struct Pointer {
    uint64_t at = 0;
    size_t arg = 0;
    uint64_t plus = 0;
  };
  std::vector<Pointer> pointers;

  static Argument buffer(std::string name, llvm::MutableArrayRef<uint8_t> bytes,
                         bool readOnly = false);
  /// A buffer that the kernel only reads.
  static Argument input(std::string name, llvm::ArrayRef<uint8_t> bytes);
  static Argument null(std::string name);
  /// A buffer of what a vector holds; of an empty one a null pointer.
  template <typename T>
  static Argument elements(std::string name, std::vector<T> &values) {
    if (values.empty())
      return null(std::move(name));
    return buffer(std::move(name), {reinterpret_cast<uint8_t *>(values.data()),
                                    values.size() * sizeof(T)});
  }
  /// The same of elements that the kernel only reads.
  template <typename T>
  static Argument inputElements(std::string name,
                                const std::vector<T> &values) {
    if (values.empty())
      return null(std::move(name));
    return input(std::move(name),
                 {reinterpret_cast<const uint8_t *>(values.data()),
                  values.size() * sizeof(T)});
  }
  template <typename T>
  static Argument scalar(std::string name, T value) {
    Argument arg;
    arg.name = std::move(name);
    const auto *raw = reinterpret_cast<const uint8_t *>(&value);
    arg.value.assign(raw, raw + sizeof(T));
    return arg;
  }
};

/// A code object, the kernel in it, and how to start it.
struct Launch {
  llvm::ArrayRef<uint8_t> elf;
  /// Which chip runs an object for several; empty: the first of them.
  std::string chip;
  std::string kernel;
  std::array<uint32_t, 3> grid = {1, 1, 1};  ///< in workgroups
  std::array<uint32_t, 3> block = {1, 1, 1}; ///< in work items
  uint32_t dynamicLds = 0;                   ///< in bytes
  /// In order; arguments of the kernel past the list are zero.
  std::vector<Argument> args;
};

/// Is told of a run whose time was modelled; its error is the run's.
using ModelHook = std::function<llvm::Error(
    std::shared_ptr<const timing::Recording>, const timing::Parameters &,
    const timing::ModelledTime &)>;

struct Options {
  unsigned threads = 0; ///< host threads, 0 = one a core
  std::optional<uint64_t> orderSeed;
  /// How waves take turns: "barrier", "lockstep", "random"; empty = barrier.
  std::string interleave;
  /// Sums of matrix instructions: "default", "cdna3"; empty = default.
  std::string mfmaArithmetic;
  uint64_t maxInstructions = 0; ///< wave instructions, 0 = no limit
  std::string sanitizers;       ///< "wait,race", "all"; empty = none
  /// Reports are kept up to this number; rules that are not reported, by name.
  unsigned maxReports = 20;
  std::vector<std::string> mute;
  /// Where a wave's registers are told: an address in the code object, and of
  /// which wave (-1: of each).
  std::optional<std::pair<uint64_t, int>> watch;
  std::function<void(const std::string &)> registers;
  bool stats = false;
  std::string hipLibrary; ///< name or path; empty = the machine's
  /// Where each run writes its trace (whole, or up to the error that ended the
  /// run), empty = none; and
  /// how many instructions it holds at most.
  std::string traceFile;
  uint64_t traceLimit = 1000000;
  /// The emulator: model the time of the run on the chip, with the parameters
  /// of that file (empty: the built-in ones).
  std::optional<std::string> timeModel;
  /// With it: run only the workgroups that the model samples, so many
  /// instructions a wave of most; 0 = run everything. The buffers then hold
  /// nothing of use.
  uint64_t sampleInstructions = 0;
  /// With that: until a wave has executed each load of its loops once, if that
  /// is less; and one time is modelled, not one for each time that a convert
  /// may take.
  bool brief = false;
  /// With it: told of each run what the model was made from.
  ModelHook modelled;
  /// Finished and all workgroups, now and then.
  std::function<void(uint64_t, uint64_t)> progress;
};

/// What a finished run tells besides the buffers.
struct Outcome {
  uint64_t instructions = 0; ///< wave instructions, 0 where not counted
  double seconds = 0;        ///< of the run alone
  /// Of that, the processor time of all threads; 0 where it is not measured.
  double processorSeconds = 0;
  /// Further counters by name, when asked for.
  std::vector<std::pair<std::string, uint64_t>> stats;
  /// With them and debug lines: "file:line" (empty: without one) and what was
  /// executed of it.
  std::vector<
      std::pair<std::string, std::vector<std::pair<std::string, uint64_t>>>>
      lines;
  std::optional<timing::ModelledTime> modelled; ///< with Options::timeModel
  std::vector<std::string> reports;  ///< of sanitizers; not empty = not good
  uint64_t reportGroups = 0;         ///< with those that were not kept
  std::vector<std::string> advice;   ///< of sanitizers; no reason to fail
  std::vector<std::string> warnings; ///< worth telling, not an error

  /// Adds what another run tells, counter by counter.
  void add(Outcome other);
};

class Executor {
public:
  virtual ~Executor();
  virtual llvm::StringRef name() const = 0;
  /// Runs to the end. After an error the buffers' contents mean nothing.
  virtual llvm::Expected<Outcome> run(const Launch &launch) = 0;
};

/// The project's emulator of gfx942 and gfx950, in this process. Errors:
/// sanitizer names it does not know.
llvm::Expected<std::unique_ptr<Executor>>
makeEmulatorExecutor(const Options &options);

/// "emulator" or "hip" (HIP.h). Errors: another name, and those of the maker.
llvm::Expected<std::unique_ptr<Executor>> makeExecutor(llvm::StringRef name,
                                                       const Options &options);

} // namespace moe::executor

#endif // MOE_EXECUTOR_EXECUTOR_H
