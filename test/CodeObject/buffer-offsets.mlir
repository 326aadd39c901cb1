// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Offsets of buffer loads that differ by constants share a register, also where
// they do not change in a loop: the constants become immediate offsets, up to
// 4095 from the register.
// RUN: moe-compile %s --chip gfx950 --emit asm | FileCheck %s
// RUN: moe-compile %s --chip gfx942 --emit asm | FileCheck %s

// CHECK-LABEL: loads:
// CHECK: .LBB0_1:
// CHECK-DAG: buffer_load_dword v{{[0-9]+}}, [[NEAR:v[0-9]+]], s[{{.*}}], [[K:s[0-9]+]] offen{{$}}
// CHECK-DAG: buffer_load_dword v{{[0-9]+}}, [[NEAR]], s[{{.*}}], [[K]] offen offset:1024
// CHECK-DAG: buffer_load_dword v{{[0-9]+}}, [[NEAR]], s[{{.*}}], [[K]] offen offset:4092
// CHECK-DAG: buffer_load_dword v{{[0-9]+}}, [[FAR:v[0-9]+]], s[{{.*}}], [[K]] offen{{$}}
// CHECK-DAG: buffer_load_dword v{{[0-9]+}}, [[FAR]], s[{{.*}}], [[K]] offen offset:16
// CHECK: s_cbranch_scc

module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @loads(%memory: !llvm.ptr<1>, %out: !llvm.ptr<1>) attributes {gpu.kernel, rocdl.kernel} {
      %thread = rocdl.workitem.id.x : i32
      %flags = llvm.mlir.constant(159744 : i32) : i32
      %stride = llvm.mlir.constant(0 : i16) : i16
      %size = llvm.mlir.constant(1048576 : i64) : i64
      %rsrc = rocdl.make.buffer.rsrc %memory, %stride, %size, %flags : !llvm.ptr<1> to <8>
      %zero = llvm.mlir.constant(0 : i32) : i32
      %four = llvm.mlir.constant(4 : i32) : i32
      %end = llvm.mlir.constant(65536 : i32) : i32
      %step = llvm.mlir.constant(8192 : i32) : i32
      %near = llvm.mul %thread, %four : i32
      %c1 = llvm.mlir.constant(1024 : i32) : i32
      %c2 = llvm.mlir.constant(4092 : i32) : i32
      %c3 = llvm.mlir.constant(4096 : i32) : i32
      %c4 = llvm.mlir.constant(4112 : i32) : i32
      %o1 = llvm.add %near, %c1 : i32
      %o2 = llvm.add %near, %c2 : i32
      %o3 = llvm.add %near, %c3 : i32
      %o4 = llvm.add %near, %c4 : i32
      llvm.br ^loop(%zero, %zero : i32, i32)
    ^loop(%k: i32, %sum: i32):
      %l0 = rocdl.raw.ptr.buffer.load %rsrc, %near, %k, %zero : i32
      %l1 = rocdl.raw.ptr.buffer.load %rsrc, %o1, %k, %zero : i32
      %l2 = rocdl.raw.ptr.buffer.load %rsrc, %o2, %k, %zero : i32
      %l3 = rocdl.raw.ptr.buffer.load %rsrc, %o3, %k, %zero : i32
      %l4 = rocdl.raw.ptr.buffer.load %rsrc, %o4, %k, %zero : i32
      %s0 = llvm.add %sum, %l0 : i32
      %s1 = llvm.add %s0, %l1 : i32
      %s2 = llvm.add %s1, %l2 : i32
      %s3 = llvm.add %s2, %l3 : i32
      %s4 = llvm.add %s3, %l4 : i32
      %next = llvm.add %k, %step : i32
      %more = llvm.icmp "ult" %next, %end : i32
      llvm.cond_br %more, ^loop(%next, %s4 : i32, i32), ^exit
    ^exit:
      %place = llvm.getelementptr %out[%thread] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %s4, %place : i32, !llvm.ptr<1>
      llvm.return
    }
  }
}
