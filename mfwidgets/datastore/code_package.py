"""Code packages: a gzipped tar of the user's files, Metaflow itself, and facts about the run.

There are two layouts. The newer one has the marker ``.mf_install`` and keeps Metaflow's own files in ``.mf_code`` and
``.mf_meta``. The older one mixes them with the user's files at the top level.

Nobody trusts its author: headers, members and bytes are counted while it is unpacked.
"""

import gzip
import io
import tarfile
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import DataException, DeadlineExceeded, MetaflowException, TooLarge
from mfwidgets.files import parse_json

MAX_UNPACKED_BYTES = 1_000_000_000
"""A package is unpacked up to this size. A megabyte of gzip can hide a gigabyte."""

MAX_FILES_BYTES = 200_000_000
"""The largest total size of files that are returned at once."""

MAX_MEMBERS = 50_000
"""Members of a package, including Metaflow's own. Each takes about 20 microseconds."""

_MAX_HEADER_BYTES = 1_000_000
"""A header with a long name is a few kilobytes."""

_MAX_DESCRIPTION_BYTES = 10_000_000
"""INFO has a few hundred bytes, a manifest of Conda some megabytes."""

_CHUNK_BYTES = 4_000_000

_MARKER = ".mf_install"
_INFO, _OLD_INFO = ".mf_meta/INFO", "INFO"
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


class _BoundedGzip(io.RawIOBase):
    """Unpacks gzip on the fly, up to a limit. It stops when nobody waits for it any more."""

    def __init__(self, content: bytes) -> None:
        self._stream = gzip.GzipFile(fileobj=io.BytesIO(content))
        self.max_read_bytes = _MAX_HEADER_BYTES

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Refuse to read more than :attr:`max_read_bytes` at once."""
        if not 0 <= size <= self.max_read_bytes:
            raise TooLarge(f"It has a part of {size:,} bytes. At most {self.max_read_bytes:,} are read here.", size)
        self._check(size)
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset. The bytes before it are unpacked."""
        if offset < self._stream.tell():
            self._stream.seek(offset, whence)
        while (ahead := offset - self._stream.tell()) > 0:
            self._check(min(ahead, _CHUNK_BYTES))
            if not self._stream.read(min(ahead, _CHUNK_BYTES)):
                break
        return self._stream.tell()

    def tell(self) -> int:
        """Return the offset in the unpacked bytes."""
        return self._stream.tell()

    def _check(self, size: int) -> None:
        check_deadline()
        if self._stream.tell() + size > MAX_UNPACKED_BYTES:
            raise TooLarge(f"It has more than {MAX_UNPACKED_BYTES:,} bytes when unpacked.", MAX_UNPACKED_BYTES)


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
        self._stream = _BoundedGzip(content)
        self._problem: MetaflowException | None = None

    @cached_property
    def tarball(self) -> tarfile.TarFile:
        """The whole package as an archive without limits, the same object on each access."""
        try:
            return tarfile.open(fileobj=io.BytesIO(self._content), mode="r:gz")
        except Exception as error:
            raise self._unreadable(error) from error

    @property
    def info(self) -> dict[str, Any]:
        """Facts from when the package was made. Empty if they are missing or damaged."""
        try:
            content = self.read(_INFO if self._is_new else _OLD_INFO, _MAX_DESCRIPTION_BYTES)
            info = parse_json(content) if content else {}
        except (ValueError, TooLarge):  # a package without a description can still be shown
            return {}
        return info if isinstance(info, dict) else {}

    def read(self, name: str, max_bytes: int = MAX_FILES_BYTES) -> bytes | None:
        """Return the content of a file. None if there is no such file, or it is a folder or a link.

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
            A name leads out of the folder, or the files are too large. Then nothing is written. Or a file cannot be
            written.
        """
        root = folder.resolve()
        members = list(self._user_members())
        for member in members:
            if not _stays_inside(member, root):
                raise DataException(
                    f"The code package of {self._owner} contains {member.name!r:.200}, which leads out of {folder}."
                )
        if sum(member.size for member in members) > MAX_UNPACKED_BYTES:
            raise TooLarge(
                f"The files in the code package of {self._owner} have more than {MAX_UNPACKED_BYTES:,} bytes. "
                "Nothing was written.",
                MAX_UNPACKED_BYTES,
            )
        self._stream.max_read_bytes = MAX_UNPACKED_BYTES
        try:
            self._archive.extractall(root, members, filter="data")
        except (OSError, tarfile.TarError, ValueError) as error:
            raise DataException(f"The code package of {self._owner} cannot be written to {folder}: {error}.") from error
        return [root / member.name for member in members]

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
            for number, member in enumerate(self._archive, start=1):
                members.pop(member.name, None)
                members[member.name] = member
                _check_count(number)
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
            stream = self._archive.extractfile(member)
            return stream.read() if stream else b""
        except Exception as error:
            raise self._unreadable(error) from error

    @cached_property
    def _archive(self) -> tarfile.TarFile:
        return tarfile.TarFile(fileobj=self._stream)

    def _unreadable(self, error: Exception) -> MetaflowException:
        """Return our error for any error while reading. Damaged archives cause nearly any: also RecursionError."""
        if isinstance(error, MetaflowException) and not isinstance(error, TooLarge):
            return error
        if isinstance(error, TooLarge):
            return TooLarge(f"The code package of {self._owner} is too large. {error}", error.size)
        return DataException(f"The code package of {self._owner} is not a readable gzipped tar: {error!s:.200}.")


def _check_count(members: int) -> None:
    if members > MAX_MEMBERS:
        raise TooLarge(f"It has more than {MAX_MEMBERS:,} members.", MAX_MEMBERS)


def _stays_inside(member: tarfile.TarInfo, root: Path) -> bool:
    """Return whether a file is written below a folder under its own name."""
    try:
        filtered = tarfile.data_filter(member, str(root))
        # The filter makes absolute names relative, and accepts the folder itself as the name of a file.
        return filtered.name == member.name and (root / member.name).resolve() != root
    except (tarfile.FilterError, OSError, ValueError):
        return False
