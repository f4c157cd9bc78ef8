"""The local datastore: files below a root folder."""

import os
from pathlib import Path

from mfwidgets.datastore.base import check_size
from mfwidgets.datastore.blob_cache import BlobCache
from mfwidgets.deadline import check_deadline
from mfwidgets.errors import DataException
from mfwidgets.files import read_file


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
