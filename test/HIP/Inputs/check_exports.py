# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that a library exports exactly the names of its version script.

check_exports.py LIBRARY MAP [HIP]

HIP is a libamdhip64: a name that both have must have the same version, and of
HIP's functions only those are missing that the script leaves out on purpose.
"""

import pathlib
import re
import subprocess
import sys

# Kernels linked into programs, run-time compilation, profilers, C++ internals.
LEFT_OUT = re.compile(
    r"__hip|__gnu_|hiprtc|_ZN8hip_impl|_Z2[23]hip(Create|Destroy)Surface|amd_dbgapi"
    r"|hip(Api|Kernel|GetCmd)Name|hip\w+(Activity|Api)Callback"
)


def exports(library):
    """{name: version} of a library's functions."""
    listing = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                             capture_output=True, text=True).stdout
    found = {}
    for line in listing.splitlines():
        _, kind, name = line.split()
        if kind in "TWi":
            name, _, version = name.partition("@")
            found[name] = version.lstrip("@")
    return found


def scripted(path):
    """{name: version} of a version script; "" where it names none."""
    text = re.sub(r"#.*", "", pathlib.Path(path).read_text(encoding="utf-8"))
    found = {}
    for version, body in re.findall(r"([\w.]*)\s*\{(.*?)\}", text, flags=re.S):
        names = body.partition("global:")[2].partition("local:")[0]
        found.update((name, version) for name in re.findall(r"[\w]+", names))
    return found


def main():
    library, script, *real = sys.argv[1:]
    have, want = exports(library), scripted(script)
    problems = [f"{name}: expected version '{want.get(name)}', got '{have.get(name)}'"
                for name in sorted(want.keys() | have.keys()) if want.get(name) != have.get(name)]
    for name, version in sorted((exports(real[0]) if real else {}).items()):
        if name in have and have[name] != version:
            problems.append(f"{name}: expected version '{version}' as in HIP, got '{have[name]}'")
        elif name not in have and not LEFT_OUT.match(name):
            problems.append(f"{name}: in HIP, not here")
    print("\n".join(problems) if problems else f"{len(have)} functions")
    return 1 if problems or not have else 0


sys.exit(main())
