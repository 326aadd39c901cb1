#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# For ci.test: stands for check.sh and check_fresh.sh. It says how it was called
# and leaves the results that CHECK or FRESH names where the real one would.
set -euo pipefail
name=$(basename "$0")
echo "$name $*"
if [ "$name" = check.sh ]; then
  output="$(dirname "$0")/../build/test-results.json"
  results=$CHECK
else
  output=$3
  results=$FRESH
fi
mkdir -p "$(dirname "$output")"
rm -f "$output"
[ ! -e "$results" ] || cp "$results" "$output"
[ "$name" != check.sh ] || exit "${CODE:-0}"
