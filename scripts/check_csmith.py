#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random C programs on the emulator against this processor, for whoever has csmith.

check_csmith.py [--count N] [--seed N] [--jobs N] [--clang PROGRAM] [--include DIR]
                [--moe-run PROGRAM] [--keep DIR]

Csmith (https://github.com/csmith-project/csmith; Debian: csmith, libcsmith-dev) writes C
programs without undefined behaviour. Each becomes a kernel in which every lane has the
program's globals for itself and, in most programs, constants of its own, so that lanes
part ways; a lane returns a checksum of all globals. Clang compiles it for both chips at a
random level and for the host at -O0 and with sanitizers, which have the last word on what
is undefined. The emulator runs it under all of its sanitizers. Programs that are slow,
undefined with the changed constants, or not of this form are counted apart. Exit code 1:
a checksum differs, or a run ends in an error or a report; the program stays in --keep.
"""

import argparse
import collections
import concurrent.futures
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

CHIPS = ("gfx950", "gfx942")
LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")
LANES = 64
GENERATE = ("--no-pointers", "--no-bitfields", "--no-packed-struct", "--no-volatiles",
            "--no-volatile-pointers", "--no-const-pointers", "--no-argc", "--max-block-size", "4")
# Sums in the order of the program; signed overflow is csmith's own, guarded, business.
FLAGS = ("-w", "-ffreestanding", "-ffp-contract=off", "-fwrapv")

HEADER = """
#include <float.h>
#include <limits.h>
#include <stdint.h>
#define fabs __builtin_fabs
#define fabsf __builtin_fabsf
double ldexp(double, int);
float ldexpf(float, int);
#define STATIC static inline
#define UNDEFINED(x) (x)
#define LOG_INDEX
#define LOG_EXEC
#define FUNC_NAME(x) (safe_##x)
#include "safe_math.h"
#define transparent_crc(value, name, print) \\
  (hash = (hash ^ (uint64_t)(value)) * 0x9E3779B97F4A7C15ull)
#define transparent_crc_bytes(at, size, name, print) add_bytes(&hash, at, size)
static inline void add_bytes(uint64_t *hash, const void *at, int size) {
  uint64_t bits = 0;
  __builtin_memcpy(&bits, at, size);
  /* One NaN for all: which of two an operation keeps differs. */
  if (size == 4 && (bits & 0x7fffffff) > 0x7f800000)
    bits = 0x7fc00000;
  if (size == 8 && (bits << 1) > 0xffe0000000000000ull)
    bits = 0x7ff8000000000000ull;
  *hash = (*hash ^ bits) * 0x9E3779B97F4A7C15ull;
}
#define printf(...) 0
#define platform_main_begin()
#define platform_main_end(...)
#define crc32_gentab()
#ifdef __AMDGCN__
#define LANE ((int64_t)__builtin_amdgcn_workitem_id_x() & 3)
#else
static int64_t LANE;
#endif
#define OWN(constant) ((constant) ^ LANE)
"""

KERNEL = """
#ifdef __AMDGCN__
__attribute__((amdgpu_kernel)) void
random_program(__attribute__((address_space(1))) uint64_t *out) {
  struct Globals G = initial;
  out[__builtin_amdgcn_workitem_id_x()] = run(&G);
}
#else
long write(int, const void *, unsigned long);
int main(void) {
  for (int lane = 0; lane < 64; ++lane) {
    LANE = lane & 3;
    struct Globals G = initial;
    uint64_t result = run(&G);
    write(1, &result, 8);
  }
  return 0;
}
#endif
"""


class Skip(Exception):
    """A program that says nothing about the emulator."""


def rewritten(source, own_constants):
    """csmith's program as a kernel and as a program of the host."""
    begin = source.find("/* --- GLOBAL VARIABLES --- */")
    end = source.find("/* --- FORWARD DECLARATIONS --- */")
    if min(begin, end) < 0 or source.count("int main (void)") != 1:
        raise Skip("not of this form")
    types, text = source[:begin].replace('#include "csmith.h"', HEADER), source[end:]
    types = re.sub(r"static long __undefined;|#include <math\.h>", "", types)
    fields, values = [], []
    for kind, name, extents, value in re.findall(
            r"^static (.*?)(g_\d+)((?:\[\d+\])*) = (.*);$", source[begin:end], re.M):
        fields.append(f"  {kind.replace('const ', '').replace('volatile ', '')}{name}{extents};")
        values.append(f"  .{name} = {value},")
    text = re.sub(r"\b(g_\d+)\b", r"(G->\1)", text)
    # The globals are the first argument of each function and call.
    text = re.sub(r"\b(func_\d+)\(void\)", r"\1(struct Globals *G)", text)
    text = re.sub(r"\b(func_\d+)\(\)", r"\1(G)", text)
    text = re.sub(r"\b(func_\d+)\((?!struct Globals|G\))", r"\1(G, ", text)
    text = re.sub(r"\b(func_\d+)\(G, (?=(?:const |volatile |struct |union |u?int\d+_t|float|double))",
                  r"\1(struct Globals *G, ", text)
    functions, main = text.split("int main (void)")
    if own_constants:
        functions = re.sub(r"(?<![\w.])(0x[0-9A-F]+U?LL?|\d+U?LL?)\b", r"OWN(\1)", functions)
    main = main.replace("print_hash_value = 0;", "print_hash_value = 0; uint64_t hash = 1;", 1)
    main = re.sub(r"return 0;\s*}", "return hash; }", main)
    return (types + "struct Globals {\n" + "\n".join(fields) + "\n  int last;\n};\n"
            "static const struct Globals initial = {\n" + "\n".join(values) + "\n  .last = 0};\n"
            + functions + "static uint64_t run(struct Globals *G)" + main + KERNEL)


def checked(command, folder, seconds, why, slow=None):
    """Standard output; Skip where the command fails or takes too long."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise Skip(slow or f"{why}: slow") from None
    if done.returncode:
        raise Skip(why)
    return done.stdout


def host_results(options, folder):
    """What the program gives here, at -O0 and with sanitizers alike."""
    results = []
    for name, flags in (("plain", ("-O0",)), ("checked", (
            "-O1", "-fsanitize=undefined,address", "-fno-sanitize=shift",
            "-fno-sanitize-recover=all"))):
        checked([options.clang, *flags, *FLAGS, f"-I{options.include}", "program.c", "-o", name],
                folder, 120, "the host's compiler")
        results.append(checked([f"./{name}"], folder, 20, "undefined", "slow here, too"))
    if results[0] != results[1]:
        raise Skip("undefined")
    return results[0]


def emulate(options, folder, chip, level):
    """The emulator's results, or a text about an error."""
    checked([options.clang, "--target=amdgcn-amd-amdhsa", f"-mcpu={chip}", "-nogpulib", level, *FLAGS,
             f"-I{options.include}", "-mcode-object-version=5", "program.c", "-o", f"{chip}.hsaco"],
            folder, 300, "the GPU's compiler")
    (folder / f"{chip}.json").write_text(json.dumps({
        "code_object": f"{chip}.hsaco", "kernel": "random_program", "grid": [1, 1, 1],
        "block": [LANES, 1, 1],
        "args": [{"name": "out", "kind": "buffer", "size": 8 * LANES, "out": f"{chip}.bin"}]}))
    try:
        done = subprocess.run([options.moe_run, "launch", f"{chip}.json", "--sanitize", "all"],
                              cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return "no end after 300 s"
    if done.returncode:
        return done.stderr.strip() or f"exit code {done.returncode}"
    return (folder / f"{chip}.bin").read_bytes()


def judge(options, seed, folder):
    """Outcome of one program for each chip: right, wrong (and how), or why not."""
    rng = random.Random(seed)
    source = checked(["csmith", *GENERATE, "--max-funcs", str(rng.choice([3, 5, 8])), "--seed", str(seed),
                      *(["--float"] if rng.random() < 0.3 else [])], folder, 60, "csmith")
    (folder / "program.c").write_text(rewritten(source.decode(), rng.random() < 0.85))
    want = host_results(options, folder)
    outcomes = []
    for chip in CHIPS:
        level = rng.choice(LEVELS)
        try:
            got = emulate(options, folder, chip, level)
        except Skip as skip:
            outcomes.append(str(skip))
            continue
        if got == want:
            outcomes.append("right")
            continue
        text = got if isinstance(got, str) else "a checksum differs"
        print(f"seed {seed}, {chip}, {level}: {text}", flush=True)
        outcomes.append("wrong")
    return outcomes


def one(options, seed):
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        try:
            outcomes = judge(options, seed, folder)
        except Skip as skip:
            return [str(skip)] * len(CHIPS)
        if "wrong" in outcomes and options.keep:
            shutil.copytree(folder, options.keep / str(seed), dirs_exist_ok=True)
        return outcomes


def main():
    parser = argparse.ArgumentParser(description="random C programs of csmith on the emulator")
    root = pathlib.Path(__file__).resolve().parent.parent
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first program")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--clang", default="clang-22")
    parser.add_argument("--include", default="/usr/include/csmith", help="csmith's headers")
    parser.add_argument("--moe-run", default=str(root / "build/bin/moe-run"))
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    options.moe_run = str(pathlib.Path(options.moe_run).resolve())
    for program in ("csmith", options.clang, options.moe_run):
        if not shutil.which(program):
            sys.exit(f"check_csmith.py: error: expected the program '{program}', got none")
    outcomes: collections.Counter[str] = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        seeds = range(options.seed, options.seed + options.count)
        for found in pool.map(lambda seed: one(options, seed), seeds):
            outcomes.update(found)
    for text, number in sorted(outcomes.items()):
        if text not in ("right", "wrong"):
            print(f"not judged, {text}: {number}")
    ran = outcomes["right"] + outcomes["wrong"]
    print(f"{outcomes['right']} of {ran} runs right, of {options.count} programs on {len(CHIPS)} chips")
    return 1 if outcomes["wrong"] or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
