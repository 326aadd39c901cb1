// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the pass refuses, at the gpu.module, with one run for each option.

// RUN: moe-opt %s --split-input-file --verify-diagnostics \
// RUN:   --moe-gpu-module-to-binary

// expected-error @below {{expected a chip, as the option 'chip' or as a #rocdl.target of the module, got neither}}
gpu.module @no_chip {
}

// -----

// expected-error @below {{unknown chip 'gfx951'}}
gpu.module @unknown_chip [#rocdl.target<chip = "gfx951">] {
}

// -----

// expected-error @below {{expected one #rocdl.target, got}}
gpu.module @two_targets [#rocdl.target<chip = "gfx942">, #rocdl.target<chip = "gfx950">] {
}

// -----

// The back end emits the gfx950 encoding of this convert for gfx942; the
// finished code object is refused.

gpu.module @convert [#rocdl.target<chip = "gfx942">] {
  // expected-error @below {{is no instruction of gfx942}}
  llvm.func @k(%p: !llvm.ptr<1>, %v: i32, %s: f32) attributes {gpu.kernel, rocdl.kernel} {
    %r = rocdl.cvt.scalef32.pk.bf16.fp4 %v[0], %s : vector<2xbf16>
    llvm.store %r, %p : vector<2xbf16>, !llvm.ptr<1>
    llvm.return
  }
}

// -----

// A fatal error of the back end is a diagnostic, not the end of the process:
// the last case below still runs.

gpu.module @wide_mfma [#rocdl.target<chip = "gfx942">] {
  // expected-error @below {{Cannot select}}
  llvm.func @k(%p: !llvm.ptr<1>, %a: vector<8xbf16>, %c: vector<4xf32>) attributes {gpu.kernel, rocdl.kernel} {
    %zero = llvm.mlir.constant(0 : i32) : i32
    %r = rocdl.mfma.f32.16x16x32.bf16 %a, %a, %c, %zero, %zero, %zero : (vector<8xbf16>, vector<8xbf16>, vector<4xf32>, i32, i32, i32) -> vector<4xf32>
    llvm.store %r, %p : vector<4xf32>, !llvm.ptr<1>
    llvm.return
  }
}

// -----

gpu.module @lds [#rocdl.target<chip = "gfx942">] {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32} : !llvm.array<65540 x i8>
  llvm.func @other() {
    llvm.return
  }
  // expected-error @below {{local memory (65540) exceeds limit (65536)}}
  llvm.func @k(%v: i8) attributes {gpu.kernel, rocdl.kernel} {
    %p = llvm.mlir.addressof @tile : !llvm.ptr<3>
    llvm.store volatile %v, %p : i8, !llvm.ptr<3>
    llvm.return
  }
}

// -----

gpu.module @grid [#rocdl.target<chip = "gfx950">] {
  // expected-error @below {{expected one of tokens, n, k, num_blocks, got 'rows'}}
  llvm.func @k() attributes {gpu.kernel, rocdl.kernel, moe.grid = "rows;1;1"} {
    llvm.return
  }
}
