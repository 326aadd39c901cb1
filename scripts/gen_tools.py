#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes manual pages and shell completion of the tools from their --help.

gen_tools.py BIN OUT     BIN: the folder of the programs; into OUT, as in PREFIX/share:

man/man1/moe-*.1                                     a page a tool
bash-completion/completions/moe, moe-run, ...        one file and links to it
zsh/site-functions/_moe                              for all commands
fish/vendor_completions.d/moe.fish, moe-run.fish, ...
"""

import pathlib
import re
import shlex
import sys

import tool_help

SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
UMBRELLA = ["compile", "run", "launch", "opt", "reduce", "convert", "lsp-server",
            "help"]
ABOUT = {"moe-run": "runs kernels and checks their numbers",
         "moe-compile": "compiles one mixture-of-experts kernel to a code object",
         "moe-launch": "runs and times launch files on a HIP device",
         "moe-convert": "a checkpoint's layers to files that kernels read"}
BASH = """_moe() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev='' tool=${COMP_WORDS[0]##*/} at=1
  local key values='' flags=''
  [ "$COMP_CWORD" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD - 1]}
  if [ "$tool" = moe ]; then
    if [ "$COMP_CWORD" -eq 1 ]; then
      mapfile -t COMPREPLY < <(compgen -W "%(umbrella)s" -- "$cur")
      return
    fi
    tool="moe-${COMP_WORDS[1]}"
    at=2
  fi
  key=$tool
  if [ "$tool" = moe-run ]; then
    if [ "$COMP_CWORD" -eq "$at" ]; then
      mapfile -t COMPREPLY < <(compgen -W "%(subcommands)s help --help" -- "$cur")
      return
    fi
    key="moe-run ${COMP_WORDS[at]}"
  fi
  case "$key $prev" in
%(values)s
  esac
  if [ -n "$values" ]; then
    if [ "$values" = FILES ]; then
      compopt -o filenames 2>/dev/null || true
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    elif [ "$values" != ANY ]; then
      mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
    fi
    return
  fi
  case "$key" in
