"""Renders a view as HTML that needs neither scripts nor style sheets and works on light and dark backgrounds.

Templates escape everything: autoescape is on and nothing is marked safe. Text from users cannot become markup.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from mfwidgets.first_import import first_import, garbage_collection_paused
from mfwidgets.hidden_characters import visible
from mfwidgets.render.cell import MARKS, Cell, visible_cells
from mfwidgets.render.dag import lay_out
from mfwidgets.render.sparks import bins_path, curve_path
from mfwidgets.render.step_map.picture import is_at_end, map_style, percent, picture_of_track
from mfwidgets.render.step_map.rails import node_x, region_left, row_paths
from mfwidgets.render.tiles import (
    scale_style,
    status_colour,
    step_style,
    tile_name_width,
    tile_style,
    tile_text_width,
    tile_words,
)
from mfwidgets.render.view import View

if TYPE_CHECKING:
    from jinja2 import Environment, Template

    from mfwidgets.render.charts.model import AnyChart
    from mfwidgets.render.charts.picture import Picture

_RAW = re.compile(r"([&'\"])")
"""Characters that templates escape, and that CDATA has as they are."""


def html_of(view: View, *, live: bool = False) -> str:
    """Return a view as an HTML fragment. The same view always has the same HTML.

    Parameters
    ----------
    view
        The view.
    live
        Whether to add the pathspecs of objects as ``data-pathspec`` attributes, for explorers.
    """
    return _template().render(view=view, live=live)


def page_of(view: View) -> str:
    """Return a view as a self-contained HTML page."""
    return _environment().get_template("page.html.j2").render(view=view, live=False)


def svg_of(chart: "AnyChart") -> str:
    """Return a chart as a self-contained SVG file, with its heading. Colours follow the reader's theme.

    Costs less than 0.1 s for 1,000 runs.
    """
    picture, summary = _drawn(chart)
    template = _environment().get_template("chart_file.svg.j2")
    return template.render(picture=picture, summary=summary, heading=visible(chart.heading[:_MAX_HEADING]))


def load_file_template(name: str) -> "Template":
    """Return the template of a self-contained file."""
    return _environment().get_template(name)


_MAX_HEADING = 120
"""Characters of the heading of an SVG file."""


def _template() -> "Template":
    return _environment().get_template("view.html.j2")


def _drawn(chart: "AnyChart") -> "tuple[Picture, str]":
    """Return the picture of a chart, and a sentence about it. Imports the layouts: most displays have no chart."""
    first_import("mfwidgets.render.charts.draw")
    from mfwidgets.render.charts.draw import lay_out_chart, summary_of

    return lay_out_chart(chart), summary_of(chart)


def _pixels(number: float) -> str:
    """Return pixels with at most one decimal."""
    return f"{number:.1f}".removesuffix(".0")


@cache
def load_templates() -> None:
    """Import the template engine, and the templates of every display. Costs about 20 ms, once per process."""
    with garbage_collection_paused():
        for name in ("view.html.j2", "cell.html.j2"):
            _environment().get_template(name)


@cache
def _environment() -> "Environment":
    first_import("jinja2")
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from mfwidgets.render.template_cache import TemplateCache, template_folder

    environment = Environment(
        loader=PackageLoader("mfwidgets.render", "templates"),
        bytecode_cache=TemplateCache(template_folder(), "autoescape, not optimized, trimmed"),
        autoescape=True,
        optimized=False,  # folding constants takes 3 ms of the first display, and saves nothing later
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "lay_out": lay_out,
        "bar_style": bar_style,
        "confined": sandboxed_html,
        "strip_style": strip_style,
        "marks": MARKS,
        "visible_cells": visible_cells,
        "bins_path": bins_path,
        "scale_style": scale_style,
        "step_style": step_style,
        "tile_name_width": tile_name_width,
        "tile_style": tile_style,
        "tile_text_width": tile_text_width,
        "tile_words": tile_words,
        "curve_path": curve_path,
        "picture_style": picture_style,
        "picture_text": picture_text,
        "shade_style": shade_style,
        "drawn": _drawn,
        "is_at_end": is_at_end,
        "map_style": map_style,
        "node_x": node_x,
        "percent": percent,
        "picture_of_track": picture_of_track,
        "region_left": region_left,
        "row_paths": row_paths,
        "px": _pixels,
        "visible": visible,
    }
    return environment


_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; style-src 'unsafe-inline' data:; "
    "img-src data: blob:; font-src data:; media-src data: blob:; worker-src 'none'; frame-src 'none'; child-src 'none'; "
    "object-src 'none'; form-action 'none'; base-uri 'none'; webrtc 'block'"
)


def sandboxed_html(page: str) -> str:
    """Return a document that holds a page in a frame. The page can neither send requests nor load another page.

    A policy in the page itself does not stop it from going elsewhere (``location``, links, ``meta refresh``). The policy
    of the document around its frame does. Both frames are sandboxed in addition.
    """
    guarded = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">{page}'
    return _environment().get_template("card.html.j2").render(policy=_POLICY, page=guarded)


_WAITING = "rgba(128,128,128,.32)"


def bar_style(cell: Cell) -> str:
    """Return the style of a bar: one gradient with hard stops. It needs neither scripts nor style sheets."""
    stops, at = [], 0.0
    thin = min(_MIN_SEGMENT, 1.0 / max(len(cell.segments), 1))
    for after, segment in zip(range(len(cell.segments) - 1, -1, -1), cell.segments, strict=True):
        last_end = 1.0 - thin * after  # leaves space for the segments after it
        start = max(min(segment.start, last_end - thin), at)
        end = min(max(segment.end, start + thin), last_end)
        colour = _WAITING if segment.status == "waiting" else status_colour(segment.status)
        stops += [f"transparent {at:.1%} {start:.1%}", f"{colour} {start:.1%} {end:.1%}"]
        at = end
    stops.append(f"transparent {at:.1%} 100%")
    width = _SPARK_WIDTH if cell.kind == "spark" else _BAR_WIDTH
    return f"width:{width}px;height:11px;background:linear-gradient(to right,{','.join(stops)})"


def strip_style(cell: Cell) -> str:
    """Return the style of the small bar next to a number, or of a row of dots. It is inline, as for bars."""
    stops, at = [], 0.0
    for segment in cell.segments:
        colour = _VALUE if segment.status == "value" else status_colour(segment.status)
        start = max(min(segment.start, 1.0 - _MIN_STRIP), at)
        end = min(max(segment.end, start + _MIN_STRIP), 1.0)
        stops += [f"{_WASH} {at:.0%} {start:.0%}", f"{colour} {start:.0%} {end:.0%}"]
        at = end
    width = _STRIP_WIDTH if len(cell.segments) == 1 else 2 * _STRIP_WIDTH
    return f"width:{width}px;height:8px;background:linear-gradient(to right,{','.join(stops)},{_WASH} {at:.0%} 100%)"


_MIN_STRIP = 0.03
"""The minimum width of a piece of such a bar."""

_VALUE, _WASH = "#5b7fb5", "rgba(128,128,128,.16)"
"""The colours of a bar without a status, and of its background."""

_STRIP_WIDTH = 30
"""Pixels."""

_POSITIVE, _NEGATIVE, _MAX_SHADE = "25,118,210", "209,102,10", 0.6
"""The colours of shades, and the opacity of the strongest. Black and white text on it are readable."""


def shade_style(level: float) -> str:
    """Return the style of a number's shade: the stronger, the larger. Negative numbers have another colour."""
    colour = _POSITIVE if level >= 0 else _NEGATIVE
    return f"background:rgba({colour},{min(abs(level), 1) * _MAX_SHADE:.2f});padding:4px 8px"


