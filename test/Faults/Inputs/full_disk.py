# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""full_disk.py FOLDER SOURCES [tmpfs]: every writer where nothing more can be written.

By a limit on the size of files (lld's file in memory counts too, so that a code object
fails before it is written), or on a file system of 8 KiB that is full (tmpfs, in
namespaces of its own). Each must end with exit code 1 and one message that says which
file and why, leave what stood at its place, and nothing half-written. Then in a folder
that cannot be written to.
"""

import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys

from writers import WRITERS, content_of, write_inputs

REASON = {"limit": "File too large", "tmpfs": "No space left on device",
          "read-only": "Permission denied"}
# What may be there after a failure: a conversion goes on where it was.
RESUMED = re.compile(r"layer_\d+\.(partial|journal)$")


def limit_files(size=100):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def become_nobody():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def run(command, place, why):
    prepare = {"limit": limit_files, "read-only": become_nobody}.get(why)
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False,
                          preexec_fn=prepare, timeout=120)


def judge(name, done, why, before, after):
    """What is wrong, or nothing."""
    if done.returncode != 1:
        return f"expected exit code 1, got {done.returncode}: {done.stderr}"
    if REASON[why] not in done.stderr or "error: " not in done.stderr:
        return f"expected an error of '{REASON[why]}', got {done.stderr!r}"
    if any(word in done.stderr for word in ("LLVM ERROR", "Traceback", "PLEASE submit")):
        return f"expected a plain error, got {done.stderr}"
    extra = {file for file in after if not RESUMED.search(file)} - set(before)
    if extra:
        return f"expected no new file, got {sorted(extra)}"
    if any(after.get(file) != content for file, content in before.items()):
        return "expected the old content"
    return None


def attempt(name, why, place):
    """Twice: with nothing there, and with an older file."""
    command, output = WRITERS[name]
    target = place / output
    for old in [None, b"old"]:
        (place / "filler").unlink(missing_ok=True)
        if target.is_dir():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        if old and name not in ("viewer", "converted layer"):
            target.write_bytes(old)
        if why == "tmpfs":
            fill(place)
        before = content_of(target.parent)
        if why == "read-only":
            target.parent.chmod(0o555)
        done = run(command, place, why)
        if why == "read-only":
            target.parent.chmod(0o755)
        after = content_of(target.parent)
        wrong = judge(name, done, why, before, after)
        if wrong:
            return wrong
    return None


def fill(place):
    """Leaves no free byte."""
    filler = place / "filler"
    filler.unlink(missing_ok=True)
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def full_cache(place, why):
    """A cache that is full is a warning: the kernel is there all the same."""
    command, _ = WRITERS["code object"]
    good = subprocess.run([*command[:-1], "-"], cwd=place, capture_output=True, check=True)
    (place / "filler").unlink(missing_ok=True)
    (place / "cache").mkdir()
    (place / "cache").chmod(0o555)
    if why == "tmpfs":
        fill(place)

    def prepare():
        if why == "limit":
            # lld needs a file of the same size, in memory.
            limit_files(len(good.stdout) + 16)
        elif why == "read-only":
            become_nobody()

    done = subprocess.run([*command[:-1], "-", "--cache-dir", "cache"], cwd=place,
                          capture_output=True, check=False, preexec_fn=prepare)
    text = done.stderr.decode()
    if done.returncode or done.stdout != good.stdout:
        return f"expected the code object, got exit code {done.returncode}: {text}"
    if "warning: the kernel is not kept: " not in text or REASON[why] not in text:
        return f"expected a warning of '{REASON[why]}', got {text!r}"
    if content_of(place / "cache"):
        return f"expected an empty cache, got {list(content_of(place / 'cache'))}"
    return None


def main():
    root, sources = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    ways = ["tmpfs"] if sys.argv[3:] else ["limit", "read-only"]
    if not sys.argv[3:]:
        write_inputs(root / "in", sources)
        (root / "in").chmod(0o755)
    failed = 0
    for why in ways:
        place = root / "place" if why == "tmpfs" else root / why
        place.mkdir(exist_ok=True)
        for name in WRITERS:
            if why == "tmpfs" and name == "buffer":
                continue  # beside its inputs, which are elsewhere
            wrong = attempt(name, why, place)
            failed += bool(wrong)
            print(f"{why}: {name}: {wrong or 'ok'}")
        wrong = full_cache(place, why)
        failed += bool(wrong)
        print(f"{why}: cache: {wrong or 'ok'}")
    return 1 if failed else 0


sys.exit(main())
