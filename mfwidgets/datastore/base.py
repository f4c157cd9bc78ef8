"""Datastores: the interface, local folders, opening the one that a record names, and remembering during a display.

Keys are Metaflow's: ``Flow/run/step/task/<file>`` for task files, ``Flow/data/<2 hex>/<40 hex>`` for blobs.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeVar

from mfwidgets.concurrency import CallOnce
from mfwidgets.config import Configuration
from mfwidgets.datastore.blob_cache import BlobCache
from mfwidgets.deadline import check_deadline
from mfwidgets.errors import DataException, DeadlineExceeded
from mfwidgets.files import (
    check_size,
    file_size,
    files_below,
    is_missing,
    names_in_folder,
    read_file,
    read_file_from,
    read_file_range,
)

Answer = TypeVar("Answer")

LOCAL_TYPES = ("local", "spin", "")
"""Metaflow's names of datastores in local folders; old records name none."""

_MAX_BYTES = 1_000_000
"""Larger objects are not remembered. A display reads them once, or only their ends."""

_MAX_TOTAL_BYTES = 50_000_000
"""After this many bytes, nothing more is remembered."""

_LEGACY_BLOB = re.compile(r"/data/[0-9a-f]{2}/(?:r_)?[0-9a-f]{40}\Z")


class Datastore(Protocol):
    """Where bytes come from."""

    cache: BlobCache | None
    """The cache of fetched blobs. None for a local datastore."""

    def describe(self) -> str:
        """Return the place, for messages. It contains no secret."""

    def read(self, key: str, max_bytes: int | None = None) -> bytes | None:
        """Return the bytes of an object, or None if it is missing.

        Raises
        ------
        TooLarge
            The object has more than ``max_bytes`` bytes. None of them was read.
        """

    def read_from(self, key: str, start: int) -> bytes | None:
        """Return the bytes of an object from an offset on, or None if it is missing."""

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        """Return at most ``length`` bytes of an object from an offset on, or None if it is missing.

        There are none behind its end.
        """

    def size(self, key: str) -> int | None:
        """Return the stored size in bytes, or None if the object is missing."""

    def names(self, prefix: str) -> list[str]:
        """Return the names directly below a folder-like prefix, an empty list if there are none."""

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield the key and the stored size in bytes of each object below a folder-like prefix, in any order.

        Raises
        ------
        DataException
            The datastore cannot be listed.
        """


class LocalDatastore:
    """Reads files below the first of several roots that has them.

    Metaflow records absolute roots. They are wrong after a ``.metaflow`` folder was moved or copied. So the folder whose
    metadata is being read comes first, and the recorded root second.

    Parameters
    ----------
    roots
        ``.metaflow`` folders, in the order of lookup.
    """

    cache: BlobCache | None = None

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots = roots

    def describe(self) -> str:
        """Return the roots."""
        return " or ".join(str(root) for root in self._roots)

    def read(self, key: str, max_bytes: int | None = None) -> bytes | None:
        """Return the bytes of a file, or None if no root has it."""
        return self._first(key, lambda file: read_file(file, max_bytes))

    def read_from(self, key: str, start: int) -> bytes | None:
        """Return the bytes of a file from an offset on, or None if no root has it."""
        return self._first(key, lambda file: read_file_from(file, start))

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        """Return at most ``length`` bytes of a file from an offset on, or None if no root has it."""
        return self._first(key, lambda file: read_file_range(file, start, length))

    def size(self, key: str) -> int | None:
        """Return the size of a file in bytes, or None if no root has it."""
        return self._first(key, file_size)

    def names(self, prefix: str) -> list[str]:
        """Return the sorted names in a folder, from the first root that has it."""
        return self._first(prefix, names_in_folder) or []

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield the files below a folder of the first root that has it, with their sizes. Follows no links."""
        root = next((root for root in self._roots if self._is_folder(f"{root}/{prefix}")), None)
        if root is None or ".." in prefix.split("/"):
            return
        for file, size in files_below(f"{root}/{prefix}"):
            yield file[len(f"{root}/") :], size

    def _is_folder(self, folder: str) -> bool:
        check_deadline()
        try:
            return stat.S_ISDIR(os.lstat(folder).st_mode)
        except (OSError, ValueError):
            return False

    def _first(self, key: str, ask: Callable[[str], Answer | None]) -> Answer | None:
        """Return the answer for the first root that has the key. None if none has it."""
        check_deadline()
        if ".." in key.split("/"):  # a name from a service can be anything
            return None
        for root in self._roots:
            file = f"{root}/{key}"
            try:
                answer = ask(file)
            except DeadlineExceeded:  # an OSError, too
                raise
            except OSError as error:
                if not is_missing(error) and not isinstance(error, IsADirectoryError):
                    raise DataException(f"{file} cannot be read: {error.strerror or error}.") from error
            else:
                if answer is not None:
                    return answer
        return None


