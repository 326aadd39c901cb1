# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_linkage.py BIN: fails if a program in BIN defines the constructor of
MLIRContext or LLVMContext itself, or if BIN holds no program."""

import pathlib
import subprocess
import sys

FORBIDDEN = ("mlir::MLIRContext::MLIRContext(", "llvm::LLVMContext::LLVMContext(")

# Scripts carry no symbols.
programs = [p for p in pathlib.Path(sys.argv[1]).iterdir()
            if p.is_file() and p.read_bytes()[:4] == b"\x7fELF"]
bad = [] if programs else ["no program found"]
for program in programs:
    symbols = subprocess.run(["llvm-nm", "-C", "--defined-only", str(program)],
                             capture_output=True, text=True, check=True).stdout
    bad += [f"{program.name} defines {name}" for name in FORBIDDEN if name in symbols]
print("\n".join(bad))
sys.exit(1 if bad else 0)
