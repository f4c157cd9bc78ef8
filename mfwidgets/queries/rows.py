"""Rows of facts for runs, tasks and attempts, read in bulk, for tables and displays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from itertools import islice

from mfwidgets.deadline import stoppable
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import RunRecord, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.foreach import OUTSIDE, Item, items_of
from mfwidgets.queries.planned_tasks import planned_tasks
from mfwidgets.queries.run_snapshot import RunSnapshot
from mfwidgets.queries.status.recorded_exceptions import exception_line
from mfwidgets.queries.status.rules import Attempt, Status, TaskState, attempt_statuses
from mfwidgets.queries.status.run_end import RunState
from mfwidgets.queries.status.states import is_believed, run_state, run_states, task_states
from mfwidgets.times import now_ms


@fast_dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a table. Times are in milliseconds, UTC.

    Attributes
    ----------
    finished_ms
        When its end task finished, like Metaflow's ``finished_at``. None if the end task did not finish.
    last_activity_ms
        The last activity of a run that is failed or unknown. None for any other run.
    asked_ms
        When these facts were read.
    """

    record: RunRecord
    status: Status
    finished_ms: int | None
    origin_run_id: str | None
    last_activity_ms: int | None = None
    asked_ms: int = field(default_factory=now_ms, compare=False)

    @property
    def pathspec(self) -> str:
        """``HelloFlow/2``."""
        return "/".join(self.record.path)

    @property
    def started_ms(self) -> int:
        """When it was registered. A run does not wait in a queue, only its tasks do."""
        return self.record.created_ms

    @property
    def duration_ms(self) -> int | None:
        """The time from its start to its end, or to its last activity if it has no end. None while it runs."""
        ends = [ms for ms in (self.finished_ms, self.last_activity_ms) if ms is not None]
        return None if self.status == "running" or not ends else max(ends) - self.started_ms

    @property
    def elapsed_ms(self) -> int | None:
        """The time since its start while it runs. None when it is over."""
        return _elapsed(self.status, self.started_ms, self.asked_ms)


@fast_dataclass(frozen=True, slots=True)
class FlowRow:
    """A flow in a table, with its newest run, if it has runs."""

    flow: str
    latest: RunRow | None


