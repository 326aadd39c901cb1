//===- ComputeUnitTest.cpp - small kernels, cycles counted by hand --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each test says how its cycles add up from the parameters. A wave's last
// instruction is s_endpgm, which takes one issue slot of four cycles.
//
//===----------------------------------------------------------------------===//

#include "ComputeUnit.h"

#include "gtest/gtest.h"

using namespace moe::timing;
using namespace moe::emulator;

namespace {

constexpr uint16_t v0 = 256; ///< the first vector register

/// Instructions with what waves execute of them.
struct Kernel {
  Kernel() {
    p = llvm::cantFail(builtInParameters("gfx950"));
    p.fetch_clk = 0;
    p.hbm_latency_clk = 790;
    p.miss_bytes = 1 << 20;
    waves.resize(1);
  }
  uint32_t add(InstClass kind, const char *mnemonic,
               std::vector<EventRegs> regs = {}) {
    EventInst inst;
    inst.kind = kind;
    inst.mnemonic = mnemonic;
    inst.regs = std::move(regs);
    inst.pc = 4 * program.insts.size();
    program.insts.push_back(inst);
    return uint32_t(program.insts.size() - 1);
  }
  uint32_t wait(uint8_t vmcnt, uint8_t lgkmcnt) {
    uint32_t inst = add(InstClass::Wait, "s_waitcnt");
    program.insts[inst].vmcnt = vmcnt;
    program.insts[inst].lgkmcnt = lgkmcnt;
    return inst;
  }
  void run(uint32_t inst, unsigned count = 1, unsigned wave = 0) {
    for (unsigned i = 0; i < count; ++i)
      waves[wave].insts.push_back(inst);
  }
  /// A load of 64 bytes of a line.
  void load(uint32_t inst, uint64_t line) {
    run(inst);
    Access a;
    a.firstLine = uint32_t(waves[0].lines.size());
    a.lineCount = 1;
    a.bytes = 64;
    waves[0].accesses.push_back(a);
    waves[0].lines.push_back(line);
  }
  void lds(uint32_t inst, uint16_t phases) {
    run(inst);
    Access a;
    a.ldsPhases = phases;
    waves[0].accesses.push_back(a);
  }
  CuResult result() {
    uint32_t end = add(InstClass::End, "s_endpgm");
    for (Stream &wave : waves)
      wave.insts.push_back(end);
    sharing.assign(program.insts.size(), Sharing());
    CuGroup group;
    group.waves = &waves;
    group.sharing = &sharing;
    return simulate(program, p, group, 1);
  }
  double clk() { return result().end; }

  EventProgram program;
  Parameters p;
  std::vector<Stream> waves;
  std::vector<Sharing> sharing;
};

EventRegs reads(uint16_t first, uint8_t count) {
  return {first, count, false, true};
}
EventRegs writes(uint16_t first, uint8_t count) {
  return {first, count, true, false};
}

} // namespace

// Four passes of four cycles each; the last one has issued after 16 * 9.
TEST(ComputeUnit, DependentMatrixInstructions) {
  Kernel k;
  uint32_t mfma = k.add(InstClass::Mfma, "v_mfma_f32_16x16x32_bf16",
                        {reads(v0, 4), writes(v0, 4)});
  k.program.insts[mfma].passes = 4;
  k.run(mfma, 10);
  CuResult result = k.result();
  EXPECT_EQ(result.end, 16 * 9 + 4 + 4);
  EXPECT_EQ(result.mfma, 160);
  EXPECT_EQ(result.insts[mfma].count, 10u);
  EXPECT_EQ(result.insts[mfma].stall, 9 * 12);
}

// What is no accumulation waits for the passes and three wait states more.
TEST(ComputeUnit, VectorInstructionReadsMatrixResult) {
  Kernel k;
  uint32_t mfma = k.add(InstClass::Mfma, "v_mfma", {writes(v0, 4)});
  k.program.insts[mfma].passes = 4;
  k.run(mfma);
  k.run(k.add(InstClass::Valu, "v_mov_b32", {reads(v0, 1), writes(v0 + 9, 1)}));
  EXPECT_EQ(k.clk(), 16 + k.p.mfma_result_clk + 4 + 4);
}

TEST(ComputeUnit, IndependentVectorInstructions) {
  Kernel k;
  k.run(k.add(InstClass::Valu, "v_mov_b32", {writes(v0, 1)}), 25);
  CuResult result = k.result();
  EXPECT_EQ(result.end, 4 * 25 + 4);
  EXPECT_EQ(result.valu, 4 * 25);
}

TEST(ComputeUnit, TranscendentalsAreQuarterRate) {
  Kernel k;
  k.run(k.add(InstClass::Trans, "v_exp_f32", {writes(v0, 1)}), 5);
  EXPECT_EQ(k.clk(), 16 * 4 + 4 + 4);
}

// Waves 0 and 4 are on one SIMD and take turns; 1 to 3 do nothing.
TEST(ComputeUnit, WavesOfASimdShareItsVectorUnit) {
  Kernel k;
  k.waves.resize(5);
  uint32_t valu = k.add(InstClass::Valu, "v_mov_b32", {writes(v0, 1)});
  k.run(valu, 25, 0);
  k.run(valu, 25, 4);
  EXPECT_EQ(k.clk(), 4 * 50 + 4);
}

