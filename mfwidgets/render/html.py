"""Renders a view as HTML that needs neither scripts nor style sheets and works on light and dark backgrounds.

Templates escape everything: autoescape is on and nothing is marked safe. Text from users cannot become markup.
"""

from functools import cache
from typing import TYPE_CHECKING

from mfwidgets.render.dag import lay_out
from mfwidgets.render.view import Cell, Segment, View

if TYPE_CHECKING:
    from jinja2 import Environment, Template


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


def copyable_line(line: str) -> str:
    """Return a line of code with a copy button. The script of :class:`HtmlView` handles its click."""
    return _environment().get_template("copy.html.j2").render(line=line)


def _template() -> "Template":
    return _environment().get_template("view.html.j2")


@cache
def load_templates() -> None:
    """Import the template engine and compile the templates. Costs about 0.1 s, once per process."""
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


STATUS_COLOURS = {"completed": "#1a7f4b", "failed": "#c93434", "killed": "#c93434", "running": "#2a6fd6"}
"""The colours of bars, as inline styles: JupyterLab removes style sheets from untrusted outputs, but no inline colours."""

_OTHER, _WAITING = "#96690a", "rgba(128,128,128,.32)"


def bar_style(cell: Cell) -> str:
    """Return the style of a bar: one gradient with hard stops. It needs neither scripts nor style sheets."""
    stops, at = [], 0.0
    thin = min(_MIN_SEGMENT, 1.0 / max(len(cell.segments), 1))
    for after, segment in zip(range(len(cell.segments) - 1, -1, -1), cell.segments, strict=True):
        last_end = 1.0 - thin * after  # leaves space for the segments after it
        start = max(min(segment.start, last_end - thin), at)
        end = min(max(segment.end, start + thin), last_end)
        colour = _WAITING if segment.status == "waiting" else STATUS_COLOURS.get(segment.status, _OTHER)
        stops += [f"transparent {at:.1%} {start:.1%}", f"{colour} {start:.1%} {end:.1%}"]
        at = end
    stops.append(f"transparent {at:.1%} 100%")
    width = _SPARK_WIDTH if cell.kind == "spark" else _BAR_WIDTH
    return f"width:{width}px;height:11px;background:linear-gradient(to right,{','.join(stops)})"


def column_style(segment: Segment) -> str:
    """Return the style of a small column of a history. Its height is the end of its segment. It is inline, as for bars."""
    height = max(round(segment.end * _MAX_COLUMN_HEIGHT), _MIN_COLUMN_HEIGHT)
    colour = STATUS_COLOURS.get(segment.status, _OTHER)
    return f"display:inline-block;width:6px;height:{height}px;margin-right:2px;background:{colour}"


_MAX_COLUMN_HEIGHT, _MIN_COLUMN_HEIGHT = 14, 3
"""Pixels."""

_BAR_WIDTH, _SPARK_WIDTH = 220, 72
"""Pixels."""

_MIN_SEGMENT = 0.006
"""The minimum width of a segment, as a fraction of the bar: about one pixel, so that it is visible."""
