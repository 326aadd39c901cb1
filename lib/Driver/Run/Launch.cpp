//===- Launch.cpp - launch files: any code object with given buffers ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns the JSON into buffers and bytes, checking every value against the type
// it must fit. What is done with them is in LaunchRequest.cpp.
//
//===----------------------------------------------------------------------===//

#include "Driver/Run/Launch.h"
#include "Driver/Options/Flags.h"
#include "Files/Files.h"
#include "Files/ParseJSON.h"
#include "moe/CodeObject/CodeObject.h"
#include "moe/Reference/Scalars.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/Path.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace llvm;
using namespace moe::driver;

namespace {
/// Reads one launch file; `at` in the messages is the place, like args[3].
class Reader {
public:
  explicit Reader(StringRef path) : path(path) {}
  Expected<LaunchFile> read();

private:
  Error bad(const Twine &what) const {
    return failure("'" + path + "': " + what);
  }
  std::string resolve(StringRef file) const;
  Expected<HostBuffer> load(StringRef at, StringRef file,
                            uint64_t most = UINT64_MAX) const;
  void warnUnknown(StringRef at, const json::Object &object,
                   ArrayRef<StringRef> known);

  Expected<std::string> string(StringRef at, const json::Object &object,
                               StringRef key) const;
  Expected<std::string> fileName(StringRef at, const json::Object &object,
                                 StringRef key) const;
  Expected<double> tolerance(const json::Object &object, StringRef key) const;
  Error triple(const json::Object &object, StringRef key,
               std::array<uint32_t, 3> &out) const;
  Expected<CompareType> compareType(const json::Object &object,
                                    StringRef key) const;
  Expected<LaunchArg> argument(StringRef at, const json::Object &object);
  Error buffer(StringRef at, const json::Object &object, LaunchArg &arg);
  Error scalar(StringRef at, StringRef kind, const json::Object &object,
               LaunchArg &arg) const;
  Error floating(StringRef at, StringRef kind, const json::Value &value,
                 LaunchArg &arg) const;
  Error place(StringRef at, const json::Object &object, LaunchArg &arg) const;
  Error bytes(StringRef at, const json::Object &object, LaunchArg &arg) const;
  Error pointers(StringRef at, const json::Object &object,
                 LaunchArg &arg) const;
  Error shared(StringRef at, const json::Object &object, LaunchArg &arg);
  Expected<uint64_t> count(StringRef at, const json::Object &object,
                           StringRef key) const;
  Expected<HostBuffer> contents(StringRef at, const json::Object &object,
                                LaunchArg &arg) const;
  Error codeObject(const json::Object &object);
  Error list(const json::Object &object, StringRef key, bool placed);
  Error resolve() const;
  const LaunchArg *bufferNamed(StringRef name) const;
  Error expect(const json::Object &object);

  std::string path;
  LaunchFile file;
};
} // namespace

/// What a JSON value is, for messages.
static std::string describe(const json::Value *value) {
  if (!value)
    return "nothing";
  std::string text;
  raw_string_ostream os(text);
  os << *value;
  return text.size() > 40 ? text.substr(0, 37) + "..." : text;
}

std::string Reader::resolve(StringRef name) const {
  if (sys::path::is_absolute(name))
    return name.str();
  SmallString<256> full(sys::path::parent_path(path));
  sys::path::append(full, name);
  return full.str().str();
}

Expected<HostBuffer> Reader::load(StringRef at, StringRef name,
                                  uint64_t most) const {
  Expected<HostBuffer> contents = readFile(resolve(name), most);
  if (!contents)
    return bad(at + ": " + toString(contents.takeError()));
  return contents;
}

void Reader::warnUnknown(StringRef at, const json::Object &object,
                         ArrayRef<StringRef> known) {
  for (const auto &entry : object)
    if (!is_contained(known, StringRef(entry.first)))
      file.warnings.push_back(("'" + path + "': " + at + "unknown key '" +
                               StringRef(entry.first) + "' ignored")
                                  .str());
}

Expected<std::string> Reader::string(StringRef at, const json::Object &object,
                                     StringRef key) const {
  if (std::optional<StringRef> text = object.getString(key))
    return text->str();
  return bad(at + "'" + key + "': expected a string, got " +
             describe(object.get(key)));
}

/// The system would cut the name at a NUL byte.
Expected<std::string> Reader::fileName(StringRef at, const json::Object &object,
                                       StringRef key) const {
  Expected<std::string> name = string(at, object, key);
  if (name && StringRef(*name).contains('\0'))
    return bad(at + "'" + key + "': expected a path without a NUL byte, got " +
               describe(object.get(key)));
  return name;
}

