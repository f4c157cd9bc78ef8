"""Shows any object within bounds: it takes two seconds and 64 KB at most, or what the options say; it never raises."""

from collections.abc import Callable
from typing import Any, TypeVar

from mfwidgets.client.base import MetaflowObject
from mfwidgets.client.code import MetaflowCode
from mfwidgets.concurrency import call_with_timeout
from mfwidgets.datastore.base import LOCAL_TYPES
from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowException
from mfwidgets.render.highlight import highlight
from mfwidgets.render.html import html_of, load_templates, page_of
from mfwidgets.render.sanitize import single_line
from mfwidgets.render.text import lines_of, text_of
from mfwidgets.render.view import Line, View
from mfwidgets.views import artifacts, cards, code, collections, comparison, flows, grid, log, objects, task, why  # noqa: F401 - they register what they describe
from mfwidgets.views import run as _run  # noqa: F401 - as above
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits

Drawn = TypeVar("Drawn")

_FAILED_RUN_BYTES_FACTOR = 1.5
"""A failed run may take so many times the bytes: it shows its traceback and its log."""


def mimebundle(shown: object, seconds: float | None = None) -> dict[str, str]:
    """Return how an object is shown, as ``text/plain`` and ``text/html``, from one look at its provider.

    Whatever goes wrong is told in the display itself, under the object's name.
    """
    load_templates()
    return _bounded(
        shown, options.display_timeout_s if seconds is None else seconds, lambda: render_to_fit(shown), _text_and_html
    )


def terminal_lines(shown: object) -> list[Line]:
    """Return how a terminal shows an object, in no more time, and with what goes wrong told in the same way."""
    return _bounded(shown, options.display_timeout_s, lambda: lines_of(full_view(shown)), lines_of)


def _bounded(shown: object, seconds: float, draw: Callable[[], Drawn], draw_trouble: Callable[[View], Drawn]) -> Drawn:
    """Draw in time; what goes wrong is drawn instead."""
    _import_readers(shown)
    try:
        return call_with_timeout(seconds, draw)
    except TimeoutError:
        trouble = (
            f"This took longer than {seconds:g} s and was given up. The object itself works: ask it, or try again."
        )
    except MetaflowException as error:
        trouble = str(error)
    except Exception as error:  # noqa: BLE001 - a display that raises hides the object; the text names the error
        trouble = f"This cannot be shown: {type(error).__name__}: {error}"
    return draw_trouble(View(type(shown).__name__, single_line(repr(shown), 200), notes=(single_line(trouble, 1000),)))


def _import_readers(shown: object) -> None:
    """Import what reading this object needs, so that slow imports do not use up the time of the first display."""
    if isinstance(shown, MetaflowCode):
        highlight("", "flow.py", 1, 1)  # which imports what pygments needs for Python
    elif isinstance(shown, MetaflowObject):
        ds_type = shown._context.configuration.get("DEFAULT_DATASTORE") or ""
        if ds_type not in LOCAL_TYPES:
            from mfwidgets.datastore.cloud import import_clients

            import_clients(ds_type)


def render_to_fit(shown: object) -> dict[str, str]:
    """Draw with as much as fits."""
    render_to_fit: dict[str, str] = {}
    for limits in (
        Limits(rows=options.display_max_rows),
        Limits(rows=12, chars=80, tags=3),
        Limits(rows=4, chars=40, tags=1),
    ):
        view = build_view(shown, limits)
        render_to_fit = _text_and_html(view)
        failed = view.status is not None and view.status.text == "failed"
        framed = any(part.part == "iframe" for part in view.parts)  # a page of somebody else's is as long as it is
        if framed or len(render_to_fit["text/html"].encode()) <= options.display_max_bytes * (
            _FAILED_RUN_BYTES_FACTOR if failed else 1
        ):
            break
    return render_to_fit


def html_page(shown: object) -> str:
    """Return an object as a whole HTML page, with more rows than a cell has; it takes as long as it takes."""
    view = build_view(shown, Limits(rows=10 * options.display_max_rows))
    return page_of(view)


def full_view(shown: object) -> View:
    """Return what an object shows, with as many rows as are chosen; it takes as long as it takes.

    Raises
    ------
    MetaflowException
        It cannot be read.
    """
    return build_view(shown, Limits(rows=options.display_max_rows))


def view_data(shown: object) -> dict[str, Any]:
    """Return the facts of an object as data."""
    # Displays do not need these modules.
    from mfwidgets.views import answer_data, object_data  # noqa: F401 - they register data of objects
    from mfwidgets.views.data import data_of

    return data_of(shown)


def _text_and_html(view: View) -> dict[str, str]:
    return {"text/plain": text_of(view), "text/html": html_of(view)}
