# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_json.py FILE KEY=VALUE...: FILE holds one JSON object with the keys that
scripts rely on, and with these values (JSON; a.b looks into objects)."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    root = json.load(file)
for key in ("pass", "max_err", "max_bound_ratio", "logits_diff", "config",
            "instructions", "seconds"):
    assert key in root, f"no key {key}"
for pair in sys.argv[2:]:
    key, _, text = pair.partition("=")
    value = root
    for part in key.split("."):
        value = value[part]
    assert value == json.loads(text), f"{key}: expected {text}, got {value}"
