# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sections of docs/ that comments cite, as in docs/Layouts.md, "A tile", must exist.

check_citations.py ROOT
"""

import pathlib
import re
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    cited = set()
    for folder in ["lib", "include", "tools"]:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in {".h", ".cpp", ".td", ".def"}:
                continue
            # Comments wrap anywhere.
            text = re.sub(r"\s*\n\s*//+\s*", " ", path.read_text())
            text = re.sub(r"\s+", " ", text)
            for page, rest in re.findall(
                    r"docs/([\w/]+\.md)(?:,| \(sections?)?((?:,? (?:and )?\"[^\"]+\"| sections?)*)",
                    text):
                cited.update((page, section) for section in re.findall(r'"([^"]+)"', rest))
    if not cited:
        sys.exit("expected a comment that cites a page of docs/")
    missing = []
    for page, section in sorted(cited, key=str):
        path = root / "docs" / page
        heads = re.findall(r"^#+ (.*)$", path.read_text(), re.M) if path.exists() else None
        if heads is None:
            missing.append(f"docs/{page} does not exist")
        elif section not in heads:
            missing.append(f"docs/{page} has no section '{section}'")
        print(page, f'"{section}"')
    if missing:
        sys.exit("\n".join(missing))


if __name__ == "__main__":
    main()
