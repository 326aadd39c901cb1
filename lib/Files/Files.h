// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writing of whole files, reading of small ones, and standard output. A full
// disk is an error that the caller reports, where LLVM's streams would end the
// process; what is read is neither mapped, so that a file that shrinks
// meanwhile is an error too, nor larger than the caller expects.
#ifndef MOE_LIB_FILES_FILES_H
#define MOE_LIB_FILES_FILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/InitLLVM.h"

#include <csignal>
#include <optional>

namespace moe::files {

/// Notes what a tool reads and none of its outputs may replace: writeFile()
/// refuses it from then on, whatever it is called there. In other processes
/// this does nothing, since the host of a library may write what it has read
/// before.
void protectInput(llvm::StringRef path);

/// The error that writeFile() would give for an input: "cannot write '<path>':
/// it is an input". For those who want to know before a long run.
llvm::Error checkOutput(llvm::StringRef path);

/// Writes the pieces, one behind the other, to a temporary file that then takes
/// the name: a failure leaves no half of a file behind and an older file stays.
/// A link stays one. What is no regular file, a device or a pipe, is written to
/// directly. The error is "cannot write '<path>': <why>".
llvm::Error writeFile(llvm::StringRef path,
                      llvm::ArrayRef<llvm::ArrayRef<uint8_t>> pieces);

/// A tool's main() begins with one, in place of llvm::InitLLVM: a signal that
/// ends the process removes the temporary files, what was ignored from the
/// start (by nohup, in the background of a shell) stays ignored, where LLVM's
/// handlers would remove the files all the same, and a file over the process's
/// limit is an error of the write. A library leaves the signals to its host.
class ToolProcess {
public:
  ToolProcess(int &argc, char **&argv);

private:
  std::optional<llvm::InitLLVM> init;
};

/// Holds back the signals to this thread while it lives: around making a
/// temporary file and noting it for removal, between which one would leave it.
class HeldSignals {
public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals &) = delete;
  HeldSignals &operator=(const HeldSignals &) = delete;

private:
  sigset_t before;
};

/// Flushes standard output. The error is "cannot write to standard output:
/// <why>".
llvm::Error flushStandardOutput();

/// The whole of a file, a pipe, or standard input, "-". Errors: "cannot read
/// '<path>': <why>"; more than `most` bytes, of which no more are read.
llvm::Expected<std::string> readText(llvm::StringRef path, uint64_t most);

} // namespace moe::files

#endif // MOE_LIB_FILES_FILES_H
