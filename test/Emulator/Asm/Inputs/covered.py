# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which executed mnemonics occur in no family of tests.

Loads the family files beside this folder, takes the mnemonics of their cases,
and compares them with those that docs/EmulatorOpcodes.md lists as executed. What
has no value to expect (waits, hints, cache control) is listed here by name.
"""
import os
import re
import sys

import asmtest

NO_VALUE = """
s_nop s_waitcnt s_sleep s_setprio s_icache_inv s_endpgm s_endpgm_saved s_barrier
s_sendmsg s_ttracedata s_incperflevel s_decperflevel s_wakeup s_dcache_inv
s_dcache_inv_vol s_dcache_wb s_dcache_wb_vol s_dcache_discard s_dcache_discard_x2
s_atc_probe s_atc_probe_buffer s_memtime s_memrealtime buffer_inv buffer_wbl2
buffer_wbinvl1 buffer_wbinvl1_vol ds_nop v_nop v_clrexcp s_trap s_sethalt
s_sendmsghalt s_cbranch_cdbgsys s_cbranch_cdbguser s_cbranch_cdbgsys_or_user
s_cbranch_cdbgsys_and_user v_mfma_ld_scale_b32
""".split()


def executed(page):
    """Mnemonics of the "Executed on" sections, for each chip."""
    names = {chip: set() for chip in asmtest.CHIPS}
    chips = []
    for line in open(page):
        if line.startswith("## "):
            chips = [c for c in asmtest.CHIPS if c in line] if "Executed" in line else []
        for chip in chips:
            names[chip] |= set(re.findall(r"`(\w+)`", line))
    return names


def mnemonics(case):
    for line in case.text.splitlines():
        word = line.split()[0] if line.split() else ""
        yield re.sub(r"_(e32|e64|sdwa|dpp|e64_dpp)$", "", word)


def main():
    folder, page = sys.argv[1:3]
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            asmtest.load_family(os.path.join(folder, name))
    tested = {chip: set() for chip in asmtest.CHIPS}
    for case in asmtest.CASES:
        for chip in case.chips:
            tested[chip] |= set(mnemonics(case))
    failed = False
    for chip, names in executed(page).items():
        missing = sorted(names - tested[chip] - set(NO_VALUE))
        print(f"{chip}: {len(names)} executed, {len(missing)} without a test", *missing, sep="\n  ")
        failed |= bool(missing)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
