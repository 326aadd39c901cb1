#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the pages of docs/ that the sources determine, or checks them.

gen_docs.py [--check] [--tblgen PATH] [--root DIR]

docs/Dialects/MoE.md  the dialect, by mlir-tblgen, effects and enums from the
                      records that llvm-tblgen prints as JSON
docs/Passes.md        passes and pipelines, by mlir-tblgen and from Pipelines.cpp
docs/Status.md        each op, attribute and constraint: where it is enforced,
                      lowered and tested

A constraint (C1) of the op or attribute X has the label X_c1. The label stands in
a comment of the verifier and in a test that breaks the constraint; the script
fails if either is missing. What ODS checks by itself is in GENERATED below.

--check changes nothing and fails if a page is not what would be written.
"""

import argparse
import difflib
import itertools
import pathlib
import re
import sys

import tablegen

SPDX = "<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->"
NOTE = ("<!-- Written by scripts/gen_docs.py from the sources; change those and "
        "run it again. -->")
PASSES = [
    ("From moe to moe", "include/moe/Dialect/MoE/Transforms/Passes.td"),
    ("From moe to amdgpu", "include/moe/Conversion/MoEToAMDGPU/Passes.td"),
    ("Code objects", "include/moe/CodeObject/Passes.td"),
]
PIPELINES = "lib/Pipelines/Pipelines.cpp"
PIPELINES_HEADER = "include/moe/Pipelines/Pipelines.h"
# Constraints, or the part of one, that ODS enforces: the trait in the op's
# definition that does it, and its values. They need a test like all others.
GENERATED = {"pingpong_c1": ("AllTypesMatch", ["ping", "pong"])}


def sources(root, folders, suffixes):
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and "Inputs" not in path.parts:
                yield path.relative_to(root).as_posix(), path.read_text()


def files_with(texts, pattern):
    return [path for path, text in texts if re.search(pattern, text)]


def short(paths, prefix):
    return ", ".join(f"`{path.removeprefix(prefix)}`" for path in paths)


class Status:
    """Collects the tables and what is missing from them."""

    def __init__(self, tools, root):
        self.entities = tablegen.dialect(tools.records, root)[0]
        self.passes = tablegen.passes(tools.records, root)
        self.lib = list(sources(root, ["lib/Dialect", "lib/Conversion", "lib/Schedule"],
                                {".cpp", ".h"}))
        self.tests = list(sources(root, ["test/Dialect", "test/Conversion"],
                                  {".mlir", ".test"}))
        self.missing = []

    def lowering(self, entity):
        if entity.kind == "attribute":
            return "-"
        found = files_with(
            self.lib, rf"OpConversionPattern<{entity.name}>|\({entity.name} op[,)]")
        found = [path for path in found if "/IR/" not in path and
                 not path.endswith("CheckTarget.cpp")]
        if not found:
            self.missing.append(f"moe.{entity.mnemonic}: no pass handles it")
        return short(found, "lib/")

    def described(self, name, entity):
        """What every op, attribute and pass says of itself."""
        if not entity.summary or not entity.description:
            self.missing.append(f"{name}: no summary or description")
        if not re.search(r"^ *```", entity.description, re.M):
            self.missing.append(f"{name}: no example in the description")
        if entity.kind == "op" and not entity.lowers_to():
            self.missing.append(f"{name}: expected a sentence '*Lowers to* ...'")
        if entity.kind == "pass":
            if not re.search(r"Precondition:.*Postcondition:", entity.description,
                             re.S):
                self.missing.append(f"{name}: expected 'Precondition: ... "
                                    "Postcondition: ...'")
            for option in entity.record["options"]:
                option = entity.records.get(option)
                if not option["description"]:
                    self.missing.append(f"{name}: option {option['argument']} has "
                                        "no description")

    def overview(self):
        lines = ["| name | summary | constraints | lowered in | tests |",
                 "|---|---|---|---|---|"]
        for entity in self.entities:
            sigil = "#" if entity.kind == "attribute" else ""
            mention = rf"\bmoe\.{entity.mnemonic}\b"
            if entity.mnemonic == "schedule":
                mention = r"\bschedule ?<"
            tests = files_with(self.tests, mention)
            self.described(f"moe.{entity.mnemonic}", entity)
            if not tests:
                self.missing.append(f"moe.{entity.mnemonic}: no test mentions it")
            lines.append(f"| `{sigil}moe.{entity.mnemonic}` | {entity.summary} | "
                         f"{len(entity.constraints())} | {self.lowering(entity)} | "
                         f"{short(tests, 'test/')} |")
        return lines

    def constraints(self):
        lines = ["| label | constraint | enforced in | broken in |", "|---|---|---|---|"]
        known = set()
        for entity in self.entities:
            for number, text in entity.constraints():
                label = entity.label(number)
                known.add(label)
                pattern = rf"\b{label}\b"
                enforced = short(files_with(self.lib, pattern), "lib/")
                if label in GENERATED:
                    trait, values = GENERATED[label]
                    if not any(trait in record["!superclasses"] and
                               record["values"] == values
                               for record in entity.traits()):
                        self.missing.append(f"{label}: no {trait} of "
                                            f"{', '.join(values)} in the definition")
                    said = f"ODS: `{trait}<{values}>`".replace("'", '"')
                    enforced = ", ".join(filter(None, [enforced, said]))
                broken = [path for path, text in self.tests
                          if breaks(text, pattern)]
                if not enforced:
                    self.missing.append(f"{label}: in no comment of a verifier")
                if not broken:
                    self.missing.append(f"{label}: no test that expects an error "
                                        "names it")
                text = escape_products(text).replace("|", "\\|")
                lines.append(f"| `{label}` | {text} | {enforced} | "
                             f"{short(broken, 'test/')} |")
        self.check_unknown(known)
        return lines

    def check_unknown(self, known):
        """A label in the verifiers or tests that no description has."""
        prefixes = "|".join({label.rsplit("_c", 1)[0] for label in known})
        for path, text in self.lib + self.tests:
            for label in re.findall(rf"\b(?:{prefixes})_c\d+\b", text):
                if label not in known:
                    self.missing.append(f"{path}: {label} is in no description")

    def page(self):
        for entity in self.passes:
            self.described(f"-{entity.mnemonic}", entity)
        return "\n".join(
            ["# Status", "", SPDX, NOTE, "",
             "What the dialect has, where each piece is lowered, and which tests of `test/Dialect` and",
             "`test/Conversion` use it. The numbers that whole kernels compute are tested elsewhere,",
             "see [Testing.md](Testing.md).", "",
             "## Ops and attributes", ""] + self.overview() +
            ["", "## Hardware", "",
             "No GPU was at hand: nothing of this project has run on silicon. Code objects are",
             "executed by the emulator; `moe-launch`, executor `hip` of the tools, C and Python,",
             "torch's op on device tensors and the GPU runtime have run over the emulated HIP",
             "library alone ([HIP.md](HIP.md)), and times are modelled ([Timing.md](Timing.md))."] +
            ["", "## Constraints", "",
             "Each constraint of the descriptions, the file whose verifier enforces it, and the file",
             "with a test that breaks it. `ODS` means that the op's definition enforces it.", ""] +
            self.constraints()) + "\n"


def breaks(text, pattern):
    """Whether a part of a test, one input of -split-input-file, names a label and
    expects an error."""
    return any(re.search(pattern, part) and "expected-error" in part
               for part in text.split("// -----"))


def escape_products(text):
    """Descriptions say 2*NB rows; to Markdown that is half of an emphasis."""
    parts = re.split(r"(^```.*?^```$|`[^`]*`|^ {4}[^\n]*$)", text, flags=re.S | re.M)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"(?<=[\w)\]])\*(?=[\w(])", r"\\*", parts[i])
    return "".join(parts)


class Tools:
    """mlir-tblgen writes pages, llvm-tblgen says what is in the records."""

    def __init__(self, tblgen):
        self.pages = tblgen or tablegen.find_tool("mlir-tblgen")
        self.records = tablegen.find_tool("llvm-tblgen", beside=self.pages)


def generated(tools, root, *args, text=None):
    text = tablegen.run(tools.pages, root, *args, text=text)
    text = re.sub(r"<!-- Autogenerated by mlir-tblgen.*?-->\n", "", text)
    text = escape_products(text.replace("[TOC]\n", ""))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def enum_syntax(records, text):
    """An enum attribute prints as `#moe<stage down>`; the generator shows the form
    of an attribute with parameters."""
    cases = {enum["className"]: [records.get(case)["str"]
                                 for case in enum["enumerants"]]
             for enum in records.of("EnumInfo")}

    def replace(found):
        mnemonic, enum = found.groups()
        return f"#moe<{mnemonic} {' | '.join(cases[enum])}>"

    return re.sub(r"#moe\.(\w+)<\n  ::moe::(\w+)   # value\n>", replace, text)


def is_lds(effect):
    return effect["resource"] == "::moe::LdsResource"


def effect_lines(op):
    """What an op does to each operand, from its definition."""
    lines = []
    for operand, effect in op.operand_effects():
        verb = {"Read": "reads", "Write": "writes"}[effect["effect"].split("::")[-1]]
        where = " in LDS" if is_lds(effect) else ""
        lines.append(f"* {verb} `{operand}`{where}")
    return lines


def effects_of(op):
    lines = effect_lines(op)
    if lines:
        return "Effects:\n\n" + "\n".join(lines) + "\n"
    whole = [op.records.get(effect) for trait in op.traits()
             if "MemoryEffects" in trait["!superclasses"]
             for effect in trait["effects"]]
    if any(is_lds(effect) for effect in whole):
        return "Effects: reads and writes LDS, as a barrier of all its memory\n"
    return "Effects: none\n"


def effects(ops, text):
    """The generator knows the effects of traits only, not those of operands."""
    return re.sub(r"(### `moe\.(\w+)` [^\n]*\n)((?:(?!### `moe\.).)*?)"
                  r"Effects: `MemoryEffects::Effect\{.*?\}`\n",
                  lambda found: (found.group(1) + found.group(3) +
                                 effects_of(ops[found.group(2)])),
                  text, flags=re.S)


def dialect_page(tools, root):
    entities, records = tablegen.dialect(tools.records, root)
    both = "".join(f'include "{path.removeprefix("include/")}"\n'
                   for path in tablegen.dialect_files(root))
    text = generated(tools, root, "-gen-dialect-doc", "-dialect=moe", text=both)
    ops = {entity.mnemonic: entity for entity in entities if entity.kind == "op"}
    text = enum_syntax(records, effects(ops, text))
    title, rest = text.split("\n", 1)
    title = title.replace("'moe' Dialect", "Dialect `moe`")
    return f"{title}\n\n{SPDX}\n{NOTE}\n{rest}\n"


def pipeline_options(root):
    """Struct of options -> [(name, description, default)], the base's first."""
    result: dict[str, list[tuple[str, str, str]]] = {}
    header = (root / PIPELINES_HEADER).read_text()
    for name, base, body in re.findall(r"struct (\w+)\s*: ([^{]*?)\s*\{(.*?)\n\};", header,
                                       re.S):
        options = re.findall(r'Option<\w+(?:::\w+)?> \w+\{\s*\*this,\s*"([\w-]+)",\s*'
                             r'llvm::cl::desc\(((?:\s*"[^"]*")+)\)'
                             r'(?:,\s*llvm::cl::init\(([^)]*)\))?\}', body)
        result[name] = result.get(base, []) + [
            (option, "".join(re.findall(r'"([^"]*)"', text)), default)
            for option, text, default in options]
    return result


