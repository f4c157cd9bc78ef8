"""The columns of the explorer's table, and the text of their cells, as data for its script."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from mfwidgets.column_names import headings
from mfwidgets.queries.values.column_choice import is_numeric
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.value_columns import ARTIFACT_PREFIX
from mfwidgets.schema import DURATION, OBJECT, STATUS, TIME
from mfwidgets.times import duration_text, iso_text, time_text
from mfwidgets.views.cells import Limits, zoned
from mfwidgets.views.measures import measure_cells
from mfwidgets.widgets.explorer.known_runs import FACT_COLUMNS, KnownRun, needs_values

_LIMITS = Limits(chars=120)

_HEADINGS = {
    "run_id": "run", "started_at": "started", "finished_at": "finished", "stopped_at": "stopped",
    "user_tags": "user tags", "system_tags": "system tags", "origin_run_id": "resumed from",
}  # fmt: skip

_TIMES = {"run_id": "code", TIME: "time", DURATION: "number", STATUS: "status", OBJECT: "tags"}

Cell = list[str] | None
"""The text and the tooltip of a cell. None if its value has not been read yet."""


def column_headings(names: Sequence[str]) -> list[str]:
    """Return a heading for each column: short names for values, words for facts."""
    shown = headings(list(names))
    return [
        _LIMITS.text(heading).text if needs_values(name) else _fact_heading(name)
        for name, heading in zip(names, shown, strict=True)
    ]


def _fact_heading(name: str) -> str:
    heading = _HEADINGS.get(name, name)
    return zoned(heading) if FACT_COLUMNS[name].dtype == TIME else heading


def column_kind(name: str, values: Sequence[Any]) -> str:
    """Return how a column is shown: ``code``, ``status``, ``time``, ``tags``, ``number`` or ``text``."""
    if needs_values(name):
        return "number" if is_numeric(values) else "text"
    return _TIMES.get(name) or _TIMES.get(FACT_COLUMNS[name].dtype, "text")


def column_group(name: str) -> str:
    """Return the group of a column in the menu."""
    if not needs_values(name):
        return "facts"
    return "results" if name.startswith(ARTIFACT_PREFIX) else "parameters"


def row_cells(run: KnownRun, names: Sequence[str]) -> list[Cell]:
    """Return the cells of a run."""
    return [_cell(run, name) for name in names]


def _cell(run: KnownRun, name: str) -> Cell:
    if not run.knows(name):
        return None
    value = run.value(name)
    if name == "status":
        return [str(run.row.status), _LIMITS.text(run.row.status.reason).text]
    if value is None:
        return ["", ""]
    if isinstance(value, NotRead):
        return ["\u2026", _LIMITS.text(value.reason).text]
    return list(value_text(value, name))


def value_text(value: Any, name: str) -> tuple[str, str]:
    """Return the text and the tooltip of a value."""
    if needs_values(name):
        (cell,) = measure_cells([value], name, _LIMITS, bars=False)
        return cell.text, cell.title if cell.title != cell.text else ""
    if isinstance(value, datetime):
        ms = round(value.timestamp() * 1000)
        return time_text(ms), iso_text(ms)
    if isinstance(value, timedelta):
        return duration_text(round(value.total_seconds() * 1000)), ""
    if isinstance(value, list):
        text = _LIMITS.text(", ".join(map(str, value))).text
        return text, text
    return _LIMITS.text(str(value)).text, ""
