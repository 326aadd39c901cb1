// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gpu.shuffle up says which lanes have another one so far below them, in groups
// of 64 and of 16 lanes: the sums over all lanes up to each one.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: moe-compile %s --chip gfx950 -o k.hsaco
// RUN: %python -c "import array; array.array('i', [i % 64 + 1 for i in range(128)] + [i % 16 + 1 for i in range(128)]).tofile(open('sums.bin', 'wb'))"
// RUN: echo '{"code_object": "k.hsaco", "kernel": "scan", "grid": [1, 1, 1], "block": [128, 1, 1], "args": [{"name": "out", "kind": "buffer", "size": 1024, "out": "out.bin"}], "expect": {"arg": "out", "dtype": "i32", "file": "sums.bin", "file_dtype": "i32", "rtol": 0, "atol": 0}}' > k.json
// RUN: moe-run launch k.json --sanitize all

gpu.module @kernels {
  gpu.func @scan(%out: memref<256xi32, #gpu.address_space<global>>) kernel
      attributes {known_block_size = array<i32: 128, 1, 1>} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c6 = arith.constant 6 : index
    %c4 = arith.constant 4 : index
    %c128 = arith.constant 128 : index
    %one = arith.constant 1 : i32
    %all = arith.constant 64 : i32
    %few = arith.constant 16 : i32
    %thread = gpu.thread_id x
    scf.for %part = %c0 to %c2 step %c1 {
      %first = arith.cmpi eq, %part, %c0 : index
      %width = arith.select %first, %all, %few : i32
      %steps = arith.select %first, %c6, %c4 : index
      %sum = scf.for %step = %c0 to %steps step %c1 iter_args(%own = %one) -> (i32) {
        %shift = arith.index_cast %step : index to i32
        %offset = arith.shli %one, %shift : i32
        %other, %valid = gpu.shuffle up %own, %offset, %width : i32
        %more = arith.addi %own, %other : i32
        %next = arith.select %valid, %more, %own : i32
        scf.yield %next : i32
      }
      %row = arith.muli %part, %c128 : index
      %place = arith.addi %row, %thread : index
      memref.store %sum, %out[%place] : memref<256xi32, #gpu.address_space<global>>
    }
    gpu.return
  }
}
