"""Reads the JSON files of a ``.metaflow`` folder by their literal names."""

import os
from pathlib import Path
from typing import Any

from mfwidgets.deadline import check_deadline
from mfwidgets.errors import CorruptFile, DeadlineExceeded, TooLarge
from mfwidgets.files import MAX_NAMES, MAX_RECORD_BYTES, is_missing, names_in_folder, parse_json, read_file
from mfwidgets.providers.records import MAX_TAGS, ArtifactRecord, MetadataRecord, attempt_in_tags, attempt_number
from mfwidgets.stamps import Stamp, stamp_of
from mfwidgets.times import YEAR_3000

Json = dict[str, Any]

TaskPath = tuple[str, str, str, str]
"""Flow, run, step and task."""

_MAX_FILES, _MAX_FILE_BYTES = 20_000, 50_000_000
"""A display remembers at most this many files, and this many bytes of them."""

_MAX_FOLDERS, _MAX_FOLDER_NAMES = 2_000, 500_000
"""A display remembers at most this many folders, and this many names in them."""

_MAX_RECORDS = 200_000
"""The most files with records in a folder. Two attempts with 100,000 artifacts each write as many."""

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
    """Reads files and lists folders at each call."""

    def json(self, file: str) -> Json | None:
        """Return what :func:`read_json` returns, or raise the same error."""
        return read_json(file)

    def names(self, folder: str | None, *, only_folders: bool = False) -> list[str]:
        """Return what :func:`names_in` returns, or raise the same error."""
        return names_in(folder, only_folders=only_folders)

    def stamp(self, folder: str) -> Stamp:
        """Return the stamp of a folder from before it was used here."""
        return stamp_of(folder)


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
        self.stamp(file.rpartition("/")[0])
        return self._files.json(file)

    def names(self, folder: str | None, *, only_folders: bool = False) -> list[str]:
        """Return what :func:`names_in` returns, or raise the same error."""
        if folder is not None:
            self.stamp(folder)
        return self._files.names(folder, only_folders=only_folders)

    def stamp(self, folder: str) -> Stamp:
        """Note the stamp of a folder, unless it is noted."""
        if folder not in self.folders:
            self.folders[folder] = self._files.stamp(folder)
        return self.folders[folder]


class RememberedFiles(LocalFiles):
    """Reads each file and lists each folder once, for the time of one display.

    What is remembered is bounded. A display of a larger run has its tasks in a snapshot, and reads only a few
    files again.
    """

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
            self.stamp(file.rpartition("/")[0])
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


def artifact_in(name: str) -> tuple[int, str]:
    """Return attempt and artifact of a file name such as ``0_artifact_x.json``; ``(-1, "")`` for other files."""
    attempt, _, artifact = name.partition("_artifact_")
    number = attempt_number(attempt)
    if number is None or not artifact.endswith(".json"):
        return -1, ""
    return number, artifact.removesuffix(".json")


def artifact_file(attempt: int, artifact: str) -> str:
    """Return the file name of an artifact of an attempt."""
    return f"{attempt}_artifact_{artifact}.json"


def field_in(name: str) -> str:
    """Return the field of a file name such as ``sysmeta_attempt_ok_1700000000000.json``."""
    return name[len(EVENT) :].rpartition("_")[0]


def milliseconds(content: Json) -> int:
    """Return the time of an entry. 0 if it is missing or impossible."""
    value = content.get("ts_epoch")
    return value if type(value) is int and 0 <= value < YEAR_3000 else 0


def text(content: Json, key: str) -> str:
    """Return a value of an entry as str. Empty if it is missing."""
    value = content.get(key)
    return "" if value is None else str(value)


def texts(content: Json, key: str) -> tuple[str, ...]:
    """Return a list of an entry as strings. null counts as empty."""
    value = content.get(key)
    return tuple(str(item) for item in value[:MAX_TAGS]) if isinstance(value, list) else ()


def metadata_record(path: TaskPath, content: Json) -> MetadataRecord:
    """Return a metadata event of a task from its file."""
    tags = texts(content, "tags")
    return MetadataRecord(
        step=path[2],
        task_id=path[3],
        field=text(content, "field_name"),
        type=text(content, "type"),
        value=content.get("value"),
        created_ms=milliseconds(content),
        attempt=attempt_in_tags(tags),
        tags=tags,
    )


def artifact_record(path: TaskPath, attempt: int, name: str, content: Json) -> ArtifactRecord:
    """Return an artifact of an attempt of a task from its file."""
    flow, run_id, step, task_id = path
    return ArtifactRecord(
        flow=flow,
        run_id=run_id,
        step=step,
        task_id=task_id,
        attempt=attempt,
        name=name,
        sha=text(content, "sha"),
        encoding=text(content, "content_type"),
        ds_type=text(content, "ds_type"),
        location=text(content, "location"),
        created_ms=milliseconds(content),
    )
