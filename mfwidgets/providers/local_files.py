"""Reads the JSON files of a ``.metaflow`` folder by their literal names."""

import os
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import CorruptFile, DeadlineExceeded, TooLarge
from mfwidgets.files import MAX_NAMES, MAX_RECORD_BYTES, is_missing, names_in_folder, parse_json, read_file
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.records import MAX_TAGS, ArtifactRecord, MetadataRecord, attempt_in_tags
from mfwidgets.stamps import UNSETTLED, Stamp, stamp_of
from mfwidgets.times import YEAR_3000

Json = dict[str, Any]

_MAX_FILES, _MAX_FILE_BYTES = 20_000, 50_000_000
"""A display remembers at most this many files, and this many bytes of them."""

_MAX_FOLDERS, _MAX_FOLDER_NAMES = 20_000, 500_000
"""A display remembers at most this many folders, and this many names in them."""

_MAX_LISTED, _MAX_LISTED_NAMES = 20_000, 200_000
"""A table keeps the names in at most this many folders, and this many names: those of 4,000 runs, about 20 MB."""

_MAX_RECORDS = 200_000
"""The most files with records in a folder. Two attempts with 100,000 artifacts each write as many."""

_MAX_TIME_DIGITS = 14
"""Milliseconds since the epoch until the year 5138."""

EVENT = "sysmeta_"
"""The names of all files with a metadata event begin with this."""


def folder_of(root: Path, path: tuple[str, ...]) -> str | None:
    """Return the folder of an object, or None if a part of its path cannot be the name of a folder.

    All parts are checked: ``..`` or ``a/b`` would lead to another object, or out of the root.
    """
    for part in path:
        if part in ("", ".", "..") or "/" in part or "\\" in part or "\0" in part:
            return None
        if not part.isascii() and not _can_be_encoded(part):
            return None
    return "/".join((str(root), *path))  # also valid on Windows; pathlib would take as long as reading the file


def _can_be_encoded(part: str) -> bool:
    try:
        os.fsencode(part)
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def names_in(folder: str | None, *, only_folders: bool = False) -> list[str]:
    """Return the sorted names in a folder. Empty if it is missing.

    Raises
    ------
    CorruptFile
        The folder exists, but cannot be listed.
    """
    if folder is None:
        return []
    check_deadline()
    try:
        return names_in_folder(folder, only_folders=only_folders, max_names=MAX_NAMES if only_folders else _MAX_RECORDS)
    except DeadlineExceeded:  # an OSError, too
        raise
    except OSError as error:
        if is_missing(error):
            return []
        raise CorruptFile(f"The folder {folder} cannot be listed: {error.strerror or error}.") from error


def read_json(file: str) -> Json | None:
    """Return the JSON object in a file, or None if the file is missing.

    Raises
    ------
    CorruptFile
        The file exists, but cannot be read or is not a JSON object.
    """
    content = _read(file)
    return None if content is None else _parse(file, content)


def _read(file: str) -> bytes | None:
    check_deadline()
    try:
        return read_file(file, MAX_RECORD_BYTES)
    except TooLarge as error:
        raise CorruptFile(f"The metadata file {error}") from None
    except DeadlineExceeded:  # an OSError, too
        raise
    except OSError as error:
        if is_missing(error):
            return None
        # Only the owner can read these files: Metaflow writes them with mode 0600.
        raise CorruptFile(f"The metadata file {file} cannot be read: {error.strerror or error}.") from error


def _parse(file: str, content: bytes) -> Json:
    try:
        parsed = parse_json(content)
    except ValueError as error:
        raise CorruptFile(f"The metadata file {file} is broken: {error}.") from error
    if not isinstance(parsed, dict):
        raise CorruptFile(f"The metadata file {file} is broken: it is not a JSON object.")
    return parsed


