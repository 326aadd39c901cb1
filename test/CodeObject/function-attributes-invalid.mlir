// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes and names with which a kernel would compute other numbers than its
// ops say, or not be found in the code object, are refused at the function. None
// of them ends the process.
// RUN: moe-opt %s --moe-to-binary=chip=gfx942 -split-input-file -verify-diagnostics

gpu.module @m {
  // expected-error @below {{function 'k': expected no 'denormal-fp-math-f32': arithmetic is what the ops say, got "preserve-sign"}}
  gpu.func @k() kernel attributes {denormal_fp_math_f32 = "preserve-sign"} {
    gpu.return
  }
}

// -----

gpu.module @m {
  llvm.func @ieee() attributes {gpu.kernel, rocdl.kernel, denormal_fp_math = "ieee,ieee", no_nans_fp_math = false} {
    llvm.return
  }
  // expected-error @below {{function 'k': expected no 'denormal-fp-math': arithmetic is what the ops say, got "positive-zero"}}
  llvm.func @k() attributes {gpu.kernel, rocdl.kernel, denormal_fp_math = "positive-zero"} {
    llvm.return
  }
}

// -----

gpu.module @m {
  // expected-error @below {{function 'helper': expected no 'denormal-fp-math-f32': arithmetic is what the ops say, got "preserve-sign,preserve-sign"}}
  func.func @helper() attributes {passthrough = ["noinline", ["denormal-fp-math-f32", "preserve-sign,preserve-sign"]]} {
    return
  }
}

// -----

gpu.module @m {
  // expected-error @below {{function 'k': expected no 'no-nans-fp-math': arithmetic is what the ops say, got "true"}}
  llvm.func @k() attributes {gpu.kernel, rocdl.kernel, no_nans_fp_math = true} {
    llvm.return
  }
}

// -----

gpu.module @m {
  // expected-error @below {{function 'k': expected no 'amdgpu-ieee': arithmetic is what the ops say, got "false"}}
  llvm.func @k() attributes {gpu.kernel, rocdl.kernel, passthrough = [["amdgpu-ieee", "false"]]} {
    llvm.return
  }
}

// -----

gpu.module @m {
  // expected-error @below {{function 'k': expected a kernel without 'target-features', which are those of the chip, got "+wavefrontsize32"}}
  gpu.func @k() kernel attributes {target_features = #llvm.target_features<["+wavefrontsize32"]>} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error @below {{function 'k': expected a kernel to have external linkage, got internal}}
  gpu.func @k() kernel attributes {linkage = #llvm.linkage<internal>} {
    gpu.return
  }
}

// -----

// A hidden symbol is not found by a loader.

gpu.module @m {
  // expected-error @below {{expected kernel 'k' in the code object, got none of that name}}
  llvm.func hidden @k() attributes {gpu.kernel, rocdl.kernel} {
    llvm.return
  }
}

// -----

gpu.module @m {
  // expected-error @below {{expected the name of a kernel to be printable characters other than space, '=' and '@', got "a=b"}}
  gpu.func @"a=b"() kernel attributes {moe.grid = "tokens;1;1"} {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error @below {{expected the name of a kernel to be printable characters other than space, '=' and '@', got "a@b"}}
  gpu.func @"a@b"() kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error @below {{expected the name of a kernel to be printable characters other than space, '=' and '@', got "\01k"}}
  gpu.func @"\01k"() kernel {
    gpu.return
  }
}

// -----

// expected-error @below {{gpu.module 'm': expected no llvm.module_asm: instructions are what the ops say, got ["bogus $$$"]}}
gpu.module @m attributes {llvm.module_asm = ["bogus $$$"]} {
  gpu.func @k() kernel {
    gpu.return
  }
}

// -----

gpu.module @m {
  // expected-error @below {{function 'k': expected no personality: there are no exceptions, got @none}}
  llvm.func @k() attributes {gpu.kernel, rocdl.kernel, personality = @none} {
    llvm.return
  }
}

// -----

// LLVM's verifier speaks at the function.

gpu.module @m {
  llvm.func @other() attributes {gpu.kernel, rocdl.kernel} {
    llvm.return
  }
  // expected-error @below {{invalid LLVM IR: invalid value for 'frame-pointer' attribute: abc}}
  llvm.func @k() attributes {gpu.kernel, rocdl.kernel, passthrough = [["frame-pointer", "abc"]]} {
    llvm.return
  }
}
