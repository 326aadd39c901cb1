# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that a library exports exactly the functions that headers declare.

check_exports.py LIBRARY HEADER...
"""

import pathlib
import re
import subprocess
import sys


def main():
    library, *headers = sys.argv[1:]
    declared = set()
    for header in headers:
        text = pathlib.Path(header).read_text(encoding="utf-8")
        text = re.sub(r"/\*.*?\*/|^#.*?$", "", text, flags=re.S | re.M)
        for declaration in re.findall(r"MOE_CAPI_EXPORTED\s+([^;]*);", text):
            declared.add(re.search(r"(moe\w+)\s*\(", declaration).group(1))
    listing = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                             capture_output=True, text=True).stdout
    # Versioned: NAME@@MOE_0.1; the version itself is an absolute symbol.
    exported = {line.split()[-1] for line in listing.splitlines()}
    exported -= {"MOE_0.1"}
    unversioned = {name for name in exported if not name.endswith("@@MOE_0.1")}
    exported = {name.split("@")[0] for name in exported}
    for name in sorted(declared - exported):
        print(f"{name}: declared and not exported")
    for name in sorted(exported - declared):
        print(f"{name}: exported and not declared")
    for name in sorted(unversioned):
        print(f"{name}: expected version MOE_0.1")
    if not declared or declared != exported or unversioned:
        return 1
    print(f"{len(exported)} functions")
    return 0


sys.exit(main())