def pipelines(root):
    options_of = pipeline_options(root)
    text = (root / PIPELINES).read_text()
    found = re.findall(r'PassPipelineRegistration<(\w+)>\(\s*"([\w-]+)",\s*"([^"]*)"',
                       text)
    if not found:
        sys.exit(f"gen_docs.py: no pipeline found in {PIPELINES}")
    lines = ["| pipeline | from, to | options |", "|---|---|---|"]
    for options, name, summary in found:
        if not options_of.get(options):
            sys.exit(f"gen_docs.py: no options of {options} in {PIPELINES_HEADER}")
        extra = "; ".join(
            f"`{option}`: {what}" + (f" [{default.strip(chr(34))}]" if default else "")
            for option, what, default in options_of[options])
        lines.append(f"| `--{name}` | {summary} | {extra} |")
    return lines


def inner_passes(root):
    """What only pipelines run: the passes of the text of a pipeline, from C++."""
    files = sorted((root / PIPELINES).parent.glob("*.cpp"))
    text = "\n".join(path.read_text() for path in files)
    described = r'"([\w-]+)",\s*llvm::cl::desc\("([^"]*)"\)'
    chip = re.findall(r"struct ChipOption .*?" + described, text, re.S)
    lines = ["| pass | does | options |", "|---|---|---|"]
    for body in re.findall(r"^struct \w+Pass\b(.*?)^};", text, re.S | re.M):
        (name,) = re.findall(r'getArgument\(\).*?"([^"]*)"', body)
        (summary,) = re.findall(r'getDescription\(\).*?"([^"]*)"', body, re.S)
        options = [*(chip if "ChipOption chip" in body else []),
                   *re.findall(described, body)]
        extra = "; ".join(f"`{option}`: {what}" for option, what in options)
        lines.append(f"| `-{name}` | {summary} | {extra} |")
    if len(lines) == 2:
        sys.exit(f"gen_docs.py: no pass found in {PIPELINES}")
    return lines


