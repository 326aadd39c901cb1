#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Sets everything up like demo.sh, then runs every test: lit, the gtest programs
# under lit, the numeric suite and the checks of the repository. The last line is
# `N passed, N failed, N skipped`; skipped tests are listed above it.
# `check.sh --help` says how it is called.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

full=0
packages=("${moe_core_packages[@]}")
for argument; do
  case "$argument" in
  --full) full=1 ;;
  --all) packages=("${moe_core_packages[@]}" "${moe_optional_packages[@]}") ;;
  --simulate) moe_simulate=1 ;;
  -h | --help)
    echo "usage: scripts/check.sh [--all] [--full] [--simulate]
  --all       install also what the tests of documentation, HIP and torch need;
              by default those that lack a package are skipped, and listed
  --full      every configuration, not only pairwise
  --simulate  refresh the package lists, say what would be installed, and stop"
    exit 0
    ;;
  *)
    echo "check.sh: error: unknown flag '$argument'" >&2
    exit 2
    ;;
  esac
done

results="$moe_build/test-results.json"
# What an earlier run left must not be taken for this one's.
rm -f "$results"

# lit splits its commands at spaces, wherever they come from.
[[ "$moe_root" != *[[:space:]]* ]] || moe_fail \
  "expected a checkout in a path without spaces, got '$moe_root'" \
  "the tests cannot run there (demo.sh can); move the checkout"

moe_prepare "${packages[@]}"
moe_make all moe-test-depends

moe_say "testing"
status=0
/usr/bin/python3 /usr/lib/llvm-22/bin/lit -sv --param "moe_full=$full" \
  --output "$results" "$moe_build/test" "$moe_build/test/Unit" || status=1
moe_find_missing "${moe_optional_packages[@]}"
[ ${#moe_missing[@]} -eq 0 ] ||
  echo "not installed (check.sh --all does): ${moe_missing[*]}"
moe_say "$((SECONDS / 60)) min $((SECONDS % 60)) s in all"
/usr/bin/python3 "$moe_root/scripts/summarize_tests.py" --slowest 10 \
  "$results" || status=1
exit "$status"
