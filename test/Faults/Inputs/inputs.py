# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""inputs.py FOLDER SOURCES: files of 100 GB without content, and files that shrink.

Each reader gets a sparse file in place of its input: it must end within 20 seconds and
1 GiB with exit code 1 and one message that names the file. Then an array and a code
object of some hundred MiB are truncated, and replaced, while they are read: an error or
the values of one of the two files, no signal.
"""

import json
import pathlib
import shutil
import struct
import subprocess
import sys
import time

from writers import STAGE, write_inputs

SPARSE = 100 * 10**9
MOST_SECONDS, MOST_BYTES = 20, 1 << 30
PYTHON_READERS = """
import sys, moe
from moe.safetensors import open_checkpoint
try:
    {statement}
except (moe.MoeError, OSError, MemoryError) as error:
    sys.exit(f"error: {{error}}")
"""


def sparse(path, start=b""):
    with open(path, "wb") as file:
        file.write(start)
        file.truncate(SPARSE)
    return str(path)


def npy_header(shape):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def measured(command, place):
    """Exit code, messages, seconds, and bytes of memory at most."""
    read = ("import resource, subprocess, sys; "
            "code = subprocess.run(sys.argv[1:]).returncode; "
            "most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss; "
            "print(f'\\n{code} {most}', file=sys.stderr)")
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", read, *command], cwd=place, timeout=300,
                          capture_output=True, text=True, check=False)
    text, _, last = done.stderr.rstrip().rpartition("\n")
    code, most = map(int, last.split())
    return code, text, time.monotonic() - start, most * 1024


def commands(folder):
    """Reader -> the command that reads the sparse file, and its name."""
    build = pathlib.Path(shutil.which("moe-run")).parent.parent
    (folder / "data").mkdir()
    text = json.loads((folder / "add.json").read_text())
    whole = sparse(folder / "whole.npy", npy_header(((SPARSE - 128) // 4,)))
    bare = sparse(folder / "bare")
    elf = sparse(folder / "elf", (folder / "add.hsaco").read_bytes())
    header = sparse(folder / "header.safetensors", (10**8).to_bytes(8, "little"))
    for name, changes in {"object": {"code_object": "elf"}, "array": {"args": [
            {**text["args"][0], "file": "bare"}, *text["args"][1:]]}}.items():
        (folder / f"{name}.json").write_text(json.dumps({**text, **changes}))
    (folder / "data/topk_ids.npy").symlink_to(folder / "bare")
    stage = ["moe-run", "gemm2", *STAGE, "--tokens", "4"]
    return {
        "IR": (["moe-compile", bare, "--chip", "gfx950", "-o", "-"], "bare"),
        "IR, moe-opt": (["moe-opt", bare], "bare"),
        "launch file": (["moe-run", "launch", bare], "bare"),
        "code object": (["moe-run", "info", elf], "elf"),
        "code object of a launch": (["moe-run", "launch", "object.json"], "elf"),
        "buffer": (["moe-run", "launch", "array.json"], "bare"),
        "timing parameters": (["moe-run", "launch", "add.json", f"--time-model={bare}"], "bare"),
        "tensors": ([*stage, "--data", "data", "--out", "out"], "topk_ids.npy"),
        "expert mask": ([*stage, "--expert-mask", whole], "whole.npy"),
        "weights": (["moe-run", "quantize", "--chip", "gfx950", "--data", whole], "whole.npy"),
        "HIP configuration": (["env", f"MOE_HIP_CONFIG={bare}", "moe-run", "launch", "add.json",
                               "--executor", "hip", "--hip-library",
                               str(build / "lib/libamdhip64_emulated.so")], "bare"),
        "no checkpoint": ([sys.executable, "-c", PYTHON_READERS.format(
            statement=f"open_checkpoint({bare!r})")], "bare"),
        "header of a checkpoint": ([sys.executable, "-c", PYTHON_READERS.format(
            statement=f"open_checkpoint({header!r})")], "header.safetensors"),
        "conversion": ([sys.executable, "-m", "moe", "convert", header, "--out", "o"],
                       "header.safetensors"),
    }


def sparse_inputs(folder):
    for name, (command, file) in commands(folder).items():
        code, text, seconds, most = measured(command, folder)
        good = (code == 1 and file in text and "error: " in text
                and seconds < MOST_SECONDS and most < MOST_BYTES
                and "Traceback" not in text and "PLEASE submit" not in text)
        print(f"{name}: " + ("ok" if good else f"expected an error, got exit code {code}, "
                             f"{seconds:.1f} s, {most >> 20} MiB: {text}"), flush=True)


def large_image(folder):
    """A small code object whose last segment is 255 MiB of zeros: memory that no page of
    is needed, neither where it is loaded nor for the launch's copy."""
    elf = bytearray((folder / "add.hsaco").read_bytes())
    table, entry, count = struct.unpack_from("<Q", elf, 32)[0], *struct.unpack_from("<HH", elf, 54)
    loads = [at for at in range(table, table + count * entry, entry)
             if struct.unpack_from("<I", elf, at)[0] == 1]
    last = max(loads, key=lambda at: struct.unpack_from("<Q", elf, at + 16)[0])
    struct.pack_into("<Q", elf, last + 40, (255 << 20) - struct.unpack_from("<Q", elf, last + 16)[0])
    (folder / "large.hsaco").write_bytes(elf)
    text = json.loads((folder / "add.json").read_text())
    (folder / "large.json").write_text(json.dumps({**text, "code_object": "large.hsaco"}))
    small, large = (measured(["moe-run", "launch", name], folder) for name in ("add.json", "large.json"))
    good = small[0] == large[0] == 0 and large[3] - small[3] < 32 << 20
    print("large image: " + ("ok" if good else "expected exit codes 0 and 32 MiB more at most, got "
                             f"{small[0]}, {large[0]} and {(large[3] - small[3]) >> 20} MiB: {large[1]}"))


