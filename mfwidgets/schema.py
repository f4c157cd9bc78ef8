"""One schema for each kind of row: the names, types, meanings and sources of its columns.

DataFrames, dicts, ``--json``, the sidebar and the tables of displays all read these schemas, so a name has the same
value everywhere. Getters return raw values: times and durations are milliseconds.
"""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.times import as_timedelta, utc_datetime

TEXT, STATUS, TIME, DURATION, COUNT, OBJECT = (
    "string", "status", "time", "duration", "Int64", "object",
)  # fmt: skip


@fast_dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Its name in DataFrames, dicts, JSON and the sidebar.
    dtype
        One of ``TEXT``, ``STATUS``, ``TIME``, ``DURATION``, ``COUNT`` and ``OBJECT``.
    getter
        A function from a row to the raw value.
    meaning
        A description, if the name is not clear.
    unit
        The unit of a number that is neither a count nor an index.
    nullable
        Whether the value can be missing.
    """

    name: str
    dtype: str
    getter: Callable[[Any], Any]
    meaning: str = ""
    unit: str = ""
    nullable: bool = True

    def value(self, row: Any) -> Any:
        """Return the value as a Python object. None if it is missing.

        Times are aware datetimes, durations are timedeltas, other values are numbers, str and lists.
        """
        raw = self.getter(row)
        if raw is not None and self.dtype == TIME:
            return utc_datetime(raw)
        return as_timedelta(raw) if self.dtype == DURATION else raw


@fast_dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of one kind of row."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def raw(self, row: Any) -> dict[str, Any]:
        """Return the values of a row by name, with times and durations in milliseconds."""
        return {column.name: column.getter(row) for column in self.columns}

    def facts(self, row: Any) -> dict[str, Any]:
        """Return the values of a row by name, with aware datetimes and timedeltas."""
        return {column.name: column.value(row) for column in self.columns}


def _required(name: str, dtype: str, getter: Callable[[Any], Any] | str, meaning: str = "") -> Column:
    get = attrgetter(getter) if isinstance(getter, str) else getter
    return Column(name, dtype, get, meaning, nullable=False)


def _optional(
    name: str, dtype: str, getter: Callable[[Any], Any] | str, meaning: str = "", unit: str | None = None
) -> Column:
    get = attrgetter(getter) if isinstance(getter, str) else getter
    return Column(name, dtype, get, meaning, ("s" if dtype == DURATION else "") if unit is None else unit)


def _of_latest(name: str) -> Callable[[Any], Any]:
    """Return a getter for a column of a flow's newest run. It returns None if the flow has no run."""
    column = next(column for column in RUNS.columns if column.name == name)
    return lambda row: column.getter(row.latest) if row.latest else None


def _status(row: Any) -> str | None:
    return None if row.status is None else str(row.status)


def _reason(row: Any) -> str | None:
    return None if row.status is None else row.status.reason


def _value_text(row: Any) -> str | None:
    return None if row.record.value is None else str(row.record.value)


def _line_time_ms(row: Any) -> int | None:
    try:
        return round(datetime.fromisoformat(f"{row[1].time}+00:00").timestamp() * 1000) if row[1].time else None
    except ValueError:
        return None


_ELAPSED = "since the start, while it runs"
_TIMES = (
    _optional("started_at", TIME, "started_ms"),
    _optional("finished_at", TIME, "finished_ms"),
    _optional("duration", DURATION, "duration_ms", "when it is over"),
    _optional("elapsed", DURATION, "elapsed_ms", _ELAPSED),
)
_STATUS = (_optional("status", STATUS, _status), _optional("reason", TEXT, _reason, "which attempt, when, what"))

