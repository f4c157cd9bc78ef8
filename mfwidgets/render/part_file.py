"""Writes the graph or the timeline of a run as a self-contained SVG file."""

from dataclasses import dataclass

from mfwidgets.hidden_characters import visible
from mfwidgets.render.cell import Cell
from mfwidgets.render.charts.palette import STATUS
from mfwidgets.render.dag import lay_out
from mfwidgets.render.graph import Graph
from mfwidgets.render.html import load_file_template
from mfwidgets.render.step_map.model import TIMES, StepMap
from mfwidgets.render.step_map.picture import TrackPicture, picture_of_track
from mfwidgets.render.text_width import width
from mfwidgets.render.view import View

# All lengths are in pixels.
_LETTER, _BOLD, _HEADING_LETTER = 6.6, 7.4, 10.2
"""The width of a letter, of a bold one, and of one in the heading."""

_GAP, _MARGIN = 16, 10
_PLOT = 560
_MIN_WIDTH = 340
"""The least width of a file: its heading has space."""

_LEGEND_MARK, _LEGEND_HEIGHT = 44, 30
"""The space that a mark takes in the legend, and the height of the legend."""

_MAX_HEADING = 160
"""Letters of the heading of a file."""

_FACTS = ("status", "tasks", "duration", "elapsed")
"""The columns that the file of a timeline has as text, if the table has them. The last two are right of the picture."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A column of a timeline: its position, its heading, and the text of each row."""

    left: float
    heading: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """The row of a step: its position, and the picture of its tasks."""

    top: float
    status: str
    picture: TrackPicture


@dataclass(frozen=True, slots=True)
class MapDrawing:
    """A timeline with the positions of its parts.

    Attributes
    ----------
    rows
        The rows of the steps.
    texts
        The columns of text. The first one has the names of the steps.
    legend
        The marks, their meanings, and their positions.
    left, plot
        The left side and the width of the picture of the tasks.
    """

    rows: tuple[_Row, ...]
    texts: tuple[_Text, ...]
    legend: tuple[tuple[str, str, float], ...]
    left: float
    plot: float
    width: float
    height: float


def svg_of_part(view: View) -> str:
    """Return the first graph or timeline of a view as a self-contained SVG file. Without one, its notes.

    Colours follow the reader's theme. The same view always has the same SVG.
    """
    part = next((part for part in view.parts if isinstance(part, Graph | StepMap)), None)
    drawing = None if part is None else lay_out(part) if isinstance(part, Graph) else lay_out_map(part)
    heading = visible(
        " ".join(filter(None, (view.kind, view.name, view.status.text if view.status else "")))[:_MAX_HEADING]
    )
    words = "" if part else " ".join(view.notes) or "There is nothing to draw."
    size = (drawing.width, drawing.height) if drawing else (0, 24)
    wide = max(
        size[0], _MIN_WIDTH, *(2 * _MARGIN + width(text) * _HEADING_LETTER for text in (heading, words[:_MAX_HEADING]))
    )
    return load_file_template("part_file.svg.j2").render(
        part=part,
        drawing=drawing,
        heading=heading,
        words=visible(words[:_MAX_HEADING]),
        width=wide,
        height=size[1],
        colours=STATUS,
        live=False,
    )


def lay_out_map(shown: StepMap) -> MapDrawing:
    """Return the positions of the parts of a timeline. Names of steps are never cut."""
    columns = {name.partition(" (")[0]: number for number, name in enumerate(shown.table.columns)}
    rows, top = [], 26.0  # below the axis
    for number, track in enumerate(shown.tracks):
        status = shown.table.rows[number][columns["status"]] if "status" in columns else Cell("")
        rows.append(
            _Row(top, status.text if status.kind == "status" else "idle", picture_of_track(track, detailed=True))
        )
        top += rows[-1].picture.height
    left = float(_MARGIN) + shown.rails.width + (0 if shown.rails.rows else 14)
    texts = [_column(shown, 0, left, "step")]
    left = _after(texts[-1], _BOLD)
    has_times = TIMES in columns
    for name in _FACTS[:2]:
        if name in columns:
            texts.append(_column(shown, columns[name], left, name))
            left = _after(texts[-1], _LETTER)
    plot_left, plot = left, float(_PLOT) if has_times else 0.0
    left += plot + (_GAP if has_times else 0)
    for name in _FACTS[2:]:
        if name in columns:
            texts.append(_column(shown, columns[name], left, name))
            left = _after(texts[-1], _LETTER)
    legend, at = [], float(_MARGIN)
    for mark, words in shown.legend:
        legend.append((mark, words, at))
        at += width(words) * _LETTER + _LEGEND_MARK
    height = top + (_LEGEND_HEIGHT if legend else _MARGIN)
    right = max(left - _GAP + _MARGIN, at if legend else 0)
    return MapDrawing(tuple(rows), tuple(texts), tuple(legend), plot_left, plot, right, height)


def _column(shown: StepMap, number: int, left: float, heading: str) -> _Text:
    return _Text(left, heading, tuple(_words(row[number]) for row in shown.table.rows))


def _words(cell: Cell) -> str:
    return visible(" ".join(filter(None, (cell.sign if cell.kind == "status" else "", cell.text, *cell.items))))


def _after(text: _Text, letter: float) -> float:
    """Return where the next column begins."""
    return text.left + max(width(words) for words in (text.heading, *text.cells)) * letter + _GAP
