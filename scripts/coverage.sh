#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# coverage.sh [--build DIR] [--filter REGEX] [--filter-out REGEX] [--jobs N] [--lines]
#             [--page FILE]:
# the default suite under the sanitizers, and which lines of lib the tests run.
#
# Builds the preset `coverage` (build-coverage, or DIR with the same flags): the address
# and undefined-behaviour sanitizers and clang's source-based coverage in everything of
# this repository. Runs the default suite there, or the tests that the REGEX leave, and
# prints the sanitizers' findings, and lines run and lines in all for each room of lib.
# --lines lists the lines of error paths that no test ran, --page writes all of this as a
# page of the documentation. Exit code 1: a finding, or a test failed.
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f "$0")")")
build="$root/build-coverage"
filter=.
# clang-tidy reads the sources and runs none of ours.
without='Repository/clang-tidy'
jobs=$(nproc)
report=()

fail() {
  echo "coverage.sh: error: $1" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case "$1" in
  --build | --filter | --filter-out | --jobs | --page)
    [ $# -gt 1 ] || fail "expected a value after '$1'"
    case "$1" in
    --build) build=$(readlink -f "$2") ;;
    --filter) filter=$2 ;;
    --filter-out) without=$2 ;;
    --jobs) jobs=$2 ;;
    --page) report+=(--page "$2") ;;
    esac
    shift
    ;;
  --lines) report+=(--lines) ;;
  --help)
    sed -n '4,15s/^# \{0,1\}//p' "$0"
    exit
    ;;
  *) fail "unknown flag '$1'" ;;
  esac
  shift
done

cd "$root"
[ -f "$build/build.ninja" ] || cmake --preset coverage -B "$build" >"$build.log"
ninja -C "$build" -j "$jobs" all moe-test-depends
rm -rf "$build/profiles" "$build/findings"
mkdir "$build/profiles" "$build/findings"
# One file a program and a few processes at once, which add to it.
export LLVM_PROFILE_FILE="$build/profiles/%4m.profraw"
status=0
# A part of the tests for each processor, and no program on two of them: threads that add
# to the same counters from two caches take more time together than one alone.
mapfile -t processors < <(/usr/bin/python3 -c \
  'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")')
processors=("${processors[@]:0:$jobs}")
parts=()
for index in "${!processors[@]}"; do
  taskset -c "${processors[$index]}" /usr/bin/python3 /usr/lib/llvm-22/bin/lit -s -j 1 \
    --num-shards "${#processors[@]}" --run-shard "$((index + 1))" --filter "$filter" \
    --filter-out "$without" "$build/test" "$build/test/Unit" &
  parts+=($!)
done
for part in "${parts[@]}"; do
  wait "$part" || status=1
done
# Warnings, such as an allocation that failed, are in such files as well.
mapfile -t findings < <(grep -lrE 'ERROR:|runtime error:' "$build/findings" || true)
if [ ${#findings[@]} -gt 0 ]; then
  cat "${findings[@]}"
  echo "${#findings[@]} findings of the sanitizers"
  status=1
else
  echo "0 findings of the sanitizers"
fi
llvm-profdata-22 merge --sparse --failure-mode=all -o "$build/all.profdata" \
  "$build"/profiles/*.profraw
/usr/bin/python3 "$root/scripts/coverage_report.py" "$root" "$build" "${report[@]}"
exit "$status"
