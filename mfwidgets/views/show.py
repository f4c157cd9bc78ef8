"""Displays any object within the limits of the options, by default two seconds and 64 KB. Never raises."""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from mfwidgets.client.base import MetaflowObject
from mfwidgets.concurrency import call_with_timeout
from mfwidgets.datastore.base import LOCAL_TYPES
from mfwidgets.display_options import options
from mfwidgets.errors import MetaflowException, problem_of
from mfwidgets.first_import import garbage_collection_paused
from mfwidgets.render.highlight import import_lexers
from mfwidgets.render.html import html_of, load_templates, page_of
from mfwidgets.render.sanitize import single_line
from mfwidgets.render.text import lines_of, text_of
from mfwidgets.render.view import Line, View
from mfwidgets.render.wrap import terminal_columns
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.more import with_more

Drawn = TypeVar("Drawn")

_FAILED_RUN_BYTES_FACTOR = 1.5
"""A failed run may take this many times the bytes, because it shows a traceback and a log."""


def mimebundle(shown: object, seconds: float | None = None) -> dict[str, str]:
    """Return the display of an object as ``text/plain`` and ``text/html``. Reads the facts once for both.

    The text fits into the terminal. If the output is not a terminal, as in a notebook, its lines are not cut or folded.
    Errors are shown in the display itself, under the object's name.
    """
    load_templates()
    return _bounded(
        shown, options.display_timeout_s if seconds is None else seconds, lambda: render_to_fit(shown), _text_and_html
    )


def terminal_lines(shown: object) -> list[Line]:
    """Return the display of an object for a terminal, with the same timeout and the same handling of errors."""
    columns = terminal_columns(sys.stdout)
    return _bounded(
        shown,
        options.display_timeout_s,
        lambda: lines_of(with_more(terminal_view(shown), shown), columns),
        lambda view: lines_of(view, columns),
    )


def _bounded(shown: object, seconds: float, draw: Callable[[], Drawn], draw_error: Callable[[View], Drawn]) -> Drawn:
    """Draw within the timeout. On an error, draw the error instead."""
    try:
        with garbage_collection_paused():  # it would search thousands of new objects that stay until the end
            build_view.builder_of(type(shown))  # imports its module
            _import_readers(shown)
            return call_with_timeout(seconds, draw)
    except TimeoutError:
        problem = f"The display timed out after {seconds:g} s. The object itself still works. Try again, read its properties, or set mfwidgets.options.display_timeout_s."
    except MetaflowException as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - a display that raises hides the object, so it shows the error
        problem = f"Cannot show this object: {problem_of(error)}"
    return draw_error(View(type(shown).__name__, single_line(repr(shown), 200), notes=(single_line(problem, 1000),)))


_WITH_CODE = ("MetaflowCode", "Why", "Run", "Task")
"""Objects whose displays can have lines of code."""


def _import_readers(shown: object) -> None:
    """Import the modules that read this object now, so that slow imports do not count towards the timeout."""
    if type(shown).__name__ in _WITH_CODE:
        import_lexers()
    if isinstance(shown, MetaflowObject):
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
        view = with_more(build_view(shown, limits), shown)
        rendered = _text_and_html(view)
        failed = view.status is not None and view.status.text == "failed"
        framed = any(
            part.part in ("iframe", "gallery") for part in view.parts
        )  # the size of a card does not depend on limits
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


def terminal_view(shown: object) -> View:
    """Return the view of an object for a terminal. It reads no cards, because a terminal shows only their names.

    Raises
    ------
    MetaflowException
        The object cannot be read.
    """
    from mfwidgets.client.cards import CardContainer

    if isinstance(shown, CardContainer):
        from mfwidgets.views import cards

        return cards.cards_list_view(shown, Limits(rows=options.display_max_rows))
    return full_view(shown)


def svg_file(shown: object) -> str:
    """Return the graph or the timeline of a run as a self-contained SVG file. Has no timeout.

    Raises
    ------
    MetaflowException
        The run cannot be read.
    """
    from mfwidgets.render.part_file import svg_of_part

    return svg_of_part(build_view(shown, Limits(rows=10 * options.display_max_rows)))


def view_data(shown: object) -> dict[str, Any]:
    """Return the facts of an object as JSON types."""
    # Displays do not need these modules.
    from mfwidgets.tables import to_json_value
    from mfwidgets.views import answer_data, object_data  # noqa: F401 - they register data
    from mfwidgets.views.data import data_of

    data: dict[str, Any] = to_json_value(data_of(shown))
    return data


def _text_and_html(view: View) -> dict[str, str]:
    return {"text/plain": text_of(view, terminal_columns(sys.stdout)), "text/html": html_of(view)}
