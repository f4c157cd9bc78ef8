"""Unpacks and hashes stored bytes piece by piece, so that both end soon if nobody waits for the result any more."""

import hashlib
import io
import re
import zlib
from collections.abc import Iterator

from mfwidgets.deadline import check_deadline

SHA = re.compile(r"[0-9a-f]{40}\Z")
"""A SHA-1, by which Metaflow names what it stores."""

GZIP_OVERHEAD_BYTES = 1_000
"""Gzip adds fewer bytes than this to data that cannot be compressed."""

_GZIP = 31
"""``wbits`` of zlib for the gzip format."""

_PACKED_BYTES = 64_000
"""Packed bytes are given to zlib in such slices. It copies what it does not use of a slice."""

_UNPACKED_BYTES = 1_000_000
"""The largest piece. The deadline is checked before each."""

_HASHED_BYTES = 8_000_000
"""The deadline is checked after this many bytes, which take about 20 milliseconds."""


def gunzipped(packed: bytes) -> Iterator[bytes]:
    """Yield the content of gzipped bytes in pieces. What follows the first gzip is ignored.

    :mod:`gzip` reads a long file name, and any number of empty gzips, byte by byte in Python.

    Raises
    ------
    zlib.error
        The bytes are not gzip, or are damaged.
    EOFError
        They end too early.
    DeadlineExceeded
        Nobody waits for them any more.
    """
    decompressor = zlib.decompressobj(wbits=_GZIP)
    start, packed_part = 0, b""
    while not decompressor.eof:
        check_deadline()
        if not packed_part:
            packed_part = packed[start : start + _PACKED_BYTES]
            start += len(packed_part)
        at_end = not packed_part
        piece = decompressor.decompress(packed_part, _UNPACKED_BYTES)
        packed_part = decompressor.unconsumed_tail
        if piece:
            yield piece
        elif at_end and not decompressor.eof:
            raise EOFError("its gzip ends too early")


def gunzip(packed: bytes, max_bytes: int | None) -> bytes:
    """Return the content of gzipped bytes. If it has more than ``max_bytes``, return its first ``max_bytes + 1``.

    Raises
    ------
    zlib.error, EOFError
        The bytes are not gzip, are damaged or end too early.
    DeadlineExceeded
        Nobody waits for them any more.
    """
    content = io.BytesIO()
    for piece in gunzipped(packed):
        content.write(piece)
        if max_bytes is not None and content.tell() > max_bytes:
            content.truncate(max_bytes + 1)
            break
    return content.getvalue()


def sha1_of(content: bytes) -> str:
    """Return the SHA-1 of bytes in hexadecimal.

    Raises
    ------
    DeadlineExceeded
        Nobody waits for it any more.
    """
    digest, view = hashlib.sha1(usedforsecurity=False), memoryview(content)
    for start in range(0, len(view), _HASHED_BYTES):
        check_deadline()
        digest.update(view[start : start + _HASHED_BYTES])
    return digest.hexdigest()
