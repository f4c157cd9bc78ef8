"""Terminal colours of logs, as tones that are readable in light and dark."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from mfwidgets.render.sanitize import log_line
from mfwidgets.render.view import Line, Span, plain_line

if TYPE_CHECKING:
    from rich.ansi import AnsiDecoder
    from rich.style import Style

_COLOURS = ("", "red", "green", "yellow", "blue", "magenta", "cyan", "")
"""Of a terminal's eight; its black and white are the page's own text."""

_GREY = 8
_RAW = 10
"""So many times its length a line may be long with its escapes."""


def parse_ansi(lines: Iterable[str], limit: int) -> tuple[Line, ...]:
    """Return lines of a log as a terminal shows them, each of at most ``limit`` characters.

    What one line switches on goes on in the next, as in a terminal. Other escapes than colours are dropped.
    """
    known = list(lines)
    if not any("\x1b[" in line for line in known):
        return tuple(plain_line(log_line(line, limit)) for line in known)
    from rich.ansi import AnsiDecoder

    decoder = AnsiDecoder()
    return tuple(_line(decoder, line, limit) for line in known)


def _line(decoder: "AnsiDecoder", line: str, limit: int) -> Line:
    cut = line.rstrip("\r").rpartition("\r")[2][: _RAW * limit]
    decoded = decoder.decode_line(cut)
    spans, at = [], 0
    for one in decoded.spans:
        spans += [(decoded.plain[at : one.start], ()), (decoded.plain[one.start : one.end], _styles(one.style))]
        at = one.end
    spans.append((decoded.plain[at:], ()))
    return _within(spans, limit)


def _within(spans: list[tuple[str, tuple[str, ...]]], limit: int) -> Line:
    """Return the pieces that fit, cleaned."""
    found, left = [], limit
    for text, tones in spans:
        if text and left > 0:
            cleaned = log_line(text, left)
            found.append(Span(cleaned, tones))
            left -= len(cleaned)
    return tuple(found)


@cache
def _styles(style: "Style | str") -> tuple[str, ...]:
    """Return the tones of a style; 256 colours and true ones as the nearest of the eight."""
    if isinstance(style, str):
        return ()
    from rich.color import ColorSystem

    tones = []
    if style.color and style.color.type.name != "DEFAULT":
        number = style.color.downgrade(ColorSystem.STANDARD).number or 0
        tones.append("dim" if number == _GREY else _COLOURS[number % len(_COLOURS)])
    background = style.bgcolor and style.bgcolor.type.name != "DEFAULT"
    tones += ["bold" if style.bold else "", "dim" if style.dim else "", "italic" if style.italic else ""]
    tones += ["underline" if style.underline else "", "marked" if background or style.reverse else ""]
    return tuple(filter(None, dict.fromkeys(tones)))
