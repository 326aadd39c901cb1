#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# complete.sh FILE: what bash offers at the end of some command lines.
set -euo pipefail
# shellcheck source=/dev/null
source "$1"
while IFS= read -r line; do
  read -ra COMP_WORDS <<<"$line"
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _moe
  echo "$line: ${COMPREPLY[*]}"
done <<'END'
moe co
moe-run ge
moe-run gemm1 --ac
moe-run gemm1 --act s
moe run gemm2 --interl
moe run gemm2 --interleave l
moe-compile --emit a
moe-convert --gate i
END
