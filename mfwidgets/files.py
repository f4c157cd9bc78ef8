"""Reads small files fast, and checks sizes: a list of runs needs thousands of files."""

import os

from mfwidgets.errors import TooLarge

_CHUNK_BYTES = 1 << 16
"""Nearly all files are smaller, so that one read is enough."""

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)  # without O_BINARY, Windows translates line ends


def read_file(file: str, max_bytes: int | None = None) -> bytes:
    """Return the bytes of a file.

    It makes no file object: for a small file, that takes as long as opening, reading and closing it.

    Parameters
    ----------
    file
        The path.
    max_bytes
        The largest allowed size in bytes. None means no limit.

    Raises
    ------
    OSError
        The file cannot be opened or read.
    OverflowError
        The file has more than ``max_bytes`` bytes.
    """
    descriptor = os.open(file, _FLAGS)
    try:
        content = os.read(descriptor, _CHUNK_BYTES)
        if max_bytes is not None and (
            len(content) > max_bytes or (len(content) == _CHUNK_BYTES and os.fstat(descriptor).st_size > max_bytes)
        ):
            raise OverflowError
        if len(content) < _CHUNK_BYTES:
            return content
        chunks = [content]
        while chunk := os.read(descriptor, 16 * _CHUNK_BYTES):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)


def check_size(name: str, size: int, max_bytes: int | None) -> None:
    """Check that an object has at most ``max_bytes`` bytes.

    Raises
    ------
    TooLarge
        It has more.
    """
    if max_bytes is not None and size > max_bytes:
        raise TooLarge(f"{name} has {size:,} bytes. At most {max_bytes:,} are read here.", size)
