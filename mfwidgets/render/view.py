"""The model of a display. It is rendered as text and as HTML, so that both have the same facts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.cell import MARKS, Cell
from mfwidgets.render.graph import Graph
from mfwidgets.render.stack import Stack
from mfwidgets.render.step_map.model import StepMap
from mfwidgets.render.tile_grid import TileGrid

if TYPE_CHECKING:
    from mfwidgets.render.charts.model import AnyChart


@fast_dataclass(frozen=True, slots=True)
class Table:
    """A table of facts.

    Attributes
    ----------
    note
        What its heading adds in parentheses, such as the omitted rows: ``20 of 1,240``.
    folded
        Whether the reader must open it. For facts that few people need.
    sticky
        Whether the first column stays when a wide table is scrolled.
    pathspecs
        The pathspecs of the objects that the columns name. Empty for columns that name none.
    spare
        The names of columns that a narrow terminal leaves out, the first ones first. Other columns continue in blocks.
    more
        The code that shows the columns that were left out.
    commands
        Whether its first column has lines of ours, which the command line shows as its own.
    left_out
        Whether it does not show all of its rows. The display then ends with the code that shows more.

    A row whose first cell is a ``group`` is a heading for the rows below it. Its other cells are empty.
    """

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    folded: bool = False
    sticky: bool = False
    pathspecs: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    more: str = ""
    commands: bool = False
    left_out: bool = False
    part: ClassVar[str] = "table"

    @property
    def stacked_columns(self) -> int:
        """How many columns are side by side where the table would be too wide. 0 for tables that stay as they are.

        Each row with strips becomes two lines. Each row with a line to run has its last cell below the others.
        """
        kinds = {cell.kind for row in self.rows for cell in row}
        if "strip" in kinds:
            return (len(self.columns) + 1) // 2
        return max(len(self.columns) - 1, 1) if "line" in kinds else 0

    @property
    def tile_columns(self) -> frozenset[int]:
        """The columns with tiles."""
        return frozenset(place for row in self.rows for place, cell in enumerate(row) if cell.kind == "tile")

    @property
    def marks(self) -> str:
        """The meanings of the marks in the table, for its legend. Empty if it has none."""
        used = {cell.mark for row in self.rows for cell in row if cell.mark}
        return ", ".join(f"{sign} {word}" for word, sign in MARKS.items() if word in used)

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column, whether it has only numbers, and dimmed words for missing ones. Such columns are right-aligned."""
        return tuple(
            any(row[number].kind in ("number", "measure") and row[number].text for row in self.rows)
            and all(row[number].kind in ("number", "measure", "dim") or not row[number].text for row in self.rows)
            for number in range(len(self.columns))
        )


@fast_dataclass(frozen=True, slots=True)
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


@fast_dataclass(frozen=True, slots=True)
class Preformatted:
    """Preformatted lines, such as the end of a log.

    Attributes
    ----------
    folded
        Whether the reader must open it. For lines that mostly repeat the lines above.
    margin
        A short text before each line, such as its time or its number. Empty if there is none.
    at_end
        Whether it opens scrolled to its end.
    """

    heading: str
    lines: tuple[Line, ...]
    note: str = ""
    folded: bool = False
    margin: tuple[str, ...] = ()
    at_end: bool = False
    part: ClassVar[str] = "preformatted"

    @property
    def rows(self) -> "tuple[tuple[str, Line], ...]":
        """Each line with its margin."""
        width = max(map(len, self.margin), default=0)
        margin = [text.rjust(width) for text in self.margin] or [""] * len(self.lines)
        return tuple(zip(margin, self.lines, strict=True))


@fast_dataclass(frozen=True, slots=True)
class Image:
    """A picture, or several.

    Attributes
    ----------
    pictures
        Each as a ``data:`` URI, with its width and height in pixels.
    """

    heading: str
    pictures: tuple[tuple[str, int, int], ...]
    note: str = ""
    part: ClassVar[str] = "image"