Error Reader::triple(const json::Object &object, StringRef key,
                     std::array<uint32_t, 3> &out) const {
  const json::Array *array = object.getArray(key);
  if (!array || array->size() != 3)
    return bad("'" + key + "': expected [x, y, z], got " +
               describe(object.get(key)));
  for (size_t i = 0; i < 3; ++i) {
    std::optional<int64_t> size = (*array)[i].getAsInteger();
    if (!size || *size < 1 || *size > std::numeric_limits<int32_t>::max())
      return bad("'" + key + "': expected sizes from 1 to 2147483647, got " +
                 describe(&(*array)[i]));
    out[i] = static_cast<uint32_t>(*size);
  }
  return Error::success();
}

Error Reader::floating(StringRef at, StringRef kind, const json::Value &value,
                       LaunchArg &arg) const {
  std::optional<double> number = value.getAsNumber();
  // JSON has no NaN and no infinity: "nan", "inf", "-inf" as strings.
  if (std::optional<StringRef> text = value.getAsString()) {
    Expected<double> parsed = parseNumber(*text);
    if (parsed)
      number = *parsed;
    else
      consumeError(parsed.takeError());
  }
  if (!number)
    return bad(at + "expected a number, got " + describe(&value));
  if (kind == "f64") {
    arg.value.resize(8);
    std::memcpy(arg.value.data(), &*number, 8);
    return Error::success();
  }
  if (std::isfinite(*number) &&
      std::fabs(*number) >=
          moe::reference::overflowThreshold(moe::reference::FloatType::F32))
    return bad(at + "expected a number that fits f32, got " + describe(&value));
  float narrow = static_cast<float>(*number);
  arg.value.resize(4);
  std::memcpy(arg.value.data(), &narrow, 4);
  return Error::success();
}

Error Reader::scalar(StringRef at, StringRef kind, const json::Object &object,
                     LaunchArg &arg) const {
  struct Range {
    StringRef kind;
    size_t width;
    int64_t least;
    uint64_t most;
  };
  static const Range ranges[] = {
      {"u8", 1, 0, 255},         {"i32", 4, INT32_MIN, INT32_MAX},
      {"u32", 4, 0, UINT32_MAX}, {"i64", 8, INT64_MIN, INT64_MAX},
      {"u64", 8, 0, UINT64_MAX},
  };
  const Range *range =
      find_if(ranges, [&](const Range &r) { return r.kind == kind; });
  bool isFloat = kind == "f32" || kind == "f64";
  if (range == std::end(ranges) && !isFloat)
    return bad(at +
               "expected kind buffer, bytes, u8, i32, u32, i64, u64, f32 or "
               "f64, got '" +
               kind + "'");
  const json::Value *value = object.get("value");
  if (!value)
    return bad(at + "expected a 'value', got nothing");
  if (isFloat)
    return floating(at, kind, *value, arg);
  std::optional<int64_t> number = value->getAsInteger();
  std::optional<uint64_t> large = value->getAsUINT64();
  bool fits = number ? *number >= range->least &&
                           (*number < 0 || uint64_t(*number) <= range->most)
                     : large && *large <= range->most;
  if (!fits)
    return bad(at + "expected a value from " + Twine(range->least) + " to " +
               Twine(range->most) + " for " + kind + ", got " +
               describe(value));
  uint64_t bits = number ? static_cast<uint64_t>(*number) : *large;
  arg.value.resize(range->width);
  std::memcpy(arg.value.data(), &bits, range->width); // little endian host
  return Error::success();
}

