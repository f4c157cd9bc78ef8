"""Pictures of image files in bytes, and of Pillow's images from the raw bytes in their pickles."""

import base64
import struct
import zlib
from typing import Any

from mfwidgets.pickles.class_names import class_ref
from mfwidgets.pickles.described import ReducedCall

MAX_IMAGE_BYTES = 40_000
"""A larger image would not fit into the bytes of a display."""

_IMAGE_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}

_BYTES_PER_PIXEL = {"L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "1": 1}
"""Bytes per pixel of Pillow's modes. Mode 1 has eight pixels in a byte."""

_COLOUR_TYPE = {"L": 0, "P": 3, "LA": 4, "RGB": 2, "RGBA": 6, "1": 0}
"""The colour types of PNG."""

_MAX_PALETTE = 768
"""256 colours of three bytes."""

_MAX_SIDE = 400
"""The maximum width and height in pixels. A larger image is shown with fewer pixels."""


def picture_of_file(content: bytes | bytearray) -> str:
    """Return the bytes of an image file as a data URI. Empty for other bytes, and for a large file."""
    kind = next((kind for magic, kind in _IMAGE_TYPES.items() if content.startswith(magic)), "")
    return _data_uri(kind, content) if kind and len(content) <= MAX_IMAGE_BYTES else ""


def picture_of_image(described: Any) -> tuple[str, str]:
    """Return the picture of an image of Pillow as a data URI, and its summary: ``image, 640 x 480 pixels, RGB``.

    Both are empty for other objects. The picture is empty for a mode that is not read.
    """
    of = class_ref(described)
    if not isinstance(described, ReducedCall) or of is None or not of.module.startswith("PIL."):
        return "", ""
    try:
        _, mode, (width, height), palette, pixels = described.state[:5]
        summary = f"image, {width:,} x {height:,} pixels, {mode:.10}"
        return _picture(str(mode), int(width), int(height), palette, bytes(pixels)), summary
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return "", ""


def _picture(mode: str, width: int, height: int, palette: Any, pixels: bytes) -> str:
    import numpy as np

    depth = _BYTES_PER_PIXEL.get(mode, 0)
    row_bytes = (width + 7) // 8 if mode == "1" else width * depth
    if mode == "P" and len(palette or ()) > _MAX_PALETTE:
        return ""
    if not depth or min(width, height) < 1 or len(pixels) != row_bytes * height:
        return ""
    rows = np.frombuffer(pixels, np.uint8).reshape(height, row_bytes)
    if mode == "1":
        rows = np.unpackbits(rows, axis=1)[:, :width] * 255
    image = rows.reshape(height, width, depth)
    colours = bytes(palette or (level for level in range(256) for _ in "rgb")) if mode == "P" else b""
    step = -(-max(width, height) // _MAX_SIDE)
    while True:
        png = _png(image[::step, ::step], mode, colours)
        if len(png) <= MAX_IMAGE_BYTES:
            return _data_uri("image/png", png)
        step *= 2


def _png(image: Any, mode: str, palette: bytes) -> bytes:
    """Return an image as a PNG file: a header, the palette, and the rows, each after the number of its filter (none)."""
    height, width, _ = image.shape
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPE[mode], 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        *([(b"PLTE", palette)] if palette else []),
        (b"IDAT", zlib.compress(rows, 6)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _data_uri(kind: str, content: bytes | bytearray) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
