"""The table next to a timeline: the tasks that did not complete, those on the critical path, and the longest."""

from collections.abc import Collection, Sequence

from mfwidgets.providers.records import TaskKey
from mfwidgets.queries.rows import TaskRow
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.view import Table
from mfwidgets.schema import TASKS
from mfwidgets.times import now_ms
from mfwidgets.views.cells import Limits, count, duration, time, zoned
from mfwidgets.views.step_cells import RunFacts
from mfwidgets.views.tables import shown_of_total, without_empty_columns
from mfwidgets.views.task_bars import end_of_task, waited_ms


def notable_tasks(rows: Sequence[TaskRow], critical: Collection[TaskKey], limit: int) -> list[TaskRow]:
    """Return the most relevant tasks by creation time: not completed first, then critical, then longest."""
    now = now_ms()

    def weight(row: TaskRow) -> tuple[bool, bool, int]:
        return row.status == "completed", row.record.key not in critical, row.record.created_ms - end_of_task(row, now)

    known = [row for row in rows if not row.is_counted]  # others have no times
    return sorted(sorted(known, key=weight)[:limit], key=lambda row: row.record.created_ms)


def tasks_in_time(notable: Sequence[TaskRow], total: int, facts: RunFacts, limits: Limits) -> tuple[Table, ...]:
    """Show tasks with the times that their bars show. Empty if there are none."""
    if not notable:
        return ()
    lines = tuple(_line(row, facts, limits) for row in notable)
    note = shown_of_total(len(notable), total)
    note = f"{note}: not completed, critical or longest" if note else ""
    columns = (
        "step", "task", "item", "status", zoned("queued"), "waited", "duration", "elapsed", "attempts",
        "earlier attempts", "path",
    )  # fmt: skip
    return (without_empty_columns(Table("Tasks", columns, lines, note, folded=True, left_out=bool(note)), keep=2),)


def _line(row: TaskRow, facts: RunFacts, limits: Limits) -> tuple[Cell, ...]:
    values = TASKS.raw(row)
    critical = "critical" if row.record.key in facts.marks.critical else ""
    cloned = "cloned" if row.record.key in facts.marks.cloned else ""
    return (
        limits.code(values["step"]),
        limits.object(values["task_id"], values["pathspec"]),
        limits.text(facts.marks.item(row)),
        limits.status(row.status),
        time(values["created_at"]),
        duration(waited_ms(row)),
        duration(values["duration"]),
        duration(values["elapsed"]),
        count(values["attempts"]) if len(row.attempts) > 1 else EMPTY,
        duration(values["earlier_attempts"]),
        Cell(", ".join(filter(None, (critical, cloned))), "dim"),
    )