class LocalFiles:
    """Reads files and lists folders at each call.

    Attributes
    ----------
    keeps_names
        Whether the same list is returned again.
    """

    keeps_names = False

    def json(self, file: str) -> Json | None:
        """Return what :func:`read_json` returns, or raise the same error."""
        return read_json(file)

    def names(self, folder: str | None, *, only_folders: bool = False) -> list[str]:
        """Return what :func:`names_in` returns, or raise the same error."""
        return names_in(folder, only_folders=only_folders)

    def stamp(self, folder: str) -> Stamp:
        """Return the stamp of a folder from before it was used here."""
        return stamp_of(folder)

    def note(self, folder: str) -> None:
        """Note that a folder is used. Costs nothing here."""


class ListedOnce(LocalFiles):
    """Lists each folder once, for several questions about the same runs. What is kept is bounded.

    Parameters
    ----------
    files
        Reads the files.
    """

    def __init__(self, files: LocalFiles) -> None:
        self._files = files
        self._names: dict[str | None, list[str]] = {}
        self._stamps: dict[str, Stamp] = {}
        self._names_left = _MAX_LISTED_NAMES

    def json(self, file: str) -> Json | None:
        """Return what :func:`read_json` returns, or raise the same error."""
        return self._files.json(file)

    def names(self, folder: str | None, *, only_folders: bool = False) -> list[str]:
        """Return what :func:`names_in` returned. Each folder is listed in one of the two ways only."""
        names = self._names.get(folder)
        if names is None:
            names = self._files.names(folder, only_folders=only_folders)
            if len(names) <= self._names_left and self._has_room:
                self._names_left -= len(names)
                self._names[folder] = names
        return names

    def stamp(self, folder: str) -> Stamp:
        """Return the stamp of a folder from before it was first used here."""
        stamp = self._stamps.get(folder)
        if stamp is None:
            stamp = UNSETTLED if folder in self._names else self._files.stamp(folder)
            if self._has_room:
                self._stamps[folder] = stamp
        return stamp

    @property
    def _has_room(self) -> bool:
        """Whether more can be kept. A folder whose names are kept needs room for its stamp, too."""
        return max(len(self._names), len(self._stamps)) < _MAX_LISTED


class TracedFiles(LocalFiles):
    """Reads files through another reader, and notes the stamp of each folder before it is used.

    Parameters
    ----------
    files
        The other reader.
    """

    def __init__(self, files: LocalFiles) -> None:
        self._files = files
        self.folders: dict[str, Stamp] = {}

    def json(self, file: str) -> Json | None:
        """Return what :func:`read_json` returns, or raise the same error."""
        self.note(file.rpartition("/")[0])
        return self._files.json(file)

    def names(self, folder: str | None, *, only_folders: bool = False) -> list[str]:
        """Return what :func:`names_in` returns, or raise the same error."""
        if folder is not None:
            self.note(folder)
        return self._files.names(folder, only_folders=only_folders)

    def stamp(self, folder: str) -> Stamp:
        """Note the stamp of a folder, unless it is noted, and return it."""
        self.note(folder)
        return self.folders[folder]

    def note(self, folder: str) -> None:
        """Note the stamp of a folder, unless it is noted."""
        if folder not in self.folders:
            self.folders[folder] = self._files.stamp(folder)


