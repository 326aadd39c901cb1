// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Workgroups that wait for one another: a barrier of the whole grid, a chain in
// which each waits for the next one, a lock, and one that waits for nobody.
#define AGENT 4 // the memory scope of the device
#define GROUP __builtin_amdgcn_workgroup_id_x()
#define LANE __builtin_amdgcn_workitem_id_x()
#define LOAD(p) __hip_atomic_load(p, __ATOMIC_RELAXED, AGENT)
#define STORE(p, v) __hip_atomic_store(p, v, __ATOMIC_RELEASE, AGENT)

__kernel void grid_barrier(__global int *count, __global int *out, int groups) {
  __global int *mine = out + GROUP * 64;
  STORE(mine + LANE, (int)(GROUP * 100 + LANE));
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "agent");
  if (LANE == 0) {
    __hip_atomic_fetch_add(count, 1, __ATOMIC_RELAXED, AGENT);
    while (LOAD(count) != groups)
      __builtin_amdgcn_s_sleep(1);
  }
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "agent");
  __builtin_amdgcn_s_barrier();
  int other = LOAD(out + (GROUP + 1) % groups * 64 + LANE);
  STORE(out + groups * 64 + GROUP * 64 + LANE, other);
}

// Workgroup 0 needs what the last one makes, and so on down.
__kernel void chain(__global int *flag, __global int *out, int groups) {
  int before = 1;
  if (GROUP + 1 != groups)
    while ((before = LOAD(flag + GROUP + 1)) == 0)
      ;
  STORE(out + GROUP * 64 + LANE, before + (int)LANE);
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "agent");
  __builtin_amdgcn_s_barrier();
  if (LANE == 0)
    STORE(flag + GROUP, before + 1);
}

// A lock by compare and swap that only the last workgroup opens.
__kernel void lock(__global int *flag, __global int *out, int groups) {
  if (LANE == 0) {
    if (GROUP + 1 == groups)
      STORE(flag, 1);
    int one = 1;
    while (!__hip_atomic_compare_exchange_strong(flag, &one, 2, __ATOMIC_RELAXED, __ATOMIC_RELAXED, AGENT))
      one = 1;
    out[GROUP * 64] += GROUP + 1;
    STORE(flag, 1);
  }
}

__kernel void forever(__global int *flag, __global int *out, int groups) {
  while (LOAD(flag) != groups + 1)
    __builtin_amdgcn_s_sleep(2);
  out[0] = 1;
}
