# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sphinx: how the pages of docs/ become a site. scripts/build_site.py calls it on a
copy to which it adds the generated references; no text of a page is here."""

import os
import pathlib
import sys

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Literal, Name, Number, String, Text

# The source tree, of which the pages are a copy when the site is built.
ROOT = pathlib.Path(os.environ.get(
    "MOE_SOURCE_ROOT", pathlib.Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(ROOT / "python"))

project = "moe-mlir"
copyright = "moe-mlir contributors, Apache-2.0 WITH LLVM-exception"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
root_doc = "index"
exclude_patterns = ["README.md", "schemas/*"]
nitpicky = False
highlight_language = "text"
pygments_style = "friendly"
pygments_dark_style = "monokai"

html_theme = "furo"
html_title = "moe-mlir"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_sphinx = False

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
# Headings of generated pages skip levels, and abridged code is not the whole of its
# language, so that a lexer may give up on it.
suppress_warnings = ["myst.header", "misc.highlighting_failure"]

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
# The annotations of array arguments are long unions; their names say more.
autodoc_type_aliases = {"ArrayLike": "ArrayLike", "Array": "Array"}


class MlirLexer(RegexLexer):
    """Enough of MLIR's syntax for a page: SSA values, ops, types, attributes."""

    name = "MLIR"
    aliases = ["mlir"]
    tokens = {
        "root": [
            (r"//.*?$", Comment.Single),
            (r'"(?:[^"\\]|\\.)*"', String),
            (r"%[\w.$#-]+", Name.Variable),
            (r"@[\w.$-]+", Name.Function),
            (r"[#!][\w.]+", Name.Decorator),
            (r"\^\w+", Name.Label),
            (words(("true", "false", "dense", "affine_map", "loc"), suffix=r"\b"),
             Keyword.Constant),
            (r"\b(?:[isu]i?\d+|bf16|f\d+\w*|index|memref|vector|tensor)\b",
             Keyword.Type),
            (r"\b[a-z]\w*(?:\.\w+)+\b", Keyword),
            (r"\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b", Number),
            (r"\w+", Text),
            (r"\s+", Text),
            (r".", Literal),
        ]
    }


def setup(app):
    app.add_lexer("mlir", MlirLexer)
