# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# print_registers.py NAME MNEMONIC: launches NAME.json and prints the registers at
# the first instruction of that mnemonic.
import re
import subprocess
import sys

name, mnemonic = sys.argv[1:]
listing = subprocess.run(["llvm-objdump", "-d", f"{name}.hsaco"], check=True, capture_output=True, text=True).stdout
line = next(line for line in listing.split("\n") if mnemonic in line)
address = re.search(r"// ([0-9A-F]+):", line).group(1)
run = subprocess.run(["moe-run", "launch", f"{name}.json", "--print-registers", f"0x{address}:0"], check=True,
                     capture_output=True, text=True)
print(run.stderr)
