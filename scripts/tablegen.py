# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The records of the project's .td files as llvm-tblgen understands them: ops,
attributes, enums and passes with what their definitions say. Used by gen_docs.py
and by the test that runs the examples. Writes nothing."""

import functools
import json
import pathlib
import re
import shutil
import subprocess

IR = "include/moe/Dialect/MoE/IR"
# Files with ops, in the order in which the pages list them.
OP_FILES = ["MoEOps.td", "KernelOps.td", "TileOps.td", "RoutingOps.td",
            "WeightOps.td"]
# Labels that do not start with the mnemonic.
PREFIX = {"grouped_gemm": "gemm"}


class Failure(Exception):
    """llvm-tblgen is missing or does not read a file; the text says why."""


def find_tool(name, beside=None):
    """The path of an LLVM tool: beside another one, or from PATH."""
    folder = pathlib.Path(beside).resolve().parent if beside else None
    if folder and (folder / name).exists():
        return str(folder / name)
    tool = shutil.which(f"{name}-22") or shutil.which(name)
    if not tool:
        raise Failure(f"{name} is not in PATH")
    return tool


def run(tool, root, *args, text=None):
    """The output of a TableGen backend that sees our and MLIR's definitions."""
    upstream = pathlib.Path(tool).resolve().parent.parent / "include"
    command = [tool, "-I", str(root / "include"), "-I", str(upstream), *args]
    result = subprocess.run(command, capture_output=True, text=True, input=text,
                            check=False)
    if result.returncode:
        raise Failure(f"{' '.join(command)} failed:\n{result.stderr}")
    return result.stdout


class Records:
    """All records of some .td files, in the order in which they are defined."""

    def __init__(self, tool, root, files):
        self.root, self.files = root, files
        text = "".join(f'include "{path.removeprefix("include/")}"\n'
                       for path in files)
        self.all = json.loads(run(tool, root, "--dump-json", text=text))

    def of(self, superclass):
        """The records that derive from a class, by file and line."""
        names = self.all["!instanceof"].get(superclass, [])
        records = [self.all[name] for name in names]
        return sorted((record for record in records if not record["!anonymous"]),
                      key=self.place)

    def place(self, record):
        file, line = record["!locs"][0].rsplit(":", 1)
        names = [pathlib.PurePath(path).name for path in self.files]
        return (names.index(file) if file in names else len(names), int(line))

    def get(self, reference):
        """What a field of kind `def` stands for."""
        return self.all[reference["def"]]


def dialect_files(root):
    """Attributes first, then ops, as the pages list them."""
    names = sorted(path.name for path in (root / IR).glob("*.td"))
    return [f"{IR}/{name}" for name in
            [name for name in names if name not in OP_FILES] + OP_FILES]


def pass_files(root):
    return sorted(path.relative_to(root).as_posix()
                  for path in (root / "include/moe").rglob("Passes.td"))


class Entity:
    """An op, an attribute or a pass: names, summary, description, constraints."""

    def __init__(self, records, record):
        self.records, self.record = records, record
        self.summary = record.get("summary") or ""
        self.description = record.get("description") or ""
        if "opName" in record:
            self.kind, self.mnemonic = "op", record["opName"]
            self.name = record["!name"].split("_", 1)[1]
        elif "argument" in record:
            self.kind, self.mnemonic = "pass", record["argument"]
            self.name = record["!name"]
        else:
            self.kind, self.mnemonic = "attribute", record["mnemonic"]
            self.name = record["cppClassName"]

    def label(self, number):
        return f"{PREFIX.get(self.mnemonic, self.mnemonic)}_c{number}"

    def constraints(self):
        """[(number, text)] of the paragraphs `* (C1) ...` of the description."""
        pattern = r"\* \(C(\d+)\) (.*?)(?=\n\s*\* \(C\d+\)|\n\s*\n|\Z)"
        return [(int(number), " ".join(text.split()).rstrip(";."))
                for number, text in re.findall(pattern, self.description, re.S)]

    def examples(self):
        """The blocks of IR in the description."""
        return re.findall(r"^ *```mlir\n(.*?)^ *```$", self.description, re.S | re.M)

    def lowers_to(self):
        """The sentence that begins *Lowers to*, up to the next empty line."""
        found = re.search(r"\*Lowers to\*(.*?)(?:\n\s*\n|\Z)", self.description, re.S)
        return " ".join(found.group(1).split()) if found else ""

    def traits(self):
        return [self.records.get(trait) for trait in self.record["traits"]]

    def operand_effects(self):
        """[(operand, effect's record)] of the arguments."""
        for reference, name in self.record["arguments"]["args"]:
            for decorator in self.records.get(reference).get("decorators") or []:
                yield name, self.records.get(decorator)


@functools.lru_cache(maxsize=None)
def dialect(tool, root):
    """The dialect's attributes, ops and enums."""
    records = Records(tool, root, dialect_files(root))
    attributes = [Entity(records, record) for record in records.of("AttrDef")
                  if "MoE_Attr" in record["!superclasses"]]
    ops = [Entity(records, record) for record in records.of("MoE_Op")]
    return attributes + ops, records


@functools.lru_cache(maxsize=None)
def passes(tool, root):
    records = Records(tool, root, pass_files(root))
    return [Entity(records, record) for record in records.of("PassBase")]
