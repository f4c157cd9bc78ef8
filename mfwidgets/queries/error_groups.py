"""Failed tasks with the same error as one group, and whether two errors are the same."""

import hashlib
import re
from collections.abc import Iterable

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.rows import TaskRow
from mfwidgets.queries.status.recorded_exceptions import RecordedException

_ATTEMPT = re.compile(r"\Aattempt \d+ (?:was )?")
_TIME = re.compile(r" at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z")
_QUOTED = re.compile(r"'[^'\n]{0,500}'|\"[^\"\n]{0,500}\"")
_VARYING = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-fA-F]{8,}\b|[+-]?\d[\d.,:_]*(?:[eE][+-]?\d+)?")

_SAYS_NOTHING = re.compile(r"failed\Z|exited with code 1 |has no result|no attempt|no heartbeat|.* has not ended")
"""Ends without an exception that can have any cause."""

_MAX_CHARS = 2_000
"""Characters of a message that are compared."""


def normalised(message: str) -> str:
    """Return a message without what differs from one time to the next: numbers, hashes and quoted values.

    Examples
    --------
    >>> from mfwidgets.queries.error_groups import normalised
    >>> normalised("loss diverged in epoch 1: 7.3e+02")
    'loss diverged in epoch #: #'
    """
    return " ".join(_VARYING.sub("#", _QUOTED.sub("'…'", message[:_MAX_CHARS])).split())


def end_text(reason: str) -> str:
    """Return how an attempt ended, from the reason of its status: ``killed by signal 9 (SIGKILL)``."""
    return _TIME.sub("", _ATTEMPT.sub("", reason))


@fast_dataclass(frozen=True, slots=True)
class ErrorSignature:
    """The facts by which two errors are the same, as hashes: no text of a run is in it.

    Attributes
    ----------
    type
        The class of the exception. For a task that ended without one: how it ended. Empty if that says nothing about the cause.
    place
        A hash of the line of the user's code that raised it. Empty if it is unknown.
    message
        A hash of the normalised message.
    """

    type: str
    place: str
    message: str

    def is_same(self, other: "ErrorSignature") -> bool:
        """Return whether both are the same error: of one type, and with the same line of code or the same message."""
        if self.type != other.type or not self.type:
            return False
        return self.message == other.message or bool(self.place and self.place == other.place)


def signature_of(exception: RecordedException | None, reason: str = "") -> ErrorSignature:
    """Return the signature of an exception, or of the end of an attempt without one."""
    if exception is None:
        end = end_text(reason)[:200]
        return ErrorSignature("" if _SAYS_NOTHING.match(end) else end, "", "")
    where = exception.where
    place = _hash(f"{where.parts[-1:]} {where.function} {where.code}") if where and where.is_users else ""
    return ErrorSignature(exception.type[:200], place, _hash(normalised(exception.message)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:20]


@fast_dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Tasks of one step that failed with the same error.

    Attributes
    ----------
    exception
        The exception of the first of them. None if they ended without one.
    reason
        How the first of them ended.
    tasks
        The tasks, the first that failed first.
    """

    exception: RecordedException | None
    reason: str
    tasks: tuple[TaskRow, ...]

    @property
    def error(self) -> str:
        """``ValueError: message`` of the first task. Without an exception: how it ended."""
        return str(self.exception) if self.exception else end_text(self.reason)

    @property
    def step(self) -> str:
        """The step of the tasks."""
        return self.tasks[0].record.step


def group_errors(failed: Iterable[tuple[TaskRow, RecordedException | None]]) -> list[ErrorGroup]:
    """Return the tasks in groups of the same error, the largest first. Tasks must be ordered by when they failed."""
    groups: list[tuple[ErrorSignature, str, list[tuple[TaskRow, RecordedException | None]]]] = []
    for row, exception in failed:
        signature = signature_of(exception, row.status.reason)
        for other, step, members in groups:
            alike = exception is None and members[0][1] is None
            alike = alike and end_text(members[0][0].status.reason) == end_text(row.status.reason)
            if step == row.record.step and (alike or other.is_same(signature)):
                members.append((row, exception))
                break
        else:
            groups.append((signature, row.record.step, [(row, exception)]))
    found = [
        ErrorGroup(members[0][1], members[0][0].status.reason, tuple(row for row, _ in members))
        for _, _, members in groups
    ]
    return sorted(found, key=_size, reverse=True)


def _size(group: ErrorGroup) -> int:
    return len(group.tasks)
