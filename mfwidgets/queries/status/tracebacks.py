"""Parses tracebacks as Python 3.8 to 3.14 writes them: frames, chained exceptions and exception groups. Reads no file."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Literal

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.render.sanitize import escape_control_chars

TRACEBACK = "Traceback (most recent call last):"
"""The first line of a traceback."""

_GROUP_TRACEBACK = f"Exception Group {TRACEBACK}"

_LINKS = {
    "The above exception was the direct cause of the following exception:": "cause",
    "During handling of the above exception, another exception occurred:": "context",
}

_FRAME = re.compile(r' {0,8}File "(?P<file>[^"\n]*)", line (?P<line>\d{1,9})(?:, in (?P<function>.*))?\Z')
_REPEATED = re.compile(r" {0,8}\[Previous line repeated (\d{1,9}) more times?\]\Z")
_MARKERS = re.compile(r" {4,}[ ~^]*[~^][ ~^]*\Z")
_MEMBER = re.compile(r" *(?:\+-)?\+-{4,} (?:\d{1,9}|\.\.\.) -{4,}\Z")
_END_OF_MEMBERS = re.compile(r" *\+-{10,}\Z")
_BAR = re.compile(r"( *)\| ?(.*)\Z", re.DOTALL)

_LIBRARIES = frozenset({"site-packages", "dist-packages", "metaflow_extensions"})
_METAFLOW = frozenset(
    {"task.py", "cli.py", "flowspec.py", "decorators.py", "parameters.py", "runner", "tracing", "_vendor", "plugins"}
    | {"cli_components", "user_decorators", "datastore", "metaflow_current.py"}
)
"""Files and folders directly in Metaflow's package that occur in tracebacks."""
_STANDARD = re.compile(r"[/\\][Ll]ib[/\\]python3[^/\\]*[/\\]|[/\\]Python3[^/\\]*[/\\]Lib[/\\]|^<frozen ")
_COMPILED = (".pyx", ".pxi", ".pxd", ".c", ".cc", ".cpp", ".rs")
"""Compiled modules name their sources by paths relative to a project that is not there."""
_TYPED_IN = ("<stdin>", "<ipython-input")


@fast_dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a traceback.

    Attributes
    ----------
    file
        The path of the file, as in the traceback.
    line
        The number of the line.
    function
        The name of the function. Empty for the place of a syntax error.
    code
        The line of code. Empty if the traceback does not contain it.
    more
        The following lines of a statement of several lines, which Python 3.13 and later write.
    columns
        The first and the end position in ``code`` that the traceback marks with ``^`` and ``~``. None if it marks none.
    repeated
        How often the same frame follows once more.

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
    more: tuple[str, ...] = field(default=(), compare=False)
    columns: tuple[int, int] | None = field(default=None, compare=False)
    repeated: int = field(default=0, compare=False)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the path."""
        return PurePosixPath(self.file.replace("\\", "/")).parts

    @property
    def is_users(self) -> bool:
        """Whether the frame is in the user's code, not in Python's, Metaflow's or an installed package's."""
        return not self.package

    @property
    def package(self) -> str:
        """The package whose code it is: ``pandas``, ``metaflow`` or ``Python``. Empty for the user's code."""
        parts = self.parts
        for number, part in enumerate(parts):
            if part in _LIBRARIES:
                name = parts[number + 1] if number + 1 < len(parts) else part
                return "metaflow" if "metaflow_extensions" in (part, name) else name.removesuffix(".py")
        if _STANDARD.search(self.file):
            return "Python"
        if any(folder == "metaflow" and name in _METAFLOW for folder, name in pairwise(parts)):
            return "metaflow"
        if self.file.endswith(_COMPILED) and not self.file.startswith(("/", "\\")):
            return parts[0]
        return "generated code" if self.file.startswith("<") and not self.file.startswith(_TYPED_IN) else ""

    @property
    def place(self) -> str:
        """``train.py:12 in fit``."""
        name = self.parts[-1] if self.parts else self.file
        return visible(f"{name}:{self.line}" + (f" in {self.function}" if self.function else ""))

    def __str__(self) -> str:
        return escape_control_chars(f"{self.place}: {self.code}" if self.code else self.place)


