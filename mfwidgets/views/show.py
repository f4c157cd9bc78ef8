"""Displays any object within the limits of the options, by default two seconds and 64 KB. Never raises."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from mfwidgets.client.base import MetaflowObject
from mfwidgets.client.code import MetaflowCode
from mfwidgets.concurrency import call_with_timeout
from mfwidgets.datastore.base import LOCAL_TYPES
from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowException, problem_of
from mfwidgets.render.highlight import highlight
from mfwidgets.render.html import html_of, load_templates, page_of
from mfwidgets.render.sanitize import single_line
from mfwidgets.render.text import lines_of, text_of
from mfwidgets.render.view import Line, View
from mfwidgets.views import artifacts, cards, code, collections, comparison, flows, grid, log, objects, task, why  # noqa: F401 - they register views
from mfwidgets.views import run as _run  # noqa: F401 - as above
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits

Drawn = TypeVar("Drawn")

_FAILED_RUN_BYTES_FACTOR = 1.5
"""A failed run may take this many times the bytes, because it shows a traceback and a log."""


def mimebundle(shown: object, seconds: float | None = None) -> dict[str, str]:
    """Return the display of an object as ``text/plain`` and ``text/html``. Reads the facts once for both.

    Errors are shown in the display itself, under the object's name.
    """
    load_templates()
    return _bounded(
        shown, options.display_timeout_s if seconds is None else seconds, lambda: render_to_fit(shown), _text_and_html
    )


def terminal_lines(shown: object) -> list[Line]:
    """Return the display of an object for a terminal, with the same timeout and the same handling of errors."""
    return _bounded(shown, options.display_timeout_s, lambda: lines_of(full_view(shown)), lines_of)


def _bounded(shown: object, seconds: float, draw: Callable[[], Drawn], draw_error: Callable[[View], Drawn]) -> Drawn:
    """Draw within the timeout. On an error, draw the error instead."""
    _import_readers(shown)
    try:
        return call_with_timeout(seconds, draw)
    except TimeoutError:
        problem = f"The display timed out after {seconds:g} s. The object itself still works. Try again, or read its properties."
    except MetaflowException as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - a display that raises hides the object, so it shows the error
        problem = f"Cannot show this object: {problem_of(error)}"
    return draw_error(View(type(shown).__name__, single_line(repr(shown), 200), notes=(single_line(problem, 1000),)))


def _import_readers(shown: object) -> None:
    """Import the modules that read this object now, so that slow imports do not count towards the timeout."""
    if isinstance(shown, MetaflowCode):
        highlight("", "flow.py", 1, 1)  # imports pygments and its Python lexer
    elif isinstance(shown, MetaflowObject):
        with suppress(MetaflowException):  # what needs an invalid value reports it
            ds_type = shown._context.configuration.datastore_kind
            if ds_type not in LOCAL_TYPES:
                from mfwidgets.datastore.cloud import import_clients

                import_clients(ds_type)


def render_to_fit(shown: object) -> dict[str, str]:
    """Draw with the highest limits that fit into the allowed bytes."""
    rendered: dict[str, str] = {}
    for limits in (
        Limits(rows=options.display_max_rows),
        Limits(rows=12, chars=80, tags=3),
        Limits(rows=4, chars=40, tags=1),
    ):
        view = build_view(shown, limits)
        rendered = _text_and_html(view)
        failed = view.status is not None and view.status.text == "failed"
        framed = any(part.part == "iframe" for part in view.parts)  # the size of a card does not depend on limits
        if framed or len(rendered["text/html"].encode()) <= options.display_max_bytes * (
            _FAILED_RUN_BYTES_FACTOR if failed else 1
        ):
            break
    return rendered


def html_page(shown: object) -> str:
    """Return an object as an HTML page, with ten times the rows of a cell. Has no timeout."""
    view = build_view(shown, Limits(rows=10 * options.display_max_rows))
    return page_of(view)


def full_view(shown: object) -> View:
    """Return the view of an object, with as many rows as the options say. Has no timeout.

    Raises
    ------
    MetaflowException
        The object cannot be read.
    """
    return build_view(shown, Limits(rows=options.display_max_rows))


def view_data(shown: object) -> dict[str, Any]:
    """Return the facts of an object as JSON types."""
    # Displays do not need these modules.
    from mfwidgets.tables import to_json_value
    from mfwidgets.views import answer_data, object_data  # noqa: F401 - they register data
    from mfwidgets.views.data import data_of

    data: dict[str, Any] = to_json_value(data_of(shown))
    return data


def _text_and_html(view: View) -> dict[str, str]:
    return {"text/plain": text_of(view), "text/html": html_of(view)}
