"""Prepares text from users for display: cut, on one line, and without invisible characters.

Terminal colours of logs become styles that are readable on light and dark backgrounds. The templates escape HTML, not
this module.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from mfwidgets.hidden_characters import visible
from mfwidgets.render.terminal import terminal_line
from mfwidgets.render.view import Line, Span, plain_line

if TYPE_CHECKING:
    from rich.ansi import AnsiDecoder
    from rich.style import Style

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")

_MAX_ESCAPES_FACTOR = 10
"""A line is read up to this many times the limit, because its escape sequences are not displayed."""


def escape_control_chars(text: str) -> str:
    """Return lines of text with terminal escapes removed, and other hidden characters made visible."""
    return visible(_ESCAPES.sub("", text), lines=True)


def single_line(text: str, limit: int) -> str:
    """Return text on one line of at most ``limit`` characters. A cut text ends in an ellipsis.

    Escapes stay visible: a name with colours must not look like the same name without.
    """
    # Cut first: a name can have a million characters.
    text = visible(text[: 2 * limit].replace("\r\n", "\n").replace("\n", "⏎").replace("\t", " "))
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def log_line(text: str, limit: int) -> str:
    """Return a line of a log as it remains on a terminal, without escapes."""
    return single_line(_ESCAPES.sub("", terminal_line(text)[: _MAX_ESCAPES_FACTOR * limit]), limit)


_COLOURS = ("", "red", "green", "yellow", "blue", "magenta", "cyan", "")
"""Our styles of a terminal's eight colours. Black and white become the text colour of the page."""

_GREY = 8


def parse_ansi(lines: Iterable[str], limit: int) -> tuple[Line, ...]:
    """Return lines of a log as a terminal shows them, each of at most ``limit`` characters.

    A style continues on the next line, as in a terminal. Escape sequences other than styles are removed.
    """
    texts = list(lines)
    if not any("\x1b[" in text for text in texts):
        return tuple(plain_line(log_line(text, limit)) for text in texts)
    from rich.ansi import AnsiDecoder

    decoder = AnsiDecoder()
    return tuple(_decoded_line(decoder, text, limit) for text in texts)


def _decoded_line(decoder: "AnsiDecoder", line: str, limit: int) -> Line:
    """Return a line as spans, cut to the limit."""
    decoded = decoder.decode_line(terminal_line(line)[: _MAX_ESCAPES_FACTOR * limit])
    pieces, start = [], 0
    for span in decoded.spans:
        pieces += [(decoded.plain[start : span.start], ()), (decoded.plain[span.start : span.end], _styles(span.style))]
        start = span.end
    pieces.append((decoded.plain[start:], ()))
    return _cut_to(limit, pieces)


def _cut_to(limit: int, pieces: Iterable[tuple[str, tuple[str, ...]]]) -> Line:
    """Return the pieces as spans, prepared for display and cut to the limit."""
    spans, left = [], limit
    for text, styles in pieces:
        if text and left > 0:
            shown = log_line(text, left)
            spans.append(Span(shown, styles))
            left -= len(shown)
    return tuple(spans)


@cache
def _styles(style: "Style | str") -> tuple[str, ...]:
    """Convert a style of rich to ours. Other colours than the eight become the nearest of the eight."""
    if isinstance(style, str):
        return ()
    from rich.color import ColorSystem

    styles = []
    if style.color and style.color.type.name != "DEFAULT":
        number = style.color.downgrade(ColorSystem.STANDARD).number or 0
        styles.append("dim" if number == _GREY else _COLOURS[number % len(_COLOURS)])
    background = style.bgcolor and style.bgcolor.type.name != "DEFAULT"
    styles += ["bold" if style.bold else "", "dim" if style.dim else "", "italic" if style.italic else ""]
    styles += ["underline" if style.underline else "", "marked" if background or style.reverse else ""]
    return tuple(filter(None, dict.fromkeys(styles)))
