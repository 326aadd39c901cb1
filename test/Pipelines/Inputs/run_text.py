# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""run_text.py DUMP ARGUMENT...: moe-opt with the pipeline that --dump-pass-pipeline wrote
to DUMP, below a line about its length."""

import pathlib
import subprocess
import sys

text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").partition("\n")[2]
pipeline = " ".join(text.split())
sys.exit(subprocess.run(["moe-opt", f"--pass-pipeline={pipeline}", *sys.argv[2:]],
                        check=False).returncode)
