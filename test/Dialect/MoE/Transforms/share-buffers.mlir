// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// -moe-share-buffers: the heap of host code as memory that kernels reach.
// RUN: moe-opt %s --moe-share-buffers --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @buffers
// CHECK: %[[SHARED:.*]] = gpu.alloc host_shared (%{{.*}}) : memref<?x64xbf16>
// CHECK: %[[CAST:.*]] = memref.cast %[[SHARED]]
// CHECK: %[[START:.*]] = gpu.wait async
// CHECK: %[[FREED:.*]] = gpu.dealloc async [%[[START]]] %[[CAST]] : memref<?x?xbf16>
// CHECK: gpu.wait [%[[FREED]]]
// CHECK-NOT: gpu.host_register %{{.*}} : memref<*xbf16>
// CHECK: memref.alloc() : memref<4xf32, 1>
// CHECK: memref.alloca() : memref<4xf32>
// CHECK: gpu.host_register %{{.*}} : memref<*xf32>
func.func @buffers(%rows: index) {
  %m = memref.alloc(%rows) {alignment = 64 : i64} : memref<?x64xbf16>
  %c = memref.cast %m : memref<?x64xbf16> to memref<?x?xbf16>
  memref.dealloc %c : memref<?x?xbf16>
  %u = memref.cast %c : memref<?x?xbf16> to memref<*xbf16>
  gpu.host_register %u : memref<*xbf16>
  %other = memref.alloc() : memref<4xf32, 1>
  %stack = memref.alloca() : memref<4xf32>
  %su = memref.cast %stack : memref<4xf32> to memref<*xf32>
  gpu.host_register %su : memref<*xf32>
  return
}

// A kernel has no heap; what it holds is not this pass's business.
// CHECK: gpu.func @kernel
// CHECK: memref.alloc() : memref<4xf32>
gpu.module @m {
  gpu.func @kernel() kernel {
    %m = memref.alloc() : memref<4xf32>
    gpu.return
  }
}

// -----

func.func @strided() {
  // expected-error @+1 {{expected an allocation of contiguous rows to share with kernels, got 'memref<4x8xf32, strided<[16, 1]>>'}}
  %m = memref.alloc() : memref<4x8xf32, strided<[16, 1]>>
  return
}

// -----

func.func @realloc(%m: memref<4xf32>) {
  // expected-error @+1 {{expected to be lowered before -moe-share-buffers, by -buffer-deallocation-pipeline or -expand-realloc}}
  %r = memref.realloc %m : memref<4xf32> to memref<8xf32>
  return
}

// -----

func.func @clone() {
  %m = memref.alloc() : memref<4xi32>
  // expected-error @+1 {{expected to be lowered before -moe-share-buffers, by -convert-bufferization-to-memref}}
  %c = bufferization.clone %m : memref<4xi32> to memref<4xi32>
  memref.dealloc %c : memref<4xi32>
  return
}

// -----

func.func @unranked(%m: memref<*xi32>) {
  // expected-error @+1 {{expected memory of a known rank to share with kernels, got 'memref<*xi32>'}}
  memref.dealloc %m : memref<*xi32>
  return
}

// -----

func.func @aligned() {
  // expected-error @+1 {{expected an alignment of at most 256 bytes of memory to share with kernels, got 4096}}
  %m = memref.alloc() {alignment = 4096 : i64} : memref<4xi32>
  return
}
