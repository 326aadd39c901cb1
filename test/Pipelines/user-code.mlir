// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of docs/Embedding.md, "Code beside an op": ops of upstream dialects
// that a kernel may hold. Each is compiled, for both chips.
// RUN: moe-opt %s --moe-to-binary=chip=gfx950 | FileCheck %s
// RUN: moe-opt %s --moe-to-binary=chip=gfx942 | FileCheck %s
// CHECK: gpu.binary @user

gpu.module @user {
  func.func private @helper(%v: f32) -> f32 {
    %r = arith.addf %v, %v : f32
    return %r : f32
  }
  func.func private @store(%p: memref<64xf32>, %v: f32) {
    %t = gpu.thread_id x
    memref.store %v, %p[%t] : memref<64xf32>
    return
  }
  gpu.func @exp(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.exp %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @log(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.log %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @sqrt(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.sqrt %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @fma(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.fma %a, %a, %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @absf(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.absf %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @roundeven(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.roundeven %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @divf(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = arith.divf %a, %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @maximumf(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = arith.maximumf %a, %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @truncf(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %b = arith.truncf %a : f32 to bf16
    %r = arith.extf %b : bf16 to f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @shuffle(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %o = arith.constant 1 : i32
    %w = arith.constant 64 : i32
    %r, %v = gpu.shuffle xor %a, %o, %w : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @barrier(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    gpu.barrier
    %r = arith.negf %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @workgroup(%p: memref<64xf32>) workgroup(%lds : memref<64xf32, #gpu.address_space<workgroup>>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    memref.store %a, %lds[%t] : memref<64xf32, #gpu.address_space<workgroup>>
    %r = memref.load %lds[%t] : memref<64xf32, #gpu.address_space<workgroup>>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @private(%p: memref<64xf32>) private(%prv : memref<4xf32, #gpu.address_space<private>>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    memref.store %a, %prv[%c0] : memref<4xf32, #gpu.address_space<private>>
    %r = memref.load %prv[%c0] : memref<4xf32, #gpu.address_space<private>>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @dynamic_lds(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    %d = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
    %v = memref.view %d[%c0][] : memref<?xi8, #gpu.address_space<workgroup>> to memref<4xf32, #gpu.address_space<workgroup>>
    memref.store %a, %v[%c0] : memref<4xf32, #gpu.address_space<workgroup>>
    %r = memref.load %v[%c0] : memref<4xf32, #gpu.address_space<workgroup>>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @alloca(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    %l = memref.alloca() : memref<4xf32, 5>
    memref.store %a, %l[%c0] : memref<4xf32, 5>
    %r = memref.load %l[%c0] : memref<4xf32, 5>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @atomic(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = memref.atomic_rmw addf %a, %p[%t] : (f32, memref<64xf32>) -> f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @copy(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    memref.copy %p, %p : memref<64xf32> to memref<64xf32>
    %r = arith.negf %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @vector(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    %v = vector.load %p[%c0] : memref<64xf32>, vector<4xf32>
    %r = vector.reduction <add>, %v : vector<4xf32> into f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @transfer(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    %v = vector.transfer_read %p[%c0], %a : memref<64xf32>, vector<4xf32>
    %r = vector.reduction <add>, %v : vector<4xf32> into f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @affine_load(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = affine.load %p[0] : memref<64xf32>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @affine_for(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    affine.for %i = 0 to 4 {
      affine.store %a, %p[%i] : memref<64xf32>
    }
    %r = arith.negf %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @scf_for(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    %r = scf.for %i = %c0 to %t step %t iter_args(%z = %a) -> f32 {
      scf.yield %z : f32
    }
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @scf_parallel(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    scf.parallel (%i) = (%c0) to (%t) step (%t) {
      memref.store %a, %p[%i] : memref<64xf32>
    }
    %r = arith.negf %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @scf_forall(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    scf.forall (%i) in (4) {
      memref.store %a, %p[%i] : memref<64xf32>
    }
    %r = arith.negf %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @func_call(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = func.call @helper(%a) : (f32) -> f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @index(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    %i = index.add %t, %c0
    %r = memref.load %p[%i] : memref<64xf32>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @ub(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = ub.poison : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @llvm(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = llvm.fadd %a, %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @rocdl(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %z = rocdl.workitem.id.x : i32
    %r = arith.sitofp %z : i32 to f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @amdgpu(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    amdgpu.lds_barrier
    %r = arith.negf %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @complex(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %z = complex.create %a, %a : complex<f32>
    %r = complex.re %z : complex<f32>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @multi_reduction(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %v = vector.broadcast %a : f32 to vector<4x4xf32>
    %r = vector.multi_reduction <add>, %v, %a [0, 1] : vector<4x4xf32> to f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @contract(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %v = vector.broadcast %a : f32 to vector<2x4xf32>
    %w = vector.transpose %v, [1, 0] : vector<2x4xf32> to vector<4x2xf32>
    %zero = arith.constant dense<0.0> : vector<2x2xf32>
    %m = vector.contract {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
                          iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>}
        %v, %w, %zero : vector<2x4xf32>, vector<4x2xf32> into vector<2x2xf32>
    %r = vector.extract %m[0, 1] : f32 from vector<2x2xf32>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @transfer_global(%p: memref<64xf32, #gpu.address_space<global>>) kernel {
    %t = gpu.thread_id x
    %zero = arith.constant 0.0 : f32
    %v = vector.transfer_read %p[%t], %zero : memref<64xf32, #gpu.address_space<global>>, vector<4xf32>
    vector.transfer_write %v, %p[%t] {in_bounds = [true]} : vector<4xf32>, memref<64xf32, #gpu.address_space<global>>
    gpu.return
  }
  gpu.func @round(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.round %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @trunc(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.trunc %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @copysign(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.copysign %a, %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @sqrt_bf16(%p: memref<64xbf16>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xbf16>
    %r = math.sqrt %a : bf16
    memref.store %r, %p[%t] : memref<64xbf16>
    gpu.return
  }
  gpu.func @alloca_private(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %c0 = arith.constant 0 : index
    %l = memref.alloca() : memref<4xf32, #gpu.address_space<private>>
    memref.store %a, %l[%c0] : memref<4xf32, #gpu.address_space<private>>
    %r = memref.load %l[%c0] : memref<4xf32, #gpu.address_space<private>>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @atomic_lds(%p: memref<64xf32>) workgroup(%lds : memref<64xf32, #gpu.address_space<workgroup>>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = memref.atomic_rmw addf %a, %lds[%t] : (f32, memref<64xf32, #gpu.address_space<workgroup>>) -> f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @generic_atomic(%p: memref<64xi32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xi32>
    %r = memref.generic_atomic_rmw %p[%t] : memref<64xi32> {
    ^bb0(%old: i32):
      %new = arith.muli %old, %a : i32
      memref.atomic_yield %new : i32
    }
    gpu.return
  }
  gpu.func @subgroup_reduce(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = gpu.subgroup_reduce add %a : (f32) -> f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @subgroup_size(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %s = gpu.subgroup_size : index
    %i = arith.remui %t, %s : index
    memref.store %a, %p[%i] : memref<64xf32>
    gpu.return
  }
  gpu.func @func_memref(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    func.call @store(%p, %a) : (memref<64xf32>, f32) -> ()
    gpu.return
  }
  gpu.func @alloca_generic(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    %l = memref.alloca() : memref<4xf32>
    memref.store %a, %l[%c0] : memref<4xf32>
    %r = memref.load %l[%c0] : memref<4xf32>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @alloca_ptr_generic(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %c0 = arith.constant 0 : index
    %a = memref.load %p[%t] : memref<64xf32>
    %l = memref.alloca() : memref<4xf32, #ptr.generic_space>
    memref.store %a, %l[%c0] : memref<4xf32, #ptr.generic_space>
    %r = memref.load %l[%c0] : memref<4xf32, #ptr.generic_space>
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @floor_f32(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.floor %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @floor_f16(%p: memref<64xf16>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf16>
    %r = math.floor %a : f16
    memref.store %r, %p[%t] : memref<64xf16>
    gpu.return
  }
  gpu.func @floor_bf16(%p: memref<64xbf16>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xbf16>
    %r = math.floor %a : bf16
    memref.store %r, %p[%t] : memref<64xbf16>
    gpu.return
  }
  gpu.func @floor_f64(%p: memref<64xf64>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf64>
    %r = math.floor %a : f64
    memref.store %r, %p[%t] : memref<64xf64>
    gpu.return
  }
  gpu.func @floor_vector_4xf32(%p: memref<64xvector<4xf32>>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xvector<4xf32>>
    %r = math.floor %a : vector<4xf32>
    memref.store %r, %p[%t] : memref<64xvector<4xf32>>
    gpu.return
  }
  gpu.func @floor_vector_2x4xf32(%p: memref<64xvector<2x4xf32>>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xvector<2x4xf32>>
    %r = math.floor %a : vector<2x4xf32>
    memref.store %r, %p[%t] : memref<64xvector<2x4xf32>>
    gpu.return
  }
  gpu.func @ceil_f32(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.ceil %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @exp2_f32(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.exp2 %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @exp2_f16(%p: memref<64xf16>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf16>
    %r = math.exp2 %a : f16
    memref.store %r, %p[%t] : memref<64xf16>
    gpu.return
  }
  gpu.func @exp2_vector_2x4xf32(%p: memref<64xvector<2x4xf32>>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xvector<2x4xf32>>
    %r = math.exp2 %a : vector<2x4xf32>
    memref.store %r, %p[%t] : memref<64xvector<2x4xf32>>
    gpu.return
  }
  gpu.func @log2_f32(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.log2 %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @log10_f32(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.log10 %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @log10_bf16(%p: memref<64xbf16>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xbf16>
    %r = math.log10 %a : bf16
    memref.store %r, %p[%t] : memref<64xbf16>
    gpu.return
  }
  gpu.func @rsqrt_f32(%p: memref<64xf32>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf32>
    %r = math.rsqrt %a : f32
    memref.store %r, %p[%t] : memref<64xf32>
    gpu.return
  }
  gpu.func @rsqrt_f64(%p: memref<64xf64>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf64>
    %r = math.rsqrt %a : f64
    memref.store %r, %p[%t] : memref<64xf64>
    gpu.return
  }
  gpu.func @rsqrt_vector_4xf16(%p: memref<64xvector<4xf16>>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xvector<4xf16>>
    %r = math.rsqrt %a : vector<4xf16>
    memref.store %r, %p[%t] : memref<64xvector<4xf16>>
    gpu.return
  }
  gpu.func @exp_bf16(%p: memref<64xbf16>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xbf16>
    %r = math.exp %a : bf16
    memref.store %r, %p[%t] : memref<64xbf16>
    gpu.return
  }
  gpu.func @exp_f16(%p: memref<64xf16>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf16>
    %r = math.exp %a : f16
    memref.store %r, %p[%t] : memref<64xf16>
    gpu.return
  }
  gpu.func @exp_vector_4xbf16(%p: memref<64xvector<4xbf16>>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xvector<4xbf16>>
    %r = math.exp %a : vector<4xbf16>
    memref.store %r, %p[%t] : memref<64xvector<4xbf16>>
    gpu.return
  }
  gpu.func @log_f16(%p: memref<64xf16>) kernel {
    %t = gpu.thread_id x
    %a = memref.load %p[%t] : memref<64xf16>
    %r = math.log %a : f16
    memref.store %r, %p[%t] : memref<64xf16>
    gpu.return
  }
}
