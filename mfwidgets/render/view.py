"""The model of a display. It is rendered as text and as HTML, so that both have the same facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Literal

SIGNS = {"completed": "✓", "caught": "!", "failed": "✗", "killed": "✗", "running": "▶", "unknown": "?"}
"""The sign of each status. Displays show sign and word, so that the meaning never depends on colour."""

CellKind = Literal["text", "code", "number", "status", "time", "tags", "dim", "bar", "spark", "history", "link"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A displayed fact.

    Attributes
    ----------
    text
        The text. For a status its word, for tags all tags joined.
    kind
        How it is rendered.
    title
        A tooltip. It never has a fact that is not displayed elsewhere.
    items
        The tags of a ``tags`` cell.
    value
        ISO 8601 for a ``time`` cell, the URL for a ``link``, the exact number (seconds or bytes) for a ``number``.
    pathspec
        The pathspec of the object that the cell names. Explorers open it on a click. Empty for other cells.
    segments
        The pieces of a ``bar`` or of a small bar, ``spark``. Other cells have the same facts as numbers. For a
        ``history``, one column per segment, as high as its end.
    """

    text: str
    kind: CellKind = "text"
    title: str = ""
    items: tuple[str, ...] = ()
    value: str = ""
    segments: "tuple[Segment, ...]" = ()
    pathspec: str = ""

    @property
    def sign(self) -> str:
        """The sign of a status cell. Empty for other cells."""
        return SIGNS.get(self.text, "?") if self.kind == "status" else ""

    @property
    def plain(self) -> str:
        """The fact as plain text."""
        return f"{self.sign} {self.text}" if self.kind == "status" else self.text


EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a bar.

    Attributes
    ----------
    status
        The status of the task or step, or ``waiting``.
    start, end
        The position in the bar, from 0 to 1.
    """

    status: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Table:
    """A table of facts.

    Attributes
    ----------
    note
        The omitted rows, such as ``20 of 1,240``. Empty if there are none.
    folded
        Whether the reader must open it. For facts that few people need.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    folded: bool = False
    part: ClassVar[str] = "table"

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column, whether it has only numbers. Such columns are right-aligned."""
        return tuple(
            any(row[number].text for row in self.rows)
            and all(row[number].kind == "number" or not row[number].text for row in self.rows)
            for number in range(len(self.columns))
        )


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line.

    Attributes
    ----------
    styles
        ``red``, ``green``, ``yellow``, ``blue``, ``magenta``, ``cyan``, ``bold``, ``dim``, ``italic``, ``underline``,
        ``marked``. No fact depends on a style.
    """

    text: str
    styles: tuple[str, ...] = ()


Line = tuple[Span, ...]
"""A line of spans."""


def plain_line(text: str) -> Line:
    """Return a line of one span without styles."""
    return (Span(text),)


def text_of_line(line: Sequence[Span]) -> str:
    """Return a line as plain text."""
    return "".join(span.text for span in line)


@dataclass(frozen=True, slots=True)
class Preformatted:
    """Preformatted lines, such as the end of a log.

    Attributes
    ----------
    folded
        Whether the reader must open it. For lines that mostly repeat the lines above.
    margin
        A short text before each line, such as its time or its number. Empty if there is none.
    """

    heading: str
    lines: tuple[Line, ...]
    note: str = ""
    folded: bool = False
    margin: tuple[str, ...] = ()
    part: ClassVar[str] = "preformatted"

    @property
    def rows(self) -> "tuple[tuple[str, Line], ...]":
        """Each line with its margin."""
        width = max(map(len, self.margin), default=0)
        margin = [text.rjust(width) for text in self.margin] or [""] * len(self.lines)
        return tuple(zip(margin, self.lines, strict=True))


@dataclass(frozen=True, slots=True)
class GraphStep:
    """A step in a graph.

    Attributes
    ----------
    status
        Its status cell. None if it did not run.
    detail
        A note below its name, such as ``foreach of 12``.
    following
        The names of the next steps. For a loop, that includes its own name.
    pathspec
        Its pathspec. Empty if it did not run.
    """

    name: str
    status: Cell | None
    detail: str
    following: tuple[str, ...]
    pathspec: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """A picture of the steps of a flow and their order. A table has the same facts.

    Attributes
    ----------
    steps
        The steps in topological order.
    """

    heading: str
    steps: tuple[GraphStep, ...]
    note: str = ""
    part: ClassVar[str] = "graph"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture.

    Attributes
    ----------
    uri
        The picture as a ``data:`` URI.
    """

    heading: str
    uri: str
    note: str = ""
    part: ClassVar[str] = "image"


@dataclass(frozen=True, slots=True)
class IFrame:
    """A foreign HTML page in a sandboxed frame, without network and without access to the notebook.

    Attributes
    ----------
    page
        The HTML.
    """

    heading: str
    page: str
    note: str = ""
    part: ClassVar[str] = "iframe"


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile of a grid: a sign for a status, or a shade for a value. It has the pathspec if it is a single task."""

    sign: str
    status: str
    pathspec: str = ""


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Rows of tiles.

    Attributes
    ----------
    rows
        The name and the tiles of each row.
    """

    heading: str
    rows: tuple[tuple[str, tuple[Tile, ...]], ...]
    note: str = ""
    part: ClassVar[str] = "tile_grid"

    def runs(self, tiles: tuple[Tile, ...]) -> list[tuple[str, str]]:
        """Group adjacent tiles of one status into one text, so that HTML with thousands of tiles is small."""
        return [
            (status, "".join(tile.sign for tile in members))
            for status, members in groupby(tiles, key=lambda tile: tile.status)
        ]


Part = Table | Preformatted | Graph | Image | IFrame | TileGrid
"""A part of a view, below the facts."""


@dataclass(frozen=True, slots=True)
class View:
    """The display of an object.

    Attributes
    ----------
    kind, name
        The heading, such as ``Run`` and ``HelloFlow/2``.
    status, reason
        The status cell and the reason. None and empty for an object without a status.
    facts
        Labels and cells.
    notes
        Sentences for the reader, such as why something is empty, or what to type next.
    parts
        Tables, logs and pictures below the facts, in this order.
    """

    kind: str
    name: str
    status: Cell | None = None
    reason: str = ""
    facts: tuple[tuple[str, Cell], ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
