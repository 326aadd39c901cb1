// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schedules that are built in C++, where nothing has parsed them: the op's
// verifier says what is wrong with one, whatever its values.

#include "moe/Dialect/MoE/IR/MoE.h"
#include "moe/Driver/BuildKernel.h"
#include "moe/Driver/KernelOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace {

class ScheduleFromStruct : public testing::Test {
protected:
  ScheduleFromStruct() {
    moe::driver::KernelOptions options;
    options.modelDim = options.interDim = 256;
    options.experts = 4;
    options.topk = 2;
    options.tile = moe::driver::TileShape{16, 128, 128};
    module = moe::driver::buildKernelModule(context, options);
  }

  /// What the verifier says with this schedule; "" if it is fine.
  std::string verifyWith(const moe::Schedule &schedule) {
    std::string said;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      said += diagnostic.str();
      return success();
    });
    moe::ScheduleAttr attr = moe::ScheduleAttr::getChecked(
        [&] { return emitError(module->getLoc()); }, &context, schedule);
    if (!attr)
      return said;
    module->walk([&](moe::GroupedGemmOp op) { op.setScheduleAttr(attr); });
    if (succeeded(verify(*module)))
      return "";
    return said;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(ScheduleFromStruct, DefaultsAreFine) {
  ASSERT_TRUE(module);
  EXPECT_EQ(verifyWith(moe::Schedule()), "");
}

TEST_F(ScheduleFromStruct, EachFieldIsChecked) {
  ASSERT_TRUE(module);
  auto expect = [&](auto change, llvm::StringRef message) {
    moe::Schedule schedule;
    change(schedule);
    EXPECT_TRUE(StringRef(verifyWith(schedule)).contains(message))
        << verifyWith(schedule) << "; expected " << message.str();
  };
  expect([](moe::Schedule &s) { s.tileM = 0; }, "expected tile_m");
  expect([](moe::Schedule &s) { s.tileN = 0; }, "expected tile_n");
  expect([](moe::Schedule &s) { s.tileN = 100; }, "expected tile_n");
  expect([](moe::Schedule &s) { s.tileK = 0; }, "expected tile_k");
  expect([](moe::Schedule &s) { s.tileK = 96; }, "expected tile_k");
  expect([](moe::Schedule &s) { s.waves = 0; }, "expected waves");
  expect([](moe::Schedule &s) { s.waves = 3; }, "expected waves");
  expect([](moe::Schedule &s) { s.kWave = 0; }, "expected k_wave");
  expect([](moe::Schedule &s) { s.kBatch = 0; }, "expected k_batch");
  expect([](moe::Schedule &s) { s.kBatch = -1; }, "expected k_batch");
  expect([](moe::Schedule &s) { s.xcd = 0; }, "expected xcd");
  expect([](moe::Schedule &s) { s.groupM = 0; }, "expected group_m");
}

TEST_F(ScheduleFromStruct, AnOperandThatIsMissingIsNamed) {
  EXPECT_DEATH(
      {
        OpBuilder b(&context);
        moe::GroupedGemmOp::create(b, UnknownLoc::get(&context),
                                   moe::GroupedGemmSpec());
      },
      "GroupedGemmSpec: expected a value for 'out', got none");
}

} // namespace
