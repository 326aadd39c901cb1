//===- EmulatorSpeed.cpp - wave instructions a second ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times single instructions in processor time, without sanitizers, and prints
// nanoseconds and millions a second. Whole kernels are timed by
// scripts/emulator_speed.py. Asserts nothing.
//
// usage: emulator-speed [--vectors base|avx2|avx512] [--least SECONDS]
//        [--only TEXT] [--instruction TEXT]...
//
// --instruction times others than those of the table, on gfx950.
//
//===----------------------------------------------------------------------===//

#include "AsmWave.h"
#include "Vector/ValuTable.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace moe::emulator;

/// The instructions of the table, by what they cost.
static const char *const valuTexts[] = {
    "v_mov_b32 v4, v5",
    "v_mov_b32 v4, s6",
    "v_add_u32 v4, v5, v6",
    "v_add_u32 v4, 64, v6",
    "v_sub_u32 v4, s5, v6",
    "v_and_b32 v4, v5, v6",
    "v_or_b32 v4, v5, v6",
    "v_xor_b32 v4, v5, v6",
    "v_lshlrev_b32 v4, 4, v6",
    "v_lshrrev_b32 v4, v5, v6",
    "v_ashrrev_i32 v4, 31, v6",
    "v_and_or_b32 v4, v5, s6, v7",
    "v_lshl_add_u32 v4, v5, 2, v7",
    "v_lshl_or_b32 v4, v5, 16, v7",
    "v_add3_u32 v4, v5, v6, v7",
    "v_bfe_u32 v4, v5, 8, 8",
    "v_bfi_b32 v4, v5, v6, v7",
    "v_perm_b32 v4, v5, v6, v7",
    "v_perm_b32 v4, v5, v6, s7",
    "v_mul_lo_u32 v4, v5, v6",
    "v_mul_u32_u24 v4, v5, v6",
    "v_mad_u32_u24 v4, v5, v6, v7",
    "v_mul_hi_u32 v4, v5, v6",
    "v_add_co_u32 v4, vcc, v5, v6",
    "v_addc_co_u32 v4, vcc, v5, v6, vcc",
    "v_lshlrev_b64 v[4:5], 2, v[6:7]",
    "v_lshl_add_u64 v[4:5], v[6:7], 2, v[8:9]",
    "v_mad_u64_u32 v[4:5], vcc, v6, v7, v[8:9]",
    "v_add_f32 v4, v5, v6",
    "v_mul_f32 v4, v5, v6",
    "v_mul_f32 v4, 2.0, v6",
    "v_fma_f32 v4, v5, v6, v7",
    "v_fma_f32 v4, -v5, v6, v7",
    "v_fmac_f32 v4, v5, v6",
    "v_max_f32 v4, v5, v6",
    "v_pk_mul_f32 v[4:5], v[6:7], v[8:9]",
    "v_pk_mul_f32 v[4:5], v[6:7], v[8:9] op_sel_hi:[1,0]",
    "v_pk_fma_f32 v[4:5], v[6:7], v[8:9], v[10:11]",
    "v_pk_fma_f16 v4, v5, v6, v7",
    "v_pk_add_u16 v4, v5, v6",
    "v_cmp_lt_i32 vcc, v5, v6",
    "v_cmp_gt_u32 s[4:5], s6, v6",
    "v_cmp_lt_f32 vcc, v5, v6",
    "v_cmp_lt_u64 vcc, v[4:5], v[6:7]",
    "v_cndmask_b32 v4, v5, v6, vcc",
    "v_cndmask_b32 v4, 0, 1.0, vcc",
    "v_cvt_f32_i32 v4, v5",
    "v_cvt_f32_ubyte0 v4, v5",
    "v_cvt_i32_f32 v4, v5",
    "v_cvt_f16_f32 v4, v5",
    "v_cvt_f32_f16 v4, v5",
    "v_cvt_pk_bf16_f32 v4, v5, v6",
    "v_cvt_pk_u16_u32 v4, v5, v6",
    "v_cvt_pkrtz_f16_f32 v4, v5, v6",
    "v_cvt_pk_f32_fp8 v[4:5], v6",
    "v_cvt_pk_fp8_f32 v4, v5, v6",
    "v_cvt_sr_fp8_f32 v4, v5, v6",
    "v_cvt_sr_bf16_f32 v4, v5, v6",
    "v_cvt_scalef32_pk_bf16_fp4 v4, v5, v6",
    "v_cvt_scalef32_pk_bf16_fp4 v4, v5, s6",
    "v_cvt_scalef32_pk_bf16_fp8 v4, v5, v6",
    "v_cvt_scalef32_pk_f16_fp8 v4, v5, v6",
    "v_cvt_scalef32_pk_f32_fp8 v[4:5], v5, v6",
    "v_cvt_scalef32_pk_f32_fp4 v[4:5], v5, v6",
    "v_cvt_scalef32_pk_fp4_bf16 v4, v18, v6",
    "v_cvt_scalef32_pk_fp4_f32 v4, v5, v6, v9",
    "v_cvt_scalef32_pk_fp8_bf16 v4, v18, v6",
    "v_cvt_scalef32_pk_fp8_f16 v4, v18, v6",
    "v_cvt_scalef32_pk_fp8_f32 v4, v5, v6, v9",
    "v_cvt_scalef32_sr_fp8_f32 v4, v5, v6, v9",
    "v_cvt_scalef32_sr_pk_fp4_bf16 v4, v18, v5, v6",
    "v_cvt_scalef32_sr_pk_fp4_f32 v4, v[8:9], v5, v6",
    "v_cvt_scalef32_pk32_bf16_fp6 v[20:35], v[8:13], v6",
    "v_cvt_scalef32_pk32_fp6_bf16 v[4:9], v[20:35], v6",
};
static const char *const otherTexts[] = {
    "v_add_u32_dpp v4, v5, v6 row_shr:1 row_mask:0xf bank_mask:0xf",
    "v_add_f32_dpp v4, v5, v6 row_shr:1 row_mask:0xf bank_mask:0xf "
    "bound_ctrl:1",
    "v_max_f32_dpp v4, v5, v6 quad_perm:[1,0,3,2] row_mask:0xf bank_mask:0xf",
    "v_add_f32_dpp v4, v5, v6 row_bcast:15 row_mask:0xa bank_mask:0xf",
    "v_mov_b32_dpp v4, v5 row_ror:8 row_mask:0xf bank_mask:0xf",
    "v_lshlrev_b32_sdwa v4, v5, v6 dst_sel:DWORD src0_sel:DWORD "
    "src1_sel:BYTE_0",
    "v_exp_f32 v4, v5",
    "v_log_f32 v4, v5",
    "v_rcp_f32 v4, v5",
    "v_sqrt_f32 v4, v5",
    "v_rsq_f32 v4, v5",
    "v_sin_f32 v4, v5",
    "v_cos_f32 v4, v5",
    "v_exp_f16 v4, v5",
    "v_rsq_f16 v4, v5",
    "v_readlane_b32 s4, v5, 7",
    "v_accvgpr_read_b32 v4, a5",
    "s_add_u32 s4, s5, s6",
    "s_and_b64 s[4:5], s[6:7], s[14:15]",
    "s_nop 0",
    "ds_read_b32 v4, v2",
    "ds_read_b128 v[4:7], v2",
    "ds_write_b64 v2, v[4:5]",
    "ds_write_b128 v2, v[4:7]",
    "ds_write_b8 v2, v4",
    "ds_read2_b32 v[4:5], v2 offset1:1",
    "ds_bpermute_b32 v4, v2, v5",
    "buffer_load_dword v4, v2, s[8:11], 0 offen",
    "buffer_load_ubyte v4, v2, s[8:11], 0 offen",
    "buffer_load_dwordx4 v[4:7], v2, s[8:11], 0 offen",
    "buffer_store_dwordx4 v[4:7], v2, s[8:11], 0 offen",
    "global_load_dwordx4 v[4:7], v2, s[12:13]",
    "v_mfma_f32_16x16x32_bf16 v[4:7], v[8:11], v[12:15], v[4:7]",
    "v_mfma_f32_32x32x16_bf16 v[16:31], v[8:11], v[12:15], v[16:31]",
    "v_mfma_scale_f32_16x16x128_f8f6f4 v[4:7], v[8:11], v[12:15], v[4:7], "
    "v16, v17 op_sel_hi:[0,0,0] cbsz:4 blgp:4",
};

