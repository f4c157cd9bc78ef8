"""Tables of runs, steps, tasks and artifacts in displays."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any

from mfwidgets.queries.artifact_rows import ArtifactRow
from mfwidgets.queries.rows import RunRow, TaskRow
from mfwidgets.queries.step_timings import step_timing
from mfwidgets.render.view import EMPTY, Cell, Segment, Table
from mfwidgets.schema import ARTIFACTS, RUNS, STEPS, TASKS
from mfwidgets.views.cells import Limits, count, duration, items_text, size, time, zoned

_MAX_COUNTED = 1000
"""A table counts at most this many artifacts, since counting reads them. Above, its note says "the first"."""


def runs_table(rows: Sequence[RunRow], limits: Limits, note: str, *, whole: bool = False) -> Table:
    """Show runs, newest first, with bars for their durations, and reasons if any run did not complete.

    Parameters
    ----------
    whole
        Show whole pathspecs and no bars, for runs of several flows.
    """
    columns = ("run", "status", zoned("started"), "duration", "elapsed", "relative", "user", "user tags", "why")
    longest = max((row.duration_ms or 0 for row in rows), default=0)
    cells = tuple(
        (
            limits.object(facts["pathspec" if whole else "run_id"], facts["pathspec"]),
            limits.status(row.status),
            time(facts["started_at"]),
            duration(facts["duration"]),
            duration(facts["elapsed"]),
            EMPTY if whole else _share(row, longest),
            limits.text(facts["user"]),
            limits.tag_list(facts["user_tags"], limits.tags),
            EMPTY if row.status == "completed" else Cell(limits.text(_short_reason(row)).text, "dim"),
        )
        for row, facts in ((row, RUNS.raw(row)) for row in rows)
    )
    return without_empty_columns(Table("Runs", columns, cells, note), keep=0)


def _share(row: RunRow, longest: int) -> Cell:
    """Show a duration as a share of the longest."""
    if not longest or row.duration_ms is None:
        return EMPTY
    share = max(row.duration_ms / longest, 0.0)
    return Cell("", "spark", f"{share:.0%} of the longest", segments=(Segment(str(row.status), 0.0, share),))


def _short_reason(row: RunRow) -> str:
    """Return the reason without the run's pathspec, which the row has already."""
    return row.status.reason.removeprefix(f"{row.pathspec}/")


