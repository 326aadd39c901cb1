// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
struct parts {
  __global const int *x;
  __global const int *y;
};
__kernel void sum(__global const int *x, __global const int *y, __global int *out, int n) {
  int t = __builtin_amdgcn_workitem_id_x();
  out[t] = t < n ? x[t] + y[t] : -1;
}
__kernel void table(__global struct parts *p, __global int *out) {
  int t = __builtin_amdgcn_workitem_id_x();
  out[t] = p->x[t] + p->y[t];
}
