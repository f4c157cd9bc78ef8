"""One row of facts for each object of a listing, gathered in bulk: what tables, frames and displays are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from mfwidgets.client.attempts import RESULTS, STATUS_FIELDS, run_states, states_from
from mfwidgets.client.foreach import FOREACH_FIELDS, OUTSIDE, Item, items_of
from mfwidgets.client.scope import Scope
from mfwidgets.client.status import Attempt, Status, TaskState
from mfwidgets.datastore.opening import root_of_location
from mfwidgets.datastore.task_files import ArtifactInfo, artifact_infos
from mfwidgets.errors import CorruptFile, DataException
from mfwidgets.metadata_provider.base import Where
from mfwidgets.metadata_provider.records import ArtifactRecord, RunRecord, TaskRecord


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a table; times in milliseconds, UTC."""

    record: RunRecord
    status: Status
    finished_ms: int | None
    origin_run_id: str | None

    @property
    def pathspec(self) -> str:
        """``HelloFlow/2``."""
        return "/".join(self.record.path)

    @property
    def started_ms(self) -> int:
        """When it was registered: a run has no queue of its own, its tasks have."""
        return self.record.created_ms

    @property
    def duration_ms(self) -> int | None:
        """From its start to the end of its end task; None while there is none."""
        return None if self.finished_ms is None else self.finished_ms - self.started_ms


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task in a table; times in milliseconds, UTC.

    Attributes
    ----------
    item
        Which item of which foreach it works on.
    """

    record: TaskRecord
    state: TaskState
    item: Item

    @property
    def pathspec(self) -> str:
        """``HelloFlow/2/start/1``."""
        return "/".join(self.record.path)

    @property
    def status(self) -> Status:
        """Its status, with the reason."""
        return self.state.status

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Its attempts, oldest first."""
        return self.state.attempts

    @property
    def started_ms(self) -> int | None:
        """When its newest attempt began."""
        return self.state.started_ms

    @property
    def finished_ms(self) -> int | None:
        """When its newest attempt ended."""
        return self.state.finished_ms

    @property
    def attempt(self) -> int | None:
        """The number of its newest attempt; None while none began."""
        return self.attempts[-1].number if self.attempts else None

    @property
    def duration_ms(self) -> int | None:
        """How long its newest attempt took."""
        if self.started_ms is None or self.finished_ms is None:
            return None
        return self.finished_ms - self.started_ms

    @property
    def foreach_index(self) -> int | None:
        """Which item of the innermost foreach it works on, counted from 0."""
        return self.item.index

    @property
    def foreach_value(self) -> str | None:
        """That item as text, 30 characters at most."""
        return self.item.value

    @property
    def runtime(self) -> str | None:
        """What ran it, such as ``dev`` or ``argo-workflows``."""
        return runtime_name(self.record.run)


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """An artifact in a table: what is recorded of it; its value is not read.

    Attributes
    ----------
    type
        Its class as ``builtins.int``-like text without the quotes Metaflow stores; None where not recorded.
    size
        Bytes of the serialized value; None where not recorded.
    """

    record: ArtifactRecord
    type: str | None
    size: int | None

    @property
    def pathspec(self) -> str:
        """``HelloFlow/2/start/1/x``."""
        return "/".join(self.record.path)


def run_rows(scope: Scope, runs: Sequence[RunRecord]) -> list[RunRow]:
    """Return a row for each run, in this order."""
    return [
        RunRow(run, state.status, state.finished_ms, state.origin_run_id)
        for run, state in zip(runs, run_states(scope, runs), strict=True)
    ]


def task_rows(scope: Scope, where: Where, tasks: Sequence[TaskRecord]) -> list[TaskRow]:
    """Return a row for each task, in this order.

    Parameters
    ----------
    scope, tasks
        Where to read, and whose rows.
    where
        The part of the tree that all these tasks lie in: two bulk questions are asked for it.
    """
    events, results = scope.provider.facts(where, STATUS_FIELDS | FOREACH_FIELDS, RESULTS)
    items = items_of(scope, where, events)
    return [
        TaskRow(task, state, items.get((task.step, task.task_id), OUTSIDE))
        for task, state in zip(tasks, states_from(scope, tasks, events, results), strict=True)
    ]


def artifact_rows(scope: Scope, records: Sequence[ArtifactRecord]) -> list[ArtifactRow]:
    """Return a row for each artifact, in this order; one ``data.json`` is read for each attempt among them."""
    infos: dict[Where, dict[str, ArtifactInfo]] = {}
    rows = []
    for record in records:
        task = record.path[:-1]
        if task not in infos:
            infos[task] = _infos(scope, record)
        info = infos[task].get(record.name)
        rows.append(ArtifactRow(record, type_name(info.type) if info else None, info.size if info else None))
    return rows


def _infos(scope: Scope, record: ArtifactRecord) -> dict[str, ArtifactInfo]:
    """Return types and sizes as the datastore knows them; a datastore out of reach leaves them unknown."""
    try:
        datastore = scope.datastore(record.ds_type, root_of_location(record.location, record.flow))
        return artifact_infos(datastore, record.path[:-1], record.attempt)
    except (DataException, CorruptFile):
        return {}


def runtime_name(run: RunRecord) -> str | None:
    """Return what ran it, from its system tags."""
    names = sorted(tag.removeprefix("runtime:") for tag in run.system_tags if tag.startswith("runtime:"))
    return names[0] if names else None


def type_name(recorded: str) -> str | None:
    """Return ``numpy.ndarray`` for the recorded ``<class 'numpy.ndarray'>``; None where nothing was recorded."""
    return recorded.removeprefix("<class '").removesuffix("'>") or None
