"""Marks in a picture: 32 bits as black and white blocks in the upper rows, readable after coding and scaling.

Layout: 16 columns by 2 rows over the upper sixth of the picture; source (8 bits), frame number (16 bits), CRC-8 of both,
most significant bit first. Cells scale with the picture, so a mark survives simulcast layers and re-encoding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from testcall_simulator.media.samples import Mark

COLUMNS = 16
ROWS = 2
HEIGHT_SHARE = 6
"""The mark takes one part in this many of the picture's height."""

WHITE, BLACK = 220, 32
_MIDDLE = (WHITE + BLACK) // 2
_CLEARNESS = (WHITE - BLACK) // 5
"""A cell must be this far from the middle to be black or white."""


def crc8(data: bytes) -> int:
    """CRC-8 of ITU-T I.432.1: polynomial 0x07, final XOR 0x55 (so that a black picture carries no mark)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc ^ 0x55


def _cells(mark: Mark) -> list[int]:
    body = bytes([mark.source & 0xFF, mark.number >> 8 & 0xFF, mark.number & 0xFF])
    word = int.from_bytes(body + bytes([crc8(body)]), "big")
    return [word >> shift & 1 for shift in range(31, -1, -1)]


def draw(luma: NDArray[np.uint8], mark: Mark) -> None:
    """Write ``mark`` into the upper rows of a luma plane (height, width), in place."""
    height, width = luma.shape
    band = height // HEIGHT_SHARE
    for index, bit in enumerate(_cells(mark)):
        row, column = divmod(index, COLUMNS)
        luma[
            band * row // ROWS : band * (row + 1) // ROWS,
            width * column // COLUMNS : width * (column + 1) // COLUMNS,
        ] = WHITE if bit else BLACK


def read(luma: NDArray[Any]) -> Mark | None:
    """The mark of a luma plane (height, width); None when there is none or it can't be read."""
    height, width = luma.shape
    band = height // HEIGHT_SHARE
    if band < 2 * ROWS or width < 4 * COLUMNS:
        return None
    word = 0
    for index in range(COLUMNS * ROWS):
        row, column = divmod(index, COLUMNS)
        top, left = band * row / ROWS, width * column / COLUMNS
        cell_height, cell_width = band / ROWS, width / COLUMNS
        cell = luma[
            int(top + cell_height / 4) : int(top + cell_height * 3 / 4) + 1,
            int(left + cell_width / 4) : int(left + cell_width * 3 / 4) + 1,
        ]
        clear = float(cell.mean()) - _MIDDLE
        if abs(clear) < _CLEARNESS:
            return None
        word = word << 1 | (clear > 0)
    data = word.to_bytes(4, "big")
    if crc8(data[:3]) != data[3]:
        return None
    return Mark(data[0], int.from_bytes(data[1:3], "big"))
