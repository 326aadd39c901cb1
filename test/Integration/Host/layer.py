# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
"""A host program on tensors, both stages of a small layer: generate it as MLIR
with its data in it, or check what it printed.

    layer.py generate [--k-batch N | --schedule TEXT | --temporary | --router] > layer.mlir
    layer.py check [--router] < printed.txt

With --router the program starts from a router's logits: it routes and sorts.

The data come from a fixed seed, the bytes of the weights from the formulas of
docs/Layouts.md, and the expected numbers from NumPy in double.
"""
import re
import sys

import numpy as np

T, TOPK, E, H, I, BLOCK = 3, 2, 3, 160, 64, 16
E2M1 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6])


def bf16(values):
    """Rounded to bf16, nearest even."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32)


class Problem:
    def __init__(self, router=False):
        rng = np.random.default_rng(7)
        self.x = bf16(rng.standard_normal((T, H)))
        self.codes = [rng.integers(0, 16, (E, 2 * I, H)), rng.integers(0, 16, (E, H, I))]
        self.scales = [rng.integers(119, 127, c.shape[:2] + (c.shape[2] // 32,)) for c in self.codes]
        self.bias = rng.standard_normal((E, 2 * I)).astype(np.float32)
        # Token t goes to experts t % E and (t + 1) % E.
        self.pairs = [(t, s, (t + s) % E) for t in range(T) for s in range(TOPK)]
        self.weights = rng.random((T, TOPK)).astype(np.float32)
        self.logits = rng.standard_normal((T, E)).astype(np.float32)
        if router:
            chosen = np.argsort(-self.logits, axis=1, kind="stable")[:, :TOPK]
            self.pairs = [(t, s, chosen[t, s]) for t in range(T) for s in range(TOPK)]
            scores = np.exp(np.take_along_axis(self.logits, chosen, 1).astype(float))
            self.weights = scores / scores.sum(axis=1, keepdims=True)

    def dense(self, stage):
        scale = np.exp2(self.scales[stage].astype(float) - 127)
        return E2M1[self.codes[stage]] * np.repeat(scale, 32, axis=2)

    def sorted(self):
        ids, experts, weights = [], [], []
        for e in range(E):
            rows = [(t, s) for t, s, expert in self.pairs if expert == e]
            assert len(rows) <= BLOCK
            experts.append(e)
            ids += [s << 24 | t for t, s in rows] + [TOPK << 24 | T] * (BLOCK - len(rows))
            weights += [self.weights[t, s] for t, s in rows] + [0.0] * (BLOCK - len(rows))
        return ids, experts, weights

    def expected(self):
        """out[T, H] and, for each element, what rounding the activations to
        bf16 (a relative 2^-8) may change."""
        out, slack = np.zeros((T, H)), np.zeros((T, H))
        w13, w2 = self.dense(0), self.dense(1)
        for t, s, e in self.pairs:
            sums = w13[e] @ self.x[t].astype(float) + self.bias[e]
            gate, up = np.minimum(sums[:I], 7), np.clip(sums[I:], -7, 7)
            a = gate / (1 + np.exp(-1.702 * gate)) * (up + 1)
            out[t] += w2[e] @ a * self.weights[t, s]
            slack[t] += np.abs(w2[e]) @ np.abs(a) * self.weights[t, s]
        return out, slack * 2.0**-8 * 1.01


def shuffle(codes, scales):
    """docs/Layouts.md, "Weights" and "Scales"."""
    e, n, k = codes.shape
    padded = np.zeros((e, n, -(-k // 128) * 128), np.int64)
    padded[:, :, :k] = codes
    w = padded.reshape(e, n // 16, 16, -1, 4, 32).transpose(0, 1, 3, 4, 2, 5).reshape(-1)
    w = w[0::2] | w[1::2] << 4
    full = np.full((e, n, -(-scales.shape[2] // 8) * 8), 127, np.int64)
    full[:, :, :scales.shape[2]] = scales
    s = full.reshape(e, n // 32, 2, 16, -1, 2, 4).transpose(0, 1, 4, 6, 3, 5, 2).reshape(-1)
    return w, s


def interleave(rows):
    """Blocks of 16 gate rows and 16 up rows alternate."""
    order = [(p // 32) * 16 + p % 16 + (p // 16 % 2) * I for p in range(2 * I)]
    return rows[:, order]


def constant(name, values, element):
    values = np.asarray(values)
    if element == "i8":
        values = values.astype(np.uint8).astype(np.int8)

    def text(v):
        if v.ndim:
            return "[" + ", ".join(text(x) for x in v) + "]"
        return repr(float(v)) if element[0] in "fb" else str(int(v))

    shape = "x".join(map(str, values.shape))
    return (f"memref.global \"private\" @{name} : memref<{shape}x{element}> = dense<{text(values)}>\n"
            f"  ", f"memref<{shape}x{element}>")


def generate(k_batch=1, both=None, temporary=False, router=False):
    """`both`: the schedule of both stages, in place of one that is chosen;
    `temporary`: the layer makes the tensor between the stages itself."""
    p = Problem(router)
    ids, experts, weights = p.sorted()
    w13, s13 = shuffle(interleave(p.codes[0]), interleave(p.scales[0]))
    w2, s2 = shuffle(p.codes[1], p.scales[1])
    data = {"x": (p.x, "bf16"), "w13": (w13, "i8"), "s13": (s13, "i8"), "w2": (w2, "i8"), "s2": (s2, "i8"),
            "ids": (ids, "i32"), "experts": (experts, "i32"), "weights": (weights, "f32"),
            "num_valid": ([len(ids), T], "i32"), "bias": (interleave(p.bias), "f32")}
    buffers = [("h", f"{T * TOPK}x{I}", "bf16"), ("out", f"{T}x{H}", "f32")]
    if router:
        for name in ("ids", "experts", "weights", "num_valid"):
            del data[name]
        data["logits"] = (p.logits, "f32")
        rows = T * TOPK + E * BLOCK - TOPK
        buffers += [("topk_ids", f"{T}x{TOPK}", "i32"), ("topk_weights", f"{T}x{TOPK}", "f32"),
                    ("ids", f"{rows}", "i32"), ("experts", f"{-(-rows // BLOCK)}", "i32"),
                    ("weights", f"{rows}", "f32"), ("num_valid", "2", "i32")]
    globals_, uses, types = [], [], {}
    for name, (values, element) in data.items():
        text, types[name] = constant(name, values, element)
        globals_.append(text)
        uses.append(f"%{name}_m = memref.get_global @{name} : {types[name]}")
    for name, shape, element in buffers:
        types[name] = f"memref<{shape}x{element}>"
        uses.append(f"%{name}_m = memref.alloc() : {types[name]}")
    for name, kind in types.items():
        element = kind[:-1].rsplit("x", 1)[1]
        uses.append(f"%{name}_u = memref.cast %{name}_m : {kind} to memref<*x{element}>")
        uses.append(f"gpu.host_register %{name}_u : memref<*x{element}>")
    # A sort clears what it is given.
    uses.append(f"%zero = arith.constant {7.0 if router else 0.0} : f32")
    uses.append(f"linalg.fill ins(%zero : f32) outs(%out_m : {types['out']})")
    tensors, arguments = [], []
    for name, kind in types.items():
        tensor = dynamic(kind)
        writable = " writable" if name in [b[0] for b in buffers] else ""
        uses.append(f"%{name}_t = bufferization.to_tensor %{name}_m restrict{writable} : {kind} to {kind.replace('memref', 'tensor')}")
        uses.append(f"%{name} = tensor.cast %{name}_t : {kind.replace('memref', 'tensor')} to {tensor}")
        tensors.append(tensor)
        arguments.append(f"%{name}: {tensor}")
    schedule = f" schedule <tile_m = 16, tile_n = 64, tile_k = 128, waves = 2, k_batch = {k_batch}>"
    first, second = schedule if k_batch > 1 else "", ""
    if both:
        first = second = f" schedule <{both}>"
    between = ""
    if temporary:
        between = f"""    %topk = arith.constant {TOPK} : index
    %count = arith.index_cast %tokens : i32 to index
    %slots = arith.muli %count, %topk : index
    %between = tensor.empty(%slots) : tensor<?x{I}xbf16>
