"""How far a running run is: the steps that run now, and how many of their tasks are done."""

from collections.abc import Sequence
from typing import NamedTuple

from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import MetaflowException
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.rows import task_rows
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.queries.step_timings import StepTiming, step_timings


class Progress(NamedTuple):
    """A step that runs.

    Attributes
    ----------
    done, planned
        The number of its tasks that succeeded, and that it will have.
    """

    step: str
    done: int
    planned: int

    @property
    def text(self) -> str:
        """``fit: 18 of 40 tasks``. Only the step if it has a single task."""
        return self.step if self.planned <= 1 else f"{self.step}: {self.done:,} of {self.planned:,} tasks"


def progress_of(context: ClientContext, runs: Sequence[RunRecord]) -> list[list[Progress]]:
    """Return the steps that run now for each run, in the order in which they started. Empty if none is known.

    Costs what :func:`load_run_snapshot` costs for each run, many at once. Reads only an outline of a very large run.
    """
    return parallel_map(lambda run: _progress(context, run), runs, max_concurrency=context.max_concurrency)


def _progress(context: ClientContext, run: RunRecord) -> list[Progress]:
    try:
        rows = task_rows(load_run_snapshot(context, run, outline=True))
    except MetaflowException:  # the run is listed in any case
        return []
    return [_of_step(timing) for timing in step_timings(run, rows, ()) if timing.status == "running"]


def _of_step(timing: StepTiming) -> Progress:
    done = sum(timing.task_statuses.get(status, 0) for status in ("completed", "caught"))
    return Progress(timing.step, done, timing.planned_tasks)
