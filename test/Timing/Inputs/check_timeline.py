# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# check_timeline.py TIMELINE VIEWER PAGE ANNOTATED: executions of a wave follow each
# other, the viewer's files agree with each other, the page needs nothing else.
import json
import os
import re
import sys

timeline, viewer, page, annotated = sys.argv[1:]
trace = json.load(open(timeline))
tracks = {}
for event in trace["traceEvents"]:
    if event["ph"] == "X":
        tracks.setdefault((event["pid"], event["tid"]), []).append(event)
assert "modelled" in trace["otherData"]["note"] and not trace["otherData"]["truncated"]
waves = {track: events for track, events in tracks.items() if track[0] > 1}
assert waves and any(track[0] == 1 for track in tracks)
for events in waves.values():
    starts = [event["ts"] for event in events]
    assert starts == sorted(starts)
executed = sum(event["name"] != "stall" for events in waves.values() for event in events)

names = json.load(open(os.path.join(viewer, "filenames.json")))
code = json.load(open(os.path.join(viewer, "code.json")))
assert code["header"].split(", ")[6:9] == ["Hit", "Latency", "Stall"]
assert all(len(row) == 10 for row in code["code"])
assert sum(row[6] for row in code["code"]) == executed, executed
hits = [0] * len(code["code"])
for simd, slots in names["wave_filenames"]["0"].items():
    for slot, found in slots.items():
        for wave, (name, begin, end) in found.items():
            content = json.load(open(os.path.join(viewer, name)))["wave"]
            assert [content["simd"], content["slot"], content["id"]] == [int(simd), int(slot), int(wave)]
            assert (content["begin"], content["end"]) == (begin, end)
            for cycle, kind, stall, total, row in content["instructions"]:
                hits[row] += 1
                assert 0 <= stall <= total and 1 <= kind <= 9
assert hits == [row[6] for row in code["code"]]

text = open(page).read()
assert not re.search(r"(?:src|href)=|https?://|<script", text), "the page refers to something"
assert text.count("<svg") == 3 and "Modelled, not measured" in text
rows = [line for line in open(annotated) if re.match(r"\s*\d+\s+\d+\s+\d+", line)]
assert len(rows) == len(code["code"]) == text.count("<tr><td>") - 7, (len(rows), text.count("<tr><td>"))
assert [int(row.split()[0]) for row in rows] == hits
