# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a random test kernel in the form that opencl_test.py reads.

Every kernel is correct: no value is undefined, every barrier is reached by all, and
what waves exchange through LDS or memory is ordered. So results must be those of
the host, and no sanitizer may say anything, whatever the compiler makes of it.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "Inputs"))
from splitmix import Random  # noqa: E402

INTS = ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"]
BITS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "float": 32}


class Writer:
    def __init__(self, seed):
        self.random = Random(seed)
        self.lines, self.depth, self.count = [], 1, 0
        self.scopes = [[]]
        self.divergent = 0
        self.loops = 0

    def below(self, n):
        return (self.random.next() >> 20) % n

    def pick(self, items):
        return items[self.below(len(items))]

    def emit(self, text):
        self.lines.append("  " * self.depth + text)

    def name(self):
        self.count += 1
        return f"t{self.count}"

    def variable(self, kind):
        known = [n for scope in self.scopes for n, k, _ in scope if k == kind]
        return self.pick(known) if known else None

    def settable(self):
        known = [(n, k) for scope in self.scopes for n, k, mutable in scope if mutable]
        return self.pick(known) if known else None

    def constant(self, kind):
        if kind == "float":
            return f"{self.below(64) - 32}.{self.pick(['0', '5', '25', '125'])}f"
        value = self.pick([0, 1, 2, 3, 7, 64, 100, 255, self.below(1 << 31)]) & ((1 << (BITS[kind] - 1)) - 1)
        return f"({kind}){value}u"

    def any_of(self):
        return self.pick(INTS + ["u32", "u32", "i32", "float", "float"])

    def expr(self, kind, depth=0):
        choice = self.below(10)
        if depth > 3 or choice < 2:
            known = self.variable(kind)
            return known if known and (choice or self.below(4)) else self.constant(kind)
        if choice == 2:
            return f"({self.condition(depth + 1)} ? {self.expr(kind, depth + 1)} : {self.expr(kind, depth + 1)})"
        if choice == 3:
            return self.cast(kind, depth)
        if kind == "float":
            a, b = self.expr(kind, depth + 1), self.expr(kind, depth + 1)
            return f"({a} {self.pick(['+', '-', '*'])} {b})" if choice < 9 else f"({a} / ({b} * {b} + 1.0f))"
        return self.integer(kind, depth, choice)

    def integer(self, kind, depth, choice):
        bits = BITS[kind]
        wide = "u64" if bits == 64 else "u32"
        a, b = self.expr(kind, depth + 1), self.expr(kind, depth + 1)
        if choice == 4:
            return f"({kind})(({wide}){a} {self.pick(['<<', '>>'])} (({wide}){b} & {bits - 1}))"
        if choice == 5 and kind[0] == "u":
            return f"({kind})({a} {self.pick(['/', '%'])} ({kind})({b} | 1))"
        if choice == 6 and kind == "u32":
            return f"(u32)__builtin_{self.pick(['popcount', 'bitreverse32'])}({a})"
        return f"({kind})(({wide}){a} {self.pick(['+', '-', '*', '&', '|', '^'])} ({wide}){b})"

    def cast(self, kind, depth):
        other = self.any_of()
        value = self.expr(other, depth + 1)
        if kind == "float" and other in ("u64", "i64"):
            return f"(float)(i32)({value})"
        if other == "float" and kind != "float":
            return f"({kind})as_bits({value})"
        return f"({kind})({value})"

    def condition(self, depth=0):
        kind = self.pick(["u32", "i32", "u64", "i16", "float", "u8"])
        return f"({self.expr(kind, depth + 1)} {self.pick(['<', '>', '==', '!=', '<=', '>='])} {self.expr(kind, depth + 1)})"

    def block(self, statements, divergent):
        self.scopes.append([])
        self.depth += 1
        self.divergent += divergent
        for _ in range(statements):
            self.statement()
        self.divergent -= divergent
        self.depth -= 1
        self.scopes.pop()

    def statement(self):
        choice = self.below(20)
        if choice < 6 or self.depth > 5:
            kind, name = self.any_of(), self.name()
            self.emit(f"{kind} {name} = {self.expr(kind)};")
            self.scopes[-1].append((name, kind, True))
        elif choice < 10:
            target = self.settable()
            if target:
                self.emit(f"{target[0]} = {self.expr(target[1])};")
        elif choice < 12:
            self.branch()
        elif choice == 12 and self.loops < 2:
            self.loop()
        elif choice == 13:
            self.private_array()
        elif choice == 14:
            name = self.name()
            self.emit(f"u32 {name} = x[({self.expr('u32')} + i) % 256];")
            self.scopes[-1].append((name, "u32", True))
        elif choice == 15:
            self.call()
        elif choice == 16:
            self.emit(f"ATOMIC(uint, add, &outa[{self.expr('u32')} % 8], {self.expr('u32')});")
        elif not self.divergent:
            self.together(choice)

    def branch(self):
        if self.below(4) == 0:
            self.emit(f"switch ({self.expr('u32')} % 5) {{")
            for n in range(1 + self.below(4)):
                self.emit(f"case {n}: {{")
                self.block(1 + self.below(2), 1)
                self.emit("} break;")
            self.emit("default: break;")
        else:
            self.emit(f"if ({self.condition()}) {{")
            self.block(1 + self.below(4), 1)
            if self.below(2):
                self.emit("} else {")
                self.block(1 + self.below(3), 1)
        self.emit("}")

    def loop(self):
        name = self.name()
        uniform = self.below(2)
        trips = self.pick(["0", "1", "3", "n", "n % 3", "n + 2"]) if uniform else f"{self.expr('u32')} % 6"
        self.loops += 1
        self.emit(f"for (u32 {name} = 0, {name}e = {trips}; {name} < {name}e; ++{name}) {{")
        self.scopes.append([(name, "u32", False)])
        self.block(1 + self.below(4), 0 if uniform else 1)
        if self.below(4) == 0:
            self.emit(f"  if ({self.condition()}) {self.pick(['break', 'continue'])};" if not uniform else "")
        self.scopes.pop()
        self.emit("}")
        self.loops -= 1

    def private_array(self):
        name, size = self.name(), self.pick([4, 8, 16])
        self.emit(f"u32 {name}a[{size}];")
        self.emit(f"for (u32 j = 0; j < {size}; ++j) {name}a[j] = j * {self.expr('u32')};")
        self.emit(f"{name}a[{self.expr('u32')} % {size}] ^= {self.expr('u32')};")
        self.emit(f"u32 {name} = {name}a[{self.expr('u32')} % {size}];")
        self.scopes[-1].append((name, "u32", True))

    def call(self):
        name = self.name()
        self.emit(f"u32 {name} = {self.pick(['mixed', 'folded'])}({self.expr('u32')}, {self.expr('u32')}, {self.expr('float')});")
        self.scopes[-1].append((name, "u32", True))

    def together(self, choice):
        """What all lanes of a workgroup do together."""
        name = self.name()
        if choice == 17:
            self.emit(f"u32 {name} = SHUFFLE({self.expr('u32')}, {self.expr('u32')} % 64);")
        elif choice == 18:
            self.emit(f"u64 {name}v = BALLOT({self.condition()});")
            self.emit(f"u32 {name} = (u32){name}v ^ (u32)({name}v >> 32);")
        else:
            kind = self.pick(["u32", "u8", "u16", "u64"])
            self.emit("BARRIER();")
            self.emit(f"shared_{kind}[l] = {self.expr(kind)};")
            self.emit("BARRIER();")
            self.emit(f"u32 {name} = (u32)shared_{kind}[{self.expr('u32')} % BLOCK];")
        self.scopes[-1].append((name, "u32", True))


