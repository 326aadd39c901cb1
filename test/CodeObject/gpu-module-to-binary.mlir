// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass alone, on hand-written modules: binary and assembly, the chip from
// the option and from the module's target.

// RUN: moe-opt %s --moe-gpu-module-to-binary="chip=gfx950" | FileCheck %s
// RUN: moe-opt %s --moe-gpu-module-to-binary="chip=gfx950 format=isa" \
// RUN:   | FileCheck %s --check-prefix=ISA
// RUN: env -i %build_root/bin/moe-opt %s \
// RUN:   --moe-gpu-module-to-binary="chip=gfx950" | FileCheck %s

// CHECK-NOT: gpu.module
// CHECK: gpu.binary @by_option
// CHECK-SAME: #rocdl.target<{{.*}}chip = "gfx950"
// CHECK-SAME: kernel_metadata<"twice"
// CHECK-SAME: bin = "\7FELF
// CHECK-SAME: twice=ceildiv(n,64);num_blocks;1
// ISA: gpu.binary @by_option
// ISA-SAME: assembly = "
// ISA-SAME: v_add_u32
// ISA-SAME: .amdhsa_kernel twice
gpu.module @by_option {
  llvm.func @twice(%p: !llvm.ptr<1>, %v: i32) attributes {
      gpu.kernel, rocdl.kernel, moe.grid = "ceildiv(n,64);num_blocks;1",
      rocdl.reqd_work_group_size = array<i32: 64, 1, 1>} {
    %id = rocdl.workitem.id.x : i32
    %sum = llvm.add %id, %v : i32
    %at = llvm.getelementptr %p[%id] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %sum, %at : i32, !llvm.ptr<1>
    llvm.return
  }
}

// CHECK: gpu.binary @by_target
// CHECK-SAME: #rocdl.target<chip = "gfx950">
gpu.module @by_target [#rocdl.target<chip = "gfx950">] {
  llvm.func @nothing() attributes {gpu.kernel, rocdl.kernel} {
    llvm.return
  }
}
