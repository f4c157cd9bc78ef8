"""Local metadata: the ``_meta`` folders inside ``.metaflow``."""

from collections.abc import Callable, Collection, Container, Hashable, Iterable, Iterator, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from mfwidgets.errors import CorruptFile
from mfwidgets.providers.base import ALL, Memories, PathPrefix, RecordMemory, RunQuery, TagUpdate, no_memory
from mfwidgets.providers.folder_memory import FolderMemory
from mfwidgets.providers.local_files import (
    ListedOnce,
    LocalFiles,
    RememberedFiles,
    TracedFiles,
    artifact_file,
    artifact_record,
    milliseconds,
    text,
    texts,
)
from mfwidgets.providers.local_runs import (
    MICROSECONDS,
    Names,
    count_runs,
    names_in_time,
    newest_first,
    newest_start,
    split_names,
)
from mfwidgets.providers.local_tags import change_tags
from mfwidgets.providers.local_tree import LocalTree
from mfwidgets.providers.records import (
    ArtifactRecord,
    FlowRecord,
    MetadataRecord,
    RunRecord,
    StepRecord,
    TaskRecord,
)
from mfwidgets.providers.task_folder import Records, TaskFolder, records_in
from mfwidgets.redaction import redact_message
from mfwidgets.stamps import ABSENT

NO_ROOT = "<No .metaflow directory found in current working tree>"
"""The text that Metaflow shows if there is no ``.metaflow`` folder."""

_Dated = TypeVar("_Dated", StepRecord, TaskRecord)
_Fact = TypeVar("_Fact")


