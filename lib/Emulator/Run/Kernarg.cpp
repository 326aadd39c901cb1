//===- Kernarg.cpp - the kernel arguments of a launch ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each argument is placed by its position, its name or an offset; then buffers
// are mapped and everything is written to the segment.
//
//===----------------------------------------------------------------------===//

#include "Run/Kernarg.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using namespace moe::emulator;

static Error failure(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

static std::string describe(const KernelInfo &kernel, size_t i,
                            const Arg &arg) {
  return ("kernel '" + kernel.name + "': argument " + Twine(i) +
          (arg.name.empty() ? "" : " ('" + arg.name + "')"))
      .str();
}

/// The metadata's argument that a launch's argument stands for.
static Expected<const KernelArg *> findSlot(const KernelInfo &kernel, size_t i,
                                            const Arg &arg) {
  bool hasNames =
      any_of(kernel.args, [](const KernelArg &a) { return !a.name.empty(); });
  if (arg.place == Arg::Place::Position || !hasNames) {
    if (i < kernel.args.size())
      return &kernel.args[i];
    return failure("kernel '" + kernel.name + "': expected at most " +
                   Twine(kernel.args.size()) + " arguments, got " +
                   Twine(i + 1));
  }
  const KernelArg *found = nullptr;
  std::string names;
  for (const KernelArg &slot : kernel.args) {
    if (slot.name == arg.name) {
      if (found)
        return failure(describe(kernel, i, arg) +
                       ": the metadata has several arguments of that name, "
                       "give its offset");
      found = &slot;
    }
    names += (names.empty() ? "'" : ", '") + slot.name + "'";
  }
  if (found)
    return found;
  return failure(describe(kernel, i, arg) +
                 ": the metadata has no argument of that name, it has " +
                 names);
}

static Error checkSize(const KernelInfo &kernel, size_t i, const Arg &arg,
                       const KernelArg &slot) {
  if (arg.kind == Arg::Kind::Buffer && slot.size != 8)
    return failure(describe(kernel, i, arg) + ": expected " + Twine(slot.size) +
                   " bytes by value, got a buffer");
  if (arg.kind == Arg::Kind::Scalar && arg.value.size() != slot.size)
    return failure(describe(kernel, i, arg) + ": expected " + Twine(slot.size) +
                   " bytes, got " + Twine(arg.value.size()) +
                   (arg.value.size() > slot.size
                        ? "; bytes for several arguments need an offset"
                        : ""));
  return Error::success();
}

/// What an argument says of others' buffers: a part of one, pointers to some.
static Error checkReferences(const KernelInfo &kernel, const Launch &launch,
                             size_t i) {
  const Arg &arg = launch.args[i];
  auto isBuffer = [&](size_t other) {
    return other < launch.args.size() &&
           launch.args[other].kind == Arg::Kind::Buffer &&
           !launch.args[other].null;
  };
  if (arg.sameAs && (!isBuffer(*arg.sameAs) || launch.args[*arg.sameAs].sameAs))
    return failure(describe(kernel, i, arg) +
                   ": expected the number of an argument with a buffer of "
                   "its own, got " +
                   Twine(*arg.sameAs));
  uint64_t size =
      arg.kind == Arg::Kind::Scalar ? arg.value.size() : arg.bytes.size();
  for (const Arg::Pointer &pointer : arg.pointers) {
    if (pointer.at > size || size - pointer.at < 8)
      return failure(describe(kernel, i, arg) + ": a pointer at byte " +
                     Twine(pointer.at) + " does not fit its " + Twine(size) +
                     " bytes");
    if (!isBuffer(pointer.arg))
      return failure(describe(kernel, i, arg) +
                     ": expected a pointer to a buffer, got one to argument " +
                     Twine(pointer.arg));
  }
  return Error::success();
}

Expected<std::vector<std::optional<uint64_t>>>
moe::emulator::placeArguments(const KernelInfo &kernel, const Launch &launch) {
  if (launch.kernarg && !launch.args.empty())
    return failure("expected arguments or the bytes of the kernarg segment, "
                   "got both");
  if (launch.kernarg && launch.kernarg->size() > kernel.kernargSize)
    return failure("kernel '" + kernel.name + "': expected at most " +
                   Twine(kernel.kernargSize) + " bytes of arguments, got " +
                   Twine(launch.kernarg->size()));
  auto isPositional = [](const Arg &arg) {
    return arg.place == Arg::Place::Position;
  };
  if (launch.args.size() > kernel.args.size() &&
      all_of(launch.args, isPositional))
    return failure("kernel '" + kernel.name + "': expected at most " +
                   Twine(kernel.args.size()) + " arguments, got " +
                   Twine(launch.args.size()));
  std::vector<std::optional<uint64_t>> places;
  struct Taken {
    uint64_t begin, end;
    size_t arg;
  };
  std::vector<Taken> taken;
  for (size_t i = 0; i < launch.args.size(); ++i) {
    const Arg &arg = launch.args[i];
    if (Error error = checkReferences(kernel, launch, i))
      return std::move(error);
    if (arg.place == Arg::Place::None) {
      places.push_back(std::nullopt);
      continue;
    }
    uint64_t size = arg.kind == Arg::Kind::Buffer ? 8 : arg.value.size();
    uint64_t begin = arg.offset;
    if (arg.place != Arg::Place::Offset) {
      auto slot = findSlot(kernel, i, arg);
      if (!slot)
        return slot.takeError();
      if (Error error = checkSize(kernel, i, arg, **slot))
        return std::move(error);
      begin = (*slot)->offset;
    }
    if (begin > kernel.kernargSize || kernel.kernargSize - begin < size)
      return failure(describe(kernel, i, arg) + ": " + Twine(size) +
                     " bytes at byte " + Twine(begin) +
                     " do not fit the kernarg segment of " +
                     Twine(kernel.kernargSize) + " bytes");
    for (const Taken &other : taken)
      if (begin < other.end && other.begin < begin + size)
        return failure(describe(kernel, i, arg) + ": byte " +
                       Twine(std::max(begin, other.begin)) +
                       " of the kernarg segment belongs to argument " +
                       Twine(other.arg) + " already");
    taken.push_back({begin, begin + size, i});
    places.push_back(begin);
  }
  return places;
}

/// Where one of the launch's arguments stands for several of the kernel's: what
/// it covers.
static std::string describeCovered(const KernelInfo &kernel,
                                   const Launch &launch,
                                   ArrayRef<std::optional<uint64_t>> places) {
  for (auto [arg, place] : zip(launch.args, places)) {
    if (!place || arg.kind == Arg::Kind::Buffer)
      continue;
    uint64_t end = *place + arg.value.size();
    auto isCovered = [&, begin = *place](const KernelArg &slot) {
      return begin <= slot.offset && slot.offset < end;
    };
    if (count_if(kernel.args, isCovered) > 1)
      return "; bytes with an offset pass all arguments that they cover, here "
             "those from byte " +
             std::to_string(*place) + " to " + std::to_string(end - 1) +
             " of " + std::to_string(kernel.kernargSize);
  }
  return "";
}

std::optional<std::string>
moe::emulator::missingArguments(const KernelInfo &kernel, const Launch &launch,
                                ArrayRef<std::optional<uint64_t>> places) {
  // Bytes at an offset may hold several arguments.
  auto isGiven = [&](const KernelArg &slot) {
    for (auto [arg, place] : zip(launch.args, places)) {
      uint64_t size = arg.kind == Arg::Kind::Buffer ? 8 : arg.value.size();
      if (place && *place <= slot.offset && slot.offset < *place + size)
        return true;
    }
    return false;
  };
  std::string names;
  bool onlyPointers = true;
  size_t count = 0;
  for (auto [i, slot] : enumerate(kernel.args)) {
    if (isGiven(slot))
      continue;
    ++count;
    onlyPointers &= slot.isPointer();
    names += (names.empty() ? "" : ", ") +
             (slot.name.empty() ? "argument " + std::to_string(i)
                                : "'" + slot.name + "'");
  }
  if (!count || onlyPointers)
    return std::nullopt;
  return "kernel '" + kernel.name + "': expected " +
         std::to_string(kernel.args.size()) + " arguments, got " +
         std::to_string(kernel.args.size() - count) + "; zero is passed for " +
         names + describeCovered(kernel, launch, places);
}

/// Maps what is a buffer of its own; the addresses, 0 for everything else.
static Expected<std::vector<uint64_t>>
mapBuffers(const KernelInfo &kernel, const Launch &launch, Memory &memory,
           function_ref<void(uint64_t)> watch) {
  std::vector<uint64_t> addresses(launch.args.size(), 0);
  for (size_t i = 0; i < launch.args.size(); ++i) {
    const Arg &arg = launch.args[i];
    if (arg.kind != Arg::Kind::Buffer || arg.null || arg.sameAs)
      continue;
    bool positional = arg.place == Arg::Place::Position;
    Region region;
    region.size = arg.size;
    region.data = arg.pages ? nullptr : arg.bytes.data();
    region.pages = arg.pages;
    region.readOnly = arg.readOnly;
    region.name = !arg.name.empty() ? arg.name
                  : positional && !kernel.args[i].name.empty()
                      ? kernel.args[i].name
                      : "argument " + std::to_string(i);
    addresses[i] = memory.map(std::move(region));
    if (!addresses[i])
      return failure("the buffers do not fit the emulated address space of "
                     "128 TiB");
    if (!arg.readOnly && arg.size <= 65536)
      watch(addresses[i]);
  }
  for (size_t i = 0; i < launch.args.size(); ++i) {
    const Arg &arg = launch.args[i];
    if (arg.sameAs)
      addresses[i] = addresses[*arg.sameAs] + arg.plus;
  }
  return addresses;
}

Error moe::emulator::fillExplicit(const KernelInfo &kernel,
                                  const Launch &launch,
                                  ArrayRef<std::optional<uint64_t>> places,
                                  Memory &memory, std::vector<uint8_t> &kernarg,
                                  function_ref<void(uint64_t)> watch) {
  auto addresses = mapBuffers(kernel, launch, memory, watch);
  if (!addresses)
    return addresses.takeError();
  for (size_t i = 0; i < launch.args.size(); ++i) {
    const Arg &arg = launch.args[i];
    std::vector<uint8_t> value = arg.value;
    bool scalar = arg.kind == Arg::Kind::Scalar;
    MutableArrayRef<uint8_t> bytes =
        scalar ? MutableArrayRef<uint8_t>(value) : arg.bytes;
    for (const Arg::Pointer &pointer : arg.pointers)
      support::endian::write64le(bytes.data() + pointer.at,
                                 (*addresses)[pointer.arg] + pointer.plus);
    if (!places[i])
      continue;
    if (scalar)
      memcpy(kernarg.data() + *places[i], value.data(), value.size());
    else
      support::endian::write64le(kernarg.data() + *places[i], (*addresses)[i]);
  }
  return Error::success();
}

void moe::emulator::fillHidden(const KernelInfo &kernel, const Launch &launch,
                               uint64_t queueAddress,
                               std::vector<uint8_t> &kernarg) {
  unsigned dims = launch.grid[2] * launch.block[2] > 1   ? 3
                  : launch.grid[1] * launch.block[1] > 1 ? 2
                                                         : 1;
  for (const KernelArg &arg : kernel.hidden) {
    StringRef kind = StringRef(arg.valueKind).drop_front(strlen("hidden_"));
    uint64_t value = 0;
    unsigned axis = kind.ends_with("_x") ? 0 : kind.ends_with("_y") ? 1 : 2;
    if (kind.starts_with("block_count_"))
      value = launch.grid[axis];
    else if (kind.starts_with("group_size_"))
      value = launch.block[axis];
    else if (kind == "grid_dims")
      value = dims;
    else if (kind == "dynamic_lds_size")
      value = launch.dynamicLds;
    else if (kind == "private_base")
      value = privateAperture;
    else if (kind == "shared_base")
      value = sharedAperture;
    else if (kind == "queue_ptr")
      value = queueAddress;
    // The rest (remainders, offsets, printf, host call, heap) is zero.
    for (unsigned b = 0; b < arg.size && b < 8; ++b)
      kernarg[arg.offset + b] = uint8_t(value >> (8 * b));
  }
}
