"""Code packages: a gzipped tar of the user's files, Metaflow itself, and facts about the run.

There are two layouts. The newer one has the marker ``.mf_install`` and keeps Metaflow's own files in ``.mf_code`` and
``.mf_meta``. The older one mixes them with the user's files at the top level.

Its author may be a stranger: headers, members and bytes are counted while it is unpacked.
"""

import posixpath
import tarfile
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from mfwidgets.datastore.bounded_tar import BoundedGzip, read_members
from mfwidgets.errors import DataException, DeadlineExceeded, MetaflowException, TooLarge
from mfwidgets.files import parse_json

MAX_PACKAGE_BYTES = 100_000_000
"""A larger package is not downloaded."""

MAX_FILES_BYTES = 100_000_000
"""The largest total size of files that are returned at once."""

_MAX_INFO_BYTES = 1_000_000
"""INFO has a few hundred bytes."""

_MAX_MANIFEST_BYTES = 5_000_000
"""A manifest of Conda has a few hundred kilobytes for each environment."""

_MARKER = ".mf_install"
_MANIFEST, _LOCK = "conda.manifest", "uv.lock"
_META = ".mf_meta/"
_INFO, _OLD_INFO = ".mf_meta/INFO", "INFO"
_NOT_USERS_NEW = (".mf_code", ".mf_meta", _MARKER)
_NOT_USERS_OLD = (
    "metaflow",
    "metaflow_extensions",
    "INFO",
    "CONFIG",
    _MANIFEST,
    _LOCK,
    "pyproject.toml",
    "condav2-1.cnd",
)


