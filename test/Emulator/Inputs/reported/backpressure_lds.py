# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# backpressure_vm64.s with one LDS read (or scalar load) and `younger` more of
# its kind instead of the global loads.
import sys

younger, scalar = int(sys.argv[1]), sys.argv[2:] == ["scalar"]
for line in open("backpressure_vm64.s"):
    if "global_load_dword v8," in line:
        if scalar:
            print("\n".join(f"  s_load_dword s{8 + i}, s[4:5], 0x0" for i in range(younger + 1)))
        else:
            print("\n".join(f"  ds_read_b32 v{8 if i == 0 else 20 + i}, v1" for i in range(younger + 1)))
    elif "global_load_dword" in line:
        continue
    elif "v_add_u32 v9" in line and scalar:
        print("  v_mov_b32 v9, s8")
    elif "s_waitcnt vmcnt(0)" in line:
        print("  s_waitcnt vmcnt(0) lgkmcnt(0)")
    else:
        print(line, end="")
