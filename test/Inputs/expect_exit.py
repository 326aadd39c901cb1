# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""expect_exit.py CODE COMMAND...: runs the command, passes its output on and
fails unless it exits with CODE. A crash is a negative code and never matches."""

import subprocess
import sys

code = subprocess.run(sys.argv[2:], check=False).returncode
if code != int(sys.argv[1]):
    print(f"expected exit code {sys.argv[1]}, got {code}", file=sys.stderr)
    sys.exit(1)