def endless_input(folder):
    """A pipe that never ends stops at the limit."""
    endless = subprocess.Popen(["cat", "/dev/zero"], stdout=subprocess.PIPE)
    done = subprocess.run(["moe-compile", "-", "--chip", "gfx950", "-o", "x"], cwd=folder,
                          stdin=endless.stdout, capture_output=True, text=True, check=False,
                          timeout=MOST_SECONDS)
    endless.kill()
    endless.wait()
    good = done.returncode == 1 and "'-': expected at most" in done.stderr
    print("endless pipe: " + ("ok" if good else done.stderr[-300:]))


def change_while_read(folder, change):
    """An array of 512 MiB, changed some moments after the reader has begun."""
    path = folder / "y.npy"
    outcomes = set()
    for moment in (0.02, 0.05, 0.1, 0.2, 0.3):
        path.unlink(missing_ok=True)
        with open(path, "wb") as file:
            file.write(npy_header((1 << 27,)))
            file.truncate(128 + (1 << 29))
        text = json.loads((folder / "add.json").read_text())
        text["args"][1] |= {"file": "y.npy"}
        del text["args"][1]["size"]
        (folder / "changed.json").write_text(json.dumps(text))
        process = subprocess.Popen(["moe-run", "launch", "changed.json"], cwd=folder,
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        time.sleep(moment)
        change(path)
        text = process.communicate()[1]
        assert process.returncode in (0, 1), (process.returncode, text)
        # Before it was opened, it is a small buffer, past whose end the kernel writes.
        reasons = ("y.npy' ended after", "is past the end of 'y' (1000 bytes)")
        assert not process.returncode or any(reason in text for reason in reasons), text
        outcomes.add(process.returncode)
    return outcomes


def truncate(path):
    with open(path, "r+b") as file:
        file.truncate(1000)


def replace(path):
    other = path.with_suffix(".other")
    other.write_bytes(bytes(1000))
    other.replace(path)


def changing_ir(folder):
    """IR that is rewritten all the time: a diagnostic or a code object."""
    text = (folder / "kernel.mlir").read_bytes() + b"// comment\n" * (1 << 18)
    path = folder / "moving.mlir"
    for _ in range(5):
        path.write_bytes(text)
        process = subprocess.Popen(["moe-compile", path.name, "--chip", "gfx950", "--emit",
                                    "mlir", "-o", "/dev/null"], cwd=folder,
                                   stderr=subprocess.DEVNULL)
        while process.poll() is None:
            path.write_bytes(b"")
            path.write_bytes(text)
        assert process.returncode in (0, 1), process.returncode


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    folder = root / "in"
    write_inputs(folder, pathlib.Path(sys.argv[2]))
    sparse_inputs(folder)
    large_image(folder)
    endless_input(folder)
    print("truncated while read:", "ok" if change_while_read(folder, truncate) else "")
    change_while_read(folder, replace)
    print("replaced while read: ok")
    changing_ir(folder)
    print("rewritten while read: ok")


main()
