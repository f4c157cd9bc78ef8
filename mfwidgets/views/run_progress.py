"""How far a running run is, in words and as a share: ``fit: 18 of 40 tasks``, ``about 3 m left``."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mfwidgets.queries.progress import Progress
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.step_timings import StepTiming, step_timings
from mfwidgets.queries.time_left import TimeLeft
from mfwidgets.render.cell import EMPTY, Cell, Segment
from mfwidgets.render.sanitize import single_line
from mfwidgets.times import MINUTE, SECOND, duration_text

_MAX_STEPS, _MAX_CHARS = 3, 60
"""Running steps that are named, and the characters of each."""


class RunProgress(NamedTuple):
    """How far a run is.

    Attributes
    ----------
    words
        The running steps, each with its number of tasks that are done. Empty if no step runs.
    done, planned
        The tasks of the widest running step that are done, and that it will have. Without such a step, the steps of the run.
    left
        ``about 3 m left``. Empty if it is unknown.
    """

    words: str
    done: int
    planned: int
    left: str

    @property
    def share(self) -> float:
        """The share that is done, from 0 to 1."""
        return min(self.done / self.planned, 1.0) if self.planned else 0.0

    @property
    def cell(self) -> Cell:
        """The words with a small bar."""
        bar = (Segment("running", 0.0, self.share),) if self.share else ()
        return Cell(self.words, "progress", segments=bar) if self.words else EMPTY

    @property
    def spoken(self) -> str:
        """The words for a screen reader. They change with each tenth that is done, not with each task."""
        steps = ", ".join(part.partition(":")[0] for part in self.words.split(", "))
        return f"{steps}, {int(10 * self.share) * 10}%" if self.words else ""


def progress_of_run(
    tasks: Sequence[TaskRow], nodes: Mapping[str, Mapping[str, Any]], left: TimeLeft | None
) -> RunProgress:
    """Return how far a run is. Reads nothing.

    Parameters
    ----------
    tasks
        The tasks of the run.
    nodes
        The graph.
    left
        How much longer it will take.
    """
    timings = step_timings(tasks[0].record.run, tasks, nodes) if tasks else []
    running = [_of_step(timing) for timing in timings if timing.status == "running"]
    over = sum(timing.status in ("completed", "caught") for timing in timings)
    words = [single_line(step.text, _MAX_CHARS) for step in running[:_MAX_STEPS]]
    words += [f"{len(running) - _MAX_STEPS:,} more steps"] if len(running) > _MAX_STEPS else []
    wide = max((step for step in running if step.planned > 1), key=lambda step: step.planned, default=None)
    done, planned = (wide.done, wide.planned) if wide else (over, max(len(nodes), len(timings)))
    return RunProgress(", ".join(words), done, planned, left_words(left))


def _of_step(timing: StepTiming) -> Progress:
    done = sum(timing.task_statuses.get(status, 0) for status in ("completed", "caught"))
    return Progress(timing.step, done, timing.planned_tasks)


def left_words(left: TimeLeft | None) -> str:
    """Return ``about 3 m left``, or ``about 3 m left in fit``. Empty if it is unknown.

    Examples
    --------
    >>> left_words(TimeLeft(191_000, "fit"))
    'about 3 m left in fit'
    >>> left_words(TimeLeft(2_000, ""))
    'about 5 s left'
    """
    if left is None:
        return ""
    unit = 5 * SECOND if left.ms < 2 * MINUTE else MINUTE
    words = duration_text(max(round(left.ms / unit), 1) * unit)
    words = words.removesuffix(" 00 s").removesuffix(" 00 m").replace(".0 s", " s")
    return f"about {words} left{f' in {single_line(left.step, _MAX_CHARS)}' if left.step else ''}"
