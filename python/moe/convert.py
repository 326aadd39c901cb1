# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""moe-convert: the MoE layers of a checkpoint to files that kernels read.

Each layer becomes one safetensors file with shuffled weights and logical biases. It
grows under a temporary name, an expert at a time, and an interrupted conversion goes
on where it was.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import pathlib
import sys
import time
from typing import Any

import numpy as np

from ._library import MoeError
from ._output import run_printing
from .checkpoint import (ACTIVATIONS, CONVERTED, GATES, NAME_MAPS, Expert, LayerSource,
                         Split, find_name_map, in_kernel_order, layers_of, read_name_map)
from .safetensors import CheckpointError, make_header, open_checkpoint

_DTYPES = {"u1": "U8", "f4": "F32"}


class Progress:
    """A line on standard error with rate and remaining time, where that is a terminal."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.bytes = total, 0, 0
        self.start = self.last = time.monotonic()
        self.shown = sys.stderr.isatty()

    def step(self, layer: int, size: int) -> None:
        """One more expert of a layer, of `size` bytes."""
        self.done += 1
        self.bytes += size
        now = time.monotonic()
        if not self.shown or (now - self.last < 0.1 and self.done < self.total):
            return
        self.last, elapsed = now, max(now - self.start, 1e-6)
        left = elapsed / self.done * (self.total - self.done)
        print(f"\rlayer {layer}: {self.done} of {self.total} experts, "
              f"{self.bytes / elapsed / 1e6:.0f} MB/s, {left:.0f} s left\033[K",
              end="" if self.done < self.total else "\n", file=sys.stderr, flush=True)


def _fingerprint(source: LayerSource) -> str:
    """Of the checkpoint's files as they are now: a conversion of changed ones must not
    go on with what an earlier one has written."""
    files = {tensor.file for tensor in source.tensors.values()}
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns)
             for file in sorted(files)]
    text = json.dumps([stats, sorted(source.names.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _metadata(source: LayerSource, act: str, gate: str) -> dict[str, str]:
    experts = source.experts
    values = {"format": CONVERTED, "layer": source.layer, "act": act, "gate": gate,
              "model_dim": source.hidden, "inter_dim": source.part,
              "experts": len(experts), "global_experts": source.global_experts,
              "first_expert": experts.start, "last_expert": experts.stop - 1,
              "tp": f"{source.split.tp_rank}/{source.split.tp_size}",
              "ep": f"{source.split.ep_rank}/{source.split.ep_size}",
              "padded": source.padded, "source": _fingerprint(source)}
    return {name: str(value) for name, value in values.items()}


def _header(expert: Expert, count: int, metadata: dict[str, str]) -> tuple[
        bytes, dict[str, int], int]:
    """Of a file of `count` experts like this one."""
    tensors = {}
    for name, value in vars(expert).items():
        if value is not None:
            tensors[name] = (_DTYPES[value.dtype.str[1:]], (count, *value.shape))
    return make_header(tensors, metadata)


def _is_whole(path: pathlib.Path, header: bytes, size: int) -> bool:
    """Whether the file is this conversion's, whole or growing."""
    try:
        with open(path, "rb") as file:
            return file.read(len(header)) == header and (
                os.fstat(file.fileno()).st_size == size)
    except FileNotFoundError:
        return False


def _experts_done(partial: pathlib.Path, journal: pathlib.Path, header: bytes,
                  size: int, count: int) -> int:
    """How many of count experts an interrupted conversion has finished."""
    if not _is_whole(partial, header, size):
        return 0
    try:
        text = journal.read_text(encoding="ascii")
    except (FileNotFoundError, ValueError):
        return 0
    done = int(text) if _is_number(text) else 0
    return done if done <= count else 0