%(flags)s
  esac
  case "$cur" in
  -*) mapfile -t COMPREPLY < <(compgen -W "$flags --help" -- "$cur") ;;
  *)
    compopt -o filenames 2>/dev/null || true
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    ;;
  esac
}
complete -F _moe moe %(tools)s
"""


def helps(binaries):
    """(words of the command line, Help) of each tool and subcommand."""
    for tool, commands in tool_help.TOOLS.items():
        for command in commands or [""]:
            words = [tool] + ([command] if command else [])
            yield words, tool_help.read(binaries, tool, command)


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def man_flags(page, about):
    group = None
    for flag in about.flags:
        if flag.group != group:
            group = flag.group
            page.append(f'.SS "{roff(group)}"')
        name = f"\\fB{roff(flag.name)}\\fR"
        if flag.metavar:
            name += f" \\fI{roff(flag.metavar)}\\fR"
        if flag.optional:
            name += f"[=\\fI{roff(flag.optional)}\\fR]"
        page += [".TP", name, roff(flag.text)]


def man_page(tool, parts):
    """One page: a section of flags for each subcommand."""
    page = [f'.\\" {SPDX}', f'.TH {tool.upper()} 1 "" "moe\\-mlir"', ".SH NAME",
            f"{roff(tool)} \\- {roff(ABOUT[tool])}", ".SH SYNOPSIS"]
    for _, about in parts:
        page += [f"\\fB{roff(about.usage)}\\fR", ".br"]
    page.append(".SH DESCRIPTION")
    for words, about in parts:
        if len(words) > 1:
            page += [".TP", f"\\fB{roff(words[1])}\\fR"]
        page += [roff(line) for line in about.overview]
    for words, about in parts:
        title = "OPTIONS" + (f" OF {words[1].upper()}" if len(words) > 1 else "")
        page.append(f'.SH "{title}"')
        for row in about.positionals:
            page += [".TP", f"\\fI{roff(row.name)}\\fR", roff(row.text)]
        man_flags(page, about)
    examples = [example for _, about in parts for example in about.examples]
    if examples:
        page.append(".SH EXAMPLES")
        for what, command in examples:
            page += [".PP", roff(what), ".nf", f"    {roff(command)}", ".fi"]
    page += [".SH EXIT STATUS",
             "0 worked; 1 refused, wrong, or a finding; 2 a flag is unknown, missing or "
             "cannot be parsed.", ".SH SEE ALSO",
             "\\fBmoe\\fR(1), the pages of docs/ or their site"]
    return "\n".join(page) + "\n"


def umbrella_page():
    page = [f'.\\" {SPDX}', '.TH MOE 1 "" "moe\\-mlir"', ".SH NAME",
            "moe \\- the tools of moe\\-mlir under one name", ".SH SYNOPSIS",
            "\\fBmoe\\fR \\fICOMMAND\\fR [arguments]", ".br",
            "\\fBmoe help\\fR \\fICOMMAND\\fR", ".SH DESCRIPTION",
            "Starts the program moe\\-\\fICOMMAND\\fR.", ".SH SEE ALSO",
            ", ".join(f"\\fB{roff(tool)}\\fR(1)" for tool in tool_help.TOOLS)]
    return "\n".join(page) + "\n"


def values_of(flag):
    if flag.values:
        return " ".join(flag.values)
    return "FILES" if flag.takes_file else "ANY"


def bash(all_helps):
    values, flags = [], []
    for words, about in all_helps:
        key = " ".join(words)
        for flag in about.flags:
            if flag.metavar:
                values.append(f"  '{key} {flag.name}') values='{values_of(flag)}' ;;")
        names = " ".join(flag.name for flag in about.flags)
        flags.append(f"  '{key}') flags='{names}' ;;")
    return f"# {SPDX}\n" + BASH % {
        "umbrella": " ".join(UMBRELLA), "values": "\n".join(values),
        "subcommands": " ".join(tool_help.TOOLS["moe-run"]),
        "flags": "\n".join(flags), "tools": " ".join(tool_help.TOOLS)}


def zsh_spec(flag):
    text = re.sub(r"([\[\]:'\\])", r"\\\1", flag.text).replace("\\'", "'\\''")
    action = ""
    if flag.values:
        action = f":{flag.metavar.split('|')[0]}:({' '.join(flag.values)})"
    elif flag.metavar:
        action = ":file:_files" if flag.takes_file else ":value: "
    return f"      '{flag.name}[{text}]{action}'"


def zsh(all_helps):
    parts = [f"#compdef moe {' '.join(tool_help.TOOLS)}", f"# {SPDX}", "_moe() {",
             "  local tool=$service key",
             "  if [[ $tool == moe ]]; then",
             "    if (( CURRENT == 2 )); then",
             f"      compadd -- {' '.join(UMBRELLA)}; return", "    fi",
             "    tool=moe-$words[2]; shift words; (( CURRENT-- ))", "  fi",
             "  key=$tool", "  if [[ $tool == moe-run ]]; then",
             "    if (( CURRENT == 2 )); then",
             f"      compadd -- {' '.join(tool_help.TOOLS['moe-run'])} help; return",
             "    fi", "    key=\"moe-run $words[2]\"; shift words; (( CURRENT-- ))",
             "  fi", "  case $key in"]
    for words, about in all_helps:
        parts += [f"  '{' '.join(words)}')", "    _arguments \\"]
        parts += [zsh_spec(flag) + " \\" for flag in about.flags]
        parts += ["      '*:file:_files' ;;"]
    return "\n".join(parts + ["  esac", "}", '_moe "$@"']) + "\n"


def fish_lines(command, condition, about):
    for flag in about.flags:
        option = f"-l {flag.name[2:]}" if flag.name.startswith("--") else \
            f"-s {flag.name[1:]}"
        line = f"complete -c {command}"
        if condition:
            line += f" -n {shlex.quote(condition)}"
        line += f" {option} -d {shlex.quote(flag.text)}"
        if flag.values:
            line += f" -x -a {shlex.quote(' '.join(flag.values))}"
        elif flag.metavar:
            line += " -r" + ("" if flag.takes_file else " -f")
        yield line


def fish(tool, all_helps):
    """The completion of one tool, or of moe."""
    lines = [f"# {SPDX}"]
    if tool == "moe":
        lines.append("complete -c moe -n __fish_use_subcommand -f -a "
                     + shlex.quote(" ".join(UMBRELLA)))
    if tool == "moe-run":
        lines.append("complete -c moe-run -n __fish_use_subcommand -f -a "
                     + shlex.quote(" ".join(tool_help.TOOLS["moe-run"] + ["help"])))
    for words, about in all_helps:
        seen = [word.removeprefix("moe-") for word in words]
        if tool != "moe":
            if words[0] != tool:
                continue
            seen = words[1:]
        condition = "; and ".join(f"__fish_seen_subcommand_from {word}"
                                  for word in seen)
        lines += fish_lines(tool, condition, about)
    return "\n".join(lines) + "\n"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: gen_tools.py BIN OUT")
    binaries, out = map(pathlib.Path, sys.argv[1:])
    try:
        found = list(helps(binaries))
    except (OSError, ValueError) as error:
        sys.exit(f"gen_tools.py: error: {error}")
    write(out / "man/man1/moe.1", umbrella_page())
    for tool in tool_help.TOOLS:
        write(out / f"man/man1/{tool}.1",
              man_page(tool, [part for part in found if part[0][0] == tool]))
    folder = out / "bash-completion/completions"
    write(folder / "moe", bash(found))
    for tool in tool_help.TOOLS:
        (folder / tool).unlink(missing_ok=True)
        (folder / tool).symlink_to("moe")
    write(out / "zsh/site-functions/_moe", zsh(found))
    for tool in ["moe", *tool_help.TOOLS]:
        write(out / f"fish/vendor_completions.d/{tool}.fish", fish(tool, found))


if __name__ == "__main__":
    main()
