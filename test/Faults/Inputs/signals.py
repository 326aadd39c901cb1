# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""signals.py FOLDER SOURCES: a signal while a tool writes.

A launch writes a buffer of 256 MiB, which takes long enough to be hit: as soon as the
temporary file is there, the process gets the signal. Afterwards the output is the old
one or the new one, and after SIGINT and SIGTERM no other file is there. A conversion
that SIGKILL ends goes on and writes the same bytes as one that nothing disturbed. A signal that is ignored, as nohup does, changes nothing.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import checkpoints
from writers import write_inputs

SIZE = 256 << 20


def start(command, place, ignored=()):
    """With the signals' default actions, whatever this process was started with."""
    def prepare():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

    return subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, preexec_fn=prepare)


def hit(command, place, number, begun):
    """Runs the command and sends the signal once `begun`; whether it was in time."""
    process = start(command, place)
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        if begun():
            process.send_signal(number)
            return process.wait(60) == -number
    process.kill()
    process.wait()
    return False


def write_large(root):
    launch = json.loads((root / "in/add.json").read_text())
    launch["args"][1] |= {"size": SIZE, "fill": 7, "out": "large.bin"}
    (root / "in/large.json").write_text(json.dumps(launch))


def interrupted_output(root, number):
    folder = root / "in"
    target = folder / "large.bin"
    before = {file.name for file in folder.iterdir()} | {"large.bin"}
    for attempt in range(20):
        target.write_bytes(b"old")
        struck = hit(["moe-run", "launch", "large.json"], folder, number,
                     lambda: list(folder.glob("large.bin.*.tmp")))
        left = {file.name for file in folder.iterdir()} - before
        size = target.stat().st_size
        assert size in (3, SIZE), f"a file of {size} bytes"
        assert not left or number == signal.SIGKILL, left
        for name in left:
            (folder / name).unlink()
        if struck and size == 3:
            return attempt + 1
    raise AssertionError(f"{number} was never in time")


def ignored_signal(root):
    folder = root / "in"
    target = folder / "large.bin"
    target.write_bytes(b"old")
    process = start(["moe-run", "launch", "large.json"], folder, [signal.SIGHUP])
    while process.poll() is None:
        if list(folder.glob("large.bin.*.tmp")):
            process.send_signal(signal.SIGHUP)
        time.sleep(0.001)
    assert process.returncode == 0 and target.stat().st_size == SIZE, process.returncode


def interrupted_trace(root):
    """A trace's file is there from the start of the run."""
    place = root / "trace"
    place.mkdir()
    command = ["moe-run", "gemm2", "--model-dim", "2880", "--inter-dim", "2880", "--experts",
               "8", "--topk", "4", "--tokens", "64", "--chip", "gfx950", "--trace", "t.json"]
    assert hit(command, place, signal.SIGTERM, lambda: list(place.iterdir()))
    assert not list(place.iterdir()), list(place.iterdir())


def interrupted_conversion(root):
    checkpoints.write_large(root / "model", 1, 6, 1024, 1024)
    convert = [sys.executable, "-m", "moe", "convert", "model", "--out"]
    subprocess.run([*convert, "whole"], cwd=root, check=True, stdout=subprocess.DEVNULL)
    whole = (root / "whole/layer_000.safetensors").read_bytes()
    hits = 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        shutil.rmtree(root / "out", ignore_errors=True)
        journal = root / "out/layer_000.journal"
        process = start([*convert, "out"], root)
        while process.poll() is None and not journal.exists():
            time.sleep(0.0005)
        process.send_signal(number)
        hits += process.wait() != 0
        final = root / "out/layer_000.safetensors"
        assert not final.exists() or final.read_bytes() == whole
        subprocess.run([*convert, "out"], cwd=root, check=True, stdout=subprocess.DEVNULL)
        assert final.read_bytes() == whole, number
        assert os.listdir(root / "out") == [final.name], os.listdir(root / "out")
    return hits


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    write_inputs(root / "in", pathlib.Path(sys.argv[2]))
    write_large(root)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        attempts = interrupted_output(root, number)
        print(f"{number.name}: a whole output or none, in time at attempt {attempts}")
    ignored_signal(root)
    print("SIGHUP, ignored: a whole output")
    interrupted_trace(root)
    print("trace: none")
    print(f"conversion: the same bytes, {interrupted_conversion(root)} of 3 in time")


main()
