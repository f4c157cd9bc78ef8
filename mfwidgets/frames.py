"""Rows into DataFrames: one schema for each kind of row, with fixed dtypes, also when there is no row.

Times are UTC-aware, durations timedeltas, numbers that may be missing are nullable.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mfwidgets.client.catalogue import ArtifactRow
from mfwidgets.client.rows import RunRow, TaskRow
from mfwidgets.client.status import STATUSES

if TYPE_CHECKING:
    import pandas as pd

TEXT, STATUS, TIME, DURATION, COUNT, LIST = "string", "status", "time", "duration", "Int64", "object"

RUNS = {
    "pathspec": TEXT,
    "flow": TEXT,
    "run_id": TEXT,
    "status": STATUS,
    "created_at": TIME,
    "started_at": TIME,
    "finished_at": TIME,
    "duration": DURATION,
    "user": TEXT,
    "user_tags": LIST,
    "system_tags": LIST,
    "origin_run_id": TEXT,
}
TASKS = {
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
}
ARTIFACTS = {
    "pathspec": TEXT,
    "name": TEXT,
    "type": TEXT,
    "size": COUNT,
    "sha": TEXT,
    "encoding": TEXT,
}


def runs_frame(rows: Sequence[RunRow]) -> "pd.DataFrame":
    """Return a table of runs, with the columns of :data:`RUNS`."""
    return _frame(
        RUNS,
        [
            (
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
            )
            for row in rows
        ],
    )


def tasks_frame(rows: Sequence[TaskRow]) -> "pd.DataFrame":
    """Return a table of tasks, with the columns of :data:`TASKS`."""
    return _frame(
        TASKS,
        [
            (
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
            )
            for row in rows
        ],
    )


def artifacts_frame(rows: Sequence[ArtifactRow]) -> "pd.DataFrame":
    """Return a table of artifacts, with the columns of :data:`ARTIFACTS`."""
    return _frame(
        ARTIFACTS,
        [(row.pathspec, row.name, row.type, row.size, row.sha, row.encoding) for row in rows],
    )


def _frame(schema: dict[str, str], rows: Sequence[tuple[Any, ...]]) -> "pd.DataFrame":
    import pandas as pd

    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return pd.DataFrame(
        {name: _column(values, kind) for (name, kind), values in zip(schema.items(), columns, strict=True)}
    )


def _column(values: Any, kind: str) -> "pd.Series[Any]":
    import pandas as pd

    values = list(values)
    if kind == TIME:
        milliseconds = pd.Series(values, dtype="Int64")
        return pd.to_datetime(milliseconds, unit="ms", utc=True).astype("datetime64[ms, UTC]")
    if kind == DURATION:
        return pd.to_timedelta(pd.Series(values, dtype="Int64"), unit="ms").astype("timedelta64[ms]")
    if kind == STATUS:
        return pd.Series(pd.Categorical(values, categories=STATUSES))
    return pd.Series(values, dtype=kind)
