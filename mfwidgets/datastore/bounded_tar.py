"""Reads gzipped tars of strangers: bytes, headers and members are counted while they are unpacked.

:mod:`tarfile` alone trusts an archive. It reads extended headers of any size into memory, copies global ones to each
member, and expands sparse members. Here, it only decodes single headers of 512 bytes, and writes files.
"""

import io
import re
import tarfile
from collections.abc import Iterator

from mfwidgets.datastore.stored_bytes import gunzipped
from mfwidgets.errors import DataException, TooLarge

MAX_UNPACKED_BYTES = 400_000_000
"""An archive is unpacked up to this size. A megabyte of gzip can hide a gigabyte. This takes one to two seconds."""

MAX_HEADERS = 25_000
"""Headers of an archive. Each takes 25 microseconds to read and 100 to write. A member with a long name has two."""

_MAX_EXTENDED_BYTES = 16_384
"""An extended header holds a long name, and perhaps a time."""

_MAX_GLOBAL_HEADERS = 10
"""``git archive`` writes one. :mod:`tarfile` copies all of them to each member."""

_MAX_RECORDS = 50
"""Records of an extended header. There are about ten kinds."""

_BLOCK_BYTES = tarfile.BLOCKSIZE
_CHUNK_BYTES = 4_000_000
_LONG_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_RECORD = re.compile(rb"(\d{1,5}) ([^=]{1,200})=")


class BoundedGzip(io.RawIOBase):
    """Unpacks gzip on the fly, up to a limit. It stops when nobody waits for it any more.

    Parameters
    ----------
    content
        The packed bytes.

    Attributes
    ----------
    max_read_bytes
        The largest number of bytes that may be read at once.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.max_read_bytes = _CHUNK_BYTES
        self._rewind()

    def _rewind(self) -> None:
        self._pieces, self._piece, self._offset = gunzipped(self._content), memoryview(b""), 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes.

        Raises
        ------
        TooLarge
            There are more than :attr:`max_read_bytes`, or the archive has more than :data:`MAX_UNPACKED_BYTES`.
        """
        if not 0 <= size <= self.max_read_bytes:
            raise TooLarge(f"It has a part of {size:,} bytes. At most {self.max_read_bytes:,} are read at once.", size)
        return b"".join(self._taken(size))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset from the beginning, or to the end if the archive is shorter. The bytes before are unpacked."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("Expected an offset from the beginning.")
        if offset < self._offset:
            self._rewind()
        for _ in self._taken(offset - self._offset):
            pass
        return self._offset

    def _taken(self, size: int) -> Iterator[memoryview]:
        """Yield the next bytes in pieces."""
        if self._offset + size > MAX_UNPACKED_BYTES:
            raise TooLarge(f"It has more than {MAX_UNPACKED_BYTES:,} bytes when unpacked.", MAX_UNPACKED_BYTES)
        while size and (self._piece or self._next_piece()):
            part, self._piece = self._piece[:size], self._piece[size:]
            self._offset += len(part)
            size -= len(part)
            yield part

    def _next_piece(self) -> bool:
        self._piece = memoryview(next(self._pieces, b""))
        return bool(self._piece)

    def tell(self) -> int:
        """Return the offset in the unpacked bytes."""
        return self._offset

    def seekable(self) -> bool:
        """Return True."""
        return True


def read_members(stream: BoundedGzip) -> Iterator[tarfile.TarInfo]:
    """Yield the members of a tar. The content of each is at its ``offset_data``; the stream may be moved meanwhile.

    Raises
    ------
    TooLarge
        A limit of this module is exceeded.
    DataException
        The archive is damaged, or has a sparse member.
    OSError, EOFError, zlib.error
        The gzip is damaged.
    """
    offset, global_headers, long_name, records = 0, 0, None, dict[str, str]()
    for _ in range(MAX_HEADERS):
        stream.seek(offset)
        block = stream.read(_BLOCK_BYTES)
        if not block.strip(b"\0"):
            return
        member = _decoded(block, offset)
        content, offset = offset + _BLOCK_BYTES, offset + _BLOCK_BYTES + _stored_bytes(member)
        if member.type in _LONG_NAMES:
            name = _extended(stream, member).split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
            long_name = name if member.type == tarfile.GNUTYPE_LONGNAME else long_name
        elif member.type in _PAX:
            records = _records(_extended(stream, member))
        elif member.type == tarfile.XGLTYPE:  # facts about all members, such as the commit
            _records(_extended(stream, member))
            global_headers += 1
            if global_headers > _MAX_GLOBAL_HEADERS:
                raise DataException(f"It has more than {_MAX_GLOBAL_HEADERS} global headers.")
        else:
            _apply(member, long_name, records)
            member.offset_data, offset = content, content + _stored_bytes(member)
            long_name, records = None, {}
            yield member
    raise TooLarge(f"It has more than {MAX_HEADERS:,} members.", MAX_HEADERS)


def _decoded(block: bytes, offset: int) -> tarfile.TarInfo:
    try:
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise DataException(f"It is damaged at {offset:,}: {error}.") from error
    if member.type == tarfile.GNUTYPE_SPARSE:
        raise DataException(f"It has a sparse member, {member.name!r:.200}. Metaflow writes none.")
    return member


def _stored_bytes(member: tarfile.TarInfo) -> int:
    """Return the size of the blocks after a header. Links, devices and folders have none."""
    if not 0 <= member.size <= MAX_UNPACKED_BYTES:
        raise TooLarge(
            f"It has a part of {member.size:,} bytes, {member.name!r:.200}. At most {MAX_UNPACKED_BYTES:,} are unpacked.",
            member.size,
        )
    if (
        member.isreg()
        or member.type not in tarfile.SUPPORTED_TYPES
        or member.type in (*_LONG_NAMES, *_PAX, tarfile.XGLTYPE)
    ):
        return -(-member.size // _BLOCK_BYTES) * _BLOCK_BYTES
    return 0


def _extended(stream: BoundedGzip, member: tarfile.TarInfo) -> bytes:
    if member.size > _MAX_EXTENDED_BYTES:
        raise TooLarge(
            f"It has an extended header of {member.size:,} bytes. At most {_MAX_EXTENDED_BYTES:,} are read.",
            member.size,
        )
    return stream.read(member.size)


def _records(content: bytes) -> dict[str, str]:
    """Return the records of a PAX header. Each is its length, a blank, ``key=value`` and a line break."""
    records: dict[str, str] = {}
    position = 0
    for _ in range(_MAX_RECORDS):
        match = _RECORD.match(content, position)
        if not match:
            return records
        length = int(match[1])
        key = match[2].decode("utf-8", "replace")
        if key.startswith("GNU.sparse"):
            raise DataException("It has a sparse member. Metaflow writes none.")
        if length <= match.end() - position:
            break
        records[key] = content[match.end() : position + length - 1].decode("utf-8", "surrogateescape")
        position += length
    raise DataException("It has a damaged extended header.")


def _apply(member: tarfile.TarInfo, long_name: str | None, records: dict[str, str]) -> None:
    """Complete a member with the extended headers before it."""
    name = records.get("path", long_name)
    if name is not None:
        member.name = name.rstrip("/") if member.isdir() or "path" in records else name
    if "size" in records:
        try:
            member.size = int(records["size"][:20])
        except ValueError:
            raise DataException(f"A member has the size {records['size']!r:.50}.") from None
