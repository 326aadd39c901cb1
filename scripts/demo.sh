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

exec /usr/bin/python3 "$moe_root/scripts/run_demo.py" "$moe_build" "$tokens"
