# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes every mutant of a kernel that loses a bit of synchronisation or a bound,
runs each with all sanitizers, and says which of them nobody noticed.

The kernel is that of a launch file, whoever compiled it. The code object is
disassembled by llvm-objdump; a mutant differs from it in one or two words, at
unchanged addresses:
  vmcnt=N, lgkmcnt=N   an s_waitcnt waits for less: not at all, one more, three more
  barrier              no s_barrier
  nop                  an s_nop behind the instruction that it was meant for
  guard                an s_and_saveexec that keeps every lane
  records              a buffer descriptor without an end
  offset               a v_cndmask that chooses the same offset for all lanes
  exec                 no EXEC set-up (s_mov, s_or of EXEC) before a cross-lane instruction
Only what the launch executes is changed. The kernel as it is must give no report.

With --table FILE, the mutants without a report must be those of the table, no more
and no fewer. A row is `launches addresses mutation # reason`, with commas between
launches and between addresses; the reason says why hardware may do nothing new.

--statement prints what was shown as a table: clean controls, trials, admitted faults and
detections of each kind. A mutant is no fault if the table gives the reason why nothing
can change, or if a bound was lost that moves not one byte more; every other one is
admitted. It is detected when the run reports it or ends in an error, and, of the bounds,
when the comparison of results notices.
"""
import argparse
import concurrent.futures
import json
import os
import re
import struct
import subprocess
import sys

NOP = 0xBF800000
# Of these, a plain wrong result is no gap: memory is touched as the kernel says, and
# the comparison of results notices. `bound of nothing`: the same bytes are moved.
BOUNDS = ("guard", "records", "offset", "exec")
UNREPORTED = ("unnoticed", "WRONG RESULT", "HALF A REPORT")
PLACE = re.compile(r"\b0x[0-9a-f]+: [a-z]")
CROSS_LANE = re.compile(r"v_readlane|v_readfirstlane|ds_bpermute|ds_permute|ds_swizzle|_tr_b|v_permlane|_dpp|quad_perm|row_")


class Inst:
    def __init__(self, address, text, words):
        self.address, self.text, self.words = address, text, words
        self.name = text.split()[0]
        self.operands = [o.strip() for o in text[len(self.name):].split(",")] if len(text) > len(self.name) else []


def disassemble(path):
    with open(path, "rb") as f:
        chip = {0x4C: "gfx942", 0x4F: "gfx950"}[f.read(64)[48]]
    raw = subprocess.run(["llvm-objdump", "-d", "--triple=amdgcn-amd-amdhsa", f"--mcpu={chip}", path], stdout=subprocess.PIPE,
                         text=True, check=True).stdout
    insts = []
    for line in raw.splitlines():
        m = re.match(r"\s+(\S.*?)\s*// ([0-9A-F]+): ((?:[0-9A-F]{8} ?)+)", line)
        if m:
            insts.append(Inst(int(m[2], 16), m[1], [int(w, 16) for w in m[3].split()]))
    return insts


class Image:
    """The bytes of a code object and where its addresses lie in them."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        self.loads = []
        for n in range(count):
            kind, _, at, address, _, length = struct.unpack_from("<IIQQQQ", self.data, offset + n * size)
            if kind == 1:
                self.loads.append((address, length, at))

    def patched(self, changes):
        data = bytearray(self.data)
        for address, word in changes:
            for start, length, at in self.loads:
                if start <= address < start + length:
                    struct.pack_into("<I", data, address - start + at, word)
                    break
            else:
                sys.exit(f"no bytes for address 0x{address:x}")
        return bytes(data)


def counts(word):
    return {"vmcnt": (word & 15) | (word >> 10 & 0x30), "lgkmcnt": word >> 8 & 15}


def with_count(word, name, value):
    if name == "vmcnt":
        return word & ~0xC00F | value & 15 | (value >> 4) << 14
    return word & ~0xF00 | value << 8


def wait_mutants(inst):
    """Strongest first: when the later ones are reported, so are the earlier."""
    for name, most in (("vmcnt", 63), ("lgkmcnt", 15)):
        value = counts(inst.words[0])[name]
        values = [v for v in (most, value + 3, value + 1) if value < v <= most]
        yield [(f"{name}={v}", [(inst.address, with_count(inst.words[0], name, v))]) for v in dict.fromkeys(values)]


def first_register(text):
    m = re.match(r"s\[(\d+):(\d+)\]|s(\d+)$", text)
    return (int(m[1] or m[3]), int(m[2] or m[3])) if m else None


def sgprs_of(text):
    return {n for m in re.finditer(r"\bs(?:(\d+)|\[(\d+):(\d+)\])", text) for n in
            (range(int(m[2]), int(m[3]) + 1) if m[2] else [int(m[1])])}


