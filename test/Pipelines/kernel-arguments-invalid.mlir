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

// -----

gpu.module @kernels {
  // expected-error @+1 {{gpu.func 'tensor': expected argument 0 of a kernel to be a memref, a number, a vector or of an LLVM type, got 'tensor<4xf32>'}}
  gpu.func @tensor(%a: tensor<4xf32>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{gpu.func 'lds': expected argument 1 of a kernel to be in memory that a launch can name, global or the default memory space, got 'memref<4xf32, #gpu.address_space<workgroup>>'}}
  gpu.func @lds(%a: memref<4xf32>, %b: memref<4xf32, #gpu.address_space<workgroup>>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{expected argument 0 of a kernel to be in memory that a launch can name, global or the default memory space, got 'memref<4xf32, 5>'}}
  gpu.func @private(%a: memref<4xf32, 5>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{expected argument 0 of a kernel to be in memory that a launch can name, global or the default memory space, got '!llvm.ptr<3>'}}
  gpu.func @pointer(%a: !llvm.ptr<3>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{expected a memory space that AMD GPUs have (global, workgroup and private of the gpu dialect, fat_raw_buffer of amdgpu, or 0, 1, 3 to 7), got 'memref<4xf32, 99>'}}
  gpu.func @space(%a: memref<4xf32, 99>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @cast(%a: memref<4xf32>) kernel {
    // expected-error @+1 {{'memref.memory_space_cast' op expected a memory space that AMD GPUs have (global, workgroup and private of the gpu dialect, fat_raw_buffer of amdgpu, or 0, 1, 3 to 7), got 'memref<4xf32, 2>'}}
    %b = memref.memory_space_cast %a : memref<4xf32> to memref<4xf32, 2>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @named(%a: memref<4xf32>) kernel {
    // expected-error @+1 {{'memref.memory_space_cast' op expected a memory space that AMD GPUs have}}
    %b = memref.memory_space_cast %a : memref<4xf32> to memref<4xf32, "constant">
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @cast_pointer(%a: !llvm.ptr) kernel {
    // expected-error @+1 {{'llvm.addrspacecast' op expected a memory space that AMD GPUs have}}
    %b = llvm.addrspacecast %a : !llvm.ptr to !llvm.ptr<99>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'memref.global' op expected a memory space that AMD GPUs have}}
  memref.global "private" @table : memref<4xf32, 2>
}

// -----

gpu.module @kernels {
  gpu.func @alloca() kernel {
    // expected-error @+1 {{'memref.alloca' op expected memory space 5, the private one of a thread, got 'memref<4xf32, 3>'}}
    %b = memref.alloca() : memref<4xf32, 3>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @llvm_alloca() kernel {
    %n = llvm.mlir.constant(4 : i32) : i32
    // expected-error @+1 {{'llvm.alloca' op expected memory space 5, the private one of a thread, got '!llvm.ptr'}}
    %b = llvm.alloca %n x f32 : (i32) -> !llvm.ptr
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{gpu.func 'helper': expected argument 0 of a function in a gpu.module, a plain pointer, to have a static shape, strides and offset, got 'memref<?xf32>'}}
  gpu.func @helper(%a: memref<?xf32>) {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{func.func 'result': expected result 0 of a function in a gpu.module, a plain pointer, to have a static shape, strides and offset, got 'memref<?xf32>'}}
  func.func private @result(%a: memref<4xf32>) -> memref<?xf32> {
    %b = memref.cast %a : memref<4xf32> to memref<?xf32>
    return %b : memref<?xf32>
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op expected at most 163840 bytes of LDS on gfx950, got 200000}}
  gpu.func @lds_size() workgroup(%l: memref<50000xf32, #gpu.address_space<workgroup>>) kernel {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  memref.global "private" @table : memref<50000xf32, 3>
  // expected-error @+1 {{'gpu.func' op expected at most 163840 bytes of LDS on gfx950, got 200000}}
  gpu.func @lds_global() kernel {
    %t = memref.get_global @table : memref<50000xf32, 3>
    gpu.return
  }
}

// -----

// In these spaces memory may be.
gpu.module @kernels {
  gpu.func @fine(%a: memref<4xf32>, %b: memref<4xf32, 1>, %c: memref<4xf32, 4>, %d: memref<4xf32, #gpu.address_space<global>>,
                 %e: vector<4xf32>, %f: index, %g: complex<f32>, %h: !llvm.ptr<1>, %i: i1) kernel {
    %t = amdgpu.fat_raw_buffer_cast %a : memref<4xf32> to memref<4xf32, #amdgpu.address_space<fat_raw_buffer>>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op expected 'gpu.known_block_size' = array<i32: 256, 1, 1>, its known_block_size, or none, got array<i32: 64, 1, 1>}}
  gpu.func @twice() kernel attributes {known_block_size = array<i32: 256, 1, 1>, gpu.known_block_size = array<i32: 64, 1, 1>} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @own() kernel attributes {rocdl.flat_work_group_size = "1,64"} {
    gpu.return
  }
  // expected-error @+1 {{'gpu.func' op expected no 'rocdl.flat_work_group_size', which follows from its known_block_size, got "1,64"}}
  gpu.func @flat() kernel attributes {known_block_size = array<i32: 256, 1, 1>, rocdl.flat_work_group_size = "1,64"} {
    gpu.return
  }
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{'gpu.func' op expected no 'rocdl.reqd_work_group_size', which follows from its known_block_size, got array<i32: 64, 1, 1>}}
  gpu.func @required(%parts: memref<8x64xf32>, %out: memref<2x64xf32>, %tokens: i32) kernel
      attributes {rocdl.reqd_work_group_size = array<i32: 64, 1, 1>} {
    moe.reduce_slots %parts to %out tokens(%tokens) topk 4 : memref<8x64xf32>, memref<2x64xf32>
    gpu.return
  }
}

// -----

// expected-error @+1 {{'builtin.module' op expected an index of 64 bits in the data layout of a gpu.module, as addresses have, got 32}}
module attributes {dlti.dl_spec = #dlti.dl_spec<index = 32 : i64>} {
  gpu.module @kernels {
    gpu.func @k() kernel {
      gpu.return
    }
  }
}

// -----

gpu.module @right attributes {dlti.dl_spec = #dlti.dl_spec<index = 64 : i64>} {
}
// expected-error @+1 {{'gpu.module' op expected an index of 64 bits in the data layout of a gpu.module, as addresses have, got 32}}
gpu.module @kernels attributes {dlti.dl_spec = #dlti.dl_spec<index = 32 : i64>} {
  gpu.func @k() kernel {
    gpu.return
  }
}
