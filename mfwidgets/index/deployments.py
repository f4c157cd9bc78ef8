"""The indexes of this process: one for each deployment, that is a folder of runs or a metadata service.

Their files are in the folder ``mfwidgets/index`` of ``METAFLOW_CLIENT_CACHE_PATH``, otherwise in the user's cache folder.
"""

import atexit
import hashlib
import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from mfwidgets.config import Configuration
from mfwidgets.config_values import expanded
from mfwidgets.datastore.blob_cache import MEBIBYTE
from mfwidgets.display_options import options
from mfwidgets.times import zone_text

if TYPE_CHECKING:
    from mfwidgets.index.run_index import RunIndex

MAX_INDEX_BYTES = 200 * MEBIBYTE
"""The maximum size of the file of one deployment."""

MAX_TOTAL_BYTES = 500 * MEBIBYTE
"""The maximum size of all files. Above it, those that were not written for the longest time are removed."""

_RULES = 1
"""Changes when an answer of this version of the package differs from a remembered one."""

_FILE = re.compile(r"[0-9a-f]{32}\.sqlite\Z")

_lock = Lock()
_open: dict[tuple[str, Path], "RunIndex"] = {}


def index_folder(configuration: Configuration) -> Path:
    """Return the folder of the files. It may not exist."""
    path = configuration.get("CLIENT_CACHE_PATH")
    if path:
        return expanded(path) / "mfwidgets" / "index"
    from platformdirs import user_cache_path

    return user_cache_path("mfwidgets", appauthor=False) / "index"


def index_of(configuration: Configuration, address: str, root: Path | None) -> "RunIndex | None":
    """Return the index of a deployment. None if nothing is remembered: by choice, or because SQLite is missing.

    Parameters
    ----------
    configuration
        Contains the folder of the cache.
    address
        The folder or service, without secrets.
    root
        The folder of local runs. None for a service.
    """
    if not options.remember or not _has_sqlite():
        return None
    # Reasons of statuses contain local times, so each time zone has its own index.
    scope = f"{_RULES} {zone_text()} {address}"
    with _lock:
        folder = index_folder(configuration)
        index = _open.get((scope, folder))
        if index is None:
            from mfwidgets.index.database import Database
            from mfwidgets.index.run_index import RunIndex

            name = hashlib.sha256(scope.encode("utf-8", "surrogateescape")).hexdigest()[:32]
            _limit_folder(folder)
            index = RunIndex(Database(folder / f"{name}.sqlite", MAX_INDEX_BYTES), root)
            _open[scope, folder] = index
            atexit.register(index.close)
        return index


@cache
def _has_sqlite() -> bool:
    try:
        import sqlite3  # noqa: F401 - some builds of Python lack it
    except ImportError:
        return False
    return True


def index_files(folder: Path) -> list[Path]:
    """Return the files of indexes in a folder, least recently written first. Other files are not ours."""
    try:
        files = [file for file in folder.iterdir() if _FILE.match(file.name) and not file.is_symlink()]
        return sorted(files, key=lambda file: file.stat().st_mtime)
    except OSError:
        return []


def count_runs(folder: Path) -> int:
    """Return the number of remembered runs. Writes what the indexes of this process have to write first."""
    from mfwidgets.index.database import Database

    for index in _indexes():
        index.close()
    return sum(Database(file, MAX_INDEX_BYTES).count() for file in index_files(folder))


def clear_indexes(folder: Path) -> None:
    """Forget everything that is remembered about runs, in this process and in the folder."""
    from mfwidgets.index.database import Database

    forget_all()
    for file in index_files(folder):
        Database(file, MAX_INDEX_BYTES).remove()


def forget_all() -> None:
    """Forget what the indexes of this process remember, in memory and in their files."""
    for index in _indexes():
        index.clear()


def _indexes() -> "list[RunIndex]":
    with _lock:
        return list(_open.values())


def _limit_folder(folder: Path) -> None:
    """Remove the files that were not written for the longest time, if all files together are too large."""
    files = index_files(folder)
    with suppress(OSError):
        sizes = {file: file.stat().st_size for file in files}
        total = sum(sizes.values())
        for file in files:
            if total <= MAX_TOTAL_BYTES:
                return
            os.unlink(file)  # noqa: PTH108 - a file of another deployment, which makes it again
            total -= sizes[file]