_SMALL_SIDE, _LARGE_SIDE = 96, 400
"""A smaller picture is enlarged by a whole number, with crisp pixels. A larger one is shown smaller. In CSS pixels."""

_MAX_FACTOR = 48


def picture_style(width: int, height: int) -> str:
    """Return the style of a picture of this many pixels. Empty sizes leave the size to the browser."""
    side = max(width, height)
    if side < 1:
        return f"max-width:100%;max-height:{_LARGE_SIDE}px"
    if side < _SMALL_SIDE:
        factor = min(-(-_SMALL_SIDE // side), _MAX_FACTOR)
        return f"width:{width * factor}px;max-width:100%;image-rendering:pixelated"
    shown = max(round(width * min(_LARGE_SIDE / side, 1)), 1)
    return f"width:{shown}px;max-width:100%"


_BAR_WIDTH, _SPARK_WIDTH = 220, 72
"""Pixels."""

_MIN_SEGMENT = 0.006
"""The minimum width of a segment, as a fraction of the bar: about one pixel, so that it is visible."""


def picture_text(words: str) -> list[str]:
    """Return text in pieces for a CDATA section: raw characters alone, and the text between them.

    Empty for text with angle brackets: outside of a picture, they would end the section or begin an element.

    Examples
    --------
    >>> from mfwidgets.render.html import picture_text
    >>> picture_text("Tom's lr")
    ['Tom', "'", 's lr']
    >>> picture_text("a<b")
    []
    """
    return [] if "<" in words or ">" in words else [piece for piece in _RAW.split(words) if piece]
