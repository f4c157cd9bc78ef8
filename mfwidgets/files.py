"""Opens and reads files that others wrote: only regular files, without waiting, and up to a limit.

A folder can contain anything: a named pipe that nobody writes to, a link to ``/dev/zero``, a sparse file of a terabyte.
All files of a ``.metaflow`` folder, of the configuration and of the cache are opened here. A list of runs needs thousands
of them, so this is fast: no file object is made.
"""

import errno
import io
import json
import math
import os
import stat
from contextlib import suppress
from itertools import chain, islice
from json.scanner import make_scanner
from typing import TYPE_CHECKING, Any

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK_BYTES = 1 << 16
"""Nearly all files are smaller, so that one read is enough."""

MAX_RECORD_BYTES = 5_000_000
"""The largest file with one record, or with a configuration. Nearly all have less than a kilobyte."""

MAX_NAMES = 1_000_000
"""The most names in a folder. Listing that many takes a second."""

_NAMES_PER_CHECK = 10_000
"""The deadline is checked after this many names."""

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
    TooLarge
        The file has more than ``max_bytes`` bytes, or more than fit into memory.
    """
    try:
        descriptor = os.open(file, _FLAGS if follow_links else _FLAGS | _NO_LINK)
    except ValueError as error:  # a NUL in the name, or half of a surrogate pair
        raise _impossible(file, error) from None
    try:
        content = _small_content(descriptor)
        if content and (max_bytes is None or len(content) <= max_bytes):
            return content
        size = _quick_size(descriptor) or _size_in(os.fstat(descriptor), file)
        if max_bytes is not None and size > max_bytes:
            check_size(file, _size_in(os.fstat(descriptor), file), max_bytes)
        content = os.read(descriptor, _CHUNK_BYTES)
        return content if size <= len(content) < _CHUNK_BYTES else _whole(descriptor, file, content, size)
    finally:
        os.close(descriptor)


def read_file_from(file: str, start: int) -> bytes:
    """Return the bytes of a regular file from an offset on.

    Raises
    ------
    OSError
        The file cannot be opened or read, or is not a regular file.
    TooLarge
        The bytes do not fit into memory.
    """
    descriptor = _open(file, _FLAGS)
    try:
        size = _size_in(os.fstat(descriptor), file)
        os.lseek(descriptor, start, os.SEEK_SET)
        return _whole(descriptor, file, b"", size - start)
    finally:
        os.close(descriptor)


def read_file_range(file: str, start: int, length: int) -> bytes:
    """Return at most ``length`` bytes of a regular file from an offset on. There are fewer at its end.

    Raises
    ------
    OSError
        The file cannot be opened or read, or is not a regular file.
    """
    descriptor = _open(file, _FLAGS)
    try:
        size = _size_in(os.fstat(descriptor), file)
        os.lseek(descriptor, start, os.SEEK_SET)
        return os.read(descriptor, min(length, max(size - start, 0)))
    finally:
        os.close(descriptor)


def files_below(folder: str) -> "Iterator[tuple[str, int]]":
    """Yield each regular file below a folder with its size in bytes, in any order.

    Links are not followed. A folder that cannot be read is left out.
    """
    waiting = [folder.rstrip("/")]
    while waiting:
        check_deadline()
        with suppress(OSError, ValueError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with suppress(OSError):  # it has just been deleted
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append(entry.path)
                    elif stat.S_ISREG(status.st_mode):
                        yield entry.path, status.st_size


def file_size(file: str) -> int | None:
    """Return the size of a regular file in bytes. None if there is none, or its name is impossible."""
    try:
        status = os.stat(file)  # noqa: PTH116 - a path of strings
    except (OSError, ValueError):
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def names_in_folder(folder: str, *, only_folders: bool = False, max_names: int = MAX_NAMES) -> list[str]:
    """Return the sorted names in a folder.

    Parameters
    ----------
    folder
        The path.
    only_folders
        Whether to leave out what is certainly not a folder. Costs no read: a link may lead to one, so it is kept.
    max_names
        The largest allowed number of names.

    Raises
    ------
    OSError
        The folder is missing, cannot be listed, or has too many names.
    """
    try:
        with os.scandir(folder) as entries:
            names: list[str] = []
            # Entries are not kept: a list of them would take half the time of the listing.
            while len(names) <= max_names and (first := next(entries, None)) is not None:
                some = chain((first,), islice(entries, _NAMES_PER_CHECK - 1))
                names += (
                    [entry.name for entry in some if entry.is_dir(follow_symlinks=False) or entry.is_symlink()]
                    if only_folders
                    else [entry.name for entry in some]
                )
                check_deadline()
    except ValueError as error:
        raise _impossible(folder, error) from None
    if len(names) > max_names:
        raise OSError(errno.EFBIG, f"it has more than {max_names:,} names", folder)
    names.sort()
    return names


_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL)
"""No such file, or no file can have this name. Windows says EINVAL for characters such as ``*`` or ``:``."""


def is_missing(error: OSError) -> bool:
    """Return whether an error means that a file or folder is missing."""
    return error.errno in _MISSING


def _whole(descriptor: int, file: str, beginning: bytes, size: int) -> bytes:
    """Return the beginning and the rest of a file of this size. It may grow while it is read, but reading ends."""
    too_large = TooLarge(f"{file} has {size:,} bytes, which do not fit into memory.", size)
    if size > _memory_bytes():
        raise too_large
    try:
        content = io.BytesIO()  # unlike a list of pieces, it takes their memory only once
        left = size + _CHUNK_BYTES - content.write(beginning)
        while left > 0 and (chunk := os.read(descriptor, 16 * _CHUNK_BYTES)):
            check_deadline()
            left -= content.write(chunk)
        return content.getvalue()
    except MemoryError:
        raise too_large from None


def _memory_bytes() -> float:
    """Return the bytes of memory of this machine. Infinity if the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf


