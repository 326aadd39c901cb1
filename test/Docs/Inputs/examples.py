# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the examples of the descriptions of ops, attributes and passes.

examples.py SOURCE MOE_OPT ops      each example of an op or attribute, inside
        what op_examples.mlir puts around it, parses, and is lowered for each chip
        by the pass that the description names, else -convert-moe-to-amdgpu, to
        the ops and dialects that stand after *Lowers to*, and to a code object
examples.py SOURCE MOE_OPT passes   the example of each pass is an abridged copy of
        what the pass prints for its section of pass_examples.mlir
examples.py SOURCE MOE_OPT help     docs/Passes.md has each pass, pipeline and option
        of moe-opt --help that is ours, with the words of the help, and no other
"""

import pathlib
import re
import subprocess
import sys

import blocks

CHIPS = ["gfx950", "gfx942"]
DIALECTS = {"arith", "gpu", "math", "memref", "scf", "vector"}


def pointers(text):
    """The same kernel with plain pointers as arguments, which is what a kernel of a
    code object has, where a memref's sizes are not static."""
    casts = []

    def replace(found):
        name, sizes, element, space = found.groups()
        sizes = ["%count" if size == "?" else size for size in sizes.split("x")]
        strides = [*sizes[1:], "1"]
        casts.append(
            f"  {name} = memref.reinterpret_cast {name}_pointer to offset: [0], "
            f"sizes: [{', '.join(sizes)}], strides: [{', '.join(strides)}] : "
            f"memref<{element}{space}> to {found.group(0).split(': ')[1]}\n")
        return f"{name}_pointer: memref<{element}{space}>"

    head, below, rest = text.partition(" {\n")
    head = re.sub(r"(%\w+): memref<((?:\d+x)*\?(?:x\d+)*)x(\w+)"
                  r"(?:, strided<[^>]*>)?((?:, #gpu.address_space<global>)?)>",
                  replace, head)
    if casts:
        head = head.replace("@k(", "@k(%count: index, ")
    return head + below + "".join(casts) + rest


