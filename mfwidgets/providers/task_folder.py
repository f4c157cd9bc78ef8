"""Reads the records of one local task: the files in its ``_meta`` folder.

A listing shows which files there are. Only the requested files are read. An event whose value follows from other files is
not read. Its time is then that in the name of its file, which Metaflow takes up to a few milliseconds after that in it.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Container, Hashable, Iterable, Iterator
from typing import TypeVar

from mfwidgets.errors import CorruptFile
from mfwidgets.pickles.safe_loads import known_bool
from mfwidgets.providers.base import PathPrefix
from mfwidgets.providers.folder_memory import FolderMemory
from mfwidgets.providers.local_files import (
    EVENT,
    Json,
    LocalFiles,
    artifact_file,
    artifact_prefix,
    artifact_record,
    artifacts_in,
    events_of,
    metadata_record,
    text,
    time_in,
)
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, attempt_number

Records = tuple[list[MetadataRecord], list[ArtifactRecord]]
"""Metadata events and artifacts of a task."""

_FEW_FIELDS = 2
"""Up to this many fields are searched in the sorted names. For more, a look at each name is faster."""

_ARTIFACT, _LAST = "_artifact_", "\U0010ffff"
"""A part of each name of a file with an artifact, and the last of all characters."""

_DONE, _OK, _ORIGIN = "attempt-done", "attempt_ok", "origin-run-id"
"""Fields of metadata events that need not be read if a task has one attempt."""

_TYPES = {_DONE: _DONE, _OK: "internal_attempt_status", _ORIGIN: _ORIGIN}

_Fact = TypeVar("_Fact", bound=tuple[object, ...])


class TaskFolder:
    """The ``_meta`` folder of one task.

    Parameters
    ----------
    files
        Reads the files.
    path
        The path of the task.
    folder
        The folder.
    memory
        The memory of earlier displays. Only what changed since is read. None for no memory.
    strict
        Whether it is an error if the folder cannot be listed. Else it counts as empty.
    origins
        What tasks recorded as the run that was resumed, by the path of their run. Tasks add to it. It is the same for all
        tasks of a run, so it is read once.

    Attributes
    ----------
    is_whole
        Whether all requested files could be read.
    """

    def __init__(
        self,
        files: LocalFiles,
        path: PathPrefix,
        folder: str,
        memory: FolderMemory | None = None,
        *,
        strict: bool = True,
        origins: dict[PathPrefix, str] | None = None,
    ) -> None:
        self._files, self._folder, self._memory = files, folder, memory
        self.path, self.is_whole = path, True
        self._strict = strict
        self._origins = {} if origins is None else origins
        self._names: list[str] | None = None
        self._only: tuple[int | None] | None = None

    def records(self, fields: Container[str], names: Collection[str]) -> Records:
        """Return the metadata events of these fields, and the artifacts with these names of the newest done attempt."""

        def read() -> Records:
            artifacts = list(self.artifacts(names, self.newest_attempt())) if names else []
            return list(self.events(fields, artifacts)), artifacts

        return self._remembered((fields, names), read)

    def done_attempt(self) -> int | None:
        """Return the attempt whose artifacts count. None if no attempt is done."""
        return self._remembered("done", lambda: (self.newest_attempt(),))[0]

    def _remembered(self, question: Hashable, read: Callable[[], _Fact]) -> _Fact:
        if self._memory is None:
            return read()
        stamp = self._files.stamp(self._folder)
        fact: _Fact | None = self._memory.recall(self._folder, stamp, question)
        if fact is None:
            fact = read()
            if self.is_whole:
                self._memory.keep(
                    self._folder, stamp, question, fact, 1 + sum(len(part) for part in fact if isinstance(part, list))
                )
        return fact

    def events(
        self, fields: Container[str] | None, results: Collection[ArtifactRecord] = ()
    ) -> Iterator[MetadataRecord]:
        """Yield metadata events, if given only of these fields.

        Parameters
        ----------
        fields
            The fields. None for all, as they were stored.
        results
            Artifacts of the newest done attempt, which tell what some events say.
        """
        names = _starting_with(EVENT, self._listed())
        known: dict[str, MetadataRecord] = {}
        if isinstance(fields, set | frozenset) and len(fields) <= _FEW_FIELDS:
            names = sorted([name for field in fields for name in _starting_with(f"{EVENT}{field}_", names)])
        elif fields is not None:
            known = {name: event for name, event in self._known(names, results) if event.field in fields}
        for name in events_of(fields, names):
            if (event := known.get(name)) is not None:
                yield event
            elif (content := self._read(name)) is not None:
                event = metadata_record(self.path, content)
                if event.field == _ORIGIN and isinstance(event.value, str):
                    self._origins[self.path[:2]] = event.value
                yield event

    def _known(self, names: list[str], results: Collection[ArtifactRecord]) -> Iterator[tuple[str, MetadataRecord]]:
        """Yield the events that need not be read, with the names of their files. None if there are several attempts."""
        attempt = self._only_attempt()
        if attempt is None:
            return
        values = {_DONE: str(attempt), _ORIGIN: self._origins.get(self.path[:2])}
        if _starting_with(f"{EVENT}origin-task-id_", names):  # a clone
            del values[_ORIGIN]
        for record in results:
            if record.name == "_task_ok" and (ok := known_bool(record.sha)) is not None:
                values[_OK] = str(ok)
        _, _, step, task_id = self.path
        for field, value in values.items():
            files = _starting_with(f"{EVENT}{field}_", names)
            if value is not None and len(files) == 1 and (created_ms := time_in(files[0])) is not None:
                tags = (f"attempt_id:{attempt}",)
                yield files[0], MetadataRecord(step, task_id, field, _TYPES[field], value, created_ms, attempt, tags)

    def _only_attempt(self) -> int | None:
        """Return the number of the only attempt that is done. None if there is none, or other attempts left files."""
        if self._only is None:
            files = self._listed()
            attempts = _attempts_in(files) if len(_starting_with(f"{EVENT}{_DONE}_", files)) == 1 else set()
            self._only = (attempt_number(attempts.pop()) if len(attempts) == 1 else None,)
        return self._only[0]

    def artifacts(
        self, names: Collection[str] | None, attempt: int | None, *, public_only: bool = False
    ) -> Iterator[ArtifactRecord]:
        """Yield the artifacts of an attempt, if given only those with these names."""
        if attempt is None:
            return
        for file, name in self._artifact_files(names, attempt):
            if not (public_only and name.startswith("_")):
                content = self._read(file)
                if content is not None:
                    yield artifact_record(self.path, attempt, name, content)

    def _artifact_files(self, names: Collection[str] | None, attempt: int) -> list[tuple[str, str]]:
        """Return the files with artifacts of an attempt, sorted, each with the name of its artifact."""
        files = self._listed()
        if names is None:
            return artifacts_in(_starting_with(artifact_prefix(attempt), files), attempt)
        return sorted([(file, name) for name in names if _has(file := artifact_file(attempt, name), files) and name])

    def newest_attempt(self) -> int | None:
        """Return the attempt whose artifacts count, from the lexically last ``attempt-done``, as in Metaflow."""
        only = self._only_attempt()
        if only is not None:
            return only  # the file need not be read
        done = _starting_with(f"{EVENT}{_DONE}_", self._listed())
        return attempt_number(text(self._read(done[-1]) or {}, "value")) if done else None

    def _listed(self) -> list[str]:
        """Return the names of the files, sorted."""
        if self._names is None:
            try:
                self._names = self._files.names(self._folder)
            except CorruptFile:
                if self._strict:
                    raise
                self._names, self.is_whole = [], False
        return self._names

    def _read(self, name: str) -> Json | None:
        """Read a metadata or artifact entry. Return None for a broken one, so that the others are still shown."""
        try:
            return self._files.json(f"{self._folder}/{name}")
        except CorruptFile:
            self.is_whole = False
            return None


def records_in(folders: Iterable[TaskFolder], fields: Container[str], names: Collection[str]) -> Records:
    """Return the metadata events and artifacts of tasks, as :meth:`TaskFolder.records` does of each."""
    fields, names = frozenset(fields) if isinstance(fields, Collection) else fields, frozenset(names)
    events: list[MetadataRecord] = []
    records: list[ArtifactRecord] = []
    for folder in folders:
        more_events, more_records = folder.records(fields, names)
        events += more_events
        records += more_records
    return events, records


def _has(name: str, names: list[str]) -> bool:
    """Return whether a name is in sorted names."""
    place = bisect_left(names, name)
    return place < len(names) and names[place] == name


def _starting_with(prefix: str, names: list[str]) -> list[str]:
    """Return the names with this prefix. The names are sorted."""
    first = bisect_left(names, prefix)
    return names[first : bisect_left(names, prefix + _LAST, first)]


def _attempts_in(files: list[str]) -> set[str]:
    """Return what comes before ``_artifact_`` in sorted names of files. Usually it is one attempt."""
    first = files[0].partition(_ARTIFACT) if files else ("", "", "")
    if not first[1]:
        return {name.partition(_ARTIFACT)[0] for name in files if _ARTIFACT in name}
    others = files[bisect_left(files, f"{first[0]}{_ARTIFACT}{_LAST}") : bisect_left(files, EVENT)]
    return {first[0], *(name.partition(_ARTIFACT)[0] for name in others if _ARTIFACT in name)}
