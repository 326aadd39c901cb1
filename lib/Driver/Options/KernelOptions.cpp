// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What follows from a KernelOptions alone: derived dimensions, spellings and
// the kernel's symbol name. Standard library only.
#include "moe/Driver/KernelOptions.h"

namespace moe::driver {

const char *toString(KernelKind value) {
  switch (value) {
  case KernelKind::Gemm1:
    return "gemm1";
  case KernelKind::Gemm2:
    return "gemm2";
  case KernelKind::Activate:
    return "activate";
  case KernelKind::Reduce:
    return "reduce";
  }
  return "";
}

const char *toString(OutType value) {
  switch (value) {
  case OutType::BF16:
    return "bf16";
  case OutType::F16:
    return "f16";
  case OutType::F32:
    return "f32";
  }
  return "";
}

const char *toString(CachePolicy value) {
  switch (value) {
  case CachePolicy::Default:
    return "default";
  case CachePolicy::NonTemporal:
    return "nt";
  }
  return "";
}

const char *toString(Activation value) {
  switch (value) {
  case Activation::Silu:
    return "silu";
  case Activation::Swiglu:
    return "swiglu";
  case Activation::Situv2:
    return "situv2";
  }
  return "";
}

const char *toString(GateLayout value) {
  switch (value) {
  case GateLayout::Separated:
    return "separated";
  case GateLayout::Interleaved:
    return "interleaved";
  case GateLayout::Rows:
    return "rows";
  }
  return "";
}

const char *toString(Sorting value) {
  switch (value) {
  case Sorting::Chosen:
    return "chosen";
  case Sorting::On:
    return "on";
  case Sorting::Off:
    return "off";
  }
  return "";
}

int64_t KernelOptions::k() const { return isStage1() ? modelDim : interDim; }

int64_t KernelOptions::n() const {
  return isStage1() ? 2 * interDim : modelDim;
}

int64_t KernelOptions::outColumns() const {
  return isStage1() ? interDim : modelDim;
}

bool KernelOptions::appliesWeight() const {
  return isStage1() ? doweight : kernel == KernelKind::Gemm2 && routingWeight;
}

bool KernelOptions::usesAtomics() const {
  return kernel == KernelKind::Gemm2 ? accumulate : leavesRawSums();
}

/// The part of the name that tells the stage's own axes apart.
static std::string stageSuffix(const KernelOptions &o) {
  std::string name;
  if (o.isStage1()) {
    name += std::string("_") + toString(o.act) + "_" + toString(o.gate);
    return name + (o.doweight ? "_doweight" : "");
  }
  if (!o.accumulate)
    name += "_noacc";
  if (!o.routingWeight)
    name += "_noweight";
  return name;
}

/// The part of the name that tells kernels without sorted lists apart.
static std::string unsortedSuffix(const KernelOptions &o) {
  if (!o.unsorted())
    return "";
  std::string name = "_unsorted";
  if (o.mapEntries)
    name += "_map" + std::to_string(o.mapEntries);
  if (o.limited)
    name += "_limited";
  if (o.clearColumns)
    name += "_clear" + std::to_string(o.clearColumns) + toString(o.clearType);
  return name;
}

std::string KernelOptions::kernelName() const {
  std::string name = std::string("moe_") + toString(kernel);
  auto number = [&name](const char *prefix, int64_t value) {
    name += prefix + std::to_string(value);
  };
  std::string strides;
  if (xStride)
    strides += "_xs" + std::to_string(xStride);
  if (outStride)
    strides += "_os" + std::to_string(outStride);
  if (kernel == KernelKind::Reduce) {
    number("_h", modelDim);
    number("_t", topk);
    return name + "_" + toString(outType) + (mask ? "_mask" : "") + strides;
  }
  if (kernel == KernelKind::Activate) {
    number("_i", interDim);
    number("_e", experts);
    number("_t", topk);
    number("_m", tile ? tile->m : 0);
    return name + "_" + toString(outType) + stageSuffix(*this) +
           (bias ? "_bias" : "") + strides;
  }
  number("_h", modelDim);
  number("_i", interDim);
  number("_e", experts);
  number("_t", topk);
  if (tile) {
    number("_", tile->m);
    number("x", tile->n);
    number("x", tile->k);
  }
  name += std::string("_") + toString(outType) + stageSuffix(*this);
  if (bias)
    name += "_bias";
  if (deterministic)
    name += "_det";
  if (kBatch != 1)
    number("_kb", kBatch);
  if (kWave != 1)
    number("_kw", kWave);
  if (waves != 4)
    number("_w", waves);
  if (cache != CachePolicy::Default)
    name += std::string("_") + toString(cache);
  if (xcd != 1)
    number("_xcd", xcd);
  if (groupM != 1)
    number("_gm", groupM);
  if (wavesPerEu != 0)
    number("_wpe", wavesPerEu);
  return name + unsortedSuffix(*this) + strides;
}

KernelOptions rawSumsOf(const KernelOptions &gemm1) {
  KernelOptions options = gemm1;
  options.outType = OutType::F32;
  options.bias = options.doweight = false;
  options.outStride = 0;
  return options;
}

KernelOptions activateAfter(const KernelOptions &gemm1) {
  KernelOptions options = gemm1;
  options.kernel = KernelKind::Activate;
  options.kBatch = 1;
  options.xStride = 0;
  return options;
}

KernelOptions slotsOf(const KernelOptions &gemm2) {
  KernelOptions options = gemm2;
  options.outStride = 0;
  return options;
}

KernelOptions reduceAfter(const KernelOptions &gemm2) {
  KernelOptions options;
  options.kernel = KernelKind::Reduce;
  options.modelDim = gemm2.modelDim;
  options.interDim = gemm2.interDim;
  options.experts = gemm2.experts;
  options.topk = gemm2.topk;
  options.outType = gemm2.outType;
  options.mask = true;
  options.outStride = gemm2.outStride;
  return options;
}

std::array<KernelOptions, 2> stagesOf(const KernelOptions &layer) {
  std::array<KernelOptions, 2> stages = {layer, layer};
  KernelOptions &first = stages[0], &second = stages[1];
  first.kernel = KernelKind::Gemm1;
  first.outType = OutType::BF16;
  first.reduce = false;
  first.outStride = second.xStride = 0;
  second.kernel = KernelKind::Gemm2;
  second.routingWeight &= !layer.doweight;
  second.accumulate &= !layer.deterministic;
  second.reduce = !second.accumulate;
  return stages;
}

ActivationParams resolvedActivation(const KernelOptions &options) {
  ActivationParams params;
  if (options.act == Activation::Swiglu)
    params.limit = 7.0f;
  params.alpha = options.alpha.value_or(params.alpha);
  params.limit = options.limit.value_or(params.limit);
  params.beta = options.beta.value_or(params.beta);
  params.linearBeta = options.linearBeta.value_or(params.linearBeta);
  return params;
}

} // namespace moe::driver
