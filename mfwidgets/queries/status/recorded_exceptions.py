"""Reads the exception that Metaflow recorded for an attempt, without running any code."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import PurePosixPath

from mfwidgets.errors import DataException
from mfwidgets.pickles.metaflow_types import MetaflowExceptionWrapper
from mfwidgets.pickles.safe_loads import is_none, safe_loads
from mfwidgets.providers.records import ArtifactRecord, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.values.reading import read_bytes
from mfwidgets.render.sanitize import escape_control_chars

MAX_EXCEPTION_BYTES = 200_000
"""A larger recorded exception is not read."""

_NAMES = ("_exception", "_catch_exception")
"""If ``@catch`` handled an exception, the second artifact contains it and the first is None."""

_FRAME = re.compile(
    r'^[ |]*File "(?P<file>[^"\n]*)", line (?P<line>\d{1,9}), in (?P<function>[^\n]*)(?:\n[ |]{4,}(?P<code>[^\n]*))?',
    re.MULTILINE,
)
"""A frame of a traceback. Frames of exception groups are indented with bars."""

_TRACEBACK = "Traceback (most recent call last):"
_LIBRARIES = frozenset({"site-packages", "dist-packages", "metaflow_extensions"})
_METAFLOW = frozenset(
    {"task.py", "cli.py", "flowspec.py", "decorators.py", "parameters.py", "runner", "tracing", "_vendor", "plugins"}
    | {"cli_components", "user_decorators", "datastore", "metaflow_current.py"}
)
"""Files and folders directly in Metaflow's package that occur in tracebacks."""
_STANDARD = re.compile(r"[/\\][Ll]ib[/\\]python3[^/\\]*[/\\]|^<frozen ")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a traceback.

    Attributes
    ----------
    file
        The path of the file, as in the traceback.
    line
        The number of the line.
    function
        The name of the function.
    code
        The line of code. Empty if the traceback does not contain it.

    Examples
    --------
    >>> from mfwidgets.queries.status.recorded_exceptions import Frame
    >>> print(Frame("/home/ann/train.py", 12, "fit", "model.fit(x)"))
    train.py:12 in fit: model.fit(x)
    """

    file: str
    line: int
    function: str
    code: str = ""

    @property
    def is_users(self) -> bool:
        """Whether the frame is in the user's code, not in Python's, Metaflow's or an installed package's."""
        parts = PurePosixPath(self.file.replace("\\", "/")).parts
        if _LIBRARIES.intersection(parts) or _STANDARD.search(self.file):
            return False
        return not any(folder == "metaflow" and name in _METAFLOW for folder, name in pairwise(parts))

    def __str__(self) -> str:
        name = PurePosixPath(self.file.replace("\\", "/")).name
        return escape_control_chars(f"{name}:{self.line} in {self.function}" + (f": {self.code}" if self.code else ""))


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
    def frames(self) -> list[Frame]:
        """The frames of the traceback, the innermost last. For chained exceptions: the frames of the last one."""
        for part in reversed(self.traceback.split(_TRACEBACK)):  # a message can contain that line, too
            frames = [_frame_of(match) for match in _FRAME.finditer(part)]
            if frames:
                return frames
        return []

    @property
    def where(self) -> Frame | None:
        """The innermost frame of the user's code, otherwise the innermost frame. None without a traceback."""
        return next(
            (frame for frame in reversed(self.frames) if frame.is_users), self.frames[-1] if self.frames else None
        )

    def __str__(self) -> str:
        return escape_control_chars(f"{self.type}: {self.message}" if self.message else self.type)


def _frame_of(match: re.Match[str]) -> Frame:
    code = (match["code"] or "").strip(" |")
    return Frame(match["file"], int(match["line"]), match["function"].strip(), code)


def exception_in(lines: Sequence[str]) -> RecordedException | None:
    """Return the exception of the last complete traceback in a log. None if there is none."""
    begins = [number for number, line in enumerate(lines) if line.startswith(_TRACEBACK)]
    for number in range(begins[-1] + 1, len(lines)) if begins else ():
        if not lines[number].startswith(" ") and lines[number].strip():
            kind, _, message = lines[number].partition(": ")
            return RecordedException(kind.strip(), message, "\n".join(lines[begins[-1] : number + 1]))
    return None


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
    records = {record.name: record for record in context.provider.artifacts(task.path, set(_NAMES), attempt)}
    return _first(context, (records[name] for name in _NAMES if name in records))


def _first(context: ClientContext, records: Iterable[ArtifactRecord]) -> RecordedException | None:
    return next(filter(None, (_read(context, record) for record in records)), None)


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
