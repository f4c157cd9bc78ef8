"""The interface of datastores; the local one; how records lead to one; and one that remembers what a display read.

Keys are Metaflow's: ``Flow/run/step/task/<file>`` for task files, ``Flow/data/<2 hex>/<40 hex>`` for blobs.
"""

import os
import re
from pathlib import Path
from threading import Lock
from typing import Protocol

from mfwidgets.concurrency import CallOnce
from mfwidgets.config import Configuration
from mfwidgets.datastore.blob_cache import BlobCache
from mfwidgets.deadline import check_deadline
from mfwidgets.errors import DataException, TooLarge
from mfwidgets.files import read_file

LOCAL_TYPES = ("local", "spin", "")
"""Metaflow's names of datastores in local folders; old records name none."""

_MAX_BYTES = 1_000_000
"""Larger objects are not remembered: a display reads them once, or their ends."""

_MAX_TOTAL_BYTES = 50_000_000
"""Nothing more is remembered when this much is."""

_LEGACY_BLOB = re.compile(r"/data/[0-9a-f]{2}/(?:r_)?[0-9a-f]{40}\Z")


class Datastore(Protocol):
    """Where bytes come from."""

    cache: BlobCache | None
    """Where blobs are kept that were fetched from far away; None for what is here."""

    def describe(self) -> str:
        """Return where this is, for messages; never with a secret in it."""

    def read(self, key: str, most: int | None = None) -> bytes | None:
        """Return the bytes of an object, or None when there is no such object.

        Raises
        ------
        TooLarge
            There are more than ``most`` bytes; none was read.
        """

    def read_from(self, key: str, start: int) -> bytes | None:
        """Return the bytes of an object from one on, or None when there is no such object."""

    def size(self, key: str) -> int | None:
        """Return the stored size in bytes, or None when there is no such object."""

    def names(self, prefix: str) -> list[str]:
        """Return the names directly below a folder-like prefix; none if there is no such thing."""


def check_size(what: str, size: int, most: int | None) -> None:
    """Refuse what is larger than wanted.

    Raises
    ------
    TooLarge
        It is.
    """
    if most is not None and size > most:
        raise TooLarge(f"{what} has {size:,} bytes, more than the {most:,} that are read here.", size)


class LocalDatastore:
    """Reads from the first of several roots that has an object.

    Metaflow records absolute roots, which a moved or copied ``.metaflow`` folder outlives. So the folder whose
    metadata is being read comes first, the recorded root second.

    Parameters
    ----------
    roots
        ``.metaflow`` folders, in the order in which they are asked.
    """

    cache: BlobCache | None = None

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots = roots

    def describe(self) -> str:
        """Return the roots as text."""
        return " or ".join(str(root) for root in self._roots)

    def read(self, key: str, most: int | None = None) -> bytes | None:
        """Return the bytes of a file, or None when no root has it."""
        check_deadline()
        for root in self._roots:
            try:
                return self._read(root, key, most)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
            except OSError as error:
                raise DataException(f"{root / key} cannot be read: {error.strerror or error}.") from error
        return None

    def _read(self, root: Path, key: str, most: int | None) -> bytes:
        try:
            return read_file(f"{root}/{key}", most)
        except OverflowError:
            check_size(key, (root / key).stat().st_size, most)
            raise

    def read_from(self, key: str, start: int) -> bytes | None:
        """Return the bytes of a file from one on, or None when no root has it."""
        check_deadline()
        for root in self._roots:
            try:
                with (root / key).open("rb") as stream:
                    stream.seek(start)
                    return stream.read()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
            except OSError as error:
                raise DataException(f"{root / key} cannot be read: {error.strerror or error}.") from error
        return None

    def size(self, key: str) -> int | None:
        """Return the size of a file in bytes, or None when no root has it."""
        check_deadline()
        for root in self._roots:
            if (root / key).is_file():
                return (root / key).stat().st_size
        return None

    def names(self, prefix: str) -> list[str]:
        """Return the names in a folder, sorted, of the first root that has it."""
        check_deadline()
        for root in self._roots:
            try:
                return sorted(os.listdir(f"{root}/{prefix}"))  # noqa: PTH208 - names are all that is wanted
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise DataException(f"{root / prefix} cannot be listed: {error.strerror or error}.") from error
        return []


