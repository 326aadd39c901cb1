# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""write_pages.py FOLDER: pages that run_page.py must refuse."""

import pathlib
import sys

FOLDER = pathlib.Path(sys.argv[1])
(FOLDER / "fails.md").write_text("```sh\necho one | cat\n(exit 3)\necho two\n```\n",
                                 encoding="utf-8")
(FOLDER / "differs.md").write_text(
    "```sh\necho three\n```\n\n<!-- output -->\n```text\nfour\n```\n", encoding="utf-8")
