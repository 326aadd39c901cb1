#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The benchmark: our kernels, and others' code objects, in one run.

run.py --build BUILD [--chip CHIP] [--rivals FOLDER] [--output FOLDER]
       [--gpu [--hip-library PATH]] [--shapes FILE] [--only REGEX] [--tokens LIST]
       [--tile-n LIST] [--block TOKENS] [--against OLD.json]

Two phases. Prepare: compiles the kernel of each tile and counts registers, waves,
the hot loop by kind of instruction, llvm-mca's cycles of it and LDS conflicts.
Time: for each shape of shapes.json (those it names in "benchmark", or that --only
names) and each number of tokens, both stages with the configuration that the compiler
chooses and, with --tile-n, a sweep of tile_n. Without a GPU the times are modelled
(docs/Timing.md) from a sample of the workgroups, and say so. FOLDER of rivals as in
count_instructions.py: beside each of theirs that can run a shape stands our stage 2 in
the same mode and on the same routing (launches.py). With --gpu moe-launch takes the
times of these launches too; --hip-library is its library.

Writes benchmark.json, Benchmark.md, benchmark.svg and, where rsvg-convert or chromium
is there, benchmark.png to the output folder. --against compares with an older
benchmark.json: exit code 1 where a time or a count got worse by more than 3 %.
"""

import argparse
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import block
import count_instructions as counts
import launches

HERE = pathlib.Path(__file__).resolve().parent
SAMPLE = ["--time-model", "--sample-instructions", "4000", "--json"]
WORSE = 1.03


def parse():
    parser = argparse.ArgumentParser(description="benchmark of the MoE kernels")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build")
    parser.add_argument("--chip", choices=["gfx942", "gfx950"], default="gfx950")
    parser.add_argument("--rivals", type=pathlib.Path, help="folder of other code objects")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--shapes", type=pathlib.Path, default=HERE / "shapes.json")
    parser.add_argument("--only", default="", help="regular expression on the shapes' names")
    parser.add_argument("--tokens", help="comma-separated; instead of the file's")
    parser.add_argument("--tile-n", default="", help="comma-separated tile_n to sweep at tile_m 16")
    parser.add_argument("--gpu", action="store_true", help="take times of stage 2 with moe-launch")
    parser.add_argument("--hip-library", help="with --gpu: HIP's library, if not the machine's")
    block.add_flags(parser)
    parser.add_argument("--against", type=pathlib.Path, help="an older benchmark.json")
    args = parser.parse_args()
    if args.rivals and not args.rivals.is_dir():
        parser.error(f"--rivals: expected a folder, got '{args.rivals}'")
    return args


def run(command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"benchmarks/run.py: error: {' '.join(map(str, command))}: exit code {done.returncode}\n"
                 f"{done.stderr[-1500:]}")
    return done.stdout


def dims(shape):
    return [flag for key in ("model_dim", "inter_dim", "experts", "topk")
            for flag in ("--" + key.replace("_", "-"), shape[key])]


def llvm_mca(path, chip):
    """llvm-mca's cycles of four clocks for one round of the hot loop."""
    if not shutil.which("llvm-mca-22"):
        return None
    loop = counts.hot_loop(counts.disassemble(path, chip))
    # Branches, waits and barriers mean nothing to it.
    text = "\n".join(f"{m} {o}" for _, m, o in loop
                     if not re.match(r"s_(cbranch|branch|barrier|waitcnt|nop|sleep|setprio)", m))
    done = subprocess.run(["llvm-mca-22", "-mtriple=amdgcn-amd-amdhsa", f"-mcpu={chip}", "-iterations=100"],
                          input=text, capture_output=True, text=True, check=False)
    found = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    return int(found.group(1)) / 100 if found else None


def occupancy(build, path):
    return json.loads(run([build / "bin/moe-run", "info", path, "--json"]))["kernels"][0]["waves_per_simd"]


def static_row(args, name, path):
    return {"name": name, "chip": args.chip, "waves_per_simd": occupancy(args.build, path),
            "mca_cycles": llvm_mca(path, args.chip), **counts.count(path, args.chip)}


