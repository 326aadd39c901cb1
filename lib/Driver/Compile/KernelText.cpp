// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the text of the kernels of routing, sorting and weights has in common.

#include "Driver/Compile/KernelText.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include <cstring>

using namespace llvm;

std::string moe::driver::text::rowsOf(StringRef name, StringRef rows,
                                      int64_t columns, StringRef element) {
  return formatv(
      "    %{0} = memref.reinterpret_cast %{0}_ptr to offset: [0], sizes: "
      "[{1}, {2}], strides: [{2}, 1]\n"
      "        : memref<{3}, #global> to memref<?x{2}x{3}, strided<[{2}, 1]>, "
      "#global>\n",
      name, rows, columns, element);
}

std::string moe::driver::text::rowsType(int64_t columns, StringRef element) {
  return formatv("memref<?x{0}x{1}, strided<[{0}, 1]>, #global>", columns,
                 element);
}

std::string moe::driver::text::listOf(StringRef name, StringRef length,
                                      StringRef element) {
  return formatv(
      "    %{0} = memref.reinterpret_cast %{0}_ptr to offset: [0], sizes: "
      "[{1}], strides: [1]\n"
      "        : memref<{2}, #global> to memref<?x{2}, strided<[1]>, "
      "#global>\n",
      name, length, element);
}

std::string moe::driver::text::listType(StringRef element) {
  return formatv("memref<?x{0}, strided<[1]>, #global>", element);
}

std::string moe::driver::text::kernel(StringRef name, StringRef arguments,
                                      StringRef body) {
  return ("#global = #gpu.address_space<global>\n\ngpu.module @" + name +
          "_module {\n  gpu.func @" + name + "(" + arguments +
          ") kernel\n      attributes {known_block_size = array<i32: 256, 1, "
          "1>} {\n" +
          body + "    gpu.return\n  }\n}\n")
      .str();
}

std::string moe::driver::text::literal(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return formatv("{0}", format_hex(bits, 10));
}

const char *moe::driver::text::elementName(OutType type) {
  return type == OutType::BF16 ? "bf16" : type == OutType::F16 ? "f16" : "f32";
}