/// Nanoseconds of one wave instruction, or a negative number.
static double timeOne(const char *text, uint64_t exec, double least) {
  AsmWave wave;
  std::vector<uint8_t> bytes(4096);
  wave.map(12, bytes);
  wave.descriptor(8, 12, 4096);
  wave.set(2, [](unsigned lane) { return lane * 16; });
  for (unsigned reg : {5u, 6u, 7u, 8u, 9u, 10u, 11u})
    wave.set(reg, [=](unsigned lane) { return 0x3f800000u + lane * reg; });
  wave.set(7, 0x07020500u);
  // Scales of one: products that are denormal cost some hosts 30 times as much.
  wave.w().setS(6, 0x3f800000u);
  for (unsigned reg : {16u, 17u})
    wave.set(reg, 127u);
  // Pairs of bf16.
  for (unsigned reg = 18; reg < 36; ++reg)
    wave.set(reg, [=](unsigned lane) { return 0x3f803f80u + lane * 0x10001u; });
  wave.setExec(exec);
  std::string many;
  for (int i = 0; i < 128; ++i)
    many += std::string(text) + "\n";
  // The text alone first, so that an error is said once.
  if (!wave.load(text) || !wave.load(many)) {
    std::printf("%-60s %s\n", text, wave.error.c_str());
    return -1;
  }
  double best = -1;
  for (int repeat = 0; repeat < 5; ++repeat) {
    uint64_t count = 0;
    std::clock_t start = std::clock();
    double seconds = 0;
    while (seconds < least / 5) {
      for (int i = 0; i < 20; ++i)
        wave.execute();
      count += 20 * 128;
      seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    }
    double each = seconds / double(count) * 1e9;
    best = best < 0 || each < best ? each : best;
  }
  return best;
}

