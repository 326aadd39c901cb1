// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What MLIR and LLVM 22 accept and compute wrong, or crash on, is refused at the
// op.
// RUN: moe-opt %s -split-input-file -verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(moe-check-kernels,gpu.module(moe-check-target{chip=gfx950}))'

gpu.module @kernels {
  gpu.func @upward(%x: vector<2xf64>) {
    %0 = arith.truncf %x to_nearest_even : vector<2xf64> to vector<2xf32>
    // expected-error@+1 {{'arith.truncf' op expected rounding to_nearest_even, got upward: the back end has no other}}
    %1 = arith.truncf %x upward : vector<2xf64> to vector<2xf32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @to_bf16(%x: i53, %y: i64) {
    %0 = arith.sitofp %x : i53 to bf16
    %1 = arith.uitofp %y : i64 to f32
    // expected-error@+1 {{'arith.uitofp' op expected an integer of at most 53 bits to make bf16 of, got 'i64': a wider one is rounded twice; write the conversion to f32 and arith.truncf if that is meant}}
    %2 = arith.uitofp %y : i64 to bf16
    gpu.return
  }
}

// -----

gpu.module @kernels {
  func.func @to_bf16_in_a_function(%x: vector<4xi54>) -> vector<4xbf16> {
    // expected-error@+1 {{'arith.sitofp' op expected an integer of at most 53 bits to make bf16 of, got 'i54'}}
    %0 = arith.sitofp %x : vector<4xi54> to vector<4xbf16>
    return %0 : vector<4xbf16>
  }
}

// -----

gpu.module @kernels {
  gpu.func @fma(%x: f16, %y: bf16) {
    %0 = math.fma %x, %x, %x : f16
    // expected-error@+1 {{'math.fma' op expected f16, f32 or f64, got bf16: the back end rounds to f32 and again; write math.fma of f32 and arith.truncf if that is meant}}
    %1 = math.fma %y, %y, %y : bf16
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @broadcast(%x: vector<4xf16>, %y: complex<f32>) {
    %0 = gpu.subgroup_broadcast %x, first_active_lane : vector<4xf16>
    // expected-error@+1 {{'gpu.subgroup_broadcast' op expected a number or a vector of rank 1, got 'complex<f32>'}}
    %1 = gpu.subgroup_broadcast %y, first_active_lane : complex<f32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @constant(%in: memref<64xi32, 4>, %out: memref<64xi32>, %i: index) kernel {
    %0 = memref.load %in[%i] : memref<64xi32, 4>
    memref.store %0, %out[%i] : memref<64xi32>
    // expected-error@+1 {{'memref.store' op expected memory that may be written, got 'memref<64xi32, 4>', which is constant}}
    memref.store %0, %in[%i] : memref<64xi32, 4>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @constant_atomic(%in: memref<64xi32, 4>, %i: index, %x: i32) kernel {
    // expected-error@+1 {{'memref.atomic_rmw' op expected memory that may be written, got 'memref<64xi32, 4>', which is constant}}
    %0 = memref.atomic_rmw addi %x, %in[%i] : (i32, memref<64xi32, 4>) -> i32
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @constant_pointer(%in: !llvm.ptr<4>, %x: i32) kernel {
    // expected-error@+1 {{'llvm.store' op expected memory that may be written, got '!llvm.ptr<4>', which is constant}}
    llvm.store %x, %in : i32, !llvm.ptr<4>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @packed(%x: f32) {
    %0 = amdgpu.packed_trunc_2xfp8 %x, undef into undef[word 0] : f32 to vector<4xf8E5M2>
    // expected-error@+1 {{'amdgpu.packed_trunc_2xfp8' op expected f8E4M3FN or f8E5M2 on gfx950, got 'f8E5M2FNUZ'}}
    %1 = amdgpu.packed_trunc_2xfp8 %x, undef into undef[word 0] : f32 to vector<4xf8E5M2FNUZ>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @stochastic(%x: f32, %bits: i32) {
    // expected-error@+1 {{'amdgpu.packed_stoch_round_fp8' op expected f8E4M3FN or f8E5M2 on gfx950, got 'f8E4M3FNUZ'}}
    %0 = amdgpu.packed_stoch_round_fp8 %x + %bits into undef[1] : f32 to vector<4xf8E4M3FNUZ>
    gpu.return
  }
}
