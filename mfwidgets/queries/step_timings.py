"""How long the steps of a run took, from the rows of its tasks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import step_order
from mfwidgets.queries.rows import TaskRow, task_rows
from mfwidgets.queries.run_snapshot import load_tasks, run_tasks
from mfwidgets.queries.status.rules import Status, step_status


@dataclass(frozen=True, slots=True)
class StepTiming:
    """How long a step of a run took; times in milliseconds, UTC.

    Attributes
    ----------
    tasks
        How many it had.
    started_ms, finished_ms
        When the first of its tasks began and the last ended; None while none did, or not all.
    task_ms
        What its tasks took together, each by its newest attempt.
    longest_ms
        What the longest of them took.
    """

    run: RunRecord
    step: str
    status: Status | None
    tasks: int
    started_ms: int | None
    finished_ms: int | None
    task_ms: int
    longest_ms: int | None

    @property
    def pathspec(self) -> str:
        """``HelloFlow/2/start``."""
        return "/".join((*self.run.path, self.step))

    @property
    def duration_ms(self) -> int | None:
        """From the first beginning to the last end; None while that is not there."""
        if self.started_ms is None or self.finished_ms is None:
            return None
        return self.finished_ms - self.started_ms


def read_step_timings(context: ClientContext, run: RunRecord) -> list[StepTiming]:
    """Read the tasks of a run, and return the timings of its steps."""
    rows = task_rows(load_tasks(context, run, run.path, run_tasks(context, run)))
    return step_timings(run, rows, step_order(context, run) if rows else [])


def step_timings(run: RunRecord, tasks: Iterable[TaskRow], order: Iterable[str]) -> list[StepTiming]:
    """Return how long the steps of a run took, from what is known of its tasks: in this order, others as they began."""
    by_step: dict[str, list[TaskRow]] = defaultdict(list)
    for row in sorted(tasks, key=lambda row: row.record.created_ms):
        by_step[row.record.step].append(row)
    known = [name for name in order if name in by_step]
    return [_timing(run, name, by_step[name]) for name in dict.fromkeys([*known, *by_step])]


def _timing(run: RunRecord, step: str, rows: list[TaskRow]) -> StepTiming:
    started = [row.first_started_ms for row in rows if row.first_started_ms is not None]
    finished = [row.finished_ms for row in rows if row.finished_ms is not None]
    durations = list(_known(row.duration_ms for row in rows))
    return StepTiming(
        run,
        step,
        step_status([row.status for row in rows]),
        len(rows),
        min(started, default=None),
        max(finished) if len(finished) == len(rows) else None,
        sum(durations),
        max(durations, default=None),
    )


def _known(values: Iterable[int | None]) -> Iterator[int]:
    return (value for value in values if value is not None)
