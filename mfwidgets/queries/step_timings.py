"""The durations and statuses of the steps of a run, from the rows of its tasks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from mfwidgets.deadline import stoppable
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import Graphs, step_order
from mfwidgets.queries.rows import TaskRow, task_rows
from mfwidgets.queries.run_memory import Question, ask
from mfwidgets.queries.run_snapshot import load_tasks, run_tasks
from mfwidgets.queries.status.rules import Status, step_status


@fast_dataclass(frozen=True, slots=True)
class StepTiming:
    """A step of a run in a table: the statuses and durations of its tasks. Times are in milliseconds, UTC.

    Attributes
    ----------
    run
        The record of the run.
    step
        The name of the step.
    status
        The status of all its tasks together. None if there are no tasks.
    task_count, task_statuses
        The number of its tasks, in total and by status.
    planned_tasks
        The number of tasks that it will have.
    attempts, earlier_attempts_ms
        The number of attempts of all its tasks, and the total duration of attempts that were retried.
    started_ms
        The earliest start of any attempt of any task.
    finished_ms
        The latest end of a task. None while the step runs.
    last_activity_ms
        The latest end or last activity of a task. None if there are no tasks.
    task_ms, longest_ms
        The total and the longest duration of its tasks, by their newest attempts.
    asked_ms
        When these facts were read.
    """

    run: RunRecord
    step: str
    status: Status | None
    task_count: int
    planned_tasks: int
    task_statuses: Mapping[str, int]
    attempts: int
    earlier_attempts_ms: int | None
    started_ms: int | None
    finished_ms: int | None
    last_activity_ms: int | None
    task_ms: int
    longest_ms: int | None
    asked_ms: int

    @property
    def pathspec(self) -> str:
        """``HelloFlow/2/start``."""
        return "/".join((*self.run.path, self.step))

    @property
    def duration_ms(self) -> int | None:
        """The time from its start to its end, or to its last activity. None while it runs, or if no task began."""
        if self.status == "running" or self.started_ms is None or self.last_activity_ms is None:
            return None
        return self.last_activity_ms - self.started_ms

    @property
    def elapsed_ms(self) -> int | None:
        """The time since its start while it runs. None when it is over."""
        return self.asked_ms - self.started_ms if self.status == "running" and self.started_ms is not None else None


def read_step_timings(context: ClientContext, runs: Sequence[RunRecord]) -> list[list[StepTiming]]:
    """Read the tasks of each run and return the timings of its steps. Those that can no longer change are remembered."""
    return ask(context, runs, replace(TIMINGS, read=partial(read_timings_of_run, graphs={})))


def read_timings_of_run(context: ClientContext, run: RunRecord, graphs: Graphs | None = None) -> list[StepTiming]:
    """Read the tasks of a run and return the timings of its steps. Reads no graph that is in ``graphs``."""
    rows = task_rows(load_tasks(context, run, run.path, run_tasks(context, run)))
    return step_timings(run, rows, step_order(context, run, graphs) if rows else [])


def _to_json(timings: list[StepTiming]) -> list[list[Any]] | None:
    """Return timings as JSON. None if they change with time."""
    if any(timing.status is None or timing.status in ("running", "unknown") for timing in timings):
        return None
    return [
        [
            timing.step, str(timing.status), timing.status.reason if timing.status else "", timing.task_count,
            timing.planned_tasks, dict(timing.task_statuses), timing.attempts, timing.earlier_attempts_ms,
            timing.started_ms, timing.finished_ms, timing.last_activity_ms, timing.task_ms, timing.longest_ms,
            timing.asked_ms,
        ]
        for timing in timings
    ]  # fmt: skip


def _from_json(run: RunRecord, content: list[list[Any]]) -> list[StepTiming]:
    return [StepTiming(run, step, Status(status, reason), *facts) for step, status, reason, *facts in content]


TIMINGS = Question("timings", read_timings_of_run, _to_json, _from_json)


def step_timings(run: RunRecord, tasks: Iterable[TaskRow], order: Iterable[str]) -> list[StepTiming]:
    """Return the timings of the steps that have tasks, in the given order, then other steps by time."""
    by_step: dict[str, list[TaskRow]] = defaultdict(list)
    for row in sorted(tasks, key=lambda row: row.record.created_ms):
        by_step[row.record.step].append(row)
    names = [name for name in order if name in by_step]
    return [step_timing(run, name, by_step[name]) for name in dict.fromkeys([*names, *by_step])]


def planned_of(rows: Sequence[TaskRow]) -> int:
    """Return the number of tasks that a step will have, from the rows of its tasks."""
    return max(len(rows), max((row.planned or 0 for row in rows), default=0))


def status_of_step(rows: Sequence[TaskRow]) -> Status | None:
    """Return the status of a step from the rows of its tasks. It is completed only when all planned tasks are.

    If the tasks so far are completed, the step is running as long as its run is, because the scheduler will start the
    others. After that its status is unknown.
    """
    status = step_status([row.status for row in rows])
    planned = planned_of(rows)
    if status is None or planned == len(rows):
        return status
    words = f"{len(rows):,} of {planned:,} planned tasks have begun"
    if status not in ("completed", "caught"):
        return Status(str(status), f"{status.reason}; {words}")
    run_status = max(row.run_status for row in rows)
    if run_status == "running":
        return Status("running", words)
    return Status("unknown", f"{words}, and the run failed" if run_status == "failed" else words)


def step_timing(run: RunRecord, step: str, rows: Sequence[TaskRow]) -> StepTiming:
    """Return the timing of one step, from the rows of all its tasks. ``rows`` can be empty."""
    status, planned = status_of_step(rows), planned_of(rows)
    statuses: dict[str, int] = {}
    attempts = task_ms = 0
    longest_ms: int | None = None
    earlier: list[int] = []
    started: list[int] = []
    finished: list[int] = []
    active: list[int] = []
    is_counted = False
    for row in stoppable(rows):  # once: a step can have 20,000 tasks, and a table the steps of 10,000 runs
        name = str(row.status)
        statuses[name] = statuses.get(name, 0) + 1
        is_counted = is_counted or row.is_counted
        attempts += len(row.attempts)
        if (started_ms := row.first_started_ms) is not None:
            started.append(started_ms)
        if (finished_ms := row.finished_ms) is not None:
            finished.append(finished_ms)
        active.append(row.last_activity_ms)
        if (duration_ms := row.duration_ms) is not None:
            task_ms += duration_ms
            longest_ms = duration_ms if longest_ms is None else max(longest_ms, duration_ms)
        if (earlier_ms := row.earlier_attempts_ms) is not None:
            earlier.append(earlier_ms)
    asked_ms = max((row.asked_ms for row in rows), default=0)
    if is_counted:  # the times of some tasks are not those of the step
        return StepTiming(run, step, status, len(rows), planned, statuses, 0, None, None, None, None, 0, None, asked_ms)
    return StepTiming(
        run,
        step,
        status,
        task_count=len(rows),
        planned_tasks=planned,
        task_statuses=statuses,
        attempts=attempts,
        earlier_attempts_ms=sum(earlier) if earlier else None,
        started_ms=min(started, default=None),
        finished_ms=None if status == "running" or planned > len(rows) else max(finished, default=None),
        last_activity_ms=max(active, default=None),
        task_ms=task_ms,
        longest_ms=longest_ms,
        asked_ms=asked_ms,
    )
