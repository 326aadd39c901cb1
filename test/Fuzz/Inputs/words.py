# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""words.py CHIP PRINT_WORDS LLVM_MC COUNT SEED: random instruction words.

Three random words at a time go through the emulator's decoder. What it takes for an
instruction, LLVM's disassembler prints the same; the text is assembled again. Where the same bytes come
out, and they do for all but a few per cent, every bit is shown by the text. What LLVM
does not assemble again is counted, and so is what comes back as other bytes and decodes
differently: an odd first register of a scalar pair, which LLVM prints as the even one
below and the emulator takes as it stands; a constant of a 16-bit operation, of which LLVM
prints the f16 and the emulator takes the lower half of 32 bits; bits that LLVM prints
nothing for, of which the decoder keeps some (op_sel of 32-bit operations, gds of some).
An instruction that comes back as the same bytes has to decode to the same, text has to be
what llvm-mc prints, and nothing may crash.
"""

import collections
import random
import re
import subprocess
import sys


def decode(program, chip, codes):
    """[size, text, error, fields] of each."""
    text = subprocess.run([program, chip], input="\n".join(code.hex() for code in codes) + "\n",
                          check=True, capture_output=True, text=True).stdout
    lines = [line.split("\t") for line in text.split("\n")[:-1]]
    assert len(lines) == len(codes), (len(lines), len(codes))
    return [(int(size), " ".join(text.split()), error, fields)
            for size, text, error, fields in lines]


def mc(tool, chip, source, *flags):
    return subprocess.run([tool, "-triple=amdgcn-amd-amdhsa", f"-mcpu={chip}", *flags],
                          input=source, capture_output=True, text=True, check=False)


def printed(tool, chip, codes):
    source = "\n".join(",".join(f"0x{byte:02x}" for byte in code) for code in codes)
    lines = mc(tool, chip, source + "\n", "--disassemble").stdout.splitlines()
    return [" ".join(re.sub(r"//.*|^\s*\.text", "", line).split()) for line in lines
            if line.strip() and line.strip() != ".text"]


def assembled(tool, chip, texts):
    """The bytes of each, or None."""
    run = mc(tool, chip, "\n".join(texts) + "\n", "-show-encoding")
    bad = {int(line) for line in re.findall(r"<stdin>:(\d+):\d+: error", run.stderr)}
    codes = [bytes(int(byte, 16) for byte in found.split(","))
             for found in re.findall(r"encoding: \[([0-9a-fx,]+)\]", run.stdout)]
    assert len(codes) == len(texts) - len(bad), (len(codes), len(texts), len(bad), run.stderr)
    rest = iter(codes)
    return [None if number in bad else next(rest) for number in range(1, len(texts) + 1)]


def explained(before, code, after):
    """Why the decoder sees something else in what was assembled again."""
    old, text, _, fields = before
    old_fields, new_fields = fields.split(), after[3].split()
    if code != old and "16" in old_fields[-1] and len(code) != len(old):
        return "constant"
    if code == old or text != after[1]:
        return "differ"
    changed = [(int(a), int(b)) for a, b in zip(old_fields[:-1], new_fields[:-1]) if a != b]
    if changed and all(0 < a - b < 16 and a < 128 for a, b in changed if b):
        return "odd pair"
    return "bits"


def main():
    chip, program, tool, count, seed = sys.argv[1:]
    rng = random.Random(int(seed))
    counts = collections.Counter()
    words = [rng.randbytes(12) for _ in range(int(count))]
    sizes = [size for size, *_ in decode(program, chip, words)]
    # At the end of the text: what needs a word more is no instruction.
    for code, whole, (size, *_) in zip(words, sizes, decode(program, chip, [code[:4] for code in words])):
        if size != (whole if whole <= 4 else 0):
            counts["cut"] += 1
            print(f"{chip}: {code[:4].hex()} at the end: expected {whole if whole <= 4 else 0} bytes, got {size}")
    words = [code[:size] for code, size in zip(words, sizes) if size]
    found = [(code, text, error, fields) for code, (_, text, error, fields)
             in zip(words, decode(program, chip, words))]
    counts["executed"] = sum(not error for _, _, error, _ in found)
    # Literal text: a branch's target is a label nobody has, but a number here.
    texts = printed(tool, chip, [code for code, *_ in found])
    assert len(texts) == len(found), (len(texts), len(found))
    for (code, text, *_), other in zip(found, texts):
        if text != other:
            counts["printed differently"] += 1
            print(f"{chip}: {code.hex()}: expected '{other}' as llvm-mc prints, got '{text}'")
    codes = assembled(tool, chip, texts)
    again = [(before, code) for before, code in zip(found, codes) if code]
    counts["not assembled"] = len(found) - len(again)
    counts["other bytes"] = sum(before[0] != code for before, code in again)
    for (before, code), after in zip(again, decode(program, chip, [code for _, code in again])):
        if (before[1:], len(code)) == (after[1:], after[0]):
            continue
        kind = explained(before, code, after)
        counts[kind] += 1
        if kind == "differ" and counts[kind] <= 20:
            print(f"{chip}: {before[0].hex()} and {code.hex()}: expected the same, got "
                  f"{before[1:]} and {after[1:]}")
    wrong = counts["printed differently"] + counts["differ"] + counts["cut"]
    print(f"{chip}: {count} words, {len(found)} instructions, {counts['executed']} executed, "
          f"{counts['not assembled']} not assembled again, {counts['other bytes']} with other "
          f"bytes ({counts['odd pair']} odd pairs, {counts['constant']} constants, "
          f"{counts['bits']} bits that no text shows), "
          f"{wrong} wrong")
    return 1 if wrong else 0


sys.exit(main())
