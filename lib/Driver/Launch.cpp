//===- Launch.cpp - launch files: any code object with given buffers ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Turns the JSON into buffers and bytes, checking every value against the type
// it must fit, and compares a buffer with its reference.
//
//===----------------------------------------------------------------------===//

#include "moe/Driver/Launch.h"
#include "moe/Driver/Flags.h"
#include "moe/Driver/OutputFile.h"
#include "moe/Reference/Scalars.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/JSON.h"
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
  Expected<HostBuffer> load(StringRef at, StringRef file) const;
  void warnUnknown(StringRef at, const json::Object &object,
                   ArrayRef<StringRef> known);

  Expected<std::string> string(StringRef at, const json::Object &object,
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

Expected<HostBuffer> Reader::load(StringRef at, StringRef name) const {
  Expected<HostBuffer> contents = readFile(resolve(name));
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

Error Reader::triple(const json::Object &object, StringRef key,
                     std::array<uint32_t, 3> &out) const {
  const json::Array *array = object.getArray(key);
  if (!array || array->size() != 3)
    return bad("'" + key + "': expected [x, y, z], got " +
               describe(object.get(key)));
  for (size_t i = 0; i < 3; ++i) {
    std::optional<int64_t> size = (*array)[i].getAsInteger();
    if (!size || *size < 0 || *size > std::numeric_limits<int32_t>::max())
      return bad("'" + key + "': expected sizes from 0 to 2147483647, got " +
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
  const json::Value *value = object.get("value");
  if (!value)
    return bad(at + "expected a 'value', got nothing");
  if (kind == "f32" || kind == "f64")
    return floating(at, kind, *value, arg);

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
  if (range == std::end(ranges))
    return bad(at +
               "expected kind buffer, u8, i32, u32, i64, u64, f32 or f64, "
               "got '" +
               kind + "'");
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
    arg.out = resolve(*out->getAsString());
  }
  HostBuffer contents;
  bool hasFile = object.get("file");
  if (hasFile) {
    Expected<std::string> name = string(at, object, "file");
    if (!name)
      return name.takeError();
    Expected<HostBuffer> loaded = load((at + "file").str(), *name);
    if (!loaded)
      return loaded.takeError();
    contents = std::move(*loaded);
  }
  std::optional<int64_t> size = object.getInteger("size");
  if (object.get("size") && (!size || *size < 0))
    return bad(at + "'size': expected a number of bytes, got " +
               describe(object.get("size")));
  if (!hasFile && !size)
    return bad(at + "expected a 'file' or a 'size' for a buffer, got neither");
  if (hasFile && size && uint64_t(*size) < contents.size())
    return bad(at + "expected a 'size' of at least the file's " +
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
  return Error::success();
}

Expected<LaunchArg> Reader::argument(StringRef at, const json::Object &object) {
  LaunchArg arg;
  if (const json::Value *name = object.get("name")) {
    if (!name->getAsString())
      return bad(at + "'name': expected a string, got " + describe(name));
    arg.name = name->getAsString()->str();
  }
  Expected<std::string> kind = string(at, object, "kind");
  if (!kind)
    return kind.takeError();
  if (*kind == "buffer") {
    warnUnknown(at, object, {"name", "kind", "file", "size", "fill", "out"});
    if (Error error = buffer(at, object, arg))
      return std::move(error);
    return arg;
  }
  warnUnknown(at, object, {"name", "kind", "value"});
  if (Error error = scalar(at, *kind, object, arg))
    return std::move(error);
  return arg;
}

static int64_t widthOf(CompareType type) {
  switch (type) {
  case CompareType::U8:
  case CompareType::I8:
    return 1;
  case CompareType::BF16:
  case CompareType::F16:
    return 2;
  case CompareType::F32:
  case CompareType::I32:
  case CompareType::U32:
    return 4;
  case CompareType::F64:
  case CompareType::I64:
    break;
  }
  return 8;
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
  if (!number || !(*number >= 0))
    return bad("expect: '" + key + "': expected a number of at least 0, got " +
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
    return a.isBuffer && a.name == *name;
  });
  if (arg == file.args.end())
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
  Expected<std::string> fileName = string("expect: ", object, "file");
  if (!fileName)
    return fileName.takeError();
  expect.file = *fileName;
  Expected<HostBuffer> reference = load("expect", *fileName);
  if (!reference)
    return reference.takeError();
  expect.reference = std::move(*reference);

  uint64_t have = arg->buffer.size(), width = widthOf(expect.type);
  uint64_t refs = expect.reference.size(), refWidth = widthOf(expect.fileType);
  if (have % width || refs % refWidth || have / width != refs / refWidth)
    return bad("expect: expected a reference of as many elements as buffer '" +
               *name + "' (" + Twine(have) + " bytes of " + Twine(width) +
               "), got " + Twine(refs) + " bytes of " + Twine(refWidth));
  file.expect = std::move(expect);
  return Error::success();
}

/// Levels of brackets and braces in `text`, strings apart. LLVM's parser calls
/// itself for each.
static int64_t nesting(StringRef text) {
  int64_t depth = 0, deepest = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (!quoted && (text[i] == '[' || text[i] == '{'))
      deepest = std::max(deepest, ++depth);
    else if (!quoted && (text[i] == ']' || text[i] == '}'))
      --depth;
  }
  return deepest;
}

Expected<LaunchFile> Reader::read() {
  Expected<HostBuffer> text = readFile(path);
  if (!text)
    return text.takeError();
  StringRef characters(text->as<char>(), text->size());
  if (int64_t levels = nesting(characters); levels > 64)
    return bad("malformed JSON: expected at most 64 levels of brackets, got " +
               Twine(levels));
  Expected<json::Value> root = json::parse(characters);
  if (!root)
    return bad("malformed JSON: " + toString(root.takeError()));
  const json::Object *object = root->getAsObject();
  if (!object)
    return bad("expected a JSON object, got " + describe(&*root));
  warnUnknown("", *object,
              {"code_object", "kernel", "grid", "block", "dynamic_lds", "args",
               "expect"});
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
  Expected<std::string> name = string("", *object, "code_object");
  if (!name)
    return name.takeError();
  Expected<HostBuffer> elf = load("code_object", *name);
  if (!elf)
    return elf.takeError();
  file.codeObject = std::move(*elf);

  const json::Array *args = object->getArray("args");
  if (!args && object->get("args"))
    return bad("'args': expected an array, got " +
               describe(object->get("args")));
  for (size_t i = 0; args && i < args->size(); ++i) {
    std::string at = "args[" + std::to_string(i) + "]: ";
    const json::Object *arg = (*args)[i].getAsObject();
    if (!arg)
      return bad(at + "expected an object, got " + describe(&(*args)[i]));
    Expected<LaunchArg> parsed = argument(at, *arg);
    if (!parsed)
      return parsed.takeError();
    file.args.push_back(std::move(*parsed));
  }
  if (const json::Value *value = object->get("expect")) {
    if (!value->getAsObject())
      return bad("'expect': expected an object, got " + describe(value));
    if (Error error = expect(*value->getAsObject()))
      return std::move(error);
  }
  return std::move(file);
}

Expected<LaunchFile> moe::driver::readLaunchFile(StringRef path) {
  return Reader(path).read();
}

moe::executor::Launch LaunchFile::request() {
  moe::executor::Launch launch;
  launch.elf = codeObject.bytes();
  launch.kernel = kernel;
  launch.grid = grid;
  launch.block = block;
  launch.dynamicLds = dynamicLds;
  for (LaunchArg &arg : args) {
    if (arg.isBuffer) {
      launch.args.push_back(
          executor::Argument::buffer(arg.name, arg.buffer.bytes()));
      continue;
    }
    executor::Argument scalar;
    scalar.name = arg.name;
    scalar.value = arg.value;
    launch.args.push_back(std::move(scalar));
  }
  return launch;
}

template <typename T>
static T loadAs(const uint8_t *data, uint64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

static double element(CompareType type, const uint8_t *data, uint64_t index) {
  using moe::reference::FloatType;
  switch (type) {
  case CompareType::BF16:
    return moe::reference::loadFloat(FloatType::BF16, data, int64_t(index));
  case CompareType::F16:
    return moe::reference::loadFloat(FloatType::F16, data, int64_t(index));
  case CompareType::F32:
    return loadAs<float>(data, index);
  case CompareType::F64:
    return loadAs<double>(data, index);
  case CompareType::U8:
    return data[index];
  case CompareType::I8:
    return static_cast<int8_t>(data[index]);
  case CompareType::I32:
    return loadAs<int32_t>(data, index);
  case CompareType::U32:
    return loadAs<uint32_t>(data, index);
  case CompareType::I64:
    break;
  }
  return double(loadAs<int64_t>(data, index));
}

ExpectResult moe::driver::compareExpected(const LaunchFile &launch) {
  ExpectResult result;
  const LaunchExpect &expect = *launch.expect;
  const uint8_t *out = launch.args[expect.arg].buffer.data();
  const uint8_t *refs = expect.reference.data();
  result.compared =
      launch.args[expect.arg].buffer.size() / widthOf(expect.type);
  // Doubles hold every type but the largest 64-bit integers exactly: those are
  // compared as integers first.
  bool integers =
      expect.type == CompareType::I64 && expect.fileType == CompareType::I64;
  double worst = -1;
  for (uint64_t i = 0; i < result.compared; ++i) {
    double y = element(expect.type, out, i);
    double ref = element(expect.fileType, refs, i);
    double error = y == ref ? 0 : std::fabs(y - ref);
    if (integers && error == 0)
      error = std::fabs(double(static_cast<__int128>(loadAs<int64_t>(out, i)) -
                               loadAs<int64_t>(refs, i)));
    double limit = expect.atol + expect.rtol * std::fabs(ref);
    bool good = y == ref
                    ? error <= limit || error == 0
                    : std::isfinite(y) && std::isfinite(ref) && error <= limit;
    double excess = std::isfinite(error)
                        ? error / (limit > 0 ? limit : 1e-300)
                        : std::numeric_limits<double>::infinity();
    if (std::isfinite(error))
      result.maxError = std::max(result.maxError, error);
    if (!good)
      ++result.wrong;
    if (excess > worst) {
      worst = excess;
      result.worst = i;
      result.worstValue = y;
      result.worstExpected = ref;
    }
  }
  return result;
}

Error moe::driver::writeOutputs(const LaunchFile &launch) {
  for (const LaunchArg &arg : launch.args)
    if (!arg.out.empty())
      if (Error error = writeFile(arg.out, {arg.buffer.bytes()}))
        return error;
  return Error::success();
}
