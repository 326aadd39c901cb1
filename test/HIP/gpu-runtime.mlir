// What `-gpu-to-llvm` makes of a host program runs under the stock mlir-runner:
// the kernel in the emulator, since there is no GPU.

// DEFINE: %{lower} = moe-opt --pass-pipeline='builtin.module(gpu.module(convert-gpu-to-rocdl{chipset=gfx950 runtime=HIP},reconcile-unrealized-casts),moe-gpu-module-to-binary,func.func(gpu-async-region),convert-scf-to-cf,gpu-to-llvm,reconcile-unrealized-casts)'
// DEFINE: %{run} = mlir-runner --entry-point-result=void --shared-libs=%build_root/lib/libmoe_gpu_runtime.so,%llvm_libs/libmlir_runner_utils.so

// RUN: %{lower} %s -o %t.mlir
// RUN: %{run} -e main %t.mlir | FileCheck %s
// RUN: %{run} -e registered %t.mlir | FileCheck %s
// RUN: %{run} -e filled %t.mlir | FileCheck %s --check-prefix=FILLED
// RUN: %{run} -e empty %t.mlir | FileCheck %s --check-prefix=EMPTY

// The library of the configuration is asked like any other; its chip counts.
// RUN: echo '{"chip": "gfx950", "sanitize": "all"}' > %t.json
// RUN: env MOE_HIP_CONFIG=%t.json %{run} -e main %t.mlir | FileCheck %s
// RUN: echo '{"chip": "gfx942"}' > %t.json
// RUN: env MOE_HIP_CONFIG=%t.json %exit 1 %{run} -e main %t.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=CHIP
// CHIP: expected code for gfx942, the chip of the configuration, got code for gfx950
// CHIP: libmoe_gpu_runtime: error: hipModuleLoadData: hipErrorNoBinaryForGpu

// A pointer that nobody allocated or registered: an error, at the copy and in
// the kernel, and a kernel that leaves its buffer.
// RUN: %exit 1 %{run} -e unknown_copy %t.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=COPY
// RUN: %exit 1 %{run} -e unknown_argument %t.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=ARGUMENT
// RUN: %exit 1 %{run} -e too_many %t.mlir 2>&1 | FileCheck %s --check-prefix=END
// COPY: libmoe_gpu_runtime: error: mgpuMemcpy: expected a side that was allocated by gpu.alloc or registered by gpu.host_register, got two other pointers
// ARGUMENT: libamdhip64_emulated: error: kernel 'add', {{.*}}out-of-bounds load of 4 bytes
// ARGUMENT: libmoe_gpu_runtime: error: hip{{[A-Za-z]+}}: hipErrorLaunchFailure
// END: offset 1024 is past the end of 'allocation {{[0-9]+}}' (1024 bytes)
// END: libmoe_gpu_runtime: error: hip{{[A-Za-z]+}}: hipErrorLaunchFailure

// CHECK: sizes = [256] strides = [1]
// CHECK-NEXT: [0,  3,  6,  9,
// CHECK-SAME: 762,  765]
// FILLED: [2.5,  2.5,  2.5,  2.5]
// EMPTY: [7,  7,  7,  7]

