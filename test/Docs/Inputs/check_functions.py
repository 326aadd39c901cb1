# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_functions.py ROOT: the C headers and the Python package say what callers need.

C: each function stands below a comment, alone or in a block of lines under one; what it
takes is named there, in the comments of the fields of its struct, or at the head of the
file; arrays of numbers have a shape in brackets, and counts of bytes a unit; and the
head of the file or the comment says what fails. Python: each public function and method
has a docstring; with those that it refers to ("as gemm1()"), it names each parameter,
gives a shape to each array, and says what is raised, where the package's does not.
"""

import ast
import pathlib
import re
import sys

NUMBERS = r"(?:const )?(?:u?int(?:8|16|32)_t|float|double)\s*\*"
BYTES = re.compile(r"\b(?:length|codeSize|size)\b|[bB]ytes\b")
FAILS = re.compile(r"\b(?:fails?|errors?|refused|MOE_FAILED|MOE_USAGE|NULL)\b", re.I)
# What C's conventions name: where a result goes, whose thing it is.
OBVIOUS = {"config", "kernel", "executor", "chip", "batch", "weights", "grid", "block",
           "launch", "sorting", "router", "gateUp", "down", "text", "result", "value", "name"}


def functions(text):
    """(name, parameters, comment) of each declaration of a header."""
    comment, held = "", False
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    pieces = re.finditer(r"/\*(.*?)\*/|MOE_CAPI_EXPORTED\s+([^;]*);|(\n[ \t]*\n)|(typedef)", text,
                         re.S)
    for piece in pieces:
        if piece.group(1) is not None:
            comment, held = " ".join(piece.group(1).replace("\n *", "\n").split()), True
        elif piece.group(3) or piece.group(4):
            held = False
        elif piece.group(2):
            name, parameters = re.search(r"(moe\w+)\s*\(([^)]*)\)", piece.group(2)).groups()
            yield name, " ".join(parameters.split()).split(", "), comment if held else ""


def check_header(path):
    text = path.read_text(encoding="utf-8")
    head = text[:text.index("*/")]
    for name, parameters, comment in functions(text):
        if not comment:
            yield f"{name}: expected a comment above it, or above the lines it stands in"
            continue
        where = comment + head
        for parameter in parameters:
            word = re.search(r"(\w+)(?:\[\d+\])?$", parameter).group(1)
            if word == "void" or word in OBVIOUS:
                continue
            if re.match(NUMBERS, parameter) and "[" not in where and "shape" not in where:
                yield f"{name}: expected a shape in brackets for '{word}'"
            elif BYTES.search(word) and "byte" not in where:
                yield f"{name}: expected a unit, bytes, for '{word}'"
            elif not re.search(rf"\b{word}\b", where) and "[" not in where:
                yield f"{name}: expected '{word}' in the comment or at the head of the file"
        if not FAILS.search(where) and "Destroy" not in name:
            yield f"{name}: expected what fails, in the comment or at the head of the file"


def documented(package):
    """Qualified name -> (parameters, docstring) of what is public."""
    public = set()
    trees = {path.stem: ast.parse(path.read_text(encoding="utf-8"))
             for path in sorted(package.glob("*.py"))}
    for node in ast.walk(trees["__init__"]):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            public = set(ast.literal_eval(node.value))
    found = {}
    for stem, tree in trees.items():
        for node in tree.body:
            if getattr(node, "name", "") not in public or stem == "_device":
                continue
            if isinstance(node, ast.FunctionDef):
                found[node.name] = parameters_of(node), ast.get_docstring(node) or ""
            elif isinstance(node, ast.ClassDef):
                found[node.name] = [], ast.get_docstring(node) or ""
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and method.name[0] != "_":
                        found[f"{node.name}.{method.name}"] = (parameters_of(method),
                                                               ast.get_docstring(method) or "")
    return found, ast.get_docstring(trees["__init__"]) or ""


def parameters_of(node):
    """(name, annotation) of each but self."""
    return [(entry.arg, ast.unparse(entry.annotation) if entry.annotation else "")
            for entry in node.args.args + node.args.kwonlyargs if entry.arg != "self"]


def text_with_references(name, found, seen=()):
    text = found[name][1]
    for other in set(re.findall(r"\b(\w+)\(\)", text)) & set(found) - {name, *seen}:
        text += "\n" + text_with_references(other, found, (*seen, name))
    owner = name.partition(".")[0]
    return text + ("\n" + found[owner][1] if owner != name else "")


def check_package(package):
    found, head = documented(package)
    if not re.search(r"MoeUsageError.*MoeError|MoeError.*MoeUsageError", head, re.S):
        yield "moe: expected in the package's docstring what MoeError and MoeUsageError mean"
    for name, (parameters, docstring) in found.items():
        if not docstring:
            yield f"moe.{name}: expected a docstring"
            continue
        text = text_with_references(name, found)
        for parameter, annotation in parameters:
            if not re.search(rf"\b{parameter}\b", text):
                yield f"moe.{name}: expected '{parameter}' in the docstring"
            elif "ArrayLike" in annotation and not re.search(
                    rf"\b{parameter}\b[^.;]*?\[|\[[^.;]*\b{parameter}\b|shape", text, re.S):
                yield f"moe.{name}: expected a shape for the array '{parameter}'"


def main():
    root = pathlib.Path(sys.argv[1])
    wrong, count = [], 0
    for path in sorted((root / "include/moe-c").glob("*.h")):
        count += sum(1 for _ in functions(path.read_text(encoding="utf-8")))
        wrong += [f"{path.relative_to(root)}: {text}" for text in check_header(path)]
    wrong += check_package(root / "python/moe")
    print("\n".join(wrong + [f"{count} functions of C and "
                             f"{len(documented(root / 'python/moe')[0])} of Python"]))
    return 1 if wrong else 0


sys.exit(main())
