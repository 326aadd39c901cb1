# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the wait states that the `hazard` sanitizer asks for with those that
LLVM's hazard recognizer inserts between two instructions, for one pair of every
other rule, for every dot product before its users, and for all pairs with a
matrix instruction: every shape before every shape (its result as the
same addend, as a part of the addend, as either factor), before users of its
result, before what overwrites its result or its addend, and after what writes
its operands.

compare.py CHIP LLC PRINT_HAZARDS

LLVM is given each pair as a function of machine IR and starts at the pass; the
text that comes out names the instructions and holds the s_nop.
"""

import re
import subprocess
import sys

RESULT, ADDEND, FACTORS, OTHER = 32, 80, 8, 200


def regs(first, count):
    return "_".join(f"$vgpr{n}" if n == first else f"vgpr{n}"
                    for n in range(first, first + count))


class Shape:
    """A matrix instruction, of one choice of formats where there is one."""

    def __init__(self, name, a, b, d, kind, sparse, formats=None):
        self.a, self.b, self.d, self.sparse = a, b, d, sparse
        self.formats = formats
        self.title = name.lower()
        self.name = name
        self.kind = kind
        if formats:
            registers = {0: 8, 2: 6, 4: 4}
            self.a, self.b = (registers[f] for f in formats)
            names = {0: "f8", 2: "f6", 4: "f4"}
            self.name += "".join(f"_{names[f]}" for f in formats)
            self.title = self.name.lower()

    def machine(self, d, a=FACTORS, b=FACTORS + 8, c=ADDEND):
        left = f"    {regs(d, self.d)} = {self.name}"
        a, b = regs(a, self.a), regs(b, self.b)
        ends = "implicit $mode, implicit $exec"
        if self.sparse:
            return (f"{left}_e64 {a}, {b}, $vgpr4, 0, 0, {regs(d, self.d)}, "
                    f"{ends}")
        left, c = f"{left}_vgprcd_e64", regs(c, self.d)
        if self.formats:
            return (f"{left} {a}, {b}, {c}, {self.formats[0]}, "
                    f"{self.formats[1]}, {ends}")
        return f"{left} {a}, {b}, {c}, 0, 0, 0, {ends}"


def shapes_of(tool, chip):
    lines = subprocess.run([tool, chip, "matrix"], capture_output=True,
                           text=True, check=True).stdout.splitlines()
    for line in lines:
        name, a, b, d, kind, sparse = line.split()
        numbers = int(a), int(b), int(d)
        if kind != "f8f6f4":
            yield Shape(name, *numbers, kind, sparse == "1")
            continue
        for formats in ((0, 0), (2, 2), (4, 4), (0, 4), (4, 0)):
            yield Shape(name, *numbers, kind, False, formats)


def users(first):
    """Instructions that use or overwrite registers from `first` on."""
    pair, address = regs(first, 2), regs(OTHER, 2)
    return {
        "VALU reads": f"$vgpr{OTHER} = V_MOV_B32_e32 $vgpr{first}, implicit $exec",
        "VALU reads two": f"$vgpr{OTHER}_vgpr{OTHER + 1} = V_LSHLREV_B64_e64 "
                          f"1, {pair}, implicit $exec",
        "VALU overwrites": f"$vgpr{first} = V_MOV_B32_e32 0, implicit $exec",
        "trans reads": f"$vgpr{OTHER} = V_EXP_F32_e32 $vgpr{first}, "
                       "implicit $mode, implicit $exec",
        "readfirstlane": f"$sgpr0 = V_READFIRSTLANE_B32 $vgpr{first}, "
                         "implicit $exec",
        "global store": f"GLOBAL_STORE_DWORD {address}, $vgpr{first}, 0, 0, "
                        "implicit $exec",
        "global address": f"$vgpr{OTHER} = GLOBAL_LOAD_DWORD {pair}, 0, 0, "
                          "implicit $exec",
        "global load over": f"$vgpr{first} = GLOBAL_LOAD_DWORD {address}, 0, 0, "
                            "implicit $exec",
        "flat store": f"FLAT_STORE_DWORD {address}, $vgpr{first}, 0, 0, "
                      "implicit $exec, implicit $flat_scr",
        "buffer store": f"BUFFER_STORE_DWORD_OFFSET $vgpr{first}, "
                        "$sgpr0_sgpr1_sgpr2_sgpr3, 0, 0, 0, 0, implicit $exec",
        "ds write": f"DS_WRITE_B32_gfx9 $vgpr{OTHER}, $vgpr{first}, 0, 0, "
                    "implicit $exec",
        "ds address": f"$vgpr{OTHER} = DS_READ_B32_gfx9 $vgpr{first}, 0, 0, "
                      "implicit $exec",
        "ds read over": f"$vgpr{first} = DS_READ_B32_gfx9 $vgpr{OTHER}, 0, 0, "
                        "implicit $exec",
        "flat load over": f"$vgpr{first} = FLAT_LOAD_DWORD {address}, 0, 0, "
                          "implicit $exec, implicit $flat_scr",
        "buffer address": f"$vgpr{OTHER} = BUFFER_LOAD_DWORD_OFFEN "
                          f"$vgpr{first}, $sgpr0_sgpr1_sgpr2_sgpr3, 0, 0, 0, 0, "
                          "implicit $exec",
        "atomic": f"GLOBAL_ATOMIC_ADD {address}, $vgpr{first}, 0, 0, "
                  "implicit $exec",
        "bpermute": f"$vgpr{OTHER} = DS_BPERMUTE_B32 $vgpr{OTHER + 1}, "
                    f"$vgpr{first}, 0, implicit $exec",
        "AGPR write": f"$agpr4 = V_ACCVGPR_WRITE_B32_e64 $vgpr{first}, "
                      "implicit $exec",
    }


def pairs_of(shapes):
    for first in shapes:
        made = first.machine(RESULT)
        for second in shapes:
            what = f"{first.title} -> {second.title}"
            for name, change in (("factor a", {"a": RESULT}),
                                 ("factor b", {"b": RESULT})):
                yield f"{what} {name}", made, second.machine(160, **change)
            if second.sparse:
                yield (f"{what} accumulated", made, second.machine(RESULT))
                continue
            yield (f"{what} addend", made, second.machine(160, c=RESULT))
            shifted = RESULT + 2 if first.d > 2 else RESULT - 2
            if shifted >= RESULT or second.d > 2:
                yield (f"{what} part of the addend", made,
                       second.machine(160, c=shifted))
        for name, text in users(RESULT).items():
            yield f"{first.title} -> {name}", made, "    " + text
        if not first.sparse:
            for name, text in users(ADDEND).items():
                yield f"{first.title} -> addend: {name}", made, "    " + text
        for name, register in (("factor", FACTORS), ("addend", ADDEND)):
            if first.sparse and name == "addend":
                register = RESULT
            yield (f"VALU -> {first.title} {name}",
                   f"    $vgpr{register} = V_MOV_B32_e32 0, implicit $exec",
                   made)
        yield (f"v_cmpx -> {first.title}",
               "    $sgpr6_sgpr7 = V_CMPX_EQ_U32_e64 0, $vgpr200, implicit-def "
               "$exec, implicit $exec", made)


EXEC = "implicit $exec"
MODE_EXEC = "implicit $mode, implicit $exec"
# Pairs without a matrix instruction, by what the second one does.
WRITE_VGPR = f"$vgpr32 = V_MOV_B32_e32 0, {EXEC}"
WRITE_SGPR = f"$sgpr8 = V_READFIRSTLANE_B32 $vgpr1, {EXEC}"
WRITE_VCC = f"V_CMP_EQ_U32_e32 0, $vgpr1, implicit-def $vcc, {EXEC}"
WRITE_EXEC = ("$sgpr6_sgpr7 = V_CMPX_EQ_U32_e64 0, $vgpr1, implicit-def $exec, "
              + EXEC)
WRITE_M0 = "$m0 = S_MOV_B32 $sgpr20"
WIDE_STORE = ("GLOBAL_STORE_DWORDX4 $vgpr2_vgpr3, $vgpr32_vgpr33_vgpr34_vgpr35, "
              f"0, 0, {EXEC}")
QUAD = "$vgpr32_vgpr33_vgpr34_vgpr35"
DESCRIPTOR = "$sgpr12_sgpr13_sgpr14_sgpr15"
DPP = ("$vgpr5 = V_MOV_B32_dpp $vgpr5, $vgpr32, 228, 15, 15, 0, " + EXEC)
PLAIN = [
    ("trans -> VALU", f"$vgpr32 = V_EXP_F32_e32 $vgpr1, {MODE_EXEC}",
     f"$vgpr5 = V_MOV_B32_e32 $vgpr32, {EXEC}"),
    ("trans -> trans", f"$vgpr32 = V_EXP_F32_e32 $vgpr1, {MODE_EXEC}",
     f"$vgpr5 = V_EXP_F32_e32 $vgpr32, {MODE_EXEC}"),
    ("wide store -> VALU overwrites", WIDE_STORE, WRITE_VGPR),
    ("wide store -> load overwrites", WIDE_STORE,
     f"$vgpr32 = GLOBAL_LOAD_DWORD $vgpr2_vgpr3, 0, 0, {EXEC}"),
    ("wide buffer store -> VALU overwrites",
     f"BUFFER_STORE_DWORDX4_OFFSET {QUAD}, {DESCRIPTOR}, 0, 0, 0, 0, {EXEC}",
     WRITE_VGPR),
    ("wide buffer store with soffset -> VALU overwrites",
     f"BUFFER_STORE_DWORDX4_OFFSET {QUAD}, {DESCRIPTOR}, $sgpr9, 0, 0, 0, {EXEC}",
     WRITE_VGPR),
    ("VALU -> readfirstlane", WRITE_VGPR,
     f"$sgpr8 = V_READFIRSTLANE_B32 $vgpr32, {EXEC}"),
    ("VALU -> DPP", WRITE_VGPR, DPP),
    ("v_cmpx -> DPP", WRITE_EXEC, DPP),
    ("VALU SGPR -> VMEM address", WRITE_SGPR,
     f"$vgpr5 = GLOBAL_LOAD_DWORD_SADDR $sgpr8_sgpr9, $vgpr1, 0, 0, {EXEC}"),
    ("VALU SGPR -> buffer offset", WRITE_SGPR,
     f"$vgpr5 = BUFFER_LOAD_DWORD_OFFSET {DESCRIPTOR}, $sgpr8, 0, 0, 0, {EXEC}"),
    ("VALU VCC -> buffer offset", WRITE_VCC,
     f"$vgpr5 = BUFFER_LOAD_DWORD_OFFSET {DESCRIPTOR}, $vcc_lo, 0, 0, 0, {EXEC}"),
    ("VALU VCC_HI -> buffer offset",
     f"$vcc_hi = V_READFIRSTLANE_B32 $vgpr1, {EXEC}",
     f"BUFFER_STORE_DWORD_OFFSET $vgpr5, {DESCRIPTOR}, $vcc_hi, 0, 0, 0, {EXEC}"),
    ("VALU VCC -> VMEM address", WRITE_VCC,
     f"$vgpr5 = GLOBAL_LOAD_DWORD_SADDR $vcc, $vgpr1, 0, 0, {EXEC}"),
    ("VALU carry in VCC -> buffer offset",
     f"$vgpr32 = V_ADD_CO_U32_e32 $vgpr1, $vgpr2, implicit-def $vcc, {EXEC}",
     f"$vgpr5 = BUFFER_LOAD_DWORD_OFFSET {DESCRIPTOR}, $vcc_hi, 0, 0, 0, {EXEC}"),
    ("VALU SGPR -> VALU", WRITE_SGPR,
     f"$vgpr5 = V_MOV_B32_e32 $sgpr8, {EXEC}"),
    ("v_cmpx -> VALU reads EXEC", WRITE_EXEC,
     f"$vgpr5 = V_MOV_B32_e32 $exec_hi, {EXEC}"),
    ("VALU SGPR -> readlane select", WRITE_SGPR,
     "$sgpr9 = V_READLANE_B32 $vgpr1, $sgpr8"),
    ("VALU SGPR -> writelane select", WRITE_SGPR,
     "$vgpr5 = V_WRITELANE_B32 5, $sgpr8, $vgpr5"),
    ("VALU VCC -> v_div_fmas", WRITE_VCC,
     "$vgpr5 = V_DIV_FMAS_F32_e64 0, $vgpr1, 0, $vgpr2, 0, $vgpr3, 0, 0, "
     f"implicit $vcc, {MODE_EXEC}"),
    ("M0 -> s_sendmsg", WRITE_M0, "S_SENDMSG 3, implicit $exec, implicit $m0"),
    ("M0 -> LDS-DMA", WRITE_M0,
     f"BUFFER_LOAD_DWORD_LDS_OFFSET {DESCRIPTOR}, 0, 0, 0, 0, {EXEC}, "
     "implicit $m0"),
    ("M0 -> s_movrels", WRITE_M0, "$sgpr4 = S_MOVRELS_B32 $sgpr5, implicit $m0"),
    ("s_setreg -> s_getreg", "S_SETREG_B32 $sgpr4, 2049, implicit-def $mode, "
     "implicit $mode", "$sgpr5 = S_GETREG_B32 2049, implicit $mode"),
    ("dot -> VALU", "$vgpr32 = V_DOT4_I32_I8 8, $vgpr1, 8, $vgpr2, 8, $vgpr3, "
     f"0, 0, 0, {EXEC}", f"$vgpr5 = V_MOV_B32_e32 $vgpr32, {EXEC}"),
    ("lower half of a register -> its upper half",
     "$vgpr32 = V_CVT_F16_F32_sdwa 0, $vgpr1, 0, 0, 4, 2, 6, "
     f"{MODE_EXEC}, implicit $vgpr32(tied-def 0)",
     "$vgpr32 = V_CVT_F16_F32_sdwa 0, $vgpr2, 0, 0, 5, 2, 6, "
     f"{MODE_EXEC}, implicit $vgpr32(tied-def 0)"),
    ("part of a register -> matrix result",
     "$vgpr32 = V_MOV_B32_sdwa 0, $vgpr1, 0, 1, 2, 6, "
     f"{EXEC}, implicit $vgpr32(tied-def 0)",
     "$vgpr32_vgpr33_vgpr34_vgpr35 = V_MFMA_F32_4X4X4F16_vgprcd_e64 "
     "$vgpr2_vgpr3, $vgpr4_vgpr5, $vgpr50_vgpr51_vgpr52_vgpr53, 0, 0, 0, "
     + MODE_EXEC),
]
# Dot products: how many operands follow the sources (op_sel and op_sel_hi are
# two of those of v_dot2), or None for those that add to their result.
DOTS = {"V_DOT4_I32_I8": 3, "V_DOT4_U32_U8": 3, "V_DOT8_I32_I4": 3,
        "V_DOT8_U32_U4": 3, "V_DOT2_I32_I16": 5, "V_DOT2_U32_U16": 5,
        "V_DOT2_F32_F16": 5, "V_DOT4C_I32_I8": None, "V_DOT8C_I32_I4": None,
        "V_DOT2C_F32_F16": None}
DOTS_950 = {"V_DOT2_F32_BF16": 5, "V_DOT2C_F32_BF16": None}


def dot(name, ends, d, a=1, b=2, c=3):
    mode = MODE_EXEC if "F32" in name else EXEC
    if ends is None:
        return f"    $vgpr{d} = {name}_e32 $vgpr{a}, $vgpr{b}, $vgpr{d}, {mode}"
    return (f"    $vgpr{d} = {name} 8, $vgpr{a}, 8, $vgpr{b}, 8, $vgpr{c}, "
            + "0, " * ends + mode)


def dot_pairs(chip, shapes):
    """Dot products before their users. The same v_dot2 as the addend's user or
    writing the same register is left out: LLVM takes the op_sel_hi of the first
    source for the bit that says which half is written, and leaves a wait state
    after every packed instruction."""
    dots = DOTS | (DOTS_950 if chip == "gfx950" else {})
    for first, ends in dots.items():
        made = dot(first, ends, RESULT)
        for name, text in users(RESULT).items():
            yield f"{first} -> {name}", made, "    " + text
        for second, more in dots.items():
            what = f"{first} -> {second}"
            yield f"{what} a", made, dot(second, more, OTHER, a=RESULT)
            yield f"{what} b", made, dot(second, more, OTHER, b=RESULT)
            if second == first and ends == 5:
                continue
            yield f"{what} overwritten", made, dot(second, more, RESULT)
            if more is not None:
                yield f"{what} addend", made, dot(second, more, OTHER, c=RESULT)
        for second in shapes:
            what = f"{first} -> {second.title}"
            yield f"{what} factor a", made, second.machine(160, a=RESULT)
            yield f"{what} factor b", made, second.machine(160, b=RESULT)
            yield f"{what} overwritten", made, second.machine(RESULT)
            if not second.sparse:
                yield f"{what} addend", made, second.machine(160, c=RESULT)


PLAIN_950 = [
    ("VALU -> v_permlane", WRITE_VGPR,
     "$vgpr5, $vgpr32 = V_PERMLANE32_SWAP_B32_e32 $vgpr5, $vgpr32, " + EXEC),
    ("v_cmpx -> v_permlane", WRITE_EXEC,
     "$vgpr5, $vgpr32 = V_PERMLANE32_SWAP_B32_e32 $vgpr5, $vgpr32, " + EXEC),
]


def plain_pairs(chip):
    for name, first, second in PLAIN + (PLAIN_950 if chip == "gfx950" else []):
        yield name, "    " + first, "    " + second


def recognized(llc, chip, pairs):
    """For each pair its two instructions as text, and LLVM's wait states."""
    parts = []
    for number, (_, first, second) in enumerate(pairs):
        parts.append(f"---\nname: f{number}\ntracksRegLiveness: false\nbody: |\n"
                     f"  bb.0:\n{first}\n{second}\n    S_ENDPGM 0\n...\n")
    run = subprocess.run(
        [llc, "-mtriple=amdgcn-amd-amdhsa", f"-mcpu={chip}", "-x", "mir",
         "-start-before=post-RA-hazard-rec", "-o", "-", "-"],
        input="".join(parts), capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"{llc} failed:\n{run.stderr[:800]}")
    texts, states = {}, {}
    number = None
    for line in run.stdout.splitlines():
        label = re.match(r"f(\d+):", line)
        if label:
            number = int(label.group(1))
            texts[number], states[number] = [], 0
            continue
        line = line.split(";")[0].strip()
        if number is None or not re.match(r"[a-z]", line):
            continue
        if line.startswith("s_endpgm"):
            number = None
        elif line.startswith("s_nop"):
            # Those before the first instruction are none of the pair's.
            if texts[number]:
                states[number] += int(line.split()[1], 0) + 1
        else:
            texts[number].append(line)
    return texts, states


def main():
    chip, llc, tool = sys.argv[1:]
    shapes = list(shapes_of(tool, chip))
    pairs = (list(plain_pairs(chip)) + list(dot_pairs(chip, shapes))
             + list(pairs_of(shapes)))
    texts, llvm = recognized(llc, chip, pairs)
    lines = []
    for number in range(len(pairs)):
        if len(texts.get(number, [])) != 2:
            sys.exit(f"{pairs[number][0]}: expected two instructions, got "
                     f"{texts.get(number)}")
        lines += texts[number]
    run = subprocess.run([tool, chip, "states"], input="\n".join(lines) + "\n",
                         capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"{tool} failed: {run.stderr}")
    ours = [int(line) for line in run.stdout.split()]
    if len(ours) != len(pairs):
        sys.exit(f"expected {len(pairs)} answers, got {len(ours)}")
    wrong = [(name, llvm[number], ours[number])
             for number, (name, _, _) in enumerate(pairs)
             if llvm[number] != ours[number]]
    for name, want, got in wrong[:60]:
        print(f"{name}: expected {want} wait states, got {got}")
    needing = sum(1 for value in llvm.values() if value)
    print(f"{chip}: {len(pairs)} pairs, {needing} need wait states, "
          f"{len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