def steps_table(
    rows: Sequence[TaskRow],
    order: Sequence[str],
    limits: Limits,
    nodes: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Table:
    """Show steps in the order of the graph, then other steps by time.

    With the nodes of the graph, the table also has the steps that did not run, and the next steps.
    """
    by_step: dict[str, list[TaskRow]] = {name: [] for name in order if name in nodes}
    for row in sorted(rows, key=lambda row: row.record.created_ms):
        by_step.setdefault(row.record.step, []).append(row)
    place = {name: number for number, name in enumerate(order)}
    groups = sorted(by_step.items(), key=lambda item: place.get(item[0], len(place)))
    shown = groups[: limits.rows]
    table = Table(
        "Steps",
        ("step", "status", "tasks", zoned("started"), "duration", "elapsed", "next"),
        tuple((*_step_cells(name, group, limits), _next(nodes.get(name, {}), limits)) for name, group in shown),
        shown_of_total(len(shown), len(groups)),
    )
    return without_empty_columns(table, keep=0, always=(zoned("started"), "duration"))


def _next(node: Mapping[str, Any], limits: Limits) -> Cell:
    following = ", ".join(str(name) for name in node.get("next") or ())
    kind = str(node.get("type", "")).partition("-")[2]
    return limits.text(f"{following} ({kind})" if kind and following else following)


def _step_cells(name: str, rows: Sequence[TaskRow], limits: Limits) -> tuple[Cell, ...]:
    if not rows:  # not reached, or a branch that a switch did not take
        return limits.code(name), Cell("not run", "dim"), Cell("0"), EMPTY, EMPTY, EMPTY
    step = step_timing(rows[0].record.run, name, rows)
    facts = STEPS.raw(step)
    return (
        limits.object(facts["step"], facts["pathspec"]),
        limits.status(step.status),
        _status_counts(facts["task_count"], facts["task_statuses"], facts["planned_tasks"]),
        time(facts["started_at"]),
        duration(facts["duration"]),
        duration(facts["elapsed"]),
    )


def _status_counts(number: int, statuses: Mapping[str, int], planned: int) -> Cell:
    """Show the number of tasks, of how many planned ones, and the numbers by status if statuses differ."""
    words = f"{number:,} of {planned:,}" if planned > number else f"{number:,}"
    parts = [f"{count:,} {status}" for status, count in statuses.items()] if len(statuses) > 1 else []
    parts += [f"{planned - number:,} not started"] if parts and planned > number else []
    return Cell(f"{words}: {', '.join(parts)}" if parts else words, value=str(number))


def tasks_table(
    rows: Sequence[TaskRow], limits: Limits, note: str, heading: str = "Tasks", errors: Mapping[str, str] | None = None
) -> Table:
    """Show tasks. Columns such as the foreach item appear only if a task has a value.

    Parameters
    ----------
    errors
        Errors by pathspec, shown instead of the reason of the status.
    """
    foreach = any(row.foreach_index is not None for row in rows)
    several_steps = len({row.record.step for row in rows}) > 1
    columns = ["task", "status", zoned("started"), "duration", "elapsed", "attempts", "earlier attempts", "why"]
    columns[1:1] = ["item"] if foreach else []
    columns[0:0] = ["step"] if several_steps else []
    cells = []
    for row in rows:
        facts = TASKS.raw(row)
        line = [
            limits.object(facts["task_id"], facts["pathspec"]),
            limits.status(row.status),
            time(facts["started_at"]),
            duration(facts["duration"]),
            duration(facts["elapsed"]),
            count(facts["attempts"]),
            duration(facts["earlier_attempts"]),
            _why(row, errors or {}, limits),
        ]
        line[1:1] = [_item(row, limits)] if foreach else []
        line[0:0] = [limits.code(facts["step"])] if several_steps else []
        cells.append(tuple(line))
    table = Table(heading, tuple(columns), tuple(cells), note)
    return without_empty_columns(table, keep=0, always=(zoned("started"), "duration", "attempts"))


def _why(row: TaskRow, errors: Mapping[str, str], limits: Limits) -> Cell:
    if row.status == "completed":
        return EMPTY
    return Cell(limits.text(errors.get(row.pathspec) or row.status.reason).text, "dim")


def _item(row: TaskRow, limits: Limits) -> Cell:
    if row.foreach_index is None:
        return EMPTY
    return limits.text(f"{row.foreach_index}  {items_text(row)}".rstrip())


def artifacts_part(
    rows: Iterable[ArtifactRow],
    limits: Limits,
    preview_by_name: Callable[[Sequence[ArtifactRow]], Mapping[str, Cell]] | None = None,
) -> tuple[Table, ...]:
    """Show the first artifacts, and count up to 1,000. Empty if there are no artifacts.

    Parameters
    ----------
    preview_by_name
        Returns previews of the shown artifacts, by name.
    """
    counted = list(islice(rows, _MAX_COUNTED))
    shown = counted[: limits.rows]
    note = shown_of_total(len(shown), len(counted) if len(counted) < _MAX_COUNTED else None)
    return (_artifacts_table(shown, limits, note, preview_by_name(shown) if preview_by_name else {}),) if shown else ()


def _artifacts_table(rows: Sequence[ArtifactRow], limits: Limits, note: str, previews: Mapping[str, Cell]) -> Table:
    several = len({row.task for row in rows}) > 1
    table = Table(
        "Artifacts",
        (*(("task",) if several else ()), "artifact", "type", "size", "sha", "holds"),
        tuple(
            (
                *((limits.object("/".join(row.task[2:]), "/".join(row.task)),) if several else ()),
                limits.object(facts["name"], facts["pathspec"]),
                limits.text(facts["type"] or ""),
                size(facts["size"]),
                Cell(limits.code(facts["sha"][:10]).text, "code", limits.text(facts["sha"]).text),
                previews.get(row.name, EMPTY),
            )
            for row, facts in ((row, ARTIFACTS.raw(row)) for row in rows)
        ),
        note,
    )
    return without_empty_columns(table, keep=len(table.columns) - 1)


def shown_of_total(shown: int, total: int | None) -> str:
    """Return a note such as "20 of 300". Empty if all are shown. A total of None means unknown."""
    if total is None:
        return f"the first {shown:,}"
    return f"{shown:,} of {total:,}" if shown < total else ""


def prioritize_tasks(rows: Sequence[TaskRow], limit: int) -> tuple[Sequence[TaskRow], str]:
    """Return the tasks to show, and a note. If not all fit, completed tasks come last."""
    if len(rows) <= limit:
        return rows, ""
    shown = sorted(rows, key=lambda row: row.status == "completed")[:limit]
    return shown, f"{shown_of_total(limit, len(rows))}; completed tasks come last"


def without_empty_columns(table: Table, keep: int, always: Sequence[str] = ()) -> Table:
    """Remove empty columns, except the first ``keep`` and those named in ``always``."""
    kept = [
        number
        for number, name in enumerate(table.columns)
        if number < keep or name in always or any(row[number].text or row[number].segments for row in table.rows)
    ]
    return Table(
        table.heading,
        tuple(table.columns[number] for number in kept),
        tuple(tuple(row[number] for number in kept) for row in table.rows),
        table.note,
    )
