#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""mlir-runner, with a word of the last printed buffer changed: the first one, or the
last one with MOE_WRONG=last."""

import os
import re
import subprocess
import sys

done = subprocess.run(["mlir-runner", *sys.argv[1:]], stdout=subprocess.PIPE, text=True,
                      check=True)
before, last = done.stdout.rsplit("data =", 1)
words = re.findall(r"-?\d+", last)
words[-1 if os.environ.get("MOE_WRONG") == "last" else 0] = "1077936128"
print(before + "data =\n[" + ", ".join(words) + "]")
