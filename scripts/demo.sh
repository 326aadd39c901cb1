#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Sets everything up, then does the project's main job once: the down projection
# of a GPT-OSS-120B layer is lowered to a gfx950 code object, the code object is
# executed in the emulator on generated MXFP4 weights and the result is compared
# with the reference. Prints a short table.
# `demo.sh --help` says how it is called.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/setup.sh"

tokens=16
for argument; do
  case "$argument" in
  -h | --help)
    echo "usage: scripts/demo.sh [--simulate] [TOKENS]
  TOKENS      rows of the product, 16 by default
  --simulate  refresh the package lists, say what would be installed, and stop"
    exit 0
    ;;
  --simulate) moe_simulate=1 ;;
  '' | *[!0-9]*)
    echo "demo.sh: error: expected a number of tokens, got '$argument'" >&2
    exit 2
    ;;
  *) tokens=$argument ;;
  esac
done

moe_prepare "${moe_core_packages[@]}"
moe_make moe-opt moe-compile moe-run moe-lsp-server

out="$moe_build/demo"
mkdir -p "$out"
chip=gfx950
shape=(--model-dim 2880 --inter-dim 2880 --experts 128 --topk 4)

moe_say "running: moe-run gemm2 --tokens $tokens ${shape[*]} --chip $chip"
status=0
"$moe_build/bin/moe-run" gemm2 --tokens "$tokens" "${shape[@]}" --chip "$chip" \
  --json >"$out/run.json" || status=$?
# The code object of the configuration that moe-run chose, to look at.
tile=$(/usr/bin/python3 -c \
  'import json, sys; print(json.load(open(sys.argv[1]))["config"]["tile"])' \
  "$out/run.json" 2>/dev/null) ||
  moe_fail "moe-run gave no result (exit code $status)" "its message is above"
"$moe_build/bin/moe-compile" --kernel gemm2 "${shape[@]}" --tile "$tile" \
  --chip "$chip" -o "$out/kernel.hsaco" --report >"$out/report.json"
"$moe_build/bin/moe-compile" --kernel gemm2 "${shape[@]}" --tile "$tile" \
  --emit mlir -o "$out/kernel.mlir"

/usr/bin/python3 "$moe_root/scripts/print_demo.py" "$out/run.json" \
  "$out/report.json" || status=1
echo "kernel: build/demo/kernel.mlir -> build/demo/kernel.hsaco"
exit "$status"