def passes_page(tools, root):
    parts = ["# Passes", "", SPDX, NOTE, "",
             "The passes of this project in the order in which the pipelines run them. MLIR's own",
             "passes, which `moe-opt` has too, are documented by MLIR. Options are given as",
             "`-pass=option=value`, or in a pipeline as `pass{option=value}`.", "",
             "## Pipelines", "",
             "The order is in `lib/Pipelines/Pipelines.cpp`. `chip` is required where a `gpu.module`",
             "has no `#rocdl.target`.", ""]
    parts += pipelines(root)
    parts += ["", "A pipeline's text (`--dump-pass-pipeline`) has these besides, which are of use there",
              "only:", ""]
    parts += inner_passes(root)
    for title, path in PASSES:
        parts += ["", f"## {title}", "", generated(tools, root, "-gen-pass-doc",
                                                   str(root / path))]
    # Whole modules get a name, by which test/Docs runs them.
    numbers = itertools.count(1)
    return re.sub(r"^```mlir\n(?=gpu\.module|module)",
                  lambda match: f"<!-- block: module-{next(numbers)} -->\n```mlir\n",
                  "\n".join(parts) + "\n", flags=re.M)


def update(path, text, check):
    old = path.read_text() if path.exists() else ""
    if old == text:
        return True
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return True
    diff = difflib.unified_diff(old.splitlines(), text.splitlines(), str(path),
                                "what the sources say", lineterm="", n=1)
    print("\n".join(list(diff)[:40]))
    print(f"{path} is out of date; run scripts/gen_docs.py")
    return False


def main():
    parser = argparse.ArgumentParser(description="pages that the sources determine")
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--tblgen", help="mlir-tblgen, if it is not found")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    options = parser.parse_args()
    try:
        tools = Tools(options.tblgen)
        status = Status(tools, options.root)
        docs = options.root / "docs"
        pages = {docs / "Dialects/MoE.md": dialect_page(tools, options.root),
                 docs / "Passes.md": passes_page(tools, options.root),
                 docs / "Status.md": status.page()}
    except tablegen.Failure as failure:
        sys.exit(f"gen_docs.py: {failure}")
    for problem in status.missing:
        print(f"gen_docs.py: {problem}")
    good = [update(path, text, options.check) for path, text in pages.items()]
    return 0 if all(good) and not status.missing else 1


if __name__ == "__main__":
    sys.exit(main())
