# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A source tree with one source, a finding in it and its mend, for the test of
run_clang_tidy.py: tidy_finding.py SCRIPT CONFIG FOLDER"""

import json
import pathlib
import shutil
import subprocess
import sys

script, config, folder = map(pathlib.Path, sys.argv[1:])
shutil.rmtree(folder, ignore_errors=True)
for name in ("scripts", "lib", "build"):
    (folder / name).mkdir(parents=True)
shutil.copy(script, folder / "scripts")
shutil.copy(config, folder / ".clang-tidy")
source = folder / "lib/Null.cpp"
(folder / "build/compile_commands.json").write_text(json.dumps([{
    "directory": str(folder), "file": str(source),
    "command": f"clang++-22 -c {source}"}]))


def run(text):
    source.write_text(text)
    result = subprocess.run([sys.executable, folder / "scripts" / script.name,
                             folder / "build"], capture_output=True, text=True,
                            check=False)
    print(f"exit {result.returncode}")
    print(result.stdout)


run("int *null() { return 0; }\n")
run("int *null() { return 0; }\n")
run("int *null() { return nullptr; }\n")
