#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the documentation site from docs/ with Sphinx; `ninja -C build docs-html`.

build_site.py [--build DIR] [--out DIR]

The pages are copied, the references of tools (what --help prints) and of the C
library (the headers) are written beside them, and Sphinx makes HTML of all that.
Each of its warnings is an error; afterwards every link of the HTML to another page
or a place in one is followed. Needs python3-sphinx, python3-myst-parser and furo.
"""

import argparse
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

import tool_help

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPDX = "<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->"
# What the pages link to beside docs/.
LINKED = ["examples", "test", "lib", "include", "python", "scripts", "unittests"]


def printed(binaries, *words):
    """What a tool prints."""
    result = subprocess.run([str(binaries / words[0]), *words[1:]], check=False,
                            capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"build_site.py: error: {' '.join(words)} failed: "
                 f"{result.stderr.strip()}")
    return result.stdout.rstrip()


def tools_page(binaries):
    """docs/reference/tools.md: every --help, and the topics of moe-run help."""
    parts = ["# Tools", "", SPDX, "",
             "What `--help` prints. `moe-opt`, `moe-reduce` and `moe-lsp-server` are MLIR's",
             "own drivers with this project's dialect and passes: [Passes](../Passes.md)."]

    def add(level, title, *words):
        parts.extend(["", f"{level} {title}", "", "```text", printed(binaries, *words),
                      "```"])

    for tool, commands in tool_help.TOOLS.items():
        add("##", tool, tool, "--help")
        for command in commands:
            add("###", f"{tool} {command}", tool, command, "--help")
        if tool == "moe-run":
            topics = printed(binaries, tool, "help").split("topics:\n")[1]
            for topic in re.findall(r"^  ([a-z-]+) ", topics, re.M):
                add("###", f"{tool} help {topic}", tool, "help", topic)
    return "\n".join(parts) + "\n"


def plain(comment):
    """A C comment as a paragraph of Markdown."""
    text = re.sub(r"^/\*+|\*+/$", "", comment.strip())
    lines = [re.sub(r"^\s*\* ?", "", line) for line in text.splitlines()]
    text = " ".join(line.strip() for line in lines).strip()
    # What is not between backquotes is text: nothing in it is markup.
    parts = text.split("`")
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"([*_<>\[\]{}])", r"\\\1", parts[i])
        parts[i] = re.sub(r"\b(moe[A-Z]\w*\(\)|Moe[A-Z]\w*)", r"`\1`", parts[i])
    return "`".join(parts)


def declarations(text):
    """(comment or None, code) of each declaration of a header, in order."""
    body = text.split('extern "C" {\n#endif', 1)[-1].split("#ifdef __cplusplus")[0]
    pattern = re.compile(r"(/\*(?:[^*]|\*(?!/))*\*/\s*)?((?:typedef|MOE_CAPI_EXPORTED)"
                         r"(?:[^;{]|\{[^}]*\})*;)", re.S)
    return [(comment and plain(comment), code.replace("MOE_CAPI_EXPORTED ", ""))
            for comment, code in pattern.findall(body)]


def c_page(root):
    """docs/reference/c.md: the headers of include/moe-c."""
    parts = ["# C", "", SPDX, "",
             "The headers of `libmoe.so`; [C](../C.md) is the manual. `moe-c/moe.h` includes",
             "all of them."]
    for name in ["Support.h", "Compiler.h", "Executor.h", "Layer.h", "Host.h"]:
        text = (root / "include/moe-c" / name).read_text(encoding="utf-8")
        about = re.findall(r"\A/\*.*?SPDX[^\n]*\n(.*?)\*===", text, re.S)[0]
        parts += ["", f"## moe-c/{name}", "", plain("/*" + about + "*/")]
        for comment, code in declarations(text):
            function = re.search(r"\b(moe[A-Z]\w*)\(", code)
            if function:
                parts += ["", f"### {function.group(1)}"]
            if comment:
                parts += ["", comment]
            parts += ["", "```c", code, "```"]
    return "\n".join(parts) + "\n"


def stage(out, binaries):
    """Copies docs/ and adds the generated pages."""
    source = out / "source" / "docs"
    shutil.rmtree(out / "source", ignore_errors=True)
    shutil.copytree(ROOT / "docs", source)
    for folder in LINKED:
        (out / "source" / folder).symlink_to(ROOT / folder)
    (source / "reference" / "tools.md").write_text(tools_page(binaries),
                                                   encoding="utf-8")
    (source / "reference" / "c.md").write_text(c_page(ROOT), encoding="utf-8")
    return source


class Page(html.parser.HTMLParser):
    """The links and the places of a page, and emphasis inside a word."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids = [], set()
        self.emphasis, self.inside, self.before = [], False, ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "em"

    def handle_data(self, data):
        if self.inside:
            self.emphasis.append(data)
        self.before = data[-1:]

    def handle_starttag(self, tag, attributes):
        # In the middle of a word: 2*n rows of 3*m columns. Those with a class are
        # parameters of functions.
        self.inside = tag == "em" and not attributes and bool(
            re.match(r"[\w)\]]", self.before))
        for name, value in attributes:
            if name == "id":
                self.ids.add(value)
            elif name in ("href", "src") and value and tag != "link":
                self.links.append(value)


def broken_links(site):
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    problems = []
    for path, page in pages.items():
        for text in page.emphasis:
            problems.append(f"{path.relative_to(site)}: emphasis of '{text}' in the "
                            "middle of a word: write \\* or a code span")
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path
            if parts.path:
                target = (path.parent / urllib.parse.unquote(parts.path)).resolve()
            if not target.exists():
                problems.append(f"{path.relative_to(site)}: nothing at '{link}'")
            elif (parts.fragment and target in pages
                  and parts.fragment not in pages[target].ids):
                problems.append(f"{path.relative_to(site)}: no place '{link}'")
    return problems


def main():
    parser = argparse.ArgumentParser(description="builds the documentation site")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build",
                        help="the build, whose tools are asked [build]")
    parser.add_argument("--out", type=pathlib.Path,
                        help="where the site goes: OUT/html [BUILD/site]")
    options = parser.parse_args()
    out = (options.out or options.build / "site").resolve()
    out.mkdir(parents=True, exist_ok=True)
    source = stage(out, options.build.resolve() / "bin")
    site = out / "html"
    shutil.rmtree(site, ignore_errors=True)
    result = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html",
         "-d", str(out / "doctrees"), str(source), str(site)],
        env={**os.environ, "MOE_SOURCE_ROOT": str(ROOT)}, check=False)
    if result.returncode:
        sys.exit("build_site.py: error: sphinx failed; its messages are above "
                 "(it needs python3-sphinx, python3-myst-parser and furo)")
    problems = broken_links(site)
    if problems:
        sys.exit("\n".join(["build_site.py: error: in the pages", *problems]))
    print(f"{len(list(site.rglob('*.html')))} pages in {site}")


if __name__ == "__main__":
    main()
