# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: %family %s --out %t
"""v_cmp of every type and condition into vcc and scalar pairs, v_cmpx, classes."""
FORMATS = {"f16": num.F16, "f32": num.F32, "f64": num.F64}
flag = "\nv_cndmask_b32 {{d}}, 0, 1, {m}"
for t, fmt in FORMATS.items():
    less = lambda a, b, f=fmt: num.less(f, a, b)
    equal = lambda a, b, f=fmt: num.equal(f, a, b)
    nan = lambda a, b, f=fmt: num.is_nan(f, a) or num.is_nan(f, b)
    table = {
        "f": lambda a, b: False, "lt": less, "eq": equal, "le": lambda a, b, l=less, e=equal: l(a, b) or e(a, b),
        "gt": lambda a, b, l=less: l(b, a), "lg": lambda a, b, l=less: l(a, b) or l(b, a),
        "ge": lambda a, b, l=less, e=equal: l(b, a) or e(a, b), "o": lambda a, b, n=nan: not n(a, b), "u": nan,
        "nge": lambda a, b, l=less, e=equal: not (l(b, a) or e(a, b)),
        "nlg": lambda a, b, l=less: not (l(a, b) or l(b, a)), "ngt": lambda a, b, l=less: not l(b, a),
        "nle": lambda a, b, l=less, e=equal: not (l(a, b) or e(a, b)), "neq": lambda a, b, e=equal: not e(a, b),
        "nlt": lambda a, b, l=less: not l(a, b), "tru": lambda a, b: True}
    for name, formula in table.items():
        case(f"v_cmp_{name}_{t} vcc, {{a}}, {{b}}" + flag.format(m="vcc"), f"{t} {t} -> u32",
             lambda x, f=formula: int(f(x.a, x.b)), copies=1)
        case(f"v_cmp_{name}_{t} s[30:31], {{a}}, {{b}}" + flag.format(m="s[30:31]"), f"{t} {t} -> u32",
             lambda x, f=formula: int(f(x.a, x.b)), copies=2)
    case(f"v_cmp_lt_{t} s[30:31], -{{a}}, |{{b}}|" + flag.format(m="s[30:31]"), f"{t} {t} -> u32",
         lambda x, f=fmt: int(num.less(f, num.neg(f, x.a), num.absolute(f, x.b))))

    def class_of(fmt, v):
        s = num.sign_of(fmt, v)
        if num.is_nan(fmt, v):
            return 0 if num.is_signaling(fmt, v) else 1
        if num.is_inf(fmt, v):
            return 2 if s else 9
        if num.is_zero(fmt, v):
            return 5 if s else 6
        if num.is_denormal(fmt, v):
            return 4 if s else 7
        return 3 if s else 8
    case(f"v_cmp_class_{t} vcc, {{a}}, {{b}}" + flag.format(m="vcc"), f"{t} u32 -> u32",
         lambda x, f=fmt: x.b >> class_of(f, x.a) & 1, copies=4)

for t, bits, is_signed in (("i16", 16, 1), ("u16", 16, 0), ("i32", 32, 1), ("u32", 32, 0), ("i64", 64, 1), ("u64", 64, 0)):
    view = (lambda v, n=bits: num.signed(v, n)) if is_signed else (lambda v: v)
    table = {"f": lambda a, b: False, "lt": lambda a, b: a < b, "eq": lambda a, b: a == b, "le": lambda a, b: a <= b,
             "gt": lambda a, b: a > b, "ne": lambda a, b: a != b, "ge": lambda a, b: a >= b, "t": lambda a, b: True}
    for name, formula in table.items():
        case(f"v_cmp_{name}_{t} vcc, {{a}}, {{b}}" + flag.format(m="vcc"), f"{t} {t} -> u32",
             lambda x, f=formula, v=view: int(f(v(x.a), v(x.b))), copies=1)
    # Inactive lanes get a zero bit; v_cmpx writes EXEC as well.
    some = "s_mov_b32 exec_lo, 0x12345678\ns_mov_b32 exec_hi, 0x9abcdef0\n"
    active = lambda x: 0x9ABCDEF012345678 >> x.lane & 1
    case(some + f"s_mov_b64 vcc, -1\nv_cmp_gt_{t} vcc, {{a}}, {{b}}\ns_mov_b64 exec, -1" + flag.format(m="vcc"),
         f"{t} {t} -> u32", lambda x, v=view: int(active(x) and v(x.a) > v(x.b)))
    case(some + f"v_cmpx_gt_{t} vcc, {{a}}, {{b}}\nv_mov_b32 {{d}}, 1", f"{t} {t} -> u32",
         lambda x, v=view: 1 if active(x) and v(x.a) > v(x.b) else x.d)
