# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_shells.py BIN SHARE: each flag of a --help is in the manual page, and in the
completion of bash, zsh and fish; each shell that is there can read its file."""

import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[4] / "scripts"))
import tool_help  # noqa: E402


def main():
    binaries, share = map(pathlib.Path, sys.argv[1:])
    texts = {"zsh": share / "zsh/site-functions/_moe",
             "bash": share / "bash-completion/completions/moe"}
    listed = subprocess.run([str(binaries / "moe-run"), "help"], capture_output=True,
                            text=True, check=True).stdout.split("topics:")[0]
    for names in re.findall(r"^  ([a-z]\w*(?:, \w+)*) ", listed, re.M):
        for name in names.split(", "):
            if name not in [*tool_help.TOOLS["moe-run"], "help"]:
                sys.exit(f"scripts/tool_help.py: expected the subcommand {name} of "
                         "moe-run, got none")
    count = 0
    for tool, commands in tool_help.TOOLS.items():
        texts["man"] = share / f"man/man1/{tool}.1"
        texts["fish"] = share / f"fish/vendor_completions.d/{tool}.fish"
        for command in commands or [None]:
            flags = tool_help.read(binaries, tool, command).flags
            if not flags:
                sys.exit(f"{tool} {command}: expected flags in --help, got none")
            for flag in flags:
                for name, path in texts.items():
                    wanted = {"man": flag.name.replace("-", "\\-"),
                              "fish": (f"-l {flag.name[2:]} "
                                       if flag.name.startswith("--")
                                       else f"-s {flag.name[1:]} ")}.get(name, flag.name)
                    if wanted not in path.read_text(encoding="utf-8"):
                        sys.exit(f"{path}: expected {flag.name} of {tool} {command}, "
                                 "got none")
                count += 1
    for shell, pattern in {"bash": "bash-completion/completions/moe",
                           "zsh": "zsh/site-functions/_moe",
                           "fish": "fish/vendor_completions.d/*.fish"}.items():
        for path in share.glob(pattern):
            if shutil.which(shell):
                subprocess.run([shell, "-n", str(path)], check=True)
    print(count, "flags in four formats")


main()
