# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""print_demo.py RUN.json REPORT.json: the demo's table, from what moe-run and
moe-compile measured. Exit code 1 if the run did not pass."""

import json
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    run, report = load(sys.argv[1]), load(sys.argv[2])
    config, loop = run["config"], report["hot_loop"]
    rows = [
        ("kernel", f"GPT-OSS-120B stage 2, {run['chip']}, {run['executor']}"),
        ("shape", f"{run['tokens']} tokens x top {config['topk']} of {config['experts']} "
                  f"experts, K {config['inter_dim']} -> N {config['model_dim']}"),
        ("tile", f"{config['tile']} {config['out_type']}"),
        ("registers", f"{report['vgpr']} VGPRs, {report['spills']} spills, "
                      f"{report['lds']} bytes of LDS, {report['waves_per_simd']} waves/SIMD"),
    ]
    if loop and loop["mfma"]:
        rows.append(("hot loop", f"{loop['insts']} instructions for {loop['mfma']} MFMA "
                                 f"({loop['insts'] / loop['mfma']:.2f} each)"))
    rows += [
        ("instructions", f"{run['instructions']:,} wave instructions executed"),
        ("error", f"worst |y - ref| {run['max_err']:.3g}, {run['max_bound_ratio']:.2f} of the "
                  f"bound; logits_diff {run['logits_diff']:.2g}"),
        ("time", f"{run['times']['compile']:.2f} s compile, {run['times']['run']:.2f} s emulation, "
                 f"{run['times']['reference']:.2f} s reference"),
        ("result", "correct" if run["pass"] else "WRONG"),
    ]
    for name, value in rows:
        print(f"{name:<13} {value}")
    return 0 if run["pass"] else 1


if __name__ == "__main__":
    sys.exit(main())
