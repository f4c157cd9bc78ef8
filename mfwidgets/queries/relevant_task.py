"""The task of a run or a step that a user probably means: the one that failed first, else one that runs, else the last."""

from collections.abc import Sequence
from typing import NamedTuple

from mfwidgets.queries.failures import first_failed
from mfwidgets.queries.rows import TaskRow


class RelevantTask(NamedTuple):
    """A task, and why it was chosen.

    Attributes
    ----------
    row
        The task.
    reason
        A sentence without its end, such as ``fit/9 failed first of 3 tasks that failed``. Empty for an only task.
    """

    row: TaskRow
    reason: str


def relevant_task(rows: Sequence[TaskRow]) -> RelevantTask | None:
    """Return the task whose log, attempts or code matter most. None if there is no task.

    It is the task that failed first, else the running task that began first, else the task without a sign of life, else the
    task that ended last: of a run that completed, that is the end task.
    """
    if not rows:
        return None
    failed = _of(rows, "failed", "killed")
    if row := first_failed(failed):
        reason = _reason(row, "failed", "failed first", len(failed))
    elif running := _of(rows, "running"):
        row = min(running, key=_begun)
        reason = _reason(row, "is running", "began first", len(running), "are running")
    elif lost := _of(rows, "unknown"):
        row = min(lost, key=_begun)
        reason = _reason(row, "has no end", "began first", len(lost), "have no end")
    else:
        row = max(rows, key=_ended)
        reason = f"{_name(row)} ended last of {len(rows):,} tasks"
    return RelevantTask(row, reason if len(rows) > 1 else "")


def _of(rows: Sequence[TaskRow], *statuses: str) -> list[TaskRow]:
    return [row for row in rows if row.status in statuses]


def _reason(row: TaskRow, alone: str, chosen: str, count: int, they: str = "failed") -> str:
    """Return the reason for one of several tasks with the same status."""
    if count == 1:
        return f"{_name(row)} is the only task that {alone}"
    return f"{_name(row)} {chosen} of {count:,} tasks that {they}"


def _name(row: TaskRow) -> str:
    return f"{row.record.step}/{row.record.task_id}"


def _begun(row: TaskRow) -> int:
    return row.started_ms or row.record.created_ms


def _ended(row: TaskRow) -> int:
    return row.finished_ms or row.state.last_sign_ms
