//===- EmulatorSpeed.cpp - wave instructions a second ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times single instructions in processor time, without sanitizers, and prints
// nanoseconds and millions a second. Asserts nothing.
//
//===----------------------------------------------------------------------===//

#include "../../lib/Emulator/ValuTable.h"
#include "AsmWave.h"

#include <cstdio>
#include <ctime>

using namespace moe::emulator;

int main() {
  std::printf("vector code: %s\n", valuOps().name);
  const char *const texts[] = {
      "v_add_u32 v4, v5, v6",
      "v_fma_f32 v4, v5, v6, v7",
      "v_pk_mul_f32 v[4:5], v[6:7], v[8:9]",
      "v_cndmask_b32 v4, v5, v6, vcc",
      "v_cmp_lt_i32 vcc, v5, v6",
      "v_perm_b32 v4, v5, v6, v7",
      "v_exp_f32 v4, v5",
      "v_cvt_scalef32_pk_bf16_fp4 v4, v5, v6",
      "s_add_u32 s4, s5, s6",
      "ds_read_b128 v[4:7], v2",
      "ds_write_b64 v2, v[4:5]",
      "buffer_load_dwordx4 v[4:7], v2, s[8:11], 0 offen",
      "v_mfma_f32_16x16x32_bf16 v[4:7], v[8:11], v[12:15], v[4:7]",
      "v_mfma_f32_32x32x16_bf16 v[16:31], v[8:11], v[12:15], v[16:31]",
      ("v_mfma_scale_f32_16x16x128_f8f6f4 v[4:7], v[8:11], v[12:15], v[4:7], "
       "v16, v17 op_sel_hi:[0,0,0] cbsz:4 blgp:4")};
  for (const char *text : texts) {
    AsmWave wave;
    std::vector<uint8_t> bytes(4096);
    wave.map(12, bytes);
    wave.descriptor(8, 12, 4096);
    wave.set(2, [](unsigned lane) { return lane * 16; });
    std::string many;
    for (int i = 0; i < 32; ++i)
      many += std::string(text) + "\n";
    if (!wave.load(many)) {
      std::printf("%-60s %s\n", text, wave.error.c_str());
      continue;
    }
    uint64_t count = 0;
    std::clock_t start = std::clock();
    double seconds = 0;
    while (seconds < 0.2) {
      for (int i = 0; i < 50; ++i)
        wave.execute();
      count += 50 * 32;
      seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    }
    std::printf("%-60.60s %8.1f ns %8.2f M/s\n", text, seconds / count * 1e9,
                count / seconds / 1e6);
  }
  return 0;
}
