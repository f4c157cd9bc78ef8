"""Rows into DataFrames and dicts: one schema for each kind of row, with fixed dtypes, also when there is no row.

Times are UTC-aware, durations timedeltas, numbers that may be missing are nullable. Columns of values, which differ from
table to table, come after those of the schema.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mfwidgets.errors import warn_of_values
from mfwidgets.queries.status.rules import STATUSES
from mfwidgets.queries.values.reading import NotRead

if TYPE_CHECKING:
    import pandas as pd

TEXT, STATUS, TIME, DURATION, COUNT, OBJECT = (
    "string", "status", "time", "duration", "Int64", "object",
)  # fmt: skip

Values = Mapping[str, Sequence[Any]]
"""Columns of values by name, a value or a :class:`NotRead` for each row; None where there is none."""

_LARGEST, _EXACT = 2**63, 2**53


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A kind of table.

    Attributes
    ----------
    columns
        Names, with what they hold.
    cells
        From a row to its cells; times and durations in milliseconds.
    """

    columns: Mapping[str, str]
    cells: Callable[[Any], tuple[Any, ...]]


FLOWS = TableSchema(
    {"flow": TEXT, "latest_run": TEXT, "status": STATUS, "started_at": TIME, "user": TEXT},
    lambda row: (row.flow, *_latest(row.latest)),
)


def _latest(row: Any) -> tuple[Any, ...]:
    return (row.pathspec, str(row.status), row.started_ms, row.record.user) if row else (None,) * 4


RUNS = TableSchema(
    {
        "pathspec": TEXT,
        "flow": TEXT,
        "run_id": TEXT,
        "status": STATUS,
        "created_at": TIME,
        "started_at": TIME,
        "finished_at": TIME,
        "duration": DURATION,
        "user": TEXT,
        "user_tags": OBJECT,
        "system_tags": OBJECT,
        "origin_run_id": TEXT,
    },
    lambda row: (
        row.pathspec,
        row.record.flow,
        row.record.run_id,
        str(row.status),
        row.record.created_ms,
        row.started_ms,
        row.finished_ms,
        row.duration_ms,
        row.record.user,
        sorted(row.record.user_tags),
        sorted(row.record.system_tags),
        row.origin_run_id,
    ),
)
TASKS = TableSchema(
    {
        "pathspec": TEXT,
        "step": TEXT,
        "task_id": TEXT,
        "status": STATUS,
        "attempt": COUNT,
        "attempts": COUNT,
        "created_at": TIME,
        "started_at": TIME,
        "finished_at": TIME,
        "duration": DURATION,
        "foreach_index": COUNT,
        "foreach_value": TEXT,
        "runtime": TEXT,
    },
    lambda row: (
        row.pathspec,
        row.record.step,
        row.record.task_id,
        str(row.status),
        row.attempt,
        len(row.attempts),
        row.record.created_ms,
        row.started_ms,
        row.finished_ms,
        row.duration_ms,
        row.foreach_index,
        row.foreach_value,
        row.runtime,
    ),
)
ARTIFACTS = TableSchema(
    {
        "pathspec": TEXT,
        "step": TEXT,
        "task_id": TEXT,
        "attempt": COUNT,
        "name": TEXT,
        "type": TEXT,
        "size": COUNT,
        "sha": TEXT,
        "encoding": TEXT,
    },
    lambda row: (row.pathspec, *row.task[2:], row.attempt, row.name, row.type, row.size, row.sha, row.encoding),
)
EVENTS = TableSchema(
    {
        "pathspec": TEXT,
        "step": TEXT,
        "task_id": TEXT,
        "attempt": COUNT,
        "name": TEXT,
        "value": TEXT,
        "type": TEXT,
        "created_at": TIME,
    },
    lambda row: (
        row.pathspec,
        row.record.step,
        row.record.task_id,
        row.record.attempt,
        row.record.field,
        None if row.record.value is None else str(row.record.value),
        row.record.type,
        row.record.created_ms,
    ),
)
LOG_LINES = TableSchema(
    {"time": TIME, "line": COUNT, "stream": TEXT, "message": TEXT},
    lambda row: (_log_time_ms(row[1].time), row[0], row[1].stream, row[1].message),
)
TIMINGS = TableSchema(
    {
        "pathspec": TEXT,
        "run_id": TEXT,
        "step": TEXT,
        "status": STATUS,
        "tasks": COUNT,
        "started_at": TIME,
        "finished_at": TIME,
        "duration": DURATION,
        "task_time": DURATION,
        "longest_task": DURATION,
    },
    lambda row: (
        row.pathspec,
        row.run.run_id,
        row.step,
        str(row.status),
        row.tasks,
        row.started_ms,
        row.finished_ms,
        row.duration_ms,
        row.task_ms,
        row.longest_ms,
    ),
)

