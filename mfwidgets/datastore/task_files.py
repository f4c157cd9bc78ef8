"""The small JSON files of each attempt: ``<N>.attempt.json``, ``<N>.runtime`` and ``<N>.data.json``."""

import re
from collections.abc import Collection, Mapping
from sys import intern
from typing import Any

from mfwidgets.datastore.base import Datastore
from mfwidgets.deadline import stoppable
from mfwidgets.errors import CorruptFile, DataException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.files import parse_json

_FILE = re.compile(r"(\d{1,3})\.(attempt\.json|runtime(?:\.json)?|DONE\.lock)\Z", re.ASCII)
_ENDS = ("runtime", "runtime.json")
"""The ends of the names of files about the end of a process: the present one, and that of old versions."""
_MAX_BYTES = 25_000_000
"""The largest file of a task. The data.json of a task with 100,000 artifacts has about 20 MB."""

_MAX_SIZE, _MAX_CODE = 2**63, 2**32
"""Larger numbers of bytes, and return codes, are broken. Windows has codes of 32 bits."""


@fast_dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How the local scheduler saw the process of an attempt end (``<N>.runtime``).

    Attributes
    ----------
    return_code
        The return code of the process; ``-n`` if signal n ended it. None if the file cannot be read.
    killed
        Whether the scheduler ended it.
    """

    return_code: int | None
    killed: bool


@fast_dataclass(frozen=True, slots=True)
class AttemptFiles:
    """The facts from the files of one attempt.

    Attributes
    ----------
    done
        Whether it ended by itself, successful or not (``<N>.DONE.lock``).
    end
        How its process ended. None while it runs, for other schedulers than the local one, and if it was not read.
    """

    done: bool
    end: ProcessEnd | None


@fast_dataclass(frozen=True, slots=True)
class ArtifactInfo:
    """The entry of one artifact in ``<N>.data.json``. Its value is not read.

    Attributes
    ----------
    size
        Bytes of the serialized value before compression. None if not recorded.
    type
        ``str(type(value))``, such as ``<class 'int'>``. Empty if not recorded.
    serializer_info
        What the serializer of an extension recorded. None if there is nothing.
    """

    sha: str
    size: int | None
    type: str
    encoding: str
    serializer_info: Mapping[str, Any] | None = None


def attempt_files(
    datastore: Datastore, task: tuple[str, ...], succeeded: Collection[int] = ()
) -> dict[int, AttemptFiles]:
    """Return the facts about attempts that left files, by number (one listing, one small read per ended process).

    A folder that cannot be listed says nothing.

    Parameters
    ----------
    datastore, task
        Where the files are.
    succeeded
        The attempts that are known to have succeeded. If they ended by themselves, the end of their processes is not read.
    """
    folder = "/".join(task)
    kinds: dict[int, set[str]] = {}
    try:
        names_in_folder = datastore.names(folder)
    except DataException:
        names_in_folder = []
    for name in names_in_folder:
        match = _FILE.match(name)
        if match:
            kinds.setdefault(int(match[1]), set()).add(match[2])
    return {
        number: AttemptFiles(
            done="DONE.lock" in names,
            end=None
            if number in succeeded and "DONE.lock" in names
            else _end_of(datastore, f"{folder}/{number}", names),
        )
        for number, names in kinds.items()
    }


def _end_of(datastore: Datastore, attempt: str, names: Collection[str]) -> ProcessEnd | None:
    return next((_process_end(datastore, f"{attempt}.{end}") for end in _ENDS if end in names), None)


def artifact_infos(
    datastore: Datastore, task: tuple[str, ...], attempt: int, *, public_only: bool = False
) -> dict[str, ArtifactInfo]:
    """Return the entries of an attempt's ``data.json``, by artifact name (one read). Empty if the file is missing.

    ``public_only`` excludes Metaflow's own artifacts, whose names begin with ``_``.

    Raises
    ------
    CorruptFile
        The file is there, but is not a JSON object.
    """
    key = f"{'/'.join(task)}/{attempt}.data.json"
    content = _read_json(datastore, key)
    shas, infos = _mapping(content.get("objects")), _mapping(content.get("info"))
    return {
        name: _artifact_info(str(sha), _mapping(infos.get(name)))
        for name, sha in stoppable(shas.items())
        if not (public_only and name.startswith("_"))
    }


def artifact_hashes(datastore: Datastore, task: tuple[str, ...], attempt: int) -> dict[str, str]:
    """Return the hashes in an attempt's ``data.json``, by artifact name, as :func:`artifact_infos` does."""
    content = _read_json(datastore, f"{'/'.join(task)}/{attempt}.data.json")
    # Most tasks of a foreach have the same names, and many inherit the same values.
    return {intern(name): intern(str(sha)) for name, sha in stoppable(_mapping(content.get("objects")).items())}


def _mapping(value: object) -> dict[str, Any]:
    """Return a dict as it is, and an empty dict for any other value."""
    return value if isinstance(value, dict) else {}


def _artifact_info(sha: str, info: dict[str, Any]) -> ArtifactInfo:
    size = info.get("size")
    return ArtifactInfo(
        sha=sha,
        size=size if type(size) is int and 0 <= size < _MAX_SIZE else None,
        type=str(info.get("type", "")),
        encoding=str(info.get("encoding", "gzip+pickle-v2")),  # the oldest Metaflow did not record it
        serializer_info=_mapping(info.get("serializer_info")) or None,
    )


def _process_end(datastore: Datastore, key: str) -> ProcessEnd:
    try:
        content = _read_json(datastore, key)
    except CorruptFile:
        content = {}
    code = content.get("return_code")
    is_code = type(code) is int and -_MAX_CODE < code < _MAX_CODE
    return ProcessEnd(return_code=code if is_code else None, killed=bool(content.get("killed")))


def _read_json(datastore: Datastore, key: str) -> dict[str, Any]:
    try:
        raw = datastore.read(key, _MAX_BYTES)
    except DataException as error:
        raise CorruptFile(str(error)) from error
    if raw is None:
        return {}
    try:
        content = parse_json(raw)
    except ValueError as error:
        raise CorruptFile(f"{key} in {datastore.describe()} is broken: {error}.") from error
    if not isinstance(content, dict):
        raise CorruptFile(f"{key} in {datastore.describe()} is broken: it is not a JSON object.")
    return content
