"""Local metadata: the ``_meta`` folders inside ``.metaflow``.

An object exists if and only if its ``_meta/_self.json`` exists. Names are always taken literally, without globbing. A name
that is not a plain file name (``..``, ``a/b``) matches no object.
"""

from collections.abc import Collection, Iterator
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from mfwidgets.config import Configuration
from mfwidgets.errors import CorruptFile
from mfwidgets.providers.base import ALL, Memories, PathPrefix, RecordMemory, RunQuery, TagUpdate, no_memory
from mfwidgets.providers.local_files import (
    EVENT,
    Json,
    LocalFiles,
    RememberedFiles,
    TaskPath,
    TracedFiles,
    artifact_file,
    artifact_in,
    artifact_record,
    field_in,
    folder_of,
    metadata_record,
    milliseconds,
    text,
    texts,
)
from mfwidgets.providers.local_runs import MICROSECONDS, count_runs, names_in_time, newest_first
from mfwidgets.providers.local_tags import change_tags
from mfwidgets.providers.records import (
    ArtifactRecord,
    FlowRecord,
    MetadataRecord,
    RunRecord,
    StepRecord,
    TaskRecord,
    attempt_number,
)
from mfwidgets.redaction import redact_message

NO_ROOT = "<No .metaflow directory found in current working tree>"
"""The text that Metaflow shows if there is no ``.metaflow`` folder."""


_Dated = TypeVar("_Dated", StepRecord, TaskRecord)


