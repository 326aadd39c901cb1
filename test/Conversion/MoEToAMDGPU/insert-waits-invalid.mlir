// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Before the conversion there is nothing to count.
// RUN: moe-opt %s --pass-pipeline='builtin.module(gpu.module(moe-insert-waits))' -verify-diagnostics

#lds = #gpu.address_space<workgroup>

gpu.module @kernels {
  gpu.func @early(%x: memref<?x96xbf16>, %r: vector<1xi32>, %k: index)
      workgroup(%l: memref<16x128xbf16, #lds>) kernel {
    // expected-error @+1 {{'moe.gather' op expected to be lowered before the waits are counted; run -convert-moe-to-amdgpu first}}
    moe.gather %x[%r, %k] columns 32 to %l : memref<?x96xbf16>, vector<1xi32>, memref<16x128xbf16, #lds>
    moe.sync
    gpu.return
  }
}
