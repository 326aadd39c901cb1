// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel may not hold as it is: functions that nothing defines, and ops
// without a conversion. Each is refused at the op.
// RUN: moe-opt %s --moe-to-binary=chip=gfx950 -split-input-file -verify-diagnostics

gpu.module @user {
  gpu.func @exp2(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of '__ocml_exp2_f32'}}
    %r = math.exp2 %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @tanh(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of '__ocml_tanh_f32'}}
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
    // expected-error @below {{got a call of '__ocml_sin_f32'}}
    %r = math.sin %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @rsqrt(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of '__ocml_rsqrt_f32'}}
    %r = math.rsqrt %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
}

// -----

gpu.module @user {
  gpu.func @floor(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    // expected-error @below {{got a call of '__ocml_floor_f32'}}
    %r = math.floor %a : f32
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
    // expected-error @below {{got a call of '__ockl_printf_begin'}}
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