Error Reader::buffer(StringRef at, const json::Object &object, LaunchArg &arg) {
  arg.isBuffer = true;
  if (const json::Value *out = object.get("out")) {
    if (!out->getAsString() || out->getAsString()->empty())
      return bad(at + "'out': expected a path, got " + describe(out));
    Expected<std::string> name = fileName(at, object, "out");
    if (!name)
      return name.takeError();
    arg.out = resolve(*name);
  }
  bool hasFile = object.get("file") || object.get("hex");
  HostBuffer contents;
  if (hasFile) {
    Expected<HostBuffer> given = this->contents(at, object, arg);
    if (!given)
      return given.takeError();
    contents = std::move(*given);
  }
  std::optional<int64_t> size = object.getInteger("size");
  if (object.get("size") && (!size || *size < 0))
    return bad(at + "'size': expected a number of bytes, got " +
               describe(object.get("size")));
  if (!hasFile && !size)
    return bad(at + "expected a 'file', a 'hex' or a 'size' for a buffer, "
                    "got none");
  if (hasFile && size && uint64_t(*size) < contents.size())
    return bad(at + "expected a 'size' of at least the contents' " +
               Twine(contents.size()) + " bytes, got " + Twine(*size));
  std::optional<int64_t> fill = object.getInteger("fill");
  if (object.get("fill") && (!fill || *fill < 0 || *fill > 255))
    return bad(at + "'fill': expected a byte from 0 to 255, got " +
               describe(object.get("fill")));
  if (size && uint64_t(*size) > contents.size()) {
    Expected<HostBuffer> whole = HostBuffer::allocate(uint64_t(*size));
    if (!whole)
      return bad(at + toString(whole.takeError()));
    size_t loaded = contents.size();
    if (loaded)
      std::memcpy(whole->data(), contents.data(), loaded);
    if (fill && *fill)
      std::memset(whole->data() + loaded, int(*fill), whole->size() - loaded);
    contents = std::move(*whole);
  }
  arg.buffer = std::move(contents);
  return pointers(at, object, arg);
}

/// A count of bytes; 0 when the key is missing.
Expected<uint64_t> Reader::count(StringRef at, const json::Object &object,
                                 StringRef key) const {
  const json::Value *value = object.get(key);
  if (!value)
    return 0;
  std::optional<int64_t> number = value->getAsInteger();
  if (!number || *number < 0)
    return bad(at + "'" + key + "': expected a number of bytes, got " +
               describe(value));
  return uint64_t(*number);
}

/// The bytes of 'file', which is noted, or 'hex'.
Expected<HostBuffer> Reader::contents(StringRef at, const json::Object &object,
                                      LaunchArg &arg) const {
  if (object.get("file") && object.get("hex"))
    return bad(at + "expected a 'file' or a 'hex', got both");
  if (object.get("file")) {
    Expected<std::string> name = fileName(at, object, "file");
    if (!name)
      return name.takeError();
    arg.file = resolve(*name);
    return load((at + "file").str(), *name);
  }
  Expected<std::string> digits = string(at, object, "hex");
  if (!digits)
    return digits.takeError();
  std::string raw;
  if (digits->size() % 2 || !tryGetFromHex(*digits, raw))
    return bad(at + "'hex': expected two hexadecimal digits a byte, got " +
               describe(object.get("hex")));
  Expected<HostBuffer> made = HostBuffer::allocate(raw.size());
  if (!made)
    return bad(at + toString(made.takeError()));
  if (!raw.empty())
    std::memcpy(made->data(), raw.data(), raw.size());
  return made;
}

/// Kind bytes: anything passed by value.
Error Reader::bytes(StringRef at, const json::Object &object,
                    LaunchArg &arg) const {
  if (!object.get("file") && !object.get("hex"))
    return bad(at + "expected a 'file' or a 'hex' for bytes, got neither");
  Expected<HostBuffer> given = contents(at, object, arg);
  if (!given)
    return given.takeError();
  arg.value.assign(given->data(), given->data() + given->size());
  return pointers(at, object, arg);
}

Error Reader::pointers(StringRef at, const json::Object &object,
                       LaunchArg &arg) const {
  const json::Value *value = object.get("pointers");
  if (!value)
    return Error::success();
  const json::Array *array = value->getAsArray();
  if (!array)
    return bad(at + "'pointers': expected an array, got " + describe(value));
  uint64_t size = arg.isBuffer ? arg.buffer.size() : arg.value.size();
  for (size_t i = 0; i < array->size(); ++i) {
    std::string here = (at + "pointers[" + Twine(i) + "]: ").str();
    const json::Object *entry = (*array)[i].getAsObject();
    if (!entry)
      return bad(here + "expected an object, got " + describe(&(*array)[i]));
    LaunchArg::Pointer pointer;
    Expected<std::string> name = string(here, *entry, "buffer");
    if (!name)
      return name.takeError();
    pointer.buffer = *name;
    for (auto [key, target] :
         {std::pair("offset", &pointer.at), std::pair("plus", &pointer.plus)}) {
      Expected<uint64_t> number = count(here, *entry, key);
      if (!number)
        return number.takeError();
      *target = *number;
    }
    if (pointer.at > size || size - pointer.at < 8)
      return bad(here + "expected an 'offset' that leaves 8 bytes of " +
                 Twine(size) + ", got " + Twine(pointer.at));
    for (const LaunchArg::Pointer &other : arg.pointers)
      if (pointer.at < other.at + 8 && other.at < pointer.at + 8)
        return bad(here + "expected an 'offset' apart from the 8 bytes at " +
                   Twine(other.at) + " of another pointer, got " +
                   Twine(pointer.at));
    arg.pointers.push_back(std::move(pointer));
  }
  return Error::success();
}

