"""The small JSON files that Metaflow keeps beside each attempt: ``<N>.attempt.json``, ``<N>.runtime``, ``<N>.data.json``."""

import json
import re
from dataclasses import dataclass
from typing import Any

from mfwidgets.datastore.base import Datastore
from mfwidgets.errors import CorruptFile

_FILE = re.compile(r"(\d+)\.(attempt\.json|runtime|DONE\.lock)\Z")


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How the local scheduler saw the process of an attempt end (``<N>.runtime``).

    Attributes
    ----------
    return_code
        Of the process; ``-n`` when signal n ended it, None when the file cannot be read.
    killed
        The scheduler itself ended it.
    """

    return_code: int | None
    killed: bool


@dataclass(frozen=True, slots=True)
class AttemptFiles:
    """What the files of one attempt say.

    Attributes
    ----------
    done
        It ended by itself, well or not (``<N>.DONE.lock``).
    end
        How its process ended; None while it runs, and always outside the local scheduler.
    """

    done: bool
    end: ProcessEnd | None


@dataclass(frozen=True, slots=True)
class ArtifactInfo:
    """What ``<N>.data.json`` says about one artifact; its value is not read for that.

    Attributes
    ----------
    size
        Bytes of the serialized value before compression; None where not recorded.
    type
        ``str(type(value))``, such as ``<class 'int'>``; empty where not recorded.
    """

    sha: str
    size: int | None
    type: str
    encoding: str


def attempt_files(datastore: Datastore, task: tuple[str, ...]) -> dict[int, AttemptFiles]:
    """Return which attempts left files, by number (one listing, and one small read for each ended process)."""
    folder = "/".join(task)
    kinds: dict[int, set[str]] = {}
    for name in datastore.names(folder):
        found = _FILE.match(name)
        if found:
            kinds.setdefault(int(found[1]), set()).add(found[2])
    return {
        number: AttemptFiles(
            done="DONE.lock" in names,
            end=_process_end(datastore, f"{folder}/{number}.runtime") if "runtime" in names else None,
        )
        for number, names in kinds.items()
    }


def artifact_infos(datastore: Datastore, task: tuple[str, ...], attempt: int) -> dict[str, ArtifactInfo]:
    """Return what an attempt's ``data.json`` says of its artifacts, by name (one read); empty where there is none.

    Raises
    ------
    CorruptFile
        The file is there, but broken.
    """
    key = f"{'/'.join(task)}/{attempt}.data.json"
    content = _read_json(datastore, key)
    shas, infos = _mapping(content.get("objects")), _mapping(content.get("info"))
    return {name: _artifact_info(str(sha), _mapping(infos.get(name))) for name, sha in shas.items()}


def _mapping(value: object) -> dict[str, Any]:
    """Return what is there as a dict, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def _artifact_info(sha: str, info: dict[str, Any]) -> ArtifactInfo:
    size = info.get("size")
    return ArtifactInfo(
        sha=sha,
        size=size if isinstance(size, int) else None,
        type=str(info.get("type", "")),
        encoding=str(info.get("encoding", "gzip+pickle-v2")),  # the oldest Metaflow did not record it
    )


def _process_end(datastore: Datastore, key: str) -> ProcessEnd:
    try:
        content = _read_json(datastore, key)
    except CorruptFile:
        content = {}
    code = content.get("return_code")
    return ProcessEnd(return_code=code if isinstance(code, int) else None, killed=bool(content.get("killed")))


def _read_json(datastore: Datastore, key: str) -> dict[str, Any]:
    raw = datastore.read(key)
    if raw is None:
        return {}
    try:
        content = json.loads(raw)
    except ValueError as error:
        raise CorruptFile(f"{key} in {datastore.describe()} is broken: {error}.") from error
    if not isinstance(content, dict):
        raise CorruptFile(f"{key} in {datastore.describe()} is broken: it holds no JSON object.")
    return content
