"""Pictures of image files in bytes, of Pillow's images from the raw bytes in their pickles, and of arrays of pixels."""

import base64
import struct
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.pickles.class_names import class_ref
from mfwidgets.pickles.described import ReducedCall, is_array
from mfwidgets.pickles.previews.png import COLOUR_TYPES, thumbnail

MAX_IMAGE_BYTES = 36_000
"""The bytes of all pictures of a preview. More would not fit into the bytes of a display."""

_MAX_FILE_PIXELS = 40_000_000
"""A browser unpacks all pixels of a file. A few bytes can be billions of them."""

_MAX_ICON_BYTES, _MAX_ICON_SIDE = 1_500, 32

_MAX_PICTURES = 24

_MAX_PIXELS = 4_000_000
"""The pixels of all images of a list. A pickle can refer to a large image many times."""

_MIN_PICTURE_BYTES = 1_500

_IMAGE_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}

_BYTES_PER_PIXEL = {"L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "1": 1}
"""Bytes per pixel of Pillow's modes. Mode 1 has eight pixels in a byte."""

_MAX_PALETTE = 768
"""256 colours of three bytes."""

_MIN_SIDE = 8
"""A smaller array without colours is shown as numbers."""

_MAX_CHANNELS = 4

_PLANE, _COLOURED, _BATCH = 2, 3, 4
"""The dimensions of an image without colours, of one with channels, and of several of these."""


@fast_dataclass(frozen=True, slots=True)
class Picture:
    """A picture.

    Attributes
    ----------
    uri
        A data URI, of a thumbnail if the picture is large.
    width, height
        The size of the picture in pixels.
    icon
        A data URI of a very small thumbnail, for a line of a table. Empty if the picture is in a large file.
    """

    uri: str
    width: int
    height: int
    icon: str = ""


def picture_of_file(content: bytes | bytearray) -> Picture | None:
    """Return the picture in the bytes of an image file. None for other bytes, and for a large file."""
    kind = next((kind for magic, kind in _IMAGE_TYPES.items() if content.startswith(magic)), "")
    if not kind or len(content) > MAX_IMAGE_BYTES:
        return None
    width, height = _size_in_file(kind, content)
    if width * height > _MAX_FILE_PIXELS:
        return None
    uri = _data_uri(kind, content)
    return Picture(uri, width, height, uri if len(content) <= _MAX_ICON_BYTES else "")


def _size_in_file(kind: str, content: bytes | bytearray) -> tuple[int, int]:
    """Return the width and height that an image file says. Zeros if it does not say them."""
    try:
        if kind == "image/png":
            width, height = struct.unpack_from(">II", content, 16)
        elif kind == "image/gif":
            width, height = struct.unpack_from("<HH", content, 6)
        else:
            place = _frame_of_jpeg(content)
            height, width = struct.unpack_from(">HH", content, place + 5)
    except struct.error:
        return 0, 0
    return width, height


def _frame_of_jpeg(content: bytes | bytearray) -> int:
    """Return the place of the frame header, which has the size. Each segment before it has its length."""
    place = 2
    while True:
        marker, length = struct.unpack_from(">HH", content, place)
        if marker & 0xFFF0 == 0xFFC0 and marker not in (0xFFC4, 0xFFC8, 0xFFCC):  # noqa: PLR2004 - start of frame
            return place
        place += 2 + max(length, 2)


def picture_of_image(described: Any, max_bytes: int = MAX_IMAGE_BYTES) -> tuple[Picture | None, str]:
    """Return the picture of an image of Pillow, and its summary: ``image, 640 x 480 pixels, RGB``.

    The summary is empty for other objects. There is no picture for a mode that is not read.
    """
    of = class_ref(described)
    if not isinstance(described, ReducedCall) or of is None or not of.module.startswith("PIL."):
        return None, ""
    try:
        _, mode, (width, height), palette, pixels = described.state[:5]
        summary = f"image, {width:,} x {height:,} pixels, {mode:.10}"
        return _picture(str(mode), (int(width), int(height)), palette, bytes(pixels), max_bytes), summary
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return None, ""


def _picture(mode: str, size: tuple[int, int], palette: Any, pixels: bytes, max_bytes: int) -> Picture | None:
    import numpy as np

    width, height = size
    depth = _BYTES_PER_PIXEL.get(mode, 0)
    row_bytes = (width + 7) // 8 if mode == "1" else width * depth
    if mode == "P" and len(palette or ()) > _MAX_PALETTE:
        return None
    if not depth or min(width, height) < 1 or len(pixels) != row_bytes * height:
        return None
    rows = np.frombuffer(pixels, np.uint8).reshape(height, row_bytes)
    if mode == "1":
        rows = np.unpackbits(rows, axis=1)[:, :width] * 255
    colours = bytes(palette or (level for level in range(256) for _ in "rgb")) if mode == "P" else b""
    return _drawn(rows.reshape(height, width, depth), max_bytes, colours)


def pictures_of(value: Any) -> tuple[Picture, ...]:
    """Return the pictures of an array of pixels, or of a list of images. Empty for other values.

    An array of uint8 is an image if its shape is one of an image, with the channels last or first. So is an array of
    floats from 0 to 1 with three or four channels, and a large array of booleans. Further dimensions are several images.
    """
    try:
        return tuple(_pictures(value))
    except Exception:  # noqa: BLE001 - a strange pickle can cause nearly any error
        return ()


def _pictures(value: Any) -> Iterator[Picture]:
    if is_array(value):
        images = _images_of(value)
        if images is not None:
            budget = _budget(len(images))
            yield from (_drawn(_as_bytes(image), budget) for image in images[:_MAX_PICTURES])
    elif isinstance(value, list | tuple) and value:
        shown = list(islice(value, _MAX_PICTURES))
        yield from _pictures_of_items(shown, _budget(len(shown)))


def _pictures_of_items(items: list[Any], max_bytes: int) -> list[Picture]:
    """Return the pictures of the first items. Empty if one of them is not an image: the list has other things, too."""
    pictures: list[Picture] = []
    pixels_left = _MAX_PIXELS
    for item in items:
        picture = _picture_of_item(item, max_bytes)
        if picture is None:
            return []
        pictures.append(picture)
        pixels_left -= picture.width * picture.height
        if pixels_left < 0:
            break
    return pictures


def _budget(count: int) -> int:
    return max(MAX_IMAGE_BYTES // min(count, _MAX_PICTURES), _MIN_PICTURE_BYTES)


def _picture_of_item(item: Any, max_bytes: int) -> Picture | None:
    if isinstance(item, bytes | bytearray):
        return picture_of_file(item) if len(item) <= max_bytes else None
    if is_array(item):
        images = _images_of(item)
        return _drawn(_as_bytes(images[0]), max_bytes) if images is not None and len(images) == 1 else None
    return picture_of_image(item, max_bytes)[0]


def _images_of(array: Any) -> Any:
    """Return an array as images: number, rows, columns, channels. Return None if it is not an array of images."""
    if not _has_pixels(array):
        return None
    if array.ndim == _PLANE:
        return array[None, :, :, None] if min(array.shape) >= _MIN_SIDE else None
    if array.ndim == _COLOURED:
        coloured = _with_channels_last(array[None])
        if coloured is not None:
            return coloured
        return array[:, :, :, None] if min(array.shape[1:]) >= _MIN_SIDE else None
    return _with_channels_last(array) if array.ndim == _BATCH else None


def _has_pixels(array: Any) -> bool:
    """Return whether the values of an array can be those of pixels."""
    if not array.size or array.ndim > _BATCH:
        return False
    if array.dtype.kind == "f":  # only with colours: other arrays of floats are more likely numbers
        coloured = array.ndim == _COLOURED and array.shape[2] in (3, 4) and min(array.shape[:2]) >= _MIN_SIDE
        return coloured and bool(0 <= array.min() <= array.max() <= 1)
    return array.dtype.str in ("|u1", "|b1")


def _with_channels_last(images: Any) -> Any:
    """Return images with their channels last: 1, 3 or 4 of them. Return None if no axis can be that of channels."""
    _, first, _, last = images.shape
    if last in (3, 4) or (last == 1 and min(images.shape[1:3]) >= _MIN_SIDE):
        return images
    sides = images.shape[2:]
    return images.transpose(0, 2, 3, 1) if first in (1, 3, 4) and min(sides) >= _MIN_SIDE else None


def _as_bytes(image: Any) -> Any:
    import numpy as np

    return image if image.dtype == np.uint8 else (image * 255).astype(np.uint8)


def _drawn(image: Any, max_bytes: int, palette: bytes = b"") -> Picture:
    height, width, channels = image.shape
    if channels not in COLOUR_TYPES:
        raise ValueError("an unknown number of channels")
    return Picture(
        _data_uri("image/png", thumbnail(image, max_bytes, palette)),
        width,
        height,
        _data_uri("image/png", thumbnail(image, _MAX_ICON_BYTES, palette, _MAX_ICON_SIDE)),
    )


def _data_uri(kind: str, content: bytes | bytearray) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