/// A buffer that is a part of another one.
Error Reader::shared(StringRef at, const json::Object &object, LaunchArg &arg) {
  arg.isBuffer = true;
  warnUnknown(at, object,
              {"name", "kind", "offset", "of", "plus", "file", "hex", "size",
               "fill", "out", "pointers"});
  for (StringRef key : {"file", "hex", "size", "fill", "out", "pointers"})
    if (object.get(key))
      return bad(at + "expected no '" + key + "' beside 'of', got " +
                 describe(object.get(key)));
  Expected<std::string> of = string(at, object, "of");
  if (!of)
    return of.takeError();
  if (of->empty())
    return bad(at + "'of': expected the name of a buffer, got ''");
  arg.of = *of;
  Expected<uint64_t> plus = count(at, object, "plus");
  if (!plus)
    return plus.takeError();
  arg.plus = *plus;
  return Error::success();
}

/// By its offset, else by its name, else by its position.
Error Reader::place(StringRef at, const json::Object &object,
                    LaunchArg &arg) const {
  using Place = moe::executor::Argument::Place;
  arg.place = arg.name.empty() ? Place::Position : Place::Name;
  if (!object.get("offset"))
    return Error::success();
  arg.place = Place::Offset;
  Expected<uint64_t> offset = count(at, object, "offset");
  if (!offset)
    return offset.takeError();
  arg.offset = *offset;
  return Error::success();
}

Expected<LaunchArg> Reader::argument(StringRef at, const json::Object &object) {
  LaunchArg arg;
  if (const json::Value *name = object.get("name")) {
    if (!name->getAsString())
      return bad(at + "'name': expected a string, got " + describe(name));
    arg.name = name->getAsString()->str();
  }
  if (Error error = place(at, object, arg))
    return std::move(error);
  Expected<std::string> kind = string(at, object, "kind");
  if (!kind)
    return kind.takeError();
  Error error = Error::success();
  if (*kind == "buffer" && object.get("of")) {
    error = shared(at, object, arg);
  } else if (*kind == "buffer") {
    warnUnknown(at, object,
                {"name", "kind", "offset", "file", "hex", "size", "fill", "out",
                 "pointers"});
    error = buffer(at, object, arg);
  } else if (*kind == "bytes") {
    warnUnknown(at, object,
                {"name", "kind", "offset", "file", "hex", "pointers"});
    error = bytes(at, object, arg);
  } else {
    warnUnknown(at, object, {"name", "kind", "offset", "value"});
    error = scalar(at, *kind, object, arg);
  }
  if (error)
    return std::move(error);
  return arg;
}

Expected<CompareType> Reader::compareType(const json::Object &object,
                                          StringRef key) const {
  Expected<std::string> name = string("expect: ", object, key);
  if (!name)
    return name.takeError();
  std::optional<CompareType> type =
      StringSwitch<std::optional<CompareType>>(*name)
          .Case("bf16", CompareType::BF16)
          .Case("f16", CompareType::F16)
          .Case("f32", CompareType::F32)
          .Case("f64", CompareType::F64)
          .Case("u8", CompareType::U8)
          .Case("i8", CompareType::I8)
          .Case("i32", CompareType::I32)
          .Case("u32", CompareType::U32)
          .Case("i64", CompareType::I64)
          .Default(std::nullopt);
  if (!type)
    return bad("expect: '" + key +
               "': expected bf16, f16, f32, f64, u8, i8, "
               "i32, u32 or i64, got '" +
               *name + "'");
  return *type;
}

Expected<double> Reader::tolerance(const json::Object &object,
                                   StringRef key) const {
  const json::Value *value = object.get(key);
  if (!value)
    return 0.0;
  std::optional<double> number = value->getAsNumber();
  if (!number || !(*number >= 0) || !std::isfinite(*number))
    return bad("expect: '" + key +
               "': expected a finite number of at least 0, got " +
               describe(value));
  return *number;
}

