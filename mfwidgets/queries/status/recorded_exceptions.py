"""Reads the exception that Metaflow recorded for an attempt, without running any code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from mfwidgets.errors import DataException
from mfwidgets.pickles.metaflow_types import MetaflowExceptionWrapper
from mfwidgets.pickles.safe_loads import is_none, safe_loads
from mfwidgets.providers.records import ArtifactRecord, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.status.tracebacks import (
    ChainedException,
    Frame,
    in_order_of_interest,
    parse_traceback,
    traceback_places,
)
from mfwidgets.queries.values.reading import read_bytes
from mfwidgets.render.sanitize import escape_control_chars

MAX_EXCEPTION_BYTES = 200_000
"""A larger recorded exception is not read."""

_NAMES = ("_exception", "_catch_exception")
"""If ``@catch`` handled an exception, the second artifact contains it and the first is None."""


@dataclass(frozen=True)
class RecordedException:
    """An exception that ended an attempt, as Metaflow recorded it.

    Attributes
    ----------
    type
        Its class, such as ``ValueError`` or ``pandas.errors.MergeError``.
    message
        Its message.
    traceback
        The traceback as str. Empty if Metaflow recorded none.

    Examples
    --------
    >>> exception = Run("ForecastFlow/1795378913725406").why().exception
    >>> exception.type, exception.message
    ('ValueError', 'Hamburg reports a negative demand in week 17: the sensor is broken')
    >>> exception.where.line
    33
    """

    type: str
    message: str
    traceback: str = ""

    @cached_property
    def chain(self) -> list[ChainedException]:
        """The exception itself, then the members of its group, then the exceptions that caused it, the nearest first.

        Each has ``type``, ``message``, ``frames``, ``where`` and ``relation``. Empty without a traceback.
        """
        first, *others = in_order_of_interest(parse_traceback(self.traceback), str(self)) or (None,)
        return [] if first is None else [replace(first, type=self.type, message=self.message), *others]

    @property
    def frames(self) -> list[Frame]:
        """The frames of the traceback, the innermost last. For chained exceptions: the frames of the last one."""
        return list(next((part.frames for part in self.chain if part.frames), ()))

    @property
    def where(self) -> Frame | None:
        """The innermost frame of the user's code, otherwise the innermost frame. None without a traceback.

        For an exception group, the place of its first member in the user's code. If another process raised the same exception,
        the place in that process.
        """
        part = self.telling_part
        return part.where if part else self.frames[-1] if self.frames else None

    @property
    def telling_part(self) -> ChainedException | None:
        """The exception of :attr:`chain` whose place in the user's code is :attr:`where`. None if there is none."""
        members = [part for part in self.chain if part.relation == "member"]
        same = [part for part in self.chain[1:2] if part.relation == "cause" and str(part) == str(self)]
        return next((part for part in (*members, *same, *self.chain) if part.where), None)

    def __str__(self) -> str:
        return escape_control_chars(f"{self.type}: {self.message}" if self.message else self.type)


def exception_in(lines: Sequence[str]) -> RecordedException | None:
    """Return the exception of the last complete traceback in a log. None if there is none."""
    place = last_traceback(lines)
    if place is None:
        return None
    first, last = place
    text = "\n".join(lines[first : last + 1])
    parts = in_order_of_interest(parse_traceback(text))
    if parts:
        return RecordedException(parts[0].type, parts[0].message, text)
    kind, _, message = lines[last].partition(": ")
    return RecordedException(kind.strip(), message, text)


def last_traceback(lines: Sequence[str]) -> tuple[int, int] | None:
    """Return the numbers of the first and the last line of the last complete traceback. The last line has the exception."""
    places = traceback_places(lines)
    return places[-1] if places else None


def exception_line(context: ClientContext, task: TaskRecord) -> str:
    """Return ``ValueError: message`` for a task's newest attempt that is done. Empty if no exception is recorded.

    Costs one bulk request and one small blob.
    """
    exception = recorded_exception(context, task)
    return str(exception) if exception else ""


def recorded_exception(
    context: ClientContext, task: TaskRecord, attempt: int | None = None
) -> RecordedException | None:
    """Return the exception of an attempt, or of the newest attempt that is done. None if none is recorded.

    Costs one bulk request and one small blob. The pickle can make only strings and our stand-in for Metaflow's
    exception record: no class of the user is imported, and no code of the user runs.
    """
    return exception_of(context, exception_records(context, task, attempt))


def exception_records(context: ClientContext, task: TaskRecord, attempt: int | None = None) -> list[ArtifactRecord]:
    """Return the artifacts of an attempt that can hold its exception. Costs one bulk request."""
    return context.provider.artifacts(task.path, set(_NAMES), attempt)


def exception_of(context: ClientContext, artifacts: Iterable[ArtifactRecord]) -> RecordedException | None:
    """Return the exception among the artifacts of one task. None if there is none. Costs one small blob."""
    records = {record.name: record for record in artifacts}
    found = (_read(context, records[name]) for name in _NAMES if name in records)
    return next(filter(None, found), None)


def _read(context: ClientContext, record: ArtifactRecord) -> RecordedException | None:
    try:
        if is_none(record.sha):
            return None
        recorded = safe_loads(read_bytes(context, record, MAX_EXCEPTION_BYTES))
    except DataException:
        return None
    return recorded_in(recorded)


def recorded_in(recorded: object) -> RecordedException | None:
    """Return the exception in a recorded value. None if the value does not have the form that Metaflow writes."""
    if not isinstance(recorded, MetaflowExceptionWrapper):
        return None
    values = [getattr(recorded, name, None) for name in ("type", "exception", "stacktrace")]
    kind, message, traceback = (value if isinstance(value, str) else None for value in values)
    if kind is None or message is None:
        return None
    return RecordedException(kind.removeprefix("builtins."), message, traceback or "")
