#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Times whole kernels in the emulator on one core, in processor time: wave
# instructions and vector ALU instructions a second without sanitizers, and how
# much longer a run takes with all of them. With --growth: how the time grows
# with tokens, experts and threads. Prints a table; asserts nothing. Single
# instructions are timed by `emulator-speed`.
import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

# Integer and float arithmetic, divergence, LDS: a vector ALU mix by a compiler.
OPENCL = """
#define SYNC                                                                   \\
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");                       \\
  __builtin_amdgcn_s_barrier();                                                \\
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup")
__attribute__((reqd_work_group_size(256, 1, 1)))
__kernel void mix(__global uint *out, uint rounds) {
  __local uint tile[256];
  uint i = __builtin_amdgcn_workitem_id_x();
  uint id = __builtin_amdgcn_workgroup_id_x() * 256u + i;
  uint x = id * 2654435761u + 1u, s = 0;
  float f = (float)i;
  for (uint r = 0; r < rounds; ++r) {
    x ^= x << 13; x ^= x >> 17; x ^= x << 5;
    f = f * 0.75f + (float)(x & 255u);
    s += (x >> 8 & 0xffu) * 3u + (r << 2);
    if ((x & 7u) == 0) s ^= x;
    if ((r & 63u) == 0) {
      tile[i] = s;
      SYNC;
      s += tile[(i * 5u + r) & 255u];
      SYNC;
    }
  }
  out[id] = s + as_uint(f);
}
"""


def opencl_launch(folder, chip, clang):
    """Compiles the mix for a chip; the path of its launch file, or None."""
    source = os.path.join(folder, "mix.cl")
    code = os.path.join(folder, f"mix.{chip}.hsaco")
    with open(source, "w") as file:
        file.write(OPENCL)
    command = [clang, "-x", "cl", "-cl-std=CL2.0", "--target=amdgcn-amd-amdhsa",
               f"-mcpu={chip}", "-nogpulib", "-O3", "-Xclang", "-finclude-default-header",
               "-mcode-object-version=5", source, "-o", code]
    if subprocess.run(command, capture_output=True).returncode:
        return None
    groups = 8
    with open(os.path.join(folder, "out.bin"), "wb") as file:
        file.write(bytes(groups * 256 * 4))
    path = os.path.join(folder, f"mix.{chip}.launch.json")
    with open(path, "w") as file:
        json.dump({"code_object": os.path.basename(code), "kernel": "mix",
                   "grid": [groups, 1, 1], "block": [256, 1, 1], "dynamic_lds": 0,
                   "args": [{"name": "out", "kind": "buffer", "file": "out.bin"},
                            {"name": "rounds", "kind": "i32", "value": 2000}]}, file)
    return path


def kernels(options, folder):
    """Name and arguments of moe-run for each kernel."""
    found = []
    model = ["--tokens", "16", "--model-dim", "2880", "--inter-dim", "2880",
             "--experts", str(options.experts), "--topk", "4"]
    for chip in ("gfx942", "gfx950"):
        for stage in ("gemm1", "gemm2"):
            found.append((f"{stage} {chip}", [stage, "--chip", chip] + model))
    for chip in ("gfx942", "gfx950"):
        launch = opencl_launch(folder, chip, options.clang)
        if launch:
            found.append((f"OpenCL mix {chip}", ["launch", launch]))
    if options.triton:
        copy = os.path.join(folder, "triton")
        shutil.copytree(options.triton, copy)
        for path in sorted(glob.glob(os.path.join(copy, "*.launch.json"))):
            name = os.path.basename(path)[: -len(".launch.json")]
            found.append((f"Triton {name}", ["launch", path]))
    return found


def processor():
    """What the machine calls its processor."""
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown processor"


def run(options, arguments, extra, threads=1):
    command = [options.moe_run] + arguments + ["--threads", str(threads), "--json"] + extra
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def best(options, arguments, extra):
    return min(run(options, arguments, extra)["processor_seconds"] for _ in range(options.repeat))


def growth(options):
    """One shape of stage 2, varied in one number at a time."""
    first = {"tokens": 64, "experts": 16, "threads": 1}
    steps = {"tokens": (16, 64, 256, 1024), "experts": (4, 16, 64, 128), "threads": (1, 2, 4)}
    print(f"{'tokens':>6} {'experts':>7} {'threads':>7} {'wave insts':>11} {'processor s':>11} {'M/s':>7} "
          f"{'elapsed s':>9}")
    for name, values in steps.items():
        for value in values:
            case = dict(first, **{name: value})
            arguments = ["gemm2", "--chip", options.chip, "--model-dim", "512", "--inter-dim", "512", "--topk", "4",
                         "--tokens", str(case["tokens"]), "--experts", str(case["experts"])]
            runs = [run(options, arguments, [], case["threads"]) for _ in range(options.repeat)]
            seconds = min(result["processor_seconds"] for result in runs)
            elapsed = min(result["seconds"] for result in runs)
            count = runs[0]["instructions"]
            print(f"{case['tokens']:6} {case['experts']:7} {case['threads']:7} {count:11} {seconds:11.3f} "
                  f"{count / seconds / 1e6:7.1f} {elapsed:9.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--moe-run", default=os.path.join(here, "build", "bin", "moe-run"))
    parser.add_argument("--triton", default=os.path.join(here, "test", "Emulator", "Inputs", "triton"),
                        help="folder with launch files, empty for none")
    parser.add_argument("--clang", default="/usr/lib/llvm-22/bin/clang")
    parser.add_argument("--vectors", choices=["base", "avx2", "avx512"], help="host vector code")
    parser.add_argument("--experts", type=int, default=8)
    parser.add_argument("--repeat", type=int, default=3, help="the best of so many runs")
    parser.add_argument("--only", default="", help="kernels whose name has this in it")
    parser.add_argument("--growth", action="store_true", help="against tokens, experts and threads")
    parser.add_argument("--chip", default="gfx950", help="of --growth")
    options = parser.parse_args()
    if options.vectors:
        os.environ["MOE_EMULATOR_VECTORS"] = options.vectors
    print(f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if options.growth:
        return growth(options)
    print(f"{'kernel':34} {'wave insts':>11} {'VALU':>5} {'M/s':>7} {'M VALU/s':>9} {'sanitized':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in kernels(options, folder):
            if options.only not in name:
                continue
            stats = run(options, arguments, ["--stats"])["stats"]
            vector = stats["valu"] + stats["cvt"] + stats["trans"]
            total = sum(stats[key] for key in ("valu", "cvt", "trans", "mfma", "salu", "smem", "vmem",
                                               "flat", "lds", "waitcnt", "barrier", "branch", "nop", "other"))
            plain = best(options, arguments, [])
            checked = best(options, arguments, ["--sanitize", "all"])
            print(f"{name:34} {total:11} {100 * vector / total:4.0f}% {total / plain / 1e6:7.1f} "
                  f"{vector / plain / 1e6:9.1f} {checked / plain:9.2f}x", flush=True)


if __name__ == "__main__":
    main()
