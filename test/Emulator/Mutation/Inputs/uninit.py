# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Registers never written, whole or bit by bit: what the uninit sanitizer must report
of each case, at which instruction, and nothing more (one report an instruction). {n} stands for a fresh pair of
SGPRs, {n1} for its second half, {m} and {m1} for another.

uninit.py CHIP WORK-FOLDER --moe-run PATH
"""
import json
import os
import re
import subprocess
import sys

LOW = "s_mov_b64 exec, 0xff\n"  # eight lanes are on
OWN = "s_or_b64 s[{n}:{n1}], s[{n}:{n1}], exec\n"  # as LLVM starts the mask of a loop with two exits
HALF = "bits 0xffffff00 "

# Instructions; reports, each as registers, text and the mnemonic they name.
CASES = [
    # A mask whose bits outside EXEC are undefined, used as a mask: fine.
    (LOW + OWN + "s_and_b64 s[80:81], exec, s[{n}:{n1}]\ns_mov_b64 exec, s[80:81]\nv_mov_b32 v9, s80", []),
    (LOW + OWN + "v_cndmask_b32 v8, v0, v0, s[{n}:{n1}]", []),
    (LOW + OWN + "s_and_saveexec_b64 s[80:81], s[{n}:{n1}]\ns_or_b64 exec, exec, s[80:81]", []),
    (LOW + OWN + "s_andn2_b64 exec, exec, s[{n}:{n1}]\ns_cbranch_execz .L{n}\n.L{n}:", []),
    (LOW + OWN + "v_addc_co_u32 v8, vcc, v0, v0, s[{n}:{n1}]", []),
    (LOW + OWN + "s_mov_b64 vcc, s[{n}:{n1}]\nv_cndmask_b32 v8, v0, v0, vcc\ns_cbranch_vccnz .L{n}\n.L{n}:", []),
    (LOW + "s_andn2_b64 s[{n}:{n1}], s[{n}:{n1}], exec\ns_and_b64 s[{n}:{n1}], s[{n}:{n1}], exec\ns_cbranch_scc1 .L{n}\n.L{n}:", []),
    # Defined bits decide.
    (OWN.replace("exec", "5") + "s_cbranch_scc1 .L{n}\n.L{n}:", []),
    ("s_and_b32 s{n}, s{n}, 0\nv_mov_b32 v8, s{n}\nv_add_u32 v8, v8, v8", []),
    ("s_lshl_b64 s[{n}:{n1}], s[{n}:{n1}], 32\ns_add_u32 s80, s{n}, 0", []),
    ("s_mov_b32 s{n}, 1\ns_pack_ll_b32_b16 s{m}, s{n}, s{m}\ns_and_b32 s{m}, s{m}, 0xffff\ns_add_u32 s80, s{m}, 0", []),
    ("s_cmp_eq_u32 0, 0\ns_cselect_b32 s80, 1, s{n}\nv_mov_b32 v8, s80\nv_add_u32 v8, v8, v8", []),
    # A function saves and restores what its caller never wrote.
    ("s_mov_b64 s[{m}:{m1}], s[{n}:{n1}]\ns_mov_b64 s[{n}:{n1}], s[{m}:{m1}]\nv_writelane_b32 v10, s{n}, 0", []),

    # In an active lane they matter.
    (OWN.replace("exec", "15") + LOW + "v_cndmask_b32 v8, v0, v0, s[{n}:{n1}]", [("s{n}, bits 0x000000f0 never written", "v_cndmask_b32_e64")]),
    ("s_mov_b64 exec, -1\nv_addc_co_u32 v8, vcc, v0, v0, s[{n}:{n1}]",
     [("s{n}, never written", "v_addc_co_u32_e64")]),
    (OWN.replace("exec", "-16") + LOW + "s_and_saveexec_b64 s[80:81], s[{n}:{n1}]", [("s{n}, bits 0x0000000f never written", "s_and_saveexec_b64")]),
    (LOW + OWN + "s_mov_b64 exec, s[{n}:{n1}]", [("s{n}, " + HALF + "never written", "s_mov_b64")]),
    (LOW + OWN + "s_or_b64 exec, exec, s[{n}:{n1}]", [("s{n}, " + HALF + "never written", "s_or_b64")]),
    # So they do in a value.
    (LOW + OWN + "s_add_u32 s80, s{n}, 0", [("s{n}, " + HALF + "never written", "s_add_u32")]),
    (LOW + OWN + "s_mov_b32 s{m}, s{n}\ns_not_b32 s{m}, s{m}\nv_add_u32 v8, s{m}, v0",
     [("s{m} (from s{n}), " + HALF + "never written", "v_add_u32_e32")]),
    (LOW + OWN + "v_mov_b32 v8, s{n}\nv_add_u32 v9, v8, v8", [("v8 (from s{n}), never written", "v_add_u32_e32")]),
    ("s_bcnt1_i32_b64 s80, s[{n}:{n1}]", [("s{n}, never written", "s_bcnt1_i32_b64")]),
    ("s_lshl_b32 s80, 1, s{n}", [("s{n}, bits 0x0000001f never written", "s_lshl_b32")]),
    ("s_load_dword s80, s[4:5], s{n}", [("s{n}, never written", "s_load_dword")]),
    ("s_cmp_lg_u32 s{n}, 0\ns_cselect_b32 s80, 1, 0", [("s{n}, never written", "s_cmp_lg_u32")]),
    # A branch or a choice by what they decide.
    ("s_and_b32 s{n}, s{n}, 1\ns_cbranch_scc1 .L{n}\n.L{n}:", [("SCC, which depends on bits never written", "s_cbranch_scc1")]),
    ("s_xor_b32 s{n}, s{n}, 1\ns_cselect_b32 s80, 1, 0", [("SCC, which depends on bits never written", "s_cselect_b32")]),
    ("s_and_b32 s{n}, s{n}, 1\ns_addc_u32 s80, 1, 1", [("SCC, which depends on bits never written", "s_addc_u32")]),
    ("s_mov_b32 vcc_hi, 0\ns_and_b32 vcc_lo, s{n}, 2\ns_cbranch_vccz .L{n}\n.L{n}:", [("vcc (from s{n}), bits 0x00000002 never written", "s_cbranch_vccz")]),
    # s_cmov keeps what was there.
    ("s_cmp_eq_u32 0, 1\ns_cmov_b32 s{n}, 1\ns_add_u32 s80, s{n}, 0", [("s{n}, never written", "s_add_u32")]),
    ("s_cmp_eq_u32 0, 1\ns_cmovk_i32 s{n}, 0x1\ns_add_u32 s80, s{n}, 0", [("s{n}, never written", "s_add_u32")]),
    ("s_cmp_eq_u32 0, 0\ns_cmovk_i32 s{n}, 0x1\ns_add_u32 s80, s{n}, 0", []),
    # Moves of vector registers say where the value is from.
    ("v_accvgpr_read_b32 v8, a{n}\nv_add_u32 v9, v8, v8", [("v8 (from a{n}), never written", "v_add_u32_e32")]),
    ("v_accvgpr_mov_b32 a{m}, a{n}\nv_accvgpr_read_b32 v8, a{m}\nglobal_store_dword v[2:3], v8, off", [("v8 (from a{n}), never written", "global_store_dword")]),
]


def body_of(cases):
    """Their text one after the other, each from a full EXEC, and the reports expected."""
    body, reports, sgpr = "", [], 14
    for text, expected in cases:
        names = {"n": sgpr, "n1": sgpr + 1, "m": sgpr + 2, "m1": sgpr + 3}
        put = lambda s: re.sub(r"\{(\w+)\}", lambda m: str(names[m[1]]), s)
        body += put(text) + "\ns_mov_b64 exec, -1\ns_waitcnt vmcnt(0) lgkmcnt(0)\n"
        reports += [(put(what), name) for what, name in expected]
        sgpr += 4
    return body, reports


def run(text, chip, stem, moe_run, block, sanitizers):
    """The text as a kernel: its exit code and what moe-run prints."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Asm", "Inputs", "frame.s")) as f:
        frame = f.read().replace("max_flat_workgroup_size: 64", f"max_flat_workgroup_size: {block}")
    with open(stem + ".s", "w") as f:
        f.write(frame.replace("@CHIP@", chip).replace("@BODY@", text))
    subprocess.run(["clang", "-target", "amdgcn-amd-amdhsa", f"-mcpu={chip}", stem + ".s", "-o", stem + ".hsaco"], check=True)
    with open(stem + ".json", "w") as f:
        json.dump({"code_object": stem + ".hsaco", "kernel": "family", "grid": [1, 1, 1], "block": [block, 1, 1],
                   "dynamic_lds": 0, "args": [{"name": name, "kind": "buffer", "size": 4096} for name in "xy"]}, f)
    done = subprocess.run([moe_run, "launch", stem + ".json", "--sanitize", sanitizers], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def main():
    chip, work, moe_run = sys.argv[1], os.path.abspath(sys.argv[2]), sys.argv[4]
    start = "s_load_dwordx2 s[4:5], s[0:1], 0\ns_waitcnt lgkmcnt(0)\nv_mov_b32 v2, s4\nv_mov_b32 v3, s5\n"
    bad = []
    # A run names twenty findings at most.
    for n in range(0, len(CASES), 8):
        body, expected = body_of(CASES[n:n + 8])
        stem = os.path.join(work, f"{chip}.{n}")
        code, text = run(start + body, chip, stem, moe_run, 64, "uninit")
        got = re.findall(r"uninit: wave 0 reads (.*), at 0x[0-9a-f]+: (\w+)", text)
        bad += [f"expected a report: {r}" for r in expected if r not in got]
        bad += [f"unexpected report: {r}" for r in got if r not in expected]
        if (code != 0) != bool(expected) or len(got) != len(expected):
            bad.append(f"exit code {code}: {text}")
    # Two waves that swap through LDS without a barrier. The first one meets bytes not
    # yet written before anybody knows of the race, which is named first all the same.
    swap = "v_lshlrev_b32 v1, 2, v0\nv_xor_b32 v4, 0x100, v1\nds_write_b32 v1, v1\nds_read_b32 v5, v4\n"
    _, text = run(swap + "s_waitcnt lgkmcnt(0)\nv_add_u32 v6, v5, v5\n", chip, os.path.join(work, chip + ".swap"), moe_run, 128, "uninit,race")
    kinds = re.findall(r"sanitizer: (\w+):", text)
    if sorted(kinds) != kinds or set(kinds) != {"race", "uninit"}:
        bad.append(f"expected races, then uninit: {text}")
    print("\n".join(bad) or f"{chip}: {len(CASES)} cases")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