class LocalProvider:
    """Reads one ``.metaflow`` folder.

    Parameters
    ----------
    tree
        The folders, and who reads their files.
    given
        The parent folder as the user wrote it. :attr:`selector` shows it.
    memories
        Opens the memory of the runs in this folder.
    folders
        What displays read from the folders of tasks, if this is the provider of a display. Tables remember whole runs.
    """

    remote = False
    lacks_bulk_routes = False

    def __init__(
        self,
        tree: LocalTree,
        given: str | None = None,
        memories: Memories = no_memory,
        folders: FolderMemory | None = None,
    ) -> None:
        self._tree = tree
        self._files = tree.files
        self._given = given
        self._memories = memories
        self._folders = folders
        self._divided: dict[str, tuple[list[str], Names]] = {}

    def remembering(self) -> "LocalProvider":
        """Return a copy of the provider for one display.

        The copy reads no file twice, and reads only the tasks that changed since the last display.
        """
        memory = self._memory()
        return self._with_files(RememberedFiles(), memory.folders if memory else None)

    def listing_once(self) -> "LocalProvider":
        """Return a copy of the provider that lists no folder twice, for several questions about many runs."""
        return self._with_files(ListedOnce(self._files), self._folders)

    def traced(self) -> tuple["LocalProvider", TracedFiles]:
        """Return a copy of the provider that notes the stamps of the folders it uses, and these stamps."""
        files = TracedFiles(self._files)
        return self._with_files(files, self._folders), files

    def _with_files(self, files: LocalFiles, folders: FolderMemory | None) -> "LocalProvider":
        return LocalProvider(self._tree.reading_with(files), self._given, self._memories, folders)

    @property
    def selector(self) -> str:
        """``local@`` and the parent folder of the root, as Metaflow shows it."""
        root = self.local_root
        return redact_message(f"{self._tree.kind}@{self._given or (root.parent if root else NO_ROOT)}")

    @property
    def address(self) -> str:
        """The kind and the absolute folder. Only the kind while there is no folder."""
        root = self.local_root
        return f"{self._tree.kind}@{root.absolute().parent}" if root else self._tree.kind

    @property
    def local_root(self) -> Path | None:
        """The ``.metaflow`` folder, or None while there is none."""
        return self._tree.root

    def version(self) -> str:
        """Return an empty str: files have no version."""
        return ""

    def flows(self) -> list[FlowRecord]:
        """Return all flows, sorted by name (one file read per flow)."""
        return [flow for name in self._tree.children(()) if (flow := self._flow(name, listed=True))]

    def flow(self, flow: str) -> FlowRecord | None:
        """Return one flow (one file read)."""
        return self._flow(flow)

    def _flow(self, name: str, *, listed: bool = False) -> FlowRecord | None:
        content = self._tree.entry((name,), tolerant=listed)
        if content is None:
            return None
        tags, system_tags = frozenset(texts(content, "tags")), frozenset(texts(content, "system_tags"))
        return FlowRecord(name, milliseconds(content), tags, system_tags)

    def flow_names(self) -> list[str]:
        """Return the names of the folders of flows (one listing, no file is read)."""
        return self._tree.children(())

    def newest_start(self, flow: str) -> int | None:
        """Return the time in the newest run id (one listing, no file is read)."""
        try:
            return newest_start(self._run_names(flow))
        except CorruptFile:
            return 0

    def runs(self, flow: str, query: RunQuery = ALL) -> Iterator[RunRecord]:
        """Yield runs, newest first (two files read per run that the caller takes).

        Runs are sorted by their start time. A run id from Metaflow's local provider is the start time in microseconds.
        So only 40 files are read for the newest 20 of 10,000 runs. Runs with other ids are all read first. Runs whose id
        says that they started at another time than the query asks for are not read.
        """
        names = names_in_time(self._run_names(flow), query)
        read = partial(self._run, flow, listed=True)
        yield from newest_first(flow, self._tree.folder((flow,)) or "", names, read, self._memory())

    def _run_names(self, flow: str) -> Names:
        """Return the names in the folder of a flow. A display divides them once, because it keeps the listing."""
        listed = self._files.names(self._tree.folder((flow,)), only_folders=True)
        known = self._divided.get(flow)
        if known is None or known[0] is not listed:
            numeric, others = split_names(listed)
            known = (listed, (numeric, [name for name in others if name != "_meta"]))
            if self._files.keeps_names:
                self._divided[flow] = known
        return known[1]

    def with_status(self, runs: Sequence[RunRecord]) -> list[RunRecord]:
        """Return the same runs: files have no such status."""
        return list(runs)

    def count_runs(self, flow: str) -> int:
        """Return the number of runs (one listing, and one check for each run that was not counted before)."""
        return count_runs(flow, self._tree.folder((flow,)) or "", self._tree.children((flow,)), self._memory())

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
            content = self._tree.entry((flow, run_id))
        except CorruptFile as error:
            if not listed:
                raise
            # One broken run must not hide the others. It is listed with the reason.
            content, problem = {}, str(error)
        if content is None:
            return None
        created_ms, user = milliseconds(content), text(content, "user_name")
        first = self._tree.entry((flow, run_id, "_parameters"), tolerant=True)
        if first and (not created_ms or milliseconds(first) < created_ms):
            created_ms, user = milliseconds(first), text(first, "user_name")
        if not created_ms and MICROSECONDS.match(run_id):
            created_ms = int(run_id) // 1000
        tags, system_tags = frozenset(texts(content, "tags")), frozenset(texts(content, "system_tags"))
        return RunRecord(flow, run_id, created_ms, user, tags, system_tags, None, problem)

    def steps(self, run: RunRecord) -> list[StepRecord]:
        """Return a run's steps (one file read per object)."""
        return _newest_first(
            [step for name in self._tree.children(run.path) if (step := self._step(run, name, listed=True))]
        )

    def step(self, run: RunRecord, step: str) -> StepRecord | None:
        """Return one step (one file read)."""
        return self._step(run, step)

    def _step(self, run: RunRecord, step: str, *, listed: bool = False) -> StepRecord | None:
        content = self._tree.entry((*run.path, step), tolerant=listed)
        return None if content is None else StepRecord(run, step, milliseconds(content))

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        """Return tasks (one file read per object)."""
        steps = [name for name in self._tree.children(run.path) if name[0] != "_"] if step is None else [step]
        return _newest_first([task for name in steps for task in self._tasks(run, name)])

    def _tasks(self, run: RunRecord, step: str) -> Iterator[TaskRecord]:
        folder = self._tree.folder((*run.path, step))
        for name in self._tree.children((*run.path, step)):
            try:
                created_ms = self._created_ms(f"{folder}/{name}/_meta")
            except CorruptFile as error:
                yield TaskRecord(run, step, name, created_ms=0, problem=str(error))
            else:
                if created_ms is not None:
                    yield TaskRecord(run, step, name, created_ms)

    def _created_ms(self, folder: str) -> int | None:
        """Return when the task with this folder of records was created. None if it is not a task."""
        memory = self._folders
        stamp = self._files.stamp(folder) if memory else ABSENT
        created_ms: int | None = memory.recall(folder, stamp, "created") if memory else None
        if created_ms is None and (content := self._files.json(f"{folder}/_self.json")) is not None:
            created_ms = milliseconds(content)
            if memory:
                memory.keep(folder, stamp, "created", created_ms)
        return created_ms

    def task(self, run: RunRecord, step: str, task_id: str) -> TaskRecord | None:
        """Return one task (one file read)."""
        content = self._tree.entry((*run.path, step, task_id))
        return None if content is None else TaskRecord(run, step, task_id, milliseconds(content))

    def metadata(self, where: PathPrefix, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return metadata events (one listing per task, one file read per event of these fields)."""
        return [event for task in self._task_folders(where) for event in task.events(fields)]

    def run_metadata(self, run: RunRecord) -> list[MetadataRecord]:
        """Return all metadata events of a run."""
        return self.metadata(run.path)

    def is_small_flow(self, flow: str) -> bool:  # noqa: ARG002 - nobody waits for a file
        """Return True."""
        return True

    def tasks_with(self, step: PathPrefix, field: str, pattern: str) -> set[str] | None:  # noqa: ARG002 - no filter
        """Return None: files have no filter."""
        return None

    def artifacts(
        self,
        where: PathPrefix,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return artifacts (one listing per task, one file read per artifact of these names)."""
        return [
            record
            for task in self._task_folders(where)
            for record in task.artifacts(
                names, task.done_attempt() if attempt is None else attempt, public_only=public_only
            )
        ]

    def artifact(self, task: PathPrefix, name: str, attempt: int | None = None) -> ArtifactRecord | None:
        """Return one artifact (one listing, unless the attempt is given, and one file read)."""
        folder = self._tree.folder(task)
        if folder is None or self._tree.folder((*task, name)) is None:
            return None
        number = attempt
        if number is None:
            number = TaskFolder(self._files, task, f"{folder}/_meta").done_attempt()
        if number is None:
            return None
        content = self._files.json(f"{folder}/_meta/{artifact_file(number, name)}")
        return None if content is None else artifact_record(task, number, name, content)

    def done_attempts(self, where: PathPrefix) -> Iterator[tuple[PathPrefix, int]]:
        """Yield tasks with their newest done attempt (one listing per task)."""
        for task in self._task_folders(where):
            attempt = task.done_attempt()
            if attempt is not None:
                yield task.path, attempt

    def metadata_and_artifacts(self, where: PathPrefix, fields: Container[str], names: Collection[str]) -> Records:
        """Return metadata events and artifacts (one listing per task for both).

        The provider of a display reads only the tasks whose folders changed since the last display.
        """
        return records_in(self._task_folders(where), fields, names)

    def records_of(
        self, where: PathPrefix, tasks: Iterable[TaskRecord], fields: Container[str], names: Collection[str]
    ) -> Records:
        """Return what :meth:`metadata_and_artifacts` returns, of these tasks only. Lists no folder but theirs."""
        return records_in(self._folders_of((task.path for task in tasks), where), fields, names)

    def remembered(
        self, path: PathPrefix, question: Hashable, read: Callable[[], _Fact], is_final: Callable[[_Fact], bool]
    ) -> _Fact:
        """Return what ``read`` returns about the folder of an object. A display reads it again only after a change.

        The stamp of the folder is noted, if this copy notes stamps.

        Parameters
        ----------
        path
            The object.
        question
            Any name of the question.
        read
            Reads the answer from files that are directly in the folder.
        is_final
            Whether the answer stays the same while the folder is the same.
        """
        folder = self._tree.folder(path)
        if folder is None:
            return read()
        memory = self._folders
        if memory is None:
            self._files.note(folder)
            return read()
        stamp = self._files.stamp(folder)
        fact: _Fact | None = memory.recall(folder, stamp, question)
        if fact is None:
            fact = read()
            if is_final(fact):
                memory.keep(folder, stamp, question, fact)
        return fact

    def change_tags(self, run: RunRecord, change: TagUpdate) -> frozenset[str]:
        """Rewrite the run's entry with other user tags. Nothing else in it changes."""
        return change_tags(Path(self._tree.folder(run.path) or "", "_meta", "_self.json"), change)

    def _task_folders(self, where: PathPrefix) -> Iterator[TaskFolder]:
        """Yield the folder of every task at or below ``where``.

        If it cannot be listed, that is an error if only this task was requested. Else others are still shown.
        """
        return self._folders_of(self._tree.task_paths(where), where)

    def _folders_of(self, paths: Iterable[PathPrefix], where: PathPrefix) -> Iterator[TaskFolder]:
        origins: dict[PathPrefix, str] = {}
        for path in paths:
            folder = self._tree.folder(path)
            if folder is not None:
                yield TaskFolder(
                    self._files, path, f"{folder}/_meta", self._folders, strict=path == where, origins=origins
                )


def _newest_first(records: list[_Dated]) -> list[_Dated]:
    return sorted(records, key=attrgetter("created_ms"), reverse=True)
