# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The --help texts of the tools as data, for gen_tools.py.

Flags are defined in one place, the FlagSet of a tool; its --help is what this reads.
What is not in a text that has a flag's form is an error, not a guess.
"""

import re
import subprocess

#: Tools and their subcommands. moe-opt, moe-reduce and moe-lsp-server are MLIR's own
#: drivers, whose --help has thousands of lines that are LLVM's.
TOOLS: dict[str, list[str]] = {
    "moe-run": ["gemm1", "gemm2", "layer", "block", "quantize", "launch", "annotate", "model",
                "mfma", "info"],
    "moe-compile": [], "moe-launch": [], "moe-convert": []}

_ROW = re.compile(r"  (\S.*?)(?:\s{2,}(\S.*))?$")


class Flag:
    """--name METAVAR  help; optional: the value that --name=VALUE may have; values: the
    words that a choice takes."""

    def __init__(self, left, text, group):
        # "--seed N", "--time-model[=FILE]", or of argparse "-h, --help"; else the
        # name of an argument.
        parts = re.fullmatch(r"(-\w|--[a-z][\w-]*|[^-\s]\S*)(?:\[=(\S+)\]| (\S+))?",
                             left.split(", ")[-1])
        if not parts:
            raise ValueError(f"expected a flag and its value, got '{left}'")
        self.name, self.optional, metavar = parts.groups()
        self.metavar = metavar or ""
        self.text, self.group = text, group
        choice = self.metavar.strip("{}")
        self.values = re.split(r"[|,]", choice) if re.fullmatch(
            r"[a-z][\w-]*(?:[|,][\w-]+)+", choice) else []

    @property
    def takes_file(self):
        return bool(re.search(r"FILE|DIR|PATH|CHECKPOINT", self.metavar))


class Help:
    """usage, overview, positionals, flags by group, examples (what, command)."""

    def __init__(self, text):
        self.usage, self.overview = "", []
        self.positionals, self.flags, self.examples = [], [], []
        group, pending = "", None
        paragraph = "usage"
        for line in text.splitlines():
            if line.startswith("usage: "):
                self.usage = line.removeprefix("usage: ")
            elif line.endswith(":") and not line.startswith(" "):
                group, paragraph = line[:-1], "rows"
            elif group == "examples" and line.startswith("  # "):
                self.examples.append([line[4:], ""])
            elif group == "examples" and line.strip():
                self.examples[-1][1] = line.strip()
            elif re.match(r"example: ", line):
                self.examples.append(["", line.removeprefix("example: ")])
            elif line.startswith("  ") and paragraph != "usage":
                pending = self._row(line, group, pending)
            elif line.startswith(" ") and paragraph == "usage":
                self.usage += " " + line.strip()
            elif line.strip():
                paragraph = "overview"
                self.overview.append(line)
            elif paragraph == "usage" and self.usage:
                paragraph = "overview"

    def _row(self, line, group, pending):
        """A row, or the text of the row before."""
        indent = len(line) - len(line.lstrip())
        if indent > 2:
            if pending is None:
                raise ValueError(f"expected a flag before '{line.strip()}'")
            pending.text = (pending.text + " " + line.strip()).strip()
            return pending
        (left, text), = _ROW.findall(line)
        flag = Flag(left, text or "", group)
        (self.flags if left.startswith("-") else self.positionals).append(flag)
        return flag


def read(binaries, tool, command=None):
    """The Help of a tool or subcommand. binaries: the folder of the programs."""
    words = [str(binaries / tool), *([command] if command else []), "--help"]
    # argparse breaks lines at the terminal's width.
    result = subprocess.run(words, capture_output=True, text=True, check=False,
                            env={"PATH": "/usr/bin:/bin", "COLUMNS": "200"})
    if result.returncode:
        raise ValueError(f"{' '.join(words)} failed: {result.stderr.strip()}")
    return Help(result.stdout)
