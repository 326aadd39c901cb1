# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pictures of the byte layouts, as SVG.

Nothing is known of the layouts here: numbered bytes are shuffled by the library and
looked up again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._host import shuffle_scale_a16w4, shuffle_weight_a16w4


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


def plot_layout(kind: str, *, gate: str = "separated") -> Drawing:
    """Where the bytes of a small matrix stand in memory.

    kind: "weight", 64 rows of K = 128 (a cell is 16 bytes, 32 values of one row), or
    "scale", 64 rows of 8 blocks (a cell is one byte, the scale of 32 values). gate:
    "separated" or "interleaved" (rows 0-31 are gate, 32-63 up). The number in a cell
    is its offset in memory in bytes; the colour is its 64 lanes' group of 16.
    """
    if kind not in ("weight", "scale"):
        raise ValueError(f"kind: expected weight or scale, got '{kind}'")
    if gate not in ("separated", "interleaved"):
        raise ValueError(f"gate: expected separated or interleaved, got '{gate}'")
    place = _positions(kind, gate)
    if kind == "weight":
        place = place[:, ::16]  # the first byte of each 16
    unit = 16 if kind == "weight" else 4
    width, height, left, top = 72, 16, 60, 40
    rows, columns = place.shape
    colours = ["#dbe9f6", "#fde8c8", "#dcefdc", "#f3dcec"]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" '
             f'font-size="10" viewBox="0 0 {left + columns * width + 10} '
             f'{top + rows * height + 10}">',
             f'<text x="{left}" y="14" font-size="12">{kind} bytes, gate {gate}: '
             'offset of each cell in memory</text>']
    for column in range(columns):
        label = (f"K {32 * column}-{32 * column + 31}")
        parts.append(f'<text x="{left + column * width + 4}" y="{top - 6}">{label}'
                     '</text>')
    for row in range(rows):
        y = top + row * height
        name = f"row {row}"
        if gate == "interleaved":
            name = f"{'gate' if row < 32 else 'up'} {row % 32}"
        parts.append(f'<text x="4" y="{y + 12}">{name}</text>')
        for column in range(columns):
            offset = int(place[row, column])
            x = left + column * width
            parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" '
                         f'fill="{colours[offset // unit // 16 % 4]}" '
                         'stroke="#888" stroke-width="0.5"/>'
                         f'<text x="{x + 4}" y="{y + 12}">{offset}</text>')
    return Drawing("".join(parts) + "</svg>")