def becomes_records(insts, n, register):
    """Whether an SGPR that insts[n] writes is next used as the third word of a
    buffer descriptor: a scan ahead."""
    for inst in insts[n + 1:n + 80]:
        if inst.name.startswith("buffer_") and f"s[{register - 2}:{register + 1}]" in inst.text:
            return True
        if register in sgprs_of(inst.text):
            return False
    return False


def far_offsets(insts):
    """VGPRs that hold 2^31 somewhere: no buffer reaches so far."""
    return {i.operands[0] for i in insts if i.name.startswith("v_bfrev_b32") and i.operands[1] == "1"
            or i.name.startswith("v_mov_b32") and i.operands[1] in ("0x80000000", "0x7fffffff")}


def other_mutants(insts, n, jumped, nowhere):
    inst, after = insts[n], insts[n + 1] if n + 1 < len(insts) else None
    here = inst.address
    if inst.name == "s_barrier":
        yield "barrier", [(here, NOP)]
    if inst.name == "s_nop" and after and not between_loads(insts, n) and not after.name.startswith(("s_branch", "s_cbranch", "s_nop", "s_endpgm", "s_barrier")) \
            and after.address not in jumped:
        words = after.words + inst.words
        yield "nop", [(here + 4 * i, w) for i, w in enumerate(words)]
    if inst.name == "s_and_saveexec_b64":
        yield "guard", [(here, inst.words[0] & ~0xFF | 0xC1)]  # source -1
    if inst.name.startswith("s_") and not inst.name.startswith(("s_load", "s_buffer", "s_cmp", "s_wait")) and inst.operands:
        target = first_register(inst.operands[0])
        if target and target[0] == target[1] and becomes_records(insts, n, target[0]) and not inst.text.endswith("-1"):
            yield "records", [(here, 0xBE8000C1 | target[0] << 16)] + ([(here + 4, NOP)] if len(inst.words) == 2 else [])
    if inst.name.startswith("v_cndmask_b32") and "sdwa" not in inst.text and "dpp" not in inst.text:
        outside = [o in nowhere or o == "0x80000000" for o in inst.operands[1:3]]
        if sum(outside) == 1 and used_as_offset(insts, n):
            yield "offset", same_choice(inst, outside.index(False))
    if inst.name in ("s_mov_b64", "s_or_b64") and inst.operands and inst.operands[0] == "exec" and len(inst.words) == 1:
        if any(CROSS_LANE.search(x.text) for x in insts[n + 1:n + 40]):
            yield "exec", [(here, NOP)]


def used_as_offset(insts, n):
    """Whether a v_cndmask chooses the offset of a buffer access: a scan ahead."""
    target = insts[n].operands[0]
    for inst in insts[n + 1:n + 60]:
        if inst.name.startswith("buffer_") and " offen" in inst.text:
            address = inst.operands[0] if " lds" in inst.text else inst.operands[1] if len(inst.operands) > 1 else ""
            if address == target:
                return True
        if inst.operands and inst.operands[0] == target and not inst.name.startswith("buffer_store"):
            return False
    return False


def between_loads(insts, n):
    """An s_nop that ends a clause of memory instructions so that a page fault may
    replay it: no wait state is needed there."""
    memory = ("buffer_", "global_", "flat_", "scratch_"), ("s_load", "s_buffer_load")
    return n > 0 and any(insts[n - 1].name.startswith(m) and insts[n + 1].name.startswith(m) for m in memory)


def same_choice(inst, keep):
    """Both sources of a v_cndmask the same one."""
    if len(inst.words) == 1 or inst.name.endswith("_e32"):  # VOP2: src0 [8:0], vsrc1 [16:9]
        src0, src1 = inst.words[0] & 0x1FF, 0x100 | inst.words[0] >> 9 & 0xFF
        if keep == 0:
            if src0 < 0x100:
                return [(inst.address, 0x7E000200 | (inst.words[0] >> 17 & 0xFF) << 17 | src0)]  # v_mov of src0
            return [(inst.address, inst.words[0] & ~(0xFF << 9) | (src0 & 0xFF) << 9)]
        change = [(inst.address, inst.words[0] & ~0x1FF | src1)]
        return change + ([(inst.address + 4, NOP)] if len(inst.words) == 2 else [])
    low = inst.words[1]
    src0, src1 = low & 0x1FF, low >> 9 & 0x1FF
    return [(inst.address + 4, low & ~0x3FFFF | (src0 | src0 << 9 if keep == 0 else src1 | src1 << 9))]


