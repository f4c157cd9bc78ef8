"""The parts of a picture: layers of shapes in one style each, and labels. One template draws them all."""

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.render.text_width import clip, width

WIDTH = 760
"""The width of charts in pixels. A narrower page scales them down."""

LETTER = 6.7
"""Pixels of a column of text at the size of labels."""

_MAX_CHARS = 300


@fast_dataclass(frozen=True, slots=True)
class Shape:
    """An SVG path, with a tooltip and the pathspec of its object."""

    path: str
    title: str = ""
    pathspec: str = ""


@fast_dataclass(frozen=True, slots=True)
class Layer:
    """Shapes of one style.

    Attributes
    ----------
    fill, stroke
        Colours. ``currentColor`` is the colour of the text around the picture.
    width
        The width of the stroke.
    opacity
        From 0 to 1.
    dash
        The lengths of dashes and gaps. Empty for a solid stroke.
    """

    shapes: tuple[Shape, ...]
    fill: str = "none"
    stroke: str = "none"
    width: float = 1.0
    opacity: float = 1.0
    dash: str = ""


@fast_dataclass(frozen=True, slots=True)
class Label:
    """A line of text.

    Attributes
    ----------
    anchor
        The part of it that is at ``x``: ``start``, ``middle`` or ``end``.
    halo
        Whether it has an outline in the colour of the page, because lines cross it.
    """

    x: float
    y: float
    text: str
    anchor: str = "start"
    bold: bool = False
    dim: bool = False
    title: str = ""
    pathspec: str = ""
    halo: bool = False


@fast_dataclass(frozen=True, slots=True)
class Picture:
    """A picture: layers from back to front, then labels."""

    width: float
    height: float
    layers: tuple[Layer, ...]
    labels: tuple[Label, ...]


def text_width(text: str) -> float:
    """Return about how many pixels a label takes."""
    return max(width(text), 0) * LETTER


def fitting(text: str, pixels: float) -> str:
    """Return text that fits into a width, with an ellipsis if it is cut. Hidden characters become visible."""
    columns = max(int(pixels / LETTER), 1)
    text = visible(text[:_MAX_CHARS])
    return text if width(text) <= columns else f"{clip(text, columns - 1).rstrip()}…"


def tooltip(*lines: str) -> str:
    """Return a tooltip of short lines. Hidden characters become visible."""
    return "\n".join(visible(line[:_MAX_CHARS]) for line in lines if line)


def px(number: float) -> str:
    """Return pixels with one decimal at most."""
    text = f"{number:.1f}"
    return text.removesuffix(".0")


def rectangle(x: float, y: float, width: float, height: float) -> str:
    """Return the path of a rectangle."""
    return f"M{px(x)} {px(y)}h{px(width)}v{px(height)}h{px(-width)}z"


def polyline(points: "list[tuple[float, float]]") -> str:
    """Return the path of a line through points."""
    return "M" + "L".join(f"{px(x)} {px(y)}" for x, y in points)