static void printOne(const char *text, double least) {
  double full = timeOne(text, ~uint64_t(0), least);
  if (full < 0)
    return;
  double some = timeOne(text, 0x00ffffffffffff7full, least);
  std::printf("%-64.64s %7.1f ns %7.1f M/s, some lanes off %7.1f M/s\n", text,
              full, 1e3 / full, 1e3 / some);
  std::fflush(stdout);
}

int main(int argc, char **argv) {
  double least = 0.1;
  std::string only;
  std::vector<const char *> own;
  for (int i = 1; i < argc; ++i) {
    std::string flag = argv[i];
    if (flag == "--vectors" && i + 1 < argc) {
      setenv("MOE_EMULATOR_VECTORS", argv[++i], 1);
    } else if (flag == "--least" && i + 1 < argc) {
      least = std::atof(argv[++i]);
    } else if (flag == "--only" && i + 1 < argc) {
      only = argv[++i];
    } else if (flag == "--instruction" && i + 1 < argc) {
      own.push_back(argv[++i]);
    } else {
      std::fprintf(stderr, "emulator-speed: unexpected '%s'\n", argv[i]);
      return 2;
    }
  }
  std::printf("vector code: %s; the best of five times\n", valuOps().name);
  for (const char *text : own)
    printOne(text, least);
  if (!own.empty())
    return 0;
  for (const char *text : valuTexts)
    if (strstr(text, only.c_str()))
      printOne(text, least);
  for (const char *text : otherTexts)
    if (strstr(text, only.c_str()))
      printOne(text, least);
  return 0;
}
