"""Writes small PNG files from arrays of pixels: a thumbnail that fits into the bytes of a display."""

import struct
import zlib
from typing import Any

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""The colour types of PNG by the number of channels: grey, grey with alpha, RGB, RGB with alpha."""

PALETTE = 3
"""The colour type of pixels that are places in a palette."""

MAX_SIDE = 400
"""The maximum width and height of a thumbnail in pixels."""

_MAX_PLAIN_PIXELS = 4_096
"""The rows of a larger image are filtered, which makes photographs smaller."""

_GROWTH = 1.25
"""If a thumbnail has too many bytes, the next one has this many times fewer pixels in a row."""


def thumbnail(pixels: Any, max_bytes: int, palette: bytes = b"", max_side: int = MAX_SIDE) -> bytes:
    """Return an image as a PNG file of at most ``max_bytes``, with fewer pixels if necessary.

    Parameters
    ----------
    pixels
        An array of uint8: rows, columns and 1 to 4 channels.
    max_bytes
        The maximum size of the file. Even an image of one pixel has 70 bytes.
    palette
        The colours in bytes of three, if the pixels are places in it.
    max_side
        The maximum width and height in pixels. A larger image has fewer pixels.
    """
    side = max(pixels.shape[:2])
    step = -(-side // max_side)
    while True:
        small = pixels[::step, ::step] if palette or step == 1 else _means(pixels, step)
        png = _png(small, palette)
        if len(png) <= max_bytes or step >= side:
            return png
        step = max(step + 1, int(step * _GROWTH))


def _means(pixels: Any, step: int) -> Any:
    """Return an image whose pixels are the means of squares. The rest of the last squares is left out."""
    import numpy as np

    height, width = (max(length // step, 1) for length in pixels.shape[:2])
    rows, columns = min(step, pixels.shape[0]), min(step, pixels.shape[1])
    cut = pixels[: height * rows, : width * columns]
    squares = cut.reshape(height, rows, width, columns, pixels.shape[2])
    return squares.mean(axis=(1, 3), dtype=np.float32).astype(np.uint8)


def _png(pixels: Any, palette: bytes) -> bytes:
    """Return an image as a PNG file: a header, the palette, and the rows, each after the number of its filter."""
    height, width, channels = pixels.shape
    rows = _rows(pixels, filtered=height * width > _MAX_PLAIN_PIXELS and not palette)
    header = struct.pack(">IIBBBBB", width, height, 8, PALETTE if palette else COLOUR_TYPES[channels], 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        *([(b"PLTE", palette)] if palette else []),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _rows(pixels: Any, *, filtered: bool) -> bytes:
    """Return the rows of an image. A filter replaces the bytes of a row by small differences: to the left, or above."""
    import numpy as np

    height, width, channels = pixels.shape
    plain = np.ascontiguousarray(pixels).reshape(height, width * channels)
    numbers, chosen = np.zeros((height, 1), np.uint8), plain
    if filtered:
        left, above = plain.copy(), plain.copy()
        left[:, channels:] -= plain[:, :-channels]
        above[1:] -= plain[:-1]
        choices = np.stack([plain, left, above])
        costs = np.abs(choices.view(np.int8).astype(np.int16)).sum(axis=2)
        best = costs.argmin(axis=0)
        numbers, chosen = best.astype(np.uint8)[:, None], choices[best, np.arange(height)]
    return np.hstack([numbers, chosen]).tobytes()