def _open_alone(path: pathlib.Path) -> int:
    """A file to write that no other conversion writes meanwhile."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise CheckpointError(f"'{path}': another conversion writes this file") from None
        except OSError:
            return file  # a file system without locks
        # The other one may have finished, and given the file its final name.
        if path.exists() and os.path.samestat(os.fstat(file), path.stat()):
            return file
        os.close(file)


def convert_layer(source: LayerSource, out: pathlib.Path, act: str, gate: str,
                  progress: Progress) -> str:
    """Writes one layer's file; returns "written", "resumed" or "kept"."""
    first = in_kernel_order(source.expert(source.experts[0]), gate)
    metadata = _metadata(source, act, gate)
    header, places, size = _header(first, len(source.experts), metadata)
    target = _target(source, out)
    if _is_whole(target, header, size):
        for _ in source.experts:
            progress.step(source.layer, 0)
        return "kept"
    partial, journal = (target.with_suffix(suffix) for suffix in (".partial", ".journal"))
    with open(_open_alone(partial), "r+b", buffering=0) as file:
        done = _experts_done(partial, journal, header, size, len(source.experts))
        if not done:
            file.truncate(0)
            journal.unlink(missing_ok=True)
            file.write(header)
            os.posix_fallocate(file.fileno(), 0, size)
        for index, number in enumerate(source.experts):
            written = 0
            if index >= done:
                expert = in_kernel_order(source.expert(number), gate)
                written = _write(file.fileno(), expert, index, places)
                # The data first: what the journal counts must be there.
                os.fdatasync(file.fileno())
                journal.write_text(str(index + 1))
            progress.step(source.layer, written)
        os.replace(partial, target)
        journal.unlink(missing_ok=True)
    return "resumed" if done else "written"


def _write(file: int, expert: Expert, index: int, places: dict[str, int]) -> int:
    total = 0
    for name, value in vars(expert).items():
        if value is None:
            continue
        data = np.ascontiguousarray(value).reshape(-1).view(np.uint8).data
        offset, done = places[name] + index * len(data), 0
        while done < len(data):
            done += os.pwrite(file, data[done:], offset + done)
        total += done
    return total


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


