#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Sets everything up like demo.sh, then runs every test: lit, the gtest programs
# under lit, the numeric suite and the checks of the repository. The last line is
# `N passed, N failed, N skipped`; skipped tests are listed above it.
# Usage: check.sh [--full]   (--full: every configuration, not only pairwise)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

full=0
for argument in "$@"; do
  case "$argument" in
  --full) full=1 ;;
  -h | --help)
    echo "usage: scripts/check.sh [--full]"
    exit 0
    ;;
  *)
    echo "check.sh: error: unknown flag '$argument'" >&2
    exit 2
    ;;
  esac
done

moe_install
moe_configure
moe_make all moe-test-depends

moe_say "testing"
results="$moe_build/test-results.json"
rm -f "$results"
status=0
/usr/bin/python3 /usr/lib/llvm-22/bin/lit -sv --param "moe_full=$full" \
  --output "$results" "$moe_build/test" "$moe_build/test/Unit" || status=$?
/usr/bin/python3 "$moe_root/scripts/summarize_tests.py" "$results" || status=1
exit "$status"
