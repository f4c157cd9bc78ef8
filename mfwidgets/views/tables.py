"""Tables of runs, steps, tasks, attempts and artifacts, as they stand in displays."""

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

_COUNTED = 1000
"""So many artifacts are counted for a table that shows some of them; above, it says "the first"."""


def runs_table(rows: Sequence[RunRow], limits: Limits, note: str, *, whole: bool = False) -> Table:
    """Show runs, newest first, their durations as bars too; why is told where any did not simply complete.

    Parameters
    ----------
    whole
        Name them by their whole pathspecs, for runs of several flows; their durations are not compared then.
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
            EMPTY if row.status == "completed" else Cell(limits.text(_within(row)).text, "dim"),
        )
        for row, facts in ((row, RUNS.raw(row)) for row in rows)
    )
    return without_empty_columns(Table("Runs", columns, cells, note), keep=0)


def _share(row: RunRow, longest: int) -> Cell:
    """Show a duration as a part of the longest; nothing where one run is all there is to compare."""
    if not longest or row.duration_ms is None:
        return EMPTY
    share = max(row.duration_ms / longest, 0.0)
    return Cell("", "spark", f"{share:.0%} of the longest", segments=(Segment(str(row.status), 0.0, share),))


def _within(row: RunRow) -> str:
    """Return the reason without the pathspec of the run, in whose row it stands."""
    return row.status.reason.removeprefix(f"{row.pathspec}/")


def steps_table(
    rows: Sequence[TaskRow],
    order: Sequence[str],
    limits: Limits,
    nodes: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Table:
    """Show the steps that tasks belong to, in the order of the graph; others after them, as they began.

    With the nodes of the graph it tells as well what kind of step each is and what comes next.
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
    if not rows:  # not reached, or a way that a switch did not take
        return limits.code(name), Cell("not run", "dim"), Cell("0"), EMPTY, EMPTY, EMPTY
    step = step_timing(rows[0].record.run, name, rows)
    facts = STEPS.raw(step)
    return (
        limits.object(facts["step"], facts["pathspec"]),
        limits.status(step.status),
        _status_counts(facts["task_count"], facts["task_statuses"]),
        time(facts["started_at"]),
        duration(facts["duration"]),
        duration(facts["elapsed"]),
    )


def _status_counts(number: int, statuses: Mapping[str, int]) -> Cell:
    """Count tasks; by status if they differ."""
    parts = ", ".join(f"{count:,} {status}" for status, count in statuses.items())
    return Cell(f"{number:,}: {parts}" if len(statuses) > 1 else f"{number:,}", value=str(number))


def tasks_table(
    rows: Sequence[TaskRow], limits: Limits, note: str, heading: str = "Tasks", errors: Mapping[str, str] | None = None
) -> Table:
    """Show tasks; what only some of them have, such as a foreach item, is a column only then.

    Parameters
    ----------
    errors
        What went wrong, by pathspec; told instead of the status's reason.
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
    held: Callable[[Sequence[ArtifactRow]], Mapping[str, Cell]] | None = None,
) -> tuple[Table, ...]:
    """Show the first artifacts by name, and count them as far as that is cheap; no table when there are none.

    Parameters
    ----------
    held
        Tells what those hold that are shown, by name.
    """
    known = list(islice(rows, _COUNTED))
    shown = known[: limits.rows]
    note = shown_of_total(len(shown), len(known) if len(known) < _COUNTED else None)
    return (_artifacts_table(shown, limits, note, held(shown) if held else {}),) if shown else ()


def _artifacts_table(rows: Sequence[ArtifactRow], limits: Limits, note: str, held: Mapping[str, Cell]) -> Table:
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
                held.get(row.name, EMPTY),
            )
            for row, facts in ((row, ARTIFACTS.raw(row)) for row in rows)
        ),
        note,
    )
    return without_empty_columns(table, keep=len(table.columns) - 1)


def shown_of_total(shown: int, total: int | None) -> str:
    """Say how much of a list is shown; nothing when all of it is. The total None means: more than these."""
    if total is None:
        return f"the first {shown:,}"
    return f"{shown:,} of {total:,}" if shown < total else ""


def prioritize_tasks(rows: Sequence[TaskRow], limit: int) -> tuple[Sequence[TaskRow], str]:
    """Choose the tasks to show, and say which: all where they fit, else those first that did not simply succeed."""
    if len(rows) <= limit:
        return rows, ""
    shown = sorted(rows, key=lambda row: row.status == "completed")[:limit]
    return shown, f"{shown_of_total(limit, len(rows))}; what did not succeed comes first"


def without_empty_columns(table: Table, keep: int, always: Sequence[str] = ()) -> Table:
    """Leave out the columns from number ``keep`` on that hold nothing, unless they are among those to keep always."""
    wanted = [
        number
        for number, name in enumerate(table.columns)
        if number < keep or name in always or any(row[number].text or row[number].segments for row in table.rows)
    ]
    return Table(
        table.heading,
        tuple(table.columns[number] for number in wanted),
        tuple(tuple(row[number] for number in wanted) for row in table.rows),
        table.note,
    )
