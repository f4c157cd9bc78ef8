"""Colours in IPython's terminal, by its renderers of MIME types: what it keeps of an output has none."""

import sys
from typing import TYPE_CHECKING, Any

from mfwidgets.display import Displayable
from mfwidgets.render.text import print_lines, shows_colours
from mfwidgets.render.view import Span, text_of_line

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

MIME = "application/vnd.mfwidgets.terminal+json"
"""Lines of pieces, each a list of its text and its styles; no notebook ever gets it."""


def load(ipython: "InteractiveShell") -> None:
    """Let a terminal colour what our objects show; other shells have no such renderers."""
    renderers = getattr(ipython, "mime_renderers", None)
    if renderers is None:
        return

    def bundle(shown: Displayable) -> dict[str, Any]:
        return _bundle(shown) if _has_colours(ipython) else shown._repr_mimebundle_()

    def show(terminal_lines: Any, _: Any) -> None:
        if getattr(ipython.displayhook, "is_active", False):
            sys.stdout.write("\n")  # below "Out[1]:", as texts of several lines stand
        print_lines(([Span(text, tuple(styles)) for text, *styles in line] for line in terminal_lines), sys.stdout)

    renderers[MIME] = show
    _formatter(ipython).for_type(Displayable, bundle)


def unload(ipython: "InteractiveShell") -> None:
    """Take it back."""
    renderers = getattr(ipython, "mime_renderers", None)
    if renderers is not None:
        renderers.pop(MIME, None)
        _formatter(ipython).pop(Displayable, None)


def _bundle(shown: Displayable) -> dict[str, Any]:
    from mfwidgets.views.show import terminal_lines

    lines = terminal_lines(shown)
    return {
        "text/plain": "\n".join(text_of_line(line) for line in lines),
        MIME: [[[span.text, *span.styles] for span in line] for line in lines],
    }


def _has_colours(ipython: "InteractiveShell") -> bool:
    return str(ipython.colors).casefold() != "nocolor" and shows_colours(sys.stdout)


def _formatter(ipython: "InteractiveShell") -> Any:
    assert ipython.display_formatter
    return ipython.display_formatter.mimebundle_formatter
