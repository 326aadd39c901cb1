//===- Library.cpp - libamdhip64 at run time ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the library and its functions.
//
//===----------------------------------------------------------------------===//

#include "moe/HIP/Library.h"
#include <dlfcn.h>

using namespace moe::hip;

bool Library::resolve(const std::string &name, std::string &reason) {
#define MOE_HIP_SYMBOL(NAME, PARAMETERS)                                       \
  NAME = reinterpret_cast<int(*) PARAMETERS>(find(#NAME));                     \
  if (!NAME) {                                                                 \
    reason = "'" + name + "' has no function " #NAME;                          \
    return false;                                                              \
  }
#include "moe/HIP/Symbols.def"
  return true;
}

void *Library::find(const char *symbol) const { return dlsym(handle, symbol); }

std::unique_ptr<Library> Library::ofProcess() {
  std::unique_ptr<Library> library(new Library(RTLD_DEFAULT));
  std::string reason;
  return library->resolve("the process", reason) ? std::move(library) : nullptr;
}

std::unique_ptr<Library> Library::load(const std::string &name,
                                       std::string &reason) {
  if (name.empty())
    if (std::unique_ptr<Library> library = ofProcess())
      return library;
  void *handle = nullptr;
  std::string opened = name;
  if (!name.empty())
    handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  else
    for (const char *known : {"libamdhip64.so.7", "libamdhip64.so.6",
                              "libamdhip64.so.5", "libamdhip64.so"})
      if (!handle) {
        handle = dlopen(known, RTLD_NOW | RTLD_LOCAL);
        opened = known;
      }
  if (!handle) {
    const char *why = dlerror();
    if (name.empty())
      reason = "cannot find libamdhip64.so: HIP is not installed";
    else
      reason = "cannot load HIP: " + (why ? std::string(why) : name);
    return nullptr;
  }
  std::unique_ptr<Library> library(new Library(handle));
  return library->resolve(opened, reason) ? std::move(library) : nullptr;
}

bool Library::hasDevice(std::string &reason) const {
  int count = 0;
  int status = hipInit(0);
  if (status == hipSuccess)
    status = hipGetDeviceCount(&count);
  if (status == hipSuccess && count > 0)
    return true;
  reason = "HIP finds no device: " +
           (status == hipSuccess ? "it counts 0" : describe(status));
  return false;
}

std::string Library::describe(int status) {
  switch (status) {
#define MOE_HIP_ERROR(NAME, VALUE, TEXT)                                       \
  case VALUE:                                                                  \
    return #NAME " (" TEXT ")";
#include "moe/HIP/Errors.def"
  default:
    return "hipError_t " + std::to_string(status);
  }
}
