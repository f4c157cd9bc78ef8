"""Lines of code around a frame of a traceback: from the code package of the task, otherwise from the traceback itself.

A package is read as text, within limits. Nothing in it is run or unpacked to disk, and no other file is read: a traceback
can name any file of this machine.
"""

import re
from collections.abc import Callable, Collection, Iterator
from functools import cached_property

from mfwidgets.client.code import MetaflowCode
from mfwidgets.errors import DeadlineExceeded, MetaflowException
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.queries.status.tracebacks import Frame

CONTEXT_LINES = 3
"""Lines of code before and after the line of a frame."""

MAX_PACKAGE_BYTES = 20_000_000
"""A larger package is not downloaded to explain a failure. A package with Metaflow itself has 2 MB."""

MAX_SOURCE_BYTES = 2_000_000
"""A larger source is not read."""

PACKAGE, TRACEBACK = "code package", "traceback"
"""The origins of lines."""


@fast_dataclass(frozen=True, slots=True)
class SourceLines:
    """Lines of code around the line of a frame.

    Attributes
    ----------
    file
        The name of the file in the code package, otherwise its path in the traceback.
    line
        The number of the line of the frame.
    first
        The number of the first of the lines.
    lines
        The lines, without line ends.
    origin
        ``code package`` or ``traceback``, which has only the line itself.
    """

    file: str
    line: int
    first: int
    lines: tuple[str, ...]
    origin: str


def lines_around(frame: Frame, file: str, source: str) -> SourceLines | None:
    """Return the lines around a frame in a source. None if the source does not have the frame's line of code there."""
    lines = source.split("\n")
    if not 0 < frame.line <= len(lines) or (frame.code and _squeezed(lines[frame.line - 1]) != _squeezed(frame.code)):
        return None
    first = max(frame.line - CONTEXT_LINES, 1)
    last = min(frame.line + max(CONTEXT_LINES, len(frame.more)), len(lines))
    indent = _indent(lines[frame.line - 1])
    for number in range(frame.line - 1, first - 1, -1):
        if _DEFINITION.match(lines[number - 1]) and _indent(lines[number - 1]) < indent:
            first = number
            break
    for number in range(frame.line + 1, last + 1):
        if _OTHER_DEFINITION.match(lines[number - 1]) and _indent(lines[number - 1]) < indent:
            last = number - 1
            break
    shown = [line.removesuffix("\r") for line in lines[first - 1 : last]]
    while len(shown) > frame.line - first + 1 and not shown[-1].strip():
        shown.pop()
    while first < frame.line and not shown[0].strip():
        shown.pop(0)
        first += 1
    return SourceLines(file, frame.line, first, tuple(shown), PACKAGE)


def lines_of_frame(frame: Frame) -> SourceLines | None:
    """Return the lines that the traceback has of a frame. None if it has none."""
    return SourceLines(frame.file, frame.line, frame.line, (frame.code, *frame.more), TRACEBACK) if frame.code else None


_DEFINITION = re.compile(r"\s*(?:async )?def ")
"""Lines above the function of the failing line do not help."""

_OTHER_DEFINITION = re.compile(r"\s*(?:(?:async )?def |class |@|if __name__)")
"""Neither do those of the next function."""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _squeezed(line: str) -> str:
    return "".join(line.split())


def names_in_package(path: str, names: Collection[str]) -> Iterator[str]:
    """Yield the names of files that a path in a traceback can mean, the most specific first.

    Examples
    --------
    >>> from mfwidgets.client.answers.source_lines import names_in_package
    >>> list(names_in_package("/home/ann/flows/lib/read.py", {"read.py", "lib/read.py", "write.py"}))
    ['lib/read.py', 'read.py']
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part]
    for start in range(len(parts)):
        name = "/".join(parts[start:])
        if name in names:
            yield name


class PackageSources:
    """The sources of a code package, read on first use.

    Parameters
    ----------
    find
        Returns the code package. None if none is stored.

    Attributes
    ----------
    problem
        Why the package cannot be read. Empty until it was tried, and if it can be read.
    """

    def __init__(self, find: Callable[[], MetaflowCode | None]) -> None:
        self._find = find
        self._sources: dict[str, str | None] = {}
        self.problem = ""

    @cached_property
    def code(self) -> MetaflowCode | None:
        """The code package. None if none is stored."""
        return self._find()

    def around(self, frame: Frame) -> SourceLines | None:
        """Return the lines around a frame. None if neither the package nor the traceback has its line."""
        for name in names_in_package(frame.file, self._names):
            source = self._source(name)
            found = lines_around(frame, name, source) if source is not None else None
            if found:
                return found
        return lines_of_frame(frame)

    def give_up(self, problem: str) -> None:
        """Read nothing more. Lines then come from tracebacks."""
        self.problem = problem
        self._names = frozenset()

    @property
    def script(self) -> str:
        """The name of the flow's file. Empty if the package does not say it."""
        try:
            name = self.code._package(MAX_PACKAGE_BYTES).info.get("script") if self.code and self._names else ""
        except MetaflowException as error:
            self._note(error)
            return ""
        return name if isinstance(name, str) else ""

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names of the user's files. Empty if they cannot be read."""
        try:
            return frozenset(self.code._package(MAX_PACKAGE_BYTES).sizes()) if self.code else frozenset()
        except MetaflowException as error:
            self._note(error)
            return frozenset()

    def _source(self, name: str) -> str | None:
        if name not in self._sources:
            self._sources[name] = self._read(name)
        return self._sources[name]

    def _read(self, name: str) -> str | None:
        assert self.code is not None
        try:
            content = self.code._package(MAX_PACKAGE_BYTES).read(name, MAX_SOURCE_BYTES)
        except MetaflowException as error:
            self._note(error)
            return None
        return None if content is None else content.decode("utf-8", errors="replace")

    def _note(self, error: MetaflowException) -> None:
        if isinstance(error, DeadlineExceeded):
            raise error
        self.problem = str(error)
