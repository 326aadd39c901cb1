#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Mutants of this project's own sources: does a test notice each?

mutate.py [--work DIR] [--only N,N...] [--group NAME] [--jobs N] [--launcher PROGRAM]
          [--tests REGEX] [--quick] [--built] [--page FILE] [--check]

One build holds all mutants of scripts/mutants.table: a copy of the sources, in which
each expression is `MUTANT(n) ? changed : original`. The environment variable
MOE_MUTANT of a run chooses one; the project's own sources and builds know nothing of
it. Without a mutant every test of the groups has to pass first. Then each mutant runs
the quick tests of its group and, where they pass, the wider ones, up to the first that
fails. A mutant that lives and is not expected to (or dies though expected to live) makes
the exit code 1. --check only looks at the table: each expression occurs once.
DIR/results.json keeps what was found, so that a run can be made in parts: --page writes
all of it as Markdown. --tests: those, in place of the groups' own; where a mutant passes
them, what was found before stays. --built: what a run before has built, as it is."""

import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIT = "/usr/lib/llvm-22/bin/lit"
# Ahead of each source and header with a mutant, which may include one another.
PRELUDE = """#ifndef MOE_MUTANTS
#define MOE_MUTANTS
#include <cstdlib>
[[maybe_unused]] static bool moeMutant(int number) {
  static const int chosen = [] {
    const char *text = std::getenv("MOE_MUTANT");
    return text ? std::atoi(text) : 0;
  }();
  return chosen == number;
}
#endif
#line 1
"""
Mutant = collections.namedtuple("Mutant", "number group path original changed lives")
Group = collections.namedtuple("Group", "quick wide")


def read_table(path):
    groups: dict[str, Group] = {}
    mutants: list[Mutant] = []
    group = ""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            if line.startswith("["):
                (group, filters), = re.findall(r"^\[(\w+)\] (.*)$", line)
                groups[group] = Group(*filters.split(" ;; "))
                continue
            match = re.fullmatch(r"(\S+): (.*) => (.*?)(?: # lives: (.*))?", line)
            if not match or not group:
                sys.exit(f"{path}:{number}: expected FILE: EXPRESSION => EXPRESSION")
            mutants.append(Mutant(len(mutants) + 1, group, *match.groups()))
    return groups, mutants


def check(mutants):
    """What is wrong with the table."""
    faults = []
    for mutant in mutants:
        with open(os.path.join(ROOT, mutant.path), encoding="utf-8") as file:
            count = len(pattern(mutant.original).findall(file.read()))
        if count != 1:
            faults.append(f"mutant {mutant.number}: expected '{mutant.original}' once in "
                          f"{mutant.path}, got {count} times")
        faults += [f"mutant {mutant.number}: expected an expression, got '{text}'"
                   for text in (split(mutant.original)[1], mutant.changed)
                   if not is_balanced(text)]
    return faults


def is_balanced(text):
    """Each bracket has its other half. Strings are not looked into: an expression whose
    strings have brackets of their own has them in pairs."""
    open_ones = []
    for sign in text:
        if sign in "([{":
            open_ones.append(sign)
        elif sign in ")]}" and (not open_ones or open_ones.pop() + sign not in ("()", "[]", "{}")):
            return False
    return not open_ones


def split(text):
    """An expression of the table, and what stands before and behind it."""
    (parts,) = re.findall(r"^(?:(.*)@{)?(.*?)(?:}@(.*))?$", text)
    return parts


def pattern(text):
    """Of an expression of the table, whatever the lines of the source; the expression
    itself is a group."""
    parts = [r"\s+".join(re.escape(word) for word in part.split(" "))
             for part in split(text)]
    return re.compile("{}({}){}".format(*parts))


def mutated(text, mutant):
    match = pattern(mutant.original).search(text)
    new = f"(moeMutant({mutant.number}) ? ({mutant.changed}) : ({match[1]}))"
    return text[:match.start(1)] + new + text[match.end(1):]


def write_sources(mutants, folder):
    """The copy; a file is written only where it changes, so that a second build is
    quick."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True,
                           text=True).stdout.split("\n")
    for name in filter(None, names):
        with open(os.path.join(ROOT, name), "rb") as file:
            content = file.read()
        own = [mutant for mutant in mutants if mutant.path == name]
        if own:
            text = content.decode()
            for mutant in own:
                text = mutated(text, mutant)
            content = (PRELUDE + text).encode()
        if name in ("test/lit.cfg.py", "test/Unit/lit.cfg.py"):
            content += (b'\nimport os\nconfig.environment["MOE_MUTANT"] = '
                        b'os.environ.get("MOE_MUTANT", "0")\n')
        place = os.path.join(folder, name)
        if os.path.exists(place):
            with open(place, "rb") as file:
                if file.read() == content:
                    continue
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
        shutil.copymode(os.path.join(ROOT, name), place)


def build(folder, options):
    tree = os.path.join(folder, "build")
    if not os.path.exists(os.path.join(tree, "build.ninja")):
        launcher = [f"-DCMAKE_{language}_COMPILER_LAUNCHER={options.launcher}"
                    for language in ("C", "CXX") if options.launcher]
        subprocess.run(["cmake", "--preset", "default", *launcher], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", tree, "-j", str(options.jobs), "all", "moe-test-depends"],
                   check=True)


