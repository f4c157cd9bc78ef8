"""Code packages: a gzipped tar of the user's files, Metaflow itself, and facts about the run.

There are two layouts. The newer one has the marker ``.mf_install`` and keeps Metaflow's own files in ``.mf_code`` and
``.mf_meta``. The older one mixes them with the user's files at the top level.
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
    owner
        The object that it belongs to, for messages.

    Raises
    ------
    DataException
        It is not a gzipped tar, or its description is missing.
    """

    def __init__(self, content: bytes, owner: str) -> None:
        self._owner = owner
        try:
            self.tarball = tarfile.open(fileobj=io.BytesIO(content), mode="r:gz")  # noqa: SIM115 - users keep reading it
            self._names = self.tarball.getnames()
        except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
            raise DataException(f"The code package of {owner} is not a gzipped tar: {error}.") from error
        self._is_new = _MARKER in self._names
        self.info: dict[str, Any] = self._json(".mf_meta/INFO" if self._is_new else "INFO")

    def read(self, name: str) -> bytes | None:
        """Return the content of a file. None if there is no such file, or it is a folder or a link."""
        if name not in self._names:
            return None
        member = self.tarball.getmember(name)
        stream = self.tarball.extractfile(member) if member.isfile() else None
        return stream.read() if stream else None

    def user_files(self) -> Iterator[str]:
        """Yield the names of the user's files, without folders and links."""
        return iter(self.sizes())

    def sizes(self) -> dict[str, int]:
        """Return the size in bytes of each of the user's files, by name."""
        return {member.name: member.size for member in self._user_members()}

    def _user_members(self) -> list[tarfile.TarInfo]:
        foreign = _NOT_USERS_NEW if self._is_new else _NOT_USERS_OLD
        return [
            member
            for member in self.tarball.getmembers()
            if member.isfile() and PurePosixPath(member.name).parts[:1] not in [(name,) for name in foreign]
        ]

    def extract_to(self, folder: Path) -> list[Path]:
        """Write the user's files below a folder and return their paths. :func:`tarfile.data_filter` sets the rules.

        Raises
        ------
        DataException
            A name leads out of the folder. Then nothing is written.
        """
        root = folder.resolve()
        members = self._user_members()
        for member in members:
            if not _stays_inside(member, root):
                raise DataException(
                    f"The code package of {self._owner} contains {member.name!r}, which leads out of {folder}."
                )
        self.tarball.extractall(root, members, filter="data")
        return [root / name for name in dict.fromkeys(member.name for member in members)]

    def _json(self, name: str) -> dict[str, Any]:
        try:
            content = json.loads(self.read(name) or b"")
        except ValueError as error:
            raise DataException(f"The code package of {self._owner} has no readable {name}: {error}.") from error
        return content if isinstance(content, dict) else {}


def _stays_inside(member: tarfile.TarInfo, root: Path) -> bool:
    """Return whether a file is written below a folder under its own name."""
    try:
        filtered = tarfile.data_filter(member, str(root))
    except tarfile.FilterError:
        return False
    # The filter makes absolute names relative, and accepts the folder itself as the name of a file.
    return filtered.name == member.name and (root / member.name).resolve() != root
