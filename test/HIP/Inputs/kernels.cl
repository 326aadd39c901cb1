// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that the host programs launch. -DBARRIER= (empty) makes `reverse` a
// race between the waves of a workgroup.

#define ITEMS 256
#ifndef BARRIER
#define BARRIER                                                                \
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");                       \
  __builtin_amdgcn_s_barrier();                                                \
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup")
#endif
#define ITEM __builtin_amdgcn_workitem_id_x()
#define GROUP __builtin_amdgcn_workgroup_id_x()

// out = factor * in, each workgroup's part in reverse.
kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
reverse(global float *out, global const float *in, float factor) {
  local float staged[ITEMS];
  int item = ITEM, base = GROUP * ITEMS;
  staged[item] = factor * in[base + item];
  BARRIER;
  out[base + item] = staged[ITEMS - 1 - item];
}

// One element behind the end of `out`.
kernel void overrun(global float *out, int count) { out[count] = 1; }

// Pointers in memory and in a structure, and LDS that the launch asks for.
struct links {
  global int *target;
  int count;
};
kernel void follow(struct links links, global int *global *pointers,
                   local int *scratch) {
  int item = ITEM;
  scratch[item] = pointers[0][item];
  __builtin_amdgcn_s_barrier();
  if (item < links.count)
    links.target[item] = scratch[item] + 1;
}

// A variable of the module that keeps its value between launches.
__attribute__((visibility("protected"))) global int counter = 40;
kernel void count(global int *out) {
  *out = __opencl_atomic_fetch_add((global atomic_int *)&counter, 1,
                                   memory_order_relaxed, memory_scope_device);
}

// *sum += the number of work items.
kernel void add(global int *sum) {
  __opencl_atomic_fetch_add((global atomic_int *)sum, 1, memory_order_relaxed,
                            memory_scope_device);
}

// out[i] = the last of the four elements of table[i].
kernel void gather(global int *out, global int *global *table) {
  int i = GROUP * 64 + ITEM;
  out[i] = table[i][3];
}
