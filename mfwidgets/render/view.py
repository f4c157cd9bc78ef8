"""What is shown, before it is drawn: one model that text and HTML both draw, so that they tell the same facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Literal

SIGNS = {"completed": "✓", "caught": "!", "failed": "✗", "killed": "✗", "running": "▶", "unknown": "?"}
"""The sign of each status; sign and word stand together, so that colour never carries the meaning alone."""

CellKind = Literal["text", "code", "number", "status", "time", "tags", "dim", "bar", "spark", "history", "link"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A fact as it is shown.

    Attributes
    ----------
    text
        What is read; of a status its word, of tags all of them joined.
    kind
        How it is drawn.
    title
        More of it, shown on hovering only: never the single place of a fact.
    items
        The tags of a ``tags`` cell, one by one.
    value
        ISO 8601 of a ``time`` cell; the address of a ``link``; the exact number (seconds, bytes) of a ``number``.
    pathspec
        Of what it names, where it names an object: explorers open that.
    segments
        Of a ``bar`` cell, or of a small one, ``spark``: what it shows stands as numbers beside it, too. Of a ``history``
        one column each, as high as its end, beside its text.
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
        """The sign of a status cell; empty for others."""
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
        Of what took this time; ``waiting`` for none.
    start, end
        Parts of the whole, 0 to 1.
    """

    status: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of facts.

    Attributes
    ----------
    note
        What was left out, such as ``20 of 1,240``; empty when nothing was.
    folded
        Shown when it is opened: for what few people look for.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    folded: bool = False
    part: ClassVar[str] = "table"

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Which columns hold numbers alone; those stand to the right."""
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
        How it is drawn: ``red``, ``green``, ``yellow``, ``blue``, ``magenta``, ``cyan``, ``bold``, ``dim``, ``italic``,
        ``underline``, ``marked``. Never the single place of a fact.
    """

    text: str
    styles: tuple[str, ...] = ()


Line = tuple[Span, ...]
"""A line of pieces."""


def plain_line(text: str) -> Line:
    """Return a line of one piece, drawn as it is."""
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
        Shown when it is opened: for what mostly repeats what stands above.
    margin
        A short text beside each line, such as its time or its number; empty for none.
    """

    heading: str
    lines: tuple[Line, ...]
    note: str = ""
    folded: bool = False
    margin: tuple[str, ...] = ()
    part: ClassVar[str] = "preformatted"

    @property
    def rows(self) -> "tuple[tuple[str, Line], ...]":
        """Each line with what stands beside it."""
        width = max(map(len, self.margin), default=0)
        margin = [text.rjust(width) for text in self.margin] or [""] * len(self.lines)
        return tuple(zip(margin, self.lines, strict=True))


@dataclass(frozen=True, slots=True)
class GraphStep:
    """A step in a graph.

    Attributes
    ----------
    status
        Its status cell; None where it did not run.
    detail
        What is known beside its name: ``foreach of 12``.
    following
        The names of the steps after it; its own for a loop.
    pathspec
        Its own; empty where it did not run.
    """

    name: str
    status: Cell | None
    detail: str
    following: tuple[str, ...]
    pathspec: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """The steps of a flow and their order, as a picture; a table beside it tells the same.

    Attributes
    ----------
    steps
        In the order in which they can be walked through.
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
        Its data, as a ``data:`` URI.
    """

    heading: str
    uri: str
    note: str = ""
    part: ClassVar[str] = "image"


@dataclass(frozen=True, slots=True)
class IFrame:
    """A page of somebody else's, shown apart from ours: without network, and without a way to what is around it.

    Attributes
    ----------
    page
        Its HTML.
    """

    heading: str
    page: str
    note: str = ""
    part: ClassVar[str] = "iframe"


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a grid: a sign or a shade for a status; the pathspec of its task if there is only one."""

    sign: str
    status: str
    pathspec: str = ""


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Lines of tiles.

    Attributes
    ----------
    rows
        A name and the tiles of each line.
    """

    heading: str
    rows: tuple[tuple[str, tuple[Tile, ...]], ...]
    note: str = ""
    part: ClassVar[str] = "tile_grid"

    def runs(self, tiles: tuple[Tile, ...]) -> list[tuple[str, str]]:
        """Return tiles as texts of one status each, so that a page of thousands stays small."""
        return [
            (status, "".join(tile.sign for tile in members))
            for status, members in groupby(tiles, key=lambda tile: tile.status)
        ]


Part = Table | Preformatted | Graph | Image | IFrame | TileGrid
"""What stands below the facts, in its order."""


@dataclass(frozen=True, slots=True)
class View:
    """An object as it is shown.

    Attributes
    ----------
    kind, name
        ``Run`` and ``HelloFlow/2``.
    status, reason
        Its status cell and why; None and empty for what has no status.
    notes
        Sentences for the reader: why something is empty, what to type next.
    """

    kind: str
    name: str
    status: Cell | None = None
    reason: str = ""
    facts: tuple[tuple[str, Cell], ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