@fast_dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt of a task in a table. Times are in milliseconds, UTC.

    Attributes
    ----------
    attempt
        Its number.
    finished_ms
        When it ended. None if not recorded.
    """

    attempt: int
    status: Status
    started_ms: int | None
    finished_ms: int | None
    asked_ms: int

    @property
    def duration_ms(self) -> int | None:
        """The time from its start to its end. None while it runs, or if either is not recorded."""
        if self.status == "running" or self.started_ms is None or self.finished_ms is None:
            return None
        return self.finished_ms - self.started_ms

    @property
    def elapsed_ms(self) -> int | None:
        """The time since its start while it runs. None when it is over."""
        return _elapsed(self.status, self.started_ms, self.asked_ms)


@fast_dataclass(frozen=True, slots=True)
class TaskRow:
    """A task in a table. Times are in milliseconds, UTC.

    Attributes
    ----------
    item
        The foreach item that it works on.
    planned
        The number of tasks that its step will have. None if that is the number of its tasks, or is unknown.
    run_status
        The status of the run, if the step waits for planned tasks. Else it is not read, and empty.
    asked_ms
        When these facts were read.
    """

    record: TaskRecord
    state: TaskState
    item: Item
    planned: int | None = None
    run_status: str = ""
    asked_ms: int = field(default_factory=now_ms, compare=False)

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
    def is_counted(self) -> bool:
        """Whether only its status was read, because its run is very large."""
        return not self.attempts and self.status in ("completed", "failed")

    @property
    def started_ms(self) -> int | None:
        """When its newest attempt began."""
        return self.state.started_ms

    @property
    def first_started_ms(self) -> int | None:
        """When its first attempt began."""
        return self.state.first_started_ms

    @property
    def finished_ms(self) -> int | None:
        """When its newest attempt ended."""
        return self.state.finished_ms

    @property
    def attempt(self) -> int | None:
        """The number of its newest attempt. None before the first."""
        return self.attempts[-1].number if self.attempts else None

    @property
    def duration_ms(self) -> int | None:
        """The duration of its newest attempt. None while it runs, or if its end is not recorded."""
        if self.status == "running" or self.started_ms is None or self.finished_ms is None:
            return None
        return self.finished_ms - self.started_ms

    @property
    def elapsed_ms(self) -> int | None:
        """The time since its newest attempt began, while it runs. None if the task is over or still queued."""
        return _elapsed(self.status, self.started_ms, self.asked_ms)

    @property
    def earlier_attempts_ms(self) -> int | None:
        """The total duration of the attempts before the newest. None if no end of them is recorded."""
        if not self.attempts[1:]:  # as nearly always
            return None
        durations = [attempt.duration_ms for attempt in self.attempt_rows[:-1]]
        recorded = [duration for duration in durations if duration is not None]
        return sum(recorded) if recorded else None

    @property
    def last_activity_ms(self) -> int:
        """When its newest attempt ended. If that is not recorded: its newest recorded time or heartbeat."""
        finished_ms = self.finished_ms
        return max(self.state.last_sign_ms, self.record.heartbeat_ms or 0) if finished_ms is None else finished_ms

    @property
    def attempt_rows(self) -> tuple[AttemptRow, ...]:
        """A row for each attempt, oldest first. The newest row has the status of the task."""
        statuses = attempt_statuses(self.attempts, self.record.created_ms, self.asked_ms)
        rows = [
            AttemptRow(attempt.number, status, attempt.begun_ms, attempt.ended_ms, self.asked_ms)
            for attempt, status in zip(self.attempts, statuses, strict=True)
        ]
        if rows:
            rows[-1] = replace(rows[-1], status=self.status, started_ms=self.started_ms)
        return tuple(rows)

    @property
    def foreach_index(self) -> int | None:
        """The index of its item in the innermost foreach, from 0."""
        return self.item.index

    @property
    def foreach_value(self) -> str | None:
        """Its item in the innermost foreach as str, at most 30 characters."""
        return self.item.value

    @property
    def runtime(self) -> str | None:
        """The runtime that ran it, such as ``dev`` or ``argo-workflows``."""
        return runtime_name(self.record.run)


def run_rows(
    context: ClientContext, runs: Sequence[RunRecord], *, exact_times: bool = True, first_look: bool = False
) -> list[RunRow]:
    """Return a row for each run, in the same order. See :func:`run_states` for the options."""
    return list(map(_run_row, runs, run_states(context, runs, exact_times=exact_times, first_look=first_look)))


def proved_rows(context: ClientContext, rows: Sequence[RunRow]) -> list[RunRow]:
    """Return the rows of a first look with proved statuses and exact times. Costs a request or two per run, once."""
    believed = [row.record for row in rows if is_believed(row.status)]
    proved = dict(zip(believed, run_rows(context, believed), strict=True))
    return [proved.get(row.record, row) for row in rows]


def run_row(snapshot: RunSnapshot) -> RunRow:
    """Return the row of a run from its snapshot."""
    return _run_row(snapshot.record, run_state(snapshot))


def _run_row(run: RunRecord, state: RunState) -> RunRow:
    return RunRow(run, state.status, state.finished_ms, state.origin_run_id, state.last_activity_ms)


def task_rows(snapshot: RunSnapshot) -> list[TaskRow]:
    """Return a row for each task of a snapshot, in the same order."""
    items = items_of(snapshot.context, snapshot.record, snapshot.where, snapshot.metadata)
    rows = [
        TaskRow(task, state, items.get(task.key, OUTSIDE))
        for task, state in stoppable(zip(snapshot.tasks, task_states(snapshot), strict=True))
    ]
    planned = planned_tasks(snapshot, rows) if snapshot.complete and len(snapshot.where) <= _STEP else {}
    status = _status_of_run(snapshot, rows) if _waits(rows, planned) else ""
    return [
        TaskRow(
            row.record, row.state, row.item, planned[row.record.step], status, row.asked_ms
        )  # faster than replace()
        if row.record.step in planned
        else row
        for row in rows
    ]


def _waits(rows: Sequence[TaskRow], planned: Mapping[str, int]) -> bool:
    """Return whether the tasks of a step have all succeeded, and planned ones have not begun."""
    statuses: dict[str, list[str]] = {step: [] for step in planned}
    for row in rows:
        if row.record.step in statuses:
            statuses[row.record.step].append(row.status)
    return any(
        len(begun) < planned[step] and all(status in ("completed", "caught") for status in begun)
        for step, begun in statuses.items()
    )


def _status_of_run(snapshot: RunSnapshot, rows: Iterable[TaskRow]) -> str:
    """Return the status of a run whose foreach is not complete. Reads nothing if one of the tasks runs."""
    if any(row.status == "running" for row in rows):
        return "running"
    whole = snapshot.where == snapshot.record.path
    return str((run_state(snapshot) if whole else run_states(snapshot.context, [snapshot.record])[0]).status)


_STEP = 3
"""Parts in the path of a step. The rows of a single task say nothing about its step."""


def _elapsed(status: Status | None, started_ms: int | None, asked_ms: int) -> int | None:
    return asked_ms - started_ms if status == "running" and started_ms is not None else None


def runtime_name(run: RunRecord) -> str | None:
    """Return the runtime of a run, from its system tags."""
    names = sorted(tag.removeprefix("runtime:") for tag in run.system_tags if tag.startswith("runtime:"))
    return names[0] if names else None


MAX_ERRORS_READ = 5
"""The maximum number of failed tasks whose exceptions are read. In a foreach, most exceptions are the same."""


def task_errors(context: ClientContext, rows: Iterable[TaskRow]) -> dict[str, str]:
    """Return the exceptions of the first failed tasks, by pathspec. Does two small reads for each task."""
    failed = (row for row in rows if row.status in ("failed", "caught"))
    lines = ((row.pathspec, exception_line(context, row.record)) for row in islice(failed, MAX_ERRORS_READ))
    return {pathspec: line for pathspec, line in lines if line}