Relation = Literal["", "cause", "context", "member", "quoted"]


@fast_dataclass(frozen=True, slots=True)
class ChainedException:
    """An exception in a traceback.

    Attributes
    ----------
    type, message
        Its class and its message, as the traceback shows them.
    frames
        Its frames, the innermost last.
    relation
        Empty for the exception that ended the attempt. ``cause``: the next exception was raised from it. ``context``: the
        next one was raised while this one was handled. ``member``: a part of an exception group. ``quoted``: a
        traceback in the message of the exception before it.
    level
        Its indentation in the traceback: 0, or more inside of exception groups.
    """

    type: str
    message: str
    frames: tuple[Frame, ...]
    relation: Relation = ""
    level: int = 0

    @property
    def where(self) -> Frame | None:
        """The innermost frame of the user's code. None if there is none."""
        return next((frame for frame in reversed(self.frames) if frame.is_users), None)

    def __str__(self) -> str:
        return escape_control_chars(f"{self.type}: {self.message}" if self.message else self.type)


class _Open:
    """An exception whose lines are being read."""

    def __init__(self, level: int, relation: Relation = "") -> None:
        self.level, self.relation = level, relation
        self.frames: list[Frame] = []
        self.code: list[str] = []
        self.text: list[str] = []

    def end_frame(self) -> None:
        """Add the code lines to the last frame."""
        if not self.frames or not self.code:
            return
        frame = self.frames[-1]
        columns: tuple[int, int] | None = None
        lines: list[str] = []
        for line in self.code:
            if _MARKERS.match(line):
                columns = columns or ((line.index(line.strip()) - 4, len(line.rstrip()) - 4) if lines else None)
            else:
                lines.append(line[4:])
        if lines:
            indent = len(lines[0]) - len(lines[0].lstrip())
            if columns:
                columns = max(columns[0] - indent, 0), max(columns[1] - indent, 0)
            more = tuple(line.rstrip() for line in lines[1:])
            self.frames[-1] = Frame(frame.file, frame.line, frame.function, lines[0].strip(), more, columns)
        self.code = []

    def closed(self) -> ChainedException:
        self.end_frame()
        text = "\n".join(self.text).strip().removesuffix('"""').rstrip()
        kind, _, message = text.partition(":") if _has_type(text) else (text, "", "")
        return ChainedException(kind.strip(), message.strip(), tuple(self.frames), self.relation, self.level)


def _has_type(text: str) -> bool:
    """Return whether text begins like ``pandas.errors.MergeError: message``."""
    kind, colon, _ = text.partition(":")
    return bool(colon) and not any(character.isspace() for character in kind)


def parse_traceback(text: str) -> list[ChainedException]:
    """Return the exceptions in a traceback, in its order: a cause comes before the exception that it caused.

    Takes time in proportion to the text, which can be anything.
    """
    parts: list[_Open] = []
    current: _Open | None = None
    for level, line in _levels(text.splitlines()):
        content = line.strip()
        if content in (TRACEBACK, _GROUP_TRACEBACK, f"+ {_GROUP_TRACEBACK}"):
            if current is None or current.frames or current.text:
                current = _Open(level)
                parts.append(current)
        elif line == _MEMBER_LINE:
            current = _Open(level, "member")
            parts.append(current)
        elif current is None:
            continue
        elif content in _LINKS:
            current.relation = "cause" if _LINKS[content] == "cause" else "context"
            current = None
        else:
            _add(current, line)
    closed = [part.closed() for part in parts]
    return [part for part in closed if part.frames or (part.relation == "member" and part.type)]


_MEMBER_LINE = "\0member"
"""Stands for the line that begins a member of an exception group."""