def _open(file: str, flags: int) -> int:
    try:
        return os.open(file, flags)
    except ValueError as error:  # a NUL in the name, or half of a surrogate pair
        raise _impossible(file, error) from None


def _impossible(file: str, error: ValueError) -> OSError:
    return OSError(errno.EINVAL, str(error), file)


_pread = getattr(os, "pread", None)
"""Windows has no such function."""


def _small_content(descriptor: int) -> bytes:
    """Return all bytes of a small file that has a size. Empty for any other, or if it grows just now.

    This takes two system calls: ``pread`` fails for a pipe or a terminal, and takes nothing from it.
    """
    try:
        content: bytes = _pread(descriptor, _CHUNK_BYTES, 0) if _pread else b""
        is_whole = 0 < len(content) < _CHUNK_BYTES and os.lseek(descriptor, 0, os.SEEK_END) == len(content)
    except OSError:  # the caller finds the cause
        return b""
    return content if is_whole else b""


def _quick_size(descriptor: int) -> int:
    """Return the size of a file. 0 for a pipe, a terminal or a device, and sometimes for others.

    Seeking takes a third of the time of ``os.fstat``. A folder can have any size here, but cannot be read.
    """
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError:
        return 0
    return size


def _size_in(status: os.stat_result, file: str) -> int:
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


_decoder = json.JSONDecoder()
_scan = make_scanner(_decoder)  # type: ignore[arg-type] # a decoder is what it takes
_decode = _decoder.decode
"""Do the same as ``json.loads``, faster. The first takes JSON without blanks around its value, as Metaflow writes it."""

_LARGE_BYTES = 500_000
"""A larger JSON text takes so long that the deadline is checked for each object in it."""

_MAX_VALUES = 3_000_000
"""Values in a JSON text. An empty list takes three bytes in a file and 64 in memory, so these are 200 MB."""


def _needed(value: dict[str, Any]) -> dict[str, Any]:
    check_deadline()
    return value


_decode_stoppably = json.JSONDecoder(object_hook=_needed).decode


def parse_json(content: bytes | str) -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    ValueError
        It is not JSON, is nested too deeply, or has an integer that is too long or too many values.
    DeadlineExceeded
        It is large, and nobody waits for it any more.
    """
    try:
        text = content.decode() if isinstance(content, bytes) else content
        if len(text) < _LARGE_BYTES:
            try:
                value, end = _scan(text, 0)
            except StopIteration:
                end = -1
            return value if end == len(text) else _decode(text)  # which also says what is wrong
        if sum(map(text.count, ",[{")) > _MAX_VALUES:
            raise ValueError(f"it has more than {_MAX_VALUES:,} values")
        return _decode_stoppably(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
