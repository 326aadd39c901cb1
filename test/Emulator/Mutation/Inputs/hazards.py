# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pairs of instructions and the wait states that must lie between them, by the
tables of the CDNA3 and CDNA4 manuals and as LLVM's back end keeps to them: with so
many the hazard sanitizer is silent, with one less it reports that pair.

hazards.py CHIP WORK-FOLDER --moe-run PATH
"""
import json
import os
import subprocess
import sys

CMPX = "v_cmpx_eq_u32 exec, v0, v0"
DPP = "v_mov_b32_dpp v1, v2 quad_perm:[0,0,0,0] row_mask:0xf bank_mask:0xf"
USE1 = "v_add_u32 v5, v1, v1"
PAIRS = [
    ("v_mov_b32 v1, 1", "v_readlane_b32 s4, v1, 0", 1),
    ("v_mov_b32 v1, 1", "v_readfirstlane_b32 s4, v1", 1),
    ("v_readfirstlane_b32 s4, v0", "v_add_u32 v1, s4, v1", 2),
    ("v_cmp_eq_u32 vcc, 0, v0", "v_cndmask_b32 v1, v2, v3, vcc", 2),
    ("v_cmp_eq_u32 s[4:5], 0, v0", "v_cndmask_b32 v1, v2, v3, s[4:5]", 2),
    ("v_readfirstlane_b32 s4, v0", "v_readlane_b32 s5, v1, s4", 4),
    ("v_readfirstlane_b32 s4, v0", "v_writelane_b32 v1, 5, s4", 4),
    ("v_cmp_eq_u32 vcc, 0, v0", "v_div_fmas_f32 v1, v2, v3, v4", 4),
    ("v_readfirstlane_b32 s4, v0", "buffer_load_dword v1, v2, s[8:11], s4 offen", 5),
    (CMPX, DPP, 5),
    ("v_mov_b32 v2, 1", DPP, 2),
    (CMPX, "v_readlane_b32 s4, v1, 0", 4),
    (CMPX, "v_mfma_f32_4x4x1_16b_f32 v[8:11], v1, v2, v[8:11]", 4),
    ("s_mov_b32 m0, 0", "buffer_load_dword v1, s[8:11], 0 offen lds", 1),
    ("v_exp_f32 v1, v2", USE1, 1),
    ("v_rcp_f32 v1, v2", "v_mov_b32 v3, v1", 1),
    ("v_exp_f32 v1, v2", "v_log_f32 v3, v1", 0),
    ("v_add_u16_sdwa v1, v2, v3 dst_sel:BYTE_1 dst_unused:UNUSED_PRESERVE src0_sel:DWORD src1_sel:DWORD", USE1, 1),
    ("v_add_u16_sdwa v1, v2, v3 dst_sel:DWORD dst_unused:UNUSED_PAD src0_sel:DWORD src1_sel:DWORD", USE1, 0),
    ("v_cvt_pk_fp8_f32 v1, v2, v3 op_sel:[0,0,1]", USE1, 1),
    ("v_cvt_pk_fp8_f32 v1, v2, v3", USE1, 0),
    ("v_cvt_sr_fp8_f32 v1, v2, v3 op_sel:[0,0,1,0]", USE1, 1),
    ("buffer_store_dwordx4 v[4:7], v2, s[8:11], 0 offen", "v_mov_b32 v6, 0", 2),
    ("buffer_store_dwordx2 v[4:5], v2, s[8:11], 0 offen", "v_mov_b32 v5, 0", 0),
    ("s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 0", "s_getreg_b32 s4, hwreg(HW_REG_MODE)", 2),
    ("v_dot4_i32_i8 v1, v2, v3, v4", USE1, 3),
    ("v_mov_b32 v1, 1", "v_mfma_f32_4x4x1_16b_f32 v[8:11], v1, v2, v[8:11]", 2),
]
ONLY950 = [
    (CMPX, "v_permlane32_swap_b32 v1, v2", 4),
    ("v_mov_b32 v2, 1", "v_permlane32_swap_b32 v1, v2", 2),
    ("v_cvt_scalef32_pk_fp4_f32 v1, v2, v3, v4 op_sel:[0,0,1,0]", USE1, 1),
    ("v_cvt_scalef32_pk_fp4_f32 v1, v2, v3, v4", USE1, 0),
    ("v_cvt_scalef32_sr_pk_fp4_f32 v1, v[2:3], v4, v5", "v_add_u32 v6, v1, v1", 1),
    ("v_cvt_scalef32_sr_fp8_f32 v1, v2, v3, v4 op_sel:[0,0,0,1]", USE1, 1),
]
# Mnemonic, registers of A and B, of D, passes, unit, chips.
MATRIX = [
    ("v_mfma_f32_4x4x1_16b_f32", 1, 4, 2, "f32", "942 950"),
    ("v_mfma_f32_16x16x4_f32", 1, 4, 8, "f32", "942 950"),
    ("v_mfma_f32_32x32x2_f32", 1, 16, 16, "f32", "942 950"),
    ("v_mfma_f32_16x16x8_xf32", 2, 4, 4, "xdl", "942"),
    ("v_mfma_f32_4x4x4_16b_f16", 2, 4, 2, "xdl", "942 950"),
    ("v_mfma_f32_16x16x16_bf16", 2, 4, 4, "xdl", "942 950"),
    ("v_mfma_f32_32x32x8_f16", 2, 16, 8, "xdl", "942 950"),
    ("v_mfma_f32_32x32x4_2b_f16", 2, 32, 16, "xdl", "942 950"),
    ("v_mfma_i32_16x16x32_i8", 2, 4, 4, "xdl", "942 950"),
    ("v_mfma_f32_32x32x16_fp8_fp8", 2, 16, 8, "xdl", "942 950"),
    ("v_mfma_f32_16x16x32_bf16", 4, 4, 4, "xdl", "950"),
    ("v_mfma_f32_32x32x16_f16", 4, 16, 8, "xdl", "950"),
    ("v_mfma_f64_4x4x4_4b_f64", 2, 2, 4, "f64", "942 950"),
    ("v_mfma_f64_16x16x4_f64", 2, 8, 0, "f64", "942 950"),
]


def span(first, count):
    return f"v{first}" if count == 1 else f"v[{first}:{first + count - 1}]"


def matrix_pairs(chip):
    for name, ab, d, passes, unit, chips in MATRIX:
        if chip[3:] not in chips:
            continue
        extra = 1 if chip == "gfx950" and passes != 2 else 0
        # An addend that overlaps in part waits a state longer on gfx950 after
        # two passes too, as LLVM's recognizer has it.
        longer = 1 if chip == "gfx950" else 0
        big = unit == "f64" and passes == 0
        read, memory, addend = {
            "f32": (passes + 2, passes + 2, passes), "xdl": (passes + 3 + extra,) * 2 + (passes + 1 + longer,),
            "f64": (6, 9, 4) if not big else (19, 18, 17) if chip == "gfx950" else (11, 18, 9)}[unit]
        a, b = span(120, ab), span(124, ab)
        first = f"{name} {span(32, d)}, {a}, {b}, {span(0, d)}"
        yield first, "v_mov_b32 v100, v33", read
        yield first, "v_mov_b32 v32, 0", read
        yield first, "ds_write_b32 v101, v33", memory
        yield first, "buffer_store_dword v33, v102, s[8:11], 0 offen", memory
        yield first, f"{name} {span(68, d)}, {span(32, ab)}, {b}, 0", read
        if d > 2:
            yield first, f"{name} {span(68, d)}, {a}, {b}, {span(34, d)}", addend
        yield first, f"{name} {span(68, d)}, {a}, {b}, {span(32, d)}", \
            2 if passes == 2 else 4 if unit == "f64" and not big else 0
        if unit == "xdl":
            yield first, "v_mov_b32 v1, 0", passes - 1


def text_of(cases, chip):
    """A kernel that runs the pairs one after the other, far apart."""
    body = ""
    for first, second, states in cases:
        nops = "".join(f"s_nop {min(n, 16) - 1}\n" for n in ([16, states - 16] if states > 16 else [states]) if n)
        body += f"s_nop 15\ns_nop 15\n{first}\n{nops}{second}\ns_waitcnt vmcnt(0) lgkmcnt(0)\ns_mov_b64 exec, -1\n"
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Asm", "Inputs", "frame.s")) as f:
        frame = f.read()
    start = "s_mov_b64 s[8:9], 0\ns_mov_b32 s10, 0\ns_mov_b32 s11, 0x27000\nv_mov_b32 v101, 0\n"
    return frame.replace("@CHIP@", chip).replace("@BODY@", start + body)


def run(cases, chip, work, moe_run, tag):
    stem = os.path.join(os.path.abspath(work), f"{chip}.{tag}")
    with open(stem + ".s", "w") as f:
        f.write(text_of(cases, chip))
    subprocess.run(["clang", "-target", "amdgcn-amd-amdhsa", f"-mcpu={chip}", stem + ".s", "-o", stem + ".hsaco"], check=True)
    with open(stem + ".json", "w") as f:
        json.dump({"code_object": stem + ".hsaco", "kernel": "family", "grid": [1, 1, 1], "block": [64, 1, 1],
                   "dynamic_lds": 0, "args": []}, f)
    done = subprocess.run([moe_run, "launch", stem + ".json", "--sanitize", "hazard=strict"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def name(text):
    """The mnemonic as the disassembler has it, without its encoding."""
    return text.split()[0]


def main():
    chip, work, moe_run = sys.argv[1], sys.argv[2], sys.argv[4]
    os.makedirs(work, exist_ok=True)
    cases = PAIRS + (ONLY950 if chip == "gfx950" else []) + list(matrix_pairs(chip))
    code, text = run(cases, chip, work, moe_run, "enough")
    bad = [f"with all wait states: {text}"] if code else []

    # A run names as many findings as the emulator keeps at most.
    short = [(first, second, states - 1) for first, second, states in cases if states]
    for n in range(0, len(short), 16):
        _, text = run(short[n:n + 16], chip, work, moe_run, f"short{n}")
        lines = text.splitlines()
        for first, second, states in short[n:n + 16]:
            tail = f"expected {states + 1} wait states between, got {states}"
            if not any(tail in line and name(first) in line and name(second) in line for line in lines):
                bad.append(f"{first} -> {second}: expected a report of {states + 1}")
    print("\n".join(bad) or f"{chip}: {len(cases)} pairs")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
