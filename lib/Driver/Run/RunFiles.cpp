//===- RunFiles.cpp - files of the runner ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading and writing whole files, and the .npy header: a magic, a version, a
// length and a Python dictionary literal, of which only the three keys that
// NumPy writes are understood.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunFiles.h"
#include "Files/Files.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include <array>
#include <limits>
#include <unistd.h>
#include <utility>

using namespace llvm;
using namespace moe::driver;

Error moe::driver::failure(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

Expected<InputFile> InputFile::open(StringRef path) {
  auto cannot = [&](const Twine &why) {
    return failure("cannot read '" + path + "': " + why);
  };
  auto regular = [](const sys::fs::file_status &status) {
    return status.type() == sys::fs::file_type::regular_file;
  };
  sys::fs::file_status status;
  // Opening a named pipe would wait for its writer.
  if (!sys::fs::status(path, status) && !regular(status))
    return cannot("not a regular file");
  int number = -1;
  if (std::error_code error = sys::fs::openFileForRead(path, number))
    return cannot(error.message());
  InputFile file(path.str(), number);
  if (std::error_code error = sys::fs::status(number, status))
    return cannot(error.message());
  if (!regular(status))
    return cannot("not a regular file");
  file.bytes = status.getSize();
  return file;
}

InputFile::InputFile(InputFile &&other) noexcept
    : path(std::move(other.path)), file(std::exchange(other.file, -1)),
      bytes(other.bytes), done(other.done) {}

InputFile::~InputFile() {
  if (file >= 0)
    sys::Process::SafelyCloseFileDescriptor(file);
}

Error InputFile::read(MutableArrayRef<uint8_t> into) {
  const uint64_t end = done + into.size();
  while (!into.empty()) {
    // The kernel moves at most 2 GiB at once.
    auto piece = into.take_front(size_t(1) << 30);
    Expected<size_t> got = sys::fs::readNativeFile(
        sys::fs::convertFDToNativeFile(file),
        MutableArrayRef(reinterpret_cast<char *>(piece.data()), piece.size()));
    if (!got)
      return failure("cannot read '" + path +
                     "': " + toString(got.takeError()));
    if (*got == 0)
      return failure("'" + path + "' ended after " + Twine(done) +
                     " bytes, expected " + Twine(end));
    done += *got;
    into = into.drop_front(*got);
  }
  return Error::success();
}

/// Of the machine; no limit where that is not known.
static uint64_t physicalMemory() {
  long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  return pages > 0 && size > 0 ? uint64_t(pages) * uint64_t(size) : UINT64_MAX;
}

Expected<HostBuffer> InputFile::read(uint64_t count) {
  // Memory that is promised and then not there ends the process.
  if (count > physicalMemory())
    return failure("'" + path + "': expected at most the " +
                   Twine(physicalMemory()) +
                   " bytes of this machine's memory, got " + Twine(count));
  Expected<HostBuffer> buffer = HostBuffer::allocate(count);
  if (!buffer)
    return failure("'" + path + "': " + toString(buffer.takeError()));
  if (Error error = read(buffer->bytes()))
    return std::move(error);
  return buffer;
}

std::string moe::driver::placeOf(StringRef path) {
  SmallString<256> place(path);
  if (sys::fs::make_absolute(place))
    return path.str(); // there is no current folder
  sys::path::remove_dots(place);
  return place.str().str();
}

Expected<HostBuffer> moe::driver::readFile(StringRef path, uint64_t most) {
  Expected<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeError();
  if (file->size() > most)
    return failure("'" + path + "': expected at most " + Twine(most) +
                   " bytes, got " + Twine(file->size()));
  return file->read(file->size());
}

//===----------------------------------------------------------------------===//
// .npy
//===----------------------------------------------------------------------===//

namespace {
struct TypeName {
  DType type;
  const char *name, *descr;
  int64_t width;
};
} // namespace

static constexpr TypeName kTypes[] = {
    {DType::U8, "uint8", "|u1", 1},    {DType::U16, "uint16", "<u2", 2},
    {DType::I32, "int32", "<i4", 4},   {DType::I64, "int64", "<i8", 8},
    {DType::F16, "float16", "<f2", 2}, {DType::F32, "float32", "<f4", 4},
};

const char *moe::driver::toString(DType type) {
  return kTypes[static_cast<int>(type)].name;
}
int64_t moe::driver::byteWidth(DType type) {
  return kTypes[static_cast<int>(type)].width;
}

int64_t NpyArray::elements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

std::string moe::driver::shapeString(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::string moe::driver::namesOf(ArrayRef<DType> types) {
  std::string text;
  for (size_t i = 0; i < types.size(); ++i) {
    text += i == 0 ? "" : i + 1 == types.size() ? " or " : ", ";
    text += toString(types[i]);
    if (types[i] == DType::U16)
      text += " (the bits of bf16)";
  }
  return text;
}

namespace {
/// Reads the dictionary literal of a header.
class HeaderParser {
public:
  HeaderParser(StringRef text, StringRef path, ArrayRef<DType> types)
      : rest(text), path(path), types(types) {}

  Error parse(NpyArray &array) {
    if (!take("{"))
      return bad("expected a dictionary");
    bool seen[3] = {};
    while (!take("}")) {
      Expected<StringRef> key = string();
      if (!key)
        return key.takeError();
      if (!take(":"))
        return bad("expected ':' after '" + *key + "'");
      if (Error error = value(*key, array, seen))
        return error;
      if (!take(",") && !rest.ltrim().starts_with("}"))
        return bad("expected ',' or '}'");
    }
    if (!rest.trim().empty())
      return bad("expected its end after '}'");
    if (!seen[0] || !seen[1] || !seen[2])
      return bad("expected the keys 'descr', 'fortran_order' and 'shape'");
    return Error::success();
  }

private:
  Error bad(const Twine &what) const {
    return failure("'" + path + "': malformed .npy header: " + what);
  }
  bool take(StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }
  Expected<StringRef> string() {
    rest = rest.ltrim();
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      return bad("expected a string");
    size_t end = rest.find(rest[0], 1);
    if (end == StringRef::npos)
      return bad("unterminated string");
    StringRef text = rest.slice(1, end);
    rest = rest.drop_front(end + 1);
    return text;
  }

  Error value(StringRef key, NpyArray &array, bool (&seen)[3]) {
    constexpr StringRef keys[] = {"descr", "fortran_order", "shape"};
    const auto *known = llvm::find(keys, key);
    if (known == std::end(keys))
      return bad("unknown key '" + key + "'");
    if (std::exchange(seen[known - keys], true))
      return bad("the key '" + key + "' occurs twice");
    if (key == "descr")
      return descr(array);
    if (key == "shape")
      return shape(array);
    if (take("False"))
      return Error::success();
    if (take("True"))
      return failure("'" + path +
                     "': expected an array in C order, got Fortran order");
    return bad("expected True or False");
  }

  Error descr(NpyArray &array) {
    Expected<StringRef> text = string();
    if (!text)
      return failure("'" + path +
                     "': expected a plain element type, got a "
                     "structured one (" +
                     toString(text.takeError()) + ")");
    std::string got = "element type '" + text->str() + "'";
    for (const TypeName &entry : kTypes)
      // A byte has no order: NumPy writes '|', others may write '<'.
      if (*text == entry.descr ||
          (entry.width == 1 && text->drop_front() == "u1")) {
        array.type = entry.type;
        if (is_contained(types, entry.type))
          return Error::success();
        got = entry.name;
      }
    return failure("'" + path + "': expected " + namesOf(types) +
                   (text->starts_with(">") ? ", little endian" : "") +
                   ", got " + got);
  }

  Error shape(NpyArray &array) {
    if (!take("("))
      return bad("expected a tuple as the shape");
    uint64_t total = static_cast<uint64_t>(byteWidth(DType::I64));
    while (!take(")")) {
      rest = rest.ltrim();
      uint64_t size;
      if (rest.consumeInteger(10, size))
        return bad("expected a size");
      bool overflow = false;
      if (size)
        total = SaturatingMultiply(total, size, &overflow);
      if (overflow || total > uint64_t(1) << 62)
        return bad("the shape is too large");
      array.shape.push_back(static_cast<int64_t>(size));
      if (!take(",") && !rest.ltrim().starts_with(")"))
        return bad("expected ',' or ')'");
    }
    return Error::success();
  }

  StringRef rest, path;
  ArrayRef<DType> types;
};
} // namespace

/// The file behind magic, version and length: the header's text.
static Expected<std::string> readNpyHeader(InputFile &file, StringRef path) {
  std::array<uint8_t, 12> start = {};
  MutableArrayRef<uint8_t> bytes(start);
  bytes = bytes.take_front(std::min<uint64_t>(file.size(), 10));
  if (Error error = file.read(bytes))
    return std::move(error);
  if (!toStringRef(bytes).starts_with("\x93NUMPY") || bytes.size() < 10)
    return failure("'" + path + "': expected a .npy file, got other contents");
  const unsigned major = start[6];
  if (major < 1 || major > 3)
    return failure("'" + path + "': expected .npy version 1, 2 or 3, got " +
                   Twine(major));
  uint64_t begin = 10, length = support::endian::read16le(&start[8]);
  if (major > 1) {
    if (file.size() < 12)
      return failure("'" + path + "': truncated .npy header");
    if (Error error = file.read(MutableArrayRef(start).drop_front(10)))
      return std::move(error);
    begin = 12;
    length = support::endian::read32le(&start[8]);
  }
  if (file.size() - begin < length)
    return failure("'" + path + "': truncated .npy header: expected " +
                   Twine(length) + " bytes, got " + Twine(file.size() - begin));
  // A plain type's is far smaller.
  constexpr uint64_t most = 1 << 20;
  if (length > most)
    return failure("'" + path + "': expected a .npy header of at most " +
                   Twine(most) + " bytes, got " + Twine(length));
  std::string text(length, '\0');
  if (Error error =
          file.read({reinterpret_cast<uint8_t *>(text.data()), text.size()}))
    return std::move(error);
  return text;
}

/// All but the data, which is what is left of the file.
static Expected<NpyArray>
readNpyStart(InputFile &file, StringRef path, ArrayRef<DType> types,
             function_ref<Error(const NpyArray &)> check) {
  Expected<std::string> header = readNpyHeader(file, path);
  if (!header)
    return header.takeError();
  NpyArray array;
  if (Error error = HeaderParser(*header, path, types).parse(array))
    return std::move(error);
  auto expected =
      static_cast<uint64_t>(array.elements() * byteWidth(array.type));
  if (uint64_t got = file.left(); got != expected)
    return failure("'" + path + "': expected " + Twine(expected) +
                   " bytes for " + toString(array.type) + " " +
                   shapeString(array.shape) + ", got " + Twine(got));
  if (check)
    if (Error error = check(array))
      return std::move(error);
  return std::move(array);
}

Expected<NpyArray>
moe::driver::readNpy(StringRef path, ArrayRef<DType> types,
                     function_ref<Error(const NpyArray &)> check) {
  Expected<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeError();
  Expected<NpyArray> array = readNpyStart(*file, path, types, check);
  if (!array)
    return array;
  if (Error error = file->read(file->left()).moveInto(array->data))
    return std::move(error);
  return array;
}

Expected<NpyArray>
moe::driver::describeNpy(StringRef path, ArrayRef<DType> types,
                         function_ref<Error(const NpyArray &)> check) {
  Expected<InputFile> file = InputFile::open(path);
  if (!file)
    return file.takeError();
  return readNpyStart(*file, path, types, check);
}

Error moe::driver::writeNpy(StringRef path, DType type, ArrayRef<int64_t> shape,
                            ArrayRef<uint8_t> data) {
  std::string header = "{'descr': '";
  header += kTypes[static_cast<int>(type)].descr;
  header += "', 'fortran_order': False, 'shape': (";
  for (int64_t size : shape)
    header += std::to_string(size) + ", ";
  if (shape.size() > 1) // a tuple of one keeps its comma
    header.resize(header.size() - 2);
  header += "), }";
  // The data starts at a multiple of 64 bytes; the header ends in a newline.
  while ((10 + header.size() + 1) % 64)
    header += ' ';
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(header.size() & 255);
  start += static_cast<char>(header.size() >> 8);
  start += header;
  return files::writeFile(path, {arrayRefFromStringRef(start), data});
}
