//===- Emulator.h - run a gfx9 kernel on the CPU ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The entry point of the emulator: a code object, a kernel's name, a grid, a
// block, dynamic LDS and arguments in; buffers changed in place, counters and
// sanitizer reports out. It reads no files and prints nothing.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_EMULATOR_EMULATOR_H
#define MOE_EMULATOR_EMULATOR_H

#include "moe/Emulator/KernelImage.h"
#include "moe/Emulator/OpcodeSupport.h"
#include "moe/Emulator/PageSource.h"
#include "moe/Emulator/Sanitizer.h"
#include "moe/Emulator/Trace.h"

#include <functional>

namespace moe::emulator {

class EventSink;

/// One explicit kernel argument.
struct Arg {
  enum class Kind { Buffer, Scalar } kind = Kind::Scalar;
  /// For messages; matches the metadata where `place` says so.
  std::string name;
  /// Buffer: host bytes, mapped at an address of the emulator's choosing with
  /// unmapped guards around, and written in place.
  llvm::MutableArrayRef<uint8_t> bytes;
  /// Buffer: instead of bytes; its logical size is `size`.
  PageSource *pages = nullptr;
  uint64_t size = 0;
  /// Buffer: a pointer that is null. Any access through it is an error.
  bool null = false;
  /// Buffer: stores and atomics are an error.
  bool readOnly = false;
  /// Scalar: its bytes, little endian; the count must match the metadata.
  std::vector<uint8_t> value;

  /// Where it goes in the kernarg segment.
  enum class Place {
    Position, ///< that of the metadata's argument of the same number
    Name,     ///< that of the metadata's argument called `name`; where the
              ///< metadata has no names, by position
    Offset,   ///< at byte `offset`, of any size
    None      ///< nowhere: a buffer that pointers of others lead to
  } place = Place::Position;
  uint64_t offset = 0;
  /// Buffer: that of another argument of the launch, by its number, from byte
  /// `plus` on, instead of bytes or pages.
  std::optional<size_t> sameAs;
  uint64_t plus = 0;
  /// Addresses of buffers that are written into `value`, or into `bytes` before
  /// the run: at byte `at` that of byte `plus` of the buffer of argument `arg`.
  struct Pointer {
    uint64_t at = 0;
    size_t arg = 0;
    uint64_t plus = 0;
  };
  std::vector<Pointer> pointers;