def prepare(args, shapes, folder):
    """The kernels of each tile, for the first shape, then the rivals'."""
    first = shapes["shapes"][0]
    for tile in shapes["tiles"][args.chip]:
        path = folder / f"{tile}.hsaco"
        start = time.monotonic()
        run([args.build / "bin/moe-compile", "--kernel", "gemm2", *dims(first), "--tile", tile, "--chip", args.chip,
             "-o", path])
        seconds = time.monotonic() - start
        checked = json.loads(run([args.build / "bin/moe-run", "gemm2", "--model-dim", 512, "--inter-dim", 512,
                                  "--experts", 4, "--topk", 2, "--tokens", 64, "--tile", tile, "--chip", args.chip,
                                  "--sanitize", "all", "--stats", "--json"]))
        yield {**static_row(args, f"ours {tile}", path), "compile_seconds": seconds,
               "lds_conflicts": checked["stats"]["lds_bank_conflicts"], "correct": checked["pass"]}
    for path in sorted(args.rivals.glob(f"*.{args.chip}.hsaco")) if args.rivals else []:
        launch = path.with_suffix("").with_suffix(f".{args.chip}.launch.json")
        checked = json.loads(run([args.build / "bin/moe-run", "launch", launch, "--sanitize", "all", "--stats",
                                  "--time-model", "--json"]))
        yield {**static_row(args, path.name.removesuffix(f".{args.chip}.hsaco"), path), "compile_seconds": None,
               "lds_conflicts": checked["stats"]["lds_bank_conflicts"], "correct": checked["pass"],
               "own_launch": checked["modelled"]}


def timed(args, kernel, shape, tokens, extra=()):
    """One stage: modelled time, ideal time, chosen tile."""
    result = json.loads(run([args.build / "bin/moe-run", kernel, *dims(shape), "--tokens", tokens, "--chip", args.chip,
                             *extra, *SAMPLE]))
    modelled = result["modelled"]
    beyond = modelled["us"] - modelled["launch_us"]
    return {"shape": shape["name"], "kernel": kernel, "tokens": tokens, "tile": result["config"]["tile"],
            "us": modelled["us"], "ideal_us": modelled["ideal_us"], "launch_us": modelled["launch_us"],
            "ratio": beyond / modelled["ideal_us"] if modelled["ideal_us"] else None,
            "bound_by": modelled["bound_by"], "by_cvt": modelled.get("us_by_scaled_cvt_clk"),
            "parameters": modelled["parameters"], "calibrated": modelled["calibrated"]}


def launch_times(args, path):
    """Modelled microseconds of a launch file, and measured ones with --gpu."""
    modelled = json.loads(run([args.build / "bin/moe-run", "launch", path, *SAMPLE]))["modelled"]
    if not args.gpu:
        return {"us": modelled["us"], "ideal_us": modelled["ideal_us"]}
    library = ["--hip-library", args.hip_library] if args.hip_library else []
    measured = json.loads(run([args.build / "bin/moe-launch", path, "--json", *library]))
    return {"us": modelled["us"], "ideal_us": modelled["ideal_us"], "gpu_us": measured["launches"][0]["median"],
            "gpu_unit": measured["unit"], "device": measured["device"]}


def useful(name, shape, tokens):
    """Whether a tile is near what an active expert has in rows: the others are slower."""
    active = shape["experts"] * (1 - (1 - shape["topk"] / shape["experts"]) ** tokens)
    rows = tokens * shape["topk"] / active
    return rows / 4 <= launches.tile_of(name)[0] <= max(32, 4 * rows)


def beside(args, shape, tokens, folder):
    """Stage 2 that stores, ours and the fastest of theirs."""
    path = folder / "launch.json"
    report = json.loads(run([args.build / "bin/moe-compile", "--kernel", "gemm2", *dims(shape), "--tokens", tokens,
                             "--no-accumulate", "--chip", args.chip, "-o", folder / "ours.hsaco", "--report"]))
    launches.write_ours(path, folder / "ours.hsaco", report, shape, tokens)
    row = {"shape": shape["name"], "tokens": tokens, "kernel": report["kernel"], "ours": launch_times(args, path),
           "theirs": {}}
    for file in sorted(args.rivals.glob(f"*.{args.chip}.launch.json")) if args.rivals else []:
        name = file.name.removesuffix(f".{args.chip}.launch.json")
        if not launches.can_run(name, shape) or not useful(name, shape, tokens):
            continue
        launches.write_rival(path, file, shape, tokens)
        row["theirs"][name] = launch_times(args, path)
    return row


