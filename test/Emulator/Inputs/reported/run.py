# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run.py CHIP NAME [FLAGS]: assembles NAME.s for the chip, launches it with all
# sanitizers and prints the first 64 numbers of the buffer `out`.
import json
import struct
import subprocess
import sys

chip, name = sys.argv[1:3]
text = open(f"{name}.s").read().replace("gfx950", chip)
open(f"{name}.{chip}.s", "w").write(text)
subprocess.run(["clang", "-target", "amdgcn-amd-amdhsa", f"-mcpu={chip}",
                f"{name}.{chip}.s", "-o", f"{name}.{chip}.hsaco"], check=True)
launch = {"code_object": f"{name}.{chip}.hsaco", "kernel": "k", "grid": [1, 1, 1], "block": [64, 1, 1],
          "args": [{"name": "out", "kind": "buffer", "size": 1024, "out": "out.bin"},
                   {"name": "flag", "kind": "buffer", "size": 64}]}
json.dump(launch, open("run.json", "w"))
subprocess.run(["moe-run", "launch", "run.json", "--sanitize", "all"] + sys.argv[3:], check=True, stdout=subprocess.DEVNULL)
print(*struct.unpack("<64i", open("out.bin", "rb").read(256)))