class Datastores:
    """The datastores of one configuration. Each is opened once.

    Parameters
    ----------
    configuration
        Contains the endpoints of the clouds. A configuration that is read again gets new datastores.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self._opened: dict[tuple[str, str, Path | None], Datastore] = {}

    def get(self, ds_type: str, root: str, home: Path | None) -> Datastore:
        """Return a datastore. On first use, :func:`open_datastore` opens it with these parameters."""
        key = (ds_type, root, home)
        if key not in self._opened:
            # Two threads may open the same one. Then both use the first.
            self._opened.setdefault(key, open_datastore(ds_type, root, home, self.configuration))
        return self._opened[key]


def open_datastore(ds_type: str, root: str, home: Path | None, configuration: Configuration) -> Datastore:
    """Return the datastore that a record names.

    Parameters
    ----------
    ds_type
        Metaflow's name of the type, such as ``local``.
    root
        The recorded root. Empty if none was recorded.
    home
        The ``.metaflow`` folder whose metadata is being read. Local data is looked up there first. None for a service.
    configuration
        Contains the endpoints of the clouds.

    Raises
    ------
    DataException
        This type of datastore is not supported.
    """
    if ds_type not in LOCAL_TYPES:
        from mfwidgets.datastore.cloud import CLOUDS, open_cloud

        if ds_type in CLOUDS:
            return open_cloud(ds_type, root, configuration)
        supported = ", ".join(["local", *CLOUDS])
        raise DataException(
            f"Expected a datastore of type {supported}, got {ds_type!r:.40} ({root}). The data of this object cannot be "
            "read, but its metadata can be shown."
        )
    roots = [home] if home else []
    if root and Path(root) != home:
        roots.append(Path(root))
    return LocalDatastore(tuple(roots))


def root_of_location(location: str, flow: str) -> str:
    """Return the datastore root from an artifact's ``location``: ``:root:<root>``, or in old records the blob's URL."""
    if location.startswith(":root:"):
        return location.removeprefix(":root:")
    blob = _LEGACY_BLOB.search(location)
    return location[: blob.start()].removesuffix(f"/{flow}") if blob else ""


class RememberedDatastore:
    """Reads from another datastore and remembers small objects, for the time of one display.

    Parameters
    ----------
    datastore
        The other datastore.
    """

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore
        self.cache = datastore.cache
        self._contents: dict[str, bytes | None] = {}
        self._bytes = 0
        self._locks: CallOnce[str, Lock] = CallOnce(lambda _: Lock())
        self._names: dict[str, list[str]] = {}

    def describe(self) -> str:
        """Return the place of the other datastore."""
        return self._datastore.describe()

    def read(self, key: str, max_bytes: int | None = None) -> bytes | None:
        """Return the bytes of an object, or None if it is missing. Only the first call reads."""
        with self._locks(key):
            if key not in self._contents:
                content = self._datastore.read(key, max_bytes)
                size = len(content or b"")
                if size > _MAX_BYTES or self._bytes + size > _MAX_TOTAL_BYTES:
                    return content
                self._bytes += size
                self._contents[key] = content
        content = self._contents[key]
        if content is not None:
            check_size(key, len(content), max_bytes)
        return content

    def read_from(self, key: str, start: int) -> bytes | None:
        """Return the bytes of an object from an offset on, or None if it is missing."""
        content = self._contents.get(key)
        return self._datastore.read_from(key, start) if content is None else content[start:]

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        """Return at most ``length`` bytes of an object from an offset on, or None if it is missing."""
        content = self._contents.get(key)
        return self._datastore.read_range(key, start, length) if content is None else content[start : start + length]

    def size(self, key: str) -> int | None:
        """Return the stored size in bytes, or None if the object is missing."""
        return self._datastore.size(key)

    def names(self, prefix: str) -> list[str]:
        """Return the names directly below a prefix. Only the first call lists them."""
        if prefix not in self._names:
            self._names[prefix] = self._datastore.names(prefix)
        return self._names[prefix]

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield the keys and sizes of the objects below a prefix. They are listed each time."""
        return self._datastore.sizes(prefix)


class RememberedDatastores(Datastores):
    """The same datastores, remembered for the time of one display.

    Parameters
    ----------
    datastores
        The datastores that are read. They stay open.
    """

    def __init__(self, datastores: Datastores) -> None:
        super().__init__(datastores.configuration)
        self._datastores = datastores

    def get(self, ds_type: str, root: str, home: Path | None) -> Datastore:
        """Return a datastore that remembers what it read."""
        key = (ds_type, root, home)
        if key not in self._opened:
            self._opened.setdefault(key, RememberedDatastore(self._datastores.get(ds_type, root, home)))
        return self._opened[key]