def beside_table(result):
    lines = ["", "## Beside others", "",
             "Stage 2 that stores, one row for each (token, slot), the routing weight applied, the same routing for all. Theirs is "
             "the fastest by modelled time of those whose tile is within a factor of four of an active expert's rows; n/a: N or K is "
             "no multiple of their tile.", "",
             "| shape | tokens | ours | us | theirs | us | theirs / ours |", "|---|---|---|---|---|---|---|"]
    for row in result["beside"]:
        best = min(row["theirs"], key=lambda name: row["theirs"][name]["us"], default=None)
        us = row["theirs"][best]["us"] if best else None
        tile = re.findall(r"_(\d+x\d+x\d+)_", row["kernel"])[0]
        lines.append(f"| {row['shape']} | {row['tokens']} | {tile} | {number(row['ours']['us'])} | {best or 'n/a'} | "
                     f"{number(us)} | {number(us / row['ours']['us'] if us else None)} |")
    timed_rows = [row for row in result["beside"] if "gpu_us" in row["ours"]]
    if timed_rows:
        first = timed_rows[0]["ours"]
        lines += ["", f"By moe-launch on {first['device']}, median in {first['gpu_unit']}:", "",
                  "| shape | tokens | ours | theirs |", "|---|---|---|---|"]
        for row in timed_rows:
            best = min((theirs["gpu_us"] for theirs in row["theirs"].values()), default=None)
            lines.append(f"| {row['shape']} | {row['tokens']} | {number(row['ours']['gpu_us'])} | {number(best)} |")
    return lines


def number(value, digits=2):
    return "n/a" if value is None else f"{value:.{digits}f}"


def markdown(args, result):
    lines = ["# Benchmark", "", "<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->", "",
             f"Written by `{result['command']}`. Times are modelled by [the timing model](Timing.md)"
             f"{'' if result['calibrated'] else ', which is uncalibrated for this chip'}; nothing here was measured on a GPU.",
             "", f"## Kernels on {args.chip}: the hot loop, for each 16x16x32 product", "",
             "| kernel | instructions | VALU | MFMA | VGPRs | waves a SIMD | spills | llvm-mca cycles a round | LDS conflicts | compile s |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for row in result["kernels"]:
        lines.append(f"| {row['name']} | {number(row['insts'])} | {number(row['valu'])} | {number(row['mfma'])} | "
                     f"{row['vgpr']} | {row['waves_per_simd']} | {row['spills']} | {number(row['mca_cycles'], 0)} | "
                     f"{row['lds_conflicts']} | {number(row['compile_seconds'])} |")
    lines += ["", "LDS conflicts: extra passes of a small launch (ours: 64 tokens, 512 x 512, 4 experts; theirs: their launch file), "
              "all sanitizers on, results compared. Compile time: wall time of a process, whatever else the machine did.", "",
              "## Modelled times", "",
              "`beyond launch / ideal` is (time - launch) / ideal, the ideal being the larger of bytes over 8 TB/s (5.3 on gfx942) "
              "and matrix work over the peak. Times with 8 and 16 cycles a v_cvt_scalef32 differ by less than the noise of the "
              "continuation where launches have many workgroups of several kinds.", "",
              "![modelled times over tokens](benchmark.svg)", "",
              "| shape | stage | tokens | tile | us | ideal us | beyond launch / ideal | bound by | us with 8 / 16 clk converts |",
              "|---|---|---|---|---|---|---|---|---|"]
    for row in result["times"]:
        by = row["by_cvt"] or {}
        lines.append(f"| {row['shape']} | {row['kernel']} | {row['tokens']} | {row['tile']} | {number(row['us'])} | "
                     f"{number(row['ideal_us'])} | {number(row['ratio'])} | {row['bound_by']} | "
                     f"{number(by.get('8'))} / {number(by.get('16'))} |")
    if result["beside"]:
        lines += beside_table(result)
    return "\n".join(lines) + "\n"


def picture(result):
    """Times over tokens, both axes logarithmic, an SVG."""
    import math
    width, height, left, top = 860, 420, 60, 20
    rows = [r for r in result["times"] if r["us"] > 0 and not r.get("swept")]
    low = min(min(r["us"], max(r["ideal_us"], 0.1)) for r in rows)
    high = max(r["us"] for r in rows)
    most = max(r["tokens"] for r in rows)
    x = lambda tokens: left + (width - left - 240) * math.log2(max(tokens, 1)) / max(1, math.log2(most))
    y = lambda us: top + (height - top - 40) * (1 - math.log(max(us, low) / low) / math.log(high / low + 1e-9))
    colours = ["#c00", "#06c", "#080", "#a0a", "#c60", "#099"]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="#fff"/>',
             f'<text x="{left}" y="{height - 6}">tokens (1 to {most}, log); modelled us ({low:.1f} to {high:.0f}, log); dashed: ideal</text>']
    for at, key in enumerate(sorted({(r["shape"], r["kernel"]) for r in rows})):
        own = sorted((r for r in rows if (r["shape"], r["kernel"]) == key), key=lambda r: r["tokens"])
        for field, dash in (("us", ""), ("ideal_us", ' stroke-dasharray="4"')):
            points = " ".join(f"{x(r['tokens']):.1f},{y(r[field]):.1f}" for r in own)
            parts.append(f'<polyline fill="none" stroke="{colours[at % 6]}"{dash} points="{points}"/>')
        parts.append(f'<text x="{width - 230}" y="{30 + 16 * at}" fill="{colours[at % 6]}">{key[0]}, {key[1]}</text>')
    return "\n".join(parts) + "\n</svg>\n"


