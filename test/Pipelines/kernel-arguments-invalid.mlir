// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel argument is a plain pointer and carries neither size nor stride nor
// offset; and what a pipeline cannot lower is an error at the op.
// RUN: moe-opt %s -split-input-file -verify-diagnostics --moe-to-rocdl=chip=gfx950

gpu.module @kernels {
  // expected-error @+1 {{expected argument 1 of a kernel, a plain pointer, to have a static shape, strides and offset, got 'memref<?xf32>'; pass a memref of rank 0 and its sizes, and give it a shape by memref.reinterpret_cast in the kernel}}
  gpu.func @size(%a: memref<4xf32>, %b: memref<?xf32>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{expected argument 0 of a kernel, a plain pointer, to have a static shape, strides and offset, got 'memref<4x4xf32, strided<[?, 1]>>'}}
  gpu.func @stride(%a: memref<4x4xf32, strided<[?, 1]>>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{to have a static shape, strides and offset, got 'memref<4xf32, strided<[1], offset: ?>>'}}
  gpu.func @offset(%a: memref<4xf32, strided<[1], offset: ?>>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @unknown(%a: memref<4xf32>, %v: f32) kernel {
    // expected-error @+1 {{'linalg.fill' op was not lowered by the pipeline, which knows no conversion of it to LLVM or ROCDL ops; lower it before, or register what converts its dialect}}
    linalg.fill ins(%v : f32) outs(%a : memref<4xf32>)
    gpu.return
  }
}
