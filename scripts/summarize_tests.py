# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints lit's results, or several files of the same form together: the slowest
tests, failed and skipped ones by name, then the last line, `N passed, N failed,
N skipped`. Exit code 1 if a test failed or none passed.

usage: summarize_tests.py [--slowest N] RESULTS.json...
"""

import argparse
import json
import re
import sys

PASSED = {"PASS", "FLAKYPASS"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED", "XFAIL"}


def load(name):
    """The tests of one file; a file without results is one failed test."""
    try:
        with open(name, encoding="utf-8") as file:
            tests = json.load(file)["tests"]
        for test in tests:
            test["name"], test["code"]  # both are used below
        return tests
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"summarize_tests: error: no results: {error}", file=sys.stderr)
        return [{"name": name, "code": "no results"}]


def reason(test):
    """Why a test was skipped, in lit's words, else its code."""
    output = test.get("output", "")
    found = re.search(r"unavailable features: (.*)", output)
    if found:
        return f"{test['code']}, needs {found.group(1)}"
    lines = output.strip().splitlines()
    if len(lines) == 1:
        return f"{test['code']}: {lines[0]}"
    return test["code"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("results", nargs="+", metavar="RESULTS.json")
    parser.add_argument("--slowest", type=int, default=0, metavar="N",
                        help="print also the N tests that took longest")
    arguments = parser.parse_args()
    tests = [test for name in arguments.results for test in load(name)]
    passed = [test for test in tests if test["code"] in PASSED]
    skipped = [test for test in tests if test["code"] in SKIPPED]
    # Whatever is neither, known to this script or not, is a failure.
    failed = [test for test in tests if test["code"] not in PASSED | SKIPPED]
    timed = [test for test in tests if test.get("elapsed")]
    timed.sort(key=lambda test: -test["elapsed"])
    for test in timed[:arguments.slowest]:
        print(f"slow: {test['elapsed']:6.1f} s {test['name']}")
    for test in sorted(failed, key=lambda test: test["name"]):
        print(f"failed: {test['name']} ({test['code']})")
    for test in sorted(skipped, key=lambda test: test["name"]):
        print(f"skipped: {test['name']} ({reason(test)})")
    print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
