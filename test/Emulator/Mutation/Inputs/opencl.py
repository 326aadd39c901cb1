# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the kernels of test/Emulator/OpenCL that are named, by its own script,
and keeps a launch file of each and chip for mutate.py.

opencl.py OUT-FOLDER --moe-run PATH NAME...
"""
import os
import shutil
import subprocess
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "OpenCL")


def main():
    target, moe_run, names = sys.argv[1], sys.argv[3], sys.argv[4:]
    os.makedirs(target, exist_ok=True)
    for name in names:
        stem = os.path.join(target, name)
        subprocess.run([sys.executable, os.path.join(FOLDER, "Inputs", "opencl_test.py"), os.path.join(FOLDER, name + ".cl"),
                        "--moe-run", moe_run, "--out", stem, "--level=-O2"], check=True)
        for chip in ("gfx942", "gfx950"):
            shutil.copy(f"{stem}.{chip}-O2.json", os.path.join(target, f"{name}.{chip}.launch.json"))


if __name__ == "__main__":
    main()
