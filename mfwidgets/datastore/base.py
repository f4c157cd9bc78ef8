"""What every datastore can do: read small named objects, and tell which there are.

Keys are Metaflow's: ``Flow/run/step/task/<file>`` for task files, ``Flow/data/<2 hex>/<40 hex>`` for blobs.
"""

from typing import Protocol

from mfwidgets.datastore.blob_cache import BlobCache
from mfwidgets.errors import TooLarge


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
