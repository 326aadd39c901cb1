// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Our declarations of HIP's binary interface against HIP's own.
#define __HIP_PLATFORM_AMD__
#include <hip/hip_runtime_api.h>

#include "moe/HIP/Abi.h"

#define SAME(OURS, THEIRS)                                                     \
  static_assert(long(OURS) == long(THEIRS), #THEIRS " differs")

#define MOE_HIP_ERROR(NAME, VALUE, TEXT) SAME(VALUE, ::NAME);
#include "moe/HIP/Errors.def"

#define MOE_HIP_ATTRIBUTE(NAME, NUMBER, VALUE)                                 \
  SAME(NUMBER, hipDeviceAttribute##NAME);
// New in HIP 5.5.
#if HIP_VERSION_MAJOR < 6
constexpr int hipDeviceAttributeWallClockRate = 10017;
#endif
#include "Attributes.def"

namespace hip = moe::hip;
SAME(hip::hipMemcpyDefault, ::hipMemcpyDefault);
SAME(hip::hipMemcpyDeviceToHost, ::hipMemcpyDeviceToHost);

#define FIELD(OURS, THEIRS, NAME)                                              \
  SAME(offsetof(hip::OURS, NAME), offsetof(THEIRS, NAME));                     \
  SAME(sizeof(hip::OURS::NAME), sizeof(THEIRS::NAME))
#define PROP(NAME) FIELD(DeviceProp5, hipDeviceProp_t, NAME)
SAME(sizeof(hip::DeviceProp5), sizeof(hipDeviceProp_t));
PROP(name);
PROP(totalGlobalMem);
PROP(regsPerBlock);
PROP(maxGridSize);
PROP(memoryBusWidth);
PROP(totalConstMem);
PROP(multiProcessorCount);
PROP(clockInstructionRate);
PROP(arch);
PROP(concurrentKernels);
PROP(maxSharedMemoryPerMultiProcessor);
PROP(gcnArchName);
PROP(maxTexture3D);
PROP(hdpRegFlushCntl);
PROP(texturePitchAlignment);
PROP(ECCEnabled);
PROP(isLargeBar);
PROP(pageableMemoryAccessUsesHostPageTables);

SAME(sizeof(hip::FuncAttributes), sizeof(hipFuncAttributes));
FIELD(FuncAttributes, hipFuncAttributes, localSizeBytes);
FIELD(FuncAttributes, hipFuncAttributes, numRegs);
FIELD(FuncAttributes, hipFuncAttributes, sharedSizeBytes);
SAME(sizeof(hip::PointerAttribute5), sizeof(hipPointerAttribute_t));
FIELD(PointerAttribute5, hipPointerAttribute_t, memoryType);
FIELD(PointerAttribute5, hipPointerAttribute_t, hostPointer);
FIELD(PointerAttribute5, hipPointerAttribute_t, allocationFlags);

// Of HIP 6 there is no header here: sizes and offsets that its programs use.
SAME(sizeof(hip::DeviceProp6), 1472);
SAME(offsetof(hip::DeviceProp6, multiProcessorCount), 388);
SAME(offsetof(hip::DeviceProp6, gcnArchName), 1160);
SAME(offsetof(hip::DeviceProp6, arch), 1428);
