// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
__attribute__((reqd_work_group_size(128,1,1))) __kernel void k(__global int*a, __global int*b, int n){
  __local int s[128]; int t=__builtin_amdgcn_workitem_id_x();
  if (t>=n) return;
  s[t]=a[t];
  __builtin_amdgcn_fence(__ATOMIC_RELEASE,"workgroup"); __builtin_amdgcn_s_barrier(); __builtin_amdgcn_fence(__ATOMIC_ACQUIRE,"workgroup");
  b[t]=s[n-1-t];
}