@fast_dataclass(frozen=True, slots=True)
class Branch:
    """A part of a tree.

    Attributes
    ----------
    name
        The name of the part. Empty for a part that only has a value.
    cells
        Its value, and small pictures of it.
    branches
        Its own parts. HTML folds them.
    note
        The parts that are left out, such as ``12 more``.
    unfolded
        Whether HTML shows its parts from the start.
    """

    name: str
    cells: tuple[Cell, ...]
    branches: "tuple[Branch, ...]" = ()
    note: str = ""
    unfolded: bool = False


@fast_dataclass(frozen=True, slots=True)
class Tree:
    """Nested facts.

    Attributes
    ----------
    note
        What its heading adds in parentheses, such as a summary.
    folded
        Whether the reader must open it.
    left_out
        Whether it does not show all of its branches. The display then ends with the code that shows more.
    """

    heading: str
    branches: tuple[Branch, ...]
    note: str = ""
    folded: bool = False
    left_out: bool = False
    part: ClassVar[str] = "tree"


@fast_dataclass(frozen=True, slots=True)
class IFrame:
    """A foreign HTML page in a sandboxed frame, without network and without access to the notebook.

    Attributes
    ----------
    page
        The HTML.
    height
        The height of the frame in pixels. The reader can drag it larger.
    """

    heading: str
    page: str
    note: str = ""
    height: int = 480
    part: ClassVar[str] = "iframe"


@fast_dataclass(frozen=True, slots=True)
class Gallery:
    """Several foreign pages, of which one is open. A table has the same names.

    Attributes
    ----------
    frames
        The pages. Their headings are the names that the reader chooses from.
    group
        A name of the gallery in the page: opening one frame of it closes the others.
    """

    heading: str
    frames: tuple[IFrame, ...]
    group: str
    note: str = ""
    part: ClassVar[str] = "gallery"


@fast_dataclass(frozen=True, slots=True)
class Chart:
    """A chart, with its numbers as a table. ``charts.part.chart_part`` makes it.

    Attributes
    ----------
    chart
        The model of the chart.
    numbers
        The table of its numbers, folded.
    note
        What is left out of the picture or merged in it.
    """

    chart: "AnyChart"
    numbers: Table
    note: str = ""
    part: ClassVar[str] = "chart"

    @property
    def heading(self) -> str:
        """The heading of the chart."""
        return self.numbers.heading


@fast_dataclass(frozen=True, slots=True)
class Figure:
    """A number that is shown large.

    Attributes
    ----------
    label, text
        Its name, and the number with few digits.
    note
        What it means, such as how it differs from what is usual.
    verdict
        ``better``, ``worse`` or empty. The note says the same.
    title
        The exact number.
    """

    label: str
    text: str
    note: str = ""
    verdict: str = ""
    title: str = ""


@fast_dataclass(frozen=True, slots=True)
class Figures:
    """Numbers that are shown large, side by side."""

    heading: str
    figures: tuple[Figure, ...]
    note: str = ""
    part: ClassVar[str] = "figures"


Part = Figures | Table | Preformatted | Stack | Graph | Image | IFrame | Gallery | TileGrid | Tree | Chart | StepMap
"""A part of a view, below the facts."""


@fast_dataclass(frozen=True, slots=True)
class View:
    """The display of an object.

    Attributes
    ----------
    kind, name
        The heading, such as ``Run`` and ``HelloFlow/2``.
    status, reason
        The status cell and the reason. None and empty for an object without a status.
    lead
        A sentence that says what matters most. Styles are allowed, because no fact depends on them.
    facts
        Labels and cells.
    notes
        Sentences for the reader, such as why something is empty, or what to type next.
    parts
        Tables, logs and pictures below the facts, in this order.
    more
        The code that shows what the parts leave out. Empty if they show everything.
    """

    kind: str
    name: str
    status: Cell | None = None
    reason: str = ""
    facts: tuple[tuple[str, Cell], ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    lead: Line = ()
    more: str = ""
