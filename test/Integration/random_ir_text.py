# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A program of random_ir.py as MLIR text: which ops, on what memory, in which form."""

import numpy as np

from random_ir_reference import BYTES, Data, decided, decode, encode, physical, shuffle

LDS = {"gfx950": 160 * 1024, "gfx942": 64 * 1024}
GLOBAL = "#gpu.address_space<global>"
ROUTED = ("sorted", "routed")


def tile_is_possible(p, stage, depth):
    """The rules of docs/KernelABI.md for the schedule of a stage."""
    across = p["waves"] // p["k_wave"]
    columns = p["tile_n"] // max(across, 1)
    tiles = -(-depth // p["tile_k"])
    return (p["waves"] % p["k_wave"] == 0 and across > 0
            and p["k_batch"] <= tiles and p["k_wave"] <= tiles // p["k_batch"]
            and p["tile_n"] % ((32 if stage == "up" else 16) * across) == 0
            and (columns == 16 or columns % 32 == 0) and columns <= 64 * p["k_wave"]
            and p["tile_m"] * p["tile_k"] // 8 % (64 * across) == 0
            and p["block_rows"] % p["tile_m"] == 0
            and 4 * p["tile_m"] * max(p["tile_k"], p["tile_n"]) * p["k_wave"]
            + 8 * p["tile_m"] * p["waves"] * p["unsorted"] <= LDS[p["chip"]])


def stages(p):
    return {"down": ["down"], "stored": ["down"], "parts": ["down"], "gate_up": ["up"],
            "raw": ["up"]}.get(p["chain"], ["up", "down"])


def sensible(p):
    """Small enough, and not refused for a reason that the text of each op says. A
    share of what passes here is refused by a verifier all the same."""
    everywhere = p["experts"] + 2 * (p["local_experts"] == "masked")
    if p["topk"] > everywhere or p["form"] == "kernel" and p["chain"] not in ("down",
                                                                            "gate_up"):
        return False
    if p["form"] == "kernel" and p["schedule"] == "chosen":
        return False
    if p["schedule"] == "given" and not all(
            tile_is_possible(p, s, p["hidden" if s == "up" else "inter"]) for s in stages(p)):
        return False
    if p["schedule"] == "chosen" and (p["k_batch"] > 1 or p["k_wave"] > 1):
        return False
    adds = p["chain"] == "down" and p["accumulate"] or p["chain"] in ("layer", "parts",
                                                                     *ROUTED)
    if p["deterministic"] and (adds or p["k_batch"] > 1 or p["k_wave"] > 1):
        return False
    if p["times"] > 1 and not (p["chain"] == "down" and p["accumulate"]):
        return False
    if p["form"] == "kernel" and p["k_batch"] > 1 and not (p["chain"] == "down"
                                                           and p["accumulate"]):
        return False
    if p["chain"] == "routed":
        ranked, experts = p["topk"] - p["shared"], everywhere - p["shared"]
        if ranked < 1 or experts < 1 or experts % p["groups"]:
            return False
        if ranked > experts // p["groups"] * best_groups(p):
            return False
        if p["correction"] and experts // p["groups"] < 2:
            return False
        if not decided(p, Data(p)):
            return False
    if p["unsorted"] and p["chain"] in ROUTED:
        return False
    pairs = (p["tokens"] + p["spare_tokens"]) * p["topk"]
    return (pairs * p["hidden"] * p["inter"] <= 4e6
            and p["experts"] * p["hidden"] * p["inter"] <= 1e5)


def best_groups(p):
    return max(1, p["groups"] - 1)


class Buffer:
    """Memory of one operand: an array somewhere in it, and what it holds before."""

    def __init__(self, name, kind, values, place="tight", scratch=False):
        """`values` is logical, 1 or 2 dimensions."""
        self.name, self.kind, self.scratch = name, kind, scratch
        values = np.asarray(values)
        self.shape, self.dynamic = values.shape, place == "dynamic"
        step = 16 // BYTES[kind]
        columns = values.shape[-1]
        self.offset = 2 * step if place != "tight" else 0
        wide = place in ("strided", "dynamic") and values.ndim == 2
        self.stride = -(-columns // step) * step + 3 * step if wide else columns
        count = self.offset + (self.stride * values.shape[0] if values.ndim == 2 else columns)
        count = -(-count * BYTES[kind] // 16) * 16 // BYTES[kind]
        self.count = count
        raw = np.full(count * BYTES[kind], 0x7F, np.uint8)
        bits = encode(values, kind)
        raw.view(bits.dtype)[self.places()] = bits
        self.start = raw.tobytes()

    def places(self):
        """The element's place in memory for each logical element."""
        if len(self.shape) == 1:
            return self.offset + np.arange(self.shape[0])
        return self.offset + np.arange(self.shape[0])[:, None] * self.stride + np.arange(
            self.shape[1])[None, :]

    def logical(self, raw):
        return decode(raw, self.kind)[self.places()]

    def type(self, form):
        """Of the operand."""
        sizes = [f"{size}" for size in self.shape]
        if self.shape[0] != 2 and len(sizes) == 1 or len(sizes) == 2 and self.dimension():
            sizes[0] = "?"
        body = "x".join([*sizes, self.kind])
        if form == "tensor":
            return f"tensor<{body}>"
        at = "?" if self.dynamic else str(self.offset)
        step = "?" if self.dynamic else str(self.stride)
        strides = f"[{step}, 1]" if len(self.shape) == 2 else "[1]"
        space = f", {GLOBAL}" if form == "kernel" else ""
        return f"memref<{body}, strided<{strides}, offset: {at}>{space}>"

    def dimension(self):
        """Rows are a dimension that only the run knows, except those of a bias."""
        return self.name not in ("bias_up", "bias_down", "workspace")


class Program:
    def __init__(self, problem, data):
        self.problem, self.data = problem, data
        self.buffers, self.ops, self.lines, self.cleared = {}, [], [], set()
        self.form = problem["form"]
        # Tensor values change with each op; memrefs do not.
        self.now, self.fresh = {}, 0
        self.scalars = {"tokens": ("i32", problem["tokens"]), "flag": ("i32", 1)}
        self.memory()
        getattr(self, problem["chain"])()
        self.launch = self.grid()
        self.text = self.kernel_text() if self.form == "kernel" else self.host_text()

    #===-- Memory -----------------------------------------------------------===#

    def value(self, read, name):
        return self.buffers[name].logical(read[name][:len(self.buffers[name].start)])

    def start(self, name, cleared=False):
        logical = self.buffers[name].logical(self.buffers[name].start)
        return np.where(np.arange(len(logical))[:, None] < self.problem["tokens"], 0,
                        logical) if cleared else logical

    def add(self, name, kind, values, place="tight", scratch=False):
        self.buffers[name] = Buffer(name, kind, values, place, scratch)
        self.now[name] = "%" + name

    def memory(self):
        p, data = self.problem, self.data
        for stage in stages(p):
            order = physical(p["gate"], p["inter"]) if stage == "up" else slice(None)
            w, s = shuffle(data.codes[stage][:, order], data.scales[stage][:, order])
            self.add("w_" + stage, "i8", w)
            self.add("s_" + stage, "i8", s)
            if p["bias"]:
                self.add("bias_" + stage, "f32", data.bias[stage][:, order],
                         "strided" if p["x_place"] == "strided" else "tight")
        if p["unsorted"]:
            self.add("topk_ids", "i32", data.topk_ids, p["list_place"])
            self.add("topk_weights", "f32", data.topk_weights, p["list_place"])
        if p["unsorted"] and data.masked:
            self.add_map()
        if p["chain"] not in ROUTED:
            place = p["list_place"]
            for name, kind, values in zip(("ids", "experts", "weights", "num_valid"),
                                          ("i32", "i32", "f32", "i32"), data.lists()):
                self.add(name, kind, values, place)

    def add_map(self):
        """The map of experts, whose length the type has to say."""
        self.add("map", "i32", self.data.local)
        kind = self.buffers["map"].type(self.form)
        self.map_type = kind.replace("<?", f"<{len(self.data.local)}")
        self.now["map"] = "%map_known"
        dialect = "tensor" if self.form == "tensor" else "memref"
        self.lines.append(f"    %map_known = {dialect}.cast %map : {kind} to {self.map_type}")

    def routing(self, clear):
        """Where a product gets its rows from, and what it clears."""
        if not self.problem["unsorted"]:
            return f"routing({self.operands('ids', 'experts', 'weights', 'num_valid')})"
        text = f"unsorted({self.operands('topk_ids', 'topk_weights')})"
        if self.data.masked:
            text += f" expert_map(%map_known : {self.map_type})"
        return text + (f" clear({self.operands(clear)})" if clear else "")

    def output(self, name, kind, rows, columns, place="tight"):
        self.add(name, kind, self.data.rng.integers(-8, 9, (rows, columns)), place)

    def activations(self, rows, columns):
        self.add("x", "bf16", self.data.rng.integers(-4, 5, (rows, columns)),
                 self.problem["x_place"])

    #===-- Ops --------------------------------------------------------------===#

    def emit(self, text, written, indent="    "):
        """An op; on tensors, with results that are the new values of `written`."""
        if self.form != "tensor":
            self.lines.append(f"{indent}{text}")
            return
        self.fresh += 1
        result = f"%r{self.fresh}"
        types = ", ".join(self.buffers[name].type("tensor") for name in written)
        several = f":{len(written)}" if len(written) > 1 else ""
        self.lines.append(f"{indent}{result}{several} = {text} -> {types}")
        for i, name in enumerate(written):
            self.now[name] = f"{result}#{i}" if several else result

    def operands(self, *names):
        return (", ".join(self.now[name] for name in names) + " : "
                + ", ".join(self.buffers[name].type(self.form) for name in names))

    def around(self, write, out, times):
        """`write` emits an op on `out`, in a loop of `times` and, with "branch",
        where only the run knows that it is reached."""
        tensor, kind = self.form == "tensor", self.buffers[out].type(self.form)
        before = self.now[out]
        loop, branch = times > 1, self.problem["branch"]
        self.fresh += 1
        name = f"{self.fresh}"
        if branch:
            self.lines.append(f"    %set{name} = arith.cmpi ne, %flag, %none : i32")
            result = f"%b{name} = " if tensor else ""
            arrow = f" -> ({kind})" if tensor else ""
            self.lines.append(f"    {result}scf.if %set{name}{arrow} {{")
        if loop:
            carried = f" iter_args(%it{name} = {before}) -> ({kind})" if tensor else ""
            result = f"%l{name} = " if tensor else ""
            self.lines.append(f"    {result}scf.for %i{name} = %zero to %times step %one"
                              f"{carried} {{")
            if tensor:
                self.now[out] = f"%it{name}"
        write()
        if loop:
            if tensor:
                self.lines.append(f"    scf.yield {self.now[out]} : {kind}")
                self.now[out] = f"%l{name}"
            self.lines.append("    }")
        if branch:
            if tensor:
                self.lines.append(f"    scf.yield {self.now[out]} : {kind}\n    }} else {{\n"
                                  f"    scf.yield {before} : {kind}")
                self.now[out] = f"%b{name}"
            self.lines.append("    }")

    def params(self):
        return {"silu": "silu(%limit)", "swiglu": "swiglu(%alpha, %limit)",
                "situv2": "situv2(%limit, %beta, %linear)"}[self.problem["activation"]]

    def schedule(self):
        p = self.problem
        if p["schedule"] == "chosen":
            return ""
        values = ", ".join(f"{key} = {p[key]}" for key in (
            "tile_m", "tile_n", "tile_k", "waves", "k_batch", "k_wave", "cache", "xcd",
            "group_m"))
        return f" schedule <{values}>"

    def shaped(self, stage):
        """Types of the weights and scales of a stage."""
        p = self.problem
        rows, depth = (2 * p["inter"], p["hidden"]) if stage == "up" else (p["hidden"],
                                                                         p["inter"])
        gate = f", gate = {p['gate']}" if stage == "up" else ""
        space = f", {GLOBAL}" if self.form == "kernel" else ""
        shaped = "tensor" if self.form == "tensor" else "memref"
        return [f"{shaped}<{p['experts']}x{rows}x{d}x{kind}, #moe.preshuffle<{role}{gate}>"
                f"{space}>" for d, kind, role in ((depth, "f4E2M1FN", "weight"),
                                                  (depth // 32, "f8E8M0FNU", "scale"))]

    def gemm(self, stage, x, out, accumulate=False, per_slot=False, raw=False, exact=True,
             cleared=False, clear=None):
        p = self.problem
        op = {"op": "gemm", "stage": stage, "x": x, "out": out, "accumulate": accumulate,
              "per_slot": per_slot, "raw": raw, "exact": exact, "bias": p["bias"] and not raw,
              "weight": p["routing_weight"] and not raw, "cleared": cleared,
              "times": p["times"], "unsorted": p["unsorted"]}
        twice = self.form == "kernel" and p["in_function"] and accumulate
        op["times"] *= 2 if twice else 1
        self.ops.append(op)
        w, s = self.shaped(stage)
        words = [word for word, is_set in (
            ("gate_up" if stage == "up" else "down", True), ("accumulate", accumulate),
            ("per_slot", per_slot), ("routing_weight", op["weight"]),
            ("deterministic", p["deterministic"])) if is_set]

        def write():
            out_type = self.buffers[out].type(self.form)
            x_type = self.buffers[x].type(self.form)
            bias = f" bias({self.operands('bias_' + stage)})" if op["bias"] else ""
            act = f" activation {self.params()}" if stage == "up" and not raw else ""
            self.emit(f"moe.grouped_gemm {' '.join(words)} outs({self.now[out]} : {out_type}) "
                      f"ins({self.now[x]}, %pw_{stage}, %ps_{stage} : {x_type}, {w}, {s}) "
                      f"{self.routing(clear)}{bias}{act} tokens(%tokens) topk {p['topk']}"
                      f"{'' if p['unsorted'] else ' block_rows ' + str(p['block_rows'])}"
                      f"{self.schedule()}", [out] + [clear] * bool(clear))

        self.around(write, out, p["times"])
        if twice:
            self.around(write, out, p["times"])

    def down(self):
        p, data = self.problem, self.data
        self.activations(data.rows * p["topk"], p["inter"])
        rows = data.rows * (1 if p["accumulate"] else p["topk"])
        self.output("out", p["out_type"], rows, p["hidden"], p["out_place"])
        self.gemm("down", "x", "out", p["accumulate"])

    def gate_up(self):
        p, data = self.problem, self.data
        self.activations(data.rows, p["hidden"])
        self.output("out", p["out_type"], data.rows * p["topk"], p["inter"], p["out_place"])
        self.gemm("up", "x", "out")

    def layer(self, cleared=False):
        p, data = self.problem, self.data
        self.activations(data.rows, p["hidden"])
        self.output("h", "bf16", data.rows * p["topk"], p["inter"])
        if not cleared:
            self.output("out", p["out_type"], data.rows, p["hidden"], p["out_place"])
        # A branch hands on one tensor, that of the output.
        clears = p["unsorted"] and not p["branch"]
        if clears:
            self.cleared.add("out")
        self.gemm("up", "x", "h", clear="out" if clears else None)
        self.gemm("down", "h", "out", True, exact=False, cleared=cleared or clears)

    def raw(self):
        """Stage 1 in two steps, as split-K takes it."""
        p, data = self.problem, self.data
        self.activations(data.rows, p["hidden"])
        slots = data.rows * p["topk"]
        self.output("sums", "f32", slots, 2 * p["inter"])
        self.output("out", p["out_type"], slots, p["inter"], p["out_place"])
        self.gemm("up", "x", "sums", accumulate=p["k_batch"] > 1, raw=True)
        self.activate("sums", "out", True)

    def parts(self):
        """Stage 2 in f32 sums for each slot, then in the output's type."""
        p, data = self.problem, self.data
        slots = data.rows * p["topk"]
        self.activations(slots, p["inter"])
        self.output("sums", "f32", slots, p["hidden"])
        self.output("out", p["out_type"], slots, p["hidden"], p["out_place"])
        self.gemm("down", "x", "sums", accumulate=True, per_slot=True)
        self.activate("sums", "out", False)

    def activate(self, sums, out, activation):
        p = self.problem
        bias = activation and p["bias"]
        self.ops.append({"op": "activate", "x": sums, "out": out, "activation": activation,
                         "bias": bias, "weight": p["routing_weight"]})
        names = [sums, out, "ids", "experts", "weights", "num_valid"] + ["bias_up"] * bias

        def write():
            types = ", ".join(self.buffers[name].type(self.form) for name in names)
            lists = ", ".join(self.now[n] for n in ("ids", "experts", "weights", "num_valid"))
            self.emit(f"moe.activate_sums {self.params() if activation else 'none'} "
                      f"{self.now[sums]} to {self.now[out]} routing({lists})"
                      + (f" bias(%bias_up) gate {p['gate']}" if bias else "")
                      + f" tokens(%tokens) topk {p['topk']} experts {p['experts']} block_rows "
                      f"{p['block_rows']}{' routing_weight' if p['routing_weight'] else ''} : "
                      f"{types}", [out])

        self.around(write, out, 1)

    def stored(self):
        p, data = self.problem, self.data
        slots = data.rows * p["topk"]
        self.activations(slots, p["inter"])
        self.output("parts", p["out_type"], slots, p["hidden"])
        self.output("out", p["out_type"], data.rows, p["hidden"], p["out_place"])
        local = data.local[data.topk_ids] >= 0
        local[p["tokens"]:] = False
        valid = data.masked
        if valid:
            self.add("valid", "i8", local.reshape(-1))
        self.gemm("down", "x", "parts")
        self.ops.append({"op": "reduce", "x": "parts", "out": "out", "valid": valid})
        names = ["parts", "out"] + ["valid"] * valid

        def write():
            types = ", ".join(self.buffers[name].type(self.form) for name in names)
            self.emit(f"moe.reduce_slots {self.now['parts']} to {self.now['out']}"
                      f"{' valid(%valid)' if valid else ''} tokens(%tokens) topk {p['topk']} : "
                      f"{types}", ["out"])

        self.around(write, "out", 1)

    def sorted(self):
        p, data = self.problem, self.data
        if "topk_ids" not in self.buffers:
            self.add("topk_ids", "i32", data.topk_ids)
            self.add("topk_weights", "f32", data.topk_weights)
        rows = p["tokens"] * p["topk"] + p["experts"] * p["block_rows"] - p["topk"]
        blocks = -(-rows // p["block_rows"])
        for name, kind, count in (("ids", "i32", rows), ("experts", "i32", blocks),
                                  ("weights", "f32", rows), ("num_valid", "i32", 2)):
            self.add(name, kind, data.rng.integers(0, 99, count), p["list_place"])
        self.output("out", p["out_type"], data.rows, p["hidden"], p["out_place"])
        self.cleared.add("out")
        extra = ""
        written = ["ids", "experts", "weights", "num_valid"]
        if data.masked:
            self.add_map()
            extra += f" expert_map(%map_known : {self.map_type})"
        if p["workspace"]:
            self.add("workspace", "i32", np.full((64, p["experts"]), -7), scratch=True)
            written.append("workspace")
            extra += f" workspace({self.operands('workspace')})"
        extra += f" clear({self.operands('out')})"
        written.append("out")
        self.ops.append({"op": "sort"})
        self.emit(f"moe.sort outs({self.operands('ids', 'experts', 'weights', 'num_valid')}) "
                  f"ins({self.operands('topk_ids', 'topk_weights')}){extra} tokens(%tokens) "
                  f"experts {p['experts']} block_rows {p['block_rows']}", written)
        self.layer(cleared=True)

    def routed(self):
        p, data = self.problem, self.data
        self.add("logits", "f32", data.logits, p["x_place"])
        ids = np.full((data.rows, p["topk"]), -5)
        self.add("topk_ids", "i32", ids)
        self.add("topk_weights", "f32", ids)
        words = [p["score"]] + ["renormalize"] * p["renormalize"]
        extra = ""
        if p["correction"]:
            self.add("correction", "f32", data.correction)
            kind = self.buffers["correction"].type(self.form)
            known = kind.replace("<?", f"<{len(data.correction)}")
            self.lines.append(f"    %correction_known = {self.form}.cast %correction : {kind} "
                              f"to {known}")
            extra += f" correction(%correction_known : {known})"
        if p["groups"] > 1:
            extra += f" groups {p['groups']} best {best_groups(p)}"
        if p["shared"]:
            extra += f" shared {p['shared']} weight 0.5"
        self.ops.append({"op": "route", "best": best_groups(p)})
        self.emit(f"moe.route {' '.join(words)} outs("
                  f"{self.operands('topk_ids', 'topk_weights')}) ins("
                  f"{self.operands('logits')}){extra} tokens(%tokens)",
                  ["topk_ids", "topk_weights"])
        self.sorted()

    #===-- Text around the ops ----------------------------------------------===#

    def grid(self):
        p = self.problem
        if p["schedule"] == "chosen":
            return None
        rows = 2 * p["inter"] if "up" in stages(p) else p["hidden"]
        tiles = p["tokens"] * p["topk"] if p["unsorted"] else \
            self.buffers["experts"].shape[0] * (p["block_rows"] // p["tile_m"])
        return -(-rows // p["tile_n"]) * tiles * p["k_batch"], 64 * p["waves"]

    def constants(self):
        limit = self.problem["limit"]
        text = "0x7F800000" if limit == float("inf") else repr(limit)
        return f"""    %limit = arith.constant {text} : f32
    %alpha = arith.constant 1.5 : f32
    %beta = arith.constant 4.0 : f32
    %linear = arith.constant 25.0 : f32
    %none = arith.constant 0 : i32
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %times = arith.constant {self.problem['times']} : index
"""

    def views(self, source):
        """Operands out of flat memory; `source` names it and its type."""
        lines = []
        for b in self.buffers.values():
            if b.name[:2] in ("w_", "s_"):
                continue
            flat, kind = source(b)
            form = "kernel" if self.form == "kernel" else "memref"
            place = [f"%{b.name}_at", f"%{b.name}_step"] if b.dynamic else [b.offset, b.stride]
            target = b.type(form)
            sizes = [str(size) for size in b.shape]
            if target.startswith("memref<?"):
                lines.append(f"    %{b.name}_n = arith.constant {b.shape[0]} : index")
                sizes[0] = f"%{b.name}_n"
            strides = f"[{place[1]}, 1]" if len(sizes) == 2 else "[1]"
            lines.append(f"    %{b.name}{'_m' if form == 'memref' else ''} = "
                         f"memref.reinterpret_cast {flat} to offset: [{place[0]}], sizes: "
                         f"[{', '.join(sizes)}], strides: {strides} : {kind} to {target}")
        return lines

    def kernel_text(self):
        args, lines = [], []
        for b in self.buffers.values():
            if b.name[:2] in ("w_", "s_"):
                w, s = self.shaped(b.name[2:])
                args.append(f"%p{b.name}: {w if b.name[0] == 'w' else s}")
            else:
                args.append(f"%{b.name}_p: memref<{b.kind}, {GLOBAL}>")
        args += ["%tokens: i32", "%flag: i32"]
        for b in self.buffers.values():
            if b.dynamic:
                for what, value in (("at", b.offset), ("step", b.stride)):
                    args.append(f"%{b.name}_{what}: index")
                    self.scalars[f"{b.name}_{what}"] = ("i64", value)
        lines = self.views(lambda b: (f"%{b.name}_p", f"memref<{b.kind}, {GLOBAL}>"))
        body = "\n".join(lines + self.lines)
        return f"""module attributes {{gpu.container_module}} {{
  gpu.module @kernels {{
    gpu.func @program({", ".join(args)}) kernel {{
{self.constants()}{body}
      gpu.return
    }}
  }}
}}
"""

    def host_text(self):
        form, p = self.form, self.problem
        top, lines, inputs = [], [], []
        for b in self.buffers.values():
            size = len(b.start)
            top.append(f"  memref.global \"private\" @{b.name} : memref<{size}xi8> = "
                       f"dense<\"0x{b.start.hex().upper()}\"> {{alignment = 64}}")
            lines += [f"    %{b.name}_b = memref.get_global @{b.name} : memref<{size}xi8>",
                      f"    %{b.name}_u = memref.cast %{b.name}_b : memref<{size}xi8> to "
                      f"memref<*xi8>", f"    gpu.host_register %{b.name}_u : memref<*xi8>"]
            if b.name[:2] in ("w_", "s_"):
                lines.append(f"    %{b.name}_m = memref.cast %{b.name}_b : memref<{size}xi8> to "
                             f"memref<?xi8>")
            else:
                lines.append(f"    %{b.name}_f = memref.view %{b.name}_b[%zero][] : "
                             f"memref<{size}xi8> to memref<{b.count}x{b.kind}>")
            if b.dynamic:
                # Loaded, so that no pass knows the numbers.
                top.append(f"  memref.global \"private\" @{b.name}_numbers : memref<2xindex> = "
                           f"dense<[{b.offset}, {b.stride}]>")
                lines += [f"    %{b.name}_k = memref.get_global @{b.name}_numbers : "
                          f"memref<2xindex>",
                          f"    %{b.name}_at = memref.load %{b.name}_k[%zero] : memref<2xindex>",
                          f"    %{b.name}_step = memref.load %{b.name}_k[%one] : memref<2xindex>"]
        lines += self.views(lambda b: (f"%{b.name}_f", f"memref<{b.count}x{b.kind}>"))
        for b in self.buffers.values():
            kind = self.argument(b, "memref")
            if form == "tensor":
                lines.append(f"    %{b.name}_v = bufferization.to_tensor %{b.name}_m restrict "
                             f"writable : {kind} to {self.argument(b, 'tensor')}")
            inputs.append((b.name, f"%{b.name}_{'v' if form == 'tensor' else 'm'}",
                           self.argument(b, form)))
        wrapped = []
        for stage in stages(p):
            for letter, kind in zip("ws", self.shaped(stage)):
                bytes_ = f"{form}<?xi8>"
                wrapped.append(f"    %p{letter}_{stage} = moe.preshuffled %{letter}_{stage} : "
                               f"{bytes_} to {kind}")
        written = [b for b in self.buffers.values() if self.now[b.name] != "%" + b.name
                   and b.name != "map"] if form == "tensor" else []
        results = ", ".join(b.type("tensor") for b in written)
        returned = ", ".join(self.now[b.name] for b in written)
        arrow = f" -> ({results})" if written else ""
        names = ", ".join(f"%{name}: {kind}" for name, _, kind in inputs)
        body = self.constants() + "\n".join(wrapped + self.lines)
        call = ", ".join(value for _, value, _ in inputs)
        kinds = ", ".join(kind for _, _, kind in inputs)
        target = f"%all:{len(written)} = " if written else ""
        back = [f"    bufferization.materialize_in_destination %all#{i} in restrict writable "
                f"%{b.name}_m : ({b.type('tensor')}, {b.type('memref')}) -> ()"
                for i, b in enumerate(written)]
        shown = []
        for b in self.buffers.values():
            words = len(b.start) // 4
            shown += [f"    %{b.name}_w = memref.view %{b.name}_b[%zero][] : "
                      f"memref<{len(b.start)}xi8> to memref<{words}xi32>",
                      f"    %{b.name}_s = memref.cast %{b.name}_w : memref<{words}xi32> to "
                      f"memref<*xi32>",
                      f"    call @printMemrefI32(%{b.name}_s) : (memref<*xi32>) -> ()"]
        visible = "" if p["in_function"] else "private "
        nl = "\n"
        return f"""{nl.join(top)}
  memref.global "private" @numbers : memref<2xi32> = dense<[{p['tokens']}, 1]>
  func.func private @printMemrefI32(memref<*xi32>) attributes {{llvm.emit_c_interface}}
  func.func {visible}@ops({names}, %tokens: i32, %flag: i32){arrow} {{
{body}
    return{f" {returned} : {results}" if written else ""}
  }}
  func.func @main() {{
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %numbers_m = memref.get_global @numbers : memref<2xi32>
    %tokens = memref.load %numbers_m[%zero] : memref<2xi32>
    %flag = memref.load %numbers_m[%one] : memref<2xi32>
{nl.join(lines)}
    {target}call @ops({call}, %tokens, %flag) : ({kinds}, i32, i32) -> ({results})
{nl.join(back + shown)}
    return
  }}
"""

    @staticmethod
    def argument(b, form):
        if b.name[:2] in ("w_", "s_"):
            return f"{form}<?xi8>"
        return b.type(form)
