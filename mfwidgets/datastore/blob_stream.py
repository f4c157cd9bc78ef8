"""The beginning of a large blob: read by ranges, and unpacked piece by piece, up to limits of bytes.

The hash of a blob can only be compared with all of its bytes. So these bytes are not verified, and only shown.
"""

import io
import zlib
from collections.abc import Callable
from typing import Any

from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.blobs import blob_key
from mfwidgets.datastore.stored_bytes import SHA
from mfwidgets.deadline import check_deadline
from mfwidgets.errors import BlobMissing

MAX_UNPACKED_BYTES = 128_000_000
"""Unpacking that many takes a quarter of a second."""

_MAX_LOCAL_BYTES, _MAX_REMOTE_BYTES = 64_000_000, 4_000_000
"""The stored bytes that are read of a file, and of an object in a cloud."""

_FIRST_PIECE_BYTES, _PIECE_BYTES = 256_000, 2_000_000
"""The bytes of the first range, and of the others."""

_SLICE_BYTES = 64_000
"""Stored bytes are given to zlib in such slices. It copies what it does not use of a slice."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = 31
"""``wbits`` of zlib for the gzip format."""


class BlobStream(io.RawIOBase):
    """The bytes of a blob, unpacked if they are gzipped. It ends at a limit, or where the bytes are damaged.

    Parameters
    ----------
    read_range
        Returns at most as many stored bytes as requested, from an offset on.
    max_packed, max_unpacked
        The limits of stored bytes and of unpacked bytes.
    """

    def __init__(
        self,
        read_range: Callable[[int, int], bytes],
        max_packed: int = _MAX_LOCAL_BYTES,
        max_unpacked: int = MAX_UNPACKED_BYTES,
    ) -> None:
        super().__init__()
        self._read_range, self._max_packed, self._left = read_range, max_packed, max_unpacked
        self._piece, self._place, self._at = b"", 0, 0
        self._tail = b""
        self._decompressor: zlib._Decompress | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Write the next bytes into a buffer, and return their number. 0 at the end."""
        check_deadline()
        view = memoryview(buffer).cast("B")
        piece = self._next(min(len(view), self._left))
        view[: len(piece)] = piece
        self._left -= len(piece)
        return len(piece)

    def _next(self, most: int) -> bytes:
        """Return the next bytes, at least one unless this is the end."""
        while most > 0:
            if not self._tail and not self._fill():
                return b""
            if self._decompressor is None:
                piece, self._tail = self._tail[:most], self._tail[most:]
                return piece
            try:
                piece = self._decompressor.decompress(self._tail, most)
            except zlib.error:
                return b""
            self._tail = self._decompressor.unconsumed_tail
            if piece or self._decompressor.eof:
                return piece
        return b""

    def _fill(self) -> bool:
        """Take the next stored bytes from the piece, or from a new one. Return whether there are more."""
        if self._place >= len(self._piece) and not self._fetch():
            return False
        self._tail = self._piece[self._place : self._place + _SLICE_BYTES]
        self._place += len(self._tail)
        return True

    def _fetch(self) -> bool:
        """Read the next range. Return whether there are more bytes."""
        length = min(_PIECE_BYTES if self._at else _FIRST_PIECE_BYTES, self._max_packed - self._at)
        if length <= 0:
            return False
        self._piece, self._place = self._read_range(self._at, length), 0
        if not self._at and self._piece.startswith(_GZIP_MAGIC):
            self._decompressor = zlib.decompressobj(wbits=_GZIP)
        self._at += len(self._piece)
        return bool(self._piece)


def blob_beginning(datastore: Datastore, flow: str, sha: str, name: str) -> io.BufferedReader:
    """Return a stream of the first bytes of a blob. Reading from it costs a request for each 2 MB that are stored.

    Raises
    ------
    BlobMissing
        The datastore does not have the blob. Reading raises this, too.
    """
    if not SHA.match(sha):
        raise BlobMissing(f"{name}: expected a SHA-1 in its record, got {sha[:60]!r}. Its bytes cannot be located.")
    key = blob_key(flow, sha)

    def read_range(start: int, length: int) -> bytes:
        content = datastore.read_range(key, start, length)
        if content is None:
            raise BlobMissing(f"{name}: its bytes {sha} are missing from {datastore.describe()}.")
        return content

    remote = datastore.cache is not None
    return io.BufferedReader(BlobStream(read_range, _MAX_REMOTE_BYTES if remote else _MAX_LOCAL_BYTES), 1 << 16)