def mutants(insts, executed):
    """Lists of (label, changes): of a list, a later one is tried only when the
    one before it was reported."""
    nowhere = far_offsets(insts)
    jumped = set()
    for inst in insts:
        if inst.name.startswith(("s_branch", "s_cbranch")):
            offset = inst.words[0] & 0xFFFF
            jumped.add(inst.address + 4 + 4 * (offset - 0x10000 if offset & 0x8000 else offset))
    for n, inst in enumerate(insts):
        if inst.address not in executed:
            continue
        if inst.name == "s_waitcnt":
            for chain in wait_mutants(inst):
                if chain:
                    yield inst, chain
        else:
            for one in other_mutants(insts, n, jumped, nowhere):
                yield inst, [one]


class Launch:
    def __init__(self, path, moe_run, work, extra):
        self.path, self.moe_run, self.work, self.extra = path, moe_run, work, extra
        self.here = os.path.dirname(os.path.abspath(path))
        with open(path) as f:
            self.spec = json.load(f)
        self.spec.pop("expect", None)
        self.name = os.path.basename(path).replace(".launch.json", "").replace(".json", "")
        self.object = os.path.join(self.here, self.spec["code_object"])
        for arg in self.spec["args"]:
            if "file" in arg:
                arg["file"] = os.path.join(self.here, arg["file"])
        os.makedirs(work, exist_ok=True)

    def run(self, tag, data, flags):
        """Exit code, text, bytes of the outputs."""
        stem = os.path.join(self.work, f"{self.name}.{tag}")
        spec = json.loads(json.dumps(self.spec))
        spec["code_object"] = stem + ".hsaco"
        with open(stem + ".hsaco", "wb") as f:
            f.write(data)
        outs = []
        for n, arg in enumerate(spec["args"]):
            if arg["kind"] == "buffer":
                arg["out"] = f"{stem}.{n}.out"
                outs.append(arg["out"])
        with open(stem + ".json", "w") as f:
            json.dump(spec, f)
        try:
            done = subprocess.run([self.moe_run, "launch", stem + ".json", *flags, *self.extra], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, errors="replace", timeout=300)
            code, text = done.returncode, done.stdout + "\n" + done.stderr
        except subprocess.TimeoutExpired:
            code, text = -1, "timeout"
        result = b""
        for out in outs:
            if os.path.exists(out):
                with open(out, "rb") as f:
                    result += f.read()
                os.remove(out)
        for end in (".json", ".hsaco"):
            os.remove(stem + end)
        return code, text, result


def executed_addresses(launch, image):
    trace = os.path.join(launch.work, launch.name + ".trace.json")
    code, text, _ = launch.run("traced", image.data, ["--trace", trace, "--trace-limit", "400000"])
    if code:
        sys.exit(f"{launch.path}: the kernel as it is fails: {text}")
    with open(trace) as f:
        found = {int(m[1], 16) for m in re.finditer(r'"pc":"0x([0-9a-f]+)"', f.read())}
    os.remove(trace)
    return found


class Outcome:
    """What a run said: kind, the message, and the bytes it moved."""

    def __init__(self, code, text, result, good):
        self.text, self.moved = text.strip().splitlines()[0] if text.strip() else "", None
        said = [line for line in text.splitlines() if line.startswith("{")]
        data = json.loads(said[0]) if said else {"reports": [], "stats": {}}
        self.moved = [v for k, v in sorted(data["stats"].items()) if "bytes" in k or "atomics" in k]
        # The report to judge is one with both instructions, if there is one.
        reports = sorted(data["reports"], key=lambda r: -len(PLACE.findall(r)))
        if reports:
            self.text = reports[0]
            self.kind = reports[0].split(":")[0]
            if self.kind in ("wait", "race", "hazard") and len(PLACE.findall(reports[0])) < 2:
                self.kind = "HALF A REPORT"
        elif code:
            self.kind = "error"
        else:
            self.kind = "unnoticed" if result == good else "wrong result"


