// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An op that no pipeline lowers.
gpu.module @user {
  gpu.func @kernel(%a: memref<64xf32, #gpu.address_space<global>>) kernel {
    %t = gpu.thread_id x
    %x = memref.load %a[%t] : memref<64xf32, #gpu.address_space<global>>
    %y = "user.op"(%x) : (f32) -> f32
    memref.store %y, %a[%t] : memref<64xf32, #gpu.address_space<global>>
    gpu.return
  }
}
