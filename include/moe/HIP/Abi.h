//===- Abi.h - HIP's binary interface, as far as we use it ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types and constants that cross the boundary of libamdhip64: declared here so
// that neither the launcher nor the emulated library needs HIP's headers to
// build. Layouts are those of HIP 5.2 and 6.x; a test compares them with the
// headers where these are installed. No function is declared here.
//
//===----------------------------------------------------------------------===//

#ifndef MOE_HIP_ABI_H
#define MOE_HIP_ABI_H

#include <cstddef>
#include <cstdint>

namespace moe::hip {

/// hipError_t.
enum Status : int {
#define MOE_HIP_ERROR(NAME, VALUE, TEXT) NAME = VALUE,
#include "moe/HIP/Errors.def"
};

/// hipMemcpyKind.
enum CopyKind : int {
  hipMemcpyHostToHost,
  hipMemcpyHostToDevice,
  hipMemcpyDeviceToHost,
  hipMemcpyDeviceToDevice,
  hipMemcpyDefault
};

struct Stream;
struct Event;
struct Module;
struct Function;

struct Dim3 {
  uint32_t x, y, z;
};

/// Keys of the `extra` list of a launch.
inline void *const launchParamBufferPointer = reinterpret_cast<void *>(1);
inline void *const launchParamBufferSize = reinterpret_cast<void *>(2);
inline void *const launchParamEnd = reinterpret_cast<void *>(3);

/// Bits of hipDeviceArch_t.
enum ArchFeature : unsigned {
  ArchGlobalInt32Atomics = 1u << 0,
  ArchGlobalFloatAtomicExch = 1u << 1,
  ArchSharedInt32Atomics = 1u << 2,
  ArchSharedFloatAtomicExch = 1u << 3,
  ArchFloatAtomicAdd = 1u << 4,
  ArchGlobalInt64Atomics = 1u << 5,
  ArchSharedInt64Atomics = 1u << 6,
  ArchDoubles = 1u << 7,
  ArchWarpVote = 1u << 8,
  ArchWarpBallot = 1u << 9,
  ArchWarpShuffle = 1u << 10,
  ArchThreadFenceSystem = 1u << 12,
  Arch3dGrid = 1u << 15,
};

/// hipDeviceProp_t of HIP 5.
struct DeviceProp5 {
  char name[256];
  size_t totalGlobalMem, sharedMemPerBlock;
  int regsPerBlock, warpSize, maxThreadsPerBlock, maxThreadsDim[3],
      maxGridSize[3], clockRate, memoryClockRate, memoryBusWidth;
  size_t totalConstMem;
  int major, minor, multiProcessorCount, l2CacheSize,
      maxThreadsPerMultiProcessor, computeMode, clockInstructionRate;
  unsigned arch;
  int concurrentKernels, pciDomainID, pciBusID, pciDeviceID;
  size_t maxSharedMemoryPerMultiProcessor;
  int isMultiGpuBoard, canMapHostMemory, gcnArch;
  char gcnArchName[256];
  int integrated, cooperativeLaunch, cooperativeMultiDeviceLaunch,
      maxTexture1DLinear, maxTexture1D, maxTexture2D[2], maxTexture3D[3];
  unsigned *hdpMemFlushCntl, *hdpRegFlushCntl;
  size_t memPitch, textureAlignment, texturePitchAlignment;
  int kernelExecTimeoutEnabled, ECCEnabled, tccDriver,
      cooperativeMultiDeviceUnmatched[4], isLargeBar, asicRevision,
      managedMemory, directManagedMemAccessFromHost, concurrentManagedAccess,
      pageableMemoryAccess, pageableMemoryAccessUsesHostPageTables;
};

/// hipDeviceProp_t of HIP 6 ("R0600").
struct DeviceProp6 {
  char name[256], uuid[16], luid[8];
  unsigned luidDeviceNodeMask;
  size_t totalGlobalMem, sharedMemPerBlock;
  int regsPerBlock, warpSize;
  size_t memPitch;
  int maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3], clockRate;
  size_t totalConstMem;
  int major, minor;
  size_t textureAlignment, texturePitchAlignment;
  int deviceOverlap, multiProcessorCount, kernelExecTimeoutEnabled, integrated,
      canMapHostMemory, computeMode;
  int textureAndSurfaceLimits[40];
  size_t surfaceAlignment;
  int concurrentKernels, ECCEnabled, pciBusID, pciDeviceID, pciDomainID,
      tccDriver, asyncEngineCount, unifiedAddressing, memoryClockRate,
      memoryBusWidth, l2CacheSize, persistingL2CacheMaxSize,
      maxThreadsPerMultiProcessor, streamPrioritiesSupported,
      globalL1CacheSupported, localL1CacheSupported;
  size_t sharedMemPerMultiprocessor;
  int regsPerMultiprocessor, managedMemory, isMultiGpuBoard,
      multiGpuBoardGroupID, hostNativeAtomicSupported,
      singleToDoublePrecisionPerfRatio, pageableMemoryAccess,
      concurrentManagedAccess, computePreemptionSupported,
      canUseHostPointerForRegisteredMem, cooperativeLaunch,
      cooperativeMultiDeviceLaunch;
  size_t sharedMemPerBlockOptin;
  int pageableMemoryAccessUsesHostPageTables, directManagedMemAccessFromHost,
      maxBlocksPerMultiProcessor, accessPolicyMaxWindowSize;
  size_t reservedSharedMemPerBlock;
  int hostRegisterSupported, sparseHipArraySupported,
      hostRegisterReadOnlySupported, timelineSemaphoreInteropSupported,
      memoryPoolsSupported, gpuDirectRDMASupported;
  unsigned gpuDirectRDMAFlushWritesOptions;
  int gpuDirectRDMAWritesOrdering;
  unsigned memoryPoolSupportedHandleTypes;
  int deferredMappingHipArraySupported, ipcEventSupported, clusterLaunch,
      unifiedFunctionPointers, reserved[63], hipReserved[32];
  char gcnArchName[256];
  size_t maxSharedMemoryPerMultiProcessor;
  int clockInstructionRate;
  unsigned arch;
  unsigned *hdpMemFlushCntl, *hdpRegFlushCntl;
  int cooperativeMultiDeviceUnmatched[4], isLargeBar, asicRevision;
};

/// hipFuncAttributes.
struct FuncAttributes {
  int binaryVersion, cacheModeCA;
  size_t constSizeBytes, localSizeBytes;
  int maxDynamicSharedSizeBytes, maxThreadsPerBlock, numRegs,
      preferredShmemCarveout, ptxVersion;
  size_t sharedSizeBytes;
};

/// hipPointerAttribute_t of HIP 5: memoryType 0 = host, 1 = device.
struct PointerAttribute5 {
  int memoryType, device;
  void *devicePointer, *hostPointer;
  int isManaged;
  unsigned allocationFlags;
};

} // namespace moe::hip

#endif // MOE_HIP_ABI_H