def sweep(path, options, pool):
    launch = Launch(path, options.moe_run, options.work, options.launch_flag)
    image = Image(launch.object)
    insts = disassemble(launch.object)
    flags = ["--sanitize", "all,hazard=strict", "--stats", "--json", "--threads", "1", "--max-instructions", str(options.max_instructions)]
    code, text, good = launch.run("original", image.data, flags)
    original = Outcome(code, text, good, good)
    if original.kind != "unnoticed":
        sys.exit(f"{path}: the kernel as it is must give no report, got {text}")
    executed = executed_addresses(launch, image)

    def chain_outcome(item):
        inst, chain = item
        results = []
        for label, changes in chain:
            code, text, result = launch.run(f"{inst.address:x}.{label}", image.patched(changes), flags)
            outcome = Outcome(code, text, result, good)
            if label in BOUNDS and outcome.kind == "unnoticed" and outcome.moved == original.moved:
                outcome.kind = "bound of nothing"
            if label not in BOUNDS and outcome.kind == "wrong result":
                outcome.kind = "WRONG RESULT"
            results.append((inst, label, outcome))
            if outcome.kind in UNREPORTED:
                break
        return results

    items = [i for i in mutants(insts, executed) if not options.only or any(re.match(options.only, c[0]) for c in i[1])]
    if options.sample > 1:
        items = items[options.first % options.sample::options.sample]
    found = []
    for results in pool.map(chain_outcome, items):
        found += results
    return launch.name, found


KINDS = {"vmcnt": "wait for vector memory", "lgkmcnt": "wait for LDS or scalar memory",
         "barrier": "barrier", "nop": "wait states", "guard": "guard by EXEC",
         "records": "end of a buffer", "offset": "bounded offset", "exec": "EXEC set-up"}


def statement(controls, everything, table):
    """Rows of Markdown from (launch, inst, label, outcome)."""
    yield f"{controls} clean controls, 0 with a report"
    yield "| mutation | trials | admitted faults | detected |"
    yield "|---|---|---|---|"
    total = [0, 0, 0]
    for kind, meaning in KINDS.items():
        row = [0, 0, 0]
        for name, inst, label, outcome in everything:
            if label.split("=")[0] != kind:
                continue
            harmless = ((name, f"0x{inst.address:x}", label) in table
                        or outcome.kind == "bound of nothing")
            row[0] += 1
            row[1] += not harmless
            row[2] += not harmless and outcome.kind not in UNREPORTED
        total = [a + b for a, b in zip(total, row)]
        yield f"| {meaning} | {row[0]} | {row[1]} | {row[2]} |"
    yield f"| all | {total[0]} | {total[1]} | {total[2]} |"


def read_table(path):
    rows = {}
    with open(path) as f:
        for number, line in enumerate(f, 1):
            row, _, reason = line.partition("#")
            if not row.strip():
                continue
            if not reason.strip():
                sys.exit(f"{path}:{number}: expected a reason behind '#', got none")
            names, addresses, label = row.split()
            for name in names.split(","):
                for address in addresses.split(","):
                    rows[name, address, label] = reason.strip()
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("launches", nargs="+")
    parser.add_argument("--moe-run", required=True)
    parser.add_argument("--work", required=True, help="folder for mutants")
    parser.add_argument("--table")
    parser.add_argument("--tolerate", type=int, default=0, help="mutants a launch that are in no table (kernels that change)")
    parser.add_argument("--only", help="regular expression of mutations")
    parser.add_argument("--sample", type=int, default=1, help="one site of so many")
    parser.add_argument("--first", type=int, default=0, help="where the sample starts")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--max-instructions", type=int, default=20000000)
    parser.add_argument("--launch-flag", action="append", default=[])
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--statement", action="store_true", help="a table of trials, admitted faults and detections")
    options = parser.parse_args()
    table = read_table(options.table) if options.table else {}
    unseen, bad, everything = [], [], []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for path in options.launches:
            name, found = sweep(path, options, pool)
            tally, unlisted = {}, []
            everything += [(name, *entry) for entry in found]
            for inst, label, outcome in found:
                tally[outcome.kind] = tally.get(outcome.kind, 0) + 1
                if options.verbose:
                    print(f"{name} 0x{inst.address:x} {label} {outcome.kind}: {inst.text} :: {outcome.text}")
                if outcome.kind in UNREPORTED:
                    unseen.append((name, f"0x{inst.address:x}", label))
                    if unseen[-1] not in table:
                        unlisted.append(f"{name} 0x{inst.address:x} {label} # {outcome.kind}: {inst.text}")
            worse = [line for line in unlisted if "# unnoticed" not in line]
            bad += unlisted if len(unlisted) > options.tolerate else worse
            rows = {r for r in table if r[0] == name}
            tried = {(name, f"0x{inst.address:x}", label) for inst, label, _ in found}
            gone = rows - set(unseen)
            bad += [f"{' '.join(r)}: in the table, but " + ("reported" if r in tried else "no such mutant")
                    for r in sorted(gone) if r in tried or options.sample == 1]
            print(f"{name}: {len(found)} mutants: " + ", ".join(f"{n} {o}" for o, n in sorted(tally.items())), flush=True)
    if options.statement:
        print("\n".join(statement(len(options.launches), everything, table)))
    for line in bad:
        print(line)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
