"""The table and the facts of a sweep: items, results, durations and what failed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mfwidgets.column_names import headings
from mfwidgets.queries.lineage.item_words import value_words
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.view import Table
from mfwidgets.schema import TASKS
from mfwidgets.views.cells import Limits, count, duration, moment, zoned
from mfwidgets.views.measures import duration_measure, measure_cells
from mfwidgets.views.sweep import Sweep, best_words, shown_first
from mfwidgets.views.tables import shown_of_total, why_cell, without_empty_columns

_MAX_SAME = 4
"""At most this many parts that are equal for all items are shown."""


def shown_places(sweep: Sweep, limit: int) -> list[int]:
    """Return the places of the tasks that a table shows: those that failed, and the best."""
    places = {row.record.key: place for place, row in enumerate(sweep.rows)}
    return [places[row.record.key] for row in shown_first(sweep.rows, limit)]


def sweep_tables(sweep: Sweep, total: int, limits: Limits, errors: Mapping[str, str]) -> tuple[Table, ...]:
    """Show the tasks that did not complete with the reasons, and the others with their results.

    Two tables are narrower than one: reasons are long, and completed tasks have none.

    Parameters
    ----------
    sweep
        The tasks with their values.
    total
        The number of tasks of the step.
    limits
        The limits of the display.
    errors
        The exceptions of tasks, by pathspec.
    """
    places = shown_places(sweep, limits.rows)
    failed = [place for place in places if sweep.rows[place].status not in _WITHOUT_REASON]
    others = [place for place in places if place not in set(failed)]
    note = shown_of_total(len(places), total)
    best = sweep.best_by.removeprefix(ARTIFACT_PREFIX) if sweep.best_by and sweep.has_all else ""
    words = filter(None, (note, limits.text(f"the best {best} first").text if best else ""))
    tables = []
    if failed:
        many = sum(row.status not in _WITHOUT_REASON for row in sweep.rows)
        heading, shown = "Tasks that did not complete", shown_of_total(len(failed), many)
        table = _table(heading, shown if others else note, sweep, failed, limits, errors)
        tables.append(replace(table, left_out=bool(table.note)))
    if others:
        table = _table("Other tasks" if failed else "Tasks", "; ".join(words), sweep, others, limits, {})
        tables.append(replace(table, left_out=bool(note)))
    return tuple(tables)


_WITHOUT_REASON = ("completed", "running")


def _table(
    heading: str, note: str, sweep: Sweep, places: Sequence[int], limits: Limits, errors: Mapping[str, str]
) -> Table:
    """Show tasks with their items and results. A column without content is left out."""
    rows = [sweep.rows[place] for place in places]
    longest = max((row.duration_ms or 0 for row in sweep.rows), default=0)
    several = any(len(row.attempts) > 1 for row in rows)
    columns = [
        ("task", [limits.object(row.record.task_id, row.pathspec) for row in rows]),
        ("index", [_index(row) for row in rows]),
        ("status", [limits.status(row.status) for row in rows]),
    ]
    for name, heading_of_values in zip(sweep.names, headings(list(sweep.names)), strict=True):
        columns.append((limits.text(heading_of_values).text, _cells(sweep, name, places, limits)))
    if not sweep.names:
        columns.append((zoned("started"), [moment(TASKS.raw(row)["started_at"]) for row in rows]))
    columns += [
        ("duration", [duration_measure(row, longest) for row in rows]),
        ("elapsed", [duration(row.elapsed_ms) for row in rows]),
        ("attempts", [count(len(row.attempts)) if several else EMPTY for row in rows]),
        ("earlier attempts", [duration(row.earlier_attempts_ms) for row in rows]),
        ("why", [EMPTY if row.status == "running" else why_cell(row, errors, limits) for row in rows]),
    ]
    cells = tuple(zip(*(cells for _, cells in columns), strict=True))
    return without_empty_columns(Table(heading, tuple(name for name, _ in columns), cells, note, sticky=True), keep=0)


def sweep_facts(sweep: Sweep, limits: Limits) -> list[tuple[str, Cell]]:
    """Show the best result with its item, what all items share, and the beginnings that were left out of texts."""
    short = dict(zip(sweep.names, headings(list(sweep.names)), strict=True))
    facts = [(limits.text(f"best {short.get(sweep.best_by, '')}").text, limits.text(best_words(sweep)))]
    same = [f"{_part(name)} {value_words(value)}".strip() for name, value in sweep.same.items()]
    facts.append(("all items", limits.text(", ".join(same[:_MAX_SAME] + ["…"] * (len(same) > _MAX_SAME)))))
    facts += [
        (limits.text(f"each {short[name]} begins with").text, limits.code(beginning))
        for name, beginning in sweep.beginnings.items()
    ]
    return [(label, cell) for label, cell in facts if cell.text]


def _part(name: str) -> str:
    return name.partition(".")[2]


def _index(row: TaskRow) -> Cell:
    """Show the places of a task in its foreaches, the outermost first."""
    indexes = [level.rpartition(":")[2] for level in row.item.path]
    if len(indexes) == 1 and row.foreach_index is not None:
        return Cell(f"{row.foreach_index:,}", "number", value=str(row.foreach_index))
    return Cell("/".join(indexes)[:40], "text")


def _cells(sweep: Sweep, name: str, places: Sequence[int], limits: Limits) -> list[Cell]:
    is_result = name.startswith(ARTIFACT_PREFIX)
    cells = measure_cells(sweep.columns[name], name, limits, is_result=is_result)
    shown = [cells[place] for place in places]
    if not sweep.has_all:  # the best of some is not the best
        shown = [replace(cell, mark="", title=cell.value or cell.title) if cell.mark else cell for cell in shown]
    return shown