module attributes {gpu.container_module} {
  gpu.module @kernels [#rocdl.target<chip = "gfx950">] {
    gpu.func @add(%a: memref<?xf32>, %b: memref<?xf32>, %c: memref<?xf32>) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
      %t = gpu.thread_id x
      %block = gpu.block_id x
      %c64 = arith.constant 64 : index
      %base = arith.muli %block, %c64 : index
      %i = arith.addi %base, %t : index
      %x = memref.load %a[%i] : memref<?xf32>
      %y = memref.load %b[%i] : memref<?xf32>
      %s = arith.addf %x, %y : f32
      memref.store %s, %c[%i] : memref<?xf32>
      gpu.return
    }
  }
  func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}

  func.func @make(%factor: i32) -> memref<?xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = arith.constant 256 : index
    %a = memref.alloc(%n) : memref<?xf32>
    scf.for %i = %c0 to %n step %c1 {
      %k = arith.index_cast %i : index to i32
      %m = arith.muli %k, %factor : i32
      %f = arith.sitofp %m : i32 to f32
      memref.store %f, %a[%i] : memref<?xf32>
    }
    return %a : memref<?xf32>
  }

  func.func @copied(%blocks: index) {
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %n = arith.constant 256 : index
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %a = call @make(%one) : (i32) -> memref<?xf32>
    %b = call @make(%two) : (i32) -> memref<?xf32>
    %da = gpu.alloc (%n) : memref<?xf32>
    %db = gpu.alloc (%n) : memref<?xf32>
    %dc = gpu.alloc (%n) : memref<?xf32>
    gpu.memcpy %da, %a : memref<?xf32>, memref<?xf32>
    gpu.memcpy %db, %b : memref<?xf32>, memref<?xf32>
    gpu.launch_func @kernels::@add blocks in (%blocks, %c1, %c1) threads in (%c64, %c1, %c1) args(%da : memref<?xf32>, %db : memref<?xf32>, %dc : memref<?xf32>)
    gpu.memcpy %a, %dc : memref<?xf32>, memref<?xf32>
    %u = memref.cast %a : memref<?xf32> to memref<*xf32>
    call @printMemrefF32(%u) : (memref<*xf32>) -> ()
    gpu.dealloc %da : memref<?xf32>
    gpu.dealloc %db : memref<?xf32>
    gpu.dealloc %dc : memref<?xf32>
    return
  }
  func.func @main() {
    %c4 = arith.constant 4 : index
    call @copied(%c4) : (index) -> ()
    return
  }
  func.func @too_many() {
    %c5 = arith.constant 5 : index
    call @copied(%c5) : (index) -> ()
    return
  }

  func.func @registered() {
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %one = arith.constant 1 : i32
    %two = arith.constant 2 : i32
    %a = call @make(%one) : (i32) -> memref<?xf32>
    %b = call @make(%two) : (i32) -> memref<?xf32>
    %ua = memref.cast %a : memref<?xf32> to memref<*xf32>
    %ub = memref.cast %b : memref<?xf32> to memref<*xf32>
    gpu.host_register %ua : memref<*xf32>
    gpu.host_register %ub : memref<*xf32>
    gpu.launch_func @kernels::@add blocks in (%c4, %c1, %c1) threads in (%c64, %c1, %c1) args(%a : memref<?xf32>, %b : memref<?xf32>, %a : memref<?xf32>)
    gpu.host_unregister %ub : memref<*xf32>
    gpu.host_unregister %ua : memref<*xf32>
    call @printMemrefF32(%ua) : (memref<*xf32>) -> ()
    return
  }

  func.func @filled() {
    %n = arith.constant 4 : index
    %x = arith.constant 2.5 : f32
    %a = memref.alloc(%n) : memref<?xf32>
    %d = gpu.alloc (%n) : memref<?xf32>
    gpu.memset %d, %x : memref<?xf32>, f32
    gpu.memcpy %a, %d : memref<?xf32>, memref<?xf32>
    %u = memref.cast %a : memref<?xf32> to memref<*xf32>
    call @printMemrefF32(%u) : (memref<*xf32>) -> ()
    gpu.dealloc %d : memref<?xf32>
    return
  }

  // No elements, no workgroups: no copy, no launch.
  func.func @empty() {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %n = arith.constant 4 : index
    %x = arith.constant 7.0 : f32
    %a = memref.alloc(%c0) : memref<?xf32>
    %d = gpu.alloc (%c0) : memref<?xf32>
    gpu.memcpy %d, %a : memref<?xf32>, memref<?xf32>
    gpu.launch_func @kernels::@add blocks in (%c0, %c1, %c1) threads in (%c64, %c1, %c1) args(%d : memref<?xf32>, %d : memref<?xf32>, %d : memref<?xf32>)
    gpu.dealloc %d : memref<?xf32>
    %b = memref.alloc(%n) : memref<?xf32>
    scf.for %i = %c0 to %n step %c1 {
      memref.store %x, %b[%i] : memref<?xf32>
    }
    %u = memref.cast %b : memref<?xf32> to memref<*xf32>
    call @printMemrefF32(%u) : (memref<*xf32>) -> ()
    return
  }

  func.func @unknown_copy() {
    %one = arith.constant 1 : i32
    %a = call @make(%one) : (i32) -> memref<?xf32>
    %b = call @make(%one) : (i32) -> memref<?xf32>
    gpu.memcpy %a, %b : memref<?xf32>, memref<?xf32>
    return
  }
  func.func @unknown_argument() {
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %one = arith.constant 1 : i32
    %a = call @make(%one) : (i32) -> memref<?xf32>
    gpu.launch_func @kernels::@add blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1) args(%a : memref<?xf32>, %a : memref<?xf32>, %a : memref<?xf32>)
    return
  }
}
