# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Modelled runs: the same time from each, plausible fields, and besides "modelled"
# nothing that a run without a model does not have.
import json
import sys

*modelled, plain = (json.load(open(name)) for name in sys.argv[1:])
first = modelled[0]["modelled"]
for run in modelled:
    assert run["modelled"] == first, (run["modelled"], first)
    assert run["pass"], run
    assert run["instructions"] == plain["instructions"]
assert "modelled" not in plain
assert first["us"] > first["launch_us"] > 0 and first["us"] > first["ideal_us"] > 0, first
assert first["hbm_bytes"] > 0 and first["calibrated"] is True and first["sampled"] is False
assert all(0 <= part <= 1.0001 for part in first["busy"].values()), first["busy"]
assert first["bound_by"] in [*first["busy"], "latency", "launch"]
