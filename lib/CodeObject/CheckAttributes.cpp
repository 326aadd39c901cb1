// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes of functions and of the module that LLVM would follow where this
// compiler promises something else. What depends on the target is not here.
#include "CheckAttributes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace moe::codeobject {

static InFlightDiagnostic refuse(LLVM::LLVMFuncOp function) {
  return emitError(function.getLoc())
         << "function '" << function.getName() << "': ";
}

static bool isKernel(LLVM::LLVMFuncOp function) {
  return function->hasAttr(gpu::GPUDialect::getKernelFuncAttrName()) ||
         function->hasAttr(ROCDL::ROCDLDialect::getKernelFuncAttrName()) ||
         function.getCConv() == LLVM::CConv::AMDGPU_KERNEL;
}

/// One attribute as LLVM spells it, with the value "true" where it has none.
static LogicalResult checkAttribute(LLVM::LLVMFuncOp function, StringRef name,
                                    StringRef value) {
  bool isDenormal = name.starts_with("denormal-fp-math");
  bool isFast = llvm::is_contained(
      {"approx-func-fp-math", "no-infs-fp-math", "no-nans-fp-math",
       "no-signed-zeros-fp-math", "unsafe-fp-math"},
      name);
  bool isMode = name == "amdgpu-dx10-clamp" || name == "amdgpu-ieee";
  if ((isDenormal && value != "ieee" && value != "ieee,ieee") ||
      (isFast && value != "false") || (isMode && value != "true"))
    return refuse(function)
           << "expected no '" << name
           << "': arithmetic is what the ops say, got \"" << value << "\"";
  if (name == "target-features" && isKernel(function))
    return refuse(function)
           << "expected a kernel without '" << name
           << "', which are those of the chip, got \"" << value << "\"";
  return success();
}

/// What the translation makes of attributes of the op.
static LogicalResult checkOwnAttributes(LLVM::LLVMFuncOp function) {
  if (auto personality = function.getPersonalityAttr())
    return refuse(function)
           << "expected no personality: there are no exceptions, got "
           << personality;
  const std::pair<StringRef, StringAttr> texts[] = {
      {"denormal-fp-math", function.getDenormalFpMathAttr()},
      {"denormal-fp-math-f32", function.getDenormalFpMathF32Attr()}};
  for (auto [name, text] : texts)
    if (text && failed(checkAttribute(function, name, text.getValue())))
      return failure();
  const std::pair<StringRef, BoolAttr> flags[] = {
      {"no-infs-fp-math", function.getNoInfsFpMathAttr()},
      {"no-nans-fp-math", function.getNoNansFpMathAttr()},
      {"no-signed-zeros-fp-math", function.getNoSignedZerosFpMathAttr()}};
  for (auto [name, flag] : flags)
    if (flag && failed(checkAttribute(function, name,
                                      flag.getValue() ? "true" : "false")))
      return failure();
  if (auto features = function.getTargetFeaturesAttr())
    return checkAttribute(function, "target-features",
                          features.getFeaturesString());
  return success();
}

static LogicalResult checkPassthrough(LLVM::LLVMFuncOp function) {
  ArrayAttr passthrough = function.getPassthroughAttr();
  if (!passthrough)
    return success();
  for (Attribute entry : passthrough) {
    auto name = dyn_cast<StringAttr>(entry);
    StringRef value = "true";
    if (auto pair = dyn_cast<ArrayAttr>(entry); pair && pair.size() == 2) {
      name = dyn_cast<StringAttr>(pair[0]);
      if (auto text = dyn_cast<StringAttr>(pair[1]))
        value = text.getValue();
    }
    // What has another form is refused by the translation.
    if (name && failed(checkAttribute(function, name.getValue(), value)))
      return failure();
  }
  return success();
}

/// A kernel is found by its name: in the code object's symbols, where '@'
/// begins a version, and in the note of its grid, where '=' ends the name.
static LogicalResult checkKernel(LLVM::LLVMFuncOp function) {
  StringRef name = function.getName();
  if (!llvm::all_of(name, [](char c) {
        return llvm::isPrint(c) && !StringRef(" =@").contains(c);
      })) {
    std::string escaped;
    llvm::raw_string_ostream os(escaped);
    llvm::printEscapedString(name, os);
    return emitError(function.getLoc())
           << "expected the name of a kernel to be printable characters other "
              "than space, '=' and '@', got \""
           << escaped << "\"";
  }
  if (function.getLinkage() != LLVM::Linkage::External)
    return refuse(function)
           << "expected a kernel to have external linkage, got "
           << LLVM::linkage::stringifyLinkage(function.getLinkage());
  return success();
}

LogicalResult checkAttributes(gpu::GPUModuleOp module) {
  constexpr llvm::StringLiteral assembly = "llvm.module_asm";
  if (Attribute text = module->getAttr(assembly))
    return emitError(module.getLoc())
           << "gpu.module '" << module.getName() << "': expected no "
           << assembly << ": instructions are what the ops say, got " << text;
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (failed(checkOwnAttributes(function)) ||
        failed(checkPassthrough(function)) ||
        (isKernel(function) && failed(checkKernel(function))))
      return failure();
  return success();
}

} // namespace moe::codeobject
