#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# coverage.sh [--filter REGEX] [--jobs N] [--lines]: which lines of lib the tests run.
#
# Builds the preset `coverage` in build-coverage (clang's source-based coverage in
# everything of this repository), runs the default suite there, or the tests that REGEX
# names, and prints lines run and lines in all for each room of lib. --lines lists the
# lines of error paths that no test ran. The whole takes a build from nothing and the
# suite at half its speed.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
build="$root/build-coverage"
filter=.
jobs=$(nproc)
report=()

fail() {
  echo "coverage.sh: error: $1" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case "$1" in
  --filter | --jobs)
    [ $# -gt 1 ] || fail "expected a value after '$1'"
    if [ "$1" = --filter ]; then filter=$2; else jobs=$2; fi
    shift
    ;;
  --lines) report+=(--lines) ;;
  --help)
    sed -n '4,10s/^# \{0,1\}//p' "$0"
    exit
    ;;
  *) fail "unknown flag '$1'" ;;
  esac
  shift
done

cd "$root"
[ -f "$build/build.ninja" ] || cmake --preset coverage >"$root/build-coverage.log"
ninja -C "$build" -j "$jobs" all moe-test-depends
rm -rf "$build/profiles"
mkdir "$build/profiles"
# One file a program and a few processes at once, which add to it.
export LLVM_PROFILE_FILE="$build/profiles/%4m.profraw"
status=0
python3 /usr/lib/llvm-22/bin/lit -s -j "$jobs" --filter "$filter" \
  "$build/test" "$build/test/Unit" || status=$?
llvm-profdata-22 merge --sparse --failure-mode=all -o "$build/all.profdata" \
  "$build"/profiles/*.profraw
python3 "$root/scripts/coverage_report.py" "$root" "$build" "${report[@]}"
exit "$status"
