// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel may not hold as it is: functions that nothing defines, and ops
// without a conversion. Each is refused at the op.
// RUN: moe-opt %s --moe-to-binary=chip=gfx950 -split-input-file -verify-diagnostics

gpu.module @user {
  gpu.func @tanh(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of '__ocml_tanh_f32' of AMD's device libraries; name their files in the link of its #rocdl.target, or expand the op before (-math-expand-ops), which is less accurate}}
    %r = math.tanh %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @sin(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of '__ocml_sin_f32' of AMD's device libraries; name their files in the link of its #rocdl.target}}
    %r = math.sin %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @remf(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of '__ocml_fmod_f32'}}
    %r = arith.remf %a, %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @powf(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of '__ocml_pow_f32'}}
    %r = math.powf %a, %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @grid_dim(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{expected no gpu.grid_dim, which calls AMD's device libraries; pass the number as an argument}}
    %g = gpu.grid_dim x
    %r = memref.load %p[%g] : memref<64xf32>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @printf(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of '__ockl_printf_begin'; a kernel has nobody to print for it: store to a buffer}}
    gpu.printf "%f", %a : f32
    %r = arith.negf %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @alloc(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of 'malloc'}}
    %l = memref.alloc() : memref<64xf32>
    %r = memref.load %l[%t] : memref<64xf32>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @linalg(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{'linalg.fill' op was not lowered by the pipeline, which knows no conversion of it}}
    linalg.fill ins(%a : f32) outs(%p : memref<64xf32>)
    %r = arith.negf %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @fp8(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{'arith.truncf' op was not lowered by the pipeline, which knows no conversion of it}}
    %b = arith.truncf %a : f32 to f8E4M3FN
    %r = arith.extf %b : f8E4M3FN to f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @exp_f64(%p: memref<64xf64>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf64>
    // expected-error @below {{got a call of '__ocml_exp_f64'}}
    %r = math.exp %a : f64
    memref.store %r, %p[%t] : memref<64xf64>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @to_f8E5M2(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{'arith.truncf' op was not lowered by the pipeline, which knows no conversion of it}}
    %b = arith.truncf %a : f32 to f8E5M2
    %i = arith.bitcast %b : f8E5M2 to i8
    %r = arith.uitofp %i : i8 to f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @to_f8E4M3FNUZ(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{'arith.truncf' op was not lowered by the pipeline, which knows no conversion of it}}
    %b = arith.truncf %a : f32 to f8E4M3FNUZ
    %i = arith.bitcast %b : f8E4M3FNUZ to i8
    %r = arith.uitofp %i : i8 to f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @to_f8E5M2FNUZ(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{'arith.truncf' op was not lowered by the pipeline, which knows no conversion of it}}
    %b = arith.truncf %a : f32 to f8E5M2FNUZ
    %i = arith.bitcast %b : f8E5M2FNUZ to i8
    %r = arith.uitofp %i : i8 to f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @from_f8E4M3FN(%p: memref<64xi8>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xi8>
    %b = arith.bitcast %a : i8 to f8E4M3FN
    // expected-error @below {{'arith.extf' op was not lowered by the pipeline, which knows no conversion of it}}
    %e = arith.extf %b : f8E4M3FN to f32
    %r = arith.fptoui %e : f32 to i8
    memref.store %r, %p[%t] : memref<64xi8>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @from_f8E5M2(%p: memref<64xi8>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xi8>
    %b = arith.bitcast %a : i8 to f8E5M2
    // expected-error @below {{'arith.extf' op was not lowered by the pipeline, which knows no conversion of it}}
    %e = arith.extf %b : f8E5M2 to f32
    %r = arith.fptoui %e : f32 to i8
    memref.store %r, %p[%t] : memref<64xi8>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @from_f8E4M3FNUZ(%p: memref<64xi8>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xi8>
    %b = arith.bitcast %a : i8 to f8E4M3FNUZ
    // expected-error @below {{'arith.extf' op was not lowered by the pipeline, which knows no conversion of it}}
    %e = arith.extf %b : f8E4M3FNUZ to f32
    %r = arith.fptoui %e : f32 to i8
    memref.store %r, %p[%t] : memref<64xi8>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @from_f8E5M2FNUZ(%p: memref<64xi8>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xi8>
    %b = arith.bitcast %a : i8 to f8E5M2FNUZ
    // expected-error @below {{'arith.extf' op was not lowered by the pipeline, which knows no conversion of it}}
    %e = arith.extf %b : f8E5M2FNUZ to f32
    %r = arith.fptoui %e : f32 to i8
    memref.store %r, %p[%t] : memref<64xi8>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @mulf(%p: memref<64xf32>) workgroup(%lds : memref<64xf32, #gpu.address_space<workgroup>>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{'memref.atomic_rmw' op was not lowered by the pipeline, which knows no conversion of it}}
    %r = memref.atomic_rmw mulf %a, %lds[%t] : (f32, memref<64xf32, #gpu.address_space<workgroup>>) -> f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @cluster(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{expected clusters within the 64 lanes of a wave, got size * stride = 128}}
    %r = gpu.subgroup_reduce add %a cluster(size = 16, stride = 8) : (f32) -> f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @all_reduce(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{'gpu.all_reduce' op expected gpu.subgroup_reduce and memory of the workgroup between its waves, got a reduction that is not lowered}}
    %r = gpu.all_reduce add %a {} : (f32) -> f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @width(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %o = arith.constant 1 : i32
    %w = arith.constant 0 : i32
    // expected-error @below {{expected a width of at least 1 lane, got 0}}
    %r, %v = gpu.shuffle down %a, %o, %w : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @moved(%p: memref<64xi40>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xi40>
    %o = arith.constant 1 : i32
    %w = arith.constant 64 : i32
    // expected-error @below {{expected a value of at most 32 bits or a multiple of 32, got 'i40' of 40 bits}}
    %r, %v = gpu.shuffle down %a, %o, %w : i40
    memref.store %r, %p[%t] : memref<64xi40>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @rotate(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{expected a width of at most the 64 lanes of a wave, got 128}}
    %r, %v = gpu.rotate %a, 1, 128 : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @wide(%p: memref<64xi32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xi32>
    %w = arith.extsi %a : i32 to i128
    // expected-error @below {{expected values of f16, bf16, f32, f64 or an integer type of at most 64 bits, got 'i128'}}
    %r = gpu.subgroup_reduce add %w : (i128) -> i128
    %b = arith.trunci %r : i128 to i32
    memref.store %b, %p[%t] : memref<64xi32>
    gpu.return
  }
}

// -----

gpu.module @user {
  // expected-error @below {{func.func 'helper': expected argument 0 of a function in a gpu.module, a plain pointer, to have a static shape, strides and offset, got 'memref<?xf32>'; pass a memref of rank 0 and its sizes, and give it a shape by memref.reinterpret_cast in the function}}
  func.func private @helper(%p: memref<?xf32>) {
    return
  }
  gpu.func @dynamic(%p: memref<64xf32>) kernel {
    %m = memref.cast %p : memref<64xf32> to memref<?xf32>
    func.call @helper(%m) : (memref<?xf32>) -> ()
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @generic_atomic(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    // expected-error @below {{'memref.generic_atomic_rmw' op expected elements that are integers, got 'f32'; make the bits an integer before (arith.bitcast), or use memref.atomic_rmw}}
    %r = memref.generic_atomic_rmw %p[%t] : memref<64xf32> {
    ^bb0(%old: f32):
      %new = arith.addf %old, %old : f32
      memref.atomic_yield %new : f32
    }
    gpu.return
  }
}

// -----

gpu.module @user {
  memref.global "private" @table : memref<64xf32, #gpu.address_space<workgroup>>
  func.func private @get() -> memref<32xf32, #gpu.address_space<workgroup>> {
    %g = memref.get_global @table : memref<64xf32, #gpu.address_space<workgroup>>
    %s = memref.subview %g[0] [32] [1] : memref<64xf32, #gpu.address_space<workgroup>> to memref<32xf32, strided<[1]>, #gpu.address_space<workgroup>>
    %c = memref.cast %s : memref<32xf32, strided<[1]>, #gpu.address_space<workgroup>> to memref<32xf32, #gpu.address_space<workgroup>>
    // expected-error @below {{'func.return' op expected no result made of a memref.get_global, whose allocated pointer upstream does not know; take it in the caller}}
    return %c : memref<32xf32, #gpu.address_space<workgroup>>
  }
}
