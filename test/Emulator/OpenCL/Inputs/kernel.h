// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the test kernels use, twice: for the GPU with the compiler's builtins,
// and for the host with work items as coroutines (native.c) so that barriers
// and shuffles mean the same there. No OpenCL library is needed on either side.

#ifndef KERNEL_H
#define KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef signed char i8;
typedef short i16;
typedef int i32;
#ifdef __AMDGCN__
typedef unsigned long u64;
typedef long i64;
#else
typedef unsigned long long u64;
typedef long long i64;
#endif

#ifdef __AMDGCN__

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
typedef half f16;
#define KERNEL __kernel
#define GLOBAL __global
#define LOCAL __local
#define LOCAL_PARAM __local
#define LOCAL_ID() ((u32)__builtin_amdgcn_workitem_id_x())
#define LOCAL_ID_Y() ((u32)__builtin_amdgcn_workitem_id_y())
#define GROUP_ID() ((u32)__builtin_amdgcn_workgroup_id_x())
#define GROUP_ID_Y() ((u32)__builtin_amdgcn_workgroup_id_y())
#define BARRIER()                                                              \
  do {                                                                         \
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");                     \
    __builtin_amdgcn_s_barrier();                                              \
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");                     \
  } while (0)
#define LANE()                                                                 \
  ((u32)__builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0u)))
#define SHUFFLE(value, lane)                                                   \
  ((u32)__builtin_amdgcn_ds_bpermute((i32)((lane) << 2), (i32)(value)))
#define FIRST_LANE(value) ((u32)__builtin_amdgcn_readfirstlane((i32)(value)))
#define BALLOT(condition) ((u64)__builtin_amdgcn_ballot_w64(condition))
#define ATOMIC(type, op, pointer, value)                                       \
  __opencl_atomic_fetch_##op((volatile __global atomic_##type *)(pointer),     \
                             value, __ATOMIC_RELAXED,                          \
                             __OPENCL_MEMORY_SCOPE_DEVICE)
#define LOCAL_ATOMIC(type, op, pointer, value)                                 \
  __opencl_atomic_fetch_##op((volatile __local atomic_##type *)(pointer),      \
                             value, __ATOMIC_RELAXED,                          \
                             __OPENCL_MEMORY_SCOPE_WORK_GROUP)

#else

#include <stdbool.h>
typedef _Float16 f16;
#define KERNEL
#define GLOBAL
#define LOCAL static
#define LOCAL_PARAM
extern u32 native_local_id(void), native_local_id_y(void);
extern u32 native_group_id(void), native_group_id_y(void);
extern void native_barrier(void);
extern u32 native_shuffle(u32 value, u32 lane);
extern u64 native_ballot(bool condition);
#define LOCAL_ID() native_local_id()
#define LOCAL_ID_Y() native_local_id_y()
#define GROUP_ID() native_group_id()
#define GROUP_ID_Y() native_group_id_y()
#define BARRIER() native_barrier()
#define LANE() (native_local_id() % 64)
#define SHUFFLE(value, lane) native_shuffle(value, lane)
#define FIRST_LANE(value) native_shuffle(value, 0)
#define BALLOT(condition) native_ballot(condition)
// One work item runs at a time on the host.
#define NATIVE_add(old, value) ((old) + (value))
#define NATIVE_sub(old, value) ((old) - (value))
#define NATIVE_or(old, value) ((old) | (value))
#define NATIVE_and(old, value) ((old) & (value))
#define NATIVE_xor(old, value) ((old) ^ (value))
#define NATIVE_min(old, value) ((old) < (value) ? (old) : (value))
#define NATIVE_max(old, value) ((old) > (value) ? (old) : (value))
#define ATOMIC(type, op, pointer, value)                                       \
  __extension__({                                                              \
    __typeof__(*(pointer)) old_ = *(pointer), new_ = (value);                  \
    *(pointer) = NATIVE_##op(old_, new_);                                      \
    old_;                                                                      \
  })
#define LOCAL_ATOMIC ATOMIC

#endif
#endif
