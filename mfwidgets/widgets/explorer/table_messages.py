"""The messages about the table for the script of the explorer, as plain data."""

from collections.abc import Container, Sequence
from typing import Any

from mfwidgets.column_names import short_name
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.expressions.parsing import parse_expression
from mfwidgets.queries.namespaces import namespaces_of
from mfwidgets.queries.values.column_choice import choose_columns
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX
from mfwidgets.queries.values.value_memory import is_secret_name
from mfwidgets.views.cells import Limits
from mfwidgets.widgets.explorer.column_facts import column_facts
from mfwidgets.widgets.explorer.filter_line import can_filter, has_column
from mfwidgets.widgets.explorer.known_runs import FACT_COLUMNS, MAX_SUMMARISED, KnownRuns
from mfwidgets.widgets.explorer.run_groups import Group, group_cell, group_label
from mfwidgets.widgets.explorer.table_cells import column_group, column_headings, column_kind, row_cells, value_text

FIRST_COLUMNS, LAST_COLUMNS = ("run_id", "status", "started_at", "duration"), ("user", "user_tags")
"""The facts that are shown unless the user chooses, before and after the values."""

_MAX_PARAMETERS, _MAX_RESULTS = 6, 8

_MAX_NAMES = 300
"""Columns that the menu offers. No table has more."""

_LIMITS = Limits(chars=200)


def chosen_columns(runs: KnownRuns, wanted: Sequence[str], sorted_by: Sequence[str], where: str) -> list[str]:
    """Return the names of the columns of the table: those that the user chose, or those that say most.

    Results come before parameters, so that they are in view next to an open run. A column by which the table is sorted or
    filtered stays, also if it does not vary any more.
    """
    if wanted:
        return list(dict.fromkeys(_full_name(name, runs) for name in wanted[:_MAX_NAMES]))
    columns = runs.columns_of_values(range(min(len(runs.runs), MAX_SUMMARISED)))
    named = dict.fromkeys([*sorted_by, *(_full_name(name, runs) for name in _filtered_names(where))])
    first = [name for name in named if name in columns]
    names = choose_columns(columns, first, _MAX_PARAMETERS, _MAX_RESULTS).names
    chosen = sorted(names, key=lambda name: not name.startswith(ARTIFACT_PREFIX))
    facts = [name for name in sorted_by if name in FACT_COLUMNS and name not in (*FIRST_COLUMNS, *LAST_COLUMNS)]
    last = [name for name in LAST_COLUMNS if name in named or _varies(runs, name)]
    return [*FIRST_COLUMNS, *facts, *chosen, *last]


def _filtered_names(where: str) -> list[str]:
    try:
        return list(parse_expression(where).value_terms)
    except MetaflowInvalidArgument:  # the table shows the problem
        return []


def _full_name(name: str, runs: KnownRuns) -> str:
    """Return the full name of a column, if a short one is clear."""
    if name in FACT_COLUMNS or name in runs.names:
        return name
    matching = [full for full in runs.names if short_name(full) == name]
    return matching[0] if len(matching) == 1 else name


def _varies(runs: KnownRuns, name: str) -> bool:
    values = runs.column(name, range(min(len(runs.runs), MAX_SUMMARISED)))
    return any(value != values[0] for value in values)


def columns_message(
    runs: KnownRuns, names: Sequence[str], sort: Sequence[tuple[str, bool]], where: str
) -> dict[str, Any]:
    """Return the columns with their headers, and how many runs there are."""
    newest = range(min(len(runs.runs), MAX_SUMMARISED))
    return {
        "columns": [
            _column(runs, name, heading, newest, where)
            for name, heading in zip(names, column_headings(names), strict=True)
        ],
        "available": _available(runs, names),
        "loaded": len(runs.runs),
        "total": len(runs.runs) if runs.complete or runs.total is None else max(runs.total, len(runs.runs)),
        "complete": runs.complete,
        "notes": list(runs.notes),
        "namespaces": _namespaces(runs, newest),
        "known": sum(run.values is not None for run in runs.runs),
        "sort": [[name, rises] for name, rises in sort],
    }


def _column(runs: KnownRuns, name: str, heading: str, newest: range, where: str) -> dict[str, Any]:
    values = runs.column(name, newest)
    return {
        "name": name,
        "heading": heading,
        "kind": column_kind(name, values),
        "group": column_group(name),
        "filters": can_filter(name),
        "filtered": _is_filtered(where, name, list(runs.names)),
        "facts": column_facts(name, values),
    }


def _namespaces(runs: KnownRuns, newest: range) -> list[str]:
    return sorted({name for place in newest for name in namespaces_of(runs.runs[place].row.record)})[:_MAX_NAMES]


def _is_filtered(where: str, name: str, names: Sequence[str]) -> bool:
    try:
        return has_column(where, name, names)
    except MetaflowInvalidArgument:  # the table shows the problem
        return False


def _available(runs: KnownRuns, names: Sequence[str]) -> list[list[str]]:
    """Return the name, the heading and the group of each column that can be shown."""
    values = [name for name in runs.names if not is_secret_name(name)]
    offered = list(dict.fromkeys([*FACT_COLUMNS, *names, *values]))[:_MAX_NAMES]
    return [
        [name, heading, column_group(name)] for name, heading in zip(offered, column_headings(offered), strict=True)
    ]


def rows_message(
    runs: KnownRuns, names: Sequence[str], start: int, stop: int, group: str = "", folded: Container[str] = ()
) -> dict[str, Any]:
    """Return a page of rows: the pathspec, the id and the cells of each run.

    The row of a group has no pathspec, and its key, its number of runs and whether they are shown.
    """
    rows = [
        _run_row(runs, names, line) if isinstance(line, int) else _group_row(runs, names, line, group, folded)
        for line in runs.rows(start, stop)
    ]
    return {"start": start, "rows": rows, "lines": runs.row_count}


def pinned_message(runs: KnownRuns, names: Sequence[str], pathspecs: Container[str]) -> list[list[Any]]:
    """Return the rows of the pinned runs."""
    return [_run_row(runs, names, place) for place in runs.places_of(pathspecs)]


def _run_row(runs: KnownRuns, names: Sequence[str], place: int) -> list[Any]:
    run = runs.runs[place]
    return [run.row.pathspec, _LIMITS.text(run.row.record.run_id).text, row_cells(run, names)]


def _group_row(runs: KnownRuns, names: Sequence[str], line: Group, column: str, folded: Container[str]) -> list[Any]:
    cells = [group_cell(name, runs.column(name, line.places)) if name != column else ["", ""] for name in names]
    label = group_label(line, lambda value: value_text(value, column)[0])
    cells[:1] = [[label, label]]
    return ["", label, cells, {"key": line.key, "count": len(line.places), "open": line.key not in folded}]
