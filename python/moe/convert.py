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
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._library import MoeError
from ._output import run_printing
from .checkpoint import (ACTIVATIONS, CONVERTED, GATES, NAME_MAPS, Expert, LayerSource,
                         Split, converted_dtype, converted_shapes, find_name_map,
                         in_kernel_order, layers_of, read_name_map)
from .safetensors import (MAX_HEADER, CheckpointError, Tensor, make_header, open_checkpoint,
                          read_metadata)


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


#: A layer's data is compared whole up to _PIECES * _PIECE bytes, else in so many pieces.
_PIECES, _PIECE = 256, 4096


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _layer_tensors(source: LayerSource) -> list[Tensor]:
    """What a layer is made of, by file and place."""
    experts = (0,) if source.fused else source.experts
    found = [source.find(key, expert) for key in source.names for expert in experts]
    return sorted((tensor for tensor in found if tensor is not None),
                  key=lambda tensor: (str(tensor.file), tensor.offset))


def _sample(tensors: list[Tensor]) -> str:
    """A hash of the tensors' data, of which a part is read that is spread evenly and does
    not grow with it."""
    total = sum(tensor.data_bytes for tensor in tensors)
    whole = total <= _PIECES * _PIECE
    step, behind = max(total // _PIECES, 1), 0
    sample = hashlib.sha256()
    for tensor in tensors:
        places = [0] if whole else range(behind, tensor.data_bytes, step)
        behind += len(places) * step - tensor.data_bytes
        for place in places:
            with open(tensor.file, "rb", buffering=0) as file:
                sample.update(os.pread(file.fileno(), tensor.data_bytes if whole else
                                       min(_PIECE, tensor.data_bytes - place),
                                       tensor.offset + place))
    return sample.hexdigest()


def _fingerprint(source: LayerSource) -> str:
    """Of a layer's files as they are now: a conversion of changed ones must not go on
    with what an earlier one has written. Sizes and times, headers, and a part of the
    data, since a copy of another checkpoint may have all the rest."""
    tensors = _layer_tensors(source)
    stats = {}
    for file in {tensor.file for tensor in tensors}:
        stat = file.stat()
        with open(file, "rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            header = hashlib.sha256(opened.read(min(length, MAX_HEADER))).hexdigest()
        stats[str(file)] = (stat.st_size, stat.st_mtime_ns, header)
    return _digest([sorted(stats.items()), _sample(tensors)])


def _metadata(source: LayerSource, act: str, gate: str) -> dict[str, str]:
    experts = source.experts
    files = {str(tensor.file.resolve()) for tensor in _layer_tensors(source)}
    values = {"format": CONVERTED, "layer": source.layer, "act": act, "gate": gate,
              "model_dim": source.hidden, "inter_dim": source.part,
              "experts": len(experts), "global_experts": source.global_experts,
              "first_expert": experts.start, "last_expert": experts.stop - 1,
              "tp": f"{source.split.tp_rank}/{source.split.tp_size}",
              "ep": f"{source.split.ep_rank}/{source.split.ep_size}",
              "padded": source.padded,
              "checkpoint": _digest([sorted(files), sorted(source.names.items())]),
              "source": _fingerprint(source)}
    return {name: str(value) for name, value in values.items()}


@dataclass
class _Output:
    """One layer's file: where it goes, and all of it but the data."""

    source: LayerSource
    target: pathlib.Path
    metadata: dict[str, str]
    header: bytes
    places: dict[str, int]
    size: int

    @property
    def partial(self) -> pathlib.Path:
        return self.target.with_suffix(".partial")

    @property
    def journal(self) -> pathlib.Path:
        return self.target.with_suffix(".journal")

    def is_in(self, path: pathlib.Path) -> bool:
        """Whether the file is this output, whole or growing."""
        try:
            with open(path, "rb") as file:
                return file.read(len(self.header)) == self.header and (
                    os.fstat(file.fileno()).st_size == self.size)
        except FileNotFoundError:
            return False

    def experts_done(self) -> int:
        """How many experts an interrupted conversion has finished."""
        if not self.is_in(self.partial):
            return 0
        try:
            text = self.journal.read_text(encoding="ascii")
        except (FileNotFoundError, ValueError):
            return 0
        done = int(text) if _is_number(text) else 0
        return done if done <= len(self.source.experts) else 0

    def check_place(self) -> None:
        """Refuses to replace what is not the same conversion's, of this checkpoint as it
        is or was."""
        for path in (self.target, self.partial):
            other = self._other(path)
            if other:
                raise CheckpointError(
                    f"out: expected no other file in the place of '{path}', got {other}; "
                    "--overwrite replaces it")
        if not self.partial.exists() and self.journal.exists():
            with open(self.journal, "rb") as file:
                text = file.read(11).decode("latin-1")
            if text and not _is_number(text):
                raise CheckpointError(
                    f"out: expected no other file in the place of '{self.journal}', got one "
                    "that is not of moe-convert; --overwrite replaces it")

    def _other(self, path: pathlib.Path) -> str | None:
        """What a file is, where it is nothing that may be replaced."""
        if not path.exists():
            return None
        if not path.is_file():
            return "no regular file"
        with open(path, "rb") as file:
            start = file.read(len(self.header))
        if path == self.partial and self.header.startswith(start):
            return None  # interrupted at its beginning
        metadata = read_metadata(path)
        if metadata.get("format") != CONVERTED:
            return "one that is not of moe-convert"
        if metadata.get("checkpoint") != self.metadata["checkpoint"]:
            return "that of another checkpoint or name map"
        for key, value in self.metadata.items():
            # What depends on the checkpoint's contents may have changed with them.
            if key in ("layer", "act", "gate", "tp", "ep") and metadata.get(key) != value:
                return f"one with {key} {metadata.get(key)} instead of {value}"
        return None


def _make_output(source: LayerSource, out: pathlib.Path, act: str, gate: str) -> _Output:
    metadata = _metadata(source, act, gate)
    shapes = converted_shapes(source.hidden, source.part, bias=source.bias)
    header, places, size = make_header(
        {name: (converted_dtype(name), (len(source.experts), *shape))
         for name, shape in shapes.items()}, metadata)
    return _Output(source, _target(source, out), metadata, header, places, size)


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


def convert_layer(output: _Output, gate: str, progress: Progress) -> str:
    """Writes one layer's file; returns "written", "resumed" or "kept"."""
    source = output.source
    if output.is_in(output.target):
        for _ in source.experts:
            progress.step(source.layer, 0)
        return "kept"
    with open(_open_alone(output.partial), "r+b", buffering=0) as file:
        done = output.experts_done()
        if not done:
            file.truncate(0)
            output.journal.unlink(missing_ok=True)
            file.write(output.header)
            os.posix_fallocate(file.fileno(), 0, output.size)
        for index, number in enumerate(source.experts):
            written = 0
            if index >= done:
                expert = in_kernel_order(source.expert(number), gate)
                written = _write(file.fileno(), expert, index, output.places)
                # The data first: what the journal counts must be there.
                os.fdatasync(file.fileno())
                output.journal.write_text(str(index + 1))
            progress.step(source.layer, written)
        _check_unchanged(output)
        os.replace(output.partial, output.target)
        output.journal.unlink(missing_ok=True)
    return "resumed" if done else "written"


def _check_unchanged(output: _Output) -> None:
    """A checkpoint that is written to while it is read gives a layer of both."""
    if _fingerprint(output.source) == output.metadata["source"]:
        return
    output.journal.unlink(missing_ok=True)
    output.partial.unlink()
    file = next(iter(output.source.tensors.values())).file
    raise CheckpointError(f"layer {output.source.layer}: expected a checkpoint that stays as it "
                          f"is during a conversion, got one whose files in '{file.parent}' "
                          "have changed; the layer was not written")


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
    parser.add_argument("--names", metavar="MAP", type=parse_path,
                        help=f"{', '.join(NAME_MAPS)} or FILE.json [the first that fits]")
    parser.add_argument("--act", choices=ACTIVATIONS,
                        help="the activation to note [swiglu for gpt-oss, else silu]")
    parser.add_argument("--gate", choices=GATES, default="separated",
                        help="order of gate and up rows [separated]")
    parser.add_argument("--tp", metavar="RANK/SIZE", type=parse_split, default=(0, 1),
                        help="one part of I, padded to a multiple of 32 [0/1]")
    parser.add_argument("--ep", metavar="RANK/SIZE", type=parse_split, default=(0, 1),
                        help="one part of the experts [0/1]")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace what is in the place of an output, whatever it is")
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
    name = find_name_map(tensors) if arguments.names is None else arguments.names
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
    if out.exists() and not out.is_dir():
        raise CheckpointError(f"out: expected a folder, got the file '{out}'")
    out.mkdir(parents=True, exist_ok=True)
    _keep_inputs(sources, out)
    outputs = [_make_output(source, out, act, arguments.gate) for source in sources]
    for output in outputs if not arguments.overwrite else []:
        output.check_place()
    progress = Progress(sum(len(source.experts) for source in sources))
    start = time.monotonic()
    states = {output.source.layer: convert_layer(output, arguments.gate, progress)
              for output in outputs}
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
