"""The function that returns an object as data.

``to_dict()`` returns this data, and ``--json`` prints it. Each kind of object registers its own function with
``@data_of.register``. The facts of rows come from :mod:`mfwidgets.schema`.
"""

from functools import singledispatch
from typing import Any

from mfwidgets.datastore.logs import LogLine
from mfwidgets.queries.artifact_rows import ArtifactRow
from mfwidgets.queries.rows import RunRow, TaskRow
from mfwidgets.queries.status.recorded_exceptions import RecordedException
from mfwidgets.queries.status.rules import Status
from mfwidgets.queries.step_timings import StepTiming
from mfwidgets.schema import ARTIFACTS, ATTEMPTS, LOG_LINES, RUNS, STEPS, TASKS

Facts = dict[str, Any]

_OLD_NAMES = {"duration": "duration_seconds", "size": "size_bytes", "user_tags": "tags"}
"""Names in the schema, and the names of the same facts in version 0.1.0. Keys are only added, so both are given."""


@singledispatch
def data_of(shown: object) -> Facts:
    """Return the facts of an object by name: numbers, str, aware datetimes, timedeltas, lists and dicts.

    Raises
    ------
    MetaflowException
        The object cannot be read.
    """
    return {"kind": type(shown).__name__, "name": repr(shown)}


def run_data(row: RunRow) -> Facts:
    """Return the facts of a run in a list."""
    resumed = f"{row.record.flow}/{row.origin_run_id}" if row.origin_run_id else None
    return _with_old_names({"kind": "run", **RUNS.facts(row), "resumed_from": resumed})


def step_data(row: StepTiming) -> Facts:
    """Return the facts of a step in a list."""
    return _with_old_names({"kind": "step", **STEPS.facts(row)})


def task_data(row: TaskRow) -> Facts:
    """Return the facts of a task in a list, with its attempts."""
    attempts = [ATTEMPTS.facts(attempt) for attempt in row.attempt_rows]
    return _with_old_names({"kind": "task", **TASKS.facts(row), "attempt_rows": attempts})


def artifact_data(row: ArtifactRow) -> Facts:
    """Return the recorded facts of an artifact."""
    return _with_old_names({"kind": "artifact", **ARTIFACTS.facts(row)})


def _with_old_names(facts: Facts) -> Facts:
    return facts | {old: facts[name] for name, old in _OLD_NAMES.items() if name in facts}


def lines_data(lines: list[LogLine]) -> list[Facts]:
    """Return the lines of a log."""
    return [LOG_LINES.facts(row) for row in enumerate(lines)]


def status_data(status: Status | None) -> Facts:
    """Return a status and its reason."""
    return {"status": str(status) if status else None, "reason": status.reason if status else None}


def exception_data(exception: RecordedException | None) -> Facts | None:
    """Return an exception, with its place in the user's code."""
    if exception is None:
        return None
    where = exception.where
    return {
        "type": exception.type,
        "message": exception.message,
        "where": {"file": where.file, "line": where.line, "function": where.function, "code": where.code}
        if where
        else None,
        "traceback": exception.traceback,
    }