FUNCTIONS = """
static u32 as_bits(float f) { union { float f; u32 u; } v; v.f = f; return f != f ? 0x7fc00000u : v.u; }
static __attribute__((noinline)) u32 mixed(u32 a, u32 b, float f) {
  u32 t[4] = {a, b, a ^ b, a + b};
  t[b % 4] += as_bits(f) >> 3;
  for (u32 j = 0; j < a % 5; ++j)
    t[j % 4] ^= t[(j + 1) % 4] * 33u;
  return t[a % 4] + t[3];
}
static __attribute__((noinline)) u32 folded(u32 a, u32 b, float f) {
  if (a % 3 == 0)
    return mixed(b, a, f) ^ mixed(a, b, f + 1.0f);
  return a > b ? (u32)((u64)a * b >> 16) : b - a;
}
"""


def kernel(seed):
    w = Writer(seed)
    block = w.pick([64, 128, 256, 96, 200])
    grid = w.pick([1, 2, 3])
    w.scopes[0] += [("i", "u32", False), ("l", "u32", False), ("n", "u32", False), ("first", "u32", True)]
    w.emit("u32 l = LOCAL_ID(), i = GROUP_ID() * BLOCK + l;")
    w.emit("u32 first = x[i % 256];")
    w.emit("float f0 = (float)(i32)(first >> 8) * 0.5f;")
    w.scopes[0].append(("f0", "float", True))
    for n, kind in enumerate(INTS):
        w.emit(f"{kind} s{n} = ({kind})((u64)x[(i + {w.below(256)}) % 256] * {2 * w.below(99) + 1}u >> {w.below(8)});")
        w.scopes[0].append((f"s{n}", kind, True))
    for kind in ("u8", "u16", "u32", "u64"):
        w.lines.append(f"  LOCAL {kind} shared_{kind}[BLOCK];")
    for _ in range(6 + w.below(14)):
        w.statement()
    w.emit("u32 sum = 0;")
    for name, kind, _ in w.scopes[0]:
        bits = f"as_bits({name})" if kind == "float" else f"(u32){name} ^ (u32)((u64){name} >> 32)" if BITS[kind] == 64 else f"(u32){name}"
        w.emit(f"sum = sum * 31u + ({bits});")
    w.emit("out[i] = sum;")
    # A wave that is not full has no lanes to shuffle with: full waves only.
    text = "\n".join(w.lines)
    if block % 64 and ("SHUFFLE" in text or "BALLOT" in text):
        block = 128
    return f"""// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random kernel {seed}.
// LAUNCH: kernel=random_kernel grid={grid} block={block}
// ARG: x u32[256] random
// ARG: out u32[{grid * block}] zero
// ARG: outa u32[8] zero
// ARG: n i32 {w.below(6)}

#include "kernel.h"
#define BLOCK {block}
{FUNCTIONS}
KERNEL void random_kernel(GLOBAL const u32 *x, GLOBAL u32 *out, GLOBAL u32 *outa, u32 n) {{
{text}
}}
"""


if __name__ == "__main__":
    sys.stdout.write(kernel(int(sys.argv[1])))
