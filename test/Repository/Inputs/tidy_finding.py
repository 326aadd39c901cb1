# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A source tree of two sources that are read as one, a finding in it and its mend,
then one with a name that both have, for the test of run_clang_tidy.py:
tidy_finding.py SCRIPT CONFIG FOLDER"""

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
sources = [folder / "lib/Null.cpp", folder / "lib/Other.cpp"]
(folder / "build/compile_commands.json").write_text(json.dumps([{
    "directory": str(folder), "file": str(source),
    "command": f"clang++-22 -o {source.stem}.o -c {source}"} for source in sources]))


def run(*texts):
    for source, text in zip(sources, texts):
        source.write_text(text)
    result = subprocess.run([sys.executable, folder / "scripts" / script.name,
                             folder / "build"], capture_output=True, text=True,
                            check=False)
    print(f"exit {result.returncode}")
    print(result.stdout)


OTHER = "static int one() { return 1; }\nint other() { return one(); }\n"
run("int *null() { return 0; }\n", OTHER)
run("int *null() { return 0; }\n", OTHER)
run("int *null() { return nullptr; }\n", OTHER)
TWICE = "static int one() { return 2; }\nint *null() { return one() ? 0 : nullptr; }\n"
run(TWICE, OTHER)
run(TWICE.replace("0", "nullptr"), OTHER)
run("int *null() { return missing; }\n", OTHER)