class CodePackage:
    """A code package in memory. Nothing is unpacked before it is needed.

    Parameters
    ----------
    content
        The gzipped tar.
    owner
        The object that it belongs to, for messages.
    """

    def __init__(self, content: bytes, owner: str) -> None:
        self._content, self._owner = content, owner
        self._stream = BoundedGzip(content)
        self._problem: MetaflowException | None = None
        self._descriptions: dict[str, bytes] = {}

    @cached_property
    def tarball(self) -> tarfile.TarFile:
        """The whole package as an archive, the same object on each access. It is unpacked within the same limits.

        Raises
        ------
        DataException
            The package is damaged or too large.
        """
        self._user_members()  # checks all headers: tarfile has no limits for them
        stream = BoundedGzip(self._content)
        stream.max_read_bytes = MAX_FILES_BYTES
        try:
            return tarfile.TarFile(fileobj=stream)
        except Exception as error:
            raise self._unreadable(error) from error

    @cached_property
    def info(self) -> dict[str, Any]:
        """Facts from when the package was made. Empty if they are missing or damaged."""
        content = self._descriptions.get(_INFO if self._is_new else _OLD_INFO)
        try:
            info = parse_json(content) if content else {}
        except ValueError:  # a package without a description can still be shown
            return {}
        return info if isinstance(info, dict) else {}

    @property
    def manifest(self) -> Any:
        """What Metaflow's Conda environments record. Empty if there is none.

        Raises
        ------
        DataException
            It is damaged or too large.
        """
        content = self._environment_file(_MANIFEST)
        try:
            return parse_json(content) if content else {}
        except ValueError as error:
            raise DataException(f"{_MANIFEST} in the code package of {self._owner} is damaged: {error}.") from error

    @property
    def lock(self) -> bytes:
        """The ``uv.lock`` of the run's project. Empty if there is none.

        Raises
        ------
        DataException
            It is damaged or too large.
        """
        return self._environment_file(_LOCK)

    def _environment_file(self, name: str) -> bytes:
        """Return a file that describes the environment. The newer layout keeps it in its own folder."""
        return self.read(f"{_META if self._is_new else ''}{name}", _MAX_MANIFEST_BYTES) or b""

    def read(self, name: str, max_bytes: int = MAX_FILES_BYTES) -> bytes | None:
        """Return the content of a file. None if the package has no file of this name.

        Raises
        ------
        TooLarge
            It has more than ``max_bytes`` bytes.
        DataException
            The package is damaged or too large.
        """
        member = self._members.get(name)
        if member is None and self._problem:
            raise self._problem
        return self._content_of(member, max_bytes) if member is not None and member.isfile() else None

    def files(self) -> dict[str, bytes]:
        """Return the content of all of the user's files.

        Raises
        ------
        TooLarge
            They have more than :data:`MAX_FILES_BYTES` bytes together.
        DataException
            The package is damaged or too large.
        """
        total = sum(self.sizes().values())
        if total > MAX_FILES_BYTES:
            raise TooLarge(
                f"The files in the code package of {self._owner} have {total:,} bytes. At most {MAX_FILES_BYTES:,} are "
                "read at once. Try .tarball for single files.",
                total,
            )
        return {member.name: self._content_of(member, MAX_FILES_BYTES) for member in self._user_members()}

    def sizes(self) -> dict[str, int]:
        """Return the size in bytes of each of the user's files, by name, without folders and links."""
        return {member.name: member.size for member in self._user_members()}

    def extract_to(self, folder: Path) -> list[Path]:
        """Write the user's files below a folder and return their paths. :func:`tarfile.data_filter` sets the rules.

        Raises
        ------
        DataException
            A name leads out of the folder, or the package is damaged or too large. Then nothing is written. Or a file
            cannot be written.
        """
        root = folder.resolve()
        members = [self._filtered(member, root) for member in self._user_members()]
        self._stream.seek(0)
        try:
            with tarfile.TarFile(fileobj=self._stream) as archive:
                archive.extractall(root, members, filter=_unchanged)  # noqa: S202 - they are filtered above
        except DeadlineExceeded:
            raise
        except Exception as error:
            raise DataException(f"The code package of {self._owner} cannot be written to {folder}: {error}.") from error
        return [root / member.name for member in members]

    def _filtered(self, member: tarfile.TarInfo, root: Path) -> tarfile.TarInfo:
        """Return a file as it is written below a folder: under its own name, with the permissions of a plain file."""
        try:
            filtered = tarfile.data_filter(member, str(root))
            # The filter makes absolute names relative, and accepts the folder itself as the name of a file.
            inside = filtered.name == member.name and posixpath.normpath(member.name) != "."
        except (tarfile.FilterError, OSError, ValueError):
            inside = False
        if not inside:
            raise DataException(
                f"The code package of {self._owner} contains {member.name!r:.200}, which leads out of {root}."
            )
        return filtered.replace(mtime=None, deep=False)  # type: ignore[arg-type]  # recorded times can be absurd

    @property
    def _is_new(self) -> bool:
        """Whether the package has the newer layout."""
        return _MARKER in self._members or _INFO in self._members

    def _user_members(self) -> list[tarfile.TarInfo]:
        members = self._members
        if self._problem:
            raise self._problem
        foreign = _NOT_USERS_NEW if self._is_new else _NOT_USERS_OLD
        return [
            member
            for member in members.values()
            if member.isfile() and PurePosixPath(member.name).parts[:1] not in [(name,) for name in foreign]
        ]

    @cached_property
    def _members(self) -> dict[str, tarfile.TarInfo]:
        """The members by name, up to the first that cannot be read. The last member of a name counts, as in tarfile.

        Raises
        ------
        DataException
            None can be read.
        """
        members: dict[str, tarfile.TarInfo] = {}
        try:
            for member in read_members(self._stream):
                members.pop(member.name, None)
                members[member.name] = member
                if member.name in (_INFO, _OLD_INFO) and member.isfile() and member.size <= _MAX_INFO_BYTES:
                    self._descriptions[member.name] = self._content_of(member, _MAX_INFO_BYTES)
        except DeadlineExceeded:
            raise
        except Exception as error:  # noqa: BLE001 - damaged archives cause nearly any
            self._problem = self._unreadable(error)
        if not members:
            raise self._problem or DataException(f"The code package of {self._owner} is empty.")
        return members

    def _content_of(self, member: tarfile.TarInfo, max_bytes: int) -> bytes:
        if member.size > max_bytes:
            raise TooLarge(
                f"{member.name!r:.200} in the code package of {self._owner} has {member.size:,} bytes. At most "
                f"{max_bytes:,} are read here.",
                member.size,
            )
        self._stream.max_read_bytes = max_bytes
        try:
            self._stream.seek(member.offset_data)
            content = self._stream.read(member.size)
        except Exception as error:
            raise self._unreadable(error) from error
        if len(content) < member.size:
            raise self._unreadable(EOFError(f"it ends in {member.name!r:.200}"))
        return content

    def _unreadable(self, error: Exception) -> MetaflowException:
        """Return our error for any error while reading. Damaged archives cause nearly any."""
        if isinstance(error, DeadlineExceeded):
            return error
        if isinstance(error, TooLarge):
            return TooLarge(f"The code package of {self._owner} is too large. {error}", error.size)
        return DataException(f"The code package of {self._owner} is not a readable gzipped tar: {error!s:.300}")


def _unchanged(member: tarfile.TarInfo, _: str) -> tarfile.TarInfo:
    return member
