"""Reading small files, fast: a listing of runs reads thousands of them."""

import os

_CHUNK = 1 << 16
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)  # Windows would else translate line ends


def read_file(file: str, most: int | None = None) -> bytes:
    """Return the bytes of a file; raises OSError as ``open`` does, and OverflowError where there are more than wanted.

    Without a file object, whose making costs as much again as opening, reading and closing a small file.
    """
    descriptor = os.open(file, _FLAGS)
    try:
        content = os.read(descriptor, _CHUNK)
        if most is not None and (
            len(content) > most or (len(content) == _CHUNK and os.fstat(descriptor).st_size > most)
        ):
            raise OverflowError
        if len(content) < _CHUNK:
            return content
        chunks = [content]
        while chunk := os.read(descriptor, 16 * _CHUNK):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)
