"""Draws a view as HTML: complete without scripts and without style sheets, right in light and dark.

Templates escape everything (autoescape is on and nothing is marked safe), so that no text of a user can become markup.
"""

from functools import cache
from typing import TYPE_CHECKING

from mfwidgets.render.dag import lay_out
from mfwidgets.render.view import Cell, Segment, View

if TYPE_CHECKING:
    from jinja2 import Environment, Template


def html_of(view: View, *, live: bool = False) -> str:
    """Return a view as an HTML fragment; the same view gives the same text, always.

    Parameters
    ----------
    view
        What is shown.
    live
        Say of each object that is named which it is, for explorers.
    """
    return _template().render(view=view, live=live)


def page_of(view: View) -> str:
    """Return a view as a whole page, in one file that needs no other."""
    return _environment().get_template("page.html.j2").render(view=view, live=False)


def copyable_line(line: str) -> str:
    """Return a line of code with a button that copies it, where a script listens to that."""
    return _environment().get_template("copy.html.j2").render(line=line)


def _template() -> "Template":
    return _environment().get_template("view.html.j2")


@cache
def load_templates() -> None:
    """Import the template engine and compile the templates: about 0.1 s, once in a process."""
    for name in _environment().list_templates(extensions=["j2"]):
        _environment().get_template(name)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mfwidgets.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "lay_out": lay_out,
        "bar_style": bar_style,
        "confined": sandboxed_html,
        "column_style": column_style,
    }
    return environment


_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; style-src 'unsafe-inline' data:; "
    "img-src data: blob:; font-src data:; media-src data: blob:"
)


def sandboxed_html(page: str) -> str:
    """Return a page that cannot ask any server for anything, whatever it holds; its frame keeps it from the rest."""
    return f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">{page}'


STATUS_COLOURS = {"completed": "#1a7f4b", "failed": "#c93434", "killed": "#c93434", "running": "#2a6fd6"}
"""Of bars, in the page itself: style sheets are dropped where outputs are not trusted, inline colours are not."""

_OTHER, _WAITING = "#96690a", "rgba(128,128,128,.32)"


def bar_style(cell: Cell) -> str:
    """Return the style of a bar: one gradient with hard stops, which survives where scripts and style sheets do not."""
    stops, at = [], 0.0
    thin = min(_MIN_SEGMENT, 1.0 / max(len(cell.segments), 1))
    for after, segment in zip(range(len(cell.segments) - 1, -1, -1), cell.segments, strict=True):
        room = 1.0 - thin * after  # what comes after is to be seen as well
        start = max(min(segment.start, room - thin), at)
        end = min(max(segment.end, start + thin), room)
        colour = _WAITING if segment.status == "waiting" else STATUS_COLOURS.get(segment.status, _OTHER)
        stops += [f"transparent {at:.1%} {start:.1%}", f"{colour} {start:.1%} {end:.1%}"]
        at = end
    stops.append(f"transparent {at:.1%} 100%")
    width = _SPARK_WIDTH if cell.kind == "spark" else _BAR_WIDTH
    return f"width:{width}px;height:11px;background:linear-gradient(to right,{','.join(stops)})"


def column_style(segment: Segment) -> str:
    """Return the style of a small column, as high as its segment's end; what survives is as for bars."""
    high = max(round(segment.end * _MAX_COLUMN_HEIGHT), _MIN_COLUMN_HEIGHT)
    colour = STATUS_COLOURS.get(segment.status, _OTHER)
    return f"display:inline-block;width:6px;height:{high}px;margin-right:2px;background:{colour}"


_MAX_COLUMN_HEIGHT, _MIN_COLUMN_HEIGHT = 14, 3
"""Pixels of a column of a history."""

_BAR_WIDTH, _SPARK_WIDTH = 220, 72
_MIN_SEGMENT = 0.006
"""The least part of a bar that a segment takes, so that it can be seen."""