class Datastores:
    """The datastores that one configuration leads to, each opened once.

    Parameters
    ----------
    configuration
        Where the clouds' endpoints stand. Whoever reads the configuration again makes new datastores.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self._opened: dict[tuple[str, str, Path | None], Datastore] = {}

    def get(self, ds_type: str, root: str, home: Path | None) -> Datastore:
        """Return a datastore. The parameters are those of :func:`open_datastore`, which is called on first use."""
        key = (ds_type, root, home)
        if key not in self._opened:
            # Two threads may open the same one. Both then take the first.
            self._opened.setdefault(key, open_datastore(ds_type, root, home, self.configuration))
        return self._opened[key]


def open_datastore(ds_type: str, root: str, home: Path | None, configuration: Configuration) -> Datastore:
    """Return the datastore that records name.

    Parameters
    ----------
    ds_type
        Metaflow's name of the kind, such as ``local``.
    root
        The recorded root; empty when nothing recorded one.
    home
        The ``.metaflow`` folder whose metadata is being read, if it is one; asked first for local data.
    configuration
        Where the clouds' endpoints stand.

    Raises
    ------
    DataException
        This kind cannot be read.
    """
    if ds_type not in LOCAL_TYPES:
        from mfwidgets.datastore.cloud import CLOUDS, open_cloud

        if ds_type in CLOUDS:
            return open_cloud(ds_type, root, configuration)
        known = ", ".join(["local", *CLOUDS])
        raise DataException(
            f"The data of this object lie in a datastore of type {ds_type!r:.40} ({root}), which is none of {known}; "
            "its metadata can be shown."
        )
    roots = [home] if home else []
    if root and Path(root) != home:
        roots.append(Path(root))
    return LocalDatastore(tuple(roots))


def root_of_location(location: str, flow: str) -> str:
    """Return the datastore root in an artifact's ``location``: ``:root:<root>``, or an old full URL of the blob."""
    if location.startswith(":root:"):
        return location.removeprefix(":root:")
    blob = _LEGACY_BLOB.search(location)
    return location[: blob.start()].removesuffix(f"/{flow}") if blob else ""


class RememberedDatastore:
    """Reads from another datastore, and remembers what is small.

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
        """Return where the other one is."""
        return self._datastore.describe()

    def read(self, key: str, most: int | None = None) -> bytes | None:
        """Return the bytes of an object, or None when there is no such object (one read at the first question)."""
        with self._locks(key):
            if key not in self._contents:
                content = self._datastore.read(key, most)
                size = len(content or b"")
                if size > _MAX_BYTES or self._bytes + size > _MAX_TOTAL_BYTES:
                    return content
                self._bytes += size
                self._contents[key] = content
        content = self._contents[key]
        if content is not None:
            check_size(key, len(content), most)
        return content

    def read_from(self, key: str, start: int) -> bytes | None:
        """Return the bytes of an object from one on, or None when there is no such object."""
        content = self._contents.get(key)
        return self._datastore.read_from(key, start) if content is None else content[start:]

    def size(self, key: str) -> int | None:
        """Return the stored size in bytes, or None when there is no such object."""
        return self._datastore.size(key)

    def names(self, prefix: str) -> list[str]:
        """Return the names directly below a prefix (one listing at the first question)."""
        if prefix not in self._names:
            self._names[prefix] = self._datastore.names(prefix)
        return self._names[prefix]


class RememberedDatastores(Datastores):
    """The same datastores for the time of one display.

    Parameters
    ----------
    datastores
        The datastores themselves, which stay open.
    """

    def __init__(self, datastores: Datastores) -> None:
        super().__init__(datastores.configuration)
        self._datastores = datastores

    def get(self, ds_type: str, root: str, home: Path | None) -> Datastore:
        """Return a datastore that remembers."""
        key = (ds_type, root, home)
        if key not in self._opened:
            self._opened.setdefault(key, RememberedDatastore(self._datastores.get(ds_type, root, home)))
        return self._opened[key]