class Examples:
    def __init__(self, source, opt):
        self.source, self.opt, self.problems = pathlib.Path(source), opt, []
        sys.path.insert(0, str(self.source / "scripts"))
        import tablegen  # pylint: disable=import-outside-toplevel
        tool = tablegen.find_tool("llvm-tblgen")
        self.entities = tablegen.dialect(tool, self.source)[0]
        self.passes = tablegen.passes(tool, self.source)

    def run(self, name, text, *flags):
        """The output of moe-opt, or nothing after saying what is wrong."""
        result = subprocess.run([self.opt, *flags], input=text, text=True,
                                capture_output=True, check=False)
        if result.returncode:
            self.problems.append(f"{name}: moe-opt {' '.join(flags)}\n"
                                 f"{result.stderr}")
            return ""
        return result.stdout

    def sections(self, file):
        """Name -> text of a file of sections that begin with `// NAME`."""
        text = (pathlib.Path(__file__).parent / file).read_text()
        return dict(re.match(r"\s*// (\S+)(.*)", part, re.S).groups()
                    for part in text.split("// -----")[1:])

    def lowered(self, name, entity, text):
        """The text after the entity's own pass, of all chips."""
        said = re.match(r"\(`(-[\w-]+)`(?:, then `(-[\w-]+)`)?", entity.lowers_to())
        passes = ([flag for flag in said.groups() if flag] if said
                  else ["-convert-moe-to-amdgpu"])
        result = ""
        for chip in CHIPS:
            inner = ",".join(
                flag[1:] + (f"{{chip={chip}}}" if "convert" in flag else "")
                for flag in passes)
            result += self.run(name, text,
                               f"-pass-pipeline=builtin.module(gpu.module({inner}))")
            self.run(name, pointers(text), f"--moe-to-binary=chip={chip}")
        return result

    def all_ops(self):
        around = self.sections("op_examples.mlir")
        for entity in self.entities:
            if entity.kind == "pass":
                continue
            sigil = "#" if entity.kind == "attribute" else ""
            name = f"{sigil}moe.{entity.mnemonic}"
            frame = around.pop(name, None)
            if frame is None or not entity.examples():
                self.problems.append(f"{name}: expected an example in its description "
                                     "and a section of op_examples.mlir")
                continue
            text = ""
            for example in entity.examples():
                if sigil:
                    lines = re.findall(r"^\s*(\S.*)$", example, re.M)
                    self.run(name, frame.replace("EXAMPLE", ", ".join(lines)))
                else:
                    text += self.lowered(name, entity,
                                         frame.replace("EXAMPLE", example.strip()))
            if not sigil:
                self.check_lowering(name, entity, text)
        self.problems += [f"op_examples.mlir: {name} is no op or attribute"
                          for name in around]

    def check_lowering(self, name, entity, text):
        if re.search(rf"\b{name}\b", text):
            self.problems.append(f"{name} is still there after its lowering")
        for word in re.findall(r"`([a-z][\w.]*)[^`]*`", entity.lowers_to()):
            if "." in word and f"{word} " not in text + " " and f"{word}\n" not in text:
                self.problems.append(f"{name}: expected {word} after its lowering")
            if word in DIALECTS and f"{word}." not in text:
                self.problems.append(f"{name}: expected an op of {word} after its "
                                     "lowering")

    def all_passes(self):
        inputs = self.sections("pass_examples.mlir")
        for entity in self.passes:
            found = inputs.pop(entity.mnemonic, None)
            shown = re.findall(r"^ *```(?:mlir)?\n(.*?)^ *```$", entity.description,
                               re.S | re.M)
            if found is None or not shown:
                self.problems.append(f"-{entity.mnemonic}: expected an example in its "
                                     "description and a section of "
                                     "pass_examples.mlir")
                continue
            flags, text = found.split("\n", 1)
            result = subprocess.run([self.opt, *re.findall(r"\s(-.*?)(?=\s-|$)", flags)],
                                    input=text, text=True, capture_output=True,
                                    check=False)
            if shown[-1].strip().startswith("error:"):
                self.check_error(entity, shown[-1], result.stderr)
                continue
            if result.returncode:
                self.problems.append(f"-{entity.mnemonic}: {result.stderr}")
            for line in blocks.unmatched(shown[-1], result.stdout):
                self.problems.append(f"-{entity.mnemonic} no longer prints, at this "
                                     f"place,\n{line}")
        self.problems += [f"pass_examples.mlir: {name} is no pass" for name in inputs]

    def check_error(self, entity, shown, printed):
        if " ".join(shown.split()) not in " ".join(printed.split()):
            self.problems.append(f"-{entity.mnemonic}: expected the error of its "
                                 f"description, got\n{printed}")

    def help(self):
        printed = subprocess.run([self.opt, "--help"], capture_output=True, text=True,
                                 check=True).stdout
        page = (self.source / "docs/Passes.md").read_text()
        page = " ".join(page.replace("|", " ").replace("`", "").split()).lower()
        known = set()
        ours = False
        for indent, name, text in re.findall(
                r"^( +)--([\w-]+)(?:=<\w+>)? +-  ?(.*)$", printed, re.M):
            if len(indent) == 6:
                ours = "moe-" in name
                known.add(name)
            if ours:
                for words in (name, " ".join(text.split())):
                    if words.lower() not in page:
                        self.problems.append(f"docs/Passes.md: expected '{words}' of "
                                             "moe-opt --help")
        for name in re.findall(r"--?((?:convert-)?moe-[\w-]+) ", page):
            if name not in known:
                self.problems.append(f"docs/Passes.md: moe-opt knows no --{name}")


def main():
    source, opt, what = sys.argv[1:]
    examples = Examples(source, opt)
    {"ops": examples.all_ops, "passes": examples.all_passes,
     "help": examples.help}[what]()
    print("\n".join(examples.problems))
    return 1 if examples.problems else 0


if __name__ == "__main__":
    sys.exit(main())
