"""A context for one display. It reads no file and sends no request twice.

For a metadata service, three bulk requests have all records of a run: its metadata, its artifacts and its tasks.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from mfwidgets.concurrency import CallOnce, parallel_map
from mfwidgets.deadline import stoppable
from mfwidgets.providers.base import ALL, MetadataProvider, PathPrefix, RunQuery, TagUpdate
from mfwidgets.providers.local import LocalProvider
from mfwidgets.providers.records import (
    ArtifactRecord,
    FlowRecord,
    MetadataRecord,
    RunRecord,
    StepRecord,
    TaskKey,
    TaskRecord,
)
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.run_records import RunRecords, is_large, load_records, outline_of
from mfwidgets.queries.status.rules import Status

MAX_SMALL_RUN_TASKS = 300
"""A run of a service with at most this many tasks is requested as a whole, which takes fewer requests than its parts."""

MAX_SMALL_RUN_TASKS_ONE_BY_ONE = 20
"""The same for a service that has no listings of a whole run: each task costs two requests."""

_RUN = 2
"""Components of the path of a run."""

_Record = TypeVar("_Record", MetadataRecord, ArtifactRecord)


def snapshot_context(
    context: ClientContext, run: RunRecord, records: RunRecords | None = None, *, outline: bool = False
) -> ClientContext:
    """Return a context for one display of a run.

    The first read requests the whole run from a service, or an outline if that is enough, unless its records are given.
    """
    context = remembering_context(context)
    provider = context.provider
    if not provider.remote or (isinstance(provider, SnapshotProvider) and provider.covers(run.path)):
        return context
    return replace(context, provider=SnapshotProvider(provider, run, records, outline=outline))


def outline_context(
    context: ClientContext, run: RunRecord, where: PathPrefix, tasks: list[TaskRecord]
) -> ClientContext:
    """Return a context for one display of some tasks of a service. If they are many, it has an outline of them.

    Parameters
    ----------
    context, run
        The context to read from, and the run.
    where
        The path of the run or of the step.
    tasks
        All tasks there, without private steps.
    """
    context = remembering_context(context)
    provider = context.provider
    if not is_large(provider, tasks) or (isinstance(provider, SnapshotProvider) and provider.covers(where)):
        return context
    records = outline_of(provider, run.path, tasks)
    return replace(context, provider=SnapshotProvider(provider, run, records, where=where))


def snapshot_small_run(context: ClientContext, run: RunRecord) -> ClientContext:
    """Return a context for one display of a part of a run. For a small run, :func:`snapshot_context`."""
    context = remembering_context(context)
    if not context.provider.remote:
        return context
    tasks = len(context.provider.tasks(run))
    if tasks > (MAX_SMALL_RUN_TASKS_ONE_BY_ONE if context.provider.lacks_bulk_routes else MAX_SMALL_RUN_TASKS):
        return context
    return snapshot_context(context, run)


def remembering_context(context: ClientContext) -> ClientContext:
    """Return a context for one display, which keeps all answers."""
    if context.remembers:
        return context
    provider = context.provider
    remembering: MetadataProvider = (
        provider.remembering() if isinstance(provider, LocalProvider) else SnapshotProvider(provider)
    )
    return context.remembering(remembering)


class SnapshotProvider:
    """A provider that requests one run as a whole, once, and caches all other answers.

    Parameters
    ----------
    provider
        A metadata service.
    run
        The run that the first read requests as a whole. None for no run.
    records
        The records of the run, if they are loaded already.
    where
        The path of the part of the run that the records are of. None for the whole run.
    outline
        Whether an outline of a very large run is enough.
    """

    remote = True
    local_root: Path | None = None

    def __init__(
        self,
        provider: MetadataProvider,
        run: RunRecord | None = None,
        records: RunRecords | None = None,
        *,
        where: PathPrefix | None = None,
        outline: bool = False,
    ) -> None:
        self._provider, self._run = provider, run
        self._where: PathPrefix = () if run is None else run.path if where is None else where
        self._load: CallOnce[RunRecord, _Snapshot] = CallOnce(
            lambda run: _Snapshot(load_records(provider, run, outline=outline) if records is None else records)
        )
        # A service returns all fields and names in one response, so the path is enough as a key.
        self._metadata = CallOnce(provider.metadata)
        self._run_metadata = CallOnce(provider.run_metadata)
        self._complete: dict[PathPrefix, list[MetadataRecord]] = {}
        self._artifacts: CallOnce[tuple[PathPrefix, int | None], list[ArtifactRecord]] = CallOnce(
            lambda key: provider.artifacts(key[0], None, key[1])
        )
        self._artifact: CallOnce[tuple[PathPrefix, str, int | None], ArtifactRecord | None] = CallOnce(
            lambda key: provider.artifact(*key)
        )
        self._tasks: CallOnce[tuple[RunRecord, str | None], list[TaskRecord]] = CallOnce(
            lambda key: provider.tasks(*key)
        )
        self._task: CallOnce[tuple[RunRecord, str, str], TaskRecord | None] = CallOnce(lambda key: provider.task(*key))
        self._steps = CallOnce(provider.steps)
        self._step: CallOnce[tuple[RunRecord, str], StepRecord | None] = CallOnce(lambda key: provider.step(*key))
        self._other_run: CallOnce[tuple[str, str], RunRecord | None] = CallOnce(lambda key: provider.run(*key))

    @property
    def selector(self) -> str:
        """The selector of the provider."""
        return self._provider.selector

    @property
    def address(self) -> str:
        """The address of the provider."""
        return self._provider.address

    @property
    def lacks_bulk_routes(self) -> bool:
        """The same as that of the provider."""
        return self._provider.lacks_bulk_routes

    def covers(self, where: PathPrefix) -> bool:
        """Return whether the snapshot has the records below this path."""
        return self._run is not None and where[: len(self._where)] == self._where

    def _snapshot_of(self, where: PathPrefix) -> "_Snapshot | None":
        if self._run is None or not self.covers(where):
            return None
        snapshot = self._load(self._run)
        counted = snapshot.records.counted
        missing = where[_RUN : _RUN + 2] in counted or (counted and where[_RUN : _RUN + 1] == ("_parameters",))
        return None if missing else snapshot

    def counted(self, where: PathPrefix) -> Mapping[TaskKey, Status]:
        """Return the statuses of the tasks below a path whose details are not in the snapshot."""
        snapshot = self._snapshot_of(where)
        return {} if snapshot is None else snapshot.records.counted

    def version(self) -> str:
        """Ask the provider, without a cache."""
        return self._provider.version()

    def flows(self) -> list[FlowRecord]:
        """Ask the provider, without a cache."""
        return self._provider.flows()

    def flow(self, flow: str) -> FlowRecord | None:
        """Ask the provider, without a cache."""
        return self._provider.flow(flow)

    def flow_names(self) -> list[str]:
        """Ask the provider, without a cache."""
        return self._provider.flow_names()

    def newest_start(self, flow: str) -> int | None:
        """Ask the provider, without a cache."""
        return self._provider.newest_start(flow)

    def runs(self, flow: str, query: RunQuery = ALL) -> Iterator[RunRecord]:
        """Ask the provider, without a cache."""
        return self._provider.runs(flow, query)

    def with_status(self, runs: Sequence[RunRecord]) -> list[RunRecord]:
        """Ask the provider, without a cache."""
        return self._provider.with_status(runs)

    def count_runs(self, flow: str) -> int | None:
        """Ask the provider, without a cache."""
        return self._provider.count_runs(flow)

    def run(self, flow: str, run_id: str) -> RunRecord | None:
        """Return the run of the snapshot, unchanged. Another run is requested once."""
        return (
            self._run if self._run is not None and self._run.path == (flow, run_id) else self._other_run((flow, run_id))
        )

    def steps(self, run: RunRecord) -> list[StepRecord]:
        """Ask the provider once."""
        return self._steps(run)

    def step(self, run: RunRecord, step: str) -> StepRecord | None:
        """Ask the provider once."""
        return self._step((run, step))

    def tasks(self, run: RunRecord, step: str | None = None) -> list[TaskRecord]:
        """Return the tasks of the snapshot. Tasks of private steps and of other runs are requested once."""
        where = run.path if step is None else (*run.path, step)
        snapshot = None if step is not None and step.startswith("_") else self._snapshot_of(where)
        if snapshot is not None:
            return [task for task in snapshot.records.tasks if step in (None, task.step)]
        if (run, None) in self._tasks and not (step or "").startswith("_"):
            return [task for task in self._tasks((run, None)) if step in (None, task.step)]
        return self._tasks((run, step))

    def task(self, run: RunRecord, step: str, task_id: str) -> TaskRecord | None:
        """Return a task of the snapshot. A task of a private step or of another run is requested once."""
        if step.startswith("_") or not self.covers((*run.path, step)):
            return self._task((run, step, task_id))
        return next((task for task in self.tasks(run, step) if task.task_id == task_id), None)

    def metadata(self, where: PathPrefix, fields: Collection[str] | None = None) -> list[MetadataRecord]:
        """Return metadata of the snapshot, or request it once."""
        snapshot = self._snapshot_of(where)
        if snapshot is None:
            return [
                event for event in stoppable(self._cached_metadata(where)) if fields is None or event.field in fields
            ]
        if fields is None:
            return _within(where, snapshot.records.metadata)
        return _within(where, chain.from_iterable(snapshot.by_field.get(field, []) for field in fields))

    def _cached_metadata(self, where: PathPrefix) -> list[MetadataRecord]:
        _, _, *below = where
        if (events := self._complete.get(where[:_RUN])) is not None:
            return _within(where, events)
        if len(below) == 1 and not below[0].startswith("_"):
            return _within(where, self._metadata(where[:_RUN]))  # a service has no metadata of a step alone
        return self._metadata(where)

    def is_small_flow(self, flow: str) -> bool:
        """Ask the provider, without a cache."""
        return self._provider.is_small_flow(flow)

    def tasks_with(self, step: PathPrefix, field: str, pattern: str) -> set[str] | None:
        """Ask the provider, without a cache."""
        return self._provider.tasks_with(step, field, pattern)

    def run_metadata(self, run: RunRecord) -> list[MetadataRecord]:
        """Return all metadata of the snapshot, or request it once."""
        snapshot = self._snapshot_of(run.path)
        if snapshot is not None:
            return snapshot.records.metadata
        if run.path in self._metadata or self._provider.is_small_flow(run.flow):
            return self._cached_metadata(run.path)
        events = self._run_metadata(run)
        if self._provider.is_small_flow(run.flow):  # it is known now, and the events are complete
            self._complete[run.path] = events
        return events

    def artifacts(
        self,
        where: PathPrefix,
        names: Collection[str] | None = None,
        attempt: int | None = None,
        *,
        public_only: bool = False,
    ) -> list[ArtifactRecord]:
        """Return artifacts of the snapshot. Those of an attempt or of another run are requested once."""
        snapshot = self._snapshot_of(where) if attempt is None else None
        if snapshot is None:
            all_records = self._artifacts((where, attempt))
            records = [record for record in stoppable(all_records) if names is None or record.name in names]
        elif names is None:
            records = _within(where, snapshot.records.artifacts)
        else:
            records = _within(where, chain.from_iterable(snapshot.by_name.get(name, []) for name in names))
        return [record for record in records if not record.name.startswith("_")] if public_only else records

    def artifact(self, task: PathPrefix, name: str, attempt: int | None = None) -> ArtifactRecord | None:
        """Return an artifact of the snapshot. That of an attempt or of another run is requested once."""
        if attempt is None and self._snapshot_of(task) is not None:
            return next(iter(self.artifacts(task, {name})), None)
        return self._artifact((task, name, attempt))

    def done_attempts(self, where: PathPrefix) -> Iterator[tuple[PathPrefix, int]]:
        """Ask the provider, without a cache."""
        return self._provider.done_attempts(where)

    def metadata_and_artifacts(
        self, where: PathPrefix, fields: Collection[str], names: Collection[str]
    ) -> tuple[list[MetadataRecord], list[ArtifactRecord]]:
        """Return the requested metadata and artifacts."""
        reads: list[Callable[[], list[Any]]] = [
            lambda: self.metadata(where, fields) if fields else [],
            lambda: self.artifacts(where, names) if names else [],
        ]
        events, records = parallel_map(lambda read: read(), reads)
        return events, records

    def change_tags(self, run: RunRecord, change: TagUpdate) -> frozenset[str]:
        """Ask the provider, without a cache."""
        return self._provider.change_tags(run, change)


class _Snapshot:
    """The records of a run, indexed by field and by name."""

    def __init__(self, records: RunRecords) -> None:
        self.records = records

    @cached_property
    def by_field(self) -> dict[str, list[MetadataRecord]]:
        """The metadata by field."""
        return _grouped(self.records.metadata, "field")

    @cached_property
    def by_name(self) -> dict[str, list[ArtifactRecord]]:
        """The artifacts by name."""
        return _grouped(self.records.artifacts, "name")


def _grouped(records: list[Any], key: str) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for record in stoppable(records):
        groups[getattr(record, key)].append(record)
    return dict(groups)


def _within(where: PathPrefix, records: Iterable[_Record]) -> list[_Record]:
    """Return the records below a path. The path of the run has all."""
    below = where[_RUN:]
    return [record for record in stoppable(records) if record.key[: len(below)] == below] if below else list(records)
