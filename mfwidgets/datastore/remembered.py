"""A datastore for the time of one display: it reads no small object twice, and lists no folder twice."""

from pathlib import Path
from threading import Lock

from mfwidgets.call_once import CallOnce
from mfwidgets.datastore.base import Datastore, check_size
from mfwidgets.datastore.factory import Datastores

_MAX_BYTES = 1_000_000
"""Larger objects are not remembered: a display reads them once, or their ends."""

_MAX_TOTAL_BYTES = 50_000_000
"""Nothing more is remembered when this much is."""


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