"""
    lists = "%ids, %experts, %weights, %num_valid"
    list_types = "tensor<?xi32>, tensor<?xi32>, tensor<?xf32>, tensor<2xi32>"
    out, routing = "%out", ""
    if router:
        pair = f"tensor<{T}x{TOPK}xi32>, tensor<{T}x{TOPK}xf32>"
        routing = f"""%routed:2 = moe.route softmax renormalize outs(%topk_ids, %topk_weights : {pair})
        ins(%logits : tensor<{T}x{E}xf32>) tokens(%tokens) -> {pair}
    %sorted:5 = moe.sort outs({lists} : {list_types}) ins(%routed#0, %routed#1 : {pair})
        clear(%out : tensor<?x{H}xf32>) tokens(%tokens) experts {E} block_rows {BLOCK} -> {list_types}, tensor<?x{H}xf32>"""
        lists, out = "%sorted#0, %sorted#1, %sorted#2, %sorted#3", "%sorted#4"
    nl = "\n    "
    print(f"""
  {"".join(globals_)}
  func.func private @printMemrefF32(memref<*xf32>) attributes {{llvm.emit_c_interface}}

  func.func @layer({", ".join(arguments)}, %tokens: i32) -> tensor<?x{H}xf32> {{
    %alpha = arith.constant 1.702 : f32
    %limit = arith.constant 7.0 : f32
    %w13p = moe.preshuffled %w13 : tensor<?xi8> to tensor<{E}x{2 * I}x{H}xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>
    %s13p = moe.preshuffled %s13 : tensor<?xi8> to tensor<{E}x{2 * I}x{H // 32}xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>
    %w2p = moe.preshuffled %w2 : tensor<?xi8> to tensor<{E}x{H}x{I}xf4E2M1FN, #moe.preshuffle<weight>>
    %s2p = moe.preshuffled %s2 : tensor<?xi8> to tensor<{E}x{H}x{I // 32}xf8E8M0FNU, #moe.preshuffle<scale>>
{between}    {routing}
    %act = moe.grouped_gemm gate_up outs(%{"between" if temporary else "h"} : tensor<?x{I}xbf16>)
        ins(%x, %w13p, %s13p : tensor<?x{H}xbf16>, tensor<{E}x{2 * I}x{H}xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>, tensor<{E}x{2 * I}x{H // 32}xf8E8M0FNU, #moe.preshuffle<scale, gate = interleaved>>)
        routing({lists} : {list_types})
        bias(%bias : tensor<{E}x{2 * I}xf32>) activation swiglu(%alpha, %limit)
        tokens(%tokens) topk {TOPK} block_rows {BLOCK}{first} -> tensor<?x{I}xbf16>
    %sum = moe.grouped_gemm down accumulate routing_weight outs({out} : tensor<?x{H}xf32>)
        ins(%act, %w2p, %s2p : tensor<?x{I}xbf16>, tensor<{E}x{H}x{I}xf4E2M1FN, #moe.preshuffle<weight>>, tensor<{E}x{H}x{I // 32}xf8E8M0FNU, #moe.preshuffle<scale>>)
        routing({lists} : {list_types})
        tokens(%tokens) topk {TOPK} block_rows {BLOCK}{second} -> tensor<?x{H}xf32>
    return %sum : tensor<?x{H}xf32>
  }}

  func.func @main() {{
    {nl.join(uses)}
    %tokens = arith.constant {T} : i32
    %sum = call @layer({", ".join("%" + name for name in types)}, %tokens) : ({", ".join(tensors)}, i32) -> tensor<?x{H}xf32>
    %sum_m = bufferization.to_buffer %sum : tensor<?x{H}xf32> to memref<?x{H}xf32, strided<[?, ?], offset: ?>>
    %sum_u = memref.cast %sum_m : memref<?x{H}xf32, strided<[?, ?], offset: ?>> to memref<*xf32>
    call @printMemrefF32(%sum_u) : (memref<*xf32>) -> ()
    return
  }}""")


def dynamic(kind):
    """The tensor type that crosses the function: rows and lists of any length."""
    inside = kind[len("memref<"):-1].split("x")
    if len(inside) == 2 and inside[0] != "2" or len(inside) == 3 and (inside[0] not in (str(E),) or inside[1] == str(H)):
        inside[0] = "?"
    return "tensor<" + "x".join(inside) + ">"


def check(router):
    text = sys.stdin.read()
    rows = [float(v) for v in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", text.split("data =")[1])]
    got = np.array(rows).reshape(T, H)
    want, slack = Problem(router).expected()
    # Six digits are printed.
    bound = slack + 1e-5 * np.abs(want) + 1e-6
    worst = np.max(np.abs(got - want) / bound)
    print(f"{got.size} elements, worst error {worst:.2f} of the bound")
    sys.exit(0 if worst <= 1 else 1)


with_router = "--router" in sys.argv
if sys.argv[1] == "check":
    check(with_router)
if "--temporary" in sys.argv:
    generate(temporary=True)
elif "--schedule" in sys.argv:
    generate(both=sys.argv[3])
else:
    generate(int(sys.argv[3]) if "--k-batch" in sys.argv else 1, router=with_router)
