"""The graph and the timeline of a run. The tables next to them show the same facts as text and numbers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mfwidgets.deadline import stoppable
from mfwidgets.providers.records import TaskKey
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.step_timings import planned_of, status_of_step, step_timing
from mfwidgets.render.view import EMPTY, Cell, Graph, GraphStep, Segment, Table
from mfwidgets.schema import STEPS
from mfwidgets.times import duration_text, now_ms
from mfwidgets.views.cells import Limits, duration, items_text
from mfwidgets.views.tables import shown_of_total, without_empty_columns

MAX_GRAPH_STEPS = 60
"""A larger graph is unreadable and is not drawn. The table of steps has the same facts."""

_KINDS = {
    "split-static": "split",
    "split-parallel": "parallel",
    "split-foreach": "foreach",
    "split-switch": "switch",
    "join": "join",
}


def step_graph(nodes: Mapping[str, dict[str, Any]], rows: Sequence[TaskRow], limits: Limits) -> tuple[Graph, ...]:
    """Show the graph, each step with its status and number of tasks. Empty if the graph is unknown or too large."""
    if not nodes or len(nodes) > MAX_GRAPH_STEPS:
        return ()
    by_step: dict[str, list[TaskRow]] = {}
    for row in stoppable(rows):
        by_step.setdefault(row.record.step, []).append(row)
    steps = tuple(_graph_step(name, node, by_step.get(name, []), limits) for name, node in nodes.items())
    return (Graph("Graph", steps),)


def _graph_step(name: str, node: Mapping[str, Any], rows: Sequence[TaskRow], limits: Limits) -> GraphStep:
    following = tuple(limits.text(str(name)).text for name in node.get("next") or ())
    status = limits.status(status_of_step(rows)) if rows else None
    pathspec = "/".join(rows[0].record.path[:3]) if rows else ""
    return GraphStep(limits.text(name).text, status, _detail(name, node, rows), following, pathspec)


def _detail(name: str, node: Mapping[str, Any], rows: Sequence[TaskRow]) -> str:
    """Return the number of tasks and the kind of a step, or "not run"."""
    kind = "loop" if name in (node.get("next") or ()) else _KINDS.get(str(node.get("type")), "")
    if not rows:
        return "not run"
    planned = planned_of(rows)
    count = f"{len(rows):,} of {planned:,}" if planned > len(rows) else f"{len(rows):,}"
    words = [f"{count} {'iterations' if kind == 'loop' else 'tasks'}"] if planned > 1 else []
    return ", ".join([*words, *([kind] if kind else [])]) or str(rows[0].status)


def timeline_table(
    rows: Sequence[TaskRow], order: Sequence[str], critical: Collection[TaskKey], limits: Limits
) -> tuple[Table, ...]:
    """Show a bar for each step. If a step has several tasks, show those that failed, are critical or took longest.

    Parameters
    ----------
    rows
        All tasks of a run, oldest first.
    order
        The names of the steps.
    critical
        The tasks of the critical path.
    """
    if not rows:
        return ()
    now = now_ms()
    first, last = min(row.record.created_ms for row in rows), max(_end(row, now) for row in stoppable(rows))
    scale = Scale(first, max(last, first + 1))
    by_step: dict[str, list[TaskRow]] = {name: [] for name in order}
    for row in stoppable(rows):
        by_step.setdefault(row.record.step, []).append(row)
    lines: list[tuple[Cell, ...]] = []
    groups = [(name, tasks) for name, tasks in by_step.items() if tasks]
    total = sum(len(tasks) for _, tasks in groups if len(tasks) > 1)
    space = max(limits.rows - len(groups), 0)
    shown = 0
    for name, tasks in groups:
        lines.append(_step_line(name, tasks, critical, scale, limits, now))
        if len(tasks) > 1:
            selected = _select_tasks(tasks, critical, max(space * len(tasks) // max(total, 1), 2), now)
            shown += len(selected)
            lines += [_task_line(row, critical, scale, limits, now) for row in selected]
    note = f"{duration_text(last - first)} in total"
    if shown < total:
        note += f"; {shown_of_total(shown, total)} tasks of steps with several tasks"
    columns = ("step", "task", "timeline", "waited", "duration", "elapsed", "attempts", "path")
    return (without_empty_columns(Table("Timeline", columns, tuple(lines), note), keep=1),)


class Scale:
    """Maps times to positions on a bar, from 0 to 1.

    Parameters
    ----------
    first, last
        The times at the two ends of the bar, in milliseconds.
    """

    def __init__(self, first: int, last: int) -> None:
        self.first, self.length = first, last - first

    def __call__(self, ms: int) -> float:
        """Return the position of a time."""
        return (ms - self.first) / self.length


def _select_tasks(rows: Sequence[TaskRow], critical: Collection[TaskKey], limit: int, now: int) -> list[TaskRow]:
    """Return the most relevant tasks by creation time: not completed first, then critical, then longest."""

    def weight(row: TaskRow) -> tuple[bool, bool, int]:
        return row.status == "completed", row.record.key not in critical, row.record.created_ms - _end(row, now)

    selected = sorted(rows, key=weight)[:limit]
    return sorted(selected, key=lambda row: row.record.created_ms)


def _step_line(
    name: str, rows: Sequence[TaskRow], critical: Collection[TaskKey], scale: Scale, limits: Limits, now: int
) -> tuple[Cell, ...]:
    step = step_timing(rows[0].record.run, name, rows)
    facts = STEPS.raw(step)
    durations = (duration(facts["duration"]), duration(facts["elapsed"]))
    if len(rows) == 1:  # the step and its task share a line
        _, task, bar, waited, _, _, *more = _task_line(rows[0], critical, scale, limits, now)
        return (limits.code(name), task, bar, waited, *durations, *more)
    begin = rows[0].record.created_ms if step.started_ms is None else step.started_ms
    end = max(_end(row, now) for row in stoppable(rows))
    bar = Cell("", "bar", segments=(Segment(str(step.status), scale(begin), scale(end)),), pathspec=step.pathspec)
    return limits.code(name), Cell(f"{len(rows):,} tasks", "dim"), bar, EMPTY, *durations, EMPTY, EMPTY


def _task_line(row: TaskRow, critical: Collection[TaskKey], scale: Scale, limits: Limits, now: int) -> tuple[Cell, ...]:
    item = f"  {items_text(row)}".rstrip()
    attempts = len(row.attempts)
    started = row.attempts[0].begun_ms if attempts else None
    return (
        EMPTY,
        limits.text(f"{row.record.task_id}{item}"),
        Cell(
            "",
            "bar",
            limits.text(row.status.reason).text,
            segments=tuple(_segments(row, scale, now)),
            pathspec=row.pathspec,
        ),
        duration(max(started - row.record.created_ms, 0)) if started is not None else EMPTY,
        duration(row.duration_ms),
        duration(row.elapsed_ms),
        Cell(str(attempts), "number") if attempts > 1 else EMPTY,
        Cell("critical", "dim") if row.record.key in critical else EMPTY,
    )


def _segments(row: TaskRow, scale: Scale, now: int) -> list[Segment]:
    """Return a segment for each attempt, and for the waiting before it."""
    segments = []
    at = row.record.created_ms
    attempts = row.attempt_rows
    for attempt in attempts:
        begin = attempt.started_ms or at
        end = attempt.finished_ms or (_end(row, now) if attempt is attempts[-1] else begin)
        if begin > at:
            segments.append(Segment("waiting", scale(at), scale(begin)))
        segments.append(Segment(str(attempt.status), scale(begin), scale(max(end, begin))))
        at = max(end, begin)
    if not row.attempts and row.status == "running":
        segments.append(Segment("waiting", scale(at), scale(now)))
    return segments


def _end(row: TaskRow, now: int) -> int:
    return now if row.status == "running" and row.finished_ms is None else row.last_activity_ms
