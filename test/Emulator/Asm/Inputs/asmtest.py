# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a family: rows of assembly against formulas, lane by lane.

A family file calls `case(text, types, formula, ...)`. The text has the places
{a} {b} {c} (source registers), {d} (destination, old contents x.d) and {sa} {sb}
{sc} {sd} (the same in scalar registers, of lane 0). Types: "f32 u32 -> f64"; they
choose values and widths. The formula gets x with x.a .. x.d and x.lane, x.chip
and, for other lanes, the lists x.A .. x.D; it returns the bits of the result, NAN,
or a pair (low, high) of allowed results.
"""
import argparse
import importlib.util
import json
import os
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "Inputs"))
import numbers_of as num  # noqa: E402
from splitmix import Random  # noqa: E402

WIDTH = {"u16": 32, "i16": 32, "f16": 32, "bf16": 32, "u32": 32, "i32": 32, "f32": 32, "pk16": 32, "pkf16": 32,
         "u64": 64, "i64": 64, "f64": 64, "pkf32": 64}
FORMAT = {"f16": num.F16, "bf16": num.BF16, "f32": num.F32, "f64": num.F64}
EDGES = {
    "f32": [0, 0x80000000, 0x3F800000, 0xBF800000, 1, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF,
            0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0x3F000000, 0xBFC00000, 0x40200000, 0x4F000000, 0xCF000000,
            0x4F800000, 0x34000000, 0x4B000001],
    "f16": [0, 0x8000, 0x3C00, 0xBC00, 1, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0x7C01,
            0x3800, 0xBE00, 0x4100, 0x6400, 0x77FF, 0xF800],
    "bf16": [0, 0x8000, 0x3F80, 0xBF80, 1, 0x7F7F, 0x7F80, 0xFF80, 0x7FC0, 0x0080, 0x3F00, 0x4049],
    "f64": [0, 1 << 63, 0x3FF0 << 48, 0xBFF0 << 48, 1, (1 << 63) + 1, 0x000FFFFFFFFFFFFF, 0x0010 << 48,
            0x7FEFFFFFFFFFFFFF, 0x7FF0 << 48, 0xFFF0 << 48, 0x7FF8 << 48, (0x7FF0 << 48) + 1, 0x3FE0 << 48,
            0xBFF8 << 48, 0x4004 << 48, 0x41E0 << 48, 0xC1E0000000200000, 0x41EFFFFFFFE00000],
    "u32": [0, 1, 2, 31, 32, 33, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFF, 0x10000, 0xFFFFFF, 0x800000,
            0xAAAAAAAA, 0x00FF00FF],
    "u16": [0, 1, 15, 16, 0x7FFF, 0x8000, 0xFFFF, 0xFFFE, 0xFF, 0x100],
    "u64": [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 32, (1 << 32) - 1, 63, 64],
}
CHIPS = ["gfx942", "gfx950"]


def some(kind, random):
    """An edge, a value of middling size, or any bits; upper halves are noise."""
    r, pick = random.next(), random.next() % 4
    if kind in ("pk16", "pkf16"):
        half = "f16" if kind == "pkf16" else "u16"
        return some(half, random) & 0xFFFF | (some(half, random) & 0xFFFF) << 16
    if kind == "pkf32":
        return some("f32", random) | some("f32", random) << 32
    base = {"i32": "u32", "i16": "u16", "i64": "u64"}.get(kind, kind)
    bits = 16 if base in ("u16", "f16", "bf16") else WIDTH[kind]
    if pick == 0:
        x = EDGES[base][r % len(EDGES[base])]
    elif pick == 1 and base in FORMAT:
        e, m = FORMAT[base]
        spread = 6 if base == "f16" else 24
        x = (r >> 63) << (bits - 1) | ((1 << (e - 1)) - 1 - spread // 2 + (r >> 40) % spread) << m | r & ((1 << m) - 1)
    elif pick == 1:
        x = r % 256 if r >> 60 & 1 else -(r % 256)
    else:
        x = r
    x &= (1 << bits) - 1
    if bits == 16:
        x |= (random.next() & 0xFFFF) << 16
    return x


class Lane:
    pass


class Case:
    def __init__(self, text, types, formula, chips, copies, values, all_lanes, setup):
        ins, _, out = types.partition("->")
        self.text, self.formula, self.chips, self.copies = text, formula, chips, copies
        self.ins, self.out = ins.split(), out.strip()
        self.values, self.all_lanes, self.setup = values, all_lanes, setup
        self.rows = {}

    def fill(self, seed):
        random = Random(seed)
        for n, name in enumerate("abc"):
            kind = self.ins[n] if n < len(self.ins) else "u32"
            self.rows[name] = [some(kind, random) for _ in range(64)]
        self.rows["d"] = [random.next() for _ in range(64)]
        for name, give in (self.values or {}).items():
            self.rows[name] = [give(lane, random) for lane in range(64)]

    def data(self):
        words = []
        for name in "abcd":
            for shift in (0, 32):
                words += [v >> shift & 0xFFFFFFFF for v in self.rows[name]]
        return struct.pack("<512I", *words)

    def result_bytes(self):
        return 512

    def assemble(self):
        return assemble_case(self)

    def check(self, chip, words):
        return check(self, chip, words)

    def lanes(self, chip):
        result = []
        for lane in range(64):
            x = Lane()
            x.lane, x.chip = lane, chip
            for n, name in enumerate("abcd"):
                kind = self.out if name == "d" else self.ins[n] if n < len(self.ins) else "u32"
                mask = (1 << WIDTH.get(kind, 32)) - 1
                low16 = kind in ("u16", "i16", "f16", "bf16") and name != "d"
                setattr(x, name, self.rows[name][lane] & (0xFFFF if low16 else mask))
                setattr(x, name.upper(), [v & mask for v in self.rows[name]])
            result.append(x)
        return result


class WideCase:
    """Many registers: `rows` are loaded into v64 and up before the text, and
    `expected` (rows of 64 results each, NAN for any f32 NaN) is compared with v16
    and up after it."""

    def __init__(self, text, rows, expected, chips):
        self.text, self.chips, self.rows, self.expected = text, chips, rows, expected

    def fill(self, seed):
        pass

    def data(self):
        return b"".join(struct.pack("<64I", *row) for row in self.rows)

    def result_bytes(self):
        return 256 * len(self.expected)

    def assemble(self):
        return assemble_wide(self)

    def check(self, chip, words):
        bad = []
        for n, row in enumerate(self.expected):
            for lane, e in enumerate(row):
                g = words[64 * n + lane]
                if not matches("f32", e, g):
                    bad.append(f"{chip}: {self.text.strip().splitlines()[-1].strip()}: register {n}, lane {lane}: "
                               f"expected {show(e)}, got {g:#x}")
        return bad


CASES = []


def case(text, types, formula, chips=None, copies=2, values=None, all_lanes=False, setup=""):
    """Adds a row. `values`: own values, {"b": lambda lane, random: ...};
    `all_lanes`: the formula takes the list of 64 x and returns 64 results."""
    for _ in range(copies):
        CASES.append(Case(text, types, formula, chips or CHIPS, copies, values, all_lanes, setup))


def wide_case(text, rows, expected, chips=None):
    """Adds a case with its own rows of inputs and results."""
    CASES.append(WideCase(text, rows, expected, chips or CHIPS))


def registers(kind, first, letter="v"):
    return f"{letter}{first}" if WIDTH.get(kind, 32) == 32 else f"{letter}[{first}:{first + 1}]"


def assemble_case(c):
    out = []
    for n in range(8):
        out.append(f"global_load_dword v{2 + n}, v1, s[4:5] offset:{256 * n}")
    out.append("s_waitcnt vmcnt(0)")
    places, scalar = {}, {}
    for n, name in enumerate("abc"):
        kind = c.ins[n] if n < len(c.ins) else "u32"
        places[name] = registers(kind, 2 + 2 * n)
        scalar["s" + name] = registers(kind, 16 + 2 * n, "s")
    places["d"] = registers(c.out, 8)
    scalar["sd"] = registers(c.out, 24, "s")
    uses_scalar = any("{" + k + "}" in c.text for k in scalar)
    if uses_scalar:
        for n in range(6):
            out.append(f"v_readfirstlane_b32 s{16 + n}, v{2 + n}")
        out += ["v_readfirstlane_b32 s24, v8", "v_readfirstlane_b32 s25, v9"]
    for line in (c.setup + "\n" + c.text).splitlines():
        if line.strip():
            out += ["s_nop 7", line.strip().format(**places, **scalar)]
    out.append("s_nop 7")
    out.append("s_mov_b64 exec, -1")
    if "{sd}" in c.text:
        out += ["v_mov_b32 v8, s24", "v_mov_b32 v9, s25"]
    out += ["s_nop 4", "global_store_dword v1, v8, s[6:7]", "global_store_dword v1, v9, s[6:7] offset:256",
            "s_add_u32 s4, s4, 2048", "s_addc_u32 s5, s5, 0", "s_add_u32 s6, s6, 512", "s_addc_u32 s7, s7, 0"]
    return out


def assemble_wide(c):
    out = []
    for n in range(len(c.rows)):
        if n % 15 == 0 and n:
            out += ["s_add_u32 s4, s4, 3840", "s_addc_u32 s5, s5, 0"]
        out.append(f"global_load_dword v{64 + n}, v1, s[4:5] offset:{256 * (n % 15)}")
    rest = 256 * ((len(c.rows) - 1) % 15 + 1)
    out += [f"s_add_u32 s4, s4, {rest}", "s_addc_u32 s5, s5, 0", "s_waitcnt vmcnt(0)"]
    for line in c.text.splitlines():
        if line.strip():
            out += ["s_nop 7", line.strip()]
    out += ["s_nop 7", "s_nop 7", "s_nop 7"]
    for n in range(len(c.expected)):
        out.append(f"global_store_dword v1, v{16 + n}, s[6:7]")
        out += ["s_add_u32 s6, s6, 256", "s_addc_u32 s7, s7, 0"]
    return out


def program(chip, cases):
    with open(os.path.join(HERE, "frame.s")) as f:
        frame = f.read()
    body = ["s_load_dwordx4 s[4:7], s[0:1], 0x0", "v_lshlrev_b32_e32 v1, 2, v0", "s_waitcnt lgkmcnt(0)"]
    for c in cases:
        body += c.assemble()
    return frame.replace("@CHIP@", chip).replace("@BODY@", "\n  ".join(body))


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode} from: {' '.join(command)}\n{done.stdout[-6000:]}")


def matches(kind, expected, got):
    if isinstance(expected, tuple):
        return expected[0] <= got <= expected[1]
    if expected == num.NAN:
        return num.is_nan(FORMAT[kind], got & ((1 << num.width(FORMAT[kind])) - 1))
    return expected == got


def show(expected):
    return expected if isinstance(expected, str) else "..".join(hex(e) for e in expected) if isinstance(expected, tuple) else hex(expected)


def check(c, chip, words):
    """Messages for the lanes that differ."""
    mask = (1 << WIDTH[c.out]) - 1
    got = [(words[l] | words[64 + l] << 32) & mask for l in range(64)]
    lanes = c.lanes(chip)
    expected = c.formula(lanes) if c.all_lanes else [c.formula(x) for x in lanes]
    bad = []
    for lane, (x, e, g) in enumerate(zip(lanes, expected, got)):
        if not isinstance(e, (str, tuple)):
            e = int(e) & mask
        if not matches(c.out, e, g):
            text = c.text.strip().replace("\n", " ; ")
            text = text if len(text) < 90 else "... " + text[-80:]
            bad.append(f"{chip}: {text}: lane {lane}: a={x.a:#x} b={x.b:#x} c={x.c:#x} "
                       f"d={x.d:#x}: expected {show(e)}, got {g:#x}")
    return bad


def run_chip(options, chip):
    cases = [c for c in CASES if chip in c.chips]
    stem = f"{options.out}.{chip}"
    for seed, c in enumerate(cases):
        c.fill(seed)
    with open(stem + ".s", "w") as f:
        f.write(program(chip, cases))
    with open(stem + ".x.bin", "wb") as f:
        f.write(b"".join(c.data() for c in cases))
    run(["clang", "-x", "assembler", "-target", "amdgcn-amd-amdhsa", f"-mcpu={chip}", "-nogpulib", stem + ".s", "-o",
         stem + ".hsaco"])
    launch = {"code_object": os.path.abspath(stem + ".hsaco"), "kernel": "family", "grid": [1, 1, 1],
              "block": [64, 1, 1], "dynamic_lds": 0,
              "args": [{"name": "x", "kind": "buffer", "file": os.path.abspath(stem + ".x.bin")},
                       {"name": "y", "kind": "buffer", "size": sum(c.result_bytes() for c in cases), "fill": 0,
                        "out": os.path.abspath(stem + ".y.bin")}]}
    with open(stem + ".json", "w") as f:
        json.dump(launch, f, indent=1)
    run([options.moe_run, "launch", stem + ".json"])
    with open(stem + ".y.bin", "rb") as f:
        data = f.read()
    messages, texts, at = [], {}, 0
    for c in cases:
        bad = c.check(chip, struct.unpack_from(f"<{c.result_bytes() // 4}I", data, at))
        at += c.result_bytes()
        if bad:
            messages += [] if c.text in texts else bad[:3]
            texts[c.text] = texts.get(c.text, 0) + len(bad)
    return len(cases), messages, texts


def load_family(path):
    """Runs a family file, which adds its cases."""
    spec = importlib.util.spec_from_file_location("family", path)
    module = importlib.util.module_from_spec(spec)
    module.case, module.wide_case, module.num, module.NAN, module.Random = case, wide_case, num, num.NAN, Random
    spec.loader.exec_module(module)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("family")
    parser.add_argument("--moe-run", required=True)
    parser.add_argument("--out", required=True, help="prefix of the files made")
    options = parser.parse_args()
    os.makedirs(os.path.dirname(options.out) or ".", exist_ok=True)
    load_family(options.family)
    failed = False
    for chip in CHIPS:
        count, messages, texts = run_chip(options, chip)
        print(f"{chip}: {count} cases of 64 lanes, {len(texts)} instructions wrong")
        for message in messages[:200]:
            print(message)
        failed |= bool(texts)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
