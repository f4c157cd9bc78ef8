"""The display of a run while it runs: progress, running tasks and the end of a log. An ended run has its usual display."""

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from mfwidgets.client.answers.logs import BOTH
from mfwidgets.client.run import Run
from mfwidgets.client.task import Task
from mfwidgets.errors import MetaflowException
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.lineage.graph import steps_of
from mfwidgets.queries.relevant_task import relevant_task
from mfwidgets.queries.rows import RunRow, TaskRow, run_row, task_rows
from mfwidgets.queries.run_snapshot import RunSnapshot, load_run_snapshot
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.time_left import time_left
from mfwidgets.queries.usual_durations import Usual, usual_durations
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.view import Part, Preformatted, Table, View, plain_line
from mfwidgets.times import now_ms
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, duration, items_text, time, zoned
from mfwidgets.views.earlier_runs import EarlierRuns
from mfwidgets.views.log import log_block
from mfwidgets.views.objects import object_name, present
from mfwidgets.views.run import failed_tasks, parameters_part
from mfwidgets.views.run_parts import task_marks
from mfwidgets.views.run_progress import RunProgress, progress_of_run
from mfwidgets.views.step_map import facts_of_run, step_map
from mfwidgets.views.tables import outline_notes, shown_of_total, without_empty_columns

_ENDED = ("completed", "caught", "failed")
"""The statuses of a run whose usual display is shown."""


class WatchedRun(NamedTuple):
    """A watched run as it is now.

    Attributes
    ----------
    view
        The map of its steps, its running tasks and the end of a log. If it ended, its usual display.
    row
        Its status, with the reason, and its times.
    progress
        How far it is.
    facts
        What can change except by time alone: the ages in the view are left out.
    """

    view: View
    row: RunRow
    progress: RunProgress
    facts: Hashable

    @property
    def status(self) -> Status:
        """Its status, with the reason."""
        return self.row.status

    @property
    def with_progress(self) -> View:
        """The view with the progress and the time left as its first facts, for pictures and terminals."""
        if self.status in _ENDED:
            return self.view
        progress = [("progress", self.progress.cell), ("time left", Cell(self.progress.left))]
        facts = present([*progress, *self.view.facts, ("elapsed", duration(self.row.elapsed_ms))])
        return replace(self.view, facts=facts)


