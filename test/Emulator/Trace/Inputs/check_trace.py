# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_trace.py TRACE RUN: TRACE, a complete trace, against the counters of RUN
(moe-run --json --stats) and against itself. check_trace.py TRACE RUN SOURCE: and
every slice names the line of the assembly it comes from, the counters by line too."""

import collections
import json
import os
import sys

trace = json.load(open(sys.argv[1], encoding="utf-8"))
run = json.load(open(sys.argv[2], encoding="utf-8"))
stats = run["stats"]
events = trace["traceEvents"]
slices = [e for e in events if e["ph"] == "X"]
names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
groups = {e["pid"]: e["args"]["name"] for e in events if e["name"] == "process_name"}
tracks = collections.defaultdict(list)
for s in slices:
    tracks[s["pid"], s["tid"]].append(s)

# One track a wave, one process a workgroup, all of them with a name of its own.
assert len(tracks) == stats["waves"], (len(tracks), stats["waves"])
assert set(tracks) == set(names)
assert len({pid for pid, _ in tracks}) == stats["workgroups"] == len(set(groups.values()))

# A slice an instruction; by category as --stats counts them.
assert len(slices) == run["instructions"], (len(slices), run["instructions"])
assert trace["otherData"]["truncated"] is False and "note" not in trace["otherData"]
count = collections.Counter(s["cat"] for s in slices)
for category in ("mfma", "valu", "cvt", "trans", "salu", "smem", "vmem", "flat", "lds", "barrier", "branch", "nop", "other"):
    assert count[category] == stats[category], (category, count[category], stats[category])
assert count["wait"] == stats["waitcnt"] == sum(s["name"] == "s_waitcnt" for s in slices) > 0
assert count["barrier"] == sum(s["name"] == "s_barrier" for s in slices) > 0

# A track has no overlap and no hole, and ends with the end of the program.
for track in tracks.values():
    now = 0
    for s in track:
        assert s["ts"] == now and s["dur"] >= 1, s
        assert s["dur"] == 1 or s["cat"] == "barrier", s
        assert s["args"]["asm"].startswith(s["name"]) and int(s["args"]["pc"], 16) > 0, s
        now += s["dur"]
    assert track[-1]["name"] == "s_endpgm"

# No wave of a workgroup leaves a barrier before the last one has arrived.
for pid in groups:
    ends = [[(s["ts"], s["ts"] + s["dur"]) for s in track if s["cat"] == "barrier"]
            for (p, _), track in tracks.items() if p == pid]
    for meeting in zip(*ends, strict=True):
        assert {end for _, end in meeting} == {max(start for start, _ in meeting) + 1}, meeting

if len(sys.argv) > 3:
    source = open(sys.argv[3], encoding="utf-8").read().splitlines()
    for s in slices:
        name, line = s["args"]["line"].rsplit(":", 1)
        assert os.path.basename(name) == os.path.basename(sys.argv[3]), s
        assert source[int(line) - 1].split()[0].startswith(s["name"]), (s, source[int(line) - 1])
    # The counters by source line are those of the slices, the largest first.
    lines = {}
    for s in slices:
        entry = lines.setdefault(s["args"]["line"], collections.Counter())
        entry.update(["instructions", {"wait": "waitcnt"}.get(s["cat"], s["cat"])])
    told = run["lines"]
    assert {entry.pop("line"): entry for entry in told} == lines, (told, lines)
    order = [entry["instructions"] for entry in told]
    assert order == sorted(order, reverse=True)
else:
    assert "lines" not in run
    assert not any("line" in s["args"] for s in slices)