RUNS = TableSchema(
    (
        _required("pathspec", TEXT, "pathspec"),
        _required("flow", TEXT, "record.flow"),
        _required("run_id", TEXT, "record.run_id"),
        *_STATUS,
        _required("created_at", TIME, "record.created_ms"),
        _required("started_at", TIME, "started_ms", "when it was registered"),
        _optional("finished_at", TIME, "finished_ms", "when its end task finished"),
        _optional("stopped_at", TIME, "last_activity_ms", "last sign of activity of a run that failed or was lost"),
        _optional("duration", DURATION, "duration_ms", "when it is over: until its end or its last sign of activity"),
        _optional("elapsed", DURATION, "elapsed_ms", _ELAPSED),
        _required("user", TEXT, "record.user"),
        _required("user_tags", OBJECT, lambda row: sorted(row.record.user_tags)),
        _required("system_tags", OBJECT, lambda row: sorted(row.record.system_tags)),
        _optional("origin_run_id", TEXT, "origin_run_id", "the run that it resumed"),
    )
)
FLOWS = TableSchema(
    (
        _required("flow", TEXT, "flow"),
        _optional("latest_run", TEXT, _of_latest("pathspec"), "pathspec of the newest run, whose facts follow"),
        *(
            Column(name, dtype, _of_latest(name), unit="s" if dtype == DURATION else "")
            for name, dtype in (
                ("status", STATUS), ("reason", TEXT), ("started_at", TIME), ("duration", DURATION),
                ("elapsed", DURATION), ("user", TEXT),
            )
        ),
    )
)  # fmt: skip
STEPS = TableSchema(
    (
        _required("pathspec", TEXT, "pathspec"),
        _required("flow", TEXT, "run.flow"),
        _required("run_id", TEXT, "run.run_id"),
        _required("step", TEXT, "step"),
        *_STATUS,
        _required("task_count", COUNT, "task_count"),
        _required(
            "planned_tasks",
            COUNT,
            "planned_tasks",
            "tasks that the step will have; more than task_count in an unfinished foreach",
        ),
        _required("task_statuses", OBJECT, lambda row: dict(row.task_statuses), "number of tasks by status"),
        _required("attempts", COUNT, "attempts", "attempts of all its tasks"),
        _optional("started_at", TIME, "started_ms", "earliest start of any attempt of any task"),
        _optional("finished_at", TIME, "finished_ms", "latest end of a task"),
        _optional("duration", DURATION, "duration_ms", "when it is over: until its end or its last sign of activity"),
        _optional("elapsed", DURATION, "elapsed_ms", _ELAPSED),
        _required("task_time", DURATION, lambda row: row.task_ms, "durations of its tasks together"),
        _optional("longest_task", DURATION, lambda row: row.longest_ms, "duration of the longest task"),
        _optional("earlier_attempts", DURATION, "earlier_attempts_ms", "time spent in attempts that were retried"),
    )
)
TASKS = TableSchema(
    (
        _required("pathspec", TEXT, "pathspec"),
        _required("flow", TEXT, "record.run.flow"),
        _required("run_id", TEXT, "record.run.run_id"),
        _required("step", TEXT, "record.step"),
        _required("task_id", TEXT, "record.task_id"),
        *_STATUS,
        _optional("attempt", COUNT, "attempt", "the newest attempt"),
        _required("attempts", COUNT, lambda row: len(row.attempts), "number of attempts"),
        _required("created_at", TIME, "record.created_ms", "when it was queued"),
        *_TIMES,
        _optional("earlier_attempts", DURATION, "earlier_attempts_ms", "time spent in earlier attempts"),
        _optional("foreach_index", COUNT, "foreach_index"),
        _optional("foreach_value", TEXT, "foreach_value"),
        _optional("runtime", TEXT, "runtime"),
    )
)
ATTEMPTS = TableSchema((_required("attempt", COUNT, "attempt"), *_STATUS, *_TIMES))
TIMELINE = TableSchema(
    (
        _required("pathspec", TEXT, "task.pathspec", "of the task"),
        _required("step", TEXT, "task.record.step"),
        _required("task_id", TEXT, "task.record.task_id"),
        _optional("foreach_index", COUNT, "task.foreach_index"),
        _optional("attempt", COUNT, "number", "missing if the task has not started"),
        *_STATUS,
        _required("created_at", TIME, "task.record.created_ms", "when the task was queued"),
        *_TIMES,
    )
)
GRAPH = TableSchema(
    (
        _optional("pathspec", TEXT, "pathspec", "missing if the step did not run"),
        _required("step", TEXT, "timing.step"),
        _optional("type", TEXT, "type", "start, linear, split, split-foreach, split-switch, join, end"),
        _required("previous", OBJECT, lambda row: list(row.previous), "names of the steps before it"),
        _required("next", OBJECT, lambda row: list(row.following), "names of the steps after it"),
        _optional("foreach", TEXT, "foreach", "name of the list that it splits"),
        *_STATUS,
        _required("task_count", COUNT, "timing.task_count"),
        _required("planned_tasks", COUNT, "timing.planned_tasks", "tasks that it will have"),
        _optional("started_at", TIME, "timing.started_ms"),
        _optional("finished_at", TIME, "timing.finished_ms"),
        _optional("duration", DURATION, "timing.duration_ms", "when it is over"),
        _optional("elapsed", DURATION, "timing.elapsed_ms", _ELAPSED),
    )
)
ARTIFACTS = TableSchema(
    (
        _required("pathspec", TEXT, "pathspec"),
        _required("step", TEXT, lambda row: row.task[2]),
        _required("task_id", TEXT, lambda row: row.task[3]),
        _required("attempt", COUNT, "attempt"),
        _required("name", TEXT, "name"),
        _optional("type", TEXT, "type"),
        _optional("size", COUNT, "size", "of the serialized value", "bytes"),
        _required("sha", TEXT, "sha"),
        _required("encoding", TEXT, "encoding"),
    )
)
EVENTS = TableSchema(
    (
        _required("pathspec", TEXT, "pathspec"),
        _required("step", TEXT, "record.step"),
        _required("task_id", TEXT, "record.task_id"),
        _optional("attempt", COUNT, "record.attempt"),
        _required("name", TEXT, "record.field"),
        _optional("value", TEXT, _value_text),
        _required("type", TEXT, "record.type"),
        _required("created_at", TIME, "record.created_ms"),
    )
)
LOG_LINES = TableSchema(
    (
        _optional("time", TIME, _line_time_ms),
        _required("line", COUNT, lambda row: row[0], "counted from 0"),
        _required("stream", TEXT, lambda row: row[1].stream),
        _required("message", TEXT, lambda row: row[1].message),
    )
)
DIFFERENCES = TableSchema(
    (
        _required("section", TEXT, "section"),
        _required("step", TEXT, "step"),
        _required("name", TEXT, "name"),
        _required("note", TEXT, "note"),
    )
)
PACKAGES = TableSchema(
    (
        _required("name", TEXT, "name"),
        _optional("version", TEXT, "version", "installed"),
        _optional("requested", TEXT, "requested", "by a decorator; empty for any version"),
        _required("source", TEXT, "source", "conda, pypi, uv, or run for Python and Metaflow"),
        _required("steps", OBJECT, lambda row: list(row.steps), "empty for all steps"),
    )
)
DISK = TableSchema(
    (
        _required("kind", TEXT, "kind", "flow, part, run or artifact"),
        _required("name", TEXT, "name"),
        Column("size", COUNT, attrgetter("size"), "of all that belongs to it", "bytes", nullable=False),
        Column(
            "own_size",
            COUNT,
            attrgetter("own_size"),
            "of what belongs to nothing else of its kind",
            "bytes",
            nullable=False,
        ),
        _required("objects", COUNT, "objects", "number of files"),
    )
)

SCHEMAS = {
    "flows": FLOWS,
    "runs": RUNS,
    "steps": STEPS,
    "tasks": TASKS,
    "attempts": ATTEMPTS,
    "timeline": TIMELINE,
    "graph": GRAPH,
    "artifacts": ARTIFACTS,
    "events": EVENTS,
    "log lines": LOG_LINES,
    "differences": DIFFERENCES,
    "packages": PACKAGES,
    "disk": DISK,
}
"""The schemas by kind of row."""