Error Reader::expect(const json::Object &object) {
  warnUnknown("expect: ", object,
              {"arg", "dtype", "file", "file_dtype", "rtol", "atol"});
  LaunchExpect expect;
  Expected<std::string> name = string("expect: ", object, "arg");
  if (!name)
    return name.takeError();
  auto arg = find_if(file.args, [&](const LaunchArg &a) {
    return a.isBuffer && a.of.empty() && a.name == *name;
  });
  if (arg == file.args.end() || name->empty())
    return bad("expect: expected the name of a buffer argument, got '" + *name +
               "'");
  expect.arg = static_cast<size_t>(arg - file.args.begin());
  Expected<CompareType> type = compareType(object, "dtype");
  if (!type)
    return type.takeError();
  expect.type = expect.fileType = *type;
  if (object.get("file_dtype")) {
    Expected<CompareType> fileType = compareType(object, "file_dtype");
    if (!fileType)
      return fileType.takeError();
    expect.fileType = *fileType;
  }
  for (auto [key, target] :
       {std::pair("rtol", &expect.rtol), std::pair("atol", &expect.atol)}) {
    Expected<double> number = tolerance(object, key);
    if (!number)
      return number.takeError();
    *target = *number;
  }
  Expected<std::string> referenceName = fileName("expect: ", object, "file");
  if (!referenceName)
    return referenceName.takeError();
  expect.file = *referenceName;
  moe::files::protectInput(resolve(*referenceName));
  Expected<HostBuffer> reference = load("expect", *referenceName);
  if (!reference)
    return reference.takeError();
  expect.reference = std::move(*reference);

  uint64_t have = arg->buffer.size(), width = compareWidth(expect.type);
  uint64_t refs = expect.reference.size(),
           refWidth = compareWidth(expect.fileType);
  if (have % width || refs % refWidth || have / width != refs / refWidth)
    return bad("expect: expected a reference of as many elements as buffer '" +
               *name + "' (" + Twine(have) + " bytes of " + Twine(width) +
               "), got " + Twine(refs) + " bytes of " + Twine(refWidth));
  file.expect = std::move(expect);
  return Error::success();
}

/// The code object; a relocatable one is linked.
Error Reader::codeObject(const json::Object &object) {
  Expected<std::string> name = fileName("", object, "code_object");
  if (!name)
    return name.takeError();
  moe::files::protectInput(resolve(*name));
  Expected<HostBuffer> elf = load("code_object", *name, mostCodeBytes);
  if (!elf)
    return elf.takeError();
  file.codeObject = std::move(*elf);
  if (object.get("chip")) {
    Expected<std::string> chip = string("", object, "chip");
    if (!chip)
      return chip.takeError();
    if (chip->empty())
      return bad("'chip': expected gfx942 or gfx950, got ''");
    file.chip = *chip;
  }
  // The type of the file is its 17th and 18th byte.
  const HostBuffer &given = file.codeObject;
  bool relocatable = given.size() > 18 &&
                     !std::memcmp(given.data(), ELF::ElfMagic, 4) &&
                     given.data()[16] == ELF::ET_REL && !given.data()[17];
  if (!relocatable)
    return Error::success();
  Expected<std::vector<uint8_t>> linked = moe::codeobject::link(given.bytes());
  if (!linked)
    return bad("code_object: " + toString(linked.takeError()));
  Expected<HostBuffer> made = HostBuffer::allocate(linked->size());
  if (!made)
    return bad("code_object: " + toString(made.takeError()));
  std::memcpy(made->data(), linked->data(), linked->size());
  file.codeObject = std::move(*made);
  return Error::success();
}

/// The arguments, or the buffers that only pointers and 'of' name.
Error Reader::list(const json::Object &object, StringRef key, bool placed) {
  const json::Array *entries = object.getArray(key);
  if (!entries && object.get(key))
    return bad("'" + key + "': expected an array, got " +
               describe(object.get(key)));
  for (size_t i = 0; entries && i < entries->size(); ++i) {
    std::string at = (key + "[" + Twine(i) + "]: ").str();
    const json::Object *entry = (*entries)[i].getAsObject();
    if (!entry)
      return bad(at + "expected an object, got " + describe(&(*entries)[i]));
    Expected<LaunchArg> parsed = argument(at, *entry);
    if (!parsed)
      return parsed.takeError();
    if (!placed) {
      if (!parsed->isBuffer || parsed->name.empty())
        return bad(at + "expected a buffer with a 'name'");
      if (entry->get("offset"))
        file.warnings.push_back("'" + path + "': " + at +
                                "key 'offset' ignored");
      parsed->place = moe::executor::Argument::Place::None;
    }
    file.args.push_back(std::move(*parsed));
  }
  return Error::success();
}

