"""A cache of blobs on this machine's disk, for datastores that are far away.

A blob never changes, since its name is the hash of its content: so what is cached is never stale, and each read is
proved. Several processes share the folder without a lock: files appear whole, by renaming, and whoever finds too much in
the folder removes what was used longest ago. Files of other names are nobody's business and stay.
"""

import hashlib
import os
import re
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mfwidgets.config import Configuration, read_configuration
from mfwidgets.files import read_file

MEBIBYTE = 1024 * 1024
DEFAULT_LIMIT = 10_000
"""Mebibytes, as ``METAFLOW_CLIENT_CACHE_MAX_SIZE`` counts."""

_FOLDER, _BLOB = re.compile(r"[0-9a-f]{2}\Z"), re.compile(r"[0-9a-f]{40}\Z")
_HALF = "half-"
_ABANDONED = 3600.0
"""Seconds after which a half-written file has lost its writer."""

_LOOK_EVERY = 50
"""The folder is looked through at the first write of a process, and when so many parts of the limit were written."""


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What is in the cache.

    Attributes
    ----------
    path
        The folder.
    files, size
        How many blobs, and how many bytes they have together.
    limit
        Bytes; above that, what was used longest ago is removed.
    """

    path: Path
    files: int
    size: int
    limit: int


class BlobCache:
    """A folder of blobs. It never raises: where it cannot be used, blobs are fetched anew.

    Parameters
    ----------
    folder
        Made when it is first needed, for its owner alone.
    limit
        Bytes that the blobs may have together.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        self._until_look = 0

    def get(self, sha: str) -> bytes | None:
        """Return the content of a blob, proved by its hash; None where the cache does not have it whole."""
        file = self._file(sha)
        try:
            content = read_file(str(file))
        except OSError:
            return None
        if hashlib.sha1(content, usedforsecurity=False).hexdigest() != sha:
            with suppress(OSError):
                file.unlink()
            return None
        with suppress(OSError):
            os.utime(file)  # the time of last use
        return content

    def put(self, sha: str, content: bytes) -> None:
        """Keep the content of a blob, if there is room for it at all."""
        if len(content) > self.limit:
            return
        file = self._file(sha)
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.parent.mkdir(mode=0o700, exist_ok=True)
            _write(file, content)
            self._until_look -= len(content)
            if self._until_look < 0:
                self._until_look = self.limit // _LOOK_EVERY
                self._make_room()

    def info(self) -> CacheInfo:
        """Return what is in it (the folder is looked through)."""
        found = self._blobs()
        return CacheInfo(self.folder, len(found), sum(size for _, size, _ in found), self.limit)

    def clear(self) -> CacheInfo:
        """Remove all blobs, and return what was in it."""
        before = self.info()
        for _, _, file in self._blobs():
            with suppress(OSError):
                file.unlink()
        return before

    def _file(self, sha: str) -> Path:
        return self.folder / sha[:2] / sha

    def _make_room(self) -> None:
        found = sorted(self._blobs())
        total = sum(size for _, size, _ in found)
        for _, size, file in found:
            if total <= self.limit:
                return
            with suppress(OSError):
                file.unlink()
            total -= size

    def _blobs(self) -> list[tuple[float, int, Path]]:
        """Return all blobs, each with the time of its last use and its size; files that lost their writer are removed."""
        found = []
        for folder in _listed(self.folder):
            if not _FOLDER.match(folder.name):
                continue
            for file in _listed(folder):
                with suppress(OSError):
                    status = file.stat()
                    if _BLOB.match(file.name):
                        found.append((status.st_mtime, status.st_size, file))
                    elif file.name.startswith(_HALF) and time.time() - status.st_mtime > _ABANDONED:
                        file.unlink()
        return found


def blob_cache(configuration: Configuration) -> BlobCache:
    """Return the cache as configured: ``METAFLOW_CLIENT_CACHE_PATH`` (a folder of our own in it), ``_MAX_SIZE``."""
    path = configuration.get("CLIENT_CACHE_PATH")
    if path:
        folder = Path(path).expanduser() / "mfwidgets"
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("mfwidgets", appauthor=False) / "blobs"
    return BlobCache(folder, configuration.number("CLIENT_CACHE_MAX_SIZE", DEFAULT_LIMIT) * MEBIBYTE)


def cache_info() -> CacheInfo:
    """Return what is in the cache of blobs on this machine: ``path``, ``files``, ``size`` and ``limit`` in bytes.

    It holds what was read from S3, Azure or GCS, in a folder of our own (in ``METAFLOW_CLIENT_CACHE_PATH``, else in the
    user's cache folder), up to ``METAFLOW_CLIENT_CACHE_MAX_SIZE`` mebibytes (10,000).
    """
    return blob_cache(read_configuration()).info()


def clear_cache() -> CacheInfo:
    """Empty the cache of blobs and return what was in it; other files are left alone."""
    return blob_cache(read_configuration()).clear()


def _write(file: Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=_HALF, delete=False) as half:
        try:
            half.write(content)
            half.close()
            os.replace(half.name, file)  # noqa: PTH105 - of two names, not of paths
        except OSError:
            with suppress(OSError):
                os.unlink(half.name)  # noqa: PTH108 - as above
            raise


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
