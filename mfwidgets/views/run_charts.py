"""The graph and the timeline of a run; tables next to them hold the same facts as text and numbers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mfwidgets.providers.records import TaskKey
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.status.rules import step_status
from mfwidgets.queries.step_timings import step_timing
from mfwidgets.render.view import EMPTY, Cell, Graph, GraphStep, Segment, Table
from mfwidgets.schema import STEPS
from mfwidgets.times import duration_text, now_ms
from mfwidgets.views.cells import Limits, duration, items_text
from mfwidgets.views.tables import shown_of_total, without_empty_columns

MAX_GRAPH_STEPS = 60
"""A larger graph is not drawn; the table of steps holds it."""

_KINDS = {
    "split-static": "split",
    "split-parallel": "parallel",
    "split-foreach": "foreach",
    "split-switch": "switch",
    "join": "join",
}


def step_graph(nodes: Mapping[str, dict[str, Any]], rows: Sequence[TaskRow], limits: Limits) -> tuple[Graph, ...]:
    """Show the graph of the steps, each with its status and the number of its tasks; nothing where it is unknown."""
    if not nodes or len(nodes) > MAX_GRAPH_STEPS:
        return ()
    by_step: dict[str, list[TaskRow]] = {}
    for row in rows:
        by_step.setdefault(row.record.step, []).append(row)
    steps = tuple(_graph_step(name, node, by_step.get(name, []), limits) for name, node in nodes.items())
    return (Graph("Graph", steps),)


def _graph_step(name: str, node: Mapping[str, Any], rows: Sequence[TaskRow], limits: Limits) -> GraphStep:
    following = tuple(limits.text(str(name)).text for name in node.get("next") or ())
    status = limits.status(step_status([row.status for row in rows])) if rows else None
    pathspec = "/".join(rows[0].record.path[:3]) if rows else ""
    return GraphStep(limits.text(name).text, status, _detail(name, node, rows), following, pathspec)


def _detail(name: str, node: Mapping[str, Any], rows: Sequence[TaskRow]) -> str:
    """Say what kind of step it is and how many tasks it had; "not run" where it had none."""
    kind = "loop" if name in (node.get("next") or ()) else _KINDS.get(str(node.get("type")), "")
    if not rows:
        return "not run"
    words = [f"{len(rows):,} {'turns' if kind == 'loop' else 'tasks'}"] if len(rows) > 1 else []
    return ", ".join([*words, *([kind] if kind else [])]) or str(rows[0].status)


def timeline_table(
    rows: Sequence[TaskRow], order: Sequence[str], critical: Collection[TaskKey], limits: Limits
) -> tuple[Table, ...]:
    """Show a bar for each step, and for tasks of steps that have several: those that failed, that it hung on, the longest.

    Parameters
    ----------
    rows
        All tasks of a run, oldest first.
    order
        The names of the steps.
    critical
        The tasks that the run's duration hangs on.
    """
    if not rows:
        return ()
    now = now_ms()
    first, last = min(row.record.created_ms for row in rows), max(_end(row, now) for row in rows)
    scale = Scale(first, max(last, first + 1))
    by_step: dict[str, list[TaskRow]] = {name: [] for name in order}
    for row in rows:
        by_step.setdefault(row.record.step, []).append(row)
    lines: list[tuple[Cell, ...]] = []
    groups = [(name, some) for name, some in by_step.items() if some]
    several = sum(len(some) for _, some in groups if len(some) > 1)
    space = max(limits.rows - len(groups), 0)
    shown = 0
    for name, some in groups:
        lines.append(_step_line(name, some, critical, scale, limits, now))
        if len(some) > 1:
            chosen = _chosen(some, critical, max(space * len(some) // max(several, 1), 2), now)
            shown += len(chosen)
            lines += [_task_line(row, critical, scale, limits, now) for row in chosen]
    note = f"{duration_text(last - first)} in all"
    if shown < several:
        note += f"; {shown_of_total(shown, several)} tasks of steps with several"
    columns = ("step", "task", "timeline", "waited", "duration", "elapsed", "attempts", "path")
    return (without_empty_columns(Table("Timeline", columns, tuple(lines), note), keep=1),)


class Scale:
    """From milliseconds to parts of a bar.

    Parameters
    ----------
    first, last
        What the bar spans.
    """

    def __init__(self, first: int, last: int) -> None:
        self.first, self.length = first, last - first

    def __call__(self, ms: int) -> float:
        """Return the part of the bar before a moment."""
        return (ms - self.first) / self.length


def _chosen(rows: Sequence[TaskRow], critical: Collection[TaskKey], limit: int, now: int) -> list[TaskRow]:
    """Return the tasks worth a line, as they began: those that did not simply succeed, the critical, the longest."""

    def weight(row: TaskRow) -> tuple[bool, bool, int]:
        return row.status == "completed", row.record.key not in critical, row.record.created_ms - _end(row, now)

    chosen = sorted(rows, key=weight)[:limit]
    return sorted(chosen, key=lambda row: row.record.created_ms)


def _step_line(
    name: str, rows: Sequence[TaskRow], critical: Collection[TaskKey], scale: Scale, limits: Limits, now: int
) -> tuple[Cell, ...]:
    step = step_timing(rows[0].record.run, name, rows)
    facts = STEPS.raw(step)
    durations = (duration(facts["duration"]), duration(facts["elapsed"]))
    if len(rows) == 1:  # the line of its task, with the times of the step
        _, task, bar, waited, _, _, *more = _task_line(rows[0], critical, scale, limits, now)
        return (limits.code(name), task, bar, waited, *durations, *more)
    begin = rows[0].record.created_ms if step.started_ms is None else step.started_ms
    end = max(_end(row, now) for row in rows)
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
    """Return the waiting before the first attempt, and each attempt in the colour of what became of it."""
    found = []
    at = row.record.created_ms
    attempts = row.attempt_rows
    for attempt in attempts:
        begin = attempt.started_ms or at
        end = attempt.finished_ms or (_end(row, now) if attempt is attempts[-1] else begin)
        if begin > at:
            found.append(Segment("waiting", scale(at), scale(begin)))
        found.append(Segment(str(attempt.status), scale(begin), scale(max(end, begin))))
        at = max(end, begin)
    if not row.attempts and row.status == "running":
        found.append(Segment("waiting", scale(at), scale(now)))
    return found


def _end(row: TaskRow, now: int) -> int:
    return now if row.status == "running" and row.finished_ms is None else row.last_activity_ms