class LocalProvider:
    """Reads one ``.metaflow`` folder.

    Parameters
    ----------
    root
        The folder itself. None means: search for it upward from the configuration's folder. As long as there is none,
        each call searches again, because the first run may be about to start.
    configuration
        Contains the folder where the search starts.
    given
        The parent folder as the user wrote it. :attr:`selector` shows it.
    kind
        ``local`` or ``spin``. Metaflow keeps spins in another folder with the same layout.
    files
        Reads the files.
    memories
        Opens the memory of the runs in this folder.
    """

    remote = False
    lacks_bulk_routes = False

    def __init__(
        self,
        root: Path | None,
        configuration: Configuration,
        given: str | None = None,
        kind: str = "local",
        files: LocalFiles | None = None,
        memories: Memories = no_memory,
    ) -> None:
        self._root = root
        self._kind = kind
        self._configuration = configuration
        self._given = given
        self._files = files or LocalFiles()
        self._memories = memories

    def remembering(self) -> "LocalProvider":
        """Return a copy of the provider for one display. The copy reads no file twice."""
        return self._with_files(RememberedFiles())

    def traced(self) -> tuple["LocalProvider", TracedFiles]:
        """Return a copy of the provider that notes the stamps of the folders it uses, and these stamps."""
        files = TracedFiles(self._files)
        return self._with_files(files), files

    def note(self, path: PathPrefix) -> None:
        """Note the stamp of an object's folder, if this copy notes stamps."""
        folder = self._folder(path)
        if folder is not None:
            self._files.stamp(folder)

    def _with_files(self, files: LocalFiles) -> "LocalProvider":
        return LocalProvider(self._root, self._configuration, self._given, self._kind, files, self._memories)

    @property
    def selector(self) -> str:
        """``local@`` and the parent folder of the root, as Metaflow shows it."""
        root = self.local_root
        return redact_message(f"{self._kind}@{self._given or (root.parent if root else NO_ROOT)}")

    @property
    def address(self) -> str:
        """The kind and the absolute folder. Only the kind while there is no folder."""
        root = self.local_root
        return f"{self._kind}@{root.absolute().parent}" if root else self._kind

    @property
    def local_root(self) -> Path | None:
        """The ``.metaflow`` folder, or None while there is none."""
        if self._root is None:
            self._root = self._configuration.local_root(self._kind)
        return self._root

    def version(self) -> str:
        """Return an empty str: files have no version."""
        return ""

    def flows(self) -> list[FlowRecord]:
        """Return all flows, sorted by name (one file read per flow)."""
        return [flow for name in self._children(()) if (flow := self._flow(name, listed=True))]

    def flow(self, flow: str) -> FlowRecord | None:
        """Return one flow (one file read)."""
        return self._flow(flow)

    def _flow(self, name: str, *, listed: bool = False) -> FlowRecord | None:
        content = self._entry((name,), tolerant=listed)
        if content is None:
            return None
        tags, system_tags = frozenset(texts(content, "tags")), frozenset(texts(content, "system_tags"))
        return FlowRecord(name, milliseconds(content), tags, system_tags)

    def runs(self, flow: str, query: RunQuery = ALL) -> Iterator[RunRecord]:
        """Yield runs, newest first (two files read per run that the caller takes).

        Runs are sorted by their start time. A run id from Metaflow's local provider is the start time in microseconds.
        So only 40 files are read for the newest 20 of 10,000 runs. Runs with other ids are all read first. Runs whose id
        says that they started at another time than the query asks for are not read.
        """
        names = self._children((flow,))
        read = partial(self._run, flow, listed=True)
        yield from newest_first(flow, self._folder((flow,)) or "", names_in_time(names, query), read, self._memory())

    def count_runs(self, flow: str) -> int:
        """Return the number of runs (one listing, and one check for each run that was not counted before)."""
        return count_runs(flow, self._folder((flow,)) or "", self._children((flow,)), self._memory())

    def _memory(self) -> RecordMemory | None:
        root = self.local_root
        return self._memories(self.address, root) if root else None

    def run(self, flow: str, run_id: str) -> RunRecord | None:
        """Return one run (two files read)."""
        return self._run(flow, run_id)

    def _run(self, flow: str, run_id: str, *, listed: bool = False) -> RunRecord | None:
        """Read a run's record, with start and user from ``_parameters`` if that entry is older.

        Tagging a local run rewrites its entry with the time and the name of the user who tags. The entry of
        ``_parameters`` is made milliseconds after the run's and never rewritten.
        """
        problem = ""
        try:
            content = self._entry((flow, run_id))
        except CorruptFile as error:
            if not listed:
                raise
            # One broken run must not hide the others. It is listed with the reason.
            content, problem = {}, str(error)
        if content is None:
            return None
        created_ms, user = milliseconds(content), text(content, "user_name")
        first = self._entry((flow, run_id, "_parameters"), tolerant=True)
        if first and (not created_ms or milliseconds(first) < created_ms):
            created_ms, user = milliseconds(first), text(first, "user_name")
        if not created_ms and MICROSECONDS.match(run_id):
            created_ms = int(run_id) // 1000
        tags, system_tags = frozenset(texts(content, "tags")), frozenset(texts(content, "system_tags"))
        return RunRecord(flow, run_id, created_ms, user, tags, system_tags, None, problem)

    def steps(self, run: RunRecord) -> list[StepRecord]:
        """Return a run's steps (one file read per object)."""
        return _newest_first(
            [step for name in self._children(run.path) if (step := self._step(run, name, listed=True))]
        )

    def step(self, run: RunRecord, step: str) -> StepRecord | None:
        """Return one step (one file read)."""
        return self._step(run, step)

    def _step(self, run: RunRecord, step: str, *, listed: bool = False) -> StepRecord | None:
        content = self._entry((*run.path, step), tolerant=listed)
        return None if content is None else StepRecord(run, step, milliseconds(content))

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        """Return tasks (one file read per object)."""
        steps = [name for name in self._children(run.path) if name[0] != "_"] if step is None else [step]
        return _newest_first([task for name in steps for task in self._tasks(run, name)])

    def _tasks(self, run: RunRecord, step: str) -> Iterator[TaskRecord]:
        folder = self._folder((*run.path, step))
        for name in self._children((*run.path, step)):
            try:
                content = self._files.json(f"{folder}/{name}/_meta/_self.json")
            except CorruptFile as error:
                yield TaskRecord(run, step, name, created_ms=0, problem=str(error))
            else:
                if content is not None:
                    yield TaskRecord(run, step, name, milliseconds(content))

    def task(self, run: RunRecord, step: str, task_id: str) -> TaskRecord | None:
        """Return one task (one file read)."""
        content = self._entry((*run.path, step, task_id))
        return None if content is None else TaskRecord(run, step, task_id, milliseconds(content))

    def metadata(self, where: PathPrefix, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return metadata events (one listing per task, one file read per event of these fields)."""
        return [
            event
            for path in self._task_paths(where)
            for event in self._events(path, self._meta_names(path, where), fields)
        ]

    def run_metadata(self, run: RunRecord) -> list[MetadataRecord]:
        """Return all metadata events of a run."""
        return self.metadata(run.path)

    def artifacts(
        self,
        where: PathPrefix,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return artifacts (one listing per task, one file read per artifact of these names)."""
        records: list[ArtifactRecord] = []
        for path in self._task_paths(where):
            files = self._meta_names(path, where)
            # All files are needed to find the newest attempt. Two thirds are private artifacts, which need no read.
            number = self._done_attempt(path, files) if attempt is None else attempt
            if public_only:
                files = [name for name in files if not name.partition("_artifact_")[2].startswith("_")]
            records += self._records(path, files, names, number)
        return records

    def artifact(self, task: PathPrefix, name: str, attempt: int | None = None) -> ArtifactRecord | None:
        """Return one artifact (one listing, unless the attempt is given, and one file read)."""
        flow, run, step, task_id = task
        number = self._done_attempt(task, self._meta_names(task, task)) if attempt is None else attempt
        if number is None or self._folder((*task, name)) is None:
            return None
        content = self._files.json(f"{self._folder(task)}/_meta/{artifact_file(number, name)}")
        return None if content is None else artifact_record((flow, run, step, task_id), number, name, content)

    def done_attempts(self, where: PathPrefix) -> Iterator[tuple[PathPrefix, int]]:
        """Yield tasks with their newest done attempt (one listing per task)."""
        for path in self._task_paths(where):
            attempt = self._done_attempt(path, self._meta_names(path, where))
            if attempt is not None:
                yield path, attempt

    def metadata_and_artifacts(
        self, where: PathPrefix, fields: Collection[str], names: Collection[str]
    ) -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        """Return metadata events and artifacts (one listing per task for both)."""
        events: list[MetadataRecord] = []
        records: list[ArtifactRecord] = []
        for path in self._task_paths(where):
            files = self._meta_names(path, where)
            events += self._events(path, files, fields)
            records += self._records(path, files, names, self._done_attempt(path, files))
        return events, records

    def _events(self, path: TaskPath, files: list[str], fields: Collection[str] | None) -> Iterator[MetadataRecord]:
        for name in files:
            if name.startswith(EVENT) and (fields is None or field_in(name) in fields):
                content = self._meta_file(path, name)
                if content is not None:
                    yield metadata_record(path, content)

    def _records(
        self, path: TaskPath, files: list[str], names: Collection[str] | None, attempt: int | None
    ) -> Iterator[ArtifactRecord]:
        if names is not None:
            selected = {artifact_file(attempt, name) for name in names} if attempt is not None else set()
            files = [name for name in files if name in selected]
        for name in files:
            made_by, artifact = artifact_in(name)
            if artifact and made_by == attempt:
                content = self._meta_file(path, name)
                if content is not None:
                    yield artifact_record(path, made_by, artifact, content)

    def change_tags(self, run: RunRecord, change: TagUpdate) -> frozenset[str]:
        """Rewrite the run's entry with other user tags. Nothing else in it changes."""
        return change_tags(Path(self._folder(run.path) or "", "_meta", "_self.json"), change)

    def _done_attempt(self, path: PathPrefix, files: list[str]) -> int | None:
        """Return the attempt whose artifacts count, from the lexically last ``attempt-done``, as in Metaflow."""
        done = [name for name in files if name.startswith("sysmeta_attempt-done_")]
        attempts = {name.partition("_artifact_")[0] for name in files if "_artifact_" in name}
        if len(done) == 1 and len(attempts) == 1 and (only := attempt_number(attempts.pop())) is not None:
            return only  # only one attempt: the file need not be read
        return attempt_number(text(self._meta_file(path, done[-1]) or {}, "value")) if done else None

    def _task_paths(self, where: PathPrefix) -> Iterator[TaskPath]:
        """Yield the path of every task folder at or below ``where``."""
        match where:
            case flow, run, step, task:
                yield flow, run, step, task
            case _:
                for name in self._listed(where):
                    yield from self._task_paths((*where, name))

    def _folder(self, path: PathPrefix) -> str | None:
        root = self.local_root
        return folder_of(root, path) if root else None

    def _children(self, path: PathPrefix) -> list[str]:
        """Return the names of the folders below an object. Only those with a ``_self.json`` are objects."""
        return [name for name in self._files.names(self._folder(path), only_folders=True) if name != "_meta"]

    def _listed(self, path: PathPrefix) -> list[str]:
        """Return what :meth:`_children` returns, and no names if the folder cannot be listed, so that others are shown."""
        try:
            return self._children(path)
        except CorruptFile:
            return []

    def _meta_names(self, path: PathPrefix, where: PathPrefix) -> list[str]:
        """Return the names of the files with records of a task.

        If its folder cannot be listed, that is an error if only this task was read. Else others are still shown.
        """
        folder = self._folder(path)
        try:
            return self._files.names(f"{folder}/_meta") if folder else []
        except CorruptFile:
            if path == where:
                raise
            return []

    def _meta_file(self, path: PathPrefix, name: str) -> Json | None:
        """Read a metadata or artifact entry. Return None for a broken one, so that the others are still shown."""
        try:
            return self._files.json(f"{self._folder(path)}/_meta/{name}")
        except CorruptFile:
            return None

    def _entry(self, path: PathPrefix, *, tolerant: bool = False) -> Json | None:
        """Read an object's own entry. If ``tolerant``, a broken one counts as empty."""
        folder = self._folder(path)
        if folder is None:
            return None
        try:
            return self._files.json(f"{folder}/_meta/_self.json")
        except CorruptFile:
            if not tolerant:
                raise
            return {}


def _newest_first(records: list[_Dated]) -> list[_Dated]:
    return sorted(records, key=attrgetter("created_ms"), reverse=True)
