// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// memref.load and memref.store give each element bytes of its own, a vector in
// memory packs its elements by bits: elements of other widths than 8, 16, 32 and
// so on are not read and written as vectors.
// RUN: moe-opt %s -moe-check-kernels -split-input-file -verify-diagnostics

gpu.module @loads {
  gpu.func @k(%p: memref<64xi4>, %c: index) kernel {
    // expected-error @below {{'vector.load' op expected elements of 8, 16, 32 or 64 bits, got 'i4' in 'memref<64xi4>': a vector packs them by bits, while memref.load and memref.store give each bytes of its own}}
    %v = vector.load %p[%c] : memref<64xi4>, vector<8xi4>
    gpu.return
  }
}

// -----

gpu.module @stores {
  gpu.func @k(%p: memref<64xi1>, %v: vector<8xi1>, %c: index) kernel {
    // expected-error @below {{'vector.store' op expected elements of 8, 16, 32 or 64 bits, got 'i1'}}
    vector.store %v, %p[%c] : memref<64xi1>, vector<8xi1>
    gpu.return
  }
}

// -----

gpu.module @masked_load {
  gpu.func @k(%p: memref<64xi12>, %m: vector<8xi1>, %v: vector<8xi12>, %c: index) kernel {
    // expected-error @below {{'vector.maskedload' op expected elements of 8, 16, 32 or 64 bits, got 'i12'}}
    %r = vector.maskedload %p[%c], %m, %v : memref<64xi12>, vector<8xi1>, vector<8xi12> into vector<8xi12>
    gpu.return
  }
}

// -----

gpu.module @masked_store {
  gpu.func @k(%p: memref<64xi24>, %m: vector<8xi1>, %v: vector<8xi24>, %c: index) kernel {
    // expected-error @below {{'vector.maskedstore' op expected elements of 8, 16, 32 or 64 bits, got 'i24'}}
    vector.maskedstore %p[%c], %m, %v : memref<64xi24>, vector<8xi1>, vector<8xi24>
    gpu.return
  }
}

// -----

gpu.module @transfer_read {
  gpu.func @k(%p: memref<64xf6E2M3FN>, %f: f6E2M3FN, %c: index) kernel {
    // expected-error @below {{'vector.transfer_read' op expected elements of 8, 16, 32 or 64 bits, got 'f6E2M3FN'}}
    %r = vector.transfer_read %p[%c], %f : memref<64xf6E2M3FN>, vector<8xf6E2M3FN>
    gpu.return
  }
}

// -----

gpu.module @transfer_write {
  // In a function that a kernel calls, too.
  func.func @k(%p: memref<64xf4E2M1FN>, %v: vector<8xf4E2M1FN>, %c: index) {
    // expected-error @below {{'vector.transfer_write' op expected elements of 8, 16, 32 or 64 bits, got 'f4E2M1FN'}}
    vector.transfer_write %v, %p[%c] : vector<8xf4E2M1FN>, memref<64xf4E2M1FN>
    return
  }
}

// -----

gpu.module @gather {
  gpu.func @k(%p: memref<64xi48>, %i: vector<8xi32>, %m: vector<8xi1>, %v: vector<8xi48>, %c: index) kernel {
    // expected-error @below {{'vector.gather' op expected elements of 8, 16, 32 or 64 bits, got 'i48'}}
    %r = vector.gather %p[%c][%i], %m, %v : memref<64xi48>, vector<8xi32>, vector<8xi1>, vector<8xi48> into vector<8xi48>
    gpu.return
  }
}

// -----

gpu.module @scatter {
  gpu.func @k(%p: memref<64xi4>, %i: vector<8xi32>, %m: vector<8xi1>, %v: vector<8xi4>, %c: index) kernel {
    // expected-error @below {{'vector.scatter' op expected elements of 8, 16, 32 or 64 bits, got 'i4'}}
    vector.scatter %p[%c][%i], %m, %v : memref<64xi4>, vector<8xi32>, vector<8xi1>, vector<8xi4>
    gpu.return
  }
}