/// The buffer of that name that is none of another's.
const LaunchArg *Reader::bufferNamed(StringRef name) const {
  auto found = find_if(file.args, [&](const LaunchArg &arg) {
    return arg.isBuffer && arg.of.empty() && arg.name == name;
  });
  return found == file.args.end() || name.empty() ? nullptr : &*found;
}

/// Everything that names a buffer names one that exists, and a byte of it.
Error Reader::resolve() const {
  auto check = [&](size_t i, StringRef name, uint64_t plus) -> Error {
    const LaunchArg *buffer = bufferNamed(name);
    if (!buffer)
      return bad("argument " + Twine(i) +
                 ": expected the name of a buffer with its own contents, got "
                 "'" +
                 name + "'");
    if (plus > buffer->buffer.size())
      return bad("argument " + Twine(i) +
                 ": expected a 'plus' of at most the " +
                 Twine(buffer->buffer.size()) + " bytes of '" + name +
                 "', got " + Twine(plus));
    return Error::success();
  };
  StringSet<> names, outputs;
  for (size_t i = 0; i < file.args.size(); ++i) {
    const LaunchArg &arg = file.args[i];
    if (arg.isBuffer && !arg.name.empty() && !names.insert(arg.name).second)
      return bad("argument " + Twine(i) +
                 ": expected another name than that of a buffer before it, "
                 "got '" +
                 arg.name + "'");
    if (!arg.out.empty() && !outputs.insert(placeOf(arg.out)).second)
      return bad("argument " + Twine(i) +
                 ": expected another 'out' than that of a buffer before it, "
                 "got '" +
                 arg.out + "'");
    if (!arg.of.empty())
      if (Error error = check(i, arg.of, arg.plus))
        return error;
    for (const LaunchArg::Pointer &pointer : arg.pointers)
      if (Error error = check(i, pointer.buffer, pointer.plus))
        return error;
  }
  return Error::success();
}

Expected<LaunchFile> Reader::read() {
  moe::files::protectInput(path);
  Expected<HostBuffer> text = readFile(path, mostJSONBytes);
  if (!text)
    return text.takeError();
  StringRef characters(text->as<char>(), text->size());
  Expected<json::Value> root = moe::files::parseJSON(characters);
  if (!root)
    return bad("malformed JSON: " + toString(root.takeError()));
  const json::Object *object = root->getAsObject();
  if (!object)
    return bad("expected a JSON object, got " + describe(&*root));
  warnUnknown("", *object,
              {"code_object", "chip", "kernel", "grid", "block", "dynamic_lds",
               "args", "buffers", "expect"});
  Expected<std::string> kernel = string("", *object, "kernel");
  if (!kernel)
    return kernel.takeError();
  file.kernel = *kernel;
  if (Error error = triple(*object, "grid", file.grid))
    return std::move(error);
  if (Error error = triple(*object, "block", file.block))
    return std::move(error);
  if (const json::Value *lds = object->get("dynamic_lds")) {
    std::optional<int64_t> size = lds->getAsInteger();
    if (!size || *size < 0 || *size > UINT32_MAX)
      return bad("'dynamic_lds': expected a number of bytes, got " +
                 describe(lds));
    file.dynamicLds = static_cast<uint32_t>(*size);
  }
  if (Error error = codeObject(*object))
    return std::move(error);
  if (Error error = list(*object, "args", /*placed=*/true))
    return std::move(error);
  if (Error error = list(*object, "buffers", /*placed=*/false))
    return std::move(error);
  if (Error error = resolve())
    return std::move(error);
  if (const json::Value *value = object->get("expect")) {
    if (!value->getAsObject())
      return bad("'expect': expected an object, got " + describe(value));
    if (Error error = expect(*value->getAsObject()))
      return std::move(error);
  }
  // A buffer may go back to its own file.
  for (const LaunchArg &arg : file.args)
    if (arg.out.empty() || placeOf(arg.out) != placeOf(arg.file))
      moe::files::protectInput(arg.file);
  for (size_t i = 0; i < file.args.size(); ++i)
    if (Error error = moe::files::checkOutput(file.args[i].out))
      return bad("argument " + Twine(i) + ": " + toString(std::move(error)));
  return std::move(file);
}

Expected<LaunchFile> moe::driver::readLaunchFile(StringRef path) {
  return Reader(path).read();
}
