"""Opens and reads files that others wrote: only regular files, without waiting, and up to a limit.

A folder can contain anything: a named pipe that nobody writes to, a link to ``/dev/zero``, a sparse file of a terabyte.
All files of a ``.metaflow`` folder, of the configuration and of the cache are opened here. A list of runs needs thousands
of them, so this is fast: no file object is made.
"""

import errno
import json
import os
import stat
from typing import Any

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import TooLarge

_CHUNK_BYTES = 1 << 16
"""Nearly all files are smaller, so that one read is enough."""

MAX_RECORD_BYTES = 50_000_000
"""The largest file with records. The data.json of a task with 100,000 artifacts has about 20 MB."""

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)  # without it, Windows translates line ends
    | getattr(os, "O_NONBLOCK", 0)  # without it, opening a named pipe waits for its writer
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def read_file(file: str, max_bytes: int | None = None, *, follow_links: bool = True) -> bytes:
    """Return the bytes of a regular file.

    Parameters
    ----------
    file
        The path.
    max_bytes
        The largest allowed size in bytes. None means no limit.
    follow_links
        Whether the file may be a symbolic link.

    Raises
    ------
    OSError
        The file cannot be opened or read, or is not a regular file.
    OverflowError
        The file has more than ``max_bytes`` bytes.
    """
    descriptor = _open(file, _FLAGS if follow_links else _FLAGS | _NO_LINK)
    try:
        size = _regular_size(descriptor, file)
        if max_bytes is not None and size > max_bytes:
            raise OverflowError
        content = os.read(descriptor, _CHUNK_BYTES)
        return content if len(content) < _CHUNK_BYTES else content + _rest(descriptor, size)
    finally:
        os.close(descriptor)


def read_file_from(file: str, start: int) -> bytes:
    """Return the bytes of a regular file from an offset on.

    Raises
    ------
    OSError
        The file cannot be opened or read, or is not a regular file.
    """
    descriptor = _open(file, _FLAGS)
    try:
        size = _regular_size(descriptor, file)
        os.lseek(descriptor, start, os.SEEK_SET)
        return _rest(descriptor, size - start)
    finally:
        os.close(descriptor)


def file_size(file: str) -> int | None:
    """Return the size of a regular file in bytes. None if there is none, or its name is impossible."""
    try:
        status = os.stat(file)  # noqa: PTH116 - a path of strings
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _rest(descriptor: int, size: int) -> bytes:
    """Return the rest of a file of this size. It may grow while it is read, but reading ends."""
    chunks, left = [], size + _CHUNK_BYTES
    while left > 0 and (chunk := os.read(descriptor, 16 * _CHUNK_BYTES)):
        check_deadline()
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _open(file: str, flags: int) -> int:
    try:
        return os.open(file, flags)
    except ValueError as error:  # a NUL in the name
        raise OSError(errno.EINVAL, str(error), file) from None


def _regular_size(descriptor: int, file: str) -> int:
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), file)
    raise OSError(errno.EOPNOTSUPP, "it is not a regular file", file)


def check_size(name: str, size: int, max_bytes: int | None) -> None:
    """Check that an object has at most ``max_bytes`` bytes.

    Raises
    ------
    TooLarge
        It has more.
    """
    if max_bytes is not None and size > max_bytes:
        raise TooLarge(f"{name} has {size:,} bytes. At most {max_bytes:,} are read here.", size)


_decode = json.JSONDecoder().decode
"""Does the same as ``json.loads``, faster."""


def parse_json(content: bytes | str) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        It is not JSON, is nested too deeply, or has an integer that is too long.
    """
    try:
        return _decode(content.decode() if isinstance(content, bytes) else content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