// A wave's scalar instructions issue while another's vector instructions do;
// the two s_endpgm follow each other.
TEST(ComputeUnit, ClassesIssueBesideEachOther) {
  Kernel k;
  k.waves.resize(5);
  k.run(k.add(InstClass::Valu, "v_mov_b32", {writes(v0, 1)}), 25, 0);
  k.run(k.add(InstClass::Salu, "s_mov_b32", {writes(3, 1)}), 25, 4);
  EXPECT_EQ(k.clk(), 4 * 25 + 4 + 4);
}

// Eight reads of four phases pass in 8 * 4 * 2 cycles, the last phase starts
// two before the end and takes the latency; conflicts double the phases.
TEST(ComputeUnit, LdsPhasesAndConflicts) {
  for (unsigned phases : {4, 8}) {
    Kernel k;
    uint32_t read = k.add(InstClass::DsRead, "ds_read_b128", {writes(v0, 4)});
    for (unsigned i = 0; i < 8; ++i)
      k.lds(read, uint16_t(phases));
    k.run(k.wait(63, 0));
    EXPECT_EQ(k.clk(), 8 * phases * 2 - 2 + k.p.lds_latency_clk + 8);
  }
}

// Each load waits for the one before it: address unit 4, the line from the L2 2
// (128 bytes at 64), the latency, and the wait's own slot 4.
TEST(ComputeUnit, MemoryLatencyChain) {
  Kernel k;
  uint32_t load = k.add(InstClass::VmemLoad, "global_load_dword");
  uint32_t wait = k.wait(0, 15);
  for (uint64_t i = 0; i < 10; ++i) {
    k.load(load, 1000 + i);
    k.run(wait);
  }
  EXPECT_NEAR(k.clk(), 10 * (4 + 2 + 790 + 4) + 4, 1e-6);
}

// The same line again is in the L1.
TEST(ComputeUnit, SecondTouchHitsL1) {
  Kernel k;
  uint32_t load = k.add(InstClass::VmemLoad, "global_load_dword");
  uint32_t wait = k.wait(0, 15);
  for (unsigned i = 0; i < 2; ++i) {
    k.load(load, 1000);
    k.run(wait);
  }
  EXPECT_NEAR(k.clk(), (4 + 2 + 790 + 4) + (4 + k.p.l1_latency_clk + 4) + 4,
              1e-6);
}

// Of four loads the first comes after 4 + 2 + 790; each one behind it two
// cycles later than the address unit lets it go.
TEST(ComputeUnit, WaitCountersSayHowManyMayBeInFlight) {
  for (auto [allowed, last] : {std::pair<unsigned, double>{3, 796}, {0, 808}}) {
    Kernel k;
    uint32_t load = k.add(InstClass::VmemLoad, "global_load_dword");
    for (uint64_t i = 0; i < 4; ++i)
      k.load(load, 1000 + i);
    k.run(k.wait(uint8_t(allowed), 15));
    EXPECT_NEAR(k.clk(), last + 8, 1e-6) << allowed;
  }
}

// With room for one line on its way, loads follow each other like a chain.
TEST(ComputeUnit, MissesOnTheirWayAreLimited) {
  Kernel k;
  k.p.miss_bytes = 128;
  uint32_t load = k.add(InstClass::VmemLoad, "global_load_dword");
  for (uint64_t i = 0; i < 4; ++i)
    k.load(load, 1000 + i);
  k.run(k.wait(0, 15));
  EXPECT_NEAR(k.clk(), 4 + 4 * (2 + 790) + 8, 1e-6);
}

TEST(ComputeUnit, BarrierWaitsForTheLastWave) {
  Kernel k;
  k.waves.resize(2);
  uint32_t valu = k.add(InstClass::Valu, "v_mov_b32", {writes(v0, 1)});
  uint32_t barrier = k.add(InstClass::Barrier, "s_barrier");
  k.run(valu, 30, 1);
  k.run(barrier, 1, 0);
  k.run(barrier, 1, 1);
  EXPECT_EQ(k.clk(), 30 * 4 + 4 + k.p.barrier_clk + 4);
}

// The first wave is at the barrier at once, and goes on when the last one is.
TEST(ComputeUnit, BarrierHoldsTheFirstWave) {
  Kernel k;
  k.waves.resize(2);
  uint32_t valu = k.add(InstClass::Valu, "v_mov_b32", {writes(v0, 1)});
  uint32_t barrier = k.add(InstClass::Barrier, "s_barrier");
  k.run(valu, 30, 1);
  k.run(barrier, 1, 1);
  k.run(barrier, 1, 0);
  k.run(valu, 30, 0);
  EXPECT_EQ(k.clk(), 30 * 4 + 4 + k.p.barrier_clk + 30 * 4 + 4);
}

// 25 instructions of four bytes are two lines of 64 bytes.
TEST(ComputeUnit, FirstExecutionFetchesCode) {
  Kernel k;
  k.p.fetch_clk = 100;
  for (unsigned i = 0; i < 24; ++i)
    k.run(k.add(InstClass::Valu, "v_mov_b32", {writes(v0, 1)}));
  EXPECT_EQ(k.clk(), 2 * 100 + 24 * 4 + 4);
}
