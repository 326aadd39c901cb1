# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fenced blocks of the pages in docs/, for the tests that run or compare them.

A block that a test uses has a name: the comment `<!-- block: NAME -->` right
above its fence.

blocks.py extract DOC NAME       prints the block
blocks.py match DOC NAME OUTPUT  the block is an abridged copy of the file OUTPUT
blocks.py complete ROOT          every block with a whole module has a name, every
                                 name is used by a test, every link leads to a file

What `match` compares: each line of the block stands in the output, in the same
order. `...` stands for anything, alone on a line for any number of lines.
Spaces, names of SSA values and numbers of registers do not count.
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"(?:<!-- block: ([\w-]+) -->\n)?^```(\w*)\n(.*?)^```$",
                   re.S | re.M)


def blocks(path):
    """(name or None, language, text) of each fenced block."""
    return BLOCK.findall(pathlib.Path(path).read_text())


def find(path, name):
    found = [text for block, _, text in blocks(path) if block == name]
    if len(found) != 1:
        sys.exit(f"{path}: expected one block '{name}', got {len(found)}")
    return found[0]


def normal(line):
    line = re.sub(r"%[\w.#:]+", "%", line)
    line = re.sub(r"\b[vsa]\[\d+:\d+\]|\b[vsa]\d+\b", "REG", line)
    line = re.sub(r"#\d+\b", "#", line)
    return " ".join(line.split())


def unmatched(abridged, output):
    """The first line of a text that an output does not have at its place."""
    lines = [normal(line) for line in output.splitlines()]
    position = 0
    for line in abridged.splitlines():
        if line.strip() in ("", "..."):
            continue
        pattern = re.compile(".*".join(re.escape(part.strip())
                                       for part in normal(line).split("...")))
        while position < len(lines) and not pattern.fullmatch(lines[position]):
            position += 1
        if position == len(lines):
            yield line
            return
        position += 1


def match(doc, name, output):
    text = find(doc, name)
    if not text.replace("...", "").strip():
        sys.exit(f"{doc}: expected a line in the block '{name}'")
    for line in unmatched(text, pathlib.Path(output).read_text()):
        sys.exit(f"{doc}, block '{name}': the command no longer prints, at this "
                 f"place,\n{line}\nUpdate the page.")


def complete(root):
    root = pathlib.Path(root)
    tests = [path.read_text() for path in sorted((root / "test/Docs").glob("*.test"))]
    problems = []
    names = 0
    for path in sorted((root / "docs").rglob("*.md")):
        users = "\n".join(text for text in tests if f"docs/{path.name}" in text)
        for link in re.findall(r"\]\(([\w./-]+\.md)", path.read_text()):
            if not (path.parent / link).exists():
                problems.append(f"{path.name}: nothing at the link '{link}'")
        for name, language, text in blocks(path):
            if name:
                names += 1
                if not re.search(rf"(?:extract|match)}}? \S+ {name}\s", users):
                    problems.append(f"{path.name}: no test uses the block '{name}'")
            elif language == "mlir" and re.search(r"^(?:module|gpu\.module|func\.func)\b",
                                                  text, re.M):
                problems.append(f"{path.name}: a block with a whole module has no name")
    if not names:
        problems.append("no block of docs/ has a name")
    if problems:
        sys.exit("\n".join(problems))


def main():
    commands = {"extract": lambda doc, name: print(find(doc, name), end=""),
                "match": match, "complete": complete}
    commands[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
