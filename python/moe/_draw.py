# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures of layouts, as SVG: bytes in memory, elements in the lanes of an MFMA.

Nothing is known of the memory layouts here: numbered bytes are shuffled by the
library and looked up again. Lanes and registers follow the formulas of the CDNA3 and
CDNA4 ISA manuals, which a test compares with what the emulator executes.
"""

from __future__ import annotations

from typing import Callable

import numpy as np
import numpy.typing as npt

from ._host import shuffle_scale_a16w4, shuffle_weight_a16w4

_COLOURS = ["#dbe9f6", "#fde8c8", "#dcefdc", "#f3dcec"]
_HEIGHT, _LEFT, _TOP = 16, 60, 40


class Drawing(str):
    """SVG text that notebooks show as a picture."""

    def _repr_svg_(self) -> str:
        return str(self)


def _positions(kind: str, gate: str) -> npt.NDArray[np.int64]:
    """[rows, columns]: the place in memory of each byte of the logical matrix.

    64 rows: with fewer, interleaved rows would not show.
    """
    shuffle, columns = ((shuffle_weight_a16w4, 64) if kind == "weight" else
                        (shuffle_scale_a16w4, 8))
    logical = np.arange(64 * columns)
    place = np.zeros_like(logical)
    # A byte holds 256 numbers: two passes tell 64 x 64 bytes apart.
    passes = [shuffle((logical >> shift & 255).astype(np.uint8).reshape(1, 64, columns),
                      gate_up=gate == "interleaved").astype(np.int64).ravel()
              for shift in (0, 8)]
    place[passes[0] | passes[1] << 8] = np.arange(logical.size)
    return place.reshape(64, columns)


def _grid(title: str, rows: list[str], columns: list[str], width: int,
          cell: Callable[[int, int], tuple[str, int]]) -> Drawing:
    """A table with coloured cells; `cell` gives text and colour."""
    size = (max(_LEFT + len(columns) * width, 7 * len(title)) + 10,
            _TOP + len(rows) * _HEIGHT + 10)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" '
             f'font-size="10" width="{size[0]}" height="{size[1]}" '
             f'viewBox="0 0 {size[0]} {size[1]}">\n<title>{title}</title>',
             f'<text x="4" y="14" font-size="12">{title}</text>',
             '<g stroke="#888" stroke-width="0.5">']
    texts = []
    for j, name in enumerate(columns):
        texts.append(f'<text x="{_LEFT + j * width + 4}" y="{_TOP - 6}">{name}</text>')
    for i, name in enumerate(rows):
        y = _TOP + i * _HEIGHT
        texts.append(f'<text x="4" y="{y + 12}">{name}</text>')
        for j in range(len(columns)):
            x, (text, colour) = _LEFT + j * width, cell(i, j)
            parts.append(f'<path d="M{x} {y}h{width}v{_HEIGHT}h-{width}z" '
                         f'fill="{_COLOURS[colour % len(_COLOURS)]}"/>')
            texts.append(f'<text x="{x + 4}" y="{y + 12}">{text}</text>')
    return Drawing("\n".join([*parts, "</g>", *texts]) + "\n</svg>\n")


def _draw_bytes(kind: str, gate: str) -> Drawing:
    place = _positions(kind, gate)
    if kind == "weight":
        place = place[:, ::16]  # the first byte of each 16
    unit = 16 if kind == "weight" else 4
    rows = [f"row {row}" if gate == "separated" else
            f"{'gate' if row < 32 else 'up'} {row % 32}" for row in range(64)]
    columns = [f"K {32 * j}-{32 * j + 31}" for j in range(place.shape[1])]
    return _grid(f"{kind} bytes, gate {gate}: offsets in memory", rows,
                 columns, 72,
                 lambda i, j: (str(place[i, j]), int(place[i, j]) // unit // 16))


def mfma_operand(lane: int, element: int, size: int, k: int) -> tuple[int, int]:
    """(row, k) of an element of a lane's A operand of a size x size x k MFMA of bf16;
    of B it is (column, k)."""
    each = k * size // 64  # elements a lane holds
    return lane % size, lane // size * each + element


def mfma_result(lane: int, register: int, size: int) -> tuple[int, int]:
    """(row, column) of a lane's register of C and D, 16 x 16 or 32 x 32 of f32."""
    groups = 64 // size
    return (register // 4 * 4 * groups + lane // size * 4 + register % 4, lane % size)


def _draw_operand(size: int, k: int) -> Drawing:
    each = k * size // 64
    owner = {mfma_operand(lane, 0, size, k): lane for lane in range(64)}
    return _grid(f"{size}x{size}x{k} bf16: the lane that holds row (B: column), K",
                 [f"row {row}" for row in range(size)],
                 [f"K {j}-{j + each - 1}" for j in range(0, k, each)], 72,
                 lambda i, j: (f"lane {owner[i, j * each]}", j))


def _draw_result(size: int) -> Drawing:
    owner = {mfma_result(lane, register, size): (lane, register)
             for lane in range(64) for register in range(size * size // 64)}
    return _grid(f"{size}x{size} f32 result: lane and register of each element",
                 [f"row {row}" for row in range(size)],
                 [f"col {column}" for column in range(size)], 48,
                 lambda i, j: ("{}: v{}".format(*owner[i, j]),
                               owner[i, j][0] // size))


def plot_layout(kind: str, *, gate: str = "separated",
                shape: tuple[int, int, int] = (16, 16, 32)) -> Drawing:
    """Where elements stand, as SVG: in memory, or in the lanes of a wave.

    kind: "weight", 64 rows of K = 128 (a cell is 16 bytes, 32 values of one row), or
    "scale", 64 rows of 8 blocks (a cell is one byte, the scale of 32 values), with
    gate "separated" or "interleaved" (rows 0-31 are gate, 32-63 up). The number in a
    cell is its offset in memory in bytes; the colour is its 64 lanes' group of 16.

    kind: "mfma-operand" or "mfma-result" of an MFMA of bf16 with shape (M, N, K):
    16x16x32 and 32x32x16 of gfx950, 16x16x16 and 32x32x8 of gfx942 too. The colour is
    the group of lanes.
    """
    if kind not in ("weight", "scale", "mfma-operand", "mfma-result"):
        raise ValueError("kind: expected weight, scale, mfma-operand or mfma-result, "
                         f"got '{kind}'")
    if gate not in ("separated", "interleaved"):
        raise ValueError(f"gate: expected separated or interleaved, got '{gate}'")
    shapes = [(16, 16, 16), (16, 16, 32), (32, 32, 8), (32, 32, 16)]
    if tuple(shape) not in shapes:
        raise ValueError("shape: expected " + " or ".join(map(str, shapes)) +
                         f", got {shape}")
    if kind == "mfma-operand":
        return _draw_operand(shape[0], shape[2])
    if kind == "mfma-result":
        return _draw_result(shape[0])
    return _draw_bytes(kind, gate)