def run(tree, mutant, tests, jobs):
    """The first failing test, or None; and the seconds."""
    began = time.monotonic()
    command = [sys.executable, LIT, "-q", "-v", "--max-failures", "1", "-j", str(jobs),
               "--filter", tests, f"{tree}/test", f"{tree}/test/Unit"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=900, env={**os.environ, "MOE_MUTANT": str(mutant)})
    except subprocess.TimeoutExpired:
        return "no end after 900 s", 900
    seconds = time.monotonic() - began
    if done.returncode == 0:
        return None, seconds
    failed = re.search(r"(?:FAIL|TIMEOUT|UNRESOLVED): ([^\n]*?) \(", done.stdout)
    if not failed:
        sys.exit(f"lit: {done.stdout[-500:]}{done.stderr[-500:]}")
    # Of a gtest program, the test itself.
    own = re.search(r"--gtest_filter=(\S+)", done.stdout)
    return own[1] if own else failed[1].split(" :: ")[-1], seconds


def key(mutant):
    """What a result is kept under: the number changes with the table."""
    return f"{mutant.path}: {mutant.original} => {mutant.changed}"


def load_results(folder):
    """Key -> (the test that failed, or None; whether the wider tests ran)."""
    path = os.path.join(folder, "results.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def suites(group, options):
    """The filters of the tests to run."""
    if options.tests:
        return [options.tests]
    return group if options.wide else group[:1]


def judge(mutants, groups, tree, options):
    """Each mutant's killer, or None."""
    for name in sorted({mutant.group for mutant in mutants}):
        for tests in suites(groups[name], options):
            failed, _ = run(tree, 0, tests, options.jobs)
            if failed:
                sys.exit(f"without a mutant, {failed} fails")
    killers = {}
    for mutant in mutants:
        killer, seconds = None, 0.0
        for tests in suites(groups[mutant.group], options):
            if not killer:
                killer, more = run(tree, mutant.number, tests, options.jobs)
                seconds += more
        killers[mutant.number] = killer
        results = load_results(options.work)  # another run may have added to them
        if killer or not options.tests:
            results[key(mutant)] = killer, options.wide
        with open(os.path.join(options.work, "results.json"), "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
        print(f"{mutant.number} {mutant.path}: {mutant.original} => {mutant.changed}: "
              f"{'dies in ' + killer if killer else 'LIVES'} ({seconds:.0f} s)", flush=True)
    return killers


def page(mutants, results):
    def code(text):
        return "`" + text.replace("|", "\\|") + "`"

    lines = ["# Mutants", "",
             "<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->", "",
             "Written by `scripts/mutate.py --page docs/Mutants.md`; [Testing.md](Testing.md) "
             "says how. Each row is a change of one expression, and the first test that fails.",
             ""]
    dead = sum(results.get(key(mutant), [None])[0] is not None for mutant in mutants)
    expected = sum(mutant.lives is not None for mutant in mutants)
    lines += [f"{dead} of {len(mutants)} mutants die; {expected} are expected to live, for the "
              "reason that stands there.", "",
              "| | file | expression | changed to | noticed by |", "|---|---|---|---|---|"]
    for mutant in mutants:
        killer, wide = results.get(key(mutant), (None, False))
        noticed = f"`{killer}`" if killer else f"lives: {mutant.lives}" if mutant.lives else \
            "lives" if wide else "not noticed by the quick tests; the wider ones have not run"
        if key(mutant) not in results:
            noticed = "not run"
        lines.append(f"| {mutant.number} | `{mutant.path}` | {code(mutant.original)} | "
                     f"{code(mutant.changed)} | {noticed} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", default=os.path.join(ROOT, "build", "mutants"))
    parser.add_argument("--table", default=os.path.join(ROOT, "scripts", "mutants.table"))
    parser.add_argument("--only", help="numbers, separated by commas")
    parser.add_argument("--group")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--launcher", help="of the compilers, such as ccache")
    parser.add_argument("--quick", dest="wide", action="store_false",
                        help="only the quick tests of each group")
    parser.add_argument("--tests")
    parser.add_argument("--built", action="store_true")
    parser.add_argument("--page")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    groups, mutants = read_table(options.table)
    faults = check(mutants)
    if faults:
        sys.exit("\n".join(faults))
    if options.check:
        print(f"{len(mutants)} mutants in {len(groups)} groups")
        return
    chosen = [mutant for mutant in mutants
              if (not options.only or str(mutant.number) in options.only.split(","))
              and (not options.group or mutant.group == options.group)]
    tree = os.path.join(options.work, "build")
    if not options.built:
        write_sources(mutants, options.work)
        build(options.work, options)
    killers = judge(chosen, groups, tree, options)
    alive = [mutant for mutant in chosen
             if (killers[mutant.number] is None) != (mutant.lives is not None)]
    print(f"{len(chosen) - sum(k is None for k in killers.values())} of {len(chosen)} die")
    if options.page:
        with open(options.page, "w", encoding="utf-8") as file:
            file.write(page(mutants, load_results(options.work)))
    for mutant in alive:
        print(f"expected mutant {mutant.number} to {'live' if mutant.lives else 'die'}")
    sys.exit(1 if alive else 0)


if __name__ == "__main__":
    main()