for t, fmt in FORMATS.items():
    case(f"v_cmpx_lt_{t} vcc, {{a}}, {{b}}\nv_mov_b32 {{d}}, 1", f"{t} {t} -> u32",
         lambda x, f=fmt: 1 if num.less(f, x.a, x.b) else x.d)
# The scalar results of a whole wave.
case("v_cmp_lt_i32 s[24:25], {a}, {b}\nv_mov_b32 v8, s24\nv_mov_b32 v9, s25", "u32 u32 -> u64",
     lambda lanes: [sum((num.signed(x.a, 32) < num.signed(x.b, 32)) << x.lane for x in lanes)] * 64, all_lanes=True)
# v_cmpx of every condition: the mask goes to EXEC as well, seen by what is written.
for t, fmt in FORMATS.items():
    nan = lambda a, b, f=fmt: num.is_nan(f, a) or num.is_nan(f, b)
    order = lambda a, b, f=fmt: -1 if num.less(f, a, b) else 1 if num.less(f, b, a) else 0
    table = {"f": (), "lt": (-1,), "eq": (0,), "le": (-1, 0), "gt": (1,), "lg": (-1, 1), "ge": (0, 1), "o": (-1, 0, 1), "u": ("nan",),
             "nge": (-1, "nan"), "nlg": (0, "nan"), "ngt": (-1, 0, "nan"), "nle": (1, "nan"), "neq": (-1, 1, "nan"), "nlt": (0, 1, "nan"),
             "tru": (-1, 0, 1, "nan")}
    for name, true in table.items():
        case(f"v_cmpx_{name}_{t} vcc, {{a}}, {{b}}\nv_mov_b32 {{d}}, 1", f"{t} {t} -> u32",
             lambda x, tr=true, n=nan, o=order: 1 if ("nan" if n(x.a, x.b) else o(x.a, x.b)) in tr else x.d, copies=1)
    case(f"v_cmpx_class_{t} vcc, {{a}}, {{b}}\nv_mov_b32 {{d}}, 1", f"{t} u32 -> u32",
         lambda x, f=fmt: 1 if x.b >> class_of(f, x.a) & 1 else x.d, copies=2)
for t, bits, is_signed in (("i16", 16, 1), ("u16", 16, 0), ("i32", 32, 1), ("u32", 32, 0), ("i64", 64, 1), ("u64", 64, 0)):
    view = (lambda v, n=bits: num.signed(v, n)) if is_signed else (lambda v: v)
    near = {"a": lambda lane, r: r.next() % 4, "b": lambda lane, r: r.next() % 4}
    for name, true in {"f": (), "lt": (-1,), "eq": (0,), "le": (-1, 0), "gt": (1,), "ne": (-1, 1), "ge": (0, 1), "t": (-1, 0, 1)}.items():
        for values in (None, near):
            case(f"v_cmpx_{name}_{t} s[30:31], {{a}}, {{b}}\nv_mov_b32 {{d}}, 1", f"{t} {t} -> u32",
                 lambda x, tr=true, v=view: 1 if (v(x.a) > v(x.b)) - (v(x.a) < v(x.b)) in tr else x.d, copies=1, values=values)
