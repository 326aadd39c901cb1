// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One kernel op down to LLVM and ROCDL ops, and to assembly, on both chips; and
// a pipeline that starts in the middle.
// RUN: moe-opt %s --moe-to-rocdl=chip=gfx950 | FileCheck %s --check-prefixes=CHECK,GFX950
// RUN: moe-opt %s --moe-to-rocdl=chip=gfx942 | FileCheck %s --check-prefixes=CHECK,GFX942
// RUN: moe-opt %s --moe-to-tile=chip=gfx950 | moe-opt --moe-to-rocdl=chip=gfx950 | FileCheck %s --check-prefixes=CHECK,GFX950
// RUN: moe-opt %s --moe-to-binary="chip=gfx950 format=isa" | FileCheck %s --check-prefix=ISA950
// RUN: moe-opt %s --moe-to-binary="chip=gfx942 format=isa" | FileCheck %s --check-prefix=ISA942
// RUN: moe-opt %s --moe-to-binary=chip=gfx942 | FileCheck %s --check-prefix=BIN

// CHECK: gpu.module @kernels
// CHECK: llvm.mlir.global internal @{{.*}}() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<8192 x i8>
// CHECK: llvm.mlir.global internal @{{.*}}() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<8192 x i8>
// CHECK: llvm.func @kernel(%{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>
// CHECK-SAME: moe.grid = "ceildiv(n,128)*num_blocks;1;1"
// CHECK-SAME: rocdl.kernel
// CHECK-NOT: moe.
// CHECK-NOT: builtin.unrealized_conversion_cast
// GFX950: rocdl.raw.ptr.buffer.load.lds
// GFX950: rocdl.s.waitcnt
// GFX950: rocdl.s.barrier
// GFX950: rocdl.cvt.scalef32.pk.bf16.fp4
// GFX950: rocdl.mfma.f32.16x16x32.bf16
// GFX942-NOT: rocdl.raw.ptr.buffer.load.lds
// GFX942-NOT: rocdl.cvt.scalef32
// GFX942: rocdl.s.barrier
// GFX942: rocdl.mfma.f32.16x16x16bf16.1k
// GFX942-NOT: rocdl.cvt.scalef32
// CHECK: llvm.atomicrmw fadd {{.*}} syncscope("agent") monotonic {{.*}} vector<2xbf16>

// Non-temporal weight loads, 16-byte LDS DMA, counted waits, packed atomics.
// ISA950: gpu.binary @kernels
// ISA950: buffer_load_dwordx4 {{[^\\]*}} offen lds
// ISA950: buffer_load_dwordx4 {{[^\\]*}} nt
// ISA950: s_waitcnt vmcnt(5)
// ISA950: v_cvt_scalef32_pk_bf16_fp4
// ISA950: v_mfma_f32_16x16x32_bf16
// ISA950: global_atomic_pk_add_bf16
// ISA942: gpu.binary @kernels
// ISA942-NOT: {{offen lds|v_cvt_scalef32|16x16x32_bf16}}
// ISA942: v_mfma_f32_16x16x16_bf16
// ISA942: global_atomic_pk_add_bf16
// BIN: gpu.binary @kernels [#gpu.object<#rocdl.target<O = 3, chip = "gfx942">, {{.*}} bin = "\7FELF

#g = #gpu.address_space<global>

module attributes {gpu.container_module} {
  gpu.module @kernels {
    gpu.func @kernel(%outp: memref<bf16, #g>, %xp: memref<bf16, #g>,
        %w: memref<8x256x1024xf4E2M1FN, #moe.preshuffle<weight>, #g>,
        %s: memref<8x256x32xf8E8M0FNU, #moe.preshuffle<scale>, #g>,
        %idp: memref<i32, #g>, %ep: memref<i32, #g>, %wp: memref<f32, #g>,
        %num_valid: memref<2xi32, #g>, %tokens: i32, %num_blocks: i32) kernel {
      %t = arith.index_castui %tokens : i32 to index
      %blocks = arith.index_castui %num_blocks : i32 to index
      %c4 = arith.constant 4 : index
      %c16 = arith.constant 16 : index
      %rows = arith.muli %t, %c4 : index
      %sorted = arith.muli %blocks, %c16 : index
      %out = memref.reinterpret_cast %outp to offset: [0], sizes: [%t, 256], strides: [256, 1] : memref<bf16, #g> to memref<?x256xbf16, strided<[256, 1]>, #g>
      %x = memref.reinterpret_cast %xp to offset: [0], sizes: [%rows, 1024], strides: [1024, 1] : memref<bf16, #g> to memref<?x1024xbf16, strided<[1024, 1]>, #g>
      %ids = memref.reinterpret_cast %idp to offset: [0], sizes: [%sorted], strides: [1] : memref<i32, #g> to memref<?xi32, strided<[1]>, #g>
      %experts = memref.reinterpret_cast %ep to offset: [0], sizes: [%blocks], strides: [1] : memref<i32, #g> to memref<?xi32, strided<[1]>, #g>
      %weights = memref.reinterpret_cast %wp to offset: [0], sizes: [%sorted], strides: [1] : memref<f32, #g> to memref<?xf32, strided<[1]>, #g>
      moe.grouped_gemm down accumulate routing_weight outs(%out : memref<?x256xbf16, strided<[256, 1]>, #g>)
          ins(%x, %w, %s : memref<?x1024xbf16, strided<[1024, 1]>, #g>, memref<8x256x1024xf4E2M1FN, #moe.preshuffle<weight>, #g>, memref<8x256x32xf8E8M0FNU, #moe.preshuffle<scale>, #g>)
          routing(%ids, %experts, %weights, %num_valid : memref<?xi32, strided<[1]>, #g>, memref<?xi32, strided<[1]>, #g>, memref<?xf32, strided<[1]>, #g>, memref<2xi32, #g>)
          tokens(%tokens) topk 4 block_rows 16 schedule <tile_m = 16, tile_n = 128, tile_k = 256, cache = nt>
      gpu.return
    }
  }
}
