#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes docs/pictures/*.svg by moe.plot_layout, or checks them.

draw_layouts.py [--check] [--root DIR]   needs libmoe.so (ninja -C build moe-c)

--check changes nothing and fails if a picture is not what would be drawn.
"""

import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPDX = "<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->\n"


def pictures():
    """(file name, drawing) of each picture of docs/LayoutPictures.md."""
    import moe
    for kind, gate in (("weight", "separated"), ("weight", "interleaved"),
                       ("scale", "separated")):
        yield f"{kind}-{gate}.svg", moe.plot_layout(kind, gate=gate)
    for size, k in ((16, 32), (16, 16), (32, 16)):
        yield (f"operand-{size}x{size}x{k}.svg",
               moe.plot_layout("mfma-operand", shape=(size, size, k)))
    for size, k in ((16, 32), (32, 16)):
        yield (f"result-{size}x{size}.svg",
               moe.plot_layout("mfma-result", shape=(size, size, k)))


def main():
    parser = argparse.ArgumentParser(description="pictures of docs/LayoutPictures.md")
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    options = parser.parse_args()
    sys.path.insert(0, str(options.root / "python"))
    folder = options.root / "docs" / "pictures"
    stale = []
    for name, drawing in pictures():
        path, text = folder / name, SPDX + drawing
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not options.check:
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if options.check and stale:
        sys.exit(f"draw_layouts.py: out of date: {', '.join(stale)}; run "
                 "scripts/draw_layouts.py")


if __name__ == "__main__":
    main()
