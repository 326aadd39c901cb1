//===- RunFiles.cpp - buffers and files of the runner ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading and writing whole files, and the .npy header: a magic, a version, a
// length and a Python dictionary literal, of which only the three keys that
// NumPy writes are understood.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/RunFiles.h"
#include "Driver/Options/OutputFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/raw_ostream.h"
#include <limits>

using namespace llvm;
using namespace moe::driver;

Error moe::driver::failure(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

Expected<HostBuffer> HostBuffer::allocate(uint64_t bytes) {
  HostBuffer buffer;
  if (bytes > std::numeric_limits<ptrdiff_t>::max())
    return failure("cannot allocate " + Twine(bytes) + " bytes");
  buffer.length = static_cast<size_t>(bytes);
  // calloc takes large blocks from the system, which are zero without a touch.
  buffer.memory.reset(static_cast<uint8_t *>(
      std::calloc(buffer.length ? buffer.length : 1, 1)));
  if (!buffer.memory)
    return failure("cannot allocate " + Twine(bytes) + " bytes");
  return buffer;
}

HostBuffer HostBuffer::view(const void *data, uint64_t bytes) {
  HostBuffer buffer;
  buffer.length = static_cast<size_t>(bytes);
  // What only reads gets it as a const object.
  buffer.memory = std::unique_ptr<uint8_t[], Free>(
      static_cast<uint8_t *>(const_cast<void *>(data)),
      Free{/*borrowed=*/true});
  return buffer;
}

Expected<HostBuffer> moe::driver::readFile(StringRef path) {
  Expected<sys::fs::file_t> file =
      sys::fs::openNativeFileForRead(path, sys::fs::OF_None);
  if (!file)
    return failure("cannot read '" + path + "': " + toString(file.takeError()));
  auto read = [&]() -> Expected<HostBuffer> {
    sys::fs::file_status status;
    if (std::error_code error = sys::fs::status(*file, status))
      return failure("cannot read '" + path + "': " + error.message());
    if (status.type() != sys::fs::file_type::regular_file)
      return failure("cannot read '" + path + "': not a regular file");
    Expected<HostBuffer> buffer = HostBuffer::allocate(status.getSize());
    if (!buffer)
      return failure("'" + path + "': " + toString(buffer.takeError()));
    uint64_t done = 0;
    while (done < buffer->size()) {
      // The kernel moves at most 2 GiB at once.
      uint64_t piece = std::min<uint64_t>(buffer->size() - done, 1u << 30);
      Expected<size_t> got = sys::fs::readNativeFile(
          *file, MutableArrayRef(
                     reinterpret_cast<char *>(buffer->data()) + done, piece));
      if (!got)
        return failure("cannot read '" + path +
                       "': " + toString(got.takeError()));
      if (*got == 0)
        return failure("'" + path + "' ended after " + Twine(done) +
                       " bytes, expected " + Twine(buffer->size()));
      done += *got;
    }
    return buffer;
  };
  Expected<HostBuffer> buffer = read();
  sys::fs::closeFile(*file);
  return buffer;
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
    if (key == "descr") {
      seen[0] = true;
      return descr(array);
    }
    if (key == "fortran_order") {
      seen[1] = true;
      if (take("False"))
        return Error::success();
      if (take("True"))
        return failure("'" + path +
                       "': expected an array in C order, got Fortran order");
      return bad("expected True or False");
    }
    if (key == "shape") {
      seen[2] = true;
      return shape(array);
    }
    return bad("unknown key '" + key + "'");
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

Expected<NpyArray> moe::driver::readNpy(StringRef path, ArrayRef<DType> types) {
  Expected<HostBuffer> file = readFile(path);
  if (!file)
    return file.takeError();
  StringRef text(reinterpret_cast<const char *>(file->data()), file->size());
  if (text.size() < 10 || !text.starts_with("\x93NUMPY"))
    return failure("'" + path + "': expected a .npy file, got other contents");
  unsigned major = static_cast<uint8_t>(text[6]);
  if (major < 1 || major > 3)
    return failure("'" + path + "': expected .npy version 1, 2 or 3, got " +
                   Twine(major));
  size_t begin = major == 1 ? 10 : 12;
  if (text.size() < begin)
    return failure("'" + path + "': truncated .npy header");
  uint64_t length = major == 1 ? support::endian::read16le(text.data() + 8)
                               : support::endian::read32le(text.data() + 8);
  if (text.size() - begin < length)
    return failure("'" + path + "': truncated .npy header: expected " +
                   Twine(length) + " bytes, got " +
                   Twine(uint64_t(text.size() - begin)));
  NpyArray array;
  if (Error error =
          HeaderParser(text.substr(begin, length), path, types).parse(array))
    return std::move(error);

  uint64_t expected =
      static_cast<uint64_t>(array.elements() * byteWidth(array.type));
  uint64_t got = text.size() - begin - length;
  if (got != expected)
    return failure("'" + path + "': expected " + Twine(expected) +
                   " bytes for " + toString(array.type) + " " +
                   shapeString(array.shape) + ", got " + Twine(got));
  if ((begin + length) % byteWidth(array.type) == 0) {
    file->dropFront(begin + length);
    array.data = std::move(*file);
    return std::move(array);
  }
  // Somebody's header is not padded: align the elements.
  Expected<HostBuffer> data = HostBuffer::allocate(expected);
  if (!data)
    return data.takeError();
  if (expected)
    std::memcpy(data->data(), text.data() + begin + length, expected);
  array.data = std::move(*data);
  return std::move(array);
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
  return writeFile(path, {arrayRefFromStringRef(start), data});
}