def draw_png(svg, png):
    if shutil.which("rsvg-convert"):
        run(["rsvg-convert", svg, "-o", png])
    elif shutil.which("chromium"):
        # A browser does not start with the sanitizers' library in it.
        run(["env", "-u", "LD_PRELOAD", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=860,420", f"--screenshot={png.resolve()}",
             svg.resolve().as_uri()])
    else:
        print("benchmarks/run.py: no benchmark.png: expected rsvg-convert or chromium", file=sys.stderr)


def compare(old, new):
    """Lines about what got worse."""
    def table(result):
        values: dict[tuple, float] = {("kernel", r["name"], "instructions"): r["insts"] for r in result["kernels"]}
        for row in result["times"]:
            swept = [row["tile"]] if row.get("swept") else []
            values["time", row["shape"], row["kernel"], row["tokens"], *swept] = row["us"]
        return values
    before, now = table(old), table(new)
    return [f"{' '.join(map(str, key))}: {before[key]:.3f} -> {now[key]:.3f}" for key in sorted(before, key=str)
            if key in now and now[key] > WORSE * before[key]]


def main():
    args = parse()
    with open(args.shapes) as file:
        shapes = json.load(file)
    tokens = [int(t) for t in args.tokens.split(",")] if args.tokens else shapes["tokens"]
    named = shapes.get("benchmark", [s["name"] for s in shapes["shapes"]])
    chosen = [s for s in shapes["shapes"] if (re.search(args.only, s["name"]) if args.only else s["name"] in named)]
    if not chosen:
        sys.exit(f"benchmarks/run.py: error: --only: expected a shape that matches '{args.only}'")
    with tempfile.TemporaryDirectory() as folder:
        kernels = list(prepare(args, shapes, pathlib.Path(folder)))
        pairs = []
        for shape in chosen if args.rivals or args.gpu else []:
            for count in tokens:
                pairs.append(beside(args, shape, count, pathlib.Path(folder)))
                print(f"{shape['name']} {count}: {pairs[-1]}", file=sys.stderr, flush=True)
    times = []
    for shape in chosen:
        for kernel in ("gemm1", "gemm2"):
            for count in tokens:
                times.append(timed(args, kernel, shape, count))
                print(f"{shape['name']} {kernel} {count}: {times[-1]['us']:.2f} us modelled", file=sys.stderr, flush=True)
        for columns in args.tile_n.split(",") if args.tile_n else []:
            times.append({**timed(args, "gemm2", shape, tokens[0], ["--tile", f"16x{columns}x256"]), "swept": True})
    # Without the folders of this machine.
    command = shlex.join(["benchmarks/run.py", *("FOLDER" if "/" in a else a for a in sys.argv[1:])])
    result = {"chip": args.chip, "command": command, "calibrated": all(r["calibrated"] for r in times),
              "kernels": kernels, "times": times, "beside": pairs}
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "benchmark.json").write_text(json.dumps(result, indent=1) + "\n")
    (args.output / "Benchmark.md").write_text(markdown(args, result) + block.section(args, command))
    (args.output / "benchmark.svg").write_text(picture(result))
    draw_png(args.output / "benchmark.svg", args.output / "benchmark.png")
    if args.against:
        worse = compare(json.loads(args.against.read_text()), result)
        print("\n".join(worse) if worse else "nothing got worse by more than 3 %")
        return 1 if worse else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