def parse_path(text: str) -> str:
    """Not the empty one, which would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, got ''")
    return text


def parse_split(text: str) -> tuple[int, int]:
    rank, slash, size = text.partition("/")
    if not slash or not _is_number(rank) or not _is_number(size):
        raise argparse.ArgumentTypeError("expected RANK/SIZE, numbers of at most 9 "
                                         f"digits, got '{text[:40]}'")
    return int(rank), int(size)


def parse_layers(text: str) -> list[int]:
    layers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not _is_number(first) or (dash and not _is_number(last)):
            raise argparse.ArgumentTypeError("expected N or N-M, numbers of at most 9 "
                                             f"digits, got '{part[:40]}'")
        end = int(last) if dash else int(first)
        if end < int(first) or end > 100_000:
            raise argparse.ArgumentTypeError("expected a rising range of at most 100000 "
                                             f"layers, got '{part}'")
        layers.update(range(int(first), end + 1))
    return sorted(layers)


def make_parser(program: str) -> argparse.ArgumentParser:
    from . import __version__  # the package imports this module
    parser = argparse.ArgumentParser(
        prog=program, allow_abbrev=False,
        description="Writes the MoE layers of a safetensors checkpoint in the order that "
        "kernels read, one file a layer. An interrupted conversion goes on.",
        epilog=f"example: {program} gpt-oss-20b --out converted --layers 0-3")
    parser.add_argument("checkpoint", metavar="CHECKPOINT", type=parse_path,
                        help="a folder with an index or one file, or a .safetensors file")
    parser.add_argument("--out", metavar="DIR", required=True, type=parse_path,
                        help="where the files go; it is made if it does not exist")
    parser.add_argument("--layers", metavar="LIST", type=parse_layers,
                        help="for instance 0,2,5-7 [all MoE layers]")
    parser.add_argument("--names", metavar="MAP",
                        help=f"{', '.join(NAME_MAPS)} or FILE.json [the first that fits]")
    parser.add_argument("--act", choices=ACTIVATIONS,
                        help="the activation to note [swiglu for gpt-oss, else silu]")
    parser.add_argument("--gate", choices=GATES, default="separated",
                        help="order of gate and up rows [separated]")
    parser.add_argument("--tp", metavar="RANK/SIZE", type=parse_split, default=(0, 1),
                        help="one part of I, padded to a multiple of 32 [0/1]")
    parser.add_argument("--ep", metavar="RANK/SIZE", type=parse_split, default=(0, 1),
                        help="one part of the experts [0/1]")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--version", action="version", version=f"{program} {__version__}",
                        help="print the version")
    return parser


def _target(source: LayerSource, out: pathlib.Path) -> pathlib.Path:
    return out / f"layer_{source.layer:03d}.safetensors"


def _keep_inputs(sources: list[LayerSource], out: pathlib.Path) -> None:
    """Refuses a folder in which an output would replace a file of the checkpoint."""
    read = {(stat.st_dev, stat.st_ino)
            for stat in map(os.stat, {t.file for t in sources[0].tensors.values()})}
    for source in sources:
        for suffix in (".safetensors", ".partial", ".journal"):
            path = _target(source, out).with_suffix(suffix)
            stat = path.stat() if path.exists() else None
            if stat and (stat.st_dev, stat.st_ino) in read:
                raise CheckpointError(f"out: expected a folder of other files, got '{out}', "
                                      f"whose {path.name} is of the checkpoint itself")


def convert(arguments: argparse.Namespace) -> dict[str, Any]:
    """Converts what the command line asks for and describes it."""
    tensors = open_checkpoint(arguments.checkpoint)
    name = arguments.names or find_name_map(tensors)
    names = read_name_map(name)
    act = arguments.act or ("swiglu" if name == "gpt-oss" else "silu")
    found = layers_of(tensors, names)
    layers = found if arguments.layers is None else arguments.layers
    for layer in layers:
        if layer not in found:
            raise CheckpointError(f"layers: expected one of {found}, got {layer}")
    if not layers:
        raise CheckpointError(f"'{arguments.checkpoint}': expected layers named as in "
                              f"{name}, got none")
    split = Split(*arguments.tp, *arguments.ep)
    sources = [LayerSource(tensors, names, layer, split) for layer in layers]
    for source in {source.inter: source for source in sources if source.padded}.values():
        print(f"moe-convert: note: I {source.inter} in {split.tp_size} parts: "
              f"{source.part} rows, of which {source.padded} are zeros", file=sys.stderr)
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    _keep_inputs(sources, out)
    progress = Progress(sum(len(source.experts) for source in sources))
    start = time.monotonic()
    states = {source.layer: convert_layer(source, out, act, arguments.gate, progress)
              for source in sources}
    first = sources[0]
    return {"names": name, "model_dim": first.hidden, "inter_dim": first.part,
            "experts": len(first.experts), "padded": first.padded, "act": act,
            "gate": arguments.gate, "layers": states, "bytes": progress.bytes,
            "seconds": round(time.monotonic() - start, 3)}


def main(arguments: list[str] | None = None, program: str = "moe-convert") -> int:
    return run_printing("moe-convert", lambda: _main(arguments, program))


def _main(arguments: list[str] | None, program: str) -> int:
    parsed = make_parser(program).parse_args(arguments)
    try:
        summary = convert(parsed)
    except (MoeError, ImportError) as error:
        print(f"moe-convert: error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"moe-convert: error: {error.filename or parsed.out}: {error.strerror}",
              file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("moe-convert: interrupted; the same command goes on where it was",
              file=sys.stderr)
        return 130
    if parsed.json:
        print(json.dumps(summary))
        return 0
    for layer, state in summary["layers"].items():
        print(f"layer {layer}: {state}")
    print(f"{len(summary['layers'])} layers of {summary['experts']} experts, H "
          f"{summary['model_dim']}, I {summary['inter_dim']}: {summary['bytes']} bytes "
          f"in {summary['seconds']} s")
    return 0
