# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""run_examples.py: the examples of every --help of moe-run and moe-compile that need
no file of the reader, each with the exit code 0; the others must at least parse. All
are of the program and subcommand whose help it is."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "scripts"))
import tool_help  # noqa: E402


def main():
    binaries = pathlib.Path(shutil.which("moe-run")).parent
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for tool in ("moe-run", "moe-compile", "moe-launch"):
            for command in tool_help.TOOLS[tool] or [None]:
                for what, line in tool_help.read(binaries, tool, command).examples:
                    if " ".join(filter(None, (tool, command))) not in line:
                        sys.exit(f"{tool} {command} --help: an example of something "
                                 f"else: {line}")
                    # Without the reader's files a tool says so; a flag that does not
                    # exist would be exit code 2.
                    files = any(word in line for word in
                                (".json", "DIR", "kernel.hsaco", "kernel.mlir"))
                    # A small shape in place of GPT-OSS-120B's.
                    small = line.replace("2880", "256").replace("--experts 128",
                                                                "--experts 8")
                    result = subprocess.run(["bash", "-c", small], cwd=folder,
                                            capture_output=True, text=True, check=False)
                    if result.returncode != 0 and not (files and result.returncode == 1):
                        sys.exit(f"{line}\n({what}) exit code {result.returncode}\n"
                                 f"{result.stderr}")
                    count += not files
    print(count, "examples run")


main()