class RememberedFiles(LocalFiles):
    """Reads each file and lists each folder once, for the time of one display.

    What is remembered is bounded. A display of a larger run has its tasks in a snapshot, and reads only a few
    files again.
    """

    keeps_names = True

    def __init__(self) -> None:
        self._contents: dict[str, bytes | None] = {}
        self._names: dict[str | None, list[str]] = {}
        self._stamps: dict[str, Stamp] = {}
        self._bytes_left, self._names_left = _MAX_FILE_BYTES, _MAX_FOLDER_NAMES

    def json(self, file: str) -> Json | None:
        """Return what :func:`read_json` returned, or raise the same error."""
        if file in self._contents:
            content = self._contents[file]
        else:
            if (folder := file.rpartition("/")[0]) not in self._stamps:
                self.stamp(folder)
            content = _read(file)
            size = len(content or b"")
            if len(self._contents) < _MAX_FILES and size <= self._bytes_left:
                self._contents[file] = content
                self._bytes_left -= size
        return None if content is None else _parse(file, content)

    def names(self, folder: str | None, *, only_folders: bool = False) -> list[str]:
        """Return what :func:`names_in` returned. Each folder is listed in one of the two ways only."""
        if folder in self._names:
            return self._names[folder]
        if folder is not None:
            self.stamp(folder)
        names = names_in(folder, only_folders=only_folders)
        if len(self._names) < _MAX_FOLDERS and len(names) <= self._names_left:
            self._names[folder] = names
            self._names_left -= len(names)
        return names

    def stamp(self, folder: str) -> Stamp:
        """Return the stamp of a folder from before it was first used here."""
        if folder not in self._stamps:
            self._stamps[folder] = stamp_of(folder)
        return self._stamps[folder]


def artifact_prefix(attempt: int) -> str:
    """Return the beginning of the names of all files with artifacts of an attempt."""
    return f"{attempt}_artifact_"


def artifact_file(attempt: int, artifact: str) -> str:
    """Return the file name of an artifact of an attempt, such as ``0_artifact_x.json``."""
    return f"{attempt}_artifact_{artifact}.json"


def artifacts_in(names: Sequence[str], attempt: int) -> list[tuple[str, str]]:
    """Return the names of files with artifacts of an attempt, each with the name of its artifact."""
    start = len(artifact_prefix(attempt))
    return [(name, name[start:-5]) for name in names if name.endswith(".json") and len(name) > start + 5]


def events_of(fields: Container[str] | None, names: Sequence[str]) -> Sequence[str]:
    """Return the names of files with these fields, such as ``sysmeta_attempt_ok_1700000000000.json``. None: all names."""
    if fields is None:
        return names
    start = len(EVENT)
    return [name for name in names if name[start : name.rindex("_")] in fields]


def time_in(name: str) -> int | None:
    """Return the time in such a name in milliseconds. None if there is no possible time."""
    digits = name.rpartition("_")[2].removesuffix(".json")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _MAX_TIME_DIGITS):
        return None
    created_ms = int(digits)
    return created_ms if created_ms < YEAR_3000 else None


def milliseconds(content: Json) -> int:
    """Return the time of an entry. 0 if it is missing or impossible."""
    value = content.get("ts_epoch")
    return value if type(value) is int and 0 <= value < YEAR_3000 else 0


def text(content: Json, key: str) -> str:
    """Return a value of an entry as str. Empty if it is missing."""
    value = content.get(key)
    return value if type(value) is str else "" if value is None else str(value)


def texts(content: Json, key: str) -> tuple[str, ...]:
    """Return a list of an entry as strings. null counts as empty."""
    value = content.get(key)
    return tuple(map(str, value[:MAX_TAGS])) if isinstance(value, list) else ()


def metadata_record(path: PathPrefix, content: Json) -> MetadataRecord:
    """Return a metadata event of a task from its file."""
    tags = texts(content, "tags")
    field, kind = text(content, "field_name"), text(content, "type")
    attempt, created_ms = attempt_in_tags(tags), milliseconds(content)
    return MetadataRecord(path[2], path[3], field, kind, content.get("value"), created_ms, attempt, tags)


def artifact_record(path: PathPrefix, attempt: int, name: str, content: Json) -> ArtifactRecord:
    """Return an artifact of an attempt of a task from its file."""
    flow, run_id, step, task_id = path
    sha, encoding = text(content, "sha"), text(content, "content_type")
    ds_type, location = text(content, "ds_type"), text(content, "location")
    created_ms = milliseconds(content)
    return ArtifactRecord(flow, run_id, step, task_id, attempt, name, sha, encoding, ds_type, location, created_ms)
