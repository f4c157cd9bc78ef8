"""Writes the tags of a local run. This package writes nothing else into a ``.metaflow`` folder."""

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mfwidgets.errors import MetaflowTaggingError
from mfwidgets.providers.base import TagUpdate
from mfwidgets.providers.local_files import Json, read_json, texts

MAX_ATTEMPTS = 5
RETRY_DELAY_S = 0.3
"""Seconds between tries, as in Metaflow's own client."""

LOCK_TIMEOUT_S = 20.0
"""A process changes the tags of a run in milliseconds. One that holds the lock for longer hangs."""

_LOCK_POLL_S = 0.005

_lock = threading.Lock()
"""Threads of this process take turns."""


def change_tags(entry: Path, change: TagUpdate) -> frozenset[str]:
    """Change the user tags in a run's ``_self.json``, and return them.

    Everything else in the entry stays the same, including time and user. The file is replaced as a whole. Processes of
    mfwidgets take turns. Metaflow's client takes no lock, so the file is read back, and changed again if another
    process replaced it.

    Raises
    ------
    MetaflowTaggingError
        The change is not allowed, the file cannot be written, or other processes replaced it each time.
    """
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            time.sleep(RETRY_DELAY_S)
        with _lock, _locked(entry.parent):
            content = _read(entry)
            before, system = frozenset(texts(content, "tags")), frozenset(texts(content, "system_tags"))
            after = change(before, system)
            if after == before:
                return after
            _replace(entry, content | {"tags": sorted(after)})
            now = frozenset(texts(_read(entry), "tags"))
        if change(now, system) == now:
            return now
    raise MetaflowTaggingError(f"The tags in {entry} keep being changed by another process. Try again later.")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other processes of mfwidgets. The lock needs no file, and ends with the process.

    Systems without such locks, such as Windows and some network file systems, rely on reading back.

    Raises
    ------
    MetaflowTaggingError
        Another process holds the lock for too long.
    """
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        _wait_for_lock(lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB), folder)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(take: Callable[[], object], folder: Path) -> None:
    end = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            take()
        except BlockingIOError:
            if time.monotonic() > end:
                raise MetaflowTaggingError(
                    f"The tags in {folder} are locked by another process. Try again later."
                ) from None
            time.sleep(_LOCK_POLL_S)
        except OSError:  # this file system has no locks
            return
        else:
            return


def _read(entry: Path) -> Json:
    content = read_json(str(entry))
    if content is None:
        raise MetaflowTaggingError(f"The run was deleted: {entry} is missing.")
    return content


def _replace(entry: Path, content: Json) -> None:
    try:
        # Metaflow's readers skip names with this prefix, and its own files have the same mode.
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=entry.parent, prefix="tmp", delete=False) as new:
            json.dump(content, new)
        os.replace(new.name, entry)  # noqa: PTH105 - these are names, not paths
    except OSError as error:
        raise MetaflowTaggingError(f"The tags in {entry} cannot be changed: {error.strerror or error}.") from error
