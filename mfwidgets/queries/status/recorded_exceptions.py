"""Why an attempt failed: the exception that Metaflow recorded, read without running anything."""

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

MAX_EXCEPTION_BYTES = 200_000
"""A recorded exception of more bytes is not read unasked."""

_NAMES = ("_exception", "_catch_exception")
"""What ``@catch`` handled is kept under the second name, and the first is None then."""

_FRAME = re.compile(
    r'^[ |]*File "(?P<file>[^"\n]*)", line (?P<line>\d{1,9}), in (?P<function>[^\n]*)(?:\n[ |]{4,}(?P<code>[^\n]*))?',
    re.MULTILINE,
)
"""A frame; those of groups of exceptions stand behind bars."""

_TRACEBACK = "Traceback (most recent call last):"
_LIBRARIES = frozenset({"site-packages", "dist-packages", "metaflow_extensions"})
_METAFLOW = frozenset(
    {"task.py", "cli.py", "flowspec.py", "decorators.py", "parameters.py", "runner", "tracing", "_vendor", "plugins"}
    | {"cli_components", "user_decorators", "datastore", "metaflow_current.py"}
)
"""What lies directly in Metaflow's own folder, of whatever is met in tracebacks."""
_STANDARD = re.compile(r"[/\\][Ll]ib[/\\]python3[^/\\]*[/\\]|^<frozen ")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a traceback.

    Attributes
    ----------
    file, line, function, code
        As the traceback has them; the line of code may be empty.
    """

    file: str
    line: int
    function: str
    code: str = ""

    @property
    def is_users(self) -> bool:
        """Whether it is neither Python's, nor Metaflow's, nor an installed package's."""
        parts = PurePosixPath(self.file.replace("\\", "/")).parts
        if _LIBRARIES.intersection(parts) or _STANDARD.search(self.file):
            return False
        return not any(one == "metaflow" and inside in _METAFLOW for one, inside in pairwise(parts))

    def __str__(self) -> str:
        name = PurePosixPath(self.file.replace("\\", "/")).name
        return f"{name}:{self.line} in {self.function}" + (f": {self.code}" if self.code else "")


@dataclass(frozen=True)
class RecordedException:
    """An exception that ended an attempt, as Metaflow recorded it.

    Attributes
    ----------
    type
        Its class, such as ``ValueError`` or ``pandas.errors.MergeError``.
    message
        What it said.
    traceback
        As text; empty where Metaflow kept none.
    """

    type: str
    message: str
    traceback: str = ""

    @cached_property
    def frames(self) -> list[Frame]:
        """The frames of the traceback, the innermost last; of several that led to one another, those of the last."""
        for part in reversed(self.traceback.split(_TRACEBACK)):  # a message may hold that line, too
            found = [_frame_of(one) for one in _FRAME.finditer(part)]
            if found:
                return found
        return []

    @property
    def where(self) -> Frame | None:
        """The innermost frame of the user's own code, else the innermost; None without a traceback."""
        return next(
            (frame for frame in reversed(self.frames) if frame.is_users), self.frames[-1] if self.frames else None
        )

    def __str__(self) -> str:
        return f"{self.type}: {self.message}" if self.message else self.type


def _frame_of(found: re.Match[str]) -> Frame:
    code = (found["code"] or "").strip(" |")
    return Frame(found["file"], int(found["line"]), found["function"].strip(), code)


def exception_in(lines: Sequence[str]) -> RecordedException | None:
    """Return the exception of the last traceback that a log holds; None where it holds no whole one."""
    begins = [number for number, line in enumerate(lines) if line.startswith(_TRACEBACK)]
    for number in range(begins[-1] + 1, len(lines)) if begins else ():
        if not lines[number].startswith(" ") and lines[number].strip():
            kind, _, message = lines[number].partition(": ")
            return RecordedException(kind.strip(), message, "\n".join(lines[begins[-1] : number + 1]))
    return None


def exception_line(context: ClientContext, task: TaskRecord) -> str:
    """Return ``ValueError: what it said`` of a task's newest attempt that is done; empty where none is recorded.

    One bulk question and one small blob.
    """
    found = recorded_exception(context, task)
    return str(found) if found else ""


def recorded_exception(
    context: ClientContext, task: TaskRecord, attempt: int | None = None
) -> RecordedException | None:
    """Return the exception of an attempt, or of the newest that is done; None where none is recorded.

    One bulk question and one small blob. The pickle can make texts and our stand-in for Metaflow's exception record, and
    nothing else, so that no class of the user is imported and no code of theirs runs.
    """
    found = {record.name: record for record in context.provider.artifacts(task.path, set(_NAMES), attempt)}
    return _first(context, (found[name] for name in _NAMES if name in found))


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
    """Return the exception that a recorded value is; None for any other, and where it is not as Metaflow writes it."""
    if not isinstance(recorded, MetaflowExceptionWrapper):
        return None
    told = [getattr(recorded, name, None) for name in ("type", "exception", "stacktrace")]
    kind, message, traceback = (one if isinstance(one, str) else None for one in told)
    if kind is None or message is None:
        return None
    return RecordedException(kind.removeprefix("builtins."), message, traceback or "")
