# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints lit's results: failed and skipped tests by name, then the last line,
`N passed, N failed, N skipped`. Exit code 1 if a test failed or none ran."""

import json
import sys

PASSED = {"PASS", "FLAKYPASS"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED", "XFAIL"}


def main():
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            tests = json.load(file)["tests"]
    except (OSError, ValueError, KeyError) as error:
        print(f"summarize_tests: error: no results of lit: {error}", file=sys.stderr)
        print("0 passed, 1 failed, 0 skipped")
        return 1
    passed = [test for test in tests if test["code"] in PASSED]
    skipped = [test for test in tests if test["code"] in SKIPPED]
    # Whatever is neither, known to this script or not, is a failure.
    failed = [test for test in tests if test["code"] not in PASSED | SKIPPED]
    for test in sorted(failed, key=lambda test: test["name"]):
        print(f"failed: {test['name']} ({test['code']})")
    for test in sorted(skipped, key=lambda test: test["name"]):
        print(f"skipped: {test['name']} ({test['code']})")
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
