"""A displayed fact: its text, its kind, and the pieces of the small bar next to it."""

from collections.abc import Iterator, Sequence
from typing import Literal

from mfwidgets.fast_dataclass import fast_dataclass

SIGNS = {"completed": "✓", "caught": "!", "failed": "✗", "killed": "✗", "running": "▶", "unknown": "?"}
"""The sign of each status. Displays show sign and word, so that the meaning never depends on colour."""

MARKS = {"best": "★", "worst": "▽", "largest": "▲", "smallest": "▼"}
"""The sign of a number that stands out in its column."""

CellKind = Literal[
    "text",
    "code",
    "number",
    "status",
    "time",
    "tags",
    "dim",
    "bar",
    "spark",
    "strip",
    "progress",
    "line",
    "link",
    "measure",
    "age",
    "bins",
    "curve",
    "icon",
    "group",
    "tile",
]


@fast_dataclass(frozen=True, slots=True)
class Cell:
    """A displayed fact.

    Attributes
    ----------
    text
        The text. For a status its word, for tags all tags joined.
    kind
        How it is rendered.
    title
        A tooltip. It never has a fact that is not displayed elsewhere. For an ``age``: how long ago a time was. HTML shows
        that, with the time as the tooltip; text shows the time.
    items
        The tags of a ``tags`` cell. For a ``measure``, the difference from another number: ``-12%``. For a ``time``, its
        age.
    value
        The status of a ``tile``, whose text is a number or empty. ISO 8601 for a ``time`` or an ``age``, the URL for a ``link``, a ``data:`` URI for an ``icon``, the exact number (seconds or bytes) for a
        ``number`` or a ``measure``.
    pathspec
        The pathspec of the object that the cell names. Explorers open it on a click. Empty for other cells.
    segments
        The pieces of a ``bar`` or of a small bar, ``spark``. Other cells have the same facts as numbers. A ``measure`` is
        a number with a bar, and a ``progress`` is text with one.
    span
        The number of columns that the cell takes. The cells that it covers are empty.
    mark
        ``best``, ``worst``, ``largest`` or ``smallest`` for a ``measure`` that stands out.
    levels
        The heights of a small histogram, ``bins``, or of a small ``curve``, from 0 to 1. None leaves a gap. The text has
        the range as numbers. For a ``bar``: how many tasks worked at each time, for text. For a ``number`` one level,
        from -1 to 1: its shade in a matrix. For a ``tile`` one level: how strong its colour is.
    runs
        The runs of a ``strip``, a small tile for each.
    cut
        How many characters at the beginning of a ``code`` are hidden behind an ellipsis where styles work, because the
        rest is unambiguous. A copy has all of them.

    A ``line`` is a line of ours that the reader can run. The command line writes it in its own words.
    """

    text: str
    kind: CellKind = "text"
    title: str = ""
    items: tuple[str, ...] = ()
    value: str = ""
    segments: "tuple[Segment, ...]" = ()
    pathspec: str = ""
    mark: str = ""
    span: int = 1
    levels: "tuple[float | None, ...]" = ()
    runs: "tuple[RunMark, ...]" = ()
    cut: int = 0

    @property
    def sign(self) -> str:
        """The sign of a status cell or a tile. Empty for other cells."""
        if self.kind == "tile":
            return SIGNS.get(self.value, "?")
        return SIGNS.get(self.text, "?") if self.kind == "status" else ""

    @property
    def plain(self) -> str:
        """The fact as plain text."""
        if self.kind == "time" and self.items:
            return f"{self.text} ({self.items[0]})"
        if self.kind == "measure" and (self.items or self.mark):
            return " ".join(filter(None, (MARKS.get(self.mark), self.text, *(f"({item})" for item in self.items))))
        return f"{self.sign} {self.text}".rstrip() if self.kind in ("status", "tile") else self.text


EMPTY = Cell("")


def visible_cells(row: Sequence[Cell]) -> Iterator[tuple[int, Cell]]:
    """Yield the cells of a row with their places, without those that a wide cell covers."""
    covered = 0
    for place, cell in enumerate(row):
        if place >= covered:
            yield place, cell
            covered = place + cell.span


@fast_dataclass(frozen=True, slots=True)
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


@fast_dataclass(frozen=True, slots=True)
class RunMark:
    """A run in a strip.

    Attributes
    ----------
    title
        A tooltip: id, status, age and duration.
    """

    status: str
    title: str
    pathspec: str = ""

    @property
    def sign(self) -> str:
        """The sign of its status."""
        return SIGNS.get(self.status, "?")