// -----

gpu.module @expand {
  gpu.func @k(%p: memref<64xi4>, %m: vector<8xi1>, %v: vector<8xi4>, %c: index) kernel {
    // expected-error @below {{'vector.expandload' op expected elements of 8, 16, 32 or 64 bits, got 'i4'}}
    %r = vector.expandload %p[%c], %m, %v : memref<64xi4>, vector<8xi1>, vector<8xi4> into vector<8xi4>
    gpu.return
  }
}

// -----

gpu.module @compress {
  gpu.func @k(%p: memref<64xi4>, %m: vector<8xi1>, %v: vector<8xi4>, %c: index) kernel {
    // expected-error @below {{'vector.compressstore' op expected elements of 8, 16, 32 or 64 bits, got 'i4'}}
    vector.compressstore %p[%c], %m, %v : memref<64xi4>, vector<8xi1>, vector<8xi4>
    gpu.return
  }
}

// -----

gpu.module @affine {
  gpu.func @k(%p: memref<64xi4>) kernel {
    // expected-error @below {{'affine.vector_load' op expected elements of 8, 16, 32 or 64 bits, got 'i4'}}
    %r = affine.vector_load %p[8] : memref<64xi4>, vector<8xi4>
    gpu.return
  }
}

// -----

gpu.module @buffer {
  gpu.func @k(%p: memref<64xi4>, %i: i32) kernel {
    // expected-error @below {{'amdgpu.raw_buffer_load' op expected elements of 8, 16, 32 or 64 bits, got 'i4'}}
    %r = amdgpu.raw_buffer_load %p[%i] : memref<64xi4>, i32 -> vector<8xi4>
    gpu.return
  }
}

// -----

gpu.module @view {
  gpu.func @k(%p: memref<64xi8>, %c: index) kernel {
    // expected-error @below {{'memref.view' op expected elements of 8, 16, 32 or 64 bits, got 'i4' in 'memref<128xi4>'}}
    %v = memref.view %p[%c][] : memref<64xi8> to memref<128xi4>
    gpu.return
  }
}

// -----

gpu.module @type_cast {
  gpu.func @k(%p: memref<64xi4>) kernel {
    // expected-error @below {{'vector.type_cast' op expected elements of 8, 16, 32 or 64 bits, got 'i4'}}
    %v = vector.type_cast %p : memref<64xi4> to memref<vector<64xi4>>
    gpu.return
  }
}

// -----

// The rows of a vector of vectors are 16 bytes apart, those of an array 12.
gpu.module @rows {
  gpu.func @k(%p: memref<4x3xf32>) kernel {
    // expected-error @below {{'vector.type_cast' op expected rows of a power of two of bytes, got 12 bytes in 'memref<4x3xf32>'}}
    %v = vector.type_cast %p : memref<4x3xf32> to memref<vector<4x3xf32>>
    gpu.return
  }
}

// -----

// None of these is refused: elements by themselves, whole vectors as elements,
// masks, and what is no kernel.
gpu.module @fine {
  gpu.func @k(%p: memref<64xi4>, %q: memref<4xvector<8xi1>>, %x: memref<64xf32>, %m: vector<8xi1>, %f: vector<8xf32>, %c: index) kernel {
    %v = memref.load %p[%c] : memref<64xi4>
    memref.store %v, %p[%c] : memref<64xi4>
    %w = memref.load %q[%c] : memref<4xvector<8xi1>>
    %r = vector.maskedload %x[%c], %w, %f : memref<64xf32>, vector<8xi1>, vector<8xf32> into vector<8xf32>
    %a = memref.alloca() : memref<vector<2x8xi1>>
    %t = vector.type_cast %a : memref<vector<2x8xi1>> to memref<2xvector<8xi1>>
    gpu.return
  }
}
func.func @host(%p: memref<64xi4>, %c: index) -> vector<8xi4> {
  %v = vector.load %p[%c] : memref<64xi4>, vector<8xi4>
  return %v : vector<8xi4>
}