class WatchedDisplay:
    """Draws a run again and again while it runs. What cannot change is read once.

    Parameters
    ----------
    limits
        How much is shown.

    Attributes
    ----------
    followed
        The pathspec of the step or task whose log is shown. Empty for the task that began last.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._usual: Mapping[str, Usual] | None = None
        self._parameters: tuple[Part, ...] = ()
        self._is_first = True
        self.followed = ""

    def draw(self, run: Run) -> WatchedRun:
        """Return the run as it is now.

        The first call reads what a display of the run reads, without its parameters. The second one also lists the
        earlier runs, and reads their timings and the parameters. Later ones read what changed, and the end of one log.

        Parameters
        ----------
        run
            The run, as :meth:`RunPoller.poll` returned it.
        """
        snapshot = load_run_snapshot(run._context, run._record, outline=True)
        tasks, nodes, row = task_rows(snapshot), steps_of(snapshot.context, snapshot.record), run_row(snapshot)
        states = tuple((task.record.key, str(task.status), len(task.attempts)) for task in tasks)
        if row.status in _ENDED:
            progress = progress_of_run(tasks, nodes, None)
            return WatchedRun(build_view(run, self._limits), row, progress, (str(row.status), states))
        if not self._is_first:
            self._read_once(snapshot, tasks)
        self._is_first = False
        usual = self._usual or {}
        left = time_left(tasks, nodes, usual, now_ms()) if row.status == "running" else None
        log = _log_part(snapshot.context, _followed(tasks, self.followed), self._limits)
        view = self._view(run, snapshot, row, _parts(snapshot, row, tasks, nodes, usual, self._limits), log)
        lines = tuple(block.lines for block in log)
        return WatchedRun(view, row, progress_of_run(tasks, nodes, left), (str(row.status), states, lines))

    def _read_once(self, snapshot: RunSnapshot, tasks: Sequence[TaskRow]) -> None:
        """Read the usual durations of steps and the parameters. A problem with them hides nothing else."""
        if self._usual is None:
            self._usual = {}
            with suppress(MetaflowException):
                earlier = EarlierRuns(snapshot.context, snapshot.record).records()
                self._usual = usual_durations(snapshot.context, earlier, read=True)
        if not self._parameters and any(task.status == "completed" for task in tasks):
            with suppress(MetaflowException):
                self._parameters = parameters_part(snapshot, self._limits)

    def _view(
        self, run: Run, snapshot: RunSnapshot, row: RunRow, parts: tuple[Part, ...], log: tuple[Part, ...]
    ) -> View:
        limits = self._limits
        return View(
            kind="Run",
            name=object_name(run, limits),
            status=limits.status(row.status),
            reason=limits.text(row.status.reason).text,
            facts=present([(zoned("started"), time(row.started_ms))]),
            notes=outline_notes(snapshot) if snapshot.tasks else ("No task has started yet.",),
            parts=(*parts, *log, *self._parameters),
        )


def _parts(
    snapshot: RunSnapshot,
    row: RunRow,
    tasks: Sequence[TaskRow],
    nodes: Mapping[str, Mapping[str, Any]],
    usual: Mapping[str, Usual],
    limits: Limits,
) -> tuple[Part, ...]:
    """Show the map of the steps, the tasks that run, and those that failed."""
    if not tasks:
        return ()
    steps = step_map(facts_of_run(row, tasks, nodes, task_marks(snapshot, nodes, tasks, []), usual), limits)
    return (*steps, *running_tasks(tasks, limits), *failed_tasks(snapshot.context, tasks, limits))


def running_tasks(tasks: Sequence[TaskRow], limits: Limits) -> tuple[Table, ...]:
    """Show the tasks that run, those that run longest first, then those that wait for a machine."""
    running = sorted((task for task in tasks if task.status == "running"), key=lambda task: -(task.elapsed_ms or 0))
    shown = running[: max(limits.rows // 2, 1)]
    if not shown:
        return ()
    rows = tuple(
        (
            limits.code(task.record.step),
            limits.object(task.record.task_id, task.pathspec),
            limits.text(f"{task.foreach_index}  {items_text(task)}".rstrip())
            if task.foreach_index is not None
            else EMPTY,
            Cell(str(task.attempt), "number", value=str(task.attempt)) if task.attempt else EMPTY,
            duration(task.elapsed_ms) if task.elapsed_ms is not None else Cell("not begun", "dim"),
        )
        for task in shown
    )
    columns = ("step", "task", "item", "attempt", "running for")
    note = shown_of_total(len(shown), len(running))
    return (without_empty_columns(Table("Running tasks", columns, rows, note), keep=2, always=("running for",)),)


def _followed(tasks: Sequence[TaskRow], pathspec: str) -> TaskRow | None:
    """Return the task whose log is shown: the chosen one, else the newest that runs, else the newest."""
    chosen = [task for task in tasks if f"{task.pathspec}/".startswith(f"{pathspec}/")] if pathspec else []
    relevant = relevant_task(chosen) if chosen else None
    if relevant is not None:
        return relevant.row
    running = [task for task in tasks if task.status == "running"]
    return max(running or tasks, key=lambda task: task.started_ms or task.record.created_ms, default=None)


def _log_part(context: ClientContext, row: TaskRow | None, limits: Limits) -> tuple[Preformatted, ...]:
    """Show the end of the log of a task, or why there is none yet. A log that cannot be read hides nothing else."""
    if row is None:
        return ()
    heading = f"Log of {limits.text('/'.join(row.record.path[2:])).text}"
    try:
        lines = Task._of(context, row.record).logs(BOTH).last(max(limits.rows, 1))
    except MetaflowException as error:
        return (Preformatted(heading, (plain_line(f"The log cannot be read: {limits.text(str(error)).text}"),)),)
    if lines:
        return (log_block(heading, lines, limits, "the end" if len(lines) >= limits.rows else ""),)
    return (Preformatted(heading, (plain_line(_why_no_log(context, row)),)),)


def _why_no_log(context: ClientContext, row: TaskRow) -> str:
    if row.status != "running":
        return "The task has logged nothing."
    if not row.attempts:
        return "The task has not begun. It waits for a machine, or its process is starting."
    if context.provider.local_root is not None:
        return "No log yet. A task on this machine writes its log when it ends."
    return "No log yet."