def _levels(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield each line with its indentation by exception groups, and without the bars of the groups."""
    in_group = False
    for line in lines:
        if line.strip() == f"+ {_GROUP_TRACEBACK}":
            in_group = True
            yield len(line) - len(line.lstrip()) - 2, line
        elif in_group and _MEMBER.match(line):
            yield line.rindex("+"), _MEMBER_LINE
        elif in_group and _END_OF_MEMBERS.match(line):
            yield line.index("+"), ""
        elif in_group and (match := _BAR.match(line)):
            yield len(match[1]), match[2]
        else:
            yield 0, line


def _add(part: _Open, line: str) -> None:
    """Add a line to the exception that it belongs to: a frame, its code, or the message."""
    if part.text:
        part.text.append(line)
    elif match := _FRAME.match(line):
        part.end_frame()
        part.frames.append(Frame(match["file"], int(match["line"]), (match["function"] or "").strip()))
    elif match := _REPEATED.match(line):
        part.end_frame()
        if part.frames:
            last = part.frames[-1]
            part.frames[-1] = Frame(
                last.file, last.line, last.function, last.code, last.more, last.columns, int(match[1])
            )
    elif line.startswith("    ") and part.frames:
        part.code.append(line)
    elif line.strip():
        part.text.append(line)


def in_order_of_interest(parts: Sequence[ChainedException], shown: str = "") -> list[ChainedException]:
    """Return the exception that ended the attempt, then the members of its group, then its causes, the nearest first.

    Parameters
    ----------
    parts
        The exceptions in the order of the traceback.
    shown
        The beginning of the exception that ended the attempt: ``ValueError: message``. A message can contain a traceback of
        another process, which comes last in the text.
    """
    outer = [number for number, part in enumerate(parts) if part.level <= 0 and part.relation == ""]
    if not outer:
        return list(parts)
    named = [number for number in outer if shown and _first_line(str(parts[number])).endswith(_first_line(shown))]
    main = (named or outer)[-1]
    after = [replace(part, relation="quoted") if number in outer else part for number, part in enumerate(parts)][
        main + 1 :
    ]
    return [parts[main], *after, *reversed(parts[:main])]


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip()


def packages_of(frames: Sequence[Frame]) -> str:
    """Return the packages of frames in words: ``metaflow and pandas``. The user's own code has no name."""
    names = list(dict.fromkeys(frame.package for frame in frames if frame.package))
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


# -- tracebacks in logs ------------------------------------------------------------------------------------------------


def frame_in(line: str) -> Frame | None:
    """Return the frame that a line of a traceback names. None if it names none."""
    match = _FRAME.match(line.lstrip(" |"))
    return Frame(match["file"], int(match["line"]), match["function"].strip()) if match and match["function"] else None


def traceback_places(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the numbers of the first and the last line of each complete traceback. Chained tracebacks are one.

    The last line has the exception, or ends an exception group. Later lines of its message are not included.
    """
    places: list[tuple[int, int]] = []
    number = 0
    while number < len(lines):
        if not _begins(lines[number]):
            number += 1
            continue
        last = _last_line(lines, number)
        if last is None:
            number += 1
            continue
        link = _link_before(lines, number)
        if places and link is not None and places[-1][1] < link:
            places[-1] = places[-1][0], last
        else:
            places.append((number, last))
        number = last + 1
    return places


def _begins(line: str) -> bool:
    return line.startswith(TRACEBACK) or line.strip() == f"+ {_GROUP_TRACEBACK}"


def _last_line(lines: Sequence[str], first: int) -> int | None:
    """Return the number of the last line of the traceback that begins here. None if it is not complete."""
    if lines[first].strip().startswith("+"):
        last = first
        for number in range(first + 1, len(lines)):
            if not lines[number].lstrip().startswith(("|", "+")):
                break
            last = number
        return last if last > first else None
    for number in range(first + 1, len(lines)):
        if lines[number].startswith(TRACEBACK):
            return None
        if not lines[number].startswith(" ") and lines[number].strip():
            return number
    return None


def _link_before(lines: Sequence[str], number: int) -> int | None:
    """Return the number of the line above that links a traceback to the one before. None if there is none."""
    for place in range(number - 1, max(number - 4, -1), -1):
        if lines[place].strip():
            return place if lines[place].strip() in _LINKS else None
    return None
