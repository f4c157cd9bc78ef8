"""Tables of runs, steps, tasks and artifacts in displays."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import Any

from mfwidgets.queries.artifact_rows import ArtifactRow
from mfwidgets.queries.rows import RunRow, TaskRow
from mfwidgets.queries.run_snapshot import RunSnapshot
from mfwidgets.queries.step_timings import step_timing
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.view import Table
from mfwidgets.schema import ARTIFACTS, RUNS, STEPS, TASKS
from mfwidgets.views.cells import Limits, age, count, duration, items_text, moment, size, zoned
from mfwidgets.views.short_ids import short_ids

_MAX_COUNTED = 1000
"""A table counts at most this many artifacts, since counting reads them. Above, its note says "the first"."""


def flows_runs_table(
    rows: Sequence[RunRow], limits: Limits, note: str, heading: str = "Runs", *, folded: bool = False
) -> Table:
    """Show runs of several flows, newest first, with reasons if any run did not complete."""
    columns = ("flow", "run", "status", zoned("started"), "duration", "elapsed", "user", "user tags", "why")
    cells = tuple(
        (
            limits.code(facts["flow"]),
            run,
            limits.status(row.status),
            age(facts["started_at"], row.asked_ms),
            duration(facts["duration"]),
            duration(facts["elapsed"]),
            limits.text(facts["user"]),
            limits.tag_list(facts["user_tags"], limits.tags),
            EMPTY if row.status == "completed" else Cell(limits.text(_short_reason(row)).text, "dim"),
        )
        for row, facts, run in zip(rows, map(RUNS.raw, rows), short_ids(rows, limits), strict=True)
    )
    spare = ("user tags", "user", "elapsed", "duration", zoned("started"))
    return without_empty_columns(Table(heading, columns, cells, note, folded, spare=spare, left_out=bool(note)), keep=0)


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
        left_out=len(shown) < len(groups),
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
        status_counts(facts["task_count"], facts["task_statuses"], facts["planned_tasks"]),
        moment(facts["started_at"]),
        duration(facts["duration"]),
        duration(facts["elapsed"]),
    )


def status_counts(number: int, statuses: Mapping[str, int], planned: int) -> Cell:
    """Show the number of tasks, of how many planned ones, and the numbers by status if statuses differ."""
    words = f"{number:,} of {planned:,}" if planned > number else f"{number:,}"
    parts = [f"{count:,} {status}" for status, count in statuses.items()] if len(statuses) > 1 else []
    parts += [f"{planned - number:,} not started"] if parts and planned > number else []
    return Cell(f"{words}: {', '.join(parts)}" if parts else words, value=str(number))


def tasks_table(
    rows: Sequence[TaskRow],
    limits: Limits,
    note: str,
    heading: str = "Tasks",
    errors: Mapping[str, str] | None = None,
    items: Mapping[str, str] | None = None,
) -> Table:
    """Show tasks. Columns such as the foreach item appear only if a task has a value, attempts only if any was repeated.

    Parameters
    ----------
    errors
        Errors by pathspec, shown instead of the reason of the status.
    items
        Labels of items by pathspec, shown instead of what metadata has of them.
    """
    foreach = any(row.foreach_index is not None for row in rows)
    several_steps = len({row.record.step for row in rows}) > 1
    repeated = any(len(row.attempts) > 1 for row in rows)
    columns = ["task", "status", zoned("started"), "duration", "elapsed", "attempts", "earlier attempts", "why"]
    columns[1:1] = ["item"] if foreach else []
    columns[0:0] = ["step"] if several_steps else []
    cells = []
    for row in rows:
        facts = TASKS.raw(row)
        line = [
            limits.object(facts["task_id"], facts["pathspec"]),
            limits.status(row.status),
            moment(facts["started_at"]),
            duration(facts["duration"]),
            duration(facts["elapsed"]),
            count(facts["attempts"]) if repeated else EMPTY,
            duration(facts["earlier_attempts"]),
            why_cell(row, errors or {}, limits),
        ]
        line[1:1] = [_item(row, items or {}, limits)] if foreach else []
        line[0:0] = [limits.code(facts["step"])] if several_steps else []
        cells.append(tuple(line))
    table = Table(heading, tuple(columns), tuple(cells), note, left_out=bool(note))
    return without_empty_columns(table, keep=0, always=(zoned("started"), "duration"))


def why_cell(row: TaskRow, errors: Mapping[str, str], limits: Limits) -> Cell:
    """Show the exception of a task that did not complete. If it is unknown, show the reason of the status."""
    if row.status == "completed":
        return EMPTY
    return Cell(limits.text(errors.get(row.pathspec) or row.status.reason).text, "dim")


def _item(row: TaskRow, items: Mapping[str, str], limits: Limits) -> Cell:
    if row.foreach_index is None:
        return EMPTY
    return limits.text(f"{row.foreach_index}  {items.get(row.pathspec) or items_text(row)}".rstrip())


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
        (*(("task",) if several else ()), "artifact", "holds", "type", "size", "sha"),
        tuple(
            (
                *((limits.object("/".join(row.task[2:]), "/".join(row.task)),) if several else ()),
                limits.object(facts["name"], facts["pathspec"]),
                previews.get(row.name, EMPTY),
                limits.text(facts["type"] or ""),
                size(facts["size"]),
                Cell(limits.code(facts["sha"][:10]).text, "code", limits.text(facts["sha"]).text),
            )
            for row, facts in ((row, ARTIFACTS.raw(row)) for row in rows)
        ),
        note,
        left_out=bool(note),
    )
    return without_empty_columns(table, keep=1, always=("artifact", "type", "size", "sha"))


def shown_of_total(shown: int, total: int | None) -> str:
    """Return a note such as "20 of 300". Empty if all are shown. A total of None means unknown."""
    if total is None:
        return f"the first {shown:,}"
    return f"{shown:,} of {total:,}" if shown < total else ""


def outline_notes(snapshot: RunSnapshot) -> tuple[str, ...]:
    """Say that the details of most tasks of a very large run were not read."""
    if not snapshot.counted:
        return ()
    read = len(snapshot.tasks) - len(snapshot.counted)
    shown = f"Counts only: {len(snapshot.tasks):,} tasks, of which {read:,} were read in detail."
    return (f"{shown} The others have no times here, and count as completed if @catch handled their failure.",)


def prioritize_tasks(rows: Sequence[TaskRow], limit: int) -> tuple[Sequence[TaskRow], str]:
    """Return the tasks to show, and a note. If not all fit, completed tasks come last."""
    if len(rows) <= limit:
        return rows, ""
    shown = sorted(rows, key=lambda row: row.status == "completed")[:limit]
    return shown, f"{shown_of_total(limit, len(rows))}; completed tasks come last"


def _has_content(cell: Cell) -> bool:
    return bool(cell.text or cell.segments or cell.levels or cell.runs)


def without_empty_columns(table: Table, keep: int, always: Sequence[str] = ()) -> Table:
    """Remove empty columns, except the first ``keep`` and those named in ``always``."""
    kept = [
        number
        for number, name in enumerate(table.columns)
        if number < keep or name in always or any(_has_content(row[number]) for row in table.rows)
    ]
    return replace(
        table,
        columns=tuple(table.columns[number] for number in kept),
        rows=tuple(tuple(row[number] for number in kept) for row in table.rows),
        pathspecs=tuple(table.pathspecs[number] for number in kept) if table.pathspecs else (),
    )
