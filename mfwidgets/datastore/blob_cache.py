"""A cache of blobs on this machine's disk, for remote datastores.

The name of a blob is the hash of its content. So a cached blob is never stale, and each read is verified. Several
processes share the folder without a lock. A file is written under another name and then renamed. A process that finds
the folder too large removes the least recently used blobs. Files with other names stay.
"""

import os
import re
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from mfwidgets.config import Configuration
from mfwidgets.config_values import expanded
from mfwidgets.datastore.stored_bytes import SHA, sha1_of
from mfwidgets.deadline import stoppable
from mfwidgets.errors import DeadlineExceeded, TooLarge
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.files import read_file
from mfwidgets.private_folder import is_private, make_private

MEBIBYTE = 1024 * 1024
DEFAULT_LIMIT_MIB = 10_000
"""Mebibytes, the unit of ``METAFLOW_CLIENT_CACHE_MAX_SIZE``."""

_FOLDER = re.compile(r"[0-9a-f]{2}\Z")
_HALF = "half-"
_FILE = re.compile(rf"{SHA.pattern}|{_HALF}")
_ABANDONED_S = 3600.0
"""A half-written file of this age was abandoned by its writer."""

_CHECKS_PER_LIMIT = 50
"""A process checks the size of the folder at its first write, and after each 1/50 of the limit that it writes."""


@fast_dataclass(frozen=True, slots=True)
class CacheInfo:
    """The content of the cache.

    Attributes
    ----------
    path
        The folder of the blobs.
    files
        The number of blobs.
    size
        The size of all blobs in bytes.
    limit
        The maximum size in bytes. Above it, the least recently used blobs are removed.
    runs, runs_size
        The number of runs that facts are remembered about, and the size of these files in bytes.
    """

    path: Path
    files: int
    size: int
    limit: int
    runs: int = 0
    runs_size: int = 0


class BlobCache:
    """A folder of blobs. It never raises: if it cannot be used, blobs are fetched again.

    Parameters
    ----------
    folder
        Created on first use. Only its owner can read it.
    limit
        The most bytes that all blobs may have together.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        self._until_check = 0

    def get(self, sha: str, max_bytes: int | None = None) -> bytes | None:
        """Return the content of a blob, verified by its hash. None if the cache does not have it, or only damaged.

        None also for more than ``max_bytes``: a file that is not the blob can have any size.
        """
        file = self._file(sha)
        try:
            if not is_private(self.folder) or not stat.S_ISDIR(file.parent.lstat().st_mode):
                return None
            content = read_file(str(file), max_bytes, follow_links=False)
        except (OSError, ValueError, TooLarge):  # ValueError: a NUL in the configured folder
            return None
        if sha1_of(content) != sha:
            with suppress(OSError):
                file.unlink()
            return None
        with suppress(OSError):
            os.utime(file)  # the time of last use
        return content

    def put(self, sha: str, content: bytes) -> None:
        """Keep the content of a blob, unless it is larger than the limit."""
        if len(content) > self.limit:
            return
        file = self._file(sha)
        with suppress(OSError, ValueError):
            if not make_private(self.folder):
                return
            file.parent.mkdir(mode=0o700, exist_ok=True)
            if file.parent.is_symlink():
                return
            _write(file, content)
            self._until_check -= len(content)
            if self._until_check < 0:
                self._until_check = self.limit // _CHECKS_PER_LIMIT
                self._make_room()

    def info(self) -> CacheInfo:
        """Return the size of the cache. This reads the whole folder."""
        blobs = self._blobs()
        return CacheInfo(self.folder, len(blobs), sum(size for _, size, _ in blobs), self.limit)

    def clear(self) -> CacheInfo:
        """Remove all blobs, and return the size before."""
        before = self.info()
        for _, _, file in self._blobs():
            with suppress(OSError):
                file.unlink()
        return before

    def _file(self, sha: str) -> Path:
        return self.folder / sha[:2] / sha

    def _make_room(self) -> None:
        blobs = sorted(self._blobs())  # least recently used first
        total = sum(size for _, size, _ in blobs)
        for _, size, file in blobs:
            if total <= self.limit:
                return
            with suppress(OSError):
                file.unlink()
            total -= size

    def _blobs(self) -> list[tuple[float, int, Path]]:
        """Return all blobs with the time of last use and the size. Abandoned files are removed."""
        blobs = []
        for folder in _listed(self.folder, _FOLDER):
            if not folder.is_dir(follow_symlinks=False):
                continue
            for entry in _listed(folder, _FILE):
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if not stat.S_ISREG(status.st_mode):
                        continue
                    if not entry.name.startswith(_HALF):
                        blobs.append((status.st_mtime, status.st_size, Path(entry.path)))
                    elif time.time() - status.st_mtime > _ABANDONED_S:
                        os.unlink(entry.path)  # noqa: PTH108 - as below
        return blobs


def blob_cache(configuration: Configuration) -> BlobCache:
    """Return the cache that ``METAFLOW_CLIENT_CACHE_PATH`` and ``METAFLOW_CLIENT_CACHE_MAX_SIZE`` configure."""
    path = configuration.get("CLIENT_CACHE_PATH")
    if path:
        folder = expanded(path) / "mfwidgets"
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("mfwidgets", appauthor=False) / "blobs"
    return BlobCache(folder, configuration.number("CLIENT_CACHE_MAX_SIZE", DEFAULT_LIMIT_MIB) * MEBIBYTE)


def _write(file: Path, content: bytes) -> None:
    """Write a file under another name, then rename it, so that no reader sees a half-written one."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=_HALF, delete=False) as half:
        try:
            half.write(content)
            half.close()
            os.replace(half.name, file)  # noqa: PTH105 - these are names, not paths
        except OSError:
            with suppress(OSError):
                os.unlink(half.name)  # noqa: PTH108 - as above
            raise


def _listed(folder: "os.PathLike[str]", names: re.Pattern[str]) -> list["os.DirEntry[str]"]:
    """Return what a folder contains, without other names. A million others take about a second."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in stoppable(entries) if names.match(entry.name)]
    except DeadlineExceeded:  # an OSError, too
        raise
    except (OSError, ValueError):
        return []
