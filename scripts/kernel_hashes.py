#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The bytes of kernels as hashes: the same input gives the same code object.

kernel_hashes.py BUILD            compares with test/CodeObject/Inputs/hashes.json
kernel_hashes.py BUILD --write    writes the hashes of this version of LLVM there

Each kernel is compiled from folders of different names, with different locales and
time zones, and by several processes at once (by several threads of one:
test/Faults/crowd.test). Where a user may make namespaces, also in two containers that
have the compiler at different paths, another host name and empty folders for
temporary files; without them that part is said to be skipped. All must agree before
anything is compared. Hashes are kept by LLVM's version string; of another version there is
nothing to compare with, which is exit code 3.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HASHES = pathlib.Path(__file__).resolve().parent.parent / "test/CodeObject/Inputs/hashes.json"
MODEL = "--model-dim 2880 --inter-dim 2880 --experts 128 --topk 4"
KERNELS = [
    f"--kernel gemm2 {MODEL} --tile 16x128x256",
    f"--kernel gemm2 {MODEL} --tile 64x256x128 --out-type f32 --bias",
    f"--kernel gemm2 {MODEL} --tile 32x128x256 --no-accumulate --no-weight --k-wave 2",
    f"--kernel gemm1 {MODEL} --tile 16x128x256 --act swiglu --bias --gate interleaved",
    f"--kernel gemm1 {MODEL} --tile 128x128x128 --act silu --gate rows",
    f"--kernel activate {MODEL} --tile 16x128x256 --act swiglu",
    f"--kernel reduce {MODEL}",
]
CHIPS = ["gfx942", "gfx950"]
ENVIRONMENTS = [{"LC_ALL": "C", "TZ": "UTC"},
                {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "COLUMNS": "40"},
                {"LANG": "tr_TR.UTF-8", "SOURCE_DATE_EPOCH": "1"}]
# Of the caller's environment: the way to the programs, and what builds with sanitizers and
# coverage read.
KEPT = ["PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE"]

# Where the build is in a container.
CONTAINERS = ["/mnt/b", "/mnt/quite another place/of the build"]
ENTER = ["unshare", "--user", "--map-root-user", "--mount", "--uts", "--pid", "--fork"]
# Arguments: the build, its path inside, the flags.
INSIDE = """set -e
mount -t tmpfs none /mnt
mkdir -p "$2"
mount --bind "$1" "$2"
mount -t tmpfs none /tmp
hostname "host-$$"
cd "$2"
shift 2
exec bin/moe-compile "$@" -o -
"""


def has_containers():
    probe = subprocess.run([*ENTER, "sh", "-c", "mount -t tmpfs none /mnt"],
                           capture_output=True, check=False)
    return probe.returncode == 0


def version(compiler):
    text = subprocess.run([compiler, "--version"], capture_output=True, text=True,
                          check=True).stdout
    return re.findall(r"LLVM ([\w.]+)", text)[0]


def hash_from(command, flags, folder, environment):
    run = subprocess.run(command, cwd=folder, capture_output=True, check=False,
                         env={**{name: os.environ[name] for name in KEPT if name in os.environ},
                              **environment})
    if run.returncode:
        sys.exit(f"kernel_hashes.py: {flags}: {run.stderr.decode()}")
    return hashlib.sha256(run.stdout).hexdigest()


def hash_of(compiler, flags, containers):
    """The hash that all places, environments and containers agree on."""
    with tempfile.TemporaryDirectory() as folder:
        found = set()
        for number, environment in enumerate(ENVIRONMENTS):
            place = pathlib.Path(folder) / ("x" * (1 + 20 * number)) / "Ünïcode dir"
            place.mkdir(parents=True)
            found.add(hash_from([compiler, *flags.split(), "-o", "-"], flags, place,
                                environment))
        for path in CONTAINERS if containers else []:
            command = [*ENTER, "sh", "-c", INSIDE, "sh", compiler.parent.parent, path]
            found.add(hash_from([*command, *flags.split()], flags, folder, {}))
    if len(found) != 1:
        sys.exit(f"kernel_hashes.py: {flags}: expected one code object wherever it is "
                 f"compiled, got {len(found)}")
    return found.pop()


def main():
    parser = argparse.ArgumentParser(description="the bytes of kernels as hashes")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--write", action="store_true", help="record what is found")
    options = parser.parse_args()
    compiler = options.build.resolve() / "bin/moe-compile"
    every = [f"{kernel} --chip {chip}" for chip in CHIPS for kernel in KERNELS]
    containers = has_containers()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = dict(zip(every, pool.map(
            lambda flags: hash_of(compiler, flags, containers), every)))
    print(f"each compiled in {len(ENVIRONMENTS)} environments and "
          f"{len(CONTAINERS)} containers" + ("" if containers else
          ", which are skipped: no namespaces here"))
    known = json.loads(HASHES.read_text()) if HASHES.exists() else {}
    if options.write:
        known[version(compiler)] = got
        HASHES.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
        return 0
    expected = known.get(version(compiler))
    if expected is None:
        print(f"no hashes of LLVM {version(compiler)}, only of {', '.join(known)}")
        return 3
    different = [flags for flags in every if got[flags] != expected.get(flags)]
    for flags in different:
        print(f"moe-compile {flags}: expected the bytes that were recorded; if the change "
              "is meant, run scripts/kernel_hashes.py BUILD --write")
    print(f"{len(every) - len(different)} of {len(every)} code objects have the recorded "
          "bytes")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
