//===- Library.h - libamdhip64 at run time ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads HIP's library by name, so that what uses it builds and starts without
// it, and names errors. Standard library only: this goes into libraries that
// must not bring LLVM along. What is done with the functions is elsewhere.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_HIP_LIBRARY_H
#define MOE_HIP_LIBRARY_H

#include "moe/HIP/Abi.h"
#include <memory>
#include <string>

namespace moe::hip {

/// The functions of one loaded library. Stays loaded until the process ends.
class Library {
public:
  /// The library of that name or path; with an empty one that of the process,
  /// if it has one already, else libamdhip64.so of the majors 7, 6 and 5. Null
  /// and a reason if there is none or a function is missing.
  static std::unique_ptr<Library> load(const std::string &name,
                                       std::string &reason);

  /// What the process has, or null.
  static std::unique_ptr<Library> ofProcess();

  /// Whether there is a device to run on; the reason if not.
  bool hasDevice(std::string &reason) const;

  /// "hipErrorInvalidValue (invalid argument)".
  static std::string describe(int status);

  /// A function that only some libraries have, or null.
  void *find(const char *symbol) const;

  /// Whether this is the emulated library.
  bool isEmulated() const { return find("moeHipChipFromCode"); }

#define MOE_HIP_SYMBOL(NAME, PARAMETERS) int(*NAME) PARAMETERS = nullptr;
#include "moe/HIP/Symbols.def"

private:
  explicit Library(void *handle) : handle(handle) {}
  bool resolve(const std::string &name, std::string &reason);
  void *handle;
};

} // namespace moe::hip

#endif // MOE_HIP_LIBRARY_H
