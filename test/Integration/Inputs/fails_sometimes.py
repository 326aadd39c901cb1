#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Stands for moe-run: fails on seven tokens or more with a bias."""

import sys

if "--bias" in sys.argv and int(sys.argv[sys.argv.index("--tokens") + 1]) >= 7:
    sys.exit("seven")