  static Arg buffer(llvm::MutableArrayRef<uint8_t> bytes,
                    std::string name = "") {
    Arg arg;
    arg.kind = Kind::Buffer;
    arg.bytes = bytes;
    arg.size = bytes.size();
    arg.name = std::move(name);
    return arg;
  }
  static Arg sparse(PageSource &pages, uint64_t size, std::string name = "") {
    Arg arg;
    arg.kind = Kind::Buffer;
    arg.pages = &pages;
    arg.size = size;
    arg.name = std::move(name);
    return arg;
  }
  static Arg nullBuffer(std::string name = "") {
    Arg arg;
    arg.kind = Kind::Buffer;
    arg.null = true;
    arg.name = std::move(name);
    return arg;
  }
  /// A trivially copyable number: i32, u64, float, ...
  template <typename T>
  static Arg scalar(T value, std::string name = "") {
    static_assert(std::is_arithmetic<T>::value, "a scalar argument");
    Arg arg;
    const auto *raw = reinterpret_cast<const uint8_t *>(&value);
    arg.value.assign(raw, raw + sizeof(T));
    arg.name = std::move(name);
    return arg;
  }
};

/// In what portions the waves of a workgroup run. All are what hardware may do;
/// a result that depends on it shows a race.
enum class Interleave {
  Barrier,  ///< each to its next barrier, end or sleep
  Lockstep, ///< a few instructions in turn, as hardware does
  Random    ///< seeded portions in a seeded order
};

/// "barrier", "lockstep" or "random"; the error lists them.
llvm::Expected<Interleave> parseInterleave(llvm::StringRef name);

/// How dense matrix instructions add: one fused multiply-add after the other,
/// or as measured on CDNA3 (arXiv 2511.10909), which is for gfx942 alone.
enum class MfmaArithmetic { Default, Cdna3 };
/// "default" or "cdna3"; the error lists them.
llvm::Expected<MfmaArithmetic> parseMfmaArithmetic(llvm::StringRef name);

struct RunOptions {
  /// Host threads, each running whole workgroups; 0 = one a core.
  unsigned threads = 1;
  /// Shuffles workgroup, wave and atomic order.
  std::optional<uint64_t> orderSeed;
  /// `orderSeed` seeds Random too.
  Interleave interleave = Interleave::Barrier;
  MfmaArithmetic mfmaArithmetic = MfmaArithmetic::Default;
  /// Wave instructions of the whole run; 0 = no limit.
  uint64_t maxInstructions = 0;
  /// Sanitizer bits.
  uint32_t sanitizers = SanitizeNone;
  /// At most so many reports are kept; the rest is counted.
  unsigned maxReports = 20;
  /// Rules that are not reported, see parseRules().
  std::vector<std::string> mute;
  /// Where `registers` is called with a text of all registers: before the
  /// instruction at `pc` (an address of the ELF), once for each wave of a
  /// workgroup, or for `wave` alone. Such a run has one thread.
  struct Watch {
    uint64_t pc = 0;
    std::optional<unsigned> wave;
  };
  std::optional<Watch> watch;
  std::function<void(const std::string &)> registers;
  /// Counts by class, bytes and bank conflicts (slower).
  bool stats = false;
  /// Records at most so many executed instructions in RunResult::trace; 0 =
  /// none. A traced run has one thread, whatever `threads` says.
  uint64_t traceLimit = 0;
  /// Gets the trace of a run that ends in an error, up to that error.
  std::function<void(Trace)> failedTrace;
  /// Gets the events of the workgroups it wants (Events.h); may be null.
  EventSink *events = nullptr;
  /// Called now and then with finished and all workgroups, from any thread but
  /// never from two at once.
  std::function<void(uint64_t, uint64_t)> progress;
};

/// Host bytes that a kernel reaches at an address of the caller's choosing,
/// through whatever holds that address: an argument, a structure, memory.
struct Mapping {
  uint64_t address = 0; ///< in [1, 2^47), outside [2^36, 2^37)
  llvm::MutableArrayRef<uint8_t> bytes;
  std::string name; ///< for messages
};

struct Launch {
  std::string kernel;
  std::array<uint32_t, 3> grid = {1, 1, 1};  ///< in workgroups
  std::array<uint32_t, 3> block = {1, 1, 1}; ///< in work items
  uint32_t dynamicLds = 0;
  std::vector<Arg> args;
  /// Instead of `args`: the bytes of the explicit arguments as they lie in the
  /// kernarg segment, at most its size; what they leave out is zero.
  std::optional<std::vector<uint8_t>> kernarg;
  /// Memory besides the arguments' buffers; may not overlap.
  std::vector<Mapping> mappings;
  /// The loaded code object whose variables outlive the run, as long as
  /// KernelImage::image(); empty: each run starts with a fresh copy.
  llvm::MutableArrayRef<uint8_t> image;
};

/// The byte of the kernarg segment at which each argument of the launch goes;
/// none for Place::None. Errors: an argument that the metadata does not have or
/// has with another size, two in one place, one outside the segment, a
/// reference to another argument that is no buffer, a pointer outside its own
/// bytes.
llvm::Expected<std::vector<std::optional<uint64_t>>>
placeArguments(const KernelInfo &kernel, const Launch &launch);

/// What a launch leaves out, which is zero then: a sentence where that is more
/// than pointers at the end (compilers append some for their own use).
std::optional<std::string>
missingArguments(const KernelInfo &kernel, const Launch &launch,
                 llvm::ArrayRef<std::optional<uint64_t>> places);

/// What a run counted. `instructions` is always there, the rest with
/// RunOptions::stats.
struct Stats {
  uint64_t instructions = 0; ///< wave instructions
  uint64_t workgroups = 0, waves = 0;
  uint64_t valu = 0, trans = 0, cvt = 0, mfma = 0, salu = 0, smem = 0, vmem = 0,
           flat = 0, lds = 0, waitcnt = 0, barrier = 0, branch = 0, nop = 0,
           other = 0;
  uint64_t globalBytesRead = 0, globalBytesWritten = 0, globalAtomics = 0;
  uint64_t ldsBytesRead = 0, ldsBytesWritten = 0, ldsBankConflicts = 0;
  void add(const Stats &other);
};

/// What was executed of one source line: `instructions` and the classes, no
/// bytes.
struct LineStats {
  std::string line; ///< "file:line", empty: instructions without one
  Stats stats;
};

/// What a sanitizer found: the first of those of one rule at one pair of
/// instructions; of advice, the first of its rule.
struct Report {
  Sanitizer sanitizer;
  std::string rule;    ///< of ruleNames()
  uint64_t count = 1;  ///< how often it was found
  uint64_t places = 1; ///< of advice: pairs of instructions
  std::string message; ///< both places with disassembly, wave and workgroup
  uint64_t pc = 0, otherPc = 0;
};

struct RunResult {
  Stats stats;
  /// With RunOptions::stats and debug lines: the most instructions first.
  std::vector<LineStats> lines;
  std::vector<Report> reports; ///< empty: nothing found
  uint64_t reportGroups = 0;   ///< with those past RunOptions::maxReports
  /// Worth knowing, but AMD's own code does it, or nothing comes of it.
  std::vector<Report> advice;
  /// Things that are no error but worth telling, once each.
  std::vector<std::string> warnings;
  std::optional<Trace> trace; ///< when asked for
};

/// Runs a kernel to its end. On an error the contents of the buffers are
/// unspecified; do not use them. Errors name the wave, the instruction with its
/// address and disassembly, and the address accessed.
llvm::Expected<RunResult> run(const KernelImage &object, const Launch &launch,
                              const RunOptions &options = RunOptions());

} // namespace moe::emulator

#endif // MOE_EMULATOR_EMULATOR_H
