"""Code packages: a gzipped tar of the user's files, of Metaflow itself, and of what was known when it was made.

Two layouts exist. The newer one carries the marker ``.mf_install`` and keeps Metaflow's own things in ``.mf_code`` and
``.mf_meta``; the older one mixes them with the user's files at the top.
"""

import io
import json
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from mfwidgets.errors import DataException

_MARKER = ".mf_install"
_NOT_USERS_NEW = (".mf_code", ".mf_meta", _MARKER)
_NOT_USERS_OLD = (
    "metaflow",
    "metaflow_extensions",
    "INFO",
    "CONFIG",
    "conda.manifest",
    "uv.lock",
    "pyproject.toml",
    "condav2-1.cnd",
)


class CodePackage:
    """A code package in memory.

    Parameters
    ----------
    content
        The gzipped tar.
    what
        What it belongs to, for messages.

    Raises
    ------
    DataException
        It is no gzipped tar, or does not say what it holds.
    """

    def __init__(self, content: bytes, what: str) -> None:
        self._what = what
        try:
            self.tarball = tarfile.open(fileobj=io.BytesIO(content), mode="r:gz")  # noqa: SIM115 - users read on
            self._names = self.tarball.getnames()
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise DataException(f"The code package of {what} is no gzipped tar: {error}.") from error
        self._is_new = _MARKER in self._names
        self.info: dict[str, Any] = self._json(".mf_meta/INFO" if self._is_new else "INFO")

    def read(self, name: str) -> bytes | None:
        """Return the content of a member; None where there is none of that name, and of folders and links."""
        if name not in self._names:
            return None
        member = self.tarball.getmember(name)
        stream = self.tarball.extractfile(member) if member.isfile() else None
        return stream.read() if stream else None

    def user_files(self) -> Iterator[str]:
        """Yield the names of the user's files; folders and links are none."""
        return iter(self.sizes())

    def sizes(self) -> dict[str, int]:
        """Return the bytes of each of the user's files by name."""
        foreign = _NOT_USERS_NEW if self._is_new else _NOT_USERS_OLD
        return {
            member.name: member.size
            for member in self.tarball.getmembers()
            if member.isfile() and PurePosixPath(member.name).parts[:1] not in [(name,) for name in foreign]
        }

    def extract_to(self, folder: Path) -> list[Path]:
        """Write the user's files below a folder and return them; whatever their names say, none lands outside.

        Raises
        ------
        DataException
            A name leads out of the folder; nothing is written then.
        """
        names = list(self.user_files())
        root = folder.resolve()
        targets = [(root / name).resolve() for name in names]
        for name, target in zip(names, targets, strict=True):
            if not target.is_relative_to(root) or target == root:
                raise DataException(f"The code package of {self._what} holds {name!r}, which leads out of {folder}.")
        for name, target in zip(names, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.read(name) or b"")
        return targets

    def _json(self, name: str) -> dict[str, Any]:
        try:
            content = json.loads(self.read(name) or b"")
        except ValueError as error:
            raise DataException(f"The code package of {self._what} has no readable {name}: {error}.") from error
        return content if isinstance(content, dict) else {}
