"""Colours in IPython's terminal. Its renderer of a MIME type prints them, so that stored outputs have no colour codes."""

import sys
from typing import TYPE_CHECKING, Any

from mfwidgets.display import Displayable

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

MIME = "application/vnd.mfwidgets.terminal+json"
"""Lines of spans. A span is a list of its text and its styles. Notebooks never receive this type."""


def load(ipython: "InteractiveShell") -> None:
    """Add colours to the displays in a terminal. Other shells have no renderers of MIME types."""
    renderers = getattr(ipython, "mime_renderers", None)
    if renderers is None:
        return

    # What draws is imported with the first display.
    def bundle(shown: Displayable) -> dict[str, Any]:
        return _bundle(shown) if _has_colours(ipython) else shown._repr_mimebundle_()

    def show(terminal_lines: Any, _: Any) -> None:
        from mfwidgets.render.text import print_lines
        from mfwidgets.render.view import Span

        if getattr(ipython.displayhook, "is_active", False):
            sys.stdout.write("\n")  # below "Out[1]:", as IPython does for several lines
        print_lines(([Span(text, tuple(styles)) for text, *styles in line] for line in terminal_lines), sys.stdout)

    renderers[MIME] = show
    _formatter(ipython).for_type(Displayable, bundle)


def unload(ipython: "InteractiveShell") -> None:
    """Remove the colours."""
    renderers = getattr(ipython, "mime_renderers", None)
    if renderers is not None:
        renderers.pop(MIME, None)
        _formatter(ipython).pop(Displayable, None)


def _bundle(shown: Displayable) -> dict[str, Any]:
    from mfwidgets.render.view import text_of_line
    from mfwidgets.views.show import terminal_lines

    lines = terminal_lines(shown)
    return {
        "text/plain": "\n".join(text_of_line(line) for line in lines),
        MIME: [[[span.text, *span.styles] for span in line] for line in lines],
    }


def _has_colours(ipython: "InteractiveShell") -> bool:
    from mfwidgets.render.text import shows_colours

    return str(ipython.colors).casefold() != "nocolor" and shows_colours(sys.stdout)


def _formatter(ipython: "InteractiveShell") -> Any:
    assert ipython.display_formatter
    return ipython.display_formatter.mimebundle_formatter