DIFFERENCES = TableSchema(
    {"section": TEXT, "step": TEXT, "name": TEXT, "note": TEXT},
    lambda row: (row.section, row.step, row.name, row.note),
)

SCHEMAS = {
    "flows": FLOWS,
    "runs": RUNS,
    "tasks": TASKS,
    "artifacts": ARTIFACTS,
    "events": EVENTS,
    "log lines": LOG_LINES,
    "timings": TIMINGS,
    "differences": DIFFERENCES,
}


def to_frame(kind: str, rows: Sequence[Any], values: Values | None = None) -> "pd.DataFrame":
    """Return a table with the columns of a kind, and of values.

    Warns
    -----
    ValuesNotRead
        Values were too large or no plain ones; they are missing.
    """
    import pandas as pd

    columns = SCHEMAS[kind].columns
    cells = list(zip(*map(SCHEMAS[kind].cells, rows), strict=True)) if rows else [()] * len(columns)
    found = {name: _column(list(some), what) for (name, what), some in zip(columns.items(), cells, strict=True)}
    for name, some in (values or {}).items():
        found[name] = _value_column([None if isinstance(value, NotRead) else value for value in some])
    _warn_of_unread(values or {})
    return pd.DataFrame(found)


def to_dicts(kind: str, rows: Sequence[Any], values: Values | None = None) -> list[dict[str, Any]]:
    """Return the same facts as plain data: a dict for each row, with aware datetimes and timedeltas; no pandas."""
    columns = SCHEMAS[kind].columns
    found = []
    for number, row in enumerate(rows):
        cells = zip(columns.items(), SCHEMAS[kind].cells(row), strict=True)
        facts = {name: _plain(cell, what) for (name, what), cell in cells}
        for name, some in (values or {}).items():
            facts[name] = None if isinstance(some[number], NotRead) else some[number]
        found.append(facts)
    _warn_of_unread(values or {})
    return found


def _plain(cell: Any, what: str) -> Any:
    if cell is not None and what == TIME:
        return datetime.fromtimestamp(cell / 1000, UTC)
    if cell is not None and what == DURATION:
        return timedelta(milliseconds=cell)
    return cell


def _column(values: list[Any], what: str) -> "pd.Series[Any]":
    import pandas as pd

    if what == TIME:
        milliseconds = pd.Series(values, dtype="Int64")
        return pd.to_datetime(milliseconds, unit="ms", utc=True).astype("datetime64[ms, UTC]")
    if what == DURATION:
        return pd.to_timedelta(pd.Series(values, dtype="Int64"), unit="ms").astype("timedelta64[ms]")
    if what == STATUS:
        return pd.Series(pd.Categorical(values, categories=STATUSES))
    try:
        return pd.Series(values, dtype=what)
    except UnicodeEncodeError:
        readable = [one.encode("utf-8", "replace").decode() if isinstance(one, str) else one for one in values]
        return pd.Series(readable, dtype=what)


def _value_column(values: list[Any]) -> "pd.Series[Any]":
    """Return values in the narrowest dtype that keeps them: numbers and texts as such, anything else as objects."""
    import numpy as np
    import pandas as pd

    present = [value.item() if isinstance(value, np.generic) else value for value in values if value is not None]
    kinds = {type(value) for value in present}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds == {int} and all(-_LARGEST <= value < _LARGEST for value in present):
        return pd.Series(values, dtype="Int64")
    # Of other whole numbers a float keeps those up to 2**53.
    if (
        float in kinds
        and kinds <= {int, float}
        and all(isinstance(one, float) or abs(one) <= _EXACT for one in present)
    ):
        return pd.Series(values, dtype="float64")
    if kinds == {str}:
        try:
            return pd.Series(values, dtype="string")
        except UnicodeEncodeError:  # half a surrogate pair, which only Python's own texts can hold
            pass
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        column[place] = value  # lists, dicts and arrays are cells here, not columns
    # Said, for pandas would look for times among them, and breaks on huge numbers.
    return pd.Series(column, dtype="object")


def _warn_of_unread(values: Values) -> None:
    for name, some in values.items():
        reasons = Counter(value.reason for value in some if isinstance(value, NotRead))
        if reasons:
            reason, _ = reasons.most_common(1)[0]
            warn_of_values(f"{name}: {reasons.total()} of {len(some)} values are missing: {reason}.")


def _log_time_ms(time: str) -> int | None:
    return round(datetime.fromisoformat(f"{time}+00:00").timestamp() * 1000) if time else None
