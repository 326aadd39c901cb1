// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gpu.rotate by 3 in groups of 16 lanes; its flag says which lanes are of the
// first group.
// DEFINE: %{chip} =
// DEFINE: %{run} = moe-compile %s --chip %{chip} -o k.hsaco && moe-run launch k.json --sanitize all
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: %python -c "import array; array.array('i', [i // 16 * 16 + (i + 3) %% 16 + 100 * (i < 16) for i in range(64)]).tofile(open('right.bin', 'wb'))"
// RUN: echo '{"code_object": "k.hsaco", "kernel": "rotate", "grid": [1, 1, 1], "block": [64, 1, 1], "args": [{"name": "out", "kind": "buffer", "size": 256, "out": "out.bin"}], "expect": {"arg": "out", "dtype": "i32", "file": "right.bin", "file_dtype": "i32", "rtol": 0, "atol": 0}}' > k.json
// REDEFINE: %{chip} = gfx950
// RUN: %{run}
// REDEFINE: %{chip} = gfx942
// RUN: %{run}

gpu.module @kernels {
  gpu.func @rotate(%out: memref<64xi32>) kernel
      attributes {known_block_size = array<i32: 64, 1, 1>} {
    %t = gpu.thread_id x
    %c100 = arith.constant 100 : i32
    %lane = arith.index_cast %t : index to i32
    %other, %first = gpu.rotate %lane, 3, 16 : i32
    %flagged = arith.addi %other, %c100 : i32
    %r = arith.select %first, %flagged, %other : i32
    memref.store %r, %out[%t] : memref<64xi32>
    gpu.return
  }
}
