# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ir_corpus.py TEST_ROOT MOE_OPT OUT: the modules of the tests, one a file, and some
of them as bytecode."""

import pathlib
import re
import subprocess
import sys

root, opt, out = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
out.mkdir(parents=True)
count = 0
for path in sorted([*(root / "Dialect").rglob("*.mlir"), *(root / "Pipelines").rglob("*.mlir"),
                    *(root / "Docs/Inputs").glob("*.mlir")]):
    for part in path.read_text(encoding="utf-8").split("// -----"):
        # What a test says of its expectations is no IR.
        text = re.sub(r"^\s*//.*\n", "", part, flags=re.M).strip()
        if not text or len(text) > 6000 or "EXAMPLE" in text:
            continue
        # Upstream's verifier crashes on layouts of data in one another that differ.
        if "dl_spec" in text:
            continue
        (out / f"{count:03d}.mlir").write_text(text + "\n", encoding="utf-8")
        if count % 8 == 0:
            run = subprocess.run([opt, "--emit-bytecode", "--allow-unregistered-dialect"],
                                 input=text.encode(), capture_output=True, check=False)
            if run.returncode == 0:
                (out / f"{count:03d}.mlirbc").write_bytes(run.stdout)
        count += 1
print(count, "modules")
