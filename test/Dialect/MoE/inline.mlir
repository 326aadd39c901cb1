// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A function with ops of the dialect can be inlined.
// RUN: moe-opt %s --inline | FileCheck %s

func.func private @slots(%parts: memref<?x256xbf16>, %out: memref<?x256xbf16>, %tokens: i32) {
  moe.reduce_slots %parts to %out tokens(%tokens) topk 4 : memref<?x256xbf16>, memref<?x256xbf16>
  return
}

// CHECK-LABEL: func.func @main
// CHECK-NOT: call
// CHECK: moe.reduce_slots
func.func @main(%parts: memref<?x256xbf16>, %out: memref<?x256xbf16>, %tokens: i32) {
  call @slots(%parts, %out, %tokens) : (memref<?x256xbf16>, memref<?x256xbf16>, i32) -> ()
  return
}
